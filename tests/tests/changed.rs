//! `--changed-since`: only what git says changed is judged, and nothing of a repository is obeyed on the way.

use std::path::Path;
use std::process::Command;

use portcullis_tests::{Answer, Folder, portcullis, portcullis_in, portcullis_with};
use serde_json::Value;

fn pod(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  containers:\n  - {{name: app, image: nginx}}\n"
    )
}

const SET: &str = "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: own}\nspec:\n  policies:\n  - name: images\n    plugin: {builtin: image-reference}\n    settings: {forbiddenTags: [latest]}\n";

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["-c", "user.name=x", "-c", "user.email=x@example.org"]);
    command.args(["-c", "protocol.file.allow=always"]).args(arguments);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    let output = command.output().expect("git starts");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn commit(folder: &Path) {
    git(folder, &["add", "-A", "-f"]);
    git(folder, &["commit", "-q", "-m", "x"]);
}

/// A repository with three bad Pods on `main`, and a branch `change` that is checked out.
fn repository(name: &str) -> Folder {
    let folder = Folder::new(name);
    git(folder.path(), &["init", "-q", "-b", "main"]);
    for name in ["a", "b", "c"] {
        folder.write(&format!("deploy/{name}.yaml"), pod(name));
    }
    folder.write("own.yaml", SET);
    commit(folder.path());
    git(folder.path(), &["checkout", "-q", "-b", "change"]);
    folder
}

fn check(folder: &Path, arguments: &[&str]) -> Answer {
    portcullis(folder, &[&["check", "-f", "json", "--changed-since", "main"], arguments].concat())
}

