//! A scan is of now: neither too old, nor from the future (N55).

use portcullis_proof::document::{Document, Fault};
use portcullis_proof::evidence::Look;
use portcullis_proof::reading::seconds;
use portcullis_proof::words::days;
use portcullis_sdk::{Rule, Severity};

use crate::scan::{ENDED_SECONDS, Run};
use crate::settings::Entry;

/// It is too old, or of a time at which it cannot have been made.
pub const TOO_OLD: Rule =
    Rule::new("too-old", Severity::Medium, "A SARIF report is too old, or of a time at which it cannot have been made");

/// Judges when it was signed, by a clock that was verified; a file by what its runs say.
pub fn judge(entry: &Entry<'_>, look: &Look<'_>, document: &Document, runs: &[Run]) -> Option<Fault> {
    let ends = runs.iter().map(|run| seconds(run.node.get(ENDED_SECONDS)));
    let latest = ends.clone().flatten().chain(document.signed_at()).max();
    if let Some(ahead) = latest.filter(|made| *made > look.time.saturating_add(entry.skew)) {
        let what = format!(
            "says that it was made {} from now; scan again where the clock is right",
            days(ahead.saturating_sub(look.time))
        );
        return Some(Fault::new(&TOO_OLD, what));
    }
    let most = entry.max_age?;
    let (made, lacks) = match document.is_local() {
        // The oldest of all runs, and every one must say so.
        true => (
            ends.min().flatten(),
            "does not say of every run when it ended (`endTimeUtc`), and `maxAge` asks for it; let the tool write that, or attest the report, so that the time of the signature counts",
        ),
        false => (
            document.signed_at(),
            "was not signed at a time that anybody verified, and `maxAge` asks for it; sign it with a timestamp or a log",
        ),
    };
    let what = match made {
        None => lacks.to_owned(),
        Some(made) if look.time.saturating_sub(made) > most => {
            let age = days(look.time.saturating_sub(made));
            format!("is {age} old, more than the {} of `maxAge`; scan and attest again", days(most))
        }
        Some(_) => return None,
    };
    Some(Fault::new(&TOO_OLD, what))
}
