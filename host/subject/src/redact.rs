//! Keeps the values of Secrets out of whatever is said about them.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use portcullis_model::Review;

use crate::secrets::{holds_secret, secret_values};

/// Gives a text without the values of a Secret.
pub type Hide = Arc<dyn Fn(&str) -> String + Send + Sync>;

const MASK: &str = "[secret]";

/// Bytes of the values of one Secret, in all their forms. Of a larger one nothing that a plugin says is shown at all.
/// Kubernetes itself admits 1 MiB of data, but messages about the large ones are worth less than the time to search them.
const MAX_SECRET_BYTES: usize = 1 << 20;
/// Shorter texts would be found in every other word and hide nothing.
const SHORTEST: usize = 2;
/// So many bytes of the beginning of a value give it away: whoever cuts a message may have cut the value.
const PREFIX: usize = 8;
/// So many bytes out of the middle of a value give it away.
const WINDOW: usize = 16;

/// The values of one review's Secret, looked for once, when the first text about it needs them.
#[derive(Clone, Default)]
pub struct Secrets(Arc<OnceLock<Option<Values>>>);

impl Secrets {
    /// The text without the values that the review holds.
    pub fn redact(&self, review: &Review, text: &str) -> String {
        let find = || holds_secret(review).then(|| Values::of(review));
        self.0.get_or_init(find).as_ref().map_or_else(|| text.to_owned(), |values| values.redact(text))
    }

    /// The same as a function, for whoever cuts and escapes texts; nothing for what is no Secret.
    pub fn hide(&self, review: &Arc<Review>) -> Option<Hide> {
        let (secrets, held) = (self.clone(), Arc::clone(review));
        let hide = move |text: &str| secrets.redact(&held, text);
        holds_secret(review).then(|| Arc::new(hide) as Hide)
    }
}

/// Pieces of the values in their plain form (see [`plain`]), each up to 16 bytes as one number, padded with zeros at its
/// end and sorted: the numbers are in the order of the texts, and one search costs the same whatever the values hold.
struct Values {
    too_many: bool,
    /// Whole values of less than [`PREFIX`] bytes.
    short: Vec<u128>,
    /// The first bytes of the others.
    prefixes: Vec<u128>,
    /// Everything of [`WINDOW`] bytes.
    windows: Vec<u128>,
}

impl Values {
    fn of(review: &Review) -> Self {
        let texts = secret_values(review, MAX_SECRET_BYTES);
        let mut values =
            Self { too_many: texts.is_none(), short: Vec::new(), prefixes: Vec::new(), windows: Vec::new() };
        for text in texts.unwrap_or_default() {
            let mut bytes = Vec::with_capacity(text.len());
            plain(&text, |c, _| bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()));
            match bytes.len() {
                0..SHORTEST => {}
                SHORTEST..PREFIX => values.short.push(number(&bytes)),
                _ => values.prefixes.push(number(&bytes)),
            }
            values.windows.extend(bytes.windows(WINDOW).map(number));
        }
        for pieces in [&mut values.short, &mut values.prefixes, &mut values.windows] {
            pieces.sort_unstable();
            pieces.dedup();
        }
        values
    }

    fn redact(&self, text: &str) -> String {
        if self.too_many {
            return if text.is_empty() { String::new() } else { MASK.to_owned() };
        }
        let (mut bytes, mut places) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len()));
        plain(text, |c, place| {
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            places.resize(bytes.len(), place);
        });
        let (mut out, mut shown, mut hidden) = (String::with_capacity(text.len()), 0, 0);
        for at in 0..bytes.len() {
            let end = at + self.at(&bytes[at..]);
            if end <= hidden.max(at) {
                continue;
            }
            // What overlaps or follows at once is one mask.
            if at > hidden || hidden == 0 {
                out.push_str(text.get(shown..places[at].start).unwrap_or_default());
                out.push_str(MASK);
            }
            (hidden, shown) = (end, places[end - 1].end);
        }
        out.push_str(&text[shown..]);
        out
    }

    /// How many bytes at the beginning of a plain text belong to a value.
    fn at(&self, text: &[u8]) -> usize {
        let wanted = number(text);
        if text.len() >= WINDOW && self.windows.binary_search(&wanted).is_ok() {
            return WINDOW;
        }
        let next = self.prefixes.partition_point(|prefix| *prefix < wanted);
        let common = |index: usize| {
            self.prefixes.get(index).map_or(0, |prefix| (prefix ^ wanted).leading_zeros() as usize / 8).min(text.len())
        };
        let longest = common(next).max(next.checked_sub(1).map_or(0, common));
        if longest >= PREFIX {
            return longest;
        }
        let whole =
            |length: &usize| text.len() >= *length && self.short.binary_search(&number(&text[..*length])).is_ok();
        if self.short.is_empty() { 0 } else { (SHORTEST..PREFIX).rev().find(whole).unwrap_or(0) }
    }
}

