//! What an expression comes to, and how values are told apart, compared and ordered.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::net::{Cidr, Ip};
use crate::quantity::Quantity;
use crate::semver::Semver;
use crate::time::Moment;
use crate::url::Url;

/// The types that have names, by their numbers.
pub const TYPES: [&str; 22] = [
    "bool",
    "bytes",
    "double",
    "google.protobuf.Duration",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "google.protobuf.Timestamp",
    "type",
    "uint",
    "optional_type",
    "net.IP",
    "net.CIDR",
    "kubernetes.Quantity",
    "kubernetes.URL",
    "kubernetes.Semver",
    "kubernetes.NamedFormat",
    "kubernetes.AdmissionRequest",
    "error",
    "unknown",
];

/// A value.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// What could not be evaluated, and why.
    Error(Rc<str>),
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number without sign.
    Uint(u64),
    /// A floating-point number.
    Double(f64),
    /// A text of the expression or of prepared data.
    Text(&'a str),
    /// A text that was made or read.
    Made(Rc<str>),
    /// Bytes.
    Bytes(Rc<[u8]>),
    /// A type, by its number in [`TYPES`].
    Type(u8),
    /// A named format.
    Format(u8),
    /// A span of time in nanoseconds.
    Duration(i64),
    /// A moment.
    Timestamp(Rc<Moment>),
    /// A list.
    List(Rc<Vec<Value<'a>>>),
    /// A map, sorted by its keys.
    Map(Rc<Vec<(Value<'a>, Value<'a>)>>),
    /// A value or none.
    Optional(Option<Rc<Value<'a>>>),
    /// Whatever stands at a node of a document.
    Node(u32),
    /// A list there.
    NodeList(u32),
    /// A map there.
    NodeMap(u32),
    /// A list in prepared data.
    DataList(u32),
    /// A map in prepared data.
    DataMap(u32),
    /// A structure with known fields.
    Struct(u8),
    /// A quantity of Kubernetes.
    Quantity(Rc<Quantity>),
    /// An address.
    Ip(Rc<Ip>),
    /// A range of addresses.
    Cidr(Rc<Cidr>),
    /// A URL.
    Url(Rc<Url>),
    /// A version.
    Semver(Rc<Semver>),
}

impl<'a> Value<'a> {
    /// What stands for an optional that has no fields: its type, a number of [`TYPES`].
    pub(crate) const SEALED: Self = Self::Type(12);

    /// An error.
    pub fn error(what: impl Into<String>) -> Self {
        Self::Error(what.into().into())
    }

    /// What happens where no function takes such values.
    pub fn no_overload() -> Self {
        Self::error("no such overload")
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Made(text.into().into())
    }

    /// A list.
    pub fn list(items: Vec<Value<'a>>) -> Self {
        Self::List(Rc::new(items))
    }

    /// An optional with a value.
    pub fn some(value: Value<'a>) -> Self {
        match value {
            Self::Error(_) => value,
            value => Self::Optional(Some(Rc::new(value))),
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Made(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it could not be evaluated.
    pub fn is_error(&self) -> bool {
        matches!(self, Self::Error(_))
    }

    /// Whether it is a list.
    pub fn is_list(&self) -> bool {
        matches!(self, Self::List(_) | Self::NodeList(_) | Self::DataList(_))
    }

    /// Whether it is a map.
    pub fn is_map(&self) -> bool {
        matches!(self, Self::Map(_) | Self::NodeMap(_) | Self::DataMap(_))
    }

    /// The number of its type in [`TYPES`].
    pub fn type_number(&self) -> u8 {
        match self {
            Self::Bool(_) => 0,
            Self::Bytes(_) => 1,
            Self::Double(_) => 2,
            Self::Duration(_) => 3,
            Self::Int(_) => 4,
            Self::List(_) | Self::NodeList(_) | Self::DataList(_) => 5,
            Self::Map(_) | Self::NodeMap(_) | Self::DataMap(_) => 6,
            Self::Null => 7,
            Self::Text(_) | Self::Made(_) => 8,
            Self::Timestamp(_) => 9,
            Self::Type(_) => 10,
            Self::Uint(_) => 11,
            Self::Optional(_) => 12,
            Self::Ip(_) => 13,
            Self::Cidr(_) => 14,
            Self::Quantity(_) => 15,
            Self::Url(_) => 16,
            Self::Semver(_) => 17,
            Self::Format(_) => 18,
            Self::Struct(_) => 19,
            Self::Error(_) => 20,
            Self::Node(_) => 21,
        }
    }

    /// The name of its type.
    pub fn type_name(&self) -> &'static str {
        TYPES[usize::from(self.type_number())]
    }

    /// How two values without parts compare; nothing where they do not.
    pub fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Bytes(a), Self::Bytes(b)) => Some(a.cmp(b)),
            (Self::Duration(a), Self::Duration(b)) => Some(a.cmp(b)),
            (Self::Timestamp(a), Self::Timestamp(b)) => Some(a.instant().cmp(&b.instant())),
            _ => match (self.as_text(), other.as_text()) {
                (Some(a), Some(b)) => Some(a.cmp(b)),
                _ => numbers(self, other),
            },
        }
    }

    /// Whether both are numbers.
    pub fn are_numbers(&self, other: &Self) -> bool {
        let number = |value: &Self| matches!(value, Self::Int(_) | Self::Uint(_) | Self::Double(_));
        number(self) && number(other)
    }
}

/// How two numbers compare, whatever their types; nothing where one is not a number.
fn numbers(one: &Value<'_>, other: &Value<'_>) -> Option<Ordering> {
    match (one, other) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Uint(a), Value::Uint(b)) => Some(a.cmp(b)),
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
        (Value::Int(a), Value::Uint(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Value::Uint(a), Value::Int(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Value::Int(a), Value::Double(b)) => whole_and_double(i128::from(*a), *b),
        (Value::Uint(a), Value::Double(b)) => whole_and_double(i128::from(*a), *b),
        (Value::Double(a), Value::Int(b)) => whole_and_double(i128::from(*b), *a).map(Ordering::reverse),
        (Value::Double(a), Value::Uint(b)) => whole_and_double(i128::from(*b), *a).map(Ordering::reverse),
        _ => None,
    }
}

/// As cel-go does: within the range of 64 bits the whole number becomes a double.
fn whole_and_double(whole: i128, double: f64) -> Option<Ordering> {
    (whole as f64).partial_cmp(&double)
}

/// The order of keys in a map: `null`, bools, numbers, texts.
pub fn key_order(one: &Value<'_>, other: &Value<'_>) -> Ordering {
    let rank = |value: &Value<'_>| match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Int(_) | Value::Uint(_) | Value::Double(_) => 2,
        _ => 3,
    };
    one.order(other).unwrap_or_else(|| rank(one).cmp(&rank(other)))
}

/// Whether a value can be the key of a map.
pub fn is_key(value: &Value<'_>) -> bool {
    let scalar = matches!(value, Value::Null | Value::Bool(_) | Value::Text(_) | Value::Made(_));
    scalar || matches!(value, Value::Int(_) | Value::Uint(_) | Value::Double(_))
}

impl Value<'_> {
    /// The name of the type that this value is, for a value that is a type.
    pub fn type_shown(&self) -> &'static str {
        match self {
            Self::Type(number) => TYPES.get(usize::from(*number)).copied().unwrap_or_default(),
            other => other.type_name(),
        }
    }
}
