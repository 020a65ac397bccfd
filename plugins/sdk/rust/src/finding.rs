//! What a plugin answers: findings, or what it needs to know first.

use crate::contract::portcullis::policy::types;
use crate::description::{Description, Rule, json_text};
use crate::node::Node;

/// What [`Policy::evaluate`](crate::Policy::evaluate) answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Judged; an empty list means that nothing is wrong.
    Findings(Vec<Finding>),
    /// Cannot judge before these are answered; called again, from the beginning, with the answers in
    /// [`Review::facts`](crate::Review::facts).
    Needs(Vec<Query>),
}

impl From<Vec<Finding>> for Outcome {
    fn from(findings: Vec<Finding>) -> Self {
        Self::Findings(findings)
    }
}

/// One question to the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// A kind of fact that the description declares and the policy set grants.
    pub kind: String,
    /// What exactly is asked, as a JSON object.
    pub arguments: String,
}

impl Query {
    /// A question whose arguments are texts.
    pub fn of_texts(kind: impl Into<String>, arguments: &[(&str, &str)]) -> Self {
        let mut text = String::from("{");
        for (position, (name, value)) in arguments.iter().enumerate() {
            if position > 0 {
                text.push(',');
            }
            json_text(name, &mut text);
            text.push(':');
            json_text(value, &mut text);
        }
        text.push('}');
        Self { kind: kind.into(), arguments: text }
    }
}

/// One statement: this rule is broken here.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub(crate) rule: &'static Rule,
    pub(crate) node: Node,
    pub(crate) missing: String,
    pub(crate) message: String,
    pub(crate) fix: Option<Fix>,
}

impl Finding {
    /// `rule` is broken at `node`. The message is one sentence without full stop: what is wrong, what would be right.
    pub fn new(rule: &'static Rule, node: Node, message: impl Into<String>) -> Self {
        Self { rule, node, missing: String::new(), message: message.into(), fix: None }
    }

    /// The rule that is broken.
    pub fn rule(&self) -> &'static Rule {
        self.rule
    }

    /// What is wrong is that `pointer` (a JSON Pointer relative to the node, such as `/resources/limits/cpu`) is missing.
    #[must_use]
    pub fn missing(mut self, pointer: impl Into<String>) -> Self {
        self.missing = pointer.into();
        self
    }

    /// The same with something added to its message.
    #[must_use]
    pub fn and(mut self, more: &str) -> Self {
        self.message.push_str(more);
        self
    }

    /// A way to mend it.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    pub(crate) fn into_contract(self, description: &Description) -> types::Finding {
        types::Finding {
            rule: description.number_of(self.rule),
            node: self.node.0,
            missing: self.missing,
            message: self.message,
            fix: self.fix.map(|fix| types::Fix {
                description: fix.description,
                operation: fix.operation.to_owned(),
                value: fix.value,
                safe: fix.safe,
                extra: Vec::new(),
            }),
            extra: Vec::new(),
        }
    }
}

/// A change that would make a finding go away, at the finding's own place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    description: String,
    operation: &'static str,
    value: String,
    safe: bool,
}

impl Fix {
    /// Another text instead of this value.
    pub fn replace(description: impl Into<String>, text: &str) -> Self {
        Self::new(description, "replace", text)
    }

    /// A text where something is missing.
    pub fn add(description: impl Into<String>, text: &str) -> Self {
        Self::new(description, "add", text)
    }

    /// Nothing where something is.
    pub fn remove(description: impl Into<String>) -> Self {
        Self { description: description.into(), operation: "remove", value: String::new(), safe: false }
    }

    /// A value other than a text, as JSON.
    #[must_use]
    pub fn with_json(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    /// Only a change of layout or spelling, which cannot change what the object means.
    #[must_use]
    pub fn safe(mut self) -> Self {
        self.safe = true;
        self
    }

    fn new(description: impl Into<String>, operation: &'static str, text: &str) -> Self {
        let mut value = String::with_capacity(text.len() + 2);
        json_text(text, &mut value);
        Self { description: description.into(), operation, value, safe: false }
    }
}
