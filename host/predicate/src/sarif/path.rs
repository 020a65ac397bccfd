//! Where a result is: the path of its artifact within the source, as far as a report tells it.

use std::collections::HashMap;

use super::log::{Artifact, ArtifactLocation, json_or_default};
use crate::{MAX_BASES, MAX_NAME, MAX_RESULTS, Piece};

/// So many bytes may the bases of an address put before it: a few words of a report must not make many of its results long.
const MAX_BEFORE: usize = 1_024;
/// What tools call the root of the source, by custom, whether or not they say where it stands; the outermost first.
const ROOTS: [&str; 4] = ["REPOROOT", "PROJECTROOT", "%SRCROOT%", "SRCROOT"];

/// The path of an artifact within the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Path {
    /// Relative, with `/` between its segments, and without `.` and `..`.
    Within(String),
    /// Outside of the source, or nobody can tell where: such a result counts in every scope (it must not escape one).
    Unknown,
}

/// What a run says about its artifacts, for finding paths. Paths are put together where they are asked for and not kept:
/// thousands of artifacts may share one long base.
pub(super) struct Artifacts<'a> {
    bases: HashMap<String, ArtifactLocation<'a>>,
    /// Where the source was when it was scanned, as an absolute path that ends with `/`.
    root: Option<String>,
    /// The base that the run says is the source.
    root_name: Option<String>,
    all: Vec<Artifact<'a>>,
}

impl<'a> Artifacts<'a> {
    pub(super) fn read(run: Piece<'a>, mapped_to: Option<&ArtifactLocation<'a>>) -> Self {
        let bases = run.get("originalUriBaseIds").into_iter().flat_map(Piece::members);
        let bases = bases.map(|(name, base)| (name.into_owned(), json_or_default(Some(base)))).collect();
        // What stands beyond is an unknown place.
        let all = run.list("artifacts").take(MAX_RESULTS).map(|one| json_or_default(Some(one))).collect();
        let mut artifacts = Self { bases, root: None, root_name: None, all };
        let mapped_name = mapped_to.filter(|one| one.uri.as_deref().is_none_or(str::is_empty));
        artifacts.root_name = mapped_name.and_then(|one| one.uri_base_id.as_deref()).map(str::to_owned);
        artifacts.root = match mapped_to {
            Some(location) => artifacts.absolute(location),
            None => ROOTS.iter().find_map(|name| artifacts.own_root(artifacts.bases.get(*name)?)),
        };
        artifacts
    }

    /// Where a base stands whose own address is absolute.
    fn own_root(&self, base: &ArtifactLocation<'a>) -> Option<String> {
        is_absolute(&decoded(base.uri.as_deref()?)?).then(|| self.absolute(base))?
    }

    fn get(&self, index: Option<i64>) -> Option<usize> {
        usize::try_from(index?).ok().filter(|index| *index < self.all.len())
    }

    /// The artifact that says where a location is, where what it says is all that is said. Many results are in one file: what
    /// was found out about it need not be found out again.
    pub(super) fn only(&self, location: &ArtifactLocation<'a>) -> Option<usize> {
        let index = self.get(location.index)?;
        let artifact = &self.all[index];
        let same = |one: &ArtifactLocation<'a>| one.uri == location.uri && one.uri_base_id == location.uri_base_id;
        let alone =
            location.uri.is_none() || (parent(artifact).is_none() && artifact.location.as_deref().is_some_and(same));
        alone.then_some(index)
    }

    /// An artifact inside another (an archive) is where the outermost is.
    fn of_artifact(&self, mut index: usize) -> Path {
        for _ in 0..MAX_BASES {
            let artifact = &self.all[index];
            match parent(artifact) {
                None => return artifact.location.as_ref().map_or(Path::Unknown, |location| self.of_uri(location)),
                Some(parent) => match self.get(Some(parent)) {
                    Some(parent) => index = parent,
                    None => return Path::Unknown,
                },
            }
        }
        Path::Unknown
    }

    /// Where a location is. Where URI and index say different things, nobody can tell.
    pub(super) fn find(&self, location: &ArtifactLocation<'a>) -> Path {
        let own = || if location.uri.is_some() { self.of_uri(location) } else { Path::Unknown };
        let Some(index) = location.index.filter(|index| *index != -1) else { return own() };
        if let Some(only) = self.only(location) {
            return self.of_artifact(only);
        }
        match self.get(Some(index)) {
            Some(artifact) => Some(own()).filter(|own| *own == self.of_artifact(artifact)).unwrap_or(Path::Unknown),
            // The index leads nowhere: the URI may be wrong as well.
            None => Path::Unknown,
        }
    }

