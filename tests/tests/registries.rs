//! `--registries`: who may be asked, where, and with which credentials; through the binary, against a registry that keeps a log.

#![expect(clippy::panic, reason = "a test that cannot read the answer has failed")]

#[expect(dead_code, reason = "nothing here serves a cluster")]
#[path = "serve/authority.rs"]
mod authority;
#[expect(dead_code, reason = "only reviews are sent")]
#[path = "serve/caller.rs"]
mod caller;
#[expect(dead_code, reason = "it serves, and that is all")]
#[path = "serve/served.rs"]
mod served;
#[path = "signed/world.rs"]
mod world;

use portcullis_support::Auth;
use portcullis_tests::{Answer, undrawn};
use serde_json::json;

use crate::caller::Caller;
use crate::served::Served;
use crate::world::{NAME, World};

const HEAD: &str = "apiVersion: portcullis.dev/v1alpha1\nkind: Registries\nspec:\n";
/// `u:p`
const BASIC: &str = "Basic dTpw";

fn pod(image: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: shop}}\nspec: {{containers: [{{name: a, image: \"{image}\"}}]}}\n"
    )
}

impl World {
    /// Judges a Pod with an image, with what a file of registries says.
    fn check(&self, image: &str, patterns: &str, registries: &str, more: &[&str]) -> Answer {
        self.folder.write("set.yaml", self.set(patterns));
        self.folder.write("pod.yaml", pod(image));
        self.folder.write("registries.yaml", format!("{HEAD}{registries}"));
        let arguments =
            ["check", "-f", "json", "-m", "compliance", "-p", "set.yaml", "--registries", "registries.yaml"];
        self.run(&[&arguments[..], more, &["pod.yaml"]].concat())
    }

    /// What makes the registry of this world one that may be dialled.
    fn plain(&self) -> String {
        format!("{{host: \"{}\", plainHTTP: true, privateAddresses: true}}", self.registry.host())
    }

    /// A pull secret for it.
    fn secret(&self, path: &str, auth: &str) {
        let auths = json!({"auths": {self.registry.host(): {"auth": auth}}});
        let text = if path.ends_with(".dockercfg") { auths["auths"].to_string() } else { auths.to_string() };
        self.folder.write(path, text);
    }
}

fn why(answer: &Answer) -> String {
    answer.json()["decisions"][0]["faults"].to_string()
}

#[test]
fn allows_what_is_signed_where_the_file_says_how_to_ask() {
    let world = World::new("registries-plain");
    let image = world.signed(NAME);
    let patterns = format!("{}/**", world.registry.host());
    let answer = world.check(&image, &patterns, &format!("  hosts: [{}]\n  credentials: []\n", world.plain()), &[]);
    assert_eq!((answer.status, answer.codes()), (0, vec![]), "{answer:?}");
    let unsaid = world.check(&image, &patterns, "  credentials: []\n", &[]);
    assert_eq!(unsaid.status, 2, "{unsaid:?}");
    assert!(unsaid.out.contains("is not dialled"), "A52b: {unsaid:?}");
}

#[test]
fn asks_no_registry_that_is_not_allowed_a21() {
    let world = World::new("registries-allowed");
    let image = world.signed(NAME);
    let host = world.registry.host();
    let file = format!("  allowed: [ghcr.io, \"*.registry.example\"]\n  hosts: [{}]\n", world.plain());
    let answer = world.check(&image, &format!("{host}/**"), &file, &[]);
    assert_eq!(answer.status, 2, "{answer:?}");
    let said = format!("the registry `{host}` is not on the list of allowed registries");
    assert!(answer.out.contains(&said), "{answer:?}");
    assert_eq!(world.registry.lines(), [""; 0], "nobody was asked");
    let allowed = world.check(&image, &format!("{host}/**"), &file.replace("ghcr.io", &format!("\"{host}\"")), &[]);
    assert_eq!(allowed.status, 0, "{allowed:?}");
}

#[test]
fn asks_the_mirror_with_its_prefix_and_nobody_else() {
    let world = World::new("registries-mirror");
    let here = world.signed("hub/team/app");
    let image = here.replace(&format!("{}/hub", world.registry.host()), "registry.example");
    let mirror = format!("{{host: \"{}\", prefix: hub}}", world.registry.host());
    let file = format!(
        "  allowed: [registry.example]\n  hosts:\n  - {{host: registry.example, mirrors: [{mirror}], onlyMirrors: true}}\n  - {}\n",
        world.plain()
    );
    let answer = world.check(&image, "registry.example/**", &file, &[]);
    assert_eq!(answer.status, 0, "{answer:?}");
    let lines = world.registry.lines();
    assert!(!lines.is_empty() && lines.iter().all(|line| line.contains("/v2/hub/team/app/")), "{lines:?}");
}

#[test]
fn gets_in_with_each_form_of_credentials_and_never_without_n46() {
    let world = World::new("registries-secret");
    let image = world.signed(NAME);
    world.registry.set_auth(Auth::Basic(BASIC.to_owned()));
    let patterns = format!("{}/**", world.registry.host());
    for path in ["docker/config.json", "pull/.dockerconfigjson", "old/.dockercfg"] {
        world.secret(path, "dTpw");
    }
    world.secret("wrong/.dockerconfigjson", "dTp4");
    let judge = |credentials: &str, more: &[&str]| {
        let file = format!("  hosts: [{}]\n  credentials: [{credentials}]\n", world.plain());
        world.check(&image, &patterns, &file, more)
    };
    for good in
        ["docker/config.json", "pull/.dockerconfigjson", "old/.dockercfg", "wrong/.dockerconfigjson, old/.dockercfg"]
    {
        let answer = judge(good, &[]);
        assert_eq!(answer.status, 0, "{good}: {answer:?}");
    }
    for more in [
        &["--registry-config", "pull/.dockerconfigjson"][..],
        &["--registry-config", "config.json", "--registry-config", "old/.dockercfg"],
        &["--registry-config", "config.json,docker/config.json"],
    ] {
        let answer = judge("", more);
        assert_eq!(answer.status, 0, "{more:?}: {answer:?}");
    }
    for bad in ["", "wrong/.dockerconfigjson"] {
        let answer = judge(bad, &[]);
        assert_eq!(answer.status, 2, "{bad}: {answer:?}");
        assert!(answer.out.contains("does not accept the credentials"), "{}", why(&answer));
        assert!(!answer.out.contains("dTp") && !answer.err.contains("dTp"), "no secret is shown: {answer:?}");
    }
}

#[test]
fn a_mounted_pull_secret_starts_no_helper() {
    let world = World::new("registries-helper");
    let image = world.signed(NAME);
    world.registry.set_auth(Auth::Basic(BASIC.to_owned()));
    let config =
        json!({"auths": {world.registry.host(): {"auth": "dTpw"}}, "credsStore": "absent-anywhere"}).to_string();
    world.folder.write("pull/.dockerconfigjson", &config);
    world.folder.write("config.json", &config);
    let patterns = format!("{}/**", world.registry.host());
    let file = |path: &str| format!("  hosts: [{}]\n  credentials: [{path}]\n", world.plain());
    assert_eq!(world.check(&image, &patterns, &file("pull/.dockerconfigjson"), &[]).status, 0);
    let helped = world.check(&image, &patterns, &file("config.json"), &[]);
    assert_eq!(helped.status, 2, "the operator's own names a helper, and it is not there: {helped:?}");
    assert!(helped.out.contains("absent-anywhere"), "{helped:?}");
}

#[test]
fn flags_add_to_the_file_and_contradict_it_never() {
    let world = World::new("registries-flags");
    let (image, host) = (world.signed(NAME), world.registry.host());
    let patterns = format!("{host}/**");
    for (file, more) in [
        ("  proxy: none\n".to_owned(), vec!["--insecure-registry", &host]),
        (format!("  hosts: [{{host: \"{host}\", privateAddresses: true}}]\n"), vec!["--insecure-registry", &host]),
        (format!("  hosts: [{{host: \"{host}\", plainHTTP: true}}]\n"), vec!["--private-registry", &host]),
    ] {
        let answer = world.check(&image, &patterns, &file, &more);
        assert_eq!(answer.status, 0, "{file} {more:?}: {answer:?}");
    }
    for (key, flag) in [("plainHTTP", "--insecure-registry"), ("privateAddresses", "--private-registry")] {
        let answer = world.check(
            &image,
            &patterns,
            &format!("  hosts:\n  - {{host: \"{host}\", {key}: false}}\n"),
            &[flag, &host],
        );
        let said = format!(
            "error: {flag} {host} contradicts registries.yaml:5:5, where `{key}` is false; leave out one of them\n"
        );
        assert_eq!((answer.status, answer.err), (2, said));
    }
    let offline = world.check(&image, &patterns, &format!("  hosts: [{}]\n", world.plain()), &["--offline"]);
    assert_eq!(offline.status, 2, "nobody looked, so nobody knows: {offline:?}");
}

#[test]
fn says_what_is_wrong_with_a_file_and_where() {
    let world = World::new("registries-bad");
    world.folder.write("pod.yaml", pod("registry.example/a"));
    world.folder.write("ca.crt", "no certificate");
    world.folder.write("pull/.dockerconfigjson", "geheim");
    let judge = |text: &str| {
        world.folder.write("registries.yaml", text);
        let answer = world.run(&["check", "--registries", "registries.yaml", "pod.yaml"]);
        assert_eq!((answer.status, answer.out.as_str()), (2, ""), "{text}");
        assert!(!answer.err.contains("geheim"), "{answer:?}");
        undrawn(&answer.err)
    };
    for (spec, said) in [
        ("  alowed: [a]\n", "4:3: unknown field `alowed` in `spec`\n  help: did you mean `allowed`?"),
        (
            "  allowed: []\n",
            "4:3: `allowed` is empty, so that no registry could ever be asked\n  help: name the registries, leave `allowed` out for all of them, or say --offline",
        ),
        ("  allowed: [\"*\"]\n", "4:13: `*` allows everything\n  help: leave `allowed` out for that"),
        (
            "  allowed: [https://a.example/]\n",
            "4:13: `https://a.example/` is a URL and no host\n  help: write `a.example`",
        ),
        (
            "  hosts: [{host: a_b}]\n",
            "4:18: `a_b` is no registry: it is no host name\n  help: write `host` or `host:port`",
        ),
        ("  hosts: [{host: a.example}, {host: \"A.example:443\"}]\n", "4:37: a second host `a.example:443`"),
        ("  hosts:\n  - {plainHTTP: true}\n", "5:5: `hosts[0]` has no `host`"),
        (
            "  hosts:\n  - {host: a.example, plainHttp: true}\n",
            "5:23: unknown field `plainHttp` in `hosts[0]`\n  help: did you mean `plainHTTP`?",
        ),
        (
            "  hosts:\n  - {host: a.example, plainHTTP: \"yes\"}\n",
            "5:34: `plainHTTP` must be `true` or `false`, found a string",
        ),
        (
            "  hosts:\n  - {host: a.example, onlyMirrors: true}\n",
            "5:36: `onlyMirrors` leaves nobody to ask: there are no `mirrors`",
        ),
        ("  hosts:\n  - {host: a.example, mirrors: [{host: a.example}]}\n", "5:33: `a.example` is a mirror of itself"),
        (
            "  hosts:\n  - {host: a.example, mirrors: [{host: b.example, prefix: A}]}\n",
            "5:59: `A` is no repository: its segments are lower-case letters and digits, joined by `.`, `_`, `__` or dashes",
        ),
        (
            "  hosts:\n  - {host: a.example, plainHTTP: true, caFile: ca.crt}\n",
            "5:48: plain HTTP shows no certificate that `caFile` could vouch for\n  help: leave out one of `plainHTTP` and `caFile`",
        ),
        ("  proxy: nobody\n", "4:10: `proxy` cannot be `nobody`\n  help: write `env` or `none`"),
        (
            "  proxy: {url: \"ftp://u:geheim@a.example\"}\n",
            "4:16: the settings for registries cannot be used: the URL of the proxy begins neither with `http://` nor with `https://`",
        ),
    ] {
        assert_eq!(judge(&format!("{HEAD}{spec}")), format!("error: registries.yaml:{said}\n"));
    }
    for (text, said) in [
        (
            format!("{HEAD}  onlyCA: true\n"),
            "error: `onlyCA` leaves no certificate authority; give `caFile`, or --registry-ca\n",
        ),
        (
            HEAD.replace("Registries", "Registry") + "  {}\n",
            "error: registries.yaml:2:7: this is a `Registry` of `portcullis.dev/v1alpha1`, not a `Registries` of `portcullis.dev/v1alpha1`\n",
        ),
        (
            format!("{HEAD}  {{}}\n---\n{HEAD}  {{}}\n"),
            "error: `registries.yaml` holds 2 documents, and must hold one Registries\n",
        ),
    ] {
        assert_eq!(judge(&text), said);
    }
    let broken = judge(&format!("{HEAD}  caFile: ca.crt\n"));
    assert!(broken.starts_with("error: `ca.crt` holds no certificate authorities"), "{broken}");
    let secret = judge(&format!("{HEAD}  credentials: [pull/.dockerconfigjson]\n"));
    assert!(secret.contains("`pull/.dockerconfigjson`") && !secret.contains("geheim"), "{secret}");
    let absent = judge(&format!("{HEAD}  credentials: [absent.json]\n"));
    assert!(
        absent.starts_with("error: the credentials for registries cannot be used\n") && absent.contains("absent.json"),
        "{absent}"
    );
}

#[test]
fn a_rotated_pull_secret_works_without_a_restart() {
    let world = World::new("registries-rotated");
    let image = world.signed(NAME);
    world.registry.set_auth(Auth::Basic(BASIC.to_owned()));
    world.folder.write("set.yaml", world.set(&format!("\"{}/**\"", world.registry.host())));
    world.secret("pull/.dockerconfigjson", "dTp4");
    let file = format!("{HEAD}  hosts: [{}]\n  credentials: [pull/.dockerconfigjson]\n", world.plain());
    world.folder.write("registries.yaml", &file);
    let flags = ["--dev", "--reload-interval", "100ms", "-p", "set.yaml", "--registries", "registries.yaml"];
    let mut served = Served::start(world.folder.path(), &flags);
    served.wait_for("the words of --dev", |served| served.out().contains("curl "));
    let out = served.out();
    let authority = out.lines().find_map(|line| line.strip_prefix("authority ")).expect("a path");
    let caller = Caller::new(&std::fs::read_to_string(authority).expect("an authority"), None);
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "operation": "CREATE", "namespace": "shop", "name": "web",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"}, "userInfo": {"username": "ann"},
        "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"containers": [{"name": "app", "image": image}]}}}})
    .to_string();
    let ask = |served: &Served| {
        caller.post(served.reviews, "/validate", &review).expect("an answer").json()["response"].clone()
    };
    let refused = ask(&served);
    assert_eq!(refused["allowed"], json!(false));
    assert!(refused.to_string().contains("does not accept the credentials"), "{refused}");
    world.secret("pull/.dockerconfigjson", "dTpw");
    served.wait_for("the rotated secret", |served| ask(served)["allowed"] == json!(true));
    // One that cannot be read is refused, and the last good one asks on.
    world.folder.write("pull/.dockerconfigjson", "{");
    served.wait_for("a refusal", |served| served.log().contains("new registries are refused"));
    assert_eq!(ask(&served)["allowed"], json!(true));
    world.folder.write(
        "registries.yaml",
        file.replace("  hosts", "  allowed: [ghcr.io]\n  hosts").replace("[pull/.dockerconfigjson]", "[]"),
    );
    served.wait_for("the new list", |served| ask(served).to_string().contains("not on the list of allowed registries"));
}
