//! The policy sets in force as a metric: only those of this moment, however many versions there were before.

use std::fmt::Write as _;
use std::sync::{PoisonError, RwLock};

use super::MAX_SERIES;
use super::family::label;

const NAME: &str = "portcullis_policy_set_info";

static IN_FORCE: RwLock<Vec<(String, String)>> = RwLock::new(Vec::new());

/// The name and the digest of each policy set that is in force now.
pub fn in_force(sets: Vec<(String, String)>) {
    for (name, _) in &sets {
        super::may_shed(name);
    }
    *IN_FORCE.write().unwrap_or_else(PoisonError::into_inner) = sets;
}

/// In Prometheus' text format. The recorder would keep a digest for ever that was in force once.
pub(super) fn render() -> String {
    let sets = IN_FORCE.read().unwrap_or_else(PoisonError::into_inner);
    if sets.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "# HELP {NAME} Always 1; its labels say which version of each policy set judges.\n# TYPE {NAME} gauge\n"
    );
    for (name, digest) in sets.iter().take(MAX_SERIES) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{NAME}{{policy_set=\"{}\",digest=\"{}\"}} 1", label(name), label(digest));
    }
    text.push('\n');
    text
}
