//! The elements of an SPDX 3 document, found by id.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use crate::sbom::reading::Tool;
use crate::sbom::{said, spdx_tool};
use crate::{Kind, MAX_COMPONENTS, MAX_DEPTH, MOST_MAKERS, Piece, Unreadable, shown};

/// Sets of licences of one document are followed to so many members in all: sets of sets of sets would have no end.
const MOST_MEMBERS: usize = 1_000_000;
/// The most bytes of all expressions that its licences come to: many sets may have one long member in common.
const MOST_LICENSES: usize = 32 * 1024 * 1024;

/// All elements.
pub(super) struct Elements<'a> {
    list: Vec<Piece<'a>>,
    ids: HashMap<Cow<'a, str>, Piece<'a>>,
    imported: HashSet<Cow<'a, str>>,
    /// How many more members of sets of licences may be looked at.
    members: Cell<usize>,
    /// How many more bytes their expressions may have.
    bytes: Cell<usize>,
}

/// One value, or the values of a list: JSON-LD takes them for the same.
pub(super) fn values<'a>(piece: Piece<'a>) -> impl Iterator<Item = Piece<'a>> {
    let one = (piece.kind() != Kind::List).then_some(piece);
    one.into_iter().chain(piece.elements())
}

/// External identifiers: type and text.
pub(super) fn external<'a>(piece: Piece<'a>) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> {
    let all = piece.get("externalIdentifier").into_iter().flat_map(values);
    all.filter_map(|one| Some((one.get_str("externalIdentifierType")?, one.get_str("identifier")?)))
}

/// Hashes: algorithm, value and place.
pub(super) fn hashes<'a>(piece: Piece<'a>) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>, Piece<'a>)> {
    let all = piece.get("verifiedUsing").into_iter().flat_map(values);
    all.filter_map(|one| Some((one.get_str("algorithm")?, one.get_str("hashValue")?, one)))
}

/// Packages of every profile.
pub(super) fn is_package(kind: &str) -> bool {
    matches!(kind, "software_Package" | "ai_AIPackage" | "dataset_DatasetPackage")
}

impl<'a> Elements<'a> {
    pub(super) fn read(root: Piece<'a>) -> Result<Self, Unreadable> {
        let graph = root.get("@graph").filter(|graph| graph.kind() == Kind::List);
        let graph = graph.ok_or_else(|| Unreadable::new("an SPDX 3 document without a `@graph` list says nothing"))?;
        let list: Vec<Piece<'a>> = graph.elements().take(4 * MAX_COMPONENTS).collect();
        if list.len() >= 4 * MAX_COMPONENTS {
            return Err(Unreadable::at("/@graph", format!("it has {} elements or more", list.len())));
        }
        let mut ids = HashMap::with_capacity(list.len());
        for &piece in &list {
            if let Some(id) = piece.get_str("spdxId").or_else(|| piece.get_str("@id")) {
                ids.entry(id).or_insert(piece);
            }
        }
        let imports = list.iter().flat_map(|piece| piece.get("import").into_iter().flat_map(values));
        let imported = imports.filter_map(|import| import.get_str("externalSpdxId")).collect();
        Ok(Self { list, ids, imported, members: Cell::new(MOST_MEMBERS), bytes: Cell::new(MOST_LICENSES) })
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Piece<'a>> {
        self.list.iter().copied()
    }

