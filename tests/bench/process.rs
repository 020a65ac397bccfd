//! Runs a program once and says how long it took, what it spent of the processors, and the most memory that it had.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

/// The tick of `/proc/PID/stat`, which Linux has told programs for as long as it has run on these processors.
const TICK: Duration = Duration::from_millis(10);

/// A program that takes longer is ended, and its row says so.
const LONGEST: Duration = Duration::from_secs(600);

/// How often the memory of a program is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// A program with its arguments and variables, to be run any number of times.
#[derive(Clone, Debug)]
pub struct Program {
    pub path: PathBuf,
    pub arguments: Vec<String>,
    /// The folder that it runs in.
    pub folder: PathBuf,
}

/// What one run took.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub wall: Duration,
    /// In all its threads, user and system, in ticks of 10 ms.
    pub processor: Duration,
}

impl Program {
    pub fn new(path: impl AsRef<Path>, arguments: &[&str], folder: &Path) -> Self {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Self { path: path.as_ref().to_owned(), arguments, folder: folder.to_owned() }
    }

    /// The same with more arguments.
    pub fn with(&self, arguments: &[&str]) -> Self {
        let more = arguments.iter().map(|&argument| argument.to_owned());
        Self { arguments: self.arguments.iter().cloned().chain(more).collect(), ..self.clone() }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.args(&self.arguments).current_dir(&self.folder).stdin(Stdio::null());
        command
    }

    /// What it prints on its standard output.
    pub fn printed(&self) -> Result<Vec<u8>, String> {
        let output = self.command().stderr(Stdio::null()).output();
        output.map(|output| output.stdout).map_err(|error| format!("{}: {error}", self.path.display()))
    }

    /// One run with all output thrown away; an error where it takes longer than anybody should wait.
    pub fn run(&self) -> Result<Run, String> {
        self.watched(None)
    }

    /// The most memory that one run had, in bytes; looking costs time, so that run's is not told.
    pub fn memory(&self) -> Result<u64, String> {
        let mut most = 0;
        self.watched(Some(&mut most))?;
        Ok(most)
    }

    fn watched(&self, memory: Option<&mut u64>) -> Result<Run, String> {
        let said = |error: std::io::Error| format!("{}: {error}", self.path.display());
        let null = || File::options().write(true).open("/dev/null").map_err(said);
        let (look, out, err) = (memory.as_ref().map_or(LONGEST, |_| LOOK), null()?, null()?);
        let started = Instant::now();
        let mut child = self.command().stdout(out).stderr(err).spawn().map_err(said)?;
        let (pid, number) = (Pid::from_child(&child), child.id());
        let (tell, told) = std::sync::mpsc::channel::<()>();
        let watch = move || {
            let mut most = 0;
            while told.recv_timeout(look) == Err(RecvTimeoutError::Timeout) {
                most = peak(number).max(most);
                if started.elapsed() >= LONGEST {
                    // It may have ended just now, which is as good.
                    let _ = kill_process(pid, Signal::KILL);
                }
            }
            most
        };
        let watcher = std::thread::spawn(watch);
        let ended = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        let wall = started.elapsed();
        drop(tell);
        let most = watcher.join().unwrap_or_default();
        ended.map_err(|error| format!("waitid: {error}"))?;
        let processor = spent(number).unwrap_or_default();
        child.wait().map_err(said)?;
        if wall >= LONGEST {
            return Err(format!("more than {} s", LONGEST.as_secs()));
        }
        if let Some(memory) = memory {
            *memory = most;
        }
        Ok(Run { wall, processor })
    }
}

/// What a process has spent of the processors, user and system; it may have ended, as long as nobody was told.
fn spent(pid: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold anything; times are the 14th and 15th field.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks: Vec<u32> = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    Some(TICK * ticks.iter().sum::<u32>())
}

/// The most memory that a running process has had.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|text| text.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) * 1024
}
