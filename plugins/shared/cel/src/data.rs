//! Data that a policy brings along (`params`), in a form that is walked in place.
//!
//! A byte says what stands there: 0 null, 1 false, 2 true, 3 a whole number, 4 a floating-point one, 5 a text, 6 a list, 7 a
//! map. Lists and maps have their length and the places of their items (of a map: key and value in turn, sorted by key).

use crate::value::Value;

/// A tree under construction.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it is written.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Tree>),
    /// A map; a key stands in it once.
    Map(Vec<(String, Tree)>),
}

impl Tree {
    /// The whole tree as bytes; its root stands at the end, where the last four bytes say.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let root = self.write(&mut bytes);
        bytes.extend_from_slice(&root.to_le_bytes());
        bytes
    }

    /// Parts before the whole, so that their places are known.
    fn write(&self, bytes: &mut Vec<u8>) -> u32 {
        let places: Vec<u32> = match self {
            Self::List(items) => items.iter().map(|item| item.write(bytes)).collect(),
            Self::Map(entries) => {
                let mut entries: Vec<&(String, Tree)> = entries.iter().collect();
                entries.sort_by(|a, b| a.0.cmp(&b.0));
                entries.iter().flat_map(|(key, value)| [text(key, bytes), value.write(bytes)]).collect()
            }
            _ => Vec::new(),
        };
        let here = bytes.len() as u32;
        match self {
            Self::Null => bytes.push(0),
            Self::Bool(value) => bytes.push(1 + u8::from(*value)),
            Self::Number(written) => match number(written) {
                Value::Int(number) => {
                    bytes.push(3);
                    bytes.extend_from_slice(&number.to_le_bytes());
                }
                Value::Double(number) => {
                    bytes.push(4);
                    bytes.extend_from_slice(&number.to_le_bytes());
                }
                _ => bytes.push(0),
            },
            Self::Text(value) => return text(value, bytes),
            Self::List(_) | Self::Map(_) => {
                bytes.push(if matches!(self, Self::List(_)) { 6 } else { 7 });
                bytes.extend_from_slice(&(places.len() as u32).to_le_bytes());
                places.iter().for_each(|place| bytes.extend_from_slice(&place.to_le_bytes()));
            }
        }
        here
    }
}

fn text(text: &str, bytes: &mut Vec<u8>) -> u32 {
    let here = bytes.len() as u32;
    bytes.push(5);
    bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    here
}

/// A number of a document: whole where it is written so and fits, else a floating-point one.
pub fn number(written: &str) -> Value<'static> {
    match written.parse() {
        Ok(whole) => Value::Int(whole),
        Err(_) => written.parse().map_or(Value::Null, Value::Double),
    }
}

/// Data as bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Data<'a>(pub &'a [u8]);

impl<'a> Data<'a> {
    fn word(self, at: usize) -> u32 {
        let bytes = self.0.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        u32::from_le_bytes(bytes.unwrap_or_default())
    }

    fn wide(self, at: usize) -> [u8; 8] {
        self.0.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default()
    }

    /// The root; `null` where there are no data.
    pub fn root(self) -> Value<'a> {
        match self.0.len().checked_sub(4) {
            Some(end) => self.value(self.word(end)),
            None => Value::Null,
        }
    }

    /// What stands at a place.
    pub fn value(self, place: u32) -> Value<'a> {
        let at = place as usize;
        match self.0.get(at) {
            Some(1) => Value::Bool(false),
            Some(2) => Value::Bool(true),
            Some(3) => Value::Int(i64::from_le_bytes(self.wide(at + 1))),
            Some(4) => Value::Double(f64::from_le_bytes(self.wide(at + 1))),
            Some(5) => {
                let length = self.word(at + 1) as usize;
                let bytes = self.0.get(at + 5..at + 5 + length).unwrap_or_default();
                Value::Text(std::str::from_utf8(bytes).unwrap_or_default())
            }
            Some(6) => Value::DataList(place),
            Some(7) => Value::DataMap(place),
            _ => Value::Null,
        }
    }

    /// How many items or entries a list or map has.
    pub fn len(self, place: u32) -> u32 {
        let count = self.word(place as usize + 1);
        if self.0.get(place as usize) == Some(&7) { count / 2 } else { count }
    }

    /// An item of a list, or of a map key and value in turn.
    pub fn at(self, place: u32, position: u32) -> Value<'a> {
        self.value(self.word(place as usize + 5 + position as usize * 4))
    }

    /// The value under a key of a map.
    pub fn find(self, place: u32, key: &str) -> Option<Value<'a>> {
        let (mut low, mut high) = (0, self.len(place));
        while low < high {
            let middle = low + (high - low) / 2;
            let found = self.at(place, middle * 2);
            match found.as_text().unwrap_or_default().cmp(key) {
                std::cmp::Ordering::Equal => return Some(self.at(place, middle * 2 + 1)),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }
}
