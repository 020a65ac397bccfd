//! The values of an expression: those of a document are looked at where they lie, never copied.

use std::collections::HashMap;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use kube_cel::cel;
use portcullis_model::{Document, Kind, NodeId};

/// A string of a document or a literal, or one that the expression made.
#[derive(Clone, Debug)]
pub(super) enum Text<'d> {
    Borrowed(&'d str),
    Made(Rc<str>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Made(text) => text,
        }
    }
}

/// What a step of an expression gives.
#[derive(Clone, Debug)]
pub(super) enum Value<'d> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Text<'d>),
    List(Rc<Vec<Value<'d>>>),
    Map(Rc<Vec<(Value<'d>, Value<'d>)>>),
    /// A list or map of a document.
    Node(&'d Document, NodeId),
    /// What only the library knows: a quantity, an IP address, a time, bytes.
    Foreign(Rc<cel::Value>),
}

impl<'d> Value<'d> {
    /// What stands at a node. Numbers are read as Kubernetes reads JSON: an int where it fits in 64 bits, else a double.
    pub(super) fn of(document: &'d Document, node: NodeId) -> Self {
        match document.kind(node) {
            Kind::None | Kind::Null => Self::Null,
            Kind::Bool => Self::Bool(document.boolean(node).unwrap_or_default()),
            Kind::Number => {
                let text = document.number_text(node);
                text.parse().map_or_else(|_| Self::Double(text.parse().unwrap_or(f64::NAN)), Self::Int)
            }
            Kind::String => Self::Text(Text::Borrowed(document.text(node))),
            Kind::List | Kind::Map => Self::Node(document, node),
        }
    }

    pub(super) fn made(text: &str) -> Self {
        Self::Text(Text::Made(text.into()))
    }

    /// The name of its type in messages.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::Text(_) => "string",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Node(document, node) if document.kind(*node) == Kind::List => "list",
            Self::Node(..) => "map",
            Self::Foreign(_) => "value",
        }
    }

    /// The number of items or entries; nothing for what is neither list nor map.
    pub(super) fn len(&self) -> Option<usize> {
        match self {
            Self::List(items) => Some(items.len()),
            Self::Map(entries) => Some(entries.len()),
            Self::Node(document, node) => Some(document.len(*node) as usize),
            _ => None,
        }
    }

    /// The item of a list, or the key of a map's entry, by position.
    pub(super) fn step(&self, position: usize) -> Option<Value<'d>> {
        match self {
            Self::List(items) => items.get(position).cloned(),
            Self::Map(entries) => entries.get(position).map(|(key, _)| key.clone()),
            Self::Node(document, node) => {
                let at = u32::try_from(position).ok().filter(|&at| at < document.len(*node))?;
                Some(match document.kind(*node) {
                    Kind::Map => Self::Text(Text::Borrowed(document.key_at(*node, at))),
                    _ => Self::of(document, document.at(*node, at)),
                })
            }
            _ => None,
        }
    }

    /// What it weighs for the budget: its nodes, and its text by 8 bytes. Counting ends beyond `limit`.
    pub(super) fn weight(&self, limit: u64) -> u64 {
        let sum = |items: &mut dyn Iterator<Item = Value<'d>>| {
            let mut sum = 1;
            for item in items {
                if sum > limit {
                    break;
                }
                sum += item.weight(limit - sum);
            }
            sum
        };
        match self {
            Self::Text(text) => 1 + text.len() as u64 / 8,
            Self::List(items) => sum(&mut items.iter().cloned()),
            Self::Map(entries) => sum(&mut entries.iter().flat_map(|(key, value)| [key.clone(), value.clone()])),
            Self::Node(document, node) => match document.subtree(*node) {
                Some(tree) if u64::from(tree.node_count()) <= limit => {
                    let texts = (1..=tree.node_count()).map(|at| tree.text(NodeId(at)).len() as u64 / 8);
                    u64::from(tree.node_count()) + texts.sum::<u64>()
                }
                _ => limit + 1,
            },
            Self::Foreign(value) => match &**value {
                cel::Value::Bytes(bytes) => 1 + bytes.len() as u64 / 8,
                _ => 1,
            },
            _ => 1,
        }
    }

    /// A copy for the library's functions.
    pub(super) fn to_library(&self) -> cel::Value {
        match self {
            Self::Null => cel::Value::Null,
            Self::Bool(value) => cel::Value::Bool(*value),
            Self::Int(value) => cel::Value::Int(*value),
            Self::Uint(value) => cel::Value::UInt(*value),
            Self::Double(value) => cel::Value::Float(*value),
            Self::Text(text) => cel::Value::String(Arc::new(text.to_string())),
            Self::List(items) => cel::Value::List(Arc::new(items.iter().map(Value::to_library).collect())),
            Self::Map(entries) => {
                let key =
                    |key: &Value| cel::objects::Key::String(Arc::new(key.as_text().unwrap_or_default().to_owned()));
                let map: HashMap<_, _> = entries.iter().map(|(k, value)| (key(k), value.to_library())).collect();
                cel::Value::Map(cel::objects::Map { map: Arc::new(map) })
            }
            Self::Node(document, node) if document.kind(*node) == Kind::List => cel::Value::List(Arc::new(
                document.items(*node).map(|at| Value::of(document, at).to_library()).collect(),
            )),
            Self::Node(document, node) => {
                let key = |key: &str| cel::objects::Key::String(Arc::new(key.to_owned()));
                let entries = document.entries(*node);
                let map: HashMap<_, _> =
                    entries.map(|(k, at)| (key(k), Value::of(document, at).to_library())).collect();
                cel::Value::Map(cel::objects::Map { map: Arc::new(map) })
            }
            Self::Foreign(value) => (**value).clone(),
        }
    }

    /// What a function of the library gave.
    pub(super) fn from_library(value: cel::Value) -> Self {
        match value {
            cel::Value::Null => Self::Null,
            cel::Value::Bool(value) => Self::Bool(value),
            cel::Value::Int(value) => Self::Int(value),
            cel::Value::UInt(value) => Self::Uint(value),
            cel::Value::Float(value) => Self::Double(value),
            cel::Value::String(text) => Self::made(&text),
            cel::Value::List(items) => Self::List(Rc::new(items.iter().cloned().map(Self::from_library).collect())),
            other => Self::Foreign(Rc::new(other)),
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}
