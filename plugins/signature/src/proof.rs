//! What the host found out about the signatures of one image: the document of a fact.

use portcullis_proof::signer::signer;
pub use portcullis_proof::signer::{Signer, digest, file, refused};
use portcullis_sdk::Node;

portcullis_proof::keys! {
    SIGNATURES = "signatures",
    FORMAT = "format",
    PREDICATE_TYPE = "predicateType",
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

/// The signatures that hold.
pub fn proofs(root: Node) -> Vec<Proof> {
    root.get(SIGNATURES).items().map(proof).collect()
}

fn proof(node: Node) -> Proof {
    let predicate_type = node.get(PREDICATE_TYPE).text();
    let simple = predicate_type.is_empty() && node.get(FORMAT).text() == SIMPLE_SIGNING;
    Proof { signer: signer(node), predicate_type: if simple { COSIGN.to_owned() } else { predicate_type } }
}
