//! The house keeps its own rules: floors, first sentences, the map, sizes, names, and words that are not said.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[path = "tidy/code.rs"]
mod code;
#[path = "tidy/floors.rs"]
mod floors;
#[path = "tidy/tree.rs"]
mod tree;

use code::{code_without_tests, is_test};
use floors::{Dependency, judge_dependency};
use tree::{Source, map_lines, root, sources};

/// The longest a file may be, in lines, without its `#[cfg(test)]` modules.
const LONGEST: usize = 500;

/// Files that may be longer, each with the reason.
const LONGER: [(&str, &str); 0] = [];

/// Names that say nothing about what a file holds.
const EMPTY_NAMES: [&str; 8] = ["utils", "common", "helpers", "misc", "types", "manager", "imp", "mod"];

/// What is not written in the host, outside of its tests, and what stands for it.
const UNSAID: [(&str, &str); 8] = [
    (".unwrap()", "`?`, or `expect` with the reason why it cannot happen"),
    (".unwrap_err()", "`?`, or a `match`"),
    ("panic!", "an error"),
    ("todo!", "the work, or nothing"),
    ("unimplemented!", "the work, or an error that says \"not yet\""),
    ("#[allow", "`#[expect(lint, reason = \"...\")]`"),
    ("#![allow", "`#![expect(lint, reason = \"...\")]`"),
    ("dbg!", "the log"),
];

/// Words that promise work; each needs the number of an issue: `TODO(#12)`.
const PROMISES: [&str; 3] = ["TODO", "FIXME", "XXX"];

/// Fails with all complaints at once, one a line.
fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn imports_only_go_down() {
    let dependencies = floors::host_dependencies();
    assert!(dependencies.iter().any(|one| one.to == "wasmtime"), "the manifests of the host were not read");
    let complaints: Vec<String> = dependencies.iter().filter_map(judge_dependency).collect();
    assert_none(&complaints);
}

#[test]
fn refuses_an_import_that_goes_up_or_sideways_or_to_a_strangers_library() {
    let refuses = |from: &str, to: &str, for_tests: bool| {
        judge_dependency(&Dependency { from: from.to_owned(), to: to.to_owned(), for_tests }).is_some()
    };
    assert!(!refuses("portcullis-gate", "portcullis-runner", false));
    assert!(refuses("portcullis-runner", "portcullis-gate", false), "up");
    assert!(refuses("portcullis-runner", "portcullis-policies", false), "sideways");
    assert!(!refuses("portcullis-runner", "portcullis-subject", true), "a test may look at a neighbour");
    assert!(refuses("portcullis-runner", "portcullis-gate", true), "but not up");
    assert!(refuses("portcullis-nowhere", "portcullis-model", false), "a crate on no floor");
    assert!(refuses("portcullis-model", "portcullis-nowhere", false), "to a crate on no floor");
    assert!(refuses("portcullis-gate", "wasmtime", false));
    assert!(refuses("portcullis-gate", "anyhow", true));
    assert!(!refuses("portcullis", "anyhow", false));
    assert!(refuses("portcullis-subject", "portcullis-cel", false));
    assert!(!refuses("portcullis-policies", "portcullis-cel", false));
    assert!(!refuses("portcullis-component", "wasmparser", false), "one of two");
    assert!(
        refuses("portcullis-author", "wit-component", false) && !refuses("portcullis-webhook", "wit-component", true)
    );
}

#[test]
fn names_only_tests_that_exist_where_it_promises() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).expect(path);
    let (promises, front) = (read("tests/README.md"), read("README.md"));
    let on_front = front.split_once("\n## What it promises").and_then(|(_, rest)| rest.split_once("\n## "));
    let on_front = on_front.expect("the README says what is promised").0;
    let all: String = sources(&["host", "plugins", "tests"]).into_iter().map(|source| source.text).collect();
    let is_test_name = |word: &&str| {
        word.contains('_') && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let rows = promises.lines().filter(|line| line.starts_with('|'));
    let mut names: Vec<&str> = rows.flat_map(|row| row.split('`')).filter(is_test_name).collect();
    let of_table = names.len();
    names.extend(on_front.split('`').filter(is_test_name));
    assert!(names.len() > of_table + 5, "no test is named in the README");
    assert!(of_table > 30, "the promises were not read: {names:?}");
    let missing = names.iter().filter(|name| !all.contains(&format!("fn {name}(")));
    assert_none(&missing.map(|name| format!("a README names `{name}`, and no test is called so")).collect::<Vec<_>>());
    let mut complaints = Vec::new();
    for row in promises.lines().filter(|line| line.starts_with('|')) {
        let mut place = "nowhere";
        for word in row.split('`').skip(1).step_by(2) {
            let is_folder = || root().join(word).is_dir() || root().join("tests").join(word).is_dir();
            if word.contains('/') && (word.ends_with(".rs") || is_folder()) {
                place = word;
            } else if is_test_name(&word) && !text_below(place).contains(&format!("fn {word}(")) {
                complaints.push(format!("tests/README.md names `{word}` in `{place}`, and it is not there"));
            }
        }
    }
    assert_none(&complaints);
}

