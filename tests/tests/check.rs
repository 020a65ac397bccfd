//! The command: formats, exit codes, streams, and the same answer every time.

use portcullis_tests::{FORMATS, Folder, corpora, files, portcullis, portcullis_with, root};
use serde_json::json;

/// A Pod that the default set allows.
fn good(name: &str) -> String {
    pod(name, "resources: {requests: {cpu: 200m, memory: 256Mi}, limits: {cpu: 200m, memory: 256Mi}}")
}

/// A Pod that the default set denies in compliance.
fn bad(name: &str) -> String {
    pod(name, "resources: {requests: {cpu: 200m, memory: 64Mi}, limits: {cpu: '99', memory: 256Mi}}")
}

fn pod(name: &str, resources: &str) -> String {
    let digest = "a".repeat(64);
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\nspec:\n  containers:\n  - name: app\n    image: registry.example/app@sha256:{digest}\n    {resources}\n"
    )
}

#[test]
fn allows_a_good_pod_with_status_0() {
    let folder = Folder::new("check");
    folder.write("pod.yaml", good("web"));
    let answer = portcullis(folder.path(), &["check", "pod.yaml"]);
    assert_eq!(answer.status, 0, "{answer:?}");
}

#[test]
fn denies_a_bad_pod_with_status_1_and_points_at_the_value() {
    let folder = Folder::new("check");
    folder.write("pod.yaml", bad("web"));
    let answer = portcullis(folder.path(), &["check", "--format", "json", "pod.yaml"]);
    assert_eq!(answer.status, 1, "{answer:?}");
    let report = answer.json();
    let finding = &report["decisions"][0]["findings"][0];
    assert_eq!(report["apiVersion"], "portcullis.dev/v1alpha1");
    assert_eq!(report["verdict"], "deny");
    assert_eq!(report["decisions"][0]["mode"], "compliance", "no mode and no namespace is compliance");
    assert_eq!(finding["source"]["file"], "pod.yaml");
    assert_eq!(finding["source"]["line"], 9);
    let human = portcullis(folder.path(), &["check", "pod.yaml"]);
    assert!(human.out.contains("pod.yaml:9:") && human.out.contains('^'), "{human:?}");
    assert!(!human.out.contains('\u{1b}'), "no colour into a pipe");
}

#[test]
fn warns_in_sandbox_and_lets_the_change_through() {
    let folder = Folder::new("check");
    folder.write("pod.yaml", bad("web"));
    let answer = portcullis(folder.path(), &["check", "--mode", "sandbox", "--format", "json", "pod.yaml"]);
    assert_eq!(answer.status, 0, "{answer:?}");
    let report = answer.json();
    assert_eq!(report["verdict"], "allow");
    assert!(report["summary"]["warnings"].as_u64() > Some(0), "{report}");
}

#[test]
fn takes_the_mode_from_the_namespace_and_compliance_where_nobody_knows() {
    // A18: a value that is neither mode never gives the weaker one.
    let folder = Folder::new("modes");
    let namespace = |name: &str, mode: &str| {
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{portcullis.dev/mode: {mode}}}}}\n---\n"
        )
    };
    let in_namespace = |name: &str| bad("web").replace("  name: web\n", &format!("  name: web\n  namespace: {name}\n"));
    let mode_of = |content: String| {
        folder.write("all.yaml", content);
        let report = portcullis(folder.path(), &["check", "--format", "json", "all.yaml"]).json();
        let decisions = report["decisions"].as_array().cloned().unwrap_or_default();
        let pod = decisions.into_iter().find(|decision| decision["subject"]["kind"] == "Pod").expect("the Pod");
        (pod["mode"].as_str().unwrap_or_default().to_owned(), pod["errors"].clone())
    };
    assert_eq!(mode_of(namespace("a", "sandbox") + &in_namespace("a")), ("sandbox".into(), json!([])));
    assert_eq!(mode_of(namespace("a", "compliance") + &in_namespace("a")).0, "compliance");
    assert_eq!(mode_of(namespace("a", "sandbox") + &in_namespace("b")).0, "compliance", "an unknown namespace");
    assert_eq!(mode_of(namespace("a", "sandbox") + &bad("web")).0, "compliance", "no namespace");
    let (mode, errors) = mode_of(namespace("a", "sandbocks") + &in_namespace("a"));
    assert_eq!(mode, "compliance");
    assert!(errors.to_string().contains("sandbocks"), "the unknown value is reported: {errors}");
    let twice = namespace("a", "sandbox") + &namespace("a", "compliance") + &in_namespace("a");
    assert_eq!(mode_of(twice).0, "compliance", "two Namespaces that disagree");
}

