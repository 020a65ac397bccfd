//! The escapes of texts and bytes.

use std::borrow::Cow;

/// A text between its quotes, unescaped.
pub fn text(inner: &str, raw: bool) -> Result<Cow<'_, str>, String> {
    if !inner.contains(['\\', '\r']) || raw && !inner.contains('\r') {
        return Ok(Cow::Borrowed(inner));
    }
    let inner = inner.replace("\r\n", "\n").replace('\r', "\n");
    if raw {
        return Ok(Cow::Owned(inner));
    }
    let mut out = String::with_capacity(inner.len());
    unescape(&inner, false, |code, _| {
        out.push(char::from_u32(code).ok_or_else(|| format!("`\\u{{{code:x}}}` is no character"))?);
        Ok(())
    })?;
    Ok(Cow::Owned(out))
}

/// Bytes between their quotes, unescaped.
pub fn bytes(inner: &str, raw: bool) -> Result<Vec<u8>, String> {
    let inner = inner.replace("\r\n", "\n").replace('\r', "\n");
    if raw {
        return Ok(inner.into_bytes());
    }
    let mut out = Vec::with_capacity(inner.len());
    unescape(&inner, true, |code, escaped| {
        match char::from_u32(code) {
            Some(c) if !escaped => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            _ => out.push(code as u8),
        }
        Ok(())
    })?;
    Ok(out)
}

/// Hands out each character, and whether it stood there as an escape.
fn unescape(inner: &str, bytes: bool, mut take: impl FnMut(u32, bool) -> Result<(), String>) -> Result<(), String> {
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            take(c as u32, false)?;
            continue;
        }
        let letter = rest.next().unwrap_or_default();
        let unknown = || format!("unknown escape `\\{}`; write `\\\\` for a backslash", letter.escape_debug());
        let mut number = |digits: u32, radix: u32, from: u32| {
            (0..digits).try_fold(from, |value, _| {
                let digit = rest.next().and_then(|c| c.to_digit(radix)).ok_or_else(unknown)?;
                value.checked_mul(radix).and_then(|value| value.checked_add(digit)).ok_or_else(unknown)
            })
        };
        let code = match letter {
            'a' => 7,
            'b' => 8,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'v' => 11,
            '\\' | '\'' | '"' | '`' | '?' => letter as u32,
            'x' | 'X' => number(2, 16, 0)?,
            'u' if !bytes => number(4, 16, 0)?,
            'U' if !bytes => number(8, 16, 0)?,
            '0'..='3' => number(2, 8, letter as u32 - '0' as u32)?,
            _ => return Err(unknown()),
        };
        take(code, true)?;
    }
    Ok(())
}
