//! Makes the bytes of a plugin of what a case says.

use std::io::Write;
use std::process::{Command, Stdio};

use portcullis_tests::{binary, components, root};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use crate::case::Case;
use crate::directives::written_out;

/// What is done to the bytes of a component.
#[derive(Clone, Debug)]
pub enum Change {
    /// Nothing is left.
    Empty,
    /// Only so many bytes of a thousand are left.
    Cut(usize),
    /// The byte so many thousandths from the beginning gets other bits.
    Flip(usize),
    /// The byte at this place becomes another.
    Set(usize, u8),
    /// Zeros follow until there are so many bytes.
    Pad(usize),
    /// A custom section of so many bytes follows.
    Section(usize),
    /// The text instead of the component.
    Text,
    /// The core module instead of the component.
    Core,
    /// What the compile child makes of it.
    Code,
    /// The same without its header: an ELF file, as `wasmtime compile` writes it.
    BareCode,
}

impl Change {
    /// One `bytes:` of a case.
    pub fn read(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let number = |text: &str| text.parse::<usize>().map_err(|_| format!("`{text}` is no number"));
        Ok(match words.as_slice() {
            ["none"] => Self::Empty,
            ["cut", "to", permille, "of", "1000"] => Self::Cut(number(permille)?),
            ["flip", "at", permille, "of", "1000"] => Self::Flip(number(permille)?),
            ["set", at, "to", byte] => Self::Set(number(at)?, u8::try_from(number(byte)?).map_err(|e| e.to_string())?),
            ["pad", "to", bytes] => Self::Pad(number(bytes)?),
            ["custom", "section", "of", bytes] => Self::Section(number(bytes)?),
            ["text"] => Self::Text,
            ["core", "module"] => Self::Core,
            ["machine", "code"] => Self::Code,
            ["bare", "machine", "code"] => Self::BareCode,
            _ => return Err(format!("nobody knows how to `{text}`")),
        })
    }

    fn apply(&self, mut bytes: Vec<u8>, text: &str) -> Vec<u8> {
        match self {
            Self::Empty => bytes.clear(),
            Self::Cut(permille) => bytes.truncate(bytes.len() * permille / 1000),
            Self::Flip(permille) => {
                let at = bytes.len() * permille / 1000;
                bytes[at] ^= 0x11;
            }
            Self::Set(at, byte) => bytes[*at] = *byte,
            Self::Pad(size) => bytes.resize(*size, 0),
            Self::Section(size) => bytes.extend(section(b"padding", *size)),
            Self::Text => bytes = text.as_bytes().to_vec(),
            Self::Core => bytes = wat::parse_str(text).expect("a core module"),
            Self::Code => bytes = code(&bytes),
            Self::BareCode => {
                bytes = code(&bytes);
                let elf = bytes.windows(4).position(|word| word == b"\x7fELF").expect("an ELF file");
                bytes.drain(..elf);
            }
        }
        bytes
    }
}

/// A custom section with a name and so many zeros.
fn section(name: &[u8], size: usize) -> Vec<u8> {
    let leb = |mut number: usize| {
        let mut out = Vec::new();
        while number > 0x7f {
            out.push(0x80 | (number & 0x7f) as u8);
            number >>= 7;
        }
        out.push(number as u8);
        out
    };
    let content = [leb(name.len()), name.to_vec(), vec![0; size]].concat();
    [vec![0], leb(content.len()), content].concat()
}

/// What the compile child of the product makes of a component.
pub fn code(component: &[u8]) -> Vec<u8> {
    let mut command = Command::new(binary());
    command.arg("compile-plugin").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the compile child");
    child.stdin.take().expect("a pipe").write_all(component).expect("written");
    let output = child.wait_with_output().expect("ended");
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

/// The text of a case, written out; gated, it is honest to whatever has two containers, as the trial object of `serve` has.
pub fn text_of(case: &Case, gated: bool) -> String {
    let text = written_out(&case.text).unwrap_or_else(|e| panic!("{}: {e}", case.name));
    if !gated {
        return text;
    }
    const EXPORT: &str = "(func (export \"evaluate\")";
    assert!(text.contains(EXPORT) && text.contains("(module"), "{}: nothing to gate", case.name);
    let text = text.replacen(EXPORT, "(func $hostile", 1).replacen(
        "(module",
        "(module (import \"portcullis:policy/workload@1.0.0\" \"container-count\" (func $containers (result i32)))",
        1,
    );
    let end = text.rfind(')').expect("a module ends");
    let gate = "(func (export \"evaluate\") (param i32 i32) (result i32)
        (if (result i32) (i32.eq (call $containers) (i32.const 2)) (then (i32.const 16))
            (else (call $hostile (local.get 0) (local.get 1)))))";
    format!("{}{gate})", &text[..end])
}

/// The component of a text: a core module becomes one by the contract of today.
pub fn component(name: &str, text: &str) -> Vec<u8> {
    let binary = wat::parse_str(text).unwrap_or_else(|e| panic!("{name}: {e}"));
    if !text.trim_start().starts_with("(module") {
        return binary;
    }
    let mut module = binary;
    let mut resolve = wit_parser::Resolve::default();
    let (package, _) = resolve.push_dir(root().join("wit")).expect("the contract");
    let world = resolve.select_world(&[package], Some("policy")).expect("the world");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("embedded");
    let encoder = ComponentEncoder::default().module(&module).unwrap_or_else(|e| panic!("{name}: {e:#}"));
    encoder.validate(false).encode().unwrap_or_else(|e| panic!("{name}: {e:#}"))
}

/// The bytes of a case before and after what is done to them.
pub fn bytes(case: &Case) -> (Vec<u8>, Vec<u8>) {
    let text = text_of(case, false);
    let before = match &case.built {
        Some(name) => {
            let path = components().join(format!("{name}.wasm"));
            std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}; `cargo xtask build` makes it", path.display()))
        }
        None => component(&case.name, &text),
    };
    let after = case.bytes.iter().fold(before.clone(), |bytes, change| change.apply(bytes, &text));
    (before, after)
}

/// One more of the same, which differs in its digest.
pub fn copy(bytes: &[u8], number: usize) -> Vec<u8> {
    [bytes, &section(number.to_string().as_bytes(), 0)].concat()
}
