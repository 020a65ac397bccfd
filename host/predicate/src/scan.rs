//! The one pass over a JSON text: RFC 8259 to the letter, no member twice, no number beyond a double, bounded in depth and size.

use std::borrow::Cow;

use crate::text::{ESCAPED, Mark};
use crate::{MAX_DEPTH, MAX_MAP_KEYS, MAX_VALUES, shown};

/// Reads the one value of a text into marks. `from` is where it starts (after a byte order mark).
///
/// # Errors
/// What is wrong, and the byte where.
pub(crate) fn scan(text: &str, from: usize) -> Result<Vec<Mark>, (usize, String)> {
    let mut scan =
        Scan { text, bytes: text.as_bytes(), at: from, marks: Vec::with_capacity(most_marks(text)), keys: Vec::new() };
    scan.space();
    scan.value(MAX_DEPTH)?;
    scan.space();
    if scan.at < scan.bytes.len() {
        return Err((scan.at, "something follows the document".to_owned()));
    }
    scan.marks.shrink_to_fit();
    Ok(scan.marks)
}

/// Every value but the first stands behind one of these.
fn most_marks(text: &str) -> usize {
    let signs = text.bytes().map(|byte| usize::from(matches!(byte, b',' | b':' | b'[' | b'{'))).sum::<usize>();
    (signs + 1).min(MAX_VALUES)
}

struct Scan<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    marks: Vec<Mark>,
    /// The keys of one large map, to be sorted.
    keys: Vec<u32>,
}

type Done = Result<(), (usize, String)>;

impl Scan<'_> {
    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    fn wrong(&self, what: impl Into<String>) -> Done {
        Err((self.at, what.into()))
    }

    fn unexpected(&self, wanted: &str) -> Done {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(found) => self.wrong(format!("expected {wanted}, found `{}`", found.escape_default())),
            None => self.wrong(format!("the text ends where {wanted} is expected")),
        }
    }

    fn mark(&mut self, start: usize, rest: u32) -> Done {
        if self.marks.len() >= MAX_VALUES {
            return self.wrong(format!("more than {MAX_VALUES} values"));
        }
        self.marks.push(Mark { start: small(start), rest });
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Done {
        match self.bytes.get(self.at) {
            Some(b'"') => self.string(),
            Some(b'{') => self.map(depth),
            Some(b'[') => self.list(depth),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.unexpected("a JSON value"),
        }
    }

    fn word(&mut self, word: &str) -> Done {
        let end = self.at + word.len();
        if self.bytes.get(self.at..end) != Some(word.as_bytes()) {
            return self.unexpected("a JSON value");
        }
        self.mark(self.at, small(end))?;
        self.at = end;
        Ok(())
    }

    fn digits(&mut self) -> Done {
        let from = self.at;
        while let Some(b'0'..=b'9') = self.bytes.get(self.at) {
            self.at += 1;
        }
        if self.at == from { self.unexpected("a digit") } else { Ok(()) }
    }

    fn number(&mut self) -> Done {
        let start = self.at;
        if self.bytes[self.at] == b'-' {
            self.at += 1;
        }
        match self.bytes.get(self.at) {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        let mut plain = self.at - start < 300;
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            plain = false;
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        if !plain && !self.text[start..self.at].parse::<f64>().is_ok_and(f64::is_finite) {
            return Err((start, "a number out of range".to_owned()));
        }
        self.mark(start, small(self.at))
    }

    fn string(&mut self) -> Done {
        let start = self.at;
        self.at += 1;
        let mut escaped = 0;
        loop {
            let rest = &self.bytes[self.at..];
            let Some(plain) = rest.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ') else {
                self.at = self.bytes.len();
                return Err((start, "the text ends inside a string".to_owned()));
            };
            self.at += plain;
            match self.bytes[self.at] {
                b'"' => break,
                b'\\' => {
                    escaped = ESCAPED;
                    self.escape()?;
                }
                _ => return self.wrong("a control character inside a string"),
            }
        }
        self.at += 1;
        self.mark(start, small(self.at) | escaped)
    }

    fn escape(&mut self) -> Done {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => match self.unit(self.at) {
                Some(0xd800..=0xdbff) if matches!(self.unit(self.at + 6), Some(0xdc00..=0xdfff)) => self.at += 12,
                Some(0xd800..=0xdfff) => return self.wrong("half a character (a lone surrogate) in a hex escape"),
                Some(_) => self.at += 6,
                None => return self.wrong("a hex escape that is none"),
            },
            _ => return self.wrong("an escape that JSON does not know"),
        }
        Ok(())
    }

    fn unit(&self, at: usize) -> Option<u16> {
        let unit = self.bytes.get(at..at + 6)?;
        let digits = unit.strip_prefix(b"\\u")?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    }

    fn open(&mut self, depth: usize) -> Result<(usize, usize), (usize, String)> {
        let Some(below) = depth.checked_sub(1) else {
            return Err((self.at, format!("deeper than {MAX_DEPTH} levels")));
        };
        let own = self.marks.len();
        self.mark(self.at, 0)?;
        self.at += 1;
        self.space();
        Ok((own, below))
    }

    fn close(&mut self, own: usize) -> Done {
        self.at += 1;
        self.marks[own].rest = small(self.marks.len());
        Ok(())
    }

    fn list(&mut self, depth: usize) -> Done {
        let (own, below) = self.open(depth)?;
        if self.bytes.get(self.at) == Some(&b']') {
            return self.close(own);
        }
        loop {
            self.value(below)?;
            self.space();
            match self.bytes.get(self.at) {
                Some(b',') => self.at += 1,
                Some(b']') => return self.close(own),
                _ => return self.unexpected("`,` or `]`"),
            }
            self.space();
        }
    }

    fn map(&mut self, depth: usize) -> Done {
        let (own, below) = self.open(depth)?;
        if self.bytes.get(self.at) == Some(&b'}') {
            return self.close(own);
        }
        let mut members = 0;
        loop {
            if self.bytes.get(self.at) != Some(&b'"') {
                return self.unexpected("the name of a member");
            }
            members += 1;
            if members > MAX_MAP_KEYS {
                return self.wrong(format!("more than {MAX_MAP_KEYS} members in one map"));
            }
            self.string()?;
            self.space();
            if self.bytes.get(self.at) != Some(&b':') {
                return self.unexpected("`:`");
            }
            self.at += 1;
            self.space();
            self.value(below)?;
            self.space();
            match self.bytes.get(self.at) {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return self.unexpected("`,` or `}`"),
            }
            self.space();
        }
        self.close(own)?;
        self.once(own)
    }

    /// No member of the map just closed stands twice.
    fn once(&mut self, own: usize) -> Done {
        let mut keys = std::mem::take(&mut self.keys);
        keys.clear();
        let mut at = own + 1;
        while at < self.marks.len() {
            keys.push(small(at));
            at = after(&self.marks, self.bytes, at + 1);
        }
        let twice = if keys.len() <= 12 {
            keys.iter()
                .enumerate()
                .find_map(|(index, &key)| keys[..index].iter().any(|&before| self.same(before, key)).then_some(key))
        } else {
            keys.sort_unstable_by(|&a, &b| self.key(a).cmp(&self.key(b)));
            keys.windows(2).find(|pair| self.same(pair[0], pair[1])).map(|pair| pair[1])
        };
        self.keys = keys;
        match twice {
            Some(key) => {
                let name = self.key(key);
                let start = self.marks[key as usize].start as usize;
                Err((start, format!("the member `{}` stands twice in one map", shown(&name))))
            }
            None => Ok(()),
        }
    }

    fn same(&self, a: u32, b: u32) -> bool {
        let (one, other) = (self.marks[a as usize], self.marks[b as usize]);
        if (one.rest | other.rest) & ESCAPED == 0 {
            return self.bytes[one.start as usize..one.rest as usize]
                == self.bytes[other.start as usize..other.rest as usize];
        }
        self.key(a) == self.key(b)
    }

    fn key(&self, key: u32) -> Cow<'_, str> {
        string(self.text, self.marks[key as usize])
    }
}

