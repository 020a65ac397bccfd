//! The errors that a user must get: what, where, what to do, and exit status 2.

use portcullis_tests::{Answer, Folder, portcullis, portcullis_with};

#[path = "errors/advice.rs"]
mod advice;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers: [{name: a, image: nginx}]\n";

/// Judges one file and expects that it could not be judged, with all of these words in the answer.
fn refuses(name: &str, content: impl AsRef<[u8]>, words: &[&str]) -> Answer {
    let folder = Folder::new("errors");
    folder.write(name, content);
    let answer = portcullis(folder.path(), &["check", name]);
    says(&answer, words);
    answer
}

/// Judges a good Pod by a policy set and expects that the set is refused with all of these words.
fn refuses_set(set: &str, words: &[&str]) {
    let folder = Folder::new("sets");
    folder.write("pod.yaml", POD);
    folder.write("set.yaml", set);
    says(&portcullis(folder.path(), &["check", "--policies", "set.yaml", "pod.yaml"]), words);
}

fn says(answer: &Answer, words: &[&str]) {
    assert_eq!(answer.status, 2, "{answer:?}");
    let text = format!("{}{}", answer.out, answer.err);
    for word in words {
        assert!(text.contains(word), "`{word}` is missing in:\n{text}");
    }
}

fn set(policies: &str) -> String {
    format!(
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: mine}}\nspec:\n  policies:\n{policies}"
    )
}

#[test]
fn refuses_a_file_that_is_not_there() {
    let folder = Folder::new("errors");
    says(&portcullis(folder.path(), &["check", "nothing.yaml"]), &["nothing.yaml"]);
}

#[test]
fn refuses_a_directory_without_manifests() {
    let folder = Folder::new("errors");
    folder.write("docs/readme.txt", "hello");
    says(&portcullis(folder.path(), &["check", "docs"]), &["docs", ".yaml"]);
}

#[test]
fn refuses_an_empty_file_and_an_empty_standard_input() {
    refuses("empty.yaml", "# nothing\n---\n", &["empty.yaml"]);
    let folder = Folder::new("errors");
    says(&portcullis_with(folder.path(), &["check", "-"], Some(b"")), &[]);
}

#[test]
fn refuses_text_that_is_not_utf8() {
    refuses("latin.yaml", b"kind: Pod\nname: \xe4\n", &["latin.yaml:2:7", "UTF-8"]);
}

#[test]
fn refuses_tabs_as_indentation() {
    refuses("tabs.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n\tname: web\n", &["tabs.yaml:4", "tab", "spaces"]);
}

#[test]
fn refuses_a_helm_template_and_says_how_to_render_it() {
    let template = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}\n{{- if .Values.x }}\nspec: {}\n{{- end }}\n";
    refuses("templates/pod.yaml", template, &["templates/pod.yaml", "helm template"]);
}

#[test]
fn refuses_a_kind_without_api_version_and_the_reverse() {
    refuses("half.yaml", "kind: Pod\nmetadata: {name: x}\n", &["half.yaml:1", "apiVersion"]);
    refuses("half.yaml", "apiVersion: v1\nmetadata: {name: x}\n", &["half.yaml:1", "kind"]);
}

