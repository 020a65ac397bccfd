//! Patterns of repositories, compared segment by segment.
//!
//! `registry.example/team/*` matches every repository with exactly one segment below `team`; `**`, at the end only, one
//! segment or more. Nothing is ever compared by prefix, so that neither `registry.example.evil.io` nor
//! `registry.example/team-evil` can pass for something else. A pattern without a host means Docker Hub, as a reference does.
//! What is allowed is read narrowly, host and port as written; what is denied widely, so that a port is no way around it.

/// Docker Hub, as references name it when they are whole.
const HUB: &str = "docker.io";
/// Another name of it.
const HUB_INDEX: &str = "index.docker.io";
/// Where Docker Hub keeps repositories of a single segment.
const HUB_LIBRARY: &str = "library";
/// The ports that a registry without a port may be asked at: HTTPS, and HTTP where the node allows it.
const DEFAULT_PORTS: [&str; 2] = ["443", "80"];
/// The longest pattern, in bytes; repositories have at most 255.
const MOST_BYTES: usize = 512;

/// The pattern with its host, as references are compared with it; the error is for its author.
pub fn whole(pattern: &str) -> Result<String, String> {
    let shown = pattern.escape_debug();
    if pattern.len() > MOST_BYTES {
        return Err(format!("a pattern of more than {MOST_BYTES} bytes"));
    }
    if pattern.contains("://") {
        return Err(format!("`{shown}` is an address; write the host without `https://`"));
    }
    let (first, rest) = pattern.split_once('/').unwrap_or((pattern, ""));
    let is_host = first.contains(['.', ':']) || first == "localhost";
    if is_host && rest.is_empty() {
        return Err(no_repository(pattern));
    }
    let (host, path) = if is_host { (first.to_ascii_lowercase(), rest) } else { (HUB.to_owned(), pattern) };
    let host = if host == HUB_INDEX { HUB.to_owned() } else { host };
    if !has_letters_of_a_host(&host) {
        return Err(format!("`{}` is not a host; hosts have no wildcards", first.escape_debug()));
    }
    if split_port(&host).1.is_some_and(|port| port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit())) {
        return Err(format!("`{}` has a port that is not a number", first.escape_debug()));
    }
    let bare = without_tag(pattern);
    if bare.len() < pattern.len() {
        return Err(format!("`{shown}`: a pattern has neither tag nor digest; write `{}`", bare.escape_debug()));
    }
    let segments: Vec<&str> = path.split('/').collect();
    for (position, segment) in segments.iter().enumerate() {
        if *segment == "*" || (*segment == "**" && position + 1 == segments.len()) {
            continue;
        }
        if let Some(fault) = segment_fault(segment) {
            return Err(format!("`{shown}`: {fault}"));
        }
    }
    let library = host == HUB && segments.len() == 1 && segments != ["**"];
    let library = if library { format!("{HUB_LIBRARY}/") } else { String::new() };
    Ok(format!("{host}/{library}{path}"))
}

/// What is wrong with a pattern that ends where a host would: `ghcr.io`, and `nginx:1.2`, whose author thought of a tag.
fn no_repository(pattern: &str) -> String {
    let shown = pattern.escape_debug();
    let pattern = pattern.trim_end_matches('/');
    let bare = without_tag(pattern);
    let tagged = bare.len() < pattern.len();
    let is_host = bare.contains(['.', ':']) || bare == "localhost";
    let numbered = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let is_port = has_letters_of_a_host(pattern) && split_port(pattern).1.is_some_and(numbered);
    let everything = if is_port { pattern } else { bare }.escape_debug();
    let bare = bare.escape_debug();
    match (tagged, is_host) {
        (true, false) if is_port => format!(
            "`{shown}` names no repository: a pattern has neither tag nor digest, write `{bare}`; \
             or is it a registry with its port? `{everything}/**` means every repository there"
        ),
        (true, false) => format!("`{shown}`: a pattern has neither tag nor digest; write `{bare}`"),
        _ => format!("`{shown}` names no repository; `{everything}/**` means every one there"),
    }
}

fn has_letters_of_a_host(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']'))
}

/// A reference without its tag and its digest; a colon in a host is none of a tag.
fn without_tag(reference: &str) -> &str {
    let name = reference.split_once('@').map_or(reference, |(name, _)| name);
    match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains(['/', ']']) => name,
        _ => name,
    }
}

fn segment_fault(segment: &str) -> Option<&'static str> {
    if segment.is_empty() {
        Some("a segment is empty")
    } else if segment == "**" {
        Some("`**` may stand at the end only")
    } else if segment.contains('*') {
        Some("`*` stands for a whole segment, never for a part of one")
    } else if segment.contains(['@', ':']) {
        Some("a pattern names repositories, and `:` and `@` stand only in tags and digests")
    } else if segment.bytes().any(|b| b.is_ascii_uppercase()) {
        Some("repositories are written in lower case")
    } else if !segment.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'))
    {
        Some("only letters, digits, `.`, `_` and `-` may stand in a segment")
    } else {
        None
    }
}

