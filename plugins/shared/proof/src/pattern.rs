//! Patterns, anchored at both ends and compared segment by segment: no text is ever compared by its beginning.
//!
//! `*` stands for characters of one segment, `**` for one whole segment or more. Neither stands for what makes one name look
//! like another: an empty segment, `.` and `..`, `@`, `%`, `?`, `#`, `\`, white space, control characters, or anything beyond
//! ASCII. There are no regular expressions.

/// The longest pattern in bytes.
pub const MOST_BYTES: usize = 512;

/// One segment or more.
const MANY: &str = "**";
/// Docker Hub, as references name it when they are whole.
const HUB: &str = "docker.io";
/// Another name of it.
const HUB_INDEX: &str = "index.docker.io";
/// Where Docker Hub keeps repositories of a single segment.
const HUB_LIBRARY: &str = "library";

/// Whether a pattern matches all of a text.
pub fn matches(pattern: &str, text: &str) -> bool {
    // Most patterns are of something else, which is known before anything is taken apart.
    let literal = pattern.split('*').next().unwrap_or_default();
    text.starts_with(literal) && reaches(pattern, text, segment_matches, |segment| is_sound(segment.as_bytes()))
}

/// Whether a pattern surely matches everything that another pattern does.
pub fn covers(pattern: &str, other: &str) -> bool {
    reaches(pattern, other, |one, other| one == other || (one == "*" && other != MANY), |_| true)
}

/// Goes through all segments: which of those of the text are behind us after each of those of the pattern.
fn reaches(pattern: &str, text: &str, one: impl Fn(&str, &str) -> bool, many: impl Fn(&str) -> bool) -> bool {
    let texts: Vec<&str> = text.split('/').collect();
    let mut reached = vec![false; texts.len() + 1];
    reached[0] = true;
    for segment in pattern.split('/') {
        let mut next = vec![false; reached.len()];
        for (position, text) in texts.iter().enumerate() {
            next[position + 1] = match segment {
                MANY => (reached[position] || next[position]) && many(text),
                _ => reached[position] && one(segment, text),
            };
        }
        reached = next;
    }
    reached[texts.len()]
}

fn segment_matches(pattern: &str, text: &str) -> bool {
    if !pattern.contains('*') {
        return pattern == text;
    }
    let text = text.as_bytes();
    if matches!(text, b"" | b"." | b"..") {
        return false;
    }
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for &sign in pattern.as_bytes() {
        if sign == b'*' {
            for end in 1..=text.len() {
                reached[end] |= reached[end - 1] && stands_for(text[end - 1]);
            }
        } else {
            for end in (1..=text.len()).rev() {
                reached[end] = reached[end - 1] && text[end - 1] == sign;
            }
            reached[0] = false;
        }
    }
    reached[text.len()]
}

/// Whether `**` may stand for a segment, among others.
fn is_sound(segment: &[u8]) -> bool {
    !matches!(segment, b"" | b"." | b"..") && segment.iter().copied().all(stands_for)
}

/// Whether a wildcard may stand for a character.
fn stands_for(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'/' | b'@' | b'%' | b'?' | b'#' | b'\\')
}

/// A pattern of images with its host as references have it; the error is for its author.
pub fn of_images(pattern: &str) -> Result<String, String> {
    let shown = pattern.escape_debug();
    common(pattern)?;
    if pattern == MANY {
        return Ok(pattern.to_owned());
    }
    if pattern.contains("://") {
        return Err(format!("`{shown}` is an address; write the host without `https://`"));
    }
    let (host, path) = pattern.split_once('/').unwrap_or((pattern, ""));
    if host.contains('*') {
        return Err(format!("`{}` is not a host; hosts have no wildcards", host.escape_debug()));
    }
    if !host.contains(['.', ':']) && host != "localhost" {
        let whole = if path.is_empty() { format!("{HUB_LIBRARY}/{pattern}") } else { pattern.to_owned() };
        return Err(format!("`{shown}` names no registry; write `{HUB}/{}`", whole.escape_debug()));
    }
    if path.is_empty() {
        let host = host.escape_debug();
        return Err(format!("`{shown}` names no repository; `{host}/**` means every one there"));
    }
    if path.contains(['@', ':']) {
        return Err(format!("`{shown}`: a pattern names repositories, without tag or digest"));
    }
    if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(format!("`{shown}`: repositories are written in lower case"));
    }
    let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'*');
    if path.split('/').any(|segment| segment.is_empty() || !segment.bytes().all(word)) {
        return Err(format!("`{shown}`: only letters, digits, `.`, `_`, `-` and `*` may stand in a segment"));
    }
    let host = match host.to_ascii_lowercase() {
        index if index == HUB_INDEX => HUB.to_owned(),
        host => host,
    };
    let official = host == HUB && !path.contains('/') && path != MANY;
    let library = if official { format!("{HUB_LIBRARY}/") } else { String::new() };
    Ok(format!("{host}/{library}{path}"))
}

/// What is wrong with a pattern of subjects; nothing where it is one.
pub fn of_subjects(pattern: &str) -> Result<(), String> {
    let shown = pattern.escape_debug();
    common(pattern)?;
    if !pattern.contains('*') {
        return Err(format!("`{shown}` has no wildcard; write `subject`"));
    }
    let literal = |byte: u8| !matches!(byte, b'*' | b'/' | b'@');
    if !pattern.bytes().any(literal) {
        return Err(format!("`{shown}` would be anybody; write whose signatures count"));
    }
    let expression = |segment: &str| matches!(segment, ".*" | ".+");
    let signs = ['^', '$', '\\', '(', ')', '|', '{', '}', '[', ']', '?'];
    if pattern.contains(signs) || pattern.split('/').any(expression) {
        return Err(format!(
            "`{shown}` is not a pattern: `*` and `**` are its only signs; there are no regular expressions"
        ));
    }
    if pattern.contains('/') {
        let (scheme, rest) = pattern.split_once("://").unwrap_or(("", pattern));
        let host = rest.split('/').next().unwrap_or_default();
        if scheme.is_empty() || host.is_empty() || format!("{scheme}{host}").contains('*') {
            return Err(format!("`{shown}`: scheme and host must be whole, as in `https://github.com/org/*`"));
        }
    } else if pattern.rsplit_once('@').is_some_and(|(_, domain)| domain.contains('*')) {
        return Err(format!("`{shown}`: what stands behind the `@` must be whole, as in `*@example.com`"));
    }
    Ok(())
}

