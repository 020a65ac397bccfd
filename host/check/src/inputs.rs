//! Paths, directories and the standard input to files, in one order.
//!
//! Nothing is parsed here. A path that gives nothing to judge is an error, never silence: a pipeline that names a wrong
//! directory must not pass.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use portcullis_report::Skipped;

use crate::bytes::{self, Origin};
use crate::error::Error;
use crate::ignore::Ignore;
use crate::walk::{Walk, Walked, is_chart, show, unreadable};

/// Largest input in bytes: 64 MiB, a rendered chart of charts stays under 10.
pub const MAX_FILE_BYTES: u64 = 64 << 20;
/// Most files of one run.
pub const MAX_FILES: usize = 200_000;
/// Directories inside each other.
pub const MAX_DEPTH: usize = 64;
/// How far above a named file its chart may begin: `templates/a/b/x.yaml`.
const CHART_LEVELS: usize = 4;
/// The name of the standard input.
pub const STDIN: &str = "-";

/// How much may be gathered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatherLimits {
    /// Bytes of one input; default [`MAX_FILE_BYTES`].
    pub file_bytes: u64,
    /// Files in all; default [`MAX_FILES`].
    pub files: usize,
    /// Directories inside each other; default [`MAX_DEPTH`].
    pub depth: usize,
}

impl Default for GatherLimits {
    fn default() -> Self {
        Self { file_bytes: MAX_FILE_BYTES, files: MAX_FILES, depth: MAX_DEPTH }
    }
}

/// What to gather and what not.
#[derive(Clone, Debug, Default)]
pub struct GatherOptions {
    /// The directory that patterns count from; empty for the one that the user is in.
    pub base: PathBuf,
    /// Patterns of files and directories to leave aside, as in a `.gitignore`. They do not concern what the user names.
    pub ignore: Vec<String>,
    /// Patterns that do not hold here, but would have elsewhere; whoever is surprised by a file should know.
    pub elsewhere: Option<Elsewhere>,
    /// How much may be gathered.
    pub limits: GatherLimits,
}

/// Patterns of a file of settings that do not hold, because the user named other paths than that file.
#[derive(Clone, Debug, Default)]
pub struct Elsewhere {
    /// The file, as a person would write it.
    pub file: String,
    /// The directory that its patterns count from.
    pub base: PathBuf,
    /// Its patterns.
    pub ignore: Vec<String>,
}

/// A text to judge, not yet read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// The path as a report shows it; `-` for the standard input.
    pub shown: String,
    /// The path from the base, with `/` between its parts: what patterns are compared with.
    pub relative: String,
    /// The same from the directory that the user named, where it was found in one.
    pub within: Option<String>,
    /// Whether the user named it, rather than a directory around it: then it must hold a subject.
    pub named: bool,
    /// The Helm chart that it belongs to, where it does: [`crate::error::render_hint`] says what to do.
    pub chart: Option<String>,
    path: PathBuf,
    limit: u64,
}

/// All that the paths lead to.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The files, what the user named first and in that order, each directory's own sorted by the bytes of their paths. No
    /// file stands here twice.
    pub files: Vec<InputFile>,
    /// What gave nothing to judge.
    pub errors: Vec<Error>,
    /// What was left aside, and why.
    pub skipped: Vec<Skipped>,
    /// What is worth knowing besides: patterns that left nothing out.
    pub notices: Vec<String>,
}

