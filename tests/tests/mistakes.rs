//! What an author is told of the mistakes that beginners make: in the code, in the description, beside the plugin.

use std::path::{Path, PathBuf};
use std::process::Command;

use portcullis_tests::{Answer, Folder, binary, portcullis, root};
use serde_json::json;

/// A plugin with a mistake for each name that an object may have.
const WRONG: &str = r#"//! Wrong in many ways.

use portcullis_sdk::{Description, Finding, Outcome, Policy, Review, Rule, Setting, Severity, export, paths};

const KNOWN: Rule = Rule::new("known", Severity::Low, "Known");
const FORGOTTEN: Rule = Rule::new("forgotten", Severity::Low, "Forgotten");

paths! { HOSTS = "/spec/hosts/*" }

pub struct Wrong;

impl Policy for Wrong {
    const DESCRIPTION: Description = Description {
        name: "wrong",
        version: "0.1.0",
        title: "Wrong",
        rules: &[KNOWN],
        settings: include_str!("settings.schema.json"),
        kinds: &["Pod", "config-map"],
        ..Description::EMPTY
    };
    type Settings<'a> = ();

    fn prepare(settings: Setting<'_>) {
        let least = settings.object(&["label", "least"]).get("least").integer(0, 9);
        assert!(least != Some(7), "seven");
    }

    fn evaluate(_: &(), review: Review) -> Outcome {
        let object = review.object();
        match review.request().name().as_str() {
            "panics" => panic!("boom {}", object.len()),
            "forgets" => vec![Finding::new(&FORGOTTEN, object, "x")].into(),
            "selects" => vec![Finding::new(&KNOWN, object, object.select(HOSTS).len().to_string())].into(),
            _ => vec![Finding::new(&KNOWN, object, "found")].into(),
        }
    }
}

export!(Wrong);
"#;

/// Its schema: a setting that was renamed, and a default and an example that are refused.
const SCHEMA: &str = r#"{"type": "object", "additionalProperties": false, "properties": {
    "lable": {"type": "string"}, "least": {"type": "integer", "default": 10, "examples": [7, 3]}}}"#;

/// Whether the compiler can make WebAssembly; says loudly where it cannot.
fn has_target() -> bool {
    let libraries =
        Command::new("rustc").args(["--print", "target-libdir", "--target", "wasm32-unknown-unknown"]).output();
    let folder = libraries.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    let there = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if !there {
        println!("SKIPPED: the mistakes of beginners: `rustup target add wasm32-unknown-unknown` makes them possible");
    }
    there
}

