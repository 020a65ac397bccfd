//! The guest kit: an export macro, the types, and a native way to test a rule.
//!
//! A plugin is a type that implements [`Policy`], and one line:
//!
//! ```
//! use portcullis_sdk::{Description, Finding, Outcome, Policy, Review, Rule, Setting, Severity};
//!
//! const RULES: &[Rule] = &[Rule::new("host-network", Severity::High, "The Pod uses the network of its node")];
//!
//! portcullis_sdk::keys! { HOST_NETWORK = "hostNetwork" }
//!
//! struct NoHostNetwork;
//!
//! impl Policy for NoHostNetwork {
//!     const DESCRIPTION: Description = Description {
//!         name: env!("CARGO_PKG_NAME"),
//!         version: env!("CARGO_PKG_VERSION"),
//!         title: "Keeps Pods off the network of their nodes",
//!         rules: RULES,
//!         keys: KEYS,
//!         ..Description::EMPTY
//!     };
//!     type Settings<'a> = ();
//!
//!     fn prepare(settings: Setting<'_>) {
//!         settings.object(&[]);
//!     }
//!
//!     fn evaluate(_: &(), review: Review) -> Outcome {
//!         let field = review.workload().pod_spec().get(HOST_NETWORK);
//!         let wrong = field.boolean().then(|| Finding::new(&RULES[0], field, "`hostNetwork` must not be true"));
//!         wrong.into_iter().collect::<Vec<_>>().into()
//!     }
//! }
//!
//! portcullis_sdk::export!(NoHostNetwork);
//! # fn main() {}
//! ```
//!
//! Build it with `cargo build --release --target wasm32-unknown-unknown` and a stack of 16 KiB
//! (`-C link-arg=-zstack-size=16384` in `.cargo/config.toml`): a fresh instance is made for every review, and an instance
//! costs what it brings. What can be asked and said, by what an author wants to know, stands on one page: `README.md` of this
//! crate. With the feature `testing` the module `testing` judges manifests natively.

// WASI's library has an allocator of its own in the same memory.
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
mod allocator;
mod amount;
#[doc(hidden)]
pub mod contract;
mod description;
mod export;
mod finding;
mod host;
mod last_words;
mod node;
mod packed;
mod review;
mod settings;
#[cfg(all(feature = "testing", not(target_arch = "wasm32")))]
pub mod testing;
mod workload;

/// The page beside this folder, so that what stands there compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

// The generated bindings name this crate from outside and from inside.
extern crate self as portcullis_sdk;

pub use amount::{Amount, Quantity};
pub use description::{CONTRACT, Description, Rule, Severity};
pub use export::Policy;
#[doc(hidden)]
pub use export::glue;
pub use finding::{Finding, Fix, Outcome, Query};
#[doc(hidden)]
pub use node::position;
pub use node::{Key, Kind, Node, Path};
pub use packed::{Packed, Reader};
pub use review::{Fact, FactStatus, Request, Review};
pub use settings::{Bound, MOST_DEPTH, Object, Setting, SettingsError, nearest};
pub use workload::{Claim, Container, Image, ImageState, Resource, Resources, ResourcesOf, Role, Workload};
