//! Load with known verdicts: reviews at their time, and each answer held against what it should say.

mod answered;
mod authority;
mod bare;
mod client;
mod connection;
mod drive;
mod question;
mod recorded;
mod report;
mod server;
mod sets;
mod summary;

pub use answered::Answered;
pub use authority::Authority;
pub use bare::serve_bare;
pub use client::{Client, Load};
pub use connection::Connection;
pub use drive::{Fleet, Plan, Run, Sent, run};
pub use question::{Question, pod, with_namespace};
pub use recorded::{learn, namespaces, recorded};
pub use report::{Report, Second};
pub use server::{Resources, Server, Target};
pub use sets::{PolicySet, policy_set};
pub use summary::{Summary, quantile};
