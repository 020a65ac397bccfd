//! Names as policy sets take them for themselves, for labels, and as CEL's formats know them.

use std::sync::OnceLock;

use portcullis_policies::{LoadedSet, Selection};
use portcullis_support::Dice;
use serde_json::json;

use crate::kind::{Answer, Kind};
use crate::mutate::{self, pick};
use crate::review::{condition, creation, named_set, set};

/// Sorts of names, as the program calls them, and CEL's formats for them.
const SORTS: [(&str, &str); 5] = [
    ("subdomain", "dns1123Subdomain"),
    ("label", "dns1123Label"),
    ("dns1035", "dns1035Label"),
    ("qualified", "qualifiedName"),
    ("value", "labelValue"),
];

/// Names.
pub struct Names;

impl Kind for Names {
    fn name(&self) -> &'static str {
        "name"
    }

    fn make(&self, dice: &mut Dice) -> Vec<String> {
        vec![text(dice)]
    }

    fn ours(&self, asked: &[String]) -> Result<String, String> {
        let name = &asked[0];
        let review = creation(&json!({"name": name}));
        let formats = formats();
        let mut shown = String::new();
        for (number, (sort, _)) in SORTS.iter().enumerate() {
            let is_one = formats.select(number, &review) == Selection::Applies;
            let read = match *sort {
                "subdomain" => named_set(name, &[]).is_ok(),
                "qualified" => set(&[json!({"objectSelector": {"matchLabels": {name: ""}}}).to_string()]).is_ok(),
                "value" => set(&[json!({"objectSelector": {"matchLabels": {"a": name}}}).to_string()]).is_ok(),
                _ => is_one,
            };
            shown += &if read { format!(" {sort}") } else { String::new() };
            shown += if read == is_one { "" } else { " (CEL says otherwise)" };
        }
        let labels = set(&[
            json!({"namespaceSelector": {"matchExpressions": [{"key": name, "operator": "Exists"}]}}).to_string()
        ]);
        shown += if labels.is_ok() { " labels" } else { "" };
        Ok(shown)
    }

    fn classes(&self) -> &'static [&'static str] {
        &[]
    }

    fn class(&self, _: &[String], _: &Result<String, String>, _: &Answer) -> Option<&'static str> {
        None
    }
}

/// A policy for each sort, which applies to names of it.
fn formats() -> &'static LoadedSet {
    static SET: OnceLock<LoadedSet> = OnceLock::new();
    SET.get_or_init(|| {
        let valid = |format: &str| condition(&format!("!format.{format}().validate(object.name).hasValue()"));
        set(&SORTS.map(|(_, format)| valid(format))).expect("a set")
    })
}

fn text(dice: &mut Dice) -> String {
    const PARTS: [&str; 20] = [
        "a",
        "b1",
        "web",
        "kubernetes.io",
        "example.com",
        "A",
        "Z9",
        "0",
        "1a",
        "x-y",
        "x_y",
        "x.y",
        "-",
        "_",
        ".",
        "/",
        "--",
        "..",
        "\u{e4}",
        " ",
    ];
    const JOINTS: [&str; 8] = ["", "", ".", "-", "/", "_", ".", "/"];
    let mut text = String::new();
    for _ in 0..dice.below(5) {
        text += pick(dice, &PARTS);
        text += pick(dice, &JOINTS);
    }
    if dice.once_in(2) {
        text += pick(dice, &["a", "0", "z"]);
    }
    if dice.once_in(12) {
        let length = pick(dice, &[62_usize, 63, 64, 252, 253, 254, 316, 317, 318]);
        let fill = pick(dice, &["a", "a.", "ab-", "a/", "A"]);
        text = fill.repeat(length);
        text.truncate(length);
    }
    if dice.once_in(10) { mutate::characters(dice, &text, "az09AZ-_./ \n\u{e4}\0") } else { text }
}
