//! Findings that were there before, listed one by one, with an owner and until a date.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use portcullis_model::{Document, Judged, Kind, NodeId, Place, Subject, json_string, parse_expiry, sha256_hex};

use crate::error::{Complaint, quote, sort};
use crate::fields::{Fields, MAX_COMPLAINTS};
use crate::set::{API_VERSION, is_of_kind, read_head, read_rule};

/// How far in the future a baseline may expire, in days: a year, and a day for a leap year.
pub const MAX_BASELINE_DAYS: i64 = 366;
/// Findings that one baseline may list.
pub const MAX_BASELINE_FINDINGS: usize = 50_000;
/// How often one entry may be there: more than that nobody looked at.
pub const MAX_BASELINE_COUNT: u32 = 10_000;

const DAY: i64 = 86_400;
/// What an entry says of its subject.
const SUBJECT: [&str; 6] = ["apiVersion", "kind", "namespace", "name", "file", "occurrence"];

/// A finding as a baseline lists it. Whatever differs is another finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Listed {
    /// The file, from the folder that paths count from.
    pub file: String,
    /// `apiVersion` of the subject; empty for a document.
    pub api_version: String,
    /// Its kind; empty for a document.
    pub kind: String,
    /// Its namespace; empty where it has none.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Which of those with this name in the file, from 1.
    pub occurrence: u32,
    /// The policy set.
    pub policy_set: String,
    /// The policy, by its name in the set.
    pub policy: String,
    /// `plugin/rule`.
    pub rule: String,
    /// What was said: another number in it is another finding.
    pub message: String,
}

impl Listed {
    /// How a baseline would list a finding; nothing where none may: of what is not read from a file.
    pub fn of(subject: &Subject, policy_set: &str, judged: &Judged) -> Option<Self> {
        let occurrence = subject.occurrence.as_ref()?;
        let plugin = judged.plugin.split('@').next().unwrap_or_default();
        Some(Self {
            file: plain_path(&occurrence.file),
            api_version: subject.api_version.clone(),
            kind: subject.kind.clone(),
            namespace: subject.namespace.clone(),
            name: subject.name.clone(),
            occurrence: occurrence.number,
            policy_set: policy_set.to_owned(),
            policy: judged.policy.clone(),
            rule: format!("{plugin}/{}", judged.finding.rule),
            message: judged.finding.message.clone(),
        })
    }
}

/// A path without what does not matter: `./` in front, and the other slash of Windows.
fn plain_path(path: &str) -> String {
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() };
    let mut plain = path.as_str();
    while let Some(rest) = plain.strip_prefix("./") {
        plain = rest.trim_start_matches('/');
    }
    plain.to_owned()
}

/// What a baseline says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaselineHead {
    /// Its name.
    pub name: String,
    /// Who answers for it.
    pub owner: String,
    /// As written.
    pub expires: String,
    /// Why.
    pub reason: Option<String>,
    /// Where it was agreed.
    pub ticket: Option<String>,
}

/// A baseline: these findings, no others, and somebody answers for them until then.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// What it says of itself.
    pub head: BaselineHead,
    /// The file, as the user named it.
    pub file: String,
    /// `sha256:` and the digest of its text, so that a report says which version held.
    pub digest: String,
    /// The first second in which it does nothing any more, since 1970-01-01T00:00:00Z.
    pub expires_at: i64,
    listed: BTreeMap<Listed, u32>,
}

impl Baseline {
    /// Reads the one `Baseline` of a file. `time`: the time of the judgement, from which on it may not hold too long.
    ///
    /// # Errors
    /// Every complaint about it, at most [`MAX_COMPLAINTS`], by place.
    pub fn parse(documents: &[Document], time: i64) -> Result<Self, Vec<Complaint>> {
        let [document] = documents else {
            let second = documents.get(1).and_then(|document| document.place(NodeId::ROOT));
            let message = format!("a baseline is one document, and here are {}", documents.len());
            return Err(vec![Complaint::wrong(message, second).hint("write it with `portcullis baseline write`")]);
        };
        let fields = Fields::new(document);
        let baseline = read(&fields, time);
        let mut complaints = fields.finish();
        sort(&mut complaints);
        complaints.truncate(MAX_COMPLAINTS);
        match baseline {
            Some(baseline) if complaints.is_empty() => Ok(baseline),
            _ => Err(complaints),
        }
    }

    /// Whether it does nothing any more.
    pub fn is_expired(&self, time: i64) -> bool {
        time >= self.expires_at
    }

