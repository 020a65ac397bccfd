//! The operators of CEL: logic that absorbs errors, numbers that never wrap, equality across types.

use std::cmp::Ordering;
use std::rc::Rc;

use kube_cel::cel::{self, IdedExpr};
use portcullis_model::Kind;

use super::{Answer, Fault, ITEM_COST, Value, Walk, operators};
use crate::error::quote;

impl<'d> Walk<'d> {
    /// The answer of an operator; nothing where the name is none.
    pub(super) fn operator(&mut self, name: &str, arguments: &'d [IdedExpr]) -> Option<Answer<'d>> {
        match (name, arguments) {
            (operators::CONDITIONAL, [condition, yes, no]) => Some(self.conditional(condition, yes, no)),
            (operators::LOGICAL_AND, [left, right]) => Some(self.logic(false, left, right)),
            (operators::LOGICAL_OR, [left, right]) => Some(self.logic(true, left, right)),
            (operators::LOGICAL_NOT, [one]) => Some(self.step(one).and_then(|value| match value {
                Value::Bool(value) => Ok(Value::Bool(!value)),
                other => Err(unfit("!", &[&other])),
            })),
            (operators::NEGATE, [one]) => Some(self.step(one).and_then(|value| match value {
                Value::Int(value) => value.checked_neg().map(Value::Int).ok_or_else(overflow),
                Value::Double(value) => Ok(Value::Double(-value)),
                other => Err(unfit("-", &[&other])),
            })),
            (operators::NOT_STRICTLY_FALSE, [one]) => Some(match self.step(one) {
                Err(Fault::Spent) => Err(Fault::Spent),
                Ok(Value::Bool(value)) => Ok(Value::Bool(value)),
                _ => Ok(Value::Bool(true)),
            }),
            (operators::ADD, [left, right]) => Some(self.add(left, right)),
            (operators::EQUALS, [left, right]) => {
                Some(self.both(left, right, |walk, left, right| walk.equal(&left, &right).map(Value::Bool)))
            }
            (operators::NOT_EQUALS, [left, right]) => Some(
                self.both(left, right, |walk, left, right| walk.equal(&left, &right).map(|equal| Value::Bool(!equal))),
            ),
            (operators::INDEX, [left, right]) => {
                Some(self.both(left, right, |walk, left, right| walk.index(&left, &right)))
            }
            (operators::IN, [left, right]) => {
                Some(self.both(left, right, |walk, left, right| walk.contains(&left, &right).map(Value::Bool)))
            }
            (operators::LESS, [left, right]) => Some(self.ordered("<", left, right, |order| order.is_lt())),
            (operators::LESS_EQUALS, [left, right]) => Some(self.ordered("<=", left, right, |order| order.is_le())),
            (operators::GREATER, [left, right]) => Some(self.ordered(">", left, right, |order| order.is_gt())),
            (operators::GREATER_EQUALS, [left, right]) => Some(self.ordered(">=", left, right, |order| order.is_ge())),
            (operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE | operators::MODULO, [left, right]) => {
                Some(self.both(left, right, |_, left, right| arithmetic(name, left, right)))
            }
            _ => None,
        }
    }

    fn conditional(&mut self, condition: &'d IdedExpr, yes: &'d IdedExpr, no: &'d IdedExpr) -> Answer<'d> {
        match self.step(condition)? {
            Value::Bool(true) => self.step(yes),
            Value::Bool(false) => self.step(no),
            other => Err(unfit("?:", &[&other])),
        }
    }

    /// `&&` (`decides` is false) and `||` (true): one side that decides outweighs an error of the other.
    fn logic(&mut self, decides: bool, left: &'d IdedExpr, right: &'d IdedExpr) -> Answer<'d> {
        let left = self.step(left);
        match &left {
            Err(Fault::Spent) => return left,
            Ok(Value::Bool(value)) if *value == decides => return Ok(Value::Bool(decides)),
            _ => {}
        }
        let right = self.step(right);
        match (left, right) {
            (_, Err(Fault::Spent)) => Err(Fault::Spent),
            (_, Ok(Value::Bool(value))) if value == decides => Ok(Value::Bool(decides)),
            (Ok(Value::Bool(_)), Ok(Value::Bool(_))) => Ok(Value::Bool(!decides)),
            (Err(fault), _) | (_, Err(fault)) => Err(fault),
            (Ok(left), Ok(right)) => Err(unfit(if decides { "||" } else { "&&" }, &[&left, &right])),
        }
    }

    fn add(&mut self, left: &'d IdedExpr, right: &'d IdedExpr) -> Answer<'d> {
        let left = self.take(left)?;
        let right = self.step(right)?;
        match (left, right) {
            (Value::Int(left), Value::Int(right)) => left.checked_add(right).map(Value::Int).ok_or_else(overflow),
            (Value::Uint(left), Value::Uint(right)) => left.checked_add(right).map(Value::Uint).ok_or_else(overflow),
            (Value::Double(left), Value::Double(right)) => Ok(Value::Double(left + right)),
            (Value::Text(left), Value::Text(right)) => {
                self.spend((left.len() + right.len()) as u64 / 8 + 1)?;
                Ok(Value::made(&[&*left, &*right].concat()))
            }
            (Value::Foreign(left), Value::Foreign(right)) => library("+", (*left).clone() + (*right).clone()),
            (left, right) if left.type_name() == "list" && right.type_name() == "list" => {
                self.concatenate(left, &right)
            }
            (left, right) => Err(unfit("+", &[&left, &right])),
        }
    }