#[test]
fn refuses_a_stream_that_ends_in_the_middle() {
    refuses("cut.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: \"we", &["cut.yaml:3"]);
    refuses("cut.json", r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name"#, &["cut.json:1"]);
}

#[test]
fn refuses_duplicate_keys_in_yaml_and_json() {
    // A09b
    refuses("twice.yaml", format!("{POD}kind: Service\n"), &["twice.yaml:6:1", "`kind`"]);
    refuses("twice.json", r#"{"apiVersion": "v1", "kind": "Pod", "kind": "Service"}"#, &["twice.json:1", "`kind`"]);
}

#[test]
fn refuses_a_name_that_yaml_reads_as_a_boolean() {
    refuses("no.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: n}\n", &["no.yaml:3", "quote"]);
}

#[test]
fn refuses_an_unknown_policy_field_and_suggests_the_known_one() {
    let text = set("  - name: limits\n    plugin: {builtin: resource-limits}\n    setings: {}\n");
    refuses_set(&text, &["set.yaml:8:5", "setings", "did you mean `settings`"]);
}

#[test]
fn refuses_an_unknown_plugin_and_suggests_the_known_one() {
    let text = set("  - name: limits\n    plugin: {builtin: resource-limit}\n");
    refuses_set(&text, &["set.yaml", "resource-limit", "did you mean `resource-limits`"]);
}

#[test]
fn refuses_a_plugin_whose_digest_is_another() {
    let digest = "0".repeat(64);
    let text =
        set(&format!("  - name: limits\n    plugin: {{builtin: resource-limits, digest: \"sha256:{digest}\"}}\n"));
    refuses_set(&text, &["set.yaml", &digest, "sha256:"]);
}

#[test]
fn refuses_settings_that_the_plugin_refuses_at_their_place() {
    let text = set("  - name: limits\n    plugin: {builtin: resource-limits}\n    settings:\n      cpu: {mim: 100m}\n");
    refuses_set(&text, &["set.yaml:9:", "mim", "min"]);
}

#[test]
fn refuses_an_expression_that_does_not_compile() {
    let text = set(
        "  - name: limits\n    plugin: {builtin: resource-limits}\n    match:\n      matchConditions:\n      - {name: broken, expression: 'object.kind =='}\n",
    );
    refuses_set(&text, &["set.yaml:10:", "broken"]);
}

#[test]
fn refuses_a_kind_whose_plural_is_unknown_where_it_matters() {
    let folder = Folder::new("errors");
    folder.write("thing.yaml", "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: x}\n");
    let named = "    match:\n      resourceRules: [{apiGroups: [example.com], apiVersions: [v1], operations: [CREATE], resources: [things]}]\n";
    folder.write(
        "set.yaml",
        set(&format!(
            "  - name: limits\n    plugin: {{builtin: resource-limits}}\n    settings: {{requireLimits: true}}\n{named}"
        )),
    );
    let answer = portcullis(folder.path(), &["check", "--policies", "set.yaml", "thing.yaml"]);
    says(&answer, &["Thing", "--api-resources"]);
    let everything =
        set("  - name: limits\n    plugin: {builtin: resource-limits}\n    settings: {requireLimits: true}\n");
    folder.write("set.yaml", everything);
    let answer = portcullis(folder.path(), &["check", "--policies", "set.yaml", "thing.yaml"]);
    assert_eq!(answer.status, 0, "where every resource matches, the plural does not matter: {answer:?}");
}

#[test]
fn refuses_a_format_that_is_none() {
    let folder = Folder::new("errors");
    folder.write("pod.yaml", POD);
    let words = ["there is no format `pdf`", "`human`", "`html`"];
    says(&portcullis(folder.path(), &["check", "--format", "pdf", "pod.yaml"]), &words);
}

#[test]
fn refuses_unknown_flags_and_no_path_at_all() {
    let folder = Folder::new("errors");
    says(&portcullis(folder.path(), &["check", "--polices", "x", "y"]), &["--policies"]);
    says(&portcullis(folder.path(), &["check"]), &["PATH"]);
}

#[test]
fn refuses_plugins_from_registries_with_a_clear_not_yet() {
    let digest = "0".repeat(64);
    let text = set(&format!("  - name: x\n    plugin: {{oci: \"registry.example/p@sha256:{digest}\"}}\n"));
    refuses_set(&text, &["set.yaml", "not"]);
}

#[cfg(unix)]
#[test]
fn refuses_what_it_may_not_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("errors");
    let path = folder.write("closed.yaml", POD);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).expect("a mode");
    if std::fs::read(&path).is_ok() {
        // Root reads everything; a directory in the file's place cannot be read as a file by anybody.
        println!("SKIPPED: this user may read every file");
        return;
    }
    says(&portcullis(folder.path(), &["check", "closed.yaml"]), &["closed.yaml", "denied"]);
}

#[test]
fn reports_an_expired_waiver_and_leaves_the_exit_status_alone() {
    let folder = Folder::new("waivers");
    folder.write("pod.yaml", POD);
    let waiver = |expires: &str| {
        format!(
            "apiVersion: portcullis.dev/v1alpha1\nkind: Waiver\nmetadata: {{name: legacy}}\nspec:\n  policy: images\n  rule: image-reference/digest-missing\n  covers: {{names: [web]}}\n  owner: team-web\n  ticket: WEB-1\n  reason: migration\n  expires: {expires}\n"
        )
    };
    let set = set("  - name: images\n    plugin: {builtin: image-reference}\n    settings: {requireDigest: true}\n");
    folder.write("set.yaml", set);
    let run = |expires: &str| {
        folder.write("waiver.yaml", waiver(expires));
        portcullis(folder.path(), &["check", "--policies", "set.yaml", "--waivers", "waiver.yaml", "pod.yaml"])
    };
    let active = run("2026-12-31");
    assert_eq!(active.status, 0, "{active:?}");
    assert!(active.out.contains("waived"), "{active:?}");
    let expired = run("2026-01-31");
    assert_eq!(expired.status, 1, "{expired:?}");
    assert!(expired.out.contains("legacy") && expired.out.contains("expired"), "{expired:?}");
}

