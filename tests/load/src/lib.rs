//! Load with known verdicts: reviews at their time, and each answer held against what it should say.

mod answered;
mod drive;
mod question;
mod server;
mod summary;

pub use answered::Answered;
pub use drive::{Plan, Run, Sent, run};
pub use question::{Question, pod, with_namespace};
pub use server::{Resources, Server, Target};
pub use summary::{Summary, quantile};
