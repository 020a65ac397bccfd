//! A gate over plugins of a few lines, a webhook in front of it, and reviews to send.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use portcullis_cluster::Namespaces;
use portcullis_document::{ReadLimits, read_yaml};
use portcullis_gate::{Gate, Installer, Sets};
use portcullis_model::{
    Answers, FactSource, Facts, PluginBytes, PluginReference, PluginSource, PluginSourceError, Query, Resolved, Source,
};
use portcullis_policies::{Waivers, parse_set};
use portcullis_runner::Runner;
use portcullis_webhook::{Answer, Call, Webhook, WebhookConfig};
use serde_json::{Value, json};

use crate::guest::{self, DESCRIBE, GET, Guest};

/// Imports that a plugin needs that looks at how many facts it has.
const COUNT: &str = r#"(import "portcullis:policy/facts@1.0.0" "count" (func $count (result i32)))"#;
const BURN: &str = "(loop $l (br $l)) (unreachable)";

const FRAGILE: &str = "(if (call $get (call $get (call $root (i32.const 0)) (i32.const 0)) (i32.const 1)) (then (unreachable))) (i32.const 16)";

/// Plugins by name: `content` and `loud` judge, `burns` never ends, `traps` breaks, `fragile`
/// breaks at what has `/spec/name`, `asks` and `asks-too` want a fact each.
pub struct Plugins;

impl PluginSource for Plugins {
    fn fetch(&self, plugin: &PluginReference) -> Result<PluginBytes, PluginSourceError> {
        let PluginReference::Builtin { name, .. } = plugin else { unreachable!("only names are used here") };
        let describe = DESCRIBE.replace(r#""name":"test""#, &format!(r#""name":"{name}""#));
        let (finding, data) = guest::finding(
            0,
            "(call $root (i32.const 0))",
            "/spec/containers/0/image",
            "the image\u{1b}[31m\nis wrong",
        );
        let (arguments, length) = if name == "asks-too" { (r#"{\22a\22:1}"#, 7) } else { ("{}", 2) };
        let query = format!(
            r#"(data (i32.const 8192) "signature") (data (i32.const 9000) "{arguments}") (func $ask (i32.store (i32.const 16) (i32.const 1)) (i32.store (i32.const 20) (i32.const 4096))
              (i32.store (i32.const 24) (i32.const 1)) (i32.store (i32.const 4096) (i32.const 8192))
              (i32.store (i32.const 4100) (i32.const 9)) (i32.store (i32.const 4104) (i32.const 9000))
              (i32.store (i32.const 4108) (i32.const {length})))"#
        );
        let of = |evaluate: &str, imports: &str, more: &str| {
            Guest { describe: &describe, evaluate, imports, more, ..Guest::default() }.build()
        };
        let wasm = match name.as_str() {
            "content" => of(guest::NOTHING, "", ""),
            "loud" => of(&finding, GET, &data),
            "burns" => of(BURN, "", ""),
            "traps" => of("(unreachable)", "", ""),
            "fragile" => of(FRAGILE, GET, ""),
            "asks" | "asks-too" => of("(if (i32.eqz (call $count)) (then (call $ask))) (i32.const 16)", COUNT, &query),
            other => unreachable!("there is no plugin {other}"),
        };
        Ok(guest::bytes(&wasm))
    }
}

/// Policy sets from their `spec`s, named `a`, `b` and so on. A burning plugin has so much time that only a deadline ends it.
pub fn sets(specs: &[&str]) -> Sets {
    let mut config = guest::config();
    config.budget.time = Duration::from_secs(600);
    let runner = Runner::new(config).expect("a runner");
    let parse = |(index, spec): (usize, &&str)| {
        let name = char::from(b'a' + u8::try_from(index).expect("few sets"));
        let text = format!(
            "{{apiVersion: portcullis.dev/v1alpha1, kind: PolicySet, metadata: {{name: {name}}}, spec: {spec}}}"
        );
        let document = read_yaml(&Source::new("set.yaml", text), &ReadLimits::default()).expect("YAML").remove(0);
        parse_set(&document).unwrap_or_else(|complaints| panic!("{}", complaints[0]))
    };
    let loaded = specs.iter().enumerate().map(parse).collect();
    Installer::new(&runner, &Plugins, Arc::default())
        .install(loaded, Waivers::default())
        .unwrap_or_else(|errors| panic!("{}", errors[0]))
}

/// A policy that judges every Pod.
pub fn policy(plugin: &str, more: &str) -> String {
    let rules = "[{apiGroups: [''], apiVersions: ['*'], operations: ['*'], resources: ['pods', 'pods/*']}]";
    format!("{{name: {plugin}, plugin: {{builtin: {plugin}}}, match: {{resourceRules: {rules}}}{more}}}")
}

/// One set of policies that judge every Pod, with the usual label for the mode.
pub fn spec(policies: &[String]) -> String {
    format!("{{mode: {{namespaceLabel: mode}}, policies: [{}]}}", policies.join(", "))
}

/// Two namespaces that say their mode, and one that says none.
pub fn namespaces() -> Namespaces {
    let labels = |mode: &str| BTreeMap::from([("mode".to_owned(), mode.to_owned())]);
    Namespaces::fixed(BTreeMap::from([
        ("play".to_owned(), labels("sandbox")),
        ("shop".to_owned(), labels("compliance")),
        ("bare".to_owned(), BTreeMap::new()),
    ]))
}

pub fn config() -> WebhookConfig {
    WebhookConfig { workers: 2, queue: 16, ..WebhookConfig::default() }
}

pub fn webhook_with(specs: &[&str], facts: Arc<dyn FactSource>, config: WebhookConfig) -> Arc<Webhook> {
    let gate = Arc::new(Gate::new(sets(specs), facts));
    Webhook::new(gate, namespaces(), config).expect("a webhook")
}

pub fn webhook(policies: &[String]) -> Arc<Webhook> {
    webhook_with(&[&spec(policies)], Arc::new(Facts::none()), config())
}

/// Facts that never come.
pub struct Silent;

impl FactSource for Silent {
    fn look_up<'a>(&'a self, _: &'a [Query], _: &'a Resolved) -> Answers<'a> {
        Box::pin(std::future::pending())
    }
}

