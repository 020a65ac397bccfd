//! Finds a compiler for WebAssembly, in three ways, and compiles guests to core modules with it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::command;
use crate::debian as packages;
use crate::workspace::cargo_program;

/// The only target of guests: nothing of WASI can sneak in.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Forces one way to a compiler, so that each of them can be tested.
const FORCE: &str = "PORTCULLIS_GUEST_TOOLCHAIN";

/// Bytes of a guest's stack. A fresh instance costs what it touches and resets: 3.5 instead of 22.6 microseconds for an
/// empty guest, together with the SDK's allocator.
const STACK: u32 = 16 * 1024;

/// Debian's compiler and the library source of the same version.
const DEBIAN_PACKAGES: [&str; 2] = ["rustc-web", "rust-web-src"];
const DEBIAN_COMPILER: &str = "/usr/bin/rustc";

/// A compiler that can make guests, and how to call it.
pub struct Toolchain {
    /// What the compiler says about itself: part of the key of whatever it made.
    compiler: String,
    /// Where its standard library was compiled from, if that happens here.
    library: Option<PathBuf>,
    arguments: Vec<OsString>,
    environment: Vec<(&'static str, OsString)>,
}

type Way = (&'static str, fn() -> Result<Toolchain>);

const WAYS: [Way; 3] = [("installed", installed), ("rustup", rustup), ("debian", debian)];

impl Toolchain {
    /// Takes the first way that works and says in one line why those before it did not.
    pub fn find() -> Result<Self> {
        let forced = std::env::var(FORCE).unwrap_or_default();
        if !forced.is_empty() && WAYS.iter().all(|(way, _)| *way != forced) {
            bail!("{FORCE} is `{forced}`; it may be `installed`, `rustup` or `debian`");
        }
        for (way, attempt) in WAYS {
            if !forced.is_empty() && way != forced {
                continue;
            }
            match attempt() {
                Ok(toolchain) => {
                    let version = toolchain.compiler.lines().next().unwrap_or_default();
                    println!("compiler for WebAssembly: {version} (way `{way}`)");
                    return Ok(toolchain);
                }
                Err(error) => println!("compiler for WebAssembly: not by the way `{way}`: {error:#}"),
            }
        }
        bail!("no compiler for {TARGET}: mend one of the ways above")
    }

    /// What identifies the compiler and how it is called; one that rustup has just completed is the same as before.
    pub fn identity(&self) -> String {
        format!("{}\n{:?}", self.compiler, self.arguments)
    }

    /// Whether plain cargo, called as a plugin's author calls it, finds this compiler.
    pub fn is_plain(&self) -> bool {
        self.library.is_none()
    }

    /// Compiles the given packages of the workspace at `root` in one go and returns the folder of the core modules.
    ///
    /// `profile` is a cargo profile of that workspace; nothing of the caller's `RUSTFLAGS` reaches the guests.
    pub fn compile(&self, root: &Path, packages: &[&str], profile: &str, target: &Path) -> Result<PathBuf> {
        let mut cargo = Command::new(cargo_program());
        cargo.arg("build").args(["--target", TARGET, "--profile", profile, "--lib"]);
        for package in packages {
            cargo.args(["--package", package]);
        }
        cargo.args(&self.arguments).current_dir(root).env("CARGO_TARGET_DIR", target);
        cargo.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", flags(root, self.library.as_deref())?);
        cargo.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command::run(&mut cargo)?;
        Ok(target.join(TARGET).join(profile))
    }
}

/// The compiler's flags for guests, separated as `CARGO_ENCODED_RUSTFLAGS` wants it.
///
/// No path of this machine goes into a guest, so that two machines make the same bytes.
fn flags(root: &Path, library: Option<&Path>) -> Result<OsString> {
    let mut flags = OsString::from(format!("-Clink-arg=-zstack-size={STACK}"));
    let cargo_home =
        std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let cargo_home = cargo_home.context("no home folder is known: set CARGO_HOME")?;
    let hidden = [(cargo_home.as_path(), "/cargo"), (root, "/portcullis")];
    for (from, to) in hidden.into_iter().chain(library.map(|library| (library, "/library"))) {
        flags.push("\u{1f}--remap-path-prefix=");
        flags.push(from);
        flags.push(format!("={to}"));
    }
    Ok(flags)
}

/// First way: the target is there already.
fn installed() -> Result<Toolchain> {
    let folder = command::text(Command::new(rustc()).args(["--print", "target-libdir", "--target", TARGET]))?;
    let libraries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let core = libraries.map(|entry| entry.file_name()).any(|name| is_core(&name));
    ensure!(core, "the target {TARGET} is not installed");
    let compiler = command::text(Command::new(rustc()).arg("-vV"))?;
    Ok(Toolchain { compiler, library: None, arguments: Vec::new(), environment: Vec::new() })
}

/// Second way: rustup fetches the target for the toolchain in use.
fn rustup() -> Result<Toolchain> {
    command::text(Command::new("rustup").args(["target", "add", TARGET]))?;
    installed()
}

/// Third way: Debian's compiler builds the standard library for the target from Debian's source of the same version.
///
/// `RUSTC_BOOTSTRAP` opens `-Zbuild-std` to a stable compiler, and `__CARGO_TESTS_ONLY_SRC_ROOT` tells cargo, which comes
/// from rustup and is of another version, which source it builds.
fn debian() -> Result<Toolchain> {
    if let Err(missing) = debian_packages() {
        let install = packages::install(&DEBIAN_PACKAGES);
        install.with_context(|| format!("{missing:#}"))?;
        debian_packages()?;
    }
    let compiler = command::text(Command::new(DEBIAN_COMPILER).arg("-vV"))?;
    let release =
        compiler.lines().find_map(|line| line.strip_prefix("release: ")).context("rustc -vV without release")?;
    let source = Path::new("/usr/src").join(format!("rustc-{release}")).join("library");
    ensure!(source.join("std/Cargo.toml").is_file(), "{} of {DEBIAN_COMPILER} {release} is missing", source.display());
    let linker = rust_lld()?;
    Ok(Toolchain {
        compiler,
        library: Some(source.clone()),
        arguments: vec![OsString::from("-Zbuild-std=std,panic_abort")],
        environment: vec![
            ("RUSTC", OsString::from(DEBIAN_COMPILER)),
            ("RUSTC_BOOTSTRAP", OsString::from("1")),
            ("__CARGO_TESTS_ONLY_SRC_ROOT", source.into_os_string()),
            ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker.into_os_string()),
        ],
    })
}

fn debian_packages() -> Result<()> {
    for package in DEBIAN_PACKAGES {
        let state =
            command::text(Command::new("dpkg-query").args(["--show", "--showformat=${db:Status-Status}", package]));
        ensure!(state.is_ok_and(|state| state == "installed"), "Debian's package `{package}` is not installed");
    }
    let owner = command::text(Command::new("dpkg-query").args(["--search", DEBIAN_COMPILER]))?;
    ensure!(owner.starts_with(DEBIAN_PACKAGES[0]), "{DEBIAN_COMPILER} belongs to `{owner}`");
    Ok(())
}

/// The linker that rustup's toolchain carries; Debian's compiler comes without one for WebAssembly.
fn rust_lld() -> Result<PathBuf> {
    let sysroot = command::text(Command::new(rustc()).args(["--print", "sysroot"]))?;
    let targets = Path::new(&sysroot).join("lib/rustlib");
    let targets = std::fs::read_dir(&targets).with_context(|| format!("cannot read {}", targets.display()))?;
    let linker = targets.flatten().map(|target| target.path().join("bin/rust-lld")).find(|linker| linker.is_file());
    linker.with_context(|| format!("the toolchain in {sysroot} has no rust-lld"))
}

fn rustc() -> OsString {
    std::env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"))
}

fn is_core(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("libcore-") && name.ends_with(".rlib"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_core_from_other_libraries() {
        assert!(is_core(OsStr::new("libcore-0123.rlib")));
        assert!(!is_core(OsStr::new("libcore-0123.rmeta")));
        assert!(!is_core(OsStr::new("liballoc-0123.rlib")));
    }

    #[test]
    fn hides_the_paths_of_this_machine() -> Result<()> {
        let flags = flags(Path::new("/some where"), None)?;
        let flags = flags.to_string_lossy();
        assert!(flags.split('\u{1f}').any(|flag| flag == "--remap-path-prefix=/some where=/portcullis"), "{flags}");
        Ok(())
    }
}
