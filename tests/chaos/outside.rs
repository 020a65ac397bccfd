//! Whom the server asks: an API server for the labels of namespaces, and a registry for signatures.

use std::collections::BTreeMap;
use std::time::Duration;

use portcullis_load::{pod, with_namespace};
use portcullis_support::FakeRegistry;
use portcullis_support::instance::p256;
use portcullis_support::made::pem;
use rcgen::PublicKeyData;
use serde_json::{Value, json};

use crate::api_server::ApiServer;
use crate::experiment::Outcome;
use crate::questions::{Expect, NAMESPACES, Questions, SANDBOX};
use crate::world::{Load, World};

/// Longer than any answer may take.
const NEVER: Duration = Duration::from_secs(3_600);
/// Where images must be signed, under compliance.
const SIGNED: &str = "signed";

/// The mode of a namespace is known, then it cannot be known, and compliance holds.
pub fn watch(world: &World) -> Outcome {
    let mut namespaces: BTreeMap<String, Value> = NAMESPACES.map(|name| (name.to_owned(), json!({}))).into();
    namespaces.insert(SANDBOX.into(), json!({"portcullis.dev/mode": "sandbox"}));
    let kubeconfig = world.folder.path().join("kubeconfig");
    let cluster = ApiServer::start(&world.runtime, namespaces, &kubeconfig);
    let server = world.serve_as(&world.binary, &world.default_set(), &["--kubeconfig", &world.path("kubeconfig")]);
    let target = world.target(&server);
    let mut questions = Questions::pods();
    // In the sandbox it is let in, and where nobody knows whether it is one it is denied, and that is said.
    *questions.expect.last_mut().expect("the sandbox") = Expect::Either;
    // A review waits until it is clear that its labels are not to be had, and the connections must do for all that wait.
    let load = Load { rate: world.either(10.0, 40.0), connections: 256, ..world.load(&target, &questions) };
    let seen = load.during(|notes| {
        let before = cluster.reads();
        cluster.cut(true);
        std::thread::sleep(world.either(Duration::from_secs(4), Duration::from_secs(30)));
        cluster.cut(false);
        // What was asked before it was over may still wait for its time.
        std::thread::sleep(Duration::from_secs(3));
        notes.remarks.push(format!("{} live reads", cluster.reads() - before));
        notes.remarks.push("the declared are denials in the sandbox while its labels were unknown".into());
    });
    Outcome::Held(seen)
}

/// Evidence cannot be had: nobody knows whether the images are signed.
pub fn registry(world: &World) -> Outcome {
    let registry = world.runtime.block_on(FakeRegistry::start());
    registry.set_delay(NEVER);
    world.folder.write("sets/release.pub", pem("PUBLIC KEY", &p256().subject_public_key_info()));
    world.folder.write("registry.json", "{}");
    let default = std::fs::read_to_string(world.default_set()).expect("the set");
    let default = default.replacen(
        "  policies:\n",
        "  trust: [{name: release, keys: [{name: release, file: release.pub}]}]\n  policies:\n",
        1,
    );
    let set = world.set(
        "registry-stalled",
        &format!(
            "{default}  - name: signature\n    plugin: {{builtin: signature}}\n    grants: [signature]\n    \
             match: {{matchConditions: [{{name: there, expression: \"request.namespace == '{SIGNED}' || request.namespace == '{SANDBOX}'\"}}]}}\n    \
             settings: {{images: [{{match: ['**'], trust: release}}]}}\n"
        ),
    );
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SIGNED}});
    let labels = world.folder.write("signed.yaml", object.to_string()).display().to_string();
    let (plain, config) = (world.path("labels.yaml"), world.path("registry.json"));
    let more = ["--insecure-registry", &registry.host(), "--registry-config", &config];
    let more = [&["--namespace-labels", &plain, "--namespace-labels", &labels], &more[..]].concat();
    let server = world.serve_as(&world.binary, &set, &more);
    // The API server's time for a webhook is often less than its default.
    let mut target = world.target(&server);
    target.path = "/validate?timeout=3s".into();
    let mut questions = Questions::pods();
    // What the sandbox does with it is asked below.
    questions.expect.pop();
    std::sync::Arc::make_mut(&mut questions.all).pop();
    let questions = questions.and(&unknown(&registry.host(), world.either(1, 3)));
    let load = Load { rate: world.either(20.0, 60.0), connections: 256, ..world.load(&target, &questions) };
    Outcome::Held(load.during(|notes| {
        std::thread::sleep(world.either(Duration::from_secs(4), Duration::from_secs(20)));
        notes.remarks.push(format!("{} requests stalled", registry.log().len().max(registry.connections())));
        if registry.connections() == 0 {
            notes.complaints.push("nobody asked the registry".into());
        }
    }))
}

/// Pods with images of a registry, of which nobody can know who signed them.
fn unknown(host: &str, each: usize) -> Questions {
    let mut questions = Questions::default();
    for number in 0..each {
        let mut review = pod(SIGNED, &format!("unknown{number}"), 1, Some("500m"), 0);
        let digit = char::from_digit(u32::try_from(number).unwrap_or_default(), 10).unwrap_or('0');
        let image = format!("{host}/team/app:1@sha256:{}", digit.to_string().repeat(64));
        review["request"]["object"]["spec"]["containers"][0]["image"] = image.into();
        questions = questions.with(&review, false, Expect::NotJudged).with(
            &with_namespace(&review, SANDBOX),
            true,
            Expect::Warned,
        );
    }
    questions
}
