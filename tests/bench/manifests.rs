//! Manifests as repositories have them, any number, the same on every machine.
//!
//! Of twenty files eight hold a Deployment (half of them with its Service in one stream), four a Service, four a
//! ConfigMap, three a Pod, and one a CronJob. A Pod has one to three containers; in one workload of ten one container has no
//! memory limit, or one above the bound of the rule.

use std::fmt::Write as _;
use std::path::Path;

/// The largest memory limit that the rule of the race takes.
pub const MAX_MEMORY: &str = "1Gi";

/// Files of one folder; the next are in another, as in a repository.
const FILES_OF_A_FOLDER: usize = 100;

/// What kinds of files to write.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mix {
    /// What a repository has: 0.3 to 4 KB.
    Repository,
    /// Small Pods only: 0.3 KB.
    Small,
}

/// Writes so many files below a folder; returns the bytes of all.
pub fn write(folder: &Path, count: usize, mix: Mix) -> std::io::Result<u64> {
    let mut bytes = 0;
    for number in 0..count {
        let folder = folder.join(format!("team-{:04}", number / FILES_OF_A_FOLDER));
        if number % FILES_OF_A_FOLDER == 0 {
            std::fs::create_dir_all(&folder)?;
        }
        let (name, text) = match mix {
            Mix::Repository => file(number),
            Mix::Small => ("pod", small(number)),
        };
        bytes += text.len() as u64;
        std::fs::write(folder.join(format!("{number:06}-{name}.yaml")), text)?;
    }
    Ok(bytes)
}

/// Whether the rule of the race denies this file: it has a workload, and that is one of the bad ones.
pub fn denied(number: usize, mix: Mix) -> bool {
    let workload = mix == Mix::Small || matches!(number % 20, 0..8 | 16..20);
    workload && fault(number).is_some()
}

fn file(number: usize) -> (&'static str, String) {
    match number % 20 {
        kind @ 0..8 => {
            let mut text = deployment(number);
            if kind % 2 == 0 {
                text.push_str("---\n");
                text.push_str(&service(number));
            }
            ("deployment", text)
        }
        8..12 => ("service", service(number)),
        12..16 => ("config", config(number)),
        16..19 => ("pod", pod(number)),
        _ => ("cronjob", cronjob(number)),
    }
}

/// What is wrong with a workload: one of ten has no limit somewhere, or too high a one.
fn fault(number: usize) -> Option<Option<&'static str>> {
    // By a number without a factor in common with that of kinds, so that each kind has faults.
    match number.wrapping_mul(7) / 20 % 20 {
        3 => Some(None),
        11 => Some(Some("2Gi")),
        _ => None,
    }
}

fn metadata(number: usize, indent: &str) -> String {
    format!(
        "{indent}name: app-{number}\n{indent}namespace: team-{}\n{indent}labels:\n{indent}  app.kubernetes.io/name: app-{number}\n{indent}  app.kubernetes.io/part-of: shop\n{indent}  app.kubernetes.io/version: \"1.{}.0\"\n",
        number % 50,
        number % 9
    )
}

