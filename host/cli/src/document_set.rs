//! The policy set that the flags of SBOMs and reports make, where no other policy set judges such documents.

use portcullis_policies::LoadedSet;
use serde_json::{Value, json};

use crate::args::DocumentArguments;
use crate::output::Complaints;
use crate::sets;

/// The name of the policy set.
const NAME: &str = "documents";

/// The policy set that the flags make: whatever is judged must have an SBOM, where `--sbom` gives one, and a report, where
/// `--sarif` does, that keep the rules as they are without settings; of reports each one that is given. A kind of document that one of the other policy sets asks
/// for is judged by that one alone.
pub fn of(arguments: &DocumentArguments, others: &[LoadedSet]) -> Result<Option<LoadedSet>, Complaints> {
    let asked = |kind: &str| {
        let grants = others.iter().flat_map(|set| &set.set.policies).flat_map(|policy| &policy.grants);
        grants.into_iter().any(|grant| grant == kind)
    };
    let mut policies = Vec::new();
    for (kind, files) in [("sbom", &arguments.sbom), ("sast", &arguments.sarif)] {
        if !files.is_empty() && !asked(kind) {
            policies.extend(self::policies(kind));
        }
    }
    if policies.is_empty() {
        return Ok(None);
    }
    let set = json!({
        "apiVersion": "portcullis.dev/v1alpha1",
        "kind": "PolicySet",
        "metadata": {"name": NAME},
        "spec": {"mode": {"namespaceLabel": "portcullis.dev/mode", "default": "compliance"}, "policies": policies},
    });
    sets::of_flags(&set).map(Some)
}

/// The policies of one kind of document: about images, and about files given by `--artifact`.
fn policies(kind: &str) -> [Value; 2] {
    let policy = |name: &str, group: &str, resources: &[&str], settings: Value| {
        let rule = json!({"apiGroups": [group], "apiVersions": ["*"], "operations": ["*"], "resources": resources});
        json!({"name": format!("{kind}-of-{name}"), "plugin": {"builtin": kind}, "match": {"resourceRules": [rule]},
            "grants": [kind], "settings": settings})
    };
    let mut file = json!({"local": "accept"});
    match kind {
        // Whoever names a file and its SBOM in one command says that they belong together, where the SBOM itself is silent.
        "sbom" => file["root"] = json!("silent-ok"),
        // A clean report is no word for another one. (Of several SBOMs each may be about another image.)
        _ => file["attestations"] = json!("all"),
    }
    let mut image = json!({"match": ["**"], "local": "accept"});
    if kind == "sast" {
        image["attestations"] = json!("all");
    }
    [
        policy("images", "*", &["*", "pods/ephemeralcontainers"], json!({"images": [image]})),
        policy("artifacts", "portcullis.dev", &["artifacts"], json!({"files": file})),
    ]
}
