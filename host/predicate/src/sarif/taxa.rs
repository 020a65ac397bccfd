//! Tags, and the weaknesses (CWE) that rules and results name in one of many ways.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;

use super::log::{Bag, ComponentText, Reference, json_or_default};
use crate::Piece;

/// The taxonomies of a run, to which taxa point.
pub(super) struct Taxonomies<'a> {
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
    /// Its taxa by their index; those without an id are empty.
    taxa: Vec<Cow<'a, str>>,
}

impl<'a> Taxonomies<'a> {
    pub(super) fn read(run: Piece<'a>) -> Self {
        let taxonomy = |piece: Piece<'a>| Taxonomy {
            text: json_or_default(Some(piece)),
            taxa: piece.list("taxa").map(|taxon| taxon.get_str("id").unwrap_or_default()).collect(),
        };
        let all: Vec<Taxonomy<'a>> = run.list("taxonomies").map(taxonomy).collect();
        let names = Names::of(all.iter().map(|one| &one.text));
        Self { all, names }
    }

    /// The weakness that a reference names; nothing where it is of another taxonomy.
    pub(super) fn weaknesses(&self, reference: &Reference<'a>) -> Option<u32> {
        let component = reference.tool_component.as_ref();
        let at = component.and_then(|named| usize::try_from(named.index?).ok());
        let by_guid = || self.names.by_guid(component?.guid.as_deref()?);
        let by_name = || self.names.by_name(component?.name.as_deref()?);
        let by_word = || self.all.get(by_name().or_else(by_guid)?);
        let taxonomy = at.and_then(|at| self.all.get(at)).or_else(by_word);
        let name = component.and_then(|named| named.name.as_deref());
        let name = name.or_else(|| taxonomy?.text.name.as_deref()).unwrap_or_default();
        let of_index = || {
            let index = usize::try_from(reference.index?).ok()?;
            taxonomy?.taxa.get(index).map(|id| &**id)
        };
        let id = reference.id.as_deref().or_else(of_index)?;
        if name.eq_ignore_ascii_case("cwe") { id.parse().ok().or_else(|| weakness(id)) } else { weakness(id) }
    }
}

/// Whether a tag is the one that is wanted, whatever its case and the blanks around it.
pub(super) fn is_tag(tag: &str, wanted: &str) -> bool {
    tag.trim().to_lowercase() == wanted.trim().to_lowercase()
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
    let tags = words(bag.tags.as_ref());
    let mut found: Vec<u32> = tags.iter().filter_map(|tag| weakness(tag)).collect();
    found.extend(words(bag.cwe.as_ref()).iter().filter_map(|one| one.parse().ok().or_else(|| weakness(one))));
    found
}

/// `external/cwe/cwe-079`, `CWE-79` and `CWE-89: Improper ...` name a weakness.
fn weakness(text: &str) -> Option<u32> {
    let lower = text.to_ascii_lowercase();
    let (_, rest) = lower.split_once("cwe-")?;
    let end = rest.find(|one: char| !one.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_weaknesses_as_tools_write_them() {
        for (text, number) in [
            ("external/cwe/cwe-079", Some(79)),
            ("CWE-79", Some(79)),
            ("CWE-89: Improper Neutralization", Some(89)),
            ("cwe-", None),
            ("cwe-99999999999999999999", None),
            ("OWASP-A01", None),
        ] {
            assert_eq!(weakness(text), number, "{text}");
        }
    }
}
