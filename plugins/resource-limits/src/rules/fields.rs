//! Numeric rules over any field of an object or a document.

use portcullis_sdk::{Amount, Bound, Finding, Fix, Kind, Node, Review, Rule, Severity};

use crate::settings::Field;

const MISSING: Rule = Rule::new("field-missing", Severity::High, "A number that must be there is missing");
const UNREADABLE: Rule = Rule::new("field-unreadable", Severity::High, "A field is not a number");
const MIN: Rule = Rule::new("field-min", Severity::High, "A number is less than allowed");
const MAX: Rule = Rule::new("field-max", Severity::High, "A number is more than allowed");
const INTEGER: Rule = Rule::new("field-integer", Severity::High, "A number is not whole");

/// What may be wrong with a field.
pub const RULES: &[Rule] = &[MISSING, UNREADABLE, MIN, MAX, INTEGER];

/// Judges every field. One call of the host for each, and two for each number.
pub fn judge(fields: &[Field<'_>], review: Review, findings: &mut Vec<Finding>) {
    if fields.is_empty() {
        return;
    }
    let root = review.object();
    for field in fields.iter().filter(|_| !root.is_none()) {
        let reached = if field.required { walk(field, root, findings) } else { root.find_all(field.pointer) };
        for node in reached {
            findings.extend(judge_one(field, node));
        }
    }
}

/// Goes down segment by segment, so that what is missing is found at the place where it is missing. Every item of an empty
/// list has everything.
fn walk(field: &Field<'_>, root: Node, findings: &mut Vec<Finding>) -> Vec<Node> {
    let mut reached = vec![root];
    let mut done = 0;
    for segment in field.pointer.split('/').skip(1) {
        let step = format!("/{segment}");
        let rest = &field.pointer[done..];
        done += step.len();
        let mut next = Vec::with_capacity(reached.len());
        for node in reached {
            let below = node.find_all(&step);
            let nothing_to_walk = segment == "*" && matches!(node.kind(), Kind::List | Kind::Map);
            if below.is_empty() && !nothing_to_walk {
                // A pointer has no wildcards: name the part before the first one.
                let until = rest.find("/*").unwrap_or(rest.len());
                let message = sentence(field, &format!("`{}` is missing{}", &rest[..until], allowed(field)));
                findings.push(Finding::new(&MISSING, node, message).missing(&rest[..until]));
            }
            next.extend(below);
        }
        reached = next;
    }
    reached
}

fn judge_one(field: &Field<'_>, node: Node) -> Option<Finding> {
    let kind = node.kind();
    let readable = kind == Kind::Number || (kind == Kind::String && field.quantity);
    let (rule, what, bound) = match node.quantity() {
        Amount::Absent if field.required => (&MISSING, "is missing", None),
        Amount::Absent => return None,
        Amount::Exact(quantity) if readable => {
            if field.range.min.as_ref().is_some_and(|min| quantity < min.quantity) {
                (&MIN, "is too small", field.range.min.as_ref())
            } else if field.range.max.as_ref().is_some_and(|max| quantity > max.quantity) {
                (&MAX, "is too large", field.range.max.as_ref())
            } else if field.integer && !quantity.is_whole() {
                (&INTEGER, "is not a whole number", None)
            } else {
                return None;
            }
        }
        _ => (&UNREADABLE, "is not a number", None),
    };
    let shown = match kind {
        Kind::Null => "null".to_owned(),
        Kind::Number => node.number_text(),
        Kind::String => format!("\"{}\"", node.text()),
        _ => kind.as_str().to_owned(),
    };
    let found = format!("`{}` {what}: {shown}{}", node.pointer(), allowed(field));
    let finding = Finding::new(rule, node, sentence(field, &found));
    Some(match bound {
        Some(bound) => finding.fix(nearest(bound, kind)),
        None => finding,
    })
}

/// What would be right, where the author said so.
fn allowed(field: &Field<'_>) -> String {
    match (field.range.is_open(), field.integer) {
        (false, true) => format!("; allowed is {}, whole numbers only", field.range),
        (false, false) => format!("; allowed is {}", field.range),
        (true, true) => "; allowed are whole numbers".to_owned(),
        (true, false) => String::new(),
    }
}

/// The nearest end of the range, as a number where a number stood and the author wrote one too.
fn nearest(bound: &Bound<'_>, kind: Kind) -> Fix {
    let written = bound.written.as_ref();
    let fix = Fix::replace(format!("set it to {written}"), written);
    // An exponent is an integer to JSON and may be a text to YAML: digits only.
    let plain = written.bytes().all(|byte| byte.is_ascii_digit());
    if kind == Kind::Number && plain { fix.with_json(written) } else { fix }
}

/// The author's words first, then what was found.
fn sentence(field: &Field<'_>, found: &str) -> String {
    match field.message {
        Some(message) => format!("{message}; {found}"),
        None => found.to_owned(),
    }
}
