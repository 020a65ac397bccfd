//! Facts from registries that lie, stall, flood and throttle, and from real ones: what is answered, what is remembered, and for how long.

#![expect(clippy::panic, reason = "a test that gets something else has failed")]

#[path = "../verify/instance.rs"]
mod instance;
mod lies;
#[expect(dead_code, reason = "shared with the tests of verification, which need more of it")]
#[path = "../verify/made.rs"]
mod made;
mod names;
mod places;
mod property;
mod real;
mod refusals;
mod remembered;
mod world;
