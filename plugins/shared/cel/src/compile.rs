//! Expressions to code: parsed, checked and written in one pass, without recursion.
//!
//! A plugin has 16 KiB of stack, and an expression may be nested 250 deep, so that what is open stands on a heap.

use std::rc::Rc;

use crate::code::{Op, Writer};
use crate::complaint::Complaint;
use crate::frame::{Frame, Operand, Operator};
use crate::lexer::{Lexer, Token};
use crate::meant;
use crate::reads::{Lack, Read, Reads};
use crate::typing::{self, Ty, Types};

/// The longest expression, in bytes: cel-go takes 100,000 characters.
pub const MOST_LENGTH: usize = 100_000;
/// How deep parentheses, calls, lists and the like may be nested.
pub const MOST_DEPTH: usize = 250;
/// The most loops inside each other.
pub const MOST_LOOPS: usize = 32;
/// The most items of one literal list or map, and arguments of one call.
pub const MOST_ITEMS: usize = 10_000;
/// The most variables of one policy.
pub const MOST_VARIABLES: usize = 1_000;

/// What an expression must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// `true` or `false`.
    Bool,
    /// A text.
    Text,
    /// Anything.
    Anything,
}

/// What the expressions see besides `object`, `oldObject` and `request`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sees {
    /// What a policy's do: `namespaceObject`, `variables` and, where it has them, `params`.
    Policy { params: bool },
    /// Nothing, but the whole of `request`.
    Request,
}

/// Compiles the expressions of one policy.
#[derive(Debug)]
pub struct Compiler {
    types: Types,
    variables: Vec<(String, Ty)>,
    sees: Sees,
    reads: Reads,
}

impl Compiler {
    /// For a policy with or without `params`.
    pub fn new(params: bool) -> Self {
        Self { types: Types::default(), variables: Vec::new(), sees: Sees::Policy { params }, reads: Reads::default() }
    }

    /// For the `matchConditions` of somebody who has the whole request, as the API server has.
    pub fn of_requests() -> Self {
        Self { types: Types::default(), variables: Vec::new(), sees: Sees::Request, reads: Reads::default() }
    }

    /// Compiles an expression.
    pub fn compile(&mut self, expression: &str, wanted: Wanted) -> Result<Vec<u8>, Complaint> {
        let (code, ty) = self.unit(expression)?;
        let (right, name) = match wanted {
            Wanted::Bool => (typing::BOOL, "bool"),
            Wanted::Text => (typing::TEXT, "string"),
            Wanted::Anything => return Ok(code),
        };
        if ty == right {
            return Ok(code);
        }
        let found = self.types.shown(ty);
        let way = match (ty, wanted) {
            (typing::DYN, Wanted::Bool) => {
                ", which is not known before it is evaluated; compare it, as in `.. == true`"
            }
            (typing::DYN, Wanted::Text) => ", which is not known before it is evaluated; write `string(..)`",
            _ => "",
        };
        Err(Complaint::new(0, format!("must evaluate to {name} but got {found}{way}")))
    }

    /// Compiles a variable; later expressions may name it as `variables.NAME`.
    pub fn variable(&mut self, name: &str, expression: &str) -> Result<Vec<u8>, Complaint> {
        if self.variables.len() >= MOST_VARIABLES {
            return Err(Complaint::new(0, format!("more than {MOST_VARIABLES} variables")));
        }
        let compiled = self.unit(expression);
        let ty = compiled.as_ref().map_or(typing::DYN, |(_, ty)| *ty);
        let ty = self.types.of_variable(ty);
        self.variables.push((name.to_owned(), ty));
        compiled.map(|(code, _)| code)
    }

    /// What the expression that was compiled last takes of `params`.
    pub fn take_reads(&mut self) -> Vec<Read> {
        std::mem::take(&mut self.reads.last)
    }

    /// What to say of a field that these `params` lack, to be asked when all expressions are compiled; nothing where an
    /// expression may know that it is missing, and where the params are an object of Kubernetes, each of which may have
    /// other fields: the API server takes such a policy.
    pub fn unknown_param(&self, read: &Read, params: &[u8]) -> Option<String> {
        if Lack::is_object(params) { None } else { self.reads.unknown(read, params) }
    }

