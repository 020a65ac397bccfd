//! Texts that are YAML, or nearly: built by its grammar, thrown together of its tokens, and real ones with changes.

use std::path::Path;
use std::sync::OnceLock;

use portcullis_support::Dice;

use crate::mutate::{self, pick};

/// Real texts larger than this are left out.
const LARGEST: u64 = 64 << 10;
/// Lines of a real text that are taken at once.
const LINES: usize = 25;

/// What means something to YAML, or to one of its readers.
fn tokens() -> &'static [&'static str] {
    static TOKENS: OnceLock<Vec<&str>> = OnceLock::new();
    TOKENS.get_or_init(|| list_of(include_str!("../../oracle/kubernetes/yaml-tokens.json")))
}

/// Scalars that some reader takes for something.
fn scalars() -> &'static [&'static str] {
    static SCALARS: OnceLock<Vec<&str>> = OnceLock::new();
    SCALARS.get_or_init(|| list_of(include_str!("../../oracle/kubernetes/yaml-scalars.json")))
}

fn list_of(text: &str) -> Vec<&'static str> {
    let list: Vec<String> = serde_json::from_str(text).expect("a list of texts");
    list.into_iter().map(|text| &*text.leak()).collect()
}

/// One text.
pub fn text(dice: &mut Dice) -> String {
    let text = match dice.below(16) {
        0..=2 => soup(dice),
        3..=4 => number(dice),
        5..=8 => {
            let real = real(dice);
            mutate::text(dice, &real, tokens())
        }
        9 => json(dice),
        10 => {
            let made = stream(dice);
            mutate::text(dice, &made, tokens())
        }
        _ => stream(dice),
    };
    match dice.below(40) {
        0 => text.replace('\n', "\r\n"),
        1 => text.replace('\n', "\r"),
        2 => format!("\u{feff}{text}"),
        3 => text.replacen(
            '\n',
            pick(dice, &["\u{85}", "\u{2028}", "\u{2029}", "\r\r\n", "\n\n", "\n\u{feff}", "\n\t"]),
            1 + dice.below(3),
        ),
        4 => text.trim_end().to_owned(),
        _ => text,
    }
}

/// Tokens in a row.
fn soup(dice: &mut Dice) -> String {
    let count = 1 + dice.below(14);
    let start = pick(dice, &["", "", "a: ", "- ", "[", "{", "\"", "'", "a: |\n  ", "a: &a {b: 1}\n"]);
    (0..count).fold(start.to_owned(), |text, _| text + pick(dice, tokens()))
}

/// One scalar that may be a number, somewhere.
fn number(dice: &mut Dice) -> String {
    let scalar = if dice.once_in(3) {
        let scalar = pick(dice, scalars());
        mutate::characters(dice, scalar, "0123456789_+-.eExXoObBnaif:TZ ")
    } else {
        let count = 1 + dice.below(6);
        let parts = [
            "0", "1", "7", "8", "9", "_", "__", ".", "e", "E", "+", "-", "x", "o", "b", "0x", "0b", "0o", "12", "345",
            "00", "a", "F", ":", "inf", "p", "i", "n",
        ];
        (0..count).fold(String::new(), |text, _| text + pick(dice, &parts))
    };
    match dice.below(6) {
        0 => format!("- {scalar}\n"),
        1 => format!("[{scalar}, x]"),
        2 => format!("{scalar}: x\n"),
        3 => format!("{{{scalar}: x}}"),
        4 => format!(
            "a: {}{scalar}\n",
            pick(
                dice,
                &[
                    "!!int ",
                    "!!float ",
                    "!!bool ",
                    "!!null ",
                    "!!str ",
                    "!!timestamp ",
                    "!!binary ",
                    "! ",
                    "!x ",
                    "&a "
                ]
            )
        ),
        _ => format!("a: {scalar}\n"),
    }
}

