//! Plugins from the binary and from files.

use std::path::{Component, Path};
use std::sync::Arc;

use portcullis_check::error::Error;
use portcullis_model::{PluginBytes, PluginReference, PluginSource, PluginSourceError};

use crate::builtins::BUILTINS;

/// The largest file that is read as a plugin, in bytes; the runner's own limit is the same.
const MAX_PLUGIN_BYTES: u64 = 32 << 20;

/// The binary's own plugins, and files.
pub struct LocalPlugins;

impl PluginSource for LocalPlugins {
    fn fetch(&self, plugin: &PluginReference) -> Result<PluginBytes, PluginSourceError> {
        match plugin {
            PluginReference::Builtin { name, .. } => builtin(name),
            PluginReference::File { path, .. } => file(Path::new(path)),
            PluginReference::Oci { reference } => Err(PluginSourceError {
                message: format!(
                    "plugins from registries are not supported yet: `{reference}`; use `file` with its digest"
                ),
                cause: None,
            }),
        }
    }
}

fn builtin(name: &str) -> Result<PluginBytes, PluginSourceError> {
    let Some(found) = BUILTINS.iter().find(|builtin| builtin.name == name) else {
        let known: Vec<&str> = BUILTINS.iter().map(|builtin| builtin.name).collect();
        let hint = match portcullis_policies::suggest(name, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "this binary carries none; build it with `cargo xtask build`".to_owned(),
            None => format!("there are {}", known.join(", ")),
        };
        return Err(PluginSourceError {
            message: format!("there is no built-in plugin `{name}`; {hint}"),
            cause: None,
        });
    };
    Ok(PluginBytes { wasm: Arc::from(found.wasm), code: found.code })
}

fn file(path: &Path) -> Result<PluginBytes, PluginSourceError> {
    let read = portcullis_check::bytes::read(path, MAX_PLUGIN_BYTES);
    let wasm = read.map_err(|error| PluginSourceError {
        message: match &error {
            Error::Missing { .. } => format!(
                "{}; `file` starts at the folder of its policy set, and `portcullis plugin build` makes such files",
                missing(path)
            ),
            Error::Unreadable { .. } | Error::TooLarge { .. } => format!("cannot read the plugin: {error}"),
            other => format!("cannot read the plugin: {other}; {}", other.hint()),
        },
        cause: Some(Box::new(error)),
    })?;
    Ok(PluginBytes { wasm: wasm.into(), code: None })
}

/// Where a file was looked for: nobody sees that in a set that names it from its own folder.
pub fn missing(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().display();
    let folder = path.parent().unwrap_or(Path::new(""));
    let looked = match folder.components().all(|part| part == Component::CurDir) {
        true => "the current directory".to_owned(),
        false if folder.is_dir() => format!("`{}`", folder.display()),
        false => format!("`{}`, which is not there either", folder.display()),
    };
    format!("there is no plugin `{name}` in {looked}")
}