#[test]
fn judges_streams_lists_and_json_alike() {
    let folder = Folder::new("shapes");
    let stream = format!("{}---\n# nothing\n---\n{}", bad("a"), good("b"));
    folder.write("stream.yaml", &stream);
    let report = portcullis(folder.path(), &["check", "--format", "json", "stream.yaml"]).json();
    assert_eq!(report["summary"]["subjects"], 2);
    assert_eq!(report["summary"]["denied"], 1);
    let piped = portcullis_with(folder.path(), &["check", "--format", "json", "-"], Some(stream.as_bytes()));
    assert_eq!(piped.status, 1, "{piped:?}");
    let item = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"name": "a", "image": "nginx"}]}});
    folder.write("list.json", json!({"apiVersion": "v1", "kind": "List", "items": [item, item]}).to_string());
    let report = portcullis(folder.path(), &["check", "--format", "json", "list.json"]).json();
    assert_eq!(report["summary"]["subjects"], 2, "{report}");
    assert_eq!(report["decisions"][1]["findings"][0]["source"]["line"], 1);
}

#[test]
fn gives_one_status_and_one_report_whatever_the_threads_do() {
    // A63, X25
    let folder = Folder::new("threads");
    for n in 0..60 {
        folder.write(&format!("m/{n:03}.yaml"), if n % 3 == 0 { bad("bad") } else { good("good") });
    }
    let run = |jobs: &str| portcullis(folder.path(), &["check", "--format", "json", "--jobs", jobs, "m"]);
    let first = run("1");
    assert_eq!(first.status, 1);
    for jobs in ["1", "2", "16"] {
        assert_eq!(run(jobs).out, first.out, "{jobs} threads");
    }
}

#[test]
fn never_passes_where_nothing_was_judged() {
    let folder = Folder::new("nothing");
    folder.write("d/values.yaml", "replicas: 3\n");
    let answer = portcullis(folder.path(), &["check", "d"]);
    assert_eq!(answer.status, 2, "{answer:?}");
    assert!(answer.out.contains("values.yaml"), "what was skipped is listed: {answer:?}");
}

#[test]
fn injects_nothing_that_a_manifest_says_into_a_terminal() {
    // A23
    let folder = Folder::new("hostile");
    let name = "\"we\\x1b[31mb\\u202e\\n::error::x\"";
    folder.write(
        "pod.yaml",
        bad("web").replace("name: web", &format!("name: {name}")).replace("name: app", &format!("name: {name}")),
    );
    for format in FORMATS {
        let answer = portcullis(folder.path(), &["check", "--format", format, "pod.yaml"]);
        let text = format!("{}{}", answer.out, answer.err);
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{format}: {text}");
        let ours = |line: &str| format == "github" && line.starts_with("::error file=pod.yaml,line=");
        assert!(!text.lines().any(|line| line.starts_with("::error") && !ours(line)), "{format}: {text}");
    }
}

#[test]
fn hides_the_values_of_secrets_wherever_they_stand() {
    let folder = Folder::new("secrets");
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      {\"stringData\":{\"p\":\"hunter2hunter2\"}}\nstringData: {p: hunter2hunter2}\n";
    folder.write("secret.yaml", secret);
    let broken = format!("{secret}stringData: {{p: hunter2hunter2}}\n");
    folder.write("broken.yaml", broken);
    let one_line = json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"p": "hunter2hunter2"}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "image": "nginx"}]}}]});
    folder.write("list.json", one_line.to_string());
    // A policy that looks at the value, finds it wrong and says it.
    folder.write("set.yaml", "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: s}\nspec:\n  policies:\n  - name: tells\n    plugin: {builtin: cel}\n    settings: {validations: [{expression: \"object.kind != 'Secret' || object.stringData.p == ''\", messageExpression: \"'it is ' + object.stringData.p\"}]}\n");
    for (file, set) in [
        ("secret.yaml", ""),
        ("broken.yaml", ""),
        ("list.json", ""),
        ("secret.yaml", "set.yaml"),
        ("list.json", "set.yaml"),
    ] {
        for format in FORMATS {
            let mut arguments = vec!["check", "--format", format, file];
            if !set.is_empty() {
                arguments.extend(["-p", set]);
            }
            let answer = portcullis(folder.path(), &arguments);
            assert!(set.is_empty() || answer.status == 1, "the policy finds something: {answer:?}");
            assert!(!format!("{}{}", answer.out, answer.err).contains("hunter2"), "{file} as {format}: {answer:?}");
        }
    }
}

