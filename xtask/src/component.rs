//! Makes components of the guests that were compiled here, as `portcullis plugin build` does, and digests of bytes.

use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// Makes the component of a core module that carries the type of its world, as `wit-bindgen` leaves it.
pub fn from_core(module: &Path) -> Result<Vec<u8>> {
    let bytes = std::fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    let made = portcullis_component::make(&bytes).with_context(|| format!("{} is refused", module.display()))?;
    Ok(made.component)
}

/// The SHA-256 of some bytes as lower-case hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