    /// The address of a location as it is written, there or with its artifact.
    pub(super) fn written<'l>(&'l self, location: &'l ArtifactLocation<'a>) -> Option<&'l str> {
        let of_artifact = || self.all[self.get(location.index)?].location.as_ref()?.uri.as_deref();
        location.uri.as_deref().or_else(of_artifact)
    }

    fn of_uri(&self, location: &ArtifactLocation<'a>) -> Path {
        let Some(whole) = self.joined(location).filter(|whole| whole.len() <= MAX_NAME) else { return Path::Unknown };
        let relative = match (&self.root, is_absolute(&whole)) {
            (_, false) => Some(whole.as_str()),
            (Some(root), true) => path_of(&whole).strip_prefix(root.as_str()),
            (None, true) => None,
        };
        // What is about the source as a whole is about every part of it.
        relative.and_then(normal).filter(|path| !path.is_empty()).map_or(Path::Unknown, Path::Within)
    }

    /// The URI with those of its bases before it, up to one that is absolute or is the source's root. A base of which nobody
    /// says where it stands leads nowhere.
    fn joined(&self, location: &ArtifactLocation<'a>) -> Option<String> {
        let mut whole = decoded(location.uri.as_deref()?)?;
        let most = whole.len() + MAX_BEFORE;
        let mut base = location.uri_base_id.as_deref();
        for _ in 0..MAX_BASES {
            let Some(name) = base.filter(|_| !is_absolute(&whole)) else { return Some(whole) };
            let Some(location) = self.bases.get(name) else { return self.is_root(name).then_some(whole) };
            let uri = location.uri.as_deref().unwrap_or_default();
            if uri.len() > MAX_BEFORE {
                return None;
            }
            if !uri.is_empty() {
                whole = format!("{}/{whole}", decoded(uri)?.trim_end_matches('/'));
            } else if location.uri_base_id.is_none() {
                return self.is_root(name).then_some(whole);
            }
            if whole.len() > most {
                return None;
            }
            base = location.uri_base_id.as_deref();
        }
        None
    }

    /// Whether a base that does not say where it stands is the source, by the word of the run or by custom.
    fn is_root(&self, name: &str) -> bool {
        self.root_name.as_deref() == Some(name) || ROOTS.contains(&name)
    }

    /// Where a base stands on the machine of the scan. No source is a whole disk.
    fn absolute(&self, location: &ArtifactLocation<'a>) -> Option<String> {
        let mut whole = decoded(location.uri.as_deref().unwrap_or_default())?;
        let mut base = location.uri_base_id.as_deref();
        for _ in 0..MAX_BASES {
            if is_absolute(&whole) {
                let root = format!("{}/", path_of(&whole).trim_end_matches('/'));
                return Some(root).filter(|root| root != "/");
            }
            let location = self.bases.get(base?)?;
            let before = decoded(location.uri.as_deref()?)?;
            whole = format!("{}/{whole}", before.trim_end_matches('/'));
            base = location.uri_base_id.as_deref();
        }
        None
    }
}

