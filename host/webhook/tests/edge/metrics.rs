//! Metrics: every line of the exposition is one that Prometheus reads, whatever names are in it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use portcullis_model::{Effect, FailureKind, Mode, Verdict};
use portcullis_webhook::metrics::{self, MAX_SERIES, Requested, ReviewSample};

const HOSTILE: &str = "x\"} 1\nforged_total{a=\"b\\";

fn sample<'a>(operation: &'a str, policy_set: &'a str) -> ReviewSample<'a> {
    let duration = Duration::from_micros(120);
    ReviewSample { operation, mode: Mode::Compliance, verdict: Verdict::Deny, judged: true, policy_set, duration }
}

fn fill() -> metrics::Metrics {
    let all = metrics::install("1.2.3", "abc").unwrap();
    for operation in ["CREATE", "UPDATE", "DELETE", "CONNECT", "create", "\n", HOSTILE] {
        metrics::reviewed(&sample(operation, "default"));
        metrics::reviewed(&sample(operation, HOSTILE));
    }
    for name in ["limits", HOSTILE] {
        metrics::policy("default", name, Duration::from_micros(70));
        metrics::finding(name, name, name, Effect::Waived, Mode::Sandbox);
        metrics::fault("default", name, FailureKind::Input);
        metrics::shed(name, "queue_full", Verdict::Allow);
        metrics::breaker_opened(name, name);
        metrics::breaker_open(name, name, 1);
    }
    for (mode, verdict) in [(Mode::Sandbox, Verdict::Allow), (Mode::Compliance, Verdict::Deny)] {
        let memory_bytes = Some(f64::NAN);
        metrics::requested(&Requested { mode, verdict, cpu_cores: Some(0.5), memory_bytes, storage_bytes: Some(1e9) });
    }
    metrics::queue_depth(3);
    metrics::queue_waited(Duration::from_millis(1));
    metrics::reload("certificates", false);
    metrics::health(true);
    metrics::bounds(512, 256 << 20);
    metrics::namespaces_watch(true);
    metrics::in_force(vec![("default".to_owned(), "sha256:1".to_owned()), (HOSTILE.to_owned(), HOSTILE.to_owned())]);
    all
}

/// One sample: its metric, its labels, its value.
type Sample = (String, Vec<(String, String)>, f64);

/// Reads one line as the text format 0.0.4 says, and refuses everything else.
fn read(line: &str) -> Sample {
    let is_name = |name: &str| {
        !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !name.starts_with(|c: char| c.is_ascii_digit())
    };
    let name_end = line.find(['{', ' ']).expect(line);
    let (name, mut rest) = line.split_at(name_end);
    assert!(is_name(name), "{line}");
    let mut labels = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, value) = rest.split_once("=\"").expect(line);
            assert!(is_name(label), "{line}");
            let mut escaped = false;
            let end = value.find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            let end = end.expect(line);
            labels.push((label.to_owned(), value[..end].to_owned()));
            rest = &value[end + 1..];
            if let Some(value) = rest.strip_prefix('}') {
                rest = value;
                break;
            }
            rest = rest.strip_prefix(',').expect(line);
        }
    }
    let value = rest.strip_prefix(' ').expect(line);
    (name.to_owned(), labels, value.parse().expect(line))
}

#[test]
fn exposes_only_lines_that_prometheus_reads() {
    let text = fill().render();
    let (mut types, mut helps) = (BTreeMap::new(), BTreeSet::new());
    let mut samples = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} has its type twice");
        } else if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(help.ends_with('.'), "{line}");
            helps.insert(name.to_owned());
        } else {
            samples.push(read(line));
        }
    }
    assert!(types.len() >= 12, "{types:?}");
    for (name, kind) in &types {
        let named = name.starts_with("portcullis_") || name.starts_with("process_");
        assert!(named && helps.contains(name), "{name}");
        assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
        for bad in ["_milliseconds", "_ms", "_percent", "_kilobytes", "_count", "_sum", "_bucket"] {
            assert!(!name.ends_with(bad), "{name}");
        }
        let in_base_units = ["_seconds", "_bytes", "_cores"].iter().any(|unit| name.ends_with(unit));
        assert!(kind != "histogram" || in_base_units, "{name}");
    }
    let mut seen = BTreeSet::new();
    for (name, labels, value) in &samples {
        assert!(seen.insert((name, labels)), "{name} {labels:?} twice");
        assert!(value.is_finite(), "{name} {labels:?} {value}");
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
        assert!(types.contains_key(name) || family.is_some_and(|family| types.contains_key(family)), "{name}");
        for (label, value) in labels {
            assert!(!["namespace", "name", "user", "uid"].contains(&label.as_str()), "{name} {label}");
            assert!(value.len() <= 128 && !value.contains(['"', '\\', '\n']), "{name} {label} {value}");
        }
    }
    assert!(!text.contains("\nforged_total"), "{text}");
    let operations: BTreeSet<&str> = samples
        .iter()
        .flat_map(|(_, labels, _)| labels)
        .filter(|(label, _)| label == "operation")
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(operations, ["CONNECT", "CREATE", "DELETE", "UPDATE", "other"].into());
    let memory = samples.iter().filter(|(name, ..)| name == "portcullis_requested_memory_bytes_count");
    assert!(memory.into_iter().all(|(_, _, count)| *count == 0.0), "NaN is not recorded");
}

