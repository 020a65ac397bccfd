//! Baselines: what is refused, what they cover, and that they never cover more than they list.

use portcullis_document::{ReadLimits, read_yaml};
use portcullis_model::{Effect, Finding, Occurrence, Severity, Source, Span, SubjectKind};

use super::*;

/// 2026-11-21T12:00:00Z.
const NOON: i64 = 1_795_262_400;

const ENTRY: &str = "subject: {apiVersion: v1, kind: Pod, namespace: shop, name: web, file: m/a.yaml}, policySet: default, policy: limits, rule: resource-limits/cpu-limit-max, message: too much, count: 2";

fn text(spec: &str) -> String {
    format!("apiVersion: portcullis.dev/v1alpha1\nkind: Baseline\nmetadata: {{name: b}}\nspec: {{{spec}}}\n")
}

fn parse(text: &str) -> Result<Baseline, String> {
    let documents = read_yaml(&Source::new("baseline.yaml", text), &ReadLimits::default()).expect("YAML");
    let told = |complaints: Vec<Complaint>| {
        complaints.iter().map(|complaint| complaint.message.clone()).collect::<Vec<_>>().join("\n")
    };
    Baseline::parse(&documents, NOON).map_err(told)
}

fn subject(file: &str, name: &str, number: Option<u32>) -> Subject {
    Subject {
        kind_of: SubjectKind::Object,
        api_version: "v1".into(),
        kind: "Pod".into(),
        namespace: "shop".into(),
        name: name.into(),
        place: Some(Place { source: Source::new(file, "x"), span: Span::new(0, 1) }),
        occurrence: number.map(|number| Occurrence { file: file.into(), number }),
    }
}

fn judged(rule: &str, message: &str, effect: Effect) -> Judged {
    let (rule, message, pointer) = (rule.into(), message.into(), String::new());
    Judged {
        policy: "limits".into(),
        plugin: "resource-limits@sha256:0".into(),
        severity: Severity::High,
        effect,
        waiver: None,
        existing: false,
        finding: Finding { rule, severity: Severity::High, message, pointer, place: None, fix: None },
    }
}

fn effects(baseline: &Baseline, subject: &Subject, set: &str, messages: &[&str]) -> Vec<&'static str> {
    let mut findings: Vec<Judged> =
        messages.iter().map(|message| judged("cpu-limit-max", message, Effect::Deny)).collect();
    baseline.apply(NOON, subject, set, &mut findings);
    findings.iter().map(|judged| judged.effect.as_str()).collect()
}

fn baseline() -> Baseline {
    parse(&text(&format!("owner: web, expires: 2027-03-31, findings: [{{{ENTRY}}}]"))).expect("a baseline")
}

#[test]
fn makes_known_what_is_listed_and_nothing_else() {
    let (baseline, web) = (baseline(), subject("./m/a.yaml", "web", Some(1)));
    assert_eq!(effects(&baseline, &web, "default", &["too much"]), ["known"]);
    assert_eq!(effects(&baseline, &web, "default", &["too much"; 3]), ["known", "known", "deny"], "a third is new");
    assert_eq!(effects(&baseline, &web, "default", &["still more", "too much"]), ["deny", "known"], "another message");
    assert_eq!(effects(&baseline, &web, "other", &["too much"]), ["deny"], "another set");
    for other in [
        subject("m/b.yaml", "web", Some(1)),
        subject("m/a.yaml", "renamed", Some(1)),
        subject("m/a.yaml", "web", Some(2)),
        subject("m/a.yaml", "web", None),
        Subject { kind: "Job".into(), ..subject("m/a.yaml", "web", Some(1)) },
        Subject { namespace: String::new(), ..subject("m/a.yaml", "web", Some(1)) },
        Subject { api_version: "v2".into(), ..subject("m/a.yaml", "web", Some(1)) },
    ] {
        assert_eq!(effects(&baseline, &other, "default", &["too much"]), ["deny"], "{other:?}");
    }
}

