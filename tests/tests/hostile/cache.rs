//! Poisons what is remembered of compiled plugins, and sees that it was made again and never run.

use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// What a poisoned cache must have become after a run.
pub struct Poison {
    entry: PathBuf,
    good: Vec<u8>,
    /// A word about it that is expected on the standard error; empty where it must be silent.
    note: &'static str,
    /// Whether the entry is made again: where the directory cannot be trusted, nothing is written to it.
    again: bool,
}

impl Poison {
    /// What is not as it must be.
    pub fn complaints(&self, err: &str) -> Vec<String> {
        let mut complaints = Vec::new();
        if self.note.is_empty() != err.is_empty() || !err.contains(self.note) {
            complaints.push(format!("says `{err}` of a poisoned cache"));
        }
        let mended = std::fs::read(&self.entry).is_ok_and(|bytes| bytes == self.good);
        let regular = std::fs::symlink_metadata(&self.entry).is_ok_and(|found| found.is_file());
        if self.again && !(mended && regular) {
            complaints.push("the entry was not made again".into());
        }
        complaints
    }
}

/// Does to the only entry of a cache what a case says.
pub fn poison(directory: &Path, what: &str) -> Poison {
    let entries = portcullis_tests::files(directory, "code");
    assert_eq!(entries.len(), 1, "one plugin was compiled");
    let entry = entries.into_iter().next().expect("one");
    let good = std::fs::read(&entry).expect("an entry");
    let key = directory.join("key");
    let write = |bytes: &[u8]| std::fs::write(&entry, bytes).expect("written");
    let open = |path: &Path, mode: u32| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
    };
    let elsewhere = directory.with_file_name("elsewhere");
    let (mut note, mut again) = ("", true);
    match what {
        "cut" => write(&good[..good.len() / 2]),
        "nothing is left" => write(b""),
        "flipped" => {
            let mut bad = good.clone();
            let middle = bad.len() / 2;
            bad[middle] ^= 1;
            write(&bad);
        }
        "exchanged for an authentic entry of another plugin" => write(&authentic(directory, &entry, |_| other())),
        "authentic, of another release of the compiler" => write(&authentic(directory, &entry, |mut code| {
            // Magic, digest, release.
            code[8 + 71] ^= 1;
            code
        })),
        "behind a symbolic link" => {
            std::fs::rename(&entry, &elsewhere).expect("moved");
            symlink(&elsewhere, &entry).expect("a link");
        }
        "a pipe" => {
            std::fs::remove_file(&entry).expect("removed");
            let made = std::process::Command::new("mkfifo").arg(&entry).status();
            assert!(made.is_ok_and(|status| status.success()), "mkfifo");
        }
        "writable by everybody" => open(&entry, 0o666),
        "of another owner" => chown(&entry, Some(65_534), None).unwrap_or_else(|e| {
            // Only root gives files away; what may not be written by others is the next best.
            println!("SKIPPED: no file of another owner: {e}");
            open(&entry, 0o666);
        }),
        "made with another key" => {
            std::fs::write(&key, [7; 32]).expect("written");
            return Poison { good: remade(directory, &entry, &good), entry, note, again };
        }
        "in a directory for everybody" => {
            open(directory, 0o777);
            (note, again) = ("others may use it too; `chmod 700` mends that", false);
        }
        "in a directory behind a link" => {
            std::fs::rename(directory, &elsewhere).expect("moved");
            symlink(&elsewhere, directory).expect("a link");
            (note, again) = ("it is a symbolic link or no directory", false);
        }
        other => panic!("nobody knows how to poison a cache: `{other}`"),
    }
    Poison { entry, good, note, again }
}

/// An entry as this installation would have written it, with its key.
fn authentic(directory: &Path, entry: &Path, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    let code = change(std::fs::read(entry).expect("an entry").split_off(32));
    [mac(directory, entry, &code), code].concat()
}

/// Code of another plugin by this release: one that would loop for ever.
fn other() -> Vec<u8> {
    let text = crate::directives::written_out(
        "(module <<honest memory describe prepare realloc>> (func (export \"evaluate\") (param i32 i32) (result i32) (loop $l (br $l)) (unreachable)))",
    );
    crate::plugin::code(&crate::plugin::component("other", &text.expect("a text")))
}

/// What the product will write now.
fn remade(directory: &Path, entry: &Path, good: &[u8]) -> Vec<u8> {
    [mac(directory, entry, &good[32..]), good[32..].to_vec()].concat()
}

/// HMAC-SHA256 (RFC 2104) over the length of the name, the name and the code.
fn mac(directory: &Path, entry: &Path, code: &[u8]) -> Vec<u8> {
    let mut key = std::fs::read(directory.join("key")).expect("the key");
    key.resize(64, 0);
    let pad = |with: u8| key.iter().map(|byte| byte ^ with).collect::<Vec<u8>>();
    let name = entry.file_stem().and_then(|stem| stem.to_str()).expect("a name");
    let inner = Sha256::new()
        .chain_update(pad(0x36))
        .chain_update((name.len() as u64).to_le_bytes())
        .chain_update(name)
        .chain_update(code)
        .finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}
