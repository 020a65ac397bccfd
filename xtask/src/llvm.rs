//! Finds the programs of LLVM that read what instrumented programs count: they must be of the compiler's own version.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
use crate::debian;

/// `llvm-profdata` and `llvm-cov` of one version.
pub struct Llvm {
    profdata: PathBuf,
    cov: PathBuf,
}

impl Llvm {
    /// Those that rustup installed beside the compiler, else those of the system, else Debian's package of that version;
    /// or why there are none.
    pub fn find() -> Result<Result<Self, String>> {
        let says = command::text(Command::new("rustc").arg("-vV"))?;
        let word = |name: &str| says.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let host = word("host:").context("rustc does not say what it runs on")?;
        // The format of counts may change with every release, and hardly ever does within one.
        let version = word("LLVM version:").and_then(|version| version.split('.').next());
        let version = version.context("rustc does not say its version of LLVM")?;
        let root = command::text(Command::new("rustc").args(["--print", "sysroot"]))?;
        let beside = PathBuf::from(root).join("lib").join("rustlib").join(host).join("bin");
        let beside = Self { profdata: beside.join("llvm-profdata"), cov: beside.join("llvm-cov") };
        let package = format!("llvm-{version}");
        let system = Self {
            profdata: PathBuf::from(format!("llvm-profdata-{version}")),
            cov: PathBuf::from(format!("llvm-cov-{version}")),
        };
        if beside.runs() {
            return Ok(Ok(beside));
        }
        if !system.runs()
            && let Err(error) = debian::install(&[&package])
        {
            return Ok(Err(format!(
                "there is no llvm-cov of LLVM {version} ({error:#}): `rustup component add llvm-tools`, or Debian's package {package}"
            )));
        }
        Ok(Ok(system))
    }

    fn runs(&self) -> bool {
        let runs = |program| command::text(Command::new(program).arg("--version")).is_ok();
        runs(&self.profdata) && runs(&self.cov)
    }

    /// Merges counts.
    pub fn profdata(&self) -> Command {
        Command::new(&self.profdata)
    }

    /// Says which lines they are about.
    pub fn cov(&self) -> Command {
        Command::new(&self.cov)
    }
}
