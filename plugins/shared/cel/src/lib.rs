//! What CEL means to Kubernetes: expressions checked and compiled once, evaluated within a budget of steps.
//!
//! [`Compiler`] makes code of the expressions of a policy, or complains as the API server does when the policy is created.
//! [`Machine`] walks that code for one review, through the window [`Documents`]. Both take 16 KiB of stack, whatever they
//! are given.

mod access;
mod advice;
mod call;
mod code;
mod compile;
mod complaint;
mod convert;
mod data;
mod documents;
mod format;
mod formats;
mod frame;
mod functions;
mod group;
mod lexer;
mod library;
mod lists;
mod literal;
mod loops;
mod machine;
mod meant;
mod member;
mod net;
mod operand;
mod outline;
mod place;
mod quantity;
mod reads;
mod regex;
mod request;
mod secrets;
mod semver;
mod strings;
mod time;
mod told;
mod typing;
mod url;
mod value;

pub use advice::{Lacking, advise, missing_key};
pub use compile::{Compiler, MOST_DEPTH, MOST_ITEMS, MOST_LENGTH, MOST_LOOPS, MOST_VARIABLES, Wanted};
pub use complaint::{Complaint, nearest_key};
pub use data::Tree;
pub use documents::{Answer, Documents, NodeKind};
pub use formats::name_of;
pub use machine::{Found, MOST_MADE, MOST_STEPS, Machine, Spent};
pub use operand::is_name;
pub use outline::{MOST_INSIDE, Part, outline};
pub use place::{Place, Shown};
pub use reads::Read;
pub use request::Given;
pub use secrets::may_be_secret;
pub use value::Value;
