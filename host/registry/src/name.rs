//! Names of registries, repositories and tags, checked before anything is dialled.

use std::fmt;

use crate::error::Cause;

/// Longest repository in bytes (github.com/distribution/reference, `RepositoryNameTotalLengthMax`).
const REPOSITORY_MAX: usize = 255;
/// Longest registry in bytes: a host name and a port.
const REGISTRY_MAX: usize = 253 + 6;
/// Longest tag in bytes.
const TAG_MAX: usize = 128;
/// The name that people write for Docker Hub.
pub(crate) const DOCKER_HUB: &str = "docker.io";
/// The host where it is.
pub(crate) const DOCKER_HUB_HOST: &str = "registry-1.docker.io";

/// One repository of one registry. What it holds can go into a URL as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Repository {
    registry: String,
    name: String,
}

impl Repository {
    /// Checks a registry (`host` or `host:port`) and the name of a repository in it, written out: `docker.io` and
    /// `library/nginx`, never `nginx`.
    ///
    /// # Errors
    /// One of them is not a name of its kind.
    pub fn new(registry: &str, name: &str) -> Result<Self, Cause> {
        let registry = checked_host(registry)?;
        let registry = if matches!(registry.as_str(), "index.docker.io" | DOCKER_HUB_HOST) {
            DOCKER_HUB.to_owned()
        } else {
            registry
        };
        let wrong = |why| Err(Cause::Name { text: name.to_owned(), why });
        if name.len() > REPOSITORY_MAX {
            return wrong("is no repository: it has more than 255 characters");
        }
        if !name.split('/').all(is_segment) {
            return wrong(
                "is no repository: its segments are lower-case letters and digits, joined by `.`, `_`, `__` or dashes",
            );
        }
        Ok(Self { registry, name: name.to_owned() })
    }

    /// The registry: `host` or `host:port`, in lower case.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The name of the repository in it.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.registry, self.name)
    }
}

/// Checks a tag.
pub(crate) fn check_tag(tag: &str) -> Result<(), Cause> {
    let word = |one: char| one.is_ascii_alphanumeric() || one == '_';
    if tag.starts_with(word) && tag.len() <= TAG_MAX && tag.chars().all(|one| word(one) || one == '.' || one == '-') {
        return Ok(());
    }
    Err(Cause::Name { text: tag.to_owned(), why: "is no tag" })
}

/// `host` or `host:port` in lower case: a host name, an IPv4 address, or an IPv6 address in brackets.
pub(crate) fn checked_host(text: &str) -> Result<String, Cause> {
    let wrong = |why| Err(Cause::Name { text: text.to_owned(), why });
    if text.len() > REGISTRY_MAX {
        return wrong("is no registry: it is too long");
    }
    let lower = text.to_ascii_lowercase();
    let Some((host, port)) = split_port(&lower) else { return wrong("is no registry: its port is not a number") };
    let is_host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.split('.').all(is_label) && !is_odd_number(host),
    };
    if !is_host {
        return wrong("is no registry: it is no host name");
    }
    if port == Some(0) {
        return wrong("is no registry: its port is not a number");
    }
    Ok(lower)
}

/// The host and the port of `host:port`; nothing where the port is no number.
pub(crate) fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let digits = |port: &str| !port.is_empty() && port.bytes().all(|one| one.is_ascii_digit());
    match text.rsplit_once(':') {
        // The last colon is one of an address in brackets.
        Some((_, rest)) if rest.ends_with(']') => Some((text, None)),
        Some((host, port)) if digits(port) => Some((host, Some(port.parse().ok()?))),
        Some(_) => None,
        None => Some((text, None)),
    }
}

fn is_label(label: &str) -> bool {
    let ends = |one: char| one.is_ascii_alphanumeric();
    label.len() <= 63
        && label.starts_with(ends)
        && label.ends_with(ends)
        && label.chars().all(|one| ends(one) || one == '-')
}

/// A host that resolvers take for an address, though it is not written like one: `127.1`, `0x7f.1`, `2130706433`.
fn is_odd_number(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    let number = last.bytes().all(|one| one.is_ascii_digit()) || last.starts_with("0x");
    number && host.parse::<std::net::Ipv4Addr>().is_err()
}

/// `[a-z0-9]+((?:[._]|__|[-]+)[a-z0-9]+)*`
fn is_segment(segment: &str) -> bool {
    let plain = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit();
    let joins = |joint: &str| matches!(joint, "." | "_" | "__") || joint.bytes().all(|one| one == b'-');
    segment.starts_with(plain) && segment.ends_with(plain) && segment.split(plain).all(joins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_names_that_are_written_out() {
        let hub = Repository::new("INDEX.docker.io", "library/nginx").expect("a name");
        assert_eq!(hub.to_string(), "docker.io/library/nginx");
        for registry in ["a.example", "a.example:5000", "10.0.0.1:5000", "[::1]:5000", "[2001:db8::1]", "localhost"] {
            assert_eq!(Repository::new(registry, "a/b-c__d").expect("a name").registry(), registry);
        }
    }

    #[test]
    fn a20b_refuses_names_that_would_say_more_than_a_name() {
        for registry in [
            "",
            ".",
            "a..b",
            "a.example/x",
            "a.example:",
            "a.example:x",
            "a.example:0",
            "a.example:70000",
            "user@a.example",
            "a.example?x",
            "a.example#x",
            "[::1",
            "[::1%25eth0]",
            "127.1",
            "2130706433",
            "0x7f.0.0.1",
            "0177.0.0.1",
            "a\0b",
            "-a.example",
            "a.example\r\nX: y",
            "\u{430}.example",
        ] {
            assert!(Repository::new(registry, "a").is_err(), "{registry:?}");
        }
        for name in
            ["", "/", "a//b", "../a", "a/../b", "A", "a?x=y", "a#b", "a%2f..", "a b", "a\n", "a/", &"a".repeat(256)]
        {
            assert!(Repository::new("a.example", name).is_err(), "{name:?}");
        }
        for tag in ["", ".a", "a/b", "a?b", "a b", &"a".repeat(129), "a\n"] {
            assert!(check_tag(tag).is_err(), "{tag:?}");
        }
        assert!(check_tag("sha256-00.sig").is_ok());
    }
}
