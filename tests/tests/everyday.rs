//! What counts (`--fail-on`), what is shown (`--quiet`), what is explained (`--explain`, `policies`), and completions and man pages.

use std::process::Command;

use portcullis_tests::{Folder, components, portcullis, portcullis_in};
use serde_json::json;

fn pod(name: &str, image: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  containers:\n  - {{name: app, image: '{image}'}}\n"
    )
}

/// Findings of every effect: the rule `tag-forbidden` is medium, `digest-missing` high.
fn set(effect: &str, overrides: &str) -> String {
    format!(
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: own}}\nspec:\n  policies:\n  - name: images\n    plugin: {{builtin: image-reference}}\n    effect: {{compliance: {effect}}}\n    overrides: [{overrides}]\n    settings: {{forbiddenTags: [latest]}}\n"
    )
}

const WAIVER: &str = "apiVersion: portcullis.dev/v1alpha1\nkind: Waiver\nmetadata: {name: all}\nspec:\n  policy: images\n  rule: image-reference/tag-forbidden\n  covers: {namespaces: [shop], names: [web]}\n  owner: us\n  ticket: T-1\n  reason: because\n  expires: 2026-12-31\n";

#[test]
fn fails_on_what_the_caller_says_and_changes_no_verdict() {
    let folder = Folder::new("fail-on");
    folder.write("web.yaml", pod("web", "nginx:latest"));
    folder.write("waivers.yaml", WAIVER);
    for effect in ["deny", "warn", "audit", "shadow"] {
        folder.write(&format!("{effect}.yaml"), set(effect, ""));
    }
    folder.write("low.yaml", set("warn", "{rule: tag-forbidden, severity: low}"));
    let status = |set: &str, more: &[&str]| {
        let answer = portcullis(folder.path(), &[&["check", "-f", "json", "-p", set, "web.yaml"], more].concat());
        let report = answer.json();
        (answer.status, report["verdict"].as_str().unwrap_or_default().to_owned())
    };
    let allow = |status: i32| (status, "allow".to_owned());
    for (set, fail_on, expected) in [
        ("warn.yaml", "denied", allow(0)),
        ("warn.yaml", "warned", allow(1)),
        ("warn.yaml", "info", allow(1)),
        ("warn.yaml", "medium", allow(1)),
        ("warn.yaml", "high", allow(0)),
        ("low.yaml", "medium", allow(0)),
        ("low.yaml", "low", allow(1)),
        ("audit.yaml", "warned", allow(0)),
        ("audit.yaml", "medium", allow(1)),
        ("shadow.yaml", "info", allow(0)),
        // It only makes stricter: what is denied stays denied, however little it weighs.
        ("deny.yaml", "critical", (1, "deny".to_owned())),
    ] {
        assert_eq!(status(set, &["--fail-on", fail_on]), expected, "{set} {fail_on}");
    }
    assert_eq!(
        status("warn.yaml", &["--fail-on", "info", "--waivers", "waivers.yaml"]),
        allow(0),
        "somebody answers for it"
    );
    let variable = [("PORTCULLIS_FAIL_ON", "warned")];
    let answer = portcullis_in(folder.path(), &variable, &["check", "-p", "warn.yaml", "web.yaml"], None);
    assert_eq!(answer.status, 1);
    assert!(
        answer.out.contains("note: nothing is denied, but the exit status is 1: `--fail-on warned` counts 1 warning"),
        "{answer:?}"
    );
    let wrong = portcullis(folder.path(), &["check", "--fail-on", "never", "web.yaml"]);
    assert!(
        wrong.status == 2 && wrong.err.contains("write denied, warned, info, low, medium, high, critical"),
        "{wrong:?}"
    );
}

#[test]
fn counts_as_warned_what_could_not_be_judged_and_only_warns() {
    let folder = Folder::new("fail-on-error");
    folder.write("web.yaml", pod("web", "nginx:1.27"));
    let failing = "    match: {matchConditions: [{name: broken, expression: \"object.nowhere == 'x'\"}]}\n    onError: {compliance: warn}\n";
    folder.write("set.yaml", set("warn", "") + failing);
    let run =
        |fail_on: &str| portcullis(folder.path(), &["check", "-q", "-p", "set.yaml", "--fail-on", fail_on, "web.yaml"]);
    let (denied, warned) = (run("denied"), run("warned"));
    assert_eq!((denied.status, warned.status), (0, 1), "{denied:?} {warned:?}");
    assert!(denied.out.contains("not judged[") && denied.out.contains("the condition `broken`"), "{denied:?}");
}