    /// How often a finding was there before, expired or not.
    pub fn count(&self, listed: &Listed) -> u32 {
        self.listed.get(listed).copied().unwrap_or(0)
    }

    /// All that it lists, with how often.
    pub fn entries(&self) -> &BTreeMap<Listed, u32> {
        &self.listed
    }

    /// Makes those findings of one policy known that were there before: of equal ones as many as are listed, the first of them.
    pub fn apply(&self, time: i64, subject: &Subject, policy_set: &str, findings: &mut [Judged]) {
        if self.is_expired(time) || subject.occurrence.is_none() {
            return;
        }
        let mut seen: BTreeMap<Listed, u32> = BTreeMap::new();
        for judged in findings.iter_mut().filter(|judged| judged.may_be_known()) {
            let Some(listed) = Listed::of(subject, policy_set, judged) else { continue };
            let most = self.count(&listed);
            let count = seen.entry(listed).or_default();
            *count += 1;
            if *count <= most {
                judged.becomes_known();
            }
        }
    }
}

/// The document of a baseline: the same findings give the same bytes.
pub fn baseline_yaml(head: &BaselineHead, entries: &BTreeMap<Listed, u32>) -> String {
    let text = |text: &str| {
        let mut out = String::new();
        json_string(text, &mut out);
        out
    };
    let mut out = format!(
        "# Findings that were there before: `portcullis check --baseline` shows them as known, and only new ones deny.\n\
         # Written by `portcullis baseline write`; whoever reviews changes should own this file (CODEOWNERS).\n\
         apiVersion: {API_VERSION}\nkind: Baseline\nmetadata:\n  name: {}\nspec:\n  owner: {}\n  expires: {}\n",
        text(&head.name),
        text(&head.owner),
        text(&head.expires)
    );
    for (key, value) in [("reason", &head.reason), ("ticket", &head.ticket)] {
        if let Some(value) = value {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "  {key}: {}", text(value));
        }
    }
    out.push_str(if entries.is_empty() { "  findings: []\n" } else { "  findings:\n" });
    for (listed, count) in entries {
        let texts = [&listed.api_version, &listed.kind, &listed.namespace, &listed.name, &listed.file];
        let subject: Vec<String> = SUBJECT
            .iter()
            .zip(texts)
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| format!("{key}: {}", text(value)))
            .chain((listed.occurrence > 1).then(|| format!("occurrence: {}", listed.occurrence)))
            .collect();
        let [set, policy, rule, message] =
            [&listed.policy_set, &listed.policy, &listed.rule, &listed.message].map(|value| text(value));
        let _ = writeln!(out, "  - subject: {{{}}}", subject.join(", "));
        let _ = writeln!(out, "    policySet: {set}\n    policy: {policy}\n    rule: {rule}\n    message: {message}");
        let _ = writeln!(out, "    count: {count}");
    }
    out
}

fn read(fields: &Fields<'_>, time: i64) -> Option<Baseline> {
    if !is_of_kind(fields, "Baseline") {
        return None;
    }
    let name = read_head(fields);
    let spec = fields.required(NodeId::ROOT, "spec")?;
    if !fields.expect_map(spec, &["owner", "expires", "reason", "ticket", "findings"]) {
        return None;
    }
    let owner = fields.required_text(spec, "owner");
    let expires = fields.required_text(spec, "expires");
    let expires_at = expires.and_then(|text| read_expiry(fields, spec, text, time));
    let [reason, ticket] = ["reason", "ticket"].map(|key| {
        let text = fields.get(spec, key).and_then(|node| fields.text(node));
        text.map(str::to_owned)
    });
    let listed = read_findings(fields, spec);
    let source = fields.document.source();
    Some(Baseline {
        head: BaselineHead {
            name: name?.to_owned(),
            owner: owner?.to_owned(),
            expires: expires?.to_owned(),
            reason,
            ticket,
        },
        file: source.map(|source| source.name().to_owned()).unwrap_or_default(),
        digest: source.map(|source| sha256_hex(source.text().as_bytes())).unwrap_or_default(),
        expires_at: expires_at?,
        listed: listed?,
    })
}

fn read_expiry(fields: &Fields<'_>, spec: NodeId, text: &str, time: i64) -> Option<i64> {
    let node = fields.document.find(spec, "expires");
    match baseline_expiry(text, time) {
        Ok(expires_at) => Some(expires_at),
        Err((message, hint)) => {
            fields.wrong_hint(node, message, hint);
            None
        }
    }
}

