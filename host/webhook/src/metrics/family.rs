//! Metrics of one name that differ in a name from a policy set, in a bounded number.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Stands for every name beyond the bound, and for every word that is not ours.
pub(super) const OTHER: &str = "other";
/// The longest label, in characters.
const LONGEST: usize = 128;

/// A value for each name. Looking one up again neither allocates nor registers.
pub(super) struct Family<V> {
    members: RwLock<HashMap<String, Arc<Member<V>>>>,
    /// How many more names may come; shared with the families inside this one.
    left: Arc<AtomicUsize>,
}

/// One name's value.
pub(super) struct Member<V> {
    /// The name as a label.
    pub(super) label: String,
    pub(super) value: V,
}

impl<V> Family<V> {
    /// Of at most this many names.
    pub(super) fn new(most: usize) -> Self {
        Self::sharing(&Arc::new(AtomicUsize::new(most)))
    }

    /// Of as many names as are left elsewhere.
    pub(super) fn sharing(left: &Arc<AtomicUsize>) -> Self {
        Self { members: RwLock::default(), left: Arc::clone(left) }
    }

    /// The member of this name; `make` gets its label.
    pub(super) fn get(&self, name: &str, make: impl FnOnce(&str, &Arc<AtomicUsize>) -> V) -> Arc<Member<V>> {
        if let Some(member) = self.known(name) {
            return member;
        }
        let one_less = |left: usize| left.checked_sub(1);
        let name = match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less) {
            Ok(_) => name,
            Err(_) => OTHER,
        };
        if let Some(member) = self.known(name) {
            return member;
        }
        let mut members = self.members.write().unwrap_or_else(PoisonError::into_inner);
        let member = members.entry(name.to_owned()).or_insert_with(|| {
            let label = label(name);
            let value = make(&label, &self.left);
            Arc::new(Member { label, value })
        });
        Arc::clone(member)
    }

    fn known(&self, name: &str) -> Option<Arc<Member<V>>> {
        self.members.read().unwrap_or_else(PoisonError::into_inner).get(name).map(Arc::clone)
    }
}

/// A name as the value of a label: bounded, and without anything that would have to be escaped.
pub(super) fn label(name: &str) -> String {
    let plain = |character: char| match character {
        '"' | '\\' => '_',
        ' '..='~' => character,
        _ => '_',
    };
    name.chars().take(LONGEST).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_names_beyond_the_bound_as_other() {
        let family: Family<()> = Family::new(2);
        for name in ["a", "b", "a", "c", "d"] {
            family.get(name, |_, _| ());
        }
        let mut names: Vec<String> = family.members.read().unwrap().keys().cloned().collect();
        names.sort();
        assert_eq!(names, ["a", "b", "other"]);
        assert_eq!(family.get("e", |_, _| ()).label, "other");
    }

    #[test]
    fn shares_one_bound_among_families_inside_a_family() {
        let outer: Family<Family<()>> = Family::new(3);
        for name in ["a", "b", "c", "d"] {
            outer.get("set", |_, left| Family::sharing(left)).value.get(name, |_, _| ());
        }
        let set = outer.get("set", |_, left| Family::sharing(left));
        assert_eq!(set.value.members.read().unwrap().len(), 3, "two names beside the set's own, and `other`");
    }

    #[test]
    fn allows_nothing_in_a_label_that_would_end_it() {
        assert_eq!(label("a\"} 1\nforged 2\\"), "a_} 1_forged 2_");
        assert_eq!(label(&"x".repeat(1000)).len(), LONGEST);
    }
}
