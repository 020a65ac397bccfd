//! The ways in which ours reads a stream differently from kubectl on purpose, each known by more than its message.

use crate::kind::Answer;

/// Their names, sorted.
pub const CLASSES: [&str; 17] = [
    "byte-order-mark-before-json",
    "byte-order-mark-inside",
    "carriage-returns-twice",
    "colon-before-bracket",
    "directive",
    "duplicate-key",
    "escaped-apostrophe",
    "escaped-slash",
    "lone-surrogate",
    "more-documents-read",
    "more-text-refused",
    "question-mark-in-brackets",
    "replaced-by-merge",
    "scalars-after-json",
    "tag-with-brackets",
    "tail-after-json",
    "text-beside-dashes",
];

/// What the parser refuses at the end of a plain scalar in brackets.
const COLONS: [&str; 6] = [":,", ":]", ":}", ":[", ":{", ":?"];

/// What is said of a byte-order mark where nothing else is complained about first, inside and behind another one.
const MARKS: [&str; 2] = [
    "a byte-order mark inside the text; remove it, or write it as `\\uFEFF` in double quotes",
    "a second byte-order mark at the beginning of the text; remove both",
];

/// Which of them this difference is.
pub fn class(text: &str, ours: &Result<String, String>, theirs: &Answer) -> Option<&'static str> {
    match (ours, theirs) {
        (Err(why), Answer::Accepted(..)) => stricter(text, why, theirs),
        (Ok(_), Answer::Refused(why, notes)) => {
            // Where JSON is blamed, the reason of YAML stands among the notes.
            let whys = std::iter::once(why).chain(notes.iter().filter(|note| note.starts_with("yaml: ")));
            whys.filter_map(|why| laxer(text, why)).next()
        }
        (Ok(_), Answer::Accepted(..)) if is_marked_json(text) => Some("byte-order-mark-before-json"),
        (Ok(ours), Answer::Accepted(read, _)) => {
            (theirs.notes("more") && is_within(read, ours)).then_some("more-documents-read")
        }
        _ => None,
    }
}

fn stricter(text: &str, why: &str, theirs: &Answer) -> Option<&'static str> {
    let twice = theirs.notes("duplicate");
    // What is wrong with the value that the second one replaces, nobody learns from kubectl.
    let replaced =
        (twice || theirs.notes("collapse")) && (["ComplexKey", "NotANumber"].contains(&why) || is_blamed_as_json(text));
    match why {
        _ if why.starts_with("DuplicateKey") && (twice || theirs.notes("collapse")) => Some("duplicate-key"),
        _ if replaced => Some("duplicate-key"),
        _ if text.contains("\r\r\n") && (why.starts_with("two carriage returns") || is_blamed_as_json(text)) => {
            Some("carriage-returns-twice")
        }
        _ if (MARKS.contains(&why) || is_blamed_as_json(text) && !is_marked_json(text))
            && text.strip_prefix('\u{feff}').unwrap_or(text).contains('\u{feff}') =>
        {
            Some("byte-order-mark-inside")
        }
        _ if (is_blamed_as_json(text) || why.contains("unknown escape")) && text.contains("\\'") => {
            Some("escaped-apostrophe")
        }
        "LoneSurrogate" if text.contains("\\u") => Some("lone-surrogate"),
        _ if is_marked_json(text) => Some("byte-order-mark-before-json"),
        _ if (why == "found unexpected ':'" || is_blamed_as_json(text)) && has_any(text, &COLONS) => {
            Some("colon-before-bracket")
        }
        "did not find expected whitespace or line break" | "did not find expected tag URI" if has_odd_tag(text) => {
            Some("tag-with-brackets")
        }
        "a number that is not written as JSON wants it" if begins_as_json(text) => Some("scalars-after-json"),
        _ if theirs.notes("more") => Some("more-text-refused"),
        _ => None,
    }
}

fn laxer(text: &str, why: &str) -> Option<&'static str> {
    let directive = |line: &str| line.trim_start_matches('\u{feff}').starts_with('%');
    match why {
        _ if why.contains("invalid Yaml document separator") => Some("text-beside-dashes"),
        _ if why.contains("unknown escape character") && text.contains("\\/") => Some("escaped-slash"),
        _ if why.contains("incompatible YAML document") && text.contains("%YAML") => Some("directive"),
        _ if why.contains("did not find expected <document start>") && text.split(['\n', '\r']).any(directive) => {
            Some("directive")
        }
        // Behind the `?`, kubectl begins anew, also with a quote.
        _ if has_any(why, &["did not find expected ',' or", "found unexpected end of stream"])
            && has_inner_question(text) =>
        {
            Some("question-mark-in-brackets")
        }
        _ if is_marked_json(text) => Some("byte-order-mark-before-json"),
        _ if has_any(why, &["cannot decode", "invalid base64", "invalid map key", "map merge requires"])
            && text.contains("<<") =>
        {
            Some("replaced-by-merge")
        }
        // kubectl has no bracket as a key in brackets, and here it is refused only where it is looked at.
        _ if why.contains("did not find expected ',' or") && text.contains("<<") && has_bracket_key(text) => {
            Some("replaced-by-merge")
        }
        _ if begins_as_json(text) && has_any(why, &["invalid character", "unexpected EOF"]) => Some("tail-after-json"),
        _ => None,
    }
}

fn has_any(text: &str, pieces: &[&str]) -> bool {
    pieces.iter().any(|piece| text.contains(piece))
}

/// Whether there is a `!` with a bracket or comma before the next blank.
fn has_odd_tag(text: &str) -> bool {
    let mut tags = text.split('!').skip(1).map(|rest| rest.split(char::is_whitespace).next().unwrap_or_default());
    tags.any(|tag| tag.contains(['[', ']', '{', '}', ',']))
}

fn begins_as_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// Whether a part of a text begins as JSON: what is complained about then is that it is none, whatever the reason is.
fn is_blamed_as_json(text: &str) -> bool {
    let after = |rest: &str| {
        let (line, after) = rest.split_once('\n').unwrap_or_default();
        (line.trim().is_empty() || line.trim().starts_with('#')) && begins_as_json(after)
    };
    begins_as_json(text) || text.split("---").skip(1).any(after)
}

/// Whether there is a `?` behind a part of a plain scalar.
fn has_inner_question(text: &str) -> bool {
    let inner = |(at, _)| text[..at].trim_end().ends_with(|c: char| !"[]{},".contains(c));
    text.match_indices('?').any(inner)
}

/// Whether brackets are a key.
fn has_bracket_key(text: &str) -> bool {
    let dense: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    has_any(&dense, &["}:", "]:"])
}

/// Whether a text is JSON behind a byte-order mark: JSON to us, and YAML to kubectl.
fn is_marked_json(text: &str) -> bool {
    text.strip_prefix('\u{feff}').is_some_and(begins_as_json)
}

/// Whether every document of `few` stands among `many`, in the same order.
fn is_within(few: &str, many: &str) -> bool {
    let mut many = many.lines();
    few.lines().all(|document| many.any(|other| other == document))
}
