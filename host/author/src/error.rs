//! Every way in which the work of a plugin's author stops.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a command did not do what it was asked for.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A name that no plugin can have.
    Name {
        /// The name.
        name: String,
        /// What is wrong with it and what would be right.
        why: String,
    },
    /// Something stands where the project would be.
    Occupied(PathBuf),
    /// What `--sdk` says is neither a folder of the SDK nor a repository at a revision.
    Sdk(String),
    /// A file or folder that cannot be read or written.
    Io {
        /// What was tried: "read", "write".
        verb: &'static str,
        /// Which one.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// A folder that is no project of a plugin.
    NoProject {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it and what would be right.
        why: String,
    },
    /// A program that is needed and does not start.
    Tool {
        /// Its name.
        name: String,
        /// What to do.
        help: &'static str,
    },
    /// The compiler refuses the sources; it has said why itself.
    Compile {
        /// What to do, where that is known.
        help: Option<String>,
    },
    /// What the compiler made is no plugin.
    NotPlugin {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: portcullis_component::Error,
    },
    /// A plugin that cannot be loaded.
    Load {
        /// Where it came from.
        of: String,
        /// Why.
        cause: portcullis_runner::Error,
    },
    /// The engine did not start.
    Start(portcullis_runner::StartError),
    /// Cases that cannot be read, each with its place.
    Cases(Vec<String>),
    /// Something else that is wrong with what the command was given.
    Given(String),
}

impl Error {
    /// Whether it is the plugin that is wrong, rather than what is around it: the exit status is 1 instead of 2.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Compile { .. } | Self::NotPlugin { .. } | Self::Load { .. })
    }

    pub(crate) fn io(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |cause| Self::Io { verb, path, cause }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { name, why } => write!(f, "`{}` cannot be the name of a plugin: {why}", name.escape_debug()),
            Self::Occupied(path) => write!(
                f,
                "`{}` is there already, and nothing is overwritten; name another folder with --path, or remove it",
                path.display()
            ),
            Self::Sdk(why) => f.write_str(why),
            Self::Io { verb, path, cause } => write!(f, "cannot {verb} `{}`: {cause}", path.display()),
            Self::NoProject { path, why } => write!(f, "`{}` is no project of a plugin: {why}", path.display()),
            Self::Tool { name, help } => write!(f, "cannot start `{name}`; {help}"),
            Self::Compile { help: Some(help) } => write!(f, "cargo could not build the plugin; {help}"),
            Self::Compile { help: None } => f.write_str("cargo could not build the plugin: it says above why"),
            Self::NotPlugin { path, cause } => write!(f, "`{}` {cause}", path.display()),
            Self::Load { of, cause } => write!(f, "`{of}`: {cause}"),
            Self::Start(cause) => cause.fmt(f),
            Self::Cases(faults) => f.write_str(&faults.join("\n")),
            Self::Given(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { cause, .. } => Some(cause),
            Self::NotPlugin { cause, .. } => Some(cause),
            Self::Load { cause, .. } => Some(cause),
            Self::Start(cause) => Some(cause),
            _ => None,
        }
    }
}
