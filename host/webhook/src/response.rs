//! Decisions to AdmissionResponse.

#[cfg(test)]
mod tests;
mod warnings;

use std::collections::BTreeMap;

use bytes::Bytes;
use portcullis_model::{Decision, Effect, Failure, FailureKind, Judged, Mode, PolicyState, Verdict};
use portcullis_report::plain;
use serde::Serialize;

use self::warnings::warnings;

/// Bytes of a denial's message. Events keep the first 1,024 of it (events.k8s.io/v1), which is why the worst comes first.
pub const MESSAGE_BYTES: usize = 4_096;
/// Findings and failures that a denial names; the others are counted. So many still fit a terminal.
pub const REASONS_SHOWN: usize = 10;
/// Bytes of one of them.
pub const REASON_BYTES: usize = 1_000;
/// Bytes of one warning: Kubernetes cuts at 256 characters (apiserver, `filters/warning.go`), and bytes are never fewer.
pub const WARNING_BYTES: usize = 255;
/// Warnings of one answer; the others are counted in the last one.
pub const WARNINGS_SHOWN: usize = 12;
/// Bytes of all warnings of one answer: Kubernetes passes on 4,096 characters for all webhooks together.
pub const WARNINGS_BYTES: usize = 2_560;
/// Bytes of the words about labels that could not be read.
const LABELS_BYTES: usize = 512;
/// After so many seconds a client that was turned away because of the load comes back by itself (`Retry-After`).
pub const RETRY_SECONDS: u32 = 1;

/// What the caller gets, whatever carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status: 200 for every answer that repeats a uid.
    pub status: u16,
    /// The body's media type.
    pub content_type: &'static str,
    /// The body.
    pub body: Bytes,
}

/// Why something was refused, in the words of `metav1.Status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// What was sent is no review that can be answered.
    BadRequest,
    /// A finding denies.
    Forbidden,
    /// There is no such policy set, or no such path.
    NotFound,
    /// A review is posted, and nothing else is done with this path.
    MethodNotAllowed,
    /// The body took too long to come.
    RequestTimeout,
    /// The body is larger than the limit.
    TooLarge,
    /// The body is no JSON.
    UnsupportedMediaType,
    /// More reviews wait than may wait.
    TooManyRequests,
    /// Something could not be judged.
    InternalError,
    /// Something could not be judged in time.
    Timeout,
}

impl Reason {
    /// The HTTP status code.
    pub fn code(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::RequestTimeout => 408,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::TooManyRequests => 429,
            Self::InternalError => 500,
            Self::Timeout => 504,
        }
    }

    /// `metav1.StatusReason`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "BadRequest",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "NotFound",
            Self::MethodNotAllowed => "MethodNotAllowed",
            Self::RequestTimeout | Self::Timeout => "Timeout",
            Self::TooLarge => "RequestEntityTooLarge",
            Self::UnsupportedMediaType => "UnsupportedMediaType",
            Self::TooManyRequests => "TooManyRequests",
            Self::InternalError => "InternalError",
        }
    }
}

/// `AdmissionReview` (admission.k8s.io/v1) as an answer. No `patch`: a validating webhook changes nothing.
#[derive(Serialize)]
struct AdmissionReview<'a> {
    #[serde(rename = "apiVersion")]
    api_version: &'a str,
    kind: &'static str,
    response: AdmissionResponse<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AdmissionResponse<'a> {
    uid: &'a str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    audit_annotations: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// `metav1.Status`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    api_version: &'static str,
    kind: &'static str,
    status: &'static str,
    code: u16,
    reason: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Details>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    retry_after_seconds: u32,
}

impl Status {
    fn new(reason: Reason, message: &str) -> Self {
        Self {
            api_version: "v1",
            kind: "Status",
            status: "Failure",
            code: reason.code(),
            reason: reason.as_str(),
            message: cut(message, MESSAGE_BYTES),
            details: (reason == Reason::TooManyRequests).then_some(Details { retry_after_seconds: RETRY_SECONDS }),
        }
    }
}

/// The labels of a namespace that somebody looked up and did not get. A decision depends on that they are unknown and not
/// on why, so why is said beside it.
#[derive(Clone, Copy, Debug)]
pub struct UnreadLabels<'a> {
    /// The namespace.
    pub namespace: &'a str,
    /// Why not.
    pub reason: &'a str,
}

