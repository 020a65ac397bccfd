//! `check --fix`: what is written, what is only shown, and what is left alone whatever is asked.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use portcullis_tests::{Answer, Folder, portcullis, portcullis_with};
use serde_json::{Value, json};

/// Small workloads, quantities as Kubernetes writes them; what names no mode is a sandbox.
const SET: &str = r#"
apiVersion: portcullis.dev/v1alpha1
kind: PolicySet
metadata: {name: fix}
spec:
  mode: {namespaceLabel: portcullis.dev/mode, default: sandbox}
  policies:
  - name: limits
    plugin: {builtin: resource-limits}
    settings: {canonicalQuantities: true, requireLimits: true, cpu: {min: 100m, max: "2"}, memory: {min: 128Mi, max: 1Gi}}
"#;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: a\n    resources:\n      limits: {cpu: 0.5, memory: 1024Mi}\n";

fn folder(name: &str, files: &[(&str, &str)]) -> Folder {
    let folder = Folder::new(name);
    folder.write("set.yaml", SET);
    for (name, text) in files {
        folder.write(name, text);
    }
    folder
}

/// `check --fix=...` of the folder `m` by the set, with more arguments.
fn fix(folder: &Folder, more: &[&str]) -> Answer {
    let arguments: Vec<&str> = ["check", "-p", "set.yaml", "-n", "shop"].iter().chain(more).copied().collect();
    portcullis(folder.path(), &arguments)
}

fn text(folder: &Folder, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).expect("a file")
}

/// Fixes `m/a.yaml` with every fix and returns the answer and what is in it then; a second time must change nothing.
#[track_caller]
fn fixed(name: &str, before: &str, more: &[&str]) -> (Answer, String) {
    let folder = folder(name, &[("m/a.yaml", before)]);
    let arguments = [&["--fix=all", "-m", "sandbox", "m"], more].concat();
    let answer = fix(&folder, &arguments);
    let after = text(&folder, "m/a.yaml");
    fix(&folder, &arguments);
    assert_eq!(text(&folder, "m/a.yaml"), after, "fixing twice is fixing once");
    (answer, after)
}

#[test]
fn writes_what_is_safe_and_shows_the_rest_as_a_patch() {
    let before = POD.replace("memory: 1024Mi}", "memory: 64Gi} # much") + "  - name: b   \n";
    let folder = folder("fix-patch", &[("m/a b.yaml", &before)]);
    let answer = fix(&folder, &["--fix", "-m", "sandbox", "m"]);
    assert_eq!(answer.status, 0, "{}", answer.out);
    let safe = before.replace("0.5", "500m").replace("b   \n", "b\n");
    assert_eq!(text(&folder, "m/a b.yaml"), safe);
    assert!(
        answer
            .out
            .contains("fixed[resource-limits/quantity-not-canonical] m/a b.yaml:8: Pod shop/web: write it as 500m")
    );
    assert!(answer.out.contains("fixed[layout] m/a b.yaml: white space at the end of 1 line"), "{}", answer.out);
    assert!(answer.out.contains("3 findings; 2 fixed"), "{}", answer.out);
    assert!(answer.out.contains("note: 3 fixes change what an object means: see the patch"), "{}", answer.out);
    let all = safe.replace("64Gi", "1Gi") + "    resources:\n      limits:\n        cpu: 100m\n        memory: 128Mi\n";
    for (program, arguments) in [("git", &["apply"][..]), ("patch", &["-p1", "-s"])] {
        folder.write("m/a b.yaml", &safe);
        let patch = folder.write("all.patch", &answer.out);
        let input = fs::File::open(patch).expect("a patch");
        let done = Command::new(program).args(arguments).current_dir(folder.path()).stdin(input).status();
        assert!(done.expect(program).success(), "{program}: {}", answer.out);
        assert_eq!(text(&folder, "m/a b.yaml"), all, "{program}");
    }
}