#[test]
fn writes_each_format_where_it_is_told() {
    let folder = Folder::new("formats");
    folder.write("pod.yaml", bad("web"));
    let arguments = ["check", "-f", "json", "-o", "r.json", "-f", "human", "pod.yaml"];
    let answer = portcullis(folder.path(), &arguments);
    assert_eq!(answer.status, 1, "{answer:?}");
    assert!(answer.out.contains("pod.yaml:9:"), "{answer:?}");
    let written = std::fs::read_to_string(folder.path().join("r.json")).expect("r.json");
    assert!(written.contains("CheckReport"));
}

#[test]
fn says_its_version_with_the_commit() {
    let folder = Folder::new("version");
    let answer = portcullis(folder.path(), &["--version"]);
    assert_eq!(answer.status, 0);
    assert!(answer.out.starts_with("portcullis 0."), "{answer:?}");
    assert!(answer.out.contains('('), "{answer:?}");
}

#[test]
fn judges_pods_of_others_without_error() {
    let Some(folder) = corpora("pod-security") else { return };
    let count = files(&folder, "yaml").len();
    let answer = portcullis(&folder, &["check", "--format", "json", "."]);
    let report = answer.json();
    assert_eq!(report["errors"], json!([]));
    assert!(report["summary"]["subjects"].as_u64() >= Some(count as u64), "{count} files: {}", report["summary"]);
    assert!(count >= 296, "{count}");
}

#[cfg(unix)]
#[test]
fn reads_policies_and_manifests_from_the_pipes_of_a_shell() {
    let folder = Folder::new("pipes");
    folder.write("pod.yaml", bad("web"));
    let set = "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: piped}\nspec: {policies: []}\n";
    folder.write("set.yaml", set);
    let piped = portcullis_with(folder.path(), &["check", "-p", "-", "-f", "json", "pod.yaml"], Some(set.as_bytes()));
    assert_eq!(piped.status, 0, "{piped:?}");
    assert_eq!(piped.json()["policySets"][0]["name"], "piped");
    let shell = |words: &str| {
        let mut command = std::process::Command::new("bash");
        command.args(["-c", &format!("\"$0\" check {words}")]).arg(portcullis_tests::binary());
        let command = command.current_dir(folder.path()).env("PORTCULLIS_TIME", "2026-11-21T10:00:00Z");
        let output = command.env("XDG_CACHE_HOME", folder.path()).stdin(std::process::Stdio::null()).output();
        output.map(|output| (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned()))
    };
    let Ok((status, out)) = shell("-p <(cat set.yaml) pod.yaml") else {
        println!("SKIPPED: no bash");
        return;
    };
    assert_eq!(status, Some(0), "{out}");
    let (status, out) = shell("<(cat pod.yaml) <(cat pod.yaml)").expect("bash");
    assert_eq!(status, Some(1), "{out}");
    assert!(out.contains("2 subjects: 2 denied"), "{out}");
    let (status, out) = shell("/dev/stdin < <(cat pod.yaml)").expect("bash");
    assert_eq!(status, Some(1), "{out}");
}

