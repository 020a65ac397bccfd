//! The registration as YAML that a person reads and `kubectl apply` takes.

use std::fmt::Write;

use portcullis_model::{LabelSelector, RequirementOperator, ResourceRule, Scope};

use super::{Client, Registration};

impl Registration {
    /// The object (`ValidatingWebhookConfiguration`, admissionregistration.k8s.io/v1).
    pub fn to_yaml(&self) -> String {
        let mut out = Yaml { text: String::new() };
        out.head(self);
        out.line(0, "webhooks:");
        for (at, rules) in self.rules.iter().enumerate() {
            let name = if at == 0 { self.webhook.clone() } else { format!("versions-{at}.{}", self.webhook) };
            out.line(0, &format!("- name: {}", quoted(&name)));
            out.line(1, "admissionReviewVersions: [v1]");
            out.line(1, &format!("failurePolicy: {}", self.failure_policy));
            out.line(1, "matchPolicy: Equivalent");
            out.line(1, "sideEffects: None");
            out.line(1, &format!("timeoutSeconds: {}", self.timeout_seconds));
            out.client(self);
            out.line(1, "rules:");
            rules.iter().for_each(|rule| out.rule(rule));
            out.selector("namespaceSelector", &self.namespace_selector);
            out.selector("objectSelector", &self.object_selector);
            if !self.match_conditions.is_empty() {
                out.line(1, "matchConditions:");
            }
            for condition in &self.match_conditions {
                out.line(1, &format!("- name: {}", quoted(&condition.name)));
                out.line(2, &format!("expression: {}", quoted(&condition.expression)));
            }
        }
        out.text
    }
}

struct Yaml {
    text: String,
}

impl Yaml {
    fn line(&mut self, depth: usize, text: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{:width$}{text}", "", width = depth * 2);
    }

    fn head(&mut self, registration: &Registration) {
        self.line(
            0,
            &format!(
                "# Made by `portcullis webhook-config` {}; change the policy sets, not this.",
                registration.version
            ),
        );
        for (name, digest) in &registration.policy_sets {
            self.line(0, &format!("# Policy set {}: {digest}", quoted(name)));
        }
        for note in &registration.notes {
            self.line(0, &format!("# Note: {}", note.escape_debug()));
        }
        self.line(0, "apiVersion: admissionregistration.k8s.io/v1");
        self.line(0, "kind: ValidatingWebhookConfiguration");
        self.line(0, "metadata:");
        self.line(1, &format!("name: {}", quoted(&registration.name)));
        self.line(1, "labels:");
        self.line(2, "app.kubernetes.io/name: portcullis");
        self.line(1, "annotations:");
        let sets: Vec<String> =
            registration.policy_sets.iter().map(|(name, digest)| format!("{name}@{digest}")).collect();
        self.line(2, &format!("portcullis.dev/policy-sets: {}", quoted(&sets.join(","))));
        self.line(2, &format!("portcullis.dev/version: {}", quoted(&registration.version)));
    }

    fn client(&mut self, registration: &Registration) {
        self.line(1, "clientConfig:");
        match &registration.client {
            Client::Service { namespace, name, port } => {
                self.line(2, "service:");
                self.line(3, &format!("namespace: {}", quoted(namespace)));
                self.line(3, &format!("name: {}", quoted(name)));
                self.line(3, &format!("port: {port}"));
                self.line(3, &format!("path: {}", quoted(&registration.path)));
            }
            Client::Url(url) => self.line(2, &format!("url: {}", quoted(url))),
        }
        if let Some(bundle) = &registration.ca_bundle {
            self.line(2, &format!("caBundle: {bundle}"));
        }
    }

    fn rule(&mut self, rule: &ResourceRule) {
        self.line(1, &format!("- apiGroups: {}", list(&rule.api_groups)));
        self.line(2, &format!("apiVersions: {}", list(&rule.api_versions)));
        self.line(2, &format!("operations: {}", list(&rule.operations)));
        self.line(2, &format!("resources: {}", list(&rule.resources)));
        let scope = match rule.scope {
            Scope::Any => "\"*\"",
            Scope::Cluster => "Cluster",
            Scope::Namespaced => "Namespaced",
        };
        self.line(2, &format!("scope: {scope}"));
    }

    fn selector(&mut self, key: &str, selector: &LabelSelector) {
        if selector.match_labels.is_empty() && selector.match_expressions.is_empty() {
            self.line(1, &format!("{key}: {{}}"));
            return;
        }
        self.line(1, &format!("{key}:"));
        if !selector.match_labels.is_empty() {
            self.line(2, "matchLabels:");
        }
        for (label, value) in &selector.match_labels {
            self.line(3, &format!("{}: {}", quoted(label), quoted(value)));
        }
        if !selector.match_expressions.is_empty() {
            self.line(2, "matchExpressions:");
        }
        for requirement in &selector.match_expressions {
            let operator = match requirement.operator {
                RequirementOperator::In => "In",
                RequirementOperator::NotIn => "NotIn",
                RequirementOperator::Exists => "Exists",
                RequirementOperator::DoesNotExist => "DoesNotExist",
            };
            self.line(2, &format!("- key: {}", quoted(&requirement.key)));
            self.line(3, &format!("operator: {operator}"));
            if !requirement.values.is_empty() {
                self.line(3, &format!("values: {}", list(&requirement.values)));
            }
        }
    }
}

fn list(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!("[{}]", quoted.join(", "))
}

/// A text of YAML: plain where every reader takes it as the same text, else in double quotes with everything else escaped.
fn quoted(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
        && text.len() > 3
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-./".contains(&b))
        && !["true", "false", "null"].contains(&text);
    if plain || ["CREATE", "UPDATE", "DELETE", "CONNECT", "v1"].contains(&text) {
        return text.to_owned();
    }
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            ' '..='~' => out.push(c),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}
