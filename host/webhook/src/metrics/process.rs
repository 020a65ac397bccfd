//! What this process takes of its machine, by the names that every Prometheus client uses, and the memory that it may take.
//!
//! Read at each scrape and written as text: a limit may change while we run, and may be gone. What cannot be read is left out.
//! (`metrics-process` would count whole seconds of CPU, and bring five crates for these few files.)

use std::fmt::Write as _;
use std::path::Path;
use std::sync::OnceLock;
use std::time::SystemTime;

use rustix::time::{ClockId, clock_gettime};

use super::memory_limit;

/// Where Linux says what it knows of a process: of the one that looks.
pub(super) const PROC: &str = "/proc/self";
/// Where control groups are mounted.
pub(super) const CGROUPS: &str = "/sys/fs/cgroup";

/// Name, type and help of each, in the order in which they are read.
const METRICS: [(&str, &str, &str); 8] = [
    ("process_cpu_seconds_total", "counter", "CPU time of this process, in user space and in the kernel."),
    ("process_resident_memory_bytes", "gauge", "Memory of this process that is in RAM."),
    ("process_virtual_memory_bytes", "gauge", "Address space of this process."),
    ("process_threads", "gauge", "Threads of this process."),
    ("process_open_fds", "gauge", "Open file descriptors."),
    ("process_max_fds", "gauge", "The most file descriptors that may be open."),
    ("process_start_time_seconds", "gauge", "When this process started, in seconds since 1970."),
    ("portcullis_memory_limit_bytes", "gauge", "The most memory that the control groups of this process allow."),
];

/// Remembers when the process started: at the first call.
pub(super) fn started() -> f64 {
    static STARTED: OnceLock<f64> = OnceLock::new();
    *STARTED.get_or_init(|| {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map(|time| time.as_secs_f64()).unwrap_or_default()
    })
}

/// In Prometheus' text format.
pub(super) fn render() -> String {
    written(&read(Path::new(PROC), Path::new(CGROUPS)))
}

/// The value of each metric, or nothing where it is not known.
pub(super) fn read(proc: &Path, cgroups: &Path) -> [Option<f64>; METRICS.len()] {
    let file = |name: &str| std::fs::read_to_string(proc.join(name)).unwrap_or_default();
    let status = file("status");
    let kibibytes = |name: &str| Some(number(&status, name)? * 1024.0);
    // One more than there will be: reading the folder takes one.
    let open = std::fs::read_dir(proc.join("fd")).ok().map(|entries| entries.count() as f64);
    [
        Some(cpu_seconds()),
        kibibytes("VmRSS:"),
        kibibytes("VmSize:"),
        number(&status, "Threads:"),
        open,
        // The soft limit stands first; `unlimited` is no number.
        number(&file("limits"), "Max open files"),
        Some(started()),
        // Exact up to 2^53.
        memory_limit::of(&file("cgroup"), cgroups).map(|bytes| bytes as f64),
    ]
}

/// The first number behind a name at the beginning of a line.
fn number(text: &str, name: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse::<u64>().ok().map(|number| number as f64)
}

/// Of all threads, to the nanosecond; children are not ours to count.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The lines of those that are known.
pub(super) fn written(values: &[Option<f64>]) -> String {
    let mut text = String::new();
    for ((name, kind, help), value) in METRICS.iter().zip(values) {
        if let Some(value) = value {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
        }
    }
    text
}
