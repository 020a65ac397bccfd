//! Markdown: nothing of a stranger's text is obeyed, and it is never longer than a forge takes.

use portcullis_model::{Effect, Mode, Severity};
use portcullis_report::{MARKDOWN_BYTES, Parts, Report, Skipped, markdown};

use crate::{fixture, reports};

/// The tags that are ours.
const TAGS: [&str; 7] = ["<details>", "</details>", "<summary>", "</summary>", "<b>", "</b>", "<br>"];

/// A line without its code spans (CommonMark section 6.1: a span ends at the next run of as many backticks).
fn without_code(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        out.push_str(&rest[..at]);
        let length = rest[at..].chars().take_while(|c| *c == '`').count();
        let inside = &rest[at + length..];
        let mut from = 0;
        let end = loop {
            let Some(found) = inside[from..].find('`') else { break None };
            let run = inside[from + found..].chars().take_while(|c| *c == '`').count();
            if run == length {
                break Some(from + found);
            }
            from += found + run;
        };
        rest = &inside[end.expect("a code span that ends") + length..];
    }
    out + rest
}

/// Fails where anything of a line could be obeyed that is not ours.
fn judge(name: &str, line: &str) {
    let mut bare = without_code(line);
    TAGS.into_iter().for_each(|tag| bare = bare.replace(tag, " "));
    for odd in ["<", ">", "&", "@", "[", "]", "](", "://", "www.", "~", "*", "_", "\\", "`", "$", "GH-", ":x:"] {
        let ours = (odd == "*" && bare.starts_with("**")) || (odd == "_" && !bare.contains('_'));
        assert!(ours || !bare.contains(odd), "{name}: `{odd}` in {line}");
    }
    let marks = bare.matches('#').count();
    assert!(marks == 0 || (marks == 2 && line.starts_with("## ")), "{name}: {line}");
    if line.starts_with('|') {
        let columns = line.matches('|').count();
        assert!(matches!(columns, 4 | 7 | 8), "{name}: a row of {columns} bars: {line}");
    }
}

#[test]
fn obeys_nothing_that_a_stranger_wrote() {
    for (name, report) in reports().into_iter().chain([("hostile", fixture::hostile())]) {
        markdown(&report).lines().for_each(|line| judge(name, line));
    }
    for attack in [
        "</details><script>alert(1)</script>",
        "![x](https://evil.example/x.png)",
        "[click](javascript:alert(1))",
        "@org/team please see #1 and GH-1, org/repo#2, !3, ~bug, 5%",
        "a | b\n| c | d |",
        "```\nafter\n```",
        "`x` ``y`` `",
        "\\`x\\|\\",
        "<!-- -->&lt;img src=x&gt;",
        "https://evil.example www.evil.example me@evil.example :tada: $x$ ==a==",
        "# heading\n- [ ] task",
    ] {
        let report = one(attack);
        for line in markdown(&report).lines() {
            judge(attack, line);
        }
    }
}

fn one(attack: &str) -> Report {
    let mut decision = fixture::decision(attack, Mode::Compliance, fixture::object(attack, attack, attack, None));
    let mut judged = fixture::judged("a/b", Severity::High, Effect::Deny, attack, attack, None);
    attack.clone_into(&mut judged.policy);
    attack.clone_into(&mut judged.finding.rule);
    decision.findings.push(judged);
    let skipped = vec![Skipped { path: attack.to_owned(), reason: attack.to_owned() }];
    Report::new(
        fixture::tool(),
        Parts { notices: vec![attack.to_owned()], skipped, decisions: vec![decision], ..Parts::default() },
    )
}

#[test]
fn stays_within_what_a_forge_takes() {
    let long = "very ".repeat(400) + "`漢字`";
    let mut decision = fixture::decision("default", Mode::Compliance, fixture::object("Pod", "shop", "web", None));
    for n in 0..5_000 {
        let effect = if n % 3 == 0 { Effect::Warn } else { Effect::Deny };
        let code = format!("plugin-{}/rule-{n}", n % 90);
        decision.findings.push(fixture::judged(&code, Severity::High, effect, &long, "/a", None));
    }
    let notices = vec![long.clone(); 900];
    let skipped = vec![Skipped { path: long.clone(), reason: long.clone() }; 900];
    let policy_sets = fixture::sets(&[long.as_str(); 40]);
    let parts = Parts { policy_sets, notices, skipped, decisions: vec![decision], ..Parts::default() };
    let text = markdown(&Report::new(fixture::tool(), parts));
    assert!(text.len() <= MARKDOWN_BYTES, "{} bytes", text.len());
    assert!(text.len() > MARKDOWN_BYTES / 2, "{} bytes: nearly nothing is shown", text.len());
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    assert!(text.contains(" more (`--format json` lists all)"), "what is left out is counted");
    assert!(text.contains("**Warnings** (1667): `--format json` lists them"), "and so is a part that has no room");
    assert!(text.ends_with("Judged by portcullis `0.1.0` (`85ebfb2`)\n"));
    text.lines().for_each(|line| judge("long", line));
}
