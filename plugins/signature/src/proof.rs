//! What the host found out about the signatures of one image: the document of a fact.

use portcullis_sdk::{Kind, Node};

portcullis_sdk::keys! {
    FILE = "file",
    DIGEST = "digest",
    SIGNATURES = "signatures",
    SIGNER = "signer",
    KEY = "key",
    ISSUER = "issuer",
    SUBJECTS = "subjects",
    CLAIMS = "claims",
    FORMAT = "format",
    PREDICATE_TYPE = "predicateType",
    REFUSED = "refused",
    FOUND = "found",
    REASON = "reason",
}

/// What cosign says that it signs when it signs an image.
pub const COSIGN: &str = "https://sigstore.dev/cosign/sign/v1";
/// The form of cosign's signatures before bundles, which speak of images and of nothing else.
const SIMPLE_SIGNING: &str = "simpleSigning";

/// One signature that holds.
#[derive(Clone, Debug)]
pub struct Proof {
    /// Who made it.
    pub signer: Signer,
    /// What it says about the image; empty where it says nothing.
    pub predicate_type: String,
}

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

/// The signatures that hold.
pub fn proofs(root: Node) -> Vec<Proof> {
    root.get(SIGNATURES).items().map(proof).collect()
}

fn proof(node: Node) -> Proof {
    let predicate_type = node.get(PREDICATE_TYPE).text();
    let simple = predicate_type.is_empty() && node.get(FORMAT).text() == SIMPLE_SIGNING;
    Proof { signer: signer(node), predicate_type: if simple { COSIGN.to_owned() } else { predicate_type } }
}

fn signer(node: Node) -> Signer {
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

/// Where each signature was found that does not hold, and why it does not.
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
