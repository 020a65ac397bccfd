//! What a path means, and what it may not do.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use portcullis_check::inputs::{GatherLimits, GatherOptions, Gathered, gather};

/// A directory of this test's own, removed at the end.
struct Tree(PathBuf);

impl Tree {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("portcullis-inputs-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a directory");
        Self(path.canonicalize().expect("a real path"))
    }

    fn with(self, files: &[&str]) -> Self {
        for file in files {
            let path = self.0.join(file);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            fs::write(path, "kind: Pod\n").expect("a file");
        }
        self
    }

    fn link(&self, target: &str, name: &str) {
        symlink(self.0.join(target), self.0.join(name)).expect("a link");
    }

    fn gather(&self, paths: &[&str], ignore: &[&str]) -> Told {
        let options = GatherOptions {
            elsewhere: None,
            base: self.0.clone(),
            ignore: ignore.iter().map(|&pattern| pattern.to_owned()).collect(),
            limits: GatherLimits { depth: 5, ..GatherLimits::default() },
        };
        let paths: Vec<_> =
            paths.iter().map(|path| if *path == "-" { path.into() } else { self.0.join(path) }).collect();
        Told::of(gather(&paths, &options), &self.0)
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What was gathered, in words, without the directory's own name.
struct Told {
    files: Vec<String>,
    errors: Vec<String>,
    skipped: Vec<String>,
    gathered: Gathered,
}

impl Told {
    fn of(gathered: Gathered, root: &Path) -> Self {
        let root = format!("{}/", root.display());
        let short = |text: String| text.replace(&root, "").replace(root.trim_end_matches('/'), ".");
        let error = |error: &portcullis_check::error::Error| short(format!("{error}; {}", error.hint()));
        Self {
            files: gathered.files.iter().map(|file| file.relative.clone()).collect(),
            errors: gathered.errors.iter().map(error).collect(),
            skipped: gathered.skipped.iter().map(|s| short(format!("{}: {}", s.path, s.reason))).collect(),
            gathered,
        }
    }
}

#[test]
fn takes_manifests_of_a_directory_in_the_order_of_their_bytes() {
    let tree = Tree::new("order").with(&[
        "b.yaml",
        "a/z.yml",
        "a.json",
        "a/B.YAML",
        "README.md",
        "a/x.txt",
        ".git/HEAD",
        ".git/c.yaml",
    ]);
    let told = tree.gather(&[""], &[]);
    assert_eq!(told.files, ["a.json", "a/B.YAML", "a/z.yml", "b.yaml"]);
    assert!(told.errors.is_empty() && told.skipped.is_empty());
    assert!(told.gathered.files.iter().all(|file| !file.named));
    assert!(told.gathered.notices.is_empty());
    assert_eq!(told.gathered.files[0].read().expect("readable"), b"kind: Pod\n");
}

#[test]
fn takes_a_named_file_whatever_its_name_and_each_file_once() {
    let tree = Tree::new("named").with(&["a.yaml", "x.tmpl", ".hidden/b.yaml"]);
    let told = tree.gather(&["", "x.tmpl", "a.yaml", ".hidden", "./a.yaml", "-", "-"], &["a.yaml/", "x.tmpl"]);
    assert_eq!(told.files, [".hidden/b.yaml", "a.yaml", "x.tmpl", "-"]);
    assert_eq!(told.gathered.files.iter().map(|file| file.named).collect::<Vec<_>>(), [false, true, true, true]);
    assert!(told.skipped.is_empty(), "{:?}", told.skipped);
}

#[test]
fn takes_manifests_of_hidden_directories_as_kubectl_does_a63() {
    let tree = Tree::new("hidden").with(&[
        ".x/p.yaml",
        ".git/p.yaml",
        "a/.git/p.yaml",
        "b/.git/HEAD",
        "b/.git/p.yaml",
        "..y/.z/p.yaml",
    ]);
    tree.link("b", ".b");
    let told = tree.gather(&[""], &[]);
    assert_eq!(told.files, ["..y/.z/p.yaml", ".git/p.yaml", ".x/p.yaml", "a/.git/p.yaml"]);
    assert_eq!(
        told.skipped,
        [
            ".b: a link to what is judged under its own name",
            "b/.git: a directory of git itself; name it to have it judged",
        ]
    );
    assert_eq!(tree.gather(&[""], &[".x/"]).skipped[1], ".x: ignored by `.x/`");
}

#[test]
fn leaves_aside_what_is_ignored_and_says_so() {
    let tree = Tree::new("ignored").with(&["a.yaml", "node_modules/x/b.yaml", "ci/c.yaml", "ci/sub/c.yaml"]);
    let told = tree.gather(&[""], &["node_modules/", "ci/*.yaml", "!x"]);
    assert_eq!(told.files, ["a.yaml", "ci/sub/c.yaml"]);
    assert_eq!(told.skipped, ["ci/c.yaml: ignored by `ci/*.yaml`", "node_modules: ignored by `node_modules/`"]);
    assert!(told.errors[0].starts_with("`!x` is not an ignore pattern: a pattern cannot take back another"));
}

#[test]
fn refuses_paths_that_give_nothing_to_judge() {
    // A63: "no objects found" is not success; unreadable file is not success.
    let tree = Tree::new("nothing").with(&["empty/README.md", "git/x/.git/HEAD", "git/x/.git/a.yaml"]);
    let told = tree.gather(&["missing.yaml", "k8s/*.yaml", "empty", "git"], &[]);
    assert!(told.files.is_empty());
    assert_eq!(
        told.errors,
        [
            "there is no `missing.yaml`; check the spelling and the directory that you are in",
            "there is no `k8s/*.yaml`; the shell leaves a pattern as it is when no file matches it; check it, or name the directory",
            "no manifest in `empty`: looked for .yaml, .yml, .json; name a file of another extension to have it judged",
            "no manifest in `git`: looked for .yaml, .yml, .json; name what was skipped to have it judged",
        ]
    );
    let none = gather(&[], &GatherOptions::default());
    assert_eq!(none.errors[0].to_string(), "no path was given");
}

#[test]
fn refuses_to_follow_a_link_out_of_the_directory() {
    // A63b.
    let tree = Tree::new("links").with(&["in/a.yaml", "in/sub/b.yaml", "in/..data/c.yaml", "out/secret.yaml"]);
    tree.link("out/secret.yaml", "in/leak.yaml");
    tree.link("out", "in/leak");
    tree.link("in", "in/sub/loop");
    tree.link("in/a.yaml", "in/again.yaml");
    tree.link("in/..data/c.yaml", "in/c.yaml");
    tree.link("nowhere", "in/gone.yaml");
    let told = tree.gather(&["in"], &[]);
    assert_eq!(
        told.files,
        ["in/a.yaml", "in/c.yaml", "in/sub/b.yaml"],
        "a mounted ConfigMap is read through its links"
    );
    assert_eq!(
        told.skipped,
        [
            "in/again.yaml: a link to what is judged under its own name",
            "in/sub/loop: a link to what is judged under its own name",
        ]
    );
    assert!(told.errors[0].starts_with("`in/gone.yaml` cannot be read: No such file"), "{:?}", told.errors);
    assert_eq!(
        told.errors[1..],
        [
            "`in/leak` is a link to a directory outside the directory, and was not judged; name its target to have it judged, or leave it out with --ignore",
            "`in/leak.yaml` is a link to a file outside the directory, and was not judged; name its target to have it judged, or leave it out with --ignore"
        ],
        "what a pipeline applies may go through either"
    );
    let left_out = tree.gather(&["in"], &["leak/", "leak.yaml", "gone.yaml"]);
    assert!(left_out.errors.is_empty(), "{:?}", left_out.errors);
    assert_eq!(tree.gather(&["in/leak.yaml"], &[]).files, ["in/leak.yaml"], "who names a link means it");
}

#[test]
fn bounds_loops_of_links_depth_and_number() {
    let tree = Tree::new("bounds").with(&["1/2/3/4/5/6/deep.yaml", "a.yaml", "b.yaml"]);
    fs::create_dir(tree.0.join(".x")).expect("a directory");
    tree.link(".x", "x");
    tree.link("x", ".x/y");
    tree.link("round", "round");
    let told = tree.gather(&[""], &[]);
    assert_eq!(told.files, ["a.yaml", "b.yaml"]);
    let deep = "`1/2/3/4/5/6` lies more than 5 directories deep; name the inner directory itself";
    assert!(told.errors[0].starts_with(deep), "{:?}", told.errors);
    let limits = GatherLimits { files: 1, file_bytes: 4, ..GatherLimits::default() };
    let options = GatherOptions { limits, ..GatherOptions::default() };
    let told = gather(&[tree.0.join("a.yaml"), tree.0.join("b.yaml")], &options);
    assert_eq!(told.errors[0].to_string(), "there are more than 1 files");
    let large = told.files[0].read().expect_err("larger than 4 bytes");
    assert!(large.to_string().ends_with("a.yaml` is larger than 4 bytes"), "{large}");
}

#[test]
fn refuses_pipes_and_devices_without_waiting_for_them() {
    let tree = Tree::new("special").with(&["a.yaml"]);
    let made = std::process::Command::new("mkfifo").arg(tree.0.join("p.yaml")).status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: no mkfifo");
        return;
    }
    let told = tree.gather(&["", "p.yaml"], &[]);
    let sentence = "`p.yaml` is a pipe, not a file; give a regular file, or pipe it in: `-` is the standard input";
    assert_eq!((told.files, told.errors), (vec!["a.yaml".to_owned()], vec![sentence.to_owned(), sentence.to_owned()]));
    let device = gather(&["/dev/null".into()], &GatherOptions::default());
    assert_eq!(device.errors[0].to_string(), "`/dev/null` is a device, not a file");
    let swapped = tree.gather(&["a.yaml"], &[]);
    fs::rename(tree.0.join("p.yaml"), tree.0.join("a.yaml")).expect("swapped");
    let refused = swapped.gathered.files[0].read().expect_err("a pipe by now").to_string();
    assert!(refused.ends_with("a.yaml` is a pipe, not a file"), "{refused}");
}

