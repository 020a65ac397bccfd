//! The words of the product, in reading order.
//!
//! Floor 0: no I/O, no async runtime, no serde. Every other crate speaks in these types, and each border (WIT, YAML, JSON,
//! SARIF) owns its own wire form of them in one file.

mod builder;
mod canonical;
pub mod decision;
pub mod document;
pub mod fact;
pub mod finding;
pub mod place;
pub mod plugin_source;
pub mod policy;
pub mod review;
pub mod subject;
mod suggest;
pub mod time;
pub mod trust;
pub mod workload;

pub use canonical::{json_string, sha256_hex};
pub use decision::{
    Decision, Effect, Failure, FailureKind, Judged, Mode, ModeSource, PolicyState, Verdict, mode_of, mode_with_source,
};
pub use document::{BuildError, Document, DocumentBuilder, Key, Kind, Limits, NodeId};
pub use fact::{ABOUT_FILE, Answers, Fact, FactError, FactSource, FactStatus, Facts, Meaning, Query, Resolved};
pub use finding::{Finding, Fix, FixOperation, Severity};
pub use place::{LineWindow, Place, Source, Span};
pub use plugin_source::{PluginBytes, PluginSource, PluginSourceError};
pub use policy::{
    CustomWorkload, LabelSelector, Match, MatchCondition, ModeRule, Override, PerMode, PluginReference, Policy,
    PolicySet, Requirement, RequirementOperator, ResourceRule, Scope, Versions,
};
pub use review::{
    GroupVersionKind, GroupVersionResource, NAMESPACE_NAME_LABEL, NamespaceLabels, Request, Review, ReviewedFile, User,
};
pub use subject::{Occurrence, Subject, SubjectKind};
pub use suggest::{by_distance, nearest};
pub use time::{format_time, parse_expiry, parse_time};
pub use trust::{KeyRule, KeySource, Presence, TrustRoot, TrustRule};
pub use workload::{Amount, AmountState, Claim, Container, ContainerRole, Image, ImageState, Resources, Workload};
