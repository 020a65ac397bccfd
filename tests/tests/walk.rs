//! The walks through signed images, SBOMs and scans in README.md, typed as they stand there, with the real tools and a real registry.

use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use portcullis_tests::{Folder, binary, root};

/// The registry of the walk. Here it has another port, which nobody uses.
const REGISTRY: &str = "localhost:5000";
/// Stands between what the commands print, before their exit status.
const MARK: &str = "@@ status ";

/// A command of the walk, and what it shows.
#[derive(Debug)]
struct Step {
    command: String,
    shown: Vec<String>,
}

/// The commands of one section of the README.
fn steps(title: &str, end: &str) -> Vec<Step> {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("README.md");
    let (_, section) = readme.split_once(title).expect("the section");
    let (section, _) = section.split_once(end).expect("what follows it");
    let blocks = section.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut steps: Vec<Step> = Vec::new();
    for line in blocks.flat_map(str::lines) {
        match line.strip_prefix("$ ") {
            Some(command) => steps.push(Step { command: command.to_owned(), shown: Vec::new() }),
            None => steps.last_mut().expect("a command comes first").shown.push(line.to_owned()),
        }
    }
    steps
}

/// The path of a tool: the one that a variable names, or the one of that name on the path.
fn tool(variable: &str, name: &str) -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(variable) {
        return Some(path.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file());
    if found.is_none() {
        println!("SKIPPED: the walk of README.md: there is no `{name}`; `cargo xtask test --all` installs it");
    }
    found
}

/// Whether `line` is what `pattern` shows: every `...` in it stands for any text.
fn fits(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split("...");
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Whether these lines are what is shown: a line `...` stands for any lines.
fn shows(shown: &[String], lines: &[&str]) -> bool {
    match (shown.split_first(), lines.split_first()) {
        (None, _) => lines.is_empty(),
        (Some((first, rest)), _) if first == "..." => (0..=lines.len()).any(|skipped| shows(rest, &lines[skipped..])),
        (Some((first, rest)), Some((line, others))) => fits(first, line) && shows(rest, others),
        (Some(_), None) => false,
    }
}

#[test]
fn knows_what_is_left_out() {
    let shown = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(shows(&shown("...\nb `...` c\n..."), &["a", "b `x` c"]));
    for (pattern, line) in [("a", "b"), ("a...", "b"), ("a...c", "ab"), ("a...b...c", "a c"), ("a", "ab"), ("", "a")] {
        assert!(!fits(pattern, line), "{pattern}, {line}");
    }
    assert!(!shows(&shown("a"), &["a", "b"]) && !shows(&shown("a\nb"), &["a"]) && !shows(&shown("...\nb"), &["a"]));
}

#[test]
fn walks_through_signed_images_as_the_readme_says() {
    let steps = steps("### Signed images\n", "\n### ");
    assert!(steps.len() > 15, "{steps:?}");
    walk(&steps, "signed.yaml", &[("PORTCULLIS_COSIGN", "cosign"), ("PORTCULLIS_CRANE", "crane")]);
}

#[test]
fn walks_through_sboms_and_scans_as_the_readme_says() {
    let steps = steps("### SBOMs and scans\n", "\n## ");
    assert!(steps.len() > 20, "{steps:?}");
    let signing = [("PORTCULLIS_COSIGN", "cosign"), ("PORTCULLIS_CRANE", "crane")];
    walk(
        &steps,
        "gated.yaml",
        &[&signing[..], &[("PORTCULLIS_SYFT", "syft"), ("PORTCULLIS_BANDIT", "bandit")]].concat(),
    );
}

/// Types the steps in a folder with a policy set, where all of the tools are there, and compares what is printed.
#[expect(clippy::panic, reason = "a walk that does not end has failed")]
fn walk(steps: &[Step], set: &str, wanted: &[(&str, &str)]) {
    let folder = Folder::new("walk");
    let tools = folder.path().join("tools");
    std::fs::create_dir(&tools).expect("a folder");
    for (variable, name) in wanted {
        let Some(program) = tool(variable, name) else { return };
        symlink(program, tools.join(name)).expect("a link");
    }
    symlink(binary(), tools.join("portcullis")).expect("a link");
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let ours = |text: &str| text.replace(REGISTRY, &format!("localhost:{}", free.port()));
    let text = std::fs::read_to_string(root().join("policies/sets").join(set)).expect("the set of the walk");
    folder.write(set, ours(&text));
    let mut script = "trap 'kill $REGISTRY 2>/dev/null' EXIT\n".to_owned();
    for step in steps {
        script += &format!("{}\necho \"{MARK}$?\"\n", ours(&step.command));
    }
    let log = folder.path().join("log");
    let file = std::fs::File::create(&log).expect("a file");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).current_dir(folder.path()).env_clear().stdin(Stdio::null());
    shell.env("PATH", format!("{}:/usr/bin:/bin", tools.display())).env("HOME", folder.path());
    shell.stderr(file.try_clone().expect("a second handle")).stdout(file);
    assert!(shell.status().expect("a shell").code().is_some());

    let said = std::fs::read_to_string(&log).expect("what was printed");
    let mut lines = said.lines();
    for step in steps {
        let mut printed = Vec::new();
        let status = loop {
            let line = lines.next().unwrap_or_else(|| panic!("{step:?} did not end: {printed:?}"));
            match line.strip_prefix(MARK) {
                Some(status) => break status,
                None => printed.push(line),
            }
        };
        let shown: Vec<String> = step.shown.iter().map(|line| ours(line)).collect();
        if shown.is_empty() {
            assert_eq!(status, "0", "{step:?}:\n{}", printed.join("\n"));
            continue;
        }
        assert!(shows(&shown, &printed), "{step:?}\nprinted:\n{}", printed.join("\n"));
        let expected = match printed.last().and_then(|line| line.split(' ').next()) {
            Some("allowed") => "0",
            Some("denied") => "1",
            // What is shown is no judgement.
            _ if step.command.contains("evidence show") => "0",
            _ => "2",
        };
        assert_eq!(status, expected, "{step:?}:\n{}", printed.join("\n"));
    }
}
