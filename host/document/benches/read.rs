//! How long reading takes, beside `serde_json::Value` in the same run.

use std::hint::black_box;
use std::time::{Duration, Instant};

use portcullis_document::{ReadLimits, read_json, read_json_text, read_yaml};
use portcullis_model::Source;

/// Each measurement is the best of this many turns.
const TURNS: usize = 15;

fn main() {
    let limits = ReadLimits::default();
    let json = pod_json(10);
    let pretty = serde_json::from_str::<serde_json::Value>(&json)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .expect("the Pod is JSON");
    let yaml = pod_yaml(3);
    let (json, pretty, yaml) =
        (Source::new("pod.json", json), Source::new("pod.json", pretty), Source::new("pod.yaml", yaml));
    let value = best(|| serde_json::from_str::<serde_json::Value>(json.text()).is_ok());
    let row = |name: &str, bytes: usize, took: Duration| {
        let ratio = took.as_secs_f64() / value.as_secs_f64();
        println!(
            "{name:<40} {bytes:>7} bytes {:>9.1} us {ratio:>6.2} x serde_json::Value of the 10 KB Pod",
            took.as_secs_f64() * 1e6
        );
    };
    row("serde_json::Value", json.text().len(), value);
    row("read_json", json.text().len(), best(|| read_json(&json, &limits).is_ok()));
    row("read_json_text (no places)", json.text().len(), best(|| read_json_text(json.text(), &limits).is_ok()));
    row("read_json, indented", pretty.text().len(), best(|| read_json(&pretty, &limits).is_ok()));
    row("read_yaml of the same JSON", json.text().len(), best(|| read_yaml(&json, &limits).is_ok()));
    row("read_yaml, a small manifest", yaml.text().len(), best(|| read_yaml(&yaml, &limits).is_ok()));
    let stream = Source::new("stream.yaml", [yaml.text(); 100].join("---\n"));
    row("read_yaml, 100 of them in a stream", stream.text().len(), best(|| read_yaml(&stream, &limits).is_ok()));
}

fn best(mut read: impl FnMut() -> bool) -> Duration {
    let turn = |_| {
        let rounds = 200;
        let start = Instant::now();
        for _ in 0..rounds {
            assert!(black_box(read()), "what is measured must be readable");
        }
        start.elapsed() / rounds
    };
    (0..TURNS).map(turn).min().unwrap_or_default()
}

/// A Pod of about a KB for every container.
fn pod_json(containers: usize) -> String {
    let container = |n: usize| {
        let env: Vec<String> =
            (0..8).map(|e| format!(r#"{{"name":"SETTING_{e}","value":"value number {e} of {n}"}}"#)).collect();
        format!(
            concat!(
                r#"{{"name":"app-{n}","image":"registry.example/team/app-{n}@sha256:{digest}","env":[{env}],"#,
                r#""resources":{{"limits":{{"cpu":"500m","memory":"256Mi"}},"requests":{{"cpu":"100m","memory":"128Mi"}}}},"#,
                r#""ports":[{{"containerPort":8080,"protocol":"TCP"}}],"securityContext":{{"runAsNonRoot":true,"readOnlyRootFilesystem":true,"#,
                r#""allowPrivilegeEscalation":false,"capabilities":{{"drop":["ALL"]}}}},"imagePullPolicy":"IfNotPresent"}}"#
            ),
            n = n,
            digest = "0123456789abcdef".repeat(4),
            env = env.join(",")
        )
    };
    let containers: Vec<String> = (0..containers).map(container).collect();
    format!(
        r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"web","namespace":"shop","labels":{{"app":"web"}}}},"spec":{{"containers":[{}]}}}}"#,
        containers.join(",")
    )
}

fn pod_yaml(containers: usize) -> String {
    let container = |n: usize| {
        format!(
            "  - name: app-{n}\n    image: registry.example/team/app-{n}:1.2.3\n    resources:\n      limits:\n        cpu: 500m\n        memory: 256Mi\n      requests:\n        cpu: 100m\n        memory: 128Mi\n"
        )
    };
    let containers: String = (0..containers).map(container).collect();
    format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  namespace: shop\nspec:\n  containers:\n{containers}")
}
