//! SBOMs and reports that the caller gave and nobody judged, or did not give where one would have counted: which, why, and what to do.

use portcullis_evidence::{GivenDocument, SAST, SBOM, Use};
use portcullis_gate::Sets;
use portcullis_model::{Decision, FactStatus, PolicyState};
use serde_json::Value;

/// Policies that one notice names.
const POLICIES_SHOWN: usize = 3;

/// A kind of document, in words.
struct Words {
    kind: &'static str,
    flag: &'static str,
    one: &'static str,
    many: &'static str,
}

const KINDS: [Words; 2] = [
    Words { kind: SBOM, flag: "--sbom", one: "an SBOM", many: "SBOMs" },
    Words { kind: SAST, flag: "--sarif", one: "a SARIF report", many: "SARIF reports" },
];

/// What the caller should know of the documents that were given, and of those that were not. What a finding speaks of, nobody
/// needs to be told again.
pub(crate) fn notices(sets: &Sets, given: &[GivenDocument], decisions: &[Decision]) -> Vec<String> {
    let mut notices = Vec::new();
    for words in &KINDS {
        let policies = asking(sets, words.kind);
        let own: Vec<&GivenDocument> = given.iter().filter(|one| one.kind == words.kind).collect();
        for one in own.iter().filter(|one| !is_told(&one.file, decisions)) {
            let judged = own.iter().any(|other| other.used == Use::Told);
            let why = match one.used {
                Use::Unasked => not_reached(sets, words.kind, decisions),
                _ => None,
            };
            let why = why.or_else(|| why_not(one, words, &policies, judged, decisions));
            notices.extend(why.map(|why| format!("`{}` ({}) was not judged: {why}", one.file, words.flag)));
        }
        if own.is_empty() && is_missing(words.kind, decisions) {
            let Words { flag, one, .. } = words;
            notices.push(format!("{one} that nobody signed would count here (`local: accept`): {flag} FILE gives one"));
        }
    }
    notices
}

/// The policies that may ask for facts of a kind, for messages.
pub(crate) fn asking(sets: &Sets, kind: &str) -> String {
    let all = sets.sets.iter().flat_map(|set| set.loaded.set.policies.iter().map(move |policy| (set, policy)));
    let all = all.filter(|(_, policy)| policy.grants.iter().any(|grant| grant == kind));
    let names: Vec<String> =
        all.map(|(set, policy)| format!("`{}` of `{}`", policy.name, set.loaded.set.name)).collect();
    let more = names.len().saturating_sub(POLICIES_SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", names[..names.len().min(POLICIES_SHOWN)].join(", "))
}

/// Why a policy that covers what is judged did not come to ask: it could not judge, or another one denied first.
fn not_reached(sets: &Sets, kind: &str, decisions: &[Decision]) -> Option<String> {
    let granted = |set: &str, policy: &str| {
        let own = sets.sets.iter().filter(|known| known.loaded.set.name == set);
        let mut policies = own.flat_map(|known| &known.loaded.set.policies);
        policies.any(|known| known.name == policy && known.grants.iter().any(|grant| grant == kind))
    };
    let in_state = |wanted: PolicyState| {
        let all = decisions.iter().flat_map(|decision| decision.policies.iter().map(move |one| (decision, one)));
        let mut all = all.filter(|(decision, (name, state))| *state == wanted && granted(&decision.policy_set, name));
        all.next().map(|(decision, (name, _))| format!("`{name}` of `{}`", decision.policy_set))
    };
    let failed = in_state(PolicyState::Failed).map(|who| format!("{who} could not judge, and its message says why"));
    failed.or_else(|| {
        in_state(PolicyState::NotEvaluated)
            .map(|who| format!("{who} was not evaluated: another policy had denied before (`failFast`)"))
    })
}

/// Why nobody judged it; `judged` where another one of its kind was.
fn why_not(
    given: &GivenDocument,
    words: &Words,
    policies: &str,
    judged: bool,
    decisions: &[Decision],
) -> Option<String> {
    let Words { flag, one, many, kind } = words;
    let show = format!("`portcullis evidence show {flag} {}` shows what it says", given.file);
    match given.used {
        Use::Unasked => Some(format!(
            "no policy asked for {one} here: those that could ({policies}) cover no image and no --artifact that is judged, or except it; judge what it is about, or add an entry with `local: accept` to their settings"
        )),
        Use::Unsigned => Some(format!(
            "only {many} count here that somebody signed ({policies}); say `local: accept` there, or have it attested (`cosign attest`); of what an API server asked (an AdmissionReview), no file counts"
        )),
        Use::Unreadable => Some(format!("it cannot be read as {one}, and another one was; {show}")),
        Use::Elsewhere => {
            let other = if judged { ", and another one does not" } else { ", as each that was given does" };
            let platforms = match *kind {
                SBOM => {
                    "; of an index no SBOM of a single platform counts as a file: have it attested (`cosign attest`), or judge that platform by its digest"
                }
                _ => "",
            };
            Some(format!("it names another digest than what is judged{other}{platforms}; {show}"))
        }
        Use::Compared => is_missing(words.kind, decisions).then(|| {
            format!(
                "it is the `baseline` that results are compared with; give the report that is judged by {flag} as well"
            )
        }),
        Use::Told => None,
    }
}

/// Whether a finding stands in the file, or names it.
fn is_told(file: &str, decisions: &[Decision]) -> bool {
    let name = format!("`{file}`");
    let mut findings = decisions.iter().flat_map(|decision| &decision.findings).map(|judged| &judged.finding);
    findings.any(|finding| {
        finding.place.as_ref().is_some_and(|place| place.file() == file) || finding.message.contains(&name)
    })
}

/// Whether somebody asked for such a document, would have taken a file, and found nothing.
fn is_missing(kind: &str, decisions: &[Decision]) -> bool {
    let absent = FactStatus::Absent.as_str();
    let facts = decisions.iter().flat_map(|decision| &decision.facts).filter(|(_, status, _)| status == absent);
    let mut queries = facts.filter_map(|(query, ..)| serde_json::from_str::<Value>(query).ok());
    queries.any(|query| query["kind"] == kind && query["arguments"]["local"] == "accept")
}
