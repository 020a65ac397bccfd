//! Cargo, asked to build a plugin so that two builds make the same bytes.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::Error;

/// The only target of plugins that are built here: nothing of WASI can sneak in.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Variables that would make one person's build differ from another's, or win over what the project says.
const UNHEARD: [&str; 5] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
];

/// A package that makes a plugin.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its folder.
    pub folder: PathBuf,
    /// Its name.
    pub name: String,
    /// Every folder that sources come from, and the target folder, with what stands for each in messages of the plugin.
    hidden: Vec<(PathBuf, String)>,
}

impl Project {
    /// Reads what cargo says of the package in a folder.
    pub fn read(folder: &Path, locked: bool) -> Result<Self, Error> {
        let folder = folder.canonicalize().map_err(Error::io("find", folder))?;
        let manifest = folder.join("Cargo.toml");
        let refused = |why: &str| Error::NoProject { path: folder.clone(), why: why.to_owned() };
        if !manifest.is_file() {
            return Err(refused(
                "it has no `Cargo.toml`; name a project that `portcullis plugin new` made, or the file that your compiler made",
            ));
        }
        let mut cargo = program("CARGO", "cargo");
        cargo.args(["metadata", "--format-version", "1", "--filter-platform", TARGET]).current_dir(&folder);
        if locked {
            cargo.arg("--locked");
        }
        let output = cargo.stderr(Stdio::inherit()).stdin(Stdio::null()).output().map_err(|_| no_cargo())?;
        if !output.status.success() {
            return Err(Error::Compile { help: None });
        }
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let packages = || metadata["packages"].as_array().into_iter().flatten();
        let own = |package: &&Value| package["manifest_path"].as_str().map(Path::new) == Some(&manifest);
        let Some(package) = packages().find(own) else {
            return Err(refused("it is a workspace without a package of its own; name the folder of the plugin"));
        };
        let is_library =
            |target: &Value| target["crate_types"].as_array().is_some_and(|all| all.iter().any(|one| one == "cdylib"));
        if !package["targets"].as_array().is_some_and(|targets| targets.iter().any(is_library)) {
            return Err(refused(
                "it has no library that WebAssembly is made of; write `crate-type = [\"cdylib\", \"rlib\"]` below `[lib]` in `Cargo.toml`",
            ));
        }
        // What comes of a registry or of git lies below cargo's own folder.
        let mut hidden: Vec<(PathBuf, String)> = Vec::new();
        for package in packages().filter(|package| package["source"].is_null()) {
            let path = package["manifest_path"].as_str().map(Path::new).and_then(Path::parent);
            let name = package["name"].as_str().unwrap_or_default();
            hidden.extend(path.map(|path| (path.to_path_buf(), format!("/{name}"))));
        }
        for (key, shown) in [("workspace_root", "/plugin"), ("target_directory", "/target")] {
            hidden.extend(metadata[key].as_str().map(|path| (path.into(), shown.to_owned())));
        }
        let name = package["name"].as_str().unwrap_or_default().to_owned();
        Ok(Self { folder, name, hidden })
    }

    /// Builds the package in its release profile and returns the core module that the compiler made.
    pub fn compile(&self, locked: bool) -> Result<PathBuf, Error> {
        let mut cargo = program("CARGO", "cargo");
        cargo.current_dir(&self.folder).args(["build", "--release", "--lib", "--target", TARGET]);
        cargo.args(["--package", &self.name, "--message-format", "json-render-diagnostics"]);
        cargo.arg("--config").arg(self.flags());
        if locked {
            cargo.arg("--locked");
        }
        for name in UNHEARD {
            cargo.env_remove(name);
        }
        // One unit, so that nothing depends on how many there are; no traces of earlier builds.
        cargo.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1").env("CARGO_PROFILE_RELEASE_INCREMENTAL", "false");
        cargo.env("CARGO_INCREMENTAL", "0");
        let output = cargo.stderr(Stdio::inherit()).stdin(Stdio::null()).output().map_err(|_| no_cargo())?;
        if !output.status.success() {
            return Err(Error::Compile { help: self.missing_target() });
        }
        let manifest = self.folder.join("Cargo.toml");
        let messages = output.stdout.split(|byte| *byte == b'\n');
        let messages = messages.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
        let own = messages.filter(|message| {
            message["reason"] == "compiler-artifact"
                && message["manifest_path"].as_str().map(Path::new) == Some(&manifest)
        });
        let mut files = own.flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default());
        let module = files.find_map(|file| file.as_str().filter(|file| file.ends_with(".wasm")).map(PathBuf::from));
        module
            .ok_or_else(|| Error::Compile { help: Some("it made no `.wasm` file: is the library a `cdylib`?".into()) })
    }

    /// The setting of cargo that keeps paths of this machine out; what the project sets itself comes before.
    fn flags(&self) -> String {
        let mut flags = Vec::new();
        let mut hide = |from: &Path, to: &str| flags.push(format!("--remap-path-prefix={}={to}", from.display()));
        let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        if let Some(home) = home.or_else(|| Some(std::env::home_dir()?.join(".cargo"))) {
            hide(&home, "/cargo");
        }
        if let Some((library, hash)) = self.library() {
            hide(&library, &format!("/rustc/{hash}"));
        }
        // Where one lies in another, the last that fits counts.
        self.hidden.iter().for_each(|(from, to)| hide(from, to));
        // A text of JSON is one of TOML.
        format!("target.{TARGET}.rustflags={}", Value::from(flags))
    }

    /// Where the sources of the standard library lie, if they were installed, and what stands for them if they were not.
    fn library(&self) -> Option<(PathBuf, String)> {
        let said = |arguments: &[&str]| {
            let output = program("RUSTC", "rustc").args(arguments).current_dir(&self.folder).output().ok()?;
            String::from_utf8(output.stdout).ok()
        };
        let version = said(&["-vV"])?;
        let hash = version.lines().find_map(|line| line.strip_prefix("commit-hash: "))?.to_owned();
        Some((Path::new(said(&["--print", "sysroot"])?.trim()).join("lib/rustlib/src/rust"), hash))
    }

    /// What to do where the compiler cannot make WebAssembly.
    fn missing_target(&self) -> Option<String> {
        let mut rustc = program("RUSTC", "rustc");
        rustc.args(["--print", "target-libdir", "--target", TARGET]).current_dir(&self.folder);
        let output = rustc.output().ok()?;
        let folder = String::from_utf8(output.stdout).ok()?;
        let mut libraries = std::fs::read_dir(folder.trim()).into_iter().flatten().flatten();
        let there = libraries.any(|entry| entry.file_name().to_string_lossy().starts_with("libcore-"));
        (!there).then(|| format!("the compiler has no library for WebAssembly: `rustup target add {TARGET}`"))
    }
}

fn no_cargo() -> Error {
    Error::Tool { name: "cargo".into(), help: "plugins in Rust need it: https://rustup.rs" }
}

/// A program under the name that a variable gives it.
fn program(variable: &str, name: &str) -> Command {
    Command::new(std::env::var_os(variable).unwrap_or_else(|| OsString::from(name)))
}
