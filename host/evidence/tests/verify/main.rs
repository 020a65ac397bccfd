//! Verification from outside: what nobody here made, and forgeries of which each is refused for its own reason.

mod agreement;
mod cosign;
mod forgeries;
mod instance;
mod legacy;
mod made;
mod mutated_parts;
mod mutations;
mod signers;
mod suite;
mod trusts;
