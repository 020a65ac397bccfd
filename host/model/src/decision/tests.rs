//! Decisions: which mode holds, what denies in it, and the same bytes for the same judgement, forever.

use super::*;
use crate::finding::{Finding, Fix, FixOperation};
use crate::policy::{Match, Override, PerMode, PluginReference};
use crate::review::{GroupVersionKind, Request};
use crate::subject::SubjectKind;

fn judged(waiver: Option<&str>, fix: Option<Fix>) -> Judged {
    let finding = Finding {
        rule: "rule".into(),
        severity: Severity::High,
        message: "a \"message\"\n".into(),
        pointer: "/spec/a~1b".into(),
        place: None,
        fix,
    };
    Judged {
        policy: "limits".into(),
        plugin: "resource-limits@sha256:0".into(),
        severity: Severity::Low,
        effect: if waiver.is_some() { Effect::Waived } else { Effect::Deny },
        waiver: waiver.map(str::to_owned),
        existing: false,
        finding,
    }
}

#[test]
fn writes_the_same_bytes_forever() {
    let fix =
        |safe| Fix { description: "set it".into(), operation: FixOperation::Replace, value: "\"1\"".into(), safe };
    let failure = |policy: Option<&str>, effect| Failure {
        policy: policy.map(str::to_owned),
        kind: FailureKind::Input,
        message: "m".into(),
        effect,
    };
    let mut decision = Decision {
        policy_set: "default".into(),
        policy_set_digest: "sha256:1".into(),
        subject: Subject {
            kind_of: SubjectKind::Object,
            api_version: "v1".into(),
            kind: "Pod".into(),
            namespace: "shop".into(),
            name: "w\u{e4}b".into(),
            place: None,
            occurrence: None,
        },
        operation: "CREATE".into(),
        mode: Mode::Compliance,
        policies: Vec::new(),
        findings: Vec::new(),
        failures: Vec::new(),
        facts: Vec::new(),
    };
    let bytes = |decision: &Decision| String::from_utf8(decision.canonical_bytes()).expect("text");
    assert_eq!(
        bytes(&decision),
        r#"{"errors":[],"facts":[],"findings":[],"judged":true,"mode":"compliance","operation":"CREATE","policies":[],"policySet":{"digest":"sha256:1","name":"default"},"subject":{"apiVersion":"v1","kind":"Pod","name":"wäb","namespace":"shop","subject":"object"},"verdict":"allow","version":1}"#
    );
    decision.policies = vec![("a".into(), PolicyState::Evaluated), ("b".into(), PolicyState::NotEvaluated)];
    decision.findings = vec![judged(None, Some(fix(true))), judged(Some("w"), Some(fix(false))), judged(None, None)];
    decision.failures = vec![failure(None, Effect::Warn), failure(Some("p"), Effect::Deny)];
    decision.facts = vec![("q".into(), "absent".into(), String::new())];
    let finding = r#""message":"a \"message\"\n","plugin":"resource-limits@sha256:0","pointer":"/spec/a~1b","policy":"limits","rule":"rule","severity":"low""#;
    let whole = r#"{"errors":[{"effect":"warn","kind":"input","message":"m","policy":null},{"effect":"deny","kind":"input","message":"m","policy":"p"}],"facts":[{"digest":"","query":"q","status":"absent"}],"findings":[{"effect":"deny","fix":{"description":"set it","operation":"replace","safe":true,"value":"\"1\""},FINDING,"waiver":null},{"effect":"waived","fix":{"description":"set it","operation":"replace","safe":false,"value":"\"1\""},FINDING,"waiver":"w"},{"effect":"deny","fix":null,FINDING,"waiver":null}],"judged":false,"mode":"compliance","operation":"CREATE","policies":[{"name":"a","state":"evaluated"},{"name":"b","state":"notEvaluated"}],"policySet":{"digest":"sha256:1","name":"default"},"subject":{"apiVersion":"v1","kind":"Pod","name":"wäb","namespace":"shop","subject":"object"},"verdict":"deny","version":1}"#;
    assert_eq!(bytes(&decision), whole.replace("FINDING", finding));
}

