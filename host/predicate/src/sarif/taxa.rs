//! Tags, and the weaknesses (CWE) that rules and results name in one of many ways.

use std::borrow::Cow;

use serde_json::Value;

use super::log::{Bag, ComponentText, Reference, json_or_default};
use crate::Piece;

/// The taxonomies of a run, to which taxa point.
pub(super) struct Taxonomies<'a>(Vec<Taxonomy<'a>>);

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
        Self(run.list("taxonomies").map(taxonomy).collect())
    }

    /// The weakness that a reference names; nothing where it is of another taxonomy.
    pub(super) fn weakness(&self, reference: &Reference<'a>) -> Option<u32> {
        let component = reference.tool_component.as_ref();
        let at = component.and_then(|named| usize::try_from(named.index?).ok());
        let by_guid = || {
            let guid = component?.guid.as_deref()?;
            self.0.iter().find(|one| one.text.guid.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(guid)))
        };
        let by_name = || {
            let name = component?.name.as_deref()?;
            self.0.iter().find(|one| one.text.name.as_deref() == Some(name))
        };
        let taxonomy = at.and_then(|at| self.0.get(at)).or_else(by_name).or_else(by_guid);
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
