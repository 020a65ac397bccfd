//! What hosts tell of the request and the namespace, and what nobody here can tell.

use std::rc::Rc;

use crate::access::{BYTES_ASKED, no_such_key};
use crate::code::Op;
use crate::documents::Answer;
use crate::machine::Machine;
use crate::place::Place;
use crate::request::{Given, Holds, NAMESPACE, REQUEST, STRUCTS};
use crate::value::{Value, key_order};

impl<'a> Machine<'a> {
    pub(crate) fn structure(&self, number: u8) -> Value<'a> {
        if number >= NAMESPACE && !self.documents.namespaced() {
            return Value::Null;
        }
        Value::Struct(number)
    }

    /// A field of a structure that is a value: of `variables.r` where that is `request`. An error where nobody here can tell
    /// it: that is not "there is none".
    pub(crate) fn field_of(&mut self, number: u8, name: &str) -> Result<Option<Value<'a>>, Value<'a>> {
        let fields =
            STRUCTS.get(usize::from(number)).map_or(STRUCTS[usize::from(REQUEST)].fields, |found| found.fields);
        let Some(field) = fields.iter().find(|field| field.name == name) else { return Ok(None) };
        match field.holds {
            _ if field.whole && !self.documents.whole() => Err(not_known(name)),
            Holds::Struct(inner) => Ok(Some(Value::Struct(inner))),
            Holds::Given(given, _) => match self.answer(given) {
                Some(unknown @ Value::Error(_)) => Err(unknown),
                answer => Ok(answer),
            },
            Holds::Unknown => Err(not_known(name)),
        }
    }

    pub(crate) fn given(&mut self, op: Op, number: u8) {
        let answer = Given::ALL.get(usize::from(number)).and_then(|given| self.answer(*given));
        let value = match (op, answer) {
            (_, Some(unknown @ Value::Error(_))) => unknown,
            (Op::HasGiven, answer) => Value::Bool(answer.is_some()),
            (Op::GivenOptional, Some(value)) => Value::some(value),
            (Op::GivenOptional, None) => Value::Optional(None),
            (_, Some(value)) => value,
            (_, None) => no_such_key(given_name(number)),
        };
        self.push(value, Place::NONE);
    }

    fn answer(&mut self, given: Given) -> Option<Value<'a>> {
        if matches!(given, Given::NamespaceName | Given::NamespaceLabels) && !self.documents.namespaced() {
            return None;
        }
        self.asks(1);
        Some(match self.documents.given(given) {
            Answer::Absent => return None,
            Answer::Unknown(why) => Value::error(why),
            Answer::Text(text) => self.read(text.into()),
            Answer::Bool(value) => Value::Bool(value),
            Answer::Texts(texts) => {
                let bytes: usize = texts.iter().map(String::len).sum();
                self.work((bytes + texts.len()) as u64 / BYTES_ASKED);
                Value::list(texts.into_iter().map(Value::text).collect())
            }
            Answer::Pairs(pairs) => {
                let bytes: usize = pairs.iter().map(|(key, value)| key.len() + value.len()).sum();
                self.work((bytes + pairs.len()) as u64 / BYTES_ASKED);
                let mut entries: Vec<_> = pairs.into_iter().map(|(k, v)| (Value::text(k), Value::text(v))).collect();
                entries.sort_by(|(a, _), (b, _)| key_order(a, b));
                Value::Map(Rc::new(entries))
            }
            Answer::Node(node) => self.load(Value::Node(node)),
        })
    }
}

fn given_name(number: u8) -> &'static str {
    let fields = STRUCTS.iter().flat_map(|found| found.fields);
    let found = fields.into_iter().find(|field| match field.holds {
        Holds::Given(given, _) => given as u8 == number,
        _ => false,
    });
    found.map_or("", |field| field.name)
}

fn not_known<'a>(name: &str) -> Value<'a> {
    Value::error(format!("`{name}` is not known here"))
}
