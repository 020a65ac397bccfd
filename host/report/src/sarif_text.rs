//! What SARIF makes of words and paths.

use std::fmt::Write;

/// A plain text message. Readers make links of `[text](target)` and arguments of `{0}` (SARIF 3.11.5 and 3.11.6): where a
/// stranger's text could be taken for one, it is escaped as those sections say.
pub(crate) fn message(text: &str) -> String {
    let text = if text.is_empty() { "(no message)" } else { text };
    let linked = text.contains("](");
    let mut open = text.split('{').skip(1);
    let argument =
        open.any(|rest| rest.split('}').next().is_some_and(|inner| inner.bytes().all(|b| b.is_ascii_digit())));
    let text = if linked { text.replace('[', "\\[").replace(']', "\\]") } else { text.to_owned() };
    if argument { text.replace('{', "{{").replace('}', "}}") } else { text }
}

/// A path as a relative reference (RFC 3986), everything but unreserved characters and `/` percent-encoded; an absolute path
/// as a `file` URI.
pub(crate) fn uri_of(path: &str) -> String {
    let mut uri = String::with_capacity(path.len() + 8);
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    let path = path.strip_prefix("./").filter(|rest| !rest.starts_with('/') && !rest.is_empty()).unwrap_or(path);
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            // Writing to a String cannot fail.
            byte => drop(write!(uri, "%{byte:02X}")),
        }
    }
    uri
}

/// Whether a text is an `http` or `https` URI.
pub(crate) fn is_web_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=".contains(&b);
    rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(allowed) && rest.matches('#').count() < 2)
}

/// `memory-missing` as `MemoryMissing`, which is what readers expect of a name.
pub(crate) fn pascal_case(id: &str) -> String {
    let capital = |word: &str| {
        let mut chars = word.chars();
        chars.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
    };
    id.split('-').map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_paths_as_uris() {
        assert_eq!(uri_of("./a b/ä#?:%.yaml"), "a%20b/%C3%A4%23%3F%3A%25.yaml");
        assert_eq!(uri_of("/srv/a.yaml"), "file:///srv/a.yaml");
        assert_eq!(uri_of("//srv/a.yaml"), "file:////srv/a.yaml");
        assert_eq!(uri_of("../-"), "../-");
    }

    #[test]
    fn keeps_a_strangers_text_from_becoming_a_link_or_an_argument() {
        assert_eq!(message("see [here](https://evil.example)"), "see \\[here\\](https://evil.example)");
        assert_eq!(message("containers[0] {a}"), "containers[0] {a}");
        assert_eq!(message("a {0} b"), "a {{0}} b");
        assert_eq!(message(""), "(no message)");
    }

    #[test]
    fn takes_only_a_web_address_as_help() {
        assert!(is_web_address("https://portcullis.dev/rules/a#b"));
        for odd in ["javascript:alert(1)", "https://", "https://a b", "see the wiki", "https://a#b#c"] {
            assert!(!is_web_address(odd), "{odd}");
        }
    }
}
