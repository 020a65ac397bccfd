//! A `serve` that runs as long as its owner, and what it says.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portcullis_tests::binary;
use rustix::process::{Pid, Signal, kill_process};

use crate::caller::{Caller, Reply, get};

/// How long anything may take: a debug build compiles plugins slowly.
const PATIENCE: Duration = Duration::from_secs(60);

/// One process.
pub struct Served {
    child: Child,
    /// Where reviews go.
    pub reviews: SocketAddr,
    /// Where health is.
    pub ops: SocketAddr,
    log: Arc<Mutex<String>>,
    out: Arc<Mutex<String>>,
}

/// A port that was free a moment ago.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}

/// A set with one rule: the most CPU that a container may have.
pub fn set(most: &str) -> String {
    format!(
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: cpu}}\nspec:\n  policies:\n  \
         - name: limits\n    plugin: {{builtin: resource-limits}}\n    settings: {{cpu: {{max: \"{most}\"}}}}\n"
    )
}

/// `serve` in an environment of its own.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.arg("serve").args(arguments).current_dir(folder).env_clear().stdin(Stdio::null());
    command.env("PORTCULLIS_CACHE_DIR", folder.join("cache"));
    command
}

impl Served {
    /// Starts it on free ports, and waits until it is ready.
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        let (reviews, ops) = (free(), free());
        let mut command = command(folder, arguments);
        command.args(["--listen", &reviews.to_string(), "--ops-listen", &ops.to_string()]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the product starts");
        let log = follow(child.stderr.take().expect("a pipe"));
        let out = follow(child.stdout.take().expect("a pipe"));
        let mut served = Self { child, reviews, ops, log, out };
        served.wait_for("readiness", |served| get(served.ops, "/readyz").is_ok_and(|reply| reply.status == 200));
        served
    }

    /// Waits until something holds.
    pub fn wait_for(&mut self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !holds(self) {
            let ended = self.child.try_wait().ok().flatten();
            assert!(ended.is_none(), "ended with {ended:?} while waiting for {what}: {}", self.log());
            assert!(Instant::now() < until, "no {what}: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        self.log.lock().expect("a text").clone()
    }

    /// What it has said on the standard output.
    pub fn out(&self) -> String {
        self.out.lock().expect("a text").clone()
    }

    /// What `/readyz?verbose` says.
    pub fn verbose(&self) -> String {
        get(self.ops, "/readyz?verbose").expect("an answer").body
    }

    /// One metric with its labels as they are written.
    pub fn metric(&self, name: &str) -> Option<f64> {
        let body = get(self.ops, "/metrics").expect("an answer").body;
        body.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    }

    /// Sends a review to all sets.
    pub fn judge(&self, caller: &Caller, review: &str) -> Reply {
        caller.post(self.reviews, "/validate?timeout=10s", review).unwrap_or_else(|e| panic!("{e}: {}", self.log()))
    }

    /// Its number among the processes.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.pid()).expect("a pid")).expect("a pid");
        kill_process(pid, signal).expect("it lives");
    }

    /// Waits for its end; its status.
    pub fn ended(&mut self) -> i32 {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status.code().unwrap_or(-1);
            }
            assert!(Instant::now() < until, "it does not end: {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a pipe to its end, so that nobody waits for us to do so.
fn follow(pipe: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&text);
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let mut kept = kept.lock().expect("a text");
            kept.push_str(&line);
            kept.push('\n');
        }
    });
    text
}