fn containers(number: usize, indent: &str) -> String {
    let count = 1 + number % 3;
    let mut text = format!("{indent}containers:\n");
    for n in 0..count {
        let limit = match fault(number) {
            Some(limit) if n + 1 == count => limit,
            _ => Some(["128Mi", "256Mi", "512Mi", MAX_MEMORY][(number + n) % 4]),
        };
        let _ = write!(
            text,
            "{indent}- name: app-{n}\n{indent}  image: registry.example.com/team-{}/app-{n}:1.{}.{n}\n{indent}  imagePullPolicy: IfNotPresent\n{indent}  args: [\"--listen=:{}\", \"--log-level=info\"]\n{indent}  ports:\n{indent}  - name: http\n{indent}    containerPort: {}\n{indent}  env:\n",
            number % 50,
            number % 9,
            8080 + n,
            8080 + n
        );
        for e in 0..2 + (number + n) % 5 {
            let _ = write!(text, "{indent}  - name: SETTING_{e}\n{indent}    value: \"value {e} of {number}\"\n");
        }
        let _ = write!(
            text,
            "{indent}  - name: PASSWORD\n{indent}    valueFrom:\n{indent}      secretKeyRef:\n{indent}        name: app-{number}\n{indent}        key: password\n{indent}  resources:\n{indent}    requests:\n{indent}      cpu: 100m\n{indent}      memory: 64Mi\n{indent}    limits:\n{indent}      cpu: \"1\"\n"
        );
        if let Some(limit) = limit {
            let _ = writeln!(text, "{indent}      memory: {limit}");
        }
        let _ = write!(
            text,
            "{indent}  readinessProbe:\n{indent}    httpGet:\n{indent}      path: /healthz\n{indent}      port: http\n{indent}    initialDelaySeconds: 5\n{indent}    periodSeconds: 10\n{indent}  securityContext:\n{indent}    runAsNonRoot: true\n{indent}    allowPrivilegeEscalation: false\n{indent}    readOnlyRootFilesystem: true\n{indent}    capabilities:\n{indent}      drop:\n{indent}      - ALL\n{indent}  volumeMounts:\n{indent}  - name: config\n{indent}    mountPath: /etc/app\n{indent}    readOnly: true\n"
        );
    }
    let _ = write!(
        text,
        "{indent}volumes:\n{indent}- name: config\n{indent}  configMap:\n{indent}    name: app-{number}\n"
    );
    text
}

fn deployment(number: usize) -> String {
    format!(
        "# Rendered for team-{}; see the chart's README before editing.\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n{}  annotations:\n    example.com/description: 'What app-{number} does, and who is called when it doesn''t'\nspec:\n  replicas: {}\n  revisionHistoryLimit: 3\n  selector:\n    matchLabels:\n      app.kubernetes.io/name: app-{number}\n  strategy:\n    type: RollingUpdate\n    rollingUpdate:\n      maxSurge: 25%\n      maxUnavailable: 0\n  template:\n    metadata:\n      labels:\n        app.kubernetes.io/name: app-{number}\n    spec:\n      serviceAccountName: app\n      terminationGracePeriodSeconds: 30\n{}",
        number % 50,
        metadata(number, "  "),
        1 + number % 4,
        containers(number, "      ")
    )
}

fn service(number: usize) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata:\n{}spec:\n  type: ClusterIP\n  selector:\n    app.kubernetes.io/name: app-{number}\n  ports:\n  - name: http\n    port: 80\n    targetPort: http\n    protocol: TCP\n",
        metadata(number, "  ")
    )
}

fn config(number: usize) -> String {
    let mut text = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n{}data:\n  LOG_LEVEL: info\n  application.yaml: |\n    server:\n      port: 8080\n",
        metadata(number, "  ")
    );
    for n in 0..10 + number % 20 {
        let _ = writeln!(text, "    feature-{n}: \"{}\"  # of app-{number}", if n % 2 == 0 { "on" } else { "off" });
    }
    text.push_str("  nginx.conf: |-\n");
    for n in 0..8 {
        let _ = write!(text, "    location /{n} {{\n      proxy_pass http://app-{number}:8080/{n};\n    }}\n\n");
    }
    text
}

fn pod(number: usize) -> String {
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata:\n{}spec:\n  restartPolicy: Always\n{}",
        metadata(number, "  "),
        containers(number, "  ")
    )
}

fn cronjob(number: usize) -> String {
    format!(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n{}spec:\n  schedule: \"*/5 * * * *\"\n  concurrencyPolicy: Forbid\n  jobTemplate:\n    spec:\n      backoffLimit: 2\n      template:\n        spec:\n          restartPolicy: OnFailure\n{}",
        metadata(number, "  "),
        containers(number, "          ")
    )
}

fn small(number: usize) -> String {
    let limit = match fault(number) {
        Some(limit) => limit,
        None => Some("256Mi"),
    };
    let limits = limit.map(|limit| format!("      limits:\n        memory: {limit}\n")).unwrap_or_default();
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: small-{number}\n  namespace: team-{}\nspec:\n  containers:\n  - name: app\n    image: registry.example.com/app:1.2.3\n    resources:\n      requests:\n        memory: 64Mi\n{limits}",
        number % 50
    )
}
