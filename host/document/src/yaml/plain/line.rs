//! What stands on one line: blanks, dashes, comments, and scalars that begin and end there.

use std::borrow::Cow;

/// A scalar on one line.
pub(super) struct Scalar<'t> {
    pub(super) text: Cow<'t, str>,
    pub(super) plain: bool,
    pub(super) start: usize,
    pub(super) finish: usize,
    /// Whether a `:` that makes it a key follows directly.
    pub(super) is_key: bool,
}

/// The end of a line, without its line break.
pub(super) fn end(bytes: &[u8], start: usize) -> usize {
    bytes[start..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |length| start + length)
}

/// Where something other than a blank stands, or the end of the line.
pub(super) fn skip_blanks(bytes: &[u8], start: usize, eol: usize) -> usize {
    bytes[start.min(eol)..eol].iter().position(|&byte| byte != b' ').map_or(eol, |count| start + count)
}

/// Whether nothing but blanks or a comment stands from here on.
pub(super) fn is_over(bytes: &[u8], at: usize, eol: usize) -> bool {
    let next = skip_blanks(bytes, at, eol);
    next == eol || (next > at && bytes[next] == b'#')
}

/// Whether a line is, or might be, a marker of documents or a directive.
pub(super) fn is_marker(line: &[u8]) -> bool {
    line.starts_with(b"---") || line.starts_with(b"...") || line.starts_with(b"%")
}

/// Whether an item of a list begins here.
pub(super) fn is_dash(bytes: &[u8], at: usize, eol: usize) -> bool {
    bytes[at] == b'-' && (at + 1 == eol || bytes[at + 1] == b' ')
}

/// The scalar that begins here; nothing where that is none or one that only the parser understands.
pub(super) fn scalar(text: &str, at: usize, eol: usize) -> Option<Scalar<'_>> {
    let bytes = text.as_bytes();
    if let Some(quoted) = quoted(text, at, eol) {
        return quoted;
    }
    if !begins_plain(bytes, at, eol) {
        return None;
    }
    let ends = |&at: &usize| match bytes[at] {
        b':' => at + 1 == eol || bytes[at + 1] == b' ',
        b'#' => bytes[at - 1] == b' ',
        _ => false,
    };
    let stop = (at + 1..eol).find(ends).unwrap_or(eol);
    let is_key = stop < eol && bytes[stop] == b':';
    let plain = text.get(at..stop)?.trim_end_matches(' ');
    let finish = at + plain.len();
    // A blank before the colon of a key.
    if is_key && finish != stop {
        return None;
    }
    Some(Scalar { text: Cow::Borrowed(plain), plain: true, start: at, finish, is_key })
}

/// The same inside brackets, where more characters end a scalar: only letters, digits and what cannot mean anything else.
pub(super) fn scalar_in_brackets(text: &str, at: usize, eol: usize) -> Option<Scalar<'_>> {
    let bytes = text.as_bytes();
    if at >= eol {
        return None;
    }
    if let Some(quoted) = quoted(text, at, eol) {
        return quoted;
    }
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"_./+=$@-".contains(&byte);
    if !begins_plain(bytes, at, eol) || !harmless(bytes[at]) {
        return None;
    }
    let next = |at: usize| bytes.get(at + 1).copied().filter(|_| at + 1 < eol).unwrap_or(b' ');
    let goes_on = |at: usize| match bytes[at] {
        b':' => next(at).is_ascii_alphanumeric() || next(at) == b'/',
        b' ' => next(at).is_ascii_alphanumeric(),
        byte => harmless(byte),
    };
    let finish = (at + 1..eol).find(|&at| !goes_on(at))?;
    let is_key = bytes[finish] == b':' && next(finish) == b' ';
    Some(Scalar { text: Cow::Borrowed(text.get(at..finish)?), plain: true, start: at, finish, is_key })
}

/// Whether a plain scalar begins here that can be nothing else.
fn begins_plain(bytes: &[u8], at: usize, eol: usize) -> bool {
    match bytes[at] {
        b'-' => {
            let next = bytes.get(at + 1).filter(|_| at + 1 < eol);
            next.is_some_and(|next| next.is_ascii_alphanumeric() || b"-./".contains(next))
        }
        byte => byte.is_ascii_alphanumeric() || b"_/.~+$(^;\\=".contains(&byte),
    }
}

/// The scalar in quotes that begins here: nothing where there are none, and inside it nothing where it is the parser's.
fn quoted(text: &str, at: usize, eol: usize) -> Option<Option<Scalar<'_>>> {
    match text.as_bytes()[at] {
        b'\'' => Some(single(text, at, eol)),
        b'"' => Some(double(text, at, eol)),
        _ => None,
    }
}

fn single(text: &str, start: usize, eol: usize) -> Option<Scalar<'_>> {
    let bytes = text.as_bytes();
    let (mut at, mut doubled) = (start + 1, false);
    loop {
        at += bytes[at..eol].iter().position(|&byte| byte == b'\'')?;
        if at + 1 == eol || bytes[at + 1] != b'\'' {
            break;
        }
        doubled = true;
        at += 2;
    }
    let inner = text.get(start + 1..at)?;
    let inner = if doubled { Cow::Owned(inner.replace("''", "'")) } else { Cow::Borrowed(inner) };
    of_quotes(bytes, inner, start, at + 1, eol)
}

fn double(text: &str, start: usize, eol: usize) -> Option<Scalar<'_>> {
    let bytes = text.as_bytes();
    let (mut at, mut from, mut inner) = (start + 1, start + 1, String::new());
    loop {
        at += bytes[at..eol].iter().position(|&byte| matches!(byte, b'"' | b'\\'))?;
        if bytes[at] == b'"' {
            break;
        }
        inner.push_str(text.get(from..at)?);
        inner.push(match bytes.get(at + 1).filter(|_| at + 1 < eol)? {
            b'n' => '\n',
            b't' => '\t',
            b'"' => '"',
            b'\\' => '\\',
            _ => return None,
        });
        at += 2;
        from = at;
    }
    let rest = text.get(from..at)?;
    let inner = if from == start + 1 { Cow::Borrowed(rest) } else { Cow::Owned(inner + rest) };
    of_quotes(bytes, inner, start, at + 1, eol)
}

fn of_quotes<'t>(bytes: &[u8], text: Cow<'t, str>, start: usize, finish: usize, eol: usize) -> Option<Scalar<'t>> {
    let is_key = finish < eol && bytes[finish] == b':' && (finish + 1 == eol || bytes[finish + 1] == b' ');
    Some(Scalar { text, plain: false, start, finish, is_key })
}
