//! Bytes that never become a plugin: refused at load, with the reason.

use std::fmt::Write;

use crate::guest::{self, DESCRIBE, Guest, component, load};
use portcullis_runner::{CompilerCommand, Runner};

fn refusal(bytes: &[u8]) -> String {
    load(bytes).expect_err("a refusal").to_string()
}

fn text(component: &str) -> Vec<u8> {
    wat::parse_str(component).expect("text")
}

#[test]
fn refuses_what_is_not_a_component_p41_p43_p44() {
    assert_eq!(refusal(b""), "plugin `sha256:e3b0c44298fc` is not a component: it is empty");
    assert!(refusal(&text("(module)")).contains("`portcullis plugin build FILE` makes a component of it"));
    assert!(refusal(b"\x7fELF and so on").contains("it is machine code, which is never accepted"));
    assert!(refusal(b"(component)").contains("it is the text format"));
    assert!(refusal(b"PCULCODE").contains("it does not begin as WebAssembly does"));
}

#[test]
fn refuses_another_digest_than_the_one_that_was_asked_for() {
    let wasm = Guest::default().build();
    let expected = format!("sha256:{}", "0".repeat(64));
    let error = guest::runner().load(&guest::bytes(&wasm), Some(&expected)).expect_err("a mismatch");
    let found = portcullis_model::sha256_hex(&wasm);
    assert!(error.to_string().contains(&format!("has the digest `{found}`, expected `{expected}`; ")));
    assert!(guest::runner().load(&guest::bytes(&wasm), Some(&found)).is_ok());
}

#[test]
fn refuses_truncated_and_flipped_components_without_a_panic_p42() {
    let wasm = Guest::default().build();
    let runner = guest::runner();
    for at in (0..wasm.len()).step_by(7) {
        assert!(runner.load(&guest::bytes(&wasm[..at]), None).is_err(), "cut to {at} bytes");
        let mut bad = wasm.clone();
        bad[at] ^= 0x11;
        // A flip in a message or a number may leave a valid plugin; what counts is that nothing breaks.
        let _ = runner.load(&guest::bytes(&bad), None);
    }
}

#[test]
fn refuses_imports_outside_the_contract_by_name_p28() {
    let wasi = text(r#"(component (import "wasi:cli/environment@0.2.0" (instance)))"#);
    assert!(refusal(&wasi).contains("imports `wasi:cli/environment@0.2.0`, which is not part of the contract"));
    let later = text(r#"(component (import "portcullis:policy/documents@1.7.0" (instance)))"#);
    assert!(refusal(&later).ends_with("was built against version `1.7.0` of the contract, this host speaks `1.0.0`"));
    let unknown = r#"(component (import "portcullis:policy/documents@1.0.0" (instance (export "write" (func)))))"#;
    assert!(refusal(&text(unknown)).contains("does not fit the contract"));
    let contract = DESCRIBE.replace("\"contract\":\"1.0.0\"", "\"contract\":\"2.1.0\"");
    let refused = Guest { describe: &contract, ..Guest::default() }.refusal();
    assert!(refused.ends_with("was built against version `2.1.0` of the contract, this host speaks `1.0.0`"));
}

#[test]
fn refuses_components_that_export_something_else() {
    assert!(refusal(&text("(component)")).ends_with("does not fit the contract: it exports no `evaluate`"));
    let wrong = text(
        r#"(component (core module $m (func (export "f"))) (core instance $i (instantiate $m))
            (func (export "evaluate") (canon lift (core func $i "f"))))"#,
    );
    assert!(refusal(&wrong).contains("does not fit the contract"));
}

#[test]
fn refuses_features_that_are_switched_off_p05_p30_p31_p32_p33_p34_p35() {
    for module in [
        "(module (func $f return_call $f))",
        "(module (memory 1 1 shared))",
        "(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))",
        "(module (memory i64 1))",
        "(module (type (struct (field i32))))",
        "(module (table 1 externref))",
        "(module (tag))",
        "(module (memory 1 (pagesize 1)))",
    ] {
        let refused = refusal(&text(&format!("(component (core {})", &module[1..])));
        assert!(refused.contains("is not a valid component"), "{module}: {refused}");
    }
}

#[test]
fn refuses_nested_components_resources_and_other_encodings_p22_p36_p37_p40() {
    let nested = refusal(&text("(component (component))"));
    assert!(nested.ends_with("is not a valid component: components inside a component are not admitted"), "{nested}");
    let resource = "(component (type $r (resource (rep i32))) (core func (canon resource.new $r)))";
    assert!(refusal(&text(resource)).contains("resources, tasks or threads"));
    let utf16 = r#"(component (core module $m (memory (export "m") 1) (func (export "f") (result i32) (i32.const 0)))
        (core instance $i (instantiate $m))
        (func (export "describe") (result string) (canon lift (core func $i "f") (memory $i "m") string-encoding=utf16)))"#;
    assert!(refusal(&text(utf16)).contains("texts in UTF-16"));
}

