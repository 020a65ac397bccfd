//! One report, many voices.
//!
//! Floor 1: decisions in, text out, nothing else. The verdict is fixed when a [`Report`] is made; a renderer borrows it and
//! can only say it.

mod error;
mod escape;
mod excerpt;
mod format;
mod human;
mod json;
mod report;
mod sarif;
mod sarif_text;
mod tally;
mod veil;

pub use error::FormatError;
pub use escape::{plain, plain_json};
pub use format::Format;
pub use human::{DEFAULT_WIDTH, HumanOptions, human};
pub use json::{API_VERSION, KIND, json};
pub use report::{InputError, Parts, PolicySetInfo, Report, ReportVerdict, RuleInfo, Skipped, Tool, WaiverInfo};
pub use sarif::{SARIF_VERSION, sarif};
pub use tally::Summary;
