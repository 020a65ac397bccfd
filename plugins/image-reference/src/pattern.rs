//! Patterns of repositories, compared segment by segment.
//!
//! `registry.example/team/*` matches every repository with exactly one segment below `team`; `**`, at the end only, one
//! segment or more. Nothing is ever compared by prefix, so that neither `registry.example.evil.io` nor
//! `registry.example/team-evil` can pass for something else. A pattern without a host means Docker Hub, as a reference does.

/// Docker Hub, as references name it when they are whole.
const HUB: &str = "docker.io";
/// Another name of it.
const HUB_INDEX: &str = "index.docker.io";
/// Where Docker Hub keeps repositories of a single segment.
const HUB_LIBRARY: &str = "library";
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
        return Err(format!("`{shown}` names no repository; `{}/**` means every one there", first.escape_debug()));
    }
    let (host, path) = if is_host { (first.to_ascii_lowercase(), rest) } else { (HUB.to_owned(), pattern) };
    let host = if host == HUB_INDEX { HUB.to_owned() } else { host };
    if !host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']')) {
        return Err(format!("`{}` is not a host; hosts have no wildcards", first.escape_debug()));
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

fn segment_fault(segment: &str) -> Option<&'static str> {
    if segment.is_empty() {
        Some("a segment is empty")
    } else if segment == "**" {
        Some("`**` may stand at the end only")
    } else if segment.contains('*') {
        Some("`*` stands for a whole segment, never for a part of one")
    } else if segment.contains(['@', ':']) {
        Some("a pattern names repositories, without tag or digest")
    } else if segment.bytes().any(|b| b.is_ascii_uppercase()) {
        Some("repositories are written in lower case")
    } else if !segment.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'))
    {
        Some("only letters, digits, `.`, `_` and `-` may stand in a segment")
    } else {
        None
    }
}

/// Whether a whole pattern matches a repository of a registry.
pub fn matches(pattern: &str, registry: &str, repository: &str) -> bool {
    let registry = if registry == HUB_INDEX { HUB } else { registry };
    let Some((host, path)) = pattern.split_once('/') else { return false };
    if host != registry {
        return false;
    }
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
        matches(&whole(pattern).expect("a pattern"), registry, repository)
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
    fn denies_hosts_that_only_begin_alike() {
        // A20b
        for registry in ["registry.example.evil.io", "registry.example:5000", "xregistry.example", "evil.io"] {
            assert!(!matching("registry.example/**", registry, "team/app"), "{registry}");
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
            ("ghcr.io/app:1", "`ghcr.io/app:1`: a pattern names repositories, without tag or digest"),
            ("ghcr.io/App", "`ghcr.io/App`: repositories are written in lower case"),
            ("*.ghcr.io/app", "`*.ghcr.io` is not a host; hosts have no wildcards"),
        ] {
            assert_eq!(whole(pattern).expect_err("refused"), fault);
        }
    }
}
