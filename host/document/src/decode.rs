//! Bytes to text: UTF-8, or a clear word about what else it is.

use std::sync::Arc;

use portcullis_model::Source;

use crate::ReadLimits;
use crate::error::{Error, ErrorKind};

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Makes a named text of bytes; a byte-order mark in front is dropped.
///
/// # Errors
/// [`ErrorKind::TooLarge`]; a second byte-order mark: behind it, kubectl drops the first character of every further line of YAML;
/// [`ErrorKind::NotUtf8`] with the place of the first bad byte; [`ErrorKind::Utf16`].
pub fn decode(name: &str, bytes: Vec<u8>, limits: &ReadLimits) -> Result<Arc<Source>, Error> {
    limits.check(bytes.len())?;
    if looks_like_utf16(&bytes) {
        return Err(ErrorKind::Utf16.at(Some(&Source::new(name, "")), 0, 0));
    }
    match String::from_utf8(bytes) {
        Ok(mut text) => {
            if text.starts_with(BYTE_ORDER_MARK) {
                text.drain(..BYTE_ORDER_MARK.len_utf8());
            }
            if text.starts_with(BYTE_ORDER_MARK) {
                let what = "a second byte-order mark at the beginning of the text; remove both";
                return Err(ErrorKind::Syntax { what }.at(
                    Some(&Source::new(name, text)),
                    0,
                    BYTE_ORDER_MARK.len_utf8(),
                ));
            }
            Ok(Source::new(name, text))
        }
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            // The readable part stands in for the text, so that the place has its line and column.
            let text = String::from_utf8_lossy(&error.as_bytes()[..good]).into_owned();
            let mark = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 };
            let source = Source::new(name, &text[mark..]);
            Err(ErrorKind::NotUtf8.at(Some(&source), good - mark, good - mark))
        }
    }
}

/// The two byte-order marks of UTF-16, and ASCII in UTF-16 or UTF-32 without one: a zero beside the first character.
fn looks_like_utf16(bytes: &[u8]) -> bool {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        [0, 0, 0, last, ..] => last.is_ascii(),
        [0, other, ..] | [other, 0, ..] => *other != 0 && other.is_ascii(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bytes: &[u8]) -> String {
        let error = decode("a.yaml", bytes.to_vec(), &ReadLimits::default()).expect_err("bad bytes");
        format!("{}: {error}", error.place().map(|place| place.to_string()).unwrap_or_default())
    }

    #[test]
    fn names_the_line_and_column_of_the_first_bad_byte() {
        assert_eq!(refused(b"a: 1\n\xc3\xa4: \xff\n"), "a.yaml:2:4: the text is not UTF-8 from here on");
        assert_eq!(refused(b"\xef\xbb\xbfa\xff"), "a.yaml:1:2: the text is not UTF-8 from here on");
    }

    #[test]
    fn refuses_two_byte_order_marks_behind_which_kubectl_drops_characters_a09b() {
        // kubectl 1.36 reads `hostNetwork` where `xhostNetwork` stands.
        let text = "\u{feff}\u{feff}kind: Pod\nxhostNetwork: true\n";
        let expected = "a.yaml:1:1: a second byte-order mark at the beginning of the text; remove both";
        assert_eq!(refused(text.as_bytes()), expected);
        assert_eq!(refused("\u{feff}\u{feff}{\"a\": 1}".as_bytes()), expected);
        let one = decode("a.yaml", "\u{feff}a: 1\n".into(), &ReadLimits::default()).expect("one mark");
        assert_eq!(one.text(), "a: 1\n");
    }

    #[test]
    fn names_utf16_with_and_without_a_mark() {
        for bytes in [&b"\xff\xfea\0"[..], b"\xfe\xff\0a", b"a\0:\0", b"\0a\0:", b"\0\0\0a"] {
            assert_eq!(refused(bytes), "a.yaml:1:1: the text is UTF-16 or UTF-32, not UTF-8");
        }
    }

    #[test]
    fn drops_the_mark_and_refuses_too_much() {
        let source = decode("a", b"\xef\xbb\xbfa: 1".to_vec(), &ReadLimits::default()).expect("a text");
        assert_eq!(source.text(), "a: 1");
        let limits = ReadLimits { bytes: 3, ..ReadLimits::default() };
        let error = decode("a", b"a: 1".to_vec(), &limits).expect_err("too large");
        assert_eq!(error.to_string(), "the text has 4 bytes, more than 3");
    }
}
