//! The compiled-code cache: what may be remembered, and how it is known to be ours.
//!
//! Compiled code is arbitrary machine code and is not validated when it is loaded, so an entry counts only with the
//! authentication code of this installation's own key. Entries are read into memory before they are checked, so that
//! nobody can exchange a file between check and use. Whatever is wrong with an entry means that it is compiled again.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hmac::{Hmac, Mac};
use rustix::fs::OFlags;
use sha2::Sha256;

/// Entries that are kept; the oldest go first.
const ENTRIES: usize = 256;
/// Bytes of all entries together; the oldest go first.
const BYTES: u64 = 1 << 30;
/// Bytes of one entry.
const ENTRY: u64 = crate::compile::COMPILE_OUTPUT + 4096;
const MAC: usize = 32;
const KEY: &str = "key";
const SUFFIX: &str = ".code";
/// How the name of a file begins that is not whole yet.
const UNFINISHED: &str = ".new-";
/// When such a file belongs to nobody any more: writing one takes moments.
const ABANDONED: Duration = Duration::from_secs(3600);

/// A directory of compiled code.
pub(crate) struct Cache {
    directory: PathBuf,
    key: [u8; 32],
}

impl Cache {
    /// Opens or makes the directory; the error is for a person.
    pub(crate) fn open(directory: &Path) -> Result<Self, String> {
        let why = |e: io::Error| format!("`{}` cannot be used: {e}", directory.display());
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(why)?;
        let found = fs::symlink_metadata(directory).map_err(why)?;
        let wrong = |what: &str| Err(format!("`{}` cannot be used: {what}", directory.display()));
        if !found.is_dir() {
            return wrong("it is a symbolic link or no directory");
        }
        if found.uid() != rustix::process::geteuid().as_raw() {
            return wrong("it belongs to somebody else");
        }
        if found.mode() & 0o077 != 0 {
            return wrong("others may use it too; `chmod 700` mends that");
        }
        let key = key_of(directory).map_err(why)?;
        Ok(Self { directory: directory.to_owned(), key })
    }

    /// The bytes that were kept under a name; nothing where there are none, or none that are ours.
    pub(crate) fn read(&self, name: &str) -> Option<Vec<u8>> {
        let mut bytes = read_own(&self.path(name), ENTRY).ok()?;
        let (mac, content) = bytes.split_at_checked(MAC)?;
        self.mac(name, content).verify_slice(mac).ok()?;
        bytes.drain(..MAC);
        Some(bytes)
    }

