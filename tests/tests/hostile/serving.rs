//! One `serve` with every hostile plugin in it: each review of theirs gets its typed error, and nobody else notices.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use portcullis_tests::Folder;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::caller::{Caller, Reply};
use crate::case::{Case, Ends, cases};
use crate::plugin;
use crate::served::Served;

/// The most memory that the process may have had, in MiB, with all plugins in it.
const MEMORY: u64 = 900;
/// How much more it may keep afterwards than before the first hostile review, in MiB.
const GROWTH: u64 = 400;
/// How often each hostile plugin judges.
const ROUNDS: usize = 3;

const HONEST: &str = "  - name: honest\n    plugin: {builtin: resource-limits}\n    settings: {cpu: {max: \"4\"}}\n";

fn set(name: &str, policies: &str) -> String {
    format!(
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: {name}}}\nspec:\n  policies:\n{HONEST}{policies}"
    )
}

/// A CREATE of a Pod with one container and this CPU limit: 9 is too much for the honest policy.
fn review(cpu: &str) -> String {
    let limits = json!({"cpu": cpu, "memory": "1Gi"});
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "operation": "CREATE", "namespace": "shop", "name": "web",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "userInfo": {"username": "ann"}, "object": {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"containers": [{"name": "app", "image": "nginx", "resources": {"limits": limits}}]}}}})
    .to_string()
}

/// Those that judge a trial object as an honest plugin would, and any other in their own way.
fn served_cases() -> Vec<Case> {
    let mut cases = cases();
    cases.retain(|case| {
        let plain = case.built.is_none() && case.bytes.is_empty() && case.facts.is_empty() && case.copies == 1;
        case.ends == Ends::InEvaluate && case.not_served.is_empty() && plain
    });
    cases
}

/// One number of `/proc/PID/status`, in MiB.
fn memory(served: &Served, what: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", served.pid())).expect("it lives");
    let line = status.lines().find_map(|line| line.strip_prefix(what)).expect("a line");
    line.trim_matches(|c: char| !c.is_ascii_digit()).parse::<u64>().expect("kB") / 1024
}

fn start(folder: &Folder, more: &[&str]) -> (Served, Caller) {
    let sets = folder.path().join("sets").display().to_string();
    let mut served = Served::start(folder.path(), &[&["--dev", "--drain", "2s", "-p", &sets], more].concat());
    served.wait_for("the words of --dev", |served| served.out().contains("curl "));
    let out = served.out();
    let path = out.lines().find_map(|line| line.strip_prefix("authority ")).expect("a path");
    let caller = Caller::new(&std::fs::read_to_string(path).expect("an authority"), None);
    (served, caller)
}

fn ask(served: &Served, caller: &Caller, set: &str, review: &str) -> Reply {
    let reply = caller.post(served.reviews, &format!("/validate/{set}?timeout=10s"), review);
    reply.unwrap_or_else(|error| panic!("{set}: {error}: {}", served.log()))
}