fn policy(overrides: Vec<Override>) -> Policy {
    Policy {
        name: "limits".into(),
        plugin: PluginReference::Builtin { name: "resource-limits".into(), digest: None },
        matches: Match::default(),
        effect: PerMode { sandbox: Effect::Warn, compliance: Effect::Deny },
        on_error: PerMode { sandbox: Effect::Warn, compliance: Effect::Deny },
        on_existing: PerMode { sandbox: Effect::Deny, compliance: Effect::Deny },
        overrides,
        grants: Vec::new(),
        settings: PerMode::default(),
        place: None,
    }
}

fn overriding(rule: &str, severity: Option<Severity>, compliance: Option<Effect>) -> Override {
    Override { plugin: None, rule: rule.into(), severity, effect: PerMode { sandbox: None, compliance } }
}

#[test]
fn denies_by_the_mode_unless_an_override_of_that_very_rule_or_a_waiver_says_otherwise() {
    let finding = || judged(None, None).finding;
    let effect = |policy: &Policy, mode, waiver: Option<&str>| {
        let judged = Judged::new(policy, "resource-limits@sha256:0", mode, waiver.map(str::to_owned), finding());
        (judged.effect, judged.severity)
    };
    let plain = policy(Vec::new());
    assert_eq!(effect(&plain, Mode::Compliance, None), (Effect::Deny, Severity::High));
    assert_eq!(effect(&plain, Mode::Sandbox, None), (Effect::Warn, Severity::High));
    assert_eq!(effect(&plain, Mode::Compliance, Some("w")), (Effect::Waived, Severity::High));
    let other = policy(vec![overriding("another", Some(Severity::Info), Some(Effect::Audit))]);
    assert_eq!(effect(&other, Mode::Compliance, None), (Effect::Deny, Severity::High), "another rule's override");
    // The first that says something counts; what it does not name stays.
    let own =
        policy(vec![overriding("rule", Some(Severity::Info), None), overriding("rule", None, Some(Effect::Audit))]);
    assert_eq!(effect(&own, Mode::Compliance, None), (Effect::Audit, Severity::Info));
    assert_eq!(effect(&own, Mode::Sandbox, None), (Effect::Warn, Severity::Info), "it names compliance alone");
}

#[test]
fn a_baseline_lists_what_has_an_effect_and_never_what_a_waiver_or_a_trial_stands_for() {
    for (effect, becomes, may) in [
        (Effect::Deny, Effect::Known, true),
        (Effect::Warn, Effect::Known, true),
        (Effect::Audit, Effect::Known, true),
        (Effect::Known, Effect::Known, true),
        (Effect::Waived, Effect::Waived, false),
        (Effect::Shadow, Effect::Shadow, false),
    ] {
        let mut judged = Judged { effect, ..judged(None, None) };
        assert_eq!(judged.may_be_known(), may, "{effect:?}");
        judged.becomes_known();
        assert_eq!(judged.effect, becomes, "{effect:?}");
    }
}

#[test]
fn a_failure_denies_as_its_policy_declares_for_the_mode_a_subject_always_and_a_notice_never() {
    let effect = |failure: Failure| (failure.policy, failure.effect);
    let of_policy = |mode| effect(Failure::of_policy(&policy(Vec::new()), mode, FailureKind::Trap, "m"));
    assert_eq!(of_policy(Mode::Compliance), (Some("limits".into()), Effect::Deny));
    assert_eq!(of_policy(Mode::Sandbox), (Some("limits".into()), Effect::Warn));
    assert_eq!(effect(Failure::of_subject(FailureKind::Input, "m")), (None, Effect::Deny));
    assert_eq!(effect(Failure::notice(FailureKind::Input, "m")), (None, Effect::Warn));
}

#[test]
fn reads_every_word_that_a_policy_set_may_write_and_no_other() {
    for mode in [Mode::Sandbox, Mode::Compliance] {
        assert_eq!(Mode::parse(&mode.to_string()), Some(mode));
    }
    for effect in [Effect::Deny, Effect::Warn, Effect::Audit, Effect::Shadow] {
        assert_eq!(Effect::parse(effect.as_str()), Some(effect));
    }
    for severity in Severity::ALL {
        assert_eq!(Severity::parse(&severity.to_string()), Some(severity));
    }
    for word in ["", "Deny", "waived", "known", "allow", "block"] {
        assert_eq!(Effect::parse(word), None, "{word}");
        assert_eq!(Mode::parse(word), None, "{word}");
        assert_eq!(Severity::parse(word), None, "{word}");
    }
}

