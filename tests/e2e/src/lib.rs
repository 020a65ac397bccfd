//! A real API server in front of the real webhook: what the cases stand on.

#![expect(clippy::panic, reason = "a harness that cannot start what it tests has failed")]

pub mod assets;
pub mod certificates;
pub mod client;
pub mod generate;
pub mod guard;
pub mod judge;
pub mod kubectl;
pub mod load;
pub mod objects;
pub mod plane;
pub mod table;
pub mod volume;
pub mod webhook;
pub mod wire;
