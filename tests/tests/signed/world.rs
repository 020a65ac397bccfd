//! A registry with images that somebody signed, and a folder from which the product looks at them.

use std::sync::Arc;

use portcullis_support::{FakeRegistry, Sample, image, referrer};
use portcullis_tests::{Answer, Folder, portcullis};
use rcgen::KeyPair;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use portcullis_support::instance::{p256, spki};
use portcullis_support::made::{By, COSIGN, Content, Log, bundle, pem};

/// The type of a layer with a bundle.
pub const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// Where the images are.
pub const NAME: &str = "team/app";

/// One registry and one folder.
pub struct World {
    pub registry: Arc<FakeRegistry>,
    pub folder: Folder,
    pub key: KeyPair,
    /// The registry ends with it.
    _runtime: Runtime,
}

/// A statement about a digest.
pub fn about(digest: &str, predicate_type: &str, predicate: Value) -> Content {
    let hex = digest.strip_prefix("sha256:").expect("a digest");
    let statement = json!({"_type": "https://in-toto.io/Statement/v1", "predicateType": predicate_type,
        "subject": [{"name": NAME, "digest": {"sha256": hex}}], "predicate": predicate});
    Content::Envelope("application/vnd.in-toto+json".to_owned(), statement.to_string().into_bytes())
}

impl World {
    pub fn new(name: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("threads");
        let registry = Arc::new(runtime.block_on(FakeRegistry::start()));
        let world = Self { registry, folder: Folder::new(name), key: p256(), _runtime: runtime };
        world.folder.write("cosign.pub", public(&world.key));
        world.folder.write("config.json", "{}");
        world
    }

    /// An image that the registry has.
    pub fn push(&self, name: &str, tag: Option<&str>) -> Sample {
        let sample = image(&[b"layer"]);
        self.registry.push_blob(name, b"layer");
        self.registry.push(name, tag, &sample);
        sample
    }

    /// Attaches a signed statement about an image; returns the digest of what was attached.
    pub fn attach(&self, name: &str, subject: &Sample, by: &By<'_>, kind: &str, log: Log) -> String {
        self.attest(name, subject, by, (kind, json!({})), log)
    }

    /// Attaches a statement of a type that says something.
    pub fn attest(&self, name: &str, subject: &Sample, by: &By<'_>, (kind, says): (&str, Value), log: Log) -> String {
        let content = about(&subject.digest(), kind, says);
        let bytes = bundle(by, &content, log, log != Log::None).to_string();
        self.registry.push_blob(name, bytes.as_bytes());
        self.registry.push(name, None, &referrer(&subject.descriptor(), BUNDLE, bytes.as_bytes()))
    }

    /// An image with a signature by the key of this world: its name with its digest.
    pub fn signed(&self, name: &str) -> String {
        let sample = self.push(name, Some("v1"));
        self.attach(name, &sample, &By::Key(&self.key), COSIGN, Log::None);
        format!("{}/{name}@{}", self.registry.host(), sample.digest())
    }

    /// A policy set under which images of these patterns need a signature by the key.
    pub fn set(&self, patterns: &str) -> String {
        format!(
            "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: signed}}\nspec:\n  \
             trust: [{{name: release, keys: [{{name: release-2026, file: cosign.pub}}]}}]\n  policies:\n  \
             - name: signed\n    plugin: {{builtin: signature}}\n    grants: [signature]\n    \
             settings: {{images: [{{match: [{patterns}], trust: release}}]}}\n"
        )
    }

    /// Runs the product in the folder; nobody's credentials are there.
    pub fn run(&self, arguments: &[&str]) -> Answer {
        portcullis(self.folder.path(), arguments)
    }
}

/// The public half of a key as PEM.
pub fn public(key: &KeyPair) -> String {
    pem("PUBLIC KEY", &spki(key))
}
