//! What is decided where nothing could be judged, and when remembered labels are good enough to judge by.

use std::collections::BTreeMap;

use portcullis_model::{Decision, Failure, FailureKind, Mode, ModeRule, PolicyState, Review, mode_of};
use portcullis_policies::Selection;

use crate::decide::notices;
use crate::rounds::Bounds;
use crate::{InstalledSet, Sets};

/// Why nobody judged a review.
#[derive(Clone, Copy, Debug)]
pub struct Unjudged<'a> {
    /// What the decision calls it.
    pub kind: FailureKind,
    /// For a person.
    pub message: &'a str,
    /// Whether there was too much to do, and nothing went wrong otherwise: then `onOverload` comes before `onError`.
    pub overload: bool,
}

impl Sets {
    /// The names of the sets, in their order.
    pub fn names(&self) -> Vec<&str> {
        self.sets.iter().map(|set| set.loaded.set.name.as_str()).collect()
    }

    /// One decision for each set about a review that nobody could judge in time: every policy that faces it fails with the
    /// effect that its `onError` declares, or under overload the set's `onOverload`.
    pub fn not_judged(&self, review: &Review, bounds: &Bounds, why: Unjudged<'_>) -> Vec<Decision> {
        let sets = self.sets.iter().filter(|set| bounds.admit(set));
        sets.map(|set| unjudged(set, review, why)).collect()
    }

    /// Whether labels that were remembered are as good as fresh ones: with them every set judges in compliance, which is
    /// the stronger mode, and no policy chooses by them. Otherwise somebody must look, or a namespace that has just changed
    /// would still be judged by the weaker mode (A18).
    pub fn labels_suffice(&self, labels: &BTreeMap<String, String>) -> bool {
        self.sets.iter().all(|set| {
            let rules = &set.loaded.set;
            let chosen = rules.policies.iter().any(|policy| {
                let selector = &policy.matches.namespace_selector;
                !selector.match_labels.is_empty() || !selector.match_expressions.is_empty()
            });
            !chosen && !weaker(&rules.mode, labels)
        })
    }
}

/// Whether these labels give sandbox where others might not.
fn weaker(rule: &ModeRule, labels: &BTreeMap<String, String>) -> bool {
    rule.namespace_label.as_ref().is_some_and(|label| {
        let mode = labels.get(label).map_or(Some(rule.default), |value| Mode::parse(value));
        mode == Some(Mode::Sandbox)
    })
}