/// The text of a file and its modules, or of all files in a folder; `tests/x.rs` is short for `tests/tests/x.rs`.
fn text_below(place: &str) -> String {
    let paths = [place.to_owned(), format!("tests/{place}")];
    let Some(path) = paths.iter().find(|path| root().join(path).exists()) else { return String::new() };
    let below = |source: &&Source| {
        source.path == **path || source.path.starts_with(&format!("{}/", path.trim_end_matches(".rs")))
    };
    sources(&["host", "plugins", "tests"]).iter().filter(below).map(|source| source.text.as_str()).collect()
}

#[test]
fn opens_every_file_with_one_sentence() {
    let complaints: Vec<String> = sources(&["host", "plugins", "xtask", "tests"])
        .iter()
        .filter_map(|source| Some(format!("{}: {}", source.path, judge_opening(&source.text)?)))
        .collect();
    assert_none(&complaints);
}

/// What is wrong with the first lines of a file.
fn judge_opening(text: &str) -> Option<&'static str> {
    let mut lines = text.lines();
    let Some(sentence) = lines.next().and_then(|line| line.strip_prefix("//! ")) else {
        return Some("does not open with a `//!` sentence");
    };
    if !sentence.ends_with('.') {
        return Some("the first line is not a sentence with a full stop");
    }
    if sentence.split(' ').count() < 2 || sentence.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Some("the first line is not a sentence");
    }
    let next = lines.next().unwrap_or_default();
    (next.starts_with("//!") && next != "//!").then_some("the first sentence goes on in the second line")
}

#[test]
fn refuses_an_opening_that_is_no_sentence() {
    assert_eq!(judge_opening("//! What stands here.\n\nuse a;\n"), None);
    assert_eq!(judge_opening("//! What stands here.\n//!\n//! And more of it.\n"), None);
    assert_eq!(judge_opening("//! \"Did you mean\".\n"), None);
    for bad in
        ["", "use a;\n", "//! x\n", "//! x.\n", "//! not one.\n", "//! No stop\n", "//! One.\n//! Two.\n", "// A b.\n"]
    {
        assert!(judge_opening(bad).is_some(), "{bad:?}");
    }
}

#[test]
fn lists_every_file_of_the_host_in_the_map_with_its_own_sentence() {
    let path = root().join("host/README.md");
    let readme = std::fs::read_to_string(&path).expect("host/README.md holds the map of the host");
    let files = sources(&["host"]);
    assert!(!files.is_empty());
    assert_none(&judge_map(&readme, &files));
}

/// Compares the map with the tree, in both directions, and the floors it draws with those that are enforced.
fn judge_map(readme: &str, files: &[Source]) -> Vec<String> {
    let (map, rooms) = match map_lines(readme) {
        Ok(lines) => lines,
        Err(complaint) => return vec![complaint],
    };
    let mut complaints = Vec::new();
    let mut unseen: BTreeMap<&str, &str> = BTreeMap::new();
    for (path, sentence) in &map {
        if unseen.insert(path, sentence).is_some() {
            complaints.push(format!("{path} stands in the map twice"));
        }
    }
    for file in files {
        // `host/model/src/place.rs` is drawn as `place.rs` below `model/`.
        let shown = file.path.trim_start_matches("host/").replacen("/src/", "/", 1);
        let own = file.text.lines().next().unwrap_or_default().trim_start_matches("//! ");
        match unseen.remove(shown.as_str()) {
            None => complaints.push(format!("{shown} is not in the map")),
            Some(sentence) if sentence != own => {
                complaints.push(format!("{shown}: the map says `{sentence}`, the file says `{own}`"));
            }
            Some(_) => {}
        }
    }
    complaints.extend(unseen.keys().map(|path| format!("{path} is in the map, but not in the tree")));
    for (room, purpose) in &rooms {
        let name = if room == "cli" { "portcullis".to_owned() } else { format!("portcullis-{room}") };
        let expected = floors::floor(&name).map(|floor| format!("floor {floor}: "));
        if !expected.as_ref().is_some_and(|expected| purpose.starts_with(expected)) {
            complaints.push(format!("{room}/: the map says `{purpose}`, but it stands on {expected:?}"));
        }
    }
    if !complaints.is_empty() {
        complaints.push("`cargo xtask map` writes the map again".to_owned());
    }
    complaints
}

