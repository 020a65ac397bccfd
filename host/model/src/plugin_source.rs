//! Where the bytes of a plugin come from.

use std::fmt;
use std::sync::Arc;

use crate::policy::PluginReference;

/// The bytes of one component.
#[derive(Clone)]
pub struct PluginBytes {
    /// The component.
    pub wasm: Arc<[u8]>,
    /// Machine code that this project's own build made of exactly these bytes; only ever for built-in plugins.
    pub code: Option<&'static [u8]>,
}

/// Why a plugin's bytes could not be had.
#[derive(Debug)]
pub struct PluginSourceError {
    /// For the user: what, on what, and what to do.
    pub message: String,
    /// What lies behind it.
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl fmt::Display for PluginSourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for PluginSourceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref().map(|cause| &**cause as _)
    }
}

/// The window to wherever plugins are kept.
pub trait PluginSource: Send + Sync {
    /// The bytes of this plugin. Whether they are the ones that a digest pins is checked by the caller, always.
    fn fetch(&self, plugin: &PluginReference) -> Result<PluginBytes, PluginSourceError>;
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn says_what_to_do_and_keeps_what_lies_behind_it() {
        let cause: Option<Box<dyn Error + Send + Sync>> = Some("no such file".into());
        let error = PluginSourceError { message: "cannot read `a.wasm`; build it".into(), cause };
        assert_eq!(error.to_string(), "cannot read `a.wasm`; build it");
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("no such file"));
        assert!(PluginSourceError { message: String::new(), cause: None }.source().is_none());
    }
}