#[test]
fn counts_an_empty_variable_as_unset() {
    let folder = Folder::new("empty-variables");
    folder.write("pod.yaml", good("web"));
    let names = [
        "POLICIES",
        "MODE",
        "WAIVERS",
        "FORMAT",
        "OUTPUT",
        "NAMESPACE_LABELS",
        "NAMESPACE",
        "API_RESOURCES",
        "FACTS",
        "TIME",
        "IGNORE",
        "JOBS",
        "COLOR",
        "CACHE_DIR",
    ];
    let mut command = std::process::Command::new(portcullis_tests::binary());
    command.args(["check", "pod.yaml"]).current_dir(folder.path()).env_clear().stdin(std::process::Stdio::null());
    for name in names {
        command.env(format!("PORTCULLIS_{name}"), "");
    }
    let output = command.output().expect("the product starts");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn judges_more_jobs_than_the_runner_has_room_for() {
    let folder = Folder::new("jobs");
    for n in 0..600 {
        folder.write(&format!("m/{n:03}.yaml"), bad("web"));
    }
    let answer = portcullis(folder.path(), &["check", "-f", "json", "--jobs", "500", "m"]);
    let summary = &answer.json()["summary"];
    assert_eq!((answer.status, &summary["notJudged"], &summary["denied"]), (1, &json!(0), &json!(600)), "{summary}");
}

#[test]
fn says_once_that_the_cache_cannot_be_used() {
    let folder = Folder::new("cache");
    folder.write("pod.yaml", good("web"));
    folder.write("file", "");
    let answer = portcullis(folder.path(), &["check", "--cache-dir", "file", "pod.yaml"]);
    assert_eq!(answer.status, 0, "{answer:?}");
    assert_eq!(answer.err.matches("note: compiled plugins are not remembered").count(), 1, "{answer:?}");
}

#[test]
fn replaces_an_output_whole_and_leaves_nothing_beside_it() {
    let folder = Folder::new("whole");
    folder.write("d/pod.yaml", bad("web"));
    for _ in 0..2 {
        // The report of the run before lies among the manifests: it is replaced, and no subject.
        let answer = portcullis(folder.path(), &["check", "-f", "json", "-o", "d/report.json", "d"]);
        assert_eq!(answer.status, 1, "{answer:?}");
        let report = std::fs::read_to_string(folder.path().join("d/report.json")).expect("a report");
        assert!(report.contains("\"subjects\": 1"), "{report}");
    }
    let count = std::fs::read_dir(folder.path().join("d")).expect("a folder").count();
    assert_eq!(count, 2, "the manifest and the report");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("d/report.json", folder.path().join("link")).expect("a link");
        let answer = portcullis(folder.path(), &["check", "-f", "sarif", "-o", "link", "d/pod.yaml"]);
        assert_eq!(answer.status, 1, "{answer:?}");
        assert!(folder.path().join("link").is_symlink());
        let report = std::fs::read_to_string(folder.path().join("d/report.json")).expect("a report");
        assert!(report.contains("sarif"), "{report}");
    }
}

#[test]
fn judges_documents_alike_wherever_the_command_runs() {
    let folder = Folder::new("documents");
    let set = "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: s}\nspec:\n  policies:\n  - {name: d, plugin: {builtin: resource-limits}, settings: {requireLimits: true}, match: {documents: [{paths: ['specs/*.yaml']}]}}\n";
    folder.write("set.yaml", set);
    folder.write("repo/specs/a.yaml", "points: 3\n");
    folder.write("repo/b.yaml", "points: 3\n");
    let set = folder.path().join("set.yaml").display().to_string();
    let absolute = folder.path().join("repo").display().to_string();
    let subjects = |from: &str, named: &str| {
        let from = folder.path().join(from);
        let answer = portcullis(&from, &["check", "-p", &set, "-f", "json", named]);
        let report = answer.json();
        let name = report["decisions"][0]["subject"]["name"].as_str().unwrap_or_default().to_owned();
        (name, report["skipped"].to_string())
    };
    for (from, named) in [("repo", "."), (".", "repo"), ("repo/specs", ".."), ("/", absolute.as_str())] {
        let (name, skipped) = subjects(from, named);
        assert_eq!(name, "specs/a.yaml", "{from} {named}: {skipped}");
        assert!(skipped.contains("no `match.documents` fits `"), "what is not judged says which path: {skipped}");
    }
}

#[test]
fn says_what_the_readme_shows() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("README.md");
    let session = readme.split("$ portcullis ").nth(1).expect("a session").split("$ echo $?\n").collect::<Vec<_>>();
    let (command, shown) = session[0].split_once('\n').expect("a command and what it says");
    let answer = portcullis(&root(), &command.split(' ').collect::<Vec<_>>());
    assert_eq!(answer.out, shown);
    assert_eq!(session[1].lines().next(), Some(answer.status.to_string().as_str()));
}

