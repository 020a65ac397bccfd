//! A core module as far as it matters here: what it imports and exports, and whether it carries the type of its world.

use wasmparser::{ExternalKind, FuncType, Parser, Payload, TypeRef};

use crate::Error;

/// One import of a core module.
#[derive(Clone, Debug)]
pub struct Import {
    /// The module that it wants it of.
    pub module: String,
    /// Its name there.
    pub name: String,
    /// The type of a function; nothing for a memory, a table or a global.
    pub function: Option<FuncType>,
}

/// What matters of a core module.
#[derive(Debug, Default)]
pub struct Module {
    /// Everything that it imports.
    pub imports: Vec<Import>,
    /// The names of the functions that it exports.
    pub exports: Vec<String>,
    /// Whether it says what its world is, as bindings generators leave it.
    pub typed: bool,
}

impl Module {
    /// Reads a core module; its code is looked at by whoever lifts it.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let mut module = Self::default();
        let mut types: Vec<Option<FuncType>> = Vec::new();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.map_err(unreadable)? {
                Payload::TypeSection(section) => {
                    for group in section {
                        for sub in group.map_err(unreadable)?.into_types() {
                            types.push(match sub.composite_type.inner {
                                wasmparser::CompositeInnerType::Func(function) => Some(function),
                                _ => None,
                            });
                        }
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import.map_err(unreadable)?;
                        let function = match import.ty {
                            TypeRef::Func(index) => types.get(index as usize).cloned().flatten(),
                            _ => None,
                        };
                        module.imports.push(Import {
                            module: import.module.to_owned(),
                            name: import.name.to_owned(),
                            function,
                        });
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export.map_err(unreadable)?;
                        if export.kind == ExternalKind::Func {
                            module.exports.push(export.name.to_owned());
                        }
                    }
                }
                Payload::CustomSection(section) => module.typed |= section.name().starts_with("component-type"),
                _ => {}
            }
        }
        Ok(module)
    }

    /// The exports of the contract that it lacks, under both ways to mangle their names.
    pub fn missing(&self) -> Vec<&'static str> {
        let has = |name: &str| self.exports.iter().any(|own| own.strip_prefix("cm32p2||").unwrap_or(own) == name);
        crate::EXPORTS.into_iter().filter(|name| !has(name)).collect()
    }
}

/// The core modules that stand directly in a component.
pub fn modules(component: &[u8]) -> Result<Vec<&[u8]>, Error> {
    let (mut found, mut depth) = (Vec::new(), 0_u32);
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(unreadable)? {
            Payload::ModuleSection { unchecked_range, .. } => {
                if depth == 0 {
                    found.extend(component.get(unchecked_range));
                }
                depth += 1;
            }
            Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(found)
}

pub fn unreadable(error: wasmparser::BinaryReaderError) -> Error {
    Error::Unreadable(error.to_string())
}
