//! The window to what is judged: trees of nodes, wherever they lie.

use std::borrow::Cow;

use crate::request::Given;

/// What stands at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// Nothing.
    None,
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A list.
    List,
    /// A map.
    Map,
}

/// What a host says about the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// There is no such thing.
    Absent,
    /// Nobody here can tell whether there is one, for this reason; an error, whatever asks.
    Unknown(String),
    /// A text.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// Texts.
    Texts(Vec<String>),
    /// Keys and values.
    Pairs(Vec<(String, String)>),
    /// A node of a document.
    Node(u32),
}

/// Where documents lie. A node is a number; 0 is none, and reading from none gives none.
pub trait Documents {
    /// The object (0) and the old object (1).
    fn root(&self, number: u8) -> u32;
    /// What stands at a node.
    fn kind(&self, node: u32) -> NodeKind;
    /// How many items or entries it has.
    fn len(&self, node: u32) -> u32;
    /// The item, or the value of the entry, at a position.
    fn at(&self, node: u32, position: u32) -> u32;
    /// The key of the entry at a position.
    fn key_at(&self, node: u32, position: u32) -> Cow<'_, str>;
    /// The value under a key.
    fn find(&self, node: u32, key: &str) -> u32;
    /// The text of a text; lent where it need not cross anything.
    fn text(&self, node: u32) -> Cow<'_, str>;
    /// A number as it is written.
    fn number(&self, node: u32) -> Cow<'_, str>;
    /// Whether it is `true`.
    fn boolean(&self, node: u32) -> bool;
    /// Something about the request or the namespace.
    fn given(&self, given: Given) -> Answer;
    /// Whether the object lies in a namespace, and is none itself: what there is a `namespaceObject` for.
    fn namespaced(&self) -> bool;
    /// Whether all of the request is known, or as much of it as the contract of plugins tells.
    fn whole(&self) -> bool {
        false
    }
}
