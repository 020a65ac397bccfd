//! What the machine and the product are, and what a process has.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use portcullis_load::Server;
use serde_json::{Value, json};

/// How long descriptors and memory may take to be given back.
const GIVEN_BACK: Duration = Duration::from_secs(60);

/// `portcullis --version`.
pub fn version(binary: &Path) -> String {
    let output = Command::new(binary).arg("--version").output().expect("the product runs");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Processors, memory and kernel.
pub fn describe() -> Value {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let memory = read("/proc/meminfo").lines().next().unwrap_or_default().replace("MemTotal:", "");
    json!({
        "processors": std::thread::available_parallelism().map_or(1, usize::from),
        "memory": memory.trim(), "kernel": read("/proc/sys/kernel/osrelease").trim(),
    })
}

/// Waits until a server holds about as many descriptors as before; a complaint where it keeps them.
pub fn gives_back(server: &Server, files: usize) -> Result<String, String> {
    // Connections of the load that were made meanwhile.
    const MORE: usize = 80;
    let until = Instant::now() + GIVEN_BACK;
    loop {
        let Some(now) = server.resources() else { return Err("the server has ended".into()) };
        if now.files <= files + MORE {
            return Ok(format!("{} descriptors, {} MiB afterwards", now.files, now.memory >> 20));
        }
        if Instant::now() > until {
            return Err(format!("{} descriptors are still open, {files} were before", now.files));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Tells the server's number of descriptors.
pub fn files(server: &Server) -> usize {
    server.resources().map_or(0, |resources| resources.files)
}
