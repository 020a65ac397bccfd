//! What can be known of an expression before it runs: its names, its functions, its patterns, its depth, its type.

use std::collections::HashMap;

use kube_cel::cel::IdedExpr;
use kube_cel::cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, operators};
use portcullis_model::nearest;
use regex::{Regex, RegexBuilder};

use super::MAX_DEPTH;
use super::functions::{Shape, lookup, names};
use super::request::FIELDS;
use crate::error::quote;

/// Memory of one compiled pattern, in bytes.
const MAX_REGEX: usize = 256 * 1024;
/// What a condition may look at.
const VARIABLES: [&str; 3] = ["object", "oldObject", "request"];
/// What Kubernetes offers elsewhere, and we do not.
const UNSUPPORTED: [&str; 4] = ["authorizer", "params", "namespaceObject", "variables"];
/// The operators of the language under the names that the parser gives them.
const OPERATORS: [&str; 19] = [
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::NEGATE,
    operators::INDEX,
    operators::NOT_STRICTLY_FALSE,
    operators::IN,
];

/// Refuses an expression that could only fail; gives the compiled patterns by the id of their call.
pub(super) fn check(expression: &IdedExpr) -> Result<HashMap<u64, Regex>, String> {
    let mut checker = Checker { scope: Vec::new(), patterns: HashMap::new() };
    checker.walk(expression, 0)?;
    match result_word(expression) {
        Some(word) => Err(format!("must give `true` or `false`, and gives {word}")),
        None => Ok(checker.patterns),
    }
}

struct Checker<'e> {
    scope: Vec<&'e str>,
    patterns: HashMap<u64, Regex>,
}

impl<'e> Checker<'e> {
    fn walk(&mut self, expression: &'e IdedExpr, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("has more than {MAX_DEPTH} steps inside each other"));
        }
        match &expression.expr {
            Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => self.variable(name),
            Expr::Select(select) => {
                if matches!(&select.operand.expr, Expr::Ident(name) if name == "request") && !self.is_local("request") {
                    request_field(&select.field)?;
                }
                self.walk(&select.operand, depth + 1)
            }
            Expr::Call(call) => self.call(expression.id, call, depth),
            Expr::List(list) if list.optional_indices.is_empty() => {
                list.elements.iter().try_for_each(|element| self.walk(element, depth + 1))
            }
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) if !entry.optional => {
                    self.walk(&entry.key, depth + 1)?;
                    self.walk(&entry.value, depth + 1)
                }
                _ => Err("uses optional entries, which are not supported here".to_owned()),
            }),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension, depth),
            Expr::List(_) => Err("uses optional items, which are not supported here".to_owned()),
            Expr::Struct(made) => {
                Err(format!("makes a message {}, which is not supported here", quote(&made.type_name)))
            }
            Expr::Unspecified => Err("does not compile".to_owned()),
        }
    }

    fn variable(&self, name: &str) -> Result<(), String> {
        if self.is_local(name) || VARIABLES.contains(&name) {
            return Ok(());
        }
        if UNSUPPORTED.contains(&name) {
            return Err(format!("uses `{name}`, which is not supported here: use `object`, `oldObject` or `request`"));
        }
        let known: Vec<&str> = VARIABLES.iter().chain(&self.scope).copied().collect();
        let advice = match nearest(name, &known) {
            Some(word) => format!("did you mean `{word}`?"),
            None => "known are `object`, `oldObject` and `request`".to_owned(),
        };
        Err(format!("uses the unknown name {}; {advice}", quote(name)))
    }

    fn is_local(&self, name: &str) -> bool {
        self.scope.contains(&name)
    }

    fn call(&mut self, id: u64, call: &'e CallExpr, depth: usize) -> Result<(), String> {
        let arguments = call.args.len();
        let name = call.func_name.as_str();
        if [operators::OPT_INDEX, operators::OPT_SELECT].contains(&name) {
            return Err(
                "uses optional fields (`.?` or `[?`), which are not supported here: write `has(a.b) && a.b == ..`"
                    .into(),
            );
        }
        if !(call.target.is_none() && OPERATORS.contains(&name)) {
            let (shape, written) = self.shape(call);
            if shape != Shape::Namespaced
                && let Some(target) = &call.target
            {
                self.walk(target, depth + 1)?;
            }
            lookup(shape, &written, arguments).ok_or_else(|| unknown_function(shape, &written, arguments))?;
            if ["matches", "find", "findAll"].contains(&name) {
                self.patterns.insert(id, pattern(name, &call.args[0])?);
            }
        }
        call.args.iter().try_for_each(|argument| self.walk(argument, depth + 1))
    }

    /// Whether this is `f(x)`, `x.f()` or `sets.f(x)`, and the function's whole name.
    fn shape(&self, call: &CallExpr) -> (Shape, String) {
        match call.target.as_ref().map(|target| &target.expr) {
            None => (Shape::Global, call.func_name.clone()),
            Some(Expr::Ident(prefix)) if !self.is_local(prefix) && ["sets", "ip"].contains(&prefix.as_str()) => {
                (Shape::Namespaced, format!("{prefix}.{}", call.func_name))
            }
            Some(_) => (Shape::Method, call.func_name.clone()),
        }
    }

    fn comprehension(&mut self, comprehension: &'e ComprehensionExpr, depth: usize) -> Result<(), String> {
        if comprehension.iter_var2.is_some() {
            return Err("uses a macro with two variables, which is not supported here".to_owned());
        }
        self.walk(&comprehension.iter_range, depth + 1)?;
        self.walk(&comprehension.accu_init, depth + 1)?;
        self.scope.extend([comprehension.accu_var.as_str(), comprehension.iter_var.as_str()]);
        let inner = [&comprehension.loop_cond, &comprehension.loop_step, &comprehension.result];
        let walked = inner.into_iter().try_for_each(|part| self.walk(part, depth + 1));
        self.scope.truncate(self.scope.len() - 2);
        walked
    }
}

