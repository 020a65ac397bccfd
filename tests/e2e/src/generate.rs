//! Workloads of every kind, size and mode, the same ones on every run.

use portcullis_support::Dice;
use serde_json::{Map, Value, json};

/// CPU and memory, each with a smaller and a larger spelling; the pairs keep requests below limits.
const CPU: [(&str, &str); 8] = [
    ("100m", "250m"),
    ("0.1", "0.5"),
    ("50m", "16"),
    ("250m", "17"),
    ("1e-1", "1e0"),
    ("100000u", "1500m"),
    ("1", "32.000"),
    ("0.25", "500000000n"),
];
const MEMORY: [(&str, &str); 8] = [
    ("128Mi", "256Mi"),
    ("134217728", "0.5Gi"),
    ("64Mi", "1024Mi"),
    ("128e6", "1G"),
    ("1Gi", "33Gi"),
    ("200M", "268435456000m"),
    ("131072Ki", "32Gi"),
    ("1.5Gi", "1.75Gi"),
];
const IMAGES: [&str; 8] = [
    "nginx",
    "nginx:latest",
    "registry.example/app:1",
    "registry.example/app:1@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "registry.example:5000/team/app@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "localhost/app:v2",
    "index.docker.io/library/nginx:1.27",
    "Registry.Example/app:1",
];
const STORAGE: [&str; 6] = ["10M", "1Gi", "100G", "100Gi", "5000000", "0.5Ti"];

/// The `number`-th object.
pub fn object(number: usize) -> Value {
    let mut dice = Dice::new(number as u64 * 7919 + 42);
    let name = format!("g{number:03}");
    let labels = json!({"app": name});
    match number % 12 {
        0 | 1 => {
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": pod_spec(&mut dice, "Always")})
        }
        2 | 3 => workload(
            "apps/v1",
            "Deployment",
            &name,
            json!({"replicas": dice.below(7), "selector": {"matchLabels": labels}}),
            &mut dice,
        ),
        4 => workload("apps/v1", "ReplicaSet", &name, json!({"selector": {"matchLabels": labels}}), &mut dice),
        5 => {
            let mut spec = json!({"serviceName": name, "selector": {"matchLabels": labels}});
            if dice.once_in(2) {
                spec["volumeClaimTemplates"] = json!([{"metadata": {"name": "data"}, "spec": claim(&mut dice)}]);
            }
            workload("apps/v1", "StatefulSet", &name, spec, &mut dice)
        }
        6 => workload("apps/v1", "DaemonSet", &name, json!({"selector": {"matchLabels": labels}}), &mut dice),
        7 => json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
            "spec": {"template": {"spec": pod_spec(&mut dice, "Never")}}}),
        8 => json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name},
            "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": {"spec": pod_spec(&mut dice, "OnFailure")}}}}}),
        9 => workload("v1", "ReplicationController", &name, json!({"selector": labels}), &mut dice),
        10 => json!({"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": name},
            "template": {"metadata": {"labels": labels}, "spec": pod_spec(&mut dice, "Always")}}),
        _ => {
            json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": claim(&mut dice)})
        }
    }
}

fn workload(version: &str, kind: &str, name: &str, mut spec: Value, dice: &mut Dice) -> Value {
    spec["template"] = json!({"metadata": {"labels": {"app": name}}, "spec": pod_spec(dice, "Always")});
    json!({"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec})
}

fn pod_spec(dice: &mut Dice, restart: &str) -> Value {
    let mut spec = Map::new();
    let count = 1 + dice.below(4);
    spec.insert("containers".to_owned(), (0..count).map(|number| container(dice, &format!("c{number}"))).collect());
    if dice.once_in(3) {
        let mut init = container(dice, "init");
        if dice.once_in(2) {
            init["restartPolicy"] = json!("Always");
        }
        spec.insert("initContainers".to_owned(), json!([init]));
    }
    if restart != "Always" || dice.once_in(4) {
        spec.insert("restartPolicy".to_owned(), json!(restart));
    }
    if dice.once_in(6) {
        // The first is large enough for whatever the containers may ask for; the second is within the range of compliance.
        let limits = dice.one(&[("256", "512Gi"), ("8", "16Gi")]);
        spec.insert("resources".to_owned(), json!({"limits": {"cpu": limits.0, "memory": limits.1}}));
    }
    let volume = match dice.below(8) {
        0 => Some(json!({"name": "v", "emptyDir": {"sizeLimit": "1Gi"}})),
        1 => Some(json!({"name": "v", "ephemeral": {"volumeClaimTemplate": {"spec": claim(dice)}}})),
        2 => Some(json!({"name": "v", "image": {"reference": dice.one(&IMAGES)}})),
        _ => None,
    };
    if let Some(volume) = volume {
        spec.insert("volumes".to_owned(), json!([volume]));
    }
    Value::Object(spec)
}

fn container(dice: &mut Dice, name: &str) -> Value {
    let mut container = json!({"name": name, "image": dice.one(&IMAGES)});
    let (mut requests, mut limits) = (Map::new(), Map::new());
    for (resource, spellings) in [("cpu", &CPU), ("memory", &MEMORY)] {
        let (small, large) = dice.one(spellings);
        match dice.below(5) {
            0 => {}
            1 => drop(requests.insert(resource.to_owned(), json!(small))),
            2 => drop(limits.insert(resource.to_owned(), json!(large))),
            _ => {
                requests.insert(resource.to_owned(), json!(small));
                limits.insert(resource.to_owned(), json!(large));
            }
        }
    }
    if dice.once_in(9) {
        // A number where others write a text; Kubernetes takes both.
        limits.insert("cpu".to_owned(), json!(2));
        requests.remove("cpu");
    }
    let mut resources = Map::new();
    for (name, values) in [("requests", requests), ("limits", limits)] {
        if !values.is_empty() || dice.once_in(8) {
            resources.insert(name.to_owned(), Value::Object(values));
        }
    }
    if !resources.is_empty() {
        container["resources"] = Value::Object(resources);
    }
    container
}

fn claim(dice: &mut Dice) -> Value {
    json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": dice.one(&STORAGE)}}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_the_same_objects_on_every_run() {
        assert_eq!(object(17), object(17));
        assert_ne!(object(17)["spec"], object(29)["spec"]);
        let kinds: std::collections::BTreeSet<String> =
            (0..500).map(|number| object(number)["kind"].to_string()).collect();
        assert_eq!(kinds.len(), 10, "{kinds:?}");
    }
}
