//! Compares a text byte for byte with the file of that name.

use std::path::Path;

/// Fails where the text is not what `tests/snapshots/<name>` says; `UPDATE_SNAPSHOTS=1` writes the file instead.
pub fn says(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some_and(|value| value == "1") {
        std::fs::write(&path, text).expect("the snapshot can be written");
        return;
    }
    let expected = std::fs::read_to_string(&path).expect("the snapshot is there; UPDATE_SNAPSHOTS=1 writes it");
    let line = expected.lines().zip(text.lines()).take_while(|(a, b)| a == b).count();
    assert!(
        expected == text,
        "{} differs from line {} on: expected {:?}, got {:?}; UPDATE_SNAPSHOTS=1 rewrites it",
        path.display(),
        line + 1,
        expected.lines().nth(line),
        text.lines().nth(line)
    );
}