/// Follows each path to the files that it means. Inside a directory those are its `.yaml`, `.yml` and `.json` files, also in hidden
/// directories, as `kubectl apply -R` takes them; links are only followed while they stay inside. The order is the same on every
/// machine.
pub fn gather(paths: &[PathBuf], options: &GatherOptions) -> Gathered {
    let (ignore, errors) = Ignore::new(&options.ignore);
    let mut gathering = Gathering {
        options,
        base: Base::new(&options.base),
        ignore,
        known: HashMap::new(),
        gathered: Gathered { errors, ..Gathered::default() },
    };
    if paths.is_empty() {
        gathering.gathered.errors.push(Error::NoPath);
    }
    for path in paths {
        gathering.path(path);
        if gathering.gathered.files.len() > options.limits.files {
            gathering.gathered.files.truncate(options.limits.files);
            gathering.gathered.errors.push(Error::TooManyFiles { limit: options.limits.files });
            break;
        }
    }
    let unused = gathering.ignore.unused().map(|pattern| {
        format!(
            "the ignore pattern `{pattern}` left nothing out, because it fits no file here: mend or remove it; patterns count from the current directory and from each directory that is named"
        )
    });
    gathering.gathered.notices.extend(unused);
    let elsewhere =
        options.elsewhere.as_ref().and_then(|elsewhere| would_leave_out(elsewhere, &gathering.gathered.files));
    gathering.gathered.notices.extend(elsewhere);
    gathering.gathered
}

/// What is told of patterns that do not hold, where one would have left something out.
fn would_leave_out(elsewhere: &Elsewhere, files: &[InputFile]) -> Option<String> {
    let (ignore, _) = Ignore::new(&elsewhere.ignore);
    let base = Base::new(&elsewhere.base);
    let fits = |file: &&InputFile| {
        let path = PathBuf::from(file.from(&base));
        let mut levels = path.ancestors().filter(|level| !level.as_os_str().is_empty()).enumerate();
        levels.any(|(above, level)| ignore.fits(&[&level.to_string_lossy()], above > 0).is_some())
    };
    let count = files.iter().filter(|file| file.shown != STDIN).filter(fits).count();
    let (which, was) = if count == 1 { ("1 file that", "was") } else { (&*format!("{count} files that"), "were") };
    (count > 0).then(|| {
        format!(
            "{which} `ignore` of `{}` leaves out {was} judged: `ignore` holds for the `paths` of that file, and other paths were named",
            elsewhere.file
        )
    })
}

impl InputFile {
    /// Where it is read from; `-` or nothing for the standard input.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it was found in a hidden directory: mostly settings of some program, and a manifest only where it is one.
    pub(crate) fn is_hidden(&self) -> bool {
        let folders = self.within.as_deref().and_then(|within| within.rsplit_once('/'));
        folders.is_some_and(|(folders, _)| folders.split('/').any(|folder| folder.starts_with('.')))
    }

    /// How a baseline names it whose paths count from that folder.
    pub(crate) fn from(&self, folder: &Base) -> String {
        folder.relative(&self.path)
    }

    /// Reads it, at most [`GatherLimits::file_bytes`]. The standard input can be read once.
    pub fn read(&self) -> Result<Vec<u8>, Error> {
        // Looked at again before it is opened: opening what has become a pipe since would wait forever.
        bytes::read(&self.path, self.limit)
    }
}

struct Gathering<'a> {
    options: &'a GatherOptions,
    base: Base,
    ignore: Ignore,
    /// Real path (empty for the standard input, as written for other pipes) to position among the files.
    known: HashMap<OsString, usize>,
    gathered: Gathered,
}

