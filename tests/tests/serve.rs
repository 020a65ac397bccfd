//! The webhook as its operator runs it: one command, real TLS, files that change under it, and an end in order.

#![expect(clippy::panic, reason = "a test that cannot read the answer has failed")]

#[path = "serve/authority.rs"]
mod authority;
#[path = "serve/caller.rs"]
mod caller;
#[path = "serve/served.rs"]
mod served;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use portcullis_tests::{Folder, corpora, files, portcullis};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::authority::{Authority, Volume};
use crate::caller::{Caller, get};
use crate::served::{Served, command};

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

/// A set with one rule: the most CPU that a container may have.
fn set(most: &str) -> String {
    format!(
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: cpu}}\nspec:\n  policies:\n  \
         - name: limits\n    plugin: {{builtin: resource-limits}}\n    settings: {{cpu: {{max: \"{most}\"}}}}\n"
    )
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
    assert!(warning.starts_with("would be denied: cpu/limits, cpu-limit-max"), "{warning}");
    assert_eq!(response["auditAnnotations"]["verdicts"], "cpu=deny");
    served.wait_for("its line in the log", |served| served.log().contains("would be denied"));
    assert_eq!(served.metric("portcullis_observing"), Some(1.0));
    assert!(served.log().contains("nothing is denied"), "{}", served.log());
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
    assert!(all.len() >= 113 && told.len() > 50 && told.is_subset(&recorded), "{} told", told.len());
    println!("compared {} decisions of {} reviews", recorded.len(), all.len());
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
    }
    std::thread::sleep(Duration::from_millis(500));
    let refused = served.metric(r#"portcullis_reloads_total{what="policies",result="refused"}"#);
    assert_eq!(refused, Some(4.0), "once for each content: {}", served.log());

    std::fs::remove_file(&path).expect("a file");
    served.wait_for("a refusal", |served| served.verbose().contains("holds no .yaml"));
    assert!(served.judge(&caller, &review("shop")).allowed(), "files that vanish are no empty set");
    folder.write("sets/cpu.yaml", set("16"));
    served.wait_for("peace", |served| !served.verbose().contains("refused"));
    folder.write("sets/cpu.yaml", set("2"));
    served.wait_for("the third version", |served| !served.judge(&caller, &review("shop")).allowed());
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
fn refuses_to_start_with_what_cannot_serve() {
    let folder = Folder::new("serve-flags");
    folder.write("bad.yaml", set("4").replace("settings", "setings"));
    folder.write("tls.crt", "nothing");
    folder.write("tls.key", "nothing");
    folder.write("namespaces.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
    for (arguments, expected) in [
        (vec![], "error: a certificate is needed: give --tls-cert and --tls-key, or --dev for a throw-away one"),
        (vec!["--tls-cert", "a"], "error: --tls-cert needs its --tls-key"),
        (vec!["--dev", "--tls-cert", "a"], "error: --dev makes a certificate of its own"),
        (vec!["--dev", "--client-ca", "a"], "error: --dev asks nobody for a certificate"),
        (vec!["--dev", "--tls-min", "1.2"], "error: --dev speaks TLS 1.3 alone"),
        (vec!["--dev", "--kubeconfig", "a"], "error: --dev asks no cluster"),
        (vec!["--dev", "-p", "-"], "error: --policies `-` can be read only once"),
        (
            vec!["--dev", "--listen", "127.0.0.1:9", "--ops-listen", "127.0.0.1:9"],
            "error: --listen and --ops-listen are both",
        ),
        (vec!["--dev", "--drain", "soon"], "error: invalid value 'soon' for '--drain <TIME>'"),
        (vec!["--dev", "--max-held", "1Ki"], "error: --max-held is less than --max-body"),
        (vec!["--dev", "--client-name", "a"], "error: --dev asks nobody"),
        (
            vec!["--tls-cert", "tls.crt", "--tls-key", "tls.key", "--client-name", "a"],
            "error: --client-name names whom",
        ),
        (
            vec!["--tls-cert", "tls.crt", "--tls-key", "tls.key", "--namespace-labels", "namespaces.yaml"],
            "holds no certificate",
        ),
        (vec!["--dev", "-p", "bad.yaml"], "bad.yaml:8:5: unknown field `setings`"),
        (vec!["--dev", "-p", "absent.yaml"], "absent.yaml"),
    ] {
        let mut command = command(folder.path(), &arguments);
        if !arguments.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"]);
        }
        let output = command.output().expect("the product starts");
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {err}");
        assert!(err.contains(expected), "{arguments:?}: {err}");
    }
}

#[test]
fn refuses_a_variable_that_is_empty_where_it_would_turn_a_check_off() {
    let folder = Folder::new("serve-empty");
    let run = |variable: &str, arguments: &[&str]| {
        let mut command = command(folder.path(), arguments);
        command.env(variable, "").args(["--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"]);
        let output = command.output().expect("the product starts");
        assert_eq!(output.status.code(), Some(2), "{variable}: {output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    for name in ["CLIENT_CA", "CLIENT_NAME", "TLS_CERT", "TLS_KEY", "POLICIES", "NAMESPACE_LABELS", "WAIVERS"] {
        let variable = format!("PORTCULLIS_{name}");
        let err = run(&variable, &["--dev"]);
        assert!(err.contains(&format!("error: {variable} is set, but empty; give a value or unset it")), "{err}");
    }
    let given = run("PORTCULLIS_POLICIES", &["--dev", "-p", "absent.yaml"]);
    assert!(given.contains("absent.yaml"), "a flag takes the place of its variable: {given}");
    let other = run("PORTCULLIS_TLS_MIN", &["--dev", "-p", "absent.yaml"]);
    assert!(other.contains("absent.yaml"), "the default is the strictest: {other}");
}

#[test]
fn refuses_to_start_where_nobody_knows_the_labels() {
    let folder = Folder::new("serve-no-cluster");
    let pair = Authority::new().issue("portcullis");
    folder.write("tls.crt", &pair.cert);
    folder.write("tls.key", &pair.key);
    let mut command = command(folder.path(), &["--tls-cert", "tls.crt", "--tls-key", "tls.key"]);
    command.args(["--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"]).env("HOME", folder.path());
    let output = command.output().expect("the product starts");
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains("without a cluster give --namespace-labels or --dev"), "{err}");
}

#[test]
fn registers_what_it_judges_and_publishes_no_key() {
    let folder = Folder::new("webhook-config");
    let authority = Authority::new();
    folder.write("ca.crt", authority.pem());
    folder.write("pair.pem", authority.pem() + &authority.issue("a").key);
    let run = |more: &[&str]| portcullis(folder.path(), &[&["webhook-config"], more].concat());
    // What only the plugin knows to be wrong.
    folder.write("bad.yaml", "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: bad}\nspec: {policies: [{name: a, plugin: {builtin: resource-limits}, settings: {nosuch: 1}}]}\n");
    folder.write("bad-waiver.yaml", "apiVersion: portcullis.dev/v1alpha1\nkind: Waiver\nmetadata: {name: w}\nspec: {policy: image-referense, rule: image-reference/digest-missing, covers: {everything: true}, owner: a, ticket: b, reason: c, expires: 2099-01-01}\n");
    assert_eq!(run(&["--policies", "bad.yaml"]).status, 0, "without --try its form alone is read");
    assert_eq!(run(&["--try"]).out, run(&[]).out);
    let printed = run(&["--ca-bundle", "ca.crt", "--service", "gate/door:8443"]);
    assert_eq!(printed.status, 0, "{printed:?}");
    for expected in [
        "kind: ValidatingWebhookConfiguration",
        "failurePolicy: Fail",
        "sideEffects: None",
        "matchPolicy: Equivalent",
        "resources: [pods, podtemplates, replicationcontrollers, persistentvolumeclaims, pods/ephemeralcontainers, pods/resize]",
        "timeoutSeconds: 5",
        "values: [portcullis-system, kube-system, kube-node-lease, kube-public]",
        "namespace: gate",
        "port: 8443",
        "caBundle: LS0t",
    ] {
        assert!(printed.out.contains(expected), "{expected}: {}", printed.out);
    }
    let more = run(&["--exclude-namespaces", "calico-system,kube-system", "--url", "https://127.0.0.1:1"]);
    let all = "values: [portcullis-system, kube-system, kube-node-lease, kube-public, calico-system]\n";
    assert!(more.out.contains(all), "{}", more.out);
    let whole = run(&["--judge-system-namespaces", "--url", "https://127.0.0.1:1", "--set", "default"]);
    assert!(whole.out.contains("values: [portcullis-system]\n"), "{}", whole.out);
    assert!(whole.out.contains("url: \"https://127.0.0.1:1/validate/default\""), "{}", whole.out);
    for (arguments, expected) in [
        (vec!["--try", "--policies", "bad.yaml"], "nosuch"),
        (vec!["--try", "--waivers", "bad-waiver.yaml"], "image-referense"),
        (vec!["--ca-bundle", "pair.pem"], "holds a private key, which would be published"),
        (vec!["--url", "http://a"], "`http://a` cannot be the address of a webhook"),
        (vec!["--service", "door"], "`--service door` is no Service"),
        (vec!["--url", "https://a", "--service", "a/b"], "give one of them"),
        (vec!["--timeout", "31"], "the API server waits 1 to 30 seconds"),
        (vec!["--set", "other"], "there is no policy set `other`; there are default"),
        (vec!["--own-namespace", "A"], "`A` cannot be a namespace"),
    ] {
        let refused = run(&arguments);
        assert_eq!(refused.status, 2, "{refused:?}");
        assert!(refused.err.contains(expected), "{refused:?}");
        assert_eq!(refused.out, "");
    }
}
