//! Who signed something, as the host tells it in a fact.

use portcullis_sdk::{Kind, Node};

crate::keys! {}

/// Who made a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// A key of the trust, by its name.
    Key(String),
    /// Whoever a certificate names.
    Certificate(Certificate),
    /// Nobody that this plugin could know: never one that counts.
    Unknown(String),
}

/// Whom a certificate names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Who vouched for them; empty where nobody did.
    pub issuer: String,
    /// All names, sorted, each once.
    pub subjects: Vec<String>,
    claims: Node,
}

impl Certificate {
    /// What the certificate says under the name of a claim; empty where it says nothing.
    pub fn claim(&self, name: &str) -> String {
        self.claims.find(name).text()
    }
}

/// Who signed what stands at a node.
pub fn signer(node: Node) -> Signer {
    let key = node.get(KEY).text();
    match node.get(SIGNER).text().as_str() {
        "key" if !key.is_empty() => Signer::Key(key),
        "certificate" => Signer::Certificate(certificate(node)),
        other => Signer::Unknown(other.to_owned()),
    }
}

fn certificate(node: Node) -> Certificate {
    let names = node.get(SUBJECTS);
    // A name that is no text must not vanish: what it is makes the certificate one that does not count.
    let name = |name: Node| if name.kind() == Kind::String { name.text() } else { String::new() };
    let mut subjects: Vec<String> = names.items().map(name).collect();
    subjects.sort();
    subjects.dedup();
    Certificate { issuer: node.get(ISSUER).text(), subjects, claims: node.get(CLAIMS) }
}

/// Where each thing was found that does not hold, and why it does not.
pub fn refused(root: Node) -> Vec<(String, String)> {
    root.get(REFUSED).items().map(|node| (node.get(FOUND).text(), node.get(REASON).text())).collect()
}

/// The path of the file that was looked at.
pub fn file(root: Node) -> String {
    root.get(FILE).text()
}

/// The digest that was looked up.
pub fn digest(root: Node) -> String {
    root.get(DIGEST).text()
}
