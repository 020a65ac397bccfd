//! Every object names the team that answers for it.

use portcullis_sdk::{
    Description, Finding, Kind, Node, Outcome, Policy, Review, Rule, Setting, Severity, export, keys, packed,
};

const MISSING: Rule = Rule::new("label-missing", Severity::Medium, "An object does not name its team");
const UNREADABLE: Rule = Rule::new("label-unreadable", Severity::Medium, "The label of an object's team is not a text");
const UNKNOWN: Rule = Rule::new("team-unknown", Severity::Medium, "An object names a team that does not exist");

keys! {
    METADATA = "metadata",
    LABELS = "labels",
}

packed! {
    /// What a policy author may set.
    pub struct Settings<'a> {
        /// The label that names the team.
        pub label: &'a str,
        /// The teams that exist; any where none are given.
        pub teams: Vec<&'a str>,
    }
}

/// Every object names the team that answers for it.
pub struct TeamLabel;

impl Policy for TeamLabel {
    const DESCRIPTION: Description = Description {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        title: "Every object names the team that answers for it",
        rules: &[MISSING, UNREADABLE, UNKNOWN],
        settings: include_str!("settings.schema.json"),
        kinds: &["*"],
        keys: KEYS,
        ..Description::EMPTY
    };
    type Settings<'a> = Settings<'a>;

    // Called once when a policy set is loaded: the place to complain about settings.
    fn prepare(settings: Setting<'_>) -> Settings<'_> {
        let all = settings.object(&["label", "teams"]);
        Settings { label: all.get("label").text().unwrap_or("team"), teams: all.get("teams").texts() }
    }

    // Called for every review, with what `prepare` made of the settings.
    fn evaluate(settings: &Settings<'_>, review: Review) -> Outcome {
        let finding = if review.object().is_none() { None } else { judge(settings, review.object()) };
        finding.into_iter().collect::<Vec<_>>().into()
    }
}

fn judge(settings: &Settings<'_>, object: Node) -> Option<Finding> {
    let Settings { label, teams } = settings;
    let metadata = object.get(METADATA);
    let team = metadata.get(LABELS).find(label);
    if team.is_absent() {
        let message = format!("the label `{label}` is missing; it names the team that answers for this object");
        // A `/` in a label would end the segment of a JSON Pointer: it is written `~1`.
        let pointer = format!("/metadata/labels/{}", label.replace('~', "~0").replace('/', "~1"));
        return Some(Finding::new(&MISSING, object, message).missing(pointer));
    }
    let name = team.text();
    let fault = match team.kind() {
        Kind::String if name.is_empty() => Some("is empty".to_owned()),
        Kind::String => None,
        // What stands in a list or a map may be long; a number or a boolean is shown as it is written.
        kind @ (Kind::List | Kind::Map) => Some(format!("is {}, and must be a text", kind.as_str())),
        kind => Some(format!("is `{0}`, {1}, and must be a text: write `\"{0}\"`", team.shown(), kind.as_str())),
    };
    if let Some(fault) = fault {
        let message = format!("the label `{label}` {fault}; it names the team that answers for this object");
        return Some(Finding::new(&UNREADABLE, team, message));
    }
    if teams.is_empty() || teams.contains(&name.as_str()) {
        return None;
    }
    let known = teams.iter().map(|team| format!("`{team}`")).collect::<Vec<_>>().join(", ");
    Some(Finding::new(&UNKNOWN, team, format!("there is no team `{name}`; known are {known}")))
}

export!(TeamLabel);
