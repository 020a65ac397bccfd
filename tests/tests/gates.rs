//! SBOMs and SARIF reports that real tools wrote, given as files: allowed, or denied for their own reason, with file and line.

use std::path::PathBuf;

use portcullis_tests::{Answer, Folder, portcullis, root, undrawn};
use serde_json::{Value, json};

/// The image that the SBOMs are about.
const IMAGE: &str = "127.0.0.1:5955/team/app@sha256:0b7875e1ed2de0c4bb1be2e7554ee6e2620c56e4e0bd4459528820cf625d354c";
/// What the tools wrote, and what they wrote it about.
const FIXTURES: [&str; 10] = [
    "app.cdx.json",
    "app.spdx.json",
    "app-by-tag.cdx.json",
    "other.cdx.json",
    "requirements.cdx.json",
    "requirements.txt",
    "bandit-clean.sarif",
    "bandit-faulty.sarif",
    "semgrep-clean.sarif",
    "semgrep-faulty.sarif",
];
/// Files count, though nobody signed them.
const ACCEPTED: &str = "{images: [{match: ['**'], local: accept}]}";
/// Files count for the file that is judged.
const OF_FILES: &str = "{files: {local: accept}}";
/// They do not.
const REFUSED: &str = "{images: [{match: ['**'], local: refuse, trust: release}]}";

fn fixture(name: &str) -> PathBuf {
    root().join("tests/tests/gates").join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(fixture(name)).expect("a fixture")
}

/// A folder with all fixtures, and a policy set with these settings of `sbom` and `sast`.
fn folder(sbom: &str, sast: &str) -> Folder {
    let folder = Folder::new("gates");
    for name in FIXTURES {
        folder.write(name, text(name));
    }
    folder.write("cosign.pub", std::fs::read_to_string(root().join("tests/tests/signed/cosign.pub")).expect("a key"));
    let trust = "[{name: release, keys: [{name: release-2026, file: cosign.pub}]}]";
    let mut set = format!(
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: gates}}\nspec:\n  trust: {trust}\n  policies:\n"
    );
    for (plugin, settings) in [("sbom", sbom), ("sast", sast)] {
        let policy = format!("  - name: {plugin}\n    plugin: {{builtin: {plugin}}}\n    grants: [{plugin}]\n");
        set += &format!("{policy}    settings: {settings}\n");
    }
    folder.write("set.yaml", set);
    folder
}

/// Judges the image with these files, and nobody is asked.
fn check(folder: &Folder, arguments: &[&str]) -> Answer {
    // After the tools wrote the files.
    let format: &[&str] = if arguments.contains(&"-f") { &[] } else { &["-f", "json"] };
    let usual = ["check", "--offline", "--time", "2026-11-23T00:00:00Z", "-p", "set.yaml"];
    portcullis(folder.path(), &[&usual[..], format, arguments].concat())
}

/// The one finding of a decision.
fn finding(answer: &Answer) -> Value {
    let report = answer.json();
    let findings = report["decisions"][0]["findings"].as_array().cloned().unwrap_or_default();
    assert_eq!(findings.len(), 1, "{answer:?}");
    findings[0].clone()
}

#[test]
fn allows_an_image_with_the_files_of_real_tools() {
    let folder = folder(ACCEPTED, ACCEPTED);
    for sbom in ["app.cdx.json", "app.spdx.json"] {
        for sarif in ["semgrep-clean.sarif", "bandit-clean.sarif"] {
            let answer = check(&folder, &["--sbom", sbom, "--sarif", sarif, "--image", IMAGE]);
            assert_eq!((answer.status, answer.codes()), (0, Vec::new()), "{sbom}, {sarif}: {answer:?}");
        }
    }
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
        "spec": {"containers": [{"name": "web", "image": IMAGE}]}});
    folder.write("pod.json", pod.to_string());
    let answer = check(&folder, &["--sbom", "app.cdx.json", "--sarif", "semgrep-clean.sarif", "pod.json"]);
    assert_eq!((answer.status, answer.codes()), (0, Vec::new()), "{answer:?}");
}

