//! What expressions read of `params`, so that a name that is not there is said before anything is judged.
//!
//! Nobody is refused who may be right: what is asked for anywhere (`has(params.x)`, `params.?x`, `'x' in params`) may be
//! missing, and so may what stands behind a condition on `params` or `variables`.

use crate::compile::{Sees, Unit};
use crate::complaint::nearest_key;
use crate::data::Data;
use crate::frame::{Filter, Frame, Literal, Operand};
use crate::lexer::{Lexer, Token};
use crate::value::Value;

/// The longest path that is kept, in bytes.
const MOST_PATH: usize = 200;
/// The most paths of a policy: where there are more, none is judged.
const MOST_PATHS: usize = 1_000;
/// The longest expression whose reads are judged, in bytes: the conditions around each are looked through.
const MOST_JUDGED: usize = 8_192;
/// The most names that are listed where none is near.
const MOST_LISTED: usize = 5;

/// A field of `params` that an expression takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The byte of the expression that its name begins at.
    pub at: usize,
    /// `a.b` of `params.a.b`.
    path: String,
    /// Whether no condition stands around it.
    certain: bool,
}

/// All that the expressions of a policy take of `params` and ask for.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    /// Of the expression that was compiled last.
    pub(crate) last: Vec<Read>,
    asked: Vec<String>,
    many: bool,
}

impl Reads {
    fn ask(&mut self, path: String) {
        self.many |= self.asked.len() >= MOST_PATHS;
        if !self.many && !self.asked.contains(&path) {
            self.asked.push(path);
        }
    }

    /// What is wrong with a field that is read, where it is certain that nobody meant it.
    pub(crate) fn unknown(&self, read: &Read, params: &[u8]) -> Option<String> {
        if self.many || self.asked.contains(&read.path) {
            return None;
        }
        let (holder, last) = read.path.rsplit_once('.').unwrap_or(("", &read.path));
        let lack = Lack::of(params, holder, last)?;
        match &lack.near {
            Some(_) => Some(lack.shown()),
            None if !read.certain => None,
            None => Some(format!("{}; add it, or read it as `{}.?{last}.orValue(..)`", lack.shown(), lack.holder)),
        }
    }
}

/// A field that `params` lack.
pub(crate) struct Lack {
    holder: String,
    key: String,
    /// What was probably meant.
    pub(crate) near: Option<String>,
    beside: Vec<String>,
}

impl Lack {
    /// Where what stands at a path (`a.b`, or nothing for the whole) is a map without this key.
    pub(crate) fn of(params: &[u8], path: &str, key: &str) -> Option<Self> {
        let data = Data(params);
        let mut at = data.root();
        for name in path.split('.').filter(|name| !name.is_empty()) {
            let Value::DataMap(place) = at else { return None };
            at = data.find(place, name)?;
        }
        let Value::DataMap(place) = at else { return None };
        if data.find(place, key).is_some() {
            return None;
        }
        let keys = (0..data.len(place)).map(|position| data.at(place, position * 2));
        let beside: Vec<String> = keys.filter_map(|key| Some(key.as_text()?.to_owned())).collect();
        let near = nearest_key(key, beside.iter().map(String::as_str)).map(str::to_owned);
        let dot = if path.is_empty() { "" } else { "." };
        Some(Self { holder: format!("params{dot}{path}"), key: key.to_owned(), near, beside })
    }

    /// Whether they are an object of Kubernetes, as a ValidatingAdmissionPolicy has it: each may have other fields.
    pub(crate) fn is_object(params: &[u8]) -> bool {
        let data = Data(params);
        let Value::DataMap(place) = data.root() else { return false };
        ["apiVersion", "kind"].iter().all(|key| data.find(place, key).is_some_and(|found| found.as_text().is_some()))
    }

    /// What is wrong, and what was meant.
    pub(crate) fn shown(&self) -> String {
        let Self { holder, key, near, beside } = self;
        let listed: Vec<String> =
            beside.iter().take(MOST_LISTED).map(|key| format!("`{}`", key.escape_debug())).collect();
        let more = if beside.len() > MOST_LISTED { " and others" } else { "" };
        match near {
            Some(near) => format!("`{holder}` has no `{key}`; did you mean `{near}`?"),
            None if beside.is_empty() => format!("`{holder}` has no `{key}`: it is empty"),
            None => format!("`{holder}` has no `{key}`, but {}{more}", listed.join(", ")),
        }
    }
}