#[test]
fn judges_what_cannot_be_read_as_an_error() {
    let tree = Tree::new("unreadable").with(&["a.yaml", "d/b.yaml"]);
    fs::set_permissions(tree.0.join("a.yaml"), fs::Permissions::from_mode(0o000)).expect("a mode");
    let told = tree.gather(&["a.yaml"], &[]);
    match told.gathered.files[0].read() {
        Err(refused) => assert!(refused.to_string().contains("a.yaml` cannot be read: Permission denied"), "{refused}"),
        Ok(_) => eprintln!("SKIPPED: this user may read everything"),
    }
    fs::remove_file(tree.0.join("a.yaml")).expect("removed");
    let gone = told.gathered.files[0].read().expect_err("gone").to_string();
    assert!(gone.starts_with("there is no `") && gone.ends_with("a.yaml`"), "{gone}");
}

#[test]
fn says_how_to_render_a_chart() {
    let tree = Tree::new("chart").with(&["shop chart/Chart.yaml", "shop chart/templates/sub/web.yaml", "web.yaml"]);
    let told = tree.gather(&[""], &[]);
    assert_eq!(told.files, ["web.yaml"]);
    assert_eq!(
        told.errors,
        [
            "`shop chart` is a Helm chart, whose templates are no manifests yet; render it: `helm template 'shop chart' | portcullis check -`"
        ]
    );
    let named = tree.gather(&["shop chart/templates/sub/web.yaml"], &[]).gathered;
    let chart = named.files[0].chart.as_deref().expect("a chart");
    assert!(chart.ends_with("/shop chart"), "{chart}");
}

#[test]
fn ignores_from_the_named_directory_as_well_as_from_the_base() {
    let tree = Tree::new("bases").with(&["k/chart/Chart.yaml", "k/chart/templates/a.yaml", "k/x/b.yaml", "k/c.yaml"]);
    for patterns in [["chart/**", "./x"], ["chart/", "x/"], ["k/chart/**", "k/x/**"], ["/k/chart", "/x"]] {
        let told = tree.gather(&["k"], &patterns);
        assert_eq!((told.files, told.errors), (vec!["k/c.yaml".to_owned()], Vec::new()), "{patterns:?}");
        assert_eq!(told.skipped.len(), 2, "{:?}", told.skipped);
        assert!(told.gathered.notices.is_empty());
    }
    let idle = tree.gather(&["k"], &["chart", "nothing/"]).gathered.notices;
    assert!(idle.len() == 1 && idle[0].starts_with("the ignore pattern `nothing/` left nothing out"), "{idle:?}");
}
