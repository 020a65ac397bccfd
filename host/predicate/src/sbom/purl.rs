//! Package URLs: their parts, and patterns over them.

use std::borrow::Cow;

use super::ask::no_pattern;
use crate::shown::is_seen;

/// The parts of a package URL as written, without qualifiers and subpath.
pub(crate) struct Purl<'a> {
    kind: &'a str,
    /// Namespace and name.
    path: &'a str,
    version: Option<&'a str>,
}

/// Reads the parts of a package URL, in the order in which its specification has them taken off.
pub(crate) fn parse(text: &str) -> Option<Purl<'_>> {
    let text = text.trim();
    let scheme = text.get(..4).filter(|scheme| scheme.eq_ignore_ascii_case("pkg:"))?;
    let rest = text[scheme.len()..].trim_start_matches('/');
    let rest = rest.split('#').next()?;
    let rest = rest.split('?').next()?;
    let (kind, path) = rest.split_once('/')?;
    let path = path.trim_matches('/');
    // An `@` at the start is part of an unencoded npm scope.
    let (path, version) = match path.rfind('@').filter(|&at| at > 0) {
        Some(at) => (&path[..at], Some(&path[at + 1..])),
        None => (path, None),
    };
    let letters = kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-'));
    if path.is_empty() || kind.is_empty() || !letters {
        return None;
    }
    Some(Purl { kind, path, version: version.filter(|version| !version.is_empty()) })
}

/// Whether a text is a package URL that every reader takes for the same: one by the specification, with nothing left over.
pub(crate) fn is_strict(text: &str) -> bool {
    let Some(purl) = parse(text) else { return false };
    let printed = !text.chars().any(|one| one.is_whitespace() || !is_seen(one));
    let encoded = text.split('%').skip(1).all(|rest| {
        let pair = rest.as_bytes().get(..2);
        pair.is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit))
    });
    let letter = purl.kind.starts_with(|first: char| first.is_ascii_alphabetic());
    // What is left of the version has an `@` only where a scope begins.
    let single = purl.path.rfind('@').is_none_or(|at| at == 0);
    let segments = purl.path.split('/').map(decoded);
    let segments = segments.into_iter().all(|segment| !matches!(segment.trim(), "" | "." | "..") && is_plain(&segment));
    printed
        && encoded
        && letter
        && single
        && segments
        && purl.version().is_none_or(|version| is_plain(&version))
        && has_qualifiers(text)
}

/// Whether a text is written as a package URL, whatever it stands under.
pub(crate) fn is_meant(text: &str) -> bool {
    text.trim().get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("pkg:"))
}

/// Whether everything in what was encoded can be seen; a space may stand in the name of a file.
fn is_plain(text: &str) -> bool {
    text.chars().all(|one| one == ' ' || is_seen(one) && one != '\u{fffd}')
}

/// Whether what stands behind a `?` is what may stand there: keys and values.
fn has_qualifiers(text: &str) -> bool {
    let text = text.split('#').next().unwrap_or_default();
    let Some((_, qualifiers)) = text.split_once('?') else { return true };
    let key = |key: &str| {
        key.starts_with(|first: char| first.is_ascii_alphabetic())
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
    };
    qualifiers.is_empty() || qualifiers.split('&').all(|one| one.split_once('=').is_some_and(|(name, _)| key(name)))
}

/// A pattern over package URLs: `*` stands for anything within one segment; without a version it means every version.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    pub(crate) text: String,
    kind: String,
    segments: Vec<String>,
    version: Option<String>,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let purl = parse(text);
        let purl = purl.filter(|_| !text.contains(['?', '#'])).ok_or_else(|| {
            no_pattern(text, "components; write `pkg:type/namespace/name` with an optional `@version`")
        })?;
        let Plain { kind, segments, version } = purl.plain();
        Ok(Self { text: text.to_owned(), kind, segments, version })
    }

    /// Whether it means a package; where its URL has no version, what the component says of itself is one.
    pub(crate) fn matches(&self, purl: &Plain, version: Option<&str>) -> bool {
        self.kind == purl.kind
            && self.segments.len() == purl.segments.len()
            && self.segments.iter().zip(&purl.segments).all(|(wanted, segment)| wildcard(wanted, segment))
            && self.version.as_ref().is_none_or(|wanted| {
                let beside = || version.map(|version| version.trim().to_lowercase());
                purl.version.clone().or_else(beside).is_some_and(|version| wildcard(wanted, &version))
            })
    }
}

