//! Bytes to code in a child that can be killed.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use portcullis_model::sha256_hex;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::engine::{self, COMPILE_THREADS, Target, WASMTIME};
use crate::error::Reason;
use crate::scan;
use crate::validate::validate;

/// Processor time of the compile child. An honest plugin takes milliseconds, an interpreter ten seconds.
pub const COMPILE_SECONDS: u64 = 60;
/// Address space of the compile child.
pub const COMPILE_MEMORY: u64 = 2 << 30;
/// Wall time after which the parent kills the child: it may have to share a processor.
pub const COMPILE_WALL: Duration = Duration::from_secs(180);
/// Bytes of code that the parent takes.
pub const COMPILE_OUTPUT: u64 = 256 << 20;

/// How to start the compile child: this product with its hidden command, or `portcullis-compile`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompilerCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
}

/// Says which component the code was made of and by which compiler; wasmtime itself checks flags and processor.
const MAGIC: &[u8; 8] = b"PCULCODE";
const HEADER: usize = 8 + 71 + 9;

/// Magic, the component's digest as `sha256:` and 64 hex digits, the release of wasmtime filled up with zeros.
fn header(digest: &str) -> Vec<u8> {
    let mut header = [MAGIC.as_slice(), digest.as_bytes(), WASMTIME.as_bytes()].concat();
    header.resize(HEADER, 0);
    header
}

/// The code behind the header; nothing where it is not code of the component with this digest by this release.
pub(crate) fn code_of<'a>(digest: &str, bytes: &'a [u8]) -> Option<&'a [u8]> {
    bytes.strip_prefix(header(digest).as_slice()).filter(|code| !code.is_empty())
}

/// The variable that tells the child how deep types may be.
const TYPE_DEPTH: &str = "PORTCULLIS_TYPE_DEPTH";
/// The exit status of the child where the component is not valid; its message says why.
const INVALID: u8 = 65;
/// The same where its types are too deep; the message is how deep.
const TOO_DEEP: u8 = 66;

/// The child's `main`: a component on the standard input, its code on the standard output, a message on the standard
/// error. The argument `--target baseline` makes code for any machine of this architecture.
///
/// It limits itself first: processor time, address space, no core dump. The returned number is the exit status.
pub fn compile_child_main(args: &[String]) -> u8 {
    let target = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Target::Native,
        ["--target", "baseline"] => Target::Baseline,
        _ => return complain("usage: portcullis-compile [--target baseline] < component > code"),
    };
    for resource in [Resource::Cpu, Resource::As, Resource::Core] {
        let most = most_of(resource);
        if let Err(error) = setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) }) {
            return complain(&format!("the limit {resource:?} could not be set: {error}"));
        }
    }
    let mut component = Vec::new();
    let most = scan::Limits::default().bytes as u64;
    if let Err(error) = std::io::stdin().lock().take(most + 1).read_to_end(&mut component) {
        return complain(&format!("the component could not be read: {error}"));
    }
    let depth = std::env::var(TYPE_DEPTH).ok().and_then(|depth| depth.parse().ok());
    match validate(&component, depth.unwrap_or(scan::Limits::default().type_depth)) {
        Ok(()) => {}
        Err(Reason::Limit { found, .. }) => {
            complain(&found.to_string());
            return TOO_DEEP;
        }
        Err(Reason::Invalid(what)) => {
            complain(&what);
            return INVALID;
        }
        Err(reason) => return complain(&reason.to_string()),
    }
    match compile(&component, target) {
        Ok(code) => match std::io::stdout().lock().write_all(&code) {
            Ok(()) => 0,
            Err(error) => complain(&format!("the code could not be written: {error}")),
        },
        Err(reason) => complain(&reason),
    }
}

/// What the child may have, or less where this process and its children live under a smaller limit already: nobody raises
/// one again.
fn most_of(resource: Resource) -> u64 {
    let ours = match resource {
        Resource::Cpu => COMPILE_SECONDS,
        Resource::As => COMPILE_MEMORY,
        _ => 0,
    };
    getrlimit(resource).maximum.map_or(ours, |theirs| theirs.min(ours))
}

fn complain(what: &str) -> u8 {
    // Nobody may be left to read it.
    let _ = writeln!(std::io::stderr(), "{what}");
    1
}

fn compile(component: &[u8], target: Target) -> Result<Vec<u8>, String> {
    let engine = engine::compiler(target).map_err(|e| e.to_string())?;
    let code = engine.precompile_component(component).map_err(|e| format!("{e:#}"))?;
    Ok([header(&sha256_hex(component)), code].concat())
}

/// Validates and compiles in this process, without any limit: only for tests and benches, whose components are their own.
pub(crate) fn in_process(component: &[u8], type_depth: u64) -> Result<Vec<u8>, Reason> {
    validate(component, type_depth)?;
    compile(component, Target::Native).map_err(Reason::Compile)
}

/// Validates and compiles in a child process. The component has passed the count.
pub(crate) fn in_child(
    command: &CompilerCommand,
    component: &[u8],
    digest: &str,
    type_depth: u64,
    wall: Duration,
) -> Result<Vec<u8>, Reason> {
    let failed = |what: String| Reason::Compile(what);
    let mut child = Command::new(&command.program)
        .args(&command.args)
        // The child meets hostile bytes: it gets no secrets.
        .env_clear()
        .env(TYPE_DEPTH, type_depth.to_string())
        .env("RAYON_NUM_THREADS", COMPILE_THREADS.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| failed(format!("the compiler `{}` did not start: {e}", command.program.display())))?;
    let result = converse(&mut child, component, wall);
    // Also after an error in between; killing what has ended is no error, and waiting leaves no zombie.
    let _ = child.kill();
    let status = child.wait().map_err(|e| failed(format!("the compiler was lost: {e}")))?;
    let (code, message) = result.map_err(failed)?;
    if !status.success() {
        return Err(refusal(status, &message, type_depth));
    }
    match code_of(digest, &code) {
        Some(_) => Ok(code),
        None => Err(failed("the compiler answered something else than code of this release".into())),
    }
}