#[test]
fn refuses_deep_types_p38() {
    let mut deep = "(component (type $t0 (list u8))".to_owned();
    (1..30).for_each(|n| write!(deep, "(type $t{n} (list $t{}))", n - 1).expect("written"));
    deep.push(')');
    assert!(refusal(&text(&deep)).ends_with("is refused: 30 types inside each other, at most 20 are admitted"));
}

#[test]
fn refuses_compile_bombs_by_the_name_of_the_limit_p53_p57_p58_p59_p60_p61() {
    let body = |code: String| component(&text(&Guest { more: &format!("(func {code})"), ..Guest::default() }.text()));
    let diamonds = |n| body("(if (i32.const 1) (then) (else))".repeat(n));
    assert!(refusal(&diamonds(21_000)).contains("blocks in one function, at most 20000 are admitted"));
    assert!(refusal(&diamonds(150_000)).contains("bytes in one function, at most 524288 are admitted"));
    assert!(refusal(&body(format!("(local {})", "i64 ".repeat(8_000)))).contains("8000 locals in one function"));
    let targets = format!("(block (br_table {}(i32.const 0)))", "0 ".repeat(5_000));
    assert!(refusal(&body(targets)).contains("targets of one `br_table`, at most 4096 are admitted"));
    let functions = text(&Guest { more: &"(func)".repeat(60_000), ..Guest::default() }.text());
    assert!(refusal(&component(&functions)).contains("functions, at most 50000 are admitted"));
    let memories = text(&format!("(component (core module {}))", "(memory 1)".repeat(5)));
    assert!(refusal(&memories).ends_with("is refused: 5 memories, at most 4 are admitted"));
    let modules = text(&format!("(component {})", "(core module)".repeat(40)));
    assert!(refusal(&modules).ends_with("is refused: 33 core modules, at most 32 are admitted"));
    let mut large = Guest::default().build();
    large.resize((32 << 20) + 1, 0);
    assert!(refusal(&large).contains("bytes, at most 33554432 are admitted"));
    assert!(load(&body("(drop (i32.const 1))".repeat(120_000))).is_ok(), "P64: a straight line must compile");
}

#[test]
fn compiles_in_a_child_and_never_here_unless_told() {
    let wasm = Guest::default().build();
    let mut config = guest::config();
    config.compile_in_process = false;
    let without = Runner::new(config.clone()).expect("a runner").load(&guest::bytes(&wasm), None).expect_err("refused");
    assert!(without.to_string().ends_with("could not be compiled: no compiler is configured"));
    let program = env!("CARGO_BIN_EXE_portcullis-compile").into();
    config.compiler = Some(CompilerCommand { program, args: Vec::new() });
    let plugin = Runner::new(config.clone()).expect("a runner").load(&guest::bytes(&wasm), None).expect("compiled");
    assert!(plugin.evaluate(&guest::prepared(&plugin), &guest::input(guest::pod())).is_ok());
    config.compiler = config.compiler.map(|command| CompilerCommand { args: vec!["--nonsense".into()], ..command });
    let refused = Runner::new(config).expect("a runner").load(&guest::bytes(&wasm), None).expect_err("refused");
    assert!(refused.to_string().contains("usage: portcullis-compile"), "{refused}");
}

