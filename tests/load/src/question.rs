//! Reviews of which the verdict is known.

use bytes::Bytes;
use serde_json::{Value, json};

/// A review and what a webhook that is well must say to it.
#[derive(Clone, Debug)]
pub struct Question {
    /// The AdmissionReview.
    pub body: Bytes,
    /// Its uid, which the answer repeats.
    pub uid: String,
    /// Whether it must be allowed.
    pub allowed: bool,
    /// The namespace of the review.
    pub namespace: String,
}

impl Question {
    /// A recorded review with its verdict.
    ///
    /// # Panics
    /// It has no uid.
    pub fn new(review: &Value, allowed: bool) -> Self {
        let request = &review["request"];
        let uid = request["uid"].as_str().expect("a review with a uid").to_owned();
        let namespace = request["namespace"].as_str().unwrap_or_default().to_owned();
        Self { body: review.to_string().into(), uid, allowed, namespace }
    }
}

/// The review of a Pod that is created, of about so many bytes, with limits (`cpu` each container) or, where it names none,
/// without.
pub fn pod(namespace: &str, name: &str, containers: usize, cpu: Option<&str>, bytes: usize) -> Value {
    let container = |n: usize| {
        let mut container = json!({
            "name": format!("c{n}"),
            "image": format!("registry.example/team/app:1@sha256:{}", "5".repeat(64)),
            "env": [{"name": "LOG_LEVEL", "value": "info"}],
        });
        if let Some(cpu) = cpu {
            let amounts = json!({"cpu": cpu, "memory": "256Mi"});
            container["resources"] = json!({"requests": amounts, "limits": amounts});
        }
        container
    };
    let mut review = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": format!("705ab4f5-{namespace}-{name}"),
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "name": name, "namespace": namespace, "operation": "CREATE",
            "userInfo": {"username": "alice", "groups": ["system:authenticated"]},
            "object": {
                "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace},
                "spec": {"containers": (0..containers).map(container).collect::<Vec<_>>()},
            },
            "oldObject": null, "dryRun": false, "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        },
    });
    let missing = bytes.saturating_sub(review.to_string().len());
    if missing > 0 {
        // Many small texts, as real objects have them, and not one large one.
        let env: Vec<Value> = (0..missing / 64)
            .map(|n| json!({"name": format!("VARIABLE_{n:06}"), "value": format!("value number {n:06} of many")}))
            .collect();
        review["request"]["object"]["spec"]["containers"][0]["env"] = Value::Array(env);
    }
    review
}

/// The same review in another namespace.
pub fn with_namespace(review: &Value, namespace: &str) -> Value {
    let mut review = review.clone();
    let request = &mut review["request"];
    request["namespace"] = namespace.into();
    for object in ["object", "oldObject"] {
        if request[object]["metadata"]["namespace"].is_string() {
            request[object]["metadata"]["namespace"] = namespace.into();
        }
    }
    review
}