/// The first 16 bytes of a text as a number. No plain text holds a zero, so the padding equals no text.
fn number(text: &[u8]) -> u128 {
    let mut padded = [0; WINDOW];
    let length = text.len().min(WINDOW);
    padded[..length].copy_from_slice(&text[..length]);
    u128::from_be_bytes(padded)
}

/// Gives the characters of a text, each with its place, in a form in which it is the same whether it was escaped (by
/// Rust, by JSON, by us; once or several times) or not: without backslashes and control characters, escapes undone.
fn plain(text: &str, mut each: impl FnMut(char, Range<usize>)) {
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let start = at;
        let slashes = text[at..].bytes().take_while(|byte| *byte == b'\\').count();
        let (c, length) = if slashes == 0 { (Some(c), c.len_utf8()) } else { escape(&text[at + slashes..]) };
        at += slashes + length;
        if let Some(c) = c.filter(|c| !c.is_control() && *c != '\\') {
            each(c, start..at);
        }
    }
}

/// The character that an escape stands for, and the escape's length without its backslash.
fn escape(text: &str) -> (Option<char>, usize) {
    let hex = |digits: Option<&str>, length: usize| {
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        code.map_or((None, 0), |code| (char::from_u32(code), length))
    };
    match text.as_bytes() {
        [b'n' | b'r' | b't' | b'b' | b'f' | b'0', ..] => (None, 1),
        [b'u', b'{', ..] => match text.bytes().take("u{10ffff}".len()).position(|byte| byte == b'}') {
            Some(end) => hex(text.get(2..end), end + 1),
            None => (None, 0),
        },
        [b'u', ..] => hex(text.get(1..5), 5),
        [b'x', ..] => hex(text.get(1..3), 3),
        _ => (None, 0),
    }
}

#[cfg(test)]
mod tests {
    use portcullis_model::json_string;

    use super::*;
    use crate::testing::review;

    /// What remains of a text about a Secret with these values.
    fn redacted(values: &[&str], text: &str) -> String {
        Secrets::default().redact(&secret(values), text)
    }

    fn secret(values: &[&str]) -> Review {
        let mut json = String::from("{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"stringData\":{\"none\":null");
        for (index, value) in values.iter().enumerate() {
            json.push_str(&format!(",\"k{index}\":"));
            json_string(value, &mut json);
        }
        json.push_str("}}");
        review(crate::testing::json(&json))
    }

    #[test]
    fn hides_values_as_they_stand_decoded_and_line_by_line_a63b() {
        assert_eq!(redacted(&["aHVudGVyMg=="], "`hunter2`, `aHVudGVyMg==`"), "`[secret]`, `[secret]`");
        assert_eq!(redacted(&["a b\nc d\n"], "a b, c d, a"), "[secret], [secret], a");
        assert_eq!(redacted(&["ab", "abc"], "xabcx"), "x[secret]x", "the longest, without a tail");
        assert_eq!(redacted(&["hunter2hunter2", "hunter2"], "hunter2hunter2hunter2"), "[secret]", "one mask");
        assert_eq!(redacted(&["hunter2"], "hunter2hunter2 hunter2"), "[secret] [secret]", "one mask for neighbours");
        assert_eq!(redacted(&["x"], "x y"), "x y", "too short to be told from other words");
        assert_eq!(redacted(&["hunter2"], "hunte\\x722"), "[secret]", "as bytes are escaped");
        assert_eq!(redacted(&["hunter2"], ""), "");
    }