#[cfg(unix)]
#[test]
fn refuses_pipes_devices_and_endless_files_as_settings() {
    let folder = Folder::new("special");
    folder.write("pod.yaml", POD);
    folder.write("big.yaml", "#".repeat((8 << 20) + 1));
    folder.write("plugin.yaml", set("  - {name: x, plugin: {file: p.yaml}}\n"));
    folder.write("zero.yaml", set("  - {name: x, plugin: {file: /dev/zero}}\n"));
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("p.yaml")).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("SKIPPED: no mkfifo");
        return;
    }
    for flag in ["--policies", "--waivers", "--namespace-labels", "--facts", "--api-resources"] {
        let told = |file: &str| portcullis(folder.path(), &["check", flag, file, "pod.yaml"]);
        says(&told("p.yaml"), &["`p.yaml` is a pipe, not a file", "help: give a regular file"]);
        says(&told("/dev/zero"), &["`/dev/zero` is a device, not a file"]);
        says(&told("big.yaml"), &["`big.yaml` is larger than 8 MiB", "help: split it"]);
        says(&told("missing.yaml"), &["`missing.yaml`"]);
    }
    says(&portcullis(folder.path(), &["check", "-p", ".", "pod.yaml"]), &["p.yaml` is a pipe"]);
    says(
        &portcullis(folder.path(), &["check", "-p", "plugin.yaml", "pod.yaml"]),
        &["plugin.yaml:", "p.yaml` is a pipe"],
    );
    says(&portcullis(folder.path(), &["check", "-p", "zero.yaml", "pod.yaml"]), &["`/dev/zero` is a device"]);
}

#[test]
fn refuses_to_read_the_standard_input_twice() {
    let folder = Folder::new("twice");
    let answer = portcullis_with(folder.path(), &["check", "-p", "-", "-"], Some(POD.as_bytes()));
    says(&answer, &["the standard input is named more than once", "put one of them into a file"]);
    says(&portcullis(folder.path(), &["check", "-p", "-", "--waivers", "-", "x"]), &["more than once"]);
}

#[test]
fn refuses_arguments_without_obeying_what_they_hold() {
    // A23
    let folder = Folder::new("hostile-arguments");
    let hostile = "x\n::error::y\u{1b}[31m";
    for arguments in [
        ["--mode", hostile],
        ["--jobs", hostile],
        [hostile, hostile],
        ["--format", hostile],
        ["-o", &format!("{hostile}/r")],
    ] {
        let answer = portcullis(folder.path(), &[&["check"], &arguments[..], &["pod.yaml"]].concat());
        says(&answer, &["\\u{1b}[31m"]);
        let text = format!("{}{}", answer.out, answer.err);
        assert!(!text.contains('\u{1b}') && !text.lines().any(|line| line.starts_with("::")), "{text}");
    }
    let answer = portcullis(folder.path(), &["check", &format!("--{hostile}")]);
    says(&answer, &["\\u{1b}[31m", "\nUsage:"]);
    assert!(!answer.err.contains('\u{1b}'), "{answer:?}");
    says(&portcullis(folder.path(), &["check", "--jobs", "0", "x"]), &["--jobs"]);
}

#[test]
fn refuses_outputs_that_would_overwrite_an_input_or_each_other() {
    let folder = Folder::new("outputs");
    let pod = folder.write("d/pod.yaml", POD);
    folder
        .write("set.yaml", set("  - {name: x, plugin: {builtin: resource-limits}, settings: {requireLimits: true}}\n"));
    let told = |arguments: &[&str], words: &[&str]| {
        let answer = portcullis(folder.path(), &[&["check"], arguments].concat());
        says(&answer, words);
        assert!(answer.out.is_empty(), "nothing was judged: {answer:?}");
    };
    told(&["-o", "d/pod.yaml", "d/pod.yaml"], &["the output `d/pod.yaml` would overwrite the input `d/pod.yaml`"]);
    told(&["-o", "d/../d/pod.yaml", "d"], &["would overwrite the input `d`", "choose another --output"]);
    told(&["-p", "set.yaml", "-o", "set.yaml", "d"], &["would overwrite the input `set.yaml`"]);
    told(&["--waivers", "d", "-o", "d/pod.yaml", "-"], &["would overwrite the input `d`"]);
    told(&["-f", "json,sarif", "-o", "r.json,./r.json", "d"], &["two formats would be written to `./r.json`"]);
    told(&["-f", "json", "-o", "no/where.json", "d"], &["cannot write `no/where.json`", "`no` is not there"]);
    told(&["-f", "json", "-o", "d", "d"], &["cannot write `d`: it is a directory"]);
    assert_eq!(std::fs::read_to_string(pod).expect("the manifest"), POD);
}

