//! What a component imports and exports, by name.

use wasmparser::{ComponentExternalKind, ComponentTypeRef, Parser, Payload, TypeBounds};

use crate::Error;
use crate::module::unreadable;

/// What a component imports and exports itself, whatever is wired up inside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// The names of its imports; types of the contract that it uses are none.
    pub imports: Vec<String>,
    /// The names of its exports, with what they are: `function`, `instance`, `type` and so on.
    pub exports: Vec<(String, &'static str)>,
}

impl Shape {
    /// The first import that is not of the contract.
    pub fn foreign(&self) -> Option<&str> {
        self.imports.iter().map(String::as_str).find(|name| !name.starts_with(crate::CONTRACT))
    }

    /// The functions of the contract that it does not export.
    pub fn missing(&self) -> Vec<&'static str> {
        let has = |name: &str| self.exports.iter().any(|(own, kind)| own == name && *kind == "function");
        crate::EXPORTS.into_iter().filter(|name| !has(name)).collect()
    }
}

/// Reads the shape of a component, in linear time; nothing is validated.
pub fn shape(component: &[u8]) -> Result<Shape, Error> {
    // Modules and components inside have imports and exports of their own, which the component wires up itself.
    let (mut shape, mut depth) = (Shape::default(), 0_u32);
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(unreadable)? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports {
                    let import = import.map_err(unreadable)?;
                    // The types that the world uses stand among the imports, each equal to one of an imported interface.
                    if !matches!(import.ty, ComponentTypeRef::Type(TypeBounds::Eq(_))) {
                        shape.imports.push(import.name.name.to_owned());
                    }
                }
            }
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for export in exports {
                    let export = export.map_err(unreadable)?;
                    shape.exports.push((export.name.name.to_owned(), kind(export.kind)));
                }
            }
            _ => {}
        }
    }
    Ok(shape)
}

fn kind(kind: ComponentExternalKind) -> &'static str {
    match kind {
        ComponentExternalKind::Func => "function",
        ComponentExternalKind::Instance => "instance",
        ComponentExternalKind::Type => "type",
        ComponentExternalKind::Module => "core module",
        ComponentExternalKind::Component => "component",
        ComponentExternalKind::Value => "value",
    }
}
