//! Runs one command and writes what it took: status, processor time, and the most memory that it or one of its children had.
//!
//! `measured FILE LIMITS COMMAND ARGUMENT...`. It stands between a test and the product because the kernel counts what the
//! starter itself had as the child's own peak; this one has next to nothing. LIMITS is `-`, or a list such as
//! `processor=2,memory=536870912` that the command and its children live under.

use std::process::{Command, ExitCode, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, setrlimit};
use wait4::{ResUse, Wait4};

/// When whatever still runs is killed: nothing here may take nearly as long.
const PATIENCE: Duration = Duration::from_secs(300);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [file, limits, program, rest @ ..] => match measure(limits, program, rest) {
            Ok(used) => {
                let line = line(used.status, &used, &used.rusage.utime.saturating_add(used.rusage.stime));
                std::fs::write(file, line).map_or(ExitCode::from(99), |()| ExitCode::SUCCESS)
            }
            Err(why) => {
                eprintln!("measured: {why}");
                ExitCode::from(99)
            }
        },
        _ => ExitCode::from(98),
    }
}

fn measure(limits: &str, program: &str, rest: &[String]) -> Result<ResUse, String> {
    for limit in limits.split(',').filter(|limit| *limit != "-") {
        let (name, most) = limit.split_once('=').ok_or("a limit without a number")?;
        let most = most.parse().map_err(|_| format!("`{most}` is no number"))?;
        let resource = match name {
            "processor" => Resource::Cpu,
            "memory" => Resource::As,
            _ => return Err(format!("no limit is called `{name}`")),
        };
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) }).map_err(|e| e.to_string())?;
    }
    let mut child = Command::new(program).args(rest).spawn().map_err(|e| e.to_string())?;
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(used) = child.try_wait4().map_err(|e| e.to_string())? {
            return Ok(used);
        }
        if Instant::now() >= until {
            let _ = child.kill();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Status (or `-` and the number of a signal), peak in bytes, processor time in milliseconds.
fn line(status: ExitStatus, used: &ResUse, time: &Duration) -> String {
    use std::os::unix::process::ExitStatusExt;
    let status = status.code().unwrap_or_else(|| -status.signal().unwrap_or(1));
    format!("{status} {} {}", used.rusage.maxrss, time.as_millis())
}
