//! The programs of Prometheus, where there are any.

use std::path::PathBuf;
use std::process::Command;

/// The program of a variable, or of this name on the path; says loudly where there is none.
pub fn program(variable: &str, name: &str) -> Option<PathBuf> {
    let program = std::env::var_os(variable).map_or_else(|| PathBuf::from(name), PathBuf::from);
    let found = Command::new(&program).arg("--version").output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(program);
    }
    println!("SKIPPED: there is no {name} (Debian's package `prometheus`, or {variable})");
    None
}
