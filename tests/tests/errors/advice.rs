//! What people get wrong on their first day, and that they are told what, where and what to do, without a word of a secret.

use portcullis_tests::{Folder, portcullis};

use super::{POD, refuses_set, says, set};

#[test]
fn draws_the_guilty_line_of_a_policy_set() {
    let text = set("  - name: limits\n    plugin: {builtin: resource-limits}\n    setings: {}\n");
    let drawn = "error: unknown field `setings` in `policies[0]`\n  --> set.yaml:8:5\n     |\n   8 |     setings: {}\n     |     ^^^^^^^\n     = help: did you mean `settings`?\n";
    refuses_set(&text, &[drawn]);
    let text = set("  - name: limits\n    plugin: {builtin: resource-limits}\n    settings:\n      cpu: {mim: 100m}\n");
    refuses_set(&text, &["\n   9 |       cpu: {mim: 100m}\n", "^"]);
}

#[test]
fn quotes_nothing_that_may_be_a_secret() {
    let hidden = |name: &str, text: &str, told: &str| {
        let folder = Folder::new("secret-sets");
        folder.write("pod.yaml", POD);
        folder.write(name, text);
        for arguments in [["-p", name], ["--waivers", name], ["--namespace-labels", name], ["--config", name]] {
            let answer = portcullis(folder.path(), &[&["check", "pod.yaml"][..], &arguments].concat());
            assert_eq!(answer.status, 2, "{arguments:?}: {answer:?}");
            assert!(!format!("{answer:?}").contains("hunter2"), "{arguments:?}: {answer:?}");
        }
        says(&portcullis(folder.path(), &["check", "-p", name, "pod.yaml"]), &[told]);
    };
    // What cannot be read, a Secret, and what does not say what it is.
    hidden("broken.yaml", "kind: PolicySet\npassword: hunter2: x\n", "-->");
    hidden("secret.yaml", "{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {p: hunter2}}\n", "*******");
    hidden("values.yaml", "{db: {password: hunter2}}\n", "*******");
    let text = set("  - {name: a, plugin: {builtin: cel}, x: \"-----BEGIN PRIVATE KEY----- hunter2\"}\n");
    hidden("key.yaml", &text, "unknown field `x`");
}

#[test]
fn says_what_yaml_made_of_an_expression_without_quotes() {
    let rule = |validation: &str| {
        set(&format!(
            "  - name: own\n    plugin: {{builtin: cel}}\n    settings:\n      validations:\n      - {validation}\n"
        ))
    };
    for (validation, told) in [
        (
            "expression: !has(object.spec.hostNetwork)",
            "YAML takes a `!` in front for a tag: put the expression in quotes",
        ),
        ("expression: !has(object.spec.x) || object.spec.x", "put the expression in quotes"),
        (
            "{expression: object.spec.containers.all(c, c.image != ''), message: m}",
            "a comma, a bracket or a brace ends the value: put the expression in quotes",
        ),
        ("expression: object.kind == 'a: b'", "put the expression in quotes"),
    ] {
        refuses_set(&rule(validation), &["set.yaml:10:", told]);
    }
    let condition = "    match: {matchConditions: [{name: x, expression: !has(object.x)}]}\n";
    let text = set(&format!("  - name: own\n    plugin: {{builtin: resource-limits}}\n{condition}"));
    refuses_set(&text, &["set.yaml:8:", "for a tag: put the expression in quotes"]);
}

#[test]
fn knows_the_words_of_other_engines() {
    let matching = |field: &str| set(&format!("  - name: a\n    plugin: {{builtin: cel}}\n    match: {{{field}}}\n"));
    for (field, told) in [
        (
            "excludedNamespaces: [kube-system]",
            "`namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name",
        ),
        ("kinds: [Pod]", "`resourceRules: [{apiGroups: [apps]"),
        ("labelSelector: {}", "`objectSelector: {matchLabels: {..}}`"),
        ("documents: ['*.yaml']", "write `{paths: [..]}`"),
    ] {
        refuses_set(&matching(field), &["set.yaml:8:", told]);
    }
    refuses_set(&set("  - {name: a, plugin: {builtin: cel}, enforcementAction: warn}\n"), &["`effect: {sandbox: warn"]);
    let folder = Folder::new("foreign");
    folder.write("pod.yaml", POD);
    folder.write("kyverno.yaml", "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: x}\nspec: {}\n");
    folder.write(
        "gatekeeper.yaml",
        "apiVersion: templates.gatekeeper.sh/v1\nkind: ConstraintTemplate\nmetadata: {name: x}\n",
    );
    folder.write("rego/x.rego", "package main\n");
    folder.write("mixed/vap.yaml", "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: v}\nspec:\n  matchConstraints: {resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}\n  validations: [{expression: 'true'}]\n");
    folder.write("mixed/kyverno.yaml", "apiVersion: kyverno.io/v1\nkind: Policy\nmetadata: {name: x}\nspec: {}\n");
    for (given, told) in [
        ("kyverno.yaml", "this is a `ClusterPolicy` of Kyverno, and no policy set"),
        ("gatekeeper.yaml", "this is a `ConstraintTemplate` of Gatekeeper"),
        ("rego/x.rego", "is written in Rego"),
        ("rego", "holds no .yaml"),
        ("mixed", "this is a `Policy` of Kyverno"),
    ] {
        let answer = portcullis(folder.path(), &["check", "-p", given, "pod.yaml"]);
        says(&answer, &[told, "docs/coming-from.md"]);
    }
}

#[test]
fn says_where_it_looked_for_a_plugin() {
    let folder = Folder::new("no-plugin");
    folder.write("pod.yaml", POD);
    folder.write("sets/set.yaml", set("  - name: own\n    plugin: {file: own.wasm}\n"));
    let answer = portcullis(folder.path(), &["check", "-p", "sets/set.yaml", "pod.yaml"]);
    says(
        &answer,
        &["there is no plugin `own.wasm` in `sets`; `file` starts at the folder of its policy set", "sets/set.yaml:7:"],
    );
}

#[cfg(unix)]
#[test]
fn passes_nothing_over_that_a_link_hides() {
    let folder = Folder::new("linked");
    folder.write("deploy/pod.yaml", POD);
    folder.write("outside/bad.yaml", POD);
    for (target, told) in
        [("outside", "a link to a directory outside"), ("outside/bad.yaml", "a link to a file outside")]
    {
        let link = folder.path().join("deploy/link.yaml");
        std::os::unix::fs::symlink(folder.path().join(target), &link).expect("a link");
        says(&portcullis(folder.path(), &["check", "--mode", "sandbox", "deploy"]), &[told, "--ignore"]);
        assert_eq!(
            portcullis(folder.path(), &["check", "--mode", "sandbox", "--ignore", "link.yaml", "deploy"]).status,
            0
        );
        std::fs::remove_file(link).expect("the link goes");
    }
}
