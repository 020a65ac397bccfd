//! The policy set of the gates' cases: a signature, an SBOM and a report, with stricter words for some repositories.

use portcullis_support::instance::{ISSUER, SUBJECT};
use serde_json::{Value, json};

/// The repository that provenance must name.
pub const REPOSITORY: &str = "https://github.com/org/app";

/// The set, for registries at these addresses.
pub fn policy_set(hosts: &[String]) -> String {
    let at = |rest: &str| hosts.iter().map(|host| format!("{host}/{rest}")).collect::<Vec<_>>();
    let keyless = json!([{"issuer": ISSUER, "subject": SUBJECT}]);
    let entry = |area: &str, more: Value| {
        let stamped = area.starts_with("stamped/");
        let mut entry = json!({"match": at(area), "trust": if stamped { "keyless" } else { "release" }});
        if stamped {
            entry["identities"] = keyless.clone();
        }
        for (name, value) in more.as_object().into_iter().flatten() {
            entry[name] = value.clone();
        }
        entry
    };
    let only = |more: Value| {
        let mut more = more;
        more["keys"] = json!(["release"]);
        more
    };
    let signed = json!([entry("stamped/**", json!({})), entry("**", json!({}))]);
    let sbom = json!([
        entry("*/denied/**", only(json!({"denied": {"components": ["pkg:pypi/greeter@1.2.3"]}}))),
        entry("*/licensed/**", only(json!({"denied": {"licenses": ["MIT"]}}))),
        entry("*/cyclonedx/**", only(json!({"formats": {"CycloneDX": "1.4"}}))),
        entry("*/agrees/**", only(json!({"root": "agrees"}))),
        entry("*/index-only/**", only(json!({"scope": "index"}))),
        entry("stamped/**", json!({})),
        entry("**", only(json!({"maxAge": "90d"}))),
    ]);
    let tools = json!([{"name": "Bandit"}, {"name": "Semgrep OSS"}]);
    let sast = json!([
        entry("*/tools/**", only(json!({"tools": tools}))),
        entry("*/aged/**", only(json!({"maxAge": "30d"}))),
        entry("*/commit/**", only(json!({"commit": "require", "repositories": [REPOSITORY]}))),
        entry("stamped/stale/**", json!({"maxAge": "30m"})),
        entry("stamped/**", json!({"maxAge": "30d"})),
        entry("**", only(json!({}))),
    ]);
    let policy = |plugin: &str, images: &Value| json!({"name": plugin, "plugin": {"builtin": plugin}, "grants": [plugin], "settings": {"images": images}});
    let keys: Vec<Value> =
        ["release", "tester"].iter().map(|key| json!({"name": key, "file": format!("{key}.pub")})).collect();
    let trust =
        json!([{"name": "release", "keys": keys}, {"name": "keyless", "root": {"file": "../trusted_root.json"}}]);
    let policies = [policy("signature", &signed), policy("sbom", &sbom), policy("sast", &sast)];
    let mode = json!({"namespaceLabel": "portcullis.dev/mode", "default": "compliance"});
    json!({
        "apiVersion": "portcullis.dev/v1alpha1", "kind": "PolicySet", "metadata": {"name": "gates"},
        "spec": {"mode": mode, "trust": trust, "policies": policies}
    })
    .to_string()
}
