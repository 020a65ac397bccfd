//! The client against a registry that lies, stalls and floods, and against real ones.

mod auth;
mod bounds;
mod bytes;
mod dialled;
mod listings;
mod mirrors;
mod mutations;
mod real;
mod refusals;
mod world;