    fn unit(&mut self, expression: &str) -> Result<(Vec<u8>, Ty), Complaint> {
        if expression.len() > MOST_LENGTH {
            return Err(Complaint::new(0, format!("the expression has more than {MOST_LENGTH} bytes")));
        }
        let mut unit = Unit {
            lexer: Lexer::new(expression),
            token: Token::End,
            at: 0,
            types: &mut self.types,
            variables: &self.variables,
            sees: self.sees,
            reads: &mut self.reads,
            code: Writer::default(),
            frames: Vec::new(),
            locals: Vec::new(),
            loops: 0,
            same: Vec::new(),
        };
        unit.reads.last.clear();
        let operand = unit.all().map_err(|complaint| meant::slip(expression, complaint))?;
        let ty = unit.types.closed(operand.ty);
        Ok((unit.code.0, ty))
    }
}

/// A name of a loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Local<'a> {
    pub(crate) name: &'a str,
    pub(crate) ty: Ty,
    /// Which loop, and which of its names.
    pub(crate) place: (u8, u8),
}

/// Items that must be of one type in the end: the type and place of each.
pub(crate) type Same = Vec<(Ty, usize)>;

/// One expression at work.
pub(crate) struct Unit<'a, 'c> {
    pub(crate) lexer: Lexer<'a>,
    pub(crate) token: Token<'a>,
    pub(crate) at: usize,
    pub(crate) types: &'c mut Types,
    pub(crate) variables: &'c [(String, Ty)],
    pub(crate) sees: Sees,
    pub(crate) reads: &'c mut Reads,
    pub(crate) code: Writer,
    pub(crate) frames: Vec<Frame<'a>>,
    pub(crate) locals: Vec<Local<'a>>,
    pub(crate) loops: u8,
    pub(crate) same: Vec<Same>,
}

