//! What holds of every selection and of all waivers together, whatever is written.

#![expect(clippy::panic, reason = "a test that cannot read its own set has failed")]

use std::collections::BTreeMap;

use portcullis_document::{ReadLimits, read_yaml};
use portcullis_model::{
    Document, GroupVersionKind, GroupVersionResource, NamespaceLabels, Request, Review, Source, Subject, SubjectKind,
};
use portcullis_policies::{LoadedSet, Selection, WaiverMatch, Waivers, parse_set};
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

fn yaml(text: &str) -> Document {
    read_yaml(&Source::new("set.yaml", text), &ReadLimits::default()).expect("YAML").remove(0)
}

fn set(matches: &str) -> LoadedSet {
    let text = format!(
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: a}}\nspec:\n  policies:\n  - name: p\n    plugin: {{builtin: b}}\n    match: {matches}\n"
    );
    parse_set(&yaml(&text)).unwrap_or_else(|complaints| panic!("{}: {matches}", complaints[0]))
}

/// A request about one of a few kinds, in one of a few namespaces.
fn review(
    resource: &str,
    subresource: &str,
    operation: &str,
    namespace: &str,
    name: &str,
    labels: NamespaceLabels,
) -> Review {
    Review {
        subject: Subject {
            kind_of: SubjectKind::Object,
            api_version: "v1".into(),
            kind: "Pod".into(),
            namespace: namespace.into(),
            name: name.into(),
            place: None,
            occurrence: None,
        },
        request: Request {
            operation: operation.into(),
            kind: GroupVersionKind { group: String::new(), version: "v1".into(), kind: "Pod".into() },
            resource: Some(GroupVersionResource {
                group: String::new(),
                version: "v1".into(),
                resource: resource.into(),
            }),
            subresource: subresource.into(),
            namespaced: Some(true),
            name: name.into(),
            namespace: namespace.into(),
            ..Request::default()
        },
        object: None,
        old_object: None,
        options: None,
        request_document: None,
        namespace: labels,
        mode: None,
        time: 1_795_262_400,
        notices: Vec::new(),
        file: None,
    }
}

fn rules() -> impl Strategy<Value = String> {
    let resources =
        prop::sample::select(vec!["*", "*/*", "pods", "pods/*", "pods/exec", "*/exec", "services", "services/status"]);
    let operations = prop::sample::select(vec!["*", "CREATE", "UPDATE", "CREATE, DELETE"]);
    let names = prop::sample::select(vec!["", ", resourceNames: [web]", ", scope: Namespaced", ", scope: Cluster"]);
    let versions = prop::sample::select(vec!["*", "v1", "v2"]);
    (resources, operations, names, versions).prop_map(|(resources, operations, more, versions)| {
        format!(
            "{{apiGroups: ['*'], apiVersions: ['{versions}'], operations: [{}], resources: ['{resources}']{more}}}",
            operations.replace('*', "'*'")
        )
    })
}

fn reviews() -> impl Strategy<Value = Review> {
    let of = prop::sample::select(vec![
        ("pods", ""),
        ("pods", "exec"),
        ("pods", "status"),
        ("services", ""),
        ("services", "status"),
    ]);
    let operation = prop::sample::select(vec!["CREATE", "UPDATE", "DELETE", "CONNECT"]);
    (of, operation, prop::sample::select(vec!["web", "db", ""])).prop_map(
        |((resource, subresource), operation, name)| {
            review(resource, subresource, operation, "shop", name, NamespaceLabels::Known(BTreeMap::new()))
        },
    )
}