/// Whether a whole pattern allows a repository of a registry: the host and its port are the ones that are written.
pub fn allows(pattern: &str, registry: &str, repository: &str) -> bool {
    let Some((host, path)) = pattern.split_once('/') else { return false };
    host == hub_or(registry) && path_matches(path, repository)
}

/// Whether a whole pattern denies a repository of a registry. Without a port it means every port of the host, with one that
/// port however it is written, or left out. At any port Docker Hub is Docker Hub: `evil` there is `library/evil` too.
pub fn denies(pattern: &str, registry: &str, repository: &str) -> bool {
    let Some((host, path)) = pattern.split_once('/') else { return false };
    let ((wanted, wanted_port), (host, port)) = (split_port(host), split_port(registry));
    let same_port = match (wanted_port.map(plain_port), port.map(plain_port)) {
        (None, _) => true,
        (Some(wanted), Some(port)) => wanted == port,
        (Some(wanted), None) => DEFAULT_PORTS.contains(&wanted),
    };
    let host = hub_or(host);
    same_port
        && hub_or(wanted) == host
        && (path_matches(path, repository)
            || (host == HUB && path_matches(&with_library(path), &with_library(repository))))
}

fn hub_or(host: &str) -> &str {
    if host == HUB_INDEX { HUB } else { host }
}

fn with_library(path: &str) -> String {
    if path.contains('/') || path == "**" { path.to_owned() } else { format!("{HUB_LIBRARY}/{path}") }
}

/// A host and its port; the colons of an IPv6 address in brackets are none of a port.
fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (host, None),
    }
}

/// `0443` is 443.
fn plain_port(port: &str) -> &str {
    port.trim_start_matches('0')
}

