//! `portcullis.yaml`: where it is found, what it says, and that it weakens nothing that a flag says.

use portcullis_tests::{Answer, Folder, portcullis, portcullis_in};

const HEAD: &str = "apiVersion: portcullis.dev/v1alpha1\nkind: CheckConfig\n";

/// A Pod that the default set denies in compliance and only warns about in sandbox.
const BAD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec:\n  containers:\n  - {name: app, image: nginx}\n";

/// A policy set under which nothing is denied.
const MILD: &str = "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: mild}\nspec:\n  policies:\n  - name: images\n    plugin: {builtin: image-reference}\n    effect: {compliance: warn}\n    settings: {forbiddenTags: [latest]}\n";

/// A baseline that lists nothing.
const BASELINE: &str = "apiVersion: portcullis.dev/v1alpha1\nkind: Baseline\nmetadata: {name: b}\nspec: {owner: us, expires: 2026-12-31, findings: []}\n";

const WAIVER: &str = "apiVersion: portcullis.dev/v1alpha1\nkind: Waiver\nmetadata: {name: all}\nspec:\n  policy: images\n  rule: image-reference/tag-forbidden\n  covers: {namespaces: [shop], names: [web]}\n  owner: us\n  ticket: T-1\n  reason: because\n  expires: 2026-12-31\n";

/// A repository with a bad Pod and this configuration.
fn repository(name: &str, config: &str) -> Folder {
    let folder = Folder::new(name);
    folder.write(".git/HEAD", "ref: refs/heads/main\n");
    folder.write("deploy/web.yaml", BAD);
    folder.write("policies/mild.yaml", MILD);
    folder
        .write("policies/strict.yaml", MILD.replace("mild", "strict").replace("compliance: warn", "compliance: deny"));
    folder.write("waivers.yaml", WAIVER);
    folder.write("baseline.yaml", BASELINE);
    folder.write("portcullis.yaml", format!("{HEAD}{config}"));
    folder
}

fn json(folder: &Folder, arguments: &[&str]) -> Answer {
    portcullis(folder.path(), &[&["check", "-f", "json"], arguments].concat())
}

#[test]
fn judges_by_the_file_of_the_repository_from_any_folder_in_it() {
    let config = "paths: [deploy]\npolicies: [policies/mild.yaml]\nignore: [deploy/old/]\nfailOn: warned\n";
    let folder = repository("config", config);
    folder.write("deploy/old/x.yaml", "not: a manifest");
    let answer = json(&folder, &[]);
    assert_eq!(answer.status, 1, "failOn: {answer:?}");
    let report = answer.json();
    assert_eq!(report["config"], "portcullis.yaml");
    assert_eq!(report["policySets"][0]["name"], "mild");
    assert_eq!(report["decisions"][0]["subject"]["source"]["file"], "deploy/web.yaml");
    let below = portcullis(&folder.path().join("deploy/old"), &["check", "-f", "json"]);
    let report = below.json();
    assert_eq!(report["config"], "../../portcullis.yaml");
    assert_eq!(report["decisions"][0]["subject"]["source"]["file"], "../../deploy/web.yaml");
    assert_eq!(below.status, 1);
    let human = portcullis(folder.path(), &["check"]);
    assert!(human.out.contains("\nsettings from portcullis.yaml\n"), "{human:?}");
}

#[test]
fn finds_no_file_above_the_repository_and_none_where_nobody_wants_one() {
    let folder = repository("config-above", "paths: [deploy]\npolicies: [policies/mild.yaml]\n");
    folder.write("deploy/inner/.git", "gitdir: ../../elsewhere\n");
    folder.write("deploy/inner/web.yaml", BAD);
    let inner = folder.path().join("deploy/inner");
    let answer = portcullis(&inner, &["check", "-f", "json", "."]);
    assert_eq!(
        (answer.status, &answer.json()["config"]),
        (1, &serde_json::Value::Null),
        "the built-in set: {answer:?}"
    );
    let said = ["true", "1", "yes"].map(|word| (vec![("PORTCULLIS_NO_CONFIG", word)], vec![]));
    for (variables, flags) in std::iter::once((vec![], vec!["--no-config"])).chain(said) {
        let arguments = [vec!["check", "-f", "json", "deploy/web.yaml"], flags].concat();
        let answer = portcullis_in(folder.path(), &variables, &arguments, None);
        assert_eq!((answer.status, &answer.json()["config"]), (1, &serde_json::Value::Null), "{answer:?}");
    }
    let named = ["check", "-f", "json", "--config", "../../portcullis.yaml"];
    assert_eq!(portcullis(&inner, &named).json()["config"], "../../portcullis.yaml");
    let without_git = Folder::new("config-without-git");
    without_git.write("portcullis.yaml", format!("{HEAD}policies: [nowhere.yaml]\n"));
    without_git.write("a/web.yaml", BAD);
    let answer = portcullis(&without_git.path().join("a"), &["check", "-f", "json", "web.yaml"]);
    assert_eq!((answer.status, &answer.json()["config"]), (1, &serde_json::Value::Null), "{answer:?}");
}

