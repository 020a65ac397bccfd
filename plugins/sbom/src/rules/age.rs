//! An SBOM is of now: neither too old, nor from the future, nor made long after what it is about (N55).

use portcullis_proof::document::{Document, Fault};
use portcullis_proof::evidence::Look;
use portcullis_proof::reading::seconds;
use portcullis_proof::words::days;
use portcullis_sdk::{Rule, Severity};

use crate::inventory::{CREATED_SECONDS, FINISHED_SECONDS};
use crate::settings::Entry;

/// It is too old, or of a time at which it cannot have been made.
pub const TOO_OLD: Rule =
    Rule::new("too-old", Severity::Medium, "An SBOM is too old, or of a time at which it cannot have been made");

/// Judges the time at which it says that it was made.
pub fn judge(entry: &Entry<'_>, look: &Look<'_>, document: &Document) -> Option<Fault> {
    let created = document.node.get(CREATED_SECONDS);
    let Some(made) = seconds(created) else {
        let asked = entry.max_age.map(|_| "maxAge").or(entry.after_build.map(|_| "afterBuild"))?;
        let what =
            format!("does not say when it was made, and `{asked}` asks for that; make it with a tool that says so");
        return Some(Fault::new(&TOO_OLD, what));
    };
    let skew = entry.skew;
    let what = if made > look.time.saturating_add(skew) {
        let ahead = days(made.saturating_sub(look.time));
        format!("says that it was made {ahead} from now; make it again where the clock is right")
    } else if document.signed_at().is_some_and(|signed| made > signed.saturating_add(skew)) {
        "says that it was made after it was signed; make it again where the clock is right, and attest it then"
            .to_owned()
    } else if let Some(most) = entry.max_age.filter(|most| look.time.saturating_sub(made) > *most) {
        let age = days(look.time.saturating_sub(made));
        format!("is {age} old, more than the {} of `maxAge`; make and attest it again", days(most))
    } else {
        let finished = built(look, document)?;
        let most = entry.after_build.filter(|most| made.saturating_sub(finished) > most.saturating_add(skew))?;
        format!(
            "was made {} after the build ended, more than the {} of `afterBuild`; make it where the {} is built",
            days(made.saturating_sub(finished)),
            days(most),
            entry.need.noun()
        )
    };
    Some(Fault::new(&TOO_OLD, what).at(created))
}

/// When the last build of what the SBOM is about ended, as somebody says whose word counts; nothing where nobody does.
fn built(look: &Look<'_>, document: &Document) -> Option<i64> {
    let finished = look.provenance(document).into_iter().map(|node| seconds(node.get(FINISHED_SECONDS)));
    finished.flatten().max()
}
