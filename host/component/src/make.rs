//! Core modules and components, whatever a compiler made, to the component of a plugin.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, SourceMap, WorldId};

use crate::module::{Import, Module, modules};
use crate::shape::shape;
use crate::strip::strip;
use crate::stub::{self, adapter};
use crate::{CONTRACT, Error, WIT};

/// A plugin's component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The component.
    pub component: Vec<u8>,
    /// What of WASI was stubbed out, sorted by name.
    pub stubbed: Vec<Stubbed>,
}

/// A module or an interface of WASI that was stubbed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stubbed {
    /// Its name: `wasi_snapshot_preview1`, `wasi:cli/stderr@0.2.6`.
    pub name: String,
    /// How many of its functions the plugin imports.
    pub functions: usize,
    /// Those of them that end the evaluation when they are called.
    pub trapping: Vec<String>,
}

/// Makes the component of a plugin of what a compiler made: a core module, or a component.
///
/// The same bytes always become the same bytes.
///
/// # Errors
/// Everything that keeps it from being a plugin, with what to do about it.
pub fn make(bytes: &[u8]) -> Result<Made, Error> {
    let made = match bytes {
        [] => return Err(Error::NotWasm("it is empty")),
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => from_module(bytes)?,
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => from_component(bytes)?,
        [0, b'a', b's', b'm', ..] => return Err(Error::NotWasm("its version is not known")),
        [b'(', ..] => return Err(Error::NotWasm("it is the text format; make it binary first")),
        _ => return Err(Error::NotWasm("it does not begin as WebAssembly does")),
    };
    let shape = shape(&made.component)?;
    if let Some(import) = shape.foreign() {
        return Err(Error::Import { import: import.to_owned(), advice: stub::advice(import) });
    }
    match shape.missing() {
        missing if missing.is_empty() => Ok(made),
        missing => Err(Error::Missing(missing)),
    }
}

fn from_component(bytes: &[u8]) -> Result<Made, Error> {
    let shape = shape(bytes)?;
    let Some(foreign) = shape.foreign() else {
        return Ok(Made { component: strip(bytes)?, stubbed: Vec::new() });
    };
    if let Some(import) = shape.imports.iter().find(|name| !name.starts_with(CONTRACT) && !stub::stubs(name)) {
        return Err(Error::Import { import: import.clone(), advice: stub::advice(import) });
    }
    let missing = shape.missing();
    if !missing.is_empty() {
        return Err(Error::Missing(missing));
    }
    // The module that the compiler made; what stands beside it lowers the imports, and is made anew.
    for module in modules(bytes)? {
        let read = Module::read(module)?;
        if read.missing().is_empty() {
            let wanted = read.imports.iter().all(|import| of_contract(import) || stub::stubs(&import.module));
            return if wanted { from_module(module) } else { Err(Error::Entangled(foreign.to_owned())) };
        }
    }
    Err(Error::Entangled(foreign.to_owned()))
}

fn from_module(bytes: &[u8]) -> Result<Made, Error> {
    let module = Module::read(bytes)?;
    let missing = module.missing();
    if !missing.is_empty() {
        return Err(Error::Missing(missing));
    }
    let mut wanted: Vec<(&str, Vec<&Import>)> = Vec::new();
    for import in module.imports.iter().filter(|import| !of_contract(import)) {
        if !stub::stubs(&import.module) || import.function.is_none() {
            let whole = format!("{}.{}", import.module, import.name);
            return Err(Error::Import { import: whole, advice: stub::advice(&import.module) });
        }
        match wanted.iter_mut().find(|(name, _)| *name == import.module) {
            Some((_, imports)) => imports.push(import),
            None => wanted.push((&import.module, vec![import])),
        }
    }
    wanted.sort_by_key(|(name, _)| *name);
    let mut typed = bytes.to_vec();
    if !module.typed {
        let (resolve, world) = contract()?;
        embed_component_metadata(&mut typed, &resolve, world, StringEncoding::UTF8).map_err(misfit)?;
    }
    let mut encoder = ComponentEncoder::default().module(&typed).map_err(misfit)?;
    let mut stubbed = Vec::new();
    for (name, imports) in wanted {
        let (bytes, trapping) = adapter(name, &imports);
        encoder = encoder.adapter(name, &bytes).map_err(misfit)?;
        stubbed.push(Stubbed { name: name.to_owned(), functions: imports.len(), trapping });
    }
    // The two memories of a module and its stubs are one, and what stubs allocate they allocate never.
    let component = encoder.realloc_via_memory_grow(true).validate(true).encode().map_err(misfit)?;
    Ok(Made { component: strip(&component)?, stubbed })
}

fn of_contract(import: &Import) -> bool {
    import.module.strip_prefix("cm32p2|").unwrap_or(&import.module).starts_with(CONTRACT)
}

/// The world of a plugin, for modules that do not say theirs.
fn contract() -> Result<(Resolve, WorldId), Error> {
    let (mut resolve, mut files) = (Resolve::default(), SourceMap::default());
    for (name, text) in WIT {
        files.push_str(name, text);
    }
    let group = files.parse().map_err(|(_, error)| misfit(error))?;
    let package = resolve.push_group(group).map_err(misfit)?;
    let world = resolve.select_world(&[package], Some("policy")).map_err(misfit)?;
    Ok((resolve, world))
}

/// The error of a library whose type only `cli` names.
fn misfit(error: impl std::fmt::Display) -> Error {
    Error::Misfit(format!("{error:#}"))
}

#[cfg(test)]
mod tests;
