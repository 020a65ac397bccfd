//! Policy sets and waivers from files.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use portcullis_check::bytes;
use portcullis_check::error::Error;
use portcullis_document::{DEFAULT_BYTES, ReadLimits, decode, read_json, read_yaml};
use portcullis_model::{Document, KeySource, Kind, NodeId, PluginReference, Source, TrustRoot};
use portcullis_policies::{LoadedSet, Manifests, Waivers, foreign_policy, parse_set, rewrite_hint};

use crate::builtins::DEFAULT_SET;
use crate::output::Complaints;
use crate::registries;

/// Longest policy set, waiver, namespace list, kind list or fact file, in bytes: as much as is parsed.
pub const MAX_SETTINGS_BYTES: u64 = DEFAULT_BYTES as u64;

/// The ending of the files of OPA and conftest.
const REGO: &str = "rego";

/// Everything that `--policies` and `--waivers` name; the built-in default set where no policy set is given.
pub fn load(policies: &[PathBuf], waivers: &[PathBuf]) -> Result<(Vec<LoadedSet>, Waivers), Complaints> {
    let mut complaints = Complaints::default();
    let mut found = Found::default();
    if policies.is_empty() {
        let documents = documents_of("(built-in default)", DEFAULT_SET.as_bytes().to_vec(), &mut complaints);
        found.sort_out(documents, Path::new("."), &mut complaints);
    }
    for path in policies {
        let before = found.len();
        for file in files_below(path, &mut complaints) {
            let folder = file.parent().unwrap_or(Path::new(".")).to_path_buf();
            let documents = read(&file, &mut complaints);
            found.sort_out(documents, &folder, &mut complaints);
        }
        if found.len() == before && complaints.is_empty() {
            complaints.add(format!("`{}` holds no PolicySet", path.display()), None, None);
        }
    }
    let Found { mut sets, waivers: mut found_waivers, manifests } = found;
    match manifests.into_set() {
        Ok(set) => sets.extend(set),
        Err(wrong) => complaints.extend(wrong),
    }
    for path in waivers {
        for file in files_below(path, &mut complaints) {
            let documents = read(&file, &mut complaints);
            if documents.is_empty() && complaints.is_empty() {
                complaints.add(format!("`{}` holds no Waiver", file.display()), None, None);
            }
            found_waivers.extend(documents);
        }
    }
    refuse_equal_names(&sets, &mut complaints);
    let waivers = match Waivers::parse(&found_waivers) {
        Ok(waivers) => waivers,
        Err(found) => {
            complaints.extend(found);
            Waivers::default()
        }
    };
    if complaints.is_empty() { Ok((sets, waivers)) } else { Err(complaints) }
}

/// The policy set that flags make, read as if it stood in a file.
pub fn of_flags(set: &serde_json::Value) -> Result<LoadedSet, Complaints> {
    let source = Source::new("(flags)", set.to_string());
    let document = read_json(&source, &ReadLimits::default()).map_err(Complaints::from)?;
    parse_set(&document).map_err(Complaints::of)
}

/// All documents of the files below a path that the user named.
pub fn documents_below(paths: &[PathBuf]) -> Result<Vec<Document>, Complaints> {
    let mut complaints = Complaints::default();
    let mut documents = Vec::new();
    for path in paths {
        for file in files_below(path, &mut complaints) {
            documents.extend(read(&file, &mut complaints));
        }
    }
    if complaints.is_empty() { Ok(documents) } else { Err(complaints) }
}

/// The text of a file that the user named.
pub fn text_of(path: &Path) -> Result<String, Complaints> {
    let mut complaints = Complaints::default();
    let text =
        bytes_of(path, &mut complaints).and_then(|bytes| match decode(&name_of(path), bytes, &ReadLimits::default()) {
            Ok(source) => Some(source.text().to_owned()),
            Err(error) => {
                complaints.extend([error]);
                None
            }
        });
    text.ok_or(complaints)
}

/// What the files of policies hold.
#[derive(Default)]
struct Found {
    sets: Vec<LoadedSet>,
    waivers: Vec<Document>,
    manifests: Manifests,
}

impl Found {
    /// How much that judges something.
    fn len(&self) -> usize {
        self.sets.len() + self.manifests.len()
    }

    fn sort_out(&mut self, documents: Vec<Document>, folder: &Path, complaints: &mut Complaints) {
        for document in documents {
            match document.string(NodeId::ROOT, &["kind"]) {
                // A root or a bundle that lies beside the set which names it.
                None if is_of_sigstore(&document) => continue,
                Some("Waiver") => {
                    self.waivers.push(document);
                    continue;
                }
                _ => {}
            }
            if let Some(foreign) = foreign_policy(&document) {
                complaints.extend([foreign]);
                continue;
            }
            let Some(document) = self.manifests.take(document) else { continue };
            match parse_set(&document) {
                Ok(mut set) => {
                    anchor_files(&mut set, folder);
                    self.sets.push(set);
                }
                Err(found) => complaints.extend(found),
            }
        }
    }
}

