//! Image names, read strictly.
//!
//! The judge is `ParseNormalizedNamed` of github.com/distribution/reference (v0.6.0, what containerd and Docker use), with
//! two differences on the strict side. A first segment that names a registry and is no host name (`my_registry.example/x`)
//! is refused here, where the grammar would read it as a path without any registry. And hosts know no case, so that
//! `DOCKER.IO/x` is `docker.io/library/x` here, where the grammar would take it for a registry of its own.

use portcullis_model::ImageState;

/// The registry of names that have none (`defaultDomain`).
const DEFAULT_REGISTRY: &str = "docker.io";
/// Its old name (`legacyDefaultDomain`).
const LEGACY_REGISTRY: &str = "index.docker.io";
/// Where the default registry keeps names without a namespace (`officialRepoPrefix`).
const OFFICIAL: &str = "library/";
/// Longest repository in bytes, the registry aside (`RepositoryNameTotalLengthMax`).
pub const REPOSITORY_MAX: usize = 255;
/// Longest tag in bytes.
pub const TAG_MAX: usize = 128;
/// The digest algorithms that exist and the hex digits of each (github.com/opencontainers/go-digest).
const ALGORITHMS: [(&str, usize); 3] = [("sha256", 64), ("sha384", 96), ("sha512", 128)];

/// Reads an image reference. An empty text is absent: the API server stores it like a missing field.
pub fn parse(text: &str) -> ImageState {
    if text.is_empty() {
        return ImageState::Absent;
    }
    read(text).unwrap_or_else(ImageState::Unreadable)
}

fn read(text: &str) -> Result<ImageState, String> {
    if text.trim() != text {
        return Err("white space around the name".to_owned());
    }
    if let Some(odd) = text.chars().find(|c| !c.is_ascii_graphic()) {
        return Err(format!("the character U+{:04X} has no place in an image name", odd as u32));
    }
    if text.len() == 64 && is_hex(text) {
        return Err("64 hex digits are an image id, not a name".to_owned());
    }
    let (written, rest) = split_registry(text);
    check_registry(written)?;
    // Lower case before anything is compared: no spelling of the default registry may pass for another one.
    let registry = match written.to_ascii_lowercase() {
        legacy if legacy == LEGACY_REGISTRY => DEFAULT_REGISTRY.to_owned(),
        registry => registry,
    };
    let name_end = rest.find([':', '@']).unwrap_or(rest.len());
    let (name, rest) = rest.split_at(name_end);
    let (tag, digest) = match rest.split_once('@') {
        Some((tag, digest)) => (tag, Some(digest)),
        None => (rest, None),
    };
    let tag = tag.strip_prefix(':');
    // On the default registry alone, a name without a namespace is one of the official images.
    let official = registry == DEFAULT_REGISTRY && !name.contains('/');
    let repository = if official { format!("{OFFICIAL}{name}") } else { name.to_owned() };
    check_repository(name, &repository)?;
    tag.map_or(Ok(()), check_tag)?;
    digest.map_or(Ok(()), check_digest)?;
    Ok(ImageState::Exact { registry, repository, tag: tag.map(str::to_owned), digest: digest.map(str::to_owned) })
}

/// What `splitDockerDomain` does: the first segment is a registry if it looks like one; a capital letter is enough, as
/// repositories have none.
fn split_registry(text: &str) -> (&str, &str) {
    match text.split_once('/') {
        Some((first, rest))
            if first == "localhost" || first.contains(|c: char| ".:".contains(c) || c.is_uppercase()) =>
        {
            (first, rest)
        }
        _ => (DEFAULT_REGISTRY, text),
    }
}

fn check_registry(registry: &str) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("the registry `{registry}` {why}"));
    let (host, port) = match registry.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) if is_address(address) => ("", port),
            _ => return wrong("is not an IPv6 address in brackets"),
        },
        None => registry.split_at(registry.find(':').unwrap_or(registry.len())),
    };
    let numbered = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    if !port.is_empty() && !port.strip_prefix(':').is_some_and(numbered) {
        return wrong("has a port that is not a number");
    }
    let label = |label: &str| {
        let ends = |c: char| c.is_ascii_alphanumeric();
        label.starts_with(ends) && label.ends_with(ends) && label.chars().all(|c| ends(c) || c == '-')
    };
    if !registry.starts_with('[') && !host.split('.').all(label) {
        return wrong("is not a host name");
    }
    Ok(())
}

fn is_address(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_hexdigit() || c == ':')
}

