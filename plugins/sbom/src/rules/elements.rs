//! Components say what a profile and the settings ask of them.

use portcullis_proof::document::Fault;
use portcullis_proof::reading::{count, flag, seconds};
use portcullis_proof::words::name;
use portcullis_sdk::{Kind, Node, Rule, Severity};

use crate::inventory::{
    AUTHOR_CONTACT, AUTHORS, COMPLETENESS, COUNT, COVERAGE as SHARES, CREATED_SECONDS, FORMAT, HAVE, LIFECYCLES,
    MISSING, NAME, STATE, SUPPLIER, Share, TOOLS, VERSION, VULNERABILITIES,
};
use crate::profile::{self, Profile, Whole};
use crate::rules::form;
use crate::settings::{Entry, Least, Oldest};

/// Elements of a profile fall short, all of them in one finding.
pub const PROFILE: Rule =
    Rule::new("profile-element", Severity::Medium, "An SBOM does not say all that the profile asks of it");
/// A share of components that the settings ask for is not reached.
pub const COVERAGE: Rule =
    Rule::new("coverage-low", Severity::Medium, "Too few components of an SBOM say what is asked of them");

/// Judges the profile.
pub fn judge_profile(entry: &Entry<'_>, node: Node) -> Option<Fault> {
    let profile = profile::of(entry.profile);
    let mut short: Vec<String> = Vec::new();
    short.extend(format(profile, node));
    let missing = profile.whole.iter().filter(|what| !says(**what, node));
    short.extend(missing.map(|what| format!("{} is missing", what.as_str())));
    let shares = profile.components.iter().map(|&(element, percent)| Least { element, percent });
    let mut guilty = Node::NONE;
    for least in shares {
        if let Some((what, first)) = lacking(&least, node) {
            guilty = if guilty.is_none() { first } else { guilty };
            short.push(what);
        }
    }
    // What a document does not say of itself may be anything.
    let stated = ["complete", "incomplete", "unknown"].contains(&node.get(COMPLETENESS).get(STATE).text().as_str());
    if profile.says_completeness && !stated {
        short.push("it does not say how complete it is".to_owned());
    }
    let vulnerabilities = count(node.get(VULNERABILITIES).get(COUNT));
    if profile.no_vulnerabilities && vulnerabilities != Some(0) {
        short.push("it lists vulnerabilities, or may do so".to_owned());
    }
    if short.is_empty() {
        return None;
    }
    let what = format!(
        "falls short of the profile `{}` in {}: {}; make it with a tool that says these, or complete it",
        profile.name,
        if short.len() == 1 { "one element".to_owned() } else { format!("{} elements", short.len()) },
        short.join("; ")
    );
    Some(Fault::new(&PROFILE, what).at(guilty))
}

/// Judges the shares that the settings ask for.
pub fn judge_coverage(entry: &Entry<'_>, node: Node) -> Option<Fault> {
    let short: Vec<(String, Node)> = entry.coverage.iter().filter_map(|least| lacking(least, node)).collect();
    let (_, guilty) = short.first()?;
    let all: Vec<&str> = short.iter().map(|(what, _)| what.as_str()).collect();
    let what = format!(
        "says too little of its components (`coverage`): {}; make it with a tool that says more",
        all.join("; ")
    );
    Some(Fault::new(&COVERAGE, what).at(*guilty))
}

/// What a share lacks and the first component that has it not; nothing where it is reached.
fn lacking(least: &Least<'_>, node: Node) -> Option<(String, Node)> {
    let of = node.get(SHARES).find(least.element);
    let share = Share::of(of, of.get(HAVE));
    if share.reaches(least.percent) {
        return None;
    }
    let missing = of.get(MISSING);
    let first = match share.first(missing) {
        first if first.is_empty() => first,
        first => format!(", first without {first}"),
    };
    Some((format!("`{}` of {}, {}% are needed{first}", least.element, share.shown(), least.percent), missing.at(0)))
}

fn format(profile: &Profile, node: Node) -> Option<String> {
    let formats: Vec<Oldest<'_>> = profile.formats.iter().map(|&(name, version)| Oldest { name, version }).collect();
    let (format, version) = (node.get(FORMAT).text(), node.get(VERSION).text());
    if formats.is_empty() || form::is_one_of(&formats, &format, &version) {
        return None;
    }
    Some(format!("it is {} {} and not {}", name(&format), name(&version), form::shown(&formats)))
}

fn says(what: Whole, node: Node) -> bool {
    let some = |list: Node| list.kind() == Kind::List && !list.is_empty();
    match what {
        Whole::Author => some(node.get(AUTHORS)) || !node.get(SUPPLIER).text().is_empty(),
        Whole::Contact => flag(node.get(AUTHOR_CONTACT)) == Some(true),
        Whole::Time => seconds(node.get(CREATED_SECONDS)).is_some(),
        Whole::Tool => node.get(TOOLS).items().any(|tool| !tool.get(NAME).text().is_empty()),
        Whole::Lifecycle => some(node.get(LIFECYCLES)),
    }
}
