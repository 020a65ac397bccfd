//! Debian's packages, for what comes from nowhere else.

use std::path::{Path, PathBuf};
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

/// Unpacks one package into a folder of ours, without root and without what installing would start; the folder.
pub fn unpack(package: &str, folder: &Path) -> Result<PathBuf> {
    let unpacked = folder.join("unpacked");
    if unpacked.is_dir() {
        return Ok(unpacked);
    }
    ensure!(Path::new("/usr/bin/apt-get").exists(), "this is not Debian: there is no apt-get");
    let fresh = folder.join("downloaded");
    // What an earlier run left half done.
    let _ = std::fs::remove_dir_all(&fresh);
    std::fs::create_dir_all(&fresh).with_context(|| format!("cannot create {}", fresh.display()))?;
    println!("unpacking Debian's package {package} to {}", folder.display());
    command::text(Command::new("apt-get").args(["-qq", "download", package]).current_dir(&fresh))?;
    let package = std::fs::read_dir(&fresh)?.next().context("apt-get downloads nothing")??.path();
    let half = folder.join("half");
    command::text(Command::new("dpkg-deb").arg("--extract").arg(&package).arg(&half))?;
    std::fs::rename(&half, &unpacked).with_context(|| format!("cannot make {}", unpacked.display()))?;
    let _ = std::fs::remove_dir_all(&fresh);
    Ok(unpacked)
}
