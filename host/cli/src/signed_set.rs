//! The policy set that the flags of a signer make: everything must be signed by that one.

use portcullis_policies::LoadedSet;
use serde_json::{Value, json};

use crate::args::SignerArguments;
use crate::output::Complaints;
use crate::sets;

/// The name of the policy set, and of its trust.
const NAME: &str = "command-line";

/// The policy set that the flags make: every image, and every file given by `--artifact`, must be signed by that signer. Nothing
/// where they name nobody.
pub fn of(arguments: &SignerArguments) -> Result<Option<LoadedSet>, Complaints> {
    let (key, identity) = (&arguments.key, &arguments.certificate_identity);
    let wrong = |message: String| Err(Complaints::one(message, None, None));
    match (key, identity) {
        (None, None) if arguments.trusted_root.is_some() => {
            return wrong(
                "--trusted-root says who vouches; say who must have signed with --key or --certificate-identity".into(),
            );
        }
        (None, None) => return Ok(None),
        (Some(key), _) if !key.is_file() => return wrong(format!("--key: `{}` is no file", key.display())),
        (_, Some(name)) if name.contains('*') => {
            return wrong(
                "--certificate-identity is compared whole; a pattern stands in a policy set (`subjectPattern`)".into(),
            );
        }
        _ => {}
    }
    let root = arguments.trusted_root.as_ref().map_or(json!({"builtin": "sigstore"}), |path| json!({"file": path}));
    let mut trust = json!({"name": NAME, "root": root});
    let mut signer = json!({"trust": NAME});
    match (identity, &arguments.certificate_oidc_issuer) {
        (Some(subject), Some(issuer)) => signer["identities"] = json!([{"issuer": issuer, "subject": subject}]),
        _ => {
            let keys = key.iter().map(|path| json!({"name": path, "file": path}));
            trust["keys"] = keys.collect();
            trust["log"] = json!("optional");
            signer["keys"] = key.iter().map(|path| json!(path)).collect();
        }
    }
    let mut image = signer.clone();
    image["match"] = json!(["**"]);
    let plugin = json!({"builtin": "signature"});
    let rule = |group: &str, resources: &[&str]| json!({"resourceRules": [{"apiGroups": [group], "apiVersions": ["*"], "operations": ["*"], "resources": resources}]});
    let policy = |name: &str, matches: Value, settings: Value| json!({"name": name, "plugin": plugin, "match": matches, "grants": ["signature"], "settings": settings});
    let set = json!({
        "apiVersion": "portcullis.dev/v1alpha1",
        "kind": "PolicySet",
        "metadata": {"name": NAME},
        "spec": {
            "mode": {"namespaceLabel": "portcullis.dev/mode", "default": "compliance"},
            "trust": [trust],
            "policies": [
                // That a tag may move is for the other policy sets to judge: whoever gave these flags asked who signed.
                policy("images", rule("*", &["*", "pods/ephemeralcontainers"]), json!({"images": [image], "requireDigest": false})),
                policy("artifacts", rule("portcullis.dev", &["artifacts"]), json!({"files": signer})),
            ],
        },
    });
    sets::of_flags(&set).map(Some)
}
