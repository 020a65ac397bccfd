//! What several tests stand on: registries that lie, real ones, and a sigstore that nobody trusts.
//!
//! For tests alone, as a dev-dependency of the crates that speak with registries or judge what comes from them.

#![expect(clippy::panic, reason = "a test that has no world to stand on has failed")]

mod asked;
mod dice;
mod fake_registry;
mod fake_token;
pub mod go;
pub mod instance;
pub mod made;
pub mod pods;
mod real_registry;
mod reply;
mod sample;

pub use asked::Asked;
pub use dice::Dice;
pub use fake_registry::FakeRegistry;
pub use fake_token::Auth;
pub use real_registry::{RealRegistry, Software};
pub use reply::{Piece, Reply};
pub use sample::{Sample, descriptor, digest, image, index, referrer};
