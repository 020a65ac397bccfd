//! For code scanning.
//!
//! SARIF 2.1.0 (OASIS, errata 01). Findings are results; whatever could not be judged is a notification of a failed
//! invocation, never a result, so that no reader takes it for a pass.

use std::collections::{BTreeMap, HashMap};

use portcullis_model::{Decision, Effect, Judged, Place, Severity};
use serde_json::{Map, Value, json};

use crate::escape::plain_json;
use crate::fingerprint::fingerprint;
use crate::fixes::FixState;
use crate::report::{Report, ReportVerdict, RuleInfo, WaiverInfo};
use crate::sarif_text::{is_web_address, message, pascal_case, uri_of};
use crate::tally::is_not_judged;
use crate::words::{code_of, subject_path};

/// The version of the format.
pub const SARIF_VERSION: &str = "2.1.0";
/// Where the format's schema stands.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// Our fingerprint's name and version: a change of what goes into it is a new number.
const FINGERPRINT: &str = "portcullisFinding/v1";

/// The report as one SARIF run, indented, with a line break at its end.
pub fn sarif(report: &Report) -> String {
    let rules = Rules::of(report);
    let mut seen = HashMap::new();
    let result =
        |decision: &Decision, id: &str, judged: &Judged| result(decision, id, judged, (report, &rules), &mut seen);
    let run = json!({
        "tool": {"driver": driver(report, &rules)},
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation(report)],
        "results": results(report, result),
        "properties": {
            "verdict": report.verdict.as_str(),
            "policySets": report.policy_sets.iter()
                .map(|set| json!({"name": set.name, "digest": set.digest})).collect::<Vec<_>>(),
        },
    });
    let mut log = json!({"$schema": SCHEMA, "version": SARIF_VERSION, "runs": [run]});
    // The same bytes, whether or not another crate of the build asks serde_json to keep the order of insertion.
    log.sort_all_objects();
    // A tree of strings, numbers and lists: there is nothing that could fail to be written.
    let text = serde_json::to_string_pretty(&log).expect("a JSON value is always JSON");
    plain_json(&text) + "\n"
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
        // Two sets may use two versions of one plugin: one code is one rule, and the first description stands.
        let by_code: BTreeMap<String, &RuleInfo> = report.rules.iter().rev().map(|rule| (rule.code(), rule)).collect();
        for (code, rule) in by_code {
            rules.index.insert(code, rules.known.len());
            rules.known.push(rule);
        }
        for judged in report.decisions.iter().flat_map(|decision| &decision.findings) {
            let code = code_of(judged);
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
    let mut descriptor = json!({
        "id": rule.code(),
        "name": pascal_case(&rule.id),
        "shortDescription": {"text": message(&rule.title)},
        "defaultConfiguration": {"level": level_of_severity(rule.severity)},
        "properties": {
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

fn results(report: &Report, mut one: impl FnMut(&Decision, &str, &Judged) -> Value) -> Vec<Value> {
    let mut results = Vec::new();
    for decision in report.decisions.iter().filter(|decision| !decision.findings.is_empty()) {
        let id = decision.id();
        results.extend(decision.findings.iter().map(|judged| one(decision, &id, judged)));
    }
    results
}

fn result(
    decision: &Decision,
    id: &str,
    judged: &Judged,
    (report, rules): (&Report, &Rules),
    seen: &mut HashMap<String, u32>,
) -> Value {
    let finding = &judged.finding;
    let code = code_of(judged);
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
        "name": decision.subject.name,
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

fn invocation(report: &Report) -> Value {
    let mut notifications: Vec<Value> = Vec::new();
    for error in &report.errors {
        let text = match &error.hint {
            Some(hint) => format!("{}; {hint}", error.message),
            None => error.message.clone(),
        };
        let file = || json!({"physicalLocation": {"artifactLocation": {"uri": error.file_name().map(uri_of)}}});
        let place = error.place.as_ref().map(physical).or_else(|| error.file_name().map(|_| file()));
        notifications.push(notification("input", "error", &text, place, Map::new()));
    }
    for decision in &report.decisions {
        for failure in &decision.failures {
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
            let properties = properties.as_object().cloned().unwrap_or_default();
            notifications.push(notification(&id, level, &failure.message, place, properties));
        }
    }
    notifications.extend(report.fixes.iter().flatten().map(|fix| {
        let (id, level, why) = match &fix.state {
            FixState::Applied => ("fixed", "note", String::new()),
            FixState::Patched => ("fix-in-patch", "note", String::new()),
            FixState::Refused(reason) => ("not-fixed", "warning", format!(": {reason}")),
        };
        let place = json!({"physicalLocation": {"artifactLocation": {"uri": uri_of(&fix.file)}}});
        notification(id, level, &format!("{}: {}{why}", fix.code, fix.description), Some(place), Map::new())
    }));
    notifications.extend(report.notices.iter().map(|text| notification("notice", "note", text, None, Map::new())));
    notifications.extend(report.skipped.iter().map(|skipped| {
        let place = json!({"physicalLocation": {"artifactLocation": {"uri": uri_of(&skipped.path)}}});
        notification("skipped", "note", &format!("skipped: {}", skipped.reason), Some(place), Map::new())
    }));
    json!({
        "executionSuccessful": report.verdict != ReportVerdict::Error,
        "toolExecutionNotifications": notifications,
    })
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
