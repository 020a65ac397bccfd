//! Every way in which what a compiler made is no plugin.

use std::fmt;

/// Why bytes do not become a plugin; written so that it continues "`FILE` ...".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// They are no WebAssembly.
    NotWasm(&'static str),
    /// They cannot be read as WebAssembly.
    Unreadable(String),
    /// It imports what no plugin gets.
    Import {
        /// What it imports, `module` and `name` as one text.
        import: String,
        /// What to do about it.
        advice: &'static str,
    },
    /// It lacks exports of the contract.
    Missing(Vec<&'static str>),
    /// A component that wants WASI and cannot be taken apart.
    Entangled(String),
    /// Its imports or exports do not have the types of the contract.
    Misfit(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotWasm(what) => write!(f, "is no WebAssembly: {what}"),
            Self::Unreadable(what) => write!(f, "cannot be read as WebAssembly: {what}"),
            Self::Import { import, advice } => write!(
                f,
                "imports `{}`, and a plugin may import nothing but `{}*`; {advice}",
                import.escape_debug(),
                crate::CONTRACT
            ),
            Self::Missing(names) => write!(
                f,
                "does not export `{}`: it is no plugin; in Rust, write `portcullis_sdk::export!(YourPolicy);` into a library of the crate type `cdylib`, in other languages generate bindings for the world `policy` of the contract",
                names.join("`, `")
            ),
            Self::Entangled(import) => write!(
                f,
                "imports `{}`, and is made of several modules, so that WASI cannot be stubbed out here; build it without WASI (componentize-py: `--stub-wasi`; jco: `--backend-qjs-stub-wasi`, or `--disable all`)",
                import.escape_debug()
            ),
            Self::Misfit(what) => write!(f, "does not fit the contract: {}", what.escape_debug()),
        }
    }
}

impl std::error::Error for Error {}