fn request_field(field: &str) -> Result<(), String> {
    if FIELDS.contains(&field) {
        return Ok(());
    }
    let advice = match nearest(field, &FIELDS) {
        _ if ["object", "oldObject"].contains(&field) => format!("use `{field}`"),
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("known are {}", FIELDS.join(", ")),
    };
    Err(format!("uses the unknown field `request.{}`; {advice}", field.escape_debug()))
}

fn unknown_function(shape: Shape, name: &str, arguments: usize) -> String {
    let shown = match shape {
        Shape::Method => format!(".{name}()"),
        _ => format!("{name}()"),
    };
    let shown = quote(&shown);
    if names().any(|known| known == name) {
        return format!("calls {shown} with {arguments} argument(s) in a way that it cannot be called");
    }
    let known: Vec<&str> = names().collect();
    match nearest(name, &known) {
        Some(word) => format!("calls the unknown function {shown}; did you mean `{word}`?"),
        None => format!("calls {shown}, which is not known or not supported here"),
    }
}

/// A pattern must be a literal: it is then compiled once, within a limit, and its cost is known.
fn pattern(function: &str, argument: &IdedExpr) -> Result<Regex, String> {
    let Expr::Literal(LiteralValue::String(pattern)) = &argument.expr else {
        return Err(format!("calls `{function}` with a pattern that is not a literal, which is not supported here"));
    };
    let built = RegexBuilder::new(pattern.inner()).size_limit(MAX_REGEX).dfa_size_limit(MAX_REGEX).build();
    built.map_err(|why| match why {
        regex::Error::CompiledTooBig(limit) => format!("has a pattern that takes more than {limit} bytes"),
        _ => format!("has a pattern that does not compile: {}", quote(pattern.inner())),
    })
}

/// What an expression gives, where that is certainly not a boolean.
fn result_word(expression: &IdedExpr) -> Option<&'static str> {
    match &expression.expr {
        Expr::Literal(LiteralValue::Boolean(_)) => None,
        Expr::Literal(LiteralValue::String(_)) => Some("a string"),
        Expr::Literal(LiteralValue::Null) => Some("null"),
        Expr::Literal(LiteralValue::Bytes(_)) => Some("bytes"),
        Expr::Literal(_) => Some("a number"),
        Expr::List(_) => Some("a list"),
        Expr::Map(_) => Some("a map"),
        Expr::Ident(name) if VARIABLES.contains(&name.as_str()) => Some("an object"),
        Expr::Comprehension(comprehension) if matches!(comprehension.accu_init.expr, Expr::List(_)) => Some("a list"),
        Expr::Call(call) => {
            let name = call.func_name.as_str();
            let arithmetic = [
                operators::ADD,
                operators::SUBSTRACT,
                operators::MULTIPLY,
                operators::DIVIDE,
                operators::MODULO,
                operators::NEGATE,
            ];
            let other =
                ["size", "string", "int", "uint", "double", "lowerAscii", "upperAscii", "trim", "split", "quantity"];
            (arithmetic.contains(&name) || other.contains(&name)).then_some("something else")
        }
        _ => None,
    }
}
