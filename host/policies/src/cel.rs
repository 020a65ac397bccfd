//! `matchConditions`: CEL compiled and checked when a set is loaded, evaluated within a budget.
//!
//! The engine is `portcullis-cel`, that of the plugin `cel`: what a condition means to a `match` and to the settings of that
//! plugin is one thing, compared with the API server's own library.

mod forward;
mod inside;
mod request;

use std::sync::Arc;

use portcullis_cel::{Compiler, Lacking, Machine, Value, Wanted, advise};
use portcullis_model::Place;

pub use inside::complaint_inside;
pub use portcullis_cel::MOST_DEPTH as MAX_DEPTH;
pub(crate) use request::Input;

/// Longest expression in bytes.
pub const MAX_EXPRESSION: usize = 8192;
/// What a compiled condition may take, in bytes: literal patterns are compiled with it.
pub const MAX_CODE: usize = 1024 * 1024;
/// What all conditions of one policy may spend on one review, in steps: an instruction, an item that a macro visits, or 64
/// bytes that are looked at. A step takes about 50 ns, the dearest 150, so that a hostile object ends within a tenth of a
/// second or two, and two thousand containers are judged with a tenth of it. What they make is bounded beside it
/// (`portcullis_cel::MOST_MADE`).
pub const MAX_COST: u64 = 1_000_000;

/// A condition that may be evaluated.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) name: String,
    expression: Arc<str>,
    code: Arc<[u8]>,
}

/// Why a condition has no result.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    /// The budget is spent; nothing absorbs this.
    Spent,
    /// An error of the language, which `||`, `&&`, `all` and `exists` may absorb.
    Because(String),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Spent => write!(f, "costs more than {MAX_COST} steps on this object"),
            Self::Because(why) => write!(f, "failed: {why}"),
        }
    }
}

impl Condition {
    /// Parses and checks an expression.
    pub(crate) fn compile(name: &str, expression: &str) -> Result<Self, Refused> {
        let whole = |what: String| Refused { what, at: None };
        if expression.len() > MAX_EXPRESSION {
            return Err(whole(format!("is longer than {MAX_EXPRESSION} bytes")));
        }
        let compiled = Compiler::of_requests().compile(expression, Wanted::Bool);
        let code = compiled.map_err(|complaint| Refused {
            what: format!("does not compile: {}", complaint.message),
            at: Some(complaint.line_and_column(expression)),
        })?;
        if code.len() > MAX_CODE {
            return Err(whole(format!(
                "has patterns that take more than {MAX_CODE} bytes: use fewer repetitions such as `{{100}}`"
            )));
        }
        Ok(Self { name: name.to_owned(), expression: expression.into(), code: code.into() })
    }
}

/// Why an expression is no condition; completes a sentence: "the condition `x` ...".
#[derive(Debug)]
pub(crate) struct Refused {
    what: String,
    /// Line and column of the expression, both from 1.
    at: Option<(usize, usize)>,
}

impl Refused {
    /// What is wrong, and where in the expression that stands at a place: told in words where that cannot be pointed at.
    pub(crate) fn placed(self, place: Option<Place>) -> (String, Option<Place>) {
        match self.at.and_then(|(line, column)| inside::inside(place.as_ref()?, line, column)) {
            Some(exact) => (self.what, Some(exact)),
            None => (self.to_string(), place),
        }
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)?;
        match self.at {
            Some((line, column)) => write!(f, " (line {line}, column {column} of the expression)"),
            None => Ok(()),
        }
    }
}

/// The conditions of one policy at work on one review: nothing of the review is copied, and all spend from one budget.
pub(crate) struct Judge<'r> {
    machine: Machine<'r>,
}

impl<'r> Judge<'r> {
    pub(crate) fn new(input: &'r Input<'r>) -> Self {
        Self { machine: Machine::new(input, &[], &[]).within(MAX_COST).without_places() }
    }

    /// Whether a condition holds for this review.
    pub(crate) fn holds(&mut self, condition: &'r Condition) -> Result<bool, Fault> {
        match self.machine.run(&condition.code).map_err(|_| Fault::Spent)?.value {
            Value::Bool(holds) => Ok(holds),
            Value::Error(why) => Err(Fault::Because(match portcullis_cel::missing_key(&why) {
                Some(key) => format!("{why}; {}", advise(&condition.expression, key, &Lacking::default())),
                None => why.to_string(),
            })),
            other => Err(Fault::Because(format!("it gives a {}, not `true` or `false`", other.type_name()))),
        }
    }
}

#[cfg(test)]
mod tests;