#[test]
fn names_files_in_a_patch_from_the_root_of_the_repository_wherever_it_stands() {
    let before = POD.replace("memory: 1024Mi", "memory: 64Gi").replace("0.5", "500m");
    let after = before.replace("64Gi", "1Gi");
    let outer = folder(
        "fix-root",
        &[("outside.yaml", &before), ("repo/deploy/web.yaml", &before), ("repo/other/x.yaml", &before)],
    );
    let repository = outer.path().join("repo");
    let git = |at: &Path, arguments: &[&str]| {
        let done = Command::new("git").args(arguments).current_dir(at).stderr(std::process::Stdio::null()).status();
        done.expect("git").success()
    };
    assert!(git(&repository, &["init", "-q"]));
    let other = repository.join("other");
    let fix = |more: &[&str]| {
        let set = ["check", "-p", "../../set.yaml", "-n", "shop", "--no-config", "-m", "sandbox", "--fix"];
        portcullis(&other, &[&set, more].concat())
    };
    let answer = fix(&["--patch", "p.patch", "../deploy/web.yaml", "x.yaml"]);
    let patch = text(&outer, "repo/other/p.patch");
    assert!(patch.starts_with("--- a/deploy/web.yaml\n+++ b/deploy/web.yaml\n"), "{patch}");
    assert!(patch.contains("\n--- a/other/x.yaml\n"), "{patch}");
    let note = "note: the patch names files from the root of the repository: `git -C .. apply` there takes it\n";
    assert!(answer.err.contains(note), "{answer:?}");
    assert!(!git(&other, &["apply", "p.patch"]), "git says so where it cannot take it all");
    assert!(git(&other, &["-C", "..", "apply", "other/p.patch"]), "{patch}");
    assert_eq!(
        [text(&outer, "repo/deploy/web.yaml"), text(&outer, "repo/other/x.yaml")],
        [after.clone(), after.clone()]
    );
    // What lies in the folder itself git takes there, too.
    outer.write("repo/other/x.yaml", &before);
    fix(&["--patch", "p.patch", "x.yaml"]);
    assert!(git(&other, &["apply", "p.patch"]) && text(&outer, "repo/other/x.yaml") == after);
    // By its own name, not by that of a link to it, through which git writes nothing.
    outer.write("repo/sub/real/x.yaml", &before);
    symlink("real/x.yaml", repository.join("sub/a.yaml")).expect("a link");
    let linked = fix(&["--patch", "-", "../sub"]);
    assert!(linked.out.contains("\n--- a/sub/real/x.yaml\n") && !linked.out.contains("--- a/sub/a.yaml"), "{linked:?}");
    let outside = fix(&["--patch", "p.patch", "../../outside.yaml"]);
    assert!(
        outside.out.contains("it lies outside of `") && text(&outer, "repo/other/p.patch").is_empty(),
        "{outside:?}"
    );
    // Without a repository: from the current directory, and no note.
    fs::remove_dir_all(repository.join(".git")).expect("a folder");
    outer.write("repo/other/x.yaml", &before);
    let answer = fix(&["--patch", "p.patch", "x.yaml"]);
    assert!(!answer.err.contains("the patch names"), "{answer:?}");
    assert!(text(&outer, "repo/other/p.patch").starts_with("--- a/x.yaml\n"), "{answer:?}");
    assert!(git(&other, &["apply", "p.patch"]) && text(&outer, "repo/other/x.yaml") == after);
}

