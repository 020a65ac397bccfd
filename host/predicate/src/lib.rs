//! What attested documents say: SBOMs, SARIF reports, provenance. Pure; the only crate that knows JSON Schema.
//!
//! A document of 30 MB is read once into a [`Text`]: its bytes and eight bytes for each value in it. Everything else, the
//! judgement by a published schema too, looks at the values where they lie and keeps only what it shows.

mod compare;
pub mod delegated;
mod judged;
pub mod piece;
pub mod provenance;
pub mod sarif;
pub mod sbom;
mod scan;
pub mod schema;
mod shown;
pub mod text;
pub mod vex;

pub use piece::{Kind, Piece};
pub use schema::{Fault, Faults, Schema};
pub use shown::shown;
pub use text::Text;

/// The most bytes that a document may have.
pub const MAX_TEXT: usize = 64 * 1024 * 1024;
/// How deep lists and maps may stand inside each other.
pub const MAX_DEPTH: usize = 64;
/// The most values, names of members counted, that one document may have; each takes eight bytes while it is read.
pub const MAX_VALUES: usize = 16_000_000;
/// The most members of one map.
pub const MAX_MAP_KEYS: usize = 100_000;
/// How many offenders of one kind are shown, however many are counted.
pub const MOST_SHOWN: usize = 5;
/// How many characters of a stranger's text are shown.
pub const MOST_TEXT: usize = 200;
/// The most components, files counted, that one document may list.
pub const MAX_COMPONENTS: usize = 1_000_000;
/// The most relations between components that one document may state.
pub const MAX_RELATIONS: usize = 4_000_000;
/// The most patterns of one kind that are looked for.
pub const MAX_PATTERNS: usize = 1_000;
/// How many vulnerabilities are kept, the most severe first: each may be excused by a VEX document.
pub const MOST_VULNERABILITIES: usize = 200;
/// How many statements of one VEX document are kept.
pub const MOST_STATEMENTS: usize = 2_000;
/// The most products that one statement of a VEX document may name.
pub const MOST_PRODUCTS: usize = 1_000;
/// The most sources that provenance may name.
pub const MOST_SOURCES: usize = 100;
/// How many tools, authors and phases of one document are kept.
pub const MOST_MAKERS: usize = 20;
/// How many faults by the schema are shown.
pub const MAX_FAULTS_SHOWN: usize = 5;
/// Faults by the schema are counted up to about here: what is wrong everywhere is not worth the memory of saying so.
pub const MAX_FAULTS_COUNTED: usize = 1_000;
/// The most runs of one SARIF report.
pub const MAX_RUNS: usize = 100;
/// The most results of one run of a SARIF report.
pub const MAX_RESULTS: usize = 1_000_000;
/// The most scopes that results are counted in.
pub const MAX_SCOPES: usize = 50;
/// The most patterns of one scope of results, and the most rules of tools that one query may require.
pub const MAX_SCOPE_PATTERNS: usize = 200;
/// The most entries of one list in somebody else's verdict, which is a summary.
pub const MAX_VERDICT_ENTRIES: usize = 200;
/// The most bytes of one pattern.
pub const MAX_PATTERN: usize = 1_024;
/// The most extensions of one tool, and the most taxonomies of one run, in a SARIF report.
pub const MAX_EXTENSIONS: usize = 200;
/// The most bytes that the id of a rule or the address of an artifact may have and still tell anything.
pub const MAX_NAME: usize = 4_096;
/// The most tags of one rule; one with more may be about anything.
pub const MAX_TAGS: usize = 500;
/// How many bases of addresses, archives around an artifact, or parts of a hierarchical id may stand in each other.
pub const MAX_BASES: usize = 16;
/// A fingerprint that more results share says nothing about any of them.
pub const MOST_ALIKE: usize = 25;

/// A document that cannot be read at all: no JSON, not of the format, or too large.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// JSON pointer of what is in the way; empty for the whole document.
    pub pointer: String,
    /// What it is instead, and what would do.
    pub what: String,
}

impl Unreadable {
    /// About the whole document.
    pub fn new(what: impl Into<String>) -> Self {
        Self { pointer: String::new(), what: what.into() }
    }

    /// About one value in it.
    pub fn at(pointer: impl Into<String>, what: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), what: what.into() }
    }
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.pointer.as_str() {
            "" => f.write_str(&self.what),
            pointer => write!(f, "at `{pointer}`: {}", self.what),
        }
    }
}

impl std::error::Error for Unreadable {}