impl UnreadLabels<'_> {
    /// For a text that says `already` what it says; nothing where no set of these took compliance for it.
    fn words(self, decisions: &[&Decision], already: &[String]) -> Option<String> {
        let strict = decisions.iter().any(|decision| decision.mode == Mode::Compliance);
        let known = already.iter().any(|text| text.contains(&*plain(self.reason)));
        let why = if known { String::new() } else { format!(": {}", self.reason) };
        let words = format!("the labels of namespace `{}` could not be read{why}", self.namespace);
        strict.then(|| format!("({}; compliance holds)", cut(&plain(&words), LABELS_BYTES)))
    }
}

/// Why nothing was judged where there was too much to do.
#[derive(Clone, Copy, Debug)]
pub struct Overload<'a> {
    /// In a word, for metrics and the audit log.
    pub reason: &'static str,
    /// For a person.
    pub words: &'a str,
    /// After how many seconds a client comes back by itself; nothing where it should not.
    pub retry: Option<u32>,
}

/// What an answer depends on besides the decisions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner<'a> {
    /// Nothing was judged, because there was too much to do.
    pub overload: Option<Overload<'a>>,
    /// Nothing is enforced (`--observe`): what is denied is told as warnings.
    pub observed: bool,
    /// The labels of the namespace were looked up in vain.
    pub unread: Option<UnreadLabels<'a>>,
}

/// The answer to a review that was judged, by each policy set once.
pub fn decided(uid: &str, decisions: &[Decision], manner: Manner<'_>) -> Answer {
    let denied = decisions.iter().any(|decision| decision.verdict() == Verdict::Deny);
    let enforced = denied && !manner.observed;
    // Reviews that no policy wants are most of a cluster's, and say nothing in its audit log.
    let matched: Vec<&Decision> = decisions.iter().filter(|decision| decision.matched() || denied).collect();
    let status = enforced.then(|| {
        let mut message = denial(decisions, manner.overload);
        if let Some(words) = manner.unread.and_then(|unread| unread.words(&matched, std::slice::from_ref(&message))) {
            message.push('\n');
            message.push_str(&words);
        }
        let mut status = Status::new(denial_reason(decisions, manner.overload.is_some()), &message);
        if let Some(overload) = manner.overload {
            status.details = overload.retry.map(|retry_after_seconds| Details { retry_after_seconds });
        }
        status
    });
    review(
        "admission.k8s.io/v1",
        AdmissionResponse {
            uid,
            allowed: !enforced,
            status,
            audit_annotations: audit_annotations(&matched, manner),
            warnings: warnings(&matched, manner),
        },
    )
}

/// The answer to a review that cannot be judged at all: denied, with the reason. The version is the one that was asked in,
/// because the API server takes no other.
pub fn refused(api_version: &str, uid: &str, reason: Reason, message: &str) -> Answer {
    let status = Some(Status::new(reason, &plain(message)));
    let (audit_annotations, warnings) = (BTreeMap::new(), Vec::new());
    review(api_version, AdmissionResponse { uid, allowed: false, status, audit_annotations, warnings })
}

/// The same where nothing is enforced: let in, and the reason as a warning.
pub fn observed(api_version: &str, uid: &str, message: &str) -> Answer {
    let warnings = vec![cut(&plain(&format!("would be denied: {message}")), WARNING_BYTES)];
    let audit_annotations = BTreeMap::from([("enforced", "false".to_owned())]);
    review(api_version, AdmissionResponse { uid, allowed: true, status: None, audit_annotations, warnings })
}

/// An answer outside any review: a `Status`, which the API server shows to its user as it is.
pub fn failed(reason: Reason, message: &str) -> Answer {
    answer(reason.code(), &Status::new(reason, &plain(message)))
}

fn review(api_version: &str, response: AdmissionResponse<'_>) -> Answer {
    answer(200, &AdmissionReview { api_version, kind: "AdmissionReview", response })
}

fn answer(status: u16, body: &impl Serialize) -> Answer {
    let body = serde_json::to_vec(body).expect("texts, numbers and booleans are always JSON");
    Answer { status, content_type: "application/json", body: body.into() }
}