#[test]
fn says_that_a_compile_child_ran_out_of_memory_or_time_p61_p65_p85() {
    let functions = text(&Guest { more: &"(func)".repeat(40_000), ..Guest::default() }.text());
    let diamonds = format!("(func {})", "(if (i32.const 1) (then) (else))".repeat(19_000)).repeat(20);
    let diamonds = text(&Guest { more: &diamonds, ..Guest::default() }.text());
    let under = |limit: &str, module: &[u8]| {
        let mut config = guest::config();
        config.compile_in_process = false;
        let child = format!("ulimit {limit}; exec {}", env!("CARGO_BIN_EXE_portcullis-compile"));
        config.compiler = Some(CompilerCommand { program: "/bin/sh".into(), args: vec!["-c".into(), child] });
        let loaded = Runner::new(config).expect("a runner").load(&guest::bytes(&component(module)), None);
        loaded.expect_err("too large a plugin").to_string()
    };
    // The child takes the lower limit that it already lives under.
    let memory = under("-v 200000", &functions);
    assert!(memory.contains("MiB of memory, or the compiler gave up"), "{memory}");
    let time = under("-t 1", &diamonds);
    assert!(time.ends_with("s of processor time"), "{time}");
    // Half a megabyte whose validation alone takes minutes here: each target is checked against a thousand values.
    let values = "i32 ".repeat(1_000);
    let table = format!("(br_table {})", "0 ".repeat(4_000));
    let tables = format!("(func (result {values}) unreachable {})", table.repeat(120));
    let time = under("-t 1", &text(&Guest { more: &tables, ..Guest::default() }.text()));
    assert!(time.ends_with("s of processor time"), "{time}");
}

#[test]
fn validates_in_the_child_and_says_what_is_wrong_as_here_p38_p41() {
    let mut config = guest::config();
    config.compile_in_process = false;
    let program = env!("CARGO_BIN_EXE_portcullis-compile").into();
    config.compiler = Some(CompilerCommand { program, args: Vec::new() });
    config.limits.type_depth = 3;
    let runner = Runner::new(config).expect("a runner");
    let refused =
        |component: &str| runner.load(&guest::bytes(&text(component)), None).expect_err("refused").to_string();
    let invalid = refused("(component (core module (func (result i32))))");
    assert!(
        invalid.contains("is not a valid component: type mismatch: expected i32 but nothing on stack"),
        "{invalid}"
    );
    let deep = refused("(component (type $a (list u8)) (type $b (list $a)) (type $c (list $b)) (type (list $c)))");
    assert!(deep.ends_with("is refused: 4 types inside each other, at most 3 are admitted"), "{deep}");
}

