//! How much memory the control groups of this process let it have.

use std::path::{Component, Path, PathBuf};

/// Version 1 says "no limit" as the largest number of pages that there is; nobody means that many bytes.
const UNLIMITED: u64 = 1 << 62;

/// The smallest limit of the own control group and those around it, which is the one that holds; nothing where none has any.
///
/// `own` is what `/proc/self/cgroup` says. `mount` is where control groups are seen: often only the own one and what is below.
pub(super) fn of(own: &str, mount: &Path) -> Option<u64> {
    let of_version_2 = own.lines().find_map(|line| line.strip_prefix("0::"));
    let of_version_1 = own.lines().find_map(|line| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        controllers.split(',').any(|controller| controller == "memory").then_some(path)
    });
    let limit = of_version_2.and_then(|path| smallest(mount, path, "memory.max"));
    limit.or_else(|| smallest(&mount.join("memory"), of_version_1?, "memory.limit_in_bytes"))
}

/// The smallest limit on the way from a group up to the mount.
fn smallest(mount: &Path, group: &str, file: &str) -> Option<u64> {
    let mut folder = mount.join(below(group));
    let mut smallest: Option<u64> = None;
    loop {
        if let Some(limit) = limit(&folder.join(file)) {
            smallest = Some(smallest.map_or(limit, |smallest| smallest.min(limit)));
        }
        if folder == mount || !folder.pop() {
            return smallest;
        }
    }
}

/// A group as a path below the mount. One outside of what this process may see (`/../other`) is the mount itself.
fn below(group: &str) -> PathBuf {
    let parts = Path::new(group).components();
    if parts.clone().any(|part| part == Component::ParentDir) {
        return PathBuf::new();
    }
    parts.filter(|part| matches!(part, Component::Normal(_))).collect()
}

/// `max`, and what is no number, is no limit.
fn limit(file: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    text.trim().parse().ok().filter(|limit| *limit < UNLIMITED)
}
