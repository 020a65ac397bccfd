//! Runs one test of this program in a process of its own, with another environment.

use std::path::Path;
use std::process::{Command, Output};

/// Runs an ignored test under a limit of its address space, in KiB, with a folder in front of `PATH`.
pub fn run(test: &str, address_space: Option<u64>, path: Option<&Path>) -> Output {
    let program = std::env::current_exe().expect("this program");
    let limit = address_space.map(|limit| format!("ulimit -v {limit} && ")).unwrap_or_default();
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("{limit}exec \"$0\" --exact {test} --ignored --nocapture --test-threads 1"))
        .arg(program);
    if let Some(path) = path {
        let old = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{old}", path.display())).env("DOCKER_CONFIG", path);
    }
    let output = command.output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