#[test]
fn tells_machines_what_was_fixed_and_keeps_the_patch_in_a_file() {
    let before = POD.replace("1024Mi", "64Gi");
    let folder = folder("fix-json", &[("m/a.yaml", &before)]);
    let answer = fix(&folder, &["--fix", "-m", "sandbox", "-f", "json", "--patch", "rest.patch", "m"]);
    let report = answer.json();
    assert_eq!(report["summary"]["fixed"], 1);
    let fixes: Vec<Value> = report["fixes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|fix| json!([fix["rule"], fix["applied"], fix["patched"]]))
        .collect();
    assert_eq!(
        fixes,
        [
            json!(["resource-limits/quantity-not-canonical", true, false]),
            json!(["resource-limits/memory-limit-max", false, true])
        ]
    );
    assert_eq!(report["decisions"][0]["findings"][0]["fix"]["applied"], false);
    assert!(text(&folder, "rest.patch").contains("+      limits: {cpu: 500m, memory: 1Gi}"));
    let answer = fix(&folder, &["-f", "json", "-m", "sandbox", "m"]);
    assert!(answer.json().get("fixes").is_none(), "nobody asked");
}

#[test]
fn keeps_every_byte_that_no_fix_concerns() {
    let before = "\u{feff}# 0.5\r\napiVersion: v1\r\nkind: Pod\r\nmetadata: {\"name\": 'web'}\r\nspec:\r\n    containers:\r\n    - # first\r\n      name: a\r\n      resources: # ours\r\n        limits:\r\n            'cpu': '0.5' # half\r\n            memory: \"1024Mi\"\r\n    - name: b\r\n      resources: {}\r\n---\r\n# nothing\r\n---\r\napiVersion: v1\r\nkind: ConfigMap\r\nmetadata: {name: c}\r\ndata:\r\n  x: |+\r\n    0.5  \r\n\r\n";
    let after = before
        .replace("'0.5' #", "'500m' #")
        .replace("1024Mi", "1Gi")
        .replace("resources: {}", "resources: {limits: {cpu: 100m, memory: 128Mi}}");
    assert_eq!(fixed("fix-bytes", before, &[]).1, after);
}

#[test]
fn keeps_json_as_it_is_laid_out() {
    let pretty = "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"Pod\",\n\t\"metadata\": {\"name\": \"web\"},\n\t\"spec\": {\"containers\": [{\"name\": \"a\", \"resources\": {\"limits\": {\"cpu\": 1.0, \"memory\": \"0.5Gi\"}}}]}\n}\n";
    assert_eq!(fixed("fix-json-pretty", pretty, &[]).1, pretty.replace("1.0", "1").replace("0.5Gi", "512Mi"));
    let compact = r#"{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"},"spec":{"containers":[{"name":"a"}]}}]}"#;
    let added =
        compact.replace(r#""name":"a""#, r#""name":"a","resources":{"limits":{"cpu":"100m","memory":"128Mi"}}"#);
    assert_eq!(fixed("fix-json-compact", compact, &[]).1, added + "\n");
}

#[test]
fn leaves_alone_what_an_alias_or_a_merge_key_repeats() {
    let aliased = POD.replace("cpu: 0.5", "cpu: &half 0.5")
        + "  - name: b\n    resources:\n      limits: {cpu: *half, memory: 1Gi}\n";
    let (answer, after) = fixed("fix-alias", &aliased, &[]);
    assert_eq!(after, aliased.replace("1024Mi", "1Gi"));
    let why = "an alias or a merge key repeats it elsewhere, which would change as well";
    assert_eq!(answer.out.matches(why).count(), 2, "{}", answer.out);
    let merged = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - &a\n    name: a\n    resources: {limits: {cpu: 0.5, memory: 1Gi}}\n  - <<: *a\n    name: b\n";
    let (answer, after) = fixed("fix-merge", merged, &[]);
    assert_eq!(after, merged);
    assert!(answer.out.contains(why), "{}", answer.out);
}

#[test]
fn writes_neither_of_two_fixes_that_contradict_each_other() {
    let other = SET.replace("name: fix", "name: other").replace("memory: {min: 128Mi, max: 1Gi}", "memory: {max: 2Gi}");
    let before = POD.replace("1024Mi", "64Gi").replace("0.5", "1");
    let folder = folder("fix-contradiction", &[("other.yaml", &other), ("m/a.yaml", &before)]);
    let answer = fix(&folder, &["-p", "other.yaml", "--fix=all", "-m", "sandbox", "m"]);
    assert_eq!(text(&folder, "m/a.yaml"), before);
    let why = "another fix wants something else there; decide between them";
    assert_eq!(answer.out.matches(why).count(), 2, "{}", answer.out);
    // One that leads to what the other finds is none either.
    let other = other.replace("memory: {max: 2Gi}", "memory: {min: 32Gi}");
    folder.write("other.yaml", other);
    let answer = fix(&folder, &["-p", "other.yaml", "--fix=all", "-m", "sandbox", "m"]);
    assert_eq!(text(&folder, "m/a.yaml"), before);
    assert!(answer.out.contains("it would lead to another finding: limits/memory-limit-min"), "{}", answer.out);
}

#[test]
fn changes_nothing_in_compliance_and_says_what_it_left() {
    let spaces = "apiVersion: v1\nkind: Namespace\nmetadata: {name: strict, labels: {portcullis.dev/mode: compliance}}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {portcullis.dev/mode: sandbox}}\n";
    let strict = POD.replace("name: web", "name: hard, namespace: strict") + "# \n";
    let both = format!("{POD}---\n{strict}");
    let folder = folder("fix-compliance", &[("m/ns.yaml", spaces), ("m/a.yaml", POD), ("m/b.yaml", &both)]);
    for which in ["--fix", "--fix=all"] {
        folder.write("m/a.yaml", POD);
        folder.write("m/b.yaml", &both);
        let answer = fix(&folder, &[which, "m"]);
        assert_eq!(answer.status, 2, "{}", answer.out);
        let why =
            "error: nothing is fixed in compliance: 2 fixes were left undone of `Pod strict/hard`\n  --> m/b.yaml\n";
        assert!(answer.out.contains(why), "{}", answer.out);
        let right = POD.replace("0.5", "500m").replace("1024Mi", "1Gi");
        assert_eq!(text(&folder, "m/a.yaml"), right);
        assert_eq!(text(&folder, "m/b.yaml"), format!("{right}---\n{strict}"), "not even the layout of such a file");
    }
    let answer = fix(&folder, &["--fix", "-m", "compliance", "m"]);
    assert_eq!(answer.status, 2);
    assert!(answer.err.contains("nothing is fixed in compliance: leave out --fix"), "{}", answer.err);
    assert!(answer.err.contains("by the settings for sandbox, whose limits may be lower"), "{}", answer.err);
}

#[test]
fn refuses_what_is_no_file_of_its_own() {
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "resource": {"group": "", "version": "v1", "resource": "pods"},
        "name": "web", "namespace": "shop", "operation": "CREATE", "userInfo": {"username": "a"},
        "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
            "spec": {"containers": [{"name": "a", "resources": {"limits": {"cpu": 0.5, "memory": "1Gi"}}}]}}}}).to_string();
    let files = [
        ("m/review.json", review.as_str()),
        ("chart/Chart.yaml", "name: c\n"),
        ("chart/templates/a.yaml", POD),
        ("real.yaml", POD),
    ];
    let folder = folder("fix-refusals", &files);
    let at = |name: &str| folder.path().join(name);
    symlink(at("real.yaml"), at("link.yaml")).expect("a link");
    fs::write(at("twin.yaml"), POD).expect("a file");
    fs::hard_link(at("twin.yaml"), at("other-twin.yaml")).expect("a hard link");
    fs::write(at("fixed.yaml"), POD).expect("a file");
    fs::set_permissions(at("fixed.yaml"), fs::Permissions::from_mode(0o444)).expect("read-only");
    for (file, why) in [
        ("m/review.json", "a recorded AdmissionReview is evidence and stays as it is"),
        ("chart/templates/a.yaml", "it belongs to the Helm chart `chart`"),
        ("link.yaml", "it is a link; name the file that it leads to"),
        ("twin.yaml", "it has a second name (a hard link)"),
        ("fixed.yaml", "it may only be read"),
    ] {
        let before = text(&folder, file);
        let answer = fix(&folder, &["--fix=all", "-m", "sandbox", file]);
        assert!(answer.out.contains(why), "{file}: {}{}", answer.out, answer.err);
        assert!(!answer.out.contains(" fixed\n"), "{file}: {}", answer.out);
        assert_eq!(text(&folder, file), before);
    }
    let piped = portcullis_with(folder.path(), &["check", "--fix", "-m", "sandbox", "-"], Some(POD.as_bytes()));
    assert_eq!(piped.status, 2);
    assert!(piped.err.contains("--fix cannot write back to `-`"), "{}", piped.err);
    let patch = fix(&folder, &["--fix", "--patch", "real.yaml", "real.yaml"]);
    assert!(patch.err.contains("the patch `real.yaml` would overwrite `real.yaml`"), "{}", patch.err);
}

