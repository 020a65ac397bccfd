//! What a plugin's author is told: new, build, test and inspect, with plugins good and bad, whatever made them.

use std::path::{Path, PathBuf};
use std::process::Command;

use portcullis_tests::{Answer, Folder, binary, files, portcullis, root};
use serde_json::json;

/// A core module that does nothing and imports this; `describe` begins with `start`, and `evaluate` with `judge`.
fn module(imports: &str, start: &str, judge: &str) -> Vec<u8> {
    let description = r#"{\"contract\":\"1.0.0\",\"name\":\"made-by-hand\",\"version\":\"1.0.0\",\"title\":\"Finds nothing\",\"rules\":[{\"id\":\"never\",\"title\":\"Never\",\"severity\":\"low\"}],\"settings\":{\"type\":\"object\"}}"#;
    let text = format!(
        r#"(module {imports}
            (memory (export "memory") 1)
            (data (i32.const 128) "\88\00\00\00\{:02x}\00\00\00")
            (data (i32.const 136) "{description}")
            (func (export "describe") (result i32) {start} i32.const 128)
            (func (export "prepare") (param i32 i32) (result i32) i32.const 64)
            (func (export "evaluate") (param i32 i32) (result i32) {judge} i32.const 64)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 4096))"#,
        description.replace("\\\"", "\"").len()
    );
    wat::parse_str(&text).expect("a module")
}

/// Without its own folder and time in it.
fn said(answer: &Answer, folder: &Folder) -> String {
    answer.err.replace(&folder.path().display().to_string(), "FOLDER")
}

/// Runs the product as an author does, with cargo.
fn author(folder: &Path, arguments: &[&str]) -> Answer {
    author_with(folder, arguments, &[])
}