/// The names of what was judged.
fn judged(answer: &Answer) -> Vec<String> {
    let report: Value = answer.json();
    let decisions = report["decisions"].as_array().cloned().unwrap_or_default();
    decisions.iter().map(|one| one["subject"]["name"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn judges_what_was_added_changed_renamed_or_is_untracked_and_nothing_else() {
    let folder = repository("changed");
    let nothing = portcullis(folder.path(), &["check", "--changed-since", "main", "deploy"]);
    assert_eq!(nothing.status, 0, "{nothing:?}");
    assert!(nothing.out.contains("nothing changed since `main`: 0 of 3 files judged"), "{nothing:?}");
    assert_eq!(check(folder.path(), &["deploy"]).json()["verdict"], "allow");
    folder.write("deploy/a.yaml", pod("a2"));
    folder.write("deploy/new.yaml", pod("new"));
    git(folder.path(), &["mv", "deploy/b.yaml", "deploy/renamed.yaml"]);
    commit(folder.path());
    folder.write("deploy/untracked.yaml", pod("untracked"));
    folder.write(".gitignore", "rendered.yaml\n");
    folder.write("deploy/rendered.yaml", pod("rendered"));
    let answer = check(folder.path(), &["deploy"]);
    assert_eq!(judged(&answer), ["a2", "new", "b", "rendered", "untracked"], "{answer:?}");
    assert_eq!(answer.status, 1);
    let since = &answer.json()["changedSince"];
    assert_eq!((&since["reference"], &since["changed"], &since["unchanged"]), (&"main".into(), &5.into(), &1.into()));
    // What changed on the other side since is not ours: the merge base counts.
    git(folder.path(), &["stash", "-q", "-u"]);
    git(folder.path(), &["checkout", "-q", "main"]);
    folder.write("deploy/c.yaml", pod("c-of-main"));
    commit(folder.path());
    git(folder.path(), &["checkout", "-q", "change"]);
    assert_eq!(judged(&check(folder.path(), &["deploy"])), ["a2", "new", "b"]);
    // Changed back is not changed; and what is on the disk counts, not what is in the index.
    git(folder.path(), &["checkout", "-q", "main~1", "--", "deploy/a.yaml"]);
    git(folder.path(), &["update-index", "--assume-unchanged", "deploy/c.yaml"]);
    folder.write("deploy/c.yaml", pod("hidden-from-the-index"));
    assert_eq!(judged(&check(folder.path(), &["deploy"])), ["hidden-from-the-index", "new", "b"]);
}

#[test]
fn takes_the_whole_input_as_context_and_never_passes_over_nothing() {
    let folder = repository("changed-context");
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {portcullis.dev/mode: sandbox}}\n";
    git(folder.path(), &["checkout", "-q", "main"]);
    folder.write("deploy/namespace.yaml", namespace);
    folder.write("values/values.yaml", "replicas: 3\n");
    commit(folder.path());
    git(folder.path(), &["checkout", "-q", "change"]);
    git(folder.path(), &["merge", "-q", "main"]);
    folder.write("deploy/new.yaml", pod("new"));
    let answer = check(folder.path(), &["deploy"]);
    assert_eq!((judged(&answer), &answer.json()["decisions"][0]["mode"]), (vec!["new".to_owned()], &"sandbox".into()));
    let answer = check(folder.path(), &["values"]);
    assert_eq!(answer.status, 2, "a path without any subject: {answer:?}");
    assert_eq!(check(folder.path(), &["nowhere"]).status, 2);
    // Git knows nothing of the standard input.
    let arguments = ["check", "-f", "json", "--changed-since", "main", "-"];
    folder.write("-", pod("named-like-the-standard-input"));
    commit(folder.path());
    let piped = portcullis_with(folder.path(), &arguments, Some(pod("piped").as_bytes()));
    assert_eq!((piped.status, judged(&piped)), (1, vec!["piped".to_owned()]));
}

#[test]
fn judges_everything_where_something_changed_that_the_run_uses() {
    let folder = repository("changed-uses");
    let run = |arguments: &[&str]| {
        let answer = check(folder.path(), arguments);
        let since = answer.json()["changedSince"].clone();
        (judged(&answer).len(), since["everything"].as_str().unwrap_or_default().to_owned())
    };
    folder.write("deploy/a.yaml", pod("a2"));
    assert_eq!(run(&["-p", "own.yaml", "deploy"]), (1, String::new()));
    folder.write("own.yaml", SET.replace("latest", "other"));
    let told = (3, "`own.yaml`, which the run uses,".to_owned());
    assert_eq!(run(&["-p", "own.yaml", "deploy"]), told);
    assert_eq!(run(&["deploy"]), (1, String::new()), "this run does not use it");
    let human = portcullis(folder.path(), &["check", "-p", "own.yaml", "--changed-since", "main", "deploy"]);
    let line = "all 3 files judged, because `own.yaml`, which the run uses, changed since `main`";
    assert!(human.out.contains(line), "{human:?}");
    // A file of settings that is new, and one that is gone.
    let config = "apiVersion: portcullis.dev/v1alpha1\nkind: CheckConfig\nmode: sandbox\n";
    folder.write("portcullis.yaml", config);
    assert_eq!(run(&["deploy"]), (3, "`portcullis.yaml`, which the run uses,".to_owned()));
    assert_eq!(run(&["--no-config", "deploy"]), (1, String::new()));
    git(folder.path(), &["checkout", "-q", "main"]);
    commit(folder.path());
    git(folder.path(), &["checkout", "-q", "-b", "without"]);
    std::fs::remove_file(folder.path().join("portcullis.yaml")).expect("the file goes");
    assert_eq!(run(&["deploy"]), (3, "`portcullis.yaml`, which the run would use, was removed: it".to_owned()));
    // A policy of a folder that is gone.
    folder.write("portcullis.yaml", config);
    folder.write("sets/a.yaml", SET);
    folder.write("sets/b.yaml", SET.replace("name: own", "name: b"));
    commit(folder.path());
    git(folder.path(), &["branch", "-f", "main"]);
    assert_eq!(run(&["-p", "sets", "deploy"]), (0, String::new()));
    std::fs::remove_file(folder.path().join("sets/b.yaml")).expect("the file goes");
    assert_eq!(
        run(&["-p", "sets", "deploy"]),
        (3, "`sets/b.yaml`, which the run would use, was removed: it".to_owned())
    );
}

#[test]
fn knows_odd_names_links_folders_worktrees_and_submodules() {
    let folder = repository("changed-odd");
    git(folder.path(), &["checkout", "-q", "main"]);
    for name in ["deploy/-x.yaml", "deploy/ä \"q\".yaml", "deploy/:(top)x.yaml", "deploy/a\nb.yaml"] {
        folder.write(name, pod("odd"));
    }
    let inner = Folder::new("changed-inner");
    git(inner.path(), &["init", "-q", "-b", "main"]);
    inner.write("m/a.yaml", pod("module-a"));
    inner.write("m/b.yaml", pod("module-b"));
    commit(inner.path());
    let source = inner.path().display().to_string();
    git(folder.path(), &["submodule", "--quiet", "add", &source, "deploy/module"]);
    commit(folder.path());
    git(folder.path(), &["branch", "-f", "change"]);
    git(folder.path(), &["checkout", "-q", "change"]);
    // A name with a line break is not asked about; everything else is unchanged.
    assert_eq!(judged(&check(folder.path(), &["deploy"])), ["odd"]);
    std::fs::remove_file(folder.path().join("deploy/a\nb.yaml")).expect("the file goes");
    folder.write("deploy/module/m/b.yaml", pod("module-b2"));
    folder.write("deploy/ä \"q\".yaml", pod("odd2"));
    assert_eq!(judged(&check(folder.path(), &["deploy"])), ["module-b2", "odd2"]);
    // From a folder inside, and by other ways to the same files.
    let deploy = folder.path().join("deploy");
    assert_eq!(judged(&check(&deploy, &["."])), ["module-b2", "odd2"]);
    assert_eq!(judged(&check(&deploy, &["../deploy/a.yaml", "./module"])), ["module-b2"]);
    // What a link leads to may be new though the file is old.
    #[cfg(unix)]
    {
        folder.write("other/old.txt", pod("old"));
        commit(folder.path());
        git(folder.path(), &["branch", "-f", "main"]);
        std::os::unix::fs::symlink("../other/old.txt", deploy.join("link.yaml")).expect("a link");
        assert_eq!(judged(&check(folder.path(), &["deploy/link.yaml"])), ["old"]);
        std::fs::remove_file(deploy.join("link.yaml")).expect("the link goes");
    }
    let place = Folder::new("changed-worktree");
    let tree = place.path().join("tree");
    git(folder.path(), &["worktree", "add", "-q", &tree.display().to_string(), "-b", "third", "main"]);
    assert_eq!(check(&tree, &["deploy/a.yaml"]).status, 0);
    std::fs::write(tree.join("deploy/a.yaml"), pod("in-the-tree")).expect("a file");
    assert_eq!(judged(&check(&tree, &["deploy/a.yaml", "deploy/c.yaml"])), ["in-the-tree"]);
}

#[cfg(unix)]
#[test]
fn runs_nothing_that_a_repository_names() {
    use std::os::unix::fs::PermissionsExt;
    let folder = repository("changed-hostile");
    let mark = folder.path().join("obeyed");
    let script = folder.write("evil.sh", format!("#!/bin/sh\ntouch {}\n", mark.display()));
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("rights");
    let script = script.display().to_string();
    for (key, value) in [
        ("core.fsmonitor", script.as_str()),
        ("core.pager", &script),
        ("pager.ls-tree", &script),
        ("diff.external", &script),
        ("core.hooksPath", folder.path().to_str().expect("text")),
        ("filter.evil.clean", &script),
        ("filter.evil.process", &script),
        ("diff.evil.textconv", &script),
        ("alias.ls-tree", &format!("!{script}")),
        ("core.sshCommand", &script),
        ("uploadpack.packObjectsHook", &script),
    ] {
        git(folder.path(), &["config", key, value]);
    }
    folder.write(".gitattributes", "*.yaml filter=evil diff=evil\n");
    folder.write("deploy/a.yaml", pod("a2"));
    let answer = check(folder.path(), &["deploy"]);
    assert_eq!(judged(&answer), ["a2"], "{answer:?}");
    assert!(!mark.exists(), "a program of the repository ran");
    for reference in ["--output=obeyed", "-x", "--help", "main;touch obeyed", "$(touch obeyed)"] {
        let argument = format!("--changed-since={reference}");
        let answer = portcullis(folder.path(), &["check", &argument, "deploy"]);
        assert_eq!(answer.status, 2, "{answer:?}");
        assert!(answer.err.contains(&format!("git knows no commit `{reference}` here")), "{answer:?}");
    }
    assert!(!mark.exists(), "a reference was obeyed");
}

#[test]
fn believes_neither_a_replaced_tree_nor_the_environment_of_a_hook() {
    let folder = repository("changed-replaced");
    let base = git(folder.path(), &["rev-parse", "main^{tree}"]);
    folder.write("deploy/b.yaml", pod("b2"));
    commit(folder.path());
    // With this every file looks as it was.
    let new = git(folder.path(), &["rev-parse", "HEAD^{tree}"]);
    git(folder.path(), &["replace", &base, &new]);
    assert_eq!(git(folder.path(), &["diff", "--name-only", "main"]), "", "git itself is deceived");
    assert_eq!(judged(&check(folder.path(), &["deploy"])), ["b2"]);
    let other = repository("changed-elsewhere");
    let elsewhere = other.path().join(".git").display().to_string();
    let variables = [("GIT_DIR", elsewhere.as_str()), ("GIT_INDEX_FILE", "/nowhere")];
    let arguments = ["check", "-f", "json", "--changed-since", "main", "deploy"];
    assert_eq!(judged(&portcullis_in(folder.path(), &variables, &arguments, None)), ["b2"]);
}

#[test]
fn says_why_nobody_can_know_what_changed() {
    let folder = repository("changed-unknown");
    let told = |folder: &Path, variables: &[(&str, &str)], reference: &str| {
        let answer =
            portcullis_in(folder, variables, &["check", "-f", "json", "--changed-since", reference, "."], None);
        assert_eq!((answer.status, &answer.json()["verdict"]), (2, &"error".into()), "{answer:?}");
        answer.err
    };
    let unknown = told(folder.path(), &[], "origin/main");
    assert!(
        unknown.contains("git knows no commit `origin/main` here") && unknown.contains("fetch-depth: 0"),
        "{unknown}"
    );
    for dashed in ["--output=x/y", "x/--output=y"] {
        let answer = portcullis(folder.path(), &["check", &format!("--changed-since={dashed}"), "."]);
        assert_eq!(answer.status, 2, "{answer:?}");
        assert!(answer.err.contains(&format!("git knows no commit `{dashed}` here")), "{answer:?}");
        assert!(!answer.err.contains("git fetch x") && !answer.err.contains("git fetch --output"), "{answer:?}");
    }
    let without = told(folder.path(), &[("PATH", "/nowhere")], "main");
    assert!(without.contains("the program `git` cannot be started") && without.contains("install git"), "{without}");
    let nowhere = Folder::new("changed-nowhere");
    nowhere.write("a.yaml", pod("a"));
    let none = told(nowhere.path(), &[("GIT_CEILING_DIRECTORIES", "/tmp")], "main");
    assert!(none.contains("no work tree of git is here (git says: fatal: not a git repository"), "{none}");
    git(folder.path(), &["checkout", "-q", "--orphan", "orphan"]);
    folder.write("own.txt", "another history");
    commit(folder.path());
    let apart = told(folder.path(), &[], "main");
    assert!(apart.contains("HEAD and `main` have no commit in common\n"), "{apart}");
    // A shallow clone that does not reach back to where the branches parted.
    git(folder.path(), &["checkout", "-q", "change"]);
    for name in ["x", "y"] {
        folder.write(&format!("deploy/{name}.yaml"), pod(name));
        commit(folder.path());
    }
    git(folder.path(), &["checkout", "-q", "main"]);
    folder.write("deploy/z.yaml", pod("z"));
    commit(folder.path());
    let clones = Folder::new("changed-shallow");
    let source = format!("file://{}", folder.path().display());
    git(clones.path(), &["clone", "-q", "--depth", "1", "-b", "change", "--no-single-branch", &source, "clone"]);
    let shallow = told(&clones.path().join("clone"), &[], "origin/main");
    assert!(shallow.contains("no commit in common in this shallow clone"), "{shallow}");
    assert!(shallow.contains("`fetch-depth: 0` (GitHub's checkout), `GIT_DEPTH: 0` (GitLab)"), "{shallow}");
}

#[test]
fn judges_everything_where_the_baseline_changed_and_misses_only_what_it_looked_at() {
    let folder = repository("changed-baseline");
    let write = ["baseline", "write", "--owner", "a", "--expires", "2027-01-01", "-p", "own.yaml", "deploy"];
    assert_eq!(portcullis(folder.path(), &write).status, 0);
    let check = || check(folder.path(), &["-p", "own.yaml", "--baseline", "baseline.yaml", "deploy"]);
    let all = check();
    assert_eq!((all.status, judged(&all).len()), (0, 3), "the baseline is new: {all:?}");
    commit(folder.path());
    git(folder.path(), &["branch", "-q", "-f", "main", "HEAD"]);
    folder.write("deploy/a.yaml", pod("a").replace("nginx", "nginx:1.27"));
    let answer = check();
    assert_eq!((answer.status, judged(&answer)), (0, vec!["a".to_owned()]), "{answer:?}");
    assert_eq!(answer.json()["baseline"]["gone"], 1, "nobody looked at the others: {answer:?}");
    folder.write("deploy/b.yaml", pod("b") + "  - {name: more, image: busybox}\n");
    let answer = check();
    assert_eq!((answer.status, &answer.json()["summary"]["known"]), (1, &1.into()), "{answer:?}");
    let text = std::fs::read_to_string(folder.path().join("baseline.yaml")).expect("a baseline");
    folder.write("baseline.yaml", text + "# edited\n");
    let answer = check();
    assert_eq!(judged(&answer).len(), 3, "{answer:?}");
    assert!(answer.out.contains("`baseline.yaml`, which the run uses, changed since"), "{answer:?}");
}

#[test]
fn fixes_nothing_that_it_leaves_as_it_was() {
    let folder = repository("changed-fix");
    let set = SET.replace("images\n", "limits\n").replace("image-reference", "resource-limits");
    folder.write("own.yaml", set.replace("forbiddenTags: [latest]", "canonicalQuantities: true"));
    let limits = |cpu: &str| pod("x").replace("nginx}", &format!("nginx, resources: {{limits: {{cpu: {cpu}}}}}}}"));
    for name in ["a", "b"] {
        folder.write(&format!("deploy/{name}.yaml"), limits("0.5"));
    }
    commit(folder.path());
    git(folder.path(), &["branch", "-q", "-f", "main", "HEAD"]);
    folder.write("deploy/a.yaml", limits("0.25"));
    let answer = check(folder.path(), &["--fix", "-m", "sandbox", "-p", "own.yaml", "deploy"]);
    assert_eq!((answer.status, &answer.json()["summary"]["fixed"]), (0, &1.into()), "{answer:?}");
    let text = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("a file");
    assert_eq!([text("deploy/a.yaml"), text("deploy/b.yaml")], [limits("250m"), limits("0.5")]);
    let unknown = ["check", "--fix", "--changed-since", "nowhere", "-m", "sandbox", "-p", "own.yaml", "deploy"];
    let answer = portcullis(folder.path(), &unknown);
    assert!(answer.status == 2 && answer.err.contains("git knows no commit `nowhere`"), "{answer:?}");
    assert_eq!(text("deploy/b.yaml"), limits("0.5"), "what cannot be known is not written");
}

#[test]
fn takes_no_files_of_a_change_for_a_repository() {
    let folder = repository("changed-bare");
    for (name, text) in [
        ("HEAD", "ref: refs/heads/main\n"),
        ("objects/keep", ""),
        ("refs/keep", ""),
        ("config", "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n"),
    ] {
        folder.write(&format!("deploy/{name}"), text);
    }
    let answer = check(&folder.path().join("deploy"), &["."]);
    assert_eq!(answer.status, 2, "{answer:?}");
    assert!(answer.err.contains("no work tree of git is here") && answer.err.contains("bare repository"), "{answer:?}");
}

#[test]
fn judges_everything_where_a_namespace_or_a_kind_of_the_input_changed_came_or_went() {
    let folder = repository("changed-definitions");
    let namespace = |mode: &str| {
        format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, labels: {{portcullis.dev/mode: {mode}}}}}\n")
    };
    let crd = |plural: &str| {
        format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: {plural}.example.org}}\nspec:\n  group: example.org\n  scope: Namespaced\n  names: {{kind: Thing, plural: {plural}}}\n  versions: [{{name: v1, served: true, storage: true}}]\n"
        )
    };
    git(folder.path(), &["checkout", "-q", "main"]);
    folder.write("deploy/ns.yaml", namespace("sandbox"));
    folder.write("deploy/crd.yaml", crd("things"));
    folder.write("deploy/notes.yaml", "# Namespace\na: 1\n");
    folder.write("other/ns.yaml", namespace("sandbox").replace("shop", "other"));
    commit(folder.path());
    git(folder.path(), &["checkout", "-q", "-B", "change"]);
    let run = |paths: &[&str]| {
        let answer = check(folder.path(), paths);
        let since = answer.json()["changedSince"].clone();
        (answer.status, since["unchanged"].clone(), since["everything"].as_str().unwrap_or_default().to_owned())
    };
    let reset = || drop(git(folder.path(), &["checkout", "-q", "main", "--", "."]));
    let remove = |name: &str| std::fs::remove_file(folder.path().join(name)).expect("the file goes");
    assert_eq!(run(&["deploy"]), (0, 6.into(), String::new()));
    folder.write("deploy/notes.yaml", "# Namespace\na: 2\n");
    assert_eq!(run(&["deploy"]), (0, 5.into(), String::new()), "a word is no Namespace");
    folder.write("deploy/ns.yaml", namespace("compliance"));
    let told = |file: &str, what: &str| (1, 0.into(), format!("`{file}`, which {what}"));
    assert_eq!(run(&["deploy"]), told("deploy/ns.yaml", "defines a Namespace or a kind,"));
    assert_eq!(run(&["deploy/ns.yaml", "deploy/a.yaml"]), told("deploy/ns.yaml", "defines a Namespace or a kind,"));
    // What was there before decided too.
    folder.write("deploy/ns.yaml", "a: 1\n");
    assert_eq!(run(&["deploy"]), told("deploy/ns.yaml", "defined a Namespace or a kind,"));
    remove("deploy/ns.yaml");
    let removed = "defined a Namespace or a kind, was removed: it";
    assert_eq!(run(&["deploy"]), told("deploy/ns.yaml", removed));
    let human = portcullis(folder.path(), &["check", "--changed-since", "main", "deploy"]);
    assert!(human.out.contains("all 5 files judged, because `deploy/ns.yaml`, which defined"), "{human:?}");
    reset();
    folder.write("deploy/crd.yaml", crd("stuff"));
    let (_, unchanged, why) = run(&["deploy"]);
    assert_eq!((unchanged, why.as_str()), (0.into(), "`deploy/crd.yaml`, which defines a Namespace or a kind,"));
    remove("deploy/crd.yaml");
    assert_eq!(run(&["deploy"]).2, format!("`deploy/crd.yaml`, which {removed}"));
    reset();
    folder.write("deploy/new.yaml", namespace("compliance").replace("shop", "new"));
    assert_eq!(run(&["deploy"]).2, "`deploy/new.yaml`, which defines a Namespace or a kind,");
    remove("deploy/new.yaml");
    remove("other/ns.yaml");
    assert_eq!(run(&["deploy"]), (0, 6.into(), String::new()), "no file of this input");
}