fn unjudged(set: &InstalledSet, review: &Review, why: Unjudged<'_>) -> Decision {
    let rules = &set.loaded.set;
    let (mode, notice) = mode_of(&rules.mode, review);
    let lets_go = portcullis_subject::lets_go(review);
    let mut policies = Vec::with_capacity(rules.policies.len());
    let mut failures: Vec<Failure> = notices(review).chain(notice).collect();
    let declared = rules.on_overload.of(mode).filter(|_| why.overload);
    for (index, policy) in rules.policies.iter().enumerate() {
        let skips = lets_go || set.loaded.select(index, review) == Selection::Skips;
        policies.push((policy.name.clone(), if skips { PolicyState::Skipped } else { PolicyState::Failed }));
        if !skips {
            let failure = Failure::of_policy(policy, mode, why.kind, why.message);
            failures.push(Failure { effect: declared.unwrap_or(failure.effect), ..failure });
        }
    }
    Decision {
        policy_set: rules.name.clone(),
        policy_set_digest: rules.digest.clone(),
        subject: review.subject.clone(),
        operation: review.request.operation.clone(),
        mode,
        policies,
        findings: Vec::new(),
        failures,
        facts: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use portcullis_document::{ReadLimits, read_json_text, read_yaml};
    use portcullis_model::{Effect, NamespaceLabels, Source, Verdict};
    use portcullis_policies::parse_set;
    use portcullis_subject::{Context, from_admission_review};

    use super::*;

    fn sets(spec: &str) -> Sets {
        let text = format!("apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: a}}\nspec: {spec}");
        let document = read_yaml(&Source::new("a.yaml", text), &ReadLimits::default()).expect("YAML").remove(0);
        let loaded = parse_set(&document).unwrap_or_else(|complaints| panic!("{}", complaints[0]));
        let mode_label = loaded.set.mode.namespace_label.as_deref().map(Into::into);
        Sets {
            sets: vec![InstalledSet { loaded, policies: Vec::new(), mode_label, trusts: BTreeMap::new() }],
            ..Sets::default()
        }
    }

    fn review(labels: NamespaceLabels) -> Review {
        let text = r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","operation":"CREATE",
            "kind":{"group":"","version":"v1","kind":"Pod"},"resource":{"group":"","version":"v1","resource":"pods"},
            "namespace":"shop","object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"}}}}"#;
        let document = read_json_text(text, &ReadLimits::default()).expect("JSON");
        let review = from_admission_review(&document, &Context::default()).expect("a review");
        Review { namespace: labels, ..review }
    }

    fn labels(mode: &str) -> BTreeMap<String, String> {
        BTreeMap::from([("portcullis.dev/mode".to_owned(), mode.to_owned())])
    }

    fn late(message: &str) -> Unjudged<'_> {
        Unjudged { kind: FailureKind::Timeout, message, overload: false }
    }

    const TWO: &str = "{policies: [{name: strict, plugin: {builtin: b}}, {name: lax, plugin: {builtin: b}, onError: {compliance: warn}},
        {name: other, plugin: {builtin: b}, match: {resourceRules: [{apiGroups: [''], apiVersions: ['*'], operations: ['*'], resources: [services]}]}}]}";

    #[test]
    fn gives_every_policy_that_faces_a_review_its_declared_effect() {
        let message = "the review's deadline passed";
        let decide = |mode: &str| {
            let review = review(NamespaceLabels::Known(labels(mode)));
            sets(TWO).not_judged(&review, &Bounds::default(), late(message)).remove(0)
        };
        let strict = decide("compliance");
        let effects: Vec<_> =
            strict.failures.iter().map(|failure| (failure.policy.as_deref(), failure.effect)).collect();
        assert_eq!(effects, [(Some("strict"), Effect::Deny), (Some("lax"), Effect::Warn)]);
        assert_eq!((strict.verdict(), strict.judged()), (Verdict::Deny, false));
        assert_eq!(strict.policies[2].1, PolicyState::Skipped);
        let mild = decide("sandbox");
        assert_eq!((mild.verdict(), mild.failures.len()), (Verdict::Allow, 2));
        let only = Bounds { only: Some("b".into()), ..Bounds::default() };
        let review = review(NamespaceLabels::None);
        assert!(sets(TWO).not_judged(&review, &only, late(message)).is_empty());
        assert_eq!(sets(TWO).names(), ["a"]);
    }

    #[test]
    fn lets_the_set_say_what_holds_under_overload_and_nothing_else_a60() {
        let effects = |on_overload: &str, mode: &str, overload: bool| {
            let sets = sets(&TWO.replacen('{', &format!("{{{on_overload}"), 1));
            let review = review(NamespaceLabels::Known(labels(mode)));
            let why = Unjudged { overload, ..late("too much to do") };
            let decision = sets.not_judged(&review, &Bounds::default(), why).remove(0);
            decision.failures.iter().map(|failure| failure.effect).collect::<Vec<_>>()
        };
        let (deny, warn) = (Effect::Deny, Effect::Warn);
        assert_eq!(effects("", "compliance", true), [deny, warn], "without it each policy's own");
        let both = "onOverload: {sandbox: deny, compliance: warn}, ";
        assert_eq!(effects(both, "compliance", true), [warn, warn]);
        assert_eq!(effects(both, "sandbox", true), [deny, deny]);
        assert_eq!(effects(both, "compliance", false), [deny, warn], "a deadline and a bug are none");
        let one = "onOverload: {sandbox: deny}, ";
        assert_eq!(effects(one, "compliance", true), [deny, warn], "nothing is said of this mode");
        assert_eq!(effects("onOverload: {compliance: deny}, ", "compliance", true), [deny, deny]);
    }

    #[test]
    fn keeps_what_is_worth_telling_about_the_review() {
        let review = Review { notices: vec!["its size is odd".into()], ..review(NamespaceLabels::None) };
        let decision = sets(TWO).not_judged(&review, &Bounds::default(), late("late")).remove(0);
        assert_eq!((decision.failures[0].policy.as_deref(), &*decision.failures[0].message), (None, "its size is odd"));
        assert_eq!(decision.failures.len(), 3);
    }

    #[test]
    fn trusts_remembered_labels_only_where_they_give_the_stronger_mode_a18() {
        let plain = sets("{mode: {namespaceLabel: portcullis.dev/mode}, policies: []}");
        assert!(plain.labels_suffice(&labels("compliance")));
        assert!(plain.labels_suffice(&labels("no such mode")), "which is compliance");
        assert!(plain.labels_suffice(&BTreeMap::new()), "no label is compliance here");
        assert!(!plain.labels_suffice(&labels("sandbox")));
        let mild = sets("{mode: {namespaceLabel: portcullis.dev/mode, default: sandbox}, policies: []}");
        assert!(!mild.labels_suffice(&BTreeMap::new()));
        assert!(
            sets("{mode: {default: sandbox}, policies: []}").labels_suffice(&labels("sandbox")),
            "no label decides"
        );
        let chosen = "{policies: [{name: p, plugin: {builtin: b}, match: {namespaceSelector: {matchLabels: {a: b}}}}]}";
        assert!(!sets(chosen).labels_suffice(&labels("compliance")), "a stale label could skip the policy");
        let chosen = chosen.replace("matchLabels: {a: b}", "matchExpressions: [{key: a, operator: Exists}]");
        assert!(!sets(&chosen).labels_suffice(&labels("compliance")), "however it chooses");
    }
}