#[test]
fn judges_what_kubectl_would_apply_from_hidden_directories_a63() {
    let folder = Folder::new("hidden");
    folder.write("d/a.yaml", good("web"));
    folder.write("d/.vscode/settings.json", "{\n  // a comment\n  \"files.exclude\": {\"**/x\": true}\n}\n");
    folder.write("d/.github/workflows/ci.yaml", "on: [push]\njobs: {}\n");
    folder.write("d/.cache/null.json", "");
    let answer = portcullis(folder.path(), &["check", "-f", "json", "d"]);
    assert_eq!(answer.status, 0, "settings of other programs are no manifests: {answer:?}");
    let skipped = answer.json()["skipped"].to_string();
    assert!(
        skipped.contains("d/.vscode/settings.json") && skipped.contains("in a hidden directory, and no manifest"),
        "{skipped}"
    );
    folder.write("d/.x/.git/p.yaml", bad("hidden"));
    assert_eq!(portcullis(folder.path(), &["check", "d"]).status, 1, "kubectl apply -R would apply it");
    assert_eq!(portcullis(folder.path(), &["check", "--ignore", ".x/", "d"]).status, 0);
    for unreadable in
        ["{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"a\": 1, \"a\": 2}", "? \"api\\\nVersion\"\n: v1\na: 1\na: 2\n"]
    {
        folder.write("d/.x/.git/p.yaml", unreadable);
        let answer = portcullis(folder.path(), &["check", "d"]);
        assert_eq!(answer.status, 2, "somebody else may read an object in it: {answer:?}");
    }
}

#[cfg(unix)]
#[test]
fn says_what_it_did_not_look_at_in_a_directory() {
    let folder = Folder::new("aside");
    for file in ["d/a.yaml", "d/b/.git/b.yaml", "d/b/.git/HEAD", "d/e.txt", "out/f.yaml"] {
        folder.write(file, good("web"));
    }
    folder.write("d/comment.yaml", "# nothing\n---\n");
    let answer = portcullis(folder.path(), &["check", "d"]);
    assert_eq!(answer.status, 0, "{answer:?}");
    for word in ["d/b/.git: a directory of git itself", "d/comment.yaml: it is empty"] {
        assert!(answer.out.contains(word), "{word}: {answer:?}");
    }
    std::os::unix::fs::symlink("../out/f.yaml", folder.path().join("d/f.yaml")).expect("a link");
    let answer = portcullis(folder.path(), &["check", "d"]);
    assert_eq!(answer.status, 2, "kubectl would apply it: {answer:?}");
    assert!(answer.out.contains("`d/f.yaml` is a link to a file outside the directory"), "{answer:?}");
    std::os::unix::fs::symlink("../out", folder.path().join("d/out")).expect("a link");
    let answer = portcullis(folder.path(), &["check", "--ignore", "./f.yaml", "d"]);
    assert_eq!(answer.status, 2, "another tool may go through it: {answer:?}");
    assert!(answer.out.contains("`d/out` is a link to a directory outside the directory"), "{answer:?}");
    std::fs::remove_file(folder.path().join("d/out")).expect("the link goes");
    assert_eq!(portcullis(folder.path(), &["check", "--ignore", "./f.yaml", "d"]).status, 0);
    let idle = portcullis(folder.path(), &["check", "--ignore", "f.yaml,chart/**", "d"]);
    assert!(idle.out.contains("the ignore pattern `chart/**` left nothing out"), "{idle:?}");
}

#[test]
fn knows_the_name_label_of_a_namespace_whatever_a_manifest_says() {
    // A tenant must not choose by a label that Kubernetes itself writes (A18).
    let folder = Folder::new("names");
    let set = |operator: &str| {
        format!(
            "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: mine}}\nspec:\n  policies:\n  - name: images\n    plugin: {{builtin: image-reference}}\n    settings: {{requireDigest: true}}\n    match:\n      resourceRules: [{{apiGroups: [\"\"], apiVersions: [v1], operations: [CREATE], resources: [pods]}}]\n      namespaceSelector:\n        matchExpressions: [{{key: kubernetes.io/metadata.name, operator: {operator}, values: [kube-system]}}]\n"
        )
    };
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec: {containers: [{name: a, image: nginx}]}\n";
    let liar = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {kubernetes.io/metadata.name: kube-system}}\n";
    folder.write("not-in.yaml", set("NotIn"));
    folder.write("in.yaml", set("In"));
    folder.write("pod.yaml", pod);
    folder.write("liar.yaml", format!("{pod}{liar}"));
    let status = |set: &str, file: &str| portcullis(folder.path(), &["check", "-p", set, file]).status;
    assert_eq!(status("not-in.yaml", "pod.yaml"), 1, "the name is known without any labels");
    assert_eq!(status("in.yaml", "pod.yaml"), 0);
    assert_eq!(status("not-in.yaml", "liar.yaml"), 1, "a false label changes nothing");
    assert_eq!(status("in.yaml", "liar.yaml"), 0);
}

