//! Fields, items and entries, wherever a value lies; and whether two values are equal.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::rc::Rc;

use crate::documents::NodeKind;
use crate::machine::{Found, ITEM, Machine};
use crate::place::Place;
use crate::value::{Value, is_key, key_order};

/// Bytes of a document's text that cost a step: no more than a host lets cross (1 MiB) costs less than the whole budget.
pub(crate) const BYTES_ASKED: u64 = 4;
/// Steps for each question to the host: no more than a host answers (100,000) cost less than the whole budget, so that the
/// budget ends first, and what was found until then stays found.
const ASKED: u64 = 2;

impl<'a> Machine<'a> {
    pub(crate) fn asks(&mut self, questions: u64) {
        self.work(questions * ASKED);
    }

    /// Reads what stands at a node; lists and maps stay where they are.
    pub(crate) fn load(&mut self, value: Value<'a>) -> Value<'a> {
        let Value::Node(node) = value else { return value };
        self.asks(2);
        match self.documents.kind(node) {
            NodeKind::None | NodeKind::Null => Value::Null,
            NodeKind::Bool => Value::Bool(self.documents.boolean(node)),
            NodeKind::Number => crate::data::number(&self.documents.number(node)),
            NodeKind::Text => {
                let text = self.documents.text(node);
                self.read(text)
            }
            NodeKind::List => Value::NodeList(node),
            NodeKind::Map => Value::NodeMap(node),
        }
    }

    /// A text of a document: what is lent is only looked at.
    pub(crate) fn read(&mut self, text: Cow<'a, str>) -> Value<'a> {
        match text {
            Cow::Borrowed(text) => {
                self.look(text.len());
                Value::Text(text)
            }
            Cow::Owned(text) => {
                self.work(text.len() as u64 / BYTES_ASKED);
                Value::text(text)
            }
        }
    }

    /// How many items or entries a list or map has.
    pub(crate) fn length(&self, value: &Value<'a>) -> u32 {
        match value {
            Value::List(items) => items.len() as u32,
            Value::Map(entries) => entries.len() as u32,
            Value::NodeList(node) | Value::NodeMap(node) => self.documents.len(*node),
            Value::DataList(place) | Value::DataMap(place) => self.data.len(*place),
            _ => 0,
        }
    }

    /// An item of a list.
    pub(crate) fn item(&mut self, list: &Found<'a>, position: u32) -> Found<'a> {
        let (value, place) = match &list.value {
            Value::List(items) => (items.get(position as usize).cloned().unwrap_or(Value::Null), list.place),
            Value::NodeList(node) => {
                self.asks(1);
                let node = self.documents.at(*node, position);
                (Value::Node(node), if list.place.is_none() { Place::NONE } else { Place::node(node) })
            }
            Value::DataList(place) => (self.data.at(*place, position), Place::NONE),
            _ => (Value::no_overload(), list.place),
        };
        // What was made of several places is found again in its items.
        let place = match &value {
            Value::NodeMap(node) | Value::NodeList(node) | Value::Node(node) if !list.place.is_none() => {
                Place::node(*node)
            }
            _ => place,
        };
        Found { value, place }
    }

    /// All items of a list, read.
    pub(crate) fn items(&mut self, value: &Value<'a>) -> Option<Vec<Value<'a>>> {
        if !value.is_list() {
            return None;
        }
        if let Value::List(items) = value
            && !items.iter().any(|item| matches!(item, Value::Node(_)))
        {
            self.work(items.len() as u64);
            return Some(items.as_ref().clone());
        }
        let list = Found { value: value.clone(), place: Place::NONE };
        let length = self.length(value);
        let mut items = Vec::with_capacity(length as usize);
        for position in 0..length {
            if !self.make(ITEM) {
                break;
            }
            let item = self.item(&list, position);
            items.push(self.load(item.value));
        }
        Some(items)
    }

    /// Key and value of a map's entry; the value only where it is wanted.
    pub(crate) fn entry(&mut self, map: &Found<'a>, position: u32, whole: bool) -> (Found<'a>, Found<'a>) {
        let (key, value, place) = match &map.value {
            Value::Map(entries) => match entries.get(position as usize) {
                Some((key, value)) => (key.clone(), value.clone(), map.place),
                None => (Value::Null, Value::Null, map.place),
            },
            Value::NodeMap(node) => {
                self.asks(2);
                let key = self.documents.key_at(*node, position);
                let key = self.read(key);
                let traced = whole || !map.place.is_none();
                let value = if traced { self.documents.at(*node, position) } else { 0 };
                let place = if map.place.is_none() { Place::NONE } else { Place::node(value) };
                (key, Value::Node(value), place)
            }
            Value::DataMap(place) => {
                (self.data.at(*place, position * 2), self.data.at(*place, position * 2 + 1), Place::NONE)
            }
            _ => (Value::no_overload(), Value::no_overload(), map.place),
        };
        (Found { value: key, place }, Found { value, place })
    }

    /// The value under a key; nothing where there is none.
    fn under(&mut self, map: &Value<'a>, key: &Value<'a>) -> Option<Value<'a>> {
        match (map, key.as_text()) {
            (Value::NodeMap(node), Some(key)) => {
                self.asks(1);
                Some(self.documents.find(*node, key)).filter(|node| *node != 0).map(Value::Node)
            }
            (Value::DataMap(place), Some(key)) => self.data.find(*place, key),
            // What is no key has no place in their order, and nothing but itself may be found under it.
            (Value::Map(entries), _) if is_key(key) && !matches!(key, Value::Double(number) if number.is_nan()) => {
                let found = entries.binary_search_by(|(other, _)| key_order(other, key)).ok()?;
                Some(entries[found].1.clone())
            }
            _ => None,
        }
    }

    /// The field of what lies on top, with the place that it has or that it is missing from.
    fn field(&mut self, name: &'a str) -> (Option<Value<'a>>, Found<'a>) {
        let mut found = self.pop();
        if let Value::Node(node) = found.value {
            self.asks(1);
            let child = self.documents.find(node, name);
            if child != 0 {
                let place = if found.place.is_none() { Place::NONE } else { Place::node(child) };
                return (Some(Value::Node(child)), Found { value: Value::NodeMap(node), place });
            }
            found.value = self.load(found.value);
        }
        let value = self.under(&found.value, &Value::Text(name));
        let place = match (&found.value, &value) {
            _ if found.place.is_none() => Place::NONE,
            (Value::NodeMap(_), Some(Value::Node(child))) => Place::node(*child),
            (Value::NodeMap(node), None) => self.places.missing(*node, name),
            _ => found.place,
        };
        (value, Found { value: found.value, place })
    }

    pub(crate) fn select(&mut self, name: &'a str) {
        let (field, holder) = self.field(name);
        let value = match (field, holder.value) {
            (Some(value), _) => value,
            (None, Value::Optional(inner)) => return self.select_in_optional(inner, holder.place, name),
            (None, Value::Struct(number)) => match self.field_of(number, name) {
                Ok(value) => value.unwrap_or_else(|| no_such_key(name)),
                Err(unknown) => unknown,
            },
            (None, error @ Value::Error(_)) => error,
            (None, value) if value.is_list() => no_position(&Value::Text(name)),
            (None, value) if value.is_map() => no_such_key(name),
            (None, value) => {
                Value::error(format!("no such key: {name}: there is {} instead of a map", article(&value)))
            }
        };
        self.push(value, holder.place);
    }

    fn select_in_optional(&mut self, inner: Option<Rc<Value<'a>>>, place: Place, name: &'a str) {
        let Some(inner) = inner else { return self.push(Value::Optional(None), place) };
        self.push(inner.as_ref().clone(), place);
        self.select_optional(name);
    }

    pub(crate) fn select_optional(&mut self, name: &'a str) {
        let (field, holder) = self.field(name);
        let value = match (field, holder.value) {
            (Some(value), _) => {
                let value = self.load(value);
                Value::some(value)
            }
            (None, Value::Optional(Some(inner))) => {
                self.push(inner.as_ref().clone(), holder.place);
                return self.select_optional(name);
            }
            (None, Value::Optional(None)) => Value::Optional(None),
            (None, Value::Struct(number)) => match self.field_of(number, name) {
                Ok(Some(value)) => Value::some(value),
                Ok(None) => Value::Optional(None),
                Err(unknown) => unknown,
            },
            (None, error @ Value::Error(_)) => error,
            (None, value) if value.is_list() => no_position(&Value::Text(name)),
            (None, _) => Value::Optional(None),
        };
        self.push(value, holder.place);
    }

    pub(crate) fn has(&mut self, name: &'a str) {
        let (field, holder) = self.field(name);
        let value = match (field, holder.value) {
            (Some(_), _) => Value::Bool(true),
            (None, Value::Optional(Some(inner))) => {
                self.push(inner.as_ref().clone(), holder.place);
                return self.has(name);
            }
            (None, Value::Optional(None)) => Value::Bool(false),
            (None, Value::Struct(number)) => match self.field_of(number, name) {
                Ok(value) => Value::Bool(value.is_some()),
                Err(unknown) => unknown,
            },
            (None, error @ Value::Error(_)) => error,
            (None, value) if value.is_list() => no_position(&Value::Text(name)),
            (None, _) => Value::Bool(false),
        };
        self.push(value, holder.place);
    }

    pub(crate) fn index(&mut self, optional: bool, arguments: &[Value<'a>], place: Place) {
        let [holder, key] = arguments else { return self.push(Value::no_overload(), place) };
        if let Value::Optional(inner) = holder {
            let Some(inner) = inner else { return self.push(Value::Optional(None), place) };
            return self.index(true, &[inner.as_ref().clone(), key.clone()], place);
        }
        let found = if holder.is_list() { self.indexed(holder, key) } else { self.keyed(holder, key) };
        let place = match (&found, holder) {
            _ if place.is_none() => place,
            (Ok(Value::Node(node)), _) => Place::node(*node),
            (Err(_), Value::NodeMap(node)) => match key.as_text() {
                Some(key) => self.places.missing(*node, key),
                None => place,
            },
            _ => place,
        };
        let value = match (optional, found) {
            (false, Ok(value)) => value,
            (false, Err(what)) => what,
            (true, Ok(value)) => {
                let value = self.load(value);
                Value::some(value)
            }
            (true, Err(what)) if holder.is_list() && !is_index(key) => what,
            (true, Err(what)) if holder.is_map() && !is_qualifier(key) => what,
            (true, Err(_)) => Value::Optional(None),
        };
        self.push(value, place);
    }

    fn indexed(&mut self, list: &Value<'a>, key: &Value<'a>) -> Result<Value<'a>, Value<'a>> {
        let position = match key {
            Value::Int(number) => Some(*number),
            Value::Uint(number) => i64::try_from(*number).ok(),
            Value::Double(number) if number.fract() == 0.0 && number.abs() < 9e15 => Some(*number as i64),
            _ => return Err(no_position(key)),
        };
        let length = i64::from(self.length(list));
        match position.filter(|position| (0..length).contains(position)) {
            Some(position) => {
                let list = Found { value: list.clone(), place: Place::NONE };
                Ok(self.item(&list, position as u32).value)
            }
            None => Err(Value::error(format!("index out of bounds: {}", shown_key(key)))),
        }
    }

    fn keyed(&mut self, map: &Value<'a>, key: &Value<'a>) -> Result<Value<'a>, Value<'a>> {
        if !map.is_map() {
            return Err(Value::no_overload());
        }
        if !is_qualifier(key) {
            return Err(Value::error(format!("a {} is no key of a map", key.type_name())));
        }
        self.under(map, key).ok_or_else(|| no_such_key(&shown_key(key)))
    }

    /// Whether a list has an item, or a map a key.
    pub(crate) fn holds(&mut self, holder: &Value<'a>, wanted: &Value<'a>) -> Value<'a> {
        if holder.is_map() && !matches!(wanted, Value::Bytes(_)) {
            return Value::Bool(self.under(holder, wanted).is_some());
        }
        if !holder.is_list() {
            return Value::no_overload();
        }
        let list = Found { value: holder.clone(), place: Place::NONE };
        for position in 0..self.length(holder) {
            self.work(1);
            if self.is_spent() {
                return Value::no_overload();
            }
            let item = self.item(&list, position);
            let item = self.load(item.value);
            if self.equal(wanted, &item) == Some(true) {
                return Value::Bool(true);
            }
        }
        Value::Bool(false)
    }

    /// Whether two values are equal; nothing where that cannot be said.
    pub(crate) fn equal(&mut self, one: &Value<'a>, other: &Value<'a>) -> Option<bool> {
        let mut open = vec![(one.clone(), other.clone())];
        while let Some((one, other)) = open.pop() {
            self.work(1);
            if self.is_spent() {
                return None;
            }
            let (one, other) = (self.load(one), self.load(other));
            let same = match (&one, &other) {
                (one, other) if one.is_list() && other.is_list() => self.open_lists(one, other, &mut open),
                (one, other) if one.is_map() && other.is_map() => self.open_maps(one, other, &mut open),
                (Value::Optional(Some(one)), Value::Optional(Some(other))) => {
                    open.push((one.as_ref().clone(), other.as_ref().clone()));
                    true
                }
                (one, other) => {
                    if let (Some(text), Some(_)) = (one.as_text(), other.as_text()) {
                        self.look(text.len());
                    }
                    scalar_equal(one, other)?
                }
            };
            if !same {
                return Some(false);
            }
        }
        Some(true)
    }

    fn open_lists(&mut self, one: &Value<'a>, other: &Value<'a>, open: &mut Vec<(Value<'a>, Value<'a>)>) -> bool {
        let length = self.length(one);
        if length != self.length(other) {
            return false;
        }
        self.work(u64::from(length));
        let (Some(ones), Some(others)) = (self.items(one), self.items(other)) else { return false };
        open.extend(ones.into_iter().zip(others).rev());
        true
    }

    fn open_maps(&mut self, one: &Value<'a>, other: &Value<'a>, open: &mut Vec<(Value<'a>, Value<'a>)>) -> bool {
        let length = self.length(one);
        if length != self.length(other) {
            return false;
        }
        let map = Found { value: one.clone(), place: Place::NONE };
        for position in 0..length {
            self.work(1);
            let (key, value) = self.entry(&map, position, true);
            let Some(found) = self.under(other, &key.value) else { return false };
            open.push((value.value, found));
        }
        true
    }
}

/// Whether a value may stand between the brackets behind a map: `null` may be a key, but nobody can ask for it so.
fn is_qualifier(key: &Value<'_>) -> bool {
    is_key(key) && !matches!(key, Value::Null)
}

/// Whether a value may be the position of an item.
fn is_index(key: &Value<'_>) -> bool {
    matches!(key, Value::Int(_) | Value::Uint(_) | Value::Double(_))
}

fn no_position<'a>(key: &Value<'_>) -> Value<'a> {
    Value::error(format!("unsupported index type `{}` in list", key.type_name()))
}

pub(crate) fn no_such_key<'a>(key: &str) -> Value<'a> {
    Value::error(format!("no such key: {key}"))
}

fn shown_key(key: &Value<'_>) -> String {
    match key {
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        other => other.as_text().unwrap_or("that").to_owned(),
    }
}

fn article(value: &Value<'_>) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Int(_) => "an int".to_owned(),
        Value::Type(12) => "an optional (`.orValue({})` takes its value)".to_owned(),
        other => format!("a {}", other.type_name()),
    }
}

/// Whether two values without parts are equal; nothing where Kubernetes' own types meet others.
fn scalar_equal(one: &Value<'_>, other: &Value<'_>) -> Option<bool> {
    Some(match (one, other) {
        (Value::Null, Value::Null) | (Value::Optional(None), Value::Optional(None)) => true,
        (Value::Null, _) | (_, Value::Null) => false,
        (Value::Type(a), Value::Type(b)) | (Value::Format(a), Value::Format(b)) => a == b,
        (Value::Struct(a), Value::Struct(b)) => a == b,
        (Value::Quantity(a), Value::Quantity(b)) => a.compare(b) == Ordering::Equal,
        (Value::Ip(a), Value::Ip(b)) => a == b,
        (Value::Cidr(a), Value::Cidr(b)) => a == b,
        (Value::Url(a), Value::Url(b)) => a.shown() == b.shown(),
        (Value::Semver(a), Value::Semver(b)) => a.compare(b) == Ordering::Equal,
        (
            Value::Quantity(_) | Value::Ip(_) | Value::Cidr(_) | Value::Url(_) | Value::Semver(_) | Value::Format(_),
            _,
        ) => return None,
        (one, other) => one.order(other) == Some(Ordering::Equal),
    })
}
