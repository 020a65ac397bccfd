//! Mode and findings in, verdict out: the one place where anything is denied; its canonical bytes and id.

use std::fmt;

use crate::canonical::{json_string, sha256_hex};
use crate::finding::{Finding, Severity};
use crate::policy::{ModeRule, Policy};
use crate::review::{NamespaceLabels, Review};
use crate::subject::Subject;

/// The mode of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Findings are warnings; nothing is blocked.
    Sandbox,
    /// Findings deny.
    Compliance,
}

impl Mode {
    /// The word in labels, policy sets and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Compliance => "compliance",
        }
    }

    /// The mode of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Sandbox, Self::Compliance].into_iter().find(|mode| mode.as_str() == word)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a finding or a failure does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// The change may not enter.
    Deny,
    /// The change enters, and whoever made it is told.
    Warn,
    /// The change enters, and only the record says so.
    Audit,
    /// Nothing happens: a new version is tried beside the old one.
    Shadow,
    /// Somebody answers for it until a date.
    Waived,
}

impl Effect {
    /// The word in policy sets and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Warn => "warn",
            Self::Audit => "audit",
            Self::Shadow => "shadow",
            Self::Waived => "waived",
        }
    }

    /// The effect of that word, of those that a policy set may write: a waiver is never written there.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Deny, Self::Warn, Self::Audit, Self::Shadow].into_iter().find(|effect| effect.as_str() == word)
    }
}

/// Whether a change may enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Allow,
    /// It may not.
    Deny,
}

impl Verdict {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

/// Why something could not be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The plugin spent its time, or the review's deadline passed.
    Timeout,
    /// The plugin trapped, broke the contract, or spent another part of its budget.
    Trap,
    /// The policy cannot be used as it is configured.
    Settings,
    /// A fact could not be looked up, or was asked without permission.
    Fact,
    /// The input does not say what is needed.
    Input,
}

impl FailureKind {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Trap => "trap",
            Self::Settings => "settings",
            Self::Fact => "fact",
            Self::Input => "input",
        }
    }
}

/// Something that could not be judged. It is never a pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The policy that could not judge; `None` where the whole set is concerned.
    pub policy: Option<String>,
    /// What went wrong.
    pub kind: FailureKind,
    /// For a person: what, on what, against which limit, what to do.
    pub message: String,
    /// `Deny` or `Warn`.
    pub effect: Effect,
}

impl Failure {
    /// A policy that could not judge, with the effect that its `onError` declares.
    pub fn of_policy(policy: &Policy, mode: Mode, kind: FailureKind, message: impl Into<String>) -> Self {
        Self { policy: Some(policy.name.clone()), kind, message: message.into(), effect: *policy.on_error.of(mode) }
    }

    /// Something that concerns the whole subject and denies.
    pub fn of_subject(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { policy: None, kind, message: message.into(), effect: Effect::Deny }
    }

    /// Something that a person should know and that changes nothing.
    pub fn notice(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { policy: None, kind, message: message.into(), effect: Effect::Warn }
    }
}

/// A finding with what it does here.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The policy.
    pub policy: String,
    /// The plugin's name and digest: `resource-limits@sha256:...`.
    pub plugin: String,
    /// The severity after overrides.
    pub severity: Severity,
    /// What it does.
    pub effect: Effect,
    /// The waiver that stands for it.
    pub waiver: Option<String>,
    /// Whether the object had it before the update already, so that its effect is milder than to deny.
    pub existing: bool,
    /// The finding.
    pub finding: Finding,
}

impl Judged {
    /// Applies mode, overrides and waiver to a finding.
    pub fn new(policy: &Policy, plugin: &str, mode: Mode, waiver: Option<String>, finding: Finding) -> Self {
        let effect = if waiver.is_some() { Effect::Waived } else { policy.effect_of(&finding.rule, mode) };
        let severity = policy.severity_of(&finding.rule, finding.severity);
        let (policy, plugin) = (policy.name.clone(), plugin.to_owned());
        Self { policy, plugin, severity, effect, waiver, existing: false, finding }
    }
}

/// What became of one policy of the set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyState {
    /// It judged.
    Evaluated,
    /// It does not match this review.
    Skipped,
    /// An earlier policy denied and the set is `failFast`.
    NotEvaluated,
    /// It could not judge.
    Failed,
}

impl PolicyState {
    /// The word in reports.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Evaluated => "evaluated",
            Self::Skipped => "skipped",
            Self::NotEvaluated => "notEvaluated",
            Self::Failed => "failed",
        }
    }
}

/// The judgement of one review by one policy set.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The set's name.
    pub policy_set: String,
    /// The set's digest.
    pub policy_set_digest: String,
    /// What was judged.
    pub subject: Subject,
    /// The operation; empty for a document.
    pub operation: String,
    /// The mode that held.
    pub mode: Mode,
    /// What became of each policy, in the set's order.
    pub policies: Vec<(String, PolicyState)>,
    /// The findings, in the order of the policies and then of the plugin.
    pub findings: Vec<Judged>,
    /// What could not be judged.
    pub failures: Vec<Failure>,
    /// The facts used: kind and arguments, status, SHA-256 of the document (empty without one).
    pub facts: Vec<(String, String, String)>,
}

