//! Where a result is: the path of its artifact within the source, as far as a report tells it.

use std::collections::HashMap;

use super::log::{Artifact, ArtifactLocation, json_or_default};
use crate::{MAX_BASES, MAX_NAME, Piece, shown};

/// The path of an artifact within the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Path {
    /// Relative, with `/` between its segments, and without `.` and `..`.
    Within(String),
    /// Outside of the source, or nobody can tell where: such a result counts in every scope (it must not escape one).
    Unknown,
}

/// What a run says about its artifacts, for finding paths.
pub(super) struct Artifacts<'a> {
    bases: HashMap<String, ArtifactLocation<'a>>,
    /// Where the source was when it was scanned, as an absolute path that ends with `/`.
    root: Option<String>,
    artifacts: Vec<(Path, Option<String>)>,
}

impl<'a> Artifacts<'a> {
    pub(super) fn read(run: Piece<'a>, mapped_to: Option<&ArtifactLocation<'a>>) -> Self {
        let bases = run.get("originalUriBaseIds").into_iter().flat_map(Piece::members);
        let bases = bases.map(|(name, base)| (name.into_owned(), json_or_default(Some(base)))).collect();
        let mut artifacts = Self { bases, root: None, artifacts: Vec::new() };
        artifacts.root = mapped_to.and_then(|location| artifacts.absolute(location));
        let all: Vec<Artifact<'a>> = run.list("artifacts").map(|one| json_or_default(Some(one))).collect();
        artifacts.artifacts = (0..all.len()).map(|index| artifacts.of_artifact(&all, index)).collect();
        artifacts
    }

    /// An artifact inside another (an archive) is where the outermost is.
    fn of_artifact(&self, all: &[Artifact<'a>], index: usize) -> (Path, Option<String>) {
        let shown = all[index].location.as_ref().and_then(|location| location.uri.as_deref()).map(shown);
        let mut index = index;
        for _ in 0..MAX_BASES {
            let artifact = &all[index];
            match artifact.parent_index.filter(|parent| *parent != -1) {
                None => {
                    let path = artifact.location.as_ref().map_or(Path::Unknown, |location| self.of_uri(location));
                    return (path, shown);
                }
                Some(parent) => match usize::try_from(parent).ok().filter(|parent| *parent < all.len()) {
                    Some(parent) => index = parent,
                    None => return (Path::Unknown, shown),
                },
            }
        }
        (Path::Unknown, shown)
    }

    /// Where a location is, and its URI for a person. Where URI and index say different things, nobody can tell.
    pub(super) fn find(&self, location: &ArtifactLocation<'a>) -> (Path, Option<String>) {
        let own = location.uri.as_ref().map(|uri| (self.of_uri(location), Some(uri.to_string())));
        let Some(index) = location.index.filter(|index| *index != -1) else {
            return own.unwrap_or((Path::Unknown, None));
        };
        let artifact = usize::try_from(index).ok().and_then(|index| self.artifacts.get(index));
        match (own, artifact) {
            (None, Some(artifact)) => artifact.clone(),
            (Some((path, shown)), Some((other, _))) => (if path == *other { path } else { Path::Unknown }, shown),
            // The index leads nowhere: the URI may be wrong as well.
            (own, None) => (Path::Unknown, own.and_then(|(_, shown)| shown)),
        }
    }

    fn of_uri(&self, location: &ArtifactLocation<'a>) -> Path {
        let Some(whole) = self.joined(location) else { return Path::Unknown };
        let relative = match (&self.root, is_absolute(&whole)) {
            (_, false) => Some(whole.as_str()),
            (Some(root), true) => path_of(&whole).strip_prefix(root.as_str()),
            (None, true) => None,
        };
        relative.and_then(normal).map_or(Path::Unknown, Path::Within)
    }

    /// The URI with those of its bases before it, up to a base that is absolute or has none: that one is the source's root.
    fn joined(&self, location: &ArtifactLocation<'a>) -> Option<String> {
        let mut whole = decoded(location.uri.as_deref()?)?;
        let mut base = location.uri_base_id.as_deref();
        for _ in 0..MAX_BASES {
            if is_absolute(&whole) {
                return Some(whole);
            }
            let Some(location) = base.and_then(|base| self.bases.get(base)) else { return Some(whole) };
            let before = decoded(location.uri.as_deref().unwrap_or_default())?;
            if is_absolute(&before) {
                return match &self.root {
                    Some(_) => Some(format!("{}/{whole}", before.trim_end_matches('/'))),
                    None => Some(whole),
                };
            }
            if !before.is_empty() {
                whole = format!("{}/{whole}", before.trim_end_matches('/'));
            }
            base = location.uri_base_id.as_deref();
        }
        None
    }

    /// Where a base stands on the machine of the scan.
    fn absolute(&self, location: &ArtifactLocation<'a>) -> Option<String> {
        let mut whole = decoded(location.uri.as_deref().unwrap_or_default())?;
        let mut base = location.uri_base_id.as_deref();
        for _ in 0..MAX_BASES {
            if is_absolute(&whole) {
                return Some(format!("{}/", path_of(&whole).trim_end_matches('/')));
            }
            let location = self.bases.get(base?)?;
            let before = decoded(location.uri.as_deref()?)?;
            whole = format!("{}/{whole}", before.trim_end_matches('/'));
            base = location.uri_base_id.as_deref();
        }
        None
    }
}

/// With `/` for `\` and without percent signs. A query or a fragment says that it is no file, and so does being endless.
fn decoded(uri: &str) -> Option<String> {
    if uri.len() > MAX_NAME || uri.contains(['?', '#']) {
        return None;
    }
    let mut bytes = Vec::with_capacity(uri.len());
    let mut rest = uri.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (b'%', [one, two, after @ ..]) if one.is_ascii_hexdigit() && two.is_ascii_hexdigit() => {
                let digits = std::str::from_utf8(&[*one, *two]).ok().map(|digits| u8::from_str_radix(digits, 16));
                bytes.push(digits?.ok()?);
                rest = after;
            }
            // No escape: a tool that writes file names as they are.
            (byte, _) => bytes.push(*byte),
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.contains('\0')).then(|| text.replace('\\', "/"))
}