#[test]
fn refuses_what_would_be_done_at_every_start_and_no_clock_would_see_p27_p46() {
    let elements = format!("(func $f) (table 1000 funcref) (elem (i32.const 0) {})", "$f ".repeat(1_000));
    let many = format!("{elements}{}", "(elem (i32.const 0) $f $f $f $f)".repeat(50_000));
    assert!(
        refusal(&component(&text(&Guest { more: &many, ..Guest::default() }.text())))
            .ends_with("elements written into tables, at most 200000 are admitted")
    );
    assert!(Guest { more: &elements, ..Guest::default() }.load().is_ok());
    let constant = format!("(global i32 (i32.const 0) {})", "(i32.const 1) (i32.add) ".repeat(400_000));
    let refused = refusal(&component(&text(&Guest { more: &constant, ..Guest::default() }.text())));
    assert!(refused.ends_with("bytes of constant expressions, at most 1048576 are admitted"), "{refused}");
    let many = |module: &str, count| {
        let all = "(core instance (instantiate $d (with \"m\" (instance $i))))".repeat(count);
        let first = "(core module $m (memory (export \"m\") 1) (table (export \"t\") 9000 funcref)) (core instance $i (instantiate $m))";
        refusal(&text(&format!("(component {first} (core module $d {module}) {all})")))
    };
    let data = format!("(import \"m\" \"m\" (memory 1)) (data (i32.const 0) \"{}\")", "a".repeat(60_000));
    let elements =
        format!("(import \"m\" \"t\" (table 1 funcref)) (func $f) (elem (i32.const 0) func {})", "$f ".repeat(9_000));
    let refused = "is refused: 25200000 bytes of data in all instances together, at most 25165824 are admitted";
    assert!(many(&data, 420).ends_with(refused));
    let refused =
        "is refused: 207000 elements written into tables of all instances together, at most 200000 are admitted";
    assert!(many(&elements, 23).ends_with(refused));
    assert!(many(&elements, 22).ends_with("it exports no `evaluate`"));
    let alias = "(component (core module $m) (export \"m\" (core module $m)))";
    assert!(
        refusal(&text(alias)).ends_with("core modules that are imported, exported or named once more are not admitted")
    );
    let lowered =
        "(component (import \"portcullis:policy/request@1.0.0\" (instance $r (export \"time\" (func (result s64)))))
        (alias export $r \"time\" (func $time))";
    let lowered = format!("{lowered} {})", "(core func (canon lower (func $time)))".repeat(50_001));
    assert!(refusal(&text(&lowered)).ends_with("is refused: 50001 functions, at most 50000 are admitted"));
}

#[test]
fn loads_a_plugin_with_four_memories_and_eight_tables_and_sums_them() {
    let more = "(memory 1) (memory 1) (memory 1)".to_owned() + &"(table 10 funcref)".repeat(8);
    assert!(Guest { more: &more, ..Guest::default() }.judge().is_ok());
    let refused = Guest { more: "(memory 700) (memory 400)", ..Guest::default() }.refusal();
    assert!(refused.ends_with("wanted more than its 64 MiB of memory"), "{refused}");
    let refused = Guest { more: "(table 60000 funcref) (table 60000 funcref)", ..Guest::default() }.refusal();
    assert!(refused.ends_with("wanted more than its 100000 table elements"), "{refused}");
}

#[test]
fn shows_no_name_that_a_plugin_chose_as_it_is_p74_p75() {
    for name in ["a\\1b[31m\\0a\\e2\\80\\ae".to_owned(), "a".repeat(90_000)] {
        let export = format!("(export \"{name}\" (func $f))");
        for hostile in [
            format!("(component (core module (func $f) {export} {export}))"),
            format!("(component (import \"portcullis:policy/{name}@1.0.0\" (instance)))"),
        ] {
            let Ok(bytes) = wat::parse_str(&hostile) else { continue };
            let refused = refusal(&bytes);
            assert!(
                refused.len() < 1_000 && !refused.contains(|c: char| c.is_control() || c == '\u{202e}'),
                "{refused:?}"
            );
        }
    }
}

#[test]
fn loads_code_that_was_made_for_every_machine_and_only_for_its_own_component() {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let wasm = Guest::default().build();
    let mut child = Command::new(env!("CARGO_BIN_EXE_portcullis-compile"))
        .args(["--target", "baseline"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    child.stdin.take().expect("a pipe").write_all(&wasm).expect("written");
    let output = child.wait_with_output().expect("ended");
    assert!(output.status.success());
    let code: &'static [u8] = output.stdout.leak();
    let mut config = guest::config();
    config.compile_in_process = false;
    let runner = Runner::new(config).expect("a runner");
    let carried =
        |wasm: &[u8], code| runner.load(&portcullis_model::PluginBytes { wasm: wasm.into(), code: Some(code) }, None);
    let plugin = carried(&wasm, code).expect("no compiler is needed");
    assert!(plugin.evaluate(&guest::prepared(&plugin), &guest::input(guest::pod())).is_ok());
    let other = Guest { describe: &DESCRIBE.replace("test", "more"), ..Guest::default() }.build();
    assert!(carried(&other, code).expect_err("other code").to_string().contains("no compiler is configured"));
    assert!(carried(&wasm, &code[..100]).is_err(), "cut");
}

#[test]
fn remembers_code_and_makes_it_again_when_the_entry_is_not_ours_p86_p88() {
    let directory = std::env::temp_dir().join(format!("portcullis-runner-{}", std::process::id()));
    let wasm = Guest::default().build();
    let mut config = guest::config();
    config.cache_dir = Some(directory.clone());
    Runner::new(config.clone()).expect("a runner").load(&guest::bytes(&wasm), None).expect("compiled");
    let entry = || {
        let files = std::fs::read_dir(&directory).expect("listed").map(|entry| entry.expect("an entry").path());
        files.into_iter().find(|path| path.extension().is_some_and(|e| e == "code")).expect("an entry")
    };
    let mut remembering = config.clone();
    remembering.compile_in_process = false;
    let load = |config: &portcullis_runner::RunnerConfig| {
        Runner::new(config.clone()).expect("a runner").load(&guest::bytes(&wasm), None)
    };
    assert!(load(&remembering).is_ok(), "remembered");
    let good = std::fs::read(entry()).expect("read");
    let mut bad = good.clone();
    let at = bad.len() / 2;
    bad[at] ^= 1;
    std::fs::write(entry(), &bad).expect("written");
    assert!(load(&remembering).is_err(), "a changed entry is no entry");
    assert!(load(&config).is_ok(), "made again");
    assert!(load(&remembering).is_ok(), "and remembered again");
    remembering.limits.body = 1 << 10;
    assert!(load(&remembering).is_err(), "other limits ask for another scan");
    std::fs::remove_dir_all(&directory).expect("removed");
    let mut config = guest::config();
    config.cache_dir = Some("/proc/nowhere".into());
    let runner = Runner::new(config).expect("a runner");
    assert!(runner.notices()[0].starts_with("compiled plugins are not remembered: `/proc/nowhere` cannot be used: "));
    assert!(runner.load(&guest::bytes(&wasm), None).is_ok(), "works without");
}