/// A CREATE of a Pod.
pub fn review(namespace: &str) -> Value {
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "operation": "CREATE", "dryRun": false,
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "namespace": namespace, "name": "web", "userInfo": {"username": "jane", "groups": ["staff"]},
            "object": {
                "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": namespace},
                "spec": {"containers": [{"name": "web", "image": "nginx"}]}
            },
            "oldObject": null
        }
    })
}

pub fn call(body: impl Into<Bytes>) -> Call<'static> {
    Call { body: body.into(), timeout: None, policy_set: None, traceparent: None, peer: None, arrived: Instant::now() }
}

/// The answer's `response`, after what holds for every answer.
pub fn response(answer: &Answer) -> Value {
    assert_eq!((answer.status, answer.content_type), (200, "application/json"), "{answer:?}");
    let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!(body["kind"], "AdmissionReview");
    assert_eq!(body["apiVersion"], "admission.k8s.io/v1");
    let response = body["response"].clone();
    assert!(response["patch"].is_null() && response["patchType"].is_null());
    assert_eq!(response["allowed"].as_bool().map(|allowed| !allowed), Some(response["status"].is_object()));
    let warnings = response["warnings"].as_array().cloned().unwrap_or_default();
    let texts: Vec<&str> = warnings.iter().map(|warning| warning.as_str().expect("a text")).collect();
    assert!(texts.iter().all(|text| text.len() < 256 && !text.contains(char::is_control)), "{texts:?}");
    assert!(texts.iter().map(|text| text.len()).sum::<usize>() <= 2_560);
    response
}

/// What the webhook says to a body that is a review.
pub async fn ask(webhook: &Webhook, review: &Value) -> Value {
    let response = response(&webhook.answer(call(review.to_string())).await);
    assert_eq!(response["uid"], review["request"]["uid"]);
    response
}

/// The message of a denial.
pub fn message(response: &Value) -> &str {
    response["status"]["message"].as_str().unwrap_or_else(|| panic!("no denial: {response}"))
}
