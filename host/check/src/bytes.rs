//! One file or pipe to its bytes: never a device, never a pipe that nobody writes to, never more than a limit.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::error::Error;
use crate::inputs::STDIN;
use crate::walk::{show, unreadable, what_is};

/// Room for a file is made at once up to here; what a file says of its length may be wrong.
const EXPECTED: usize = 1 << 20;

/// What a path that the user wrote leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The standard input: `-`, or a pipe at `/dev/stdin` or `/dev/fd/0`. It can be read once.
    StandardInput,
    /// A pipe that the shell has opened for this program, as `<(...)` does. It can be read once.
    Pipe,
    /// A regular file.
    File,
    /// A directory.
    Directory,
}

/// Looks at a path without opening it: opening a named pipe would wait for a writer that may never come.
///
/// # Errors
/// [`Error::Missing`], [`Error::Unreadable`], and [`Error::Special`] for a named pipe, a socket or a device.
pub fn origin(path: &Path) -> Result<Origin, Error> {
    if path.as_os_str() == STDIN {
        return Ok(Origin::StandardInput);
    }
    let kind = fs::metadata(path).map_err(|cause| unreadable(path, cause))?.file_type();
    match descriptor(path) {
        _ if kind.is_file() => Ok(Origin::File),
        _ if kind.is_dir() => Ok(Origin::Directory),
        Some(0) if streams(kind) => Ok(Origin::StandardInput),
        Some(_) if streams(kind) && is_anonymous(path) => Ok(Origin::Pipe),
        _ => Err(Error::Special { path: show(path), what: what_is(kind) }),
    }
}

/// Reads what the user named, at most `limit` bytes.
///
/// # Errors
/// Those of [`origin`], [`Error::TooLarge`], and [`Error::Special`] for a directory.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    match origin(path)? {
        Origin::StandardInput => bounded(path, io::stdin().lock(), limit, 0),
        Origin::Directory => Err(Error::Special { path: show(path), what: "a directory" }),
        Origin::File | Origin::Pipe => {
            let file = File::open(path).map_err(|cause| unreadable(path, cause))?;
            let expected = file.metadata().map_or(0, |metadata| metadata.len()).min(limit);
            bounded(path, file, limit, usize::try_from(expected).unwrap_or(0).min(EXPECTED))
        }
    }
}

fn bounded(path: &Path, reader: impl Read, limit: u64, expected: usize) -> Result<Vec<u8>, Error> {
    // One byte more, so that the end is met without growing.
    let mut bytes = Vec::with_capacity(expected + 1);
    let read = reader.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|cause| unreadable(path, cause))?;
    if bytes.len() as u64 > limit {
        return Err(Error::TooLarge { path: show(path), limit });
    }
    Ok(bytes)
}

/// The number of the open file of this process that a path stands for (Linux: proc(5); the same names elsewhere).
fn descriptor(path: &Path) -> Option<u32> {
    if path == Path::new("/dev/stdin") {
        return Some(0);
    }
    ["/dev/fd", "/proc/self/fd"].iter().find_map(|folder| path.strip_prefix(folder).ok())?.to_str()?.parse().ok()
}

/// Whether a reader gets a stream from it, rather than a device's answer.
fn streams(kind: fs::FileType) -> bool {
    matches!(what_is(kind), "a pipe" | "a socket")
}

/// Whether this is a pipe without a name, which opens at once. Linux shows it as `pipe:[...]`, and a named one by its path;
/// where the path is no link, opening it only copies what is open already.
fn is_anonymous(path: &Path) -> bool {
    fs::read_link(path).map_or(true, |target| target.to_string_lossy().starts_with("pipe:["))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_open_files_of_this_process_by_their_names() {
        let of = |path: &str| descriptor(Path::new(path));
        assert_eq!([of("/dev/stdin"), of("/dev/fd/0"), of("/proc/self/fd/63")], [Some(0), Some(0), Some(63)]);
        for path in ["/dev/fd/x", "/dev/fd", "/dev/fd/1/2", "/tmp/fd/1", "/dev/zero", "fd/1"] {
            assert_eq!(of(path), None, "{path}");
        }
    }

    #[test]
    fn refuses_a_device_and_a_directory() {
        let told = |path: &str| read(Path::new(path), 10).expect_err("no file").to_string();
        assert_eq!(told("/dev/zero"), "`/dev/zero` is a device, not a file");
        assert_eq!(told("/"), "`/` is a directory, not a file");
    }
}
