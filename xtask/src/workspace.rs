//! Where everything stands: the tree, the target folder, and what cargo knows about the packages.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::command;

/// The project's tree and the folder that it is built in.
pub struct Workspace {
    root: PathBuf,
    target: PathBuf,
    packages: Vec<Package>,
    /// Held as long as the command runs, so that two commands never write the same target folder at once.
    _lock: File,
}

/// One member of the workspace.
pub struct Package {
    /// The package's name.
    pub name: String,
    /// The package's version.
    pub version: String,
    /// The folder of its `Cargo.toml`, relative to the root.
    pub folder: PathBuf,
    /// The kind (`lib`, `cdylib`, `bin`, `bench`, ...) and name of each thing that it builds.
    pub targets: Vec<(String, String)>,
}

/// A package that becomes a WebAssembly component.
pub struct Guest {
    /// The package's name, and the file name of the component.
    pub name: String,
    /// Its name and version, as cargo takes it where a dependency has the same name.
    pub spec: String,
    /// Whether it stands in `plugins/` and therefore goes into the release binary; else it only serves the tests.
    pub builtin: bool,
    /// The file name of its core module, without extension.
    pub library: String,
}

impl Workspace {
    /// Asks cargo for the packages and the target folder, and waits until no other xtask uses that folder.
    pub fn open() -> Result<Self> {
        // Set by `cargo run`; the path that it was compiled in is the same one unless somebody moved the binary.
        let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| OsString::from(env!("CARGO_MANIFEST_DIR")));
        let root = Path::new(&here).parent().context("xtask stands in no workspace")?.to_owned();
        let metadata = metadata(&root)?;
        let target =
            PathBuf::from(metadata["target_directory"].as_str().context("cargo metadata without target_directory")?);
        let packages = packages(&root, &metadata)?;
        std::fs::create_dir_all(&target).with_context(|| format!("cannot create {}", target.display()))?;
        let lock = lock(&target.join("xtask.lock"))?;
        Ok(Self { root, target, packages, _lock: lock })
    }

    /// The folder that holds the workspace's `Cargo.toml`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder that cargo builds in: `target`, or what `CARGO_TARGET_DIR` or the configuration says.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// The folder of the finished components (`<name>.wasm`) and their machine code (`<name>.cwasm`).
    pub fn plugins(&self) -> PathBuf {
        self.target.join("plugins")
    }

    /// An executable of the release profile.
    pub fn release(&self, name: &str) -> PathBuf {
        self.target.join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// What cargo knows about the members of the workspace.
    pub fn metadata(&self) -> Result<Value> {
        metadata(&self.root)
    }

    /// The members of the workspace, sorted by folder.
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// The packages right below `plugins/` and `tests/guests/` that declare the crate type `cdylib`.
    ///
    /// A folder there that cargo does not know is an error: a plugin that is silently not built would be silently not tested.
    pub fn guests(&self) -> Result<Vec<Guest>> {
        let mut guests = Vec::new();
        for (room, builtin) in [("plugins", true), ("tests/guests", false)] {
            for folder in folders_with_manifest(&self.root.join(room))? {
                let package = self.packages.iter().find(|package| self.root.join(&package.folder) == folder);
                let shown = folder.strip_prefix(&self.root).unwrap_or(&folder).display();
                let package = package.with_context(|| format!("{shown} is not a member of the workspace"))?;
                let library = package.targets.iter().find(|(kind, _)| kind == "cdylib");
                let (_, library) =
                    library.with_context(|| format!("{shown} does not declare `crate-type = [\"cdylib\", ..]`"))?;
                ensure!(
                    !builtin || folder.ends_with(&package.name),
                    "{shown} holds the package `{}`: the folder's name is the plugin's name",
                    package.name
                );
                let (name, spec) = (package.name.clone(), format!("{}@{}", package.name, package.version));
                guests.push(Guest { name, spec, builtin, library: library.replace('-', "_") });
            }
        }
        Ok(guests)
    }

    /// A cargo command that runs at the root and builds in the workspace's target folder.
    pub fn cargo(&self) -> Command {
        let mut cargo = Command::new(cargo_program());
        cargo.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        cargo
    }

    /// The commit that is built, with `-dirty` where the tree differs from it; `unknown` outside of a git clone.
    pub fn commit(&self) -> String {
        let mut git = Command::new("git");
        git.args(["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]).current_dir(&self.root);
        command::text(&mut git).unwrap_or_else(|_| "unknown".to_owned())
    }
}

/// The cargo that runs us, else the one on the path.
pub fn cargo_program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"))
}

/// A folder outside of every clone for what is worth keeping.
pub fn cache() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("PORTCULLIS_CACHE") {
        return Ok(PathBuf::from(folder));
    }
    if let Some(folder) = std::env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty()) {
        return Ok(Path::new(&folder).join("portcullis"));
    }
    let home = std::env::home_dir().context("no home folder is known: set PORTCULLIS_CACHE")?;
    Ok(home.join(".cache").join("portcullis"))
}

/// The folders right below `room` that hold a `Cargo.toml`, sorted; none where `room` does not exist.
pub fn folders_with_manifest(room: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    if room.is_dir() {
        for entry in std::fs::read_dir(room).with_context(|| format!("cannot read {}", room.display()))? {
            let folder = entry?.path();
            if folder.join("Cargo.toml").is_file() {
                folders.push(folder);
            }
        }
    }
    folders.sort();
    Ok(folders)
}

fn metadata(root: &Path) -> Result<Value> {
    let mut cargo = Command::new(cargo_program());
    cargo.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(root);
    serde_json::from_str(&command::text(&mut cargo)?).context("cargo metadata is not JSON")
}

fn packages(root: &Path, metadata: &Value) -> Result<Vec<Package>> {
    let mut packages = Vec::new();
    for package in metadata["packages"].as_array().context("cargo metadata without packages")? {
        let text = |field: &str| package[field].as_str().with_context(|| format!("cargo metadata without {field}"));
        let manifest = Path::new(text("manifest_path")?);
        let folder = manifest.parent().and_then(|folder| folder.strip_prefix(root).ok());
        let Some(folder) = folder else { bail!("{} stands outside of {}", manifest.display(), root.display()) };
        let (name, version) = (text("name")?.to_owned(), text("version")?.to_owned());
        packages.push(Package { name, version, folder: folder.to_owned(), targets: targets(package) });
    }
    packages.sort_by(|one, other| one.folder.cmp(&other.folder));
    Ok(packages)
}

fn targets(package: &Value) -> Vec<(String, String)> {
    let mut targets = Vec::new();
    for target in package["targets"].as_array().into_iter().flatten() {
        for kind in target["kind"].as_array().into_iter().flatten() {
            if let (Some(kind), Some(name)) = (kind.as_str(), target["name"].as_str()) {
                targets.push((kind.to_owned(), name.to_owned()));
            }
        }
    }
    targets
}

fn lock(path: &Path) -> Result<File> {
    let file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
    if file.try_lock().is_err() {
        eprintln!("xtask: waiting for another xtask that uses {}", path.display());
        file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    }
    Ok(file)
}