    fn concatenate(&mut self, left: Value<'d>, right: &Value<'d>) -> Answer<'d> {
        let items = |list: &Value<'d>| (0..).map_while(|at| list.step(at)).collect::<Vec<_>>();
        self.spend(ITEM_COST * right.len().unwrap_or_default() as u64)?;
        let mut made = match left {
            Value::List(made) => made,
            other => {
                self.spend(ITEM_COST * other.len().unwrap_or_default() as u64)?;
                Rc::new(items(&other))
            }
        };
        if Rc::strong_count(&made) > 1 {
            self.spend(ITEM_COST * made.len() as u64)?;
        }
        Rc::make_mut(&mut made).extend(items(right));
        Ok(Value::List(made))
    }

    fn both(
        &mut self,
        left: &'d IdedExpr,
        right: &'d IdedExpr,
        then: impl FnOnce(&mut Self, Value<'d>, Value<'d>) -> Answer<'d>,
    ) -> Answer<'d> {
        let left = self.step(left)?;
        let right = self.step(right)?;
        then(self, left, right)
    }

    /// A comparison; where one side is NaN there is no order, and nothing holds.
    fn ordered(
        &mut self,
        sign: &str,
        left: &'d IdedExpr,
        right: &'d IdedExpr,
        holds: impl FnOnce(Ordering) -> bool,
    ) -> Answer<'d> {
        self.both(left, right, |walk, left, right| {
            walk.compare(sign, &left, &right).map(|order| Value::Bool(order.is_some_and(holds)))
        })
    }

    /// `left == right`: numbers by value whatever their type, lists and maps in depth, other types are unequal.
    pub(super) fn equal(&mut self, left: &Value<'d>, right: &Value<'d>) -> Result<bool, Fault> {
        self.spend(1)?;
        if let Some(order) = order_of(left, right) {
            return Ok(order == Some(Ordering::Equal));
        }
        match (left, right) {
            (Value::Null, Value::Null) => Ok(true),
            (Value::Bool(left), Value::Bool(right)) => Ok(left == right),
            (Value::Text(left), Value::Text(right)) => {
                self.spend(left.len().min(right.len()) as u64 / 64)?;
                Ok(**left == **right)
            }
            (Value::Foreign(left), Value::Foreign(right)) => Ok(left == right),
            _ if left.type_name() != right.type_name() || left.len() != right.len() => Ok(false),
            _ => self.equal_items(left, right),
        }
    }

    fn equal_items(&mut self, left: &Value<'d>, right: &Value<'d>) -> Result<bool, Fault> {
        for at in 0..left.len().unwrap_or_default() {
            let Some(item) = left.step(at) else { return Ok(false) };
            let equal = if left.type_name() == "map" {
                match (self.entry(left, &item)?, self.entry(right, &item)?) {
                    (Some(left), Some(right)) => self.equal(&left, &right)?,
                    _ => false,
                }
            } else {
                match right.step(at) {
                    Some(other) => self.equal(&item, &other)?,
                    None => false,
                }
            };
            if !equal {
                return Ok(false);
            }
        }
        // What has no items (none of the types above) is not equal to anything.
        Ok(left.len().is_some())
    }

    fn contains(&mut self, item: &Value<'d>, container: &Value<'d>) -> Result<bool, Fault> {
        match container.type_name() {
            "map" => self.entry(container, item).map(|found| found.is_some()),
            "list" => {
                for at in 0..container.len().unwrap_or_default() {
                    if let Some(other) = container.step(at)
                        && self.equal(item, &other)?
                    {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            _ => Err(unfit("in", &[item, container])),
        }
    }

    fn index(&mut self, container: &Value<'d>, key: &Value<'d>) -> Answer<'d> {
        match (container.type_name(), key) {
            ("map", _) => self.entry(container, key)?.ok_or_else(|| match key.as_text() {
                Some(text) => Fault::because(format!("no such key: {}", quote(text))),
                None => Fault::because("no such key"),
            }),
            ("list", Value::Int(_) | Value::Uint(_) | Value::Double(_)) => {
                let at = match key {
                    Value::Int(at) => usize::try_from(*at).ok(),
                    Value::Uint(at) => usize::try_from(*at).ok(),
                    Value::Double(at) if at.fract() == 0.0 && (0.0..1e15).contains(at) => Some(*at as usize),
                    _ => None,
                };
                at.and_then(|at| container.step(at)).ok_or_else(|| Fault::because("index out of bounds"))
            }
            _ => Err(unfit("[]", &[container, key])),
        }
    }

    fn entry(&mut self, map: &Value<'d>, key: &Value<'d>) -> Result<Option<Value<'d>>, Fault> {
        match (map, key) {
            (Value::Node(document, node), Value::Text(key)) if document.kind(*node) == Kind::Map => {
                self.spend(1 + key.len() as u64 / 16)?;
                let found = document.find(*node, key);
                Ok((!found.is_none()).then(|| Value::of(document, found)))
            }
            (Value::Map(entries), _) => {
                for (other, value) in entries.iter() {
                    if self.equal(other, key)? {
                        return Ok(Some(value.clone()));
                    }
                }
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    fn compare(&mut self, sign: &str, left: &Value<'d>, right: &Value<'d>) -> Result<Option<Ordering>, Fault> {
        if let Some(order) = order_of(left, right) {
            return Ok(order);
        }
        match (left, right) {
            (Value::Bool(left), Value::Bool(right)) => Ok(Some(left.cmp(right))),
            (Value::Text(left), Value::Text(right)) => {
                self.spend(left.len().min(right.len()) as u64 / 64)?;
                Ok(Some((**left).cmp(&**right)))
            }
            (Value::Foreign(left), Value::Foreign(right)) => {
                let order = (**left).partial_cmp(&**right);
                order.map(Some).ok_or_else(|| Fault::because(format!("`{sign}` cannot compare these values")))
            }
            _ => Err(unfit(sign, &[left, right])),
        }
    }
}

fn arithmetic<'d>(name: &str, left: Value<'d>, right: Value<'d>) -> Answer<'d> {
    let zero = matches!(right, Value::Int(0) | Value::Uint(0));
    if zero && [operators::DIVIDE, operators::MODULO].contains(&name) {
        return Err(Fault::because("division by zero"));
    }
    match (name, left, right) {
        (operators::SUBSTRACT, Value::Int(a), Value::Int(b)) => a.checked_sub(b).map(Value::Int).ok_or_else(overflow),
        (operators::SUBSTRACT, Value::Uint(a), Value::Uint(b)) => {
            a.checked_sub(b).map(Value::Uint).ok_or_else(overflow)
        }
        (operators::SUBSTRACT, Value::Double(a), Value::Double(b)) => Ok(Value::Double(a - b)),
        (operators::SUBSTRACT, Value::Foreign(a), Value::Foreign(b)) => library("-", (*a).clone() - (*b).clone()),
        (operators::MULTIPLY, Value::Int(a), Value::Int(b)) => a.checked_mul(b).map(Value::Int).ok_or_else(overflow),
        (operators::MULTIPLY, Value::Uint(a), Value::Uint(b)) => a.checked_mul(b).map(Value::Uint).ok_or_else(overflow),
        (operators::MULTIPLY, Value::Double(a), Value::Double(b)) => Ok(Value::Double(a * b)),
        (operators::DIVIDE, Value::Int(a), Value::Int(b)) => a.checked_div(b).map(Value::Int).ok_or_else(overflow),
        (operators::DIVIDE, Value::Uint(a), Value::Uint(b)) => a.checked_div(b).map(Value::Uint).ok_or_else(overflow),
        (operators::DIVIDE, Value::Double(a), Value::Double(b)) => Ok(Value::Double(a / b)),
        (operators::MODULO, Value::Int(a), Value::Int(b)) => a.checked_rem(b).map(Value::Int).ok_or_else(overflow),
        (operators::MODULO, Value::Uint(a), Value::Uint(b)) => a.checked_rem(b).map(Value::Uint).ok_or_else(overflow),
        (name, left, right) => Err(unfit(name.trim_matches('_'), &[&left, &right])),
    }
}

fn library<'d>(sign: &str, result: Result<cel::Value, cel::ExecutionError>) -> Answer<'d> {
    result.map(Value::from_library).map_err(|_| Fault::because(format!("`{sign}` cannot be computed of these values")))
}

/// The order of two numbers of any type, exactly; nothing where one is no number, no order where one is NaN.
fn order_of(left: &Value, right: &Value) -> Option<Option<Ordering>> {
    let wide = |value: &Value| match value {
        Value::Int(value) => Some(i128::from(*value)),
        Value::Uint(value) => Some(i128::from(*value)),
        _ => None,
    };
    match (wide(left), wide(right), left, right) {
        (Some(left), Some(right), ..) => Some(Some(left.cmp(&right))),
        (None, None, Value::Double(left), Value::Double(right)) => Some(left.partial_cmp(right)),
        (Some(left), None, _, Value::Double(right)) => Some(order_with(left, *right)),
        (None, Some(right), Value::Double(left), _) => Some(order_with(right, *left).map(Ordering::reverse)),
        _ => None,
    }
}

/// A 64-bit whole number against a double: no rounding of the whole number.
fn order_with(whole: i128, double: f64) -> Option<Ordering> {
    if double.is_nan() {
        return None;
    }
    // Beyond 2^65 every 64-bit number is smaller or larger; within, the floor of a double is an exact i128.
    let limit = 36_893_488_147_419_103_232.0;
    if double >= limit {
        return Some(Ordering::Less);
    }
    if double <= -limit {
        return Some(Ordering::Greater);
    }
    let floor = double.floor();
    Some(whole.cmp(&(floor as i128)).then(if double > floor { Ordering::Less } else { Ordering::Equal }))
}

fn unfit(sign: &str, values: &[&Value]) -> Fault {
    let types: Vec<&str> = values.iter().map(|value| value.type_name()).collect();
    Fault::because(format!("`{sign}` is not defined for {}", types.join(" and ")))
}

fn overflow() -> Fault {
    Fault::because("a number is out of range")
}
