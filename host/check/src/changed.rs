//! What git says was there before: files that are byte for byte what they were in the last commit shared with another one.
//!
//! Nothing of a repository is run and nothing of its index is believed: files are hashed as they lie there and compared with
//! the trees of a commit. Whatever is not surely the same has changed: a file that git does not track or ignores, one that is
//! reached through a link, one outside the repository, one whose attributes would make git show it as another.

mod definitions;
mod git;

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use portcullis_document::ReadLimits;
use portcullis_report::{ChangedSince, InputError, plain};

use self::git::Git;
use crate::inputs::STDIN;
use crate::read::FileContent;

/// Submodules inside each other that are looked into; what lies deeper has changed.
const MAX_SUBMODULES: usize = 8;
/// Last commits that two histories may share (more than one where branches were merged crosswise).
const MAX_BASES: usize = 16;

/// The state that others are compared with.
pub struct Since {
    /// The commit, branch or tag, as the user named it.
    pub reference: String,
    /// Files that the run uses; where one of them changed, everything is judged.
    pub uses: Vec<PathBuf>,
    /// Folders that the run uses all files of: where one of them is gone, everything is judged.
    pub folders: Vec<PathBuf>,
    /// Files that the run would use if they were there: where one of them was, everything is judged.
    pub absent: Vec<PathBuf>,
    /// The top of the repository.
    top: PathBuf,
    /// The last commits that HEAD shares with the reference.
    bases: Vec<String>,
}

/// Why nobody can say what changed.
#[derive(Debug)]
pub struct Unknown {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl Unknown {
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

impl From<Unknown> for InputError {
    fn from(unknown: Unknown) -> Self {
        InputError::new(unknown.message).hint(unknown.hint)
    }
}

impl Since {
    /// Asks git, from the current directory, for the last commits that HEAD shares with `reference`.
    ///
    /// # Errors
    /// No git, no repository, no such commit, or nothing in common as far as this clone knows.
    pub fn of(reference: &str) -> Result<Self, Unknown> {
        let here = std::env::current_dir()
            .and_then(|here| here.canonicalize())
            .map_err(|error| Unknown::new(format!("the current directory cannot be read: {error}"), "go to another"))?;
        let git = Git::at(&here);
        let shown = plain(reference);
        let top = git.line(&["rev-parse", "--show-toplevel"], "no work tree of git is here")?;
        let top = PathBuf::from(top).canonicalize().unwrap_or_default();
        // A git that knows no `safe.bareRepository` may have taken files of the change for a repository.
        let own = here.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok());
        if own != Some(top.as_path()) {
            let message = format!(
                "git takes `{}` for the top of the repository, where no `.git` is",
                plain(&top.to_string_lossy())
            );
            return Err(Unknown::new(message, "leave out --changed-since to judge everything"));
        }
        let commit = |name: &str| git.ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", name]);
        let Some(commit_of) = commit(&format!("{reference}^{{commit}}"))? else {
            // To git a name that begins with a dash is an option, whatever command it is given to.
            if reference.starts_with('-') {
                let hint = "name a commit, branch or tag (`--changed-since origin/main`); none begins with `-`";
                return Err(Unknown::new(format!("git knows no commit `{shown}` here"), hint));
            }
            let fetch = match shown.split_once('/') {
                Some((remote, branch)) if !branch.starts_with('-') => format!("git fetch {remote} {branch}"),
                _ => "git fetch --unshallow".to_owned(),
            };
            let hint = format!(
                "fetch it (`{fetch}`), and name it as git does (`origin/main`); a checkout of a pipeline has all branches with `fetch-depth: 0` (GitHub) or `GIT_DEPTH: 0` (GitLab)"
            );
            return Err(Unknown::new(format!("git knows no commit `{shown}` here"), hint));
        };
        if commit("HEAD^{commit}")?.is_none() {
            return Err(Unknown::new("HEAD is no commit yet", "commit something, or judge everything"));
        }
        let found = git.ask(&["merge-base", "--all", &commit_of, "HEAD"])?.unwrap_or_default();
        let bases: Vec<String> = found.lines().map(str::to_owned).collect();
        if bases.len() > MAX_BASES {
            let message = format!("HEAD and `{shown}` have more than {MAX_BASES} last commits in common");
            return Err(Unknown::new(message, "name the commit itself that is to be compared with"));
        }
        if bases.is_empty() {
            let shallow = git.ask(&["rev-parse", "--is-shallow-repository"])?.is_some_and(|word| word == "true");
            let message = format!("HEAD and `{shown}` have no commit in common");
            return Err(match shallow {
                true => Unknown::new(
                    message + " in this shallow clone",
                    "fetch the whole history: `fetch-depth: 0` (GitHub's checkout), `GIT_DEPTH: 0` (GitLab), or `git fetch --unshallow`",
                ),
                false => Unknown::new(message, "name a commit that both come from, or judge everything"),
            });
        }
        Ok(Self {
            reference: reference.to_owned(),
            uses: Vec::new(),
            folders: Vec::new(),
            absent: Vec::new(),
            top,
            bases,
        })
    }

