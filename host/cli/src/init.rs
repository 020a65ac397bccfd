//! The `init` command: `portcullis.yaml`, a policy set and a step for the CI system, beside what is there and never over it.

mod ci;
mod scan;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use portcullis_check::changed::default_branch;
use portcullis_check::exit::Exit;
use portcullis_report::plain;

use self::ci::{Step, System};
use self::scan::Found;
use crate::args::InitArguments;
use crate::config;
use crate::write;

/// Where the policy set is written.
const POLICIES: &str = "policies/portcullis.yaml";
/// The policy set.
const POLICY_SET: &str = include_str!("init/policies.yaml");
/// What marks the root of a repository.
const GIT: &str = ".git";
/// Patterns and paths of what was found that are written at the most; the others are counted.
const SHOWN: usize = 20;

/// Something that is to be there.
struct Planned {
    /// From the root.
    path: &'static str,
    text: String,
    /// What to do where a file of that name says something else.
    otherwise: &'static str,
}

/// Looks around, writes what is not there, and says what to do next.
pub fn run(arguments: &InitArguments) -> anyhow::Result<ExitCode> {
    let root = root(arguments.directory.as_deref())?;
    let found = scan::scan(&root);
    let systems = ci::found(&root);
    let mut out = String::new();
    told(&found, &systems, &mut out);
    let branch = default_branch(&root);
    let step = step(&found, branch.as_deref());
    let planned = planned(&found, &systems, &step);
    let mut wrote = Vec::new();
    for file in &planned {
        if place(&root, file, arguments.dry_run, &mut out)? {
            wrote.push(file.path);
        }
    }
    for system in &systems {
        out.push_str(&system.to_add(&root, &step));
    }
    next_steps(&found, &mut out);
    if let Some(branch) = branch.filter(|branch| systems.contains(&System::GitHub) && !is_harmless(branch)) {
        let file = ".github/workflows/portcullis.yml";
        out.push_str(&format!(
            "  put `{}` for `main` in {file}: a name like that nobody writes there unasked\n",
            plain(&branch)
        ));
    }
    write::to_stdout(&out)?;
    Ok(Exit::Allowed.into())
}

/// The directory that was named, or the one of `.git`, or the current one.
fn root(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(named) = named {
        ensure!(named.is_dir(), "`{}` is no directory; make it first", named.display());
        return Ok(named.canonicalize()?);
    }
    let here = std::env::current_dir().context("the current directory is not there")?;
    let git = here.ancestors().find(|folder| folder.join(GIT).symlink_metadata().is_ok());
    Ok(git.unwrap_or(&here).to_path_buf())
}

/// What was found, in words.
fn told(found: &Found, systems: &[System], out: &mut String) {
    let mut list = |what: &str, paths: &[String]| {
        if !paths.is_empty() {
            let shown: Vec<_> = paths.iter().take(SHOWN).map(|path| plain(path)).collect();
            let more = match paths.len().saturating_sub(SHOWN) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            out.push_str(&format!("found {what}: {}{more}\n", shown.join(", ")));
        }
    };
    list("manifests", &found.manifests);
    list("charts (to be rendered with `helm template`)", &found.charts);
    let (inner, outer): (Vec<_>, Vec<_>) =
        found.kustomizations.iter().cloned().partition(|folder| found.included.contains(folder));
    list("kustomizations (to be rendered with `kubectl kustomize`)", &outer);
    list("kustomizations that these include", &inner);
    list("CI", &systems.iter().map(|system| system.name().to_owned()).collect::<Vec<_>>());
    if found.manifests.is_empty() {
        out.push_str("found no manifests: name them under `paths` once there are some\n");
    }
    if found.unread > 0 {
        out.push_str(&format!(
            "note: {} directories or files were not looked at, for there are too many\n",
            found.unread
        ));
    }
    out.push('\n');
}

/// What the step of a CI system is told of this repository.
fn step(found: &Found, branch: Option<&str>) -> Step {
    let all_named = found.manifests.len() <= SHOWN && found.manifests.iter().all(|path| is_harmless(path));
    let paths = match found.manifests.as_slice() {
        [] => None,
        paths if all_named => Some(paths.iter().map(|path| shell(path)).collect::<Vec<_>>().join(" ")),
        _ => Some("PATHS".to_owned()),
    };
    Step { rendered: rendered(found), paths, branch: branch.filter(|branch| is_harmless(branch)).map(str::to_owned) }
}

fn planned(found: &Found, systems: &[System], step: &Step) -> Vec<Planned> {
    let mut planned = vec![
        Planned { path: config::NAME, text: config_text(found), otherwise: "compare it with this" },
        Planned { path: POLICIES, text: POLICY_SET.to_owned(), otherwise: "take from this what you miss" },
    ];
    planned.extend(systems.iter().filter_map(|system| {
        Some(Planned { path: system.file()?, text: system.text(step), otherwise: "add this to it" })
    }));
    planned
}