#[test]
fn lets_a_flag_win_over_its_variable_and_that_over_the_file() {
    let folder = repository("config-order", "paths: [deploy]\nmode: sandbox\n");
    assert_eq!(json(&folder, &[]).json()["decisions"][0]["mode"], "sandbox");
    let variable = [("PORTCULLIS_MODE", "compliance")];
    let answer = portcullis_in(folder.path(), &variable, &["check", "-f", "json"], None);
    assert_eq!((answer.status, &answer.json()["decisions"][0]["mode"]), (1, &"compliance".into()));
    let answer = portcullis_in(folder.path(), &variable, &["check", "-f", "json", "--mode", "sandbox"], None);
    assert_eq!(answer.json()["decisions"][0]["mode"], "sandbox");
    // One of two that contradict each other wins by standing on the command line.
    let variable = [("PORTCULLIS_CONFIG", "portcullis.yaml")];
    let answer = portcullis_in(folder.path(), &variable, &["check", "--no-config", "deploy"], None);
    assert_eq!(answer.status, 1, "{answer:?}");
    let answer = portcullis(folder.path(), &["check", "--no-config", "--config", "portcullis.yaml", "deploy"]);
    assert!(answer.status == 2 && answer.err.contains("contradict each other"), "{answer:?}");
}

#[test]
fn weakens_nothing_that_a_flag_says() {
    let soft = "mode: sandbox\nwaivers: [waivers.yaml]\nbaseline: baseline.yaml\nnamespaceLabels: [namespaces.yaml]\nignore: ['*.yaml']\nnamespace: x\n";
    let folder = repository("config-weak", &format!("paths: [deploy]\npolicies: [policies/mild.yaml]\n{soft}"));
    let labels = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {portcullis.dev/mode: sandbox}}\n";
    folder.write("namespaces.yaml", labels);
    folder.write("trusted.yaml", labels.replace("sandbox", "compliance"));
    let answer = json(&folder, &["-p", "policies/strict.yaml", "deploy"]);
    assert_eq!(answer.status, 1, "{answer:?}");
    let report = answer.json();
    assert_eq!((&report["decisions"][0]["mode"], &report["summary"]["waived"]), (&"compliance".into(), &0.into()));
    assert!(report.get("baseline").is_none(), "{report}");
    let notices = report["notices"].to_string();
    for told in [
        "1 file that `ignore` of `portcullis.yaml` leaves out was judged: `ignore` holds for the `paths` of that file, and other paths were named",
        "`mode`, `namespaceLabels`, `namespace`, `waivers`, `baseline` of `portcullis.yaml` do not hold, because --policies is given: a file must not weaken what the command line asks for",
    ] {
        assert!(notices.contains(told), "{notices}");
    }
    // Labels from a place that the change cannot touch choose the mode, not the file.
    let answer = json(&folder, &["--namespace-labels", "trusted.yaml", "deploy"]);
    assert_eq!(answer.json()["decisions"][0]["mode"], "compliance", "{answer:?}");
}

#[test]
fn tells_only_of_what_would_have_been_left_out_and_of_waivers_for_all_that_it_names() {
    let file = "paths: [deploy, other]\npolicies: [policies/strict.yaml]\nmode: compliance\nwaivers: [idle.yaml]\nignore: [other/generated/]\n";
    let folder = repository("config-part", file);
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: late}\nspec: {containers: [{name: a, image: x:1}]}\n";
    folder.write("other/generated/late.yaml", pod);
    folder.write("other/pod.yaml", pod);
    let waiver = "apiVersion: portcullis.dev/v1alpha1\nkind: Waiver\nmetadata: {name: idle}\nspec:\n  policySet: elsewhere\n  policy: p\n  rule: r\n  covers: {names: [x]}\n  owner: a\n  ticket: T-1\n  reason: b\n  expires: 2030-01-01\n";
    folder.write("idle.yaml", waiver);
    let notices = |paths: &[&str]| json(&folder, paths).json()["notices"].to_string();
    let (left_out, idle) = ("leaves out was judged", "waived nothing");
    for (paths, told) in [
        (&[][..], (false, true)),
        (&["deploy"][..], (false, false)),
        (&["deploy", "other"][..], (true, true)),
        (&["./other", "./deploy"][..], (true, true)),
        (&["other/generated/late.yaml"][..], (true, false)),
        (&["other/pod.yaml"][..], (false, false)),
    ] {
        let notices = notices(paths);
        assert_eq!((notices.contains(left_out), notices.contains(idle)), told, "{paths:?}: {notices}");
    }
    folder.write("deploy/broken.yaml", "a: [\n");
    let notices = notices(&[]);
    assert!(!notices.contains(idle), "what could not be judged may need it: {notices}");
}

