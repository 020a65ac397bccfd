//! What holds of every decision: more findings never allow, and a mode that nobody knows is compliance.

use std::collections::BTreeMap;

use portcullis_model::{
    Decision, Effect, Failure, FailureKind, Finding, GroupVersionKind, Judged, Mode, ModeRule, NamespaceLabels,
    Request, Review, Severity, Subject, SubjectKind, Verdict, mode_of,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// The same cases in every run, unless `PROPTEST_RNG_SEED` says other ones; `PROPTEST_CASES` says how many.
fn config() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(8);
    }
    config
}

fn subject() -> Subject {
    Subject {
        kind_of: SubjectKind::Object,
        api_version: "v1".into(),
        kind: "Pod".into(),
        namespace: "shop".into(),
        name: "web".into(),
        place: None,
        occurrence: None,
    }
}

fn effects() -> impl Strategy<Value = Effect> {
    prop::sample::select(vec![Effect::Deny, Effect::Warn, Effect::Audit, Effect::Shadow, Effect::Waived, Effect::Known])
}

fn judged() -> impl Strategy<Value = Judged> {
    (effects(), "[a-z]{1,3}", "\\PC{0,6}").prop_map(|(effect, rule, message)| Judged {
        policy: "p".into(),
        plugin: "p@sha256:0".into(),
        severity: Severity::High,
        effect,
        waiver: None,
        existing: false,
        finding: Finding { rule, severity: Severity::High, message, pointer: "/spec".into(), place: None, fix: None },
    })
}

fn failures() -> impl Strategy<Value = Failure> {
    (prop::bool::ANY, prop::bool::ANY, "\\PC{0,6}").prop_map(|(denies, own, message)| Failure {
        policy: own.then(|| "p".to_owned()),
        kind: FailureKind::Input,
        message,
        effect: if denies { Effect::Deny } else { Effect::Warn },
    })
}

fn decision(findings: Vec<Judged>, failures: Vec<Failure>) -> Decision {
    Decision {
        policy_set: "set".into(),
        policy_set_digest: "sha256:0".into(),
        subject: subject(),
        operation: "CREATE".into(),
        mode: Mode::Compliance,
        policies: Vec::new(),
        findings,
        failures,
        facts: Vec::new(),
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn never_allows_by_one_more_finding_or_error(
        findings in prop::collection::vec(judged(), 0..6), errors in prop::collection::vec(failures(), 0..4),
        another in judged(), error in failures(), at in 0..7usize,
    ) {
        let before = decision(findings.clone(), errors.clone());
        let mut more = findings;
        more.insert(at.min(more.len()), another);
        let mut worse = errors;
        worse.insert(at.min(worse.len()), error);
        for after in [decision(more.clone(), before.failures.clone()), decision(before.findings.clone(), worse.clone()), decision(more, worse)] {
            prop_assert!(before.verdict() == Verdict::Allow || after.verdict() == Verdict::Deny);
            prop_assert!(before.judged() || !after.judged(), "what was not judged stays so");
            prop_assert_ne!(before.id(), after.id(), "each is another decision");
        }
    }

    #[test]
    fn denies_only_and_always_by_what_denies(findings in prop::collection::vec(judged(), 0..6), errors in prop::collection::vec(failures(), 0..4)) {
        let denies = findings.iter().any(|one| one.effect == Effect::Deny) || errors.iter().any(|one| one.effect == Effect::Deny);
        let mut turned = decision(findings, errors);
        prop_assert_eq!(turned.verdict() == Verdict::Deny, denies);
        let verdict = turned.verdict();
        turned.findings.reverse();
        turned.failures.reverse();
        prop_assert_eq!(turned.verdict(), verdict, "the order is nothing");
        for one in &mut turned.findings {
            let (before, listed) = (one.effect, one.may_be_known());
            one.becomes_known();
            prop_assert_eq!(one.effect == Effect::Known, listed, "{:?}", before);
        }
        let left = turned.failures.iter().any(|one| one.effect == Effect::Deny);
        prop_assert_eq!(turned.verdict() == Verdict::Deny, left, "a baseline covers no error");
    }

    #[test]
    fn takes_every_mode_that_nobody_knows_for_compliance(value in "\\PC{0,12}|(?i)sandbox|sandbox\\s|compliance", known in prop::bool::ANY, lax in prop::bool::ANY) {
        let rule = ModeRule { namespace_label: Some("mode".into()), default: if lax { Mode::Sandbox } else { Mode::Compliance } };
        let namespace = match known {
            true => NamespaceLabels::Known(BTreeMap::from([("mode".to_owned(), value.clone())])),
            false => NamespaceLabels::Unknown(value.clone()),
        };
        let kind = GroupVersionKind { group: String::new(), version: "v1".into(), kind: "Pod".into() };
        let review = Review {
            subject: subject(),
            request: Request { operation: "CREATE".into(), kind, namespace: "shop".into(), ..Request::default() },
            object: None,
            old_object: None,
            options: None,
            request_document: None,
            namespace,
            mode: None,
            time: 0,
            notices: Vec::new(),
            file: None,
        };
        let sandbox = known && value == "sandbox";
        let (mode, told) = mode_of(&rule, &review);
        prop_assert_eq!(mode == Mode::Sandbox, sandbox);
        prop_assert!(told.is_none_or(|told| told.effect == Effect::Warn && told.policy.is_none()), "a notice changes nothing");
    }
}
