//! The `resourceRules` of a `match`: refused where Kubernetes refuses them, and where they could never match.
//!
//! A rule that never matches is a policy that never judges, which nobody notices. Whether a plain word is a resource that
//! exists is asked where the kinds of Kubernetes are known (the gate).

use portcullis_model::{NodeId, ResourceRule, Scope};

use crate::error::quote;
use crate::fields::Fields;
use crate::labels::is_subdomain;

pub(crate) fn read_rule(fields: &Fields, node: NodeId) -> Option<ResourceRule> {
    let known = ["apiGroups", "apiVersions", "operations", "resources", "resourceNames", "scope"];
    if !fields.expect_map(node, &known) {
        return None;
    }
    let operations = ["CREATE", "UPDATE", "DELETE", "CONNECT", "*"].map(|word| (word, word));
    for item in fields.list(node, "operations").unwrap_or_default() {
        fields.word(item, &operations);
    }
    let scopes = [("Cluster", Scope::Cluster), ("Namespaced", Scope::Namespaced), ("*", Scope::Any)];
    let scope = fields.get(node, "scope").and_then(|scope| fields.word(scope, &scopes)).unwrap_or(Scope::Any);
    let groups = some_of(fields, node, "apiGroups");
    groups.iter().for_each(|&(item, group)| check_group(fields, item, group));
    let versions = some_of(fields, node, "apiVersions");
    let of_others = groups.iter().any(|&(_, group)| may_be_custom(group));
    versions.iter().for_each(|&(item, version)| check_version(fields, item, version, of_others));
    let resources = some_of(fields, node, "resources");
    resources.iter().for_each(|&(item, resource)| check_resource(fields, item, resource));
    check_overlaps(fields, &resources);
    let owned = |words: Vec<(NodeId, &str)>| words.into_iter().map(|(_, word)| word.to_owned()).collect();
    Some(ResourceRule {
        api_groups: owned(groups),
        api_versions: owned(versions),
        operations: owned(some_of(fields, node, "operations")),
        resources: owned(resources),
        resource_names: read_names(fields, node),
        scope,
    })
}

/// A list that must name something, and where `*` must stand alone.
fn some_of<'d>(fields: &Fields<'d>, rule: NodeId, key: &str) -> Vec<(NodeId, &'d str)> {
    let Some(node) = fields.required(rule, key) else { return Vec::new() };
    let Some(texts) = fields.texts(rule, key) else { return Vec::new() };
    if fields.document.len(node) == 0 {
        fields.wrong(node, format!("`{key}` is empty, so this rule would match nothing"));
    }
    if key != "resources" && texts.len() > 1 && texts.iter().any(|&(_, text)| text == "*") {
        fields.wrong(node, format!("`*` in `{key}` must stand alone"));
    }
    texts
}

/// Groups of custom kinds have a dot (`ValidateCustomResourceDefinition` of apiextensions), and `*.k8s.io` is Kubernetes' own.
fn may_be_custom(group: &str) -> bool {
    group.contains('.') && !group.ends_with(".k8s.io")
}

fn check_group(fields: &Fields, item: NodeId, group: &str) {
    let wrong = |hint: String| fields.wrong_hint(item, format!("{} is not an API group", quote(group)), hint);
    match group.split_once('/') {
        Some((alone, version)) => wrong(format!(
            "write the group alone: {}; the version {} goes to `apiVersions`",
            quote(alone),
            quote(version)
        )),
        None if group.is_empty() || group == "*" => {}
        None if ["core", "api"].contains(&group) => wrong("the core group is the empty text: `\"\"`".into()),
        None if is_kubernetes_version(group) => {
            wrong(format!("it is a version, which goes to `apiVersions`; the group of {} is `\"\"`", quote(group)));
        }
        None if !is_subdomain(group) => wrong(lower_case_or(
            group,
            "a group is a DNS name in lower case, such as `apps`; the core group is `\"\"`, and `*` is any",
        )),
        None => {}
    }
}

