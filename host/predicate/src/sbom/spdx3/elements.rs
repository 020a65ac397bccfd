//! The elements of an SPDX 3 document, found by id.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use crate::sbom::reading::Tool;
use crate::sbom::{said, spdx_tool};
use crate::{Kind, MAX_COMPONENTS, MOST_MAKERS, Piece, Unreadable, shown};

/// All elements.
pub(super) struct Elements<'a> {
    list: Vec<Piece<'a>>,
    ids: HashMap<Cow<'a, str>, Piece<'a>>,
    imported: HashSet<Cow<'a, str>>,
    /// Ids that more than one element has.
    twice: HashSet<Cow<'a, str>>,
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
        let mut twice = HashSet::new();
        for &piece in &list {
            if let Some(id) = piece.get_str("spdxId").or_else(|| piece.get_str("@id")) {
                match ids.entry(id) {
                    Entry::Vacant(free) => {
                        free.insert(piece);
                    }
                    Entry::Occupied(taken) => {
                        twice.insert(taken.key().clone());
                    }
                }
            }
        }
        let imports = list.iter().flat_map(|piece| piece.get("import").into_iter().flat_map(values));
        let imported = imports.filter_map(|import| import.get_str("externalSpdxId")).collect();
        Ok(Self { list, ids, imported, twice })
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Piece<'a>> {
        self.list.iter().copied()
    }

    pub(super) fn find(&self, id: &str) -> Option<Piece<'a>> {
        self.ids.get(id).copied()
    }

    /// Whether several elements have that id: to JSON-LD they are one, which is all of them.
    pub(super) fn is_twice(&self, id: &str) -> bool {
        self.twice.contains(id)
    }

    pub(super) fn is_imported(&self, id: &str) -> bool {
        self.imported.contains(id)
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
