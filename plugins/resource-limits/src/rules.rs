//! The families of rules, and what they have in common.

pub mod containers;
pub mod fields;
pub mod owner;
pub mod ratio;
pub mod storage;
pub mod totals;

use portcullis_sdk::{Amount, Fix, Rule};

use crate::settings::Range;

portcullis_sdk::keys! {
    RESOURCES = "resources",
    REQUESTS = "requests",
    LIMITS = "limits",
    STORAGE = "storage",
    OVERHEAD = "overhead",
}

const COUNT: usize =
    containers::COUNT + ratio::RULES.len() + storage::RULES.len() + totals::RULES.len() + fields::RULES.len();
const JOINED: [Rule; COUNT] = Rule::join(&[
    containers::RULES.as_flattened().as_flattened(),
    ratio::RULES,
    storage::RULES,
    totals::RULES,
    fields::RULES,
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

/// The nearest end of the range as a way out. What is missing gets the end that its side suggests: a request the least, a
/// limit the most.
fn fix(problem: Problem, what: &str, range: &Range<'_>) -> Option<Fix> {
    let is_limit = what.ends_with("limit");
    let bound = match problem {
        Problem::Missing if is_limit => &range.max,
        Problem::Max => &range.max,
        Problem::Missing | Problem::Min => &range.min,
        Problem::Unreadable => &None,
    };
    let value = bound.as_ref()?.written.as_ref();
    let description = format!("set the {what} to {value}");
    Some(match problem {
        Problem::Missing => Fix::add(description, value),
        _ => Fix::replace(description, value),
    })
}

/// What to do about something missing, where the range says it.
fn advice(range: &Range<'_>) -> String {
    if range.is_open() { String::new() } else { format!("; allowed is {range}") }
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
