//! Runs a case through the product's own `check`, beside an honest policy, and compares all that a user sees.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use portcullis_tests::{Folder, binary};
use serde_json::Value;

use crate::case::{Case, Ends, fits};
use crate::{cache, plugin};

/// What came of a case.
pub struct Row {
    pub name: String,
    pub covers: String,
    pub expected: String,
    pub seen: String,
    pub peak: u64,
    pub milliseconds: u64,
    pub most: u64,
    pub complaints: Vec<String>,
}

/// One run of the product.
pub struct Run {
    pub status: i32,
    pub report: Value,
    pub err: String,
    /// Bytes.
    pub peak: u64,
    pub milliseconds: u64,
}

const NAMESPACES: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: box, labels: {portcullis.dev/mode: sandbox}}\n---\n\
    apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {portcullis.dev/mode: compliance}}\n";

/// Two Pods, each with one finding of the honest policy: the first is judged in sandbox, the second in compliance.
fn pods(case: &Case) -> String {
    let key = "k".repeat(case.long_key.max(1));
    let pod = |namespace: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: {namespace}}}\nspec:\n  \
             containers: [{{name: app, image: nginx, resources: {{limits: {{cpu: \"9\"}}}}}}]\n  ? {key}\n  : {{x: 1}}\n"
        )
    };
    format!("{}---\n{}", pod("box"), pod("shop"))
}

/// The set: an honest policy, and so many hostile ones.
fn set(case: &Case, digests: &[String]) -> String {
    let mut set =
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: mine}\nspec:\n  policies:\n  \
                   - name: honest\n    plugin: {builtin: resource-limits}\n    settings: {cpu: {max: \"4\"}}\n"
            .to_owned();
    for (at, digest) in digests.iter().enumerate() {
        set += &format!(
            "  - name: hostile-{at}\n    plugin: {{file: hostile-{at}.wasm, digest: \"{digest}\"}}\n    \
             onError: {{sandbox: warn, compliance: deny}}\n"
        );
        for (key, value) in [("settings", &case.settings), ("grants", &case.grants)] {
            if !value.is_empty() {
                set += &format!("    {key}: {value}\n");
            }
        }
    }
    set
}

/// Runs `check` in a folder, measured.
pub fn check(folder: &Path, limits: &str, more: &[&str]) -> Run {
    let judge = ["check", "-f", "json", "-p", "set.yaml"];
    let what = ["--namespace-labels", "namespaces.yaml", "pods.yaml"];
    let (mut run, out) = run(folder, limits, &[&judge, more, &what].concat());
    run.report = serde_json::from_slice(&out)
        .unwrap_or_else(|error| panic!("status {}, no JSON ({error}): {}", run.status, run.err));
    run
}

/// Runs any command of the product in a folder, measured; what it writes is given beside.
pub fn run(folder: &Path, limits: &str, arguments: &[&str]) -> (Run, Vec<u8>) {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let used = folder.join(format!("used-{}", RUNS.fetch_add(1, Ordering::Relaxed)));
    let mut command = Command::new(env!("CARGO_BIN_EXE_measured"));
    command.arg(&used).arg(limits).arg(binary()).args(arguments).current_dir(folder).env_clear();
    command.env("PORTCULLIS_CACHE_DIR", folder.join("cache")).env("PORTCULLIS_TIME", "2026-11-21T10:00:00Z");
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "not measured: {err}");
    let used = std::fs::read_to_string(used).expect("what it used");
    let numbers: Vec<i64> = used.split(' ').map(|number| number.parse().expect("a number")).collect();
    let run = Run {
        status: i32::try_from(numbers[0]).expect("a status"),
        report: Value::Null,
        err,
        peak: numbers[1].unsigned_abs(),
        milliseconds: numbers[2].unsigned_abs(),
    };
    (run, output.stdout)
}

/// What the honest policy finds, decision by decision.
fn honest(report: &Value) -> Vec<Value> {
    let of = |decision: &Value| {
        let findings = decision["findings"].as_array().into_iter().flatten();
        findings.filter(|finding| finding["policy"] == "honest").cloned().collect::<Vec<_>>().into()
    };
    report["decisions"].as_array().into_iter().flatten().map(of).collect()
}

/// What the honest policy finds where nobody else judges.
fn alone() -> &'static [Value] {
    static ALONE: OnceLock<Vec<Value>> = OnceLock::new();
    ALONE.get_or_init(|| {
        let case = crate::case::cases().remove(0);
        let folder = Folder::new("hostile-alone");
        folder.write("set.yaml", set(&case, &[]));
        folder.write("pods.yaml", pods(&Case { long_key: 0, ..case }));
        folder.write("namespaces.yaml", NAMESPACES);
        let run = check(folder.path(), "-", &[]);
        assert_eq!(run.status, 1, "{}", run.report);
        let found = honest(&run.report);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|decision| decision[0]["rule"] == "cpu-limit-max"), "{found:?}");
        found
    })
}

/// A folder with all that a case needs.
pub fn folder(case: &Case) -> Folder {
    let folder = Folder::new(&format!("hostile-{}", case.name));
    let (before, after) = plugin::bytes(case);
    let mut digests = Vec::new();
    for at in 0..case.copies {
        let own = |bytes: &[u8]| if case.copies > 1 { plugin::copy(bytes, at) } else { bytes.to_vec() };
        let bytes = own(&after);
        digests.push(portcullis_model::sha256_hex(if case.digest_before { &before } else { &bytes }));
        folder.write(&format!("hostile-{at}.wasm"), bytes);
    }
    drop((before, after));
    folder.write("set.yaml", set(case, &digests));
    folder.write("pods.yaml", pods(case));
    folder.write("namespaces.yaml", NAMESPACES);
    if !case.facts.is_empty() {
        let facts = &case.facts;
        folder
            .write("facts.yaml", format!("apiVersion: portcullis.dev/v1alpha1\nkind: RecordedFacts\nfacts: {facts}\n"));
    }
    folder
}

/// Judges one case.
pub fn judge(case: &Case) -> Row {
    let folder = folder(case);
    let more: &[&str] = if case.facts.is_empty() { &[] } else { &["--facts", "facts.yaml"] };
    let mut complaints = Vec::new();
    let poison = case.cache.as_ref().map(|what| {
        let first = check(folder.path(), "-", more);
        (first.report, cache::poison(&folder.path().join("cache"), what))
    });
    let run = check(folder.path(), &case.limits, more);
    if let Some((first, poison)) = poison {
        complaints.extend(poison.complaints(&run.err));
        if first != run.report {
            complaints.push("a poisoned cache changes the report".into());
        }
    }
    let (seen, found) = compare(case, &run);
    complaints.extend(found);
    let peak = run.peak.div_ceil(1 << 20);
    if peak > case.memory {
        complaints.push(format!("took {peak} MiB, its bound is {} MiB", case.memory));
    }
    let most = bound(case);
    if run.milliseconds > most {
        complaints.push(format!("took {} ms of processor time, its bound is {most} ms", run.milliseconds));
    }
    let expected = match case.ends {
        Ends::AtLoad => format!("refused: {}", case.says[0]),
        Ends::InEvaluate => format!("{}: {}", case.kind, case.says[0]),
        Ends::Passes => "passes".into(),
    };
    let (name, covers) = (case.name.clone(), case.covers.join(" "));
    Row { name, covers, expected, seen, peak, milliseconds: run.milliseconds, most, complaints }
}

/// Processor time in ms that a case may take: what its file says and, where a plugin is ended for its time, some times what that
/// comes to, so that a limit that does not hold is seen.
fn bound(case: &Case) -> u64 {
    const TIMES: u64 = 5;
    const BESIDES: u64 = 1_000;
    let budget =
        case.says.first().and_then(|says| says.split_once("spent its ")).and_then(|(_, rest)| rest.split_once(" ms"));
    let budget: Option<u64> = budget.and_then(|(number, _)| number.parse().ok());
    // Two Pods, or two modes.
    let calls = 2 * case.copies as u64;
    let all = case.time * 1000;
    budget.map_or(all, |budget| all.min(TIMES * budget * calls + BESIDES))
}

/// The row of a case that could not be run.
pub fn not_run(case: &Case) -> Row {
    Row {
        name: case.name.clone(),
        covers: case.covers.join(" "),
        expected: String::new(),
        seen: "it could not be run".into(),
        peak: 0,
        milliseconds: 0,
        most: 0,
        complaints: vec!["it could not be run; the panic above says why".into()],
    }
}

/// What was seen, and what of it is not as expected.
fn compare(case: &Case, run: &Run) -> (String, Vec<String>) {
    let mut wrong = Vec::new();
    let mut expect = |holds: bool, what: String| {
        if !holds {
            wrong.push(what);
        }
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let decisions = run.report["decisions"].as_array().cloned().unwrap_or_default();
    let errors = run.report["errors"].as_array().cloned().unwrap_or_default();
    expect(plain(&run.err), format!("the terminal would obey {:?}", run.err));
    if case.ends == Ends::AtLoad {
        let seen = errors.first().map_or(String::new(), |error| text(&error["message"]));
        let own = seen.strip_prefix("policy `mine/hostile-0`: ").unwrap_or(seen.as_str()).to_owned();
        expect(
            (run.status, decisions.len()) == (2, 0),
            format!("status {}, {} decisions", run.status, decisions.len()),
        );
        expect(errors.len() == case.copies, format!("{} errors for {} plugins", errors.len(), case.copies));
        expect(
            errors.iter().all(|error| fits(&case.says[0], after_policy(&text(&error["message"])))),
            format!("says `{seen}`"),
        );
        expect(errors.iter().all(|error| plain(&text(&error["message"]))), "an error with control characters".into());
        expect(seen.len() <= 2_000, format!("an error of {} bytes", seen.len()));
        expect(errors.iter().all(|error| error["source"]["file"] == "set.yaml"), "an error without its place".into());
        return (format!("refused: {own}"), wrong);
    }
    expect(errors.is_empty(), format!("{errors:?}"));
    expect(decisions.len() == 2, format!("{} decisions", decisions.len()));
    expect(honest(&run.report) == alone(), "the honest policy finds something else than alone".into());
    let mut seen = String::new();
    for (decision, (mode, effect, verdict)) in
        decisions.iter().zip([("sandbox", "warn", "allow"), ("compliance", "deny", "deny")])
    {
        let own: Vec<Value> = (decision["errors"].as_array().into_iter().flatten())
            .filter(|error| text(&error["policy"]).starts_with("hostile"))
            .cloned()
            .collect();
        let findings: Vec<String> = (decision["findings"].as_array().into_iter().flatten())
            .filter(|finding| text(&finding["policy"]).starts_with("hostile"))
            .map(|finding| format!("{}: {}", portcullis_tests::code(finding), text(&finding["message"])))
            .collect();
        expect(decision["mode"] == mode && decision["verdict"] == verdict, format!("{mode}: {}", decision["verdict"]));
        expect(findings.iter().all(|finding| plain(finding)), format!("control characters in {findings:?}"));
        if case.ends == Ends::Passes {
            expect(own.is_empty(), format!("{mode}: {own:?}"));
            let same = findings.len() == case.says.len() * case.times * case.copies;
            let fit = case.says.iter().cycle().zip(&findings).all(|(says, found)| fits(says, found));
            expect(same && fit, format!("{mode}: {} findings, first {:?}", findings.len(), findings.first()));
            seen = findings.first().map_or("passes".into(), |first| format!("passes: {first}"));
            continue;
        }
        expect(findings.is_empty(), format!("{mode}: findings {findings:?}"));
        expect(own.len() == case.copies, format!("{mode}: {} errors", own.len()));
        expect(decision["judged"] == false, format!("{mode}: shown as judged"));
        for error in &own {
            let (kind, message) = (text(&error["kind"]), text(&error["message"]));
            expect(case.ended(&kind, &message), format!("{mode}: {kind}: {message}"));
            expect(error["effect"] == effect, format!("{mode}: the effect is {}", error["effect"]));
            expect(plain(&message) && message.len() <= 5_000, format!("{mode}: a message of {} bytes", message.len()));
            seen = format!("{kind}: {message}");
        }
    }
    let status = if case.ends == Ends::InEvaluate { 2 } else { 1 };
    expect(run.status == status, format!("status {}", run.status));
    (seen, wrong)
}

fn after_policy(message: &str) -> &str {
    message.strip_prefix("policy `mine/hostile-").and_then(|rest| rest.split_once("`: ")).map_or(message, |rest| rest.1)
}

/// Whether a terminal shows a text as it is.
pub fn plain(text: &str) -> bool {
    !text.chars().any(|c| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c))
}
