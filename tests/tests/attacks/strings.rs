//! Names, patterns and texts that mean something else than they look like (A20 to A23), and what a pipeline trips over (A63).

use std::os::unix::fs::symlink;

use portcullis_tests::{FORMATS, Folder, portcullis};
use serde_json::json;

use crate::{DIGEST, clean, denied, judge_by, pod, refused, set, tagged};

/// The rules that an image breaks where only one team's repositories are allowed.
fn of_image(image: &str) -> Vec<String> {
    let set = set(
        "  - {name: images, plugin: {builtin: image-reference}, settings: {allowed: [registry.example.com/team/**]}}",
    );
    let mut container = clean("app");
    container["image"] = json!(image);
    let found = denied(&judge_by(Some(&set), &pod(&json!({"containers": [container]})).to_string(), &[]));
    found.iter().filter_map(|one| one.split(' ').next().map(str::to_owned)).collect()
}

#[test]
fn takes_no_other_registry_or_path_for_the_allowed_one_a20_a20b_a21() {
    let allowed = [
        "registry.example.com/team/app",
        "REGISTRY.example.com/team/a/b:1",
        &format!("registry.example.com/team/app:1@{DIGEST}"),
    ];
    allowed.iter().for_each(|image| assert_eq!(of_image(image), Vec::<String>::new(), "{image}"));
    for image in [
        "registry.example.com.evil.io/team/app",
        "registry.example.com:5000/team/app",
        "registry.example.com/team-evil/app",
        "registry.example.com/teamapp",
        "registry.example.com/team",
        "evil.io/registry.example.com/team/app",
        "team/app",
        "app",
        "docker.io/team/app",
        "[::1]/team/app",
        "xn--registry-9za.example.com/team/app",
    ] {
        assert_eq!(of_image(image), ["repository-not-allowed"], "{image}");
    }
    for image in [
        "registry.example.com/team/../evil",
        "registry.example.com//team/app",
        "registry.example.com/team/app/",
        "registry.example.com/team/./app",
        "registry.example.com/team/app@",
        "registry.example.com/team/app:",
        "registry.example.com@evil.io/team/app",
        "user:pass@registry.example.com/team/app",
        "https://registry.example.com/team/app",
        "registry.example.com/team/App",
        "registry.example.com\u{2044}team/app",
        "regіstry.example.com/team/app",
        "registry.example.com/team/app\u{0}",
        "registry.example.com/team/app\n",
        " registry.example.com/team/app",
        "registry.example.com/team/app%2f..%2fevil",
        "registry.example.com/team/app?x",
        "registry.example.com\\team\\app",
        &format!("registry.example.com/team/app:{}", "t".repeat(129)),
    ] {
        assert_eq!(of_image(image), ["reference-unreadable"], "{image:?}");
    }
}

#[test]
fn takes_no_half_digest_for_one_a20c() {
    let hex = "0123456789abcdef".repeat(8);
    for (algorithm, length) in [("sha256", 64), ("sha384", 96), ("sha512", 128)] {
        assert_eq!(
            of_image(&format!("registry.example.com/team/app@{algorithm}:{}", &hex[..length])),
            Vec::<String>::new()
        );
    }
    for digest in [
        format!("sha256:{}", &hex[..63]),
        format!("sha256:{}", &hex[..65]),
        format!("sha512:{}", &hex[..64]),
        format!("sha256:{}", hex[..64].to_uppercase()),
        format!("SHA256:{}", &hex[..64]),
        format!("md5:{}", &hex[..32]),
        format!("sha1:{}", &hex[..40]),
        format!("sha256:{}g", &hex[..63]),
        hex[..64].to_owned(),
        format!("sha256:{}@sha256:{}", &hex[..64], &hex[..64]),
    ] {
        assert_eq!(of_image(&format!("registry.example.com/team/app@{digest}")), ["reference-unreadable"], "{digest}");
    }
}

#[test]
fn ends_with_a_pattern_made_to_be_slow_a22() {
    let set = set(
        "  - {name: slow, plugin: {builtin: cel}, match: {resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}, settings: {validations: [{expression: \"object.metadata.annotations.note.matches('^(a+)+$')\"}]}}",
    );
    let mut object = pod(&json!({"containers": [clean("app")]}));
    object["metadata"]["annotations"] = json!({"note": "a".repeat(100_000) + "!"});
    let answer = judge_by(Some(&set), &object.to_string(), &[]);
    assert_ne!(answer.status, 0, "what does not match, and what costs too much, is no pass: {answer:?}");
}

#[test]
fn lets_no_report_obey_what_a_label_says_a23() {
    let folder = Folder::new("attack-reports");
    let hostile = "a\n::error file=x::pwned\n##vso[task.complete]\n##[error]x\r\u{1b}]0;pwned\u{7}\u{1b}[2J<script>alert(1)</script> | ![x](http://evil.example/) @everyone";
    let mut object = pod(&json!({"containers": [tagged("app")]}));
    object["metadata"]["labels"] = json!({"note": hostile});
    object["metadata"]["name"] = json!(hostile);
    object["spec"]["containers"][0]["image"] = json!(hostile);
    folder.write("pod.json", object.to_string());
    for format in FORMATS {
        let answer = portcullis(folder.path(), &["check", "--no-config", "-f", format, "pod.json"]);
        assert_ne!(answer.status, 0, "{format}");
        let text = format!("{}{}", answer.out, answer.err);
        assert!(!text.contains(['\u{1b}', '\u{7}', '\r']), "{format}: {text}");
        for line in text.lines() {
            let begins =
                ["##vso", "##[", "::error file=x"].iter().any(|command| line.trim_start().starts_with(command));
            assert!(!begins, "{format}: {line}");
        }
        assert!(!["html", "junit"].contains(&format) || !text.contains("<script>alert"), "{format}: {text}");
    }
}