#[test]
fn refuses_a_map_that_differs_from_the_tree() {
    let file = |path: &str, sentence: &str| Source { path: path.to_owned(), text: format!("//! {sentence}\n") };
    let files = [file("host/model/src/lib.rs", "The words."), file("host/cli/src/bin/a.rs", "A tool.")];
    let map = |lines: &str| format!("# Host\n\n<!-- map -->\n```text\nhost/\n{lines}```\n<!-- /map -->\n");
    let good = map(
        "├─ model/        floor 0: words.\n│  └─ lib.rs     The words.\n└─ cli/          floor 5: wires.\n   └─ bin/a.rs   A tool.\n",
    );
    assert_none(&judge_map(&good, &files));
    assert!(!judge_map("no map", &files).is_empty());
    assert!(!judge_map(&good.replace("The words.", "Other words."), &files).is_empty(), "another sentence");
    assert!(!judge_map(&good.replace("lib.rs", "gone.rs"), &files).is_empty(), "another file");
    assert!(!judge_map(&good.replace("floor 0", "floor 1"), &files).is_empty(), "another floor");
    assert!(!judge_map(&good, &files[..1]).is_empty(), "a file too many in the map");
}

#[test]
fn keeps_every_file_short_enough_to_read() {
    let mut complaints = Vec::new();
    for source in sources(&["host", "plugins", "xtask", "tests"]) {
        let lines = code::without_test_modules(&source.text).lines().count();
        let excused = LONGER.iter().any(|(path, _)| *path == source.path);
        if lines > LONGEST && !excused {
            complaints.push(format!("{}: {lines} lines; at most {LONGEST}", source.path));
        }
    }
    for (path, reason) in LONGER {
        assert!(root().join(path).is_file() && !reason.is_empty(), "{path} needs no exception");
    }
    assert_none(&complaints);
}

#[test]
fn gives_every_file_a_name_that_says_something() {
    let complaints: Vec<String> = sources(&["host", "plugins", "xtask", "tests"])
        .into_iter()
        .filter(|source| has_empty_name(&source.path))
        .map(|source| format!("{}: name it after what it holds", source.path))
        .collect();
    assert_none(&complaints);
}

/// Whether a file, or a folder on its way, is called something like `utils`.
fn has_empty_name(path: &str) -> bool {
    let path = Path::new(path).with_extension("");
    path.iter().any(|part| EMPTY_NAMES.iter().any(|name| part == *name))
}

#[test]
fn refuses_a_name_that_says_nothing() {
    for bad in ["host/model/src/utils.rs", "host/model/src/common/a.rs", "tests/tests/support/mod.rs"] {
        assert!(has_empty_name(bad), "{bad}");
    }
    assert!(!has_empty_name("host/model/src/model.rs"));
}

#[test]
fn says_nothing_in_the_host_that_could_panic_or_silence_a_lint() {
    let mut complaints = Vec::new();
    for source in sources(&["host"]).iter().filter(|source| !is_test(&source.path)) {
        complaints.extend(judge_words(&source.path, &source.text));
    }
    assert_none(&complaints);
}

/// Every word in the code (not in comments, texts or tests) that the house does not use.
fn judge_words(path: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (index, line) in code_without_tests(text).lines().enumerate() {
        for (word, instead) in UNSAID {
            let found = line.match_indices(word).any(|(at, _)| {
                // `todo!` is a word of its own, `no_panic!` is another one.
                let before = line[..at].chars().next_back();
                !word.starts_with(char::is_alphabetic)
                    || !before.is_some_and(|before| before.is_alphanumeric() || before == '_')
            });
            if found {
                complaints.push(format!("{path}:{}: `{word}`; write {instead}", index + 1));
            }
        }
    }
    complaints
}

