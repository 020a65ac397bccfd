//! Waivers: what is refused, what they cover, and that they never add up.

use portcullis_model::{GroupVersionKind, NamespaceLabels, Request, Subject};

use super::*;
use crate::sample::yaml;

/// 2026-11-21T12:00:00Z.
const NOON: i64 = 1_795_262_400;

fn text(name: &str, change: &str) -> String {
    let mut lines = vec![
        ("policy", "limits"),
        ("rule", "resource-limits/memory-missing"),
        ("covers", "{namespaces: [shop], kinds: [Pod], names: ['web-*']}"),
        ("owner", "eve@example.com"),
        ("ticket", "OPS-1"),
        ("reason", "moving to the new cluster"),
        ("expires", "2026-11-21"),
    ];
    for change in change.split("; ").filter(|change| !change.is_empty()) {
        match change.split_once('=') {
            Some((key, value)) => {
                lines.retain(|(known, _)| *known != key);
                lines.push((key, value));
            }
            None => lines.retain(|(known, _)| *known != change),
        }
    }
    let lines: String = lines.iter().map(|(key, value)| format!("  {key}: {value}\n")).collect();
    format!("apiVersion: portcullis.dev/v1alpha1\nkind: Waiver\nmetadata:\n  name: {name}\nspec:\n{lines}")
}

fn load(all: &[(&str, &str)]) -> Waivers {
    let documents: Vec<Document> = all.iter().map(|(name, change)| yaml(&text(name, change))).collect();
    Waivers::parse(&documents).unwrap_or_else(|complaints| panic!("{}", complaints[0]))
}

