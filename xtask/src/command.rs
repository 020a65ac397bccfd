//! Runs other programs: shown, awaited, and complained about in one line.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail, ensure};

/// The command line as a person would type it, without the environment.
pub fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words = words.map(|word| {
        let word = word.to_string_lossy();
        if word.is_empty() || word.contains(char::is_whitespace) { format!("'{word}'") } else { word.into_owned() }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Runs a command to its end with our own output; anything but exit status 0 is an error.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start `{}`", shown(command)))?;
    ensure!(status.success(), "`{}` failed ({status})", shown(command));
    Ok(())
}

/// Runs a command and returns what it prints, without the white space at the end.
///
/// The error carries the last line that says something on its standard error: enough for one line of explanation.
pub fn text(command: &mut Command) -> Result<String> {
    command.stdin(Stdio::null());
    let output = command.output().with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !output.status.success() {
        bail!("`{}` failed: {}", shown(command), complaint(&output.stderr, &output.status.to_string()));
    }
    let text = String::from_utf8(output.stdout).with_context(|| format!("`{}` printed no UTF-8", shown(command)))?;
    Ok(text.trim_end().to_owned())
}

/// Runs a command with something on its standard input and returns all that it says.
pub fn piped(command: &mut Command, input: &[u8]) -> Result<Output> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start `{}`", shown(command)))?;
    let mut stdin = child.stdin.take().context("a child without standard input")?;
    let input = input.to_vec();
    // A thread of its own, so that neither side waits for the other with full pipes; who does not read says so by its status.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().with_context(|| format!("cannot wait for `{}`", shown(command)))?;
    let _ = writer.join();
    Ok(output)
}

/// The most telling line of a program's standard error: the first that speaks of an error, else the last.
fn complaint(stderr: &[u8], otherwise: &str) -> String {
    let stderr = String::from_utf8_lossy(stderr);
    let lines = || stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let telling =
        lines().find(|line| line.starts_with("error") || line.starts_with("E:")).or_else(|| lines().next_back());
    telling.unwrap_or(otherwise).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_a_command_as_typed() {
        assert_eq!(shown(Command::new("a").args(["b c", "", "d"])), "a 'b c' '' d");
    }

    #[test]
    fn picks_the_telling_line() {
        assert_eq!(complaint(b"info: x\nerror: no network\nnote\n", "1"), "error: no network");
        assert_eq!(complaint(b"one\ntwo\n\n", "1"), "two");
        assert_eq!(complaint(b"", "exit status: 1"), "exit status: 1");
    }

    #[test]
    fn refuses_a_failing_program() {
        assert!(run(&mut Command::new("false")).is_err());
        assert!(text(&mut Command::new("a-program-that-does-not-exist")).is_err());
    }
}