    /// Keeps bytes under a name. A full disk or a lost race costs nothing but the next compilation.
    pub(crate) fn write(&self, name: &str, content: &[u8]) {
        let mac = self.mac(name, content).finalize().into_bytes();
        let _ = write_whole(&self.directory, &self.path(name), &[mac.as_slice(), content]);
        self.prune();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}{SUFFIX}"))
    }

    /// The name is part of what is authenticated, so that no entry passes for another.
    fn mac(&self, name: &str, content: &[u8]) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&self.key).expect("HMAC takes keys of every length");
        mac.update(&(name.len() as u64).to_le_bytes());
        mac.update(name.as_bytes());
        mac.update(content);
        mac
    }

    fn prune(&self) {
        let Ok(entries) = fs::read_dir(&self.directory) else { return };
        // A process that was killed while it wrote left up to 256 MiB behind.
        let abandoned = |entry: &fs::DirEntry| {
            let old = |found: fs::Metadata| found.modified().ok()?.elapsed().ok();
            let age = entry.metadata().ok().and_then(old).unwrap_or_default();
            entry.file_name().to_string_lossy().starts_with(UNFINISHED) && age >= ABANDONED
        };
        let mut entries: Vec<_> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                if abandoned(&entry) {
                    let _ = fs::remove_file(entry.path());
                    return None;
                }
                let found = entry.metadata().ok()?;
                let named = entry.file_name().to_str()?.ends_with(SUFFIX);
                named.then(|| (found.modified().ok(), found.len(), entry.path()))
            })
            .collect();
        entries.sort_by(|a, b| b.cmp(a));
        let mut bytes = 0;
        for (n, (_, size, path)) in entries.into_iter().enumerate() {
            bytes += size;
            if n >= ENTRIES || bytes > BYTES {
                // Somebody else may have removed it already.
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// The key of this installation, made on first use. Of two processes that race, the first link wins.
fn key_of(directory: &Path) -> io::Result<[u8; 32]> {
    let path = directory.join(KEY);
    if let Ok(key) =
        read_own(&path, 32).and_then(|bytes| bytes.try_into().map_err(|_| io::ErrorKind::InvalidData.into()))
    {
        return Ok(key);
    }
    // Absent, damaged, or readable by others: in every case the entries made with it are worth nothing.
    let mut key = [0; 32];
    let mut filled = 0;
    while filled < key.len() {
        filled += rustix::rand::getrandom(&mut key[filled..], rustix::rand::GetRandomFlags::empty())?;
    }
    write_whole(directory, &path, &[&key])?;
    // Another process may have renamed its own over ours in between: what is there now is the key.
    read_own(&path, 32)?.try_into().map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Reads a file of ours that nobody else may write or read, never through a link.
fn read_own(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).map_err(|_| io::ErrorKind::Unsupported)?;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let found = file.metadata()?;
    let ours = found.is_file() && found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o077 == 0;
    if !ours || found.len() > most {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(found.len()).unwrap_or(0));
    file.take(most + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes beside the target and renames: a reader sees the old file or the whole new one.
fn write_whole(directory: &Path, path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let temporary = directory.join(format!("{UNFINISHED}{}-{count}", std::process::id()));
    let write = || {
        let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        parts.iter().try_for_each(|part| file.write_all(part))?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("portcullis-cache-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        path
    }

    #[test]
    fn refuses_entries_that_were_changed_swapped_or_made_with_another_key_p86() {
        let directory = directory("changed");
        let cache = Cache::open(&directory).expect("a cache");
        cache.write("a", b"code");
        assert_eq!(cache.read("a").as_deref(), Some(b"code".as_slice()));
        assert_eq!(Cache::open(&directory).expect("again").read("a").as_deref(), Some(b"code".as_slice()));
        fs::copy(cache.path("a"), cache.path("b")).expect("a copy");
        assert_eq!(cache.read("b"), None, "an entry under another name");
        let whole = fs::read(cache.path("a")).expect("the entry");
        for at in 0..whole.len() {
            let mut bad = whole.clone();
            bad[at] ^= 1;
            fs::write(cache.path("a"), &bad).expect("written");
            assert_eq!(cache.read("a"), None, "byte {at} changed");
            fs::write(cache.path("a"), &whole[..at]).expect("written");
            assert_eq!(cache.read("a"), None, "cut to {at} bytes");
        }
        fs::write(cache.path("a"), &whole).expect("written");
        fs::write(directory.join(KEY), [7; 32]).expect("another key");
        assert_eq!(Cache::open(&directory).expect("again").read("a"), None, "another installation's entry");
        fs::remove_dir_all(&directory).expect("removed");
    }

    #[test]
    fn refuses_links_and_what_others_may_write() {
        let directory = directory("links");
        let cache = Cache::open(&directory).expect("a cache");
        cache.write("a", b"code");
        fs::rename(cache.path("a"), cache.path("elsewhere")).expect("moved");
        std::os::unix::fs::symlink(cache.path("elsewhere"), cache.path("a")).expect("a link");
        assert_eq!(cache.read("a"), None, "a symbolic link");
        fs::remove_file(cache.path("a")).expect("removed");
        fs::rename(cache.path("elsewhere"), cache.path("a")).expect("moved back");
        assert!(cache.read("a").is_some());
        fs::set_permissions(cache.path("a"), fs::Permissions::from_mode(0o644)).expect("opened");
        assert_eq!(cache.read("a"), None, "readable by others");
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).expect("opened");
        let why = Cache::open(&directory).err().expect("a directory for everybody");
        assert!(why.ends_with("cannot be used: others may use it too; `chmod 700` mends that"), "{why}");
        fs::remove_dir_all(&directory).expect("removed");
    }

    #[test]
    fn removes_what_a_killed_process_left_unfinished_p90() {
        let directory = directory("unfinished");
        let cache = Cache::open(&directory).expect("a cache");
        let [old, young] = [".new-1-0", ".new-2-0"].map(|name| directory.join(name));
        for (path, age) in [(&old, ABANDONED), (&young, ABANDONED / 2)] {
            let file = File::create(path).expect("a file");
            file.set_modified(std::time::SystemTime::now() - age).expect("a time");
        }
        cache.write("a", b"code");
        assert!(!old.exists() && young.exists() && cache.read("a").is_some());
        fs::remove_dir_all(&directory).expect("removed");
    }

    #[test]
    fn keeps_no_more_entries_than_its_limit() {
        let directory = directory("many");
        let cache = Cache::open(&directory).expect("a cache");
        (0..ENTRIES + 5).for_each(|n| cache.write(&format!("e{n}"), b"x"));
        assert_eq!(fs::read_dir(&directory).expect("listed").count(), ENTRIES + 1, "the entries and the key");
        fs::remove_dir_all(&directory).expect("removed");
    }
}
