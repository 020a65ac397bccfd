//! How many files this process may open: one for each connection, and some.

/// What is opened besides connections, at most: files of policies, certificates and records, and calls to registries and the
/// API server.
pub const OTHER_FILES: usize = 256;

/// How many files may be open at once, after the soft limit was raised to the hard one where that is more (`RLIMIT_NOFILE`, as
/// Go's runtime does it). `None`: as many as one likes, or nobody knows.
///
/// Containers often begin with 1024, because `select(2)` knows no more; nothing here calls that.
#[cfg(unix)]
pub fn may_open() -> Option<usize> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: now.maximum, ..now };
    let may = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => raised.current,
        // As it was, then.
        Err(_) => now.current,
    };
    usize::try_from(may?).ok()
}

/// How many files may be open at once: nobody knows.
#[cfg(not(unix))]
pub fn may_open() -> Option<usize> {
    None
}

/// How many connections one door may have where the others have `others`: `wanted`, or what the files that may be open leave. Where
/// they are very few it is half of them, because the others hardly need all of theirs; one at least.
pub fn connections_within(may_open: Option<usize>, others: usize, wanted: usize) -> usize {
    let left = may_open.map_or(usize::MAX, |files| files.saturating_sub(others + OTHER_FILES).max(files / 2));
    left.clamp(1, wanted.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raises_the_soft_limit_of_open_files_to_the_hard_one() {
        let may = may_open();
        assert_eq!(may_open(), may, "there is no more to be had");
        let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
        let Some(line) = limits.lines().find(|line| line.starts_with("Max open files")) else { return };
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[3], words[4], "{line}");
        assert_eq!(may.map_or("unlimited".to_owned(), |files| files.to_string()), words[3]);
    }

    #[test]
    fn has_no_more_connections_than_files() {
        assert_eq!(connections_within(None, 256, 2048), 2048);
        assert_eq!(connections_within(Some(1 << 20), 256, 2048), 2048);
        assert_eq!(connections_within(Some(1024), 256, 2048), 512);
        assert_eq!(connections_within(Some(256), 256, 2048), 128);
        assert_eq!(connections_within(Some(1), 256, 2048), 1, "it serves all the same");
    }
}