#[test]
fn refuses_what_it_does_not_know_and_what_only_flags_may_say() {
    let folder = repository("config-bad", "");
    for (config, told) in [
        (
            "polices: [a]\n",
            "error: unknown field `polices` in the document\n  --> portcullis.yaml:3:1\n     |\n   3 | polices: [a]\n     | ^^^^^^^\n     = help: did you mean `policies`?",
        ),
        ("mode: sandbocks\n", "`mode` cannot be `sandbocks`\n  --> portcullis.yaml:3:7\n"),
        ("policy: [a]\n", "did you mean `policies`?"),
        (
            "rules: [a]\n",
            "mostly used are paths, ignore, policies, mode, waivers, failOn, formats; every key is in policies/README.md",
        ),
        ("formats: [sarif]\n", "write `{format: sarif}`"),
        (
            "paths: [deploy]\npolicies: [policies/nowhere.yaml]\n",
            "error: there is no `policies/nowhere.yaml`\n  --> portcullis.yaml:4:12\n",
        ),
        ("paths: deploy\n", "put it in brackets: `[..]`"),
        ("paths: []\n", "`paths` is empty\n  --> portcullis.yaml:3:1\n"),
        ("failOn: never\n", "`failOn` cannot be `never`\n  --> portcullis.yaml:3:9\n"),
        ("formats: [{format: sarf}]\n", "--> portcullis.yaml:3:20\n"),
        ("registryConfig: [a]\n", "`registryConfig` cannot stand here"),
        ("insecureRegistry: [localhost]\n", "`insecureRegistry` cannot stand here"),
        ("time: '2020-01-01'\n", "`time` cannot stand here: a change could say by it when waivers and signatures end"),
        ("cacheDir: cache\n", "`cacheDir` cannot stand here"),
        ("fix: all\n", "`fix` cannot stand here: a change could say by it what is written into manifests"),
        ("baseline: .git/hooks/pre-commit\n", "cannot be written into `.git`"),
        ("baseline: ../b.yaml\n", "`../b.yaml` leads out of the folder"),
        ("policies: [../x.yaml]\n", "`../x.yaml` leads out of the folder of this file\n  --> portcullis.yaml:3:12\n"),
        ("policies: [/etc/passwd]\n", "`/etc/passwd` leads out of the folder"),
        ("paths: ['-']\n", "the standard input cannot be named here"),
        ("policies: [out/x.yaml]\n", "`out/x.yaml` is a link out of the folder of this file"),
        ("formats: [{format: json, output: ../x.json}]\n", "`../x.json` leads out of the folder"),
        ("formats: [{format: json, output: .git/hooks/pre-commit}]\n", "cannot be written into `.git`"),
        ("formats: [{format: json, output: g/config}]\n", "cannot be written into `.git`"),
        ("formats: [{format: json, output: portcullis.yaml}]\n", "would overwrite the input `portcullis.yaml`"),
        ("formats: [{format: json, output: deploy/web.yaml}]\n", "would overwrite the input `deploy"),
        ("paths: [deploy]\n---\n{}\n", "`portcullis.yaml` holds 2 documents, and must hold one CheckConfig"),
        ("paths: [deploy]\njobs: many\n", "`jobs` must be a number of threads"),
    ] {
        #[cfg(unix)]
        let _ = std::os::unix::fs::symlink(std::env::temp_dir(), folder.path().join("out"));
        #[cfg(unix)]
        let _ = std::os::unix::fs::symlink(".git", folder.path().join("g"));
        folder.write("portcullis.yaml", format!("{HEAD}{config}"));
        let answer = portcullis(folder.path(), &["check", "deploy"]);
        assert_eq!(answer.status, 2, "{config}: {answer:?}");
        assert!(answer.err.contains(told), "{config}: {}", answer.err);
        assert_eq!(portcullis(folder.path(), &["check", "--no-config", "deploy"]).status, 1, "nobody reads it");
    }
    folder.write("portcullis.yaml", MILD);
    let answer = portcullis(folder.path(), &["check", "deploy"]);
    assert!(answer.err.contains("error: this is a `PolicySet`"), "{answer:?}");
    assert!(answer.err.contains("--> portcullis.yaml:2:7\n"), "{answer:?}");
    assert!(answer.err.contains("not a `CheckConfig`"), "{answer:?}");
    std::fs::remove_file(folder.path().join("portcullis.yaml")).expect("the file goes");
    folder.write("portcullis.yml", format!("{HEAD}paths: [deploy]\n"));
    let answer = portcullis(folder.path(), &["check", "deploy"]);
    assert!(answer.status == 2 && answer.err.contains("nobody reads `portcullis.yml`"), "{answer:?}");
}