#[test]
fn gives_one_status_however_often_it_is_asked_a63() {
    // gatekeeper#3772: the status of one run in some hundred was another one. A thousand subjects in each of many runs.
    let folder = Folder::new("attack-often");
    let (good, bad) = (pod(&json!({"containers": [clean("app")]})), pod(&json!({"containers": [tagged("app")]})));
    for n in 0..100 {
        let ten: Vec<String> = (0..10).map(|m| if n == 57 && m == 3 { &bad } else { &good }.to_string()).collect();
        folder.write(&format!("m/{n:03}.yaml"), ten.join("\n---\n"));
    }
    let mut first = None;
    for run in 0..12 {
        let jobs = ["1", "2", "3", "8", "16", "32"][run % 6];
        let answer = portcullis(folder.path(), &["check", "--no-config", "-f", "json", "--jobs", jobs, "m"]);
        assert_eq!(answer.status, 1, "run {run} on {jobs} threads");
        assert_eq!(*first.get_or_insert(answer.out.clone()), answer.out, "run {run} on {jobs} threads");
    }
    let report: serde_json::Value = serde_json::from_str(&first.expect("a run")).expect("JSON");
    assert_eq!((&report["summary"]["subjects"], &report["summary"]["denied"]), (&json!(1000), &json!(1)));
}

#[test]
fn takes_nothing_found_and_nothing_read_for_no_success_a63() {
    let folder = Folder::new("attack-nothing");
    let good = pod(&json!({"containers": [clean("app")]})).to_string();
    folder.write("good.yaml", &good);
    folder.write("cut.yaml", &good[..good.len() - 2]);
    folder.write("empty.yaml", "");
    folder.write("comment.yaml", "# nothing\n---\n---\n");
    folder.write("values.yaml", "replicas: 3\n");
    folder.write("half.yaml", "kind: Pod\nspec: {}\n");
    folder.write("binary.yaml", [0xff, 0xfe, 0x00, 0x80]);
    folder.write("template.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Values.name }}}\n");
    std::fs::create_dir(folder.path().join("bare")).expect("a folder");
    for path in [
        "cut.yaml",
        "empty.yaml",
        "comment.yaml",
        "values.yaml",
        "half.yaml",
        "binary.yaml",
        "template.yaml",
        "bare",
        "absent.yaml",
        "absent/*",
    ] {
        for paths in [&[path][..], &["good.yaml", path]] {
            let answer = portcullis(folder.path(), &[&["check", "--no-config", "-f", "json"], paths].concat());
            // An empty folder beside a good file is the one thing that hides nothing.
            let said = refused(&answer);
            assert!(said.len() > 20, "{path}: {said}");
        }
    }
    let denied = pod(&json!({"containers": [tagged("app")]})).to_string();
    folder.write("denied.yaml", denied);
    let both = portcullis(folder.path(), &["check", "--no-config", "denied.yaml", "cut.yaml"]);
    assert_eq!(both.status, 2, "an error outweighs a denial, and neither is a pass: {both:?}");
}

#[test]
fn follows_no_link_out_and_prints_no_secret_a63b() {
    let folder = Folder::new("attack-links");
    let outside = Folder::new("attack-outside");
    let good = pod(&json!({"containers": [clean("app")]})).to_string();
    folder.write("d/good.yaml", &good);
    outside.write(
        "secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {token: correct-horse-battery}\n",
    );
    symlink(outside.path(), folder.path().join("d/linked")).expect("a link");
    symlink(outside.path().join("secret.yaml"), folder.path().join("d/file.yaml")).expect("a link");
    symlink(folder.path().join("d"), folder.path().join("d/loop")).expect("a link");
    let answer = portcullis(folder.path(), &["check", "--no-config", "-f", "json", "d"]);
    assert!(refused(&answer).contains("link"), "{answer:?}");
    assert!(!answer.out.contains("correct-horse"), "{answer:?}");
    // A Secret with a mistake in it, in a chart's own words, in every format.
    folder.write("bad.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  token: correct-horse-battery\n  token: correct-horse-battery\n");
    folder.write("odd.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s, annotations: {note: correct-horse-battery}}\ndata: {token: Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5}\nstringData: {token: correct-horse-battery}\nspec: {containers: [{image: correct-horse-battery}]}\n");
    for (file, format) in ["bad.yaml", "odd.yaml"].iter().flat_map(|file| FORMATS.map(|format| (file, format))) {
        let answer = portcullis(folder.path(), &["check", "--no-config", "-f", format, file]);
        let text = format!("{}{}", answer.out, answer.err);
        assert!(
            !text.contains("correct-horse") && !text.contains("Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5"),
            "{file} as {format}: {text}"
        );
    }
}
