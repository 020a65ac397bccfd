//! The `git` program, asked by its plumbing: no pager, no hook, no filter, no program of the repository, no network.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use portcullis_report::plain;

use super::Unknown;

/// Bytes of one short answer.
const MAX_ANSWER: u64 = 1 << 20;
/// Bytes of one entry of a tree: a mode, a type, an id and a path.
const MAX_ENTRY: u64 = 64 << 10;
/// Entries of a tree with all that is below it.
const MAX_ENTRIES: usize = 5_000_000;

/// What the environment may not choose in place of the directory that is asked about, as `git rev-parse --local-env-vars`
/// lists it, and what would make git write or read something else.
const UNSET: [&str; 14] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_PREFIX",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_GRAFT_FILE",
    "GIT_SHALLOW_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_TRACE",
    "GIT_TRACE2",
    "GIT_IMPLICIT_WORK_TREE",
];
/// What is set in place of the settings of a repository that nobody trusts. `protocol.allow` and `GIT_NO_LAZY_FETCH`: a
/// partial clone fetches what it lacks, by a program that its own settings name.
/// `safe.bareRepository`: plain files of a change can look like a repository (`HEAD`, `objects`, `refs`), and would answer for it.
const SETTINGS: [&str; 5] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "protocol.allow=never",
    "safe.bareRepository=explicit",
];

/// Git in one directory.
pub(super) struct Git<'d> {
    directory: &'d Path,
}

/// One entry of a tree.
pub(super) struct Entry {
    /// From the top of the repository.
    pub(super) path: PathBuf,
    /// The id of its content, or of the commit of a submodule.
    pub(super) id: String,
    /// Whether it is a regular file.
    pub(super) is_file: bool,
    /// Whether it is a submodule.
    pub(super) is_module: bool,
}

impl<'d> Git<'d> {
    pub(super) fn at(directory: &'d Path) -> Self {
        Self { directory }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        for name in UNSET {
            command.env_remove(name);
        }
        command.env("GIT_OPTIONAL_LOCKS", "0").env("GIT_NO_REPLACE_OBJECTS", "1").env("GIT_NO_LAZY_FETCH", "1");
        command.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
        command.arg("--no-pager").arg("-C").arg(self.directory);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn start(mut command: Command) -> Result<Child, Unknown> {
        command.spawn().map_err(|error| {
            let hint = "install git, or leave out --changed-since to judge everything";
            Unknown::new(format!("the program `git` cannot be started: {}", plain(&error.to_string())), hint)
        })
    }

    /// The answer to a question whose answer may be "no" (any status but 0 with nothing said).
    pub(super) fn ask(&self, arguments: &[&str]) -> Result<Option<String>, Unknown> {
        let (ok, out, _) = self.run(arguments)?;
        let text = out.trim_end_matches('\n').to_owned();
        Ok(Some(text).filter(|text| ok && !text.is_empty()))
    }

    /// The answer to a question that must have one.
    pub(super) fn line(&self, arguments: &[&str], otherwise: &str) -> Result<String, Unknown> {
        match self.run(arguments)? {
            (true, out, _) if !out.trim().is_empty() => Ok(out.trim_end_matches('\n').to_owned()),
            (_, _, said) => Err(Unknown::new(
                format!("{otherwise}{}", quoted(&said)),
                "go into the repository, or leave out --changed-since to judge everything",
            )),
        }
    }

    fn run(&self, arguments: &[&str]) -> Result<(bool, String, String), Unknown> {
        let mut child = Self::start(self.command(arguments))?;
        let said = gather(child.stderr.take());
        let mut out = String::new();
        if let Some(stdout) = child.stdout.take() {
            let read = stdout.take(MAX_ANSWER).read_to_string(&mut out);
            read.map_err(|error| failed(arguments, &error.to_string()))?;
        }
        let status = child.wait().map_err(|error| failed(arguments, &error.to_string()))?;
        Ok((status.success(), out, said.join().unwrap_or_default()))
    }

    /// Every entry of a commit's tree with all that is below it.
    pub(super) fn tree(&self, commit: &str, take: &mut dyn FnMut(Entry)) -> Result<(), Unknown> {
        let arguments = ["ls-tree", "-r", "-z", "--full-tree", commit];
        let mut child = Self::start(self.command(&arguments))?;
        let said = gather(child.stderr.take());
        let mut read = || -> Result<(), String> {
            let Some(stdout) = child.stdout.take() else { return Ok(()) };
            let mut stdout = BufReader::new(stdout);
            for _ in 0..MAX_ENTRIES {
                let mut bytes = Vec::new();
                stdout.by_ref().take(MAX_ENTRY).read_until(0, &mut bytes).map_err(|error| error.to_string())?;
                match bytes.pop() {
                    None => return Ok(()),
                    Some(0) => {}
                    Some(_) => return Err("an entry of its tree has no end".to_owned()),
                }
                take(entry(&bytes).ok_or("its answer is none")?);
            }
            Err(format!("the tree has more than {MAX_ENTRIES} entries"))
        };
        if let Err(error) = read() {
            // It may still be writing to nobody.
            let _ = child.kill();
            let _ = child.wait();
            return Err(failed(&arguments, &error));
        }
        let status = child.wait().map_err(|error| failed(&arguments, &error.to_string()))?;
        let said = said.join().unwrap_or_default();
        if status.success() { Ok(()) } else { Err(failed(&arguments, &said)) }
    }

    /// Tells the content of each of these objects, in their order; nothing in place of more than `limit` bytes.
    pub(super) fn contents(
        &self,
        ids: &[String],
        limit: u64,
        take: &mut dyn FnMut(usize, Option<Vec<u8>>),
    ) -> Result<(), Unknown> {
        let arguments = ["cat-file", "--batch"];
        let lines = ids.iter().map(|id| format!("{id}\n")).collect::<String>();
        let mut command = self.command(&arguments);
        command.stdin(Stdio::piped());
        let mut child = Self::start(command)?;
        let said = gather(child.stderr.take());
        let stdin = child.stdin.take();
        let writer = std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(lines.as_bytes())));
        let mut read = || -> std::io::Result<()> {
            let Some(stdout) = child.stdout.take() else { return Ok(()) };
            let mut stdout = BufReader::new(stdout);
            for (index, id) in ids.iter().enumerate() {
                let mut head = String::new();
                stdout.by_ref().take(MAX_ENTRY).read_line(&mut head)?;
                let size = head.trim_end().strip_prefix(id.as_str()).and_then(|rest| rest.strip_prefix(" blob "));
                let size: u64 = size
                    .and_then(|size| size.parse().ok())
                    .ok_or_else(|| std::io::Error::other("it does not have a file of that commit"))?;
                let mut content = stdout.by_ref().take(size);
                let mut bytes = Vec::new();
                if size <= limit {
                    content.read_to_end(&mut bytes)?;
                } else {
                    std::io::copy(&mut content, &mut std::io::sink())?;
                }
                if content.limit() > 0 || stdout.by_ref().take(1).read(&mut [0])? == 0 {
                    return Err(std::io::ErrorKind::UnexpectedEof.into());
                }
                take(index, (size <= limit).then_some(bytes));
            }
            Ok(())
        };
        let answer = read();
        if answer.is_err() {
            // It may still be writing to nobody.
            let _ = child.kill();
        }
        let _ = child.wait();
        let _ = writer.join();
        let said = said.join().unwrap_or_default();
        answer.map_err(|error| failed(&arguments, if said.is_empty() { format!("{error}") } else { said }.as_str()))
    }

    /// The ids that files would have in the repository, byte for byte as they lie there.
    pub(super) fn hashes(&self, files: impl Iterator<Item = PathBuf>) -> Result<Vec<String>, Unknown> {
        let arguments = ["hash-object", "--no-filters", "--stdin-paths"];
        let mut lines = Vec::new();
        for file in files {
            lines.extend_from_slice(file.as_os_str().as_encoded_bytes());
            lines.push(b'\n');
        }
        if lines.is_empty() {
            return Ok(Vec::new());
        }
        let mut command = self.command(&arguments);
        command.stdin(Stdio::piped());
        let mut child = Self::start(command)?;
        let said = gather(child.stderr.take());
        // A thread of its own, so that neither side waits for the other with full pipes.
        let stdin = child.stdin.take();
        let writer = std::thread::spawn(move || {
            // Git that ended early says so by its status.
            stdin.map(|mut stdin| stdin.write_all(&lines))
        });
        let mut out = String::new();
        if let Some(mut stdout) = child.stdout.take() {
            stdout.read_to_string(&mut out).map_err(|error| failed(&arguments, &error.to_string()))?;
        }
        let status = child.wait().map_err(|error| failed(&arguments, &error.to_string()))?;
        let _ = writer.join();
        match status.success() {
            true => Ok(out.lines().map(str::to_owned).collect()),
            false => Err(failed(&arguments, &said.join().unwrap_or_default())),
        }
    }
}

