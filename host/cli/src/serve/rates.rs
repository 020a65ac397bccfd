//! The file of rate limits: read again when it changed, and put in force where it is good.

use std::path::{Path, PathBuf};

use portcullis_model::sha256_hex;
use portcullis_policies::RateLimits;

use crate::output::Complaints;
use crate::sets;

/// The file, and what stood in it when it was last read, refused or not.
pub struct Rates {
    path: PathBuf,
    seen: String,
}

impl Rates {
    /// Reads it for the first time.
    pub fn first(path: &Path) -> anyhow::Result<(Self, RateLimits)> {
        // Taken before it is read: what changes meanwhile is new at the next look.
        let seen = word(path);
        Ok((Self { path: path.to_owned(), seen }, read(path)?))
    }

    /// Reads it again where it changed, or somebody wants it; nothing where it is as it was, and while somebody writes.
    pub fn look(&mut self, forced: bool) -> Option<anyhow::Result<RateLimits>> {
        let found = word(&self.path);
        if found == self.seen && !forced {
            return None;
        }
        let limits = read(&self.path);
        if word(&self.path) != found {
            return None;
        }
        self.seen = found;
        Some(limits.map_err(Into::into))
    }
}

/// The one document of the file.
pub fn read(path: &Path) -> Result<RateLimits, Complaints> {
    if path.is_dir() {
        let message = format!("`{}` is a directory; name the file in it", path.display());
        return Err(Complaints::one(message, None, None));
    }
    let documents = sets::documents_below(&[path.to_path_buf()])?;
    let [document] = &documents[..] else {
        let message = format!("`{}` holds {} documents, and must hold one RateLimits", path.display(), documents.len());
        return Err(Complaints::one(message, None, None));
    };
    RateLimits::parse(document).map_err(Complaints::of)
}

fn word(path: &Path) -> String {
    match portcullis_check::bytes::read(path, sets::MAX_SETTINGS_BYTES) {
        Ok(bytes) => sha256_hex(&bytes),
        Err(error) => error.to_string(),
    }
}
