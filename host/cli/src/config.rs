//! `portcullis.yaml`: what a repository wants of `check`, found and filled in where neither a flag nor a variable says it.

mod apply;
mod read;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use portcullis_check::exit::FailOn;
use portcullis_check::inputs::Elsewhere;
use portcullis_model::Place;

use crate::args::{ColorArgument, ConfigArguments, ModeArgument};
use crate::output::Complaints;

pub use apply::{PolicyFlags, baseline, check, policies};

/// The kind of the document.
pub const KIND: &str = "CheckConfig";
/// Its name, wherever nobody names another.
pub const NAME: &str = "portcullis.yaml";
/// What somebody may have called it, and nobody reads.
const NEAR_NAMES: [&str; 2] = ["portcullis.yml", ".portcullis.yaml"];
/// What marks the root of a repository; a file in a worktree or a submodule.
const GIT: &str = ".git";
/// Directories that are looked at, from the current one upwards.
const MAX_LEVELS: usize = 64;

/// What the file says. Its paths start at the current directory already.
#[derive(Debug, Default)]
pub struct Config {
    /// The file, as a person would write it.
    pub shown: String,
    /// Its folder from the current directory; empty where that is it.
    pub folder: PathBuf,
    /// Every path of a list with its place, so that one which is not there can be told where it stands.
    places: Vec<(PathBuf, Place)>,
    paths: Vec<PathBuf>,
    images: Vec<String>,
    artifacts: Vec<PathBuf>,
    ignore: Vec<String>,
    policies: Vec<PathBuf>,
    mode: Option<ModeArgument>,
    waivers: Vec<PathBuf>,
    baseline: Option<PathBuf>,
    namespace_labels: Vec<PathBuf>,
    namespace: Option<String>,
    api_resources: Vec<PathBuf>,
    sboms: Vec<PathBuf>,
    sarif: Vec<PathBuf>,
    bundles: Vec<PathBuf>,
    offline: bool,
    formats: Vec<(String, Option<PathBuf>)>,
    fail_on: Option<FailOn>,
    jobs: Option<std::num::NonZero<usize>>,
    color: Option<ColorArgument>,
}

/// What is worth telling about the file that was used.
#[derive(Debug, Default)]
pub struct Used {
    /// The file; nothing where there is none.
    pub file: Option<String>,
    /// Its folder, from which `ignore` and the paths of documents count where its `paths` are judged.
    pub base: PathBuf,
    /// Its folder, whatever is judged: from there a baseline names files.
    pub folder: PathBuf,
    /// Its `ignore`, where other paths were named than its own.
    pub elsewhere: Option<Elsewhere>,
    /// Whether it names something to judge that the flags, which named something themselves, do not.
    pub partial: bool,
    /// What of it does not hold, and why.
    pub notices: Vec<String>,
}

/// The file that the flags name, or that lies where they do not; nothing where there is none.
fn load(arguments: &ConfigArguments) -> anyhow::Result<Option<Config>> {
    let given = &arguments.given;
    let refused = arguments.no_config;
    let named = arguments.config.as_deref();
    // The one on the command line wins over the other one's variable.
    let (named, refused) = match (named, refused) {
        (Some(path), true) if given.on_the_line("config") && !given.on_the_line("no_config") => (Some(path), false),
        (Some(_), true) if given.on_the_line("no_config") && !given.on_the_line("config") => (None, true),
        (Some(_), true) => bail!("--config and --no-config contradict each other; leave out one of them"),
        other => other,
    };
    if refused {
        return Ok(None);
    }
    if let Some(path) = named {
        ensure!(!path.is_dir(), "`{}` is a directory; name the file in it", path.display());
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        return Ok(Some(read::read(path, folder)?));
    }
    let here = std::env::current_dir().context("the current directory is not there")?;
    match find(&here)? {
        Some(folder) => Ok(Some(read::read(&folder.join(NAME), folder)?)),
        None => Ok(None),
    }
}

/// The folder of the nearest file, as the way to it from the current directory: never above the folder of `.git`, and without
/// one nowhere else.
fn find(here: &Path) -> Result<Option<PathBuf>, Complaints> {
    let levels: Vec<&Path> = here.ancestors().take(MAX_LEVELS).collect();
    let root = levels.iter().position(|folder| folder.join(GIT).symlink_metadata().is_ok()).unwrap_or(0);
    for (level, folder) in levels.iter().take(root + 1).enumerate() {
        let way: PathBuf = std::iter::repeat_n("..", level).collect();
        if folder.join(NAME).symlink_metadata().is_ok() {
            return Ok(Some(way));
        }
        if let Some(near) = NEAR_NAMES.iter().find(|near| folder.join(near).is_file()) {
            let message = format!("nobody reads `{}`; the file must be called `{NAME}`", way.join(near).display());
            let hint = "rename it, name it with --config, or say --no-config";
            return Err(Complaints::one(message, None, Some(hint.to_owned())));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_upwards_to_the_folder_of_git_and_never_above_it() {
        let root = std::env::temp_dir().join(format!("portcullis-config-{}", std::process::id()));
        let inner = root.join("repository/a/b");
        std::fs::create_dir_all(&inner).expect("folders");
        std::fs::create_dir_all(root.join("repository/.git")).expect("folders");
        std::fs::write(root.join(NAME), "").expect("a file above the repository");
        assert_eq!(find(&inner).ok(), Some(None), "never above");
        std::fs::write(root.join("repository").join(NAME), "").expect("a file");
        assert_eq!(find(&inner).ok(), Some(Some(PathBuf::from("../.."))));
        assert_eq!(find(&root.join("repository")).ok(), Some(Some(PathBuf::new())));
        std::fs::write(root.join("repository/a").join(NAME), "").expect("a file");
        assert_eq!(find(&inner).ok(), Some(Some(PathBuf::from(".."))), "the nearest");
        std::fs::write(inner.join("portcullis.yml"), "").expect("a file");
        let error = find(&inner).expect_err("a name that nobody reads").to_string();
        assert!(error.contains("nobody reads `portcullis.yml`"), "{error}");
        std::fs::remove_dir_all(root).expect("the folder goes");
    }
}
