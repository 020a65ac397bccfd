//! What is wrong with an SBOM, a report or a verdict, where `check` denies by the usual settings.

use portcullis_model::format_time;
use serde_json::Value;

use super::document::{FIRST, at, text};

/// How far clocks may differ, as the plugins have it where a policy says nothing.
const SKEW: i64 = 600;

/// All of it, in a few words each.
pub fn of(document: &Value, now: i64) -> Vec<String> {
    if document["readable"] != true {
        let fault = &document["fault"];
        return vec![format!("cannot be read: {}{}", text(&fault["what"]), at(&fault["pointer"]))];
    }
    match document["format"].as_str() {
        Some("SARIF") => {
            let runs = document["runs"].as_array().into_iter().flatten();
            of_report(document).into_iter().chain(runs.flat_map(|run| of_run(run, now))).collect()
        }
        Some(_) => {
            let binding = &document["binding"];
            let elsewhere = (binding["state"] == "disagrees")
                .then(|| format!("it is about something else: {}", text(&binding["what"])));
            elsewhere.into_iter().chain(of_sbom(document, now)).collect()
        }
        None => verdict_failed(document)
            .into_iter()
            .chain(future(&document["timestampSeconds"], now))
            .chain(future(&document["timeSeconds"], now))
            .collect(),
    }
}

/// Of an SBOM, besides what it is about.
pub fn of_sbom(document: &Value, now: i64) -> Vec<String> {
    let mut wrong: Vec<String> = future(&document["createdSeconds"], now).into_iter().collect();
    if document["components"] == 0 {
        wrong.push("it lists no component".to_owned());
    }
    wrong.extend(match document["completeness"]["state"].as_str() {
        Some("incomplete") => Some("it says that it is incomplete".to_owned()),
        Some("unknown") => Some("it says that it does not know whether it is complete".to_owned()),
        _ => None,
    });
    wrong.extend(faults(document));
    let graph = &document["graph"];
    for (count, first, what) in [
        ("duplicateRefs", "firstDuplicate", "references that stand twice"),
        ("dangling", "firstDangling", "references to nothing"),
    ] {
        if let Some(count) = graph[count].as_u64().filter(|count| *count > 0) {
            let first = &graph[first];
            wrong.push(format!("{count} {what}, first `{}`{}", text(&first["ref"]), at(&first["pointer"])));
        }
    }
    wrong
}

/// Of a report, besides its runs.
pub fn of_report(document: &Value) -> Vec<String> {
    let none = document["runs"].as_array().is_none_or(Vec::is_empty);
    let none = none.then(|| "it has no run of any tool, so that nothing was scanned".to_owned());
    none.into_iter().chain(faults(document)).collect()
}

/// Of one run.
pub fn of_run(run: &Value, now: i64) -> Vec<String> {
    let failure = |failure: &Value| format!("{}{}", text(&failure["what"]), at(&failure["pointer"]));
    let failures = run["failures"].as_array().into_iter().flatten();
    let mut wrong: Vec<String> = failures.take(FIRST).map(failure).collect();
    let (rules, lines) = (run["rules"].as_u64(), run["lines"].as_u64());
    wrong.extend(match (run["results"].as_u64(), rules, lines) {
        (None, ..) => Some("no list of results, so that the scan did not run".to_owned()),
        (Some(0), _, Some(0)) => Some("no results, because it looked at no line of any source".to_owned()),
        (Some(0), Some(0) | None, None) => Some("neither results nor rules, so that nothing was looked for".to_owned()),
        _ => None,
    });
    if let Some(hidden) = run["suppressions"]["hidden"].as_u64().filter(|count| *count > 0) {
        wrong.push(format!(
            "the tool left out {hidden} results that the source suppresses (Bandit: `# nosec`), so that nobody sees them"
        ));
    }
    if run["external"] == true {
        wrong.push("a part of it stands in other files".to_owned());
    }
    wrong.extend(future(&run["endedSeconds"], now));
    wrong
}

