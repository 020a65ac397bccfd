//! What changes under the server: its policy set, the builds of a plugin, and the labels of namespaces.

use std::path::{Path, PathBuf};

use portcullis_load::{PolicySet, policy_set};

/// One of so many versions of the policy set is broken.
const BROKEN: usize = 5;
/// Builds of the plugin, by turns: each is compiled once, and then is in the cache.
const BUILDS: usize = 4;

/// The namespace whose mode changes.
pub const PLAY: &str = "play";

/// The files that a server watches.
pub struct Files {
    folder: PathBuf,
    namespaces: String,
    versions: usize,
}

impl Files {
    /// Those of the first version; `component` is a plugin from a file, which finds nothing.
    pub fn new(folder: &Path, namespaces: String, component: &[u8]) -> Self {
        for build in 0..BUILDS {
            std::fs::write(folder.join(format!("build-{build}.wasm")), built(component, build)).expect("a plugin");
        }
        let mut files = Self { folder: folder.to_owned(), namespaces, versions: 0 };
        files.next();
        files
    }

    /// The next version of each; whether the policy set is a good one.
    pub fn next(&mut self) -> bool {
        let version = self.versions;
        self.versions += 1;
        let good = version % BROKEN != BROKEN - 1;
        let set = if good { good_set(version) } else { broken_set(version / BROKEN) };
        self.replace("set.yaml", &set);
        let mode = if version.is_multiple_of(2) { "sandbox" } else { "compliance" };
        let play = format!(
            "---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {PLAY}, labels: {{portcullis.dev/mode: {mode}, version: \"{version}\"}}}}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: team-{version}}}\n"
        );
        self.replace("namespaces.yaml", &format!("{}{play}", self.namespaces));
        good
    }

    /// As whoever writes a file that somebody reads should do it.
    fn replace(&self, name: &str, text: &str) {
        let beside = self.folder.join(format!(".{name}.new"));
        std::fs::write(&beside, text).expect("a file");
        std::fs::rename(beside, self.folder.join(name)).expect("in its place");
    }
}

/// Every version allows and denies the same.
fn good_set(version: usize) -> String {
    let own = format!("  - {{name: own, plugin: {{file: build-{}.wasm}}}}\n", version % BUILDS);
    let cel = format!(
        "  - {{name: names, plugin: {{builtin: cel}}, settings: {{validations: [{{expression: \"object.metadata.name != 'version-{version}'\"}}]}}}}\n"
    );
    policy_set(PolicySet::Four).replace("latest, test0", &format!("latest, test{version}")) + &own + &cel
}

/// No YAML, an unknown key, a plugin that is not there, settings that are none: by turns.
fn broken_set(kind: usize) -> String {
    let good = policy_set(PolicySet::Four);
    match kind % 4 {
        0 => good.replace("spec:", "spec: ["),
        1 => good.replace("spec:\n", "spec:\n  polices: []\n"),
        2 => format!("{good}  - {{name: own, plugin: {{file: nowhere.wasm}}}}\n"),
        _ => good.replace("requireDigest: true", "requireDigest: perhaps"),
    }
}

/// The component with a custom section of its own, so that its digest is another one.
fn built(component: &[u8], build: usize) -> Vec<u8> {
    let name = format!("build-{build}");
    let mut bytes = component.to_vec();
    // Section 0, its size, the size of its name, its name; both sizes take one byte.
    bytes.extend([0, name.len() as u8 + 1, name.len() as u8]);
    bytes.extend(name.as_bytes());
    bytes
}
