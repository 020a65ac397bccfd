//! What a document says, counted, with the first offenders: what becomes of an SBOM before anybody judges it.

use std::collections::BTreeMap;

use crate::Faults;

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// CycloneDX, as JSON.
    CycloneDx,
    /// SPDX 2 (JSON or tag-value) or 3 (JSON-LD).
    Spdx,
}

/// What an SBOM says.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Its format.
    pub format: Format,
    /// The version of the format: `1.6`, `2.3`, `3.0.1`.
    pub version: String,
    /// What is wrong with it by the schema of that version; when anything is, only format and version are to be relied on.
    pub faults: Faults,
    /// Its own name: serial number, namespace, or id.
    pub serial: Option<String>,
    /// When it says it was made.
    pub created: Option<String>,
    /// The same in seconds; none for a text that is no time.
    pub created_seconds: Option<i64>,
    /// What made it.
    pub tools: Vec<Tool>,
    /// Who made it.
    pub authors: Vec<String>,
    /// Whether one of them can be reached (an address, a page).
    pub author_contact: bool,
    /// Who supplies what it is about.
    pub supplier: Option<String>,
    /// In which phases it was made.
    pub lifecycles: Vec<String>,
    /// Where it can be found.
    pub uri: Option<String>,
    /// What it says it is about.
    pub root: Option<Root>,
    /// Whether that is what it should be about.
    pub binding: Binding,
    /// Components at every depth that say something, without the root and what repeats it.
    pub components: usize,
    /// Those of them that are no files.
    pub listed: usize,
    /// The same by type.
    pub types: BTreeMap<String, usize>,
    /// By element: how many of the components that count say it.
    pub coverage: Vec<(&'static str, Share)>,
    /// How components hang together.
    pub graph: GraphReading,
    /// Whether it claims to be complete.
    pub completeness: Completeness,
    /// Components of denied patterns.
    pub denied_components: Offenders<Denied>,
    /// Components whose package URL is none that every reader takes for the same.
    pub unreadable_purls: Offenders<Named>,
    /// Components with licences of denied patterns.
    pub denied_licenses: Offenders<Denied>,
    /// Licences that are none by SPDX's list.
    pub invalid_licenses: Offenders<Denied>,
    /// Licences with deprecated ids.
    pub deprecated_licenses: Offenders<Denied>,
    /// Services that it uses.
    pub services: Services,
    /// Vulnerabilities that it lists itself.
    pub vulnerabilities: Vulnerabilities,
}

/// A tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
}

/// What a document is about by its own word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// Its name.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Its package URL.
    pub purl: Option<String>,
    /// Where that stands.
    pub pointer: String,
}

/// Whether a document is about what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Yes, no, or it does not say.
    pub state: BindingState,
    /// What it names.
    pub what: Option<String>,
    /// Where.
    pub pointer: Option<String>,
}

/// See [`Binding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingState {
    /// Every digest that its root names is one of the subject's.
    Agrees,
    /// Its root names no digest.
    Silent,
    /// Its root names a digest that is not the subject's.
    Disagrees,
}

/// How many of how many, and the first that do not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// So many do.
    pub have: usize,
    /// Of so many.
    pub of: usize,
    /// The first that do not.
    pub missing: Vec<Named>,
}

/// A component as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// `name@version`.
    pub component: String,
    /// Where it stands.
    pub pointer: String,
}

/// How many, and the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offenders<T> {
    /// How many.
    pub count: usize,
    /// The first [`crate::MOST_SHOWN`].
    pub first: Vec<T>,
}

impl<T> Default for Offenders<T> {
    fn default() -> Self {
        Self { count: 0, first: Vec::new() }
    }
}

impl<T> Offenders<T> {
    /// Counts one, and keeps it when it is among the first.
    pub(crate) fn add(&mut self, offender: impl FnOnce() -> T) {
        self.count += 1;
        if self.first.len() < crate::MOST_SHOWN {
            self.first.push(offender());
        }
    }
}

/// Something that a pattern or a list refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The pattern, where there is one.
    pub pattern: Option<String>,
    /// The licence, where it is about one.
    pub license: Option<String>,
    /// The component.
    pub component: String,
    /// Where it stands.
    pub pointer: String,
}

/// A reference and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offender {
    /// The reference.
    pub reference: String,
    /// Where.
    pub pointer: String,
}

/// How components hang together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphReading {
    /// Ids that two things have.
    pub duplicates: Offenders<Offender>,
    /// References to nothing.
    pub dangling: Offenders<Offender>,
    /// Components that the root leads to.
    pub reachable: usize,
    /// Of so many.
    pub of: usize,
    /// The first that it does not lead to.
    pub unreachable: Vec<Named>,
}

/// Whether a document claims to list everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completeness {
    /// The worst that it says.
    pub state: CompletenessState,
    /// In its own word.
    pub aggregate: Option<String>,
    /// Where.
    pub pointer: Option<String>,
}

/// From best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CompletenessState {
    /// It says that the dependencies of its root are complete, and of nothing that they are not.
    Complete,
    /// It does not say.
    Undeclared,
    /// It says that it does not know.
    Unknown,
    /// It says that something is left out.
    Incomplete,
}

/// Services.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Services {
    /// All, with the first.
    pub all: Offenders<Service>,
    /// How many endpoints they have.
    pub endpoints: usize,
    /// Endpoints without encryption.
    pub plain: Offenders<Outside>,
    /// Endpoints that are none of those asked for; empty when nobody asked.
    pub outside: Offenders<Outside>,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its first endpoints.
    pub endpoints: Vec<String>,
    /// Whether it asks who is there.
    pub authenticated: Option<bool>,
    /// Where it stands.
    pub pointer: String,
}

/// An endpoint that somebody may not want.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outside {
    /// The service.
    pub name: String,
    /// The endpoint.
    pub endpoint: String,
    /// Where it stands.
    pub pointer: String,
}

/// Vulnerabilities: more than five are kept, since each may be excused by a VEX document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vulnerabilities {
    /// How many there are.
    pub total: usize,
    /// How many of the severities that were asked for, or of one that nobody knows.
    pub count: usize,
    /// Of these the most severe first; at most [`crate::MOST_VULNERABILITIES`].
    pub first: Vec<Vulnerability>,
}

/// A vulnerability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vulnerability {
    /// Its id.
    pub id: String,
    /// The worst of its ratings: `critical`, `high`, `medium`, `low`, `info`, `none`, `unknown`.
    pub severity: String,
    /// What its analysis says.
    pub state: Option<String>,
    /// Why it does not affect.
    pub justification: Option<String>,
    /// Package URLs of the components that it affects, or their references; where there are more than
    /// [`crate::MOST_AFFECTED`], the last one says so and is the name of nothing.
    pub affects: Vec<String>,
    /// Where it stands.
    pub pointer: String,
}