/// What is asked of both kinds of patterns.
fn common(pattern: &str) -> Result<(), String> {
    let shown = pattern.escape_debug();
    if pattern.len() > MOST_BYTES {
        return Err(format!("a pattern of more than {MOST_BYTES} bytes"));
    }
    if let Some(fault) = fault(pattern) {
        return Err(format!("`{shown}` {fault}"));
    }
    if pattern.split('/').any(|segment| segment.contains(MANY) && segment != MANY) {
        return Err(format!("`{shown}`: `**` stands for whole segments, between two `/`; write `*` within one"));
    }
    Ok(())
}

/// What makes a text one that no honest certificate and no image has: it would never match, or look like another one.
pub fn fault(text: &str) -> Option<&'static str> {
    if text.trim() != text {
        Some("has white space around it, or a line break at its end")
    } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Some("holds a character that is no printable ASCII")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_segment_by_segment() {
        for (pattern, text, expected) in [
            ("**", "ghcr.io/org/app", true),
            ("ghcr.io/org/**", "ghcr.io/org/app", true),
            ("ghcr.io/org/**", "ghcr.io/org/team/app", true),
            ("ghcr.io/org/**", "ghcr.io/org", false),
            ("ghcr.io/org/*", "ghcr.io/org/team/app", false),
            ("ghcr.io/org/app-*", "ghcr.io/org/app-web", true),
            ("ghcr.io/org/app-*", "ghcr.io/org/app-web/evil", false),
            ("ghcr.io/**/app", "ghcr.io/a/b/app", true),
            ("ghcr.io/**/app", "ghcr.io/app", false),
            // A21: nothing is compared by prefix.
            ("ghcr.io/org/**", "ghcr.io/org-evil/app", false),
            ("ghcr.io/org/**", "ghcr.io.evil.example/org/app", false),
            ("ghcr.io/org/**", "ghcr.io:443/org/app", false),
            ("ghcr.io/org/app", "ghcr.io/org/app-evil", false),
            (
                "https://gitlab.example/org/*//.gitlab-ci.yml@refs/tags/*",
                "https://gitlab.example/org/app//.gitlab-ci.yml@refs/tags/v1",
                true,
            ),
            (
                "https://gitlab.example/org/*//.gitlab-ci.yml@refs/tags/*",
                "https://gitlab.example/org/a/b//.gitlab-ci.yml@refs/tags/v1",
                false,
            ),
            ("https://gitlab.example/org/*/.gitlab-ci.yml", "https://gitlab.example/org//.gitlab-ci.yml", false),
            ("https://a.example/v*.*", "https://a.example/v1.2.3", true),
            ("https://a.example/v*.*", "https://a.example/v1", false),
            ("*@example.com", "ann@example.com", true),
            ("*@example.com", "ann@evil@example.com", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} and {text}");
        }
    }

    #[test]
    fn never_stands_for_what_makes_one_name_look_like_another() {
        // N34
        for odd in ["", ".", "..", "a%2fb", "a@b", "a b", "a\n", "a\0", "a\\b", "a?b", "a#b", "\u{430}"] {
            for pattern in ["https://a.example/*", "https://a.example/**", "https://a.example/*/c"] {
                let text = pattern.replacen("**", odd, 1).replacen('*', odd, 1);
                assert!(!matches(pattern, &text), "{pattern} and {text:?}");
            }
        }
        assert!(!matches("https://a.example/**", "https://a.example/a/../b"));
    }

    #[test]
    fn stays_fast_on_a_pattern_made_to_be_slow() {
        // A22
        let start = std::time::Instant::now();
        assert!(!matches(&"*a".repeat(200), &("a".repeat(20_000) + "b")));
        assert!(!matches(&"**/a/".repeat(80), &("a/".repeat(2_000) + "b")));
        assert!(start.elapsed().as_secs() < 5, "took {:?}", start.elapsed());
    }

    #[test]
    fn knows_which_patterns_make_others_idle() {
        for (pattern, other, expected) in [
            ("**", "ghcr.io/org/**", true),
            ("ghcr.io/**", "ghcr.io/org/app", true),
            ("ghcr.io/**", "ghcr.io/org/**", true),
            ("ghcr.io/org/*", "ghcr.io/org/app-*", true),
            ("ghcr.io/org/*", "ghcr.io/org/**", false),
            ("ghcr.io/org/app-*", "ghcr.io/org/*", false),
            ("ghcr.io/**", "ghcr.io.evil/org", false),
        ] {
            assert_eq!(covers(pattern, other), expected, "{pattern} and {other}");
        }
    }

    #[test]
    fn completes_the_names_of_docker_hub() {
        for (written, whole) in [
            ("docker.io/nginx", "docker.io/library/nginx"),
            ("index.docker.io/team/*", "docker.io/team/*"),
            ("docker.io/**", "docker.io/**"),
            ("REGISTRY.example:5000/a/b", "registry.example:5000/a/b"),
        ] {
            assert_eq!(of_images(written).as_deref(), Ok(whole), "{written}");
        }
    }
}