#[test]
fn says_where_no_container_was_found() {
    let folder = Folder::new("unseen");
    let note = |manifest: &str, set: &str| {
        folder.write("a.yaml", manifest);
        folder.write("set.yaml", format!("apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: mine}}\nspec:\n  {set}\n  policies: [{{name: limits, plugin: {{builtin: resource-limits}}, settings: {{requireLimits: true}}}}]\n"));
        let answer = portcullis(folder.path(), &["check", "-p", "set.yaml", "a.yaml"]);
        assert_eq!(answer.status, 0, "{answer:?}");
        answer.out
    };
    let no_workloads = "workloads: []";
    let typo = note(
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: {spec: {container: [{name: a}]}}}}",
        no_workloads,
    );
    assert!(typo.contains("no container was found in it"), "{typo}");
    let rollout = "{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: a}, spec: {template: {spec: {containers: [{name: a}]}}}}";
    let unnamed = note(rollout, no_workloads);
    assert!(unnamed.contains("name the kind `Rollout` of `argoproj.io` in `workloads`"), "{unnamed}");
    let elsewhere = note(rollout, "workloads: [{apiGroup: argoproj.io, kind: Rollout, template: /spec/tmplate}]");
    assert!(elsewhere.contains("no container was found at `/spec/tmplate`"), "{elsewhere}");
    let group = note("{apiVersion: app/v1, kind: Deployment, metadata: {name: a}}", no_workloads);
    assert!(group.contains("Kubernetes has no API group `app`"), "{group}");
}

#[test]
fn leaves_no_report_of_an_earlier_run_where_nothing_could_be_judged() {
    let folder = Folder::new("stale");
    folder.write("pod.yaml", good("web"));
    folder.write("set.yaml", "kind: PolicySet\n");
    folder.write("result.sarif", "of yesterday");
    let arguments = ["check", "-p", "set.yaml", "-f", "sarif", "-o", "result.sarif", "-f", "json", "pod.yaml"];
    let answer = portcullis(folder.path(), &arguments);
    assert_eq!((answer.status, answer.json()["verdict"].as_str()), (2, Some("error")), "{answer:?}");
    assert!(answer.json()["errors"].to_string().contains("set.yaml"), "{answer:?}");
    let sarif = std::fs::read_to_string(folder.path().join("result.sarif")).expect("a report");
    let sarif: serde_json::Value = serde_json::from_str(&sarif).expect("SARIF");
    assert_eq!(sarif["runs"][0]["invocations"][0]["executionSuccessful"], false, "{sarif}");
}

#[test]
fn takes_the_name_of_an_object_for_no_namespace() {
    let folder = Folder::new("named-like-a-namespace");
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: kube-system}\nspec:\n  containers: [{name: a, image: 'nginx:latest'}]\n";
    folder.write("pod.yaml", pod);
    folder.write(
        "set.yaml",
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: own}\nspec:\n  policies:\n  - name: images\n    plugin: {builtin: image-reference}\n    settings: {forbiddenTags: [latest]}\n    match: {namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system]}]}}\n",
    );
    let status = |more: &[&str]| portcullis(folder.path(), &[&["check", "-p", "set.yaml", "pod.yaml"], more].concat());
    let unknown = status(&[]);
    assert_eq!(unknown.status, 2, "nobody says into which namespace it goes: {unknown:?}");
    assert!(unknown.out.contains("`namespaceSelector` needs the labels of its namespace"), "{unknown:?}");
    assert_eq!(status(&["--namespace", "kube-system"]).status, 0);
    assert_eq!(status(&["--namespace", "shop"]).status, 1);
}
