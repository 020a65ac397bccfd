//! Whether what is judged holds values that nobody may read.

use crate::documents::Documents;

/// Whether the object or the old object may be a Secret, however its kind is spelled, or a list of them. Hosts hide values where
/// they are said as they are, but nobody can hide what an expression makes of them.
pub fn may_be_secret(documents: &dyn Documents, group: &str, kind: &str) -> bool {
    let letters: String =
        kind.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase()).collect();
    let root = |number| documents.root(number);
    let has = |key: &str| [root(0), root(1)].into_iter().any(|root| root != 0 && documents.find(root, key) != 0);
    // Of what Kubernetes itself has only ConfigMaps have `data` besides.
    let odd = kind != "ConfigMap" && (group.is_empty() || !kind.is_ascii());
    letters.starts_with("secret") || has("stringData") || (odd && has("data"))
}
