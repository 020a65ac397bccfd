//! The engine from outside: what expressions mean, beside Kubernetes' own, and what they may cost.

mod limits;
mod oracle;
mod trees;
mod unknown;
