//! The webhook as its operator runs it: one command, real TLS, files that change under it, and an end in order.

#![expect(clippy::panic, reason = "a test that cannot read the answer has failed")]

#[path = "serve/authority.rs"]
mod authority;
#[path = "serve/caller.rs"]
mod caller;
#[path = "serve/cluster.rs"]
mod cluster;
#[path = "serve/overload.rs"]
mod overload;
#[path = "serve/scraped.rs"]
mod scraped;
#[path = "serve/served.rs"]
mod served;
#[path = "serve/signed.rs"]
mod signed;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use portcullis_tests::{Folder, corpora, files, portcullis};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::authority::{Authority, Volume};
use crate::caller::{Caller, get};
use crate::cluster::Cluster;
use crate::served::{Served, set};

/// A CREATE of a Pod with a CPU limit of 8.
fn review(namespace: &str) -> String {
    let limits = json!({"cpu": "8", "memory": "1Gi"});
    let image = format!("registry.example/app@sha256:{}", "0".repeat(64));
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "operation": "CREATE", "namespace": namespace, "name": "web",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "userInfo": {"username": "ann"}, "object": {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "web", "namespace": namespace},
            "spec": {"containers": [{"name": "app", "image": image, "resources": {"limits": limits, "requests": limits}}]}}}})
    .to_string()
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// The authority that `--dev` says it made.
fn trusting(served: &mut Served) -> Caller {
    served.wait_for("the words of --dev", |served| served.out().contains("curl "));
    let out = served.out();
    let path = out.lines().find_map(|line| line.strip_prefix("authority ")).expect("a path").to_owned();
    Caller::new(&std::fs::read_to_string(path).expect("an authority"), None)
}

fn dev(folder: &Folder, more: &[&str]) -> (Served, Caller) {
    let mut arguments = vec!["--dev"];
    for (flag, value) in [("--reload-interval", "100ms"), ("--drain", "2s")] {
        if !more.contains(&flag) {
            arguments.extend([flag, value]);
        }
    }
    arguments.extend(more);
    let mut served = Served::start(folder.path(), &arguments);
    let caller = trusting(&mut served);
    (served, caller)
}

#[test]
fn denies_the_review_of_its_own_advice_and_allows_a_good_one() {
    let folder = Folder::new("serve-dev");
    let (mut served, caller) = dev(&folder, &[]);
    let out = served.out();
    let advice = out.lines().find(|line| line.starts_with("curl ")).expect("a line for the shell");
    let body = advice.split_once("-d '").expect("a body").1.trim_end_matches('\'');
    let denied = served.judge(&caller, body);
    assert!(!denied.allowed(), "{denied:?}");
    let message = denied.json()["response"]["status"]["message"].to_string();
    assert!(message.contains("memory-limit-missing"), "{message}");
    assert!(served.judge(&caller, &review("shop")).allowed());
    let by_set = caller.post(served.reviews, "/validate/default", &review("shop")).expect("an answer");
    assert!(by_set.allowed());
    let unknown = caller.post(served.reviews, "/validate/other", &review("shop")).expect("an answer");
    assert_eq!(unknown.status, 404, "{unknown:?}");
    let health = get(served.ops, "/healthz").expect("an answer");
    assert_eq!((health.status, health.json()["metrics"]["health_up"].clone()), (200, json!(1)));
    let ca = out.lines().find_map(|line| line.strip_prefix("authority ")).expect("a path");
    served.signal(Signal::TERM);
    assert_eq!(served.ended(), 0);
    assert!(!Path::new(ca).exists(), "the authority of one run goes with it");
}

#[test]
fn denies_nothing_while_it_observes_and_says_what_it_would() {
    let folder = Folder::new("serve-observe");
    let cpu = folder.write("cpu.yaml", set("4"));
    let records = folder.path().join("records");
    let (mut served, caller) = dev(&folder, &["-p", &text(&cpu), "--observe", "--record-reviews", &text(&records)]);
    let reply = served.judge(&caller, &review("shop"));
    let response = reply.json()["response"].clone();
    assert!(reply.allowed() && response["status"].is_null(), "{reply:?}");
    let warning = response["warnings"][0].as_str().unwrap_or_default().to_owned();
    assert!(warning.starts_with("would be denied: cpu/limits, cpu-request-max"), "{warning}");
    assert_eq!(response["auditAnnotations"]["verdicts"], "cpu=deny");
    served.wait_for("its line in the log", |served| served.log().contains("would be denied"));
    assert_eq!(served.metric("portcullis_observing"), Some(1.0));
    assert!(served.log().contains("nothing is denied"), "{}", served.log());
    assert!(served.verbose().contains("observe"), "{}", served.verbose());
    served.signal(Signal::TERM);
    assert_eq!(served.ended(), 0);
    let checked = portcullis(folder.path(), &["check", "-p", "cpu.yaml", "records"]);
    assert_eq!(checked.status, 1, "the recorded decision is what it is: {checked:?}");
}

