//! Installs tools written in Python, each with all that it needs into a place of its own, outside of every clone.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::command;
use crate::component::digest;
use crate::tools::niced;
use crate::workspace::cache;

/// A tool: its name, its program, and the list of packages that it is, each at one version.
pub struct Tool {
    pub name: &'static str,
    packages: &'static str,
}

/// Finds faults in Python, and writes them down as SARIF.
pub const BANDIT: Tool = Tool { name: "bandit", packages: include_str!("../../tests/e2e/scanners/bandit.txt") };
/// Finds what its rules describe, in many languages.
pub const SEMGREP: Tool = Tool { name: "semgrep", packages: include_str!("../../tests/e2e/scanners/semgrep.txt") };

/// Says that everything stands there: an installation that broke off has none.
const COMPLETE: &str = "complete";

impl Tool {
    /// The version in the list of packages.
    fn version(&self) -> Result<&'static str> {
        let of = |line: &'static str| line.split_once("==").filter(|(name, _)| *name == self.name).map(|(_, it)| it);
        self.packages.lines().find_map(of).with_context(|| format!("`{}` is not among its own packages", self.name))
    }

    /// The folder of this tool: another list of packages is another folder.
    fn folder(&self, cache: &Path) -> Result<PathBuf> {
        let key = &digest(self.packages.as_bytes())[..8];
        Ok(cache.join("tools").join(format!("{}-{}-{key}", self.name, self.version()?)))
    }
}

/// The path of a tool; where it is missing, it is installed from PyPI. Why not, where there is no Python that can do it.
pub fn program(tool: &Tool) -> Result<Result<PathBuf, String>> {
    let folder = tool.folder(&cache()?)?;
    let program = folder.join("bin").join(tool.name);
    if folder.join(COMPLETE).is_file() && program.is_file() {
        return Ok(Ok(program));
    }
    if let Err(error) = command::text(Command::new("python3").args(["-c", "import venv, ensurepip"])) {
        return Ok(Err(format!("there is no Python 3 with `venv` and `pip` to install it with ({error:#})")));
    }
    println!("installing {} {} to {}", tool.name, tool.version()?, folder.display());
    match install(tool, &folder) {
        Ok(()) => {}
        Err(error) => return Ok(Err(format!("{error:#}"))),
    }
    ensure!(program.is_file(), "the packages of `{}` hold no program of that name", tool.name);
    Ok(Ok(program))
}

/// Installs it where it stays: the programs of such a folder know its path.
fn install(tool: &Tool, folder: &Path) -> Result<()> {
    let parent = folder.parent().context("the cache has no folder for tools")?;
    std::fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    let list = folder.join("packages.txt");
    command::run(niced("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
    std::fs::write(&list, tool.packages).with_context(|| format!("cannot write {}", list.display()))?;
    let pip = |words: &[&str]| {
        let mut pip = niced(folder.join("bin").join("python"));
        pip.args(["-m", "pip", "--disable-pip-version-check", "--quiet"]).args(words);
        // What a user has put on Python's path is no part of a tool.
        pip.env_remove("PYTHONPATH").env_remove("PYTHONHOME");
        pip
    };
    let mut packages = pip(&["install", "--no-deps", "--only-binary", ":all:", "--requirement"]);
    command::run(packages.arg(&list))?;
    command::text(&mut pip(&["check"]))?;
    std::fs::write(folder.join(COMPLETE), "").with_context(|| format!("cannot write to {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_each_tool_by_its_packages() {
        for tool in [BANDIT, SEMGREP] {
            let version = tool.version().expect("a version");
            let folder = tool.folder(Path::new("/cache")).expect("a folder").display().to_string();
            assert!(folder.starts_with(&format!("/cache/tools/{}-{version}-", tool.name)), "{folder}");
            let is_pinned = |line: &str| line.starts_with('#') || line.split("==").count() == 2;
            assert!(tool.packages.lines().all(is_pinned), "{}", tool.packages);
        }
    }
}
