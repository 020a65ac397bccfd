//! What we read from the cluster and the little we write to it.
//!
//! Today: the labels of namespaces, because an AdmissionReview carries none and the mode of a place hangs on them. The
//! account that this runs as needs `get`, `list` and `watch` on `namespaces`, and nothing else. No type of the Kubernetes
//! client is visible outside of this crate.

mod connection;
mod error;
mod namespaces;
mod reads;
mod watched;

pub use connection::{CONNECT_TIMEOUT, Connection, SILENCE_TIMEOUT, WRITE_TIMEOUT};
pub use error::Error;
pub use namespaces::{Limits, Namespaces};