fn strength(selection: &Selection) -> u8 {
    match selection {
        Selection::Skips => 0,
        Selection::Unknown(_) => 1,
        Selection::Applies => 2,
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn never_lets_go_of_a_review_by_one_more_rule(rules in prop::collection::vec(rules(), 1..4), another in rules(), review in reviews()) {
        let select = |rules: &[String]| set(&format!("{{resourceRules: [{}]}}", rules.join(", "))).select(0, &review);
        let before = select(&rules);
        let mut more = rules.clone();
        more.push(another.clone());
        let after = select(&more);
        prop_assert!(strength(&after) >= strength(&before), "{:?} then {:?}", before, after);
        let alone = select(&[another]);
        prop_assert_eq!(strength(&after), strength(&before).max(strength(&alone)), "rules are alternatives and nothing else");
        more.reverse();
        prop_assert_eq!(strength(&select(&more)), strength(&after), "their order is nothing");
    }

    #[test]
    fn complements_a_selector_by_its_opposite(
        labels in prop::collection::btree_map("[ab]", "[xy]", 0..3), key in "[abc]", values in prop::collection::btree_set("[xyz]", 1..3), known in prop::bool::ANY,
    ) {
        let labels = if known { NamespaceLabels::Known(labels) } else { NamespaceLabels::Unknown("nobody looked".into()) };
        let review = review("pods", "", "CREATE", "shop", "web", labels);
        let values: Vec<String> = values.iter().map(|value| format!("\"{value}\"")).collect();
        let select = |operator: &str, values: &str| {
            set(&format!("{{namespaceSelector: {{matchExpressions: [{{key: {key}, operator: {operator}{values}}}]}}}}")).select(0, &review)
        };
        let list = format!(", values: [{}]", values.join(", "));
        for (one, other, values) in [("In", "NotIn", list.as_str()), ("Exists", "DoesNotExist", "")] {
            let both = [select(one, values), select(other, values)];
            if known {
                prop_assert_eq!(strength(&both[0]) + strength(&both[1]), 2, "{} and {}: {:?}", one, other, both);
                prop_assert!(!both.iter().any(|one| matches!(one, Selection::Unknown(_))));
            } else {
                prop_assert!(both.iter().all(|one| matches!(one, Selection::Unknown(_))), "unknown labels are no skip: {:?}", both);
            }
        }
    }
}

/// The `spec` of a waiver without its name.
fn waivers() -> impl Strategy<Value = String> {
    let patterns =
        || prop::sample::select(vec!["'*'", "shop", "bank", "'sh*'", "web", "'we?'", "'{web,db}'", "'[a-m]*'"]);
    let covers = prop_oneof![
        1 => Just("{everything: true}".to_owned()),
        4 => (prop::option::of(patterns()), patterns()).prop_map(|(namespace, name)| match namespace {
            Some(namespace) => format!("{{namespaces: [{namespace}], names: [{name}]}}"),
            None => format!("{{names: [{name}]}}"),
        }),
    ];
    let policy = prop::sample::select(vec!["limits", "images"]);
    let rule = prop::sample::select(vec!["memory", "cpu", "plugin/memory"]);
    let set = prop::sample::select(vec!["", ", policySet: a", ", policySet: b"]);
    let expires = prop::sample::select(vec!["2026-01-01", "2026-12-31"]);
    (covers, policy, rule, set, expires).prop_map(|(covers, policy, rule, set, expires)| {
        format!("{{policy: {policy}, rule: {rule}, covers: {covers}, owner: o, ticket: t, reason: r, expires: {expires}{set}}}")
    })
}

fn load(all: &[(usize, String)]) -> Waivers {
    let one = |(number, spec): &(usize, String)| {
        yaml(&format!(
            "{{apiVersion: portcullis.dev/v1alpha1, kind: Waiver, metadata: {{name: w{number}}}, spec: {spec}}}"
        ))
    };
    Waivers::parse(&all.iter().map(one).collect::<Vec<_>>()).unwrap_or_else(|complaints| panic!("{}", complaints[0]))
}

/// Who answers for each finding that there could be.
fn answers(waivers: &Waivers) -> Vec<WaiverMatch> {
    let mut answers = Vec::new();
    for (namespace, name) in [("shop", "web"), ("shop", "db"), ("bank", "web"), ("", "web"), ("shop", "")] {
        let review = review("pods", "", "CREATE", namespace, name, NamespaceLabels::None);
        for (policy, rule) in [("limits", "memory"), ("limits", "cpu"), ("images", "memory"), ("other", "memory")] {
            answers.extend(["a", "b"].map(|set| waivers.find(set, policy, "plugin", rule, &review)));
        }
    }
    answers
}

proptest! {
    #![proptest_config(ProptestConfig { cases: config().cases / 2, ..config() })]

    #[test]
    fn waives_what_one_waiver_alone_waives_and_nothing_else(all in prop::collection::vec(waivers(), 0..6)) {
        let all: Vec<(usize, String)> = all.into_iter().enumerate().collect();
        let together = answers(&load(&all));
        let alone: Vec<Vec<WaiverMatch>> = all.iter().map(|one| answers(&load(std::slice::from_ref(one)))).collect();
        for (at, answer) in together.iter().enumerate() {
            let active = alone.iter().any(|answers| matches!(answers[at], WaiverMatch::Active(_)));
            prop_assert_eq!(matches!(answer, WaiverMatch::Active(_)), active, "two never combine");
            let any = alone.iter().any(|answers| answers[at] != WaiverMatch::None);
            prop_assert_eq!(*answer != WaiverMatch::None, any);
        }
        let mut turned = all.clone();
        turned.reverse();
        prop_assert_eq!(answers(&load(&turned)), together, "the order is nothing");
    }

    #[test]
    fn hides_no_other_finding_by_one_more_waiver(all in prop::collection::vec(waivers(), 0..5), another in waivers()) {
        let all: Vec<(usize, String)> = all.into_iter().enumerate().collect();
        let own = (all.len(), another);
        let before = answers(&load(&all));
        let alone = answers(&load(std::slice::from_ref(&own)));
        let after = answers(&load(&[all, vec![own]].concat()));
        for ((before, after), alone) in before.iter().zip(&after).zip(&alone) {
            if *alone == WaiverMatch::None {
                prop_assert_eq!(before, after, "it covers nothing of this");
            }
            let active = |answer: &WaiverMatch| matches!(answer, WaiverMatch::Active(_));
            prop_assert!(!active(before) || active(after), "nor does it take a waiver away");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: config().cases / 2, ..config() })]

    #[test]
    fn matches_names_whole_and_within_their_segments(stem in "[a-z]{1,4}", tail in "[a-z/]{1,4}", letter in "[a-z]") {
        let covers = |pattern: &str, name: &str| {
            let spec = format!("{{policy: limits, rule: memory, covers: {{names: ['{pattern}']}}, owner: o, ticket: t, reason: r, expires: 2026-12-31}}");
            let review = review("pods", "", "CREATE", "shop", name, NamespaceLabels::None);
            load(&[(0, spec)]).find("a", "limits", "plugin", "memory", &review) != WaiverMatch::None
        };
        prop_assert!(covers(&stem, &stem));
        prop_assert!(!covers(&stem, &format!("{stem}{letter}")) && !covers(&stem, &format!("{letter}{stem}")), "anchored at both ends");
        prop_assert_eq!(covers(&format!("{stem}*"), &format!("{stem}{tail}")), !tail.contains('/'), "a star stays in its segment");
        prop_assert_eq!(covers(&format!("{stem}?"), &format!("{stem}{tail}")), tail.len() == 1 && tail != "/");
        prop_assert!(!covers(&stem, &stem.to_uppercase()));
    }
}