#[test]
fn leaves_alone_what_is_waived_or_only_shadows() {
    let (baseline, web) = (baseline(), subject("m/a.yaml", "web", Some(1)));
    let all = [Effect::Waived, Effect::Shadow, Effect::Deny, Effect::Warn, Effect::Audit];
    let mut findings = all.map(|effect| judged("cpu-limit-max", "too much", effect));
    baseline.apply(NOON, &web, "default", &mut findings);
    let effects = findings.map(|judged| judged.effect.as_str());
    assert_eq!(
        effects,
        ["waived", "shadow", "known", "known", "audit"],
        "a waiver takes none of the two that are listed"
    );
}

#[test]
fn does_nothing_from_the_second_on_in_which_it_expires() {
    let text = text(&format!("owner: web, expires: '2026-11-21T12:00:00Z', findings: [{{{ENTRY}}}]"));
    let (baseline, web) = (parse(&text).expect("a baseline"), subject("m/a.yaml", "web", Some(1)));
    assert!(baseline.is_expired(NOON) && !baseline.is_expired(NOON - 1));
    assert_eq!(effects(&baseline, &web, "default", &["too much"]), ["deny"]);
}

#[test]
fn refuses_what_nobody_answers_for() {
    let refused = |spec: &str| parse(&text(spec)).expect_err(spec);
    assert_eq!(refused("expires: 2027-01-01, findings: []"), "`spec` has no `owner`");
    assert_eq!(refused("owner: a, findings: []"), "`spec` has no `expires`");
    assert_eq!(refused("owner: a, expires: 2027-01-01"), "`spec` has no `findings`");
    assert_eq!(refused("owner: a, expires: soon, findings: []"), "`soon` is not a date");
    assert_eq!(refused("owner: a, expires: 2027-11-23, findings: []"), "`2027-11-23` is more than 366 days away");
    assert!(parse(&text("owner: a, expires: 2027-11-22, findings: []")).is_ok());
    assert_eq!(refused("owner: a, expires: 2027-01-01, findings: [], covers: x"), "unknown field `covers` in `spec`");
    let finding = |change: (&str, &str)| {
        let entry = ENTRY.replace(change.0, change.1);
        refused(&format!("owner: a, expires: 2027-01-01, findings: [{{{entry}}}]"))
    };
    assert_eq!(finding(("count: 2", "count: 0")), "`count` must be a whole number from 1");
    assert_eq!(finding(("count: 2", "count: 999999999")), "`count` may be 10000 at most");
    assert_eq!(finding(("count: 2", "count: 1.5")), "`count` must be a whole number from 1");
    assert_eq!(finding((", count: 2", "")), "`findings[0]` has no `count`");
    assert_eq!(finding(("resource-limits/cpu", "cpu")), "the rule names no plugin");
    assert_eq!(finding(("rule: resource-limits/cpu-limit-max", "rule: '*'")), "`*` is not a rule");
    assert_eq!(finding((", message: too much", "")), "`findings[0]` has no `message`");
    assert_eq!(finding((", file: m/a.yaml", "")), "`subject` has no `file`");
    let twice = refused(&format!("owner: a, expires: 2027-01-01, findings: [{{{ENTRY}}}, {{{ENTRY}}}]"));
    assert!(twice.starts_with("the same finding a second time (the first is at baseline.yaml:4:"), "{twice}");
    assert_eq!(parse("").expect_err("nothing"), "a baseline is one document, and here are 0");
    let waiver = text("owner: a, expires: 2027-01-01, findings: []").replace("Baseline", "Waiver");
    assert!(parse(&waiver).expect_err("a waiver").starts_with("this is a `Waiver`"));
}