    #[test]
    fn hides_values_however_often_they_were_escaped_a63b() {
        for value in
            ["hunter\t\"77", "hun\\ter\t2", "a\u{1b}\u{200b}b\"c", "C:\\new\\x41\\u0042", "é\\", "\u{301}\u{1f512}'q"]
        {
            let debug = value.escape_debug().to_string();
            let mut json = String::new();
            json_string(value, &mut json);
            // Nobody writes a backslash so and what follows it as well.
            let all: String = value.chars().flat_map(char::escape_unicode).collect();
            let unicode = if value.contains('\\') { value.to_owned() } else { all };
            let ours = value.replace('\t', "\\t").replace('\u{200b}', "\\u{200b}");
            for form in [value, &debug, &debug.escape_debug().to_string(), json.trim_matches('"'), &unicode, &ours] {
                let shown = redacted(&[value], &format!("not `{form}` here"));
                let left = shown.replace("[secret]", "").replace('\\', "");
                assert_eq!(left, "not `` here", "{value:?} as {form}: {shown}");
            }
        }
    }

    #[test]
    fn hides_beginnings_and_long_pieces_of_values_a63b() {
        let value = "correct-horse-battery-staple-and-then-some";
        for length in PREFIX..value.len() {
            assert_eq!(redacted(&[value], &format!("`{}…", &value[..length])), "`[secret]…", "{length}");
        }
        assert_eq!(redacted(&[value], &format!("…{}", &value[14..14 + WINDOW])), "…[secret]");
        assert_eq!(redacted(&[value], "the correct staple"), "the correct staple", "words are not a value");
        // Whichever of several values it is, and whatever follows.
        let trees = ["apple-tree-1", "birch-tree-1", "cedar-tree-1"];
        assert_eq!(redacted(&trees, "cedar-tree! birch-tree! apple-tree!"), "[secret]! [secret]! [secret]!");
        // Two values that overlap in a text.
        assert_eq!(redacted(&["abcdefghijk", "ghijklmnop"], "abcdefghijklmnop"), "[secret]");
        // Characters of several bytes are hidden whole.
        assert_eq!(redacted(&["ääääääääääää"], "xääääääx"), "x[secret]x");
        assert_eq!(redacted(&["yääääääääääää"], "xääääääääää€"), "x[secret]€");
    }

    #[test]
    fn shows_nothing_where_a_secret_is_too_large_to_search() {
        let large = "x1 ".repeat(MAX_SECRET_BYTES);
        assert_eq!(redacted(&[&large], "whatever it says"), MASK);
        assert_eq!(redacted(&[&large], ""), "");
    }

    #[test]
    fn hides_values_of_many_lines_in_many_texts_a63b() {
        // Searching each line of the Secret in each text took minutes here.
        let same: String = "a".repeat(MAX_SECRET_BYTES / 4);
        let lines: String = (0..8000).map(|n| format!("hunter {n} xxxxxxxx\n")).collect();
        let held = secret(&[&same, &lines]);
        let secrets = Secrets::default();
        for n in 0..1000 {
            let text = format!("`hunter {n} xxxxxxxx` and {}b", "a".repeat(1000));
            assert_eq!(secrets.redact(&held, &text), "`[secret]` and [secret]b");
        }
    }

    #[test]
    fn hides_values_for_whoever_cuts_texts_about_a_secret() {
        let held = Arc::new(secret(&["hunter2"]));
        let hide = Secrets::default().hide(&held).expect("there is something to hide");
        assert_eq!(hide("not `hunter2`"), "not `[secret]`");
    }

    #[test]
    fn leaves_texts_about_other_kinds_alone() {
        let json = "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"data\":{\"a\":\"hunter2\"}}";
        let open = Arc::new(review(crate::testing::json(json)));
        assert!(Secrets::default().hide(&open).is_none());
        assert_eq!(Secrets::default().redact(&open, "hunter2"), "hunter2");
    }
}