/// The index of the mark behind a value and everything in it.
pub(crate) fn after(marks: &[Mark], bytes: &[u8], at: usize) -> usize {
    let mark = marks[at];
    match bytes[mark.start as usize] {
        b'{' | b'[' => mark.rest as usize,
        _ => at + 1,
    }
}

/// What a string that was found well-formed says.
pub(crate) fn string(text: &str, mark: Mark) -> Cow<'_, str> {
    let inner = &text[mark.start as usize + 1..(mark.rest & !ESCAPED) as usize - 1];
    if mark.rest & ESCAPED == 0 { Cow::Borrowed(inner) } else { Cow::Owned(unescaped(inner)) }
}

fn unescaped(inner: &str) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (character, length) = match rest.as_bytes().get(at + 1) {
            Some(b'b') => ('\u{8}', 2),
            Some(b'f') => ('\u{c}', 2),
            Some(b'n') => ('\n', 2),
            Some(b'r') => ('\r', 2),
            Some(b't') => ('\t', 2),
            Some(b'u') => hex(&rest[at..]),
            Some(&byte) => (char::from(byte), 2),
            None => break,
        };
        out.push(character);
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    out
}

fn hex(escape: &str) -> (char, usize) {
    let unit = |at: usize| escape.get(at + 2..at + 6).and_then(|digits| u16::from_str_radix(digits, 16).ok());
    let (high, low) = (unit(0).unwrap_or(0), unit(6));
    match char::from_u32(u32::from(high)) {
        Some(character) => (character, 6),
        None => {
            let pair = char::decode_utf16([high, low.unwrap_or(0)]).next();
            (pair.and_then(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
        }
    }
}

/// No text is longer than [`crate::MAX_TEXT`].
fn small(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
