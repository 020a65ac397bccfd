//! Components of any format, counted one by one and let go.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::license::Licenses;
use super::reading::{Denied, Named, Offenders, Share};
use super::{Ask, label, purl};
use crate::{MAX_COMPONENTS, MOST_ALIKE, MOST_SHOWN, Piece, Unreadable, shown};

/// The type of a component for which nobody wrote one.
pub(crate) const UNSPECIFIED: &str = "unspecified";

/// So many types are told apart; beyond them only invalid documents go.
const MOST_TYPES: usize = 64;

/// What a component may say, as coverage counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    Name,
    Version,
    Supplier,
    Author,
    UniqueId,
    Purl,
    Cpe,
    License,
    LicenseValid,
    Hash,
    Sha256,
    Sha512,
    Dependencies,
    Filename,
    Executable,
    Archive,
    Structured,
    Uri,
}

const ELEMENTS: [(Element, &str); 18] = [
    (Element::Name, "name"),
    (Element::Version, "version"),
    (Element::Supplier, "supplier"),
    (Element::Author, "author"),
    (Element::UniqueId, "uniqueId"),
    (Element::Purl, "purl"),
    (Element::Cpe, "cpe"),
    (Element::License, "license"),
    (Element::LicenseValid, "licenseValid"),
    (Element::Hash, "hash"),
    (Element::Sha256, "sha256"),
    (Element::Sha512, "sha512"),
    (Element::Dependencies, "dependencies"),
    (Element::Filename, "filename"),
    (Element::Executable, "executable"),
    (Element::Archive, "archive"),
    (Element::Structured, "structured"),
    (Element::Uri, "uri"),
];

/// One component.
pub(crate) struct Component<'a> {
    pub(crate) piece: Piece<'a>,
    pub(crate) kind: Cow<'a, str>,
    pub(crate) name: Option<Cow<'a, str>>,
    pub(crate) version: Option<Cow<'a, str>>,
    pub(crate) purls: Vec<Cow<'a, str>>,
    /// Package URLs of what somebody found it to be, or to be made of: denied as its own, but nothing that it says of itself.
    pub(crate) others: Vec<Cow<'a, str>>,
    pub(crate) licenses: Vec<Cow<'a, str>>,
    /// What somebody found in it instead of reading what it says of itself.
    pub(crate) observed: Vec<Cow<'a, str>>,
    /// What else refers to it by, where that can tell it for the root.
    pub(crate) id: Option<Cow<'a, str>>,
    has: u32,
}

impl<'a> Component<'a> {
    pub(crate) fn new(piece: Piece<'a>, kind: Cow<'a, str>) -> Self {
        Self {
            piece,
            kind,
            name: None,
            version: None,
            purls: Vec::new(),
            others: Vec::new(),
            licenses: Vec::new(),
            observed: Vec::new(),
            id: None,
            has: 0,
        }
    }

    pub(crate) fn has(&mut self, element: Element, yes: bool) {
        if yes {
            self.has |= 1 << element as u32;
        }
    }

    /// A hash by the name of its algorithm.
    pub(crate) fn hash(&mut self, algorithm: &str) {
        self.has(Element::Hash, true);
        let algorithm: String = algorithm.chars().filter(char::is_ascii_alphanumeric).collect();
        self.has(Element::Sha256, algorithm.eq_ignore_ascii_case("sha256"));
        self.has(Element::Sha512, algorithm.eq_ignore_ascii_case("sha512"));
    }

    pub(crate) fn purl(&mut self, text: Cow<'a, str>) {
        if purl::parse(&text).is_some() {
            self.has(Element::Purl, true);
            self.has(Element::UniqueId, true);
        }
        self.purls.push(text);
    }

    /// It has a name: what has none could be anything, and is not listed by being there.
    fn says(&self) -> bool {
        self.name.as_deref().is_some_and(super::says)
    }