#[test]
fn refuses_a_null_where_a_manifest_is_expected() {
    let folder = Folder::new("null");
    folder.write("d/good.yaml", POD);
    for (name, content, word) in [
        ("null.json", "null", "`null`"),
        ("null.yaml", "# a\n---\nnull\n", "`null`"),
        ("nothing.json", "", "nothing"),
        (
            "review.json",
            r#"{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": null}"#,
            "request",
        ),
    ] {
        let path = folder.write(&format!("d/{name}"), content);
        says(&portcullis(folder.path(), &["check", &format!("d/{name}")]), &[name, word]);
        says(&portcullis(folder.path(), &["check", "d"]), &[name, word]);
        std::fs::remove_file(path).expect("removed");
    }
    if let Some(reviews) = portcullis_tests::corpora("admission-reviews/connaisseur") {
        let null = std::fs::read(reviews.join("25_null_request.json")).expect("25_null_request.json");
        folder.write("d/25_null_request.json", null);
        says(&portcullis(folder.path(), &["check", "d"]), &["d/25_null_request.json"]);
    }
}

/// A policy about images with this rule of resources.
fn refuses_rule(rule: &str, words: &[&str]) {
    let policy = "  - name: images\n    plugin: {builtin: image-reference}\n    settings: {requireDigest: true}\n    match:\n      resourceRules:\n";
    let text = set(&format!("{policy}      - {{operations: [CREATE], apiVersions: [v1], {rule}}}\n"));
    refuses_set(&text, &[&["set.yaml:11:"], words].concat());
}

#[test]
fn refuses_resource_rules_that_could_never_match() {
    refuses_rule("apiGroups: [apps/v1], resources: [deployments]", &["write the group alone: `apps`"]);
    refuses_rule("apiGroups: [apps], resources: [Deployment]", &["did you mean `deployments`?"]);
    refuses_rule("apiGroups: [apps], resources: [deployment]", &["did you mean `deployments`?"]);
    refuses_rule("apiGroups: [\"*\"], resources: [pod]", &["did you mean `pods`?"]);
    refuses_rule("apiGroups: [apps], resources: [deploymnets]", &["did you mean `deployments`?"]);
    refuses_rule("apiGroups: [\"\"], resources: [deployments]", &["it is in the group `apps`"]);
    refuses_rule("apiGroups: [app], resources: [deployments]", &["did you mean `apps`?"]);
}

#[test]
fn refuses_overrides_of_rules_that_are_not_there() {
    let with = |rule: &str| {
        set(&format!(
            "  - name: images\n    plugin: {{builtin: image-reference}}\n    settings: {{requireDigest: true}}\n    overrides:\n    - {{rule: {rule}, severity: low}}\n"
        ))
    };
    refuses_set(&with("digest-mising"), &["set.yaml:10:", "did you mean `digest-missing`?"]);
    refuses_set(&with("image-reference/digest-mising"), &["set.yaml:10:", "did you mean `digest-missing`?"]);
    refuses_set(&with("resource-limits/digest-missing"), &["set.yaml:10:", "write `image-reference/digest-missing`"]);
}

