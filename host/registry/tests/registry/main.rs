//! The client against a registry that lies, stalls and floods, and against real ones.

#![expect(clippy::panic, reason = "a test that gets something else has failed")]

mod again;
mod auth;
mod bounds;
mod bytes;
mod dialled;
mod helper;
mod listings;
mod memory;
mod mirrors;
mod mutations;
mod real;
mod refusals;
mod world;
