//! How a verdict comes about: effects, overrides, failFast, several sets, waivers, and the order of policies.

use portcullis_tests::{Answer, Folder, portcullis};
use serde_json::Value;

const LIMITS: &str = "name: limits, plugin: {builtin: resource-limits}, settings: {cpu: {max: '1'}}";
const IMAGES: &str = "name: images, plugin: {builtin: image-reference}, settings: {requireDigest: true}";

/// A policy set with these lines of its spec and these policies, each the inside of a map.
fn set(name: &str, spec: &str, policies: &[&str]) -> String {
    let policies: String = policies.iter().map(|policy| format!("  - {{{policy}}}\n")).collect();
    format!(
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: {name}}}\nspec:\n{spec}  policies:\n{policies}"
    )
}

/// A Pod with a finding of each of the two policies.
fn pod() -> String {
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec:\n  containers:\n  - {name: a, image: nginx, resources: {limits: {cpu: '4'}}}\n".to_owned()
}

fn judge_with(sets: &[String], more: &[&str], waivers: Option<&str>) -> Answer {
    let folder = Folder::new("decisions");
    folder.write("pod.yaml", pod());
    let mut arguments = vec!["check".to_owned(), "-f".to_owned(), "json".to_owned()];
    for (at, set) in sets.iter().enumerate() {
        let path = folder.write(&format!("set-{at}.yaml"), set);
        arguments.extend(["-p".to_owned(), path.display().to_string()]);
    }
    if let Some(waivers) = waivers {
        let path = folder.write("waivers.yaml", waivers);
        arguments.extend(["--waivers".to_owned(), path.display().to_string()]);
    }
    arguments.extend(more.iter().map(|&argument| argument.to_owned()));
    arguments.push("pod.yaml".to_owned());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    portcullis(folder.path(), &arguments)
}

fn judge(policies: &[&str], spec: &str, mode: &str) -> Answer {
    judge_with(&[set("mine", spec, policies)], &["--mode", mode], None)
}

/// What became of each policy, and the effect of each finding.
fn course(decision: &Value) -> (Vec<&str>, Vec<&str>) {
    let texts = |list: &'static str, member: &'static str| {
        decision[list].as_array().into_iter().flatten().filter_map(|item| item[member].as_str()).collect()
    };
    (texts("policies", "state"), texts("findings", "effect"))
}

fn only_course(answer: &Answer) -> (i32, String) {
    (answer.status, format!("{:?}", course(&answer.json()["decisions"][0])))
}

#[test]
fn denies_in_compliance_and_warns_in_sandbox_unless_the_set_says_otherwise() {
    let loud = format!("{LIMITS}, effect: {{sandbox: deny, compliance: warn}}");
    for (policy, mode, status, effect) in [
        (LIMITS, "compliance", 1, "deny"),
        (LIMITS, "sandbox", 0, "warn"),
        (loud.as_str(), "compliance", 0, "warn"),
        (loud.as_str(), "sandbox", 1, "deny"),
    ] {
        let answer = judge(&[policy], "", mode);
        assert_eq!(course(&answer.json()["decisions"][0]).1, [effect], "{policy} in {mode}");
        assert_eq!(answer.status, status, "{policy} in {mode}");
    }
}

#[test]
fn overrides_the_effect_and_severity_of_one_rule_and_of_no_other() {
    let soft = format!("{IMAGES}, overrides: [{{rule: digest-missing, severity: low, effect: {{compliance: warn}}}}]");
    let answer = judge(&[LIMITS, &soft], "", "compliance");
    let report = answer.json();
    let findings: Vec<(&str, &str)> = (report["decisions"][0]["findings"].as_array().into_iter().flatten())
        .filter_map(|finding| Some((finding["effect"].as_str()?, finding["severity"].as_str()?)))
        .collect();
    assert_eq!((answer.status, findings), (1, vec![("deny", "high"), ("warn", "low")]));
    assert_eq!(judge(&[&soft], "", "compliance").status, 0, "a warning denies nothing");
}