/// A package URL in the one spelling in which it is held against patterns.
pub(crate) struct Plain {
    kind: String,
    segments: Vec<String>,
    version: Option<String>,
}

impl<'a> Purl<'a> {
    /// Whether it names a container image.
    pub(crate) fn is_image(&self) -> bool {
        self.kind.eq_ignore_ascii_case("oci") || self.kind.eq_ignore_ascii_case("docker")
    }

    pub(crate) fn version(&self) -> Option<Cow<'a, str>> {
        self.version.map(decoded)
    }

    pub(crate) fn plain(&self) -> Plain {
        let kind = self.kind.to_ascii_lowercase();
        let path = decoded(self.path);
        let mut version = self.version.map(|version| decoded(version).trim().to_lowercase());
        let segments = path.split('/').map(str::trim).filter(|segment| !segment.is_empty() && *segment != ".");
        let mut segments: Vec<String> = segments.map(|segment| plain(segment, &kind)).collect();
        // An `@` that somebody encoded, although it parts name and version.
        if version.is_none()
            && let Some(last) = segments.last_mut()
            && let Some(at) = last.rfind('@').filter(|&at| at > 0)
        {
            version = Some(last[at + 1..].to_owned());
            last.truncate(at);
        }
        Plain { segments, version, kind }
    }
}

/// A segment in the one spelling in which segments are compared. Not every type is blind to case, but a deny list that is passed
/// by writing `Lodash` is worse than one that takes two packages for one.
fn plain(segment: &str, kind: &str) -> String {
    let segment = segment.to_lowercase();
    if kind != "pypi" {
        return segment;
    }
    // To PyPI a run of these is one of them (PEP 503).
    let mut name = String::with_capacity(segment.len());
    for one in segment.chars() {
        match one {
            '-' | '_' | '.' if name.ends_with('-') => {}
            '-' | '_' | '.' => name.push('-'),
            _ => name.push(one),
        }
    }
    name
}

/// With what is percent-encoded in it decoded once.
pub(crate) fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

