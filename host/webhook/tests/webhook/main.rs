//! The cluster door from outside: every review gets its answer, in time and in Kubernetes' own form.

#![expect(clippy::panic, reason = "a test that cannot set its scene has failed")]

mod answers;
mod corpora;
#[expect(dead_code, reason = "the runner's own tests use the rest")]
#[path = "../../../runner/tests/runner/guest.rs"]
mod guest;
mod http;
mod overload;
mod records;
mod time;
mod world;
