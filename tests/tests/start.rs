//! What cannot serve: flags, variables and files that are refused before a port is taken, and what registers the webhook.

#![expect(clippy::panic, reason = "a test that cannot read the answer has failed")]

#[expect(dead_code, reason = "nothing here serves for long")]
#[path = "serve/authority.rs"]
mod authority;
#[expect(dead_code, reason = "nobody is called here")]
#[path = "serve/caller.rs"]
mod caller;
#[expect(dead_code, reason = "nothing here serves for long")]
#[path = "serve/served.rs"]
mod served;

use portcullis_tests::{Folder, portcullis, undrawn};

use crate::authority::Authority;
use crate::served::{command, set};

#[test]
fn refuses_to_start_with_what_cannot_serve() {
    let folder = Folder::new("serve-flags");
    folder.write("bad.yaml", set("4").replace("settings", "setings"));
    folder.write("good.yaml", set("4"));
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
        (vec!["--dev", "--rate-limits", "-"], "error: --rate-limits `-` can be read only once"),
        (
            vec!["--dev", "--rate-limits", "good.yaml"],
            "good.yaml:2:7: this is a `PolicySet` of `portcullis.dev/v1alpha1`, not a `RateLimits`",
        ),
        (vec!["--dev", "--rate-limits", "absent.yaml"], "absent.yaml"),
        (vec!["--dev", "--breaker-rest", "2h"], "an hour is the most"),
        (vec!["--dev", "--breaker-faults", "many"], "invalid value 'many' for '--breaker-faults <N>'"),
        (vec!["--dev", "--workers", "99"], "from 1 to 32 threads can judge at once"),
        (vec!["--dev", "--listen", "8443"], "write an IP address and a port such as `0.0.0.0:8443` or `[::]:8443`"),
        (
            vec!["--dev", "--namespace-labels", "good.yaml"],
            "good.yaml:1:1: --namespace-labels holds a PolicySet, which is no Namespace object",
        ),
    ] {
        let mut command = command(folder.path(), &arguments);
        if !arguments.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"]);
        }
        let output = command.output().expect("the product starts");
        let err = undrawn(&String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {err}");
        assert!(err.contains(expected), "{arguments:?}: {err}");
    }
}

#[test]
fn refuses_files_that_cannot_serve_before_it_takes_a_port() {
    let folder = Folder::new("serve-files-first");
    let pair = Authority::new().issue("portcullis");
    folder.write("tls.crt", &pair.cert);
    folder.write("tls.key", &pair.key);
    folder.write("bad.yaml", set("4").replace("settings", "setings"));
    folder.write("lost.yaml", set("4").replace("builtin: resource-limits", "file: lost.wasm"));
    folder.write("namespaces.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
    folder.write("pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: shop}\n");
    // Whoever came to the ports would say that they are taken.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("an address").to_string();
    let run = |cert: &str, labels: &str, set: &str| {
        let arguments = ["--tls-cert", cert, "--tls-key", "tls.key", "--namespace-labels", labels, "-p", set];
        let mut command = command(folder.path(), &arguments);
        let output = command.args(["--listen", &port, "--ops-listen", "127.0.0.1:0"]).output().expect("it starts");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    for (cert, labels, set, expected) in [
        ("absent.crt", "namespaces.yaml", "bad.yaml", "`absent.crt`: cannot be read: "),
        ("tls.crt", "namespaces.yaml", "bad.yaml", "unknown field `setings`"),
        ("tls.crt", "namespaces.yaml", "lost.yaml", "policy `cpu/limits`: there is no plugin `lost.wasm` in "),
    ] {
        let err = run(cert, labels, set);
        assert!(err.contains(expected) && !err.contains("cannot listen"), "{err}");
        assert!(err.matches("No such file").count() <= 1, "a cause is said once: {err}");
    }
    let mut lost = command(folder.path(), &["--tls-cert", "tls.crt", "--tls-key", "tls.key", "--kubeconfig", "lost"]);
    let lost = lost.args(["--listen", &port, "--ops-listen", "127.0.0.1:0"]).output().expect("it starts");
    let err = String::from_utf8_lossy(&lost.stderr).into_owned();
    assert!(err.contains("the kubeconfig `lost` cannot be used") && !err.contains("cannot listen"), "{err}");
    assert!(err.matches("No such file").count() <= 1, "a cause is said once: {err}");

    folder.write("cpu.yaml", set("4"));
    let err = undrawn(&run("tls.crt", "pod.yaml", "cpu.yaml"));
    assert!(err.contains("pod.yaml:1:1: --namespace-labels holds a `Pod`, which is no Namespace object"), "{err}");
    assert!(run("tls.crt", "namespaces.yaml", "cpu.yaml").contains("cannot listen"), "the files are good");
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
    let names =
        ["CLIENT_CA", "CLIENT_NAME", "TLS_CERT", "TLS_KEY", "POLICIES", "NAMESPACE_LABELS", "WAIVERS", "KUBECONFIG"];
    for name in names {
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
    let tier = "apiVersion: portcullis.dev/v1alpha1\nkind: RateLimits\nmetadata: {name: tiers}\nspec: {tiers: [{name: a, reviewsPerMinute: ";
    folder.write("rates.yaml", format!("{tier}60}}]}}\n"));
    folder.write("bad-rates.yaml", format!("{tier}0}}]}}\n"));
    assert_eq!(run(&["--policies", "bad.yaml"]).status, 0, "without --try its form alone is read");
    assert_eq!(run(&["--try", "--rate-limits", "rates.yaml"]).out, run(&[]).out);
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
        (vec!["--try", "--rate-limits", "bad-rates.yaml"], "reviewsPerMinute"),
        (vec!["--try", "--rate-limits", "nosuch.yaml"], "nosuch.yaml"),
        (vec!["--try", "--rate-limits", "."], "is a directory; name the file in it"),
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