/// The commands that render what was found and judge it.
fn rendered(found: &Found) -> Vec<String> {
    let commands = to_render(found).filter(|(_, path)| is_harmless(path)).take(SHOWN);
    commands.map(|(render, path)| command(render, path)).collect()
}

/// What must be rendered first, by which command.
fn to_render(found: &Found) -> impl Iterator<Item = (&'static str, &str)> {
    let charts = found.charts.iter().map(|chart| ("helm template", chart.as_str()));
    let outer = found.kustomizations.iter().filter(|folder| !found.included.contains(folder));
    charts.chain(outer.map(|folder| ("kubectl kustomize", folder.as_str())))
}

fn command(render: &str, path: &str) -> String {
    format!("{render} {} | portcullis check -", shell(path))
}

/// Whether a path is only a path to every CI system and every shell: none of them finds a variable, an expression or an escape
/// in it, even between quotes. A folder's name comes with a change, and nobody looks at what `init` makes of it.
fn is_harmless(path: &str) -> bool {
    !path.contains(['$', '`', '\\', '"', '%'])
        && !path.contains("{{")
        && !path.chars().any(|c| c.is_control() || !is_printable(c))
}

/// Writes a file that is not there; true where it was written (or would be).
fn place(root: &Path, file: &Planned, dry_run: bool, out: &mut String) -> anyhow::Result<bool> {
    let path = root.join(file.path);
    if path.symlink_metadata().is_ok() {
        if fs::read(&path).is_ok_and(|there| there == file.text.as_bytes()) {
            out.push_str(&format!("there   {}\n", file.path));
        } else {
            let text: String =
                file.text.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n").collect();
            out.push_str(&format!("exists  {} and stays as it is; {}:\n\n{text}\n", file.path, file.otherwise));
        }
        return Ok(false);
    }
    if dry_run {
        let text: String = file.text.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n").collect();
        out.push_str(&format!("would write {}:\n\n{text}\n", file.path));
        return Ok(true);
    }
    let cannot = || format!("cannot write `{}`", path.display());
    let folder = path.parent().unwrap_or(root);
    fs::create_dir_all(folder).with_context(cannot)?;
    // A link in the repository must not lead what is written out of it.
    let real = folder.canonicalize().with_context(cannot)?;
    let is_within = real.starts_with(root.canonicalize().with_context(cannot)?);
    ensure!(is_within, "cannot write `{}`: its directory is a link out of this repository", path.display());
    let mut made = fs::File::create_new(&path).with_context(cannot)?;
    made.write_all(file.text.as_bytes()).with_context(cannot)?;
    out.push_str(&format!("wrote   {}\n", file.path));
    Ok(true)
}

/// `portcullis.yaml` for what was found.
fn config_text(found: &Found) -> String {
    let list = |key: &str, items: &[String], comment: &str| match items {
        [] => format!("# {key}: [{comment}]\n"),
        items => {
            let items: String = items.iter().take(SHOWN).map(|item| format!("- {}\n", quoted(item))).collect();
            format!("{key}:\n{items}")
        }
    };
    let ignored: Vec<String> = found
        .charts
        .iter()
        .chain(&found.kustomizations)
        .filter(|path| found.covers(path))
        .map(|path| pattern(path))
        .collect();
    let rendered: String = rendered(found).iter().map(|command| format!("#   {command}\n")).collect();
    let rendered = match rendered.as_str() {
        "" => String::new(),
        commands => format!(
            "# What must be rendered first is judged by commands of its own, which belong into the pipeline:\n{commands}"
        ),
    };
    format!(
        "# What `portcullis check` judges here, and by what. Flags and PORTCULLIS_* variables win over it; a change can edit it, so a\n\
         # pipeline that must not be talked out of anything says it by flags, or has this file reviewed (CODEOWNERS).\n\
         apiVersion: portcullis.dev/v1alpha1\n\
         kind: {}\n\
         {}{}{rendered}policies: [{POLICIES}]\n\
         mode: compliance            # findings deny; `sandbox` only warns; without it what the namespaces say\n\
         # waivers: [policies/waivers]\n\
         # baseline: baseline.yaml   # what was there before, by `portcullis baseline write`: only new findings deny\n\
         # namespaceLabels: [policies/namespaces.yaml]\n\
         # failOn: warned            # the exit status is 1 for warnings too\n\
         # formats:\n\
         # - format: human\n\
         # - {{format: sarif, output: portcullis.sarif}}\n",
        config::KIND,
        list("paths", &found.manifests, "deploy"),
        list("ignore", &ignored, "deploy/generated/"),
    )
}

