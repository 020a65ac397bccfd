//! Dated, owned exceptions.

use portcullis_model::{Document, Kind, NodeId, Place, Review, SubjectKind, format_time, parse_expiry};

use crate::error::{Complaint, quote, sort};
use crate::fields::{Fields, MAX_COMPLAINTS};
use crate::meant::kind_for;
use crate::pattern::Patterns;
use crate::select::is_namespace;
use crate::set::{is_of_kind, read_head, read_rule};

/// Waivers that may be loaded at once.
pub const MAX_WAIVERS: usize = 10_000;

/// One exception: these findings of this policy, for these subjects, until then, and somebody answers for it.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// Its name, unique among the loaded ones.
    pub name: String,
    /// The policy set it holds in; absent: any.
    pub policy_set: Option<String>,
    /// The policy, by its name in the set.
    pub policy: String,
    /// The plugin of the rule, where the waiver names it (`plugin/rule`).
    pub plugin: Option<String>,
    /// The rule's id.
    pub rule: String,
    /// Who answers for it.
    pub owner: String,
    /// Where it was agreed.
    pub ticket: String,
    /// Why.
    pub reason: String,
    /// As written.
    pub expires: String,
    /// The first second in which it does nothing any more, since 1970-01-01T00:00:00Z.
    pub expires_at: i64,
    /// Where it begins.
    pub place: Option<Place>,
    /// Where it says what it is for.
    pub places: WaiverPlaces,
    covers: Covers,
}

/// Where a waiver says what it is for, so that a complaint about it points there.
#[derive(Clone, Debug, Default)]
pub struct WaiverPlaces {
    /// Its `policySet`.
    pub policy_set: Option<Place>,
    /// Its `policy`.
    pub policy: Option<Place>,
    /// Its `rule`.
    pub rule: Option<Place>,
}

/// What a waiver covers: every list that is there must match; the lists are never mixed with those of another waiver.
#[derive(Clone, Debug, Default)]
struct Covers {
    namespaces: Option<Patterns>,
    kinds: Option<Patterns>,
    names: Option<Patterns>,
}

/// What there is for a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaiverMatch {
    /// The waiver of this name covers it.
    Active(String),
    /// The waiver of this name covered it until then (RFC 3339, UTC); the finding stands.
    Expired(String, String),
    /// Nothing.
    None,
}

/// All loaded waivers, by name.
#[derive(Clone, Debug, Default)]
pub struct Waivers {
    waivers: Vec<Waiver>,
}

impl Waivers {
    /// Reads `Waiver` documents. Which file came first makes no difference.
    ///
    /// # Errors
    /// Every complaint about any of them, at most [`MAX_COMPLAINTS`], by file and place.
    pub fn parse(documents: &[Document]) -> Result<Self, Vec<Complaint>> {
        let mut waivers: Vec<Waiver> = Vec::new();
        let mut complaints: Vec<Complaint> = Vec::new();
        for document in documents.iter().take(MAX_WAIVERS) {
            let fields = Fields::new(document);
            let waiver = read_waiver(&fields);
            complaints.extend(fields.finish());
            waivers.extend(waiver);
        }
        if let Some(document) = documents.get(MAX_WAIVERS) {
            let place = document.place(NodeId::ROOT);
            complaints.push(Complaint::wrong(format!("more than {MAX_WAIVERS} waivers"), place));
        }
        // Stable: of two with one name, the second as given is complained about.
        waivers.sort_by(|left, right| left.name.cmp(&right.name));
        for pair in waivers.windows(2).filter(|pair| pair[0].name == pair[1].name) {
            let message = format!("a second waiver {}", quote(&pair[1].name));
            complaints
                .push(Complaint::wrong(message, pair[1].place.clone()).hint("every waiver needs a name of its own"));
        }
        sort(&mut complaints);
        complaints.truncate(MAX_COMPLAINTS);
        if complaints.is_empty() { Ok(Self { waivers }) } else { Err(complaints) }
    }

    /// The waiver for one finding: of those that are in force, the first by name; else an expired one.
    ///
    /// `plugin` is the plugin's name, with or without its digest. One waiver must cover the finding by itself.
    pub fn find(&self, set: &str, policy: &str, plugin: &str, rule: &str, review: &Review) -> WaiverMatch {
        let plugin = plugin.split('@').next().unwrap_or(plugin);
        let covers = |waiver: &&Waiver| waiver.covers(set, policy, plugin, rule, review);
        let mut covering = self.waivers.iter().filter(covers);
        let mut expired = None;
        for waiver in &mut covering {
            if review.time < waiver.expires_at {
                return WaiverMatch::Active(waiver.name.clone());
            }
            expired.get_or_insert(waiver);
        }
        match expired {
            Some(waiver) => WaiverMatch::Expired(waiver.name.clone(), format_time(waiver.expires_at)),
            None => WaiverMatch::None,
        }
    }

    /// Those that do nothing any more at this time (seconds since 1970-01-01T00:00:00Z), by name.
    pub fn expired(&self, time: i64) -> Vec<&Waiver> {
        self.waivers.iter().filter(|waiver| waiver.expires_at <= time).collect()
    }

