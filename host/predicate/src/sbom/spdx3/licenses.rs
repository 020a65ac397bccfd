//! The licences of an SPDX 3 document: elements that stand for expressions, written as the text of one.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use super::elements::{Elements, values};
use crate::sbom::license::{UNREADABLE, listed};
use crate::sbom::{said, says};
use crate::{MAX_DEPTH, Piece, Unreadable, shown};

/// Sets of licences of one document are followed to so many members in all: sets of sets of sets would have no end.
const MOST_MEMBERS: usize = 1_000_000;
/// The most bytes of all expressions that its licences come to: many sets may have one long member in common.
const MOST_LICENSES: usize = 32 * 1024 * 1024;

/// What references to licences come to.
pub(super) struct Licenses<'e, 'a> {
    elements: &'e Elements<'a>,
    /// How many more members of sets of licences may be looked at.
    members: Cell<usize>,
    /// How many more bytes their expressions may have.
    bytes: Cell<usize>,
    /// Expressions whose own ids are names for licences of the list, by element.
    renamed: RefCell<HashMap<u32, String>>,
}

impl<'e, 'a> Licenses<'e, 'a> {
    pub(super) fn new(elements: &'e Elements<'a>) -> Self {
        let renamed = RefCell::default();
        Self { elements, members: Cell::new(MOST_MEMBERS), bytes: Cell::new(MOST_LICENSES), renamed }
    }

    /// The expression that a reference to a licence stands for; none where it says nothing.
    ///
    /// # Errors
    /// The sets of the document have more than [`MOST_MEMBERS`] members in all, or come to more than [`MOST_LICENSES`] bytes:
    /// leaving some out could hide a denied one.
    pub(super) fn read(&self, reference: Piece<'a>) -> Result<Option<Cow<'a, str>>, Unreadable> {
        let text = self.meant(Some(reference), 0);
        if self.members.get() == 0 {
            let what = format!("its sets of licences have more than {MOST_MEMBERS} members in all");
            return Err(Unreadable::at(reference.pointer(), what));
        }
        if self.bytes.get() == 0 {
            let what = format!("the expressions of its licences have more than {MOST_LICENSES} bytes in all");
            return Err(Unreadable::at(reference.pointer(), what));
        }
        Ok(text)
    }

    /// The same for a reference anywhere. What stands there and is no reference is as unreadable as one to nothing.
    fn meant(&self, reference: Option<Piece<'a>>, depth: usize) -> Option<Cow<'a, str>> {
        if self.bytes.get() == 0 {
            return None;
        }
        self.members.set(self.members.get().checked_sub(1)?);
        let text = match reference.and_then(Piece::str) {
            Some(id) => self.expression(&id, depth)?,
            None => unreadable("no reference to an element"),
        };
        self.bytes.set(self.bytes.get().saturating_sub(text.len()));
        Some(text)
    }

    fn expression(&self, id: &str, depth: usize) -> Option<Cow<'a, str>> {
        if let Some(listed) = on_the_list(id) {
            return Some(Cow::Owned(listed.to_owned()));
        }
        let piece = match self.elements.find(id).filter(|_| depth < MAX_DEPTH && !self.elements.is_twice(id)) {
            Some(piece) => piece,
            None if self.elements.find(id).is_some() => return Some(unreadable(id)),
            None if says_nothing(id) => return None,
            // Another document has it, as with `DocumentRef-` in SPDX 2.
            None if self.elements.is_imported(id) => return Some(own(id)),
            None => return Some(unreadable(id)),
        };
        let kind = piece.get_str("type").unwrap_or_default();
        match &*kind {
            "simplelicensing_LicenseExpression" => self.written(piece, depth),
            "expandedlicensing_ConjunctiveLicenseSet" => self.set(piece, ") AND (", id, depth),
            "expandedlicensing_DisjunctiveLicenseSet" => self.set(piece, ") OR (", id, depth),
            "expandedlicensing_OrLaterOperator" => {
                let subject = self.meant(piece.get("expandedlicensing_subjectLicense"), depth + 1);
                Some(subject.and_then(|subject| or_later(&subject)).map_or_else(|| unreadable(id), Cow::Owned))
            }
            "expandedlicensing_WithAdditionOperator" => {
                let subject = self.meant(piece.get("expandedlicensing_subjectExtendableLicense"), depth + 1);
                let addition = piece.get_str("expandedlicensing_subjectAddition");
                let addition = addition.as_deref().and_then(|addition| self.addition(addition));
                let addition = addition.unwrap_or_else(|| unreadable(id).into_owned());
                Some(match subject {
                    Some(subject) => Cow::Owned(format!("{subject} WITH {addition}")),
                    None => unreadable(id),
                })
            }
            "expandedlicensing_ListedLicense" => Some(named(piece).unwrap_or_else(|| unreadable(id))),
            // A text of its own is what a LicenseRef is for.
            "expandedlicensing_CustomLicense" | "simplelicensing_SimpleLicensingText" => {
                Some(named(piece).unwrap_or_else(|| own(id)))
            }
            "expandedlicensing_IndividualLicensingInfo" if said(piece, "name").is_none() || says_nothing(id) => None,
            "IndividualElement" if says_nothing(id) => None,
            _ => Some(unreadable(id)),
        }
    }

    fn set(&self, piece: Piece<'a>, joint: &str, id: &str, depth: usize) -> Option<Cow<'a, str>> {
        let mut members = piece.get("expandedlicensing_member").into_iter().flat_map(values).peekable();
        if members.peek().is_none() {
            return Some(unreadable(id));
        }
        let members: Vec<_> = members.filter_map(|member| self.meant(Some(member), depth + 1)).collect();
        (!members.is_empty()).then(|| Cow::Owned(format!("({})", members.join(joint))))
    }

    /// A written expression, in which an id of its own may stand for a licence that has a name.
    fn written(&self, piece: Piece<'a>, depth: usize) -> Option<Cow<'a, str>> {
        let Some(text) = piece.get_str("simplelicensing_licenseExpression") else { return Some(unreadable("no text")) };
        let Some(entries) = piece.get("simplelicensing_customIdToUri") else {
            return Some(text).filter(|text| says(text));
        };
        if let Some(known) = self.renamed.borrow().get(&piece.index()) {
            return Some(Cow::Owned(known.clone())).filter(|text| says(text));
        }
        let mut meanings = HashMap::new();
        for entry in values(entries) {
            let meaning = self.meant(entry.get("value"), depth + 1);
            let meaning = meaning.filter(|text| !text.contains(UNREADABLE) && !text.starts_with("LicenseRef-"));
            if let (Some(key), Some(meaning)) = (entry.get_str("key"), meaning) {
                meanings.insert(key, meaning);
            }
        }
        // One long meaning may stand for many words.
        let Some(text) = renamed(&text, &meanings, self.bytes.get()) else {
            self.bytes.set(0);
            return None;
        };
        self.bytes.set(self.bytes.get().saturating_sub(text.len()));
        self.renamed.borrow_mut().insert(piece.index(), text.clone());
        Some(Cow::Owned(text)).filter(|text| says(text))
    }

    /// What stands behind `WITH`.
    fn addition(&self, id: &str) -> Option<String> {
        if let Some(listed) = on_the_list(id) {
            return Some(listed.to_owned());
        }
        let piece = self.elements.find(id).filter(|_| !self.elements.is_twice(id))?;
        match &*piece.get_str("type")? {
            "expandedlicensing_CustomLicenseAddition" => Some(format!("AdditionRef-{}", last(id)?)),
            "expandedlicensing_ListedLicenseException" => {
                let name = said(piece, "name")?;
                Some(spdx::exception_id(name.trim())?.name.to_owned())
            }
            _ => None,
        }
    }
}

/// What no reader can make a licence of: no expression, and not free of any licence that is denied.
fn unreadable(what: &str) -> Cow<'static, str> {
    Cow::Owned(format!("{UNREADABLE}{})", shown(what)))
}

/// The id in the address of a licence or exception of SPDX's list.
fn on_the_list(id: &str) -> Option<&str> {
    let lower = id.to_ascii_lowercase();
    let start = ["https://", "http://"].into_iter().find(|scheme| lower.starts_with(scheme))?.len();
    let start = start + if lower[start..].starts_with("www.") { 4 } else { 0 };
    let rest = lower[start..].starts_with("spdx.org/licenses/").then(|| &id[start + "spdx.org/licenses/".len()..])?;
    let rest = rest.trim_end_matches('/');
    Some([".html", ".json", ".txt", ".jsonld"].into_iter().find_map(|end| rest.strip_suffix(end)).unwrap_or(rest))
}

/// The elements of the standard by which nothing is said.
fn says_nothing(id: &str) -> bool {
    let own = id.starts_with("https://spdx.org/") || id.starts_with("https://rdf.spdx.org/");
    own && ["NoAssertion", "NoAssertionLicense", "None", "NoneLicense", "NoAssertionElement", "NoneElement"]
        .contains(&id.rsplit(['/', '#']).next().unwrap_or_default())
}

/// The licence of the list that an element is called after.
fn named<'a>(piece: Piece<'a>) -> Option<Cow<'a, str>> {
    listed(&said(piece, "name")?).map(Cow::Borrowed)
}

