//! `tests/attacks.md` names tests that exist, for every case of the list.

use std::collections::BTreeSet;

use portcullis_tests::root;

/// Every case. Ids are never given twice; a letter marks a part of the same case.
const CASES: [&str; 65] = [
    "A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A09", "A09b", "A10", "A11", "A12", "A13", "A14", "A15",
    "A16", "A17", "A17b", "A18", "A18b", "A19", "A20", "A20b", "A20c", "A21", "A22", "A23", "A30", "A31", "A32", "A33",
    "A34", "A35", "A36", "A37", "A37b", "A38", "A39", "A40", "A41", "A42", "A43", "A44", "A45", "A45b", "A46", "A46b",
    "A46c", "A50", "A51", "A52", "A52b", "A53", "A54", "A55", "A56", "A57", "A58", "A59", "A60", "A61", "A62", "A63",
    "A63b",
];

/// The words between backquotes, in order.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn names_for_every_case_tests_that_exist() {
    let text = std::fs::read_to_string(root().join("tests/attacks.md")).expect("the table");
    let mut listed = BTreeSet::new();
    for row in text.lines().filter(|line| line.starts_with("| A")) {
        let columns: Vec<&str> = row.trim_matches('|').splitn(3, " | ").map(str::trim).collect();
        let [id, _, kept] = columns[..] else { panic!("not three columns: {row}") };
        assert!(listed.insert(id.to_owned()), "{id} stands there twice");
        let mut source = String::new();
        let mut tests = 0;
        for word in quoted(kept) {
            if word.ends_with(".rs") {
                source =
                    std::fs::read_to_string(root().join(word)).unwrap_or_else(|error| panic!("{id}: {word}: {error}"));
            } else {
                assert!(
                    source.contains(&format!("fn {word}(")),
                    "{id}: there is no test `{word}` where the table says"
                );
                tests += 1;
            }
        }
        assert!(tests > 0 || kept.contains("issue"), "{id} is kept by nothing, and nobody says why: {kept}");
    }
    assert_eq!(listed, CASES.map(str::to_owned).into_iter().collect::<BTreeSet<_>>());
}

#[test]
fn says_in_the_name_of_each_test_here_which_cases_it_is_about() {
    let table = std::fs::read_to_string(root().join("tests/attacks.md")).expect("the table");
    let mut tests = 0;
    for file in ["shapes", "requests", "strings", "evidence"] {
        let path = format!("tests/tests/attacks/{file}.rs");
        let source = std::fs::read_to_string(root().join(&path)).expect("a source");
        for test in source.split("#[test]\nfn ").skip(1).filter_map(|rest| rest.split('(').next()) {
            let ids: Vec<String> =
                CASES.iter().map(|id| id.to_lowercase()).filter(|id| test.split('_').any(|word| word == id)).collect();
            assert!(!ids.is_empty(), "{test} names no case");
            for id in ids {
                let row = table.lines().find(|line| line.to_lowercase().starts_with(&format!("| {id} |")));
                assert!(
                    row.is_some_and(|row| row.contains(&format!("`{test}`"))),
                    "the row of {id} does not name {test}"
                );
            }
            tests += 1;
        }
    }
    assert!(tests >= 25, "{tests} tests");
}