#[test]
fn covers_never_more_than_it_lists_whatever_is_found() {
    let mut seed = 5_u32;
    let mut next = move |most: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) % most
    };
    let odd = ["plain", "a: b # c", "\"quoted\"", "line\nbreak", "yes", "12", "'", "\u{202e}x", "{{ x }}", "ä, [b]"];
    for _ in 0..300 {
        let mut word = || odd[next(odd.len() as u32) as usize];
        let subjects: Vec<Subject> = (0..3).map(|at| subject(word(), word(), Some(1 + at % 2))).collect();
        let mut found = |count: u32| -> Vec<(usize, Judged)> {
            let one = |_| {
                let effect =
                    [Effect::Deny, Effect::Warn, Effect::Audit, Effect::Waived, Effect::Shadow][next(5) as usize];
                let rule = ["cpu-limit-max", "cpu-limit-min"][next(2) as usize];
                (next(3) as usize, judged(rule, odd[next(odd.len() as u32) as usize], effect))
            };
            (0..count).map(one).collect()
        };
        let (before, after) = (found(12), found(12));
        let mut entries: BTreeMap<Listed, u32> = BTreeMap::new();
        for (at, judged) in before.iter().filter(|(_, judged)| judged.may_be_known()) {
            *entries.entry(Listed::of(&subjects[*at], "default", judged).expect("a file")).or_default() += 1;
        }
        let head =
            BaselineHead { name: "b".into(), owner: "x: y".into(), expires: "2027-01-01".into(), ..Default::default() };
        let written = baseline_yaml(&head, &entries);
        let baseline = parse(&written).unwrap_or_else(|error| panic!("{error}\n{written}"));
        assert_eq!(baseline.entries(), &entries, "what is written is what is read");
        assert_eq!(baseline_yaml(&baseline.head, baseline.entries()), written);
        // Subjects with equal names are one here; a file has each occurrence once.
        for (at, subject) in subjects.iter().enumerate() {
            let mut own: Vec<Judged> =
                after.iter().filter(|(of, _)| *of == at).map(|(_, judged)| judged.clone()).collect();
            let effects: Vec<Effect> = own.iter().map(|judged| judged.effect).collect();
            baseline.apply(NOON, subject, "default", &mut own);
            let mut counts: BTreeMap<Listed, (u32, u32)> = BTreeMap::new();
            for (judged, effect) in own.iter().zip(effects) {
                let may = !matches!(effect, Effect::Waived | Effect::Shadow);
                assert!(judged.effect == effect || (may && judged.effect == Effect::Known));
                let count = counts.entry(Listed::of(subject, "default", judged).expect("a file")).or_default();
                count.0 += u32::from(may);
                count.1 += u32::from(judged.effect == Effect::Known);
            }
            for (listed, (there, known)) in counts {
                assert_eq!(known, there.min(entries.get(&listed).copied().unwrap_or(0)), "{listed:?}");
            }
        }
    }
}

#[test]
fn writes_which_of_several_only_where_there_are_several() {
    let written = |number| {
        let subject = subject("m/a.yaml", "web", Some(number));
        let listed = Listed::of(&subject, "default", &judged("r", "m", Effect::Deny)).expect("read from a file");
        baseline_yaml(&BaselineHead::default(), &BTreeMap::from([(listed, 1)]))
    };
    assert!(!written(1).contains("occurrence"));
    assert!(written(2).contains(", occurrence: 2}"));
}

#[test]
fn takes_as_many_days_and_as_many_findings_as_the_bounds_say_and_not_one_more() {
    assert_eq!(baseline_expiry("1971-01-02", 0), Ok((MAX_BASELINE_DAYS + 1) * DAY));
    assert!(baseline_expiry("1971-01-03", 0).is_err());
    let counted = |count: u32| {
        let entry = ENTRY.replace("count: 2", &format!("count: {count}"));
        parse(&text(&format!("owner: web, expires: 2027-03-31, findings: [{{{entry}}}]"))).map(drop)
    };
    assert_eq!(counted(MAX_BASELINE_COUNT), Ok(()));
    assert_eq!(counted(MAX_BASELINE_COUNT + 1), Err("`count` may be 10000 at most".to_owned()));
}