#[test]
fn says_where_a_path_stands_that_is_not_there_and_only_where_it_counts() {
    let folder = repository("config-missing", "paths: [deploy, deplyo]\n");
    let answer = portcullis(folder.path(), &["check"]);
    assert_eq!(answer.status, 2, "{answer:?}");
    for told in ["error: there is no `deplyo`\n", "  --> portcullis.yaml:3:17\n", "   3 | paths: [deploy, deplyo]\n"] {
        assert!(answer.err.contains(told), "{told}: {answer:?}");
    }
    let inside = portcullis(&folder.path().join("deploy"), &["check"]);
    assert!(inside.err.contains("--> ../portcullis.yaml:3:17"), "{inside:?}");
    assert_eq!(portcullis(folder.path(), &["check", "deploy"]).status, 1, "another path was named");
    assert_eq!(portcullis(folder.path(), &["check", "--explain", "cel"]).status, 0, "nothing is judged");
}

#[test]
fn writes_the_formats_that_it_names_beside_itself() {
    let formats = "paths: [deploy]\nformats:\n- format: human\n- {format: sarif, output: out.sarif}\n";
    let folder = repository("config-formats", formats);
    let answer = portcullis(&folder.path().join("deploy"), &["check"]);
    assert_eq!(answer.status, 1, "{answer:?}");
    assert!(answer.out.contains("denied[image-reference/"), "{answer:?}");
    let sarif = std::fs::read_to_string(folder.path().join("out.sarif")).expect("a report beside the file");
    assert!(sarif.contains("sarif-schema"), "{sarif}");
    // A report says why nothing was judged, even where the file itself is the reason.
    folder.write("portcullis.yaml", format!("{HEAD}paths: [nowhere]\nx: 1\n"));
    let answer = portcullis(folder.path(), &["check", "-f", "json"]);
    assert_eq!(answer.json()["errors"][0]["source"]["file"], "portcullis.yaml");
}

#[test]
fn says_what_to_name_where_nothing_is_named() {
    let folder = Folder::new("config-nothing");
    let answer = portcullis(folder.path(), &["check"]);
    assert_eq!(answer.status, 2);
    assert!(answer.err.contains("nothing to judge is named") && answer.err.contains("`paths` in"), "{answer:?}");
}

#[test]
fn lists_and_explains_the_policies_of_the_file() {
    let folder = repository("config-policies", "policies: [policies/mild.yaml]\nmode: sandbox\n");
    let list = portcullis(folder.path(), &["policies", "list"]);
    assert_eq!(list.status, 0, "{list:?}");
    assert!(list.out.starts_with("from policies/mild.yaml (portcullis.yaml)\n\nmild  sha256:"), "{list:?}");
    assert!(list.out.contains("images  image-reference 0.1.0  sha256:"), "{list:?}");
    let list = portcullis(folder.path(), &["policies", "list", "--format", "json"]).json();
    let policy = &list["policySets"][0]["policies"][0];
    assert_eq!(policy["effect"], serde_json::json!({"sandbox": "warn", "compliance": "warn"}));
    assert_eq!(policy["plugin"]["digest"].as_str().map(str::len), Some(71));
    assert_eq!(policy["match"], "CREATE, UPDATE of everything");
    let explained = portcullis(folder.path(), &["policies", "explain", "-f", "json", "deploy/web.yaml"]).json();
    let of_set = &explained["subjects"][0]["policySets"][0];
    assert_eq!((&of_set["policySet"], &of_set["mode"]), (&"mild".into(), &"sandbox".into()));
}
