//! For code scanning.
//!
//! SARIF 2.1.0 (OASIS, errata 01). Findings are results; whatever could not be judged is a notification of a failed
//! invocation, never a result, so that no reader takes it for a pass.

use std::collections::{BTreeMap, HashMap};

use portcullis_model::{Decision, Effect, Failure, Judged, Place, Severity};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::fingerprint::{Seen, fingerprint};
use crate::fixes::{FixOutcome, FixState};
use crate::json_text::{Listed, json_text, sorted};
use crate::report::{InputError, Report, ReportVerdict, RuleInfo, WaiverInfo};
use crate::sarif_text::{is_web_address, message, pascal_case, uri_of};
use crate::tally::is_not_judged;
use crate::words::{policy_code_of, short_name, subject_path};

/// The version of the format.
pub const SARIF_VERSION: &str = "2.1.0";
/// Where the format's schema stands.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// Our fingerprint's name and version: a change of what goes into it is a new number.
const FINGERPRINT: &str = "portcullisFinding/v1";

/// The report as one SARIF run, indented, with a line break at its end. Members stand in the order of their names, here as
/// in what [`sorted`] sorts.
pub fn sarif(report: &Report) -> String {
    let rules = &Rules::of(report);
    let results = Listed(|| {
        let mut seen = Seen::default();
        let told = report.decisions.iter().filter(|decision| !decision.findings.is_empty()).flat_map(|decision| {
            let id = decision.id();
            decision.findings.iter().map(move |judged| (decision, id.clone(), judged))
        });
        told.map(move |(decision, id, judged)| sorted(result(decision, &id, judged, (report, rules), &mut seen)))
    });
    let sets = report.policy_sets.iter().map(|set| json!({"name": set.name, "digest": set.digest}));
    let invocation = Invocation {
        execution_successful: report.verdict != ReportVerdict::Error,
        tool_execution_notifications: Listed(|| notifications(report).map(sorted)),
    };
    let run = Run {
        column_kind: "unicodeCodePoints",
        invocations: [invocation],
        properties: sorted(json!({"verdict": report.verdict.as_str(), "policySets": sets.collect::<Vec<_>>()})),
        results,
        tool: sorted(json!({"driver": driver(report, rules)})),
    };
    json_text(&Log { schema: SCHEMA, runs: [run], version: SARIF_VERSION })
}

#[derive(Serialize)]
struct Log<R> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    runs: [R; 1],
    version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<I, R> {
    column_kind: &'static str,
    invocations: [I; 1],
    properties: Value,
    results: R,
    tool: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation<N> {
    execution_successful: bool,
    tool_execution_notifications: N,
}

/// Every rule with its index: those of the plugins, and for completeness any that spoke without being described.
struct Rules<'a> {
    known: Vec<&'a RuleInfo>,
    unknown: Vec<String>,
    index: HashMap<String, usize>,
}

impl<'a> Rules<'a> {
    fn of(report: &'a Report) -> Self {
        let mut rules = Self { known: Vec::new(), unknown: Vec::new(), index: HashMap::new() };
        // Two sets may use two versions of one plugin under one name: one code is one rule, and the first description stands.
        let by_code: BTreeMap<String, &RuleInfo> = report.rules.iter().rev().map(|rule| (rule.code(), rule)).collect();
        for (code, rule) in by_code {
            rules.index.insert(code, rules.known.len());
            rules.known.push(rule);
        }
        for judged in report.decisions.iter().flat_map(|decision| &decision.findings) {
            let code = policy_code_of(judged);
            if !rules.index.contains_key(&code) {
                rules.index.insert(code.clone(), rules.known.len() + rules.unknown.len());
                rules.unknown.push(code);
            }
        }
        rules
    }
}

