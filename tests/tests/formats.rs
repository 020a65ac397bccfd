//! Every format through the command: each where it is told, none silenced by another, the same bytes every time.

use std::fs;

use portcullis_tests::{Answer, FORMATS, Folder, portcullis};
use serde_json::Value;

const BAD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec:\n  containers:\n  - name: app\n    image: nginx\n    resources: {limits: {cpu: '99'}}\n";

/// How a report of each format begins that says what was found, in the order of [`FORMATS`].
const BEGINNINGS: [&str; 8] = [
    "pod.yaml\nPod shop/web: denied",
    "{\n  \"apiVersion\": \"portcullis.dev/v1alpha1\",\n  \"kind\": \"CheckReport\",\n  \"verdict\": \"deny\"",
    "{\n  \"$schema\": ",
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"portcullis\" tests=\"",
    "::error file=pod.yaml,line=",
    "[\n  {\n    \"check_name\": \"",
    "## ❌ Portcullis: denied\n",
    "<!DOCTYPE html>\n<html lang=\"en\">",
];

/// A run with every format, each in a file `r.<format>`, besides other arguments.
fn all_of(folder: &Folder, others: &[&str]) -> Answer {
    let files = FORMATS.map(|format| format!("r.{format}"));
    let mut arguments = vec!["check"];
    for (format, file) in FORMATS.iter().zip(&files) {
        arguments.extend(["-f", format, "-o", file]);
    }
    arguments.extend(others);
    portcullis(folder.path(), &arguments)
}

fn written(folder: &Folder) -> [String; 8] {
    FORMATS.map(|format| fs::read_to_string(folder.path().join(format!("r.{format}"))).unwrap_or_default())
}

#[test]
fn writes_every_format_of_one_run_and_the_same_bytes_each_time() {
    let folder = Folder::new("formats");
    folder.write("pod.yaml", BAD);
    let answer = all_of(&folder, &["pod.yaml"]);
    assert_eq!((answer.status, answer.out.as_str()), (1, ""), "{answer:?}");
    let reports = written(&folder);
    for ((format, report), beginning) in FORMATS.iter().zip(&reports).zip(BEGINNINGS) {
        assert!(report.starts_with(beginning), "{format}: {report}");
        assert!(report.ends_with('\n'), "{format}");
        let alone = portcullis(folder.path(), &["check", "-f", format, "pod.yaml"]);
        assert_eq!((alone.status, &alone.out), (1, report), "{format} says the same alone");
    }
    // Over the reports of the last run, which stand in the folder that is judged.
    assert_eq!(all_of(&folder, &["."]).status, 1);
    assert_eq!(written(&folder)[5], reports[5].replace("./", ""), "nothing but the manifest was judged");
}

#[test]
fn replaces_its_own_reports_where_they_stand_among_manifests() {
    let folder = Folder::new("replaced");
    folder.write("pod.yaml", BAD);
    let arguments = ["check", "-f", "json,sarif,gitlab", "-o", "r.json,scan.json,quality.json", "."];
    for run in ["first", "second"] {
        let answer = portcullis(folder.path(), &arguments);
        assert_eq!(answer.status, 1, "the {run} run: {answer:?}");
    }
    folder.write("quality.json", "[{\"description\": \"of somebody else\"}]\n");
    let answer = portcullis(folder.path(), &arguments);
    assert!(answer.err.contains("the output `quality.json` would overwrite the input `.`"), "{answer:?}");
}

