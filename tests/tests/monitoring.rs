//! The dashboard and the alerts: made of metrics that there are, tested, and each with what to do.

#![expect(clippy::panic, reason = "a test that cannot read what it judges has failed")]

#[path = "monitoring/expressions.rs"]
mod expressions;
#[path = "monitoring/program.rs"]
mod program;
#[path = "monitoring/promtool.rs"]
mod promtool;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use expressions::{dashboard, list, metrics, rules, text, yaml};

/// Where the runbook is read.
const RUNBOOK: &str = "https://github.com/portcullis-dev/portcullis/blob/main/docs/alerts.md#";

/// The type of every metric that `/metrics` may show, by name, as the source says it.
fn types() -> BTreeMap<String, String> {
    let names = text("host/webhook/src/metrics/names.rs");
    let mut types = BTreeMap::new();
    let constants = names.lines().filter_map(|line| {
        let (constant, rest) = line.strip_prefix("pub(super) const ")?.split_once(": &str = \"")?;
        Some((constant, rest.strip_suffix("\";")?))
    });
    for (constant, name) in constants {
        let mut described = names.split("describe_").skip(1).filter_map(|call| {
            let (kind, rest) = call.split_once("!(")?;
            (rest.trim_start().strip_prefix(constant)?.starts_with(',')).then_some(kind)
        });
        let kind = described.next().unwrap_or_else(|| panic!("{name} has no description"));
        types.insert(name.to_owned(), kind.to_owned());
    }
    assert!(types.len() > 20, "{types:?}");
    // Those that are written as text: name and type stand side by side.
    let process = text("host/webhook/src/metrics/process.rs");
    for row in process.lines().filter_map(|line| line.trim_start().strip_prefix("(\"")) {
        if let Some((name, rest)) = row.split_once("\", \"") {
            types.insert(name.to_owned(), rest.split('"').next().unwrap_or_default().to_owned());
        }
    }
    assert!(types.contains_key("process_open_fds") && types.contains_key("portcullis_memory_limit_bytes"));
    let policy_sets = text("host/webhook/src/metrics/policy_sets.rs");
    assert!(policy_sets.contains("\"portcullis_policy_set_info\"") && policy_sets.contains("# TYPE {NAME} gauge"));
    types.insert("portcullis_policy_set_info".to_owned(), "gauge".to_owned());
    types
}

/// What is wrong with the use of one metric.
fn misuse(types: &BTreeMap<String, String>, name: &str, before: &str) -> Option<String> {
    let family = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
    let of_histogram = family.and_then(|family| types.get(family)).filter(|kind| *kind == "histogram");
    let kind = match (types.get(name), of_histogram) {
        (None, None) => return Some("there is no such metric".to_owned()),
        (Some(kind), None) if kind == "histogram" => return Some("a histogram is read by its buckets".to_owned()),
        (Some(kind), None) => kind,
        (_, Some(_)) => "counter",
    };
    let counted = ["rate(", "increase("].iter().any(|function| before.ends_with(function));
    match (kind == "counter", counted) {
        (true, false) => Some("a counter says nothing but by rate() and increase()".to_owned()),
        (false, true) => Some(format!("a {kind} has no rate")),
        _ => None,
    }
}

#[test]
fn asks_for_metrics_that_there_are_and_as_their_types_allow() {
    let types = types();
    for (place, expression) in expressions::of_rules().into_iter().chain(expressions::of_dashboard()) {
        for (name, before, _) in metrics(&expression) {
            let wrong = misuse(&types, name, before);
            assert!(wrong.is_none(), "{place}: {name}: {}\n{expression}", wrong.unwrap_or_default());
        }
    }
    let misused = |name: &str, before: &str| misuse(&types, name, before).is_some();
    assert!(misused("portcullis_gone_total", "rate(") && misused("portcullis_reviews_total", "sum("));
    assert!(misused("portcullis_health_up", "rate(") && misused("portcullis_review_seconds", "rate("));
    assert!(!misused("portcullis_review_seconds_bucket", "rate(") && !misused("portcullis_health_up", "max("));
}