fn denying_findings<'a>(decisions: impl IntoIterator<Item = &'a Decision>) -> Vec<(&'a Decision, &'a Judged)> {
    let mut found = with_effect(decisions.into_iter(), Effect::Deny);
    found.sort_by_key(|(_, judged)| std::cmp::Reverse(judged.severity));
    found
}

fn with_effect<'a>(decisions: impl Iterator<Item = &'a Decision>, effect: Effect) -> Vec<(&'a Decision, &'a Judged)> {
    let of = |decision: &'a Decision| decision.findings.iter().map(move |judged| (decision, judged));
    decisions.flat_map(of).filter(|(_, judged)| judged.effect == effect).collect()
}

fn denying_failures<'a>(decisions: impl IntoIterator<Item = &'a Decision>) -> Vec<(&'a Decision, &'a Failure)> {
    let of = |decision| failures(decision, Effect::Deny);
    decisions.into_iter().flat_map(of).collect()
}

fn failures(decision: &Decision, effect: Effect) -> impl Iterator<Item = (&Decision, &Failure)> {
    let of_effect = decision.failures.iter().filter(move |failure| failure.effect == effect);
    of_effect.map(move |failure| (decision, failure))
}

fn denial_reason(decisions: &[Decision], overload: bool) -> Reason {
    let failures = denying_failures(decisions);
    if !denying_findings(decisions).is_empty() {
        Reason::Forbidden
    } else if overload {
        Reason::TooManyRequests
    } else if failures.iter().all(|(_, failure)| failure.kind == FailureKind::Timeout) {
        Reason::Timeout
    } else {
        Reason::InternalError
    }
}

/// What the user reads after ``admission webhook "x" denied the request: ``.
fn denial(decisions: &[Decision], overload: Option<Overload<'_>>) -> String {
    let (findings, failures) = (denying_findings(decisions), denying_failures(decisions));
    let first = findings.first().map(|(decision, _)| *decision).or(failures.first().map(|(decision, _)| *decision));
    let mut out = first.map(named).unwrap_or_default();
    out.push_str(" is denied");
    if !findings.is_empty() {
        out.push_str(&format!(" by {}", counted(findings.len(), "finding", "findings")));
    }
    if !failures.is_empty() {
        let joint = if findings.is_empty() { ":" } else { ";" };
        out.push_str(&format!("{joint} {} could not be judged", counted(failures.len(), "policy", "policies")));
    }
    let reasons = findings.iter().map(|(decision, judged)| finding_line(decision, judged));
    // Under overload all of them say the same.
    let said = if overload.is_some() { failures.len().min(1) } else { failures.len() };
    let reasons = reasons.chain(failures[..said].iter().map(|(decision, failure)| match overload {
        Some(overload) => plain(overload.words).into_owned(),
        None => failure_line(decision, failure),
    }));
    let (total, mut shown) = (findings.len() + said, 0);
    for reason in reasons.take(REASONS_SHOWN) {
        let line = format!("\n- {}", cut(&reason, REASON_BYTES));
        // The last words must still fit: "and 4294967295 more", and why labels could not be read.
        if out.len() + line.len() + 24 + LABELS_BYTES + 24 > MESSAGE_BYTES {
            break;
        }
        out.push_str(&line);
        shown += 1;
    }
    if shown < total {
        out.push_str(&format!("\n- and {} more", total - shown));
    }
    let skipped =
        |decision: &Decision| decision.policies.iter().filter(|(_, state)| *state == PolicyState::NotEvaluated).count();
    let skipped: usize = decisions.iter().map(skipped).sum();
    if skipped > 0 && out.len() + 96 < MESSAGE_BYTES {
        out.push_str(&format!(
            "\n- {} not evaluated after the first denial (failFast)",
            counted(skipped, "policy", "policies")
        ));
    }
    out
}

