//! What ends in a bracket: calls, indices, lists, maps and macros.

use std::rc::Rc;

use crate::code::Op;
use crate::compile::{After, MOST_ITEMS, Unit};
use crate::complaint::Complaint;
use crate::frame::{Frame, Literal, Operand};
use crate::functions::{self, FUNCTIONS};
use crate::lexer::Token;
use crate::typing::{self, Kind, Ty};

impl<'a> Unit<'a, '_> {
    /// Opens a call whose parenthesis was taken; one without arguments is closed at once.
    pub(crate) fn begin_call(
        &mut self,
        name: &'a str,
        target: Option<Operand<'a>>,
        at: usize,
    ) -> Result<Option<Operand<'a>>, Complaint> {
        if !FUNCTIONS.iter().any(|function| function.name == name) {
            let member = target.is_some();
            // What follows cannot be read without knowing which names it binds.
            let lambda = matches!(self.token, Token::Name(_)) && { self.lexer }.next() == Ok(Token::Sign(","));
            return Err(Complaint::new(at, functions::unknown(name, member, lambda)));
        }
        if self.take(")")? {
            return self.call(name, target, Rc::from([]), at).map(Some);
        }
        let skips = match name {
            "or" if target.is_some() => Some(Op::OptionalOr),
            "orValue" if target.is_some() => Some(Op::OptionalOrValue),
            _ => None,
        };
        let jump = skips.map(|op| {
            self.code.op(op);
            self.code.place()
        });
        self.open(Frame::Call { name, target, arguments: Vec::new(), jump, at })?;
        Ok(None)
    }

    /// An operand ended inside of this group.
    pub(crate) fn close_group(&mut self, frame: Frame<'a>, operand: Operand<'a>) -> Result<After<'a>, Complaint> {
        match frame {
            Frame::Has { at } => {
                self.expect(")", "has(", at)?;
                self.finish_has(&operand, at).map(After::Is)
            }
            Frame::Call { name, target, mut arguments, jump, at } => {
                arguments.push(operand);
                if arguments.len() >= usize::from(u8::MAX) {
                    return self.wrong(format!("too many arguments for `{name}`"));
                }
                if self.take(",")? {
                    self.frames.push(Frame::Call { name, target, arguments, jump, at });
                    return Ok(After::Wants);
                }
                self.expect(")", &format!("{name}("), at)?;
                let called = self.call(name, target, arguments.into(), at)?;
                if let Some(jump) = jump {
                    self.code.patch(jump);
                }
                Ok(After::Is(called))
            }
            Frame::Index { target, optional, at } => {
                self.expect("]", "[", at)?;
                if optional {
                    self.note_asked(&operand, target.at, at);
                }
                let name = if optional { "_[?_]" } else { "_[_]" };
                let begin = target.at;
                let plain = !optional && !matches!(self.types.kind(target.ty), Kind::Optional(_));
                let mut found = self.call(name, None, Rc::from([target, operand]), at)?;
                found.at = begin;
                found.sealed = plain && matches!(self.types.kind(found.ty), Kind::Optional(_));
                Ok(After::Is(found))
            }
            Frame::List { mut items, mut optional, at } => {
                items.push(operand);
                if self.another("]", items.len())? {
                    optional.push(self.take("?")?);
                    self.frames.push(Frame::List { items, optional, at });
                    return Ok(After::Wants);
                }
                self.expect("]", "[", at)?;
                self.finish_list(items, optional, at).map(After::Is)
            }
            Frame::Map { mut items, mut optional, at } => {
                items.push(operand);
                if items.len() % 2 == 1 {
                    self.expect(":", "{", at)?;
                    self.frames.push(Frame::Map { items, optional, at });
                    return Ok(After::Wants);
                }
                if self.another("}", items.len())? {
                    optional.push(self.take("?")?);
                    self.frames.push(Frame::Map { items, optional, at });
                    return Ok(After::Wants);
                }
                self.expect("}", "{", at)?;
                self.finish_map(items, optional, at).map(After::Is)
            }
            Frame::Macro(open) => {
                if self.take(",")? {
                    return self.filter_macro(open, &operand);
                }
                self.expect(")", &format!("{}(", open.name), open.at)?;
                self.finish_macro(&open, &operand).map(After::Is)
            }
            _ => self.wrong(format!("{} does not belong here", self.token.shown())),
        }
    }

    /// Whether another item follows: a comma, and not only the one that may stand before the end.
    fn another(&mut self, end: &str, count: usize) -> Result<bool, Complaint> {
        if count >= MOST_ITEMS {
            return self.wrong(format!("more than {MOST_ITEMS} items"));
        }
        Ok(self.take(",")? && !self.is(end))
    }

    fn finish_has(&mut self, operand: &Operand<'a>, at: usize) -> Result<Operand<'a>, Complaint> {
        let refused = || Complaint::new(at, "`has` takes a field, such as `has(object.spec.replicas)`");
        let select = operand.select.ok_or_else(refused)?;
        match self.code.0[select] {
            op if op == Op::Select as u8 => self.code.0[select] = Op::Has as u8,
            op if op == Op::Given as u8 => self.code.0[select] = Op::HasGiven as u8,
            // What always has a value, such as `request.kind`; `request` itself is no field.
            op if op == Op::Struct as u8 => {
                let number = self.code.0[select + 1];
                if [crate::request::REQUEST, crate::request::NAMESPACE].contains(&number) {
                    return Err(refused());
                }
                self.code.0.truncate(select);
                self.code.op(Op::True);
            }
            _ => return Err(refused()),
        }
        Ok(Operand::new(typing::BOOL, at))
    }

    pub(crate) fn finish_list(
        &mut self,
        items: Vec<Operand<'a>>,
        optional: Vec<bool>,
        at: usize,
    ) -> Result<Operand<'a>, Complaint> {
        self.code.short(Op::List, items.len() as u16);
        let mut ty = None;
        let mut tys = Vec::with_capacity(items.len());
        for (item, optional) in items.iter().zip(&optional) {
            self.code.0.push(u8::from(*optional));
            let one = self.unwrapped(item, *optional)?;
            ty = Some(self.join(ty, one));
            tys.push(one);
        }
        let ty = ty.unwrap_or_else(|| self.types.open());
        self.note_same(tys.iter().copied().zip(items.iter().map(|item| item.at)).collect());
        let literal = Some(Literal::List(tys.into()));
        let ty = self.types.of(Kind::List(ty));
        Ok(Operand { ty, at, code: 0, literal, select: None, sealed: false })
    }

    pub(crate) fn finish_map(
        &mut self,
        items: Vec<Operand<'a>>,
        optional: Vec<bool>,
        at: usize,
    ) -> Result<Operand<'a>, Complaint> {
        self.code.short(Op::Map, (items.len() / 2) as u16);
        let (mut key_ty, mut value_ty) = (None, None);
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for (pair, optional) in items.chunks_exact(2).zip(&optional) {
            self.code.0.push(u8::from(*optional));
            key_ty = Some(self.join(key_ty, pair[0].ty));
            let value = self.unwrapped(&pair[1], *optional)?;
            value_ty = Some(self.join(value_ty, value));
            keys.push((pair[0].ty, pair[0].at));
            values.push((value, pair[1].at));
        }
        self.note_same(keys);
        self.note_same(values);
        let key = key_ty.unwrap_or_else(|| self.types.open());
        let value = value_ty.unwrap_or_else(|| self.types.open());
        Ok(Operand::new(self.types.of(Kind::Map(key, value)), at))
    }

    fn unwrapped(&mut self, item: &Operand<'a>, optional: bool) -> Result<Ty, Complaint> {
        match self.types.kind(item.ty) {
            _ if !optional => Ok(item.ty),
            Kind::Optional(inner) => Ok(inner),
            Kind::Dyn => Ok(typing::DYN),
            _ => {
                let found = self.types.shown(item.ty);
                Err(Complaint::new(item.at, format!("behind `?` stands an optional, not {found}")))
            }
        }
    }

    fn join(&mut self, before: Option<Ty>, ty: Ty) -> Ty {
        let Some(before) = before else { return ty };
        if self.types.goes(before, ty) {
            return self.types.more_general(before, ty);
        }
        // Whether they may differ is judged in the end: only in a call of `format`.
        typing::DYN
    }

    fn mixed(&self, one: Ty, other: Ty, at: usize) -> Complaint {
        let (one, other) = (self.types.shown(one), self.types.shown(other));
        Complaint::new(
            at,
            format!("expected type {one} but found {other}: what stands in one list or map is of one type"),
        )
    }

    /// All of these must be of one type in the end; what stands in a call of `format` may differ.
    fn note_same(&mut self, items: Vec<(Ty, usize)>) {
        let exempt = self.frames.iter().any(|frame| matches!(frame, Frame::Call { name: "format", .. }));
        if !exempt && items.len() > 1 {
            self.same.push(items);
        }
    }

    pub(crate) fn judge_sameness(&mut self) -> Result<(), Complaint> {
        for items in std::mem::take(&mut self.same) {
            let first = self.types.closed(items[0].0);
            for (ty, at) in &items[1..] {
                let ty = self.types.closed(*ty);
                if ty != first {
                    return Err(self.mixed(first, ty, *at));
                }
            }
        }
        Ok(())
    }
}
