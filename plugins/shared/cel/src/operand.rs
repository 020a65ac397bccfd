//! What an operand may begin with: literals, names, calls, parentheses, lists and maps.

use crate::code::Op;
use crate::compile::{Sees, Unit};
use crate::complaint::{Complaint, nearest};
use crate::frame::{Frame, Literal, Operand};
use crate::functions::FUNCTIONS;
use crate::lexer::Token;
use crate::request;
use crate::typing::{self, Kind};
use crate::value::TYPES;

/// Words that cannot be names.
pub(crate) const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// Whether an expression can call something so: letters, digits and `_`, no digit first, and no word of CEL.
pub fn is_name(text: &str) -> bool {
    let letters = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let word = RESERVED.contains(&text) || ["true", "false", "null", "in"].contains(&text);
    letters && !text.is_empty() && !text.starts_with(|first: char| first.is_ascii_digit()) && !word
}

/// The documents, by their numbers.
const ROOTS: [&str; 3] = ["object", "oldObject", "params"];
/// The names that expressions of a policy know, and how many of them a condition of a request knows.
const NAMES: [&str; 6] = ["object", "oldObject", "request", "params", "namespaceObject", "variables"];
const OF_REQUESTS: usize = 3;

impl<'a> Unit<'a, '_> {
    /// Reads the beginning of an operand; nothing where something was opened that wants another one first.
    pub(crate) fn operand(&mut self) -> Result<Option<Operand<'a>>, Complaint> {
        let at = self.at;
        let code = self.code.here();
        let ty = match self.advance()? {
            Token::Int(number) => self.whole(number, at)?,
            Token::Uint(number) => {
                self.code.wide(Op::Uint, number.to_le_bytes());
                typing::UINT
            }
            Token::Double(number) => {
                self.code.wide(Op::Double, number.to_le_bytes());
                typing::DOUBLE
            }
            Token::Text(text) => {
                self.code.blob(Op::Text, text.as_bytes());
                let literal = Some(Literal::Text(text));
                return Ok(Some(Operand { ty: typing::TEXT, at, code, literal, select: None, sealed: false }));
            }
            Token::Bytes(bytes) => {
                self.code.blob(Op::Bytes, &bytes);
                typing::BYTES
            }
            Token::Sign("true") => {
                self.code.op(Op::True);
                typing::BOOL
            }
            Token::Sign("false") => {
                self.code.op(Op::False);
                typing::BOOL
            }
            Token::Sign("null") => {
                self.code.op(Op::Null);
                typing::NULL
            }
            Token::Sign(sign) => return self.sign(sign, at),
            Token::Name(name) => return self.name(name, at),
            token => {
                let what = format!("expected a value, not {}", token.shown());
                return Err(Complaint::new(at, what));
            }
        };
        Ok(Some(Operand { ty, at, code, literal: Some(Literal::Other), select: None, sealed: false }))
    }

    fn whole(&mut self, number: u64, at: usize) -> Result<typing::Ty, Complaint> {
        match i64::try_from(number) {
            Ok(number) => self.code.wide(Op::Int, number.to_le_bytes()),
            Err(_) => return Err(Complaint::new(at, format!("the number `{number}` does not fit into 64 bits"))),
        }
        Ok(typing::INT)
    }

    fn sign(&mut self, sign: &str, at: usize) -> Result<Option<Operand<'a>>, Complaint> {
        match sign {
            "(" => {
                self.open(Frame::Paren { at })?;
                Ok(None)
            }
            "[" => self.begin_list(at),
            "{" => self.begin_map(at),
            "!" => self.unary("!", "-", "!_", at),
            "-" => match self.token {
                Token::Int(number) if number <= 1 << 63 => {
                    self.advance()?;
                    let code = self.code.here();
                    self.code.wide(Op::Int, number.wrapping_neg().to_le_bytes());
                    Ok(Some(Operand {
                        ty: typing::INT,
                        at,
                        code,
                        literal: Some(Literal::Other),
                        select: None,
                        sealed: false,
                    }))
                }
                Token::Double(number) => {
                    self.advance()?;
                    let code = self.code.here();
                    self.code.wide(Op::Double, (-number).to_le_bytes());
                    Ok(Some(Operand {
                        ty: typing::DOUBLE,
                        at,
                        code,
                        literal: Some(Literal::Other),
                        select: None,
                        sealed: false,
                    }))
                }
                _ => self.unary("-", "!", "-_", at),
            },
            "." if matches!(self.token, Token::Name(_)) => self.operand(),
            sign => Err(Complaint::new(at, format!("expected a value, not `{sign}`"))),
        }
    }

    /// One of `!` and `-`, as often as it stands there: two of them are none.
    fn unary(
        &mut self,
        sign: &str,
        other: &str,
        name: &'static str,
        at: usize,
    ) -> Result<Option<Operand<'a>>, Complaint> {
        let mut odd = true;
        while self.take(sign)? {
            odd = !odd;
        }
        if self.is(other) {
            return self.wrong(format!("`{sign}{other}` needs parentheses between: `{sign}({other}..)`"));
        }
        if odd {
            self.open(Frame::Unary { name, at })?;
        }
        Ok(None)
    }

    fn begin_list(&mut self, at: usize) -> Result<Option<Operand<'a>>, Complaint> {
        if self.take("]")? {
            return self.finish_list(Vec::new(), Vec::new(), at).map(Some);
        }
        let optional = vec![self.take("?")?];
        self.open(Frame::List { items: Vec::new(), optional, at })?;
        Ok(None)
    }

    fn begin_map(&mut self, at: usize) -> Result<Option<Operand<'a>>, Complaint> {
        if self.take("}")? {
            return self.finish_map(Vec::new(), Vec::new(), at).map(Some);
        }
        let optional = vec![self.take("?")?];
        self.open(Frame::Map { items: Vec::new(), optional, at })?;
        Ok(None)
    }

    fn name(&mut self, name: &'a str, at: usize) -> Result<Option<Operand<'a>>, Complaint> {
        if self.is("(") {
            self.advance()?;
            if name == "has" {
                self.open(Frame::Has { at })?;
                return Ok(None);
            }
            return self.begin_call(name, None, at);
        }
        if let Some(full) = self.qualified(name)? {
            return self.begin_call(full, None, at);
        }
        if RESERVED.contains(&name) {
            return Err(Complaint::new(at, format!("`{name}` is a reserved word")));
        }
        self.known(name, at).map(Some)
    }

    /// The whole name of a function such as `sets.contains`, if one is called here.
    fn qualified(&mut self, name: &'a str) -> Result<Option<&'a str>, Complaint> {
        if !self.is(".") {
            return Ok(None);
        }
        let mut ahead = self.lexer;
        let Ok(Token::Name(second)) = ahead.next() else { return Ok(None) };
        if ahead.next() != Ok(Token::Sign("(")) {
            return Ok(None);
        }
        let function = FUNCTIONS.iter().find(|function| function.name.split_once('.') == Some((name, second)));
        if function.is_none() && (self.local(name).is_some() || !self.is_elsewhere(name)) {
            return Ok(None);
        }
        let Some(function) = function else {
            return self.wrong(crate::functions::unknown(&format!("{name}.{second}"), false, false));
        };
        self.advance()?;
        self.advance()?;
        self.advance()?;
        Ok(Some(function.name))
    }

    /// Whether no value has this name, but some functions begin with it.
    fn is_elsewhere(&self, name: &str) -> bool {
        ["cel", "math", "base64", "regex", "jsonPatch", "optional", "sets", "strings", "lists", "format"]
            .contains(&name)
    }

    pub(crate) fn local(&self, name: &str) -> Option<(typing::Ty, (u8, u8))> {
        self.locals.iter().rev().find(|local| local.name == name).map(|local| (local.ty, local.place))
    }

    fn known(&mut self, name: &'a str, at: usize) -> Result<Operand<'a>, Complaint> {
        if let Some((ty, (place, which))) = self.local(name) {
            self.code.pair(Op::Local, place, which);
            return Ok(Operand::new(ty, at));
        }
        let request_only = self.sees == Sees::Request;
        if request_only && (NAMES[OF_REQUESTS..].contains(&name) || name == "authorizer") {
            let what =
                format!("`{name}` is not known to `matchConditions` here: use `object`, `oldObject` or `request`");
            return Err(Complaint::new(at, what));
        }
        if let Some(root) = ROOTS.iter().position(|root| *root == name) {
            if name == "params" && self.sees == (Sees::Policy { params: false }) {
                return Err(Complaint::new(at, "there are no `params`: the policy gives none"));
            }
            self.code.byte(Op::Root, root as u8);
            return Ok(Operand::new(typing::DYN, at));
        }
        match name {
            "request" => return Ok(self.structure(request::REQUEST, at)),
            "namespaceObject" => return Ok(self.structure(request::NAMESPACE, at)),
            "variables" => return self.variable(at),
            "authorizer" => {
                let what = "`authorizer` asks the API server what somebody may do, which no plugin can: remove it";
                return Err(Complaint::new(at, what));
            }
            _ => {}
        }
        if self.is("{") {
            return self.wrong("messages cannot be built here: write a map with its keys in quotes");
        }
        if let Some(number) = self.type_name(name)? {
            self.code.byte(Op::Type, number);
            return Ok(Operand::new(typing::TYPE, at));
        }
        Err(Complaint::new(at, self.unknown_name(name)))
    }

    fn unknown_name(&self, name: &str) -> String {
        let roots = &NAMES[..if self.sees == Sees::Request { OF_REQUESTS } else { NAMES.len() }];
        let variable = self.variables.iter().any(|(variable, _)| variable == name);
        if variable {
            return format!("there is no `{name}` here: write `variables.{name}`");
        }
        if let Some(way) = crate::meant::name(name) {
            return format!("there is no `{name}` here: {way}");
        }
        let known = self.locals.iter().map(|local| local.name).chain(roots.iter().copied());
        let near = nearest(name, known).map(|near| format!("; did you mean `{near}`?"));
        format!("there is no `{name}` here{}", near.unwrap_or_default())
    }

    /// The number of the type with this name, or with the longer name that begins here.
    fn type_name(&mut self, name: &str) -> Result<Option<u8>, Complaint> {
        let whole = TYPES.iter().position(|known| *known == name);
        if let Some(number) = whole {
            return Ok(Some(number as u8));
        }
        for (number, known) in TYPES.iter().enumerate() {
            let mut parts = known.split('.');
            if parts.next() != Some(name) {
                continue;
            }
            let (mut ahead, rest): (_, Vec<&str>) = (self.lexer, parts.collect());
            let mut first = self.is(".");
            let fits = rest.iter().all(|part| {
                let dot = std::mem::take(&mut first) || ahead.next() == Ok(Token::Sign("."));
                dot && ahead.next() == Ok(Token::Name(part))
            });
            if fits && !rest.is_empty() {
                for _ in 0..rest.len() * 2 {
                    self.advance()?;
                }
                return Ok(Some(number as u8));
            }
        }
        Ok(None)
    }

    fn structure(&mut self, number: u8, at: usize) -> Operand<'a> {
        let select = Some(self.code.here());
        self.code.byte(Op::Struct, number);
        Operand { ty: self.types.of(Kind::Struct(number)), at, code: 0, literal: None, select, sealed: false }
    }

    /// `variables.NAME`.
    fn variable(&mut self, at: usize) -> Result<Operand<'a>, Complaint> {
        if !self.take(".")? {
            return self.wrong("write `variables.` and the name of one of them");
        }
        if self.is("?") {
            return self.wrong("variables are always there: write `variables.` without `?`");
        }
        let place = self.at;
        let name = match self.advance()? {
            Token::Name(name) => name,
            token => {
                return Err(Complaint::new(place, format!("expected the name of a variable, not {}", token.shown())));
            }
        };
        let Some(number) = self.variables.iter().rposition(|(variable, _)| variable == name) else {
            let near = nearest(name, self.variables.iter().map(|(variable, _)| variable.as_str()));
            let hint = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "variables can name only those that stand before them".to_owned(),
            };
            return Err(Complaint::new(place, format!("there is no variable `{name}`: {hint}")));
        };
        self.code.short(Op::Variable, number as u16);
        let ty = self.variables[number].1;
        Ok(Operand { sealed: ty == typing::DYN, ..Operand::new(ty, at) })
    }
}