fn path_matches(path: &str, repository: &str) -> bool {
    let mut segments = repository.split('/');
    for wanted in path.split('/') {
        let Some(segment) = segments.next() else { return false };
        match wanted {
            "**" => return true,
            "*" => {}
            _ if wanted == segment => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matching(pattern: &str, registry: &str, repository: &str) -> bool {
        let pattern = whole(pattern).expect("a pattern");
        let (allowed, denied) = (allows(&pattern, registry, repository), denies(&pattern, registry, repository));
        assert!(denied || !allowed, "what a pattern allows it denies as well: {pattern} and {registry}/{repository}");
        allowed
    }

    fn denying(pattern: &str, registry: &str, repository: &str) -> bool {
        denies(&whole(pattern).expect("a pattern"), registry, repository)
    }

    #[test]
    fn matches_segment_by_segment() {
        for (pattern, repository, expected) in [
            ("registry.example/team/*", "team/app", true),
            ("registry.example/team/*", "team", false),
            ("registry.example/team/*", "team/app/sub", false),
            ("registry.example/team/**", "team/app/sub", true),
            ("registry.example/team/**", "team", false),
            ("registry.example/*/app", "any/app", true),
            ("registry.example/team/app", "team/app", true),
            ("REGISTRY.example/team/app", "team/app", true),
            // A21: nothing is compared by prefix.
            ("registry.example/team/*", "team-evil/app", false),
            ("registry.example/team/app", "team/app-evil", false),
        ] {
            assert_eq!(matching(pattern, "registry.example", repository), expected, "{pattern} and {repository}");
        }
    }

    #[test]
    fn refuses_hosts_that_only_begin_alike() {
        // A20b
        for registry in ["registry.example.evil.io", "registry.example:5000", "xregistry.example", "evil.io"] {
            assert!(!matching("registry.example/**", registry, "team/app"), "{registry}");
        }
    }

    #[test]
    fn allows_only_the_port_that_is_written() {
        for (pattern, registry, expected) in [
            ("evil.example/**", "evil.example", true),
            ("evil.example/**", "evil.example:443", false),
            ("evil.example:443/**", "evil.example:443", true),
            ("evil.example:443/**", "evil.example", false),
            ("evil.example:443/**", "evil.example:0443", false),
            ("[::1]:5000/**", "[::1]:5000", true),
            ("[::1]/**", "[::1]:5000", false),
        ] {
            assert_eq!(matching(pattern, registry, "team/app"), expected, "{pattern} and {registry}");
        }
        assert!(!matching("docker.io/**", "docker.io:443", "library/nginx"));
    }

    #[test]
    fn denies_at_every_port() {
        for (pattern, registry, repository, expected) in [
            ("evil.example/**", "evil.example", "x", true),
            ("evil.example/**", "evil.example:443", "x", true),
            ("evil.example/**", "evil.example:5000", "x", true),
            ("evil.example/**", "evil.example.org:443", "x", false),
            ("evil.example/a/*", "evil.example:443", "b/x", false),
            ("evil.example:443/**", "evil.example", "x", true),
            ("evil.example:443/**", "evil.example:0443", "x", true),
            ("evil.example:0443/**", "evil.example:443", "x", true),
            ("evil.example:80/**", "evil.example", "x", true),
            ("evil.example:5000/**", "evil.example", "x", false),
            ("evil.example:5000/**", "evil.example:5001", "x", false),
            ("[::1]/**", "[::1]:5000", "x", true),
            ("[::1]/**", "[::2]:5000", "x", false),
            ("docker.io/library/evil", "docker.io:443", "library/evil", true),
            ("docker.io/library/evil", "docker.io:0443", "evil", true),
            ("docker.io:443/evil", "docker.io", "library/evil", true),
            ("index.docker.io:443/evil", "docker.io", "library/evil", true),
            ("evil", "index.docker.io:443", "library/evil", true),
            ("docker.io/*", "docker.io:443", "evil", true),
            ("docker.io/*", "docker.io:443", "team/evil", false),
            ("docker.io/**", "docker.io:443", "evil", true),
        ] {
            assert_eq!(denying(pattern, registry, repository), expected, "{pattern} and {registry}/{repository}");
        }
    }

    #[test]
    fn means_docker_hub_where_no_host_is_written() {
        // A20
        for pattern in
            ["nginx", "library/nginx", "docker.io/nginx", "index.docker.io/library/nginx", "docker.io/**", "*"]
        {
            assert!(matching(pattern, "docker.io", "library/nginx"), "{pattern}");
        }
        assert!(!matching("nginx", "docker.io", "team/nginx"));
        assert!(!matching("docker.io/*", "docker.io", "team/app"));
    }

    #[test]
    fn refuses_patterns_that_could_mean_something_else() {
        for (pattern, fault) in [
            ("ghcr.io", "`ghcr.io` names no repository; `ghcr.io/**` means every one there"),
            ("https://ghcr.io/a", "`https://ghcr.io/a` is an address; write the host without `https://`"),
            ("ghcr.io/team-*", "`ghcr.io/team-*`: `*` stands for a whole segment, never for a part of one"),
            ("ghcr.io/**/app", "`ghcr.io/**/app`: `**` may stand at the end only"),
            ("ghcr.io//app", "`ghcr.io//app`: a segment is empty"),
            ("ghcr.io/app:1", "`ghcr.io/app:1`: a pattern has neither tag nor digest; write `ghcr.io/app`"),
            ("team/app@sha256:0", "`team/app@sha256:0`: a pattern has neither tag nor digest; write `team/app`"),
            (
                "ghcr.io/a:1/b",
                "`ghcr.io/a:1/b`: a pattern names repositories, and `:` and `@` stand only in tags and digests",
            ),
            ("nginx:1.2", "`nginx:1.2`: a pattern has neither tag nor digest; write `nginx`"),
            ("nginx:1.2@sha256:0", "`nginx:1.2@sha256:0`: a pattern has neither tag nor digest; write `nginx`"),
            ("nginx@sha256:0", "`nginx@sha256:0`: a pattern has neither tag nor digest; write `nginx`"),
            (
                "nginx:1",
                "`nginx:1` names no repository: a pattern has neither tag nor digest, write `nginx`; \
                 or is it a registry with its port? `nginx:1/**` means every repository there",
            ),
            ("ghcr.io/", "`ghcr.io/` names no repository; `ghcr.io/**` means every one there"),
            ("ghcr.io:5000", "`ghcr.io:5000` names no repository; `ghcr.io:5000/**` means every one there"),
            ("ghcr.io:latest", "`ghcr.io:latest` names no repository; `ghcr.io/**` means every one there"),
            ("[::1]:5000", "`[::1]:5000` names no repository; `[::1]:5000/**` means every one there"),
            ("localhost:5000", "`localhost:5000` names no repository; `localhost:5000/**` means every one there"),
            ("ghcr.io/App", "`ghcr.io/App`: repositories are written in lower case"),
            ("ghcr.io:/app", "`ghcr.io:` has a port that is not a number"),
            ("ghcr.io:https/app", "`ghcr.io:https` has a port that is not a number"),
            ("*.ghcr.io/app", "`*.ghcr.io` is not a host; hosts have no wildcards"),
        ] {
            assert_eq!(whole(pattern).expect_err("refused"), fault);
        }
    }

    #[test]
    fn takes_what_its_hints_say() {
        for pattern in ["nginx:1.2", "nginx:1", "nginx@sha256:0", "ghcr.io:5000", "ghcr.io:x", "[::1]", "*:1", "a/b:1"]
        {
            let fault = whole(pattern).expect_err("refused");
            let mut hints = fault.split('`').skip(3).step_by(2).peekable();
            assert!(hints.peek().is_some(), "no hint in: {fault}");
            for hint in hints {
                assert!(whole(hint).is_ok(), "{fault}");
            }
        }
    }
}