impl Gathering<'_> {
    fn path(&mut self, path: &Path) {
        match bytes::origin(path) {
            Ok(Origin::StandardInput) => self.add(PathBuf::new(), self.file(path, None)),
            Ok(Origin::Pipe) => self.add(path.to_owned(), self.file(path, None)),
            Ok(Origin::Directory) => self.directory(path),
            Ok(Origin::File) => match path.canonicalize() {
                Ok(real) => {
                    let file = InputFile { chart: chart_of(path, &real), ..self.file(path, None) };
                    self.add(real, file);
                }
                Err(cause) => self.gathered.errors.push(unreadable(path, cause)),
            },
            Err(error) => self.gathered.errors.push(error),
        }
    }

    fn directory(&mut self, directory: &Path) {
        let limits = &self.options.limits;
        let more = limits.files.saturating_sub(self.gathered.files.len());
        let walked = Walk::new(&self.base, &self.ignore, limits).through(directory, more);
        let Walked { mut files, mut skipped, mut errors } = walked;
        files.sort_by(|(_, a), (_, b)| bytes(a).cmp(bytes(b)));
        skipped.sort_by(|a, b| a.path.cmp(&b.path));
        errors.sort_by(|a, b| a.path().cmp(&b.path()));
        if files.is_empty() && errors.is_empty() {
            errors.push(Error::NoManifest { path: show(directory), skipped: !skipped.is_empty() });
        }
        for (real, shown) in files {
            let file = self.file(&shown, Some(directory));
            self.add(real, file);
        }
        self.gathered.skipped.extend(skipped);
        self.gathered.errors.extend(errors);
    }

    /// A file that was met before stays where it is; once named, always named.
    fn add(&mut self, real: PathBuf, file: InputFile) {
        match self.known.get(real.as_os_str()).and_then(|&at| self.gathered.files.get_mut(at)) {
            Some(before) => before.named |= file.named,
            None => {
                self.known.insert(real.into_os_string(), self.gathered.files.len());
                self.gathered.files.push(file);
            }
        }
    }

    /// A file that was named, or found in a directory that was.
    fn file(&self, path: &Path, found_in: Option<&Path>) -> InputFile {
        InputFile {
            shown: show(path),
            relative: self.base.relative(path),
            within: found_in.map(|directory| within(directory, path)),
            named: found_in.is_none(),
            chart: None,
            path: path.to_owned(),
            limit: self.options.limits.file_bytes,
        }
    }
}

/// The chart that a named file belongs to.
fn chart_of(path: &Path, real: &Path) -> Option<String> {
    let chart = real.ancestors().skip(1).take(CHART_LEVELS).find(|above| is_chart(above))?;
    let levels = real.components().count() - chart.components().count();
    let shown = path.ancestors().nth(levels).map(show)?;
    // The chart of `x.yaml` named from inside is `.`.
    Some(if shown.is_empty() { ".".into() } else { shown })
}

/// The path of what was found in a directory, from that directory.
pub(crate) fn within(directory: &Path, path: &Path) -> String {
    let inner = path.strip_prefix(directory).unwrap_or(path);
    let parts: Vec<_> = inner.iter().map(|part| part.to_string_lossy()).filter(|part| part != ".").collect();
    parts.join("/")
}

/// A directory that paths are told from, looked for once: asking for the current one is dear.
pub(crate) struct Base {
    current: bool,
    whole: PathBuf,
}

impl Base {
    /// This directory; the current one where it is empty.
    pub(crate) fn new(base: &Path) -> Self {
        Self { current: base.as_os_str().is_empty(), whole: whole(base) }
    }

    /// A path from here where it lies under it, else as written; `.` and `..` resolved by the words alone, `/` between.
    pub(crate) fn relative(&self, path: &Path) -> String {
        if self.current
            && let Some(plain) = path.to_str().filter(|text| is_plain(text))
        {
            return plain.to_owned();
        }
        let whole = whole(path);
        let path = whole.strip_prefix(&self.whole).map_or_else(|_| plain_path(path), Path::to_owned);
        let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).filter(|part| part != "/").collect();
        if path.is_absolute() { format!("/{}", parts.join("/")) } else { parts.join("/") }
    }
}

/// A path from the root, by the words alone.
fn whole(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    plain_path(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
}

/// Whether a path lies under the current directory by its words, with nothing in it to be resolved.
fn is_plain(path: &str) -> bool {
    !cfg!(windows) && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// Without `.`, and without `..` where something stands before it.
fn plain_path(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            Component::ParentDir if plain.has_root() => {}
            part => plain.push(part),
        }
    }
    plain
}

fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}