    fn label(&self) -> String {
        label(self.name.as_deref(), self.version.as_deref())
    }

    fn named(&self) -> Named {
        Named { component: self.label(), pointer: self.piece.pointer() }
    }
}

/// What was counted.
pub(crate) struct Tally<'k> {
    ask: &'k Ask,
    licenses: Licenses<'k>,
    pub(crate) components: usize,
    /// Those of them that are no files.
    pub(crate) listed: usize,
    seen: usize,
    roots: Roots,
    pub(crate) types: BTreeMap<String, usize>,
    of: usize,
    have: [usize; ELEMENTS.len()],
    missing: [Vec<Named>; ELEMENTS.len()],
    pub(crate) denied_components: Offenders<Denied>,
    /// Components with a package URL that cannot be held against patterns as every reader would.
    pub(crate) unreadable_purls: Offenders<Named>,
    pub(crate) denied_licenses: Offenders<Denied>,
    pub(crate) invalid_licenses: Offenders<Denied>,
    pub(crate) deprecated_licenses: Offenders<Denied>,
}

impl<'k> Tally<'k> {
    pub(crate) fn new(ask: &'k Ask) -> Self {
        Self {
            ask,
            licenses: Licenses::new(&ask.licenses),
            components: 0,
            listed: 0,
            seen: 0,
            roots: Roots::default(),
            types: BTreeMap::new(),
            of: 0,
            have: [0; ELEMENTS.len()],
            missing: Default::default(),
            denied_components: Offenders::default(),
            unreadable_purls: Offenders::default(),
            denied_licenses: Offenders::default(),
            invalid_licenses: Offenders::default(),
            deprecated_licenses: Offenders::default(),
        }
    }

    /// Remembers a root before anything is counted: who lists it again lists nothing.
    pub(crate) fn root(&mut self, component: &Component<'_>) {
        self.roots.add(component);
    }

    /// Counts a component that is not the root. One that says nothing, or repeats the root, is not listed, but lacks what it
    /// lacks.
    pub(crate) fn take(&mut self, mut component: Component<'_>) -> Result<(), Unreadable> {
        self.seen += 1;
        if self.seen > MAX_COMPONENTS {
            let what = format!("it lists more than {MAX_COMPONENTS} components; at most that many are read");
            return Err(Unreadable::at(component.piece.pointer(), what));
        }
        if component.says() && !self.roots.repeats(&component) {
            self.list(&component.kind);
        }
        self.judge(&mut component);
        if self.ask.counts(&component.kind) {
            self.cover(&component);
        }
        Ok(())
    }

    fn list(&mut self, kind: &str) {
        self.components += 1;
        self.listed += usize::from(!kind.eq_ignore_ascii_case("file"));
        match self.types.get_mut(kind) {
            Some(count) => *count += 1,
            None => {
                let kind = if self.types.len() < MOST_TYPES { shown(kind) } else { "other".to_owned() };
                *self.types.entry(kind).or_default() += 1;
            }
        }
    }

