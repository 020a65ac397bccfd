//! Turns a core module into a component, and refuses one that wants more than the contract offers.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};
use wasmparser::{ComponentExternalKind, ComponentImport, ComponentTypeRef, Parser, Payload, TypeBounds};
use wit_component::ComponentEncoder;

/// What every import of a plugin must start with.
const CONTRACT: &str = "portcullis:policy/";
/// What every plugin must export.
const EXPORTS: [&str; 3] = ["describe", "prepare", "evaluate"];

/// How the command is called.
pub const USAGE: &str = "cargo xtask component CORE.wasm -o PLUGIN.wasm";

/// Makes a plugin of what cargo built for `wasm32-unknown-unknown`, and prints what a policy set needs to name it.
///
/// # Errors
/// Arguments other than [`USAGE`], files that cannot be read or written, and a module that is no plugin.
pub fn run(arguments: &[&str]) -> Result<()> {
    let (module, output) = match arguments {
        [module, "-o" | "--output", output] | ["-o" | "--output", output, module] => {
            (Path::new(module), Path::new(output))
        }
        _ => bail!("expected `{USAGE}`"),
    };
    ensure!(
        output.extension().is_some_and(|extension| extension == "wasm"),
        "{} does not end in `.wasm`",
        output.display()
    );
    let component = from_core(module)?;
    std::fs::write(output, &component).with_context(|| format!("cannot write {}", output.display()))?;
    let name = output.file_name().unwrap_or_default().to_string_lossy();
    println!("{}: {} KiB, imports nothing but the contract", output.display(), component.len().div_ceil(1024));
    println!("In a policy set beside it:\n");
    println!("    plugin: {{file: {name}, digest: \"sha256:{}\"}}", digest(&component));
    Ok(())
}

/// Makes the component of a core module that carries the type of its world, as `wit-bindgen` leaves it.
pub fn from_core(module: &Path) -> Result<Vec<u8>> {
    let bytes = std::fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    let component = encode(&bytes).with_context(|| format!("{} does not become a component", module.display()))?;
    check_shape(&component).with_context(|| format!("{} is refused", module.display()))?;
    Ok(component)
}

/// The SHA-256 of some bytes as lower-case hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn encode(module: &[u8]) -> Result<Vec<u8>> {
    ComponentEncoder::default().module(module)?.validate(true).encode()
}

/// Refuses a component that imports anything from outside of the contract, or that does not export all of it.
fn check_shape(component: &[u8]) -> Result<()> {
    // Modules and components inside have imports and exports of their own, which the component wires up itself.
    let mut depth = 0_u32;
    let mut missing = EXPORTS.to_vec();
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports {
                    check_import(&import?)?;
                }
            }
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for export in exports {
                    let export = export?;
                    missing.retain(|name| export.kind != ComponentExternalKind::Func || *name != export.name.name);
                }
            }
            _ => {}
        }
    }
    ensure!(missing.is_empty(), "it does not export {}: it is no plugin", missing.join(", "));
    Ok(())
}

fn check_import(import: &ComponentImport<'_>) -> Result<()> {
    // The types that the world uses stand among the imports, each equal to one of an imported interface: nothing to call.
    let a_type = matches!(import.ty, ComponentTypeRef::Type(TypeBounds::Eq(_)));
    let name = import.name.name;
    ensure!(a_type || name.starts_with(CONTRACT), "it imports `{name}`; a plugin may import nothing but `{CONTRACT}*`");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component that imports one instance of this name: header, import section, custom section.
    fn component_that_imports(name: &str) -> Vec<u8> {
        let mut component = b"\0asm\x0d\0\x01\0".to_vec();
        component.extend([7, 3, 1, 0x42, 0]); // type section: one instance type without declarations
        let mut import = vec![1, 0, u8::try_from(name.len()).unwrap_or(u8::MAX)];
        import.extend(name.as_bytes());
        import.extend([5, 0]); // an instance of type 0
        component.extend([10, u8::try_from(import.len()).unwrap_or(u8::MAX)]);
        component.extend(import);
        component
    }

    fn refusal(component: &[u8]) -> String {
        check_shape(component).map_or_else(|error| error.to_string(), |()| "none".to_owned())
    }

    #[test]
    fn refuses_a_foreign_import_by_name() {
        assert_eq!(
            refusal(&component_that_imports("wasi:clocks/wall-clock@0.2.0")),
            "it imports `wasi:clocks/wall-clock@0.2.0`; a plugin may import nothing but `portcullis:policy/*`"
        );
    }

    #[test]
    fn allows_the_contract_but_not_without_its_exports() {
        assert_eq!(
            refusal(&component_that_imports("portcullis:policy/documents@1.0.0")),
            "it does not export describe, prepare, evaluate: it is no plugin"
        );
    }

    #[test]
    fn refuses_arguments_and_names_the_right_ones() {
        let refusal =
            |arguments: &[&str]| run(arguments).map_or_else(|error| error.to_string(), |()| "none".to_owned());
        assert_eq!(refusal(&["a.wasm"]), "expected `cargo xtask component CORE.wasm -o PLUGIN.wasm`");
        assert_eq!(refusal(&["a.wasm", "-o", "b"]), "b does not end in `.wasm`");
        assert!(refusal(&["/missing/a.wasm", "-o", "b.wasm"]).starts_with("cannot read /missing/a.wasm"));
    }

    #[test]
    fn refuses_what_is_no_module() {
        assert!(encode(b"not wasm").is_err());
    }
}
