//! kubectl, as a person uses it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// What it said and how it ended.
#[derive(Clone, Debug)]
pub struct Said {
    /// The exit status.
    pub status: i32,
    /// The standard output.
    pub out: String,
    /// The standard error: refusals and warnings.
    pub err: String,
}

impl Said {
    /// Whether it ended with status 0.
    pub fn succeeded(&self) -> bool {
        self.status == 0
    }

    /// The standard output as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_default()
    }

    /// Both outputs, on one line.
    pub fn words(&self) -> String {
        let lines = self.err.lines().chain(self.out.lines()).map(str::trim).filter(|line| !line.is_empty());
        lines.collect::<Vec<_>>().join(" / ")
    }
}

/// kubectl with one kubeconfig.
#[derive(Clone, Debug)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
    home: PathBuf,
}

impl Kubectl {
    /// Keeps what it caches in `home`.
    pub fn new(program: PathBuf, kubeconfig: &Path, home: &Path) -> Self {
        Self { program, kubeconfig: kubeconfig.to_owned(), home: home.to_owned() }
    }

    /// Runs it.
    pub fn run(&self, arguments: &[&str]) -> Said {
        self.run_with(arguments, "")
    }

    /// Runs it with something on the standard input.
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Said {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("--request-timeout=60s").env_clear();
        command.env("KUBECONFIG", &self.kubeconfig).env("HOME", &self.home).current_dir(&self.home);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kubectl starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        let input = input.as_bytes().to_vec();
        // A thread of its own, so that neither side waits for the other with full pipes.
        let writer = std::thread::spawn(move || {
            let _ = stdin.write_all(&input);
        });
        let output = child.wait_with_output().expect("kubectl ends");
        let _ = writer.join();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { status: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Runs it, and fails where it fails.
    pub fn must(&self, arguments: &[&str]) -> Said {
        self.must_with(arguments, "")
    }

    /// Runs it with something on the standard input, and fails where it fails.
    pub fn must_with(&self, arguments: &[&str], input: &str) -> Said {
        let said = self.run_with(arguments, input);
        assert!(said.succeeded(), "kubectl {}: {}", arguments.join(" "), said.words());
        said
    }

    /// `apply -f -` of one object.
    pub fn apply(&self, object: &Value) -> Said {
        self.run_with(&["apply", "-f", "-"], &object.to_string())
    }

    /// `create -f -` of one object.
    pub fn create(&self, object: &Value) -> Said {
        self.run_with(&["create", "-f", "-"], &object.to_string())
    }
}
