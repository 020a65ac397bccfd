//! One directory to the files in it, never outside it.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::ignore::Ignore;
use crate::inputs::{Base, GatherLimits, within};
use portcullis_report::Skipped;

/// The directory of git itself, which no commit can hold, and the file by which it is told from another of that name.
const GIT: (&str, &str) = (".git", "HEAD");
/// What looks like a manifest inside a directory.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// The names that kustomize looks for.
const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
/// Why a directory of git is left aside that is not at the top.
const OF_GIT: &str = "a directory of git itself; name it to have it judged";

/// What a directory holds.
#[derive(Default)]
pub(crate) struct Walked {
    /// Real path to shown path, so that no file is judged twice.
    pub(crate) files: Vec<(PathBuf, PathBuf)>,
    pub(crate) skipped: Vec<Skipped>,
    pub(crate) errors: Vec<Error>,
}

/// A walk through one directory. Links are looked at last: what they lead to is judged under its own name where it has one
/// inside the directory, and each directory is entered once, so that no loop of links is endless.
pub(crate) struct Walk<'a> {
    base: &'a Base,
    ignore: &'a Ignore,
    limits: &'a GatherLimits,
    /// The directory's real path: nothing outside it is read (attack list A63b).
    root: PathBuf,
    /// The same as the user wrote it.
    named: PathBuf,
    /// Directories to enter: shown, real, and how deep.
    open: Vec<(PathBuf, PathBuf, usize)>,
    /// Links to look at, by their shown path, with their depth.
    links: BTreeMap<PathBuf, usize>,
    /// Hidden directories, entered after the links: what a mounted ConfigMap keeps in one is judged under the names of its links.
    hidden: Vec<(PathBuf, PathBuf, usize)>,
    /// Real paths, as texts: hashing them part by part is dear.
    entered: HashSet<OsString>,
    seen: HashSet<OsString>,
    walked: Walked,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(base: &'a Base, ignore: &'a Ignore, limits: &'a GatherLimits) -> Self {
        let (root, named, walked) = (PathBuf::new(), PathBuf::new(), Walked::default());
        let (open, links, hidden) = (Vec::new(), BTreeMap::new(), Vec::new());
        let (entered, seen) = (HashSet::new(), HashSet::new());
        Self { base, ignore, limits, root, named, open, links, hidden, entered, seen, walked }
    }

    /// Walks through `directory`. `more` is how many files may still be gathered.
    pub(crate) fn through(mut self, directory: &Path, more: usize) -> Walked {
        match directory.canonicalize() {
            Ok(root) => self.root = root,
            Err(cause) => {
                self.walked.errors.push(unreadable(directory, cause));
                return self.walked;
            }
        }
        self.named = directory.to_owned();
        self.open.push((directory.to_owned(), self.root.clone(), 0));
        loop {
            while let Some((shown, real, depth)) = self.open.pop() {
                if self.entered.insert(real.clone().into_os_string()) {
                    self.enter(&shown, &real, depth);
                }
                if self.walked.files.len() > more {
                    self.walked.errors.push(Error::TooManyFiles { limit: self.limits.files });
                    return self.walked;
                }
            }
            if let Some((link, depth)) = self.links.pop_first() {
                self.follow(&link, depth);
            } else if self.hidden.is_empty() {
                break;
            } else {
                self.open.append(&mut self.hidden);
            }
        }
        self.walked
    }

    fn enter(&mut self, directory: &Path, real: &Path, depth: usize) {
        if depth > self.limits.depth {
            self.walked.errors.push(Error::TooDeep { path: show(directory), limit: self.limits.depth });
            return;
        }
        if is_chart(directory) {
            self.walked.errors.push(Error::Chart { path: show(directory) });
            return;
        }
        let entries = fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let entries = match entries {
            Ok(entries) => entries,
            Err(cause) => return self.walked.errors.push(unreadable(directory, cause)),
        };
        for entry in entries {
            let path = entry.path();
            match entry.file_type() {
                Err(cause) => self.walked.errors.push(unreadable(&path, cause)),
                Ok(kind) if kind.is_symlink() => {
                    self.links.insert(path, depth);
                }
                // What is no link is where its directory really is.
                Ok(kind) => self.take(&path, real.join(entry.file_name()), kind, depth),
            }
        }
    }

    /// An entry that is no link, or what a link leads to, under the name `path`; and where it really is.
    fn take(&mut self, path: &Path, real: PathBuf, kind: fs::FileType, depth: usize) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let of_git = kind.is_dir() && name == GIT.0 && path.join(GIT.1).is_file();
        if (of_git && path.parent() == Some(&self.named)) || !(kind.is_dir() || looks_like_a_manifest(path)) {
            return;
        }
        if self.is_ignored(path, kind.is_dir()) {
            return;
        }
        if of_git {
            return self.skip(path, OF_GIT.into());
        }
        if kind.is_dir() && name.starts_with('.') {
            self.hidden.push((path.to_owned(), real, depth + 1));
        } else if kind.is_dir() {
            self.open.push((path.to_owned(), real, depth + 1));
        } else if !kind.is_file() {
            self.walked.errors.push(Error::Special { path: show(path), what: what_is(kind) });
        } else if self.seen.insert(real.clone().into_os_string()) {
            self.walked.files.push((real, path.to_owned()));
        }
    }

    fn follow(&mut self, link: &Path, depth: usize) {
        let real = match link.canonicalize() {
            Ok(real) => real,
            // A dangling or endless link matters only where it is named like a manifest.
            Err(_) if !looks_like_a_manifest(link) => return,
            Err(_) if self.is_ignored(link, false) => return,
            Err(cause) => return self.walked.errors.push(Error::Unreadable { path: show(link), cause }),
        };
        let kind = match fs::metadata(&real) {
            Ok(metadata) => metadata.file_type(),
            Err(cause) => return self.walked.errors.push(unreadable(link, cause)),
        };
        if !kind.is_dir() && !looks_like_a_manifest(link) {
            return;
        }
        if !real.starts_with(&self.root) {
            if self.is_ignored(link, kind.is_dir()) {
                return;
            }
            // What a pipeline applies may well go through it, and a skipped part would pass as judged.
            self.walked.errors.push(Error::LeadsOut { path: show(link), directory: kind.is_dir() });
            return;
        }
        if self.entered.contains(real.as_os_str()) || self.seen.contains(real.as_os_str()) {
            return self.skip(link, "a link to what is judged under its own name".into());
        }
        self.take(link, real, kind, depth);
    }

    /// Whether a pattern fits, from the base or from the directory that was named; it is told then.
    fn is_ignored(&mut self, path: &Path, directory: bool) -> bool {
        if self.ignore.is_empty() {
            return false;
        }
        let paths = [self.base.relative(path), within(&self.named, path)];
        let pattern = self.ignore.fits(&[&paths[0], &paths[1]], directory);
        if let Some(pattern) = pattern {
            let is_one = |path: &Path| path.file_name().is_some_and(|name| is_kustomization(&name.to_string_lossy()));
            let names = || KUSTOMIZATIONS.iter().any(|name| path.join(name).is_file());
            let what = match is_one(path) || (directory && names()) {
                true => "; it is a kustomization: judge what `kubectl kustomize` makes of it",
                false => "",
            };
            self.skip(path, format!("ignored by `{pattern}`{what}"));
        }
        pattern.is_some()
    }

    fn skip(&mut self, path: &Path, reason: String) {
        self.walked.skipped.push(Skipped { path: show(path), reason });
    }
}

