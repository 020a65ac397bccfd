//! JSON text written one way only, and the hash of bytes.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// Appends `text` as a JSON string (RFC 8259 section 7): quotes, backslashes and control characters escaped, nothing else.
pub fn json_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// `sha256:` and the 64 lower-case hex digits of the SHA-256 of `bytes`.
pub fn sha256_hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(71);
    out.push_str("sha256:");
    for byte in Sha256::digest(bytes) {
        let _ = write!(out, "{byte:02x}");
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
    }

    #[test]
    fn hashes_as_the_standard_says() {
        assert_eq!(sha256_hex(b"abc"), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
