//! Our own stable schema.
//!
//! `check-report.schema.json` beside this crate describes it; a test holds the two together. Members are only ever added
//! within one `apiVersion`.

use portcullis_model::{Decision, Failure, Fix, Judged, Place};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::fixes::{FixOutcome, FixState};
use crate::json_text::json_text;
use crate::report::{BaselineInfo, InputError, Report};

/// The version of the schema.
pub const API_VERSION: &str = "portcullis.dev/v1alpha1";
/// The schema's name.
pub const KIND: &str = "CheckReport";

/// The report as a `CheckReport`, indented, with a line break at its end. Control and bidirectional characters in strings
/// are written as `\uNNNN`.
pub fn json(report: &Report) -> String {
    json_text(&WireReport::of(report))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireReport<'a> {
    api_version: &'static str,
    kind: &'static str,
    verdict: &'static str,
    summary: WireSummary,
    policy_sets: Vec<WirePolicySet<'a>>,
    errors: Vec<WireInputError<'a>>,
    skipped: Vec<WireSkipped<'a>>,
    notices: &'a [String],
    decisions: Vec<WireDecision<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixes: Option<Vec<WireOutcome<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<WireBaseline<'a>>,
    tool: WireTool<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_since: Option<WireChangedSince<'a>>,
}

/// `everything` says why everything was judged all the same, or is null.
#[derive(Serialize)]
struct WireChangedSince<'a> {
    reference: &'a str,
    changed: usize,
    unchanged: usize,
    everything: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireSummary {
    subjects: usize,
    allowed: usize,
    denied: usize,
    errors: usize,
    warnings: usize,
    waived: usize,
    allowed_with_warnings: usize,
    findings: usize,
    not_judged: usize,
    skipped: usize,
    unmatched: usize,
    /// Only where fixes were asked for, so that every other report keeps its bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed: Option<usize>,
    /// Likewise only where a baseline was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<usize>,
}

#[derive(Serialize)]
struct WirePolicySet<'a> {
    name: &'a str,
    digest: &'a str,
}

#[derive(Serialize)]
struct WireInputError<'a> {
    message: &'a str,
    source: Option<WireSource<'a>>,
    hint: Option<&'a str>,
}

#[derive(Serialize)]
struct WireSkipped<'a> {
    path: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct WireTool<'a> {
    name: &'static str,
    version: &'a str,
    commit: Option<&'a str>,
}

/// `line` and `column` are null where only the file is known; a subject has no column.
#[derive(Serialize)]
struct WireSource<'a> {
    file: &'a str,
    line: Option<u32>,
    column: Option<u32>,
}

#[derive(Serialize)]
struct WireSubjectSource<'a> {
    file: &'a str,
    line: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireSubject<'a> {
    #[serde(rename = "type")]
    kind_of: &'static str,
    api_version: &'a str,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
    source: Option<WireSubjectSource<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireDecision<'a> {
    id: String,
    policy_set: &'a str,
    policy_set_digest: &'a str,
    verdict: &'static str,
    judged: bool,
    matched: bool,
    mode: &'static str,
    operation: &'a str,
    subject: WireSubject<'a>,
    policies: Vec<WirePolicy<'a>>,
    findings: Vec<WireFinding<'a>>,
    errors: Vec<WireFailure<'a>>,
    facts: Vec<WireFact<'a>>,
}

#[derive(Serialize)]
struct WirePolicy<'a> {
    name: &'a str,
    state: &'static str,
}

#[derive(Serialize)]
struct WireFinding<'a> {
    policy: &'a str,
    plugin: &'a str,
    rule: &'a str,
    severity: &'static str,
    effect: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    existing: bool,
    waiver: Option<&'a str>,
    #[serde(rename = "waivedBy")]
    waived_by: Option<WireWaiver<'a>>,
    fix: Option<WireFix<'a>>,
    message: &'a str,
    pointer: &'a str,
    source: Option<WireSource<'a>>,
}

