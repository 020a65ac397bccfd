//! Functions on lists and sets.

use std::cmp::Ordering;

use crate::functions::Does;
use crate::library::add;
use crate::machine::{ITEM, Machine};
use crate::value::Value;

/// A function on a list; nothing where it is another one.
pub(crate) fn call<'a>(machine: &mut Machine<'a>, does: Does, arguments: &[Value<'a>]) -> Option<Value<'a>> {
    if let (Does::Range, [Value::Int(length)]) = (does, arguments) {
        let length = (*length).max(0);
        if !machine.make((length as u64).saturating_mul(ITEM)) {
            return Some(Value::list(Vec::new()));
        }
        return Some(Value::list((0..length).map(Value::Int).collect()));
    }
    let list = arguments.first()?;
    if !list.is_list() {
        return None;
    }
    Some(match (does, arguments) {
        (Does::IsSorted, [_]) => is_sorted(machine, list),
        (Does::Sum, [_]) => sum(machine, list),
        (Does::Min, [_]) => extreme(machine, list, Ordering::Greater, "min"),
        (Does::Max, [_]) => extreme(machine, list, Ordering::Less, "max"),
        (Does::IndexOf | Does::LastIndexOf, [_, wanted]) => position(machine, list, wanted, does == Does::LastIndexOf),
        (Does::Slice, [_, Value::Int(from), Value::Int(to)]) => slice(machine, list, *from, *to),
        (Does::Flatten, [_]) => flatten(machine, list, 1),
        (Does::Flatten, [_, Value::Int(depth)]) => flatten(machine, list, *depth),
        (Does::Sort, [_]) => {
            let items = machine.items(list)?;
            sort_by(machine, items.clone(), &items)
        }
        (Does::Reverse, [_]) => {
            let mut items = taken(machine, list)?;
            items.reverse();
            Value::list(items)
        }
        (Does::Distinct, [_]) => distinct(machine, list),
        (Does::First, [_]) => machine.items(list)?.into_iter().next().map_or(Value::Optional(None), Value::some),
        (Does::Last, [_]) => machine.items(list)?.pop().map_or(Value::Optional(None), Value::some),
        (Does::Unwrap, [_]) => unwrap(machine, list),
        (Does::SetContains, [_, other]) => contains_all(machine, list, other),
        (Does::SetEquivalent, [_, other]) => match contains_all(machine, list, other) {
            Value::Bool(true) => contains_all(machine, other, list),
            other => other,
        },
        (Does::SetIntersects, [_, other]) => intersects(machine, list, other),
        _ => return None,
    })
}

/// The items, counted as made.
fn taken<'a>(machine: &mut Machine<'a>, list: &Value<'a>) -> Option<Vec<Value<'a>>> {
    let items = machine.items(list)?;
    machine.make(items.len() as u64 * ITEM);
    Some(items)
}

fn is_sorted<'a>(machine: &mut Machine<'a>, list: &Value<'a>) -> Value<'a> {
    let Some(items) = machine.items(list) else { return Value::no_overload() };
    for pair in items.windows(2) {
        match pair[0].order(&pair[1]) {
            Some(Ordering::Greater) => return Value::Bool(false),
            Some(_) => {}
            None if pair.iter().any(is_no_key) => return Value::no_overload(),
            None => {}
        }
    }
    Value::Bool(true)
}

fn sum<'a>(machine: &mut Machine<'a>, list: &Value<'a>) -> Value<'a> {
    let Some(items) = machine.items(list) else { return Value::no_overload() };
    let mut items = items.into_iter();
    let Some(mut sum) = items.next() else { return Value::Int(0) };
    if !matches!(sum, Value::Int(_) | Value::Uint(_) | Value::Double(_) | Value::Duration(_)) {
        return Value::no_overload();
    }
    for item in items {
        sum = add(machine, &sum, &item);
        if sum.is_error() {
            break;
        }
    }
    sum
}

/// The least or the greatest item.
fn extreme<'a>(machine: &mut Machine<'a>, list: &Value<'a>, worse: Ordering, name: &str) -> Value<'a> {
    let Some(items) = machine.items(list) else { return Value::no_overload() };
    let mut items = items.into_iter();
    let Some(mut best) = items.next() else { return Value::error(format!("{name} called on empty list")) };
    for item in items {
        match best.order(&item) {
            Some(order) if order == worse => best = item,
            Some(_) => {}
            None if is_no_key(&item) => return Value::no_overload(),
            None => {}
        }
    }
    best
}

/// What compares with nothing at all, not even with itself.
fn is_no_key(value: &Value<'_>) -> bool {
    value.order(value).is_none() && !matches!(value, Value::Double(_))
}

fn position<'a>(machine: &mut Machine<'a>, list: &Value<'a>, wanted: &Value<'a>, last: bool) -> Value<'a> {
    let Some(items) = machine.items(list) else { return Value::no_overload() };
    let mut found = -1;
    for (position, item) in (0..).zip(&items) {
        if machine.equal(item, wanted) == Some(true) {
            found = position;
            if !last {
                break;
            }
        }
    }
    Value::Int(found)
}