/// What a program says on its standard error, read beside everything else.
fn gather(stderr: Option<std::process::ChildStderr>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut said = Vec::new();
        if let Some(mut stderr) = stderr {
            // What cannot be read is only missing from a message.
            let _ = stderr.by_ref().take(MAX_ANSWER).read_to_end(&mut said);
            let _ = std::io::copy(&mut stderr, &mut std::io::sink());
        }
        String::from_utf8_lossy(&said).into_owned()
    })
}

/// `100644 blob <id>\t<path>`, as `ls-tree -z` writes it.
fn entry(bytes: &[u8]) -> Option<Entry> {
    let tab = bytes.iter().position(|byte| *byte == b'\t')?;
    let (head, path) = (std::str::from_utf8(&bytes[..tab]).ok()?, &bytes[tab + 1..]);
    let mut words = head.split_ascii_whitespace();
    let (mode, kind, id) = (words.next()?, words.next()?, words.next()?);
    let is_file = kind == "blob" && mode.starts_with("100");
    Some(Entry { path: path_of(path), id: id.to_owned(), is_file, is_module: kind == "commit" })
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::new(&*String::from_utf8_lossy(bytes)))
}

/// Whether a name would end a line.
pub(super) fn has_line_break(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().iter().any(|byte| matches!(byte, b'\n' | b'\r'))
}

fn failed(arguments: &[&str], said: &str) -> Unknown {
    let what = arguments.first().copied().unwrap_or_default();
    let hint =
        "mend the repository (`git fsck`; a partial clone needs `git fetch --refetch`), or leave out --changed-since";
    Unknown::new(format!("`git {what}` failed{}", quoted(said)), hint)
}

/// The first line of what git said.
fn quoted(said: &str) -> String {
    let line = said.lines().find(|line| !line.trim().is_empty()).map(str::trim);
    line.map_or_else(String::new, |line| format!(" (git says: {})", plain(line)))
}
