//! Policy sets to the object that makes the API server ask.
//!
//! One webhook for all sets: the request is sent, read and answered once, however many sets judge it. Who wants a set with a
//! registration of its own (another failure policy, other namespaces) names it, and gets the path of that set.

mod error;
mod narrowing;
mod reach;
mod recovery;
mod render;
mod rules;

use std::collections::BTreeMap;

use portcullis_model::{LabelSelector, Match, NAMESPACE_NAME_LABEL, Requirement, RequirementOperator, ResourceRule};
use portcullis_policies::LoadedSet;

pub use error::RegistrationError;
use narrowing::Want;
pub use reach::{Reach, reach};

/// Conditions of one webhook (`matchConditions`, admissionregistration.k8s.io/v1).
pub const MAX_CONDITIONS: usize = 64;
/// The longest condition that is generated, in bytes; a longer one is left out, and more is sent.
pub const MAX_EXPRESSION: usize = 8192;
/// What the API server waits for an answer where nobody says otherwise, in seconds.
pub const DEFAULT_TIMEOUT: u8 = 5;

/// Where the API server finds the webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Client {
    /// A Service of the cluster.
    Service {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// Its port.
        port: u16,
    },
    /// An address outside; without a path it gets the usual one.
    Url(String),
}

/// What the API server does when nobody answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailurePolicy {
    /// It refuses the request.
    Fail,
    /// It lets the request through.
    Ignore,
}

impl std::fmt::Display for FailurePolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Fail => "Fail",
            Self::Ignore => "Ignore",
        })
    }
}

/// What a registration needs to know besides the policy sets.
#[derive(Clone, Debug)]
pub struct RegistrationOptions {
    /// The name of the object; a DNS name.
    pub name: String,
    /// Where the webhook is.
    pub client: Client,
    /// The authority of its certificate, base64 of PEM; without it the API server trusts the roots of its machine.
    pub ca_bundle: Option<String>,
    /// One policy set by its name; absent: all.
    pub only: Option<String>,
    /// How long the API server waits, 1 to 30 s.
    pub timeout_seconds: u8,
    /// What happens when nobody answers.
    pub failure_policy: FailurePolicy,
    /// Namespaces that are never judged, the product's own first.
    pub excluded_namespaces: Vec<String>,
    /// The name of the product's own ClusterRole and of its binding, which are never judged.
    pub own_access: String,
    /// Whether what agents of networks, storage and machines write is judged too, where a policy asks for everything.
    pub judge_agents: bool,
    /// The version of the product, for the reader.
    pub version: String,
}

/// A condition: a name and an expression of CEL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Its name, unique in a registration.
    pub name: String,
    /// What must be true.
    pub expression: String,
}

/// What is registered.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The name of the object.
    pub name: String,
    /// The name of its first webhook; at least three labels of a DNS name.
    pub webhook: String,
    /// Where the API server sends.
    pub client: Client,
    /// The path of the service.
    pub path: String,
    /// The authority, base64 of PEM.
    pub ca_bundle: Option<String>,
    /// How long the API server waits, in seconds.
    pub timeout_seconds: u8,
    /// What happens when nobody answers.
    pub failure_policy: FailurePolicy,
    /// The union of all policies' rules, for one webhook each: rules that name different versions stand apart, because the API
    /// server sends a request to one webhook in one version only, and a policy skips a version that it does not name.
    pub rules: Vec<Vec<ResourceRule>>,
    /// What all policies ask of the namespace, and the namespaces that are left out.
    pub namespace_selector: LabelSelector,
    /// What all policies ask of the object.
    pub object_selector: LabelSelector,
    /// What must be true of a request.
    pub match_conditions: Vec<Condition>,
    /// Name and digest of each set.
    pub policy_sets: Vec<(String, String)>,
    /// What a person should know.
    pub notes: Vec<String>,
    version: String,
}

