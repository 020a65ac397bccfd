//! How many reviews namespaces may have at the webhook, in named tiers.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use portcullis_model::{Document, Kind, NodeId};

use crate::error::{Complaint, quote};
use crate::fields::Fields;
use crate::labels::check_key;
use crate::set::{is_of_kind, read_head, read_name};

/// The label whose value is the tier of a namespace where a document has no `namespaceLabel`.
pub const DEFAULT_TIER_LABEL: &str = "portcullis.dev/tier";
/// The tier that limits nothing, and the default of namespaces without one.
pub const UNLIMITED: &str = "unlimited";
/// Tiers of one document.
pub const MAX_TIERS: usize = 100;

/// How many reviews a namespace may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// Its name.
    pub name: String,
    /// Reviews a minute, on average.
    pub per_minute: Option<NonZeroU32>,
    /// Reviews a day (UTC).
    pub per_day: Option<NonZeroU32>,
    /// Reviews at once, after a pause that was long enough. As many as a minute has where nothing is written.
    pub burst: NonZeroU32,
}

/// Which namespace has which tier.
#[derive(Clone, Debug, Default)]
pub struct RateLimits {
    /// The label of the Namespace that names its tier.
    pub namespace_label: String,
    default: Option<String>,
    tiers: BTreeMap<String, Tier>,
}

impl RateLimits {
    /// Reads a `RateLimits` document.
    ///
    /// # Errors
    /// Every complaint about it, by place.
    pub fn parse(document: &Document) -> Result<Self, Vec<Complaint>> {
        let fields = Fields::new(document);
        let limits = read(&fields);
        let complaints = fields.finish();
        match limits {
            Some(limits) if complaints.is_empty() => Ok(limits),
            _ => Err(complaints),
        }
    }

    /// The tier of a namespace with these labels; nothing where it is not limited. A tier that nobody defined is the
    /// default one: who mistypes a label is not freed by it.
    pub fn tier(&self, labels: Option<&BTreeMap<String, String>>) -> Option<&Tier> {
        let named = labels.and_then(|labels| labels.get(&self.namespace_label)).map(String::as_str);
        match named {
            Some(UNLIMITED) => None,
            named => named.and_then(|name| self.tiers.get(name)).or_else(|| self.tiers.get(self.default.as_ref()?)),
        }
    }

    /// The names of all tiers, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tiers.keys().map(String::as_str)
    }
}

fn read(fields: &Fields) -> Option<RateLimits> {
    if !is_of_kind(fields, "RateLimits") {
        return None;
    }
    read_head(fields);
    let spec = fields.required(NodeId::ROOT, "spec")?;
    if !fields.expect_map(spec, &["namespaceLabel", "default", "tiers"]) {
        return None;
    }
    let label = fields.get(spec, "namespaceLabel").and_then(|node| {
        let text = fields.text(node)?;
        check_key(fields, node, text);
        Some(text)
    });
    fields.required(spec, "tiers");
    let items = fields.list(spec, "tiers").unwrap_or_default();
    if let Some(&node) = items.get(MAX_TIERS) {
        fields.wrong(node, format!("more than {MAX_TIERS} tiers"));
    }
    let mut tiers = BTreeMap::new();
    for node in items.into_iter().take(MAX_TIERS) {
        let Some(tier) = read_tier(fields, node) else { continue };
        if tier.name == UNLIMITED {
            let message = format!("the tier {} cannot be defined", quote(UNLIMITED));
            fields.wrong_hint(fields.document.find(node, "name"), message, "it is the one that limits nothing");
        } else if tiers.contains_key(&tier.name) {
            let message = format!("a second tier {}", quote(&tier.name));
            fields.wrong_hint(fields.document.find(node, "name"), message, "every tier needs a name of its own");
        } else {
            tiers.insert(tier.name.clone(), tier);
        }
    }
    let default = fields.get(spec, "default").and_then(|node| {
        let words: Vec<(&str, &str)> =
            tiers.keys().map(String::as_str).chain([UNLIMITED]).map(|name| (name, name)).collect();
        fields.word(node, &words)
    });
    let default = default.filter(|name| *name != UNLIMITED).map(str::to_owned);
    Some(RateLimits { namespace_label: label.unwrap_or(DEFAULT_TIER_LABEL).to_owned(), default, tiers })
}

