//! Whether a result is suppressed, and by whose leave.

use super::ask::{Suppress, Suppressions};
use super::log::Suppression;
use crate::shown::is_seen;

/// How the suppressions of results were judged. Each counts results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Suppressed {
    /// Results that carry a suppression in the source.
    pub in_source: u64,
    /// Results that carry one from elsewhere.
    pub external: u64,
    /// Results that carry one for which nobody wrote a reason.
    pub unjustified: u64,
    /// Results that carry one and count all the same.
    pub refused: u64,
    /// Results that carry one and therefore do not count.
    pub accepted: u64,
}

/// A result is suppressed only where it has suppressions and every one is in force: no status, or accepted. That is stricter
/// than the standard, which lets one that is accepted outweigh one that somebody rejected. Each must be allowed as well.
pub(super) fn is_suppressed(list: &[Suppression<'_>], allowed: &Suppressions, told: &mut Suppressed) -> bool {
    if list.is_empty() {
        return false;
    }
    let has = |kind: &str| list.iter().any(|one| one.kind.as_deref() == Some(kind));
    told.in_source += u64::from(has("inSource"));
    told.external += u64::from(has("external"));
    told.unjustified += u64::from(!list.iter().all(is_justified));
    let holds = list.iter().all(|one| {
        let in_force = matches!(one.status.as_deref(), None | Some("accepted"));
        let allowed = match one.kind.as_deref() {
            Some("inSource") => allowed.in_source,
            Some("external") => allowed.external,
            _ => Suppress::Refuse,
        };
        in_force
            && match allowed {
                Suppress::Refuse => false,
                Suppress::Justified => is_justified(one),
                Suppress::Accept => true,
            }
    });
    told.refused += u64::from(!holds);
    told.accepted += u64::from(holds);
    holds
}

fn is_justified(one: &Suppression<'_>) -> bool {
    one.justification.as_deref().is_some_and(|why| why.chars().any(is_seen))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sarif::log::Text;

    #[test]
    fn takes_nothing_that_nobody_sees_for_a_reason_a46() {
        let why = |text: &'static str| Suppression { justification: Some(Text(text.into())), ..Suppression::default() };
        for blank in [
            "",
            " \t\n",
            "\u{200b}",
            "\u{feff}\u{2060}",
            "\u{0}\u{1b}\u{85}",
            "\u{3164}\u{a0}",
            "\u{ad}",
            "\u{2800}",
            "\u{e0020}",
        ] {
            assert!(!is_justified(&why(blank)), "{blank:?}");
        }
        assert!(is_justified(&why("\u{200b}.")) && is_justified(&why("理由")));
    }
}