#[test]
fn refuses_each_of_the_words_in_code_and_none_of_them_elsewhere() {
    for (word, _) in UNSAID {
        assert_eq!(
            judge_words("a.rs", &format!("fn a() {{\n    b{word}\n}}\n").replace("b#", "#")).len(),
            usize::from(!word.starts_with(char::is_alphabetic)),
            "{word}"
        );
        assert_eq!(judge_words("a.rs", &format!("fn a() {{\n    {word}\n}}\n")).len(), 1, "{word}");
        for elsewhere in [
            format!("// {word}\n"),
            format!("/// {word}\n"),
            format!("/* {word} */\n"),
            format!("const A: &str = \"\\\"{word}\";\n"),
            format!("const A: &str = r#\"\"{word}\"#;\n"),
            format!("#[cfg(test)]\nmod tests {{\n    {word}\n}}\n"),
        ] {
            assert_eq!(judge_words("a.rs", &elsewhere), Vec::<String>::new());
        }
    }
    let after = "#[cfg(test)]\nmod tests {\n    a.unwrap();\n}\n\nfn b() {\n    'x';\n    let c: &'static str = '\"'.unwrap();\n}\n";
    assert_eq!(judge_words("a.rs", after).len(), 1, "code after the tests counts");
    assert!(judge_words("a.rs", after)[0].starts_with("a.rs:8:"), "and keeps its line");
}

#[test]
fn promises_no_work_without_the_number_of_an_issue() {
    let mut complaints = Vec::new();
    // This file has to say the words.
    for source in
        sources(&["host", "plugins", "xtask", "tests"]).iter().filter(|source| source.path != "tests/tests/tidy.rs")
    {
        complaints.extend(judge_promises(&source.path, &source.text));
    }
    assert_none(&complaints);
}

fn judge_promises(path: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for promise in PROMISES {
            let Some((_, rest)) = line.split_once(promise) else { continue };
            let number = rest.strip_prefix("(#").and_then(|rest| rest.split(')').next());
            if number.is_none_or(|number| number.parse::<u32>().is_err()) {
                complaints.push(format!(
                    "{path}:{}: `{promise}` without the number of an issue: `{promise}(#12)`",
                    index + 1
                ));
            }
        }
    }
    complaints
}

#[test]
fn refuses_a_promise_without_a_number() {
    assert_eq!(judge_promises("a.rs", "// TODO(#12): more.\n").len(), 0);
    for bad in ["// TODO: more.\n", "// FIXME\n", "// XXX(me)\n", "// TODO(#)\n"] {
        assert_eq!(judge_promises("a.rs", bad).len(), 1, "{bad}");
    }
}

#[test]
fn gives_every_finding_a_code_of_its_own() {
    let mut plugins: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(root().join("plugins")).expect("the plugins stand in plugins/") {
        plugins.push(entry.expect("plugins/ can be read").path());
    }
    let mut complaints = Vec::new();
    for plugin in plugins.iter().filter(|plugin| plugin.join("Cargo.toml").is_file()) {
        let shown = plugin.display();
        match std::fs::read_to_string(plugin.join("README.md")) {
            Ok(readme) => {
                complaints.extend(judge_codes(&readme).into_iter().map(|complaint| format!("{shown}: {complaint}")))
            }
            Err(error) => complaints.push(format!("{shown}/README.md: {error}")),
        }
    }
    assert_none(&complaints);
}

/// Reads the findings of a plugin: the first column of the table below the heading `Findings`.
fn judge_codes(readme: &str) -> Vec<String> {
    let section = readme.split_once("## Findings").map_or("", |(_, rest)| rest.split("\n## ").next().unwrap_or(rest));
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let mut codes: Vec<&str> = rows.map(|(code, _)| code).collect();
    let kebab = |code: &str| {
        code.split('-')
            .all(|word| !word.is_empty() && word.chars().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit()))
    };
    let mut complaints: Vec<String> = Vec::new();
    if codes.is_empty() {
        complaints.push("no table of codes below `## Findings`".to_owned());
    }
    complaints.extend(codes.iter().filter(|code| !kebab(code)).map(|code| format!("`{code}` is not in kebab-case")));
    codes.sort_unstable();
    complaints.extend(
        codes.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| format!("`{}` stands for two findings", pair[0])),
    );
    complaints
}

#[test]
fn refuses_a_code_twice_or_in_another_case() {
    let readme =
        |rows: &str| format!("# A\n\n## Findings\n\n| code | means |\n| --- | --- |\n{rows}\n## More\n\n| `a` | b |\n");
    assert_none(&judge_codes(&readme("| `a` | x |\n| `b-c2` | y |\n")));
    assert_eq!(judge_codes(&readme("| `a` | x |\n| `a` | y |\n")).len(), 1);
    assert_eq!(judge_codes(&readme("| `aB` | x |\n")).len(), 1);
    assert_eq!(judge_codes(&readme("")).len(), 1);
}