fn driver(report: &Report, rules: &Rules) -> Value {
    let known = rules.known.iter().map(|rule| descriptor(rule));
    let unknown = rules.unknown.iter().map(|code| json!({"id": code}));
    let mut driver = json!({
        "name": "portcullis",
        "version": report.tool.version,
        "semanticVersion": report.tool.version,
        "informationUri": env!("CARGO_PKG_REPOSITORY"),
        "rules": known.chain(unknown).collect::<Vec<_>>(),
    });
    if !report.tool.commit.is_empty() {
        driver["properties"] = json!({"commit": report.tool.commit});
    }
    driver
}

fn descriptor(rule: &RuleInfo) -> Value {
    let title =
        if rule.policy == rule.plugin { rule.title.clone() } else { format!("{}: {}", rule.policy, rule.title) };
    let mut descriptor = json!({
        "id": rule.code(),
        "name": pascal_case(&rule.id),
        "shortDescription": {"text": message(&title)},
        "defaultConfiguration": {"level": level_of_severity(rule.severity)},
        "properties": {
            "policy": rule.policy,
            "plugin": rule.plugin,
            "pluginVersion": rule.plugin_version,
            "pluginDigest": rule.plugin_digest,
            "security-severity": security_severity(rule.severity),
            "tags": ["security"],
        },
    });
    // A URI or nothing: one plugin's odd help text must not make the whole log invalid.
    if let Some(help) = rule.help.as_deref().filter(|help| is_web_address(help)) {
        descriptor["helpUri"] = json!(help);
    }
    descriptor
}

fn result(
    decision: &Decision,
    id: &str,
    judged: &Judged,
    (report, rules): (&Report, &Rules),
    seen: &mut Seen,
) -> Value {
    let finding = &judged.finding;
    let code = policy_code_of(judged);
    let mut properties = json!({
        "effect": judged.effect.as_str(),
        "mode": decision.mode.as_str(),
        "policy": judged.policy,
        "policySet": decision.policy_set,
        "plugin": judged.plugin,
        "decision": id,
        "severity": judged.severity.as_str(),
        "security-severity": security_severity(judged.severity),
        "pointer": finding.pointer,
    });
    if let Some(fix) = &finding.fix {
        properties["fix"] = json!(fix.description);
    }
    if let Some(baseline) = report.baseline.as_ref().filter(|_| judged.effect == Effect::Known) {
        properties["knownBy"] =
            json!({"baseline": baseline.name, "owner": baseline.owner, "expires": baseline.expires});
    }
    // Whoever reads it with the baseline's eyes need not look at the effect (SARIF 3.27.24).
    let state = if judged.effect == Effect::Known { "unchanged" } else { "new" };
    let suppressions = match (&judged.waiver, judged.effect) {
        (Some(waiver), _) => vec![suppression(waiver, report)],
        (None, Effect::Waived) => vec![json!({"kind": "external"})],
        (None, _) => Vec::new(),
    };
    let mut result = json!({
        "ruleId": code,
        "ruleIndex": rules.index.get(&code),
        "level": level_of_effect(judged.effect),
        "message": {"text": message(&finding.message)},
        "locations": [location(decision, judged)],
        "partialFingerprints": {FINGERPRINT: fingerprint(decision, judged, seen)},
        // An empty list says "not suppressed"; none would say "unknown" (SARIF 3.27.23).
        "suppressions": suppressions,
        "properties": properties,
    });
    if report.baseline.as_ref().is_some_and(|baseline| !baseline.expired) {
        result["baselineState"] = json!(state);
    }
    result
}

/// The waiver as the justification that a reader shows, its parts once more for machines.
fn suppression(name: &str, report: &Report) -> Value {
    let Some(known) = report.waiver(name) else {
        return json!({"kind": "external", "justification": format!("waiver `{name}`")});
    };
    let WaiverInfo { owner, ticket, reason, expires, .. } = known;
    json!({
        "kind": "external",
        "justification": format!("waiver `{name}` of {owner} ({ticket}), until {expires}: {reason}"),
        "properties": {"waiver": name, "owner": owner, "ticket": ticket, "expires": expires},
    })
}