fn review(kind: &str, namespace: NamespaceLabels, mode: Option<Mode>) -> Review {
    let request = Request {
        kind: GroupVersionKind { group: String::new(), version: "v1".into(), kind: kind.into() },
        namespace: "shop".into(),
        ..Request::default()
    };
    let subject = Subject {
        kind_of: SubjectKind::Object,
        api_version: "v1".into(),
        kind: kind.into(),
        namespace: "shop".into(),
        name: "web".into(),
        place: None,
        occurrence: None,
    };
    Review {
        subject,
        request,
        object: None,
        old_object: None,
        options: None,
        request_document: None,
        namespace,
        mode,
        time: 0,
        notices: Vec::new(),
        file: None,
    }
}

fn labelled(label: &str, value: &str) -> NamespaceLabels {
    NamespaceLabels::Known([(label.to_owned(), value.to_owned())].into())
}

fn unknown() -> NamespaceLabels {
    NamespaceLabels::Unknown("nobody answered".into())
}

/// What holds where the set's default is this one, and whether something is told.
fn mode(default: Mode, kind: &str, labels: NamespaceLabels) -> (Mode, ModeSource, bool) {
    let rule = ModeRule { namespace_label: Some("example.com/mode".into()), default };
    let review = review(kind, labels, None);
    let (mode, source, told) = mode_with_source(&rule, &review);
    assert_eq!(mode_of(&rule, &review), (mode, told.clone()));
    assert!(told.as_ref().is_none_or(|told| (&told.policy, told.effect) == (&None, Effect::Warn)), "{told:?}");
    (mode, source, told.is_some())
}

#[test]
fn the_weaker_mode_needs_a_label_that_is_known_and_says_so() {
    for default in [Mode::Sandbox, Mode::Compliance] {
        let label = |value| mode(default, "Pod", labelled("example.com/mode", value));
        assert_eq!(label("sandbox"), (Mode::Sandbox, ModeSource::Label, false));
        assert_eq!(label("compliance"), (Mode::Compliance, ModeSource::Label, false));
        for neither in ["", "Sandbox", "sandbox ", "off"] {
            assert_eq!(label(neither), (Mode::Compliance, ModeSource::NeitherMode, true), "{neither:?}");
        }
        let other = mode(default, "Pod", labelled("another", "sandbox"));
        assert_eq!(other, (default, ModeSource::Unlabelled, false));
        assert_eq!(mode(default, "Pod", NamespaceLabels::None), (default, ModeSource::NoNamespace, false));
        // There is something to tell only where it would have been milder otherwise.
        let told = default == Mode::Sandbox;
        assert_eq!(mode(default, "Pod", unknown()), (Mode::Compliance, ModeSource::Unknown, told));
    }
}

#[test]
fn a_namespace_never_chooses_the_mode_of_its_own_review() {
    let own = labelled("example.com/mode", "sandbox");
    assert_eq!(mode(Mode::Compliance, "Namespace", own.clone()).0, Mode::Compliance);
    assert_eq!(mode(Mode::Sandbox, "Namespace", unknown()), (Mode::Sandbox, ModeSource::NoNamespace, false));
    // Only the core group's is one.
    let mut other = review("Namespace", own, None);
    other.request.kind.group = "example.com".into();
    let rule = ModeRule { namespace_label: Some("example.com/mode".into()), default: Mode::Compliance };
    assert_eq!(mode_of(&rule, &other).0, Mode::Sandbox);
}

#[test]
fn whoever_asks_chooses_the_mode_before_any_label_and_a_set_without_one_has_its_default() {
    let rule = |label: Option<&str>| ModeRule { namespace_label: label.map(Into::into), default: Mode::Sandbox };
    let asked = review("Pod", labelled("example.com/mode", "sandbox"), Some(Mode::Compliance));
    assert_eq!(mode_with_source(&rule(Some("example.com/mode")), &asked), (Mode::Compliance, ModeSource::Caller, None));
    let unlooked = review("Pod", unknown(), None);
    assert_eq!(mode_with_source(&rule(None), &unlooked), (Mode::Sandbox, ModeSource::NoLabel, None));
}

