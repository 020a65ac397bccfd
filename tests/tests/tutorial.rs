//! The tutorial of plugins/README.md, followed to its end: its files written and its commands typed as they stand there.

#![expect(clippy::panic, reason = "a tutorial that does not end has failed")]

use std::fmt::Write as _;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use portcullis_tests::{Folder, binary, root};

#[path = "walk/shown.rs"]
mod shown;

use shown::shows;

/// Stands between what the commands print, before their exit status.
const MARK: &str = "@@ status ";
/// What a block begins with that is a file, and how its name ends.
const FILE: (&str, &str) = ("<!-- file: ", " -->\n");

/// What the tutorial tells its reader to do.
#[derive(Debug)]
enum Step {
    Write { file: String, text: String },
    Type { command: String, shown: Vec<String> },
}

/// The steps of the section, in their order; every block of it is one.
fn steps(section: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut before = "";
    for (number, part) in section.split("```").enumerate() {
        if number % 2 == 0 {
            before = part;
            continue;
        }
        let (kind, text) = part.split_once('\n').expect("a block");
        if let Some(file) = before.rsplit_once(FILE.0).and_then(|(_, rest)| rest.strip_suffix(FILE.1)) {
            steps.push(Step::Write { file: file.to_owned(), text: text.to_owned() });
            continue;
        }
        assert_eq!(kind, "console", "a block that is neither a file nor commands:\n{text}");
        for line in text.lines() {
            match (line.strip_prefix("$ "), steps.last_mut()) {
                (Some(command), _) => steps.push(Step::Type { command: command.to_owned(), shown: Vec::new() }),
                (None, Some(Step::Type { shown, .. })) => shown.push(line.to_owned()),
                (None, _) => panic!("a command comes first: {line}"),
            }
        }
    }
    steps
}

/// Whether the compiler can make WebAssembly; says loudly where it cannot.
fn has_target() -> bool {
    let libraries =
        Command::new("rustc").args(["--print", "target-libdir", "--target", "wasm32-unknown-unknown"]).output();
    let folder = libraries.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    let there = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if !there {
        println!(
            "SKIPPED: the tutorial of plugins/README.md: `rustup target add wasm32-unknown-unknown` makes it possible"
        );
    }
    there
}

#[test]
fn leads_from_nothing_to_an_enforced_rule() {
    if !has_target() {
        return;
    }
    let readme = std::fs::read_to_string(root().join("plugins/README.md")).expect("plugins/README.md");
    let (_, section) = readme.split_once("\n## Your first plugin\n").expect("the tutorial");
    let (section, _) = section.split_once("\n## ").expect("what follows it");
    let steps = steps(section);
    assert!(steps.len() > 20, "{steps:?}");
    let folder = Folder::new("tutorial");
    let tools = folder.path().join("tools");
    std::fs::create_dir(&tools).expect("a folder");
    symlink(binary(), tools.join("portcullis")).expect("a link");
    let mut script = String::new();
    for (number, step) in steps.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = match step {
            Step::Type { command, .. } => writeln!(script, "{command}\necho \"{MARK}$?\""),
            Step::Write { file, text } => {
                let from = folder.write(&format!("files/{number}"), text);
                // In another second than what was built, whatever the file system counts in.
                writeln!(script, "cp '{}' '{file}' && touch '{file}'", from.display())
            }
        };
    }
    let log = folder.path().join("log");
    let file = std::fs::File::create(&log).expect("a file");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(tools).chain(std::env::split_paths(&path))).expect("a path");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).current_dir(folder.path()).stdin(Stdio::null()).env("PATH", path);
    // Kept from one run to the next, so that only the first one compiles what the SDK is made of.
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    shell.env("CARGO_TARGET_DIR", target.join("author")).env("PORTCULLIS_CACHE_DIR", folder.path().join("cache"));
    shell.stderr(file.try_clone().expect("a second handle")).stdout(file);
    assert!(shell.status().expect("a shell").code().is_some());

    let said = std::fs::read_to_string(&log).expect("what was printed");
    let mut lines = said.lines();
    for step in &steps {
        let Step::Type { command, shown } = step else { continue };
        let mut printed = Vec::new();
        let status = loop {
            let line = lines.next().unwrap_or_else(|| panic!("`{command}` did not end:\n{}", printed.join("\n")));
            match line.strip_prefix(MARK) {
                Some(status) => break status,
                // What cargo says where another one is at work is no part of the tutorial.
                None if line.trim_start().starts_with("Blocking waiting for file lock") => {}
                None => printed.push(line),
            }
        };
        assert_eq!(status, "0", "`{command}`:\n{}", printed.join("\n"));
        assert!(
            shows(shown, &printed),
            "`{command}` printed:\n{}\n\nand not:\n{}",
            printed.join("\n"),
            shown.join("\n")
        );
    }
}
