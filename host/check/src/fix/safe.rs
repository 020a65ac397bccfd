//! Whether a fix only spells a value in another way: what a plugin calls safe is taken for it only where it is.

use std::cmp::Ordering;
use std::collections::HashSet;

use portcullis_model::{Amount, Document, FixOperation, NodeId, Workload};
use portcullis_subject::quantity;

use crate::fix::tree::Tree;

/// Told with a fix that its plugin calls safe and that is not.
pub(crate) const NOT_SAFE: &str = "its plugin calls this safe, but it changes what the object means";

/// Every node of a workload that Kubernetes reads as a quantity: the same text elsewhere, in an annotation or an argument of
/// a program, is a text, and every character of it counts.
pub(crate) fn amounts(object: &Document, workload: &Workload) -> HashSet<NodeId> {
    let containers = workload.containers.iter().map(|container| container.node);
    let claims = workload.claims.iter().map(|claim| claim.node);
    let owners = containers.chain(claims).chain([workload.pod_spec]).filter(|owner| !owner.is_none());
    let sides = owners.flat_map(|owner| {
        let resources = object.find(owner, "resources");
        ["requests", "limits"].map(|side| object.find(resources, side))
    });
    sides.flat_map(|side| object.entries(side).map(|(_, amount)| amount)).collect()
}

/// Whether the fix puts the same value there, or the same amount where Kubernetes reads one. What adds or removes something is
/// never safe.
pub(crate) fn only_respells(
    object: &Document,
    node: NodeId,
    amounts: &HashSet<NodeId>,
    (operation, value): (FixOperation, Option<&Tree>),
) -> bool {
    let (FixOperation::Replace, Some(value)) = (operation, value) else { return false };
    Tree::of(object, node).is_identical(value) || (amounts.contains(&node) && is_amount(object, node, value))
}

fn is_amount(object: &Document, node: NodeId, value: &Tree) -> bool {
    let text = match value {
        Tree::Text(text) => text,
        Tree::Number(number) => &number.0,
        _ => return false,
    };
    let (old, new) = (quantity::at(object, node), quantity::amount(text));
    // At an end of the range many amounts are held as one.
    let is_held = |amount: Amount| matches!(amount.whole, i64::MIN | i64::MAX);
    quantity::compare(old, new) == Some(Ordering::Equal) && !is_held(old)
}

#[cfg(test)]
mod tests {
    use portcullis_document::{ReadLimits, read_json_text};

    use super::*;

    fn respells(old: &str, is_amount: bool, operation: FixOperation, new: &str) -> bool {
        let object = read_json_text(&format!("{{\"a\": {old}}}"), &ReadLimits::default()).expect("JSON");
        let node = object.find(NodeId::ROOT, "a");
        let amounts = if is_amount { HashSet::from([node]) } else { HashSet::new() };
        only_respells(&object, node, &amounts, (operation, Tree::of_json(new).as_ref()))
    }

    #[test]
    fn takes_only_another_spelling_of_the_same_value_for_safe_p74() {
        for (old, new) in [
            ("\"0.5\"", "\"500m\""),
            ("0.5", "\"500m\""),
            ("\"1024Mi\"", "\"1Gi\""),
            ("\"1.0\"", "1"),
            ("\" 1024Mi \"", "\"1Gi\""),
        ] {
            assert!(respells(old, true, FixOperation::Replace, new), "{old} {new}");
            assert!(!respells(old, false, FixOperation::Replace, new), "only where Kubernetes reads a quantity: {old}");
        }
        assert!(respells(r#"{"b": [1, "x"], "c": null}"#, false, FixOperation::Replace, r#"{"c":null,"b":[1,"x"]}"#));
        for (old, new) in [
            ("\"500m\"", "\"501m\""),
            ("\"500m\"", "\" 500m\""),
            // Beyond the range both are held at its end.
            ("\"9223372036854775808\"", "\"1e30\""),
            ("\"-1e30\"", "\"-1e31\""),
            ("null", "0"),
            ("\"evil\"", "\"worse\""),
            ("[]", "0"),
            ("{}", "{\"a\": 1}"),
            ("1", "true"),
        ] {
            assert!(!respells(old, true, FixOperation::Replace, new), "{old} {new}");
        }
        // A whole number of a typed field may not be written with a point.
        assert!(!respells("1", false, FixOperation::Replace, "1.0"));
        assert!(
            !respells("\"a\"", true, FixOperation::Add, "\"a\"") && !respells("1", true, FixOperation::Remove, "1")
        );
    }
}
