//! Every way an input cannot be gathered.

use std::fmt;
use std::io;

use portcullis_report::{InputError, plain};

/// Why a path gave nothing to judge. Paths are shown as the user would write them.
#[derive(Debug)]
pub enum Error {
    /// No path at all.
    NoPath,
    /// Nothing stands at the path.
    Missing {
        /// The path.
        path: String,
    },
    /// The operating system refuses it.
    Unreadable {
        /// The path.
        path: String,
        /// Its reason.
        cause: io::Error,
    },
    /// A pipe, a socket or a device.
    Special {
        /// The path.
        path: String,
        /// What it is.
        what: &'static str,
    },
    /// A file that is larger than may be read.
    TooLarge {
        /// The path.
        path: String,
        /// The bound in bytes.
        limit: u64,
    },
    /// More files than may be gathered.
    TooManyFiles {
        /// The bound.
        limit: usize,
    },
    /// Directories inside each other without end.
    TooDeep {
        /// The path.
        path: String,
        /// The bound.
        limit: usize,
    },
    /// A directory in which nothing looks like a manifest.
    NoManifest {
        /// The path.
        path: String,
        /// Whether something in it was left aside.
        skipped: bool,
    },
    /// A link in a directory to something outside it.
    LeadsOut {
        /// The link.
        path: String,
        /// Whether it leads to a directory.
        directory: bool,
    },
    /// The source of a Helm chart, which is not YAML until it is rendered.
    Chart {
        /// The chart's directory.
        path: String,
    },
    /// An `ignore` pattern that is none.
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why.
        reason: String,
    },
}

impl Error {
    /// The file or directory that it is about.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::NoPath | Self::TooManyFiles { .. } | Self::Pattern { .. } => None,
            Self::Missing { path }
            | Self::Unreadable { path, .. }
            | Self::Special { path, .. }
            | Self::TooLarge { path, .. }
            | Self::TooDeep { path, .. }
            | Self::NoManifest { path, .. }
            | Self::LeadsOut { path, .. }
            | Self::Chart { path } => Some(path),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NoPath => "name a file, a directory, or `-` for the standard input".into(),
            Self::Missing { path } if path.contains(['*', '?', '[']) => {
                "the shell leaves a pattern as it is when no file matches it; check it, or name the directory".into()
            }
            Self::Missing { .. } => "check the spelling and the directory that you are in".into(),
            Self::Unreadable { cause, .. } if cause.kind() == io::ErrorKind::PermissionDenied => {
                "give yourself the right to read it, or leave it out with --ignore".into()
            }
            Self::Unreadable { .. } => "what cannot be read cannot be judged; mend or remove it".into(),
            Self::Special { what: "a directory", .. } => "name the file in it".into(),
            Self::Special { .. } => "give a regular file, or pipe it in: `-` is the standard input".into(),
            Self::TooLarge { .. } => "split it into smaller files".into(),
            Self::TooManyFiles { .. } => "check fewer directories at once, or leave some out with --ignore".into(),
            Self::TooDeep { .. } => "name the inner directory itself, or leave it out with --ignore".into(),
            Self::NoManifest { skipped: true, .. } => "name what was skipped to have it judged".into(),
            Self::NoManifest { skipped: false, .. } => "name a file of another extension to have it judged".into(),
            Self::LeadsOut { .. } => "name its target to have it judged, or leave it out with --ignore".into(),
            Self::Chart { path } => render_hint(path),
            Self::Pattern { .. } => "`*` and `?` stay within a name, `**` crosses directories".into(),
        }
    }
}

/// How to have a Helm chart judged.
pub fn render_hint(chart: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "/._-+@:,".contains(c);
    let chart = if !chart.is_empty() && chart.chars().all(safe) && !chart.starts_with('-') {
        chart.to_owned()
    } else {
        format!("'{}'", plain(chart).replace('\'', "'\\''"))
    };
    format!("render it: `helm template {chart} | portcullis check -`")
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = plain(self.path().unwrap_or_default());
        match self {
            Self::NoPath => write!(f, "no path was given"),
            Self::Missing { .. } => write!(f, "there is no `{path}`"),
            Self::Unreadable { cause, .. } => write!(f, "`{path}` cannot be read: {}", plain(&cause.to_string())),
            Self::Special { what, .. } => write!(f, "`{path}` is {what}, not a file"),
            Self::TooLarge { limit, .. } => {
                let whole = limit.is_multiple_of(1 << 20);
                let (number, unit) = if whole { (limit >> 20, "MiB") } else { (*limit, "bytes") };
                write!(f, "`{path}` is larger than {number} {unit}")
            }
            Self::TooManyFiles { limit } => write!(f, "there are more than {limit} files"),
            Self::TooDeep { limit, .. } => write!(f, "`{path}` lies more than {limit} directories deep"),
            Self::NoManifest { .. } => write!(f, "no manifest in `{path}`: looked for .yaml, .yml, .json"),
            Self::LeadsOut { directory, .. } => {
                let what = if *directory { "a directory" } else { "a file" };
                write!(f, "`{path}` is a link to {what} outside the directory, and was not judged")
            }
            Self::Chart { .. } => write!(f, "`{path}` is a Helm chart, whose templates are no manifests yet"),
            Self::Pattern { pattern, reason } => {
                write!(f, "`{}` is not an ignore pattern: {}", plain(pattern), plain(reason))
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { cause, .. } => Some(cause),
            _ => None,
        }
    }
}

impl From<Error> for InputError {
    fn from(error: Error) -> Self {
        let told = InputError::new(error.to_string()).hint(error.hint());
        match error.path() {
            Some(path) => told.in_file(path),
            None => told,
        }
    }
}