/// Whether a text is one that a pattern with `*` for any characters means; linear in their product at worst.
pub(crate) fn wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t, mut back) = (0, 0, None);
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            back = Some((p, t));
            p += 1;
        } else if pattern.get(p) == Some(&text[t]) {
            p += 1;
            t += 1;
        } else if let Some((star, from)) = back {
            back = Some((star, from + 1));
            p = star + 1;
            t = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, purl: &str) -> bool {
        Pattern::new(pattern).expect("a pattern").matches(&parse(purl).expect("a purl").plain(), None)
    }

    #[test]
    fn finds_packages_however_their_url_is_spelled() {
        for (pattern, purl, expected) in [
            ("pkg:npm/event-stream@3.3.6", "pkg:npm/event-stream@3.3.6", true),
            ("pkg:npm/event-stream@3.3.6", "pkg:npm/event-stream@3.3.7", false),
            ("pkg:npm/event-stream@3.3.6", "pkg:npm/event-stream", false),
            ("pkg:npm/event-stream", "PKG:NPM/Event-Stream@1?arch=x#sub", true),
            ("pkg:npm/event-stream", "pkg:npm/%65vent-stream@1", true),
            ("pkg:npm/event-stream", "pkg:npm/@evil/event-stream@1", false),
            ("pkg:npm/%40scope/*", "pkg:npm/@scope/a@1", true),
            ("pkg:npm/@scope/*", "pkg:npm/%40scope/a@1.0", true),
            ("pkg:npm/*", "pkg:npm/%40scope/a@1.0", false),
            ("pkg:pypi/foo-bar", "pkg:pypi/Foo_Bar@1", true),
            ("pkg:maven/org.apache.*/log4j-core@2.1*", "pkg:maven/org.apache.logging/log4j-core@2.14.1?type=jar", true),
            ("pkg:maven/org.apache.*/log4j-core@2.1*", "pkg:maven/org.apache.logging/log4j-core@2.20.0", false),
            ("pkg:golang/github.com/a/b", "pkg:golang/github.com/a/b/c@v1", false),
            ("pkg:golang/github.com/a/b", "pkg:golang/github.com%2Fa%2Fb@v1", true),
            ("pkg:golang/github.com/a/b@1.0", "pkg:golang/github.com/a/b@v1.0", false),
            ("pkg:npm/event-stream@3.3.6", " pkg:npm/./event-stream@3.3.6 \n", true),
            ("pkg:npm/event-stream@3.3.6", "pkg:npm//event-stream@%203.3.6", true),
            ("pkg:npm/event-stream@3.3.6", "pkg:npm/%20event-stream%403.3.6", true),
            ("pkg:npm/@scope/a@1", "pkg:npm/%40scope/a%401", true),
            ("pkg:npm/event-stream", "pkg:npm/%2565vent-stream", false),
            ("pkg:npm/event-stream@3.3.6", "pkg:npm/event-stream/@3.3.6", true),
            ("pkg:npm/event-stream@3.3.6", "pkg:npm/event-stream//@3.3.6", true),
            ("pkg:npm/event-stream@3.3.6", "pkg:npm/event-stream@3.3.6/", true),
            ("pkg:npm/event-stream@3.3.6", "pkg:npm/event-stream@3.3.6@", true),
            ("pkg:npm/@scope/a@1", "pkg:npm//@scope/a@1", true),
            ("pkg:npm/@scope/a@1", "pkg:npm/@scope/a/@1", true),
            ("pkg:pypi/foo-bar", "pkg:pypi/foo--bar@1", true),
            ("pkg:pypi/foo-bar", "pkg:pypi/Foo_.-Bar@1", true),
            ("pkg:pypi/foo..bar", "pkg:pypi/foo-bar@1", true),
            ("pkg:npm/foo-bar", "pkg:npm/foo--bar@1", false),
        ] {
            assert_eq!(matches(pattern, purl), expected, "{pattern} {purl}");
        }
        for no in ["npm/x", "pkg:npm", "pkg:npm/", "pkg:/x", "pkg:npm/x?a=b", "lodash", ""] {
            assert!(Pattern::new(no).expect_err("no pattern").contains("pkg:type/namespace/name"), "{no}");
        }
    }

    #[test]
    fn tells_urls_that_every_reader_takes_for_the_same() {
        for good in [
            "pkg:npm/lodash@4.17.21",
            "pkg:npm/%40scope/a@1.0",
            "pkg:golang/github.com/a/b@v1.0#sub/path",
            "pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12",
            "PKG:maven/org.apache/log4j@2",
            "pkg:generic/a@",
            "pkg:npm/@scope/a@1.0",
            "pkg:generic/a%20b@1%20beta?checksum=sha256:abc&download_url=https://e.org/a@b?c=d",
            "pkg:generic/a@1?",
        ] {
            assert!(is_strict(good), "{good}");
        }
        for bad in [
            "",
            "lodash",
            "pkg:npm",
            "pkg:npm/",
            "pkg:/x",
            "pkg%3Anpm/x",
            " pkg:npm/x",
            "pkg:npm/x y",
            "pkg:npm/x%2",
            "pkg:npm/%zz",
            "pkg:npm/./x",
            "pkg:npm/a//x",
            "pkg:npm/../x",
            "pkg:npm/%2e%2e/x",
            "pkg:npm/%ff",
            "pkg:1pm/x",
            "pkg:npm/x\u{200b}",
            "pkg:npm/x/@1",
            "pkg:npm/x@1@2",
            "pkg:npm/\u{e9}@1@2",
            "pkg:npm/x@1@",
            "pkg:npm/a/@scope/x",
            "pkg:npm/x?@1",
            "pkg:npm/x?@1=2",
            "pkg:npm/x@1?arch=x&&",
            "pkg:npm/x%00@1",
            "pkg:npm/x%C2%AD@1",
            "pkg:npm/x%E2%80%8B@1",
            "pkg:npm/x@1%E2%80%8B",
            "pkg:npm/x@%ff",
        ] {
            assert!(!is_strict(bad), "{bad:?}");
        }
    }

    #[test]
    fn ends_on_patterns_made_to_take_long() {
        assert!(!wildcard(&"*a".repeat(50), &"b".repeat(10_000)));
        assert!(wildcard("a*b*", "aXXbYY"));
        assert!(!wildcard("a", "ab"));
    }
}
