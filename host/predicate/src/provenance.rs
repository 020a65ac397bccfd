//! SLSA provenance, 0.2 and 1: who built something, when it was finished, and of which sources.

use std::borrow::Cow;

use portcullis_model::parse_time;
use serde_json::{Map, Value, json};

use crate::{Kind, MOST_SOURCES, Piece, Text, Unreadable, shown};

/// The predicate types that are read.
pub const PREDICATE_TYPES: [&str; 4] = [
    "https://slsa.dev/provenance/v1",
    "https://slsa.dev/provenance/v1.0",
    "https://slsa.dev/provenance/v1.1",
    "https://slsa.dev/provenance/v0.2",
];

/// What provenance says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Who built it.
    pub builder: Option<String>,
    /// By which kind of build.
    pub build_type: Option<String>,
    /// When it was finished.
    pub finished: Option<String>,
    /// The same in seconds.
    pub finished_seconds: Option<i64>,
    /// The revisions that went into it; at most [`MOST_SOURCES`].
    pub sources: Vec<Source>,
}

/// A revision in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The repository, without what the address says besides.
    pub repository: String,
    /// The full id of the commit.
    pub commit: Option<String>,
    /// The branch or tag.
    pub reference: Option<String>,
    /// Where that stands.
    pub pointer: String,
}

/// Reads provenance.
///
/// # Errors
/// It is none of the predicate type, or names more than [`MOST_SOURCES`] sources.
pub fn read(predicate_type: &str, text: &[u8]) -> Result<Reading, Unreadable> {
    let text = Text::read(text)?;
    let root = text.root();
    if root.kind() != Kind::Map {
        return Err(Unreadable::new("it is no provenance: a JSON object is expected"));
    }
    match predicate_type {
        "https://slsa.dev/provenance/v0.2" => v0_2(root),
        known if PREDICATE_TYPES.contains(&known) => v1(root),
        other => {
            Err(Unreadable::new(format!("`{}` is no predicate type of SLSA provenance that is known", shown(other))))
        }
    }
}

fn v1(root: Piece<'_>) -> Result<Reading, Unreadable> {
    let definition = root.get("buildDefinition").filter(|definition| definition.kind() == Kind::Map);
    let definition =
        definition.ok_or_else(|| Unreadable::at("/buildDefinition", "provenance v1 without `buildDefinition`"))?;
    let finished = root.path(&["runDetails", "metadata", "finishedOn"]).and_then(Piece::str);
    let mut reading = Reading {
        builder: root.path(&["runDetails", "builder", "id"]).and_then(Piece::shown),
        build_type: definition.get("buildType").and_then(Piece::shown),
        finished_seconds: finished.as_deref().and_then(parse_time),
        finished: finished.as_deref().map(shown),
        sources: Vec::new(),
    };
    for dependency in definition.list("resolvedDependencies") {
        reading.source(dependency)?;
    }
    Ok(reading)
}

fn v0_2(root: Piece<'_>) -> Result<Reading, Unreadable> {
    let builder = root.path(&["builder", "id"]);
    if builder.is_none() && root.get("buildType").is_none() {
        return Err(Unreadable::new("provenance v0.2 with neither `builder` nor `buildType`"));
    }
    let finished = root.path(&["metadata", "buildFinishedOn"]).and_then(Piece::str);
    let mut reading = Reading {
        builder: builder.and_then(Piece::shown),
        build_type: root.get("buildType").and_then(Piece::shown),
        finished_seconds: finished.as_deref().and_then(parse_time),
        finished: finished.as_deref().map(shown),
        sources: Vec::new(),
    };
    let config = root.path(&["invocation", "configSource"]);
    for material in config.into_iter().chain(root.list("materials")) {
        reading.source(material)?;
    }
    Ok(reading)
}

impl Reading {
    /// A material is a source when its address or digest is one of git.
    fn source(&mut self, piece: Piece<'_>) -> Result<(), Unreadable> {
        let Some(uri) = piece.get_str("uri") else { return Ok(()) };
        let digest = |name: &str| piece.path(&["digest", name]).and_then(Piece::str);
        let commit = digest("gitCommit").or_else(|| digest("sha1")).filter(|commit| is_commit(commit));
        let git =
            uri.starts_with("git") || digest("gitCommit").is_some() || uri.contains(".git@") || uri.ends_with(".git");
        let known = commit.is_some() && (uri.starts_with("https://") || uri.starts_with("http://"));
        if !git && !known {
            return Ok(());
        }
        let (repository, reference) = repository(&uri);
        let source = Source {
            repository: shown(&repository),
            commit: commit.map(|commit| commit.to_ascii_lowercase()),
            reference: reference.map(shown),
            pointer: piece.pointer(),
        };
        let same = |known: &&mut Source| known.repository == source.repository && known.commit == source.commit;
        if let Some(known) = self.sources.iter_mut().find(same) {
            known.reference = known.reference.take().or(source.reference);
            return Ok(());
        }
        if self.sources.len() >= MOST_SOURCES {
            return Err(Unreadable::at(piece.pointer(), format!("it names more than {MOST_SOURCES} sources")));
        }
        self.sources.push(source);
        Ok(())
    }

    /// The members of one entry of `provenance` from `builder` on.
    pub fn to_json(&self) -> Map<String, Value> {
        let sources = self.sources.iter().map(|source| {
            json!({
                "repository": source.repository, "commit": source.commit, "ref": source.reference, "pointer": source.pointer,
            })
        });
        let members: [(&str, Value); 5] = [
            ("builder", json!(self.builder)),
            ("buildType", json!(self.build_type)),
            ("finished", json!(self.finished)),
            ("finishedSeconds", json!(self.finished_seconds)),
            ("sources", sources.collect()),
        ];
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// SHA-1 or SHA-256 in full: what is shorter names no commit.
fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `git+https://github.com/org/app.git@refs/heads/main` is the repository `https://github.com/org/app` at `refs/heads/main`.
/// One way to write an address that has several: `git+`, `.git`, a slash at the end, a user, `#`, `git@host:path`, `ssh:`, `git:`.
pub fn repository(uri: &str) -> (String, Option<&str>) {
    let plain = uri.strip_prefix("git+").unwrap_or(uri);
    let (plain, fragment) = plain.split_once('#').unwrap_or((plain, ""));
    let (scheme, rest) = match plain.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), Cow::Borrowed(rest)),
        None => match plain.strip_prefix("git@").and_then(|rest| rest.split_once(':')) {
            Some((host, path)) => ("ssh".to_owned(), Cow::Owned(format!("{host}/{path}"))),
            None => return (plain.to_owned(), None),
        },
    };
    let (host, path) = rest.split_once('/').unwrap_or((&rest, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host).to_ascii_lowercase();
    let (path, reference) = path.split_once('@').unwrap_or((path, ""));
    let path = path.split('?').next().unwrap_or_default().trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let scheme = if matches!(scheme.as_str(), "ssh" | "git") { "https" } else { scheme.as_str() };
    let reference = if reference.is_empty() { fragment } else { reference };
    // Of a text that was put together anew the reference is found again in the original.
    let reference = Some(reference).filter(|reference| !reference.is_empty());
    let reference = reference.and_then(|reference| uri.rfind(reference).map(|at| &uri[at..at + reference.len()]));
    (format!("{scheme}://{host}/{path}"), reference)
}