/// When a baseline of this expiry does nothing any more.
///
/// # Errors
/// What is wrong with it, and what to write.
pub fn baseline_expiry(text: &str, time: i64) -> Result<i64, (String, String)> {
    let Some(expires_at) = parse_expiry(text) else {
        let hint = "write a date (`2026-12-31`, the end of that day in UTC) or a time (`2026-12-31T12:00:00Z`)";
        return Err((format!("{} is not a date", quote(text)), hint.into()));
    };
    // The end of the day that is so far away, too.
    if expires_at > time.saturating_add((MAX_BASELINE_DAYS + 1) * DAY) {
        let message = format!("{} is more than {MAX_BASELINE_DAYS} days away", quote(text));
        return Err((message, "a baseline is a promise to mend; write an earlier date and renew it".into()));
    }
    Ok(expires_at)
}

fn read_findings(fields: &Fields<'_>, spec: NodeId) -> Option<BTreeMap<Listed, u32>> {
    fields.required(spec, "findings")?;
    let items = fields.list(spec, "findings")?;
    if let Some(&item) = items.get(MAX_BASELINE_FINDINGS) {
        fields.wrong(item, format!("more than {MAX_BASELINE_FINDINGS} findings"));
        return None;
    }
    let mut listed: BTreeMap<Listed, (u32, Option<Place>)> = BTreeMap::new();
    for item in items {
        let Some((entry, count)) = read_finding(fields, item) else { continue };
        match listed.get(&entry) {
            Some((_, first)) => {
                let first = first.as_ref().map_or_else(String::new, |place| format!(" (the first is at {place})"));
                fields.wrong_hint(
                    item,
                    format!("the same finding a second time{first}"),
                    "say it once, with its `count`",
                );
            }
            None => {
                listed.insert(entry, (count, fields.place(item)));
            }
        }
    }
    Some(listed.into_iter().map(|(entry, (count, _))| (entry, count)).collect())
}

fn read_finding(fields: &Fields<'_>, item: NodeId) -> Option<(Listed, u32)> {
    if !fields.expect_map(item, &["subject", "policySet", "policy", "rule", "message", "count"]) {
        return None;
    }
    let subject = fields.required(item, "subject")?;
    if !fields.expect_map(subject, &SUBJECT) {
        return None;
    }
    let optional = |key: &str| match fields.get(subject, key) {
        None => Some(String::new()),
        Some(node) => fields.text(node).map(str::to_owned),
    };
    let [api_version, kind, namespace] = ["apiVersion", "kind", "namespace"].map(optional);
    let [name, file] = ["name", "file"].map(|key| fields.required_text(subject, key));
    let occurrence = fields.get(subject, "occurrence").map_or(Some(1), |node| read_count(fields, node));
    let [policy_set, policy, message] = ["policySet", "policy", "message"].map(|key| fields.required_text(item, key));
    let rule = fields.required_text(item, "rule")?;
    let (plugin, rule) = read_rule(fields, fields.document.find(item, "rule"), rule)?;
    if plugin.is_none() {
        let hint = "write it as reports show it, such as `resource-limits/memory-missing`";
        fields.wrong_hint(fields.document.find(item, "rule"), "the rule names no plugin", hint);
    }
    let counted = fields.required(item, "count");
    let count = counted.and_then(|node| read_count(fields, node));
    if let Some(node) = counted.filter(|_| count.is_some_and(|count| count > MAX_BASELINE_COUNT)) {
        fields.wrong(node, format!("`count` may be {MAX_BASELINE_COUNT} at most"));
    }
    let listed = Listed {
        file: plain_path(file?),
        api_version: api_version?,
        kind: kind?,
        namespace: namespace?,
        name: name?.to_owned(),
        occurrence: occurrence?,
        policy_set: policy_set?.to_owned(),
        policy: policy?.to_owned(),
        rule: format!("{}/{rule}", plugin?),
        message: message?.to_owned(),
    };
    Some((listed, count?))
}

/// A whole number from 1.
fn read_count(fields: &Fields<'_>, node: NodeId) -> Option<u32> {
    let number = fields.expect(node, Kind::Number, "a whole number").then(|| fields.document.number_text(node))?;
    let count = number.parse::<u32>().ok().filter(|&count| count > 0);
    if count.is_none() {
        fields.wrong(node, format!("{} must be a whole number from 1", fields.name(node)));
    }
    count
}

#[cfg(test)]
mod tests;
