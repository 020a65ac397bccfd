//! Processes that end when we end, however that happens.

use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// Waits at the other end of a pipe: when it closes, because we dropped it or because we were killed, every group that it was
/// told of is killed and the folder is removed.
const WATCH: &str = r#"
trap '' INT TERM HUP
groups=' '
while read -r word id; do
    case $word in
        watch) groups="$groups$id " ;;
        forget) groups=$(printf '%s' "$groups" | sed "s/ $id / /") ;;
    esac
done
for id in $groups; do kill -s KILL -- "-$id" 2>/dev/null; done
rm -rf "$1"
"#;

/// Owns a temporary folder and whatever runs in it.
#[derive(Debug)]
pub struct Guard {
    folder: PathBuf,
    pipe: Mutex<Option<ChildStdin>>,
    shell: Mutex<Child>,
}

impl Guard {
    /// Makes the folder and starts to watch.
    pub fn start(name: &str) -> Arc<Self> {
        let folder = std::env::temp_dir().join(format!("portcullis-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let mut shell = Command::new("sh");
        shell.args(["-c", WATCH, "sh"]).arg(&folder).stdin(Stdio::piped()).process_group(0);
        let mut shell = shell.spawn().expect("a shell");
        let pipe = Mutex::new(shell.stdin.take());
        Arc::new(Self { folder, pipe, shell: Mutex::new(shell) })
    }

    /// The temporary folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn tell(&self, word: &str, id: u32) {
        let mut pipe = self.pipe.lock().expect("nobody panics while writing a line");
        let pipe = pipe.as_mut().expect("open until dropped");
        writeln!(pipe, "{word} {id}").expect("the watching shell lives");
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Ok(mut pipe) = self.pipe.lock() {
            drop(pipe.take());
        }
        if let Ok(mut shell) = self.shell.lock() {
            let _ = shell.wait();
        }
    }
}

/// One process in a group of its own, with what it says in a file.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    guard: Arc<Guard>,
    ended: Option<ExitStatus>,
}

impl Process {
    /// Starts a command; both its outputs go to `<name>.log` in the guard's folder, after what is already there.
    pub fn start(guard: &Arc<Guard>, name: &str, command: &mut Command) -> Self {
        let log = guard.folder().join(format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log).expect("a log file");
        let copy = file.try_clone().expect("a second handle");
        let child = command.stdin(Stdio::null()).stdout(file).stderr(copy).process_group(0).spawn();
        let child = child.unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        guard.tell("watch", child.id());
        Self { name: name.to_owned(), child, log, guard: Arc::clone(guard), ended: None }
    }

    /// What it said so far.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// The last lines of that.
    pub fn last_words(&self) -> String {
        let said = self.said();
        let lines: Vec<&str> = said.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    /// Asks it to end, and nobody else of its group.
    pub fn terminate(&self) {
        let _ = kill_process(self.pid(), Signal::TERM);
    }

    /// Asks it to read its configuration again.
    pub fn hang_up(&self) {
        let _ = kill_process(self.pid(), Signal::HUP);
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().expect("our own child");
            if self.ended.is_some() {
                self.guard.tell("forget", self.child.id());
            }
        }
        self.ended
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// It still runs after that time.
    pub fn wait(&mut self, time: Duration) -> Result<ExitStatus, String> {
        let until = Instant::now() + time;
        loop {
            if let Some(status) = self.ended() {
                return Ok(status);
            }
            if Instant::now() > until {
                return Err(format!("{} still runs after {time:?}", self.name));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Megabytes that it holds in memory now, where the system says so.
    pub fn resident(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kib| kib / 1024)
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended().is_none() {
            let _ = kill_process_group(self.pid(), Signal::KILL);
            let _ = self.wait(Duration::from_secs(10));
        }
    }
}

/// Waits until something is there, and fails with its last complaint.
pub fn wait_for<T>(what: &str, time: Duration, mut look: impl FnMut() -> Result<T, String>) -> T {
    let until = Instant::now() + time;
    loop {
        match look() {
            Ok(found) => return found,
            Err(complaint) if Instant::now() > until => panic!("{what}: not after {time:?}: {complaint}"),
            Err(_) => std::thread::sleep(Duration::from_millis(30)),
        }
    }
}