    /// Looks for what is denied, in the root too: an image may be denied for its own licence.
    pub(crate) fn judge(&mut self, component: &mut Component<'_>) {
        let patterns = &self.ask.components;
        let own = component.purls.iter().map(|text| (text, component.version.as_deref()));
        let all = own.chain(component.others.iter().map(|text| (text, None))).filter(|_| !patterns.is_empty());
        let purls = all.filter_map(|(text, version)| Some((purl::parse(text)?.plain(), version)));
        let pattern = purls
            .into_iter()
            .find_map(|(purl, version)| patterns.iter().find(|pattern| pattern.matches(&purl, version)));
        if let Some(pattern) = pattern {
            self.denied_components.add(|| denied(component, Some(&pattern.text), None));
        }
        if component.purls.iter().chain(&component.others).any(|text| !purl::is_strict(text)) {
            self.unreadable_purls.add(|| component.named());
        }
        let mut valid = !component.licenses.is_empty();
        let (mut some, mut offenders) = (false, [None; 3]);
        for (index, text) in component.licenses.iter().enumerate() {
            let verdict = self.licenses.judge(text);
            valid &= verdict.valid;
            some |= verdict.says;
            if let Some(pattern) = verdict.denied {
                offenders[0] = offenders[0].or(Some((index, pattern)));
            }
            if verdict.says && !verdict.valid {
                offenders[1] = offenders[1].or(Some((index, 0)));
            }
            if verdict.deprecated {
                offenders[2] = offenders[2].or(Some((index, 0)));
            }
        }
        for (index, text) in component.observed.iter().enumerate() {
            let pattern = self.licenses.judge(text).denied;
            let index = component.licenses.len() + index;
            offenders[0] = offenders[0].or(pattern.map(|pattern| (index, pattern)));
        }
        component.has(Element::License, some);
        component.has(Element::LicenseValid, valid && some);
        let license =
            |index: usize| component.licenses.iter().chain(&component.observed).nth(index).map(|text| shown(text));
        let lists = [&mut self.denied_licenses, &mut self.invalid_licenses, &mut self.deprecated_licenses];
        for ((list, offender), patterned) in lists.into_iter().zip(offenders).zip([true, false, false]) {
            if let Some((index, pattern)) = offender {
                let pattern = self.ask.licenses.get(pattern).filter(|_| patterned).map(|pattern| pattern.text.as_str());
                list.add(|| denied(component, pattern, license(index)));
            }
        }
    }

    fn cover(&mut self, component: &Component<'_>) {
        self.of += 1;
        for (index, (element, _)) in ELEMENTS.iter().enumerate() {
            if component.has & (1 << *element as u32) != 0 {
                self.have[index] += 1;
            } else if self.missing[index].len() < MOST_SHOWN {
                self.missing[index].push(component.named());
            }
        }
    }

    pub(crate) fn coverage(&mut self) -> Vec<(&'static str, Share)> {
        let missing = std::mem::take(&mut self.missing);
        let shares = ELEMENTS.iter().zip(self.have).zip(missing);
        shares.map(|(((_, name), have), missing)| (*name, Share { have, of: self.of, missing })).collect()
    }
}

/// What a document is about, by name.
#[derive(Default)]
struct Roots {
    names: HashMap<String, Vec<Known>>,
    ids: HashSet<String>,
}

/// Version and package URLs of a root.
struct Known {
    version: Option<String>,
    purls: Vec<String>,
}

impl Roots {
    fn add(&mut self, component: &Component<'_>) {
        self.ids.extend(component.id.as_deref().map(str::to_owned));
        let Some(name) = &component.name else { return };
        let alike = self.names.entry(name.trim().to_lowercase()).or_default();
        if alike.len() < MOST_ALIKE {
            let purls = component.purls.iter().map(|purl| purl.trim().to_owned()).take(MOST_ALIKE).collect();
            alike.push(Known { version: component.version.as_deref().map(|version| version.trim().to_owned()), purls });
        }
    }

    /// Whether a component is a root, or says nothing that a root does not.
    fn repeats(&self, component: &Component<'_>) -> bool {
        if component.id.as_deref().is_some_and(|id| self.ids.contains(id)) {
            return true;
        }
        let alike = component.name.as_deref().and_then(|name| self.names.get(&name.trim().to_lowercase()));
        alike.into_iter().flatten().any(|known| {
            let own = component.version.as_deref().map(str::trim);
            (own.is_none() || own == known.version.as_deref())
                && component.purls.iter().all(|purl| known.purls.iter().any(|known| known == purl.trim()))
        })
    }
}

fn denied(component: &Component<'_>, pattern: Option<&str>, license: Option<String>) -> Denied {
    Denied {
        pattern: pattern.map(str::to_owned),
        license,
        component: component.label(),
        pointer: component.piece.pointer(),
    }
}