#[test]
fn denies_what_an_sbom_or_a_report_says_by_its_own_file_and_line() {
    let folder = folder(ACCEPTED, ACCEPTED);
    let (sbom, sarif) = ("app.cdx.json", "semgrep-clean.sarif");
    for (sbom, sarif, code, file, line, words) in [
        (sbom, "bandit-faulty.sarif", "sast/too-many-results", "bandit-faulty.sarif", 112, "src/faulty.py:8"),
        (sbom, "semgrep-faulty.sarif", "sast/too-many-results", "semgrep-faulty.sarif", 1, "src/faulty.py:8"),
        ("other.cdx.json", sarif, "sbom/wrong-subject", "other.cdx.json", 23, "feedaaf6"),
        ("app-by-tag.cdx.json", sarif, "sbom/wrong-subject", "app-by-tag.cdx.json", 19, "0b7875e1"),
        (sarif, sarif, "sbom/sbom-unreadable", sarif, 1, "SARIF"),
        (sbom, sbom, "sast/sarif-unreadable", sbom, 1, "CycloneDX"),
    ] {
        let answer = check(&folder, &["--sbom", sbom, "--sarif", sarif, "--image", IMAGE]);
        assert_eq!((answer.status, answer.codes()), (1, vec![code.to_owned()]), "{answer:?}");
        let finding = finding(&answer);
        let message = finding["message"].as_str().unwrap_or_default();
        assert!(message.contains(words), "{message}");
        let source = (finding["source"]["file"].as_str(), finding["source"]["line"].as_u64());
        assert_eq!(source, (Some(file), Some(line)), "{finding}");
    }
}

#[test]
fn points_to_the_line_where_a_file_ceases_to_be_readable() {
    let folder = folder(ACCEPTED, ACCEPTED);
    folder.write("broken.json", "{\n \"bomFormat\": \"CycloneDX\",\n \"version\": nul\n}\n");
    folder.write("twice.json", "{\n \"a\": 1,\n \"a\": 2\n}\n");
    for file in ["broken.json", "twice.json"] {
        let arguments = ["--sbom", file, "--sarif", "semgrep-clean.sarif", "--image", IMAGE];
        let answer = check(&folder, &arguments);
        assert_eq!((answer.status, answer.codes()), (1, vec!["sbom/sbom-unreadable".to_owned()]), "{answer:?}");
        let finding = finding(&answer);
        assert!(finding["message"].as_str().is_some_and(|text| text.contains("line 3, column ")), "{finding}");
        let source = (finding["source"]["file"].as_str(), finding["source"]["line"].as_u64());
        assert_eq!(source, (Some(file), Some(3)), "{finding}");
        let sarif = check(&folder, &[&["-f", "sarif"], &arguments[..]].concat());
        let place = &sarif.json()["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(
            (&place["artifactLocation"]["uri"], &place["region"]["startLine"]),
            (&json!(file), &json!(3)),
            "{sarif:?}"
        );
    }
}

#[test]
fn lets_no_file_count_that_nobody_signed_where_that_is_not_said() {
    let folder = folder(REFUSED, REFUSED);
    let answer = check(&folder, &["--sbom", "app.cdx.json", "--sarif", "semgrep-clean.sarif", "--image", IMAGE]);
    assert_eq!(answer.status, 1, "{answer:?}");
    assert_eq!(answer.codes(), ["sbom/not-signed", "sast/not-signed"], "{answer:?}");
}

#[test]
fn lets_no_file_count_for_what_an_api_server_asked() {
    let folder = folder(ACCEPTED, ACCEPTED);
    let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"containers": [{"name": "web", "image": IMAGE}]}});
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "operation": "CREATE", "namespace": "shop", "name": "web", "userInfo": {"username": "ann"},
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"}, "object": object}});
    folder.write("review.json", review.to_string());
    let answer = check(&folder, &["--sbom", "app.cdx.json", "--sarif", "semgrep-clean.sarif", "review.json"]);
    assert_ne!(answer.status, 0, "{answer:?}");
    assert_eq!(answer.json()["decisions"][0]["verdict"], "deny", "{answer:?}");
}

#[test]
fn judges_a_file_by_its_own_sbom() {
    let folder = folder(OF_FILES, OF_FILES);
    let flags = ["--sbom", "requirements.cdx.json", "--sarif", "semgrep-clean.sarif", "--artifact", "requirements.txt"];
    let answer = check(&folder, &flags);
    assert_eq!((answer.status, answer.codes()), (0, Vec::new()), "{answer:?}");
    // One more byte, and it is another file.
    folder.write("requirements.txt", text("requirements.txt") + "\n");
    let answer = check(&folder, &flags);
    assert_eq!((answer.status, answer.codes()), (1, vec!["sbom/wrong-subject".to_owned()]), "{answer:?}");
    assert!(finding(&answer)["message"].to_string().contains("f96b1d17"), "{answer:?}");
}