#[test]
fn names_only_metrics_that_there_are_where_it_gives_advice() {
    let types = types();
    let mut named = 0;
    let pages = ["docs/alerts.md", "docs/webhook.md", "deploy/README.md", "deploy/monitoring/README.md"];
    for page in pages {
        let text = text(page);
        for (name, ..) in metrics(&text) {
            named += 1;
            assert!(types.contains_key(name), "{page} names {name}, and there is no such metric");
        }
    }
    assert!(named > 30, "{named}");
}

#[test]
fn asks_about_portcullis_alone() {
    for (place, expression) in expressions::of_rules() {
        // The chart puts the namespace of its release there.
        for (name, _, behind) in metrics(&expression) {
            assert!(behind.starts_with("{job=\"portcullis\""), "{place}: {name} has no job");
        }
    }
    for (place, expression) in expressions::of_dashboard() {
        for (name, _, behind) in metrics(&expression) {
            let chosen = behind.starts_with("{job=~\"$job\", instance=~\"$instance\"");
            assert!(chosen, "{place}: {name} does not go by what the page's reader chose");
        }
    }
}

/// The part of the runbook below a heading.
fn section<'a>(page: &'a str, alert: &str) -> Option<&'a str> {
    let rest = page.split_once(&format!("\n## {alert}\n"))?.1;
    Some(rest.split_once("\n## ").map_or(rest, |(section, _)| section))
}

#[test]
fn says_of_every_alert_what_it_means_and_what_to_do() {
    let page = text("docs/alerts.md");
    let mut alerts = BTreeSet::new();
    for rule in rules() {
        let alert = rule["alert"].as_str().expect("a name").to_owned();
        assert!(alert.starts_with("Portcullis"), "{alert}");
        let severity = rule["labels"]["severity"].as_str().unwrap_or_default();
        assert!(["critical", "warning", "info"].contains(&severity), "{alert} has the severity `{severity}`");
        let annotations = rule["annotations"].as_object().expect("annotations");
        let kinds: BTreeSet<&str> = annotations.keys().map(String::as_str).collect();
        assert_eq!(kinds, ["action", "description", "runbook_url", "summary"].into(), "{alert}");
        for kind in ["summary", "description", "action"] {
            let said = annotations[kind].as_str().unwrap_or_default();
            assert!(said.ends_with('.') && said.len() > 20, "{alert}: {kind} is no sentence: {said}");
        }
        assert_eq!(annotations["runbook_url"], format!("{RUNBOOK}{}", alert.to_lowercase()), "{alert}");
        let section = section(&page, &alert).unwrap_or_else(|| panic!("docs/alerts.md has no section {alert}"));
        let both = section.contains("**See** and **do**");
        for part in ["\n**Means** ", "\n**See** ", "\n**Do** "] {
            assert!(section.contains(part) || (both && part != "\n**Means** "), "{alert} has no{part}");
        }
        assert!(alerts.insert(alert.clone()), "{alert} stands there twice");
    }
    let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(headings.len(), alerts.len(), "as many sections as alerts");
    for link in page.split("](#").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(alerts.iter().any(|alert| alert.to_lowercase() == link), "docs/alerts.md has no section #{link}");
    }
    let named = text("deploy/README.md") + &text("deploy/monitoring/README.md");
    for word in named.split('`').filter(|word| word.starts_with("Portcullis") && !word.contains(' ')) {
        assert!(alerts.contains(word), "there is no alert {word}");
    }
}