fn author(folder: &Path, arguments: &[&str]) -> Answer {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let mut command = Command::new(binary());
    command.args(arguments).current_dir(folder).env("CARGO_TARGET_DIR", target.join("author"));
    let output = command.env("PORTCULLIS_CACHE_DIR", target.join("author-cache")).output().expect("the product starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Answer { status: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

#[test]
fn names_the_mistake_and_what_to_do_about_it() {
    if !has_target() {
        return;
    }
    let folder = Folder::new("mistakes");
    assert_eq!(author(folder.path(), &["plugin", "new", "wrong"]).status, 0);
    let project = folder.path().join("wrong");
    for name in ["allows-an-object-with-an-owner.yaml", "finds-a-missing-owner.yaml"] {
        std::fs::remove_file(project.join("cases").join(name)).expect("a case of the template");
    }
    folder.write("wrong/src/lib.rs", WRONG);
    folder.write("wrong/src/settings.schema.json", SCHEMA);
    for (name, kind) in [("panics", "Pod"), ("forgets", "Pod"), ("selects", "Pod"), ("finds", "Service")] {
        let drawn = if name == "finds" { "#^ wrong/known: found\n" } else { "" };
        let text = format!("# One mistake.\napiVersion: v1\n{drawn}kind: {kind}\nmetadata: {{name: {name}}}\n");
        folder.write(&format!("wrong/cases/{name}.yaml"), text);
    }
    let tested = author(&project, &["plugin", "test"]);
    assert_eq!(tested.status, 1, "{tested:?}");
    let line = |of: &str| 1 + WRONG.lines().position(|line| line.contains(of)).expect("a line");
    for said in [
        &format!(
            "cases/panics.yaml:\n  plugin `wrong` gave up: it panicked at src/lib.rs:{}:25: boom 3\n",
            line("boom {}")
        ),
        "cases/forgets.yaml:\n  plugin `wrong` gave up: a finding is of the rule `forgotten`, which is not among the `rules` of DESCRIPTION; add it there\n",
        "cases/selects.yaml:\n  plugin `wrong` used the path number 0, which it does not declare; add `paths: PATHS` to DESCRIPTION\n",
        "error: `kinds` of the plugin's description is `Pod`, `config-map`, and `cases/finds.yaml` finds something in a Service: add it, or look at the kind before anything is found\n",
        "warning: `kinds` of the plugin's description names `config-map`, and a kind is written as in manifests: `ConfigMap`\n",
        "warning: the schema of the settings describes `lable`, and the plugin refuses it: unknown setting `lable`: did you mean `label`?\n",
        "warning: the schema of the settings says of `least` the default `10`, and the plugin refuses it: must be a whole number from 0 to 9, not `10`\n",
        &format!(
            "warning: the schema of the settings says of `least` the example `7`, and the plugin refuses it: plugin `wrong` gave up: it panicked at src/lib.rs:{}:9: seven\n",
            line("seven")
        ),
        "warning: README.md lists among its findings rules that the plugin does not have: `owner-missing`\n",
        "warning: README.md does not name these rules of the plugin: `known`\n",
    ] {
        assert!(tested.out.contains(said), "{said}\n{}", tested.out);
    }
    assert!(!tested.out.contains("policies.yaml"), "`label` is taken: {}", tested.out);
    let policies = std::fs::read_to_string(project.join("policies.yaml")).expect("policies");
    let line = 1 + policies.lines().position(|line| line.contains("- name: wrong")).expect("a policy");
    folder.write("wrong/policies.yaml", policies.replace("{label: owner}", "{lable: owner}"));
    let run =
        |more: &[&str]| author(&project, &[&["plugin", "test", "--no-build", "--filter", "finds"], more].concat());
    let stale = format!(
        "policies.yaml:{line}: with the policy `wrong` nothing is judged, because the plugin refuses its settings: `/lable`: unknown setting `lable`: did you mean `label`?; write the settings anew"
    );
    assert!(run(&[]).out.contains(&format!("warning: {stale}\n")), "{:?}", run(&[]));
    assert!(run(&["--strict"]).out.contains(&format!("error: {stale}\n")), "{:?}", run(&["--strict"]));
    let report = run(&["--format", "json"]);
    assert_eq!((report.status, &report.json()["right"]), (1, &json!(false)), "{report:?}");
    assert!(report.json()["contradictions"].as_array().is_some_and(|all| all.len() == 8), "{report:?}");
    let junit = run(&["--format", "junit"]);
    assert!(
        junit.out.contains("name=\"plugin, cases and project say the same\" time=\"0\">\n      <failure "),
        "{junit:?}"
    );
}

#[test]
fn looks_for_a_plugin_that_is_inspected_where_the_author_stands() {
    let folder = Folder::new("mistakes");
    for command in [&["plugin", "inspect", "nope.wasm"][..], &["plugin", "test", "--plugin", "nope.wasm"]] {
        let answer = portcullis(folder.path(), command);
        assert_eq!(
            (answer.status, answer.err.as_str()),
            (
                2,
                "error: there is no plugin `nope.wasm` in the current directory; `portcullis plugin build` makes such files, `builtin:NAME` is one in the binary\n"
            )
        );
    }
}
