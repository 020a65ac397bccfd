//! The walk over an expression: CEL's own meaning (cel-spec, langdef.md), counted step by step.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use kube_cel::cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, SelectExpr, operators};
use kube_cel::cel::{self, IdedExpr};
use portcullis_model::Kind;
use regex::Regex;

use super::MAX_COST;
use super::functions::{self, Shape};
use super::request::Input;
use super::value::{Text, Value};
use crate::error::quote;

mod operate;

/// Why a condition has no result.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    /// The budget is spent; nothing absorbs this.
    Spent,
    /// An error of the language, which `||`, `&&`, `all` and `exists` may absorb.
    Because(String),
}

impl Fault {
    pub(super) fn because(why: impl Into<String>) -> Self {
        Self::Because(why.into())
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Spent => write!(f, "costs more than {MAX_COST} steps on this object"),
            Self::Because(why) => write!(f, "failed: {why}"),
        }
    }
}

/// What the conditions of one policy may still spend on one review.
#[derive(Debug)]
pub(crate) struct Budget {
    left: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: MAX_COST }
    }
}

/// What an item costs that a macro walks over, or that a list is made of, besides its steps.
const ITEM_COST: u64 = 4;

type Answer<'d> = Result<Value<'d>, Fault>;

/// Evaluates a checked expression that must give a boolean.
pub(super) fn evaluate<'d>(
    expression: &'d IdedExpr,
    patterns: &'d HashMap<u64, Regex>,
    input: &'d Input<'d>,
    budget: &'d mut Budget,
) -> Result<bool, Fault> {
    match (Walk { input, patterns, budget, scope: Vec::new() }).step(expression)? {
        Value::Bool(holds) => Ok(holds),
        other => Err(Fault::because(format!("it gives a {}, not `true` or `false`", other.type_name()))),
    }
}

struct Walk<'d> {
    input: &'d Input<'d>,
    patterns: &'d HashMap<u64, Regex>,
    budget: &'d mut Budget,
    /// The variables of the macros around this step, innermost last. An accumulator may hold an error, because a later
    /// item may still decide (`[0, 1].exists(x, 1 / x == 1)`).
    scope: Vec<(&'d str, Answer<'d>)>,
}

impl<'d> Walk<'d> {
    fn spend(&mut self, cost: u64) -> Result<(), Fault> {
        self.budget.left = self.budget.left.checked_sub(cost).ok_or(Fault::Spent)?;
        Ok(())
    }

    /// One step. Recursion is bounded by the depth of the checked expression.
    fn step(&mut self, expression: &'d IdedExpr) -> Answer<'d> {
        self.spend(1)?;
        match &expression.expr {
            Expr::Literal(literal) => Ok(of_literal(literal)),
            Expr::Ident(name) => self.variable(name),
            Expr::Select(select) => self.select(select),
            Expr::Call(call) => self.call(expression.id, call),
            Expr::List(list) => {
                self.spend(ITEM_COST * list.elements.len() as u64)?;
                let items: Result<Vec<Value>, Fault> = list.elements.iter().map(|element| self.step(element)).collect();
                items.map(|items| Value::List(Rc::new(items)))
            }
            Expr::Map(map) => self.map(map.entries.iter().map(|entry| &entry.expr)),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::Struct(_) | Expr::Unspecified => Err(Fault::because("it has a step that is not supported")),
        }
    }

    fn variable(&mut self, name: &str) -> Answer<'d> {
        if let Some((_, value)) = self.scope.iter().rev().find(|(local, _)| *local == name) {
            return value.clone();
        }
        let document = self.input.variable(name);
        Ok(document.map_or(Value::Null, |document| Value::of(document, portcullis_model::NodeId::ROOT)))
    }

