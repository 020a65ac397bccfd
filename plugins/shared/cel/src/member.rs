//! What may follow an operand: fields, indices, methods and macros.

use crate::code::{LoopKind, Op};
use crate::compile::{After, Local, MOST_LOOPS, Sees, Unit};
use crate::complaint::{Complaint, nearest};
use crate::frame::{Filter, Frame, Macro, Makes, Operand};
use crate::functions::MACROS;
use crate::lexer::Token;
use crate::operand::RESERVED;
use crate::request::{Holds, STRUCTS};
use crate::typing::{self, Kind, Ty};

fn not_told(structure: &str, name: &str, at: usize) -> Complaint {
    let what = format!(
        "`{name}` of {structure} is not known to a plugin: it sees the operation, names, kind, resource, user and groups"
    );
    Complaint::new(at, what)
}

impl<'a> Unit<'a, '_> {
    /// One step on from an operand.
    pub(crate) fn postfix(&mut self, operand: Operand<'a>) -> Result<After<'a>, Complaint> {
        if self.is("[") {
            let at = self.at;
            self.advance()?;
            let optional = self.take("?")?;
            self.seal(&operand);
            self.open(Frame::Index { target: operand, optional, at })?;
            return Ok(After::Wants);
        }
        if !self.is(".") {
            return Ok(After::Ends(operand));
        }
        self.advance()?;
        let optional = self.take("?")?;
        let at = self.at;
        match self.advance()? {
            Token::Name(name) if self.is("(") && !optional => {
                self.advance()?;
                if MACROS.contains(&name) {
                    return self.begin_macro(name, operand, at);
                }
                Ok(self.begin_call(name, Some(operand), at)?.map_or(After::Wants, After::Is))
            }
            Token::Name(name) => self.select(&operand, name, optional, at).map(After::Is),
            Token::Quoted(name) => Err(Complaint::new(
                at,
                format!("Kubernetes takes no back-quotes: write `['{name}']` instead of the dot"),
            )),
            token => {
                let way = match token {
                    Token::Sign("in" | "true" | "false" | "null") => {
                        "; write it in brackets and quotes, as in `['in']`"
                    }
                    _ => "",
                };
                Err(Complaint::new(at, format!("expected the name of a field, not {}{way}", token.shown())))
            }
        }
    }

    fn select(
        &mut self,
        operand: &Operand<'a>,
        name: &'a str,
        optional: bool,
        at: usize,
    ) -> Result<Operand<'a>, Complaint> {
        let (target, is_optional) = match self.types.kind(operand.ty) {
            Kind::Optional(inner) => (inner, true),
            _ => (operand.ty, false),
        };
        if let Kind::Struct(number) = self.types.kind(target) {
            return self.select_known(operand, number, name, optional, at);
        }
        let mut ty = match self.types.kind(target) {
            Kind::Map(_, value) => value,
            Kind::Dyn => typing::DYN,
            Kind::Param(_) => {
                self.types.goes(typing::DYN, target);
                typing::DYN
            }
            _ => {
                let found = self.types.shown(target);
                return Err(Complaint::new(at, format!("{found} has no fields: `.{name}` cannot be taken from it")));
            }
        };
        if optional || is_optional {
            ty = self.types.of(Kind::Optional(ty));
        }
        self.note_read(operand, name, optional, at);
        self.seal(operand);
        let select = (!optional).then_some(self.code.here());
        self.code.blob(if optional { Op::SelectOptional } else { Op::Select }, name.as_bytes());
        let sealed = !optional && !is_optional && matches!(self.types.kind(ty), Kind::Optional(_));
        Ok(Operand { ty, at: operand.at, code: 0, literal: None, select, sealed })
    }

    fn seal(&mut self, operand: &Operand<'a>) {
        if operand.sealed {
            self.code.op(Op::Seal);
        }
    }

    /// A field of a structure: the structure itself is never a value where its field is named at once.
    fn select_known(
        &mut self,
        operand: &Operand<'a>,
        number: u8,
        name: &'a str,
        optional: bool,
        at: usize,
    ) -> Result<Operand<'a>, Complaint> {
        let structure = &STRUCTS[usize::from(number)];
        let Some(field) = structure.fields.iter().find(|field| field.name == name) else {
            let near = nearest(name, structure.fields.iter().map(|field| field.name));
            let hint = match near {
                _ if ["object", "oldObject"].contains(&name) => format!(": write `{name}` alone"),
                Some(near) => format!(": did you mean `{near}`?"),
                None => String::new(),
            };
            return Err(Complaint::new(at, format!("{} has no field `{name}`{hint}", structure.name)));
        };
        let Some(select) = operand.select else {
            return Err(Complaint::new(
                at,
                format!("take `{name}` directly from where it stands, as in `request.{name}`"),
            ));
        };
        let ty = match field.holds {
            _ if field.whole && self.sees != Sees::Request => return Err(not_told(structure.name, name, at)),
            Holds::Unknown => return Err(not_told(structure.name, name, at)),
            Holds::Struct(inner) => {
                if optional {
                    return Err(Complaint::new(at, format!("`{name}` is always there: take it without `?`")));
                }
                self.code.0[select + 1] = inner;
                self.types.of(Kind::Struct(inner))
            }
            Holds::Given(given, signature) => {
                let op = if optional { Op::GivenOptional } else { Op::Given };
                self.code.0.truncate(select);
                self.code.byte(op, given as u8);
                let ty = self.types.read(&mut signature.as_bytes().iter(), &[typing::DYN; 2]);
                if optional { self.types.of(Kind::Optional(ty)) } else { ty }
            }
        };
        Ok(Operand { ty, at: operand.at, code: 0, literal: None, select: (!optional).then_some(select), sealed: false })
    }

    fn begin_macro(&mut self, name: &'a str, operand: Operand<'a>, at: usize) -> Result<After<'a>, Complaint> {
        let (makes, names, filter) = match name {
            "all" => (Makes::Loop(LoopKind::All), self.one_or_two()?, Filter::Never),
            "exists" => (Makes::Loop(LoopKind::Exists), self.one_or_two()?, Filter::Never),
            "exists_one" => (Makes::Loop(LoopKind::ExistsOne), self.one_or_two()?, Filter::Never),
            "existsOne" => (Makes::Loop(LoopKind::ExistsOne), 2, Filter::Never),
            "map" => (Makes::Loop(LoopKind::List), 1, Filter::May),
            "filter" => (Makes::Loop(LoopKind::Keep), 1, Filter::Never),
            "transformList" => (Makes::Loop(LoopKind::List), 2, Filter::May),
            "transformMap" => (Makes::Loop(LoopKind::Map), 2, Filter::May),
            "transformMapEntry" => (Makes::Loop(LoopKind::Entries), 2, Filter::May),
            "sortBy" => (Makes::Loop(LoopKind::Sort), 1, Filter::Never),
            "optMap" => (Makes::Optional, 1, Filter::Never),
            _ => (Makes::Flat, 1, Filter::Never),
        };
        if usize::from(self.loops) >= MOST_LOOPS {
            return self.wrong(format!("more than {MOST_LOOPS} loops inside each other"));
        }
        let mut given = Vec::with_capacity(2);
        for _ in 0..names {
            given.push(self.loop_name(name, &given)?);
        }
        let tys = self.types_of_names(makes, operand.ty, names, &operand)?;
        match makes {
            Makes::Loop(kind) => self.code.pair(Op::Loop, kind as u8, names as u8),
            Makes::Optional | Makes::Flat => self.code.op(Op::Open),
        }
        let end = self.code.place();
        for (which, (name, ty)) in given.iter().zip(tys).enumerate() {
            self.locals.push(Local { name, ty, place: (self.loops, which as u8) });
        }
        self.loops += 1;
        self.open(Frame::Macro(Macro { name, makes, names, end, range: operand.ty, filter, first: tys[0], at }))?;
        Ok(After::Wants)
    }

    /// Whether two names stand here and something behind them, or one.
    fn one_or_two(&self) -> Result<usize, Complaint> {
        let mut ahead = self.lexer;
        let comma = Ok(Token::Sign(","));
        let two = matches!(self.token, Token::Name(_))
            && ahead.next() == comma
            && matches!(ahead.next(), Ok(Token::Name(_)))
            && ahead.next() == comma;
        Ok(if two { 2 } else { 1 })
    }

    fn loop_name(&mut self, macro_name: &str, given: &[&'a str]) -> Result<&'a str, Complaint> {
        let at = self.at;
        let name = match self.advance()? {
            Token::Name(name) if RESERVED.contains(&name) => {
                return Err(Complaint::new(at, format!("`{name}` is a reserved word")));
            }
            Token::Name(name) if !name.starts_with("__") && self.is(",") => name,
            _ if macro_name == "existsOne" => {
                let what = "`existsOne` takes two names and a condition; with one name it is `exists_one`";
                return Err(Complaint::new(at, what));
            }
            _ => {
                let what =
                    format!("the first argument of `{macro_name}` is a simple name, such as `x`, and a comma follows");
                return Err(Complaint::new(at, what));
            }
        };
        if given.contains(&name) {
            return Err(Complaint::new(at, format!("`{name}` stands here twice")));
        }
        self.advance()?;
        Ok(name)
    }

    fn types_of_names(
        &mut self,
        makes: Makes,
        range: Ty,
        names: usize,
        operand: &Operand<'a>,
    ) -> Result<[Ty; 2], Complaint> {
        if makes == Makes::Optional || makes == Makes::Flat {
            let inner = self.types.open();
            let wanted = self.types.of(Kind::Optional(inner));
            if !self.types.goes(range, wanted) {
                let found = self.types.shown(range);
                return Err(Complaint::new(operand.at, format!("expected an optional but found {found}")));
            }
            return Ok([inner, typing::DYN]);
        }
        match self.types.kind(range) {
            Kind::List(item) if names == 2 => Ok([typing::INT, item]),
            Kind::List(item) => Ok([item, typing::DYN]),
            Kind::Map(key, value) => Ok([key, value]),
            Kind::Dyn => Ok([typing::DYN; 2]),
            Kind::Param(_) => {
                self.types.goes(typing::DYN, range);
                Ok([typing::DYN; 2])
            }
            _ => {
                let found = self.types.shown(range);
                Err(Complaint::new(operand.at, format!("{found} has no items to go through: a list or a map has")))
            }
        }
    }

    /// A condition before the body has ended.
    pub(crate) fn filter_macro(&mut self, mut open: Macro<'a>, operand: &Operand<'a>) -> Result<After<'a>, Complaint> {
        if open.filter != Filter::May {
            return self.wrong(format!("too many arguments for `{}`", open.name));
        }
        self.must_be_bool(operand)?;
        self.code.op(Op::Filter);
        open.filter = Filter::Done;
        self.frames.push(Frame::Macro(open));
        Ok(After::Wants)
    }

    /// The body has ended.
    pub(crate) fn finish_macro(&mut self, open: &Macro<'a>, body: &Operand<'a>) -> Result<Operand<'a>, Complaint> {
        self.loops -= 1;
        self.locals.truncate(self.locals.len() - open.names);
        match open.makes {
            Makes::Loop(_) => self.code.op(Op::Step),
            Makes::Optional => self.code.byte(Op::Close, 1),
            Makes::Flat => self.code.byte(Op::Close, 0),
        }
        self.code.patch(open.end);
        let ty = match open.makes {
            Makes::Loop(LoopKind::All | LoopKind::Exists | LoopKind::ExistsOne) => {
                self.must_be_bool(body)?;
                typing::BOOL
            }
            Makes::Loop(LoopKind::Keep) => {
                self.must_be_bool(body)?;
                self.types.of(Kind::List(open.first))
            }
            Makes::Loop(LoopKind::List) => self.types.of(Kind::List(body.ty)),
            Makes::Loop(LoopKind::Map) => self.types.of(Kind::Map(open.first, body.ty)),
            Makes::Loop(LoopKind::Entries) => {
                let (key, value) = (self.types.open(), self.types.open());
                let wanted = self.types.of(Kind::Map(key, value));
                if !self.types.goes(body.ty, wanted) {
                    let found = self.types.shown(body.ty);
                    return Err(Complaint::new(body.at, format!("expected a map of new entries but found {found}")));
                }
                wanted
            }
            Makes::Loop(LoopKind::Sort) => {
                let keys = self.types.of(Kind::List(body.ty));
                self.resolve("@sortBy", true, &[open.range, keys], open.at)?
            }
            Makes::Optional => self.types.of(Kind::Optional(body.ty)),
            Makes::Flat => {
                let inner = self.types.open();
                let wanted = self.types.of(Kind::Optional(inner));
                if !self.types.goes(body.ty, wanted) {
                    let found = self.types.shown(body.ty);
                    return Err(Complaint::new(body.at, format!("expected an optional but found {found}")));
                }
                body.ty
            }
        };
        Ok(Operand::new(ty, open.at))
    }
}
