//! The file of registries, its authorities, the credentials and the bundles: read again when one of them changed, so that a rotated pull secret works at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use portcullis_evidence::{MAX_BUNDLE_BYTES, TrustStore};
use portcullis_model::sha256_hex;
use tokio::runtime::Handle;

use crate::args::EvidenceArguments;
use crate::evidence::{self, Current};

/// Longest of these files, in bytes.
const MAX_BYTES: u64 = MAX_BUNDLE_BYTES as u64;

/// What registries are asked with, and the files that say so.
pub struct Registries {
    arguments: EvidenceArguments,
    current: Arc<Current>,
    trusts: Arc<TrustStore>,
    runtime: Handle,
    /// One word for all that stood in the files when they were last read, refused or not.
    seen: String,
}

/// What became of a look at the files.
pub enum Look {
    /// As they were.
    Same,
    /// Something new asks from now on.
    New,
    /// Something new that cannot be used: what asked before still does.
    Refused(anyhow::Error),
}

impl Registries {
    /// Reads them for the first time.
    pub fn first(
        arguments: &EvidenceArguments,
        trusts: Arc<TrustStore>,
        runtime: Handle,
    ) -> anyhow::Result<(Self, Arc<Current>)> {
        // Taken before they are read: what changes meanwhile is new at the next look.
        let seen = word(arguments);
        let source =
            evidence::source(evidence::asking(arguments)?, &arguments.bundle, Arc::clone(&trusts), runtime.clone())?;
        let current = Arc::new(Current::new(source));
        let own = Self { arguments: arguments.clone(), current: Arc::clone(&current), trusts, runtime, seen };
        Ok((own, current))
    }

    /// Reads them again where something changed, or somebody wants it.
    pub fn look(&mut self, forced: bool) -> Look {
        let found = word(&self.arguments);
        if found == self.seen && !forced {
            return Look::Same;
        }
        let asking = evidence::asking(&self.arguments);
        // Whoever writes at this moment is waited for until the next look.
        if word(&self.arguments) != found {
            return Look::Same;
        }
        self.seen = found;
        let made = asking.and_then(|asking| {
            evidence::source(asking, &self.arguments.bundle, Arc::clone(&self.trusts), self.runtime.clone())
        });
        match made {
            Ok(source) => {
                self.current.replace(source);
                Look::New
            }
            Err(error) => Look::Refused(error),
        }
    }
}

fn word(arguments: &EvidenceArguments) -> String {
    let one = |path: PathBuf| format!("{} {}", path.display(), content(&path));
    let words: Vec<String> = evidence::files(arguments).into_iter().map(one).collect();
    sha256_hex(words.join("\n").as_bytes())
}

fn content(path: &Path) -> String {
    match portcullis_check::bytes::read(path, MAX_BYTES) {
        Ok(bytes) => sha256_hex(&bytes),
        Err(error) => error.to_string(),
    }
}