/// Everything that the answer says to a person, in one text.
fn words(reply: &Reply) -> String {
    let response = &reply.json()["response"];
    let message = response["status"]["message"].as_str().unwrap_or_default().to_owned();
    let warnings = response["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str);
    warnings.fold(message, |all, warning| format!("{all}\n{warning}"))
}

/// The answer to a hostile plugin's review, in both forms of its set.
fn judge(served: &Served, caller: &Caller, case: &Case) -> Result<(), String> {
    let denied = ask(served, caller, &case.name, &review("1"));
    let said = words(&denied);
    // Long ones are cut on the way to a person, so the beginning counts.
    let begins = |words: &str| words.split("...").next().unwrap_or_default().chars().take(80).collect::<String>();
    let other = case.or.split_once(": ").map_or("", |(_, words)| words);
    let expected = said.contains(&begins(&case.says[0])) || (!other.is_empty() && said.contains(&begins(other)));
    if denied.allowed() || !expected {
        return Err(format!("{}: allowed {}: {said}", case.name, denied.allowed()));
    }
    let warned = ask(served, caller, &format!("{}-warned", case.name), &review("1"));
    if !warned.allowed() || !words(&warned).contains("hostile") {
        return Err(format!("{}-warned: allowed {}: {}", case.name, warned.allowed(), words(&warned)));
    }
    let guilty = ask(served, caller, &format!("{}-warned", case.name), &review("9"));
    match guilty.allowed() || !words(&guilty).contains("cpu-limit-max") {
        true => Err(format!("{}-warned: the honest policy's finding is gone: {}", case.name, words(&guilty))),
        false => Ok(()),
    }
}

/// The honest set's answers, as if nobody else were there.
fn honest(served: &Served, caller: &Caller) -> Result<Duration, String> {
    let began = Instant::now();
    let good = ask(served, caller, "honest", &review("1"));
    let took = began.elapsed();
    let bad = ask(served, caller, "honest", &review("9"));
    match good.allowed() && !bad.allowed() && words(&bad).contains("cpu-limit-max") && words(&good).is_empty() {
        true => Ok(took),
        false => Err(format!("honest: {} {}", words(&good), words(&bad))),
    }
}

/// A hostile plugin in two sets: one that denies by its errors, and one that lets in.
fn write(folder: &Folder, case: &Case) {
    let wasm = plugin::component(&case.name, &plugin::text_of(case, true));
    let path = folder.write(&format!("{}.wasm", case.name), &wasm);
    for (name, effect) in [(case.name.clone(), "deny"), (format!("{}-warned", case.name), "warn")] {
        let digest = portcullis_model::sha256_hex(&wasm);
        let grants = if case.grants.is_empty() { "[]" } else { &case.grants };
        let policy = format!(
            "  - name: hostile\n    plugin: {{file: {}, digest: \"{digest}\"}}\n    onError: {{sandbox: {effect}, compliance: {effect}}}\n    \
             grants: {grants}\n",
            path.display()
        );
        folder.write(&format!("sets/{name}.yaml"), set(&name, &policy));
    }
}

#[test]
fn rests_a_plugin_that_traps_again_and_again_and_says_so_a51_a60() {
    let cases = served_cases();
    let case = cases.iter().find(|case| case.name == "unreachable").expect("a plugin that traps");
    let folder = Folder::new("hostile-rests");
    write(&folder, case);
    let (mut served, caller) = start(&folder, &["--breaker-faults", "3", "--breaker-rest", "1h"]);
    for set in ["unreachable", "unreachable-warned"] {
        for _ in 0..3 {
            let said = words(&ask(&served, &caller, set, &review("1")));
            assert!(said.contains("not judged (trap): plugin `hostile` trapped"), "{said}");
        }
        let reply = ask(&served, &caller, set, &review("1"));
        assert_eq!(reply.allowed(), set == "unreachable-warned", "its onError holds: {reply:?}");
        assert!(words(&reply).contains("was not called: it failed 3 times in a row"), "{reply:?}");
        let guilty = ask(&served, &caller, set, &review("9"));
        assert!(!guilty.allowed() && words(&guilty).contains("cpu-limit-max"), "the other policy judges: {guilty:?}");
        let labels = format!("{{policy_set=\"{set}\",policy=\"hostile\"}}");
        assert_eq!(served.metric(&format!("portcullis_breaker_open{labels}")), Some(1.0));
        assert_eq!(served.metric(&format!("portcullis_breaker_opened_total{labels}")), Some(1.0));
    }
    served.wait_for("its lines in the log", |served| {
        served.log().matches("is not called for this namespace").count() == 2
    });
    served.signal(Signal::TERM);
    assert_eq!(served.ended(), 0, "{}", served.log());
}

#[test]
fn serves_others_rightly_while_every_hostile_plugin_does_its_worst_p79_p81_p82_p83() {
    let cases = served_cases();
    assert!(cases.len() > 40, "{} cases", cases.len());
    let folder = Folder::new("hostile-served");
    folder.write("sets/honest.yaml", set("honest", ""));
    for case in &cases {
        write(&folder, case);
    }
    // Each of them is to do its worst every time.
    let (mut served, caller) = start(&folder, &["--breaker-faults", "0"]);
    let alone = (0..20).map(|_| honest(&served, &caller).expect("honest")).max().unwrap_or_default();
    let before = memory(&served, "VmRSS:");
    let (next, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (complaints, among) = std::thread::scope(|scope| {
        let hostile: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut complaints = Vec::new();
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        if at >= cases.len() * ROUNDS {
                            return complaints;
                        }
                        complaints.extend(judge(&served, &caller, &cases[at % cases.len()]).err());
                    }
                })
            })
            .collect();
        let others = scope.spawn(|| {
            let mut took = Vec::new();
            while !over.load(Ordering::Relaxed) {
                took.push(honest(&served, &caller));
            }
            took
        });
        let complaints: Vec<String> = hostile.into_iter().flat_map(|one| one.join().expect("no panic")).collect();
        over.store(true, Ordering::Relaxed);
        (complaints, others.join().expect("no panic"))
    });
    let (after, peak) = (memory(&served, "VmRSS:"), memory(&served, "VmHWM:"));
    let count = among.len();
    let slowest = among.into_iter().map(|took| took.expect("honest")).max().unwrap_or_default();
    println!(
        "{} hostile plugins, {} reviews of theirs; {count} honest reviews among them, the slowest {slowest:?} (alone {alone:?}); \
         memory {before} MiB before, {after} MiB after, at most {peak} MiB",
        cases.len(),
        cases.len() * ROUNDS * 3,
    );
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
    assert!(count > 0, "honest reviews were judged meanwhile");
    assert!(peak < MEMORY && after < before + GROWTH, "memory: {before} MiB, then {after} MiB, at most {peak} MiB");
    honest(&served, &caller).expect("it serves as before");
    served.signal(Signal::TERM);
    assert_eq!(served.ended(), 0, "{}", served.log());
}