#[test]
fn tests_every_alert_firing_and_silent() {
    let tests = yaml("deploy/monitoring/prometheus/rules.test.yaml");
    let (mut firing, mut silent) = (BTreeMap::new(), BTreeSet::new());
    for group in list(&tests["tests"]) {
        let name = group["name"].as_str().expect("a name");
        assert!(!list(&group["input_series"]).is_empty(), "`{name}` is about nothing");
        for test in list(&group["promql_expr_test"]) {
            let expression = test["expr"].as_str().expect("an expression");
            let alert = expression.split("alertname=\"").nth(1).and_then(|rest| rest.split('"').next());
            let alert = alert.unwrap_or_else(|| panic!("`{name}` asks for no alert")).to_owned();
            assert!(expression.contains("alertstate=\"firing\""), "`{name}`: {expression}");
            match list(&test["exp_samples"]) {
                [] => _ = silent.insert(alert),
                samples => _ = firing.insert(alert, samples[0]["labels"].as_str().unwrap_or_default().to_owned()),
            }
        }
    }
    let alerts = rules();
    for rule in &alerts {
        let alert = rule["alert"].as_str().expect("a name");
        let labels = firing.get(alert).unwrap_or_else(|| panic!("no test has {alert} fire"));
        let severity = rule["labels"]["severity"].as_str().expect("a severity");
        assert!(labels.contains(&format!("severity=\"{severity}\"")), "{alert}: {labels}");
        assert!(silent.contains(alert), "no test has {alert} silent");
    }
    assert_eq!(firing.len(), alerts.len(), "a test is about an alert that there is not");
}

#[test]
fn draws_a_dashboard_that_explains_itself() {
    let dashboard = dashboard();
    assert!(dashboard["schemaVersion"].as_u64() >= Some(39), "older than what Grafana imports without a word");
    let variables = list(&dashboard["templating"]["list"]);
    let source = variables.iter().find(|one| one["type"] == "datasource").expect("a data source to choose");
    assert_eq!((&source["name"], &source["query"]), (&"datasource".into(), &"prometheus".into()));
    let (mut ids, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for panel in list(&dashboard["panels"]) {
        let title = panel["title"].as_str().expect("a title");
        assert!(ids.insert(panel["id"].as_u64().expect("an id")), "{title}: its id is that of another");
        let side = |name: &str| panel["gridPos"][name].as_u64().unwrap_or_else(|| panic!("{title} has no place"));
        assert!(side("x") + side("w") <= 24, "{title} is too wide");
        for cell in
            (side("x")..side("x") + side("w")).flat_map(|x| (side("y")..side("y") + side("h")).map(move |y| (x, y)))
        {
            assert!(taken.insert(cell), "{title} lies over another panel");
        }
        if panel["type"] == "row" {
            continue;
        }
        let description = panel["description"].as_str().unwrap_or_default();
        assert!(description.ends_with('.') && description.len() > 15, "{title} says nothing of itself");
        assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{title} has no unit");
        assert!(!list(&panel["targets"]).is_empty(), "{title} shows nothing");
        for source in list(&panel["targets"]).iter().chain([panel]).map(|one| &one["datasource"]["uid"]) {
            assert_eq!(source, "${datasource}", "{title} asks another data source than the chosen one");
        }
    }
    assert!(ids.len() > 30, "{} panels", ids.len());
    let queries = variables.iter().filter(|one| one["type"] == "query");
    for query in queries.map(|one| one["query"]["query"].as_str().expect("a query")) {
        assert!(metrics(query).iter().all(|(name, ..)| types().contains_key(*name)), "{query}");
    }
}

#[test]
fn gives_the_chart_the_same_rules_and_the_same_dashboard() {
    for (from, to) in [
        (expressions::RULES, "deploy/chart/files/rules.yaml"),
        (expressions::DASHBOARD, "deploy/chart/files/dashboard.json"),
    ] {
        assert!(text(from) == text(to), "{to} is not {from}: `cargo xtask chart` copies it");
    }
    let template = text("deploy/chart/templates/monitoring.yaml");
    for file in ["files/rules.yaml", "files/dashboard.json"] {
        assert!(template.contains(&format!(".Files.Get \"{file}\"")), "the chart does not read {file}");
    }
    let values = yaml("deploy/chart/values.yaml");
    let readme = text("deploy/monitoring/README.md");
    let set: Vec<&str> = readme.split("--set ").skip(1).filter_map(|rest| rest.split('=').next()).collect();
    assert!(set.len() >= 3, "{set:?}");
    for path in set {
        let found: Option<&Value> = path.split('.').try_fold(&values, |value, name| value.get(name));
        assert!(found.is_some(), "`--set {path}` is no value of the chart");
    }
}
