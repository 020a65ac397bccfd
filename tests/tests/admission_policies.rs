//! ValidatingAdmissionPolicies as they are: what `check` and `webhook-config` make of the manifests that a cluster takes.

use portcullis_tests::{Folder, code, portcullis, root, undrawn};
use serde_json::{Value, json};

const NAMESPACES: &str = "{apiVersion: v1, kind: Namespace, metadata: {name: red, labels: {environment: test}}}\n---\n{apiVersion: v1, kind: Namespace, metadata: {name: blue}}\n";

fn deployment(namespace: &str, replicas: u32) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: {namespace}}}\nspec:\n  replicas: {replicas}\n  selector: {{matchLabels: {{a: b}}}}\n  template: {{metadata: {{labels: {{a: b}}}}, spec: {{containers: [{{name: a, image: nginx}}]}}}}\n"
    )
}

fn shipped() -> String {
    std::fs::read_to_string(root().join("policies/sets/replica-limit.yaml")).expect("the example")
}

/// The report about a Deployment, by these policies.
fn judged(policies: &str, namespace: &str, replicas: u32) -> Value {
    let folder = Folder::new("admission-policies");
    folder.write("vap.yaml", policies);
    folder.write("namespaces.yaml", NAMESPACES);
    folder.write("web.yaml", deployment(namespace, replicas));
    let arguments = ["check", "-f", "json", "-p", "vap.yaml", "--namespace-labels", "namespaces.yaml", "web.yaml"];
    portcullis(folder.path(), &arguments).json()
}

#[test]
fn judges_by_the_replica_limit_of_the_documentation_as_a_cluster_does() {
    let denied = judged(&shipped(), "red", 4);
    assert_eq!((&denied["verdict"], &denied["errors"]), (&json!("deny"), &json!([])), "{denied}");
    let decision = &denied["decisions"][0];
    assert_eq!(decision["policySet"], "validating-admission-policies");
    let finding = &decision["findings"][0];
    assert_eq!(code(finding), "cel/validation-failed");
    assert_eq!(finding["policy"], "replicalimit-policy.example.com");
    assert_eq!(finding["message"], "failed expression: object.spec.replicas <= params.maxReplicas");
    assert_eq!((&finding["pointer"], &finding["source"]["line"]), (&json!("/spec/replicas"), &json!(5)));
    assert_eq!(judged(&shipped(), "red", 3)["verdict"], "allow");
    let elsewhere = judged(&shipped(), "blue", 4);
    assert_eq!((&elsewhere["verdict"], &elsewhere["decisions"][0]["matched"]), (&json!("allow"), &json!(false)));
    assert_eq!(elsewhere["notices"], json!([]));
}

#[test]
fn warns_where_the_binding_warns_in_either_mode() {
    let warning = shipped().replace("[Deny]", "[Warn]");
    let warned = judged(&warning, "red", 4);
    assert_eq!(warned["verdict"], "allow");
    assert_eq!(warned["decisions"][0]["findings"][0]["effect"], "warn");
}

#[test]
fn says_in_a_notice_what_it_does_not_take_as_it_is() {
    let unbound = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: few}\nspec:\n  matchConstraints: {resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}\n  validations: [{expression: object.spec.replicas < 3, message: too many}]\n  auditAnnotations: [{key: a, valueExpression: \"'a'\"}]\n";
    let report = judged(&format!("{unbound}---\n{NAMESPACES}"), "blue", 4);
    assert_eq!(report["decisions"][0]["findings"][0]["message"], "too many");
    let notices = report["notices"].to_string();
    for said in [
        "no binding of the policy `few` is given: it is judged as if one bound it to everything with `Deny`",
        "the `auditAnnotations` of `few` are not made here",
        "not read beside the policies, because no policy has params of these kinds: `Namespace` (vap.yaml:9:1)",
    ] {
        assert!(notices.contains(said), "{notices}");
    }
}

#[test]
fn points_at_the_expression_that_cannot_be_compiled() {
    let slip = shipped().replace("params.maxReplicas", "param.maxReplicas");
    let report = judged(&slip, "red", 4);
    let error = &report["errors"][0];
    assert_eq!(report["verdict"], "error");
    assert_eq!((&error["source"]["file"], &error["source"]["line"]), (&json!("vap.yaml"), &json!(16)), "{error}");
    let said = error["message"].as_str().unwrap_or_default();
    assert!(said.contains("`validating-admission-policies/replicalimit-policy.example.com`"), "{said}");
    assert!(said.contains("/validations/0/expression") && said.contains("`param`"), "{said}");
}

#[test]
fn says_all_that_is_wrong_with_the_manifests_of_a_folder() {
    let folder = Folder::new("admission-folder");
    folder.write(
        "policies/a.yaml",
        shipped().replace("[Deny]", "[Deny, Warn]").replace("  failurePolicy", "  failPolicy"),
    );
    folder.write(
        "policies/b.yaml",
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: own}\nspec: {polices: []}\n",
    );
    folder.write("web.yaml", deployment("red", 1));
    let answer = portcullis(folder.path(), &["check", "-p", "policies", "web.yaml"]);
    assert_eq!(answer.status, 2);
    for said in [
        "policies/a.yaml:7:3: unknown field `failPolicy` in `spec`\n  help: did you mean `failurePolicy`?",
        "policies/a.yaml:24:3: `validationActions` has both `Deny` and `Warn`",
        "policies/b.yaml:4:8: unknown field `polices` in `spec`\n  help: did you mean `policies`?",
    ] {
        assert!(undrawn(&answer.err).contains(said), "{}", answer.err);
    }
}