fn check_repository(name: &str, repository: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("the name of the repository is missing".to_owned());
    }
    if name.contains(|c: char| c.is_ascii_uppercase()) {
        return Err(format!("the repository `{name}` must be lower case"));
    }
    if repository.len() > REPOSITORY_MAX {
        return Err(format!("the repository has {} characters, more than {REPOSITORY_MAX}", repository.len()));
    }
    if let Some(segment) = repository.split('/').find(|segment| !is_segment(segment)) {
        return Err(match segment {
            "" => "two slashes in a row, or one at an end".to_owned(),
            _ => format!(
                "`{segment}` is not a path segment: lower-case letters and digits, joined by one `.`, `_`, `__` or dashes"
            ),
        });
    }
    Ok(())
}

/// `[a-z0-9]+((?:[._]|__|[-]+)[a-z0-9]+)*`
fn is_segment(segment: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let joins = |joint: &str| matches!(joint, "." | "_" | "__") || joint.bytes().all(|byte| byte == b'-');
    segment.starts_with(plain) && segment.ends_with(plain) && segment.split(plain).all(joins)
}

fn check_tag(tag: &str) -> Result<(), String> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if tag.len() > TAG_MAX {
        return Err(format!("the tag has {} characters, more than {TAG_MAX}", tag.len()));
    }
    if !tag.starts_with(word) || !tag.chars().all(|c| word(c) || c == '.' || c == '-') {
        return Err(format!(
            "`{tag}` is not a tag: letters, digits, `_`, `.` and `-`, the first a letter, a digit or `_`"
        ));
    }
    Ok(())
}

fn check_digest(digest: &str) -> Result<(), String> {
    let (algorithm, hex) = digest.split_once(':').unwrap_or((digest, ""));
    let Some((_, length)) = ALGORITHMS.iter().find(|(name, _)| *name == algorithm) else {
        return Err(format!("the digest algorithm `{algorithm}` is not one of sha256, sha384, sha512"));
    };
    if hex.len() != *length {
        return Err(format!("a {algorithm} digest has {length} hex digits, this one {}", hex.len()));
    }
    if !is_hex(hex) {
        return Err(format!("the {algorithm} digest is not all lower-case hex digits"));
    }
    Ok(())
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> (String, String) {
        match parse(text) {
            ImageState::Exact { registry, repository, .. } => (registry, repository),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn recognises_the_default_registry_in_any_spelling() {
        // A20
        for text in [
            "evil",
            "docker.io/evil",
            "DOCKER.IO/evil",
            "Docker.io/library/evil",
            "INDEX.DOCKER.IO/evil",
            "index.docker.io/evil:1",
        ] {
            assert_eq!(place(text), ("docker.io".to_owned(), "library/evil".to_owned()), "{text}");
        }
    }

    #[test]
    fn keeps_every_other_registry_as_it_is_written_but_for_its_case() {
        for (text, registry, repository) in [
            ("docker.io:443/library/evil", "docker.io:443", "library/evil"),
            ("DOCKER.IO:0443/evil", "docker.io:0443", "evil"),
            ("REGISTRY.example:5000/team/app", "registry.example:5000", "team/app"),
            ("[::AB]:5000/app", "[::ab]:5000", "app"),
            // A capital letter makes a host of the first segment.
            ("LOCALHOST/app", "localhost", "app"),
            ("Team/app", "team", "app"),
            ("team/app", "docker.io", "team/app"),
        ] {
            assert_eq!(place(text), (registry.to_owned(), repository.to_owned()), "{text}");
        }
    }

    #[test]
    fn refuses_registries_that_are_no_hosts_in_the_words_of_their_author() {
        for text in [
            "DOCKER.IO./evil",
            "Docker.io:/evil",
            "Docker.io:x/evil",
            "MY_registry/evil",
            "[::1/evil",
            "[x:1]/evil",
            "[]:1/evil",
        ] {
            let registry = text.trim_end_matches("/evil");
            let ImageState::Unreadable(why) = parse(text) else { panic!("{text} passes") };
            assert!(why.starts_with(&format!("the registry `{registry}` ")), "{why}");
        }
    }

    #[test]
    fn says_which_segment_of_a_path_is_none() {
        let ImageState::Unreadable(why) = parse("registry.example//app") else { panic!("it passes") };
        assert_eq!(why, "two slashes in a row, or one at an end");
        let ImageState::Unreadable(why) = parse("registry.example/a___b") else { panic!("it passes") };
        assert!(why.starts_with("`a___b` is not a path segment: "), "{why}");
    }
}