    /// Those that are in force at this time (seconds since 1970-01-01T00:00:00Z), by name.
    pub fn in_force(&self, time: i64) -> impl Iterator<Item = &Waiver> {
        self.waivers.iter().filter(move |waiver| time < waiver.expires_at)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Waiver> {
        self.waivers.iter()
    }
}

impl Waiver {
    fn covers(&self, set: &str, policy: &str, plugin: &str, rule: &str, review: &Review) -> bool {
        let request = &review.request;
        let fits = |patterns: &Option<Patterns>, text: &str| {
            patterns.as_ref().is_none_or(|patterns| !text.is_empty() && patterns.matches_name(text))
        };
        // A Namespace is covered by its own name, never as an object inside itself (A53).
        let namespace = if is_namespace(review) { "" } else { &request.namespace };
        let name = match review.subject.kind_of {
            SubjectKind::Object => &request.name,
            SubjectKind::Document => &review.subject.name,
        };
        self.policy_set.as_deref().is_none_or(|own| own == set)
            && self.policy == policy
            && self.plugin.as_deref().is_none_or(|own| own == plugin)
            && self.rule == rule
            && fits(&self.covers.namespaces, namespace)
            && fits(&self.covers.kinds, &request.kind.kind)
            && match review.subject.kind_of {
                SubjectKind::Object => fits(&self.covers.names, name),
                // A path, which the system bounds.
                SubjectKind::Document => {
                    self.covers.names.as_ref().is_none_or(|names| !name.is_empty() && names.matches(name))
                }
            }
    }
}

fn read_waiver(fields: &Fields) -> Option<Waiver> {
    if !is_of_kind(fields, "Waiver") {
        return None;
    }
    let name = read_head(fields);
    let spec = fields.required(NodeId::ROOT, "spec")?;
    let known = ["policySet", "policy", "rule", "covers", "owner", "ticket", "reason", "expires"];
    if !fields.expect_map(spec, &known) {
        return None;
    }
    let policy_set = fields.get(spec, "policySet").and_then(|node| fields.text(node));
    let policy = fields.required_text(spec, "policy");
    let rule =
        fields.required_text(spec, "rule").and_then(|text| read_rule(fields, fields.document.find(spec, "rule"), text));
    let covers = read_covers(fields, spec);
    let owner = fields.required_text(spec, "owner");
    let ticket = fields.required_text(spec, "ticket");
    let reason = fields.required_text(spec, "reason");
    let expires = fields.required_text(spec, "expires");
    let expires_at = expires.and_then(|text| {
        let parsed = parse_expiry(text);
        if parsed.is_none() {
            let hint = "write a date (`2026-12-31`, the end of that day in UTC) or a time (`2026-12-31T12:00:00Z`)";
            fields.wrong_hint(fields.document.find(spec, "expires"), format!("{} is not a date", quote(text)), hint);
        }
        parsed
    });
    let (plugin, rule) = rule?;
    let place = |key: &str| fields.document.place(fields.document.find(spec, key));
    Some(Waiver {
        name: name?.to_owned(),
        policy_set: policy_set.map(str::to_owned),
        policy: policy?.to_owned(),
        plugin,
        rule,
        owner: owner?.to_owned(),
        ticket: ticket?.to_owned(),
        reason: reason?.to_owned(),
        expires: expires?.to_owned(),
        expires_at: expires_at?,
        place: fields.document.place(fields.document.walk(NodeId::ROOT, &["metadata", "name"])),
        places: WaiverPlaces { policy_set: place("policySet"), policy: place("policy"), rule: place("rule") },
        covers: covers?,
    })
}

fn read_covers(fields: &Fields, spec: NodeId) -> Option<Covers> {
    let hint = "name `namespaces`, `kinds` or `names`, or write `everything: true`";
    let Some(node) = fields.get(spec, "covers") else {
        fields.wrong_hint(spec, "`spec` has no `covers`", hint);
        return None;
    };
    if !fields.expect_map(node, &["namespaces", "kinds", "names", "everything"]) {
        return None;
    }
    let lists = ["namespaces", "kinds", "names"].map(|key| read_patterns(fields, node, key));
    let everything = fields.get(node, "everything").and_then(|flag| fields.flag(flag)).unwrap_or(false);
    match (lists.iter().any(Option::is_some), everything) {
        (false, false) => fields.wrong_hint(node, "`covers` names nothing", hint),
        (true, true) => fields.wrong(node, "`everything: true` and a list contradict each other"),
        _ => {}
    }
    let [namespaces, kinds, names] = lists;
    Some(Covers { namespaces, kinds, names })
}

fn read_patterns(fields: &Fields, covers: NodeId, key: &str) -> Option<Patterns> {
    let node = fields.get(covers, key)?;
    if fields.document.kind(node) == Kind::List && fields.document.len(node) == 0 {
        fields.wrong(node, format!("`{key}` is empty, so this waiver would cover nothing"));
    }
    let patterns = fields.texts(covers, key).unwrap_or_default();
    if key == "kinds" {
        for &(item, written) in patterns.iter().filter(|(_, text)| text.starts_with(|c: char| c.is_ascii_lowercase())) {
            let message = format!("{} is not a kind; a kind begins with a capital", quote(written));
            fields.wrong_hint(item, message, format!("did you mean {}?", quote(&kind_for(written))));
        }
    }
    // A list that cannot be read stays a list that matches nothing, never one that is absent.
    Some(Patterns::read(fields, &patterns))
}

#[cfg(test)]
mod tests;
