//! What compilers make, and what becomes of it.

use super::*;

/// A core module of a plugin that does nothing, and imports this.
fn module(imports: &str, start: &str) -> Vec<u8> {
    let text = format!(
        r#"(module {imports}
            (memory (export "memory") 1)
            (func (export "describe") (result i32) {start} i32.const 64)
            (func (export "prepare") (param i32 i32) (result i32) i32.const 64)
            (func (export "evaluate") (param i32 i32) (result i32) i32.const 64)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 4096))"#
    );
    wat::parse_str(&text).expect("a module")
}

/// What it imports besides the types of the contract, of which there is nothing to call.
fn imports(made: &Made) -> Vec<String> {
    let imports = shape(&made.component).expect("a component").imports;
    imports.into_iter().filter(|name| name != "portcullis:policy/types@1.0.0").collect()
}

fn refused(bytes: &[u8]) -> String {
    make(bytes).expect_err("no plugin").to_string()
}

#[test]
fn makes_a_plugin_of_a_module_that_does_not_say_its_world() {
    let documents = r#"(import "portcullis:policy/documents@1.0.0" "root" (func $root (param i32) (result i32)))"#;
    let made = make(&module(documents, "(drop (call $root (i32.const 0)))")).expect("a plugin");
    assert_eq!((imports(&made), made.stubbed.len()), (vec!["portcullis:policy/documents@1.0.0".to_owned()], 0));
    assert_eq!(make(&made.component).expect("a plugin again").component, made.component, "nothing is left to do");
}

#[test]
fn leaves_no_wasi_in_a_module_of_preview_1() {
    let wasi = r#"
        (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
        (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (import "wasi_snapshot_preview1" "unheard_of" (func $odd (param f64) (result f64)))"#;
    let made = make(&module(wasi, "(drop (call $clock (i32.const 0) (i64.const 0) (i32.const 8)))")).expect("a plugin");
    assert_eq!(imports(&made), [] as [String; 0]);
    assert_eq!(
        made.stubbed,
        [Stubbed {
            name: "wasi_snapshot_preview1".into(),
            functions: 7,
            trapping: vec!["proc_exit".into(), "unheard_of".into()]
        }]
    );
}

#[test]
fn leaves_no_wasi_in_a_module_of_its_interfaces() {
    let wasi = r#"
        (import "wasi:cli/stderr@0.2.6" "get-stderr" (func $stderr (result i32)))
        (import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
        (import "wasi:io/streams@0.2.6" "[resource-drop]output-stream" (func $drop (param i32)))
        (import "wasi:sockets/tcp@0.2.6" "[method]tcp-socket.start-connect" (func $connect (param i32 i32)))"#;
    let made = make(&module(wasi, "(call $drop (call $stderr))")).expect("a plugin");
    assert_eq!(imports(&made), [] as [String; 0]);
    let names: Vec<_> = made.stubbed.iter().map(|one| (one.name.as_str(), one.functions, one.trapping.len())).collect();
    assert_eq!(
        names,
        [("wasi:cli/stderr@0.2.6", 1, 0), ("wasi:io/streams@0.2.6", 2, 0), ("wasi:sockets/tcp@0.2.6", 1, 1)]
    );
}

#[test]
fn refuses_a_foreign_import_by_name_with_a_way_out() {
    for (import, name, way) in [
        (r#"(import "env" "malloc" (func))"#, "env.malloc", "nobody defines that symbol"),
        (r#"(import "__wbindgen_placeholder__" "f" (func))"#, "__wbindgen_placeholder__.f", "built for JavaScript"),
        (r#"(import "gojs" "f" (func))"#, "gojs.f", "-buildmode=c-shared"),
        (r#"(import "host" "read" (func))"#, "host.read", "reads the review through the contract"),
        (r#"(import "wasi_snapshot_preview1" "m" (global i32))"#, "wasi_snapshot_preview1.m", "build it without WASI"),
    ] {
        let said = refused(&module(import, ""));
        assert!(
            said.starts_with(&format!("imports `{name}`, and a plugin may import nothing but `portcullis:policy/*`")),
            "{said}"
        );
        assert!(said.contains(way), "{said}");
    }
}

#[test]
fn refuses_what_is_no_plugin_in_words() {
    assert!(
        refused(b"\0asm\x01\0\0\0").starts_with("does not export `describe`, `prepare`, `evaluate`: it is no plugin")
    );
    assert!(
        refused(b"\0asm\x0d\0\x01\0").starts_with("does not export `describe`, `prepare`, `evaluate`: it is no plugin")
    );
    assert_eq!(refused(b""), "is no WebAssembly: it is empty");
    assert_eq!(refused(b"(module)"), "is no WebAssembly: it is the text format; make it binary first");
    assert_eq!(refused(b"\x7fELF"), "is no WebAssembly: it does not begin as WebAssembly does");
    assert!(refused(b"\0asm\x01\0\0\0\x01\x7f").starts_with("cannot be read as WebAssembly: "));
    let wrong = r#"(import "portcullis:policy/documents@1.0.0" "rooot" (func $root))"#;
    let said = refused(&module(wrong, ""));
    assert!(said.starts_with("does not fit the contract: ") && said.contains("rooot"), "{said}");
}
