//! Ask for a digest, get exactly those bytes or an error.
//!
//! A read-only client of OCI registries, bounded in everything: bytes, pages, redirects, nesting, connections, time. It
//! knows nothing of signatures. Plain HTTP over hyper's pool and not a crate of OCI: what is needed are five GETs, and the
//! bounds, the hosts that are dialled and the word "not there" are the whole point.
//!
//! - **"Not there"** is said only where the registry itself says so: 404 with its own error (`MANIFEST_UNKNOWN`,
//!   `NAME_UNKNOWN`, `BLOB_UNKNOWN`, Harbor's `NOT_FOUND`). 401, 403, 429, 5xx, any other 404, no address, no answer,
//!   half an answer: each is an [`Error`] with its [`Cause`].
//! - **What is dialled** follows from the name of an image, which a stranger may choose: public addresses only, unless an
//!   operator wrote the host down; never a link-local, metadata or multicast one. The address that was checked is the one
//!   that is dialled.
//! - **Credentials** are shown to the registry that asks for them and to its own token service. They follow no redirect,
//!   not even on the same host.
//!
//! There is no cache of content here: what was verified is remembered by whoever verified it, under its digest.

mod address;
mod attempt;
mod auth;
mod call;
mod client;
mod config;
mod credential;
mod dial;
mod digest;
mod error;
mod exchange;
mod helper;
mod keychain;
pub mod limits;
mod location;
mod manifest;
#[cfg(test)]
mod mutation;
mod name;
mod proxy;
mod referrers;
mod refusal;
mod room;
mod rounds;
mod token;
mod trust;

pub use attempt::{Attempt, Outcome};
pub use client::{Access, Answer, Child, Client, Legacy};
pub use config::{Config, Host, Mirror};
pub use credential::Credential;
pub use digest::Digest;
pub use error::{Cause, Class, Error};
pub use keychain::Keychain;
pub use limits::Limits;
pub use manifest::{Content, Descriptor, Image, Index, Manifest, Platform};
pub use name::Repository;
pub use proxy::Proxy;
pub use referrers::{Listing, Referrers};
pub use trust::check_authorities;
