//! Files of the input that decide how others are judged: Namespaces and CRDs that changed, came or went.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use portcullis_document::{Format, ReadLimits, decode, read_yaml};

use super::git::Git;
use super::{MAX_SUBMODULES, Since, Unknown};
use crate::inputs::STDIN;
use crate::read::FileContent;
use crate::subjects;

/// Bytes that git keeps in place of a file that lies elsewhere: nobody here knows what was in it.
const ELSEWHERE: &[u8] = b"version https://git-lfs";

/// A file of the commits that are compared with.
struct Old {
    path: PathBuf,
    id: String,
    /// The top of the repository that has it.
    top: PathBuf,
    /// Whether it is a regular file; a link may have led to anything.
    is_file: bool,
}

/// Why everything has to be judged: a file of the input defines what others are judged by, now or then.
pub(super) fn changed(
    since: &Since,
    files: &[FileContent],
    changed: &[bool],
    given: &[PathBuf],
    limits: &ReadLimits,
) -> Result<Option<String>, Unknown> {
    let changed: Vec<&FileContent> = files.iter().zip(changed).filter_map(|(file, is)| is.then_some(file)).collect();
    if let Some(content) = changed.iter().find(|content| subjects::defines(content, limits)) {
        return Ok(Some(format!("`{}`, which defines a Namespace or a kind,", content.file.shown)));
    }
    let real = |path: &Path| path.canonicalize().ok();
    let paths: HashMap<PathBuf, &str> =
        changed.iter().filter_map(|content| Some((real(content.file.path())?, content.file.shown.as_str()))).collect();
    let folders = given.iter().filter(|path| **path != Path::new(STDIN)).filter_map(|path| {
        let path = if path.is_dir() { path.as_path() } else { path.parent()? };
        real(if path.as_os_str().is_empty() { Path::new(".") } else { path })
    });
    let folders: Vec<PathBuf> = folders.collect();
    let mut wanted = Vec::new();
    for base in &since.bases {
        collect(&since.top, base, &mut wanted, MAX_SUBMODULES, &|path, is_there| {
            paths.contains_key(path)
                || (!is_there && may_be_input(path) && folders.iter().any(|folder| path.starts_with(folder)))
        })?;
    }
    let told = |old: &Old| match paths.get(&old.path) {
        Some(shown) => format!("`{shown}`, which defined a Namespace or a kind,"),
        None => {
            let path = old.path.strip_prefix(&since.top).unwrap_or(&old.path);
            format!("`{}`, which defined a Namespace or a kind, was removed: it", path.display())
        }
    };
    if let Some(link) = wanted.iter().find(|old| !old.is_file && !paths.contains_key(&old.path)) {
        return Ok(Some(told(link)));
    }
    let mut by_repository: HashMap<&Path, Vec<&Old>> = HashMap::new();
    for old in wanted.iter().filter(|old| old.is_file) {
        by_repository.entry(&old.top).or_default().push(old);
    }
    let mut found = None;
    for (top, olds) in by_repository {
        let ids: Vec<String> = olds.iter().map(|old| old.id.clone()).collect();
        Git::at(top).contents(&ids, limits.bytes as u64, &mut |index, bytes| {
            if found.is_none() && bytes.is_none_or(|bytes| defined(&bytes, limits)) {
                found = Some(told(olds[index]));
            }
        })?;
    }
    Ok(found)
}

/// Files of a commit that somebody wants, by their place on the disk, in this repository and its submodules.
fn collect(
    top: &Path,
    commit: &str,
    into: &mut Vec<Old>,
    more: usize,
    wanted: &dyn Fn(&Path, bool) -> bool,
) -> Result<(), Unknown> {
    let mut modules = Vec::new();
    Git::at(top).tree(commit, &mut |entry| {
        let path = top.join(&entry.path);
        if entry.is_module {
            modules.push((path, entry.id));
        } else if wanted(&path, path.symlink_metadata().is_ok()) {
            into.push(Old { path, id: entry.id, top: top.to_path_buf(), is_file: entry.is_file });
        }
    })?;
    let is_there = |module: &Path| module.join(".git").symlink_metadata().is_ok();
    for (module, id) in modules.into_iter().filter(|(module, _)| more > 0 && is_there(module)) {
        // Of a submodule that does not have that commit, every file has changed, and what it was is unknown.
        let _ = collect(&module, &id, into, more - 1, wanted);
    }
    Ok(())
}

/// Whether a file in a folder would be read.
fn may_be_input(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_none_or(|name| Format::of_name(name).is_some())
}

/// Whether bytes that somebody committed said something about others, or cannot be read.
fn defined(bytes: &[u8], limits: &ReadLimits) -> bool {
    if bytes.starts_with(ELSEWHERE) {
        return true;
    }
    let Ok(source) = decode("", bytes.to_vec(), limits) else { return true };
    subjects::speaks(source.text()) && read_yaml(&source, limits).map_or(true, |all| subjects::define(&all))
}