/// Plans the registration of policy sets: every request that any of their policies could find anything in, or cannot be known
/// for, is sent, except what [`RegistrationOptions::excluded_namespaces`] and the recovery of a cluster leave out.
///
/// # Errors
/// Names that Kubernetes would refuse, a set that is not there, and sets that judge no objects.
pub fn registration(sets: &[LoadedSet], options: &RegistrationOptions) -> Result<Registration, RegistrationError> {
    check(options)?;
    let chosen: Vec<&LoadedSet> =
        sets.iter().filter(|set| options.only.as_ref().is_none_or(|only| *only == set.set.name)).collect();
    if let Some(only) = options.only.as_ref().filter(|_| chosen.is_empty()) {
        let known = sets.iter().map(|set| set.set.name.clone()).collect();
        return Err(RegistrationError::NoSuchSet(only.clone(), known));
    }
    let policies: Vec<(&LoadedSet, usize)> = chosen
        .iter()
        .flat_map(|set| (0..set.set.policies.len()).map(move |at| (*set, at)))
        .filter(|(set, at)| !reach::of(set, *at).0.is_empty())
        .collect();
    if policies.is_empty() {
        return Err(RegistrationError::NothingToJudge);
    }
    let wants: Vec<Want> = policies.iter().map(|&(set, at)| want(set, at)).collect();
    let all: Vec<ResourceRule> = wants.iter().flat_map(|want| want.rules.clone()).collect();
    let rules: Vec<Vec<ResourceRule>> = by_versions(&all).into_iter().map(rules::union).collect();
    let (mut match_conditions, mut notes) = recovery::conditions(&all, &options.own_access, options.judge_agents);
    let (narrowing, note) = narrowing::conditions(&wants, MAX_CONDITIONS - match_conditions.len());
    for condition in narrowing {
        let taken = match_conditions.iter().any(|other| other.name == condition.name);
        let name = if taken { format!("policies-{}", condition.name.replace('/', "-")) } else { condition.name };
        match_conditions.push(Condition { name, ..condition });
    }
    notes.extend(note);
    notes.extend(policies.iter().filter_map(|(set, at)| reach::note(set, *at)));
    if rules.len() > 1 {
        notes.push(format!("policies name different versions of one API group: {} webhooks, so that the API server converts what it sends to each; a request may be judged by several", rules.len()));
    }
    // Everything that a policy says must hold, so what all of them say must hold of whatever is sent.
    let shared = |of: fn(&Match) -> &LabelSelector| {
        let of_policy = |(set, at): &(&LoadedSet, usize)| -> Vec<LabelSelector> {
            let matches = &set.set.policies[*at].matches;
            std::iter::once(matches).chain(&matches.also).map(|one| of(one).clone()).collect()
        };
        let mut said = policies.iter().map(of_policy);
        let first = said.next().unwrap_or_default();
        let rest: Vec<Vec<LabelSelector>> = said.collect();
        let selector = first.into_iter().filter(|one| *one != LabelSelector::default());
        selector.into_iter().find(|one| rest.iter().all(|other| other.contains(one))).unwrap_or_default()
    };
    let mut namespace_selector = shared(|matches| &matches.namespace_selector);
    if !options.excluded_namespaces.is_empty() {
        namespace_selector.match_expressions.push(Requirement {
            key: NAMESPACE_NAME_LABEL.to_owned(),
            operator: RequirementOperator::NotIn,
            values: options.excluded_namespaces.clone(),
        });
    }
    let path = options.only.as_ref().map_or("/validate".to_owned(), |only| format!("/validate/{only}"));
    Ok(Registration {
        name: options.name.clone(),
        webhook: options.only.as_ref().map_or_else(
            || "validate.portcullis.dev".to_owned(),
            |only| {
                format!(
                    "{}.validate.portcullis.dev",
                    only.chars().take(200).collect::<String>().trim_end_matches(['-', '.'])
                )
            },
        ),
        client: with_path(&options.client, &path),
        path,
        ca_bundle: options.ca_bundle.clone(),
        timeout_seconds: options.timeout_seconds,
        failure_policy: options.failure_policy,
        rules,
        namespace_selector,
        object_selector: shared(|matches| &matches.object_selector),
        match_conditions,
        policy_sets: chosen.iter().map(|set| (set.set.name.clone(), set.set.digest.clone())).collect(),
        notes,
        version: options.version.clone(),
    })
}