/// What was asked about: ``Pod `shop/web` ``, ``CONNECT to Pod...``: an operation other than the usual two is named.
fn named(decision: &Decision) -> String {
    let subject = &decision.subject;
    let joint = if subject.namespace.is_empty() { "" } else { "/" };
    let name = cut(&format!("{}{joint}{}", subject.namespace, subject.name), WARNING_BYTES);
    let kind = cut(&subject.kind, WARNING_BYTES);
    match decision.operation.as_str() {
        "CREATE" | "UPDATE" => format!("{} `{}`", plain(&kind), plain(&name)),
        operation => format!("{} of {} `{}`", plain(operation), plain(&kind), plain(&name)),
    }
}

fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn finding_line(decision: &Decision, judged: &Judged) -> String {
    let finding = &judged.finding;
    let mut line = format!(
        "policy `{}/{}`, rule `{}` ({}), field `{}`: {}",
        decision.policy_set,
        judged.policy,
        finding.rule,
        judged.severity,
        field(&finding.pointer),
        finding.message
    );
    if let Some(fix) = &finding.fix {
        line.push_str("; to mend it: ");
        line.push_str(&fix.description);
    }
    plain(&line).into_owned()
}

fn failure_line(decision: &Decision, failure: &Failure) -> String {
    let policy = failure.policy.as_deref().map(|policy| format!("/{policy}")).unwrap_or_default();
    let kind = failure.kind.as_str();
    plain(&format!("policy `{}{policy}` not judged ({kind}): {}", decision.policy_set, failure.message)).into_owned()
}

/// What the audit log keeps, under names that Kubernetes prefixes with the webhook's own (`webhook.example/decisions`); each
/// value lists the policy sets in their order.
fn audit_annotations(decisions: &[&Decision], manner: Manner<'_>) -> BTreeMap<&'static str, String> {
    if decisions.is_empty() {
        return BTreeMap::new();
    }
    let list = |value: &dyn Fn(&Decision) -> String| {
        let one = |decision: &&Decision| format!("{}={}", decision.policy_set, value(decision));
        decisions.iter().map(one).collect::<Vec<_>>().join(",")
    };
    let mut annotations = BTreeMap::from([
        ("decisions", list(&Decision::id)),
        ("modes", list(&|decision| decision.mode.to_string())),
        ("policy-sets", list(&|decision| decision.policy_set_digest.clone())),
        ("verdicts", list(&|decision| decision.verdict().as_str().to_owned())),
    ]);
    if manner.observed {
        annotations.insert("enforced", "false".to_owned());
    }
    if let Some(not_judged) = not_judged(decisions, manner.overload) {
        annotations.insert("not-judged", not_judged);
    }
    annotations
}

/// Which policies did not judge, and why: the word of an overload, or the kind of each failure. Whoever reads "allow" in an audit
/// log must see that it is no verdict.
fn not_judged(decisions: &[&Decision], overload: Option<Overload<'_>>) -> Option<String> {
    let mut reasons = Vec::new();
    for decision in decisions.iter().filter(|decision| !decision.judged()) {
        let set = &decision.policy_set;
        match overload {
            Some(overload) => reasons.push(format!("{set}={}", overload.reason)),
            None => reasons.extend(decision.failures.iter().filter_map(|failure| match &failure.policy {
                Some(policy) => Some(format!("{set}/{policy}={}", failure.kind.as_str())),
                None => (failure.effect == Effect::Deny).then(|| format!("{set}={}", failure.kind.as_str())),
            })),
        }
    }
    let more = reasons.len().saturating_sub(REASONS_SHOWN);
    reasons.truncate(REASONS_SHOWN);
    if more > 0 {
        reasons.push(format!("and {more} more"));
    }
    (!reasons.is_empty()).then(|| reasons.join(","))
}

/// A JSON Pointer as Kubernetes writes fields: `spec.containers[0].image`, `metadata.annotations[example.com/owner]`.
pub fn field(pointer: &str) -> String {
    let mut out = String::new();
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        let simple = part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if simple {
            out.push_str(if out.is_empty() { "" } else { "." });
            out.push_str(&part);
        } else {
            out.push_str(&format!("[{part}]"));
        }
    }
    if out.is_empty() { "(the whole object)".into() } else { out }
}

/// At most so many bytes, and a sign where something is missing.
fn cut(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(bytes.saturating_sub('\u{2026}'.len_utf8()));
    format!("{}\u{2026}", &text[..end])
}