#[test]
fn says_which_namespace_has_which_label_that_is_no_mode_without_what_a_terminal_obeys() {
    let rule = ModeRule { namespace_label: Some("example.com/mode".into()), default: Mode::Sandbox };
    let told = |labels| mode_of(&rule, &review("Pod", labels, None)).1.map(|told| told.message);
    assert_eq!(
        told(labelled("example.com/mode", "o\u{1b}ff")).as_deref(),
        Some(
            "the namespace `shop` says `example.com/mode: o\\u{1b}ff`, which is neither `sandbox` nor `compliance`; compliance holds"
        )
    );
    assert_eq!(
        told(unknown()).as_deref(),
        Some("compliance holds, because the namespace's labels are not known: nobody answered")
    );
}

#[test]
fn an_existing_finding_is_said_in_the_bytes_and_what_no_policy_matches_was_not_matched() {
    let mut decision = Decision {
        policy_set: "s".into(),
        policy_set_digest: "sha256:1".into(),
        subject: review("Pod", NamespaceLabels::None, None).subject,
        operation: "UPDATE".into(),
        mode: Mode::Compliance,
        policies: vec![("a".into(), PolicyState::Skipped)],
        findings: vec![Judged { effect: Effect::Warn, ..judged(None, None) }],
        failures: Vec::new(),
        facts: Vec::new(),
    };
    assert!(!decision.matched());
    let before = decision.id();
    assert_eq!(before, sha256_hex(&decision.canonical_bytes()));
    decision.findings[0].existing = true;
    assert!(
        String::from_utf8(decision.canonical_bytes()).expect("text").contains(r#""effect":"warn","existing":true,"#)
    );
    assert_ne!(decision.id(), before);
    for state in [PolicyState::Evaluated, PolicyState::Failed, PolicyState::NotEvaluated] {
        decision.policies = vec![("a".into(), PolicyState::Skipped), ("b".into(), state.clone())];
        assert!(decision.matched(), "{state:?}");
    }
}

#[test]
fn denies_by_one_finding_or_failure_that_denies_and_was_judged_only_where_every_policy_judged() {
    let of = |findings: &[Effect], failures: &[(Option<&str>, Effect)]| {
        let failure = |&(policy, effect): &(Option<&str>, Effect)| Failure {
            policy: policy.map(str::to_owned),
            kind: FailureKind::Input,
            message: "m".into(),
            effect,
        };
        let decision = Decision {
            policy_set: "s".into(),
            policy_set_digest: "sha256:1".into(),
            subject: review("Pod", NamespaceLabels::None, None).subject,
            operation: "CREATE".into(),
            mode: Mode::Compliance,
            policies: Vec::new(),
            findings: findings.iter().map(|&effect| Judged { effect, ..judged(None, None) }).collect(),
            failures: failures.iter().map(failure).collect(),
            facts: Vec::new(),
        };
        (decision.verdict(), decision.judged())
    };
    let harmless = [Effect::Warn, Effect::Audit, Effect::Shadow, Effect::Waived, Effect::Known];
    assert_eq!(of(&harmless, &[]), (Verdict::Allow, true));
    assert_eq!(of(&[Effect::Warn, Effect::Deny], &[]), (Verdict::Deny, true));
    assert_eq!(of(&[], &[(None, Effect::Warn)]), (Verdict::Allow, true), "a notice");
    assert_eq!(of(&[], &[(None, Effect::Deny)]), (Verdict::Deny, false));
    assert_eq!(of(&[], &[(Some("p"), Effect::Warn)]), (Verdict::Allow, false));
    assert_eq!(of(&[], &[(None, Effect::Warn), (Some("p"), Effect::Deny)]), (Verdict::Deny, false));
}

#[test]
fn says_of_every_mode_why_it_holds() {
    use ModeSource::{Caller, Label, NeitherMode, NoLabel, NoNamespace, Unknown, Unlabelled};
    let said = [Caller, Label, NoLabel, Unlabelled, NoNamespace, Unknown, NeitherMode].map(ModeSource::as_str);
    assert_eq!(said[1], "the namespace's label says so");
    assert_eq!(said[5], "the labels of the namespace are not known");
    let different: std::collections::BTreeSet<&str> = said.into_iter().collect();
    assert_eq!(different.len(), said.len());
}
