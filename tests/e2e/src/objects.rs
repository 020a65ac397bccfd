//! The objects that the cases send.

use serde_json::{Value, json};

/// An image pinned by digest.
pub const IMAGE: &str =
    "registry.example/app:1@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// What a container asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limits {
    /// Within the ranges of both modes.
    Good,
    /// No memory limit.
    Missing,
    /// More CPU than compliance allows.
    TooMuch,
}

impl Limits {
    /// The `resources` of a container.
    pub fn resources(self) -> Value {
        match self {
            Self::Good => json!({"limits": {"cpu": "250m", "memory": "256Mi"}}),
            Self::Missing => json!({"limits": {"cpu": "250m"}}),
            Self::TooMuch => json!({"limits": {"cpu": "32", "memory": "256Mi"}}),
        }
    }
}

/// A container named `app`.
pub fn container(limits: Limits) -> Value {
    json!({"name": "app", "image": IMAGE, "resources": limits.resources()})
}

/// A Pod.
pub fn pod(name: &str, limits: Limits) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container(limits)]}})
}

/// A Deployment whose Pods are like [`pod`].
pub fn deployment(name: &str, replicas: u32, limits: Limits) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container(limits)]}}
        }
    })
}

/// A Namespace with a mode, or with none.
pub fn namespace(name: &str, mode: Option<&str>) -> Value {
    let labels = mode.map_or_else(|| json!({}), |mode| json!({"portcullis.dev/mode": mode}));
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

/// A ConfigMap with so many bytes of data.
pub fn config_map(name: &str, bytes: usize) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"text": "x".repeat(bytes)}})
}
