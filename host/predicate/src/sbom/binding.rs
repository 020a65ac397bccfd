//! Whether a document is about the image or file that it was attested for, by the digests that its own root names.

use std::borrow::Cow;

use super::component::Component;
use super::reading::{Binding, BindingState};
use super::{About, purl};
use crate::{Piece, shown};

/// Algorithms whose digests name images and files, and how many hex digits each has.
const ALGORITHMS: [(&str, usize); 3] = [("sha256", 64), ("sha384", 96), ("sha512", 128)];

/// The digests that a root names, held against the ones that it should be about.
pub(crate) struct Claims<'k> {
    about: &'k About,
    who: &'static str,
    /// Something was named, be it nothing that can be compared.
    named: bool,
    agrees: Option<(String, String)>,
    disagrees: Option<(String, String)>,
}

impl<'k> Claims<'k> {
    pub(crate) fn new(about: &'k About) -> Self {
        Self { about, who: "its root", named: false, agrees: None, disagrees: None }
    }

    /// The same of something that may be the root where none is declared.
    pub(crate) fn of_candidate(about: &'k About) -> Self {
        Self { who: "no root is declared, and what may be it", ..Self::new(about) }
    }

    /// A package URL, wherever in it a digest is named.
    pub(crate) fn purl(&mut self, text: &str, piece: Piece<'_>) {
        let plain = purl::decoded(text.trim());
        self.named(&plain, piece);
        if let Some(version) = purl::parse(text.trim()).and_then(|purl| purl.version()) {
            self.bare(&version, piece);
        }
    }

    /// A version that is a digest.
    pub(crate) fn version(&mut self, text: Option<Cow<'_, str>>, piece: Option<Piece<'_>>) {
        let (Some(text), Some(piece)) = (text, piece) else { return };
        self.named(&text, piece);
        self.bare(&text, piece);
    }

    /// A name that ends in a digest.
    pub(crate) fn text(&mut self, text: Option<Cow<'_, str>>, piece: Option<Piece<'_>>) {
        if let (Some(text), Some(piece)) = (text, piece) {
            self.named(&text, piece);
        }
    }

    /// A checksum by the name of its algorithm.
    pub(crate) fn hash(&mut self, algorithm: &str, value: &str, piece: Piece<'_>) {
        let algorithm: String = algorithm.chars().filter(char::is_ascii_alphanumeric).collect();
        let algorithm = algorithm.to_ascii_lowercase();
        let Some(&(name, digits)) = ALGORITHMS.iter().find(|(name, _)| *name == algorithm) else { return };
        let value = value.trim().to_ascii_lowercase();
        let value = value.strip_prefix(name).and_then(|rest| rest.strip_prefix(':')).unwrap_or(&value);
        self.digest(name, digits, value, piece);
    }

    /// Whether anything named a digest so far.
    pub(crate) fn any(&self) -> bool {
        self.named
    }

    /// Every digest in a text. What looks like one and is none may be one to another reader, and is nobody's here.
    fn named(&mut self, text: &str, piece: Piece<'_>) {
        let lower = text.to_ascii_lowercase();
        for (name, digits) in ALGORITHMS {
            for (at, _) in lower.match_indices(name) {
                let rest = &lower[at + name.len()..];
                let Some(value) = rest.strip_prefix(':').or_else(|| rest.strip_prefix("%3a")) else { continue };
                let end = value.find(|one: char| !one.is_alphanumeric()).unwrap_or(value.len());
                self.digest(name, digits, &value[..end], piece);
            }
        }
    }

    /// The digits of a SHA-256 alone.
    fn bare(&mut self, text: &str, piece: Piece<'_>) {
        let text = text.trim();
        if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            self.digest("sha256", 64, &text.to_ascii_lowercase(), piece);
        }
    }

    fn digest(&mut self, name: &str, digits: usize, value: &str, piece: Piece<'_>) {
        self.named = true;
        let digest = format!("{name}:{value}");
        let is_one = value.len() == digits && value.bytes().all(|byte| byte.is_ascii_hexdigit());
        let known = match name {
            _ if !is_one => false,
            "sha256" => self.about.digests.iter().any(|known| known.eq_ignore_ascii_case(&digest)),
            "sha512" if self.about.sha512.is_some() => {
                self.about.sha512.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(value))
            }
            // Nobody here knows the digest of that kind: it says neither yes nor no.
            _ => return,
        };
        self.claim(known, digest, piece);
    }

    fn claim(&mut self, known: bool, digest: String, piece: Piece<'_>) {
        let place = if known { &mut self.agrees } else { &mut self.disagrees };
        if place.is_none() {
            *place = Some((format!("{} names {}", self.who, shown(&digest)), piece.pointer()));
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

/// Whether a document without a declared root may be about a component: a container image.
pub(crate) fn may_be_root(component: &Component<'_>) -> bool {
    let is_image = |text: &Cow<'_, str>| purl::parse(text).is_some_and(|purl| purl.is_image());
    component.kind.eq_ignore_ascii_case("container") || component.purls.iter().any(is_image)
}

/// What a document without a declared root is about: the candidate that agrees, or else the first that does not.
pub(crate) fn of_any<'k>(candidates: impl Iterator<Item = Claims<'k>>) -> Binding {
    let mut found = Binding { state: BindingState::Silent, what: None, pointer: None };
    for binding in candidates.map(Claims::binding) {
        match (binding.state, found.state) {
            (BindingState::Agrees, _) => return binding,
            (BindingState::Disagrees, BindingState::Silent) => found = binding,
            _ => {}
        }
    }
    found
}
