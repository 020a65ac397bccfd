//! What is known of the labels of namespaces, against a server that plays the API server well and badly (A18, A18b).

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that panics has judged")]

mod api_server;
mod live;
mod sources;
mod watched;
