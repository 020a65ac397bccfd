//! Which function a call means, whether it can be called so, and what is judged of its literals.

use std::rc::Rc;

use crate::code::Op;
use crate::compile::Unit;
use crate::complaint::Complaint;
use crate::convert;
use crate::frame::{Literal, Operand};
use crate::functions::{self, Does, FUNCTIONS, Function, Style};
use crate::regex::Pattern;
use crate::typing::{self, Ty};
use crate::value::Value;

impl<'a> Unit<'a, '_> {
    /// Checks a call and writes it.
    pub(crate) fn call(
        &mut self,
        name: &str,
        target: Option<Operand<'a>>,
        arguments: Rc<[Operand<'a>]>,
        at: usize,
    ) -> Result<Operand<'a>, Complaint> {
        let member = target.is_some();
        let all: Vec<&Operand<'a>> = target.iter().chain(arguments.iter()).collect();
        let tys: Vec<Ty> = all.iter().map(|operand| operand.ty).collect();
        let ty = self.resolve(name, member, &tys, at)?;
        let does = found(name, member).next().map_or(Does::Dyn, |function| function.does);
        if let Some(format) = name.strip_prefix("format.").and_then(crate::formats::number_of) {
            self.code.byte(Op::Format, format);
            return Ok(Operand::new(ty, at));
        }
        if let (Does::Dyn, [argument]) = (does, all.as_slice()) {
            // It says something about types and does nothing.
            return Ok(Operand { ty, at, select: None, sealed: false, ..(*argument).clone() });
        }
        self.judge_literals(does, &all)?;
        let pattern = match does {
            Does::Matches | Does::Find | Does::FindAll => self.pattern(all[1])?,
            _ => None,
        };
        match pattern {
            Some(pattern) => {
                self.code.pair(Op::CallPattern, does as u8, tys.len() as u8);
                self.code.append(&pattern);
            }
            None => self.code.pair(Op::Call, does as u8, tys.len() as u8),
        }
        Ok(Operand::new(ty, all.first().map_or(at, |first| first.at.min(at))))
    }

    /// The type of what a function answers to arguments of these types, the receiver first.
    pub(crate) fn resolve(&mut self, name: &str, member: bool, tys: &[Ty], at: usize) -> Result<Ty, Complaint> {
        let mut result = None;
        for signature in found(name, member).flat_map(|function| function.signatures) {
            let params = match signature.contains(['A', 'B']) {
                true => [self.types.open(), self.types.open()],
                false => [typing::DYN; 2],
            };
            let mut letters = signature.as_bytes().iter();
            let mut wanted = Vec::with_capacity(tys.len());
            while letters.as_slice().first() != Some(&b':') {
                wanted.push(self.types.read(&mut letters, &params));
            }
            letters.next();
            let answer = self.types.read(&mut letters, &params);
            if !self.types.all_go(tys, &wanted) {
                continue;
            }
            // What a call answers is settled here: nothing that is found out later changes it.
            let answer = self.types.so_far(answer);
            result = match result {
                None => Some(answer),
                Some(before) if before == answer => Some(before),
                Some(_) => Some(typing::DYN),
            };
        }
        result.ok_or_else(|| Complaint::new(at, self.no_fit(name, member, tys)))
    }

    fn no_fit(&self, name: &str, member: bool, tys: &[Ty]) -> String {
        let shown: Vec<String> = tys.iter().map(|ty| self.types.shown(*ty)).collect();
        let operator = name.starts_with(['_', '-', '!']);
        if operator {
            let sign = name.trim_matches('_').replace("[_]", "[..]").replace("[?_]", "[?..]");
            return format!("`{sign}` cannot be applied to {}", shown.join(" and "));
        }
        if found(name, member).next().is_none() {
            return match FUNCTIONS.iter().find(|function| function.name == name) {
                Some(_) if member => format!("`{name}` is called as `{name}(..)`, not on a value"),
                Some(_) => format!("`{name}` is called on a value, as in `x.{name}(..)`"),
                None => functions::unknown(name, member, false),
            };
        }
        let receiver = usize::from(member);
        let mut counts: Vec<usize> = found(name, member)
            .flat_map(|function| function.signatures)
            .map(|signature| count(signature) - receiver)
            .collect();
        counts.sort_unstable();
        counts.dedup();
        let given = tys.len() - receiver;
        if !counts.contains(&given) {
            let counts: Vec<String> = counts.iter().map(ToString::to_string).collect();
            return format!("`{name}` takes {} arguments, not {given}", counts.join(" or "));
        }
        if member {
            return format!("`{name}` cannot be called on {} with ({})", shown[0], shown[1..].join(", "));
        }
        format!("`{name}` cannot be called with ({})", shown.join(", "))
    }

    /// What the API server refuses before anything is evaluated.
    fn judge_literals(&mut self, does: Does, all: &[&Operand<'a>]) -> Result<(), Complaint> {
        if does == Does::Format
            && let [
                Operand { literal: Some(Literal::Text(text)), at, .. },
                Operand { literal: Some(Literal::List(items)), .. },
            ] = all
        {
            return crate::format::judge(text, items, self.types).map_err(|what| Complaint::new(*at, what));
        }
        let [argument] = all else { return Ok(()) };
        let value = match &argument.literal {
            Some(Literal::Text(text)) => Value::text(text.as_ref().to_owned()),
            Some(Literal::Other) => crate::machine::constant(&self.code.0[argument.code..]),
            _ => return Ok(()),
        };
        if let (Does::ToDuration, Value::Int(_)) = (does, &value) {
            return Err(Complaint::new(argument.at, "write a duration as a text with its unit, such as `'5s'`"));
        }
        match convert::convert(does, &value) {
            Some(Value::Error(what)) => Err(Complaint::new(argument.at, what.to_string())),
            _ => Ok(()),
        }
    }

    /// The compiled form of a literal pattern.
    fn pattern(&mut self, operand: &Operand<'a>) -> Result<Option<Vec<u8>>, Complaint> {
        let Some(Literal::Text(text)) = &operand.literal else { return Ok(None) };
        let pattern = Pattern::compile(text).map_err(|what| Complaint::new(operand.at, what))?;
        Ok(Some(pattern.to_bytes()))
    }
}

fn found(name: &str, member: bool) -> impl Iterator<Item = &'static Function> {
    FUNCTIONS.iter().filter(move |function| {
        function.name == name
            && match function.style {
                Style::Global => !member,
                Style::Member => member,
                Style::Either => true,
            }
    })
}

/// How many arguments a signature has.
fn count(signature: &str) -> usize {
    let arguments = signature.split(':').next().unwrap_or_default();
    let (mut count, mut open) = (0, 1_usize);
    for letter in arguments.bytes() {
        open = match letter {
            b'L' | b'O' => open,
            b'M' => open + 1,
            _ => open - 1,
        };
        if open == 0 {
            count += 1;
            open = 1;
        }
    }
    count
}
