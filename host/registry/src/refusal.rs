//! What a status and a registry's own words mean: "there is none", or that we could not look.

use serde::Deserialize;

use crate::error::{Cause, quoted};
use crate::exchange::Reply;

/// The codes with which a registry says itself that there is no such thing (OCI distribution 1.1, "Error Codes"); the
/// last one is Harbor's.
const ABSENT: [&str; 4] = ["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "BLOB_UNKNOWN", "NOT_FOUND"];

#[derive(Deserialize)]
struct Body {
    errors: Vec<Complaint>,
}

#[derive(Deserialize)]
struct Complaint {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: Option<String>,
}

/// Whether a 404 is the registry's own word that there is no such thing: JSON with at least one error, all of them with
/// a code that says so. Everything else that says 404 (a proxy, a maintenance page, a wrong host) is an error, and so is
/// a 404 that mixes "unknown" with "denied".
///
/// # Errors
/// It is not.
pub(crate) fn check_absent(reply: &Reply) -> Result<(), Cause> {
    if reply.status.as_u16() != 404 {
        return Err(refusal(reply));
    }
    let complaints = complaints(reply);
    if !complaints.is_empty() && complaints.iter().all(|one| ABSENT.contains(&one.code.as_str())) {
        return Ok(());
    }
    if complaints.iter().any(|one| matches!(one.code.as_str(), "DENIED" | "UNAUTHORIZED")) {
        return Err(Cause::Denied { url: reply.shown(), message: said(&complaints) });
    }
    Err(Cause::Vague { url: reply.shown() })
}

/// The error that an answer is.
pub(crate) fn refusal(reply: &Reply) -> Cause {
    let url = reply.shown();
    let message = said(&complaints(reply));
    match reply.status.as_u16() {
        401 if reply.redirected => Cause::Unauthorized {
            url,
            message: ": a redirect leads there, and credentials never follow one".to_owned(),
        },
        401 => Cause::Unauthorized { url, message },
        403 => Cause::Denied { url, message },
        404 => Cause::Vague { url },
        429 => Cause::Throttled { url, retry_after: reply.retry_after() },
        status @ 500..=599 => Cause::Failing { url, status, message },
        status => Cause::Refused { url, status, message },
    }
}

fn complaints(reply: &Reply) -> Vec<Complaint> {
    serde_json::from_slice::<Body>(&reply.body).map(|body| body.errors).unwrap_or_default()
}

/// The first complaint, behind a colon.
fn said(complaints: &[Complaint]) -> String {
    let Some(first) = complaints.first() else { return String::new() };
    let message = first.message.as_deref().unwrap_or_default();
    format!(": {}", quoted(&format!("{} {message}", first.code)))
}
