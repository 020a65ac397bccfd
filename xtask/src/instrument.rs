//! Compiles the workspace's own crates with more flags, beside what is there already and without compiling anything else again.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::component;
use crate::workspace::Workspace;

/// Beside a wrapper: the crates that it is for in the first line, and a flag in each of the others.
const FLAGS: &str = "flags";
/// Stands for every crate.
const ALL: &str = "*";

/// A program that cargo calls instead of the compiler: a copy of this one. A script of a shell would lose the variables that
/// no shell has a name for, such as `CARGO_BIN_EXE_portcullis-compile`.
pub struct Wrapper(PathBuf);

impl Wrapper {
    /// Calls the compiler with more flags for these crates, or for all of them; never for what runs while others are compiled.
    ///
    /// Cargo tells what different wrappers made apart by the path of the wrapper, so the flags are a part of it.
    pub fn new(workspace: &Workspace, name: &str, crates: Option<&[String]>, flags: &[&str]) -> Result<Self> {
        let text = format!("{}\n{}", crates.map_or(ALL.to_owned(), |names| names.join(" ")), flags.join("\n"));
        let folder = workspace.target().join("wrappers");
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let path = folder.join(format!("{name}-{}", &component::digest(text.as_bytes())[..16]));
        let here = std::env::current_exe().context("cannot tell which program this is")?;
        // Whole or not at all: nobody may start half a program.
        let unfinished = path.with_extension("unfinished");
        std::fs::copy(&here, &unfinished).with_context(|| format!("cannot write {}", unfinished.display()))?;
        std::fs::write(path.with_extension(FLAGS), text).with_context(|| format!("cannot write {}", path.display()))?;
        std::fs::rename(&unfinished, &path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self(path))
    }

    /// For the crates of the workspace.
    pub fn of_workspace(&self, cargo: &mut Command) {
        self.say(cargo, "rustc-workspace-wrapper");
    }

    /// For every crate. Cargo does not see it: whatever it changes must have a profile that nothing else has.
    pub fn of_all(&self, cargo: &mut Command) {
        self.say(cargo, "rustc-wrapper");
    }

    /// Not by a variable: a test that calls cargo itself would compile with it as well.
    fn say(&self, cargo: &mut Command, setting: &str) {
        cargo.arg("--config").arg(format!("build.{setting}={:?}", self.0.display().to_string()));
    }
}

/// What becomes of this process where it is a wrapper: the compiler, called with more flags.
pub fn as_wrapper() -> Option<ExitCode> {
    let mut arguments = std::env::args_os();
    let flags = std::fs::read_to_string(Path::new(&arguments.next()?).with_extension(FLAGS)).ok()?;
    let compiler = arguments.next()?;
    let arguments: Vec<OsString> = arguments.collect();
    let (crates, flags) = flags.split_once('\n')?;
    let mut compile = Command::new(compiler);
    compile.args(&arguments);
    if is_for(crates, &arguments) {
        compile.args(flags.lines());
    }
    match compile.status() {
        Ok(status) => {
            Some(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
        }
        Err(error) => {
            eprintln!("xtask: cannot start the compiler: {error}");
            Some(ExitCode::FAILURE)
        }
    }
}

/// Whether the compiler makes one of these crates, and none that is run by cargo or the compiler itself.
fn is_for(crates: &str, arguments: &[OsString]) -> bool {
    let after = |flag: &str| {
        let position = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(position + 1).and_then(|value| value.to_str())
    };
    let Some(name) = after("--crate-name") else { return false };
    let helps = name.starts_with("build_script_")
        || after("--crate-type") == Some("proc-macro")
        || arguments.iter().any(|argument| argument == OsStr::new("--print"));
    !helps && (crates == ALL || crates.split(' ').any(|one| one == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_for_the_crates_that_it_names_and_for_nothing_that_compiling_runs() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert!(is_for("*", &words("--crate-name a src/lib.rs --crate-type lib")));
        assert!(is_for("a b", &words("--crate-name b src/lib.rs")));
        assert!(!is_for("a b", &words("--crate-name c src/lib.rs")));
        assert!(!is_for("*", &words("--crate-name a --crate-type proc-macro")));
        assert!(!is_for("*", &words("--crate-name build_script_build --crate-type bin")));
        assert!(!is_for("*", &words("-vV")));
        assert!(!is_for("*", &words("- --crate-name ___ --print=file-names --print cfg")));
    }
}
