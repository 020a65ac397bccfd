//! Whose word counts: keys, roots, and what a signature must carry besides.

use std::path::PathBuf;

use crate::place::Place;

/// A named set of keys and roots, as its author meant it (`spec.trust` of a policy set).
#[derive(Clone, Debug, PartialEq)]
pub struct TrustRule {
    /// The name that policies use for it.
    pub name: String,
    /// Who vouches for certificates, logs and times. Without one only keys count, and nothing can vouch for a time.
    pub root: Option<TrustRoot>,
    /// Keys of which any one is enough.
    pub keys: Vec<KeyRule>,
    /// Whether a signature must be in a transparency log of the root.
    pub log: Presence,
    /// Whether a signature must carry a time that an authority of the root signed.
    pub timestamp: Presence,
    /// Where it stands.
    pub place: Option<Place>,
}

/// Who vouches for certificates, logs and times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustRoot {
    /// The public instance of sigstore, as it was known when this program was built.
    SigstorePublic,
    /// A file `trusted_root.json`, relative to the file that names it.
    File(PathBuf),
}

/// One key whose signatures count, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRule {
    /// The name under which findings speak of it.
    pub name: String,
    /// Where the key itself is.
    pub source: KeySource,
    /// The first second in which its signatures count; none means always.
    pub not_before: Option<i64>,
    /// The first second in which they no longer count; none means for ever.
    pub not_after: Option<i64>,
    /// Whether it counts no longer, whatever the time of a signature.
    pub revoked: bool,
}

/// Where a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// A public key as PEM text.
    Inline(String),
    /// A file with a public key as PEM text, relative to the file that names it.
    File(PathBuf),
    /// A directory of such files, as a mounted Secret or ConfigMap is one: each `*.pub` and `*.pem` in it is a key, called like its
    /// file without the ending. The name of the rule is not used.
    Directory(PathBuf),
}

/// What is asked of one part of a signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Presence {
    /// It must be there, and hold.
    #[default]
    Required,
    /// Where it is there, it must hold.
    Optional,
    /// It must not be there.
    Forbidden,
}

impl Presence {
    /// The word in policy sets.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Optional => "optional",
            Self::Forbidden => "forbidden",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_the_words_of_policy_sets_and_asks_for_all_where_nothing_is_said() {
        let words = [Presence::Required, Presence::Optional, Presence::Forbidden].map(Presence::as_str);
        assert_eq!(words, ["required", "optional", "forbidden"]);
        assert_eq!(Presence::default(), Presence::Required);
    }
}