#[test]
fn refuses_waivers_for_what_is_not_there_and_names_those_that_were_not_needed() {
    let folder = Folder::new("waivers");
    folder.write("pod.yaml", POD);
    let set = set("  - name: images\n    plugin: {builtin: image-reference}\n    settings: {requireDigest: true}\n");
    folder.write("set.yaml", set);
    let run = |spec: &str, names: &str| {
        folder.write(
            "waiver.yaml",
            format!(
                "apiVersion: portcullis.dev/v1alpha1\nkind: Waiver\nmetadata: {{name: legacy}}\nspec:\n  {spec}\n  covers: {{names: [{names}]}}\n  owner: team-web\n  ticket: WEB-1\n  reason: migration\n  expires: 2026-12-31\n"
            ),
        );
        portcullis(folder.path(), &["check", "--policies", "set.yaml", "--waivers", "waiver.yaml", "pod.yaml"])
    };
    let rule = "image-reference/digest-missing";
    says(&run(&format!("policy: image\n  rule: {rule}"), "web"), &["waiver.yaml:5:", "did you mean `images`?"]);
    says(&run("policy: images\n  rule: digest-mising", "web"), &["waiver.yaml:6:", "did you mean `digest-missing`?"]);
    let other = run("policy: images\n  rule: image-refrence/digest-missing", "web");
    says(&other, &["waiver.yaml:6:", "did you mean `image-reference/digest-missing`?"]);
    let set = run(&format!("policySet: mime\n  policy: images\n  rule: {rule}"), "web");
    says(&set, &["waiver.yaml:5:", "did you mean `mine`?"]);
    let active = run(&format!("policy: images\n  rule: {rule}"), "web");
    assert!(active.status == 0 && active.out.contains("of team-web (WEB-1), until 2026-12-31"), "{active:?}");
    let idle = run(&format!("policy: images\n  rule: {rule}"), "other");
    assert_eq!(idle.status, 1, "{idle:?}");
    assert!(idle.out.contains("waived nothing") && idle.out.contains("`legacy` of team-web (WEB-1)"), "{idle:?}");
    for elsewhere in
        [format!("policySet: production\n  policy: images\n  rule: {rule}"), "policy: signature\n  rule: any".into()]
    {
        let elsewhere = run(&elsewhere, "web");
        assert_eq!(elsewhere.status, 1, "waivers of other sets do no harm: {elsewhere:?}");
        assert!(elsewhere.out.contains("waived nothing"), "{elsewhere:?}");
    }
}

#[test]
fn refuses_namespaces_that_disagree_or_are_none() {
    let folder = Folder::new("namespaces");
    folder.write("pod.yaml", POD);
    let labels = |content: &str, words: &[&str]| {
        folder.write("labels.yaml", content);
        says(&portcullis(folder.path(), &["check", "--namespace-labels", "labels.yaml", "pod.yaml"]), words);
    };
    let namespace = |mode: &str| {
        format!(
            "{{apiVersion: v1, kind: Namespace, metadata: {{name: shop, labels: {{portcullis.dev/mode: {mode}}}}}}}\n"
        )
    };
    labels(
        &format!("{}---\n{}", namespace("compliance"), namespace("sandbox")),
        &["labels.yaml:3:1", "a second Namespace `shop`"],
    );
    labels("# nothing\n", &["holds no Namespace object", "kubectl get namespaces"]);
    says(&portcullis(folder.path(), &["check", "-n", "Bad NS", "pod.yaml"]), &["`Bad NS` cannot be a namespace"]);
}

#[test]
fn says_what_a_named_file_is_that_holds_no_subject() {
    refuses(
        "set.yaml",
        "{apiVersion: portcullis.dev/v1alpha1, kind: PolicySet, metadata: {name: a}, spec: {policies: []}}",
        &["it is a PolicySet, not a subject"],
    );
    refuses(
        "chart.yaml",
        "{{- if .Values.a }}\nkind: Pod\n{{- end }}\n",
        &["chart.yaml:1:1", "a template that has not been rendered"],
    );
}

#[test]
fn tells_nothing_that_a_condition_made_of_a_secret() {
    let folder = Folder::new("condition-of-a-secret");
    folder.write(
        "set.yaml",
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: own}\nspec:\n  policies:\n  - name: p\n    plugin: {builtin: image-reference}\n    match:\n      matchConditions: [{name: c, expression: \"object[object.stringData.p.substring(0, 6)] == 1\"}]\n    settings: {requireDigest: true}\n",
    );
    folder.write(
        "secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: web, namespace: shop}\nstringData:\n  p: Hunter2Zq9\n",
    );
    let answer = portcullis(folder.path(), &["check", "-f", "json", "-p", "set.yaml", "secret.yaml"]);
    assert_eq!(answer.status, 2, "{answer:?}");
    assert!(answer.out.contains("the condition `c` failed: its error is not told of a Secret"), "{answer:?}");
    assert!(!answer.out.contains("Hunter"), "{answer:?}");
}