fn slice<'a>(machine: &mut Machine<'a>, list: &Value<'a>, from: i64, to: i64) -> Value<'a> {
    let length = i64::from(machine.length(list));
    let wrong = match () {
        () if from < 0 || to < 0 => "negative indexes not supported".to_owned(),
        () if from > to => "start index must be less than or equal to end index".to_owned(),
        () if length < to => format!("list is length {length}"),
        () => {
            let items = taken(machine, list).unwrap_or_default();
            return Value::list(items.into_iter().skip(from as usize).take((to - from) as usize).collect());
        }
    };
    Value::error(format!("cannot slice({from}, {to}), {wrong}"))
}

fn flatten<'a>(machine: &mut Machine<'a>, list: &Value<'a>, depth: i64) -> Value<'a> {
    if depth < 0 {
        return Value::error("level must be non-negative");
    }
    // What is open stands on a heap: lists may be nested as deep as documents.
    let mut open = vec![(machine.items(list).unwrap_or_default().into_iter(), depth)];
    let mut flat = Vec::new();
    while let Some((items, depth)) = open.last_mut() {
        if machine.is_spent() {
            break;
        }
        let depth = *depth;
        match items.next() {
            None => {
                open.pop();
            }
            Some(item) if depth > 0 && item.is_list() => {
                let inner = machine.items(&item).unwrap_or_default();
                open.push((inner.into_iter(), depth - 1));
            }
            Some(item) => {
                if !machine.make(ITEM) {
                    break;
                }
                flat.push(item);
            }
        }
    }
    Value::list(flat)
}

/// Sorts items by keys of the same number; keys must be of one type that can be compared.
pub(crate) fn sort_by<'a>(machine: &mut Machine<'a>, items: Vec<Value<'a>>, keys: &[Value<'a>]) -> Value<'a> {
    let Some(first) = keys.first() else { return Value::list(items) };
    if first.order(first).is_none() && !matches!(first, Value::Double(_)) {
        return Value::error("list elements must be comparable");
    }
    if keys.len() > 1 && keys.iter().any(|key| key.type_number() != first.type_number()) {
        return Value::error("list elements must have the same type");
    }
    let count = keys.len() as u64;
    machine.work(count * u64::from(count.ilog2() + 1));
    let mut order: Vec<usize> = (0..keys.len()).collect();
    // What is no number stands behind all that are, so that the order is one.
    let no_number = |key: &Value<'_>| matches!(key, Value::Double(number) if number.is_nan());
    order.sort_by(|a, b| {
        let (a, b) = (&keys[*a], &keys[*b]);
        a.order(b).unwrap_or_else(|| no_number(a).cmp(&no_number(b)))
    });
    machine.make(count * ITEM);
    Value::list(order.into_iter().filter_map(|position| items.get(position).cloned()).collect())
}

fn distinct<'a>(machine: &mut Machine<'a>, list: &Value<'a>) -> Value<'a> {
    let Some(items) = taken(machine, list) else { return Value::no_overload() };
    let mut kept: Vec<Value<'a>> = Vec::new();
    for item in items {
        if !machine.make(0) {
            break;
        }
        if !kept.iter().any(|other| machine.equal(&item, other) == Some(true)) {
            kept.push(item);
        }
    }
    Value::list(kept)
}

fn unwrap<'a>(machine: &mut Machine<'a>, list: &Value<'a>) -> Value<'a> {
    let Some(items) = taken(machine, list) else { return Value::no_overload() };
    let mut values = Vec::with_capacity(items.len());
    for item in items {
        match item {
            Value::Optional(inner) => values.extend(inner.map(|inner| inner.as_ref().clone())),
            _ => return Value::error("value is not an optional"),
        }
    }
    Value::list(values)
}

fn contains_all<'a>(machine: &mut Machine<'a>, list: &Value<'a>, others: &Value<'a>) -> Value<'a> {
    let Some(others) = machine.items(others) else { return Value::no_overload() };
    for other in others {
        match machine.holds(list, &other) {
            Value::Bool(true) => {}
            decided => return decided,
        }
    }
    Value::Bool(true)
}

fn intersects<'a>(machine: &mut Machine<'a>, list: &Value<'a>, others: &Value<'a>) -> Value<'a> {
    let Some(items) = machine.items(list) else { return Value::no_overload() };
    if !others.is_list() {
        return Value::no_overload();
    }
    for item in items {
        if let Value::Bool(true) = machine.holds(others, &item) {
            return Value::Bool(true);
        }
        if machine.is_spent() {
            break;
        }
    }
    Value::Bool(false)
}