fn complaints(change: &str) -> String {
    let refused = Waivers::parse(&[yaml(&text("w", change))]).expect_err(change);
    refused.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn review(namespace: &str, kind: &str, name: &str) -> Review {
    Review {
        subject: Subject {
            kind_of: SubjectKind::Object,
            api_version: String::new(),
            kind: kind.into(),
            namespace: namespace.into(),
            name: name.into(),
            place: None,
            occurrence: None,
        },
        request: Request {
            operation: "CREATE".into(),
            kind: GroupVersionKind { group: String::new(), version: "v1".into(), kind: kind.into() },
            namespace: namespace.into(),
            name: name.into(),
            ..Request::default()
        },
        object: None,
        old_object: None,
        options: None,
        request_document: None,
        namespace: NamespaceLabels::None,
        mode: None,
        time: NOON,
        notices: Vec::new(),
        file: None,
    }
}

fn find(waivers: &Waivers, review: &Review) -> WaiverMatch {
    waivers.find("default", "limits", "resource-limits@sha256:ab", "memory-missing", review)
}

fn active(name: &str) -> WaiverMatch {
    WaiverMatch::Active(name.into())
}

#[test]
fn covers_what_it_names_and_nothing_else() {
    // A22: names are matched whole. A53: another namespace is never covered.
    let waivers = load(&[("w", "")]);
    assert_eq!(find(&waivers, &review("shop", "Pod", "web-1")), active("w"));
    for (namespace, kind, name) in [
        ("shop2", "Pod", "web-1"),
        ("myshop", "Pod", "web-1"),
        ("", "Pod", "web-1"),
        ("shop", "Deployment", "web-1"),
        ("shop", "pod", "web-1"),
        ("shop", "Pod", "my-web-1"),
        ("shop", "Pod", ""),
        ("shop\n", "Pod", "web-1"),
    ] {
        assert_eq!(find(&waivers, &review(namespace, kind, name)), WaiverMatch::None, "{namespace}/{kind}/{name}");
    }
    let pod = review("shop", "Pod", "web-1");
    assert_eq!(waivers.find("default", "other", "resource-limits", "memory-missing", &pod), WaiverMatch::None);
    assert_eq!(waivers.find("default", "limits", "other", "memory-missing", &pod), WaiverMatch::None);
    assert_eq!(waivers.find("default", "limits", "resource-limits", "memory-max", &pod), WaiverMatch::None);
    assert_eq!(waivers.find("any", "limits", "resource-limits", "memory-missing", &pod), active("w"));
}

#[test]
fn covers_no_name_that_is_too_long_unless_it_covers_every_name_a22() {
    let (longest, longer) = ("a".repeat(253), "a".repeat(1 << 20));
    let pod = |name: &str| review("shop", "Pod", name);
    let slow = load(&[("w", "covers={names: ['*a*a*a*a*a*a*a0', '*a*a*a*a*a*a*a']}")]);
    assert_eq!(find(&slow, &pod(&longest)), active("w"));
    assert_eq!(find(&slow, &pod(&longer)), WaiverMatch::None);
    for covers in ["{names: ['*']}", "{namespaces: [shop]}", "{everything: true}"] {
        assert_eq!(find(&load(&[("w", &format!("covers={covers}"))]), &pod(&longer)), active("w"), "{covers}");
    }
}

#[test]
fn holds_in_the_named_set_only() {
    let waivers = load(&[("w", "policySet=default; rule=memory-missing")]);
    let pod = review("shop", "Pod", "web-1");
    assert_eq!(find(&waivers, &pod), active("w"));
    assert_eq!(waivers.find("other", "limits", "any-plugin", "memory-missing", &pod), WaiverMatch::None);
    assert_eq!(waivers.find("default", "limits", "any-plugin", "memory-missing", &pod), active("w"));
}

#[test]
fn never_takes_a_namespace_for_something_inside_it() {
    // A53: who may waive inside `shop` may not waive the labels of `shop` itself.
    let waivers = load(&[("w", "covers={namespaces: [shop]}")]);
    assert_eq!(find(&waivers, &review("shop", "Namespace", "shop")), WaiverMatch::None);
    assert_eq!(find(&waivers, &review("shop", "Pod", "x")), active("w"));
    let all = load(&[("w", "covers={namespaces: ['*']}")]);
    assert_eq!(find(&all, &review("", "ClusterRole", "x")), WaiverMatch::None, "what has no namespace is in none");
    let everything = load(&[("w", "covers={everything: true}")]);
    assert_eq!(find(&everything, &review("", "ClusterRole", "x")), active("w"));
}

#[test]
fn never_adds_two_waivers_up() {
    // A53 (GO-2026-4285): one covers the namespace, the other the name; together they cover nothing.
    let waivers = load(&[
        ("a", "covers={namespaces: [shop], names: [other]}"),
        ("b", "covers={namespaces: [other], names: [web]}"),
        ("c", "policySet=other; covers={everything: true}"),
    ]);
    assert_eq!(find(&waivers, &review("shop", "Pod", "web")), WaiverMatch::None);
    assert_eq!(find(&waivers, &review("shop", "Pod", "other")), active("a"));
}

#[test]
fn does_nothing_once_it_has_expired() {
    // A53: the last second of the day counts, the next one does not; the clock is the review's own.
    let waivers = load(&[("w", ""), ("x", "expires=\"2026-11-22T02:00:00+02:00\"")]);
    let mut pod = review("shop", "Pod", "web-1");
    pod.time = NOON + 12 * 3600 - 1;
    assert_eq!(find(&waivers, &pod), active("w"));
    assert!(waivers.expired(pod.time).is_empty());
    pod.time += 1;
    assert_eq!(find(&waivers, &pod), WaiverMatch::Expired("w".into(), "2026-11-22T00:00:00Z".into()));
    let expired: Vec<&str> = waivers.expired(pod.time).iter().map(|waiver| waiver.name.as_str()).collect();
    assert_eq!(expired, ["w", "x"]);
    pod.time = i64::MAX;
    assert!(matches!(find(&waivers, &pod), WaiverMatch::Expired(..)));
}

#[test]
fn prefers_a_waiver_in_force_and_then_the_first_by_name() {
    let waivers = load(&[("c", ""), ("a", "expires=2026-01-01"), ("b", "covers={everything: true}")]);
    assert_eq!(find(&waivers, &review("shop", "Pod", "web-1")), active("b"));
    let names: Vec<&str> = waivers.iter().map(|waiver| waiver.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
}

#[test]
fn answers_the_same_whatever_the_order_and_never_hides_another_finding() {
    let changes = [
        ("a", "expires=2026-01-01"),
        ("b", "rule=cpu-missing"),
        ("c", "covers={everything: true}; policy=other"),
        ("d", "covers={namespaces: ['sh*']}"),
        ("e", "covers={kinds: [Pod]}; rule=other-plugin/memory-missing"),
        ("f", "policySet=strict; covers={names: ['*']}"),
    ];
    let answers = |all: &[(&str, &str)]| {
        let waivers = load(all);
        let mut answers = Vec::new();
        for policy in ["limits", "other"] {
            for rule in ["memory-missing", "cpu-missing", "cpu-max"] {
                for (namespace, kind) in [("shop", "Pod"), ("bank", "Pod"), ("shop", "Job"), ("", "ClusterRole")] {
                    let review = review(namespace, kind, "web-1");
                    answers.push(waivers.find("default", policy, "resource-limits", rule, &review));
                }
            }
        }
        answers
    };
    let whole = answers(&changes);
    for turn in 1..changes.len() {
        let mut turned = changes;
        turned.rotate_left(turn);
        assert_eq!(answers(&turned), whole);
    }
    for left_out in 0..changes.len() {
        let mut fewer = changes.to_vec();
        let (name, _) = fewer.remove(left_out);
        for (with, without) in whole.iter().zip(answers(&fewer)) {
            // Adding a waiver changes only what that very waiver covers.
            let own = matches!(with, WaiverMatch::Active(n) | WaiverMatch::Expired(n, _) if n == name);
            assert!(own || *with == without, "{name}: {with:?} {without:?}");
        }
    }
}

#[test]
fn covers_documents_by_their_path() {
    let waivers = load(&[("w", "covers={names: ['specs/*.yaml']}")]);
    let mut document = review("", "", "");
    document.subject.kind_of = SubjectKind::Document;
    document.subject.name = "specs/a.yaml".into();
    assert_eq!(find(&waivers, &document), active("w"));
    document.subject.name = "specs/a/b.yaml".into();
    assert_eq!(find(&waivers, &document), WaiverMatch::None);
}

#[test]
fn refuses_a_waiver_that_nobody_answers_for() {
    assert_eq!(
        complaints("owner; ticket; reason; expires; policy; rule"),
        "set.yaml:5:1: `spec` has no `policy`\nset.yaml:5:1: `spec` has no `rule`\nset.yaml:5:1: `spec` has no `owner`\n\
         set.yaml:5:1: `spec` has no `ticket`\nset.yaml:5:1: `spec` has no `reason`\nset.yaml:5:1: `spec` has no `expires`"
    );
    assert_eq!(complaints("owner=' '"), "set.yaml:12:10: `owner` is empty");
    assert_eq!(
        complaints("expires=never"),
        "set.yaml:12:12: `never` is not a date; write a date (`2026-12-31`, the end of that day in UTC) or a time (`2026-12-31T12:00:00Z`)"
    );
    assert_eq!(
        complaints("expires=20261231"),
        "set.yaml:12:12: `expires` must be a string, found a number; put it in quotes"
    );
    assert_eq!(
        complaints("rule=resource-limits/*"),
        "set.yaml:12:9: `resource-limits/*` is not a rule; write one rule as reports show it, such as `resource-limits/memory-missing`"
    );
    assert_eq!(complaints("onwer=x"), "set.yaml:13:3: unknown field `onwer` in `spec`; did you mean `owner`?");
}

#[test]
fn refuses_a_waiver_that_covers_nothing_or_everything_by_accident() {
    let hint = "name `namespaces`, `kinds` or `names`, or write `everything: true`";
    assert_eq!(complaints("covers"), format!("set.yaml:5:1: `spec` has no `covers`; {hint}"));
    assert_eq!(complaints("covers={}"), format!("set.yaml:12:3: `covers` names nothing; {hint}"));
    assert_eq!(complaints("covers={everything: false}"), format!("set.yaml:12:3: `covers` names nothing; {hint}"));
    assert_eq!(
        complaints("covers={kinds: []}"),
        "set.yaml:12:12: `kinds` is empty, so this waiver would cover nothing"
    );
    assert_eq!(
        complaints("covers={everything: true, kinds: [Pod]}"),
        "set.yaml:12:3: `everything: true` and a list contradict each other"
    );
    assert_eq!(
        complaints("covers={kinds: Pod}"),
        "set.yaml:12:19: `kinds` must be a list of strings, found a string; put it in brackets: `[..]`"
    );
    assert_eq!(
        complaints("covers={names: ['[']}"),
        "set.yaml:12:20: `[` is not a pattern: unclosed character class; missing ']'"
    );
}

#[test]
fn refuses_kinds_in_small_letters() {
    let refused =
        |bad: &str, good: &str| format!("`{bad}` is not a kind; a kind begins with a capital; did you mean `{good}`?");
    for (bad, good) in [("deployment", "Deployment"), ("daemonsets", "DaemonSet"), ("deploy*", "Deploy*")] {
        let said = complaints(&format!("covers={{kinds: ['{bad}']}}"));
        assert_eq!(said, format!("set.yaml:12:20: {}", refused(bad, good)));
    }
    load(&[("w", "covers={kinds: ['*set', '*', Deployment, '{Pod,Job}', '?ob']}")]);
    load(&[("x", "covers={names: [web], namespaces: [shop]}")]);
}

#[test]
fn refuses_two_waivers_of_one_name() {
    let documents = [yaml(&text("w", "")), yaml(&text("w", "policy=other"))];
    let refused = Waivers::parse(&documents).expect_err("two");
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].to_string(), "set.yaml:4:9: a second waiver `w`; every waiver needs a name of its own");
    let refused = Waivers::parse(&[yaml("kind: PolicySet\n")]).expect_err("no waiver");
    assert_eq!(
        refused.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["set.yaml:1:7: this is a `PolicySet`, not a `Waiver` of `portcullis.dev/v1alpha1`"]
    );
}

#[test]
fn is_in_force_up_to_the_last_second_of_its_last_day_and_expired_from_then_on() {
    let waivers = load(&[("w", ""), ("x", "expires=2027-01-01")]);
    let names = |time| {
        let name = |waiver: &Waiver| waiver.name.clone();
        (waivers.in_force(time).map(name).collect::<Vec<_>>(), waivers.expired(time).into_iter().map(name).collect())
    };
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let end = NOON + 12 * 3600;
    assert_eq!(names(end - 1), (owned(&["w", "x"]), owned(&[])));
    assert_eq!(names(end), (owned(&["x"]), owned(&["w"])));
    assert_eq!(names(i64::MAX), (owned(&[]), owned(&["w", "x"])));
}