fn location(decision: &Decision, judged: &Judged) -> Value {
    let place = judged.finding.place.as_ref().or(decision.subject.place.as_ref());
    let mut location = place.map_or_else(|| json!({}), physical);
    let name = subject_path(decision);
    location["logicalLocations"] = json!([{
        "kind": decision.subject.kind_of.as_str(),
        "name": short_name(&decision.subject),
        "fullyQualifiedName": format!("{name}{}", judged.finding.pointer),
    }]);
    location
}

fn physical(place: &Place) -> Value {
    let ((line, column), (end_line, end_column)) = (place.start(), place.end());
    json!({"physicalLocation": {
        "artifactLocation": {"uri": uri_of(place.file())},
        "region": {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column},
    }})
}

/// What could not be used or judged, what became of fixes, and what is only worth knowing.
fn notifications(report: &Report) -> impl Iterator<Item = Value> {
    let failures = report
        .decisions
        .iter()
        .flat_map(|decision| decision.failures.iter().map(move |failure| not_judged(decision, failure)));
    let notices = report.notices.iter().map(|text| notification("notice", "note", text, None, Map::new()));
    let skipped = report.skipped.iter().map(|skipped| {
        notification(
            "skipped",
            "note",
            &format!("skipped: {}", skipped.reason),
            Some(in_file(&skipped.path)),
            Map::new(),
        )
    });
    let fixes = report.fixes.iter().flatten().map(fixed);
    report.errors.iter().map(input_error).chain(failures).chain(fixes).chain(notices).chain(skipped)
}

fn input_error(error: &InputError) -> Value {
    let text = match &error.hint {
        Some(hint) => format!("{}; {hint}", error.message),
        None => error.message.clone(),
    };
    let place = error.place.as_ref().map(physical).or_else(|| error.file_name().map(in_file));
    notification("input", "error", &text, place, Map::new())
}

fn not_judged(decision: &Decision, failure: &Failure) -> Value {
    let level = if failure.effect == Effect::Warn { "warning" } else { "error" };
    let (id, level) = if is_not_judged(failure) {
        (format!("not-judged/{}", failure.kind.as_str()), level)
    } else {
        ("notice".into(), "note")
    };
    let properties = json!({
        "policySet": decision.policy_set, "policy": failure.policy, "mode": decision.mode.as_str(),
        "subject": subject_path(decision),
    });
    let place = decision.subject.place.as_ref().map(physical);
    notification(&id, level, &failure.message, place, properties.as_object().cloned().unwrap_or_default())
}

fn fixed(fix: &FixOutcome) -> Value {
    let (id, level, why) = match &fix.state {
        FixState::Applied => ("fixed", "note", String::new()),
        FixState::Patched => ("fix-in-patch", "note", String::new()),
        FixState::Refused(reason) => ("not-fixed", "warning", format!(": {reason}")),
    };
    notification(id, level, &format!("{}: {}{why}", fix.code, fix.description), Some(in_file(&fix.file)), Map::new())
}

/// A file as a whole.
fn in_file(file: &str) -> Value {
    json!({"physicalLocation": {"artifactLocation": {"uri": uri_of(file)}}})
}

fn notification(id: &str, level: &str, text: &str, place: Option<Value>, properties: Map<String, Value>) -> Value {
    let mut notification = json!({"descriptor": {"id": id}, "level": level, "message": {"text": message(text)}});
    if let Some(place) = place {
        notification["locations"] = json!([place]);
    }
    if !properties.is_empty() {
        notification["properties"] = Value::Object(properties);
    }
    notification
}

fn level_of_effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Deny => "error",
        Effect::Warn => "warning",
        Effect::Audit | Effect::Shadow | Effect::Waived | Effect::Known => "note",
    }
}

fn level_of_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// The middle of GitHub's ranges: above 9 critical, from 7 high, from 4 medium, above 0 low.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Info => "0.0",
    }
}