#[test]
fn gives_the_decisions_that_check_gives_for_the_recorded_reviews() {
    let Some(corpus) = corpora("admission-reviews/captured-1.36") else { return };
    let folder = Folder::new("serve-parity");
    let records = folder.path().join("records");
    let (mut served, caller) = dev(&folder, &["--record-reviews", &text(&records)]);
    let all = files(&corpus, "json");
    let mut told = BTreeSet::new();
    for (number, path) in all.iter().enumerate() {
        let mut review: Value = serde_json::from_slice(&std::fs::read(path).expect("a review")).expect("JSON");
        // Some were captured twice.
        review["request"]["uid"] = json!(format!("review-{number}"));
        let reply = served.judge(&caller, &review.to_string());
        let decision = reply.json()["response"]["auditAnnotations"]["decisions"].as_str().map(str::to_owned);
        assert!(reply.allowed() || decision.is_some(), "who denies says by which decision: {reply:?}");
        told.extend(decision.and_then(|decision| decision.strip_prefix("default=").map(str::to_owned)));
    }
    served.signal(Signal::TERM);
    assert_eq!(served.ended(), 0, "{}", served.log());
    let ids = |decisions: &Value| -> Vec<String> {
        let id = |decision: &Value| decision["id"].as_str().expect("an id").to_owned();
        decisions.as_array().expect("decisions").iter().map(id).collect()
    };
    let recorded: BTreeSet<String> = files(&records, "json")
        .iter()
        .map(|path| serde_json::from_slice::<Value>(&std::fs::read(path).expect("a record")).expect("JSON"))
        .flat_map(|record| ids(&record["decisions"]))
        .collect();
    let report = portcullis(folder.path(), &["check", "--format", "json", "records"]).json();
    let checked = ids(&report["decisions"]);
    assert_eq!(checked.len(), all.len(), "every review was recorded and judged again");
    assert_eq!(recorded, checked.into_iter().collect());
    assert!(notices(&report).iter().any(|notice| notice.ends_with("compared with those of now: the same")), "{report}");
    assert!(all.len() >= 113 && told.len() > 50 && told.is_subset(&recorded), "{} told", told.len());
    println!("compared {} decisions of {} reviews", recorded.len(), all.len());
}

fn notices(report: &Value) -> Vec<&str> {
    report["notices"].as_array().expect("notices").iter().filter_map(Value::as_str).collect()
}

