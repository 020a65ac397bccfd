//! What a reader is told besides the document: what it should be about, and which of its components matter.

use super::{license, purl};
use crate::{MAX_PATTERNS, shown};

/// What the document is said to be about.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Every digest that names it: of the image, of its index, of its platforms; `sha256:` and 64 digits.
    pub digests: Vec<String>,
    /// The SHA-512 of its bytes where they are at hand (files), in hex.
    pub sha512: Option<String>,
}

/// What is looked for in the document.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    pub(crate) components: Vec<purl::Pattern>,
    pub(crate) licenses: Vec<license::Pattern>,
    pub(crate) types: Vec<String>,
    pub(crate) endpoints: Option<Vec<String>>,
}

impl Ask {
    /// Components that are denied (`pkg:npm/event-stream@3.3.6`, `pkg:npm/left-pad`, `*` within a segment), licences that are
    /// denied (`AGPL-3.0-only`, `GPL-*`), and the types of components over which coverage is counted (none: all but `file`).
    ///
    /// # Errors
    /// A pattern that cannot be one, or more than [`MAX_PATTERNS`].
    pub fn new(components: &[String], licenses: &[String], types: &[String]) -> Result<Self, String> {
        for (what, list) in [("components", components), ("licenses", licenses), ("types", types)] {
            if list.len() > MAX_PATTERNS {
                return Err(format!("`{what}` has {} entries; at most {MAX_PATTERNS} are looked for", list.len()));
            }
        }
        let components = components.iter().map(|text| purl::Pattern::new(text));
        let licenses = licenses.iter().map(|text| license::Pattern::new(text));
        Ok(Self {
            components: components.collect::<Result<_, _>>()?,
            licenses: licenses.collect::<Result<_, _>>()?,
            types: types.iter().map(|kind| kind.to_ascii_lowercase()).collect(),
            endpoints: None,
        })
    }

    /// Endpoints of services that are allowed (`https://*.example.com/**`); every other one is reported as outside.
    ///
    /// # Errors
    /// More than [`MAX_PATTERNS`].
    pub fn with_endpoints(mut self, endpoints: &[String]) -> Result<Self, String> {
        if endpoints.len() > MAX_PATTERNS {
            return Err(format!("`endpoints` has {} entries; at most {MAX_PATTERNS} are looked for", endpoints.len()));
        }
        self.endpoints = Some(endpoints.to_vec());
        Ok(self)
    }

    /// Whether a component of the type counts for coverage. One whose type nobody wrote could be any.
    pub(crate) fn counts(&self, kind: &str) -> bool {
        if kind == super::component::UNSPECIFIED {
            return true;
        }
        if self.types.is_empty() { kind != "file" } else { self.types.iter().any(|wanted| wanted == kind) }
    }
}

pub(super) fn no_pattern(text: &str, wanted: &str) -> String {
    format!("`{}` is no pattern of {wanted}", shown(text))
}
