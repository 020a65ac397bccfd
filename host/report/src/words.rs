//! Subjects, policies, rules and numbers as every voice says them.

use std::borrow::Cow;
use std::cmp::Reverse;

use portcullis_model::{Decision, Fix, Judged, Subject, SubjectKind};

use crate::escape::plain;
use crate::report::Report;
use crate::statement::Weight;

/// The findings of a subject as a person should meet them: those that deny in front, then by severity, then by where they
/// stand. The order in a decision is part of its bytes and stays.
pub(crate) fn worst_first<'a>(findings: impl IntoIterator<Item = &'a Judged>) -> Vec<&'a Judged> {
    let mut findings: Vec<&Judged> = findings.into_iter().collect();
    findings.sort_by_key(|judged| {
        let place = judged.finding.place.as_ref().map(|place| place.span.start);
        (Weight::of(judged.effect), Reverse(judged.severity), place.is_none(), place)
    });
    findings
}

/// Whether a voice must say which set spoke.
pub(crate) fn several_sets(report: &Report) -> bool {
    let mut sets = report.decisions.iter().map(|decision| (&decision.policy_set, &decision.policy_set_digest));
    let first = sets.next();
    report.policy_sets.len() > 1 || sets.any(|set| Some(set) != first)
}

/// Bytes of a name, namespace or kind that a report repeats: as long as Kubernetes' own longest name. It is said with every
/// finding, and whoever writes a manifest would choose how large the report gets. A path may be longer (`PATH_MAX`).
pub(crate) const NAME_BYTES: usize = 253;
/// The same of a path, which is the name of a document.
const PATH_BYTES: usize = 4096;

/// A name as far as it is said, with a mark where that is not all.
pub(crate) fn short(name: &str) -> Cow<'_, str> {
    cut(name, NAME_BYTES)
}

fn cut(name: &str, most: usize) -> Cow<'_, str> {
    match name.len() <= most {
        true => Cow::Borrowed(name),
        false => Cow::Owned(format!("{}… ({} bytes)", &name[..name.floor_char_boundary(most)], name.len())),
    }
}

/// The name of a subject as far as it is said.
pub(crate) fn short_name(subject: &Subject) -> Cow<'_, str> {
    cut(&subject.name, if subject.kind_of == SubjectKind::Document { PATH_BYTES } else { NAME_BYTES })
}

/// `Deployment shop/web`, `document specs/a.yaml`.
pub fn subject_name(subject: &Subject) -> String {
    let (kind, namespace, name) = (short(&subject.kind), short(&subject.namespace), short_name(subject));
    let kind = if kind.is_empty() { subject.kind_of.as_str().into() } else { plain(&kind) };
    let name = if name.is_empty() { "(no name)".into() } else { plain(&name) };
    match &*namespace {
        "" => format!("{kind} {name}"),
        namespace => format!("{kind} {}/{name}", plain(namespace)),
    }
}

/// `Deployment/shop/web`, the path for a document; a `/` inside a name is escaped, so that two subjects never look alike.
pub(crate) fn subject_path(decision: &Decision) -> String {
    let subject = &decision.subject;
    path_of([&short(&subject.kind), &short(&subject.namespace), &short_name(subject)])
}

/// The same with every byte, for what is hashed.
pub(crate) fn whole_subject_path(decision: &Decision) -> String {
    let subject = &decision.subject;
    path_of([&subject.kind, &subject.namespace, &subject.name])
}

fn path_of(parts: [&str; 3]) -> String {
    let [kind, _, name] = parts;
    if kind.is_empty() { name.to_owned() } else { parts.map(|part| part.replace('/', "~1")).join("/") }
}

/// The plugin without its digest.
pub(crate) fn plugin_of(judged: &Judged) -> &str {
    judged.plugin.split('@').next().unwrap_or_default()
}

/// The finding code that is forever: `plugin/rule`.
pub(crate) fn code_of(judged: &Judged) -> String {
    format!("{}/{}", plugin_of(judged), judged.finding.rule)
}

/// The same for machines, which have no line for the policy: `policy/plugin/rule`, unless the policy has the name
/// of its plugin. Every rule that somebody writes in CEL is one rule of one plugin.
pub(crate) fn policy_code(policy: &str, plugin: &str, rule: &str) -> String {
    if policy == plugin { format!("{plugin}/{rule}") } else { format!("{policy}/{plugin}/{rule}") }
}

/// The code of a finding for machines.
pub(crate) fn policy_code_of(judged: &Judged) -> String {
    policy_code(&judged.policy, plugin_of(judged), &judged.finding.rule)
}

/// The policy, and its set where several judged.
pub(crate) fn policy_words(policy: &str, set: Option<&str>) -> String {
    match set {
        Some(set) => format!("policy {} of {}", plain(policy), plain(set)),
        None => format!("policy {}", plain(policy)),
    }
}

/// What a fix does, for a person.
pub(crate) fn fix_words(fix: &Fix) -> String {
    match fix.description.as_str() {
        "" => format!("{} {}", fix.operation.as_str(), fix.value),
        description => description.to_owned(),
    }
}

/// `1 file`, `2 files`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// How many of what, in one line.
pub(crate) fn summary_words(report: &Report) -> String {
    let summary = &report.summary;
    let mut parts = vec![count(summary.subjects, "subject")];
    if summary.subjects > 0 {
        let warned = match summary.allowed_with_warnings {
            0 => String::new(),
            some => format!(" ({some} with warnings)"),
        };
        parts[0] += &format!(": {} denied, {} allowed{warned}", summary.denied, summary.allowed);
    }
    let aside = [(summary.waived, "waived"), (summary.known, "known")];
    let aside: Vec<String> =
        aside.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let aside = if aside.is_empty() { String::new() } else { format!(" ({})", aside.join(", ")) };
    parts.push(count(summary.findings, "finding") + &aside);
    let others = [
        (summary.fixed, format!("{} fixed", summary.fixed)),
        (report.errors.len(), count(report.errors.len(), "error") + " in the input"),
        (summary.not_judged, format!("{} not judged", summary.not_judged)),
        (summary.unmatched, format!("{} matched by no policy", summary.unmatched)),
        (summary.skipped, format!("{} skipped", count(summary.skipped, "file"))),
    ];
    parts.extend(others.into_iter().filter(|(number, _)| *number > 0).map(|(_, text)| text));
    parts.join("; ")
}
