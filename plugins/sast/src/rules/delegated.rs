//! A verdict of somebody else counts in place of a report: only by the named verifier, and only with its signature.

use portcullis_proof::document::Fault;
use portcullis_proof::evidence::{Instead, Look};
use portcullis_proof::identity::admits;
use portcullis_proof::reading::{flag, seconds};
use portcullis_proof::signer::signer;
use portcullis_proof::words::{days, list, name};
use portcullis_sdk::{Node, Rule, Severity};

use crate::scan::{
    CONFIGURATIONS, DELEGATED, KIND, LEVELS, PASSED, PROPERTIES, RESULT, SIGNED_AT_SECONDS, SUBJECT, TIME_SECONDS,
    VERIFIER,
};
use crate::settings::{Delegate, Entry};

/// Verdicts are there, and none counts.
pub const REFUSED: Rule = Rule::new(
    "delegated-refused",
    Severity::High,
    "A verdict in place of a SARIF report does not count, or is not that it passed",
);

/// Whose verdict about a digest counts in place of a report.
pub fn judge(entry: &Entry<'_>, look: &Look<'_>, digest: &str) -> Instead {
    let mut instead = Instead::default();
    if look.need.trust.is_none() || entry.delegated.is_empty() {
        return instead;
    }
    let about: Vec<Node> = look.root.get(DELEGATED).items().filter(|node| node.get(SUBJECT).text() == digest).collect();
    let mut faults: Vec<String> = Vec::new();
    for delegate in &entry.delegated {
        match verdict(entry, look, delegate, &about) {
            Ok(node) => instead.signers.push(signer(node)),
            Err(fault) if !faults.contains(&fault) => faults.push(fault),
            Err(_) => {}
        }
    }
    if !about.is_empty() && instead.signers.is_empty() {
        let what = format!(
            "has no SARIF report that counts, and no verdict in place of one (`delegated`): {}; let the named verifier judge it and sign",
            list(&faults, "and")
        );
        instead.fault = Some(Fault::new(&REFUSED, what));
    }
    instead
}

/// The verdict that a delegate asks for; else what is wrong with what there is.
fn verdict(entry: &Entry<'_>, look: &Look<'_>, delegate: &Delegate<'_>, about: &[Node]) -> Result<Node, String> {
    let by = match delegate.verifier {
        "" => format!("a `{}`", delegate.kind),
        verifier => format!("a `{}` of {}", delegate.kind, name(verifier)),
    };
    let is_by = |node: &&Node| {
        node.get(KIND).text() == delegate.kind
            && (delegate.verifier.is_empty() || node.get(VERIFIER).text() == delegate.verifier)
    };
    let named: Vec<&Node> = about.iter().filter(is_by).collect();
    let signed: Vec<&Node> =
        named.iter().copied().filter(|node| admits(&delegate.signers, &signer(**node)).is_ok()).collect();
    if signed.is_empty() {
        return Err(if named.is_empty() {
            format!("there is none of {by}")
        } else {
            format!("{by} is not signed by those who may")
        });
    }
    // The latest word counts; where one has no time, nobody knows which that is, and all must agree.
    let times: Vec<Option<i64>> = signed.iter().map(|node| seconds(node.get(TIME_SECONDS))).collect();
    let latest = if times.iter().all(Option::is_some) { times.iter().flatten().max().copied() } else { None };
    let mut good: Result<Node, String> = Err(format!("there is none of {by}"));
    for (node, time) in signed.iter().zip(&times) {
        if latest.is_some() && *time != latest {
            continue;
        }
        if let Some(fault) = fault(entry, look, delegate, **node, *time) {
            return Err(format!("{by} {fault}"));
        }
        good = Ok(**node);
    }
    good
}

/// What keeps a verdict from counting.
fn fault(entry: &Entry<'_>, look: &Look<'_>, delegate: &Delegate<'_>, node: Node, time: Option<i64>) -> Option<String> {
    if flag(node.get(PASSED)) != Some(true) {
        return Some(format!("is {}", name(&node.get(RESULT).text())));
    }
    for (key, what, asked) in [
        (LEVELS, "level", &delegate.levels),
        (PROPERTIES, "property", &delegate.properties),
        (CONFIGURATIONS, "configuration", &delegate.configurations),
    ] {
        let said: Vec<String> = node.get(key).items().map(|one| one.text()).collect();
        if let Some(missing) = asked.iter().find(|asked| !said.iter().any(|one| one == *asked)) {
            return Some(format!("does not name the {what} {}", name(missing)));
        }
    }
    let signed = seconds(node.get(SIGNED_AT_SECONDS));
    if signed.into_iter().chain(time).any(|made| made > look.time.saturating_add(entry.skew)) {
        return Some("is from the future".to_owned());
    }
    let most = entry.max_age?;
    match signed {
        None => Some("was not signed at a time that anybody verified".to_owned()),
        Some(made) if look.time.saturating_sub(made) > most => {
            Some(format!("is {} old, more than the {} of `maxAge`", days(look.time.saturating_sub(made)), days(most)))
        }
        Some(_) => None,
    }
}
