//! Whether a document is about the image or file that it was attested for, by the digests that its own root names.

use std::borrow::Cow;

use super::reading::{Binding, BindingState};
use super::{About, purl};
use crate::{Piece, shown};

/// The digests that a root names, held against the ones that it should be about.
pub(crate) struct Claims<'k> {
    about: &'k About,
    agrees: Option<(String, String)>,
    disagrees: Option<(String, String)>,
}

impl<'k> Claims<'k> {
    pub(crate) fn new(about: &'k About) -> Self {
        Self { about, agrees: None, disagrees: None }
    }

    /// A package URL: one for an image names its digest.
    pub(crate) fn purl(&mut self, text: &str, piece: Piece<'_>) {
        if let Some(digest) = purl::digest(text) {
            self.digest(&digest, piece);
        }
    }

    /// A version that is a digest, or a name that ends in one.
    pub(crate) fn text(&mut self, text: Option<Cow<'_, str>>, piece: Option<Piece<'_>>) {
        let (Some(text), Some(piece)) = (text, piece) else { return };
        let digest = text.find("sha256:").map(|at| (at, &text[at..]));
        let Some((at, digest)) = digest else { return };
        let alone = at == 0 || text[..at].ends_with('@');
        if alone && digest.len() == 71 && digest[7..].bytes().all(|byte| byte.is_ascii_hexdigit()) {
            self.digest(digest, piece);
        }
    }

    /// A checksum by the name of its algorithm.
    pub(crate) fn hash(&mut self, algorithm: &str, value: &str, piece: Piece<'_>) {
        let algorithm: String = algorithm.chars().filter(char::is_ascii_alphanumeric).collect();
        if algorithm.eq_ignore_ascii_case("sha256") {
            self.digest(&format!("sha256:{value}"), piece);
        } else if algorithm.eq_ignore_ascii_case("sha512")
            && let Some(known) = &self.about.sha512
        {
            self.claim(known.eq_ignore_ascii_case(value), format!("sha512:{value}"), piece);
        }
    }

    fn digest(&mut self, digest: &str, piece: Piece<'_>) {
        let known = self.about.digests.iter().any(|known| known.eq_ignore_ascii_case(digest));
        self.claim(known, digest.to_owned(), piece);
    }

    fn claim(&mut self, known: bool, digest: String, piece: Piece<'_>) {
        let place = if known { &mut self.agrees } else { &mut self.disagrees };
        if place.is_none() {
            *place = Some((format!("its root names {}", shown(&digest)), piece.pointer()));
        }
    }

    pub(crate) fn binding(self) -> Binding {
        let (state, claim) = match (self.disagrees, self.agrees) {
            (Some(claim), _) => (BindingState::Disagrees, Some(claim)),
            (None, Some(claim)) => (BindingState::Agrees, Some(claim)),
            (None, None) => (BindingState::Silent, None),
        };
        let (what, pointer) = claim.unzip();
        Binding { state, what, pointer }
    }
}
