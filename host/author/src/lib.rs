//! The plugin author's door: a project, a component, a verdict on its cases, and all that is known of it.
//!
//! Floor 4. Whatever a plugin says is a stranger's text: every writer here makes it harmless before it is shown.

mod build;
mod cargo;
mod cost;
mod doubt;
mod error;
mod fresh;
mod inspect;
mod judge;
mod junit;
mod name;
mod new;
mod page;
mod pin;
mod schema;
mod sdk;
mod test;
mod tested;
mod text;
mod yaml;

pub use build::{BuildOptions, Built, build};
pub use cost::MeasureWith;
pub use error::Error;
pub use inspect::{InspectFormat, Inspected, inspect};
pub use new::{New, NewOptions, Sdk, new};
pub use test::{TestFormat, TestOptions, Tested, test};
