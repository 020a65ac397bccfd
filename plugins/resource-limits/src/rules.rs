//! The families of rules, and what they have in common.

pub mod canonical;
pub mod containers;
pub mod effective;
pub mod fields;
pub mod owner;
pub mod ratio;
pub mod storage;
pub mod totals;

use portcullis_sdk::{Amount, Bound, Fix, Rule};

use crate::settings::Range;

portcullis_sdk::keys! {
    RESOURCES = "resources",
    REQUESTS = "requests",
    LIMITS = "limits",
    STORAGE = "storage",
    OVERHEAD = "overhead",
}

const COUNT: usize = containers::COUNT
    + ratio::RULES.len()
    + storage::RULES.len()
    + totals::RULES.len()
    + fields::RULES.len()
    + canonical::RULES.len();
const JOINED: [Rule; COUNT] = Rule::join(&[
    containers::RULES.as_flattened().as_flattened(),
    ratio::RULES,
    storage::RULES,
    totals::RULES,
    fields::RULES,
    canonical::RULES,
]);

/// Every rule; ids are forever.
pub const ALL: &[Rule] = &JOINED;

/// What may be wrong with one amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It is not there.
    Missing = 0,
    /// It is less than allowed.
    Min = 1,
    /// It is more than allowed.
    Max = 2,
    /// It is not a quantity.
    Unreadable = 3,
}

/// Judges one amount: the only thing that happens to it when nothing is wrong.
pub fn problem(amount: Amount, required: bool, range: &Range<'_>) -> Option<Problem> {
    match amount {
        Amount::Absent => required.then_some(Problem::Missing),
        Amount::Unreadable => Some(Problem::Unreadable),
        Amount::Exact(quantity) if range.min.as_ref().is_some_and(|min| quantity < min.quantity) => Some(Problem::Min),
        Amount::Exact(quantity) if range.max.as_ref().is_some_and(|max| quantity > max.quantity) => Some(Problem::Max),
        Amount::Exact(_) => None,
    }
}

/// A way out: the nearest end of the range for what lies outside of it, the range for what is missing.
///
/// `least` is what something missing must be at least, whatever the range says: Kubernetes refuses a limit below its request.
fn fix(problem: Problem, what: &str, range: &Range<'_>, least: Option<&str>) -> Option<Fix> {
    let written = |bound: &Option<Bound<'_>>| bound.as_ref().map(|bound| bound.written.to_string());
    let (min, max) = (written(&range.min), written(&range.max));
    let value = match problem {
        Problem::Missing => {
            // A range is the author's word for what is sensible; without one every value would be invented here.
            if range.is_open() {
                return None;
            }
            let min = least.map(str::to_owned).or(min);
            let description = match (&min, &max) {
                (Some(min), Some(max)) => format!("set one between {min} and {max}"),
                (Some(min), None) => format!("set one of at least {min}"),
                (None, Some(max)) => format!("set one of at most {max}"),
                (None, None) => return None,
            };
            return Some(Fix::add(description, &min.or(max)?));
        }
        Problem::Min => min?,
        Problem::Max => max?,
        Problem::Unreadable => return None,
    };
    Some(Fix::replace(format!("set the {what} to {value}"), &value))
}

/// What to do about something missing: the range, or where no range says more, the field.
fn advice(range: &Range<'_>, field: &str) -> String {
    if range.is_open() { format!("; set `{field}`") } else { format!("; allowed is {range}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_every_rule_an_id_of_its_own_in_kebab_case() {
        for (position, rule) in ALL.iter().enumerate() {
            assert!(rule.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", rule.id);
            assert!(ALL[..position].iter().all(|earlier| earlier.id != rule.id), "`{}` stands here twice", rule.id);
        }
    }
}