#[test]
fn writes_through_a_link_that_stays_inside_and_keeps_permissions() {
    let folder = folder("fix-links", &[("m/sub/real.yaml", POD)]);
    let at = |name: &str| folder.path().join(name);
    symlink(Path::new("sub/real.yaml"), at("m/a.yaml")).expect("a link");
    fs::set_permissions(at("m/sub/real.yaml"), fs::Permissions::from_mode(0o640)).expect("permissions");
    let answer = fix(&folder, &["--fix", "-m", "sandbox", "m"]);
    assert!(answer.out.contains("2 fixed"), "{}", answer.out);
    assert!(at("m/a.yaml").is_symlink(), "the link is still one");
    assert!(text(&folder, "m/sub/real.yaml").contains("{cpu: 500m, memory: 1Gi}"));
    assert_eq!(fs::metadata(at("m/sub/real.yaml")).expect("a file").permissions().mode() & 0o777, 0o640);
    let left: Vec<_> = fs::read_dir(at("m/sub")).expect("a folder").collect();
    assert_eq!(left.len(), 1, "nothing is left beside it");
}

#[test]
fn shows_no_value_of_a_secret_in_a_patch() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  a: hunter2\n---\n";
    let near = POD.replace(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n",
        "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: a}]}}\n",
    );
    let near = near.split("  - name: a").next().expect("a part").to_owned();
    let folder = folder("fix-secret", &[("m/a.yaml", &format!("{secret}{near}"))]);
    let answer = fix(&folder, &["--fix", "-m", "sandbox", "m"]);
    assert!(answer.out.contains("a patch of it would show values of a Secret"), "{}", answer.out);
    assert!(!answer.out.contains("hunter2"), "{}", answer.out);
    let answer = fix(&folder, &["--fix=all", "-m", "sandbox", "m"]);
    assert!(answer.out.contains("2 fixed") && !answer.out.contains("hunter2"), "{}", answer.out);
    assert!(text(&folder, "m/a.yaml").starts_with(secret));
}

