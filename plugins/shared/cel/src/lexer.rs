//! Text to tokens, as the grammar of CEL cuts it.

use std::borrow::Cow;

use crate::complaint::Complaint;
use crate::literal;

/// One token.
#[derive(Clone, Debug, PartialEq)]
pub enum Token<'a> {
    /// A name that is no word of the language.
    Name(&'a str),
    /// A name in back-quotes, for fields.
    Quoted(&'a str),
    /// A whole number without its sign; up to 2^63, which only its negative fits.
    Int(u64),
    /// A whole number with `u` behind it.
    Uint(u64),
    /// A number with a point or an exponent.
    Double(f64),
    /// A text, unescaped.
    Text(Cow<'a, str>),
    /// Bytes, unescaped.
    Bytes(Vec<u8>),
    /// `true`, `false`, `null`, `in`, or a sign.
    Sign(&'static str),
    /// Nothing is left.
    End,
}

impl Token<'_> {
    /// For messages.
    pub fn shown(&self) -> String {
        match self {
            Self::Name(name) => format!("`{name}`"),
            Self::Quoted(name) => format!("`` `{name}` ``"),
            Self::Int(_) | Self::Uint(_) | Self::Double(_) => "a number".to_owned(),
            Self::Text(_) => "a text".to_owned(),
            Self::Bytes(_) => "bytes".to_owned(),
            Self::Sign(sign) => format!("`{sign}`"),
            Self::End => "the end".to_owned(),
        }
    }
}

/// Longer ones first.
const SIGNS: [&str; 24] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "[", "]", "{", "}", "(", ")", ".", ",", "-", "!", "?", ":", "+", "*",
    "/", "%",
];

const WORDS: [&str; 4] = ["true", "false", "null", "in"];

/// Hands out the tokens of a text one by one. A copy of it looks ahead.
#[derive(Clone, Copy, Debug)]
pub struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    /// From the beginning.
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// All of it.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The byte that the next token begins at.
    pub fn position(&mut self) -> usize {
        self.skip();
        self.at
    }

    /// Where the last token ended.
    pub fn consumed(&self) -> usize {
        self.at
    }

    /// The next token.
    pub fn next(&mut self) -> Result<Token<'a>, Complaint> {
        self.skip();
        let rest = &self.text[self.at..];
        let Some(first) = rest.bytes().next() else { return Ok(Token::End) };
        let fraction = first == b'.' && rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        if first.is_ascii_digit() || fraction {
            return self.number(rest);
        }
        if let Some((prefix, quotes)) = opens_text(rest) {
            return self.quoted(rest, prefix, quotes);
        }
        if first == b'`' {
            return self.back_quoted(rest);
        }
        if first == b'_' || first.is_ascii_alphabetic() {
            let length = rest.bytes().take_while(|&b| b == b'_' || b.is_ascii_alphanumeric()).count();
            self.at += length;
            let name = &rest[..length];
            return Ok(WORDS.iter().find(|word| **word == name).map_or(Token::Name(name), |word| Token::Sign(word)));
        }
        match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            Some(sign) => {
                self.at += sign.len();
                Ok(Token::Sign(sign))
            }
            None => {
                let what = rest.chars().next().unwrap_or_default().escape_debug().to_string();
                let way = match first {
                    b'=' => "; write `==` to compare",
                    b'&' => "; write `&&`",
                    b'|' => "; write `||`",
                    _ => "",
                };
                Err(Complaint::new(self.at, format!("`{what}` means nothing here{way}")))
            }
        }
    }

    /// White space and comments.
    fn skip(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            let space = rest.bytes().take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | 0x0c)).count();
            self.at += space;
            if !rest[space..].starts_with("//") {
                return;
            }
            let line = &rest[space..];
            self.at += line.find('\n').unwrap_or(line.len());
        }
    }

    fn number(&mut self, rest: &'a str) -> Result<Token<'a>, Complaint> {
        let at = self.at;
        let too_big = |what: &str| Complaint::new(at, format!("the number `{what}` does not fit into 64 bits"));
        let digits = |from: usize| rest[from..].bytes().take_while(u8::is_ascii_digit).count();
        if rest.starts_with("0x") && rest.as_bytes().get(2).is_some_and(u8::is_ascii_hexdigit) {
            let length = 2 + rest[2..].bytes().take_while(u8::is_ascii_hexdigit).count();
            let value = u64::from_str_radix(&rest[2..length], 16).map_err(|_| too_big(&rest[..length]))?;
            return Ok(self.whole(rest, length, value));
        }
        let mut length = digits(0);
        let mut double = false;
        if rest[length..].starts_with('.') && digits(length + 1) > 0 {
            length += 1 + digits(length + 1);
            double = true;
        }
        if rest[length..].starts_with(['e', 'E']) {
            let sign = usize::from(rest[length + 1..].starts_with(['+', '-']));
            let exponent = digits(length + 1 + sign);
            if exponent > 0 {
                length += 1 + sign + exponent;
                double = true;
            }
        }
        if double {
            self.at += length;
            let value: f64 = rest[..length].parse().unwrap_or(f64::INFINITY);
            return if value.is_finite() { Ok(Token::Double(value)) } else { Err(too_big(&rest[..length])) };
        }
        let value = rest[..length].parse().map_err(|_| too_big(&rest[..length]))?;
        Ok(self.whole(rest, length, value))
    }

    fn whole(&mut self, rest: &str, length: usize, value: u64) -> Token<'a> {
        let unsigned = rest[length..].starts_with(['u', 'U']);
        self.at += length + usize::from(unsigned);
        if unsigned { Token::Uint(value) } else { Token::Int(value) }
    }

    fn back_quoted(&mut self, rest: &'a str) -> Result<Token<'a>, Complaint> {
        let inner = &rest[1..];
        let length = inner.bytes().take_while(|&b| b.is_ascii_alphanumeric() || b"_.-/ ".contains(&b)).count();
        if length == 0 || !inner[length..].starts_with('`') {
            let what = "between back-quotes stand letters, digits, `_`, `.`, `-`, `/` and spaces";
            return Err(Complaint::new(self.at, what));
        }
        self.at += length + 2;
        Ok(Token::Quoted(&inner[..length]))
    }

    fn quoted(&mut self, rest: &'a str, prefix: usize, quotes: &'static str) -> Result<Token<'a>, Complaint> {
        let (mut raw, mut bytes) = (false, false);
        for letter in rest[..prefix].bytes() {
            raw |= letter.eq_ignore_ascii_case(&b'r');
            bytes |= letter.eq_ignore_ascii_case(&b'b');
        }
        let begin = prefix + quotes.len();
        let Some(length) = length_of_text(&rest[begin..], quotes, raw) else {
            return Err(Complaint::new(self.at, format!("the text has no end: `{quotes}` is missing")));
        };
        let at = self.at;
        self.at += begin + length + quotes.len();
        let inner = &rest[begin..begin + length];
        if bytes {
            let bytes = literal::bytes(inner, raw).map_err(|what| Complaint::new(at, what))?;
            return Ok(Token::Bytes(bytes));
        }
        literal::text(inner, raw).map(Token::Text).map_err(|what| Complaint::new(at, what))
    }
}

/// The letters before a text and its quotes, where one begins.
fn opens_text(rest: &str) -> Option<(usize, &'static str)> {
    let bytes = rest.as_bytes();
    let is = |at: usize, letter: u8| bytes.get(at).is_some_and(|b| b.eq_ignore_ascii_case(&letter));
    let prefix = match () {
        () if is(0, b'b') && is(1, b'r') => 2,
        () if is(0, b'b') || is(0, b'r') => 1,
        () => 0,
    };
    let rest = &rest[prefix..];
    ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quotes| rest.starts_with(quotes)).map(|quotes| (prefix, quotes))
}

/// How far it is to the closing quotes.
fn length_of_text(rest: &str, quotes: &str, raw: bool) -> Option<usize> {
    let bytes = rest.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if rest.as_bytes()[at..].starts_with(quotes.as_bytes()) {
            return Some(at);
        }
        match bytes[at] {
            b'\\' if !raw => at += 2,
            b'\n' | b'\r' if quotes.len() == 1 => return None,
            _ => at += 1,
        }
    }
    None
}