/// Starts at a root, on a drive or with a scheme.
fn is_absolute(path: &str) -> bool {
    let scheme = path.split('/').next().unwrap_or_default();
    path.starts_with('/')
        || scheme.split_once(':').is_some_and(|(scheme, _)| {
            scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme.chars().all(|one| one.is_ascii_alphanumeric() || matches!(one, '+' | '-' | '.'))
        })
}

/// `file:///a` and `/a` are the same place.
fn path_of(absolute: &str) -> &str {
    absolute.strip_prefix("file://").unwrap_or(absolute)
}

/// Nothing where the path leads out.
fn normal(path: &str) -> Option<String> {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop()?;
            }
            segment => segments.push(segment),
        }
    }
    Some(segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Text;

    /// The path of the first location in a run.
    fn path(run: &str, location: &str) -> Path {
        let run = Text::read(run.as_bytes()).expect("JSON");
        let location = Text::read(location.as_bytes()).expect("JSON");
        let mapped = run.root().get("mappedTo").map(|piece| json_or_default(Some(piece)));
        Artifacts::read(run.root(), mapped.as_ref()).find(&json_or_default(Some(location.root()))).0
    }

    fn within(path: &str) -> Path {
        Path::Within(path.to_owned())
    }

    #[test]
    fn finds_paths_within_the_source() {
        for (location, expected) in [
            (r#"{"uri": "src/app.py"}"#, "src/app.py"),
            (r#"{"uri": "./src//app.py"}"#, "src/app.py"),
            (r#"{"uri": "src/../lib/app.py"}"#, "lib/app.py"),
            (r#"{"uri": "src\\sub\\app.py"}"#, "src/sub/app.py"),
            (r#"{"uri": "src%2Fa%20b%C3%A4.py"}"#, "src/a bä.py"),
            (r#"{"uri": "100%.py"}"#, "100%.py"),
            (r#"{"uri": "app.py", "uriBaseId": "%SRCROOT%"}"#, "app.py"),
            (r#"{"uri": "app.py", "uriBaseId": "UNSAID"}"#, "app.py"),
            (r#"{"uri": "io/kb.c", "uriBaseId": "SRC"}"#, "src/io/kb.c"),
            (r#"{"uri": "kb.c", "uriBaseId": "IO"}"#, "src/io/kb.c"),
            (r#"{"index": 0}"#, "lib/a.jar"),
            (r#"{"index": 1}"#, "lib/a.jar"),
            (r#"{"uri": "lib/a.jar", "index": 0}"#, "lib/a.jar"),
        ] {
            let run = r#"{"originalUriBaseIds": {"%SRCROOT%": {"uri": "file:///home/ci/app/"}, "REPO": {},
                "SRC": {"uri": "src/", "uriBaseId": "REPO"}, "IO": {"uri": "io", "uriBaseId": "SRC"}},
                "artifacts": [{"location": {"uri": "lib/a.jar"}}, {"location": {"uri": "x.class"}, "parentIndex": 0}]}"#;
            assert_eq!(path(run, location), within(expected), "{location}");
        }
    }

    #[test]
    fn finds_absolute_paths_where_the_repository_is_known() {
        let run = r#"{"mappedTo": {"uriBaseId": "ROOT"}, "originalUriBaseIds": {"ROOT": {"uri": "file:///home/ci/app"},
            "SUB": {"uri": "file:///home/ci/app/src/"}}}"#;
        assert_eq!(path(run, r#"{"uri": "file:///home/ci/app/src/a.py"}"#), within("src/a.py"));
        assert_eq!(path(run, r#"{"uri": "/home/ci/app/src/a.py"}"#), within("src/a.py"));
        assert_eq!(path(run, r#"{"uri": "a.py", "uriBaseId": "SUB"}"#), within("src/a.py"));
        assert_eq!(path(run, r#"{"uri": "file:///home/ci/application/a.py"}"#), Path::Unknown);
        assert_eq!(path(run, r#"{"uri": "file:///home/ci/app/../a.py"}"#), Path::Unknown);
    }

    #[test]
    fn says_that_it_cannot_tell_where_something_is() {
        for location in [
            r#"{}"#,
            r#"{"uri": "../app.py"}"#,
            r#"{"uri": "src/../../app.py"}"#,
            r#"{"uri": "src/%2e%2e/%2E./app.py"}"#,
            r#"{"uri": "..\\app.py"}"#,
            r#"{"uri": "/src/app.py"}"#,
            r#"{"uri": "C:\\src\\app.py"}"#,
            r#"{"uri": "file:///src/app.py"}"#,
            r#"{"uri": "https://example.org/src/app.py"}"#,
            r#"{"uri": "src/app.py?x"}"#,
            r#"{"uri": "test/#/../src/app.py"}"#,
            r#"{"uri": "src/%ff.py"}"#,
            r#"{"uri": "src/%00.py"}"#,
            r#"{"uri": "app.py", "uriBaseId": "LOOP"}"#,
            r#"{"index": 0}"#,
            r#"{"index": 2}"#,
            r#"{"index": 3}"#,
            r#"{"index": 9223372036854775807}"#,
            r#"{"uri": "test/a.py", "index": 4}"#,
            r#"{"uri": "test/a.py", "index": 5}"#,
        ] {
            let run = r#"{"originalUriBaseIds": {"LOOP": {"uri": "a", "uriBaseId": "LOOP"}}, "artifacts": [
                {"parentIndex": 1, "location": {"uri": "a"}}, {"parentIndex": 0, "location": {"uri": "b"}}, {"parentIndex": 9},
                {}, {"location": {"uri": "src/a.py"}}]}"#;
            assert_eq!(path(run, location), Path::Unknown, "{location}");
        }
    }
}
