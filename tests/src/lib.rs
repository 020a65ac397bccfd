//! The two verbs of the tests: run the product as a user does, and read what it says.

#![expect(clippy::panic, reason = "a test that cannot read the answer has failed")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

/// Every format of `check`.
pub const FORMATS: [&str; 8] = ["human", "json", "sarif", "junit", "github", "gitlab", "markdown", "html"];

/// Complaints as `place: message` with the advice below: what they say, without the lines that are drawn between.
pub fn undrawn(err: &str) -> String {
    let mut said: Vec<String> = Vec::new();
    for line in err.lines().filter(|line| !line.is_empty()) {
        let last = said.last_mut();
        if let (Some(place), Some(last)) = (line.strip_prefix("  --> "), last) {
            *last = last.replacen("error: ", &format!("error: {place}: "), 1);
        } else if let Some(help) = line.strip_prefix("     = help: ") {
            said.push(format!("  help: {help}"));
        } else if !line.trim_start_matches([' ', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']).starts_with('|') {
            said.push(line.to_owned());
        }
    }
    said.iter().map(|line| format!("{line}\n")).collect()
}

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Where everything is built.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The product: `PORTCULLIS_BIN`, which `cargo xtask test` sets, or the last release build.
pub fn binary() -> PathBuf {
    let path = std::env::var_os("PORTCULLIS_BIN").map_or_else(|| target().join("release/portcullis"), PathBuf::from);
    assert!(path.is_file(), "there is no {}: run the tests with `cargo xtask test`", path.display());
    path
}

/// The folder of built components: `PORTCULLIS_PLUGINS`, which `cargo xtask test` sets.
pub fn components() -> PathBuf {
    let path = std::env::var_os("PORTCULLIS_PLUGINS").map_or_else(|| target().join("plugins"), PathBuf::from);
    assert!(path.is_dir(), "there is no {}: run the tests with `cargo xtask test`", path.display());
    path
}

/// The corpora (`PORTCULLIS_CORPORA`, default `../shared/corpora`); says loudly when they are absent.
pub fn corpora(folder: &str) -> Option<PathBuf> {
    let base = std::env::var_os("PORTCULLIS_CORPORA").map_or_else(|| root().join("../shared/corpora"), PathBuf::from);
    if !base.is_dir() {
        println!("SKIPPED: no corpora at {}", base.display());
        return None;
    }
    let path = base.join(folder);
    assert!(path.is_dir(), "the corpora at {} have no {folder}", base.display());
    Some(path)
}

/// All files below a folder with this ending, sorted.
pub fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// A folder that goes away with its owner.
pub struct Folder(PathBuf);

impl Folder {
    /// An empty folder.
    pub fn new(name: &str) -> Self {
        let unique = format!("portcullis-{name}-{}-{:?}", std::process::id(), std::thread::current().id());
        let path = std::env::temp_dir().join(unique.replace(['(', ')'], ""));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file in it, folders included; returns its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().expect("a file stands in a folder")).expect("a folder");
        std::fs::write(&path, content).expect("a file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What the product answered.
#[derive(Debug)]
pub struct Answer {
    /// The exit status.
    pub status: i32,
    /// The standard output.
    pub out: String,
    /// The standard error.
    pub err: String,
}

impl Answer {
    /// The standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// The codes of all findings (`plugin/rule`), in order.
    pub fn codes(&self) -> Vec<String> {
        let report = self.json();
        let findings =
            report["decisions"].as_array().into_iter().flatten().flat_map(|d| d["findings"].as_array().cloned());
        findings.flatten().map(|finding| code(&finding)).collect()
    }
}

/// `plugin/rule` of a finding in a JSON report.
pub fn code(finding: &serde_json::Value) -> String {
    let text = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    format!("{}/{}", text("plugin").split('@').next().unwrap_or_default(), text("rule"))
}

/// Runs the product in a folder, with an environment of its own.
pub fn portcullis(folder: &Path, arguments: &[&str]) -> Answer {
    portcullis_with(folder, arguments, None)
}

/// The same with something on the standard input.
pub fn portcullis_with(folder: &Path, arguments: &[&str], input: Option<&[u8]>) -> Answer {
    portcullis_in(folder, &[], arguments, input)
}

/// The same with further variables in its environment.
pub fn portcullis_in(folder: &Path, variables: &[(&str, &str)], arguments: &[&str], input: Option<&[u8]>) -> Answer {
    let cache = cache();
    let mut command = Command::new(binary());
    command.args(arguments).current_dir(folder).env_clear();
    command.env("PORTCULLIS_CACHE_DIR", cache).env("PORTCULLIS_TIME", "2026-11-21T10:00:00Z");
    command.envs(variables.iter().copied());
    let output = run(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()), input);
    Answer {
        status: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The product's cache, one for all tests of a process; gone with it.
fn cache() -> &'static Path {
    static CACHE: OnceLock<(PathBuf, Option<Child>)> = OnceLock::new();
    let (folder, _) = CACHE.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("portcullis-tests-cache-{}", std::process::id()));
        // A process of tests ends without a word to anybody: only its end of this pipe tells.
        let mut sweeper = Command::new("sh");
        sweeper.args(["-c", "cat; exec rm -rf \"$0\""]).arg(&folder).stdin(Stdio::piped());
        (folder, sweeper.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok())
    });
    folder
}

fn run(command: &mut Command, input: Option<&[u8]>) -> Output {
    let mut child = command.spawn().expect("the product starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.unwrap_or_default().to_vec();
    // A thread of its own, so that neither side waits for the other with full pipes.
    let writer = std::thread::spawn(move || {
        let _ = std::io::Write::write_all(&mut stdin, &input);
    });
    let output = child.wait_with_output().expect("the product ends");
    let _ = writer.join();
    output
}