#[test]
fn refuses_files_that_are_not_there_before_anything_is_judged() {
    let folder = folder(ACCEPTED, ACCEPTED);
    for flag in ["--sbom", "--sarif"] {
        let answer = check(&folder, &[flag, "nowhere.json", "--image", IMAGE]);
        assert_eq!(answer.status, 2, "{answer:?}");
        let said = format!("error: {flag}: there is no `nowhere.json`\n  help: check the spelling");
        assert!(undrawn(&answer.err).starts_with(&said), "{answer:?}");
        assert_eq!(answer.err.matches("nowhere.json").count(), 1, "{answer:?}");
        let answer = check(&folder, &[flag, "app.cdx.json", "--facts", "pod.yaml", "--image", IMAGE]);
        assert_eq!(answer.status, 2, "{answer:?}");
        assert!(answer.err.contains("--facts holds every answer"), "{answer:?}");
    }
}

/// What the command notes besides its decisions.
fn notices(answer: &Answer) -> Vec<String> {
    let notices = answer.json()["notices"].as_array().cloned().unwrap_or_default();
    notices.iter().filter_map(|notice| notice.as_str().map(str::to_owned)).collect()
}

#[test]
fn names_each_file_that_was_not_judged_and_says_why() {
    const EXEMPT: &str = "{images: [{match: ['127.0.0.1:5955/**'], exempt: true}]}";
    const SIGNED_ELSEWHERE: &str = "{images: [{match: ['**'], trust: release, local: refuse}]}";
    let (sbom, sarif) = ("app.cdx.json", "semgrep-clean.sarif");
    for (settings, files, names, said) in [
        (EXEMPT, &["--sbom", sbom][..], sbom, "no policy asked for an SBOM here: those that could (`sbom` of `gates`)"),
        (EXEMPT, &["--sarif", sarif], sarif, "no policy asked for a SARIF report here"),
        (ACCEPTED, &["--sbom", sbom, "--sbom", "other.cdx.json"], "other.cdx.json", "it names another digest"),
        (ACCEPTED, &["--sbom", sbom, "--sbom", sarif], sarif, "it cannot be read as an SBOM"),
    ] {
        let other = if files[0] == "--sbom" { EXEMPT } else { settings };
        let folder = folder(settings, other);
        let answer = check(&folder, &[files, &["--image", IMAGE]].concat());
        assert_eq!((answer.status, answer.codes()), (0, Vec::new()), "{answer:?}");
        let notices: Vec<String> =
            notices(&answer).into_iter().filter(|notice| notice.contains("was not judged")).collect();
        assert_eq!(notices.len(), 1, "{notices:?}");
        let notice = &notices[0];
        assert!(notice.starts_with(&format!("`{names}` ({}) was not judged: ", files[0])), "{notice}");
        assert!(notice.contains(said), "{notice}");
    }
    // What was judged is not told of, whatever came of it; and what a finding names is told there.
    let sets = [(ACCEPTED, 0, &["--image", IMAGE][..]), (SIGNED_ELSEWHERE, 1, &["--image", IMAGE])];
    for (settings, status, judged) in sets {
        let folder = folder(settings, settings);
        let answer = check(&folder, &[&["--sbom", sbom, "--sarif", sarif], judged].concat());
        assert_eq!((answer.status, notices(&answer)), (status, Vec::new()), "{answer:?}");
    }
}

#[test]
fn says_of_files_about_something_else_only_what_is_true() {
    let folder = folder(ACCEPTED, "{images: [{match: ['127.0.0.1:5955/**'], exempt: true}]}");
    folder.write("another.cdx.json", text("other.cdx.json"));
    let answer = check(&folder, &["--sbom", "other.cdx.json", "--sbom", "another.cdx.json", "--image", IMAGE]);
    let said: Vec<String> = notices(&answer).into_iter().filter(|notice| notice.contains("was not judged")).collect();
    assert_eq!((answer.status, said.len()), (1, 1), "{answer:?}");
    assert!(said[0].contains("than what is judged, as each that was given does; of an index no SBOM"), "{said:?}");
}

