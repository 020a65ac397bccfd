//! Leaves custom sections out: names, notes of producers, debugging, whatever says where and by whom something was built.

use crate::Error;

/// The number of a custom section, in modules and components.
const CUSTOM: u8 = 0;
/// The numbers of the sections of a component that hold a module or a component.
const NESTED: [u8; 2] = [1, 4];
/// Magic and version.
const HEADER: usize = 8;
/// Components inside each other.
const MOST_DEPTH: u32 = 20;

/// The same module or component without custom sections, also of what stands inside it.
pub fn strip(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    stripped(bytes, MOST_DEPTH)
}

fn stripped(bytes: &[u8], depth: u32) -> Result<Vec<u8>, Error> {
    let broken = || Error::Unreadable("a section ends too early".into());
    let depth =
        depth.checked_sub(1).ok_or_else(|| Error::Unreadable("components too deep inside each other".into()))?;
    let header = bytes.get(..HEADER).ok_or_else(broken)?;
    let is_component = header[4] != 1;
    let mut out = header.to_vec();
    let mut rest = &bytes[HEADER..];
    while let Some((&id, after)) = rest.split_first() {
        let (size, after) = number(after).ok_or_else(broken)?;
        let content = after.get(..size).ok_or_else(broken)?;
        rest = &after[size..];
        match id {
            CUSTOM => {}
            id if is_component && NESTED.contains(&id) => section(id, &stripped(content, depth)?, &mut out),
            id => section(id, content, &mut out),
        }
    }
    Ok(out)
}

fn section(id: u8, content: &[u8], out: &mut Vec<u8>) {
    out.push(id);
    let mut left = content.len();
    loop {
        let low = (left & 0x7f) as u8;
        left >>= 7;
        out.push(if left == 0 { low } else { low | 0x80 });
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(content);
}

/// An unsigned LEB128 of at most 32 bits.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_u64;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((u32::try_from(value).ok()? as usize, &bytes[at + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_names_out_wherever_they_stand() {
        let named = wat::parse_str(
            r#"(component $outer (core module $inner (func $secret (export "f"))) (core instance $i (instantiate $inner)))"#,
        )
        .expect("a component");
        let bare = strip(&named).expect("stripped");
        let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(holds(&named, "secret") && !holds(&bare, "secret"));
        wasmparser::Validator::new().validate_all(&bare).expect("still a component");
        assert_eq!(strip(&bare).expect("again"), bare);
    }

    #[test]
    fn refuses_what_ends_too_early() {
        for bytes in [
            &b"\0asm"[..],
            b"\0asm\x01\0\0\0\x01",
            b"\0asm\x01\0\0\0\x01\x05\0",
            b"\0asm\x01\0\0\0\x01\xff\xff\xff\xff\xff",
        ] {
            assert_eq!(strip(bytes), Err(Error::Unreadable("a section ends too early".into())), "{bytes:?}");
        }
    }
}
