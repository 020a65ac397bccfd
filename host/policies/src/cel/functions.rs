//! The functions that a condition may call, with how each is called and what it costs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

use kube_cel::KubeCelExt;
use kube_cel::cel::common::ast::{CallExpr, Expr};
use kube_cel::cel::{self, Context, IdedExpr};

use super::evaluate::Fault;
use super::value::Value;

/// How a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `f(x)`.
    Global,
    /// `x.f()`.
    Method,
    /// `sets.f(x)`.
    Namespaced,
}
use Shape::{Global, Method, Namespaced};

/// Name, how it is called, the fewest and the most arguments.
///
/// Left out on purpose: what needs Unicode tables (`url`), what makes much of little (`format`, `lists.range`), and what
/// Kubernetes itself does not offer to `matchConditions` of every version.
const FUNCTIONS: &[(&str, Shape, usize, usize)] = &[
    ("size", Global, 1, 1),
    ("size", Method, 0, 0),
    ("dyn", Global, 1, 1),
    ("string", Global, 1, 1),
    ("int", Global, 1, 1),
    ("uint", Global, 1, 1),
    ("double", Global, 1, 1),
    ("duration", Global, 1, 1),
    ("timestamp", Global, 1, 1),
    ("contains", Method, 1, 1),
    ("startsWith", Method, 1, 1),
    ("endsWith", Method, 1, 1),
    ("matches", Method, 1, 1),
    ("find", Method, 1, 1),
    ("findAll", Method, 1, 1),
    ("charAt", Method, 1, 1),
    ("indexOf", Method, 1, 2),
    ("lastIndexOf", Method, 1, 2),
    ("lowerAscii", Method, 0, 0),
    ("upperAscii", Method, 0, 0),
    ("replace", Method, 2, 3),
    ("split", Method, 1, 2),
    ("join", Method, 0, 1),
    ("substring", Method, 1, 2),
    ("trim", Method, 0, 0),
    ("isSorted", Method, 0, 0),
    ("sum", Method, 0, 0),
    ("min", Method, 0, 0),
    ("max", Method, 0, 0),
    ("sets.contains", Namespaced, 2, 2),
    ("sets.equivalent", Namespaced, 2, 2),
    ("sets.intersects", Namespaced, 2, 2),
    ("ip", Global, 1, 1),
    ("ip", Method, 0, 0),
    ("isIP", Global, 1, 1),
    ("ip.isCanonical", Namespaced, 1, 1),
    ("family", Method, 0, 0),
    ("isUnspecified", Method, 0, 0),
    ("isLoopback", Method, 0, 0),
    ("isLinkLocalMulticast", Method, 0, 0),
    ("isLinkLocalUnicast", Method, 0, 0),
    ("isGlobalUnicast", Method, 0, 0),
    ("cidr", Global, 1, 1),
    ("isCIDR", Global, 1, 1),
    ("containsIP", Method, 1, 1),
    ("containsCIDR", Method, 1, 1),
    ("prefixLength", Method, 0, 0),
    ("masked", Method, 0, 0),
    ("quantity", Global, 1, 1),
    ("isQuantity", Global, 1, 1),
    ("isInteger", Method, 0, 0),
    ("asInteger", Method, 0, 0),
    ("asApproximateFloat", Method, 0, 0),
    ("sign", Method, 0, 0),
    ("add", Method, 1, 1),
    ("sub", Method, 1, 1),
    ("isGreaterThan", Method, 1, 1),
    ("isLessThan", Method, 1, 1),
    ("compareTo", Method, 1, 1),
    ("semver", Global, 1, 1),
    ("isSemver", Global, 1, 1),
    ("major", Method, 0, 0),
    ("minor", Method, 0, 0),
    ("patch", Method, 0, 0),
];

/// What every call of the library costs besides its arguments: it builds a scope and copies them.
const CALL_COST: u64 = 40;

/// What each node, or each 8 bytes, of an argument costs: the library copies it four times.
const COPY_COST: u64 = 6;
/// What each string of a list costs that the library makes.
const PIECE_COST: u64 = 24;

/// Whether a function can be called like this.
pub(super) fn lookup(shape: Shape, name: &str, arguments: usize) -> Option<()> {
    let fits = |&&(known, how, least, most): &&(&str, Shape, usize, usize)| {
        known == name && how == shape && (least..=most).contains(&arguments)
    };
    FUNCTIONS.iter().find(fits).map(|_| ())
}

/// The names of all functions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|&(name, ..)| name)
}

