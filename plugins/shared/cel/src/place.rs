//! Where a value came from, so that what is wrong can be pointed at.

use std::rc::Rc;

/// The place of a value: a node, a field that a node lacks, two places at once, or none that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    first: u32,
    /// 0: `first` is a node. [`BOTH`]: it is a pair. Else what it lacks, by its number, counted from 1.
    second: u32,
}

const BOTH: u32 = u32::MAX;

/// What a place is for those who show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A node.
    Node(u32),
    /// A node, and the key that it lacks.
    Missing(u32, Rc<str>),
}

impl Place {
    /// None that is known.
    pub const NONE: Self = Self { first: 0, second: 0 };

    /// A node.
    pub fn node(node: u32) -> Self {
        Self { first: node, second: 0 }
    }

    /// Whether none is known.
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// This one, or another where none is known.
    pub fn or(self, other: Self) -> Self {
        if self.is_none() { other } else { self }
    }
}

/// What places refer to.
#[derive(Debug, Default)]
pub(crate) struct Places {
    pairs: Vec<(Place, Place)>,
    missing: Vec<Rc<str>>,
}

/// The most places that one finding is made of.
const MOST_SHOWN: usize = 16;

impl Places {
    /// The field that a node lacks.
    pub(crate) fn missing(&mut self, node: u32, key: &str) -> Place {
        self.missing.push(key.into());
        Place { first: node, second: self.missing.len() as u32 }
    }

    /// Two places at once.
    pub(crate) fn both(&mut self, one: Place, other: Place) -> Place {
        if one == other || other.is_none() {
            return one;
        }
        if one.is_none() {
            return other;
        }
        self.pairs.push((one, other));
        Place { first: self.pairs.len() as u32 - 1, second: BOTH }
    }

    /// The nodes and missing fields that a place is made of: some of them where they are many.
    pub(crate) fn shown(&self, place: Place) -> Vec<Shown> {
        let (mut open, mut shown) = (vec![place], Vec::new());
        let mut looked = 0;
        while let Some(place) = open.pop() {
            looked += 1;
            if looked > MOST_SHOWN * 2 {
                break;
            }
            match place.second {
                _ if place.is_none() => {}
                BOTH => {
                    let (one, other) = self.pairs[place.first as usize];
                    open.extend([other, one]);
                }
                0 => shown.push(Shown::Node(place.first)),
                number => shown.push(Shown::Missing(place.first, Rc::clone(&self.missing[number as usize - 1]))),
            }
        }
        shown.truncate(MOST_SHOWN);
        shown
    }
}
