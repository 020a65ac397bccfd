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
    /// It was there before: a baseline lists it, and somebody answers for that until a date.
    Known,
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
            Self::Known => "known",
        }
    }

    /// The effect of that word, of those that a policy set may write: waivers and baselines are never written there.
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

impl Judged {
    /// A baseline lists this finding, so that it does nothing. What is waived stays waived, and what only
    /// shadows stays so.
    pub fn becomes_known(&mut self) {
        if matches!(self.effect, Effect::Deny | Effect::Warn | Effect::Audit) {
            self.effect = Effect::Known;
        }
    }

    /// Whether a baseline may list it.
    pub fn may_be_known(&self) -> bool {
        matches!(self.effect, Effect::Deny | Effect::Warn | Effect::Audit | Effect::Known)
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
        // Written for every review: one buffer, and nothing else is allocated.
        let mut out = String::with_capacity(1024);
        list(&mut out, "{\"errors\":", &self.failures, canonical_failure);
        list(&mut out, ",\"facts\":", &self.facts, |out, (query, status, digest)| {
            text(out, "{\"digest\":", digest);
            text(out, ",\"query\":", query);
            text(out, ",\"status\":", status);
        });
        list(&mut out, ",\"findings\":", &self.findings, canonical_finding);
        out.push_str(if self.judged() { ",\"judged\":true" } else { ",\"judged\":false" });
        text(&mut out, ",\"mode\":", self.mode.as_str());
        text(&mut out, ",\"operation\":", &self.operation);
        list(&mut out, ",\"policies\":", &self.policies, |out, (name, state)| {
            text(out, "{\"name\":", name);
            text(out, ",\"state\":", state.as_str());
        });
        text(&mut out, ",\"policySet\":{\"digest\":", &self.policy_set_digest);
        text(&mut out, ",\"name\":", &self.policy_set);
        text(&mut out, "},\"subject\":{\"apiVersion\":", &self.subject.api_version);
        text(&mut out, ",\"kind\":", &self.subject.kind);
        text(&mut out, ",\"name\":", &self.subject.name);
        text(&mut out, ",\"namespace\":", &self.subject.namespace);
        text(&mut out, ",\"subject\":", self.subject.kind_of.as_str());
        text(&mut out, "},\"verdict\":", self.verdict().as_str());
        out.push_str(",\"version\":1}");
        out.into_bytes()
    }

    /// `sha256:` and the hex digits of the SHA-256 of the canonical bytes.
    pub fn id(&self) -> String {
        sha256_hex(&self.canonical_bytes())
    }
}

/// Where the mode of a review comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModeSource {
    /// Whoever asked said so (`--mode`).
    Caller,
    /// The label of the namespace.
    Label,
    /// The set's default, for it looks at no label.
    NoLabel,
    /// The set's default, for the namespace has no such label.
    Unlabelled,
    /// The set's default, for what has no namespace, or is one.
    NoNamespace,
    /// Compliance, for nobody knows the namespace's labels.
    Unknown,
    /// Compliance, for the label says neither mode.
    NeitherMode,
}

impl ModeSource {
    /// In words that go on after "because".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "whoever asks says so (`--mode`, or `mode` of `portcullis.yaml`)",
            Self::Label => "the namespace's label says so",
            Self::NoLabel => "it is the set's default, and the set looks at no label",
            Self::Unlabelled => "it is the set's default, and the namespace has no such label",
            Self::NoNamespace => "it is the set's default, and this has no namespace to say otherwise",
            Self::Unknown => "the labels of the namespace are not known",
            Self::NeitherMode => "the namespace's label says neither mode",
        }
    }
}

/// The mode that holds for a review, and what is worth telling about how it was chosen.
pub fn mode_of(rule: &ModeRule, review: &Review) -> (Mode, Option<Failure>) {
    let (mode, _, told) = mode_with_source(rule, review);
    (mode, told)
}

