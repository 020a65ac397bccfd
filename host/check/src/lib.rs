//! Files to subjects, through the gate, to a report.

pub mod error;
pub mod exit;
mod ignore;
pub mod inputs;
mod walk;