/// Writes, reads and waits at once; gives up when the time is over.
fn converse(child: &mut Child, component: &[u8], wall: Duration) -> Result<(Vec<u8>, String), String> {
    let (Some(mut stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err("the compiler has no pipes".into());
    };
    let until = Instant::now() + wall;
    thread::scope(|scope| {
        // A child that dies early breaks the pipe; its exit status says why.
        scope.spawn(move || stdin.write_all(component).and_then(|()| stdin.flush()));
        let (sender, outputs) = mpsc::channel();
        let messages = sender.clone();
        scope.spawn(move || sender.send((true, read_bounded(stdout, COMPILE_OUTPUT))));
        scope.spawn(move || messages.send((false, read_bounded(stderr, 16 << 10))));
        let mut answer = (Vec::new(), String::new());
        for _ in 0..2 {
            let left = until.saturating_duration_since(Instant::now());
            match outputs.recv_timeout(left) {
                Ok((true, Ok(code))) => answer.0 = code,
                Ok((_, Ok(message))) => answer.1 = String::from_utf8_lossy(&message).trim().to_owned(),
                Ok((_, Err(what))) => {
                    let _ = child.kill();
                    return Err(what);
                }
                Err(_) => {
                    let _ = child.kill();
                    return Err(format!("the compiler did not end within {} s", wall.as_secs()));
                }
            }
        }
        // Both pipes are closed, so the child ends now or is stuck on purpose.
        while Instant::now() < until {
            match child.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(1)),
                _ => break,
            }
        }
        Ok(answer)
    })
}

fn read_bounded(mut from: impl Read, most: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    from.by_ref().take(most + 1).read_to_end(&mut bytes).map_err(|e| format!("the compiler was lost: {e}"))?;
    if bytes.len() as u64 > most {
        return Err(format!("the compiler wrote more than {} MiB", most >> 20));
    }
    Ok(bytes)
}

/// What the child says about a component.
fn refusal(status: ExitStatus, message: &str, most: u64) -> Reason {
    match (status.code().and_then(|code| u8::try_from(code).ok()), message.parse()) {
        // Escaped and cut once more: the child has met hostile bytes.
        (Some(INVALID), _) => Reason::Invalid(crate::answer::sentence(message, 1_000)),
        (Some(TOO_DEEP), Ok(found)) => Reason::Limit { limit: scan::TYPE_DEPTH, most, found },
        _ => Reason::Compile(why(status, message)),
    }
}

fn why(status: ExitStatus, message: &str) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status.signal() {
        // SIGXCPU, and SIGKILL where only the hard limit was seen.
        Some(24 | 9) => format!("it takes more than {} s of processor time", most_of(Resource::Cpu)),
        // SIGABRT: an allocation failed.
        Some(6) => {
            format!("it takes more than {} MiB of memory, or the compiler gave up", most_of(Resource::As) >> 20)
        }
        Some(signal) => format!("the compiler was ended by signal {signal}"),
        None if message.is_empty() => format!("the compiler ended with {status}"),
        None => message.chars().take(1_000).collect::<String>().escape_debug().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_code_of_another_component_or_release() {
        let (one, two) = (sha256_hex(b"one"), sha256_hex(b"two"));
        let code = [header(&one), b"code".to_vec()].concat();
        assert_eq!(code_of(&one, &code), Some(b"code".as_slice()));
        assert_eq!(code_of(&two, &code), None);
        let mut other = code.clone();
        other[HEADER - 8] ^= 1;
        assert_eq!(code_of(&one, &other), None);
        assert_eq!(code_of(&one, &code[..HEADER]), None);
        assert_eq!(code_of(&one, b""), None);
    }

    #[test]
    fn reports_a_compiler_that_is_missing_stuck_or_lying_p65() {
        let run = |program: &str, args: &[&str]| {
            let args = args.iter().map(|arg| (*arg).to_owned()).collect();
            let command = CompilerCommand { program: program.into(), args };
            in_child(&command, b"component", "sha256:", 20, Duration::from_millis(300))
                .expect_err("an error")
                .to_string()
        };
        assert!(run("/nonexistent", &[]).contains("the compiler `/nonexistent` did not start"));
        let late = run("/bin/sh", &["-c", "exec /bin/sleep 10"]);
        assert_eq!(late, "could not be compiled: the compiler did not end within 0 s");
        assert!(run("/bin/sh", &["-c", "echo lies"]).contains("something else than code"));
        let says = |status: u8, what: &str| run("/bin/sh", &["-c", &format!("echo '{what}' >&2; exit {status}")]);
        assert_eq!(says(INVALID, "bad \u{1b}"), "is not a valid component: bad \\u{1b}");
        assert_eq!(says(TOO_DEEP, "30"), "is refused: 30 types inside each other, at most 20 are admitted");
        assert_eq!(says(TOO_DEEP, "very"), "could not be compiled: very");
        assert!(run("/bin/sh", &["-c", "kill -ABRT $$"]).contains("more than 2048 MiB of memory"));
        assert!(run("/bin/sh", &["-c", "kill -XCPU $$"]).contains("more than 60 s of processor time"));
        assert!(run("/bin/sh", &["-c", "echo 'bad \u{1b}[31m' >&2; exit 1"]).contains(r"bad \u{1b}[31m"));
    }
}
