//! The engine from outside: what expressions mean, beside Kubernetes' own, and what they may cost.

mod limits;
mod oracle;
mod sums;
mod trees;
mod unknown;