#[test]
fn says_that_a_patch_has_no_lines_where_a_file_ends_them_with_a_carriage_return_alone() {
    let folder = folder(
        "fix-carriage-returns",
        &[("m/a.yaml", &POD.replace("memory: 1024Mi", "memory: 64Gi").replace('\n', "\r"))],
    );
    let answer = fix(&folder, &["--fix", "-m", "sandbox", "m"]);
    assert!(answer.out.contains("its lines end with a carriage return alone"), "{answer:?}");
    assert!(!answer.out.contains("Secret"), "{answer:?}");
}

#[test]
fn says_nothing_where_quiet_but_the_patch_that_was_asked_for() {
    let before = POD.replace("memory: 1024Mi", "memory: 64Gi");
    let folder = folder("fix-quiet", &[("m/a.yaml", &before)]);
    let answer = fix(&folder, &["--fix", "-q", "-m", "sandbox", "m"]);
    assert_eq!((answer.status, answer.out.as_str(), answer.err.as_str()), (0, "", ""));
    assert_eq!(text(&folder, "m/a.yaml"), before.replace("0.5", "500m"), "what is safe is written all the same");
    let answer = fix(&folder, &["--fix", "-q", "--patch", "-", "-m", "sandbox", "m"]);
    assert!(answer.out.starts_with("\n--- a/m/a.yaml\n"), "{}", answer.out);
    // What asks for a fix and gets none is told however quiet: it is an error of this run.
    folder.write("m/a.yaml", &before);
    folder.write(
        "n.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {portcullis.dev/mode: compliance}}\n",
    );
    let answer = fix(&folder, &["--fix", "-q", "--namespace-labels", "n.yaml", "m"]);
    assert!(answer.status == 2 && answer.out.contains("error: nothing is fixed in compliance"), "{answer:?}");
    assert_eq!(text(&folder, "m/a.yaml"), before);
}

#[test]
fn refuses_a_patch_over_what_the_run_uses_or_writes() {
    let folder = folder("fix-patch-over", &[("m/a.yaml", POD)]);
    for (flags, over) in
        [(&["--patch", "set.yaml"][..], "set.yaml"), (&["--patch", "x", "-f", "json", "-o", "./x"], "./x")]
    {
        let answer = fix(&folder, &[&["--fix"], flags, &["m"]].concat());
        assert_eq!(answer.status, 2);
        assert!(answer.err.contains(&format!("would overwrite `{over}`; choose another --patch")), "{answer:?}");
    }
    assert_eq!(text(&folder, "set.yaml"), SET);
}
