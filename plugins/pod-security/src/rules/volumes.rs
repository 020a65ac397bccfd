//! Volumes hold what the cluster gives a Pod, not what lies on its node or on servers that nobody watches.

use portcullis_sdk::{Finding, Kind, Node, Rule, Severity};

use super::{listed, rule};
use crate::pod::{self, Findings, Pod};

/// A path of the node.
pub const HOST_PATH: Rule = rule("host-path-volumes", Severity::High, "A volume is a path of the node");
/// Any other source than these.
pub const RESTRICTED: Rule =
    rule("restricted-volumes", Severity::Medium, "A volume has a source that Pods should not name themselves");

const ALLOWED: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// Judges the paths of the node.
pub fn judge_baseline(pod: &Pod, findings: &mut Findings) {
    for volume in findings.maps(&pod.whole, pod.whole.node, pod::VOLUMES) {
        let source = volume.get(pod::HOST_PATH);
        if !source.is_none() && !source.is_absent() {
            let path = source.get(pod::PATH).text();
            let message = format!(
                "{} is the path `{path}` of the node; use a `persistentVolumeClaim`, an `emptyDir` or a `configMap`",
                shown(volume)
            );
            findings.add(Finding::new(&HOST_PATH, source, message));
        }
    }
}

/// Judges every source.
///
/// A volume without any is an `emptyDir` to the API server. One with two is refused by it, and each is judged here: an
/// allowed one hides no other.
pub fn judge_restricted(pod: &Pod, findings: &mut Findings) {
    for volume in findings.maps(&pod.whole, pod.whole.node, pod::VOLUMES) {
        for position in 0..volume.len() {
            let key = volume.key_at(position);
            let source = volume.at(position);
            if key == pod::name(pod::NAME) || source.is_absent() {
                continue;
            }
            if !ALLOWED.contains(&key.as_str()) {
                let message = format!("{} is of the type `{key}`; use {}", shown(volume), listed(&ALLOWED));
                findings.add(Finding::new(&RESTRICTED, source, message));
            } else if source.kind() != Kind::Map {
                findings.not_a_map(source, &format!("`{key}`"), &pod.whole);
            }
        }
    }
}

fn shown(volume: Node) -> String {
    format!("the volume `{}`", volume.get(pod::NAME).text())
}
