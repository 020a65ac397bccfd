//! What the host found out about the SBOMs of one image: the members of a fact's documents.

use portcullis_proof::reading::{count, placed};
use portcullis_sdk::Node;

portcullis_proof::document_keys! {
    FORMAT = "format",
    VERSION = "version",
    CREATED_SECONDS = "createdSeconds",
    TOOLS = "tools",
    NAME = "name",
    AUTHORS = "authors",
    AUTHOR_CONTACT = "authorContact",
    SUPPLIER = "supplier",
    LIFECYCLES = "lifecycles",
    ROOT = "root",
    PURL = "purl",
    BINDING = "binding",
    STATE = "state",
    COMPONENTS = "components",
    COVERAGE = "coverage",
    HAVE = "have",
    OF = "of",
    MISSING = "missing",
    COMPONENT = "component",
    GRAPH = "graph",
    DUPLICATE_REFS = "duplicateRefs",
    FIRST_DUPLICATE = "firstDuplicate",
    DANGLING = "dangling",
    FIRST_DANGLING = "firstDangling",
    REF = "ref",
    REACHABLE = "reachable",
    UNREACHABLE = "unreachable",
    COMPLETENESS = "completeness",
    AGGREGATE = "aggregate",
    DENIED = "denied",
    LICENSES = "licenses",
    COUNT = "count",
    FIRST = "first",
    PATTERN = "pattern",
    LICENSE = "license",
    INVALID_LICENSES = "invalidLicenses",
    DEPRECATED_LICENSES = "deprecatedLicenses",
    SERVICES = "services",
    PLAIN = "plain",
    FIRST_PLAIN = "firstPlain",
    FOREIGN = "foreign",
    ENDPOINT = "endpoint",
    VULNERABILITIES = "vulnerabilities",
    ID = "id",
    SEVERITY = "severity",
    JUSTIFICATION = "justification",
    TOTAL = "total",
    AFFECTS = "affects",
    ALIASES = "aliases",
    LISTED = "listed",
    UNREADABLE_PURLS = "unreadablePurls",
    FINISHED_SECONDS = "finishedSeconds",
    VEX = "vex",
    STATEMENTS = "statements",
    VULNERABILITY = "vulnerability",
    STATUS = "status",
    PRODUCTS = "products",
    SUBCOMPONENTS = "subcomponents",
    TIMESTAMP_SECONDS = "timestampSeconds",
    MORE = "more",
}

/// How many components have something, of how many; nothing of what is not known.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    /// Where that stands.
    pub node: Node,
    have: Option<u64>,
    of: Option<u64>,
}

impl Share {
    /// Reads one: a map with `of` and another number.
    pub fn of(node: Node, have: Node) -> Self {
        Self { node, have: count(have), of: count(node.get(OF)) }
    }

    /// Whether it is at least so many per cent. None of nothing is none.
    pub fn reaches(&self, percent: u32) -> bool {
        match (self.have, self.of) {
            (Some(have), Some(of)) if of > 0 && have <= of => {
                u128::from(have) * 100 >= u128::from(of) * u128::from(percent)
            }
            _ => false,
        }
    }

    /// How many of how many, for messages.
    pub fn shown(&self) -> String {
        match (self.have, self.of) {
            (Some(_), Some(0)) => "0 of 0 components".to_owned(),
            (Some(have), Some(of)) if have <= of => {
                format!("{have} of {of} components ({}%)", u128::from(have) * 100 / u128::from(of))
            }
            _ => "an unknown number of components".to_owned(),
        }
    }

    /// The first component that has it not; nothing where none is named.
    pub fn first(&self, missing: Node) -> String {
        let first = missing.at(0);
        if first.is_none() { String::new() } else { placed(first.get(COMPONENT), first.get(POINTER)) }
    }
}