    /// The accumulator of a macro, moved out: the step that uses it writes the next one, and nothing is copied.
    fn take(&mut self, expression: &'d IdedExpr) -> Answer<'d> {
        match &expression.expr {
            Expr::Ident(name) if name.starts_with('@') => {
                self.spend(1)?;
                let slot = self.scope.iter_mut().rev().find(|(local, _)| local == name);
                slot.map_or(Ok(Value::Null), |(_, value)| std::mem::replace(value, Ok(Value::Null)))
            }
            _ => self.step(expression),
        }
    }

    fn select(&mut self, select: &'d SelectExpr) -> Answer<'d> {
        let operand = self.step(&select.operand)?;
        let found = match &operand {
            Value::Node(document, node) if document.kind(*node) == Kind::Map => {
                let found = document.find(*node, &select.field);
                (!found.is_none()).then(|| Value::of(document, found))
            }
            Value::Map(entries) => {
                self.spend(entries.len() as u64)?;
                entries.iter().find(|(key, _)| key.as_text() == Some(&select.field)).map(|(_, value)| value.clone())
            }
            other => {
                return Err(Fault::because(format!("a {} has no field {}", other.type_name(), quote(&select.field))));
            }
        };
        match found {
            _ if select.test => Ok(Value::Bool(found.is_some())),
            Some(value) => Ok(value),
            None => Err(Fault::because(format!("no such key: {}", quote(&select.field)))),
        }
    }

    fn map(&mut self, entries: impl Iterator<Item = &'d EntryExpr>) -> Answer<'d> {
        let mut made: Vec<(Value, Value)> = Vec::new();
        for entry in entries {
            let EntryExpr::MapEntry(entry) = entry else { return Err(Fault::because("it makes a message")) };
            let (key, value) = (self.step(&entry.key)?, self.step(&entry.value)?);
            self.spend(made.len() as u64)?;
            if !matches!(key, Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Text(_)) {
                return Err(Fault::because(format!("a {} cannot be a key", key.type_name())));
            }
            for (other, _) in &made {
                if self.equal(other, &key)? {
                    return Err(Fault::because("a map has one key twice"));
                }
            }
            made.push((key, value));
        }
        Ok(Value::Map(Rc::new(made)))
    }

    fn comprehension(&mut self, comprehension: &'d ComprehensionExpr) -> Answer<'d> {
        let range = self.step(&comprehension.iter_range)?;
        if range.len().is_none() {
            return Err(Fault::because(format!("a {} has no items", range.type_name())));
        }
        let first = self.step(&comprehension.accu_init);
        let at = self.scope.len();
        self.scope.push((&comprehension.accu_var, first));
        self.scope.push((&comprehension.iter_var, Ok(Value::Null)));
        let result = self.iterate(comprehension, &range, at);
        self.scope.truncate(at);
        result
    }

    fn iterate(&mut self, comprehension: &'d ComprehensionExpr, range: &Value<'d>, at: usize) -> Answer<'d> {
        let mut position = 0;
        while let Some(item) = range.step(position) {
            position += 1;
            self.spend(ITEM_COST)?;
            if !matches!(self.step(&comprehension.loop_cond)?, Value::Bool(true)) {
                break;
            }
            self.scope[at + 1].1 = Ok(item);
            let next = self.step(&comprehension.loop_step);
            if matches!(next, Err(Fault::Spent)) {
                return next;
            }
            self.scope[at].1 = next;
        }
        // The result must not see the last item.
        self.scope.truncate(at + 1);
        self.step(&comprehension.result)
    }

    fn call(&mut self, id: u64, call: &'d CallExpr) -> Answer<'d> {
        let name = call.func_name.as_str();
        if call.target.is_none()
            && let Some(answer) = self.operator(name, &call.args)
        {
            return answer;
        }
        let (shape, name) = match call.target.as_deref() {
            None => (Shape::Global, Cow::Borrowed(name)),
            Some(IdedExpr { expr: Expr::Ident(prefix), .. })
                if ["sets", "ip"].contains(&prefix.as_str())
                    && !self.scope.iter().any(|(local, _)| local == prefix) =>
            {
                (Shape::Namespaced, Cow::Owned(format!("{prefix}.{name}")))
            }
            Some(_) => (Shape::Method, Cow::Borrowed(name)),
        };
        let target = call.target.as_deref().filter(|_| shape == Shape::Method);
        let values: Result<Vec<Value>, Fault> =
            target.into_iter().chain(&call.args).map(|part| self.step(part)).collect();
        let values = values?;
        if let Some(answer) = self.native(id, &name, &values) {
            return answer;
        }
        self.spend(functions::cost(&name, &values, self.budget.left))?;
        functions::call(shape, &name, &values)
    }

    /// The functions that conditions use most, without a copy of their arguments.
    fn native(&mut self, id: u64, name: &str, values: &[Value<'d>]) -> Option<Answer<'d>> {
        match (name, values) {
            ("dyn", [value]) => return Some(Ok(value.clone())),
            ("size", [Value::Text(text)]) => {
                let cost = text.len() as u64 / 64;
                return Some(self.spend(cost).map(|()| Value::Int(text.chars().count() as i64)));
            }
            ("size", [value]) => return value.len().map(|len| Ok(Value::Int(len as i64))),
            _ => {}
        }
        let (this, other) = match values {
            [Value::Text(this), Value::Text(other)] => (this, other),
            _ => return None,
        };
        let both = (this.len() + other.len()) as u64;
        let cost = match name {
            "contains" | "startsWith" | "endsWith" => both / 16,
            // As Kubernetes prices it: a tenth of the text times a quarter of the pattern.
            "matches" | "find" | "findAll" => {
                (this.len() as u64 + 10).saturating_mul(other.len() as u64 + 4) / 40 + both
            }
            _ => return None,
        };
        if let Err(fault) = self.spend(cost) {
            return Some(Err(fault));
        }
        let pattern = self.patterns.get(&id);
        Some(Ok(match (name, pattern) {
            ("contains", _) => Value::Bool(this.contains(&**other)),
            ("startsWith", _) => Value::Bool(this.starts_with(&**other)),
            ("endsWith", _) => Value::Bool(this.ends_with(&**other)),
            ("matches", Some(pattern)) => Value::Bool(pattern.is_match(this)),
            ("find", Some(pattern)) => Value::made(pattern.find(this).map_or("", |found| found.as_str())),
            (_, Some(pattern)) => {
                Value::List(Rc::new(pattern.find_iter(this).map(|found| Value::made(found.as_str())).collect()))
            }
            (_, None) => return None,
        }))
    }
}

fn of_literal(literal: &LiteralValue) -> Value<'_> {
    match literal {
        LiteralValue::Boolean(value) => Value::Bool(*value.inner()),
        LiteralValue::Bytes(bytes) => Value::Foreign(Rc::new(cel::Value::Bytes(bytes.inner().to_vec().into()))),
        LiteralValue::Double(value) => Value::Double(*value.inner()),
        LiteralValue::Int(value) => Value::Int(*value.inner()),
        LiteralValue::Null => Value::Null,
        LiteralValue::String(text) => Value::Text(Text::Borrowed(text.inner())),
        LiteralValue::UInt(value) => Value::Uint(*value.inner()),
    }
}