#[test]
fn lets_no_report_that_cannot_be_written_silence_another() {
    if !std::path::Path::new("/dev/full").exists() {
        println!("SKIPPED: no /dev/full");
        return;
    }
    let folder = Folder::new("full");
    folder.write("pod.yaml", BAD);
    for (at, format) in FORMATS.iter().enumerate() {
        let full = std::os::unix::fs::symlink("/dev/full", folder.path().join("full"));
        full.expect("a link to what is always full");
        let others: Vec<&str> = FORMATS.iter().copied().filter(|other| other != format).collect();
        let mut arguments = vec!["check".to_owned()];
        for (place, other) in others.iter().enumerate() {
            if place == at.min(others.len() - 1) {
                arguments.extend(["-f", format, "-o", "full"].map(str::to_owned));
            }
            arguments.extend(["-f", other, "-o", &format!("r.{other}")].map(str::to_owned));
        }
        arguments.push("pod.yaml".to_owned());
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let answer = portcullis(folder.path(), &arguments);
        assert_eq!(answer.status, 2, "a report that is asked for and not there is no success: {answer:?}");
        assert!(answer.err.starts_with("error: cannot write `full`"), "{answer:?}");
        for other in others {
            let path = folder.path().join(format!("r.{other}"));
            let beginning = BEGINNINGS[FORMATS.iter().position(|one| *one == other).expect("a format")];
            let report = fs::read_to_string(&path).unwrap_or_default();
            assert!(report.starts_with(beginning), "{format} silenced {other}: {report}");
            fs::remove_file(path).expect("a report");
        }
        fs::remove_file(folder.path().join("full")).expect("the link");
    }
    let two = ["check", "-f", "json", "-o", "/dev/full", "-f", "human", "pod.yaml"];
    let answer = portcullis(folder.path(), &two);
    assert!(answer.status == 2 && answer.out.starts_with(BEGINNINGS[0]), "the standard output speaks too: {answer:?}");
}

#[test]
fn tells_in_every_format_why_nothing_was_judged() {
    let folder = Folder::new("unjudged");
    folder.write("pod.yaml", BAD);
    folder.write(
        "set.yaml",
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: a}\nspec: {polices: []}\n",
    );
    // Reports of an earlier run that said that all is well.
    FORMATS.iter().for_each(|format| drop(folder.write(&format!("r.{format}"), "allowed")));
    let answer = all_of(&folder, &["-p", "set.yaml", "pod.yaml"]);
    assert_eq!(answer.status, 2, "{answer:?}");
    for (format, report) in FORMATS.iter().zip(written(&folder)) {
        assert!(report.contains("polices"), "{format} says why: {report}");
    }
}

#[test]
fn shows_no_value_of_a_secret_whose_kind_is_misspelt_a63b() {
    let folder = Folder::new("misspelt");
    for kind in ["secret", "SECRET", "Secrets", "Sceret", "[Secret]"] {
        let secret = format!(
            "{{apiVersion: v1, kind: {kind}, metadata: {{name: a}}, data: {{p: aHVudGVyMg==}}, stringData: {{p: hunter2}}}}\n"
        );
        folder.write("secret.yaml", &secret);
        let answer = all_of(&folder, &["secret.yaml"]);
        for (format, report) in FORMATS.iter().zip(written(&folder)) {
            assert!(!report.is_empty(), "{kind}: {answer:?}");
            assert!(!report.contains("hunter2") && !report.contains("aHVudGVyMg"), "{kind} in {format}: {report}");
        }
    }
}

#[test]
fn gives_the_standard_output_to_one_format_alone() {
    let folder = Folder::new("shared");
    folder.write("pod.yaml", BAD);
    let answer = portcullis(folder.path(), &["check", "-f", "github", "-f", "human", "pod.yaml"]);
    assert_eq!((answer.status, answer.out.as_str()), (2, ""), "{answer:?}");
    assert!(answer.err.contains("2 formats would share the standard output"), "{answer:?}");
}

#[test]
fn names_files_for_a_forge_from_the_root_of_the_repository() {
    let folder = Folder::new("repository");
    folder.write("repo/charts/web/pod.yaml", BAD);
    fs::create_dir(folder.path().join("repo/.git")).expect("a repository");
    let below = folder.path().join("repo/charts");
    let path = below.join("web/pod.yaml");
    for named in ["web/pod.yaml", "./web/../web/pod.yaml", path.to_str().expect("a path")] {
        let github = portcullis(&below, &["check", "-f", "github", named]).out;
        assert!(github.starts_with("::error file=charts/web/pod.yaml,line="), "{named}: {github}");
        let gitlab: Value = portcullis(&below, &["check", "-f", "gitlab", named]).json();
        assert_eq!(gitlab[0]["location"]["path"], "charts/web/pod.yaml", "{named}");
    }
}

#[test]
fn names_every_format_in_the_help() {
    let folder = Folder::new("help");
    let help = portcullis(folder.path(), &["check", "--help"]).out;
    let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(&format!("({})", FORMATS.join(", "))), "{help}");
}