fn read_tier(fields: &Fields, node: NodeId) -> Option<Tier> {
    if !fields.expect_map(node, &["name", "reviewsPerMinute", "reviewsPerDay", "burst"]) {
        return None;
    }
    let name = read_name(fields, node);
    let number = |key| fields.get(node, key).map(|found| read_number(fields, found));
    let (per_minute, per_day, burst) = (number("reviewsPerMinute"), number("reviewsPerDay"), number("burst"));
    if per_minute.is_none() && per_day.is_none() {
        let hint = "write `reviewsPerMinute: ..`, `reviewsPerDay: ..` or both";
        fields.wrong_hint(node, format!("{} limits nothing", fields.name(node)), hint);
    }
    if per_minute.is_none() && burst.is_some() {
        let hint = "a burst is what may come at once of `reviewsPerMinute`";
        fields.wrong_hint(fields.document.find(node, "burst"), "`burst` without `reviewsPerMinute`", hint);
    }
    let per_minute = per_minute.flatten();
    let burst = burst.flatten().or(per_minute).unwrap_or(NonZeroU32::MIN);
    Some(Tier { name: name?.to_owned(), per_minute, per_day: per_day.flatten(), burst })
}

/// A whole number from 1.
fn read_number(fields: &Fields, node: NodeId) -> Option<NonZeroU32> {
    let number = fields.expect(node, Kind::Number, "a whole number").then(|| fields.document.number_text(node))?;
    let number = number.parse().ok();
    if number.is_none() {
        fields.wrong(node, format!("{} must be a whole number from 1 to {}", fields.name(node), u32::MAX));
    }
    number
}

#[cfg(test)]
mod tests {
    use portcullis_document::{ReadLimits, read_yaml};
    use portcullis_model::Source;

    use super::*;

    const SHIPPED: &str = "{tiers: [{name: bronze, reviewsPerMinute: 60, reviewsPerDay: 1000, burst: 100},
        {name: silver, reviewsPerMinute: 300, reviewsPerDay: 10000, burst: 500}, {name: daily, reviewsPerDay: 10}]}";

    fn parse(spec: &str) -> Result<RateLimits, Vec<String>> {
        let text =
            format!("apiVersion: portcullis.dev/v1alpha1\nkind: RateLimits\nmetadata: {{name: a}}\nspec: {spec}");
        let document = read_yaml(&Source::new("a.yaml", text), &ReadLimits::default()).expect("YAML").remove(0);
        RateLimits::parse(&document)
            .map_err(|complaints| complaints.into_iter().map(|complaint| complaint.message).collect())
    }

    fn labels(tier: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(DEFAULT_TIER_LABEL.to_owned(), tier.to_owned())])
    }

    #[test]
    fn gives_a_namespace_the_tier_of_its_label_and_nothing_where_nobody_limits_it() {
        let limits = parse(SHIPPED).expect("limits");
        let silver = limits.tier(Some(&labels("silver"))).expect("a tier");
        let numbers = (silver.per_minute, silver.per_day, Some(silver.burst));
        assert_eq!(numbers, (NonZeroU32::new(300), NonZeroU32::new(10_000), NonZeroU32::new(500)));
        assert_eq!(limits.tier(Some(&labels("gold"))), None, "and no default");
        assert_eq!((limits.tier(None), limits.tier(Some(&BTreeMap::new()))), (None, None));
        assert_eq!(limits.names().collect::<Vec<_>>(), ["bronze", "daily", "silver"]);
        let strict = parse(&SHIPPED.replacen('{', "{default: bronze, ", 1)).expect("limits");
        let name = |labels: Option<&BTreeMap<String, String>>| strict.tier(labels).map(|tier| tier.name.clone());
        assert_eq!(name(Some(&labels("gold"))).as_deref(), Some("bronze"), "a slip frees nobody");
        assert_eq!(name(None).as_deref(), Some("bronze"));
        assert_eq!(name(Some(&labels(UNLIMITED))), None);
    }

    #[test]
    fn says_everything_that_is_wrong() {
        let wrong = |spec| parse(spec).expect_err("complaints");
        assert_eq!(wrong("{}"), ["`spec` has no `tiers`"]);
        assert_eq!(
            wrong(
                "{default: gold, tiers: [{name: bronze, reviewsPerMinute: 0, burst: 1.5}, {name: unlimited, reviewsPerDay: 1}]}"
            ),
            [
                "`default` cannot be `gold`",
                "`reviewsPerMinute` must be a whole number from 1 to 4294967295",
                "`burst` must be a whole number from 1 to 4294967295",
                "the tier `unlimited` cannot be defined",
            ]
        );
        assert_eq!(
            wrong("{tiers: [{name: a, burst: 3}, {name: b, reviewsPerDay: 1}, {name: b, reviewsPerDay: 2}]}"),
            ["`tiers[0]` limits nothing", "`burst` without `reviewsPerMinute`", "a second tier `b`"]
        );
    }
}