fn want(set: &LoadedSet, policy: usize) -> Want {
    let (rules, kinds) = reach::of(set, policy);
    let forwarded = set.forwarded(policy).into_iter().map(|(name, expression)| Condition { name, expression });
    Want { rules, conditions: kinds.into_iter().chain(forwarded).collect() }
}

/// The rules by the versions that they name, where two of them name different ones of one group; else all of them together.
fn by_versions(rules: &[ResourceRule]) -> Vec<Vec<ResourceRule>> {
    let versions = |rule: &ResourceRule| {
        let mut versions = rule.api_versions.clone();
        versions.sort();
        versions.dedup();
        versions
    };
    let meet = |a: &ResourceRule, b: &ResourceRule| {
        let every = |rule: &ResourceRule| rule.api_groups.iter().any(|group| group == "*");
        let group = every(a) || every(b) || a.api_groups.iter().any(|group| b.api_groups.contains(group));
        group && versions(a) != versions(b)
    };
    if !rules.iter().enumerate().any(|(at, rule)| rules[..at].iter().any(|other| meet(rule, other))) {
        return vec![rules.to_vec()];
    }
    let mut groups: BTreeMap<Vec<String>, Vec<ResourceRule>> = BTreeMap::new();
    for rule in rules {
        groups.entry(versions(rule)).or_default().push(rule.clone());
    }
    groups.into_values().collect()
}

fn with_path(client: &Client, path: &str) -> Client {
    match client {
        Client::Url(url) => {
            let rest = url.strip_prefix("https://").unwrap_or(url);
            let bare = rest.split_once('/').is_none_or(|(_, path)| path.is_empty());
            Client::Url(if bare { format!("{}{path}", url.trim_end_matches('/')) } else { url.clone() })
        }
        service => service.clone(),
    }
}

const LABEL: &str = "a name has at most 63 lower-case letters, digits and `-`, first and last no `-`";

fn check(options: &RegistrationOptions) -> Result<(), RegistrationError> {
    let unfit = |what, word: &str, rule| Err(RegistrationError::Unfit(what, word.to_owned(), rule));
    let subdomain = options.name.len() <= 253 && options.name.split('.').all(is_label);
    if !subdomain {
        return unfit("the name of an object", &options.name, "it is a DNS name in lower case");
    }
    if let Some(bad) = options.excluded_namespaces.iter().find(|name| !is_label(name)) {
        return unfit("a namespace", bad, LABEL);
    }
    if !(1..=30).contains(&options.timeout_seconds) {
        return unfit("a timeout", &options.timeout_seconds.to_string(), "the API server waits 1 to 30 seconds");
    }
    match &options.client {
        Client::Service { namespace, .. } if !is_label(namespace) => unfit("a namespace", namespace, LABEL),
        Client::Service { name, .. } if !is_label(name) => unfit("the name of a Service", name, LABEL),
        Client::Url(url) => check_url(url),
        Client::Service { .. } => Ok(()),
    }
}

/// `validateWebhookURL` of apiserver/pkg/util/webhook: https, a host, no user, no query, no fragment.
fn check_url(url: &str) -> Result<(), RegistrationError> {
    let rest = url.strip_prefix("https://").unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    let plain = url.bytes().all(|b| b.is_ascii_graphic()) && !url.contains(['?', '#', '@']);
    if host.is_empty() || host.starts_with(':') || !plain {
        let rule = "write `https://host[:port][/path]` without user, query and fragment";
        return Err(RegistrationError::Unfit("the address of a webhook", url.to_owned(), rule));
    }
    Ok(())
}

/// A DNS label (RFC 1123).
fn is_label(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    !name.is_empty()
        && name.len() <= 63
        && name.bytes().all(|byte| inner(byte) || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}

#[cfg(test)]
mod tests;