/// What a call may cost at most, its result included. `this` comes first among the values.
pub(super) fn cost(name: &str, values: &[Value], limit: u64) -> u64 {
    let weights: Vec<u64> = values.iter().map(|value| value.weight(limit)).collect();
    let sum: u64 = weights.iter().fold(CALL_COST, |sum, weight| sum.saturating_add(weight.saturating_mul(COPY_COST)));
    let text = |at: usize| values.get(at).and_then(Value::as_text).map_or(0, str::len) as u64;
    let items = |at: usize| values.get(at).and_then(Value::len).unwrap_or(0) as u64;
    let product = |left: u64, right: u64| (left + 1).saturating_mul(right + 1);
    sum.saturating_add(match name {
        // Every place of the text may be replaced.
        "replace" => product(text(0), text(2)) / 8,
        "join" => product(items(0), text(1)) / 8,
        "split" => {
            let (this, by) = (values.first().and_then(Value::as_text), values.get(1).and_then(Value::as_text));
            let pieces = this.zip(by).map_or(0, |(this, by)| this.matches(by).count());
            pieces as u64 * PIECE_COST
        }
        "charAt" | "substring" => text(0) / 2,
        // Compares at every place.
        "indexOf" | "lastIndexOf" => product(text(0), text(1)) / 8 + text(0),
        "sets.contains" | "sets.equivalent" | "sets.intersects" => {
            product(weights.first().copied().unwrap_or(0), weights.get(1).copied().unwrap_or(0)).saturating_mul(2)
        }
        _ => 0,
    })
}

/// The library's functions, registered once.
static LIBRARY: LazyLock<Context<'static>> = LazyLock::new(|| Context::default().with_all());

/// Calls a function of the library.
pub(super) fn call<'d>(shape: Shape, name: &str, values: &[Value]) -> Result<Value<'d>, Fault> {
    if name == "quantity" && !is_plain_quantity(values.first().and_then(Value::as_text).unwrap_or_default()) {
        return Err(Fault::because("a quantity of more digits than can be compared exactly"));
    }
    let result = call_library(shape, name, values.iter().map(Value::to_library).collect())?;
    if ["quantity", "add", "sub"].contains(&name) {
        in_range(&result)?;
    }
    Ok(Value::from_library(result))
}

fn call_library(shape: Shape, name: &str, values: Vec<cel::Value>) -> Result<cel::Value, Fault> {
    let mut scope = LIBRARY.new_inner_scope();
    let ident = |at: usize| IdedExpr { id: 0, expr: Expr::Ident(format!("@{at}")) };
    let mut idents: Vec<IdedExpr> = (0..values.len()).map(ident).collect();
    for (at, value) in values.into_iter().enumerate() {
        scope.add_variable_from_value(format!("@{at}"), value);
    }
    let (target, func_name) = match (shape, name.split_once('.')) {
        (Namespaced, Some((prefix, name))) => {
            (Some(Box::new(IdedExpr { id: 0, expr: Expr::Ident(prefix.to_owned()) })), name)
        }
        (Method, _) if !idents.is_empty() => (Some(Box::new(idents.remove(0))), name),
        _ => (None, name),
    };
    let call = Expr::Call(CallExpr { func_name: func_name.to_owned(), target, args: idents });
    let expression = IdedExpr { id: 0, expr: call };
    // A panic of a library's function is a bug found by hostile text; the condition fails, and that is never a pass.
    let answer = catch_unwind(AssertUnwindSafe(|| cel::Value::resolve(&expression, &scope)));
    match answer {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(why)) => Err(Fault::because(describe(name, &why))),
        Err(_) => Err(Fault::because(format!("`{name}` cannot be computed"))),
    }
}

/// The library's messages hold whole values (a Secret's, perhaps), so only those of functions that parse are repeated.
fn describe(name: &str, why: &cel::ExecutionError) -> String {
    match why {
        cel::ExecutionError::FunctionError { .. } => format!("`{name}` cannot read its argument"),
        _ => format!("`{name}` cannot be called on these types"),
    }
}

/// The library multiplies 128-bit numbers unchecked when it compares: digits and exponents are held to what cannot
/// overflow there (18 places behind the point at most, suffix included, and [`in_range`] before it).
fn is_plain_quantity(text: &str) -> bool {
    let fraction = text.split_once('.').map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count());
    let exponent = text.trim_start_matches(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    let exponent = exponent.strip_prefix(['e', 'E']).map_or(0, |digits| digits.parse::<i64>().unwrap_or(0).abs());
    text.len() <= 32
        && fraction <= 9
        && exponent <= 18
        && (exponent <= 9 || !text.contains("e-") && !text.contains("E-"))
}

/// Kubernetes' own range of quantities (`resource.Quantity`: at most 2^63 - 1).
fn in_range(quantity: &cel::Value) -> Result<(), Fault> {
    let size = call_library(Method, "asApproximateFloat", vec![quantity.clone()]);
    match size {
        Ok(cel::Value::Float(size)) if size.abs() > 9.3e18 => Err(Fault::because("a quantity beyond 2^63")),
        // `add` and `sub` exist for quantities only; what is none has failed before.
        _ => Ok(()),
    }
}