    /// Which of these files have changed, in their order; directories of files that the run uses are looked through.
    ///
    /// # Errors
    /// Where git cannot be asked.
    pub fn changed(&self, paths: &[PathBuf]) -> Result<Vec<bool>, Unknown> {
        let places: Vec<Option<PathBuf>> = paths.iter().map(|path| self.place(path)).collect();
        let wanted: HashSet<PathBuf> = places.iter().flatten().cloned().collect();
        let mut same = wanted.clone();
        for base in &self.bases {
            let in_base = unchanged(&self.top, base, &wanted, MAX_SUBMODULES)?;
            same.retain(|path| in_base.contains(path));
        }
        Ok(places.iter().map(|place| !place.as_ref().is_some_and(|place| same.contains(place))).collect())
    }

    /// Why everything has to be judged: something that the run uses has changed or is gone.
    fn everything(&self) -> Result<Option<String>, Unknown> {
        let changed = self.changed(&self.uses)?;
        if let Some((path, _)) = self.uses.iter().zip(changed).find(|(_, changed)| *changed) {
            return Ok(Some(format!("`{}`, which the run uses,", path.display())));
        }
        let real = |path: &PathBuf| path.canonicalize().ok()?.strip_prefix(&self.top).ok().map(Path::to_path_buf);
        let folders: HashSet<PathBuf> = self.folders.iter().filter_map(real).collect();
        let below = |path: &PathBuf| path.strip_prefix(&self.top).ok().map(Path::to_path_buf);
        let absent: HashSet<PathBuf> = self.absent.iter().filter_map(below).collect();
        let mut gone = None;
        for base in &self.bases {
            Git::at(&self.top).tree(base, &mut |entry| {
                let used = absent.contains(&entry.path) || entry.path.parent().is_some_and(|in_| folders.contains(in_));
                if used && gone.is_none() && self.top.join(&entry.path).symlink_metadata().is_err() {
                    gone = Some(format!("`{}`, which the run would use, was removed: it", entry.path.display()));
                }
            })?;
        }
        Ok(gone)
    }

    /// Where a file lies in the repository; nothing where it lies outside, is no file, or is reached through a link: whatever
    /// a link means may have changed with the link.
    fn place(&self, path: &Path) -> Option<PathBuf> {
        if path == Path::new(STDIN) {
            return None;
        }
        let real = path.canonicalize().ok().filter(|real| real.is_file())?;
        let here = std::env::current_dir().and_then(|here| here.canonicalize()).ok()?;
        let mut written = PathBuf::new();
        for part in here.join(path).components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => _ = written.pop(),
                part => written.push(part),
            }
        }
        if written != real {
            return None;
        }
        real.strip_prefix(&self.top).ok().map(Path::to_path_buf)
    }
}

