//! Load a plugin once, evaluate it often, trust it never.
//!
//! The only crate that knows wasmtime. Its purpose is *less* flexibility than wasmtime: one engine, one contract, one
//! fresh instance per evaluation. An instance lives for one call; what survives is its memory slot, cleared. A plugin is
//! first counted (`scan.rs`), then validated and compiled in a child that can be killed (`compile.rs`), then linked once (`plugin.rs`),
//! then called often (`evaluate.rs`) over the review in hand (`bindings.rs`) until its purse is empty (`budget.rs`).

mod answer;
mod bindings;
mod budget;
mod cache;
mod clock;
mod compile;
mod describe;
mod engine;
mod error;
mod evaluate;
mod nested;
mod path;
mod plugin;
mod query;
mod runner;
mod scan;
mod shared;
mod state;
mod validate;

pub use answer::Outcome;
pub use budget::Budget;
pub use compile::{COMPILE_MEMORY, COMPILE_OUTPUT, COMPILE_SECONDS, COMPILE_WALL, CompilerCommand, compile_child_main};
pub use describe::{Description, Rule};
pub use engine::Pool;
pub use error::{Breach, Complaint, Error, PrepareError, Reason, StartError};
pub use plugin::{Plugin, Prepared};
pub use runner::{Runner, RunnerConfig};
pub use scan::{Counts, Limits};
pub use state::{Hide, Input};

/// The version of the contract that this host speaks (`wit/plugin.wit`).
pub const CONTRACT: &str = scan::CONTRACT;