#[derive(Serialize)]
struct WireBaseline<'a> {
    name: &'a str,
    file: &'a str,
    digest: &'a str,
    owner: &'a str,
    expires: &'a str,
    expired: bool,
    listed: usize,
    gone: usize,
}

#[derive(Serialize)]
struct WireWaiver<'a> {
    owner: &'a str,
    ticket: &'a str,
    reason: &'a str,
    expires: &'a str,
}

#[derive(Serialize)]
struct WireFix<'a> {
    description: &'a str,
    operation: &'static str,
    value: Option<Box<RawValue>>,
    safe: bool,
    /// What a fix removed is no finding any more: here are those that were not applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    applied: Option<bool>,
}

#[derive(Serialize)]
struct WireOutcome<'a> {
    applied: bool,
    /// Whether the patch has it.
    patched: bool,
    reason: Option<&'a str>,
    file: &'a str,
    line: Option<u32>,
    subject: Option<&'a str>,
    policy: Option<&'a str>,
    rule: &'a str,
    pointer: &'a str,
    description: &'a str,
    safe: bool,
}

#[derive(Serialize)]
struct WireFailure<'a> {
    policy: Option<&'a str>,
    kind: &'static str,
    message: &'a str,
    effect: &'static str,
}

#[derive(Serialize)]
struct WireFact<'a> {
    query: &'a str,
    status: &'a str,
    digest: Option<&'a str>,
}

impl<'a> WireReport<'a> {
    fn of(report: &'a Report) -> Self {
        let summary = &report.summary;
        let sets = report.policy_sets.iter().map(|set| WirePolicySet { name: &set.name, digest: &set.digest });
        let skipped = report.skipped.iter().map(|file| WireSkipped { path: &file.path, reason: &file.reason });
        Self {
            api_version: API_VERSION,
            kind: KIND,
            verdict: report.verdict.as_str(),
            summary: WireSummary {
                subjects: summary.subjects,
                allowed: summary.allowed,
                denied: summary.denied,
                errors: summary.errors,
                warnings: summary.warnings,
                waived: summary.waived,
                allowed_with_warnings: summary.allowed_with_warnings,
                findings: summary.findings,
                not_judged: summary.not_judged,
                skipped: summary.skipped,
                unmatched: summary.unmatched,
                known: report.baseline.as_ref().map(|_| summary.known),
                fixed: report.fixes.as_ref().map(|_| summary.fixed),
            },
            policy_sets: sets.collect(),
            errors: report.errors.iter().map(WireInputError::of).collect(),
            skipped: skipped.collect(),
            notices: &report.notices,
            decisions: report.decisions.iter().map(|decision| WireDecision::of(decision, report)).collect(),
            fixes: report.fixes.as_ref().map(|fixes| fixes.iter().map(WireOutcome::of).collect()),
            baseline: report.baseline.as_ref().map(WireBaseline::of),
            tool: WireTool { name: "portcullis", version: &report.tool.version, commit: present(&report.tool.commit) },
            config: report.config.as_deref(),
            changed_since: report.changed_since.as_ref().map(|since| WireChangedSince {
                reference: &since.reference,
                changed: since.changed,
                unchanged: since.unchanged,
                everything: since.everything.as_deref(),
            }),
        }
    }
}

impl<'a> WireInputError<'a> {
    fn of(error: &'a InputError) -> Self {
        let file = || error.file.as_deref().map(|file| WireSource { file, line: None, column: None });
        let source = error.place.as_ref().map(WireSource::of).or_else(file);
        Self { message: &error.message, source, hint: error.hint.as_deref() }
    }
}

impl<'a> WireSource<'a> {
    fn of(place: &'a Place) -> Self {
        let (line, column) = place.start();
        Self { file: place.file(), line: Some(line), column: Some(column) }
    }
}

