//! The walks of the pages below `docs/`, typed as they stand there, with the real tools and a real registry.

use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use portcullis_tests::{Folder, binary, root};

#[path = "walk/shown.rs"]
mod shown;

use shown::shows;

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

/// The commands of one page.
fn steps(page: &str) -> Vec<Step> {
    let page = std::fs::read_to_string(root().join("docs").join(page)).expect("the page");
    let blocks = page.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut steps: Vec<Step> = Vec::new();
    for line in blocks.flat_map(str::lines) {
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step { command: command.to_owned(), shown: Vec::new() });
            continue;
        }
        let step = steps.last_mut().expect("a command comes first");
        match line.strip_prefix("> ") {
            // As a shell asks for the rest of a command.
            Some(rest) if step.shown.is_empty() => step.command += &format!("\n{rest}"),
            _ => step.shown.push(line.to_owned()),
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
        println!("SKIPPED: the walks of docs/: there is no `{name}`; `cargo xtask test --all` installs it");
    }
    found
}

#[test]
fn walks_through_signed_images_as_the_readme_says() {
    let steps = steps("signed-images.md");
    assert!(steps.len() > 15, "{steps:?}");
    walk(&steps, Some("signed.yaml"), &[("PORTCULLIS_COSIGN", "cosign"), ("PORTCULLIS_CRANE", "crane")]);
}

#[test]
fn walks_through_sboms_and_scans_as_the_readme_says() {
    let steps = steps("sboms-and-scans.md");
    assert!(steps.len() > 20, "{steps:?}");
    let signing = [("PORTCULLIS_COSIGN", "cosign"), ("PORTCULLIS_CRANE", "crane")];
    walk(
        &steps,
        Some("gated.yaml"),
        &[&signing[..], &[("PORTCULLIS_SYFT", "syft"), ("PORTCULLIS_BANDIT", "bandit")]].concat(),
    );
}

#[test]
fn walks_to_a_rule_of_ones_own() {
    let steps = steps("own-rule.md");
    assert!(steps.len() > 8, "{steps:?}");
    walk(&steps, None, &[("PORTCULLIS_GIT", "git")]);
}

/// Types the steps in a folder with a policy set, if any, where all of the tools are there, and compares what is printed.
#[expect(clippy::panic, reason = "a walk that does not end has failed")]
fn walk(steps: &[Step], set: Option<&str>, wanted: &[(&str, &str)]) {
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
    if let Some(set) = set {
        let text = std::fs::read_to_string(root().join("policies/sets").join(set)).expect("the set of the walk");
        folder.write(set, ours(&text));
    }
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
        let complains = printed.first().is_some_and(|line| line.starts_with("error: "));
        let expected = match printed.last().and_then(|line| line.split(' ').next()) {
            Some("denied") => "1",
            _ if complains => "2",
            Some("error" | "error:") => "2",
            // Allowed, or no judgement.
            _ => "0",
        };
        assert_eq!(status, expected, "{step:?}:\n{}", printed.join("\n"));
    }
}
