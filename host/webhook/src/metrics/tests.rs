//! What is read of a process and of its control groups, from files in a folder.

use std::path::{Path, PathBuf};

use super::memory_limit;
use super::process::{CGROUPS, PROC, read, written};

const STATUS: &str = "Name:\tportcullis\nVmPeak:\t  900 kB\nVmSize:\t  800 kB\nVmRSS:\t     300 kB\nThreads:\t7\n";
const LIMITS: &str = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max open files            1024                 524288               files     \n";

#[test]
fn reads_what_linux_says_of_a_process() {
    let scratch = Scratch::new("process");
    for (name, text) in [("status", STATUS), ("limits", LIMITS), ("cgroup", "0::/a\n"), ("fd/0", ""), ("fd/1", "")] {
        scratch.write(&format!("proc/{name}"), text);
    }
    scratch.write("cgroups/a/memory.max", "268435456\n");
    let values = read(&scratch.path("proc"), &scratch.path("cgroups"));
    let bytes = [Some(300.0 * 1024.0), Some(800.0 * 1024.0), Some(7.0), Some(2.0), Some(1024.0)];
    assert_eq!(values[1..6], bytes);
    assert!(values[0].is_some_and(|seconds| seconds > 0.0), "{values:?}");
    assert!(values[6].is_some_and(|time| time > 1.7e9), "{values:?}");
    assert_eq!(values[7], Some(268_435_456.0));
}

#[test]
fn leaves_out_what_it_cannot_read() {
    let scratch = Scratch::new("process-nothing");
    scratch.write("proc/limits", "Max open files            unlimited            unlimited            files\n");
    scratch.write("proc/status", "Name:\tportcullis\nThreads:\tmany\n");
    let values = read(&scratch.path("proc"), &scratch.path("cgroups"));
    assert!(values[1..6].iter().chain(&values[7..]).all(Option::is_none), "{values:?}");
    let text = written(&values);
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    assert_eq!(names, ["process_cpu_seconds_total counter", "process_start_time_seconds gauge"], "{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn knows_this_process() {
    let values = read(Path::new(PROC), Path::new(CGROUPS));
    assert!(values[..7].iter().all(|value| value.is_some_and(|value| value > 0.0)), "{values:?}");
    assert!(values[1] <= values[2], "{values:?}");
    // Another look never counts less.
    assert!(read(Path::new(PROC), Path::new(CGROUPS))[0] >= values[0]);
}

/// A folder that goes away with its owner.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("portcullis-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What holds with these files.
fn with(name: &str, own: &str, files: &[(&str, &str)]) -> Option<u64> {
    let scratch = Scratch::new(&format!("memory-{name}"));
    files.iter().for_each(|(file, text)| scratch.write(file, text));
    memory_limit::of(own, &scratch.path(""))
}

#[test]
fn takes_the_limit_of_its_own_group() {
    // In a container the own group is the root of all that is seen.
    assert_eq!(with("own", "0::/\n", &[("memory.max", "268435456\n")]), Some(268_435_456));
    assert_eq!(with("path", "0::/a/b\n", &[("a/b/memory.max", "1000\n"), ("a/memory.max", "max\n")]), Some(1000));
}

#[test]
fn takes_the_limit_around_it_where_that_is_smaller_or_the_only_one() {
    let around = [("a/b/memory.max", "max\n"), ("a/memory.max", "500\n"), ("memory.max", "900\n")];
    assert_eq!(with("around", "0::/a/b\n", &around), Some(500));
    let inner = [("a/b/memory.max", "800\n"), ("a/memory.max", "500\n")];
    assert_eq!(with("smaller", "0::/a/b\n", &inner), Some(500));
    // The path is that of the node, and a container sees its own group at the root.
    assert_eq!(with("unseen", "0::/kubepods/pod1\n", &[("memory.max", "700\n")]), Some(700));
}

#[test]
fn reads_version_1_where_there_is_no_limit_of_version_2() {
    let own = "12:cpu,cpuacct:/x\n5:memory:/docker/c\n0::/\n";
    let limit = [("memory/docker/c/memory.limit_in_bytes", "4096\n"), ("memory/memory.limit_in_bytes", "8192\n")];
    assert_eq!(with("v1", own, &limit), Some(4096));
    assert_eq!(with("v1-unseen", own, &limit[1..]), Some(8192));
}

#[test]
fn knows_no_limit_where_there_is_none() {
    assert_eq!(with("none", "0::/a\n", &[]), None);
    assert_eq!(with("max", "0::/a\n", &[("a/memory.max", "max\n")]), None);
    assert_eq!(with("empty", "", &[("memory.max", "1\n")]), None);
    let most = [("memory/memory.limit_in_bytes", "9223372036854771712\n")];
    assert_eq!(with("v1-none", "5:memory:/\n", &most), None);
    assert_eq!(with("odd", "0::/a\n", &[("a/memory.max", "-1\n"), ("memory.max", "much\n")]), None);
}

#[test]
fn never_looks_outside_of_the_mount() {
    let files = [("mount/memory.max", "600\n"), ("memory.max", "1\n"), ("other/memory.max", "2\n")];
    let scratch = Scratch::new("memory-outside");
    files.iter().for_each(|(file, text)| scratch.write(file, text));
    assert_eq!(memory_limit::of("0::/../other\n", &scratch.path("mount")), Some(600));
}
