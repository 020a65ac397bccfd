//! Bytes in, documents out, within bounds.
//!
//! [`decode`] makes a named text of bytes, [`read_yaml`] and [`read_json`] make trees of it in which every key and value
//! knows its place. What does not fit, is not understood or has two meanings is an [`Error`] with a place and, where we
//! know one, a way out. No message holds a value of the document, because it may be a Secret's.

mod decode;
mod error;
mod json;
mod yaml;

use portcullis_model::Limits;

pub use decode::decode;
pub use error::{Error, ErrorKind};
pub use json::{read_json, read_json_text};
pub use yaml::{read_yaml, yaml_looks_like_template};

/// The default of [`ReadLimits::bytes`]: 8 MiB, an UPDATE of two objects of the API server's 3 MiB with its escapes.
pub const DEFAULT_BYTES: usize = 8 << 20;
/// [`ReadLimits::bytes`] of a file in CI: 32 MiB, a rendered chart with its CRDs several times over.
pub const FILE_BYTES: usize = 32 << 20;
/// The default of [`ReadLimits::documents`].
pub const DEFAULT_DOCUMENTS: usize = 10_000;
/// The default number of values in all documents of a text: 2 million, one for every 16 bytes of a file of [`FILE_BYTES`],
/// where what kubectl and Helm write has one for every 25 at most.
pub const DEFAULT_VALUES: u32 = 2_000_000;
/// YAML texts of more bytes are parsed one at a time in a process, 1 MiB by default: parsing takes many times their size,
/// and only the documents stay.
pub const LARGE_YAML_BYTES: usize = 1 << 20;
/// The default of [`ReadLimits::alias_expansion`]: about what go-yaml allows a small document.
pub const DEFAULT_ALIAS_EXPANSION: usize = 400_000;

/// How much one text may hold.
#[derive(Clone, Copy, Debug)]
pub struct ReadLimits {
    /// Bytes of the text. Default [`DEFAULT_BYTES`]; never above 4 GiB, because places have 32 bits.
    pub bytes: usize,
    /// Documents in one stream, empty ones not counted. Default [`DEFAULT_DOCUMENTS`].
    pub documents: usize,
    /// Values of one YAML document that are there only because an alias or a merge key repeats them. Default
    /// [`DEFAULT_ALIAS_EXPANSION`].
    pub alias_expansion: usize,
    /// Whether a merge key replaces what is written before it, as it does for kubectl. Default: yes; [`ReadLimits::own`]: an error.
    pub merges_replace: bool,
    /// Depth of one document, default that of [`Limits`]; values of all documents of a text, what aliases repeat included,
    /// default [`DEFAULT_VALUES`].
    pub tree: Limits,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            bytes: DEFAULT_BYTES,
            documents: DEFAULT_DOCUMENTS,
            alias_expansion: DEFAULT_ALIAS_EXPANSION,
            merges_replace: true,
            tree: Limits { nodes: DEFAULT_VALUES, ..Limits::default() },
        }
    }
}

impl ReadLimits {
    /// The limits of a file in CI: [`FILE_BYTES`], otherwise the defaults.
    pub fn file() -> Self {
        Self { bytes: FILE_BYTES, ..Self::default() }
    }

    /// The limits of Portcullis' own files, which no kubectl reads: what readers of YAML read differently is an error, lest a policy
    /// set be laxer than it looks.
    pub fn own() -> Self {
        Self { merges_replace: false, ..Self::default() }
    }

    fn check(&self, bytes: usize) -> Result<(), Error> {
        let limit = self.bytes.min(u32::MAX as usize);
        if bytes > limit { Err(ErrorKind::TooLarge { bytes, limit }.nowhere()) } else { Ok(()) }
    }
}

/// The two notations of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// YAML, or a stream of it.
    Yaml,
    /// One JSON text.
    Json,
}

impl Format {
    /// The notation that the end of a file's name stands for; nothing where it stands for none.
    pub fn of_name(name: &str) -> Option<Format> {
        let (_, end) = name.rsplit_once('.')?;
        match end.to_ascii_lowercase().as_str() {
            "yaml" | "yml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}