impl Decision {
    /// Whether the change may enter, as far as this set is concerned.
    pub fn verdict(&self) -> Verdict {
        let denies = self.findings.iter().any(|judged| judged.effect == Effect::Deny)
            || self.failures.iter().any(|failure| failure.effect == Effect::Deny);
        if denies { Verdict::Deny } else { Verdict::Allow }
    }

    /// Whether every policy that had to judge did.
    pub fn judged(&self) -> bool {
        self.failures.iter().all(|failure| failure.policy.is_none() && failure.effect != Effect::Deny)
    }

    /// Whether any policy matched.
    pub fn matched(&self) -> bool {
        self.policies.iter().any(|(_, state)| *state != PolicyState::Skipped)
    }

    /// The decision as bytes that are the same forever: JSON, members sorted, no white space; without source positions,
    /// times and durations.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let failures = list(&self.failures, |failure| {
            object(&[
                ("effect", text(failure.effect.as_str())),
                ("kind", text(failure.kind.as_str())),
                ("message", text(&failure.message)),
                ("policy", failure.policy.as_deref().map_or("null".into(), text)),
            ])
        });
        let facts = list(&self.facts, |(query, status, digest)| {
            object(&[("digest", text(digest)), ("query", text(query)), ("status", text(status))])
        });
        let policies =
            list(&self.policies, |(name, state)| object(&[("name", text(name)), ("state", text(state.as_str()))]));
        let subject = object(&[
            ("apiVersion", text(&self.subject.api_version)),
            ("kind", text(&self.subject.kind)),
            ("name", text(&self.subject.name)),
            ("namespace", text(&self.subject.namespace)),
            ("subject", text(self.subject.kind_of.as_str())),
        ]);
        object(&[
            ("errors", failures),
            ("facts", facts),
            ("findings", list(&self.findings, canonical_finding)),
            ("judged", self.judged().to_string()),
            ("mode", text(self.mode.as_str())),
            ("operation", text(&self.operation)),
            ("policies", policies),
            ("policySet", object(&[("digest", text(&self.policy_set_digest)), ("name", text(&self.policy_set))])),
            ("subject", subject),
            ("verdict", text(self.verdict().as_str())),
            ("version", "1".into()),
        ])
        .into_bytes()
    }

    /// `sha256:` and the hex digits of the SHA-256 of the canonical bytes.
    pub fn id(&self) -> String {
        sha256_hex(&self.canonical_bytes())
    }
}

/// The mode that holds for a review, and what is worth telling about how it was chosen.
///
/// The weaker mode needs a known reason: unknown labels and unknown values are compliance, and a Namespace never chooses
/// the mode of its own review (DESIGN.md, principle 3).
pub fn mode_of(rule: &ModeRule, review: &Review) -> (Mode, Option<Failure>) {
    if let Some(mode) = review.mode {
        return (mode, None);
    }
    let Some(label) = &rule.namespace_label else { return (rule.default, None) };
    let own = review.request.kind.group.is_empty() && review.request.kind.kind == "Namespace";
    match &review.namespace {
        _ if own => (rule.default, None),
        NamespaceLabels::None => (rule.default, None),
        // Only where the set would have been milder is there anything to explain.
        NamespaceLabels::Unknown(reason) if rule.default == Mode::Sandbox => {
            let message = format!("compliance holds, because the namespace's labels are not known: {reason}");
            (Mode::Compliance, Some(Failure::notice(FailureKind::Input, message)))
        }
        NamespaceLabels::Unknown(_) => (Mode::Compliance, None),
        NamespaceLabels::Known(labels) => match labels.get(label) {
            None => (rule.default, None),
            Some(value) => match Mode::parse(value) {
                Some(mode) => (mode, None),
                None => {
                    let message = format!(
                        "the namespace `{}` says `{label}: {}`, which is neither `sandbox` nor `compliance`; compliance holds",
                        review.request.namespace.escape_debug(),
                        value.escape_debug()
                    );
                    (Mode::Compliance, Some(Failure::notice(FailureKind::Input, message)))
                }
            },
        },
    }
}

fn canonical_finding(judged: &Judged) -> String {
    let finding = &judged.finding;
    let fix = finding.fix.as_ref().map_or("null".into(), |fix| {
        object(&[
            ("description", text(&fix.description)),
            ("operation", text(fix.operation.as_str())),
            ("safe", fix.safe.to_string()),
            ("value", text(&fix.value)),
        ])
    });
    let mut members = vec![("effect", text(judged.effect.as_str()))];
    // Written only where it says something, so that every other decision keeps its bytes.
    if judged.existing {
        members.push(("existing", "true".into()));
    }
    members.extend([
        ("fix", fix),
        ("message", text(&finding.message)),
        ("plugin", text(&judged.plugin)),
        ("pointer", text(&finding.pointer)),
        ("policy", text(&judged.policy)),
        ("rule", text(&finding.rule)),
        ("severity", text(judged.severity.as_str())),
        ("waiver", judged.waiver.as_deref().map_or("null".into(), text)),
    ]);
    object(&members)
}

fn text(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    json_string(value, &mut out);
    out
}

fn object(members: &[(&str, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

fn list<T>(items: &[T], one: impl Fn(&T) -> String) -> String {
    let items: Vec<String> = items.iter().map(one).collect();
    format!("[{}]", items.join(","))
}