#[test]
fn registers_what_admission_policies_judge() {
    let folder = Folder::new("admission-registered");
    folder.write("vap.yaml", shipped());
    let answer = portcullis(folder.path(), &["webhook-config", "-p", "vap.yaml", "--try"]);
    assert_eq!(answer.status, 0, "{answer:?}");
    assert!(answer.out.contains("# Policy set validating-admission-policies: sha256:"), "{}", answer.out);
    assert!(answer.out.contains("resources: [deployments]"), "{}", answer.out);
    assert!(answer.out.contains("environment: \"test\"") || answer.out.contains("environment: test"), "{}", answer.out);
}

#[test]
fn denies_a_recorded_deletion_by_the_object_before_it() {
    let folder = Folder::new("admission-deletion");
    let policy = shipped()
        .replace("[CREATE, UPDATE]", "[DELETE]")
        .replace("object.spec.replicas <= params.maxReplicas", "oldObject.spec.replicas <= params.maxReplicas");
    folder.write("vap.yaml", policy);
    let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "red"}, "spec": {"replicas": 4}});
    let named = |key: &str, name: &str| json!({"group": "apps", "version": "v1", key: name});
    let review = json!({
        "apiVersion": "portcullis.dev/v1alpha1", "kind": "RecordedReview", "time": "2026-01-01T00:00:00Z",
        "namespaceLabels": {"environment": "test"},
        "review": {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
            "uid": "1", "kind": named("kind", "Deployment"), "resource": named("resource", "deployments"),
            "name": "web", "namespace": "red", "operation": "DELETE", "userInfo": {"username": "ann"}, "oldObject": object
        }}
    });
    folder.write("review.json", review.to_string());
    let report = portcullis(folder.path(), &["check", "-f", "json", "-p", "vap.yaml", "review.json"]).json();
    let finding = &report["decisions"][0]["findings"][0];
    assert_eq!(finding["message"], "failed expression: oldObject.spec.replicas <= params.maxReplicas", "{report}");
    assert_eq!(report["verdict"], "deny");
}

#[test]
fn says_of_a_policy_among_the_manifests_how_to_judge_by_it() {
    let folder = Folder::new("admission-beside");
    folder.write("deploy/vap.yaml", shipped());
    folder.write("deploy/web.yaml", deployment("blue", 4));
    let notices = |arguments: &[&str]| {
        let arguments = [&["check", "-f", "json", "deploy"], arguments].concat();
        portcullis(folder.path(), &arguments).json()["notices"].to_string()
    };
    let told = "a ValidatingAdmissionPolicy was judged as an object like any other (`deploy/vap.yaml`); to judge by it, give it with --policies";
    assert_eq!(notices(&[]).matches(told).count(), 1);
    assert!(!notices(&["-p", "deploy/vap.yaml"]).contains("to judge by it"));
}

/// The verdict on an object by one expression, in a policy that matches everything, and what `check` printed.
fn verdict(expression: &str, object: &str) -> (Value, String) {
    let policy = format!(
        "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {{name: one}}\nspec:\n  matchConstraints: {{resourceRules: [{{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*']}}]}}\n  validations: [{{expression: {}}}]\n",
        json!(expression)
    );
    let folder = Folder::new("one-expression");
    folder.write("vap.yaml", policy);
    folder.write("object.yaml", object);
    let report = portcullis(folder.path(), &["check", "-f", "json", "-p", "vap.yaml", "object.yaml"]).json();
    (report["verdict"].clone(), report.to_string())
}

#[test]
fn finds_a_list_under_no_text_and_no_namespace_around_a_namespace() {
    let registries = |registry: &str| {
        format!(
            "apiVersion: example.com/v1\nkind: Pull\nmetadata: {{name: a, namespace: d}}\nspec: {{registry: {registry}}}\n"
        )
    };
    let known = "object.spec.registry in {'registry.example.com': true}";
    assert_eq!(verdict(known, &registries("registry.example.com")).0, "allow");
    for registry in ["[evil.example.com]", "{evil.example.com: 1}", "1", "null"] {
        let (verdict, report) = verdict(known, &registries(registry));
        assert_eq!(verdict, "deny", "{registry}: {report}");
    }
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: d, labels: {a: b}}\n";
    assert_eq!(verdict("namespaceObject == null", namespace).0, "allow");
    assert_eq!(verdict("namespaceObject != null", namespace).0, "deny");
}

#[test]
fn takes_a_namespace_that_nobody_names_for_none_in_no_expression() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: x}]}\n";
    for expression in ["!has(request.namespace)", "request.?namespace.orValue('') == ''", "namespaceObject == null"] {
        let (verdict, report) = verdict(expression, pod);
        assert_eq!(verdict, "error", "{expression}: {report}");
        assert!(report.contains("--namespace"), "{expression}: {report}");
    }
    let folder = Folder::new("unnamed-namespace");
    folder.write("pod.yaml", pod);
    folder.write(
        "set.yaml",
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: own}\nspec:\n  policies:\n  - name: never\n    plugin: {builtin: cel}\n    match: {matchConditions: [{name: prod, expression: \"request.?namespace.orValue('') == 'prod'\"}]}\n    settings: {validations: [{expression: 'false'}]}\n",
    );
    let status = |more: &[&str]| portcullis(folder.path(), &[&["check", "-p", "set.yaml", "pod.yaml"], more].concat());
    assert_eq!(status(&[]).status, 2, "{:?}", status(&[]));
    assert_eq!(status(&["--namespace", "prod"]).status, 1);
    assert_eq!(status(&["--namespace", "shop"]).status, 0);
}