/// JSON texts, in a row or not.
fn json(dice: &mut Dice) -> String {
    let count = 1 + dice.below(3);
    let mut text = String::new();
    for _ in 0..count {
        text += &format!("{{\"a\":{}", json_value(dice, 3));
        text += &if dice.once_in(4) {
            format!(",\"{}\":1", pick(dice, &["a", "b", "\\u0061", "\\ud800", "", "<<"]))
        } else {
            String::new()
        };
        text += "}";
        text += pick(
            dice,
            &[
                "",
                "\n",
                " ",
                "\r\n",
                "\n---\n",
                "\n---\nb: 1\n",
                "\n...\n",
                "\u{feff}",
                "\u{a0}",
                "\t",
                "\n# c\n",
                ",",
                "x",
            ],
        );
    }
    if dice.once_in(2) { text } else { mutate::text(dice, &text, tokens()) }
}

fn json_value(dice: &mut Dice, depth: usize) -> String {
    const STRINGS: [&str; 14] = [
        "",
        "a",
        "\\n",
        "\\u00e9",
        "\\ud83d\\ude00",
        "\\ud800",
        "\\udc00x",
        "\\/",
        "\\b\\f",
        "\u{7f}",
        "\u{2028}",
        "\\u0000",
        "\\x41",
        "\t",
    ];
    const NUMBERS: [&str; 20] = [
        "0",
        "-0",
        "1",
        "1.0",
        "1e3",
        "1E+3",
        "1e400",
        "01",
        "-",
        "+1",
        ".5",
        "1.",
        "9223372036854775808",
        "0x1",
        "1_0",
        "NaN",
        "Infinity",
        "true",
        "null",
        "false",
    ];
    match dice.below(if depth == 0 { 2 } else { 4 }) {
        0 => format!("\"{}\"", pick(dice, &STRINGS)),
        1 => (pick(dice, &NUMBERS)).to_owned(),
        2 => format!("[{}]", (0..dice.below(3)).map(|_| json_value(dice, depth - 1)).collect::<Vec<_>>().join(",")),
        _ => format!("{{\"k\":{}}}", json_value(dice, depth - 1)),
    }
}

/// A stream of documents by the grammar.
fn stream(dice: &mut Dice) -> String {
    let mut text = String::new();
    if dice.once_in(15) {
        text += pick(
            dice,
            &[
                "---\n",
                "--- # c\n",
                "%YAML 1.1\n---\n",
                "# c\n",
                "\n",
                "---\n---\n",
                "--- \n",
                "...\n",
                "%TAG !e! tag:e,1:\n---\n",
            ],
        );
    }
    loop {
        text += &match dice.below(8) {
            0 => list(dice, 0, 3),
            1 => format!("{}\n", flow(dice, 3)),
            2 => format!("{}\n", scalar(dice, 0, false)),
            _ => map(dice, 0, 3),
        };
        if !dice.once_in(5) {
            return text;
        }
        text += pick(
            dice,
            &[
                "---\n",
                "--- \n",
                "---\t\n",
                "--- # c\n",
                "...\n",
                "...\n---\n",
                "---\r\n",
                "--- a\n",
                "---a\n",
                "--- |\n x\n",
                " ---\n",
                "--- &a\n",
                "... # c\n",
                "---\n%YAML 1.1\n---\n",
            ],
        );
    }
}

fn map(dice: &mut Dice, indent: usize, depth: usize) -> String {
    let count = 1 + dice.below(4);
    let mut text = String::new();
    for _ in 0..count {
        if dice.once_in(15) {
            text += pick(dice, &["# c\n", "\n", "  # c\n", "\t\n", " \n", "\t# c\n"]);
        }
        text += &" ".repeat(if dice.once_in(60) { dice.below(6) } else { indent });
        let key = match dice.below(25) {
            0 => "<<".to_owned(),
            1 => format!("? {}\n{}", value_key(dice), " ".repeat(indent)),
            2 => flow(dice, 1),
            3..=8 => scalar(dice, indent, true),
            _ => (pick(dice, &["a", "b", "c", "d", "e", "f", "g"])).to_owned(),
        };
        text += &key;
        text += pick(dice, &[":", ":", ":", ":", ":", ":", ":", ":", " :", ":\t", ": "]);
        text += &value(dice, indent, depth, key == "<<");
    }
    text
}