    pub(super) fn find(&self, id: &str) -> Option<Piece<'a>> {
        self.ids.get(id).copied()
    }

    fn of(&self, kind: &'static str) -> impl Iterator<Item = Piece<'a>> {
        self.all().filter(move |piece| piece.get("type").is_some_and(|found| found.is(kind)))
    }

    pub(super) fn relations(&self) -> impl Iterator<Item = Piece<'a>> {
        self.all().filter(|piece| piece.get_str("type").is_some_and(|kind| kind.ends_with("Relationship")))
    }

    pub(super) fn document(&self) -> Option<Piece<'a>> {
        self.of("SpdxDocument").next()
    }

    pub(super) fn creation(&self, element: Piece<'a>) -> Option<Piece<'a>> {
        let info = element.get("creationInfo")?;
        if info.kind() == Kind::Map { Some(info) } else { self.find(&info.str()?) }
    }

    pub(super) fn any_creation(&self) -> Option<Piece<'a>> {
        self.of("CreationInfo").next()
    }

    pub(super) fn name(&self, id: &str) -> Option<String> {
        said(self.find(id)?, "name").map(|name| shown(&name))
    }

    pub(super) fn lifecycles(&self) -> impl Iterator<Item = String> {
        let types = self.of("software_Sbom").filter_map(|sbom| sbom.get("software_sbomType"));
        types.flat_map(values).filter_map(Piece::shown)
    }

    /// What the document is about: its root elements, and in place of collections among them theirs. Each element is looked at
    /// once, however often it is named: lists of roots that name each other cost no more than they are long.
    pub(super) fn roots(&self) -> Vec<Piece<'a>> {
        let Some(document) = self.document() else { return Vec::new() };
        let own = document.get_str("spdxId");
        let described = self.relations().filter(|relation| {
            relation.get("relationshipType").is_some_and(|kind| kind.is("describes")) && relation.get_str("from") == own
        });
        let described = described.filter_map(|relation| relation.get("to")).flat_map(values);
        let top = document.get("rootElement").into_iter().flat_map(values).chain(described);
        let mut seen = HashSet::new();
        let mut next = |id: Piece<'a>| self.find(&id.str()?).filter(|element| seen.insert(element.index()));
        let mut open: Vec<Piece<'a>> = top.filter_map(&mut next).collect();
        let mut roots = Vec::new();
        while let Some(element) = open.pop() {
            match element.get("rootElement") {
                Some(inner) if values(inner).next().is_some() => open.extend(values(inner).filter_map(&mut next)),
                _ => roots.push(element),
            }
        }
        roots.sort_by_key(|piece| piece.index());
        roots
    }

    /// Elements of other documents, and the ones that the standard itself names.
    pub(super) fn elsewhere(&self, id: &str) -> bool {
        self.imported.contains(id)
            || id.starts_with("https://spdx.org/rdf/3.0")
            || id.starts_with("https://spdx.org/licenses/")
    }

    /// The expression that an element for a licence stands for.
    ///
    /// # Errors
    /// The sets of the document have more than [`MOST_MEMBERS`] members in all, or come to more than [`MOST_LICENSES`] bytes:
    /// leaving some out could hide a denied one.
    pub(super) fn license(&self, reference: Piece<'a>) -> Result<Option<Cow<'a, str>>, Unreadable> {
        let Some(id) = reference.str() else { return Ok(None) };
        let text = self.expression(&id, 0);
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

    fn expression(&self, id: &str, depth: usize) -> Option<Cow<'a, str>> {
        if self.bytes.get() == 0 {
            return None;
        }
        let text = self.expression_of(id, depth)?;
        self.bytes.set(self.bytes.get().saturating_sub(text.len()));
        Some(text)
    }

    fn expression_of(&self, id: &str, depth: usize) -> Option<Cow<'a, str>> {
        self.members.set(self.members.get().checked_sub(1)?);
        if let Some(listed) = id.strip_prefix("https://spdx.org/licenses/") {
            return Some(Cow::Owned(listed.to_owned()));
        }
        if id.ends_with("/NoAssertion")
            || id.ends_with("/NoAssertionLicense")
            || id.ends_with("/None")
            || id.ends_with("/NoneLicense")
        {
            return None;
        }
        let piece = self.find(id)?;
        let kind = piece.get_str("type").unwrap_or_default();
        match kind.rsplit('_').next().unwrap_or_default() {
            "LicenseExpression" => said(piece, "simplelicensing_licenseExpression"),
            "ConjunctiveLicenseSet" | "DisjunctiveLicenseSet" if depth < MAX_DEPTH => {
                let members = piece.get("expandedlicensing_member").into_iter().flat_map(values);
                let members = members.filter_map(|member| self.expression(&member.str()?, depth + 1));
                let joint = if kind.contains("Conjunctive") { ") AND (" } else { ") OR (" };
                Some(Cow::Owned(format!("({})", members.collect::<Vec<_>>().join(joint))))
            }
            "CustomLicense" | "SimpleLicensingText" => {
                // A text of its own is what a LicenseRef is for.
                let name = id.rsplit(['/', '#', ':']).next().unwrap_or_default();
                let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
                Some(Cow::Owned(format!("LicenseRef-{}", if plain && !name.is_empty() { name } else { "custom" })))
            }
            _ => said(piece, "name"),
        }
    }
}

/// Who and what made a document.
#[derive(Default)]
pub(super) struct Makers {
    pub(super) tools: Vec<Tool>,
    pub(super) authors: Vec<String>,
    pub(super) contact: bool,
}

impl Makers {
    pub(super) fn read(elements: &Elements<'_>, info: Piece<'_>) -> Self {
        let mut makers = Self::default();
        let named = |member: &str| {
            let all = info.get(member).into_iter().flat_map(values).filter_map(Piece::str);
            all.filter_map(|id| elements.find(&id)).take(MOST_MAKERS).collect::<Vec<_>>()
        };
        for tool in named("createdUsing") {
            makers.tools.extend(said(tool, "name").map(|name| spdx_tool(&name)));
        }
        for author in named("createdBy") {
            makers.authors.extend(said(author, "name").map(|name| shown(&name)));
            makers.contact |= external(author).any(|(kind, text)| &*kind == "email" || text.contains('@'));
        }
        makers
    }
}