#[test]
fn shows_quietly_only_what_somebody_must_mend() {
    let folder = Folder::new("quiet");
    folder.write("web.yaml", pod("web", "nginx:latest"));
    folder.write("good.yaml", pod("good", "nginx:1.27"));
    folder.write("values.yaml", "x: 1\n");
    folder.write("warn.yaml", set("warn", ""));
    folder.write("deny.yaml", set("deny", ""));
    folder.write("waivers.yaml", WAIVER);
    let run = |more: &[&str]| portcullis(folder.path(), &[&["check", "-q"], more].concat());
    let nothing = run(&["-p", "warn.yaml", "--ignore", "x", "."]);
    assert_eq!(
        (nothing.status, nothing.out.as_str(), nothing.err.as_str()),
        (0, "", ""),
        "warnings, skipped files, notes"
    );
    let waived = run(&["-p", "deny.yaml", "--waivers", "waivers.yaml", "web.yaml"]);
    assert_eq!((waived.status, waived.out.as_str()), (0, ""), "{waived:?}");
    let denied = run(&["-p", "deny.yaml", "."]);
    assert_eq!(denied.status, 1);
    assert!(denied.out.starts_with("web.yaml\nPod shop/web: denied (compliance)\n"), "{denied:?}");
    assert!(!denied.out.contains("skipped 1 file:") && !denied.out.contains("note:"), "{denied:?}");
    assert!(
        denied.out.ends_with("denied  2 subjects: 1 denied, 1 allowed; 1 finding; 4 files skipped\n"),
        "{denied:?}"
    );
    let counting = run(&["-p", "warn.yaml", "--fail-on", "warned", "web.yaml"]);
    assert!(counting.status == 1 && counting.out.contains("warning[image-reference/tag-forbidden]"), "{counting:?}");
    folder.write("broken.yaml", "a: [\n");
    let broken = run(&["-p", "warn.yaml", "broken.yaml", "good.yaml"]);
    assert!(broken.status == 2 && broken.out.starts_with("error: "), "{broken:?}");
    let json = run(&["-f", "json", "-p", "warn.yaml", "web.yaml"]).json();
    assert_eq!(json["summary"]["warnings"], 1, "other formats stay whole");
}

#[test]
fn explains_a_rule_and_a_plugin_and_suggests_what_was_meant() {
    let folder = Folder::new("explain");
    folder.write("set.yaml", set("warn", "{rule: tag-forbidden, severity: low, effect: {compliance: audit}}"));
    let explain = |arguments: &[&str]| portcullis(folder.path(), &[&["check", "--explain"], arguments].concat());
    let rule = explain(&["image-reference/tag-forbidden", "-p", "set.yaml"]);
    assert_eq!(rule.status, 0, "{rule:?}");
    for told in [
        "image-reference/tag-forbidden  medium\nAn image has a forbidden tag\n",
        "found when  an image has a forbidden tag, written or implied\n",
        "why         A tag is a name that somebody can move",
        "mend it     write the tag of a version; or a waiver",
        "settings    `forbiddenTags`: Tags that nobody may use",
        "more        https://",
        "policy `images` of `own`: warn in sandbox, audit in compliance, severity low\n",
    ] {
        assert!(rule.out.contains(told), "{told}: {}", rule.out);
    }
    let alone = explain(&["tag-forbidden"]);
    assert!(
        alone.out.contains("policy `image-reference` of `default`: warn in sandbox, deny in compliance"),
        "{alone:?}"
    );
    let unused = explain(&["sbom"]);
    assert!(unused.out.contains("no policy of these sets") && unused.out.contains("  sbom-missing "), "{unused:?}");
    // A policy of the sets in use, and a finding as machines name it.
    let policy = explain(&["images", "-p", "set.yaml"]);
    for told in [
        "policy images of own\n\n",
        "plugin      image-reference ",
        "judges      CREATE, UPDATE of everything\n",
        "a finding   warn in sandbox, warn in compliance\n",
        "settings    forbiddenTags: [latest]\n",
        "  tag-forbidden           low       An image has a forbidden tag\n",
    ] {
        assert!(policy.out.contains(told), "{told}: {}", policy.out);
    }
    assert_eq!(explain(&["tag-forbidden", "-p", "set.yaml"]).out, rule.out);
    let list = portcullis(folder.path(), &["policies", "list", "-p", "set.yaml"]);
    assert!(
        list.out.contains("everything; 1 rule with an effect or a severity of its own (`overrides`)\n"),
        "{list:?}"
    );
    let of_policy = rule.out.replace("\nused by", "set to      forbiddenTags: [latest]\n\nused by");
    for name in ["images/image-reference/tag-forbidden", "images/tag-forbidden"] {
        assert_eq!(explain(&[name, "-p", "set.yaml"]).out, of_policy, "{name}");
    }
    // A plugin of somebody's own.
    let component = components().join("guest-asks.wasm");
    std::fs::copy(component, folder.path().join("own.wasm")).expect("the component");
    folder.write("own.yaml", "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: mine}\nspec:\n  policies:\n  - {name: house, plugin: {file: own.wasm}}\n");
    for name in ["house", "guest-asks", "guest-asks/not-approved", "house/guest-asks/not-approved", "not-approved"] {
        let own = explain(&[name, "-p", "own.yaml"]);
        assert!(own.status == 0 && own.out.contains("Somebody must have approved the image"), "{name}: {own:?}");
    }
    for (name, near) in [
        ("imagse", "did you mean `images`"),
        ("images/image-reference/tag-forbiden", "did you mean `image-reference/tag-forbidden`"),
        ("images/resource-limits/cpu-limit-max", "nobody knows"),
    ] {
        let answer = explain(&[name, "-p", "set.yaml"]);
        assert!(answer.status == 2 && answer.err.contains(near), "{answer:?}");
    }
    for (name, near) in [
        ("resource-limits/cpu-limit-maks", "did you mean `resource-limits/cpu-limit-max`"),
        ("resource-limit/cpu-limit-max", "did you mean `resource-limits/cpu-limit-max`"),
        ("tag-forbiden", "did you mean `image-reference/tag-forbidden`"),
        ("sboom", "did you mean `sbom`"),
    ] {
        let answer = explain(&[name]);
        assert!(answer.status == 2 && answer.err.contains(near), "{answer:?}");
    }
}

