//! GitHub's annotations and GitLab's Code Quality report, read as the forges read them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use portcullis_model::{Effect, Mode, Place, Severity, Source, Span};
use portcullis_report::{Folder, Parts, Report, github, gitlab, plain};
use serde_json::Value;

use crate::{fixture, parsed, reports};

/// A command as GitHub's runner reads it from a line of the log.
#[derive(Debug, PartialEq)]
struct Command {
    name: String,
    properties: BTreeMap<String, String>,
    data: String,
}

/// What the runner does with a line: blanks in front are nothing to it, and `##[` begins a command wherever it stands.
fn command(line: &str) -> Option<Command> {
    assert!(!line.contains("##["), "an old command: {line}");
    let rest = line.trim_start().strip_prefix("::")?;
    let (head, data) = rest.split_once("::")?;
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let unescaped = |text: &str| {
        let text = text.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",");
        text.replace("%25", "%")
    };
    let pairs = properties.split(',').filter_map(|pair| pair.split_once('='));
    Some(Command {
        name: name.to_owned(),
        properties: pairs.map(|(key, value)| (key.to_owned(), unescaped(value))).collect(),
        data: data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%"),
    })
}

fn commands(text: &str) -> Vec<Command> {
    text.lines().filter_map(command).collect()
}

/// A report of one subject with so many findings of each effect, named by a stranger.
fn many(effects: &[(Effect, Severity, usize)], message: &str) -> Report {
    let source = Source::new("./deploy/web.yaml", "a: 1\nb: 2\n");
    let place = Place { source, span: Span::new(5, 9) };
    let mut decision =
        fixture::decision("default", Mode::Compliance, fixture::object("Pod", "shop", "web", Some(place.clone())));
    for &(effect, severity, number) in effects {
        for n in 0..number {
            let text = format!("{message}{n}");
            let pointer = format!("/spec/{n}");
            decision.findings.push(fixture::judged("a/b", severity, effect, &text, &pointer, Some(place.clone())));
        }
    }
    let parts = Parts { policy_sets: fixture::sets(&["default"]), decisions: vec![decision], ..Parts::default() };
    Report::new(fixture::tool(), parts)
}

