//! A plugin built against each version of the contract runs on today's host, and the versions never change afterwards.

use std::path::PathBuf;

use portcullis_tests::{Folder, portcullis, root};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec: {containers: [{name: a, image: nginx}]}\n";

fn frozen(version: &str) -> PathBuf {
    root().join("tests/contract").join(version)
}

/// The component of a version's plugin, made with that version's own WIT.
fn component(version: &str) -> Vec<u8> {
    let folder = frozen(version);
    let mut module = wat::parse_file(folder.join("plugin.wat")).expect("a module");
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(&folder).expect("the WIT of that version");
    let world = resolve.select_world(&[package], Some("policy")).expect("a world");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("metadata");
    ComponentEncoder::default().module(&module).expect("a module").validate(true).encode().expect("a component")
}

#[test]
fn runs_a_plugin_that_was_built_against_contract_1_0() {
    // What that version's own WIT makes of it today, and the bytes that were made of it then.
    runs(&component("1.0"));
    runs(&std::fs::read(frozen("1.0").join("plugin.wasm")).expect("the component of then"));
}

fn runs(component: &[u8]) {
    let folder = Folder::new("contract");
    folder.write("first.wasm", component);
    folder.write("pod.yaml", POD);
    folder.write(
        "set.yaml",
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: mine}\nspec:\n  policies:\n  - name: first\n    plugin: {file: first.wasm}\n",
    );
    let answer = portcullis(folder.path(), &["check", "-f", "json", "-p", "set.yaml", "pod.yaml"]);
    assert_eq!(answer.codes(), ["first/has-metadata"], "{answer:?}");
    assert_eq!(answer.json()["decisions"][0]["findings"][0]["pointer"], "/metadata");
}

#[test]
fn keeps_what_was_published_as_it_was() {
    // The digest of each frozen file; a new minor version gets a folder and rows of its own.
    for (file, digest) in FROZEN {
        let bytes = std::fs::read(root().join("tests/contract").join(file)).expect("a frozen file");
        assert_eq!(portcullis_model::sha256_hex(&bytes), *digest, "{file} was changed");
    }
}

const FROZEN: &[(&str, &str)] = &[
    ("1.0/plugin.wasm", "sha256:b7877581173bec5863677e2e01850b6a1bfcba49fc087ddd5a511930dba8afef"),
    ("1.0/plugin.wat", "sha256:375d8a2596844f6688277b04de82e8e437e9a6bb6a0d8b8bb1e1cce772913280"),
    ("1.0/plugin.wit", "sha256:d66a542a44036fec85abd54a5f10eb3d769468794c6483d921553aeaed1920fe"),
    ("1.0/types.wit", "sha256:b0861b9d45ad2c42fac65a04225ea56ff6bf448e30a6515a3e3169ba049410ff"),
];