fn check_version(fields: &Fields, item: NodeId, version: &str, of_others: bool) {
    let wrong = |hint: String| fields.wrong_hint(item, format!("{} is not an API version", quote(version)), hint);
    match version.split_once('/') {
        Some((group, alone)) => {
            wrong(format!("write the version alone: {}; the group {} goes to `apiGroups`", quote(alone), quote(group)));
        }
        None if version == "*" || is_kubernetes_version(version) => {}
        // The versions of a custom kind may have any DNS label as their name.
        None if of_others && is_subdomain(version) && !version.contains('.') => {}
        None => wrong(lower_case_or(version, "a version is like `v1` or `v1beta1`, and `*` is any")),
    }
}

/// `v1`, `v2beta3` (Kubernetes API versioning).
fn is_kubernetes_version(text: &str) -> bool {
    let number = |text: &str| {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        (digits > 0 && !text.starts_with('0')).then(|| text[digits..].to_owned())
    };
    let Some(rest) = text.strip_prefix('v').and_then(number) else { return false };
    rest.is_empty()
        || ["alpha", "beta"].iter().filter_map(|word| rest.strip_prefix(word)).filter_map(number).any(|r| r.is_empty())
}

fn check_resource(fields: &Fields, item: NodeId, text: &str) {
    let (resource, subresource) = text.split_once('/').unwrap_or((text, "*"));
    let plain = |part: &str| {
        part == "*"
            || !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b))
    };
    if plain(resource) && plain(subresource) {
        return;
    }
    let rest = &text[resource.len()..];
    let hint = if resource.bytes().any(|b| b.is_ascii_uppercase()) && plain(&resource.to_ascii_lowercase()) {
        let meant = plural_of(resource) + &rest.to_ascii_lowercase();
        format!("did you mean {}? resources are plurals in lower case", quote(&meant))
    } else {
        "a resource is the plural in lower case, such as `pods`, `pods/status`, `*/scale` or `*/*`".to_owned()
    };
    fields.wrong_hint(item, format!("{} is not a resource", quote(text)), hint);
}

/// The plural that Kubernetes would give a kind (`flect`-like; only ever a suggestion).
fn plural_of(kind: &str) -> String {
    let lower = kind.to_ascii_lowercase();
    // Written as a plural, in the wrong case: `Pods`, `Endpoints`.
    let plural = lower.ends_with('s') && !lower.ends_with("ss") && !lower.ends_with("us");
    match lower.strip_suffix('y') {
        _ if plural => lower,
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if lower.ends_with(['s', 'x']) || lower.ends_with("ch") || lower.ends_with("sh") => format!("{lower}es"),
        _ => format!("{lower}s"),
    }
}

/// Resources of one rule must not overlap (`validateResources` of pkg/apis/admissionregistration/validation).
fn check_overlaps(fields: &Fields, resources: &[(NodeId, &str)]) {
    let has = |text: &str| resources.iter().any(|&(_, other)| other == text);
    if resources.len() > 1
        && let Some(&(item, _)) = resources.iter().find(|&&(_, text)| text == "*/*")
    {
        fields.wrong(item, "`*/*` in `resources` must stand alone");
        return;
    }
    for &(item, text) in resources {
        let wider = match text.split_once('/') {
            None => (text != "*" && has("*")).then(|| "*".to_owned()),
            Some((resource, subresource)) => [format!("{resource}/*"), format!("*/{subresource}")]
                .into_iter()
                .find(|wider| wider != text && has(wider)),
        };
        if let Some(wider) = wider {
            let message = format!("{} is already covered by {} in this rule", quote(text), quote(&wider));
            fields.wrong_hint(item, message, "Kubernetes refuses resources that overlap; remove one of them");
        }
    }
}

