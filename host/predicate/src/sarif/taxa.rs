//! Tags, and the weaknesses (CWE) that rules and results name in one of many ways.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;

use super::log::{Bag, ComponentReference, ComponentText, Reference, json_or_default};
use crate::Piece;

/// What taxa may point to: the taxonomies of a run, the extensions of its tool, and its driver.
pub(super) struct Taxonomies<'a> {
    driver: List<'a>,
    /// The taxonomies, and the extensions: an index may be of either.
    lists: [List<'a>; 2],
}

struct List<'a> {
    all: Vec<Taxonomy<'a>>,
    names: Names,
}

/// Components by what others call them: the first of a name, and of a guid in lower case.
pub(super) struct Names {
    names: HashMap<String, usize>,
    guids: HashMap<String, usize>,
}

impl Names {
    pub(super) fn of<'t, 'a: 't>(all: impl Iterator<Item = &'t ComponentText<'a>>) -> Self {
        let mut known = Self { names: HashMap::new(), guids: HashMap::new() };
        for (index, one) in all.enumerate() {
            if let Some(name) = &one.name {
                known.names.entry(name.to_string()).or_insert(index);
            }
            if let Some(guid) = &one.guid {
                known.guids.entry(guid.to_ascii_lowercase()).or_insert(index);
            }
        }
        known
    }

    pub(super) fn by_name(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    pub(super) fn by_guid(&self, guid: &str) -> Option<usize> {
        self.guids.get(&guid.to_ascii_lowercase()).copied()
    }
}

struct Taxonomy<'a> {
    text: ComponentText<'a>,
    is_cwe: bool,
    /// Its taxa by their index; those without an id are empty.
    taxa: Vec<Cow<'a, str>>,
    /// By guid in lower case.
    guids: HashMap<String, usize>,
}

impl<'a> Taxonomy<'a> {
    fn read(piece: Piece<'a>) -> Self {
        let text: ComponentText<'a> = json_or_default(Some(piece));
        let guid = |(index, taxon): (usize, Piece<'a>)| Some((taxon.get_str("guid")?.to_ascii_lowercase(), index));
        let is_cwe = [&text.name, &text.full_name].into_iter().flatten().any(|name| is_cwe(name));
        Self {
            text,
            is_cwe,
            taxa: piece.list("taxa").map(|taxon| taxon.get_str("id").unwrap_or_default()).collect(),
            guids: piece.list("taxa").enumerate().filter_map(guid).collect(),
        }
    }

    /// What it calls the taxa that a reference names by index or guid.
    fn ids(&self, reference: &Reference<'a>) -> impl Iterator<Item = &str> {
        let index = reference.index.and_then(|index| usize::try_from(index).ok());
        let guid = reference.guid.as_deref().and_then(|guid| self.guids.get(&guid.to_ascii_lowercase()).copied());
        [index, guid].into_iter().flatten().filter_map(|index| self.taxa.get(index)).map(|id| &**id)
    }
}

impl<'a> List<'a> {
    fn of(pieces: impl Iterator<Item = Piece<'a>>) -> Self {
        let all: Vec<Taxonomy<'a>> = pieces.map(Taxonomy::read).collect();
        let names = Names::of(all.iter().map(|one| &one.text));
        Self { all, names }
    }

    fn named(&self, component: &ComponentReference<'a>) -> impl Iterator<Item = &Taxonomy<'a>> {
        let index = component.index.and_then(|index| usize::try_from(index).ok());
        let guid = component.guid.as_deref().and_then(|guid| self.names.by_guid(guid));
        let name = component.name.as_deref().and_then(|name| self.names.by_name(name));
        [index, guid, name].into_iter().flatten().filter_map(|index| self.all.get(index))
    }
}

impl<'a> Taxonomies<'a> {
    pub(super) fn read(run: Piece<'a>) -> Self {
        let tool = run.get("tool");
        let extensions = tool.into_iter().flat_map(|tool| tool.list("extensions"));
        Self {
            driver: List::of(tool.and_then(|tool| tool.get("driver")).into_iter()),
            lists: [List::of(run.list("taxonomies")), List::of(extensions)],
        }
    }