/// The same with where it comes from.
///
/// The weaker mode needs a known reason: unknown labels and unknown values are compliance, and a Namespace never chooses
/// the mode of its own review (DESIGN.md, principle 3).
pub fn mode_with_source(rule: &ModeRule, review: &Review) -> (Mode, ModeSource, Option<Failure>) {
    if let Some(mode) = review.mode {
        return (mode, ModeSource::Caller, None);
    }
    let Some(label) = &rule.namespace_label else { return (rule.default, ModeSource::NoLabel, None) };
    let own = review.request.kind.group.is_empty() && review.request.kind.kind == "Namespace";
    match &review.namespace {
        _ if own => (rule.default, ModeSource::NoNamespace, None),
        NamespaceLabels::None => (rule.default, ModeSource::NoNamespace, None),
        // Only where the set would have been milder is there anything to explain.
        NamespaceLabels::Unknown(reason) if rule.default == Mode::Sandbox => {
            let message = format!("compliance holds, because the namespace's labels are not known: {reason}");
            (Mode::Compliance, ModeSource::Unknown, Some(Failure::notice(FailureKind::Input, message)))
        }
        NamespaceLabels::Unknown(_) => (Mode::Compliance, ModeSource::Unknown, None),
        NamespaceLabels::Known(labels) => match labels.get(label) {
            None => (rule.default, ModeSource::Unlabelled, None),
            Some(value) => match Mode::parse(value) {
                Some(mode) => (mode, ModeSource::Label, None),
                None => {
                    let message = format!(
                        "the namespace `{}` says `{label}: {}`, which is neither `sandbox` nor `compliance`; compliance holds",
                        review.request.namespace.escape_debug(),
                        value.escape_debug()
                    );
                    let told = Failure::notice(FailureKind::Input, message);
                    (Mode::Compliance, ModeSource::NeitherMode, Some(told))
                }
            },
        },
    }
}

fn canonical_failure(out: &mut String, failure: &Failure) {
    text(out, "{\"effect\":", failure.effect.as_str());
    text(out, ",\"kind\":", failure.kind.as_str());
    text(out, ",\"message\":", &failure.message);
    text_or_null(out, ",\"policy\":", failure.policy.as_deref());
}

fn canonical_finding(out: &mut String, judged: &Judged) {
    let finding = &judged.finding;
    text(out, "{\"effect\":", judged.effect.as_str());
    // Written only where it says something, so that every other decision keeps its bytes.
    if judged.existing {
        out.push_str(",\"existing\":true");
    }
    match &finding.fix {
        None => out.push_str(",\"fix\":null"),
        Some(fix) => {
            text(out, ",\"fix\":{\"description\":", &fix.description);
            text(out, ",\"operation\":", fix.operation.as_str());
            out.push_str(if fix.safe { ",\"safe\":true" } else { ",\"safe\":false" });
            text(out, ",\"value\":", &fix.value);
            out.push('}');
        }
    }
    text(out, ",\"message\":", &finding.message);
    text(out, ",\"plugin\":", &judged.plugin);
    text(out, ",\"pointer\":", &finding.pointer);
    text(out, ",\"policy\":", &judged.policy);
    text(out, ",\"rule\":", &finding.rule);
    text(out, ",\"severity\":", judged.severity.as_str());
    text_or_null(out, ",\"waiver\":", judged.waiver.as_deref());
}

/// What stands before a text, and the text.
fn text(out: &mut String, before: &str, value: &str) {
    out.push_str(before);
    json_string(value, out);
}

fn text_or_null(out: &mut String, before: &str, value: Option<&str>) {
    out.push_str(before);
    match value {
        Some(value) => json_string(value, out),
        None => out.push_str("null"),
    }
}

/// What stands before a list, and the list; `one` writes an object up to its last bracket.
fn list<T>(out: &mut String, before: &str, items: &[T], one: impl Fn(&mut String, &T)) {
    out.push_str(before);
    out.push('[');
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        one(out, item);
        out.push('}');
    }
    out.push(']');
}

#[cfg(test)]
mod tests;
