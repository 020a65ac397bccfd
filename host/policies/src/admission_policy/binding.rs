//! A ValidatingAdmissionPolicyBinding, read strictly.

use portcullis_model::{Document, Effect, Kind, LabelSelector, Match, NodeId, Place};

use super::head::{given, read_head, required, required_name};
use super::matching::read_match_resources;
use crate::error::{Complaint, quote};
use crate::fields::Fields;
use crate::labels::read_selector;

/// A binding as it was written.
#[derive(Debug)]
pub(super) struct Binding {
    pub(super) document: Document,
    pub(super) name: String,
    pub(super) policy: String,
    /// Where it names its policy.
    pub(super) policy_place: Option<Place>,
    pub(super) param: Option<ParamRef>,
    /// Its `matchResources`.
    pub(super) matches: Option<Match>,
    pub(super) effect: Effect,
}

/// Which objects are the params.
#[derive(Debug)]
pub(super) struct ParamRef {
    pub(super) name: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) selector: Option<LabelSelector>,
    /// Whether it denies where there are none: `parameterNotFoundAction: Deny`.
    pub(super) denies: bool,
    pub(super) place: Option<Place>,
}

impl Binding {
    /// Reads a binding; nothing where it has no name or names no policy, and every complaint.
    pub(super) fn read(document: &Document) -> (Option<Self>, Vec<Complaint>) {
        let fields = Fields::new(document);
        let binding = read(&fields);
        (binding, fields.finish())
    }
}

fn read(fields: &Fields) -> Option<Binding> {
    let (name, spec) = read_head(fields)?;
    fields.expect_map(spec, &["policyName", "paramRef", "matchResources", "validationActions"]);
    let policy = required_name(fields, spec, "policyName");
    let param = given(fields, spec, "paramRef").and_then(|node| read_param_ref(fields, node));
    let matches = given(fields, spec, "matchResources").map(|node| read_match_resources(fields, node));
    let effect = read_actions(fields, spec);
    Some(Binding {
        document: fields.document.clone(),
        name: name.to_owned(),
        policy: policy?.to_owned(),
        policy_place: fields.place(fields.document.find(spec, "policyName")),
        param,
        matches,
        effect: effect.unwrap_or(Effect::Deny),
    })
}

/// `Audit` beside another action adds nothing: what is found is recorded anyway.
fn read_actions(fields: &Fields, spec: NodeId) -> Option<Effect> {
    let node = required(fields, spec, "validationActions")?;
    let items = fields.list(spec, "validationActions")?;
    if items.is_empty() {
        fields.wrong_hint(
            node,
            "`validationActions` is empty",
            "write `[Deny]`, `[Warn]`, `[Audit]`, or one of the first two with `Audit`",
        );
    }
    let words = [("Deny", Effect::Deny), ("Warn", Effect::Warn), ("Audit", Effect::Audit)];
    let mut actions: Vec<Effect> = Vec::new();
    for item in items {
        let Some(action) = fields.word(item, &words) else { continue };
        if actions.contains(&action) {
            fields.wrong(item, format!("a second {} in `validationActions`", quote(fields.document.text(item))));
        }
        actions.push(action);
    }
    if actions.contains(&Effect::Deny) && actions.contains(&Effect::Warn) {
        let hint = "a denial says what is wrong already; remove `Warn`";
        fields.wrong_hint(node, "`validationActions` has both `Deny` and `Warn`", hint);
    }
    [Effect::Deny, Effect::Warn, Effect::Audit].into_iter().find(|action| actions.contains(action))
}

fn read_param_ref(fields: &Fields, node: NodeId) -> Option<ParamRef> {
    if !fields.expect_map(node, &["name", "namespace", "selector", "parameterNotFoundAction"]) {
        return None;
    }
    let text = |key: &str| given(fields, node, key).and_then(|found| fields.text(found)).map(str::to_owned);
    let name = text("name");
    let selector = given(fields, node, "selector");
    match (&name, selector) {
        (Some(_), Some(selector)) => {
            fields.wrong_hint(selector, "`paramRef` has both `name` and `selector`", "keep one of them");
        }
        (None, None) if given(fields, node, "name").is_none() => {
            let hint = "write `name: ..`, or `selector: {}` for all of them";
            fields.wrong_hint(node, "`paramRef` has neither `name` nor `selector`", hint);
        }
        _ => {}
    }
    if let Some(name) = &name
        && (name == "." || name == ".." || name.contains(['/', '%']))
    {
        fields.wrong(fields.document.find(node, "name"), format!("{} is not the name of an object", quote(name)));
    }
    let actions = [("Deny", true), ("Allow", false)];
    let denies = required(fields, node, "parameterNotFoundAction").and_then(|found| fields.word(found, &actions));
    let selector = selector.filter(|&found| fields.document.kind(found) != Kind::None);
    Some(ParamRef {
        name,
        namespace: text("namespace"),
        selector: selector.map(|_| read_selector(fields, node, "selector")),
        denies: denies.unwrap_or(true),
        place: fields.place(node),
    })
}