fn author_with(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Answer {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let mut command = Command::new(binary());
    command.args(arguments).current_dir(folder).env("CARGO_TARGET_DIR", target.join("author"));
    command.envs(environment.iter().copied());
    let output = command.env("PORTCULLIS_CACHE_DIR", target.join("author-cache")).output().expect("the product starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Answer { status: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

#[test]
fn builds_the_same_bytes_in_two_folders_and_under_other_flags() {
    let targets =
        Command::new("rustc").args(["--print", "target-libdir", "--target", "wasm32-unknown-unknown"]).output();
    let library = targets.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    if !std::fs::read_dir(library).is_ok_and(|mut entries| entries.next().is_some()) {
        println!("SKIPPED: reproducible builds: `rustup target add wasm32-unknown-unknown` makes them possible");
        return;
    }
    let folder = Folder::new("author");
    let mut made = Vec::new();
    for path in ["one", "some where/else/deeper"] {
        let new = author(folder.path(), &["plugin", "new", "same-bytes", "--path", path]);
        assert_eq!(new.status, 0, "{new:?}");
        let built = author(&folder.path().join(path), &["plugin", "build", "--locked"]);
        assert_eq!(built.status, 0, "{built:?}");
        assert!(
            built.out.starts_with("same-bytes.wasm: ") && built.out.contains("imports nothing but the contract"),
            "{built:?}"
        );
        made.push((std::fs::read(folder.path().join(path).join("same-bytes.wasm")).expect("a plugin"), built.out));
    }
    assert_eq!(made[0], made[1]);
    let here = folder.path().display().to_string();
    assert!(!made[0].0.windows(here.len()).any(|window| window == here.as_bytes()), "a path of this machine");

    let broken = folder.write("one/src/lib.rs", "fn");
    let refused = author(&folder.path().join("one"), &["plugin", "build"]);
    assert_eq!(refused.status, 1, "{refused:?}");
    assert!(refused.err.ends_with("error: cargo could not build the plugin: it says above why\n"), "{refused:?}");
    assert!(broken.is_file());
}

#[test]
fn refuses_names_and_folders_that_are_taken() {
    let folder = Folder::new("author");
    for (name, why) in [
        ("sbom", "a plugin of this name is built in, and codes and waivers could not tell them apart"),
        ("fn", "it is a word of Rust or of cargo; `fn-policy` would do"),
        (
            "MyPlugin",
            "lower-case letters and digits in groups joined by single hyphens, a letter first; `my-plugin` would do",
        ),
    ] {
        let answer = portcullis(folder.path(), &["plugin", "new", name]);
        assert_eq!(
            (answer.status, answer.err),
            (2, format!("error: `{name}` cannot be the name of a plugin: {why}\n"))
        );
    }
    folder.write("taken/file", "mine");
    let answer = portcullis(folder.path(), &["plugin", "new", "taken"]);
    assert_eq!(
        (answer.status, answer.err.as_str()),
        (
            2,
            "error: `taken` is there already, and nothing is overwritten; name another folder with --path, or remove it\n"
        )
    );
    let answer = portcullis(folder.path(), &["plugin", "new", "a", "--sdk", "https://example.org/sdk"]);
    assert!(answer.status == 2 && answer.err.contains("names no revision; write `URL#REVISION`"), "{answer:?}");
    let answer = portcullis(folder.path(), &["plugin", "new", "a", "--sdk", "https://example.org/sdk#v1"]);
    assert_eq!(answer.status, 0, "{answer:?}");
    let manifest = std::fs::read_to_string(folder.path().join("a/Cargo.toml")).expect("a manifest");
    assert!(manifest.contains(r#"portcullis-sdk = { git = "https://example.org/sdk", rev = "v1" }"#), "{manifest}");
    assert!(!answer.out.contains("sdk"), "{answer:?}");
    let own = portcullis(folder.path(), &["plugin", "new", "b"]);
    assert!(
        own.out.contains("\n  sdk/ (19 files: the guest kit; its README.md is the page to keep open)\n"),
        "{own:?}"
    );
    assert!(folder.path().join("b/sdk/README.md").is_file());
    assert!(!folder.path().join("a/sdk").exists() && !folder.path().join("a/Cargo.lock").exists());
}

#[test]
fn makes_a_plugin_of_a_module_that_wants_wasi() {
    let folder = Folder::new("author");
    let wasi = r#"
        (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
        (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))"#;
    // Each answer is success, the clock stands at 1, randomness is 42, and all that is written counts as written.
    let start = "
        (i32.store (i32.const 1024) (i32.const 2048)) (i32.store (i32.const 1028) (i32.const 7))
        (if (call $clock (i32.const 0) (i64.const 0) (i32.const 512)) (then unreachable))
        (if (i64.ne (i64.load (i32.const 512)) (i64.const 1)) (then unreachable))
        (if (call $random (i32.const 520) (i32.const 4)) (then unreachable))
        (if (i32.ne (i32.load (i32.const 520)) (i32.const 0x2a2a2a2a)) (then unreachable))
        (if (call $write (i32.const 1) (i32.const 1024) (i32.const 1) (i32.const 528)) (then unreachable))
        (if (i32.ne (i32.load (i32.const 528)) (i32.const 7)) (then unreachable))";
    folder.write("core.wasm", module(wasi, start, "(call $exit (i32.const 0))"));
    let built = portcullis(folder.path(), &["plugin", "build", "core.wasm"]);
    assert_eq!(built.status, 0, "{built:?}");
    assert!(
        built.out.contains("stubbed out: wasi_snapshot_preview1 (4 functions; calling proc_exit ends the evaluation)"),
        "{built:?}"
    );
    folder.write("cases/a.yaml", "# Anything.\nkind: Pod\n");
    let tested = portcullis(folder.path(), &["plugin", "test", "--plugin", "made-by-hand.wasm"]);
    assert_eq!(tested.status, 1, "{tested:?}");
    assert!(tested.out.contains("plugin `made-by-hand` trapped: it gave up (`unreachable`)"), "{tested:?}");
    let again = portcullis(folder.path(), &["plugin", "build", "made-by-hand.wasm"]);
    assert_eq!(
        (again.status, again.err.as_str()),
        (
            2,
            "error: the plugin would overwrite `made-by-hand.wasm`, of which it is made; name another file with --output\n"
        )
    );
}

#[test]
fn says_what_keeps_a_file_from_being_a_plugin() {
    let folder = Folder::new("author");
    for (bytes, status, why) in [
        (
            module(r#"(import "env" "read" (func))"#, "", ""),
            1,
            "imports `env.read`, and a plugin may import nothing but `portcullis:policy/*`; nobody defines that symbol",
        ),
        (b"\0asm\x01\0\0\0".to_vec(), 1, "does not export `describe`, `prepare`, `evaluate`: it is no plugin"),
        (b"hello".to_vec(), 1, "is no WebAssembly: it does not begin as WebAssembly does"),
        (module("", "unreachable", ""), 1, "trapped: it gave up (`unreachable`)"),
        (module("", "(loop (br 0))", ""), 1, "spent its"),
    ] {
        folder.write("it.wasm", bytes);
        let answer = portcullis(folder.path(), &["plugin", "build", "it.wasm", "-o", "out.wasm"]);
        assert!(answer.status == status && said(&answer, &folder).contains(why), "{why}: {answer:?}");
        assert!(answer.err.starts_with("error: `it.wasm`"), "{answer:?}");
        assert!(!folder.path().join("out.wasm").exists(), "what cannot be loaded is not written");
    }
    let answer = portcullis(folder.path(), &["plugin", "build", "none.wasm"]);
    assert!(answer.status == 2 && answer.err.starts_with("error: cannot read `none.wasm`"), "{answer:?}");
    let answer = portcullis(folder.path(), &["plugin", "build"]);
    assert!(answer.status == 2 && answer.err.contains("it has no `Cargo.toml`; name a project"), "{answer:?}");
    folder.write("Cargo.toml", "[package]\nname = \"a\"\n");
    let answer = author_with(folder.path(), &["plugin", "build"], &[("CARGO", "/nonexistent/cargo")]);
    assert_eq!(
        (answer.status, answer.err.as_str()),
        (2, "error: cannot start `cargo`; plugins in Rust need it: https://rustup.rs\n")
    );
}

#[test]
fn judges_every_case_of_every_built_in_plugin() {
    for plugin in ["resource-limits", "image-reference", "pod-security", "signature", "sbom", "sast", "cel"] {
        let folder = root().join("plugins").join(plugin);
        let path = folder.to_str().expect("UTF-8");
        let builtin = format!("builtin:{plugin}");
        let tested = portcullis(&folder, &["plugin", "test", path, "--plugin", &builtin, "--format", "json"]);
        let report = tested.json();
        assert_eq!((tested.status, &report["right"]), (0, &json!(true)), "{tested:?}");
        assert_eq!(report["undescribedSettings"], json!([]), "{plugin}");
        assert_eq!(report["contradictions"], json!([]), "{plugin}");
        let cases = files(&folder.join("cases"), "yaml").len();
        assert_eq!(report["cases"].as_array().map(Vec::len), Some(cases));
    }
}

#[test]
fn shows_and_draws_what_a_case_lacks_and_keeps_every_other_byte() {
    let folder = Folder::new("author");
    let settings = "# settings: {requireLimits: [memory]}";
    let text = |drawn: &str| {
        format!(
            "# No limit.\n{settings}\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}} # kept\nspec:\n  containers:\n    - name: app\n{drawn}      image: registry.example/app:1\n"
        )
    };
    let right = "#     ^^^^ resource-limits/memory-limit-missing: container `app` has no memory limit; set `resources.limits.memory`\n";
    let path = folder.write("cases/a.yaml", text("#     ^ resource-limits/memory-limit-missing: old words\n"));
    let run = |more: &[&str]| {
        portcullis(folder.path(), &[&["plugin", "test", "--plugin", "builtin:resource-limits"], more].concat())
    };
    let tested = run(&[]);
    assert_eq!(tested.status, 1, "{tested:?}");
    let difference = "cases/a.yaml:\n  8 |     - name: app\n-   |       ^^^^ resource-limits/memory-limit-missing: old words\n+   |       ^^^^ resource-limits/memory-limit-missing: container `app` has no memory limit; set `resources.limits.memory`\n";
    assert!(tested.out.contains(difference), "{}", tested.out);
    assert!(
        tested
            .out
            .contains("warning: no case fires 42 rules, so that whether they work is not known: cpu-request-missing, ")
    );
    let junit = run(&["--format", "junit"]);
    assert!(junit.status == 1 && junit.out.contains("tests=\"3\" failures=\"1\" errors=\"0\""), "{junit:?}");
    assert_eq!(
        std::fs::read_to_string(&path).expect("a case"),
        text("#     ^ resource-limits/memory-limit-missing: old words\n"),
        "nothing is drawn unasked"
    );
    let updated = run(&["--update"]);
    assert!(updated.status == 0 && updated.out.contains("drawn anew: cases/a.yaml\n"), "{updated:?}");
    assert_eq!(std::fs::read_to_string(&path).expect("a case"), text(right));
    assert_eq!(run(&[]).status, 0);
    let strict = run(&["--strict"]);
    assert!(strict.status == 1 && strict.out.contains("error: no case fires 42 rules"), "{strict:?}");
    let filtered = run(&["--strict", "--filter", "a.y"]);
    assert!(filtered.status == 0 && !filtered.out.contains("no case fires"), "{filtered:?}");
    let none = run(&["--filter", "zzz"]);
    assert_eq!((none.status, none.err.as_str()), (2, "error: no file name in `cases` contains `zzz`, of 1 case\n"));
    folder.write("cases/b.yaml", "kind: Pod\n");
    let unread = run(&[]);
    assert!(
        unread.status == 2 && unread.err.starts_with("error: cases/b.yaml:1: a case opens with a comment"),
        "{unread:?}"
    );
}

#[test]
fn shows_no_value_of_a_secret_that_a_case_is_about() {
    let folder = Folder::new("author");
    let settings = "# settings: {fields: [{pointer: /stringData/pin, max: 1, quantity: true}]}";
    let text = format!(
        "# A PIN.\n{settings}\napiVersion: v1\nkind: Secret\nmetadata: {{name: door}}\nstringData:\n  pin: \"73916\" # the door's\n#      ^ resource-limits/field-max: 73916, in old words\n"
    );
    let path = folder.write("cases/a.yaml", text);
    let run = |more: &[&str]| {
        portcullis(folder.path(), &[&["plugin", "test", "--plugin", "builtin:resource-limits"], more].concat())
    };
    for format in ["human", "json", "junit"] {
        let tested = run(&["--format", format]);
        assert!(tested.status == 1 && tested.out.contains("[secret], in old words"), "{tested:?}");
        assert!(tested.out.contains("resource-limits/field-max") && !tested.out.contains("73916"), "{}", tested.out);
    }
    assert!(run(&[]).out.contains("  7 |   pin: ******* # the door's\n"));
    let updated = run(&["--update"]);
    assert!(updated.status == 0 && !updated.out.contains("73916"), "{updated:?}");
    let drawn = std::fs::read_to_string(&path).expect("a case");
    assert!(
        drawn.contains("#      ^^^^^^^ resource-limits/field-max: `/stringData/pin` is too large: \"[secret]\"; "),
        "{drawn}"
    );
    assert_eq!(run(&[]).status, 0, "what is drawn is what a check shows");
}

#[test]
fn says_once_what_is_wrong_with_many_cases() {
    let folder = Folder::new("author");
    for name in ["a", "b", "c", "d", "e"] {
        folder.write(&format!("cases/{name}.yaml"), "# Nothing is asked for.\nkind: Pod\n");
    }
    folder.write("cases/f.yaml", "# Another mistake.\n# settings: {cpus: 1}\nkind: Pod\n");
    let run = |format: &str| {
        portcullis(folder.path(), &["plugin", "test", "--plugin", "builtin:resource-limits", "--strict", "-f", format])
    };
    let tested = run("human");
    assert_eq!(tested.status, 1, "{tested:?}");
    let said = "\ncases/a.yaml, cases/b.yaml, cases/c.yaml and 2 other cases:\n  the plugin refuses its settings: ";
    assert!(tested.out.contains(said), "{}", tested.out);
    assert!(tested.out.contains("\ncases/f.yaml:\n  the plugin refuses its settings: `/cpus`: "), "{}", tested.out);
    assert_eq!(tested.out.matches("the plugin refuses").count(), 2, "{}", tested.out);
    assert!(!tested.out.contains("no case fires"), "which rules work is not known: {}", tested.out);
    assert_eq!(run("json").json()["unfired"], json!(null));
    let junit = run("junit");
    assert!(junit.out.contains("tests=\"7\" failures=\"0\" errors=\"6\""), "{}", junit.out);
}

#[test]
fn asks_for_the_facts_that_a_case_does_not_record() {
    let folder = Folder::new("author");
    folder.write("cases/a.yaml", "# Nothing is known.\n# settings: {images: [{match: [\"registry.example/**\"], trust: team}]}\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n    - {name: app, image: \"registry.example/app:1\"}\n");
    let tested = portcullis(folder.path(), &["plugin", "test", "--plugin", "builtin:signature"]);
    assert_eq!(tested.status, 1, "{tested:?}");
    assert!(tested.out.contains("asks for a fact that the head of the case does not record; add to its `facts`: {kind: signature, arguments: {"), "{tested:?}");
}

#[test]
fn inspects_what_is_built_in_and_what_is_hostile() {
    let folder = Folder::new("author");
    let settings = folder.write("settings.json", r#"{"requireLimits": true}"#);
    let arguments = ["plugin", "inspect", "builtin:resource-limits", "--settings", settings.to_str().expect("UTF-8")];
    let shown = portcullis(folder.path(), &arguments);
    assert_eq!(shown.status, 0, "{shown:?}");
    for line in [
        "  memory-limit-missing ",
        "  imports   types@1.0.0, documents@1.0.0, request@1.0.0, workload@1.0.0\n",
        "  exports   describe, prepare, evaluate\n",
        "  a Pod with 10 containers ",
        " times the empty call\n",
    ] {
        assert!(shown.out.contains(line), "{line}: {}", shown.out);
    }
    let whole = portcullis(folder.path(), &[&arguments[..], &["--format", "json"]].concat()).json();
    assert_eq!((&whole["name"], &whole["contract"]), (&json!("resource-limits"), &json!("1.0.0")));
    assert!(whole["settings"]["properties"]["memory"].is_object() && whole["holds"]["functions"].as_u64() > Some(100));
    assert!(whole["cost"]["evaluation"]["podWithTenContainers"]["ratio"].as_f64() > Some(0.5), "{}", whole["cost"]);

    let bare = portcullis(folder.path(), &["plugin", "inspect", "builtin:resource-limits"]);
    assert!(bare.out.contains("  with the settings of an example in its schema\n"), "{bare:?}");
    folder.write("core.wasm", module("", "", ""));
    assert_eq!(portcullis(folder.path(), &["plugin", "build", "core.wasm"]).status, 0);
    let measured = || portcullis(folder.path(), &["plugin", "inspect", "made-by-hand.wasm"]).out;
    assert!(measured().contains("  with no settings\n"), "{}", measured());
    folder.write("cases/a.yaml", "# No settings.\nkind: Pod\n");
    folder.write("cases/b.yaml", "# Some.\n# settings: {a: 1}\nkind: Pod\n");
    let shown = measured();
    assert!(shown.contains("  with the settings of `cases/b.yaml`\n"), "{shown}");
    assert!(shown.contains("  the manifest of the case ") && !bare.out.contains("of the case"), "{shown}");

    let refused = |bytes: &[u8], why: &str| {
        folder.write("it.wasm", bytes);
        let answer = portcullis(folder.path(), &["plugin", "inspect", "it.wasm"]);
        assert!(answer.status == 1 && answer.err.contains(why), "{why}: {answer:?}");
        assert!(!answer.err.contains('\u{1b}'), "{answer:?}");
    };
    refused(
        &module("", "", ""),
        "is not a component: it is a core module, as a compiler makes it; `portcullis plugin build FILE` makes a component of it",
    );
    refused(b"\x1b[31m", "it does not begin as WebAssembly does");
    let text = |text: &str| wat::parse_str(text).expect("a component");
    refused(
        &text("(component (import \"wasi:cli/exit@0.2.0\" (instance)))"),
        "imports `wasi:cli/exit@0.2.0`, which is not part of the contract",
    );
    let bomb: String =
        (0..20_001).map(|n| format!("(import \"portcullis:policy/documents@1.0.{n}\" (instance))")).collect();
    refused(
        &text(&format!("(component {bomb})")),
        "20001 imports or exports of the component, at most 20000 are admitted",
    );
    refused(&text(&format!("(component {})", "(core module)".repeat(33))), "33 core modules, at most 32 are admitted");
    let large = portcullis(
        folder.path(),
        &["plugin", "inspect", folder.write("large.wasm", vec![0; (32 << 20) + 1]).to_str().expect("UTF-8")],
    );
    assert!(large.status == 2 && large.err.contains("cannot read the plugin"), "{large:?}");
    let none = portcullis(folder.path(), &["plugin", "inspect", "builtin:sbon"]);
    assert!(none.status == 2 && none.err.contains("did you mean `sbom`?"), "{none:?}");
}
