//! Review in, review out.

pub mod health;
pub mod listen;
pub mod metrics;
pub mod tls;