#[test]
fn tells_when_a_recorded_decision_is_another_one_now() {
    let folder = Folder::new("serve-replay");
    folder.write("cpu.yaml", set("4"));
    let records = folder.path().join("records");
    let (mut served, caller) = dev(&folder, &["-p", "cpu.yaml", "--record-reviews", &text(&records)]);
    assert!(!served.judge(&caller, &review("shop")).allowed());
    served.signal(Signal::TERM);
    assert_eq!(served.ended(), 0);
    let path = files(&records, "json").remove(0);
    let record = std::fs::read_to_string(&path).expect("a record");
    let check = |more: &[&str]| portcullis(folder.path(), &[&["check", "-f", "json"], more, &["records"]].concat());

    let same = check(&["-p", "cpu.yaml"]);
    assert_eq!(same.status, 1, "it is denied as it was then: {same:?}");
    assert!(notices(&same.json()).contains(&"1 recorded decision compared with those of now: the same"));

    folder.write("lax.yaml", set("16"));
    let lax = check(&["-p", "lax.yaml"]);
    assert_eq!(lax.status, 0, "another version may say something else: {lax:?}");
    let said = "`cpu` said deny then, and its version here says allow";
    assert!(notices(&lax.json())[0].ends_with(said), "{lax:?}");
    folder.write("strict.yaml", set("2"));
    let strict = check(&["-p", "strict.yaml"]);
    assert!(notices(&strict.json())[0].contains("by another version of a policy set, with the same verdict"));
    let other = check(&[]);
    assert!(notices(&other.json()).iter().any(|notice| notice.ends_with("are not given: `cpu`")), "{other:?}");
    let milder = check(&["-p", "cpu.yaml", "--mode", "sandbox"]);
    assert_eq!(milder.status, 0, "{milder:?}");
    assert!(notices(&milder.json())[0].ends_with("because --mode chose another mode"), "{milder:?}");

    // The same set comes to the same, or somebody changed the record.
    std::fs::write(&path, record.replace(r#""cpu":"8""#, r#""cpu":"1""#)).expect("a file");
    let forged = check(&["-p", "cpu.yaml"]);
    assert_eq!(forged.status, 2, "{forged:?}");
    let error = forged.json()["errors"][0].clone();
    let said = error["message"].as_str().unwrap_or_default().to_owned();
    assert!(said.starts_with("policy set `cpu` decided otherwise when this was recorded: deny (`sha256:"), "{error}");
    assert!(said.ends_with("now, though the set is the same") && said.contains("then, allow (`sha256:"), "{error}");
    // A record of before digests were recorded is compared by the id alone.
    let digest =
        record.split_once(r#""policySetDigest":""#).and_then(|(_, rest)| rest.split_once('"')).expect("a digest").0;
    let old = record.replace(&format!(r#""policySetDigest":"{digest}","#), "");
    std::fs::write(&path, &old).expect("a file");
    assert!(notices(&check(&["-p", "cpu.yaml"]).json())[0].ends_with("the same"));
    std::fs::write(&path, old.replace(r#""cpu":"8""#, r#""cpu":"1""#)).expect("a file");
    assert_eq!(check(&["-p", "cpu.yaml"]).status, 0);
}

#[test]
fn takes_a_good_version_and_refuses_a_bad_one_while_the_last_good_one_serves() {
    // A59
    let folder = Folder::new("serve-reload");
    let path = folder.write("sets/cpu.yaml", set("4"));
    let (mut served, caller) = dev(&folder, &["-p", "sets"]);
    let first = served.judge(&caller, &review("shop"));
    assert!(!first.allowed());

    folder.write("sets/cpu.yaml", set("16"));
    served.wait_for("the second version", |served| served.judge(&caller, &review("shop")).allowed());
    assert_eq!(served.metric(r#"portcullis_reloads_total{what="policies",result="applied"}"#), Some(1.0));

    for (bad, why) in [
        (set("4").replace("settings", "setings"), "unknown field `setings`"),
        (set("4").replace("resource-limits", "resource-limit"), "no built-in plugin"),
        (set("many"), "refuses the settings"),
        ("spec: [".to_owned(), "cpu.yaml"),
    ] {
        folder.write("sets/cpu.yaml", &bad);
        served.wait_for("a refusal", |served| served.verbose().contains(why));
        assert!(served.verbose().contains("readyz check passed"), "it can still judge");
        assert!(served.judge(&caller, &review("shop")).allowed(), "the last good one serves");
        let health = get(served.ops, "/healthz").expect("an answer");
        let warning = health.json()["warnings"][0].as_str().map(str::to_owned).unwrap_or_default();
        assert_eq!((health.status, &health.json()["status"]), (200, &json!("ok")));
        assert!(warning.contains("reload of policies refused") && warning.contains(why), "{warning}");
        assert_eq!(served.metric(r#"portcullis_reload_refused{what="policies"}"#), Some(1.0));
    }
    std::thread::sleep(Duration::from_millis(500));
    let refused = served.metric(r#"portcullis_reloads_total{what="policies",result="refused"}"#);
    assert_eq!(refused, Some(4.0), "once for each content: {}", served.log());

    std::fs::remove_file(&path).expect("a file");
    served.wait_for("a refusal", |served| served.verbose().contains("holds no .yaml"));
    assert!(served.judge(&caller, &review("shop")).allowed(), "files that vanish are no empty set");
    folder.write("sets/cpu.yaml", set("16"));
    served.wait_for("peace", |served| !served.verbose().contains("refused"));
    served.wait_for("its line", |served| served.log().contains("nothing is refused any more"));
    assert_eq!(get(served.ops, "/healthz").expect("an answer").json().get("warnings"), None);
    for what in ["policies", "certificates"] {
        assert_eq!(served.metric(&format!("portcullis_reload_refused{{what=\"{what}\"}}")), Some(0.0));
    }
    let in_force = |served: &Served| {
        let body = get(served.ops, "/metrics").expect("an answer").body;
        body.lines()
            .filter(|line| line.starts_with("portcullis_policy_set_info{"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let before = in_force(&served);
    assert!(before[0].starts_with(r#"portcullis_policy_set_info{policy_set="cpu",digest="sha256:"#), "{before:?}");
    folder.write("sets/cpu.yaml", set("2"));
    served.wait_for("the third version", |served| !served.judge(&caller, &review("shop")).allowed());
    served.wait_for("its digest", |served| in_force(served) != before);
    assert_eq!(in_force(&served).len(), 1, "a version that is over is no series");
}

#[test]
fn reads_again_when_sighup_asks() {
    let folder = Folder::new("serve-hangup");
    folder.write("cpu.yaml", set("4"));
    let (mut served, caller) = dev(&folder, &["-p", "cpu.yaml", "--reload-interval", "1h"]);
    folder.write("cpu.yaml", set("16"));
    std::thread::sleep(Duration::from_millis(300));
    assert!(!served.judge(&caller, &review("shop")).allowed(), "an hour is not over");
    served.signal(Signal::HUP);
    served.wait_for("the new version", |served| served.judge(&caller, &review("shop")).allowed());
}

#[test]
fn drops_no_review_and_judges_none_by_half_a_version() {
    let folder = Folder::new("serve-swaps");
    let mut volume = Volume::new(&folder.path().join("sets"));
    volume.swap(&[("cpu.yaml", &set("4"))]);
    let (mut served, caller) = dev(&folder, &["-p", "sets", "--reload-interval", "20ms"]);
    let of = |served: &Served| served.judge(&caller, &review("shop")).judged_by();
    let strict = of(&served);
    volume.swap(&[("cpu.yaml", &set("16"))]);
    served.wait_for("the second version", |served| served.judge(&caller, &review("shop")).allowed());
    let lax = of(&served);
    assert_ne!(strict, lax);
    let done = AtomicBool::new(false);
    let judged = std::thread::scope(|scope| {
        let call = || {
            let mut judged = 0;
            while !done.load(Ordering::Relaxed) {
                let reply = served.judge(&caller, &review("shop"));
                let expected = if reply.judged_by() == strict { false } else { reply.judged_by() == lax };
                assert_eq!((reply.status, reply.allowed()), (200, expected), "{reply:?}");
                judged += 1;
            }
            judged
        };
        let callers: Vec<_> = (0..3).map(|_| scope.spawn(call)).collect();
        for round in 0..12 {
            volume.swap(&[("cpu.yaml", &set(if round % 2 == 0 { "4" } else { "16" }))]);
            std::thread::sleep(Duration::from_millis(250));
        }
        done.store(true, Ordering::Relaxed);
        callers.into_iter().map(|caller| caller.join().expect("judged")).sum::<i32>()
    });
    let applied = served.metric(r#"portcullis_reloads_total{what="policies",result="applied"}"#).unwrap_or_default();
    assert!(judged > 50 && applied >= 3.0, "{judged} reviews, {applied} versions");
    assert!(!served.log().contains("refused"), "{}", served.log());
}

#[test]
fn judges_two_namespaces_by_their_labels_and_a_label_that_changes() {
    let folder = Folder::new("serve-labels");
    let namespaces = |mode: &str| {
        let one = |name: &str, mode: &str| {
            format!(
                "---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{portcullis.dev/mode: {mode}}}}}\n"
            )
        };
        one("play", mode) + &one("shop", "compliance")
    };
    folder.write("namespaces.yaml", namespaces("sandbox"));
    folder.write("cpu.yaml", set("4"));
    let (mut served, caller) = dev(&folder, &["-p", "cpu.yaml", "--namespace-labels", "namespaces.yaml"]);
    let warned = served.judge(&caller, &review("play"));
    assert!(warned.allowed() && warned.json()["response"]["warnings"][0].is_string(), "{warned:?}");
    assert!(!served.judge(&caller, &review("shop")).allowed());
    assert!(!served.judge(&caller, &review("unheard-of")).allowed(), "who nobody knows is under compliance");
    folder.write("namespaces.yaml", namespaces("compliance"));
    served.wait_for("the new label", |served| !served.judge(&caller, &review("play")).allowed());
}

#[test]
fn says_while_the_namespaces_are_not_watched_and_judges_on() {
    let folder = Folder::new("serve-watch");
    let pair = Authority::new().issue("portcullis");
    folder.write("tls.crt", &pair.cert);
    folder.write("tls.key", &pair.key);
    let cluster = Cluster::new(&folder.path().join("kubeconfig"));
    let arguments = ["--tls-cert", "tls.crt", "--tls-key", "tls.key", "--kubeconfig", "kubeconfig"];
    let mut served = Served::start(folder.path(), &arguments);
    let watched = |served: &Served| served.metric("portcullis_namespaces_watch_up");
    assert_eq!(watched(&served), Some(1.0));
    let ends = served.metric("portcullis_certificate_expiry_timestamp_seconds");
    assert!(ends.is_some_and(|ends| ends > 1.8e9), "what is loaded before a port is taken is measured: {ends:?}");
    assert!(!served.verbose().contains("[!]"), "{}", served.verbose());
    cluster.set_broken(true);
    served.wait_for("the lag", |served| served.verbose().contains("[!]namespaces: the watch of namespaces broke"));
    assert_eq!(watched(&served), Some(0.0));
    let health = get(served.ops, "/healthz").expect("an answer");
    let warning = health.json()["warnings"][0].as_str().map(str::to_owned).unwrap_or_default();
    assert_eq!(health.status, 200, "labels are read one by one meanwhile");
    assert!(warning.starts_with("namespaces: the watch of namespaces broke"), "{warning}");
    cluster.set_broken(false);
    served.wait_for("the watch", |served| watched(served) == Some(1.0));
    assert_eq!(get(served.ops, "/healthz").expect("an answer").json().get("warnings"), None);
}

#[test]
fn stops_in_order_and_at_once_when_told_twice() {
    let folder = Folder::new("serve-stop");
    let (mut served, caller) = dev(&folder, &["--drain", "6s"]);
    let began = Instant::now();
    served.signal(Signal::TERM);
    served.wait_for("the word", |served| get(served.ops, "/readyz").is_ok_and(|reply| reply.status == 503));
    assert!(served.verbose().contains("draining"));
    assert!(served.judge(&caller, &review("shop")).allowed(), "who has not heard of it is still answered");
    assert_eq!(served.ended(), 0);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());

    let (mut served, _) = dev(&folder, &["--drain", "60s"]);
    served.signal(Signal::INT);
    served.wait_for("the word", |served| get(served.ops, "/readyz").is_ok_and(|reply| reply.status == 503));
    let began = Instant::now();
    served.signal(Signal::TERM);
    assert_eq!(served.ended(), 1);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[test]
fn shows_every_new_certificate_and_keeps_the_last_good_one() {
    let folder = Folder::new("serve-rotation");
    let mut volume = Volume::new(&folder.path().join("tls"));
    let authorities = [Authority::new(), Authority::new(), Authority::new()];
    let pairs = authorities.each_ref().map(|authority| authority.issue("portcullis"));
    let callers = authorities.each_ref().map(|authority| Caller::new(&authority.pem(), None));
    volume.swap(&[("tls.crt", &pairs[0].cert), ("tls.key", &pairs[0].key)]);
    folder.write("namespaces.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
    let (cert, key) = (text(&volume.path("tls.crt")), text(&volume.path("tls.key")));
    let mut served = Served::start(
        folder.path(),
        &[
            "--tls-cert",
            &cert,
            "--tls-key",
            &key,
            "--namespace-labels",
            "namespaces.yaml",
            "--reload-interval",
            "100ms",
        ],
    );
    let trusted = |served: &Served, caller: &Caller| caller.post(served.reviews, "/validate", &review("shop")).is_ok();
    assert!(trusted(&served, &callers[0]) && !trusted(&served, &callers[1]));
    for round in [1, 2] {
        volume.swap(&[("tls.crt", &pairs[round].cert), ("tls.key", &pairs[round].key)]);
        served.wait_for("the new certificate", |served| trusted(served, &callers[round]));
        assert!(!trusted(&served, &callers[round - 1]));
    }
    volume.swap(&[("tls.crt", &pairs[0].cert), ("tls.key", &pairs[1].key)]);
    served.wait_for("a refusal", |served| served.verbose().contains("reload of certificates refused"));
    assert!(trusted(&served, &callers[2]), "the last good pair serves");
    assert_eq!(served.metric(r#"portcullis_reload_refused{what="certificates"}"#), Some(1.0));
    volume.swap(&[("tls.crt", &pairs[2].cert), ("tls.key", &pairs[2].key)]);
    served.wait_for("the end of the refusal", |served| !served.verbose().contains("refused"));
    served.wait_for("a word of it", |served| served.log().contains("the certificates that serve are back"));
    assert!(served.log().contains("not the one of the certificate"), "{}", served.log());
    assert!(!served.log().contains("PRIVATE KEY"));
}

#[test]
fn refuses_callers_without_an_allowed_certificate() {
    // A54
    let folder = Folder::new("serve-callers");
    let (authority, strangers) = (Authority::new(), Authority::new());
    let own = authority.issue("portcullis");
    folder.write("tls.crt", &own.cert);
    folder.write("tls.key", &own.key);
    folder.write("ca.crt", authority.pem());
    folder.write("namespaces.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
    let served = Served::start(
        folder.path(),
        &[
            "--tls-cert",
            "tls.crt",
            "--tls-key",
            "tls.key",
            "--client-ca",
            "ca.crt",
            "--client-name",
            "kube-apiserver",
            "--namespace-labels",
            "namespaces.yaml",
        ],
    );
    let ask = |pair: Option<&authority::Pair>| {
        Caller::new(&authority.pem(), pair).post(served.reviews, "/validate", &review("shop")).is_ok()
    };
    assert!(ask(Some(&authority.issue("kube-apiserver"))));
    assert!(!ask(Some(&authority.issue("somebody"))), "a name that is not allowed");
    assert!(!ask(Some(&strangers.issue("kube-apiserver"))), "an authority that nobody trusts");
    assert!(!ask(None), "no certificate");
}

#[test]
fn refuses_labels_by_their_own_name_and_says_what_status_means_what() {
    let folder = Folder::new("serve-bad-labels");
    let good = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n";
    folder.write("namespaces.yaml", good);
    folder.write("cpu.yaml", set("4"));
    let (mut served, _) = dev(&folder, &["-p", "cpu.yaml", "--namespace-labels", "namespaces.yaml"]);
    folder.write("namespaces.yaml", set("4"));
    served.wait_for("a refusal", |served| served.verbose().contains("reload of labels refused"));
    assert!(served.verbose().contains("holds a PolicySet"), "{}", served.verbose());
    assert!(!served.verbose().contains("reload of policies refused"), "{}", served.verbose());
    served.wait_for("its line", |served| served.log().contains("new labels are refused; the last good ones serve"));
    folder.write("cpu.yaml", "nothing");
    served.wait_for("both", |served| served.verbose().matches("refused").count() == 2);
    folder.write("namespaces.yaml", good);
    served.wait_for("one", |served| !served.verbose().contains("reload of labels refused"));
    assert!(served.verbose().contains("reload of policies refused"), "{}", served.verbose());
    folder.write("cpu.yaml", set("4"));
    served.wait_for("none", |served| !served.verbose().contains("refused"));
    assert_eq!(served.metric(r#"portcullis_reload_refused{what="labels"}"#), Some(0.0));

    let help = portcullis(folder.path(), &["serve", "--help"]).out;
    for status in ["\n  0  ended by SIGTERM", "\n  1  ended at once by a second signal", "\n  2  could not start"] {
        assert!(help.contains(status), "{help}");
    }
}

#[test]
fn tells_a_caller_without_tls_that_this_port_speaks_https() {
    let folder = Folder::new("serve-plain");
    let (mut served, caller) = dev(&folder, &[]);
    for _ in 0..3 {
        let reply = get(served.reviews, "/validate").expect("an answer in the caller's own words");
        assert_eq!((reply.status, reply.body.as_str()), (400, "this port speaks HTTPS; use https://\n"));
    }
    served.wait_for("a word of it", |served| served.log().contains("plain HTTP refused: this port speaks HTTPS"));
    assert_eq!(served.log().matches("plain HTTP refused").count(), 1, "{}", served.log());
    assert_eq!(served.metric(r#"portcullis_connections_refused_total{listener="tls",reason="plain_http"}"#), Some(3.0));
    assert!(served.judge(&caller, &review("shop")).allowed());
}