/// What stands after an operand.
pub(crate) enum After<'a> {
    /// Something was opened that wants another operand.
    Wants,
    /// Something was closed that is an operand.
    Is(Operand<'a>),
    /// The end.
    Ends(Operand<'a>),
}

impl<'a> Unit<'a, '_> {
    /// Goes to the next token.
    pub(crate) fn advance(&mut self) -> Result<Token<'a>, Complaint> {
        self.at = self.lexer.position();
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.token, next))
    }

    pub(crate) fn is(&self, sign: &str) -> bool {
        matches!(self.token, Token::Sign(found) if found == sign)
    }

    /// Takes this sign if it stands here.
    pub(crate) fn take(&mut self, sign: &str) -> Result<bool, Complaint> {
        let here = self.is(sign);
        if here {
            self.advance()?;
        }
        Ok(here)
    }

    pub(crate) fn wrong<T>(&self, message: impl Into<String>) -> Result<T, Complaint> {
        Err(Complaint::new(self.at, message))
    }

    pub(crate) fn open(&mut self, frame: Frame<'a>) -> Result<(), Complaint> {
        let nested = || self.frames.iter().filter(|frame| frame.nests()).count();
        if self.frames.len() >= MOST_DEPTH * 4 || (self.frames.len() >= MOST_DEPTH && nested() >= MOST_DEPTH) {
            return self.wrong(format!("the expression is nested more than {MOST_DEPTH} deep"));
        }
        self.frames.push(frame);
        Ok(())
    }

    fn all(&mut self) -> Result<Operand<'a>, Complaint> {
        self.advance()?;
        let operand = self.expression()?;
        self.code.op(Op::End);
        self.judge_sameness()?;
        Ok(operand)
    }

    fn expression(&mut self) -> Result<Operand<'a>, Complaint> {
        loop {
            let Some(mut operand) = self.operand()? else { continue };
            loop {
                operand = match self.postfix(operand)? {
                    After::Wants => break,
                    After::Is(operand) => operand,
                    After::Ends(operand) => match self.after(operand)? {
                        After::Wants => break,
                        After::Is(operand) => operand,
                        After::Ends(operand) => return Ok(operand),
                    },
                };
            }
        }
    }

    /// What follows an operand with all that belongs to it.
    fn after(&mut self, mut operand: Operand<'a>) -> Result<After<'a>, Complaint> {
        while let Some(Frame::Unary { .. }) = self.frames.last() {
            operand = self.reduce(operand)?;
        }
        if let Token::Sign(sign) = self.token
            && let Some(operator) = Operator::of(sign)
        {
            while let Some(Frame::Binary { operator: before, .. }) = self.frames.last()
                && before.binds >= operator.binds
            {
                operand = self.reduce(operand)?;
            }
            let at = self.at;
            self.advance()?;
            let jump = operator.jump.map(|op| {
                self.code.op(op);
                self.code.place()
            });
            self.open(Frame::Binary { operator, left: operand, jump, at })?;
            return Ok(After::Wants);
        }
        while let Some(Frame::Binary { .. }) = self.frames.last() {
            operand = self.reduce(operand)?;
        }
        if self.is("?") {
            return self.condition(operand);
        }
        while let Some(Frame::Else { .. }) = self.frames.last() {
            operand = self.reduce(operand)?;
        }
        self.close(operand)
    }

    /// `condition ? ..`
    fn condition(&mut self, operand: Operand<'a>) -> Result<After<'a>, Complaint> {
        if let Some(Frame::Then { .. }) = self.frames.last() {
            return self.wrong("a condition between `?` and `:` needs parentheses round it");
        }
        let at = self.at;
        self.advance()?;
        self.code.op(Op::Unless);
        let (otherwise, end) = (self.code.place(), self.code.place());
        self.open(Frame::Then { condition: operand, otherwise, end, at })?;
        Ok(After::Wants)
    }

    /// Applies the operator on top of what is open.
    fn reduce(&mut self, operand: Operand<'a>) -> Result<Operand<'a>, Complaint> {
        match self.frames.pop() {
            Some(Frame::Unary { name, at }) => self.call(name, None, Rc::from([operand]), at),
            Some(Frame::Binary { operator, left, jump, at }) => match (jump, operator.join) {
                (Some(jump), Some(join)) => {
                    for side in [&left, &operand] {
                        self.must_be_bool(side)?;
                    }
                    self.code.op(join);
                    self.code.patch(jump);
                    self.forget_guarded(at);
                    Ok(Operand::new(typing::BOOL, left.at))
                }
                _ => {
                    if operator.name == "_in_" {
                        self.note_asked(&left, operand.at, self.at);
                    }
                    self.call(operator.name, None, Rc::from([left, operand]), at)
                }
            },
            Some(Frame::Else { condition, then, ends, at }) => {
                self.must_be_bool(&condition)?;
                let ty = self.types.open();
                if !self.types.all_go(&[then.ty, operand.ty], &[ty, ty]) {
                    let (one, other) = (self.types.shown(then.ty), self.types.shown(operand.ty));
                    let what = format!("both sides of `:` must be of one type, not {one} and {other}");
                    return Err(Complaint::new(at, what));
                }
                ends.into_iter().for_each(|end| self.code.patch(end));
                let sealed = then.sealed || operand.sealed;
                Ok(Operand { sealed, ..Operand::new(self.types.so_far(ty), condition.at) })
            }
            other => {
                self.frames.extend(other);
                Ok(operand)
            }
        }
    }

    pub(crate) fn must_be_bool(&mut self, operand: &Operand<'a>) -> Result<(), Complaint> {
        if self.types.goes(operand.ty, typing::BOOL) {
            return Ok(());
        }
        let found = self.types.shown(operand.ty);
        Err(Complaint::new(operand.at, format!("expected type bool but found {found}")))
    }

    /// Closes what is open, or ends.
    fn close(&mut self, operand: Operand<'a>) -> Result<After<'a>, Complaint> {
        match self.frames.pop() {
            None if self.token == Token::End => Ok(After::Ends(operand)),
            None => {
                let way = match self.token {
                    Token::Name("and" | "AND") => ": write `&&`",
                    Token::Name("or" | "OR") => ": write `||`",
                    Token::Name("not" | "NOT") => ": write `!`",
                    _ => "",
                };
                self.wrong(format!("{} does not belong here{way}", self.token.shown()))
            }
            Some(Frame::Paren { at }) => {
                self.expect(")", "(", at)?;
                Ok(After::Is(operand))
            }
            Some(Frame::Then { condition, otherwise, end, at }) => {
                self.expect(":", "?", at)?;
                self.code.op(Op::Jump);
                let jump = self.code.place();
                self.code.patch(otherwise);
                // An error of the condition goes where the other side ends too.
                self.open(Frame::Else { condition, then: operand, ends: [end, jump], at })?;
                Ok(After::Wants)
            }
            Some(frame) => self.close_group(frame, operand),
        }
    }

    pub(crate) fn expect(&mut self, sign: &str, opened: &str, at: usize) -> Result<(), Complaint> {
        if self.take(sign)? {
            return Ok(());
        }
        let place = Complaint::new(at, "").shown(self.lexer.text());
        let place = place.trim_end_matches([':', ' ']);
        if self.token == Token::End && sign != ":" {
            return self.wrong(format!("a `{sign}` is missing for the `{opened}` of {place}"));
        }
        self.wrong(format!("expected `{sign}` for the `{opened}` of {place}, not {}", self.token.shown()))
    }
}
