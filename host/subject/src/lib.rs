//! Documents in, reviews out.
//!
//! Floor 2, pure: no I/O, no clock. What an input claims to be is checked here, once, for both doors.

mod admission;
mod claims;
pub mod error;
pub mod image;
pub mod kinds;
mod objects;
pub mod quantity;
mod recorded;
mod redact;
mod release;
mod secrets;
#[cfg(test)]
mod testing;
pub mod workload;

pub use admission::from_admission_review;
pub use error::{Error, ErrorKind};
pub use objects::{Context, Listed, MAX_NESTED_LISTS, Shape, classify, flatten, from_object, namespace_labels_of};
pub use recorded::{RecordedDecision, facts_from, from_recorded, recorded_decisions, to_recorded_json};
pub use redact::{Hide, Secrets};
pub use release::{lets_go, winds_down};
pub use secrets::{holds_secret, mask_secrets};
