//! A policy set as written, checked, with places for every complaint.
//!
//! Floor 2, pure: documents in, checked sets out, and whether a policy judges a review. The only crate that knows CEL.

mod admission_policy;
mod baseline;
mod cel;
mod elsewhere;
mod error;
mod fields;
mod labels;
mod matching;
mod meant;
mod pattern;
mod resource_rules;
#[cfg(test)]
mod sample;
mod select;
mod set;
mod settings;
mod slip;
mod tiers;
mod trust;
mod waiver;
mod workloads;

pub use admission_policy::{ADMISSION_SET, Manifests};
pub use baseline::{
    Baseline, BaselineHead, Listed, MAX_BASELINE_DAYS, MAX_BASELINE_FINDINGS, baseline_expiry, baseline_yaml,
};
pub use cel::{MAX_CODE, MAX_COST, MAX_DEPTH, MAX_EXPRESSION, complaint_inside};
pub use elsewhere::{foreign_policy, rewrite_hint};
pub use error::{Complaint, ComplaintKind, by_place, quote};
pub use fields::{Fields, MAX_COMPLAINTS};
pub use matching::{MAX_CONDITIONS, Selector};
pub use pattern::{MAX_PATTERN, MAX_PATTERNS};
pub use portcullis_model::{by_distance, nearest as suggest};
pub use select::{Explanation, Reason, Selection, match_line};
pub use set::{API_VERSION, DEFAULT_NAMESPACE_LABEL, LoadedSet, MAX_POLICIES, is_of_kind, parse_set};
pub use settings::MAX_SETTINGS;
pub use slip::unquoted_expression;
pub use tiers::{DEFAULT_TIER_LABEL, MAX_TIERS, RateLimits, Tier, UNLIMITED};
pub use waiver::{MAX_WAIVERS, Waiver, WaiverMatch, WaiverPlaces, Waivers};