fn parent(artifact: &Artifact<'_>) -> Option<i64> {
    artifact.parent_index.filter(|parent| *parent != -1)
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
        Artifacts::read(run.root(), mapped.as_ref()).find(&json_or_default(Some(location.root())))
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
            (r#"{"uri": "app.py", "uriBaseId": "SRCROOT"}"#, "app.py"),
            (r#"{"uri": "file:///home/ci/app/a.py", "uriBaseId": "UNSAID"}"#, "a.py"),
            (r#"{"uri": "io/kb.c", "uriBaseId": "SRC"}"#, "src/io/kb.c"),
            (r#"{"uri": "kb.c", "uriBaseId": "IO"}"#, "src/io/kb.c"),
            (r#"{"index": 0}"#, "lib/a.jar"),
            (r#"{"index": 1}"#, "lib/a.jar"),
            (r#"{"uri": "lib/a.jar", "index": 0}"#, "lib/a.jar"),
        ] {
            let run = r#"{"originalUriBaseIds": {"%SRCROOT%": {"uri": "file:///home/ci/app/"}, "SRCROOT": {},
                "SRC": {"uri": "src/", "uriBaseId": "SRCROOT"}, "IO": {"uri": "io", "uriBaseId": "SRC"}},
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
            r#"{"uri": "app.py", "uriBaseId": "UNSAID"}"#,
            r#"{"uri": "app.py", "uriBaseId": "BLANK"}"#,
            r#"{"uri": "app.py", "uriBaseId": "SUB"}"#,
            r#"{"uri": "app.py", "uriBaseId": "BELOW"}"#,
            r#"{"uri": ""}"#,
            r#"{"uri": "src/.."}"#,
            r#"{"index": 0}"#,
            r#"{"index": 2}"#,
            r#"{"index": 3}"#,
            r#"{"index": 9223372036854775807}"#,
            r#"{"uri": "test/a.py", "index": 4}"#,
            r#"{"uri": "test/a.py", "index": 5}"#,
        ] {
            let run = r#"{"originalUriBaseIds": {"LOOP": {"uri": "a", "uriBaseId": "LOOP"},
                "BLANK": {}, "SUB": {"uri": "file:///repo/src/"}, "BELOW": {"uri": "x", "uriBaseId": "UNSAID"}}, "artifacts": [
                {"parentIndex": 1, "location": {"uri": "a"}}, {"parentIndex": 0, "location": {"uri": "b"}}, {"parentIndex": 9},
                {}, {"location": {"uri": "src/a.py"}}]}"#;
            assert_eq!(path(run, location), Path::Unknown, "{location}");
        }
    }

    #[test]
    fn knows_the_root_by_the_word_of_the_run_or_by_custom() {
        for (mapped, bases, expected) in [
            (r#"{"uriBaseId": "REPO"}"#, r#""X": {}"#, within("src/a.py")),
            (r#"{"uriBaseId": "REPO"}"#, r#""REPO": {}"#, within("src/a.py")),
            (r#"{"uriBaseId": "REPO"}"#, r#""REPO": {"uri": "file:///repo/"}"#, within("src/a.py")),
            (r#"{"uri": "file:///"}"#, r#""REPO": {"uri": "file:///repo/"}"#, Path::Unknown),
            (r#"{"uri": "file:///repo/"}"#, r#""REPO": {"uri": "file:///repo/lib/"}"#, within("lib/src/a.py")),
            ("null", r#""REPO": {"uri": "file:///repo/"}"#, Path::Unknown),
            (
                "null",
                r#""REPO": {"uri": "file:///repo/lib/"}, "%SRCROOT%": {"uri": "file:///repo/"}"#,
                within("lib/src/a.py"),
            ),
            (
                "null",
                r#""REPO": {"uri": "x", "uriBaseId": "SRCROOT"}, "SRCROOT": {"uri": "y", "uriBaseId": "P"}"#,
                Path::Unknown,
            ),
        ] {
            let mapped = if mapped == "null" { String::new() } else { format!(r#""mappedTo": {mapped},"#) };
            let run = format!(r#"{{{mapped} "originalUriBaseIds": {{{bases}}}}}"#);
            assert_eq!(path(&run, r#"{"uri": "src/a.py", "uriBaseId": "REPO"}"#), expected, "{run}");
        }
    }

    /// A thousand bytes of bases before each of many short addresses: no address grows by more.
    #[test]
    fn puts_no_endless_base_before_an_address() {
        for (length, bases, known) in
            [(500, 2, true), (600, 2, false), (100, 9, true), (100, 11, false), (4_000, 1, false)]
        {
            let all: Vec<String> = (0..bases)
                .map(|index| {
                    let next =
                        if index + 1 < bases { format!(r#", "uriBaseId": "B{}""#, index + 1) } else { String::new() };
                    format!(r#""B{index}": {{"uri": "{}/"{next}}}"#, "d".repeat(length))
                })
                .collect();
            let run = format!(r#"{{"originalUriBaseIds": {{{}}}}}"#, all.join(","));
            match path(&run, r#"{"uri": "a.py", "uriBaseId": "B0"}"#) {
                Path::Within(path) => assert!(known && path.len() == (length + 1) * bases + 4, "{length} {bases}"),
                Path::Unknown => assert!(!known, "{length} {bases}"),
            }
        }
    }
}