    /// The weaknesses that a reference may name; nothing where it is of another taxonomy.
    pub(super) fn weaknesses(&self, reference: &Reference<'a>) -> Vec<u32> {
        let component = reference.tool_component.as_ref();
        let meant: Vec<&Taxonomy<'a>> = match component {
            Some(component) => self.lists.iter().flat_map(|list| list.named(component)).collect(),
            None => self.driver.all.iter().collect(),
        };
        let name = component.and_then(|named| named.name.as_deref());
        // A taxonomy that nobody names may be that of weaknesses.
        let unnamed = component.is_some() && name.is_none() && meant.iter().all(|one| one.text.name.is_none());
        let is_cwe = unnamed || name.is_some_and(is_cwe) || meant.iter().any(|one| one.is_cwe);
        let ids = reference.id.as_deref().into_iter().chain(meant.iter().flat_map(|one| one.ids(reference)));
        let mut found = Vec::new();
        for id in ids {
            found.extend(id.trim().parse::<u32>().ok().filter(|_| is_cwe));
            name_weaknesses(id, &mut found);
        }
        found
    }
}

/// `CWE`, `CWE v4.2` and `Common Weakness Enumeration` are one taxonomy.
fn is_cwe(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.contains("cwe") || lower.contains("common weakness enumeration")
}

/// Whether a tag is the one that is wanted, whatever its case and the blanks around it.
pub(super) fn is_tag(tag: &str, wanted: &str) -> bool {
    let (tag, wanted) = (tag.trim(), wanted.trim());
    tag.eq_ignore_ascii_case(wanted) || (!wanted.is_ascii() && tag.to_lowercase() == wanted.to_lowercase())
}

/// The strings of a value that should be a list of them, and often is one string.
pub(super) fn words(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(all)) => all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

/// The weaknesses that tags and the member `cwe` of a bag name.
pub(super) fn weaknesses_of_bag(bag: &Bag) -> Vec<u32> {
    let mut found = Vec::new();
    words(bag.tags.as_ref()).iter().for_each(|tag| name_weaknesses(tag, &mut found));
    bag.cwe.iter().for_each(|value| numbers(value, &mut found));
    found
}

/// What stands in `cwe`: numbers, texts, or lists and maps of these.
fn numbers(value: &Value, found: &mut Vec<u32>) {
    match value {
        Value::Number(number) => {
            found.extend(number.as_f64().filter(|number| number.fract() == 0.0).map(|number| number as u32))
        }
        Value::String(text) => {
            found.extend(text.trim().parse::<u32>().ok());
            name_weaknesses(text, found);
        }
        Value::Array(all) => all.iter().for_each(|one| numbers(one, found)),
        Value::Object(all) => all.values().for_each(|one| numbers(one, found)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// `external/cwe/cwe-079`, `CWE-79`, `CWE:89`, `CWE89`, `CWE-79, 89` and `CWE-89: Improper ...` name weaknesses; a text may name
/// several.
fn name_weaknesses(text: &str, found: &mut Vec<u32>) {
    let lower = text.to_ascii_lowercase();
    for (at, word) in lower.match_indices("cwe") {
        let mut rest = after_signs(&lower[at + word.len()..]);
        rest = rest.strip_prefix("id").map_or(rest, after_signs);
        loop {
            let end = rest.find(|one: char| !one.is_ascii_digit()).unwrap_or(rest.len());
            found.extend(rest[..end].parse::<u32>().ok());
            let next = rest[end..].trim_start_matches([',', ';', '/', '|', '+', '&', ' ']);
            if end == 0 || next.len() == rest[end..].len() || !next.starts_with(|one: char| one.is_ascii_digit()) {
                break;
            }
            rest = next;
        }
    }
}

/// Behind a few signs, such as a hyphen.
fn after_signs(text: &str) -> &str {
    let end = text.char_indices().take(4).find(|(_, one)| one.is_alphanumeric()).map_or(0, |(at, _)| at);
    &text[end..]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_weaknesses_as_tools_write_them() {
        for (text, expected) in [
            ("external/cwe/cwe-079", vec![79]),
            ("CWE-79", vec![79]),
            ("CWE-89: Improper Neutralization", vec![89]),
            ("CWE:89", vec![89]),
            ("CWE89", vec![89]),
            ("cwe_089", vec![89]),
            ("CWE 89", vec![89]),
            ("CWE\u{2011}89", vec![89]),
            ("cwe-id: 89", vec![89]),
            ("CWE-79, CWE-89", vec![79, 89]),
            ("CWE-79, 89;564", vec![79, 89, 564]),
            ("https://cwe.mitre.org/data/definitions/89.html and CWE-90", vec![90]),
            ("cwe-", vec![]),
            ("cwe-99999999999999999999", vec![]),
            ("OWASP-A01", vec![]),
        ] {
            let mut found = Vec::new();
            name_weaknesses(text, &mut found);
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn reads_the_member_cwe_in_every_form() {
        for (cwe, expected) in [
            (json!([89]), vec![89]),
            (json!(89), vec![89]),
            (json!([89.0, "079"]), vec![89, 79]),
            (json!(["CWE-89: SQL", " 90 "]), vec![89, 90]),
            (json!([{"id": "CWE-89", "name": "x"}, {"id": 90}]), vec![89, 90]),
            (json!([-89.5, null, true, "none"]), vec![]),
        ] {
            let bag = Bag { cwe: Some(cwe.clone()), ..Bag::default() };
            assert_eq!(weaknesses_of_bag(&bag), expected, "{cwe}");
        }
    }

    #[test]
    fn compares_tags_without_case_and_blanks() {
        assert!(is_tag(" Security ", "security") && is_tag("SICHERHEITSLÜCKE", "Sicherheitslücke"));
        assert!(!is_tag("securit", "security") && !is_tag("sec urity", "security"));
    }

    #[test]
    fn finds_the_taxonomy_that_a_reference_names() {
        let run = r#"{"tool": {"driver": {"name": "S", "taxa": [{"id": "CWE-22"}]}, "extensions": [{"name": "CWE", "taxa": [{"id": "89"}]},
            {"name": "x", "fullName": "CWE v4.2", "guid": "AA", "taxa": [{"id": "90", "guid": "BB"}]}]}, "taxonomies":
            [{"name": "OWASP", "taxa": [{"id": "1"}]}, {"name": "Common Weakness Enumeration", "taxa": [{"id": "91"}]}]}"#;
        let text = crate::Text::read(run.as_bytes()).expect("JSON");
        let taxonomies = Taxonomies::read(text.root());
        for (reference, expected) in [
            (r#"{"index": 0, "toolComponent": {"name": "CWE"}}"#, vec![89]),
            (r#"{"id": "89", "toolComponent": {"name": "cwe"}}"#, vec![89]),
            (r#"{"id": "89", "toolComponent": {"name": "CWE v4.2"}}"#, vec![89]),
            (r#"{"index": 0, "toolComponent": {"guid": "aa"}}"#, vec![90]),
            (r#"{"guid": "bb", "toolComponent": {"name": "x"}}"#, vec![90]),
            (r#"{"index": 0, "toolComponent": {"name": "Common Weakness Enumeration"}}"#, vec![91]),
            (r#"{"index": 0, "toolComponent": {"index": 1}}"#, vec![91, 90]),
            (r#"{"id": "92", "toolComponent": {"guid": "nobody's"}}"#, vec![92]),
            (r#"{"id": "1", "toolComponent": {"name": "OWASP"}}"#, vec![]),
            (r#"{"id": "1", "toolComponent": {"name": "elsewhere"}}"#, vec![]),
            (r#"{"index": 0}"#, vec![22]),
            (r#"{"id": "22"}"#, vec![]),
        ] {
            let piece = crate::Text::read(reference.as_bytes()).expect("JSON");
            assert_eq!(taxonomies.weaknesses(&json_or_default(Some(piece.root()))), expected, "{reference}");
        }
    }
}
