//! Facts from registries that lie, stall, flood and throttle, and from real ones: what is answered, what is remembered, and for how long.

#![expect(clippy::panic, reason = "a test that gets something else has failed")]

use portcullis_support::{instance, made};

mod bindings;
mod documents;
mod given;
mod lies;
mod names;
mod places;
mod property;
mod real;
mod refusals;
mod remembered;
mod world;