/// Names as a path segment holds them (`path.ValidatePathSegmentName` of apimachinery); never a pattern.
fn read_names(fields: &Fields, rule: NodeId) -> Vec<String> {
    let names = fields.texts(rule, "resourceNames").unwrap_or_default();
    for (at, &(item, name)) in names.iter().enumerate() {
        let message = format!("{} is not the name of an object", quote(name));
        if name.contains('*') {
            let hint = "names are compared as they are; leave `resourceNames` out to match every name";
            fields.wrong_hint(item, message, hint);
        } else if name.is_empty() || name == "." || name == ".." || name.contains(['/', '%']) {
            fields.wrong_hint(item, message, "a name is not empty, `.` or `..`, and has no `/` and no `%`");
        } else if names[..at].iter().any(|&(_, other)| other == name) {
            fields.wrong(item, format!("a second {} in `resourceNames`", quote(name)));
        }
    }
    names.into_iter().map(|(_, name)| name.to_owned()).collect()
}

fn lower_case_or(text: &str, hint: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let sound = is_kubernetes_version(&lower) || is_subdomain(&lower);
    if lower != text && sound { format!("did you mean {}?", quote(&lower)) } else { hint.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::json;

    /// The complaints about a good rule with one member replaced.
    fn rule(key: &str, value: &str) -> String {
        let members = [
            ("apiGroups", r#"["*"]"#),
            ("apiVersions", r#"["*"]"#),
            ("operations", r#"["CREATE"]"#),
            ("resources", r#"["pods"]"#),
        ];
        let kept = members.iter().filter(|(name, _)| *name != key).copied().chain([(key, value)]);
        let text: Vec<String> = kept.map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
        complaints(&text.join(","))
    }

    fn complaints(members: &str) -> String {
        let document = json(&format!("{{{members}}}"));
        let fields = Fields::new(&document);
        read_rule(&fields, NodeId::ROOT);
        fields.finish().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn refuses_groups_that_could_never_match() {
        let not = |group: &str, hint: &str| {
            assert_eq!(rule("apiGroups", &format!("[\"{group}\"]")), format!("`{group}` is not an API group; {hint}"));
        };
        not("apps/v1", "write the group alone: `apps`; the version `v1` goes to `apiVersions`");
        not("core", "the core group is the empty text: `\"\"`");
        not("v1", "it is a version, which goes to `apiVersions`; the group of `v1` is `\"\"`");
        not("Apps", "did you mean `apps`?");
        not("A_b", "a group is a DNS name in lower case, such as `apps`; the core group is `\"\"`, and `*` is any");
        not("a_b", "a group is a DNS name in lower case, such as `apps`; the core group is `\"\"`, and `*` is any");
        for good in [r#"[""]"#, r#"["apps", "argoproj.io"]"#, r#"["*"]"#] {
            assert_eq!(rule("apiGroups", good), "", "{good}");
        }
        assert_eq!(rule("apiGroups", r#"["*",""]"#), "`*` in `apiGroups` must stand alone");
        assert_eq!(rule("apiGroups", "[]"), "`apiGroups` is empty, so this rule would match nothing");
    }

    #[test]
    fn refuses_versions_that_could_never_match() {
        let not = |version: &str, hint: &str| {
            let expected = format!("`{version}` is not an API version; {hint}");
            assert_eq!(rule("apiVersions", &format!("[\"{version}\"]")), expected);
        };
        let like = "a version is like `v1` or `v1beta1`, and `*` is any";
        not("apps/v1", "write the version alone: `v1`; the group `apps` goes to `apiGroups`");
        not("V1", "did you mean `v1`?");
        for bad in ["1", "v0", "v1gamma1", "v1beta", "v1beta0", "", "v", "stable"] {
            not(bad, like);
        }
        for good in ["v1", "v12", "v1beta1", "v2alpha13", "*"] {
            assert_eq!(rule("apiVersions", &format!("[\"{good}\"]")), "", "{good}");
        }
        let custom = r#""apiGroups":["e.example"],"apiVersions":["stable"],"operations":["*"],"resources":["things"]"#;
        assert_eq!(complaints(custom), "", "the versions of a custom kind have any name");
        assert_ne!(complaints(&custom.replace("e.example", "node.k8s.io")), "");
        assert_eq!(
            rule("apiVersions", "\"v1\""),
            "`apiVersions` must be a list of strings, found a string; put it in brackets: `[..]`"
        );
    }

    #[test]
    fn refuses_kinds_in_the_place_of_resources() {
        for (written, meant) in [
            ("Pod", "pods"),
            ("Deployment", "deployments"),
            ("Deployments", "deployments"),
            ("NetworkPolicy", "networkpolicies"),
            ("Ingress", "ingresses"),
            ("Endpoints", "endpoints"),
            ("StorageClass", "storageclasses"),
            ("Gateway", "gateways"),
            ("Batch", "batches"),
            ("Mesh", "meshes"),
            ("Pod/Status", "pods/status"),
        ] {
            assert_eq!(
                rule("resources", &format!("[\"{written}\"]")),
                format!("`{written}` is not a resource; did you mean `{meant}`? resources are plurals in lower case")
            );
        }
        let hint = "a resource is the plural in lower case, such as `pods`, `pods/status`, `*/scale` or `*/*`";
        for bad in ["a/b/c", "", "pods/", "/status", "po*", "apps.v1/pods/x"] {
            assert_eq!(
                rule("resources", &format!("[\"{bad}\"]")),
                format!("`{bad}` is not a resource; {hint}"),
                "{bad}"
            );
        }
        for good in ["pods", "pods/status", "pods/*", "*/scale", "*", "*/*", "things", "k8s-things/v2.x"] {
            assert_eq!(rule("resources", &format!("[\"{good}\"]")), "", "{good}");
        }
    }

    #[test]
    fn refuses_resources_that_overlap_as_kubernetes_does() {
        let overlap = |narrow: &str, wide: &str| {
            format!(
                "`{narrow}` is already covered by `{wide}` in this rule; Kubernetes refuses resources that overlap; remove one of them"
            )
        };
        assert_eq!(rule("resources", r#"["*/*","pods"]"#), "`*/*` in `resources` must stand alone");
        assert_eq!(rule("resources", r#"["*","pods"]"#), overlap("pods", "*"));
        assert_eq!(rule("resources", r#"["pods/*","pods/status"]"#), overlap("pods/status", "pods/*"));
        assert_eq!(rule("resources", r#"["pods/status","*/status"]"#), overlap("pods/status", "*/status"));
        for good in [r#"["*","pods/status"]"#, r#"["*","*/scale","pods/resize"]"#, r#"["pods","pods/*"]"#] {
            assert_eq!(rule("resources", good), "", "{good}");
        }
    }

    #[test]
    fn refuses_operations_names_and_scopes_that_are_none() {
        assert_eq!(rule("operations", r#"["create"]"#), "`operations[0]` cannot be `create`; did you mean `CREATE`?");
        assert_eq!(rule("operations", r#"["UPDATED"]"#), "`operations[0]` cannot be `UPDATED`; did you mean `UPDATE`?");
        assert_eq!(
            rule("operations", r#"["PATCH"]"#),
            "`operations[0]` cannot be `PATCH`; write `CREATE`, `UPDATE`, `DELETE`, `CONNECT` or `*`"
        );
        assert_eq!(rule("operations", r#"["*","CREATE"]"#), "`*` in `operations` must stand alone");
        assert_eq!(rule("scope", r#""namespaced""#), "`scope` cannot be `namespaced`; did you mean `Namespaced`?");
        assert_eq!(rule("scope", r#""Any""#), "`scope` cannot be `Any`; write `Cluster`, `Namespaced` or `*`");
        let hint = "names are compared as they are; leave `resourceNames` out to match every name";
        for name in ["*", "web-*"] {
            assert_eq!(
                rule("resourceNames", &format!("[\"{name}\"]")),
                format!("`{name}` is not the name of an object; {hint}")
            );
        }
        let hint = "a name is not empty, `.` or `..`, and has no `/` and no `%`";
        for name in ["a/b", "a%b", "", ".", ".."] {
            let refused = rule("resourceNames", &format!("[\"{name}\"]"));
            assert_eq!(refused, format!("`{name}` is not the name of an object; {hint}"));
        }
        assert_eq!(rule("resourceNames", r#"["a","a"]"#), "a second `a` in `resourceNames`");
        assert_eq!(rule("resourceNames", r#"["a","system:node:b"]"#), "");
    }
}