fn value_key(dice: &mut Dice) -> String {
    if dice.once_in(3) { flow(dice, 1) } else { scalar(dice, 0, true) }
}

fn list(dice: &mut Dice, indent: usize, depth: usize) -> String {
    let count = 1 + dice.below(4);
    let mut text = String::new();
    for _ in 0..count {
        text += &" ".repeat(if dice.once_in(60) { dice.below(6) } else { indent });
        text += "-";
        if depth > 0 && dice.once_in(4) {
            // A map or list that begins on the line of the dash.
            let inner =
                if dice.once_in(3) { list(dice, indent + 2, depth - 1) } else { map(dice, indent + 2, depth - 1) };
            text += " ";
            text += inner.trim_start_matches(' ');
        } else {
            text += &value(dice, indent, depth, false);
        }
    }
    text
}

/// What follows a key or dash, to the end of its last line.
fn value(dice: &mut Dice, indent: usize, depth: usize, merged: bool) -> String {
    let properties = match dice.below(14) {
        0 => " &a",
        1 => " &b",
        2 => pick(
            dice,
            &[
                " !!map",
                " !!seq",
                " !!str",
                " !x",
                " !",
                " &a !!str",
                " !!int",
                " !!binary",
                " !<tag:yaml.org,2002:str>",
                " !!float &b",
            ],
        ),
        _ => "",
    };
    if merged && !dice.once_in(4) {
        return format!(
            "{}\n",
            pick(dice, &[" *a", " *b", " [*a, *b]", " {c: 1}", " [{a: 1}, {b: 2}]", " [*a]", " ~", " []", " {<<: *a}"])
        );
    }
    let inner = indent + 1 + dice.below(3);
    let comment = if dice.once_in(12) { pick(dice, &[" # c", " #", "\t# c", "# c", " ", "\t"]) } else { "" };
    let rest = match dice.below(if depth == 0 { 6 } else { 9 }) {
        0 if dice.once_in(2) => " *a".to_owned() + comment + "\n",
        0 => " *b\n".to_owned(),
        1 => format!(" {}{comment}\n", flow(dice, depth)),
        2 if dice.once_in(2) => format!(" {}", block(dice, inner)),
        2..=5 => format!(" {}{comment}\n", scalar(dice, inner, false)),
        6 => format!("{comment}\n{}", {
            let indent = pick(dice, &[indent, inner, inner]);
            list(dice, indent, depth - 1)
        }),
        _ => format!("{comment}\n{}", map(dice, inner, depth - 1)),
    };
    format!("{properties}{rest}")
}

fn flow(dice: &mut Dice, depth: usize) -> String {
    let blank = |dice: &mut Dice| pick(dice, &["", "", " ", " ", " ", "\n  ", "\n", "\t", " # c\n ", "  "]);
    let is_map = dice.once_in(2);
    let items: Vec<String> = (0..dice.below(4))
        .map(|_| {
            let item = if depth > 0 && dice.once_in(4) { flow(dice, depth - 1) } else { scalar(dice, 1, true) };
            let pair = is_map != dice.once_in(8);
            let item = match (pair, dice.below(12)) {
                (true, 0) => item,
                (true, 1) => format!("{item}:"),
                (true, 2) => format!("? {item} : {}", scalar(dice, 1, true)),
                (true, 3) => format!("{item}:{}", scalar(dice, 1, true)),
                (true, 4) => format!("<<: {}", pick(dice, &["*a", "{z: 1}", "[*a, *b]", "[{y: 1}]"])),
                (true, _) => format!(
                    "{item}: {}",
                    if depth > 0 && dice.once_in(4) { flow(dice, depth - 1) } else { scalar(dice, 1, true) }
                ),
                (false, 0) => format!("&a {item}"),
                (false, 1) => "*a".to_owned(),
                _ => item,
            };
            format!("{}{item}{}", blank(dice), blank(dice))
        })
        .collect();
    let tail = if dice.once_in(10) { "," } else { "" };
    let (open, close) = if is_map { ("{", "}") } else { ("[", "]") };
    format!("{open}{}{tail}{close}", items.join(","))
}