fn last(id: &str) -> Option<&str> {
    let name = id.rsplit(['/', '#', ':']).next().unwrap_or_default();
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    Some(name).filter(|name| plain && !name.is_empty())
}

fn own(id: &str) -> Cow<'static, str> {
    Cow::Owned(format!("LicenseRef-{}", last(id).unwrap_or("custom")))
}

/// A licence in this version or any later one.
fn or_later(text: &str) -> Option<String> {
    if text.contains([' ', '(']) {
        return None;
    }
    Some(match text.strip_suffix("-only") {
        Some(base) => format!("{base}-or-later"),
        None if text.ends_with("-or-later") || text.ends_with('+') || text.contains("LicenseRef-") => text.to_owned(),
        None => format!("{text}+"),
    })
}

/// A text with words of its own replaced by what they stand for; none where that comes to more than so many bytes.
fn renamed(text: &str, meanings: &HashMap<Cow<'_, str>, Cow<'_, str>>, most: usize) -> Option<String> {
    let is_part = |one: char| one.is_ascii_alphanumeric() || "-.+:_".contains(one);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.find(|one| !is_part(one)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(word);
        match meanings.get(word) {
            Some(meaning) if meaning.contains(' ') => out.extend(["(", meaning, ")"]),
            Some(meaning) => out.push_str(meaning),
            None => out.push_str(word),
        }
        let gap = behind.find(is_part).unwrap_or(behind.len());
        let (gap, behind) = behind.split_at(gap);
        out.push_str(gap);
        if out.len() > most {
            return None;
        }
        rest = behind;
    }
    Some(out)
}
