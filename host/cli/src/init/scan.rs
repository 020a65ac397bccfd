//! Where the manifests of a repository are, and which charts and kustomizations must be rendered first.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use portcullis_check::bytes;
use portcullis_document::{ReadLimits, decode, read_yaml};
use portcullis_model::NodeId;

/// Directories that are looked into.
const MAX_DIRECTORIES: usize = 20_000;
/// Files that are looked at.
const MAX_FILES: usize = 20_000;
/// Directories inside each other.
const MAX_DEPTH: usize = 12;
/// The largest file that is looked at, in bytes.
const MAX_BYTES: u64 = 1 << 20;
/// What is never anybody's own manifest.
const LEFT_OUT: [&str; 5] = ["node_modules", "vendor", "target", "testdata", "__pycache__"];
/// The names that kustomize looks for.
const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// What lies in a repository. Paths are from its root, sorted, with `/` between their parts.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The directories that hold manifests, each without another of them around it; files where they lie at the root.
    pub manifests: Vec<String>,
    /// Helm charts.
    pub charts: Vec<String>,
    /// Kustomizations.
    pub kustomizations: Vec<String>,
    /// Those of them that another one includes, and so are judged with it.
    pub included: Vec<String>,
    /// What was not looked at, for there is too much.
    pub unread: usize,
}

impl Found {
    /// Whether one of the directories with manifests is around a path.
    pub fn covers(&self, path: &str) -> bool {
        self.manifests.iter().any(|folder| Path::new(path).starts_with(folder))
    }
}

/// Looks around below a directory; links are not followed.
pub fn scan(root: &Path) -> Found {
    let mut found = Found::default();
    let mut open = vec![(String::new(), 0)];
    let (mut directories, mut files) = (0, 0);
    while let Some((folder, depth)) = open.pop() {
        directories += 1;
        if directories > MAX_DIRECTORIES || depth > MAX_DEPTH {
            found.unread += 1;
            continue;
        }
        let real = root.join(&folder);
        if real.join("Chart.yaml").is_file() {
            found.charts.push(folder_name(&folder));
            continue;
        }
        if KUSTOMIZATIONS.iter().any(|name| real.join(name).is_file()) {
            found.kustomizations.push(folder_name(&folder));
            continue;
        }
        let mut entries: Vec<_> = fs::read_dir(&real).into_iter().flatten().flatten().collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        let mut holds = false;
        for entry in entries {
            // What is no text cannot stand in a file of settings either.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let Ok(kind) = entry.file_type() else { continue };
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            if kind.is_dir() && !name.starts_with('.') && !LEFT_OUT.contains(&name.as_str()) {
                open.push((path, depth + 1));
            } else if kind.is_file() && looks_like_a_manifest(&name) {
                files += 1;
                if files > MAX_FILES {
                    found.unread += 1;
                } else if (folder.is_empty() || !holds) && is_manifest(&entry.path()) {
                    // The root itself would be everything.
                    if folder.is_empty() { found.manifests.push(path) } else { holds = true }
                }
            }
        }
        if holds {
            found.manifests.push(folder);
        }
    }
    found.manifests.sort();
    let all = found.manifests.clone();
    found.manifests.retain(|own| !all.iter().any(|other| other != own && Path::new(own).starts_with(other)));
    found.charts.sort();
    found.kustomizations.sort();
    found.included = included(root, &found.kustomizations);
    found
}

/// The kustomizations that are part of what another one renders. Those that include each other in a circle are none: nothing
/// around them would be rendered.
fn included(root: &Path, all: &[String]) -> Vec<String> {
    let includes: BTreeMap<&str, Vec<&str>> = all
        .iter()
        .map(|folder| {
            let named = named_in(&root.join(folder)).into_iter().filter_map(|path| resolved(folder, &path));
            let others = named.filter(|path| path != folder);
            (
                folder.as_str(),
                others.filter_map(|path| all.iter().find(|own| **own == path)).map(String::as_str).collect(),
            )
        })
        .collect();
    let inner: BTreeSet<&str> = includes.values().flatten().copied().collect();
    let mut open: Vec<&str> = all.iter().map(String::as_str).filter(|folder| !inner.contains(folder)).collect();
    let mut reached = BTreeSet::new();
    while let Some(folder) = open.pop() {
        let more = includes.get(folder).into_iter().flatten();
        open.extend(more.filter(|inner| reached.insert(**inner)));
    }
    reached.into_iter().map(str::to_owned).collect()
}

/// What the kustomization of a folder includes, as it names it.
fn named_in(folder: &Path) -> Vec<String> {
    let file = KUSTOMIZATIONS.iter().map(|name| folder.join(name)).find(|file| file.is_file());
    let bytes = file.and_then(|file| bytes::read(&file, MAX_BYTES).ok()).unwrap_or_default();
    let limits = ReadLimits::default();
    let documents = decode("kustomization", bytes, &limits).and_then(|source| read_yaml(&source, &limits));
    let mut named = Vec::new();
    for document in documents.unwrap_or_default() {
        for key in ["resources", "bases", "components"] {
            let items = document.items(document.find(NodeId::ROOT, key));
            named.extend(items.map(|item| document.text(item).to_owned()));
        }
    }
    named
}

/// A path that a kustomization names, from the root of the repository; nothing for what lies outside, or on another machine.
fn resolved(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| *part != ".").collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(folder_name(&parts.join("/")))
}

fn folder_name(folder: &str) -> String {
    if folder.is_empty() { ".".to_owned() } else { folder.to_owned() }
}

fn looks_like_a_manifest(name: &str) -> bool {
    let ending = Path::new(name).extension().unwrap_or_default();
    ["yaml", "yml", "json"].iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// Whether a text looks like an object of Kubernetes that is not ours and not a tool's: a guess, for a person to look at.
fn is_manifest(path: &Path) -> bool {
    let Ok(bytes) = bytes::read(path, MAX_BYTES) else { return false };
    let text = String::from_utf8_lossy(&bytes);
    let value = |key: &str| {
        let quoted = format!("\"{key}\":");
        text.lines().find_map(|line| {
            let rest = line.strip_prefix(key).and_then(|rest| rest.strip_prefix(':'));
            rest.or_else(|| line.trim_start().trim_start_matches(['{', ' ']).strip_prefix(&quoted)).map(str::trim)
        })
    };
    let foreign = ["portcullis.dev/", "kustomize.config.k8s.io/"];
    match (value("apiVersion"), value("kind")) {
        (Some(version), Some(_)) => !foreign.iter().any(|group| version.trim_matches('"').starts_with(group)),
        _ => false,
    }
}
