//! What is open while an expression is compiled, and what was made of its parts.

use std::borrow::Cow;
use std::rc::Rc;

use crate::code::{LoopKind, Op};
use crate::typing::Ty;

/// A literal, for what is judged before anything is evaluated.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// Anything else, by its code.
    Other,
    /// A list of items of these types.
    List(Rc<[Ty]>),
}

/// A part of an expression whose code is written.
#[derive(Clone, Debug)]
pub(crate) struct Operand<'a> {
    pub(crate) ty: Ty,
    /// Where it stands in the text.
    pub(crate) at: usize,
    /// Where its code begins; only for literals.
    pub(crate) code: usize,
    pub(crate) literal: Option<Literal<'a>>,
    /// Where the instruction stands that takes its field, if that is what it does last.
    pub(crate) select: Option<usize>,
    /// Whether it is a variable, a field or an item that may be an optional: then its own fields are sealed.
    pub(crate) sealed: bool,
}

impl Operand<'_> {
    pub(crate) fn new(ty: Ty, at: usize) -> Self {
        Self { ty, at, code: 0, literal: None, select: None, sealed: false }
    }
}

/// An operator between two operands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operator {
    /// As CEL calls its function.
    pub(crate) name: &'static str,
    pub(crate) sign: &'static str,
    /// How tightly.
    pub(crate) binds: u8,
    /// What skips its right side.
    pub(crate) jump: Option<Op>,
    pub(crate) join: Option<Op>,
}

const fn calls(sign: &'static str, name: &'static str, binds: u8) -> Operator {
    Operator { name, sign, binds, jump: None, join: None }
}

const OPERATORS: [Operator; 14] = [
    Operator { name: "_||_", sign: "||", binds: 1, jump: Some(Op::OrJump), join: Some(Op::Or) },
    Operator { name: "_&&_", sign: "&&", binds: 2, jump: Some(Op::AndJump), join: Some(Op::And) },
    calls("==", "_==_", 3),
    calls("!=", "_!=_", 3),
    calls("<", "_<_", 3),
    calls("<=", "_<=_", 3),
    calls(">", "_>_", 3),
    calls(">=", "_>=_", 3),
    calls("in", "_in_", 3),
    calls("+", "_+_", 4),
    calls("-", "_-_", 4),
    calls("*", "_*_", 5),
    calls("/", "_/_", 5),
    calls("%", "_%_", 5),
];

impl Operator {
    pub(crate) fn of(sign: &str) -> Option<Self> {
        OPERATORS.into_iter().find(|operator| operator.sign == sign)
    }
}

/// What a macro makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Makes {
    Loop(LoopKind),
    /// `optMap`: the result becomes an optional.
    Optional,
    /// `optFlatMap`: the result is one.
    Flat,
}

/// A macro under way.
#[derive(Clone, Debug)]
pub(crate) struct Macro<'a> {
    pub(crate) name: &'a str,
    pub(crate) makes: Makes,
    pub(crate) names: usize,
    /// Where what follows its end will stand.
    pub(crate) end: usize,
    /// What it goes over.
    pub(crate) range: Ty,
    /// A condition may stand before the body.
    pub(crate) filter: Filter,
    pub(crate) first: Ty,
    pub(crate) at: usize,
}

/// Whether a macro has a condition before its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    Never,
    May,
    Done,
}

/// Something open.
#[derive(Clone, Debug)]
pub(crate) enum Frame<'a> {
    Unary {
        name: &'static str,
        at: usize,
    },
    Binary {
        operator: Operator,
        left: Operand<'a>,
        jump: Option<usize>,
        at: usize,
    },
    Paren {
        at: usize,
    },
    Then {
        condition: Operand<'a>,
        otherwise: usize,
        end: usize,
        at: usize,
    },
    Else {
        condition: Operand<'a>,
        then: Operand<'a>,
        ends: [usize; 2],
        at: usize,
    },
    Has {
        at: usize,
    },
    Call {
        name: &'a str,
        target: Option<Operand<'a>>,
        arguments: Vec<Operand<'a>>,
        jump: Option<usize>,
        at: usize,
    },
    Index {
        target: Operand<'a>,
        optional: bool,
        at: usize,
    },
    List {
        items: Vec<Operand<'a>>,
        optional: Vec<bool>,
        at: usize,
    },
    /// Keys and values in turn.
    Map {
        items: Vec<Operand<'a>>,
        optional: Vec<bool>,
        at: usize,
    },
    Macro(Macro<'a>),
}

impl Frame<'_> {
    /// Where its sign, bracket or name stands.
    pub(crate) fn at(&self) -> usize {
        match self {
            Self::Unary { at, .. }
            | Self::Binary { at, .. }
            | Self::Paren { at }
            | Self::Then { at, .. }
            | Self::Else { at, .. }
            | Self::Has { at }
            | Self::Call { at, .. }
            | Self::Index { at, .. }
            | Self::List { at, .. }
            | Self::Map { at, .. } => *at,
            Self::Macro(open) => open.at,
        }
    }

    /// Whether it counts for how deep an expression is nested.
    pub(crate) fn nests(&self) -> bool {
        !matches!(self, Self::Unary { .. } | Self::Binary { .. } | Self::Else { .. })
    }
}
