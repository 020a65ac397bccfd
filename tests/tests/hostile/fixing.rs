//! A plugin that calls a change safe: what `check --fix` writes, whatever it says.

use std::fs;

use portcullis_tests::{Folder, portcullis};

use crate::directives::written_out;
use crate::plugin;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, annotations: {size: 1024Mi}}\nspec:\n  containers:\n  - name: app\n    image: nginx\n    resources:\n      limits: {memory: 1024Mi}\n";
const SET: &str = "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: mine}\nspec:\n  policies:\n  - name: hostile\n    plugin: {file: hostile.wasm}\n";

/// A plugin that wants another value at a path, and is content with whatever is as long as that.
fn wishing(path: &str, value: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
        (import "portcullis:policy/documents@1.0.0" "root" (func $root (param i32) (result i32)))
        (import "portcullis:policy/documents@1.0.0" "find-all" (func $find (param i32 i32 i32 i32)))
        (import "portcullis:policy/documents@1.0.0" "text" (func $text (param i32 i32)))
        <<honest memory describe prepare realloc finding>>
        (data (i32.const 8192) "replace") (data (i32.const 8300) "{path}") (data (i32.const 8400) "\22{value}\22")
        (func (export "evaluate") (param i32 i32) (result i32) (local $node i32)
            (call $find (call $root (i32.const 0)) (i32.const 8300) (i32.const {}) (i32.const 600))
            (if (i32.eqz (i32.load (i32.const 604))) (then (return (i32.const 16))))
            (local.set $node (i32.load (i32.load (i32.const 600))))
            (call $text (local.get $node) (i32.const 620))
            (if (i32.eq (i32.load (i32.const 624)) (i32.const {})) (then (return (i32.const 16))))
            (i32.store8 (i32.const 280) (i32.const 1))
            (i32.store (i32.const 284) (i32.const 8192)) (i32.store (i32.const 288) (i32.const 7))
            (i32.store (i32.const 292) (i32.const 8192)) (i32.store (i32.const 296) (i32.const 7))
            (i32.store (i32.const 300) (i32.const 8400)) (i32.store (i32.const 304) (i32.const {}))
            (i32.store8 (i32.const 308) (i32.const 1))
            (call $finding (i32.const 0) (local.get $node) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))"#,
        path.len(),
        value.len(),
        value.len() + 2
    );
    plugin::component("wishing", &written_out(&text).expect("a text"))
}

#[test]
fn writes_nothing_that_a_plugin_only_calls_safe_p74() {
    for (path, value, written) in [
        ("/spec/containers/0/image", "evil", None),
        ("/metadata/namespace", "kube-system", None),
        ("/metadata/annotations/size", "1Gi", None),
        ("/spec/containers/0/resources/limits/memory", "2Gi", None),
        ("/spec/containers/0/resources/limits/memory", "1Gi", Some("limits: {memory: 1Gi}")),
    ] {
        let folder = Folder::new("hostile-fix");
        folder.write("hostile.wasm", wishing(path, value));
        folder.write("set.yaml", SET);
        let pod = folder.write("pod.yaml", POD);
        let answer = portcullis(
            folder.path(),
            &["check", "--no-config", "-m", "sandbox", "-p", "set.yaml", "--fix", "--patch", "p.patch", "pod.yaml"],
        );
        let expected = written.map_or(POD.to_owned(), |written| POD.replace("limits: {memory: 1024Mi}", written));
        assert_eq!(fs::read_to_string(pod).expect("the manifest"), expected, "{path}: {answer:?}");
        let told = answer
            .out
            .contains("a fix of `hostile/broken` is called safe by its plugin and changes what an object means");
        assert_eq!(told, written.is_none(), "{path}: {}", answer.out);
        let patched = fs::read_to_string(folder.path().join("p.patch")).is_ok_and(|patch| patch.contains(value));
        assert_eq!(patched, written.is_none(), "{path}: what changes the meaning is a patch: {}", answer.out);
    }
}