#[cfg(target_os = "linux")]
#[test]
fn says_what_the_process_takes_and_may_take() {
    let text = fill().render();
    let samples: Vec<Sample> =
        text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(read).collect();
    let value = |name: &str| samples.iter().find(|one| one.0 == name);
    for name in ["cpu_seconds_total", "resident_memory_bytes", "threads", "open_fds", "max_fds", "start_time_seconds"] {
        let found = value(&format!("process_{name}"));
        assert!(found.is_some_and(|(_, labels, value)| labels.is_empty() && *value > 0.0), "{name}: {found:?}");
    }
    assert_eq!(value("portcullis_held_limit_bytes").map(|one| one.2), Some(268_435_456.0));
    assert_eq!(value("portcullis_queue_limit").map(|one| one.2), Some(512.0));
}

/// X14.
#[test]
fn resolves_what_takes_microseconds() {
    let all = fill();
    metrics::policy("resolves", "fast", Duration::from_micros(40));
    metrics::policy("resolves", "slow", Duration::from_micros(90));
    let text = all.render();
    let bucket = |policy: &str, bound: &str| {
        let series = |(name, labels, _): &Sample| {
            let has = |label: &str, value: &str| labels.iter().any(|(l, v)| l == label && v == value);
            name == "portcullis_policy_seconds_bucket"
                && has("policy_set", "resolves")
                && has("policy", policy)
                && has("le", bound)
        };
        let samples = text.lines().filter(|line| line.starts_with("portcullis_policy")).map(read);
        samples.filter(series).map(|(_, _, value)| value).sum::<f64>()
    };
    assert_eq!((bucket("fast", "0.00005"), bucket("slow", "0.00005"), bucket("slow", "0.0001")), (1.0, 0.0, 1.0));
    assert_eq!(bucket("slow", "10"), 1.0);
}

#[test]
fn counts_the_same_when_called_from_many_threads() {
    let all = fill();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..1000).for_each(|_| metrics::reviewed(&sample("CREATE", "threads"))));
        }
    });
    let text = all.render();
    let line = text.lines().find(|line| line.starts_with("portcullis_reviews_total") && line.contains("\"threads\""));
    assert_eq!(read(line.expect("counted")).2, 8000.0);
}

#[test]
fn keeps_the_number_of_series_bounded_whatever_names_come() {
    let all = fill();
    for number in 0..MAX_SERIES * 2 {
        metrics::fault(&format!("flood{number}"), "p", FailureKind::Trap);
    }
    let text = all.render();
    let series = text.lines().filter(|line| line.starts_with("portcullis_faults_total{")).count();
    assert!(series <= MAX_SERIES && text.contains("policy_set=\"other\""), "{series}");
}

#[test]
fn shows_the_versions_that_serve_and_no_others() {
    let all = fill();
    for number in 0..100 {
        // Tests beside this one put their own in force at the same time, and never so many.
        metrics::in_force(vec![("swapped".to_owned(), format!("sha256:{number}"))]);
        let text = all.render();
        let series = text.lines().filter(|line| line.starts_with("portcullis_policy_set_info{")).count();
        assert!(series <= 2, "{text}");
    }
    let many = (0..MAX_SERIES * 2).map(|number| (format!("set{number}"), "sha256:1".to_owned())).collect();
    metrics::in_force(many);
    let text = all.render();
    let series = text.lines().filter(|line| line.starts_with("portcullis_policy_set_info{")).count();
    assert!(series <= MAX_SERIES, "{series}");
}
