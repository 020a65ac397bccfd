//! JSON text written one way only, and the hash of bytes.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// Appends `text` as a JSON string (RFC 8259 section 7): quotes, backslashes and control characters escaped, nothing else.
pub fn json_string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    // Most texts have nothing to escape, and whole pieces are copied faster than characters.
    while let Some(at) = rest.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        let (plain, from) = rest.split_at(at);
        out.push_str(plain);
        match from.as_bytes()[0] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            // Writing to a String cannot fail.
            control => drop(write!(out, "\\u{control:04x}")),
        }
        // What is escaped is one byte of ASCII.
        rest = &from[1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// `sha256:` and the 64 lower-case hex digits of the SHA-256 of `bytes`.
pub fn sha256_hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(71);
    out.push_str("sha256:");
    for byte in Sha256::digest(bytes) {
        for half in [byte >> 4, byte & 0xf] {
            out.push(char::from_digit(half.into(), 16).unwrap_or_default());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_json_must_escape_and_nothing_else() {
        let mut out = String::new();
        json_string("a\"\\\n\u{1}ä/", &mut out);
        assert_eq!(out, "\"a\\\"\\\\\\n\\u0001ä/\"");
        out.clear();
        json_string("\r\t\u{1f}\u{7f}€", &mut out);
        assert_eq!(out, "\"\\r\\t\\u001f\u{7f}€\"");
    }

    #[test]
    fn hashes_as_the_standard_says() {
        assert_eq!(sha256_hex(b"abc"), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