/// An `ignore` pattern of a directory and nothing else.
fn pattern(path: &str) -> String {
    let mut out = String::new();
    for letter in path.chars() {
        if "\\*?[]{}!".contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out + "/"
}

/// A path as a YAML scalar that is that text and nothing else.
fn quoted(text: &str) -> String {
    let safe = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '/' | '-' | '_' | '.');
    let is_plain = text.chars().all(safe) && text.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_word = is_plain && text.contains(['/', '.', '-']);
    if is_word || text == "." { text.to_owned() } else { scalar(text) }
}

/// A text in double quotes. JSON is YAML, but for what YAML does not print and would refuse or fold.
fn scalar(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    let letter = |letter: char| match is_printable(letter) {
        true => letter.to_string(),
        false => format!("\\u{:04x}", u32::from(letter)),
    };
    json.chars().map(letter).collect()
}

fn is_printable(letter: char) -> bool {
    !matches!(letter, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
}

fn next_steps(found: &Found, out: &mut String) {
    out.push_str("\nnext\n");
    let mut step = |text: String| out.push_str(&format!("  {text}\n"));
    match found.manifests.is_empty() {
        true => step(format!("name the manifests under `paths` in {}", config::NAME)),
        false => step("portcullis check                        # judges what is there now".to_owned()),
    }
    if let Some(chart) = found.charts.first() {
        step(command("helm template", chart));
    }
    if let Some((render, path)) = to_render(found).find(|(render, _)| *render == "kubectl kustomize") {
        step(command(render, path));
    }
    for (_, path) in to_render(found).filter(|(_, path)| !is_harmless(path)) {
        step(format!("rename `{}`, or have it judged by hand: no step can name it safely", plain(path)));
    }
    if let Some(more) = to_render(found).count().checked_sub(SHOWN).filter(|more| *more > 0) {
        step(format!("have {more} more charts and kustomizations judged, which the step does not name"));
    }
    if !found.manifests.is_empty() {
        step("portcullis baseline write --owner TEAM --expires DATE".to_owned());
        step(format!(
            "                                        # where that is too much at once; then uncomment `baseline` in {}",
            config::NAME
        ));
    }
    step("portcullis policies list                # by what".to_owned());
    step("portcullis policies explain FILE        # and why a policy judges a file or does not".to_owned());
    step(format!("edit {POLICIES}            # ranges, registries, an own rule"));
}

/// A path as a word for the shell, and no flag.
fn shell(path: &str) -> String {
    let safe = |letter: char| letter.is_ascii_alphanumeric() || "/._-".contains(letter);
    let path = if path.starts_with('-') { &format!("./{path}") } else { path };
    if path.chars().all(safe) { path.to_owned() } else { format!("'{}'", plain(path).replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_every_path_as_the_text_that_it_is() {
        for (path, written) in [
            ("deploy/app", "deploy/app"),
            ("true", "\"true\""),
            ("1.5", "\"1.5\""),
            ("a: b", "\"a: b\""),
            ("x\ny", "\"x\\ny\""),
            (".", "."),
            (".5", "\".5\""),
            ("a/\u{85}b", "\"a/\\u0085b\""),
            ("it's", "\"it's\""),
        ] {
            assert_eq!(quoted(path), written);
        }
    }

    #[test]
    fn writes_every_path_for_shells_and_patterns_as_the_path_that_it_is() {
        assert_eq!(command("helm template", "a b/it's"), "helm template 'a b/it'\\''s' | portcullis check -");
        assert_eq!(command("helm template", "-f"), "helm template ./-f | portcullis check -");
        assert_eq!(pattern("deploy/[old]*"), "deploy/\\[old\\]\\*/");
        for path in ["$(id)", "${{ x }}", "a`id`", "a\nb", "%PATH%", "a\\", "a\u{2028}"] {
            assert!(!is_harmless(path), "{path}");
        }
        assert!(is_harmless("a b/it's: new #1 (ä)"));
    }

    #[test]
    fn writes_every_command_as_the_text_of_a_step() {
        let odd = Step { rendered: vec!["helm template 'a: b' | portcullis check -".to_owned()], ..Step::default() };
        let github = ci::System::GitHub.text(&odd);
        assert!(
            github.contains("    - run: \"helm template 'a: b' | portcullis check -\"\n    - run: portcullis check\n"),
            "{github}"
        );
        for (branch, written) in [
            ("main", "[main]"),
            ("master", "[\"master\"]"),
            ("release/+1", "[\"release/\\\\+1\"]"),
            ("!x', \"y", "[\"\\\\!x', \\\"y\"]"),
        ] {
            let github = ci::System::GitHub.text(&Step { branch: Some(branch.to_owned()), ..Step::default() });
            assert!(github.contains(&format!("    branches: {written}\n")), "{branch}: {github}");
        }
        let jenkins = ci::System::Jenkins.text(&odd);
        assert!(jenkins.contains("        sh 'helm template \\'a: b\\' | portcullis check -'\n"), "{jenkins}");
    }
}
