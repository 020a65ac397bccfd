//! The Pod Security Standards: what the API server's own admission says of a Pod, the plugin says of its manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use portcullis_e2e::judge::{check, decisions, findings};
use portcullis_support::pods;
use serde_json::{Value, json};

use crate::Case;
use crate::world::World;

pub const CASES: &[Case] = cases![judges_pods_as_the_api_servers_own_admission_does];

/// How many Pods the API server's admission must have judged at each level.
const WANTED: usize = 500;
/// After so many Pods the API server refuses too much.
const MOST: usize = 2000;
/// The version of the standards: that of the API server, which knows no later one.
const VERSION: &str = "v1.36";
const LEVELS: [&str; 2] = ["baseline", "restricted"];

/// How the API server names the check of each rule.
const REASONS: [(&str, &str); 19] = [
    ("allow-privilege-escalation", "allowPrivilegeEscalation != false"),
    ("app-armor-profile", "forbidden AppArmor profile"),
    ("capabilities-baseline", "non-default capabilities"),
    ("capabilities-restricted", "unrestricted capabilities"),
    ("host-namespaces", "host namespaces"),
    ("host-path-volumes", "hostPath volumes"),
    ("host-ports", "hostPort"),
    ("host-probes-and-host-lifecycle", "probe or lifecycle host"),
    ("privileged", "privileged"),
    ("proc-mount", "procMount"),
    ("proc-mount-restricted", "procMount"),
    ("restricted-volumes", "restricted volume types"),
    ("run-as-non-root", "runAsNonRoot != true"),
    ("run-as-user", "runAsUser=0"),
    ("se-linux-options", "seLinuxOptions"),
    ("seccomp-profile-baseline", "seccompProfile"),
    ("seccomp-profile-restricted", "seccompProfile"),
    ("sysctls", "forbidden sysctl"),
    ("windows-host-process", "hostProcess"),
];

/// What the API server says of one Pod at one level: nothing, where it lets it in.
type Said = Option<String>;

fn judges_pods_as_the_api_servers_own_admission_does(world: &mut World) {
    let folder = world.plane.folder().join("pod-security");
    let (sets, manifests) = (folder.join("sets"), folder.join("manifests"));
    for folder in [&sets, &manifests] {
        std::fs::create_dir_all(folder).expect("a folder");
    }
    for level in LEVELS {
        let labels = json!({
            "portcullis.dev/mode": "sandbox",
            "pod-security.kubernetes.io/enforce": level,
            "pod-security.kubernetes.io/enforce-version": VERSION
        });
        let name = format!("security-{level}");
        world.must_create(
            &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}),
        );
        world.account(&name);
        let policy = json!({
            "name": "pod-security", "plugin": {"builtin": "pod-security"}, "settings": {"level": level, "version": VERSION}
        });
        let set = json!({
            "apiVersion": "portcullis.dev/v1alpha1", "kind": "PolicySet", "metadata": {"name": level},
            "spec": {"policies": [policy]}
        });
        std::fs::write(sets.join(format!("{level}.json")), set.to_string()).expect("a set");
    }
    let (said, files, refused) = asked(world, &manifests);
    let report = check(world.plane.folder(), &sets, &files, &["--mode", "compliance"]);
    let (mut differ, mut denied) = (Vec::new(), BTreeMap::new());
    for decision in decisions(&report) {
        let level = decision["policySet"].as_str().unwrap_or_default().to_owned();
        let file = Path::new(decision["subject"]["source"]["file"].as_str().unwrap_or_default());
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let said = said.get(&(name.clone(), level.clone())).expect("the API server was asked");
        *denied.entry(level.clone()).or_insert(0) += usize::from(said.is_some());
        differ.extend(difference(decision, said).map(|difference| format!("{name} at {level}: {difference}")));
    }
    let judged = decisions(&report).len();
    let seen = format!(
        "{judged} verdicts about {} Pods ({refused} more were refused before), denied {denied:?}, {} differ{}",
        files.len(),
        differ.len(),
        differ.first().map(|first| format!("; first: {first}")).unwrap_or_default()
    );
    // Neither says always the same, or they would agree by chance.
    let telling = denied.len() == 2 && denied.values().all(|&denied| denied > WANTED / 5 && denied < WANTED * 4 / 5);
    let holds = differ.is_empty() && judged == 2 * files.len() && files.len() >= WANTED && telling;
    world.table.row("500 generated Pods at two levels", "what PodSecurity of the API server says", &seen, holds);
}

/// Asks the API server about Pods until its admission judged enough: what it says by name and level, the manifests, and how
/// many it refused before.
fn asked(world: &mut World, folder: &Path) -> (BTreeMap<(String, String), Said>, Vec<PathBuf>, usize) {
    let (mut said, mut files, mut refused) = (BTreeMap::new(), Vec::new(), 0);
    for number in 0..MOST {
        if files.len() == WANTED {
            break;
        }
        let mut pod = pods::pod(number);
        // Nobody creates a Pod with a debugger in it.
        if let Some(spec) = pod["spec"].as_object_mut() {
            spec.remove("ephemeralContainers");
        }
        let answers = LEVELS.map(|level| admission(world, &format!("security-{level}"), &pod));
        let [Some(baseline), Some(restricted)] = answers else {
            refused += 1;
            continue;
        };
        let name = pod["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let file = folder.join(format!("{name}.json"));
        std::fs::write(&file, pod.to_string()).expect("a manifest");
        files.push(file);
        said.insert((name.clone(), LEVELS[0].to_owned()), baseline);
        said.insert((name, LEVELS[1].to_owned()), restricted);
    }
    (said, files, refused)
}

/// What PodSecurity says of a Pod; nothing where it was not asked, because the API server takes no such Pod.
fn admission(world: &mut World, namespace: &str, pod: &Value) -> Option<Said> {
    let answer = world.post(namespace, pod, "?dryRun=All").expect("an answer");
    let message = answer.message();
    match answer.status {
        201 => Some(None),
        403 if message.contains("violates PodSecurity") => Some(Some(message)),
        _ => None,
    }
}

/// How a decision differs from what the API server said, where it does.
fn difference(decision: &Value, said: &Said) -> Option<String> {
    let rules: BTreeSet<String> = findings(decision)
        .into_iter()
        .map(|((_, rule, _), _)| rule.trim_start_matches("pod-security/").to_owned())
        .collect();
    let known =
        |rule: &String, said: &str| REASONS.iter().any(|(known, reason)| known == rule && said.contains(reason));
    match said {
        None if rules.is_empty() && decision["verdict"] == "allow" => None,
        Some(said) if decision["verdict"] == "deny" && rules.iter().all(|rule| known(rule, said)) => None,
        said => Some(format!("{rules:?}, and the API server says {said:?}")),
    }
}
