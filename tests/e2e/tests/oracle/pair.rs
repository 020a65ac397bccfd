//! A policy with what belongs to it, and one request that it may judge.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// What is asked for.
#[derive(Clone, Debug)]
pub enum Asked {
    /// An object is created.
    Create(Value),
    /// An object that is there gets these members instead of its own.
    Update(Value, Value),
    /// An object that is there is deleted.
    Delete(Value),
}

/// One comparison.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Its name, which its policies and objects have in theirs.
    pub name: String,
    /// Policies, bindings and params.
    pub manifests: Vec<Value>,
    /// What is asked for.
    pub asked: Asked,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A policy or binding is refused, which says why.
    Refused(String),
    /// Denied, with every reason that is told.
    Denied(Vec<String>),
    /// Let in, with these warnings (none: without a word).
    Allowed(Vec<String>),
}

impl Verdict {
    /// Whether both say the same: `self` is the API server, which tells one reason of all.
    pub fn agrees(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Refused(_), Self::Refused(_)) => true,
            (Self::Denied(told), Self::Denied(known)) => told.iter().all(|reason| known.contains(reason)),
            (Self::Allowed(left), Self::Allowed(right)) => sorted(left) == sorted(right),
            _ => false,
        }
    }
}

/// Words in order, each once: an API server says no warning twice.
pub fn sorted(words: &[String]) -> Vec<&String> {
    let mut words: Vec<_> = words.iter().collect();
    words.sort();
    words.dedup();
    words
}

/// The namespaces of all pairs.
pub const NAMESPACES: [(&str, &[(&str, &str)]); 2] = [
    ("red", &[("team", "red"), ("environment", "test")]),
    ("blue", &[("team", "blue"), ("environment", "production")]),
];

/// The labels of a namespace, as a cluster has them.
pub fn namespace_labels(name: &str) -> BTreeMap<String, String> {
    let own = NAMESPACES.iter().filter(|(known, _)| *known == name).flat_map(|(_, labels)| labels.iter());
    let own = own.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    own.chain([("kubernetes.io/metadata.name".to_owned(), name.to_owned())]).collect()
}

impl Pair {
    /// A pair whose bindings judge nothing but its own object.
    pub fn new(name: &str, mut manifests: Vec<Value>, asked: Asked) -> Self {
        let bindings = manifests.iter_mut().filter(|one| one["kind"] == "ValidatingAdmissionPolicyBinding");
        for binding in bindings {
            binding["spec"]["matchResources"]["objectSelector"]["matchLabels"]["pair"] = json!(name);
        }
        let mut asked = asked;
        let label = |object: &mut Value| object["metadata"]["labels"]["pair"] = json!(name);
        match &mut asked {
            Asked::Create(object) | Asked::Delete(object) => label(object),
            Asked::Update(object, change) => {
                label(object);
                if change.get("metadata").is_some_and(|metadata| metadata.get("labels").is_some()) {
                    label(change);
                }
            }
        }
        Self { name: name.to_owned(), manifests, asked }
    }

    /// The object that must be there before.
    pub fn before(&self) -> Option<&Value> {
        match &self.asked {
            Asked::Create(_) => None,
            Asked::Update(object, _) | Asked::Delete(object) => Some(object),
        }
    }

    /// Manifests of this kind.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.manifests.iter().filter(move |one| one["kind"] == kind)
    }
}

/// The custom kind of some params and of some objects.
pub fn definition() -> Value {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "replicalimits.rules.example.com"},
        "spec": {
            "group": "rules.example.com", "scope": "Namespaced",
            "names": {"plural": "replicalimits", "singular": "replicalimit", "kind": "ReplicaLimit", "listKind": "ReplicaLimitList"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]
        }
    })
}

/// A policy that judges this, bound with these actions.
pub fn policy(name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name}, "spec": spec
    })
}

/// A binding.
pub fn binding(name: &str, policy: &str, more: Value) -> Value {
    let mut spec = json!({"policyName": policy, "validationActions": ["Deny"]});
    merge(&mut spec, &more);
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name}, "spec": spec
    })
}

/// Rules for CREATE, UPDATE and DELETE of these resources of a group.
pub fn rules(group: &str, resources: &[&str]) -> Value {
    json!([{"apiGroups": [group], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE", "DELETE"], "resources": resources}])
}

/// Puts members into an object, maps into maps.
pub fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

/// The plural of a kind, and its group and version.
pub fn resource_of(object: &Value) -> (String, String, String) {
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let kind = object["kind"].as_str().unwrap_or_default().to_lowercase();
    let plural = match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{kind}s"),
    };
    (group.to_owned(), version.to_owned(), plural)
}

/// Where objects like this one are.
pub fn path_of(object: &Value) -> String {
    let (group, version, plural) = resource_of(object);
    let prefix = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
    match object["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("{prefix}/namespaces/{namespace}/{plural}"),
        None => format!("{prefix}/{plural}"),
    }
}