impl<'a> WireDecision<'a> {
    fn of(decision: &'a Decision, report: &'a Report) -> Self {
        let subject = &decision.subject;
        let policy =
            |(name, state): &'a (String, portcullis_model::PolicyState)| WirePolicy { name, state: state.as_str() };
        let fact =
            |(query, status, digest): &'a (String, String, String)| WireFact { query, status, digest: present(digest) };
        Self {
            id: decision.id(),
            policy_set: &decision.policy_set,
            policy_set_digest: &decision.policy_set_digest,
            verdict: decision.verdict().as_str(),
            judged: decision.judged(),
            matched: decision.matched(),
            mode: decision.mode.as_str(),
            operation: &decision.operation,
            subject: WireSubject {
                kind_of: subject.kind_of.as_str(),
                api_version: &subject.api_version,
                kind: &subject.kind,
                namespace: &subject.namespace,
                name: &subject.name,
                source: subject.place.as_ref().map(|at| WireSubjectSource { file: at.file(), line: at.start().0 }),
            },
            policies: decision.policies.iter().map(policy).collect(),
            findings: decision.findings.iter().map(|judged| WireFinding::of(judged, report)).collect(),
            errors: decision.failures.iter().map(WireFailure::of).collect(),
            facts: decision.facts.iter().map(fact).collect(),
        }
    }
}

impl<'a> WireFinding<'a> {
    fn of(judged: &'a Judged, report: &'a Report) -> Self {
        let finding = &judged.finding;
        let waiver = judged.waiver.as_deref().and_then(|name| report.waiver(name));
        Self {
            policy: &judged.policy,
            plugin: &judged.plugin,
            rule: &finding.rule,
            severity: judged.severity.as_str(),
            effect: judged.effect.as_str(),
            existing: judged.existing,
            waiver: judged.waiver.as_deref(),
            waived_by: waiver.map(|known| WireWaiver {
                owner: &known.owner,
                ticket: &known.ticket,
                reason: &known.reason,
                expires: &known.expires,
            }),
            fix: finding.fix.as_ref().map(|fix| WireFix::of(fix, report)),
            message: &finding.message,
            pointer: &finding.pointer,
            source: finding.place.as_ref().map(WireSource::of),
        }
    }
}

impl<'a> WireBaseline<'a> {
    fn of(baseline: &'a BaselineInfo) -> Self {
        let BaselineInfo { name, file, digest, owner, expires, expired, listed, gone } = baseline;
        Self { name, file, digest, owner, expires, expired: *expired, listed: *listed, gone: *gone }
    }
}

impl<'a> WireOutcome<'a> {
    fn of(fix: &'a FixOutcome) -> Self {
        let reason = if let FixState::Refused(reason) = &fix.state { Some(reason.as_str()) } else { None };
        Self {
            applied: fix.state == FixState::Applied,
            patched: fix.state == FixState::Patched,
            reason,
            file: &fix.file,
            line: fix.line,
            subject: present(&fix.subject),
            policy: fix.policy.as_deref(),
            rule: &fix.code,
            pointer: &fix.pointer,
            description: &fix.description,
            safe: fix.safe,
        }
    }
}

impl<'a> WireFix<'a> {
    fn of(fix: &'a Fix, report: &Report) -> Self {
        Self {
            description: &fix.description,
            operation: fix.operation.as_str(),
            value: present(&fix.value).map(raw_json),
            safe: fix.safe,
            applied: report.fixes.as_ref().map(|_| false),
        }
    }
}

impl<'a> WireFailure<'a> {
    fn of(failure: &'a Failure) -> Self {
        Self {
            policy: failure.policy.as_deref(),
            kind: failure.kind.as_str(),
            message: &failure.message,
            effect: failure.effect.as_str(),
        }
    }
}

/// A plugin's JSON text as it is. What is not JSON is told as a string, so that one plugin cannot spoil the report.
fn raw_json(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.trim().to_owned()).unwrap_or_else(|_| {
        let mut quoted = String::new();
        portcullis_model::json_string(text, &mut quoted);
        RawValue::from_string(quoted).expect("a JSON string is JSON")
    })
}

fn present(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
