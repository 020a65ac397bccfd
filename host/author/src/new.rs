//! Writes a small project of a plugin that builds and passes its test at once.

use std::path::{Path, PathBuf};

use crate::{Error, name, sdk};

/// What the template is called, in every form that stands in its files.
const TEMPLATE: [&str; 3] = ["my-plugin", "my_plugin", "MyPlugin"];

/// The files of a project, and where they come from.
const FILES: [(&str, &str); 11] = [
    ("Cargo.toml", include_str!("../../../plugins/template/Cargo.toml.in")),
    ("Cargo.lock", include_str!("../../../plugins/template/Cargo.lock.in")),
    (".cargo/config.toml", include_str!("../../../plugins/template/.cargo/config.toml")),
    ("src/lib.rs", include_str!("../../../plugins/template/src/lib.rs")),
    ("src/settings.schema.json", include_str!("../../../plugins/template/src/settings.schema.json")),
    (
        "cases/allows-an-object-with-an-owner.yaml",
        include_str!("../../../plugins/template/cases/allows-an-object-with-an-owner.yaml"),
    ),
    ("cases/finds-a-missing-owner.yaml", include_str!("../../../plugins/template/cases/finds-a-missing-owner.yaml")),
    ("policies.yaml", include_str!("../../../plugins/template/policies.yaml")),
    ("README.md", include_str!("../../../plugins/template/README.md")),
    (".gitignore", include_str!("../../../plugins/template/gitignore")),
    (".github/workflows/plugin.yaml", include_str!("../../../plugins/template/ci.yaml")),
];

/// Where a project takes the SDK from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sdk {
    /// The sources that the binary carries, written into the project.
    #[default]
    Carried,
    /// A folder.
    Path(PathBuf),
    /// A git repository at a revision.
    Git {
        /// Its URL.
        url: String,
        /// The revision.
        revision: String,
    },
}

impl Sdk {
    /// Reads what `--sdk` says: a folder, or `URL#REVISION`.
    ///
    /// # Errors
    /// A folder that does not hold the SDK, and a URL without a revision.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if let Some((url, revision)) = text.rsplit_once('#') {
            let plain =
                |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() && !"\"\\'".contains(c));
            if plain(url) && plain(revision) {
                return Ok(Self::Git { url: url.to_owned(), revision: revision.to_owned() });
            }
        }
        if text.contains("://") {
            let why = format!(
                "`{}` names no revision; write `URL#REVISION`, so that the build can be repeated",
                text.escape_debug()
            );
            return Err(Error::Sdk(why));
        }
        let path = std::path::absolute(text).map_err(Error::io("find", Path::new(text)))?;
        if !path.join("Cargo.toml").is_file() || !path.join("src/contract.rs").is_file() {
            let why = format!(
                "`{}` does not hold the SDK; name its folder (`plugins/sdk/rust` of a clone), or `URL#REVISION`",
                path.display()
            );
            return Err(Error::Sdk(why));
        }
        Ok(Self::Path(path))
    }

    /// The value of the dependency in `Cargo.toml`.
    fn dependency(&self) -> String {
        match self {
            Self::Carried => r#"{ path = "sdk" }"#.to_owned(),
            Self::Path(path) => format!("{{ path = {:?} }}", path.display().to_string()),
            Self::Git { url, revision } => format!(r#"{{ git = "{url}", rev = "{revision}" }}"#),
        }
    }
}

/// What a new project should be.
#[derive(Clone, Debug)]
pub struct NewOptions<'a> {
    /// The name of the plugin.
    pub name: &'a str,
    /// The folder of the project; one of the plugin's name where it is left out.
    pub path: Option<&'a Path>,
    /// Where it takes the SDK from.
    pub sdk: Sdk,
    /// The names that are taken.
    pub builtins: &'a [&'a str],
}

/// A project that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct New {
    /// Its folder.
    pub path: PathBuf,
    /// The files in it, the SDK's left out.
    pub files: Vec<&'static str>,
    /// How many files the SDK has in its folder `sdk`; none where it is taken from elsewhere.
    pub sdk: usize,
}

/// Writes a project. Nothing is overwritten: the folder must be empty, or not there.
///
/// # Errors
/// A name that no plugin can have, a folder that is there, and what cannot be written.
pub fn new(options: &NewOptions<'_>) -> Result<New, Error> {
    name::check(options.name, options.builtins)?;
    let path = options.path.map_or_else(|| PathBuf::from(options.name), Path::to_path_buf);
    // A folder that is there and empty is as good as none.
    let empty = || std::fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_none());
    if path.symlink_metadata().is_ok() && !empty() {
        return Err(Error::Occupied(path));
    }
    let own = [options.name.to_owned(), options.name.replace('-', "_"), name::of_type(options.name)];
    let mut files = Vec::new();
    for (file, text) in FILES {
        // The lock of another SDK would be another one.
        if file == "Cargo.lock" && options.sdk != Sdk::Carried {
            continue;
        }
        let mut text = TEMPLATE.iter().zip(&own).fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
        if file == "Cargo.toml" {
            text = text.replace(&Sdk::Carried.dependency(), &options.sdk.dependency());
        }
        write(&path, file, &text)?;
        files.push(file);
    }
    let carried = if options.sdk == Sdk::Carried { &sdk::FILES[..] } else { &[] };
    for (file, text) in carried {
        write(&path.join("sdk"), file, text)?;
    }
    Ok(New { path, files, sdk: carried.len() })
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), Error> {
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
    }
    std::fs::write(&path, text).map_err(Error::io("write", &path))
}
