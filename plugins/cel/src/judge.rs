//! Evaluates the expressions of a policy in the order and with the words of the API server.

use portcullis_cel::{Found, Lacking, Machine, Place, Shown, Spent, Value, advise, may_be_secret, missing_key};
use portcullis_sdk::{Finding, Node, Review};

use crate::place;
use crate::review::Hand;
use crate::rules::{EXPRESSION_FAILED, VALIDATION_FAILED};
use crate::settings::{Settings, Validation};

/// The longest message that an expression may make, in bytes, as in the API server.
const MOST_MESSAGE: usize = 5 * 1024;

/// The most findings for which the keys beside a missing one are asked for: beside the budget, which counts no such question.
const MOST_NEAR: usize = 16;

/// Everything that is wrong.
pub fn judge(settings: &Settings<'_>, review: Review) -> Vec<Finding> {
    let hand = Hand(review);
    let variables: Vec<&[u8]> = settings.variables.iter().map(|code| code.0.as_ref()).collect();
    let mut machine = Machine::new(&hand, &variables, &settings.params.0);
    let mut findings = Vec::new();
    let ended = all(settings, &hand, &mut machine, &mut findings);
    if settings.ignore {
        // An expression that cannot be evaluated says nothing.
        findings.retain(|finding| finding.rule() != EXPRESSION_FAILED);
    }
    if let Err(spent) = ended {
        // The budget is ours: `failurePolicy: Ignore` is about expressions that fail, and who pads an object must not get by.
        let message = format!("the policy {spent}: simplify its expressions");
        findings.push(Finding::new(EXPRESSION_FAILED, Node::NONE, message));
    }
    findings
}

fn all<'a>(
    settings: &'a Settings<'_>,
    hand: &'a Hand,
    machine: &mut Machine<'a>,
    findings: &mut Vec<Finding>,
) -> Result<(), Spent> {
    let object = hand.0.object();
    for condition in &settings.conditions {
        let Found { value, place } = machine.run(&condition.code.0)?;
        match value {
            // Also where another condition cannot be evaluated: nothing is to be judged.
            Value::Bool(false) => {
                findings.clear();
                return Ok(());
            }
            Value::Bool(true) => {}
            other => {
                let secret = is_secret(hand);
                let shown = shown(machine, place, secret);
                let what = failed(settings, condition.expression, &other, &shown, secret, findings.len());
                let message = format!("matchCondition `{}`: {what}", condition.name);
                findings.push(place::at(|node| Finding::new(EXPRESSION_FAILED, node, message), &shown, object));
            }
        }
    }
    if !findings.is_empty() {
        return Ok(());
    }
    for validation in &settings.validations {
        let Found { value, place } = machine.run(&validation.code.0)?;
        if matches!(value, Value::Bool(true)) {
            continue;
        }
        let secret = is_secret(hand);
        let shown = shown(machine, place, secret);
        let (rule, message) = match value {
            Value::Bool(false) => (VALIDATION_FAILED, message(validation, machine, secret)),
            other => {
                (EXPRESSION_FAILED, failed(settings, validation.expression, &other, &shown, secret, findings.len()))
            }
        };
        findings.push(place::at(|node| Finding::new(rule, node, message), &shown, object));
    }
    Ok(())
}

/// Whether what is judged may hold values that nobody may read. The host hides them in what a plugin says, but not what an
/// expression makes of them.
fn is_secret(hand: &Hand) -> bool {
    let request = hand.0.request();
    may_be_secret(hand, &request.api_group(), &request.kind())
}

/// Where to look, without the names of fields that an expression may have made of a Secret's values.
fn shown(machine: &Machine<'_>, found: Place, secret: bool) -> Vec<Shown> {
    let mut shown = machine.shown(found);
    for place in &mut shown {
        if let (true, Shown::Missing(node, _)) = (secret, &*place) {
            *place = Shown::Node(*node);
        }
    }
    shown
}

/// As the API server says it; where something is missing, with the expression that would not fail.
fn failed(
    settings: &Settings<'_>,
    expression: &str,
    value: &Value<'_>,
    shown: &[Shown],
    secret: bool,
    before: usize,
) -> String {
    let what = match value {
        _ if secret => "it is not told of a Secret".to_owned(),
        Value::Error(what) => match missing_key(what) {
            Some(key) => {
                let (holder, params) = (place::holder(shown), settings.params.0.as_ref());
                let near = if before < MOST_NEAR { place::near(shown) } else { None };
                let lacking = Lacking { holder: holder.as_deref(), near, params };
                format!("{what}; {}", advise(expression, key, &lacking))
            }
            None => what.to_string(),
        },
        other => format!("it is of type {} instead of bool", other.type_name()),
    };
    format!("expression '{}' resulted in error: {what}", expression.trim())
}

/// What to tell people: what an expression makes, else what the author wrote, else the expression. What is false is false
/// whatever becomes of its message: a spent budget ends the policy at its next expression.
fn message<'a>(validation: &'a Validation<'_>, machine: &mut Machine<'a>, secret: bool) -> String {
    let code = validation.message_code.as_ref().filter(|_| !secret);
    if let Some(Ok(found)) = code.map(|code| machine.run(&code.0)) {
        let made = found.value;
        let made = made.as_text().unwrap_or_default().trim();
        if !made.is_empty() && made.len() <= MOST_MESSAGE && !made.contains('\n') {
            return made.to_owned();
        }
    }
    match validation.message.map(str::trim).filter(|message| !message.is_empty()) {
        Some(message) => message.to_owned(),
        None => format!("failed expression: {}", validation.expression.trim()),
    }
}
