//! Custom kinds that run containers: refused where they could never be found in an object.
//!
//! A kind that is never found is judged as if it ran nothing, which nobody notices. Whether a group without a dot exists is
//! asked where the kinds of Kubernetes are known (the gate).

use portcullis_model::{CustomWorkload, NodeId};

use crate::error::quote;
use crate::fields::Fields;
use crate::labels::is_subdomain;
use crate::meant::kind_for;

/// `{apiGroup: argoproj.io, kind: Rollout, template: /spec/template, replicas: /spec/replicas}`.
pub(crate) fn read_workload(fields: &Fields, node: NodeId) -> Option<CustomWorkload> {
    if !fields.expect_map(node, &["apiGroup", "kind", "template", "replicas"]) {
        return None;
    }
    let group = fields.required_text(node, "apiGroup");
    if let Some(group) = group {
        check_group(fields, fields.document.find(node, "apiGroup"), group);
    }
    let kind = fields.required_text(node, "kind");
    if let Some(kind) = kind.filter(|kind| !kind.starts_with(|first: char| first.is_ascii_uppercase())) {
        let hint = match kind_for(kind) {
            meant if meant != kind => format!("did you mean {}?", quote(&meant)),
            _ => "write it as the objects do, such as `Rollout`".to_owned(),
        };
        let message = format!("{} is not a kind; a kind begins with a capital", quote(kind));
        fields.wrong_hint(fields.document.find(node, "kind"), message, hint);
    }
    let template = fields.required(node, "template").and_then(|found| read_template(fields, found));
    let replicas = fields.get(node, "replicas").and_then(|found| read_pointer(fields, found));
    let replicas = replicas.map(str::to_owned);
    Some(CustomWorkload { group: group?.to_owned(), kind: kind?.to_owned(), template: template?.to_owned(), replicas })
}

fn check_group(fields: &Fields, node: NodeId, group: &str) {
    let message = format!("{} is not the group of a custom kind", quote(group));
    if let Some((alone, _)) = group.split_once('/') {
        fields.wrong_hint(node, message, format!("write the group alone, without the version: {}", quote(alone)));
    } else if !is_subdomain(group) {
        fields.wrong_hint(node, message, "a group is a DNS name in lower case, such as `argoproj.io`");
    }
}

fn read_template<'d>(fields: &Fields<'d>, node: NodeId) -> Option<&'d str> {
    let text = read_pointer(fields, node)?;
    if let Some(holder) = text.strip_suffix("/spec") {
        let message = format!(
            "{} points to the `spec` of the Pod; the pointer is to what holds its `metadata` and `spec`",
            quote(text)
        );
        if holder.is_empty() {
            fields.wrong(node, message);
        } else {
            fields.wrong_hint(node, message, format!("write {}", quote(holder)));
        }
    }
    Some(text)
}

fn read_pointer<'d>(fields: &Fields<'d>, node: NodeId) -> Option<&'d str> {
    let text = fields.text(node)?;
    if !text.starts_with('/') {
        let message = format!("{} is not a JSON Pointer", quote(text));
        fields.wrong_hint(node, message, "write it like `/spec/template`");
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::json;

    /// The complaints about a good workload with one member replaced.
    fn workload(key: &str, value: &str) -> String {
        let members = [("apiGroup", "argoproj.io"), ("kind", "Rollout"), ("template", "/spec/template")];
        let kept = members.iter().filter(|(name, _)| *name != key).copied().chain([(key, value)]);
        let text: Vec<String> = kept.map(|(name, value)| format!(r#""{name}":"{value}""#)).collect();
        let document = json(&format!("{{{}}}", text.join(",")));
        let fields = Fields::new(&document);
        read_workload(&fields, NodeId::ROOT);
        fields.finish().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn refuses_workloads_that_would_never_be_found() {
        let group = "is not the group of a custom kind";
        assert_eq!(
            workload("apiGroup", "argoproj.io/v1alpha1"),
            format!("`argoproj.io/v1alpha1` {group}; write the group alone, without the version: `argoproj.io`")
        );
        assert_eq!(
            workload("apiGroup", "Argoproj.io"),
            format!("`Argoproj.io` {group}; a group is a DNS name in lower case, such as `argoproj.io`")
        );
        assert_eq!(workload("apiGroup", ""), "`apiGroup` is empty");
        let kind = "is not a kind; a kind begins with a capital";
        assert_eq!(workload("kind", "rollouts"), format!("`rollouts` {kind}; did you mean `Rollout`?"));
        assert_eq!(workload("kind", "rollout"), format!("`rollout` {kind}; did you mean `Rollout`?"));
        assert_eq!(workload("kind", "1x"), format!("`1x` {kind}; write it as the objects do, such as `Rollout`"));
        let holder = "points to the `spec` of the Pod; the pointer is to what holds its `metadata` and `spec`";
        assert_eq!(
            workload("template", "/spec/template/spec"),
            format!("`/spec/template/spec` {holder}; write `/spec/template`")
        );
        assert_eq!(workload("template", "/spec"), format!("`/spec` {holder}"));
        for (key, good) in [("apiGroup", "jobset.x-k8s.io"), ("kind", "KService"), ("template", "/template")] {
            assert_eq!(workload(key, good), "", "{good}");
        }
    }

    #[test]
    fn keeps_of_a_workload_what_is_written() {
        let read = |replicas: &str| {
            let document = json(&format!(
                r#"{{"apiGroup":"argoproj.io","kind":"Rollout","template":"/spec/template"{replicas}}}"#
            ));
            let fields = Fields::new(&document);
            let workload = read_workload(&fields, NodeId::ROOT);
            assert!(fields.finish().is_empty());
            workload.expect("a workload")
        };
        let counted = read(r#","replicas":"/spec/count""#);
        assert_eq!((counted.group.as_str(), counted.kind.as_str()), ("argoproj.io", "Rollout"));
        assert_eq!((counted.template.as_str(), counted.replicas.as_deref()), ("/spec/template", Some("/spec/count")));
        assert_eq!(read("").replicas, None);
        let pointer = "is not a JSON Pointer; write it like `/spec/template`";
        assert_eq!(workload("template", "spec.template"), format!("`spec.template` {pointer}"));
        assert_eq!(workload("replicas", "3"), format!("`3` {pointer}"));
    }
}
