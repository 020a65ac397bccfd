//! Every input that is kept, given to its target: what the engine found new, and what once was wrong.

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use portcullis_fuzz::TARGETS;

/// A corpus is a sample, and cloned with the tree.
const MOST_FILES: usize = 600;
const MOST_BYTES: usize = 1 << 20;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn inputs(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("a folder of inputs for each target");
    let mut inputs: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            (path.display().to_string(), fs::read(&path).expect("a file"))
        })
        .collect();
    inputs.sort();
    inputs
}

#[test]
fn holds_for_every_input_that_is_kept() {
    let mut wrong = Vec::new();
    for target in TARGETS {
        let inputs = inputs(&corpus().join(target.name));
        assert!(inputs.len() >= 5, "{}: only {} inputs are kept", target.name, inputs.len());
        for (path, bytes) in inputs {
            if catch_unwind(|| (target.judge)(&bytes)).is_err() {
                wrong.push(path);
            }
        }
    }
    assert!(wrong.is_empty(), "what does not hold is printed above; inputs: {wrong:#?}");
}

#[test]
fn keeps_a_small_corpus_of_nothing_but_targets() {
    let (mut files, mut bytes) = (0, 0);
    for entry in fs::read_dir(corpus()).expect("a folder") {
        let folder = entry.expect("an entry").path();
        let name = folder.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        let target = TARGETS.iter().find(|target| target.name == name);
        let target = target.expect("every folder is that of a target");
        for (path, input) in inputs(&folder) {
            assert!(input.len() <= target.longest, "{path} is longer than what the engine makes");
            files += 1;
            bytes += input.len();
        }
    }
    assert!(files <= MOST_FILES && bytes <= MOST_BYTES, "{files} files of {bytes} bytes: keep fewer");
}