#[test]
fn ends_at_the_first_denial_only_where_fail_fast_says_so() {
    let fast = "  failFast: {compliance: true}\n";
    let states = |spec: &str, mode: &str| only_course(&judge(&[LIMITS, IMAGES], spec, mode));
    assert_eq!(states("", "compliance"), (1, r#"(["evaluated", "evaluated"], ["deny", "deny"])"#.into()));
    assert_eq!(states(fast, "compliance"), (1, r#"(["evaluated", "notEvaluated"], ["deny"])"#.into()));
    assert_eq!(states(fast, "sandbox"), (0, r#"(["evaluated", "evaluated"], ["warn", "warn"])"#.into()));
    let warns = format!("{LIMITS}, effect: {{compliance: warn}}");
    let answer = judge(&[&warns, IMAGES], fast, "compliance");
    assert_eq!(only_course(&answer), (1, r#"(["evaluated", "evaluated"], ["warn", "deny"])"#.into()));
}

#[test]
fn gives_one_verdict_whatever_the_order_of_policies() {
    let soft = format!("{IMAGES}, effect: {{compliance: warn}}");
    for (one, other) in [(LIMITS, IMAGES), (LIMITS, soft.as_str()), (soft.as_str(), IMAGES)] {
        let one = one.replace("name: images", "name: other-images");
        let (forth, back) = (judge(&[&one, other], "", "compliance"), judge(&[other, &one], "", "compliance"));
        assert_eq!(forth.status, back.status, "{one} and {other}");
        let sorted = |answer: &Answer| {
            let mut codes = answer.codes();
            codes.sort();
            codes
        };
        assert_eq!(sorted(&forth), sorted(&back));
    }
}

#[test]
fn denies_where_any_of_several_sets_denies() {
    let soft = set("soft", "", &[&format!("{LIMITS}, effect: {{compliance: warn}}")]);
    let empty = "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: empty}\nspec: {policies: []}\n";
    let hard = set("hard", "", &[IMAGES]);
    let judge = |sets: &[String]| judge_with(sets, &["--mode", "compliance"], None);
    assert_eq!(judge(std::slice::from_ref(&soft)).status, 0);
    let both = judge(&[soft, empty.to_owned(), hard]);
    let report = both.json();
    let verdicts: Vec<&Value> =
        report["decisions"].as_array().into_iter().flatten().map(|decision| &decision["verdict"]).collect();
    assert_eq!((both.status, verdicts.len()), (1, 3), "{report}");
    assert_eq!(verdicts, ["allow", "allow", "deny"]);
    assert_eq!(report["summary"]["subjects"], 1, "one subject, however many sets judge it");
}

#[test]
fn lets_each_set_choose_its_own_mode() {
    let of = |name: &str, default: &str| set(name, &format!("  mode: {{default: {default}}}\n"), &[LIMITS]);
    let answer = judge_with(&[of("lax", "sandbox"), of("strict", "compliance")], &[], None);
    let report = answer.json();
    let modes: Vec<&Value> = report["decisions"].as_array().into_iter().flatten().map(|one| &one["mode"]).collect();
    assert_eq!(modes, ["sandbox", "compliance"]);
    assert_eq!(answer.status, 1);
}

#[test]
fn waives_one_finding_and_shows_it_as_waived() {
    let waiver = |rule: &str, covers: &str| {
        format!(
            "apiVersion: portcullis.dev/v1alpha1\nkind: Waiver\nmetadata: {{name: known}}\nspec: {{policy: images, rule: image-reference/{rule}, covers: {covers}, owner: shop, ticket: SHOP-1, reason: old, expires: 2026-12-31}}\n"
        )
    };
    let sets = [set("mine", "", &[IMAGES])];
    let waived = waiver("digest-missing", "{namespaces: [shop], names: [web]}");
    let answer = judge_with(&sets, &[], Some(&waived));
    let report = answer.json();
    assert_eq!((answer.status, report["summary"]["waived"].as_u64()), (0, Some(1)), "{report}");
    let finding = &report["decisions"][0]["findings"][0];
    assert!(finding["waiver"].to_string().contains("known"), "it names its waiver: {finding}");
    let elsewhere = judge_with(&sets, &[], Some(&waiver("digest-missing", "{namespaces: [shop], names: [web2]}")));
    assert_eq!(elsewhere.status, 1, "a waiver covers what it names");
    let both = judge_with(&[set("mine", "", &[IMAGES, LIMITS])], &[], Some(&waived));
    assert_eq!((both.status, both.json()["summary"]["waived"].as_u64()), (1, Some(1)), "the other finding stays");
}
