//! `matchConditions`: CEL compiled and checked when a set is loaded, evaluated within a budget.
//!
//! The parser and Kubernetes' own functions are those of `cel` and `kube-cel`. The walk over the expression is ours,
//! because theirs copies the object at every `.`, reads a field of a string as `false` instead of failing, stops `all` at
//! the first error, and has no budget.

mod check;
mod evaluate;
mod forward;
mod functions;
mod request;
mod signs;
mod syntax;
mod value;

use std::collections::HashMap;
use std::sync::Arc;

use kube_cel::cel::{IdedExpr, parser::Parser};
use regex::Regex;

pub(crate) use evaluate::{Budget, Fault};
pub(crate) use request::Input;

/// Longest expression in bytes.
pub const MAX_EXPRESSION: usize = 8192;
/// Steps inside each other that an expression may have.
pub const MAX_DEPTH: usize = 100;
/// What all conditions of one policy may spend on one review; the API server's own number (KEP-3716). A unit is a step of
/// the walk, a quarter of an item that a macro visits, 64 bytes compared or 8 bytes made: about 30 ns, so that a hostile
/// object ends within a tenth of a second.
pub const MAX_COST: u64 = 2_500_000;
/// The stack of the thread that parses: the parser recurses once per nested step, of which [`MAX_EXPRESSION`] allows
/// thousands before [`MAX_DEPTH`] can be checked.
const PARSER_STACK: usize = 256 * 1024 * 1024;

/// A condition that may be evaluated.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) name: String,
    expression: Arc<IdedExpr>,
    /// The compiled patterns of `matches` and its like, by the id of the call.
    patterns: HashMap<u64, Regex>,
}

impl Condition {
    /// Parses and checks an expression. The error completes a sentence: "the condition `x` ...".
    pub(crate) fn compile(name: &str, expression: &str) -> Result<Self, String> {
        if expression.len() > MAX_EXPRESSION {
            return Err(format!("is longer than {MAX_EXPRESSION} bytes"));
        }
        let text = expression.to_owned();
        let thread = std::thread::Builder::new().stack_size(PARSER_STACK);
        let parsed = thread.spawn(move || parse(&text)).map_err(|why| format!("could not be compiled: {why}"))?;
        // A panic of the parser is a bug of a library, found by hostile text; the set is refused, and the process lives.
        let (expression, patterns) = parsed.join().unwrap_or_else(|_| Err("cannot be parsed".to_owned()))?;
        Ok(Self { name: name.to_owned(), expression: Arc::new(expression), patterns })
    }

    /// Whether the condition holds for this review.
    pub(crate) fn holds(&self, input: &Input, budget: &mut Budget) -> Result<bool, Fault> {
        evaluate::evaluate(&self.expression, &self.patterns, input, budget)
    }
}

fn parse(text: &str) -> Result<(IdedExpr, HashMap<u64, Regex>), String> {
    signs::refuse_runs(text)?;
    let parsed = Parser::new().parse(text).map_err(|why| syntax::explain(text, &why))?;
    let patterns = check::check(&parsed)?;
    Ok((parsed, patterns))
}

#[cfg(test)]
mod tests;