/// Of a verdict that is none of success.
fn verdict_failed(document: &Value) -> Option<String> {
    let is_verdict = document.get("passed").is_some();
    (is_verdict && document["passed"] != true).then(|| match document["result"].as_str() {
        Some(result) => format!("its verdict is {result}, and not that all passed"),
        None => "it names nothing that was verified".to_owned(),
    })
}

/// What is later than now cannot be true.
pub fn future(seconds: &Value, now: i64) -> Option<String> {
    let time = seconds.as_i64().filter(|time| *time > now.saturating_add(SKEW))?;
    Some(format!("it is of {}, which is in the future", format_time(time)))
}

fn faults(document: &Value) -> Vec<String> {
    let all = document["faults"].as_array().map_or(&[][..], Vec::as_slice);
    let one = |fault: &Value| format!("{}{}", text(&fault["what"]), at(&fault["pointer"]));
    let mut wrong: Vec<String> = all.iter().take(FIRST).map(one).collect();
    let count = document["faultCount"].as_u64().unwrap_or_default();
    if let Some(more) = count.checked_sub(wrong.len() as u64).filter(|more| *more > 0) {
        wrong.push(format!("{more} more places that break the schema"));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_700_000_000;

    #[test]
    fn says_of_a_run_what_check_denies() {
        let good = json!({"results": 0, "rules": 3, "lines": null, "failures": [], "suppressions": {"hidden": 0}, "external": false});
        assert_eq!(of_run(&good, NOW), Vec::<String>::new());
        for (member, value, word) in [
            ("results", json!(null), "the scan did not run"),
            ("rules", json!(0), "neither results nor rules, so that nothing was looked for"),
            ("lines", json!(0), "looked at no line of any source"),
            ("suppressions", json!({"hidden": 2}), "left out 2 results that the source suppresses"),
            ("external", json!(true), "stands in other files"),
            ("endedSeconds", json!(NOW + SKEW + 1), "2023-11-14T22:23:21Z, which is in the future"),
            ("failures", json!([{"what": "it failed", "pointer": "/a"}]), "it failed (at `/a`)"),
        ] {
            let mut run = good.clone();
            run[member] = value;
            let wrong = of_run(&run, NOW);
            assert!(wrong.len() == 1 && wrong[0].contains(word), "{word}: {wrong:?}");
        }
    }

    #[test]
    fn says_of_other_documents_what_check_denies() {
        let sbom = json!({"readable": true, "format": "CycloneDX", "components": 1, "binding": {"state": "agrees"}});
        assert_eq!(of(&sbom, NOW), Vec::<String>::new());
        for (member, value, word) in [
            ("components", json!(0), "lists no component"),
            ("completeness", json!({"state": "incomplete"}), "says that it is incomplete"),
            ("createdSeconds", json!(NOW + SKEW + 1), "in the future"),
            (
                "graph",
                json!({"dangling": 1, "firstDangling": {"ref": "x", "pointer": ""}}),
                "1 references to nothing, first `x`",
            ),
            (
                "binding",
                json!({"state": "disagrees", "what": "its root names y"}),
                "about something else: its root names y",
            ),
            ("faultCount", json!(2), "2 more places that break the schema"),
        ] {
            let mut document = sbom.clone();
            document[member] = value;
            let wrong = of(&document, NOW);
            assert!(wrong.len() == 1 && wrong[0].contains(word), "{word}: {wrong:?}");
        }
        let failed = json!({"readable": true, "passed": null, "result": "WARNED", "timeSeconds": NOW + 10_000});
        let wrong = of(&failed, NOW).join("; ");
        assert!(wrong.contains("its verdict is WARNED") && wrong.contains("in the future"), "{wrong}");
        assert!(of(&json!({"readable": true, "builder": "b"}), NOW).is_empty());
    }
}
