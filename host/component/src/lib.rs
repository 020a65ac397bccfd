//! What a compiler made, turned into a plugin's component. Pure; the only crate that knows wit-component.
//!
//! A core module is lifted into a component of the contract; what it wants of WASI is stubbed out (`stub.rs`), so that the
//! component imports nothing but the contract. A component that wants WASI is taken apart and put together again in the
//! same way. What differs from one build to the next, names and notes of producers, is left out.

mod empty;
mod error;
mod make;
mod module;
mod shape;
mod strip;
mod stub;

pub use empty::empty;
pub use error::Error;
pub use make::{Made, Stubbed, make};
pub use shape::{Shape, shape};

/// What the name of every import of a plugin begins with.
pub const CONTRACT: &str = "portcullis:policy/";

/// What every plugin exports.
pub const EXPORTS: [&str; 3] = ["describe", "prepare", "evaluate"];

/// The texts of the contract: the name of a file, and what stands in it.
pub const WIT: [(&str, &str); 2] =
    [("plugin.wit", include_str!("../../../wit/plugin.wit")), ("types.wit", include_str!("../../../wit/types.wit"))];
