//! Verification from outside: what nobody here made, and forgeries of which each is refused for its own reason.

mod agreement;
mod cosign;
mod forgeries;
mod legacy;
mod mutated_parts;
mod mutations;
mod signers;
mod suite;
mod trusts;

// Bundles made up for tests, which other tests need too.
use portcullis_support::{instance, made};