#[test]
fn explains_an_own_rule_by_its_own_expressions_and_needs_no_plugin_of_another() {
    let folder = Folder::new("explain-own");
    let own = |name: &str, expression: &str| {
        format!(
            "  - name: {name}\n    plugin: {{builtin: cel}}\n    settings:\n      validations:\n      - expression: \"{expression}\"\n        message: \"{name}:  keep  it\"\n"
        )
    };
    let head = "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: mine}\nspec:\n  policies:\n";
    let both = own("few", "object.spec.replicas  <= 5") + &own("labels", "has(object.metadata.labels)");
    folder.write("set.yaml", format!("{head}{both}  - {{name: gone, plugin: {{file: nowhere.wasm}}}}\n"));
    let explain = |name: &str| portcullis(folder.path(), &["check", "--explain", name, "-p", "set.yaml"]);
    for (name, word) in [("few/cel/validation-failed", "set to      "), ("few", "settings    ")] {
        let answer = explain(name);
        let own = format!(
            "{word}validations:\n            - expression: \"object.spec.replicas  <= 5\"\n              message: \"few:  keep  it\"\n"
        );
        assert!(answer.status == 0 && answer.out.contains(&own), "{answer:?}");
        assert!(!answer.out.contains("`labels`") && !answer.out.contains("metadata.labels"), "{answer:?}");
        let note = "note: nothing is told of the policy `mine/gone`: ";
        assert!(answer.err.contains(note) && answer.err.contains("nowhere.wasm"), "{answer:?}");
    }
    assert!(explain("cel/validation-failed").out.contains("policy `few` of `mine`"));
    // What is wrong besides is told where it stands.
    folder
        .write("set.yaml", format!("{head}  - {{name: gone, plugin: {{file: nowhere.wasm}}}}\n{}", own("few", "1 +")));
    let wrong = explain("few");
    assert!(wrong.status == 2 && wrong.err.contains("--> set.yaml:11:"), "{wrong:?}");
}

