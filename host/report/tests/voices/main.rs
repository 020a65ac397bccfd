//! Every voice, word for word, and what no voice may do.

mod fixture;
mod forges;
mod html;
mod junit;
mod long;
mod markdown;
mod snapshot;

use std::path::PathBuf;

use portcullis_model::{Source, Span};
use portcullis_report::{Format, HumanOptions, RenderOptions, Report, ReportVerdict, human, json, sarif};
use serde_json::Value;

const COLORED: HumanOptions = HumanOptions { color: true, width: 120 };

fn reports() -> [(&'static str, Report); 7] {
    [
        ("quiet", fixture::quiet()),
        ("denied", fixture::denied()),
        ("known", fixture::known()),
        ("two-sets", fixture::two_sets()),
        ("two-policies", fixture::two_policies()),
        ("errors", fixture::errors()),
        ("nothing", fixture::nothing()),
    ]
}

fn said(format: Format, report: &Report) -> String {
    format.render(report, &RenderOptions::default())
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn says_the_same_words_for_the_same_decisions() {
    for (name, report) in reports() {
        // One page is enough to see: each holds the whole style sheet.
        for format in Format::ALL.into_iter().filter(|format| *format != Format::Html || name == "denied") {
            snapshot::says(&format!("{name}.{}.txt", format.as_str()), &said(format, &report));
        }
    }
    snapshot::says("denied.color.txt", &human(&fixture::denied(), &COLORED));
    snapshot::says("errors.color.txt", &human(&fixture::errors(), &COLORED));
    for format in [Format::Human, Format::Github, Format::Markdown] {
        snapshot::says(&format!("hostile.{}.txt", format.as_str()), &said(format, &fixture::hostile()));
    }
}

#[test]
fn settles_the_verdict_before_any_voice_speaks() {
    let verdicts = reports().map(|(_, report)| report.verdict);
    use ReportVerdict::{Allow, Deny, Error};
    assert_eq!(verdicts, [Allow, Deny, Allow, Deny, Deny, Error, Error]);
    for (name, report) in reports() {
        let before = report.clone();
        let options = RenderOptions { human: COLORED, ..RenderOptions::default() };
        let texts = Format::ALL.map(|format| format.render(&report, &options));
        assert_eq!(report, before, "{name}: a voice changed the report");
        assert_eq!(parsed(&texts[1])["verdict"], report.verdict.as_str());
        assert_eq!(parsed(&texts[2])["runs"][0]["properties"]["verdict"], report.verdict.as_str());
        let successful = parsed(&texts[2])["runs"][0]["invocations"][0]["executionSuccessful"].as_bool();
        assert_eq!(successful, Some(report.verdict != Error), "{name}: a failed run may not look like a pass");
    }
}

#[test]
fn shows_what_is_known_as_neither_a_pass_nor_a_denial() {
    let report = fixture::known();
    assert_eq!((report.summary.known, report.summary.denied, report.summary.fixed), (1, 0, 1));
    let by = "by the baseline `before-2026` of team-web, until 2027-03-31";
    let told = |format| said(format, &report);
    let known = told(Format::Human);
    assert!(known.contains("known[resource-limits/cpu-limit-max] high: container `app`"), "{known}");
    assert!(known.contains(&format!("  {by}\n")), "{known}");
    assert!(told(Format::Github).contains(&format!("known {by}")) && !told(Format::Github).contains("::error"));
    let gitlab = parsed(&told(Format::Gitlab));
    let of_known = gitlab.as_array().expect("a list").iter().find(|issue| {
        issue["description"].as_str().is_some_and(|text| text.starts_with("known: ") && text.contains(by))
    });
    assert_eq!(of_known.expect("the known one")["severity"], "info");
    let junit = told(Format::Junit);
    assert!(junit.contains("failures=\"0\"") && junit.contains("<skipped message=\"known: container"), "{junit}");
    let markdown = told(Format::Markdown);
    assert!(markdown.contains("| Known | Others |") && markdown.contains("<b>Known</b> (1)"), "{markdown}");
    assert!(markdown.contains("before-2026") && markdown.contains("not fixed: "), "{markdown}");
    let html = told(Format::Html);
    assert!(html.contains("e-known") && html.contains("<code>before-2026</code> of team-web"), "a card");
    let result = &parsed(&told(Format::Sarif))["runs"][0]["results"][0];
    assert_eq!((&result["baselineState"], &result["level"]), (&"unchanged".into(), &"note".into()));
    assert_eq!(result["properties"]["knownBy"]["owner"], "team-web");
    assert_eq!(parsed(&told(Format::Json))["decisions"][0]["findings"][0]["effect"], "known");
    let quiet = portcullis_report::quiet(&report, &|_| false);
    assert_eq!(quiet, None, "nothing of it must be mended, and a fix that was written is done");
}

#[test]
fn tells_the_policies_of_one_plugin_apart() {
    let report = fixture::two_policies();
    let told = |format| said(format, &report);
    for policy in ["teams", "names"] {
        let code = format!("{policy}/cel/validation-failed");
        assert!(told(Format::Github).contains(&format!("title=denied%3A {code} (medium)")), "{policy}");
        assert!(told(Format::Gitlab).contains(&format!("\"check_name\": \"{code}\"")), "{policy}");
        assert!(told(Format::Markdown).matches(&format!("| `{code}`")).count() == 2, "in both tables: {policy}");
        assert!(told(Format::Html).contains(&format!("aria-label=\"{code}: 1 denied\"")), "{policy}");
        let junit = told(Format::Junit);
        assert!(junit.contains(&format!("name=\"Deployment shop/web: {policy}\"")), "{junit}");
        let run = &parsed(&told(Format::Sarif))["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
        let rule = rules.iter().find(|rule| rule["id"] == code.as_str()).expect("a descriptor");
        assert_eq!(rule["shortDescription"]["text"], format!("{policy}: Every validation holds."));
        assert_eq!(rule["properties"]["policy"], policy);
        let results = run["results"].as_array().expect("results");
        assert_eq!(results.iter().filter(|result| result["ruleId"] == code.as_str()).count(), 1);
    }
    assert!(told(Format::Human).contains("denied[cel/validation-failed] medium: the label `team` is missing"));
    assert!(told(Format::Sarif).contains("\"ruleId\": \"resource-limits/cpu-limit-max\""), "a policy named so");
    let json = parsed(&told(Format::Json));
    assert_eq!(json["decisions"][0]["findings"][3]["rule"], "validation-failed");
}

#[test]
fn shows_the_worst_of_a_subject_first_and_leaves_the_decision_as_it_is() {
    let source = Source::new("web.yaml", "a: 1\nb: 2\nc: 3\n");
    use portcullis_model::{Effect, Mode, Severity};
    let mut decision = fixture::decision("default", Mode::Compliance, fixture::object("Pod", "shop", "web", None));
    for (message, severity, effect, at) in [
        ("five", Severity::Critical, Effect::Warn, Some("a: 1")),
        ("four", Severity::High, Effect::Deny, None),
        ("three", Severity::High, Effect::Deny, Some("c: 3")),
        ("two", Severity::High, Effect::Deny, Some("a: 1")),
        ("one", Severity::Critical, Effect::Deny, Some("b: 2")),
    ] {
        let place = at.and_then(|at| fixture::place(&source, at));
        decision.findings.push(fixture::judged("p/r", severity, effect, message, "/a", place));
    }
    let parts = portcullis_report::Parts { decisions: vec![decision], ..Default::default() };
    let report = Report::new(fixture::tool(), parts);
    let order = |format| {
        let text = said(format, &report);
        let mut words = ["one", "two", "three", "four", "five"];
        words.sort_by_key(|word| text.find(word));
        words
    };
    for format in [Format::Human, Format::Github, Format::Markdown, Format::Html] {
        assert_eq!(order(format), ["one", "two", "three", "four", "five"], "{}", format.as_str());
    }
    assert_eq!(order(Format::Json), ["five", "four", "three", "two", "one"]);
}

#[test]
fn counts_a_subject_once_however_many_sets_judge_it() {
    let summary = fixture::two_sets().summary;
    assert_eq!((summary.subjects, summary.denied, summary.allowed, summary.findings), (1, 1, 0, 6));
    let summary = fixture::denied().summary;
    assert_eq!((summary.subjects, summary.allowed, summary.allowed_with_warnings, summary.unmatched), (3, 2, 1, 1));
    let mut again = fixture::denied();
    again.decisions.push(again.decisions[2].clone());
    let parts = portcullis_report::Parts { decisions: again.decisions, ..Default::default() };
    assert_eq!(Report::new(fixture::tool(), parts).summary.subjects, 4, "one set never speaks twice about one subject");
}

#[test]
fn refuses_to_let_hostile_text_reach_a_terminal_or_a_ci_log() {
    // A23, P74.
    let report = fixture::hostile();
    for (format, text) in Format::ALL.map(|format| (format.as_str(), said(format, &report))) {
        for (number, line) in text.lines().enumerate() {
            let control = line.chars().find(|c| c.is_control() || ('\u{2000}'..'\u{2070}').contains(c) && *c != '…');
            assert_eq!(control, None, "{format}, line {}: {line}", number + 1);
            assert!(!line.contains("##["), "{format}, line {}: {line}", number + 1);
            let command = line.trim_start().starts_with("::");
            assert!(!command || format == "github", "{format}, line {}: {line}", number + 1);
        }
    }
    let colored = human(&report, &COLORED);
    let ours = |rest: &str| rest.starts_with("[0m") || rest.starts_with("[1") || rest.starts_with("[2m");
    assert!(colored.split('\u{1b}').skip(1).all(ours), "only our own colours");
    let told = parsed(&json(&report));
    assert_eq!(told["decisions"][0]["subject"]["name"], fixture::HOSTILE, "JSON keeps the value");
    assert_eq!(told["decisions"][0]["findings"][0]["fix"]["value"], fixture::HOSTILE, "what is not JSON is a string");
}

#[test]
fn refuses_to_quote_a_secret() {
    let source = Source::new("secret.yaml", "data: {password: hunter2, other: x}\n");
    source.mask(Span::new(17, 24));
    let at = fixture::place(&source, "hunter2");
    let mut decision = fixture::decision(
        "default",
        portcullis_model::Mode::Compliance,
        fixture::object("Secret", "", "s", at.clone()),
    );
    let deny = portcullis_model::Effect::Deny;
    let severity = portcullis_model::Severity::High;
    decision.findings.push(fixture::judged("a/b", severity, deny, "too short", "/data/password", at));
    let parts = portcullis_report::Parts { decisions: vec![decision], ..Default::default() };
    let report = Report::new(fixture::tool(), parts);
    for format in Format::ALL {
        assert!(!said(format, &report).contains("hunter2"), "{}", format.as_str());
    }
    assert!(human(&report, &HumanOptions::default()).contains("{password: *******, other: x}"));
}

#[test]
fn keeps_our_json_within_its_schema() {
    // Readers meet new members, so the schema that they get is open; ours is closed, so that it cannot fall behind.
    let mut schema = parsed(include_str!("../../check-report.schema.json"));
    close(&mut schema);
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema");
    for (name, report) in reports().into_iter().chain([("hostile", fixture::hostile())]) {
        let complaints: Vec<_> = validator.iter_errors(&parsed(&json(&report))).map(|e| e.to_string()).collect();
        assert!(complaints.is_empty(), "{name}: {complaints:?}");
    }
    let mut odd = parsed(&json(&fixture::denied()));
    odd["decisions"][0]["invented"] = Value::Null;
    assert!(!validator.is_valid(&odd), "a member that the schema does not know is a complaint");
}

/// Refuses members that an object's schema does not name.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.values_mut().for_each(close);
            if map.get("type") == Some(&Value::from("object")) {
                map.insert("additionalProperties".into(), Value::Bool(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

#[test]
fn keeps_sarif_within_the_published_schema() {
    let corpora = std::env::var_os("PORTCULLIS_CORPORA")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora")), PathBuf::from);
    if !corpora.is_dir() {
        eprintln!("SKIPPED: no corpora at {}", corpora.display());
        return;
    }
    let schema = std::fs::read_to_string(corpora.join("sarif/schema/sarif-schema-2.1.0.json")).expect("the schema");
    let validator = jsonschema::options().should_validate_formats(true).build(&parsed(&schema)).expect("a schema");
    for (name, report) in reports().into_iter().chain([("hostile", fixture::hostile())]) {
        let log = parsed(&sarif(&report));
        let complaints: Vec<_> =
            validator.iter_errors(&log).map(|e| format!("{} at {}", e, e.instance_path())).collect();
        assert!(complaints.is_empty(), "{name}: {complaints:#?}");
        let run = &log["runs"][0];
        for result in run["results"].as_array().expect("results") {
            let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().expect("an index") as usize];
            assert_eq!(rule["id"], result["ruleId"], "{name}: the index leads to the rule");
        }
    }
}

#[test]
fn keeps_a_findings_fingerprint_when_its_line_moves() {
    let prints = |prefix: &str| {
        let mut report = fixture::denied();
        for judged in report.decisions.iter_mut().flat_map(|decision| &mut decision.findings) {
            let place = judged.finding.place.as_mut().expect("a place");
            let text = format!("{prefix}{}", place.source.text());
            let moved = prefix.len() as u32;
            place.source = Source::new(place.source.name(), text);
            place.span = Span { start: place.span.start + moved, end: place.span.end + moved };
        }
        let log = parsed(&sarif(&report));
        let results = log["runs"][0]["results"].as_array().expect("results").clone();
        results.iter().map(|result| result["partialFingerprints"].to_string()).collect::<Vec<_>>()
    };
    let (here, there) = (prints(""), prints("# a comment\n\n"));
    assert_eq!(here, there);
    assert_eq!(here.iter().collect::<std::collections::BTreeSet<_>>().len(), here.len(), "and each is its own");
}
