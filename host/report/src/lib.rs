//! One report, many voices.
//!
//! Floor 1: decisions in, text out, nothing else. The verdict is fixed when a [`Report`] is made; a renderer borrows it and
//! can only say it.

mod error;
mod escape;
mod excerpt;
mod fingerprint;
mod fixes;
mod format;
mod github;
mod gitlab;
mod html;
mod human;
mod json;
mod json_text;
mod junit;
mod markdown;
mod markdown_text;
mod markup;
mod paths;
mod quiet;
mod report;
mod sarif;
mod sarif_text;
mod statement;
mod tally;
mod veil;
mod words;

pub use error::FormatError;
pub use escape::{plain, plain_json};
pub use fixes::{FixOutcome, FixState};
pub use format::{Format, RenderOptions};
pub use github::github;
pub use gitlab::gitlab;
pub use html::html;
pub use human::{DEFAULT_WIDTH, HumanOptions, human, input_error_text};
pub use json::{API_VERSION, KIND, json};
pub use junit::junit;
pub use markdown::{MARKDOWN_BYTES, markdown};
pub use paths::Folder;
pub use quiet::quiet;
pub use report::{
    BaselineInfo, ChangedSince, InputError, Parts, PolicySetInfo, Report, ReportVerdict, RuleInfo, Skipped, Tool,
    WaiverInfo,
};
pub use sarif::{SARIF_VERSION, sarif};
pub use tally::Summary;
pub use words::subject_name;