#[test]
fn explains_which_policies_would_judge_and_why() {
    let folder = Folder::new("policies-explain");
    let set = "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: own}\nspec:\n  mode: {namespaceLabel: mode, default: sandbox}\n  policies:\n";
    let policy = |name: &str, matches: &str| {
        format!(
            "  - name: {name}\n    plugin: {{builtin: image-reference}}\n    settings: {{forbiddenTags: [latest]}}\n    match: {matches}\n"
        )
    };
    let pods = "resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]";
    folder.write(
        "set.yaml",
        set.to_owned()
            + &policy("all", &format!("{{{pods}}}"))
            + &policy("group", "{resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}")
            + &policy("operation", "{resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [DELETE], resources: [pods]}]}")
            + &policy("namespace", &format!("{{{pods}, namespaceSelector: {{matchLabels: {{team: blue}}}}}}"))
            + &policy("object", &format!("{{{pods}, objectSelector: {{matchLabels: {{app: other}}}}}}"))
            + &policy("condition", &format!("{{{pods}, matchConditions: [{{name: always, expression: 'true'}}, {{name: named-x, expression: \"object.metadata.name == 'x'\"}}]}}"))
            + &policy("broken", &format!("{{{pods}, matchConditions: [{{name: broken, expression: 'object.nowhere == 1'}}]}}"))
            + &policy("document", "{documents: [{paths: ['specs/*.yaml']}]}"),
    );
    let namespace =
        "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {mode: compliance, team: red}}\n";
    folder.write("web.yaml", pod("web", "nginx") + namespace);
    let run = |arguments: &[&str]| {
        portcullis(folder.path(), &[&["policies", "explain", "-p", "set.yaml", "web.yaml"], arguments].concat())
    };
    let report = run(&["--format", "json"]).json();
    let of_pod = &report["subjects"][0]["policySets"][0];
    assert_eq!(
        (&of_pod["mode"], &of_pod["modeBecause"]),
        (&json!("compliance"), &json!("the namespace's label says so"))
    );
    let policies = of_pod["policies"].as_array().cloned().unwrap_or_default();
    let told: Vec<(String, String)> = policies
        .iter()
        .map(|policy| {
            let reasons = policy["reasons"].as_array().cloned().unwrap_or_default();
            let last = reasons
                .last()
                .map_or_else(String::new, |reason| reason["text"].as_str().unwrap_or_default().to_owned());
            (policy["selection"].as_str().unwrap_or_default().to_owned(), last)
        })
        .collect();
    for (at, (selection, text)) in [
        ("applies", "`resourceRules[0]` names it: CREATE of pods (core/v1)"),
        ("skips", "`resourceRules[0]` does not name it: its `apiGroups` are `apps`, and this is the core group"),
        ("skips", "`resourceRules[0]` does not name it: its `operations` are `DELETE`, and this is `CREATE`"),
        ("skips", "`namespaceSelector` (team=blue) does not fit the namespace `shop`, labelled `kubernetes.io/metadata.name=shop`, `mode=compliance`, `team=red`"),
        ("skips", "`objectSelector` (app=other) does not fit the object, labelled with nothing"),
        ("skips", "the condition `named-x` is false"),
        ("unknown", "the condition `broken`"),
        ("skips", "it judges documents alone"),
    ]
    .into_iter()
    .enumerate()
    {
        assert!(told[at].0 == selection && told[at].1.starts_with(text), "{at}: {:?}, not {text}", told[at]);
    }
    // The same truth as a run.
    let judged = portcullis(folder.path(), &["check", "-f", "json", "-p", "set.yaml", "web.yaml"]).json();
    let states = judged["decisions"][0]["policies"].as_array().cloned().unwrap_or_default();
    for (policy, state) in policies.iter().zip(&states) {
        let expected = match policy["selection"].as_str() {
            Some("applies") => "evaluated",
            Some("skips") => "skipped",
            _ => "failed",
        };
        assert_eq!(state["state"], expected, "{policy}");
    }
    let human = run(&["--mode", "sandbox"]);
    assert_eq!(human.status, 0, "{human:?}");
    assert!(human.out.contains("own: sandbox, because whoever asks says so (`--mode`"), "{human:?}");
    for told in [
        "    judges     all; a finding is a warning\n",
        "    skips      condition: the condition `named-x` is false\n",
        "    not known  broken, which is a warning: the condition `broken`",
        "    nothing to find: group, operation, document (--all says why)\n",
        // A Namespace runs nothing.
        "    nothing to find: all, group, operation, namespace, object, condition, broken, document (--all says why)\n",
    ] {
        assert!(human.out.contains(told), "{told}: {}", human.out);
    }
    let whole = run(&["--all"]);
    assert!(whole.out.contains("    skips      condition\n               `resourceRules[0]` names it"), "{whole:?}");
    let missing = portcullis(folder.path(), &["policies", "explain", "nowhere.yaml"]);
    assert!(missing.status == 2 && missing.out.contains("there is no `nowhere.yaml`"), "{missing:?}");
}