#[test]
fn annotates_the_line_of_a_finding() {
    let all = commands(&github(&fixture::denied(), &Folder::default()));
    let expected: BTreeMap<String, String> = [
        ("file", "deploy/web.yaml"),
        ("line", "11"),
        ("endLine", "11"),
        ("col", "25"),
        ("endColumn", "29"),
        ("title", "denied: resource-limits/cpu-limit-max (high)"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    let data = "container `app` may use 32 cores, more than the 16 allowed\nhelp: set the limit to \"16\"\nDeployment shop/web (compliance)";
    assert_eq!(all[0], Command { name: "error".into(), properties: expected, data: data.into() });
    let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["error", "warning", "warning", "notice", "notice", "notice"], "worst first, the summary last");
    assert!(all[5].data.starts_with("denied  3 subjects: 1 denied"), "{:?}", all[5]);
}

#[test]
fn injects_no_command_whatever_a_manifest_or_a_plugin_says() {
    for attack in [
        "x\n::error::y",
        "x\r::stop-commands::y",
        "::set-output name=a::b",
        "  ::add-mask::x",
        "%0A::error::y",
        "%25%0A::x",
        "##[error]x",
        "##[set-env name=PATH]x",
        "a,line=1,title=b::c",
        "a::b\u{2028}::error::c",
        "\u{85}::error::c",
    ] {
        let mut report = many(&[(Effect::Deny, Severity::High, 12)], attack);
        report.notices = vec![attack.to_owned(); 12];
        for decision in &mut report.decisions {
            decision.subject.name = attack.to_owned();
            decision.findings.iter_mut().for_each(|judged| attack.clone_into(&mut judged.finding.rule));
            let place = Place { source: Source::new(attack, "a"), span: Span::new(0, 1) };
            decision.findings[0].finding.place = Some(place);
        }
        let text = github(&report, &Folder::default());
        let all = commands(&text);
        let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
        let expected = [&["error"; 10][..], &["notice"; 10], &["group", "endgroup"]].concat();
        assert_eq!(names, expected, "{attack:?}: {text}");
        for one in &all[..10] {
            let keys: Vec<&str> = one.properties.keys().map(String::as_str).collect();
            assert_eq!(keys, ["col", "endColumn", "endLine", "file", "line", "title"], "{attack:?}: {one:?}");
            let title = &one.properties["title"];
            assert!(title.starts_with("denied: a/") && title.ends_with("(high)"), "{attack:?} cut it short: {one:?}");
            assert!(matches!(one.properties["line"].as_str(), "1" | "2"), "{attack:?} chose its line: {one:?}");
            let whole = one.data.starts_with(&*plain(attack)) && one.data.ends_with("(compliance)");
            assert!(whole, "{attack:?} says something else: {one:?}");
        }
        let lines = text.lines().count();
        assert_eq!(lines, all.len() + 2 + 3, "{attack:?}: what is no command is one line each: {text}");
    }
}

#[test]
fn shows_the_worst_and_says_how_many_more_the_log_has() {
    let report = many(
        &[(Effect::Audit, Severity::High, 12), (Effect::Deny, Severity::Low, 9), (Effect::Deny, Severity::Critical, 4)],
        "m",
    );
    let text = github(&report, &Folder::default());
    let all = commands(&text);
    let of = |name: &str| all.iter().filter(|one| one.name == name).collect::<Vec<_>>();
    assert_eq!((of("error").len(), of("notice").len()), (10, 10), "GitHub shows ten of each");
    assert!(of("error")[..4].iter().all(|one| one.properties["title"].ends_with("(critical)")));
    let last = of("notice")[9];
    assert!(last.data.contains("6 more are not shown as annotations"), "{last:?}");
    let rest: Vec<&str> = text.lines().filter(|line| command(line).is_none()).collect();
    assert_eq!(rest.len(), 6, "{text}");
    assert_eq!(rest[0], "denied: a/b (low) deploy/web.yaml:2: m6 [Pod shop/web (compliance)]");
}

#[test]
fn names_files_from_the_root_of_the_repository() {
    let report = many(&[(Effect::Deny, Severity::High, 1)], "m");
    let folder = Folder::new(Path::new("/srv/app"), Path::new("/srv/app/charts"));
    let told = commands(&github(&report, &folder)).remove(0);
    assert_eq!(told.properties["file"], "charts/deploy/web.yaml");
    assert_eq!(parsed(&gitlab(&report, &folder))[0]["location"]["path"], "charts/deploy/web.yaml");
    // The standard input is no file of the repository: no annotation of a file that is called `-`.
    let mut piped = report.clone();
    let place = Place { source: Source::new("-", "a: 1\nb: 2\n"), span: Span::new(5, 9) };
    piped.decisions[0].findings[0].finding.place = Some(place);
    let told = commands(&github(&piped, &folder)).remove(0);
    assert_eq!(told.properties.keys().collect::<Vec<_>>(), ["title"]);
    assert!(told.data.ends_with("Pod shop/web (compliance) at -:2:1"), "{told:?}");
    let issue = &parsed(&gitlab(&piped, &folder))[0]["location"];
    assert_eq!((&issue["path"], &issue["lines"]["begin"]), (&Value::from("Pod/shop/web"), &Value::from(2)));
}

#[test]
fn gives_gitlab_all_that_it_asks_of_every_entry() {
    for (name, report) in reports().into_iter().chain([("hostile", fixture::hostile())]) {
        let issues = parsed(&gitlab(&report, &Folder::default()));
        let issues = issues.as_array().expect("a list");
        let mut prints = BTreeSet::new();
        for issue in issues {
            for text in ["description", "check_name", "fingerprint"] {
                assert!(issue[text].as_str().is_some_and(|text| !text.is_empty()), "{name}: {issue}");
            }
            let severity = issue["severity"].as_str().expect("a severity");
            assert!(["info", "minor", "major", "critical", "blocker"].contains(&severity), "{name}: {issue}");
            let path = issue["location"]["path"].as_str().expect("a path");
            assert!(!path.is_empty() && !path.starts_with("./") && !path.starts_with('/'), "{name}: {issue}");
            assert!(issue["location"]["lines"]["begin"].as_u64() > Some(0), "{name}: {issue}");
            assert!(prints.insert(issue["fingerprint"].to_string()), "{name}: GitLab shows one of two alike: {issue}");
        }
        let failures = report.decisions.iter().flat_map(|decision| &decision.failures);
        let notes = failures.filter(|one| one.policy.is_none() && one.effect == Effect::Warn).count();
        let failed = report.decisions.iter().map(|decision| decision.failures.len()).sum::<usize>();
        assert_eq!(issues.len(), report.errors.len() + report.summary.findings + failed - notes, "{name}");
    }
}

#[test]
fn tells_gitlab_how_bad_it_is() {
    let severities = |report: &Report| {
        let issues = parsed(&gitlab(report, &Folder::default()));
        let issues = issues.as_array().expect("a list").clone();
        issues.iter().map(|issue| issue["severity"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let all = Severity::ALL.map(|severity| (Effect::Deny, severity, 1));
    assert_eq!(severities(&many(&all, "m")), ["info", "minor", "major", "critical", "blocker"]);
    let told = [Effect::Audit, Effect::Shadow, Effect::Waived].map(|effect| (effect, Severity::Critical, 1));
    assert_eq!(severities(&many(&told, "m")), ["info"; 3]);
    let errors = ["blocker", "blocker", "blocker", "blocker", "blocker", "major", "blocker", "info"];
    assert_eq!(severities(&fixture::errors()), errors, "what was not judged is no less than what was found");
}

#[test]
fn keeps_gitlabs_fingerprints_when_a_line_moves() {
    let prints = |prefix: &str| {
        let source = Source::new("web.yaml", format!("{prefix}b: 2\n"));
        let start = prefix.len();
        let mut report = many(&[(Effect::Deny, Severity::High, 2)], "m");
        for judged in report.decisions.iter_mut().flat_map(|decision| &mut decision.findings) {
            judged.finding.place =
                Some(Place { source: std::sync::Arc::clone(&source), span: Span::new(start, start + 1) });
        }
        let issues = parsed(&gitlab(&report, &Folder::default()));
        issues.as_array().expect("a list").iter().map(|one| one["fingerprint"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(prints(""), prints("# a comment\n"));
    assert_ne!(prints("")[0], prints("")[1]);
}
