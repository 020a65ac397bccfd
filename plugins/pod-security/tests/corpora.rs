//! The manifests that Kubernetes tests its own Pod Security admission with: the same verdict, by the same check.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pod_security::PodSecurity;
use portcullis_sdk::testing::Scene;

/// Checks of `restricted` that stand instead of those of `baseline`, and the minor version since which they do.
const INSTEAD: [(&str, &str, u32); 4] = [
    ("capabilities-baseline", "capabilities-restricted", 22),
    ("host-path-volumes", "restricted-volumes", 0),
    ("proc-mount", "proc-mount-restricted", 35),
    ("seccomp-profile-baseline", "seccomp-profile-restricted", 19),
];

/// Manifests that break a second check besides, because no API server would take them otherwise: what a file's name begins
/// with, the level, and that check with the minor version since which it applies.
const BESIDES: [(&str, &str, &str, u32); 4] = [
    ("windowshostprocess", "baseline", "host-namespaces", 0),
    ("windowshostprocess", "restricted", "host-namespaces", 0),
    ("privileged", "restricted", "allow-privilege-escalation", 8),
    ("allowprivilegeescalation3", "restricted", "capabilities-restricted", 22),
];

/// The folder of the corpora (`PORTCULLIS_CORPORA`, default `../shared/corpora`); says loudly when it is absent.
fn folder() -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let corpora = std::env::var_os("PORTCULLIS_CORPORA").map_or_else(default, PathBuf::from);
    if !corpora.is_dir() {
        println!("SKIPPED: no corpora at {}", corpora.display());
        return None;
    }
    Some(corpora.join("pod-security"))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the corpora have this folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// What a file of the corpora must be found to break: its name is that of a check and a number.
fn expected(file: &str, level: &str, minor: u32) -> BTreeSet<&'static str> {
    let check: String = file.trim_end_matches(".yaml").trim_end_matches(|c: char| c.is_ascii_digit()).replace('_', "");
    let rules = pod_security::rules::ALL.iter().map(|rule| rule.id);
    let mut rules: BTreeSet<&str> = rules.filter(|rule| rule.replace('-', "") == check).collect();
    for (baseline, restricted, since) in INSTEAD {
        if level == "restricted" && minor >= since && rules.remove(baseline) {
            rules.insert(restricted);
        }
    }
    let besides =
        BESIDES.iter().filter(|(begin, of, _, since)| file.starts_with(begin) && *of == level && minor >= *since);
    rules.extend(besides.map(|(_, _, rule, _)| *rule));
    rules
}

#[test]
fn judges_every_manifest_as_kubernetes_does() {
    let Some(folder) = folder() else { return };
    let (mut failures, mut judged) = (Vec::new(), 0);
    for level in ["baseline", "restricted"] {
        for version in names(&folder.join(level)) {
            let minor: u32 = version.trim_start_matches("v1.").parse().expect("a folder is named after a version");
            let settings = format!(r#"{{"level": "{level}", "version": "{version}"}}"#);
            for outcome in ["pass", "fail"] {
                let files = folder.join(level).join(&version).join(outcome);
                for file in names(&files) {
                    let text = std::fs::read_to_string(files.join(&file)).expect("a manifest");
                    let found = Scene::object(&file, &text).judge::<PodSecurity>(&settings);
                    let found: BTreeSet<&str> = found.iter().map(|finding| finding.rule.as_str()).collect();
                    let wanted = if outcome == "fail" { expected(&file, level, minor) } else { BTreeSet::new() };
                    judged += 1;
                    if found != wanted {
                        failures.push(format!("{level} {version} {outcome} {file}: {found:?}, not {wanted:?}"));
                    }
                }
            }
        }
    }
    assert!(judged > 200, "only {judged} manifests in {}", folder.display());
    assert!(failures.is_empty(), "{} of {judged}:\n{}", failures.len(), failures.join("\n"));
    println!("{judged} manifests");
}