fn scalar(dice: &mut Dice, indent: usize, is_key: bool) -> String {
    let plain = pick(dice, scalars());
    match dice.below(14) {
        0 => format!("'{}'", plain.replace('\'', "''")),
        1 => format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\"")),
        2 => {
            let count = dice.below(4);
            let inside = (0..count).fold(String::new(), |text, _| text + pick(dice, tokens()));
            if dice.once_in(2) {
                format!("\"{}\"", inside.replace('"', ""))
            } else {
                format!("'{}'", inside.replace('\'', ""))
            }
        }
        3 if !is_key => {
            let joint = format!("\n{}", " ".repeat(indent));
            let lines: Vec<&str> = (0..2 + dice.below(3))
                .map(|_| pick(dice, &["a", "b c", "", "x:y", "d#", "- e", "f ", "\tg", "\u{e4}"]))
                .collect();
            let quote = pick(dice, &["", "", "'", "\""]);
            format!("{quote}{}{quote}", lines.join(&joint))
        }
        4 => format!(
            "{}{plain}",
            pick(
                dice,
                &[
                    "!!str ",
                    "!!int ",
                    "!!float ",
                    "!!bool ",
                    "!!null ",
                    "!!binary ",
                    "!!timestamp ",
                    "! ",
                    "!x ",
                    "&a ",
                    "&b ",
                    "!!str &a "
                ]
            )
        ),
        5..=8 => (pick(dice, &["a", "b", "c", "web", "1", "x y"])).to_owned(),
        _ => plain.to_owned(),
    }
}

fn block(dice: &mut Dice, indent: usize) -> String {
    let mut text = (pick(dice, &["|", ">"])).to_owned();
    text += pick(dice, &["", "", "", "-", "+", "2", "1", "-1", "2+", "9", "0", " # c", "--", "x"]);
    text += "\n";
    for _ in 0..dice.below(5) {
        let more = if dice.once_in(4) { dice.below(3) } else { 0 };
        text += &" ".repeat(if dice.once_in(20) { dice.below(4) } else { indent + more });
        text += pick(
            dice,
            &[
                "x",
                "y z",
                "",
                "# c",
                "- a",
                "k: v",
                "\tt",
                " ",
                "---",
                "\u{e4}",
                "'",
                "a: &x *y",
                "\u{85}",
                "\u{2028}z",
            ],
        );
        text += "\n";
    }
    text
}

/// Some lines of a text that nobody made for this: of the corpora where there are any, and of our own manifests.
fn real(dice: &mut Dice) -> String {
    static TEXTS: OnceLock<Vec<String>> = OnceLock::new();
    let texts = TEXTS.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let corpora = std::env::var_os("PORTCULLIS_CORPORA").map_or_else(|| root.join("../shared/corpora"), Into::into);
        let mut texts = Vec::new();
        for folder in [root.join("policies"), root.join("plugins"), root.join("deploy"), corpora] {
            collect(&folder, &mut texts);
        }
        assert!(!texts.is_empty(), "no real text");
        texts
    });
    let lines: Vec<&str> = texts[dice.below(texts.len())].split_inclusive('\n').collect();
    let start = if dice.once_in(2) { 0 } else { dice.below(lines.len()) };
    let end = (start + 1 + dice.below(LINES)).min(lines.len());
    lines[start.min(end)..end].concat()
}

/// In the order of their names, so that a seed means the same texts everywhere.
fn collect(folder: &Path, texts: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, texts);
        } else if is_yaml && path.metadata().is_ok_and(|metadata| metadata.len() <= LARGEST) {
            texts.extend(std::fs::read_to_string(&path).ok().filter(|text| !text.is_empty()));
        }
    }
}
