//! A place in one of the review's documents, read on demand.

use crate::amount::Amount;
use crate::host::documents;

/// A key that the plugin declares in its [`Description`](crate::Description), by its position there: see [`keys!`](crate::keys).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(pub u32);

/// A path that the plugin declares in its [`Description`](crate::Description), by its position there: see
/// [`paths!`](crate::paths).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path(pub u32);

/// Declares the keys that a plugin reads, each once, so that constant and description cannot drift apart:
///
/// ```
/// portcullis_sdk::keys! {
///     METADATA = "metadata",
///     LABELS = "labels",
/// }
/// assert_eq!(KEYS, ["metadata", "labels"]);
/// assert_eq!(LABELS, portcullis_sdk::Key(1));
/// ```
#[macro_export]
macro_rules! keys {
    ($($name:ident = $text:literal),+ $(,)?) => { $crate::numbered!(KEYS, Key: $($name = $text),+); };
}

/// Declares the paths with wildcards that a plugin selects by, as [`keys!`](crate::keys) does for keys; the list is `PATHS`.
#[macro_export]
macro_rules! paths {
    ($($name:ident = $text:literal),+ $(,)?) => { $crate::numbered!(PATHS, Path: $($name = $text),+); };
}

/// What `keys!` and `paths!` have in common.
#[doc(hidden)]
#[macro_export]
macro_rules! numbered {
    ($list:ident, $kind:ident: $($name:ident = $text:literal),+) => {
        /// In the order of their numbers, for the plugin's description.
        pub const $list: &[&str] = &[$($text),+];
        $(
            #[doc = concat!("`", $text, "`")]
            pub const $name: $crate::$kind = $crate::$kind($crate::position($list, $text));
        )+
    };
}

/// The position of a text in a list, at compile time; a text that is not there does not compile.
#[doc(hidden)]
pub const fn position(list: &[&str], text: &str) -> u32 {
    let mut at = 0;
    loop {
        let (one, other) = (list[at].as_bytes(), text.as_bytes());
        let mut same = 0;
        while same < one.len() && same < other.len() && one[same] == other[same] {
            same += 1;
        }
        if same == one.len() && same == other.len() {
            return at as u32;
        }
        at += 1;
    }
}

/// What stands at a [`Node`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing is there.
    None,
    /// JSON `null`.
    Null,
    /// JSON `true` or `false`.
    Bool,
    /// A JSON number.
    Number,
    /// A string.
    String,
    /// A JSON array.
    List,
    /// A JSON object.
    Map,
}

impl Kind {
    /// For messages: `a string`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "nothing",
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::List => "a list",
            Self::Map => "a map",
        }
    }
}

/// A place in one of the review's documents. Reading from [`Node::NONE`] gives none, an empty text, or zero.
///
/// Each method is one call of the host, some tens of nanoseconds; texts cost an allocation more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node(pub(crate) u32);

impl Node {
    /// The place that is not there.
    pub const NONE: Node = Node(0);

    /// Its number: for engines that keep nodes among other numbers. It means something only until the call ends.
    pub fn number(self) -> u32 {
        self.0
    }

    /// The node with a number that [`Node::number`] gave in this call.
    pub fn numbered(number: u32) -> Self {
        Self(number)
    }

    /// Whether there is nothing. An explicit `null` is something: see [`Node::is_absent`].
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// Whether there is nothing, or `null`: Kubernetes makes no difference between the two.
    pub fn is_absent(self) -> bool {
        matches!(self.kind(), Kind::None | Kind::Null)
    }

    /// The value under a declared key.
    pub fn get(self, key: Key) -> Node {
        Node(documents::get(self.0, key.0))
    }

    /// The value under a key that is known only at run time.
    pub fn find(self, key: &str) -> Node {
        Node(documents::find(self.0, key))
    }

    /// The item, or the value of the entry, at a position from 0.
    pub fn at(self, position: u32) -> Node {
        Node(documents::at(self.0, position))
    }

    /// The key of the entry at a position from 0; empty where there is none.
    pub fn key_at(self, position: u32) -> String {
        documents::key_at(self.0, position)
    }

    /// The number of items or entries; 0 for anything but a list or a map.
    pub fn len(self) -> u32 {
        documents::len(self.0)
    }

    /// Whether it has no items or entries; true for anything but a list or a map.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The items, or the values of the entries, in the order of the text.
    pub fn items(self) -> impl Iterator<Item = Node> {
        (0..self.len()).map(move |position| self.at(position))
    }

    /// What stands here.
    pub fn kind(self) -> Kind {
        match documents::kind(self.0) {
            0 => Kind::None,
            1 => Kind::Null,
            2 => Kind::Bool,
            3 => Kind::Number,
            4 => Kind::String,
            5 => Kind::List,
            _ => Kind::Map,
        }
    }

    /// Every node that a declared path reaches.
    pub fn select(self, path: Path) -> Vec<Node> {
        documents::select(self.0, path.0).into_iter().map(Node).collect()
    }

    /// Every node that a path reaches: a JSON Pointer (RFC 6901) in which a segment `*` stands for every item or entry.
    pub fn find_all(self, path: &str) -> Vec<Node> {
        documents::find_all(self.0, path).into_iter().map(Node).collect()
    }

    /// The text of a string; empty for anything else.
    pub fn text(self) -> String {
        documents::text(self.0)
    }

    /// The value of a boolean; false for anything else.
    pub fn boolean(self) -> bool {
        documents::boolean(self.0)
    }

    /// A number as its JSON text has it; empty for anything else.
    pub fn number_text(self) -> String {
        documents::number_text(self.0)
    }

    /// A string's text, a number's digits, or the JSON text of anything else: what to show a person.
    pub fn shown(self) -> String {
        match self.kind() {
            Kind::String => self.text(),
            Kind::Number => self.number_text(),
            _ => self.raw(),
        }
    }

    /// The subtree as JSON text; empty for none.
    pub fn raw(self) -> String {
        documents::raw(self.0)
    }

    /// The JSON Pointer (RFC 6901) from the root of its document.
    pub fn pointer(self) -> String {
        documents::pointer(self.0)
    }

    /// A string or a number as a Kubernetes quantity.
    pub fn quantity(self) -> Amount {
        Amount::from_contract(&documents::quantity(self.0))
    }
}