/// A path as the user would write it: what lies in `.` without the `./`.
pub(crate) fn show(path: &Path) -> String {
    let bare = path.strip_prefix(".").ok().filter(|rest| !rest.as_os_str().is_empty());
    bare.unwrap_or(path).to_string_lossy().into_owned()
}

/// The source of a Helm chart: `Chart.yaml` beside `templates/`.
pub(crate) fn is_chart(directory: &Path) -> bool {
    directory.join("Chart.yaml").is_file() && directory.join("templates").is_dir()
}

/// In words, what a thing is that is neither file nor directory.
pub(crate) fn what_is(kind: fs::FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return "a pipe";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
    }
    if kind.is_dir() { "a directory" } else { "something else" }
}

pub(crate) fn unreadable(path: &Path, cause: io::Error) -> Error {
    let path = show(path);
    if cause.kind() == io::ErrorKind::NotFound { Error::Missing { path } } else { Error::Unreadable { path, cause } }
}

/// Whether a file of this name says how to make manifests, whatever stands in it.
pub(crate) fn is_kustomization(name: &str) -> bool {
    KUSTOMIZATIONS.contains(&name)
}

/// One that kustomize reads is looked at as well, lest what stands beside it be judged without a word.
fn looks_like_a_manifest(path: &Path) -> bool {
    if path.file_name().is_some_and(|name| is_kustomization(&name.to_string_lossy())) {
        return true;
    }
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known))
}