fn is_of_sigstore(document: &Document) -> bool {
    let media_type = document.string(NodeId::ROOT, &["mediaType"]).unwrap_or_default();
    media_type.starts_with("application/vnd.dev.sigstore.")
}

/// A relative file of a plugin, a key or a root starts at its policy set's own folder, wherever the command runs.
fn anchor_files(set: &mut LoadedSet, folder: &Path) {
    for policy in &mut set.set.policies {
        if let PluginReference::File { path, .. } = &mut policy.plugin {
            *path = folder.join(&*path).display().to_string();
        }
    }
    for trust in &mut set.set.trust {
        if let Some(TrustRoot::File(path)) = &mut trust.root {
            *path = folder.join(&*path);
        }
        for key in &mut trust.keys {
            if let KeySource::File(path) | KeySource::Directory(path) = &mut key.source {
                *path = folder.join(&*path);
            }
        }
    }
}

fn refuse_equal_names(sets: &[LoadedSet], complaints: &mut Complaints) {
    let mut known = HashSet::new();
    for set in sets {
        if !known.insert(&set.set.name) {
            complaints.add(format!("two policy sets are called `{}`; rename one", set.set.name), None, None);
        }
    }
}

/// The files that a path stands for; none where nobody can list it.
pub fn files_in(path: &Path) -> Vec<PathBuf> {
    files_below(path, &mut Complaints::default())
}

fn files_below(path: &Path, complaints: &mut Complaints) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_path_buf()];
    }
    let entries = match std::fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
        Ok(entries) => entries,
        Err(error) => {
            complaints.add(format!("cannot list `{}`: {error}", path.display()), None, None);
            return Vec::new();
        }
    };
    let wanted =
        |path: &PathBuf| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml" || ending == "json");
    let mut files: Vec<PathBuf> =
        entries.iter().map(std::fs::DirEntry::path).filter(wanted).filter(|path| !path.is_dir()).collect();
    files.sort();
    if files.is_empty() {
        let rego = entries.iter().any(|entry| entry.path().extension().is_some_and(|ending| ending == REGO));
        let message = format!("`{}` holds no .yaml, .yml or .json file", path.display());
        complaints.add(message, None, rego.then(rewrite_hint));
    }
    files
}

fn read(path: &Path, complaints: &mut Complaints) -> Vec<Document> {
    if path.extension().is_some_and(|ending| ending == REGO) {
        let message = format!("`{}` is written in Rego, which nobody reads here", path.display());
        complaints.add(message, None, Some(rewrite_hint()));
        return Vec::new();
    }
    match bytes_of(path, complaints) {
        Some(bytes) => documents_of(&name_of(path), bytes, complaints),
        None => Vec::new(),
    }
}

/// The bytes of a file that the user named, of `-`, or of a pipe as `<(...)` makes one.
pub fn bytes_of(path: &Path, complaints: &mut Complaints) -> Option<Vec<u8>> {
    match bytes::read(path, MAX_SETTINGS_BYTES) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            // What the system refuses needs no further advice, and what is said about manifests does not hold here.
            let hint = Some(error.hint()).filter(|_| !matches!(error, Error::Unreadable { .. }));
            complaints.add(error.to_string(), None, hint);
            None
        }
    }
}

fn documents_of(name: &str, bytes: Vec<u8>, complaints: &mut Complaints) -> Vec<Document> {
    let limits = ReadLimits::own();
    match decode(name, bytes, &limits).and_then(|source| read_yaml(&source, &limits)) {
        Ok(documents) => {
            documents.iter().for_each(mask);
            documents
        }
        Err(error) => {
            complaints.extend([error]);
            Vec::new()
        }
    }
}

/// Masks what no complaint may quote: the values of Secrets, and every value of what does not say what it is or holds the
/// credentials of registries.
pub fn mask(document: &Document) {
    portcullis_subject::mask_secrets(document);
    let word = |key: &str| document.string(NodeId::ROOT, &[key]).unwrap_or_default();
    let is_open = !word("apiVersion").is_empty() && !word("kind").is_empty() && word("kind") != registries::KIND;
    let Some(source) = document.source().filter(|_| !is_open) else { return };
    for node in (1..=document.node_count()).map(NodeId) {
        let is_value = !matches!(document.kind(node), Kind::Map | Kind::List);
        if let Some(place) = document.value_place(node).filter(|_| is_value) {
            source.mask(place.span);
        }
    }
}

fn name_of(path: &Path) -> String {
    path.display().to_string()
}