#[test]
fn says_of_a_review_that_names_nobody_what_it_lacks_and_not_that_nobody_asked() {
    let folder = folder(ACCEPTED, ACCEPTED);
    let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"containers": [{"name": "web", "image": IMAGE}]}});
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "operation": "CREATE", "namespace": "shop", "name": "web",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"}, "object": object}});
    folder.write("review.json", review.to_string());
    let answer = check(&folder, &["--sbom", "app.cdx.json", "--sarif", "semgrep-clean.sarif", "review.json"]);
    assert_eq!(answer.status, 2, "{answer:?}");
    let said = "the AdmissionReview has no `request.userInfo.username`; add one (an API server always sends it)";
    assert_eq!(answer.json()["decisions"][0]["errors"][0]["message"], said, "{answer:?}");
    let notices = notices(&answer);
    let why = "`app.cdx.json` (--sbom) was not judged: `sbom` of `gates` could not judge, and its message says why";
    assert!(notices.iter().any(|notice| notice == why), "{notices:?}");
    assert!(!notices.iter().any(|notice| notice.contains("no policy asked")), "{notices:?}");
}

#[test]
fn notes_a_trust_that_the_set_does_not_have_unless_a_failure_says_so() {
    let folder = folder(REFUSED, REFUSED);
    let set = std::fs::read_to_string(folder.path().join("set.yaml")).expect("the set");
    let lines = set.lines().filter(|line| !line.starts_with("  trust:"));
    folder.write("set.yaml", lines.map(|line| format!("{line}\n")).collect::<String>());
    let said = "the policy set `gates` has no trust `release`, named by `sbom`, `sast`: ";
    folder.write("config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    let untouched = check(&folder, &["config.yaml"]);
    assert_eq!(untouched.status, 0, "{untouched:?}");
    assert!(notices(&untouched).iter().any(|notice| notice.starts_with(said)), "{untouched:?}");
    let judged = check(&folder, &["--image", IMAGE]);
    assert_eq!(judged.status, 2, "{judged:?}");
    assert!(judged.out.contains("asks by the trust `release`, which the policy set does not have"), "{judged:?}");
    assert!(!notices(&judged).iter().any(|notice| notice.starts_with(said)), "{judged:?}");
}

#[test]
fn says_which_file_would_have_counted_where_none_was_given() {
    let folder = folder(ACCEPTED, ACCEPTED);
    let answer = check(&folder, &["--image", IMAGE]);
    assert_eq!(answer.codes(), ["sbom/sbom-missing", "sast/sast-missing"], "{answer:?}");
    let said = notices(&answer);
    assert!(said.iter().any(|one| one.contains("--sbom FILE gives one")), "{said:?}");
    assert!(said.iter().any(|one| one.contains("--sarif FILE gives one")), "{said:?}");
    // Where a trust could vouch for one as well, nobody may look for it.
    let both = "{images: [{match: ['**'], trust: release, local: accept}]}";
    let folder = self::folder(both, both);
    let answer = check(&folder, &["--image", IMAGE]);
    let errors = answer.json()["decisions"][0]["errors"].to_string();
    for said in ["no SBOM was given: --sbom FILE", "no SARIF report was given: --sarif FILE", "no bundle was given"] {
        assert!(errors.contains(said), "{errors}");
    }
}

#[test]
fn says_what_a_baseline_is_where_it_is_not_there_or_alone() {
    let digest = portcullis_model::sha256_hex(text("semgrep-faulty.sarif").as_bytes());
    let settings = format!("{{local: accept, baseline: {{digest: '{digest}'}}}}");
    let of_images = format!("{{images: [{{match: ['**'], {}]}}", &settings[1..]);
    for (settings, judged) in
        [(of_images, ["--image", IMAGE]), (format!("{{files: {settings}}}"), ["--artifact", "requirements.txt"])]
    {
        let folder = folder(OF_FILES, &settings);
        let check = |files: &[&str]| check(&folder, &[files, &["--sbom", "requirements.cdx.json"], &judged].concat());
        let absent = check(&["--sarif", "semgrep-clean.sarif"]);
        let said = absent.json()["decisions"][0]["errors"].to_string();
        assert_eq!(absent.status, 2, "{absent:?}");
        for part in [digest.as_str(), "`semgrep-clean.sarif` is sha256:", "the report of an earlier run", "--sarif"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        let alone = check(&["--sarif", "semgrep-faulty.sarif"]);
        assert_eq!((alone.status, alone.codes()), (1, vec!["sast/sast-missing".to_owned()]), "{alone:?}");
        let said = notices(&alone).join("\n");
        assert!(said.contains("`semgrep-faulty.sarif` (--sarif) was not judged: it is the `baseline`"), "{said}");
        let both = check(&["--sarif", "semgrep-faulty.sarif", "--sarif", "semgrep-clean.sarif"]);
        assert_eq!(both.status, 0, "{both:?}");
        assert!(!notices(&both).join("\n").contains("sarif"), "{both:?}");
    }
}

#[test]
fn lets_no_clean_report_hide_another_where_no_policy_asks_for_reports() {
    let folder = folder(ACCEPTED, ACCEPTED);
    let reports = ["--sarif", "semgrep-clean.sarif", "--sarif", "bandit-faulty.sarif"];
    for judged in [["--image", IMAGE], ["--artifact", "requirements.txt"]] {
        let usual = ["check", "-f", "json", "--time", "2026-11-23T00:00:00Z"];
        let answer = portcullis(folder.path(), &[&usual[..], &reports, &judged].concat());
        assert_eq!((answer.status, answer.codes()), (1, vec!["sast/too-many-results".to_owned()]), "{answer:?}");
        assert!(answer.out.contains("the file `bandit-faulty.sarif`"), "{answer:?}");
    }
}

#[test]
fn says_of_a_file_that_no_policy_asks_for_its_documents() {
    let folder = folder(ACCEPTED, OF_FILES);
    folder.write(
        "set.yaml",
        std::fs::read_to_string(folder.path().join("set.yaml")).expect("a set").replace(OF_FILES, ACCEPTED),
    );
    let answer = check(&folder, &["--sbom", "requirements.cdx.json", "--artifact", "requirements.txt"]);
    assert_eq!(answer.status, 2, "{answer:?}");
    let error = answer.json()["errors"][0].to_string();
    assert!(
        error.contains("or for its SBOM or a report of its scan") && error.contains("`sbom` of `gates`"),
        "{error}"
    );
}

#[test]
fn takes_a_file_for_judged_where_a_policy_finds_something_without_any_fact() {
    let folder = Folder::new("gates-findings");
    folder.write("large.txt", "more than four bytes");
    let set = "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: sizes}\nspec:\n  policies:\n  - name: small\n    plugin: {builtin: resource-limits}\n    match: {resourceRules: [{apiGroups: [portcullis.dev], apiVersions: ['*'], operations: ['*'], resources: [artifacts]}]}\n    settings: {fields: [{pointer: /spec/size, max: 4}]}\n";
    folder.write("set.yaml", set);
    let answer = check(&folder, &["--artifact", "large.txt"]);
    assert_eq!((answer.status, answer.codes().len()), (1, 1), "{answer:?}");
}

#[test]
fn asks_for_what_is_to_be_judged() {
    let folder = folder(ACCEPTED, ACCEPTED);
    for (arguments, flags) in [
        (&["check"][..], &["<PATH>", "--image", "--artifact", "--sbom", "--sarif"][..]),
        (&["check", "--sbom", "app.cdx.json"], &["<PATH>", "--image", "--artifact"]),
        (&["evidence", "show"], &["<IMAGE>", "--sbom", "--sarif"]),
    ] {
        let answer = portcullis(folder.path(), arguments);
        assert_eq!(answer.status, 2, "{answer:?}");
        let missing = answer.err.lines().nth(1).unwrap_or_default();
        assert!(flags.iter().all(|flag| missing.contains(flag)), "{answer:?}");
    }
}

#[test]
fn notes_a_policy_that_may_not_ask_for_what_its_plugin_needs() {
    let folder = folder(ACCEPTED, ACCEPTED);
    let set = std::fs::read_to_string(folder.path().join("set.yaml")).expect("a set");
    folder.write("set.yaml", set.replace("    grants: [sast]\n", ""));
    let answer = check(&folder, &["--sbom", "app.cdx.json", "--image", IMAGE]);
    let said = notices(&answer).join("\n");
    assert!(said.contains("the policy `sast` of `gates` cannot judge") && said.contains("`grants: [sast]`"), "{said}");
    assert!(!said.contains("the policy `sbom`"), "{said}");
}