/// The branch that changes of a repository go into, as git knows it: what `origin` calls its default, else `main` or `master`
/// where there is one, else the current branch. Whoever made the repository chose the name.
pub fn default_branch(directory: &Path) -> Option<String> {
    let git = Git::at(directory);
    let ask = |arguments: &[&str]| git.ask(arguments).ok().flatten();
    let target = |name: &str, below: &str| {
        let target = ask(&["symbolic-ref", "--quiet", name])?;
        target.strip_prefix(below).map(str::to_owned)
    };
    let usual = || {
        let is_there = |branch: &&str| {
            let of = |place: &str| ask(&["rev-parse", "--verify", "--quiet", &format!("refs/{place}/{branch}")]);
            of("remotes/origin").or_else(|| of("heads")).is_some()
        };
        ["main", "master"].into_iter().find(is_there).map(str::to_owned)
    };
    target("refs/remotes/origin/HEAD", "refs/remotes/origin/").or_else(usual).or_else(|| target("HEAD", "refs/heads/"))
}

/// Which of the files are judged, in their order, and what is told of it.
pub(crate) fn split(
    since: &Since,
    files: &[FileContent],
    given: &[PathBuf],
    limits: &ReadLimits,
) -> Result<(Vec<bool>, ChangedSince), Unknown> {
    let mut everything = since.everything()?;
    let paths: Vec<PathBuf> = files.iter().map(|content| content.file.path().to_path_buf()).collect();
    let mut judged = vec![true; files.len()];
    if everything.is_none() {
        let changed = since.changed(&paths)?;
        everything = definitions::changed(since, files, &changed, given, limits)?;
        if everything.is_none() {
            judged = changed;
        }
    }
    let changed = judged.iter().filter(|judged| **judged).count();
    let told = ChangedSince {
        reference: since.reference.clone(),
        changed,
        unchanged: files.len() - changed,
        everything,
        left_subjects: false,
    };
    Ok((judged, told))
}

/// Those of the wanted files (from the top of this repository) that are what they were in a commit.
fn unchanged(top: &Path, commit: &str, wanted: &HashSet<PathBuf>, more: usize) -> Result<HashSet<PathBuf>, Unknown> {
    let git = Git::at(top);
    let mut was: HashMap<PathBuf, String> = HashMap::new();
    let mut modules = Vec::new();
    git.tree(commit, &mut |entry| {
        if entry.is_file && wanted.contains(&entry.path) {
            was.insert(entry.path, entry.id);
        } else if entry.is_module && wanted.iter().any(|path| path.starts_with(&entry.path)) {
            modules.push((entry.path, entry.id));
        }
    })?;
    // A name with a line break cannot be asked about; it has changed.
    let known: Vec<&PathBuf> = was.keys().filter(|path| !git::has_line_break(path)).collect();
    let ids = git.hashes(known.iter().map(|path| top.join(path)))?;
    let mut same: HashSet<PathBuf> = HashSet::new();
    if ids.len() == known.len() {
        same.extend(
            known.into_iter().zip(&ids).filter(|(path, id)| was.get(*path) == Some(id)).map(|(path, _)| path.clone()),
        );
    }
    // Without a repository of its own git would look above it.
    let is_there = |module: &Path| top.join(module).join(".git").symlink_metadata().is_ok();
    for (module, id) in modules.into_iter().filter(|(module, _)| more > 0 && is_there(module)) {
        let inner: HashSet<PathBuf> =
            wanted.iter().filter_map(|path| path.strip_prefix(&module).ok().map(Path::to_path_buf)).collect();
        // A submodule that is not there, or does not have that commit, has changed.
        if let Ok(found) = unchanged(&top.join(&module), &id, &inner, more - 1) {
            same.extend(found.into_iter().map(|path| module.join(path)));
        }
    }
    Ok(same)
}
