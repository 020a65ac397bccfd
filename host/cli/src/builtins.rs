//! The plugins and the policy set inside the binary.

/// One plugin inside the binary.
pub struct Builtin {
    /// Its name.
    pub name: &'static str,
    /// The component.
    pub wasm: &'static [u8],
    /// Machine code that this build made of exactly that component.
    pub code: Option<&'static [u8]>,
    /// Its page of documentation, in Markdown.
    pub page: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/builtins.rs"));

/// The set that judges where none is given.
pub const DEFAULT_SET: &str = include_str!("../../../policies/default.yaml");
