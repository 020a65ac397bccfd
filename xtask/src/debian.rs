//! Debian's packages, for what comes from nowhere else.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::command;

/// Installs the packages without a question and without removing anything.
pub fn install(packages: &[&str]) -> Result<()> {
    ensure!(Path::new("/usr/bin/apt-get").exists(), "this is not Debian: there is no apt-get");
    let root = command::text(Command::new("id").arg("-u")).is_ok_and(|id| id == "0");
    if !root {
        let sudo = command::text(Command::new("sudo").args(["--non-interactive", "true"]));
        sudo.with_context(|| format!("`apt-get install {}` needs root", packages.join(" ")))?;
    }
    let apt = |arguments: &[&str]| {
        let mut apt = if root { Command::new("env") } else { Command::new("sudo") };
        if !root {
            apt.args(["--non-interactive", "env"]);
        }
        apt.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "--yes"]).args(arguments);
        println!("running `{}`", command::shown(&apt));
        command::text(&mut apt)
    };
    let mut install = vec!["--no-remove", "--no-install-recommends", "install"];
    install.extend(packages);
    if apt(&install).is_err() {
        // The lists of packages may be old, or not there at all.
        apt(&["update"])?;
        apt(&install)?;
    }
    Ok(())
}
