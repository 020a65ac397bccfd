//! Review in, review out.
//!
//! Floor 4, the cluster door: [`Webhook`] turns the bytes of an AdmissionReview into those of its answer and knows no HTTP;
//! [`review_routes`] puts it behind HTTP.

mod answer;
mod case;
mod deadline;
mod error;
pub mod health;
mod held;
mod lanes;
pub mod listen;
pub mod metrics;
mod observe;
mod pool;
mod rates;
mod record;
pub mod registration;
mod request;
mod requested;
pub mod response;
mod routes;
pub mod tls;
pub mod trace;
mod waiting;

pub use answer::{Call, DEFAULT_BODY_TIME, DEFAULT_HELD, DEFAULT_QUEUE, Webhook, WebhookConfig};
pub use deadline::{DEFAULT_MARGIN, DEFAULT_REVIEW_TIME, parse_duration};
pub use error::Error;
pub use response::Answer;
pub use routes::review_routes;