#[test]
fn completes_every_command_in_every_shell() {
    let folder = Folder::new("completions");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let answer = portcullis(folder.path(), &["completions", shell]);
        assert_eq!(answer.status, 0, "{answer:?}");
        for word in ["webhook-config", "changed-since", "evidence", "policies", "init"] {
            assert!(answer.out.contains(word), "{shell} does not know {word}");
        }
        assert!(!answer.out.contains("compile-plugin"), "{shell}: a command that nobody calls");
        folder.write(shell, answer.out);
    }
    // The values of flags, too: rules of the plugins in this binary, formats, and what counts.
    for (shell, words) in [
        ("bash", ["resource-limits/cpu-limit-max", "markdown", "denied warned info", "sandbox compliance"]),
        ("fish", ["pod-security/privileged", "sarif", "critical", "compliance"]),
        ("zsh", ["cel/validation-failed", "junit", "critical", "compliance"]),
    ] {
        let answer = portcullis(folder.path(), &["completions", shell]);
        for word in words {
            assert!(answer.out.contains(word), "{shell} does not offer {word}");
        }
    }
    let bash = Command::new("bash").args(["-n", "bash"]).current_dir(folder.path()).output().expect("bash starts");
    assert!(bash.status.success(), "{}", String::from_utf8_lossy(&bash.stderr));
    let wrong = portcullis(folder.path(), &["completions", "csh"]);
    assert!(
        wrong.status == 2 && wrong.err.contains("possible values: bash, elvish, fish, powershell, zsh"),
        "{wrong:?}"
    );
}

#[test]
fn writes_a_man_page_for_every_command() {
    let folder = Folder::new("man");
    let first = portcullis(folder.path(), &["man"]);
    assert!(first.out.contains(".TH portcullis 1") && first.out.contains("Exit status"), "{first:?}");
    let answer = portcullis(folder.path(), &["man", "--output", "."]);
    assert_eq!(answer.status, 0, "{answer:?}");
    let mut pages: Vec<String> = std::fs::read_dir(folder.path())
        .expect("the folder")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    pages.sort();
    let expected = [
        "portcullis-baseline-write.1",
        "portcullis-baseline.1",
        "portcullis-check.1",
        "portcullis-completions.1",
        "portcullis-evidence-show.1",
        "portcullis-evidence.1",
        "portcullis-init.1",
        "portcullis-man.1",
        "portcullis-plugin-build.1",
        "portcullis-plugin-inspect.1",
        "portcullis-plugin-new.1",
        "portcullis-plugin-test.1",
        "portcullis-plugin.1",
        "portcullis-policies-explain.1",
        "portcullis-policies-list.1",
        "portcullis-policies.1",
        "portcullis-serve.1",
        "portcullis-verify-bundle.1",
        "portcullis-webhook-config.1",
        "portcullis.1",
    ];
    assert_eq!(pages, expected);
    for page in pages {
        let text = std::fs::read_to_string(folder.path().join(&page)).expect("a page");
        assert!(text.contains(".SH NAME") && text.contains(".SH SYNOPSIS"), "{page}");
        // Every line that begins with a dot is a request that man knows; anything else would vanish.
        for request in text.lines().filter(|line| line.starts_with('.')) {
            let name: String = request.chars().skip(1).take_while(|letter| letter.is_ascii_alphabetic()).collect();
            assert!(
                ["TH", "SH", "SS", "TP", "RS", "RE", "PP", "br", "ie", "el", "IP", "sp", "ad", "nh"]
                    .contains(&name.as_str()),
                "{page}: {request}"
            );
        }
        // Where `man` (or mandoc) is installed, it reads the page without a complaint.
        let read = Command::new("man")
            .args(["--warnings", "-l", &page])
            .env("MANROFFOPT", "")
            .env("LC_ALL", "C.UTF-8")
            .current_dir(folder.path())
            .output();
        if let Ok(read) = read {
            let said = String::from_utf8_lossy(&read.stderr).into_owned();
            assert!(read.status.success() && said.is_empty(), "{page}: {said}");
        }
    }
    let made = portcullis(folder.path(), &["man", "--output", "share/man/man1"]);
    assert!(made.status == 0 && folder.path().join("share/man/man1/portcullis-check.1").is_file(), "{made:?}");
    let file = portcullis(folder.path(), &["man", "--output", "portcullis.1"]);
    assert!(file.status == 2 && file.err.contains("cannot make the directory `portcullis.1`"), "{file:?}");
}
