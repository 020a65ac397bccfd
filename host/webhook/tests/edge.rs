//! The webhook's edge over real sockets: who gets in, who is let go, and what is said about it.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

#[path = "edge/caller.rs"]
mod caller;
#[path = "edge/certificates.rs"]
mod certificates;
#[path = "edge/connections.rs"]
mod connections;
#[path = "edge/health.rs"]
mod health;
#[path = "edge/metrics.rs"]
mod metrics;
