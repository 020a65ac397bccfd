//! How long a report of 100,000 results takes, and how much memory, beside the parsing of it alone.

use std::fmt::Write;
use std::time::Instant;

use portcullis_predicate::Text;
use portcullis_predicate::sarif::{self, Ask, Baseline};
use serde_json::json;

fn main() {
    let count = 100_000;
    let text = report(count);
    println!("{count} results, {:.1} MB, {}", text.len() as f64 / 1e6, peak("before"));
    let seconds = |what: &str, work: &dyn Fn() -> usize| {
        let best = (0..3).map(|_| {
            let started = Instant::now();
            std::hint::black_box(work());
            started.elapsed().as_secs_f64()
        });
        let best = best.fold(f64::INFINITY, f64::min);
        println!("{what:40} {best:7.3} s {:7.1} MB/s {}", text.len() as f64 / 1e6 / best, peak("peak so far"));
    };
    seconds("places of all values", &|| Text::read(text.as_bytes()).map_or(0, |text| text.as_str().len()));
    let read = |ask: &Ask| sarif::read(text.as_bytes(), ask).map_or(0, |reading| reading.runs.len());
    seconds("everything, nothing asked", &|| read(&Ask::default()));
    let scopes =
        json!({"scopes": [{"paths": ["src/**"], "exclude": ["**/test/**"]}, {"tags": ["security"]}, {"cwe": [89]}]});
    let mut ask = Ask::read(&scopes).unwrap_or_default();
    seconds("three scopes", &|| read(&ask));
    ask.baseline = Some(Baseline { document: Some(text.clone().into_bytes()), ..Baseline::default() });
    seconds("three scopes and itself as the baseline", &|| read(&ask));
    seconds("serde_json::Value, for comparison", &|| {
        serde_json::from_str::<serde_json::Value>(&text).map_or(0, |value| value["runs"].as_array().map_or(0, Vec::len))
    });
}

/// In the form of CodeQL.
fn report(count: usize) -> String {
    let mut rules = String::new();
    for rule in 0..500 {
        let comma = if rule == 0 { "" } else { "," };
        let _ = write!(
            rules,
            r#"{comma}{{"id":"py/rule-{rule}","defaultConfiguration":{{"level":"error"}},"properties":{{"tags":["security",
            "external/cwe/cwe-0{}"],"security-severity":"{}.{}"}}}}"#,
            rule % 100,
            rule % 10,
            rule % 7
        );
    }
    let mut results = String::with_capacity(count * 600);
    for index in 1..=count {
        let (comma, rule, file) = (if index == 1 { "" } else { "," }, index % 500, index % 2_000);
        let _ = write!(
            results,
            r#"{comma}{{"ruleId":"py/rule-{rule}","rule":{{"id":"py/rule-{rule}","index":{rule},"toolComponent":{{"index":0}}}},
            "message":{{"text":"This query depends on a [user-provided value](1)."}},"locations":[{{"physicalLocation":{{
            "artifactLocation":{{"uri":"src/module_{file}/view.py","uriBaseId":"%SRCROOT%"}},"region":{{"startLine":{index},
            "startColumn":29,"endColumn":80,"snippet":{{"text":"database.execute(\"SELECT {index}\")"}}}}}}}}],
            "partialFingerprints":{{"primaryLocationLineHash":"{index:016x}:1","primaryLocationStartColumnFingerprint":"24"}}}}"#
        )
        .is_ok();
    }
    let before = format!(
        r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"CodeQL"}},"extensions":[{{"name":"queries","rules":[{rules}]}}]}},
        "originalUriBaseIds":{{"%SRCROOT%":{{"uri":"file:///home/ci/app/"}}}},"results":["#
    );
    // In place, so that the text is in memory once.
    results.insert_str(0, &before);
    results.push_str("]}]}");
    results
}

/// The most memory that this process had at once, as Linux tells it.
fn peak(what: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: unknown");
    format!("({what}: {})", line.trim_start_matches("VmHWM:").trim())
}