impl<'a> Unit<'a, '_> {
    /// A field is taken from an operand: of `params`, it is kept.
    pub(crate) fn note_read(&mut self, operand: &Operand<'a>, name: &str, optional: bool, at: usize) {
        let Some(path) = self
            .text(operand.at, at)
            .and_then(|holder| self.path_of(holder.strip_suffix(if optional { ".?" } else { "." })?, name))
        else {
            return;
        };
        if optional || matches!(self.frames.last(), Some(Frame::Has { .. })) {
            self.reads.ask(path);
        } else if self.lexer.text().len() <= MOST_JUDGED
            && let Some(certain) = self.certainty()
        {
            self.reads.many |= self.reads.last.len() >= MOST_PATHS;
            if !self.reads.many {
                self.reads.last.push(Read { at, path, certain });
            }
        }
    }

    /// `'name' in params` and `params[?'name']`: a key is asked for, of what stands in `from..to`.
    pub(crate) fn note_asked(&mut self, key: &Operand<'a>, from: usize, to: usize) {
        let Some(Literal::Text(key)) = &key.literal else { return };
        if let Some(path) = self.text(from, to).and_then(|holder| self.path_of(holder.trim(), key)) {
            self.reads.ask(path);
        }
    }

    /// An `&&` or `||` ended here whose sign stands at a byte: where its right side is a condition on `params`, its left one may
    /// fail.
    pub(crate) fn forget_guarded(&mut self, at: usize) {
        let begin = self.frames.last().map_or(0, Frame::at);
        let behind = |read: &Read| read.at >= begin && read.at < at;
        if self.reads.last.iter().any(behind) && self.text(at, self.at).is_some_and(|right| guards(right, false)) {
            self.reads.last.retain(|read| !behind(read));
        }
    }

    fn text(&self, from: usize, to: usize) -> Option<&'a str> {
        self.lexer.text().get(from..to)
    }

    /// `a.b` of `params.a` and `b`.
    fn path_of(&self, holder: &str, name: &str) -> Option<String> {
        let rest = holder.strip_prefix("params")?;
        let known = self.local("params").is_none() && matches!(self.sees, Sees::Policy { .. });
        let plain = rest.is_empty() || rest.strip_prefix('.')?.split('.').all(crate::operand::is_name);
        let short = holder.len() + name.len() <= MOST_PATH;
        (known && plain && short).then(|| match rest.strip_prefix('.') {
            Some(rest) => format!("{rest}.{name}"),
            None => name.to_owned(),
        })
    }

    /// Whether what stands here is evaluated whenever the expression is; nothing where a condition may know better.
    fn certainty(&self) -> Option<bool> {
        let mut certain = true;
        let mut begin = 0;
        for frame in &self.frames {
            let end = frame.at();
            let condition = self.text(begin, end).unwrap_or_default();
            match frame {
                Frame::Binary { jump: Some(_), .. } if guards(condition, false) => return None,
                Frame::Then { .. } | Frame::Else { .. } if guards(condition, true) => return None,
                Frame::Binary { jump: Some(_), .. }
                | Frame::Then { .. }
                | Frame::Else { .. }
                | Frame::Call { jump: Some(_), .. } => certain = false,
                Frame::Macro(open) if open.filter == Filter::Done => certain = false,
                _ => {}
            }
            begin = end;
        }
        Some(certain)
    }
}

/// Whether a condition asks what the policy itself says; with `also`, whatever else it asks.
fn guards(condition: &str, also: bool) -> bool {
    let mut lexer = Lexer::new(condition);
    let (mut own, mut others) = (false, false);
    while let Ok(token) = lexer.next() {
        match token {
            Token::End => break,
            Token::Name("params" | "variables") => own = true,
            Token::Name("object" | "oldObject" | "request") => others = true,
            _ => {}
        }
    }
    own && (also || !others)
}
