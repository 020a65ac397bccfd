//! The samples of the standard's tutorials and reports of real tools, against a table written by hand.

use std::path::PathBuf;

use portcullis_predicate::sarif::{self, Ask, Reading};
use serde_json::json;

use crate::world::{ask, counts};

/// Where the samples are; nothing where this machine has none.
pub fn corpora() -> Option<PathBuf> {
    let folder = std::env::var_os("PORTCULLIS_CORPORA").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora"));
    let folder = folder.join("sarif");
    if !folder.is_dir() {
        assert!(std::env::var_os("PORTCULLIS_CORPORA").is_none(), "no {}", folder.display());
        return None;
    }
    Some(folder)
}

/// What is expected of a run: tool, results, whether it executed, failures, counts (critical, high, medium, low, none), old
/// results, results whose rule cannot be told.
type Row<'t> = (&'t str, Option<u64>, bool, u64, [u64; 5], u64, u64);

/// One result of a tool that gives no level anywhere: `warning`, so medium.
const fn medium(tool: &str, count: u64) -> Row<'_> {
    (tool, Some(count), true, 0, [0, 0, count, 0, 0], 0, 0)
}

/// By the text of SARIF 2.1.0 and section 9 of our notes, nobody having asked for anything.
const TUTORIALS: [(&str, &[Row<'_>]); 30] = [
    ("1-Introduction__simple-example", &[("ESLint", Some(1), true, 0, [0, 1, 0, 0, 0], 0, 0)]),
    ("3-Beyond-basics__automation-details", &[medium("CodeScanner", 0)]),
    ("3-Beyond-basics__bad-eval-related-locations", &[medium("PythonScanner", 1)]),
    ("3-Beyond-basics__bad-eval-with-code-flow", &[medium("PythonScanner", 1)]),
    ("3-Beyond-basics__bad-eval", &[medium("PythonScanner", 1)]),
    ("3-Beyond-basics__link-to-location", &[medium("PythonScanner", 1)]),
    ("3-Beyond-basics__message-from-metadata", &[medium("CodeScanner", 1)]),
    ("3-Beyond-basics__message-with-arguments", &[medium("CodeScanner", 1)]),
    ("3-Beyond-basics__standard-taxonomy", &[medium("CodeScanner", 1)]),
    // Absent, unchanged, updated, new: what is absent never counts, and nobody pinned a baseline for the others.
    ("Baseline", &[("SarifSamples", Some(4), true, 0, [0, 0, 3, 0, 0], 1, 0)]),
    ("CodeFlows", &[medium("SarifSamples", 1)]),
    ("ContextRegion", &[medium("SarifSamples", 1)]),
    // An error and a warning by `ruleIndex`; but the rules there are `TUT0001` and `TUT0002`, and the results say `TUT1001`
    // and `TUT1002`. Which rule is meant nobody can tell, so that the warning counts as high.
    ("DefaultRuleConfiguration", &[("SarifSamples", Some(2), true, 0, [0, 2, 0, 0, 0], 0, 2)]),
    ("EmbeddedBinaryContent", &[medium("SarifSamples", 1)]),
    ("EmbeddedTextContent", &[medium("SarifSamples", 2)]),
    // `executionSuccessful` is false, and a notification is an error.
    ("ExceptionalConditions__Catastrophic-configuration-error", &[("CodeScanner", None, false, 2, [0; 5], 0, 0)]),
    ("ExceptionalConditions__Catastrophic-execution-error", &[("CodeScanner", None, false, 2, [0; 5], 0, 0)]),
    ("ExceptionalConditions__Empty-runs", &[]),
    ("ExceptionalConditions__No-runs", &[]),
    ("ExceptionalConditions__One-run-empty-results", &[medium("CodeScanner", 0)]),
    ("ExceptionalConditions__One-run-no-results", &[("CodeScanner", None, false, 0, [0; 5], 0, 0)]),
    ("ExceptionalConditions__One-run-with-results", &[medium("CodeScanner", 1)]),
    // The level of the second notification is that of its descriptor: `error`. The first is a warning.
    ("Notifications", &[("SarifSamples", Some(0), false, 2, [0; 5], 0, 0)]),
    ("OriginalUriBaseIds", &[medium("SarifSamples", 3)]),
    ("RegionVariants", &[medium("SarifSamples", 18)]),
    ("ResultStacks", &[medium("SarifSamples", 1)]),
    ("RuleMetadata", &[("SarifSamples", Some(1), true, 0, [0, 1, 0, 0, 0], 0, 0)]),
    ("Suppressions", &[medium("SarifSamples", 9)]),
    // As in DefaultRuleConfiguration, index and id disagree.
    ("Taxonomies", &[("SarifSamples", Some(2), true, 0, [0, 2, 0, 0, 0], 0, 2)]),
    ("_template", &[medium("SarifSamples", 1)]),
];

/// With whether the report keeps the schema.
const TOOLS: [(&str, bool, &[Row<'_>]); 13] = [
    // A draft of the standard: members that it does not have, `baselineState` `existing`. One notification is an error.
    ("appendix_k.sarif", false, &[("CodeScanner", Some(1), false, 1, [0, 1, 0, 0, 0], 0, 0)]),
    ("appendix_k1_double.sarif", true, &[medium("CodeScanner", 0), medium("OtherScanner", 0)]),
    // `artifact` is no member of a run.
    ("appendix_k3.sarif", false, &[medium("BinaryScanner", 1)]),
    (
        "bash-report-fabricated-no-internal-dupes-subset.sarif",
        true,
        &[("Shell Script Analysis", Some(4), true, 0, [0, 0, 0, 4, 0], 0, 0)],
    ),
    (
        "bash-report-subset-same-hash-code-same-unique-id.sarif",
        true,
        &[("Shell Script Analysis", Some(4), true, 0, [0, 0, 0, 4, 0], 0, 0)],
    ),
    // Fingerprints are texts by the standard: results that have maps there cannot be read, so each counts as high.
    ("blackduck_nested_fingerprints.sarif", false, &[("Example-Application", Some(5), true, 0, [0, 5, 0, 0, 0], 0, 5)]),
    // No result has a level. By the `security-severity` of their rules: 9.8; 7.8 six times and 7.5 five times; 6.5, 6.1, 6.1
    // and 5.3; 2.1 six times.
    ("cxf-3.4.6.sarif", true, &[("Grype", Some(22), true, 0, [1, 11, 4, 6, 0], 0, 0)]),
    ("dockle_0_3_15.sarif", true, &[("Dockle", Some(4), true, 0, [0, 1, 0, 3, 0], 0, 0)]),
    // Neither rule nor level anywhere.
    // It declares its rules, and says of no result of which it is.
    ("gitleaks_7.5.0.sarif", true, &[("Gitleaks", Some(8), true, 0, [0, 8, 0, 0, 0], 0, 8)]),
    // One error, seven notes, and one without a level.
    ("mobsfscan.json", true, &[("mobsfscan", Some(9), true, 0, [0, 1, 1, 7, 0], 0, 0)]),
    ("no_runs.sarif", true, &[]),
    // `executionSuccessful` is false, the exit code is 3, a signal is named, and a notification is an error.
    ("spotbugs.sarif", true, &[("SpotBugs", Some(56), false, 4, [0, 0, 0, 56, 0], 0, 0)]),
    // Eight errors, two notes, and one that has its level from its rule: `warning`.
    ("taint-python-report.sarif", true, &[("Python Security Analysis", Some(11), true, 0, [0, 8, 1, 2, 0], 0, 0)]),
];

fn read(folder: &str, name: &str, ask: &Ask) -> Option<Reading> {
    let text = std::fs::read(corpora()?.join(folder).join(name)).expect(name);
    Some(sarif::read(&text, ask).expect(name))
}

fn rows(reading: &Reading) -> Vec<Row<'_>> {
    let row = |run: &'_ sarif::Run| {
        assert_eq!(run.scopes[0].suppressed, 0, "by default only what somebody justified is suppressed");
        assert_eq!(run.scopes[0].not_failures, 0);
        (run.results, run.executed(), run.failures.count, counts(run), run.scopes[0].old, run.descriptor_faults.count)
    };
    let named = |run| -> Row<'_> {
        let (results, executed, failures, counts, old, faults) = row(run);
        (run.tool.name.as_deref().unwrap_or_default(), results, executed, failures, counts, old, faults)
    };
    reading.runs.iter().map(named).collect()
}

#[test]
fn judges_every_sample_of_the_tutorials_as_written_by_hand_a46() {
    let Some(folder) = corpora() else { return };
    assert_eq!(std::fs::read_dir(folder.join("tutorials")).expect("samples").count(), TUTORIALS.len());
    for (name, expected) in TUTORIALS {
        let reading = read("tutorials", &format!("{name}.sarif"), &Ask::default()).expect("a sample");
        assert!(reading.valid(), "{name}: {:?}", reading.faults);
        assert_eq!(rows(&reading), expected.to_vec(), "{name}");
    }
}

#[test]
fn judges_every_report_of_a_tool_as_written_by_hand_a46() {
    let Some(folder) = corpora() else { return };
    assert_eq!(std::fs::read_dir(folder.join("tools")).expect("reports").count(), TOOLS.len());
    for (name, valid, expected) in TOOLS {
        let reading = read("tools", name, &Ask::default()).expect("a report");
        assert_eq!(reading.valid(), valid, "{name}: {:?}", reading.faults);
        assert_eq!(rows(&reading), expected.to_vec(), "{name}");
    }
}

/// The sample says of each result whether a viewer shows it.
#[test]
fn hides_what_the_sample_of_suppressions_hides_but_for_three_a46() {
    let accept = ask(json!({"suppressions": {"inSource": "accept", "external": "accept"}}));
    let Some(reading) = read("tutorials", "Suppressions.sarif", &accept) else { return };
    let run = &reading.runs[0];
    // Hidden in both: suppressed in the source, suppressed elsewhere, accepted. The sample hides three more, whose suppressions
    // disagree with each other: accepted and rejected, without a status and rejected, under review and rejected. We do not, and
    // that is deliberate: the last contradicts what the sample says of one that is under review alone, and somebody said no.
    assert_eq!((run.scopes[0].suppressed, counts(run)), (3, [0, 0, 6, 0, 0]));
    let told = run.suppressions;
    assert_eq!((told.in_source, told.external, told.unjustified, told.refused), (1, 7, 8, 5));

    let mut hidden = Vec::new();
    let text = std::fs::read(corpora().expect("corpora").join("tutorials/Suppressions.sarif")).expect("the sample");
    let sample: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    for (index, result) in sample["runs"][0]["results"].as_array().expect("results").iter().enumerate() {
        let mut one = sample.clone();
        one["runs"][0]["results"] = json!([result]);
        let reading = sarif::read(one.to_string().as_bytes(), &accept).expect("one result");
        let ours = reading.runs[0].scopes[0].suppressed == 1;
        let theirs = result["message"]["text"].as_str().expect("a text").contains("is hidden");
        if ours != theirs {
            hidden.push(index);
        }
    }
    assert_eq!(hidden, [6, 7, 8]);
}

#[test]
fn knows_where_the_samples_say_their_results_are() {
    let scopes = json!({"scopes": [{"paths": ["src/**"]}, {"paths": ["README.md"]}, {"exclude": ["src/**"]}]});
    let Some(reading) = read("tutorials", "OriginalUriBaseIds.sarif", &ask(scopes)) else { return };
    let counted: Vec<u64> = reading.runs[0].scopes.iter().map(|scope| scope.counts.iter().sum()).collect();
    // README.md, src/io/kb.c, and the root itself, which is every part of it.
    assert_eq!(counted, [2, 2, 2]);
    let reading = read("tools", "spotbugs.sarif", &Ask::default()).expect("a report");
    let first = &reading.runs[0].scopes[0].first[0];
    assert_eq!(first.file.as_deref(), Some("Boot.java"));
    assert_eq!((first.line, first.pointer.as_str()), (Some(23), "/runs/0/results/0"));
    assert!(first.message.as_deref().is_some_and(|text| text.contains("Boot.main(String[])")), "{:?}", first.message);
}

#[test]
fn knows_the_weaknesses_that_a_sample_names_by_a_taxonomy() {
    let scopes = json!({"scopes": [{"cwe": [401]}, {"cwe": [79]}]});
    let Some(reading) = read("tutorials", "3-Beyond-basics__standard-taxonomy.sarif", &ask(scopes)) else { return };
    let counted: Vec<u64> = reading.runs[0].scopes.iter().map(|scope| scope.counts.iter().sum()).collect();
    assert_eq!(counted, [1, 0]);
}
