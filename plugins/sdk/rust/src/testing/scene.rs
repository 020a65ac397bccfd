//! One review as a test sets it up, and what a plugin finds in it.

use std::sync::Arc;

use portcullis_document::{ReadLimits, read_yaml};
use portcullis_model::{Document, Fact, FactStatus, Kind, NamespaceLabels, NodeId, Query, Review, Source};

use crate::contract::portcullis::policy::types;
use crate::export::{Policy, glue};
use crate::testing::imports;

/// What a plugin found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingView {
    /// The rule's id.
    pub rule: String,
    /// JSON Pointer (RFC 6901) of what is wrong or missing.
    pub pointer: String,
    /// The sentence for a person.
    pub message: String,
    /// Line and column, from 1, of what is wrong, or of what should have held what is missing.
    pub place: (u32, u32),
    /// What the fix says that it does; empty where there is none.
    pub fix: String,
}

/// A review to be judged.
#[derive(Clone, Debug)]
pub struct Scene {
    pub(crate) review: Review,
    pub(crate) facts: Vec<Fact>,
}

impl Scene {
    /// The CREATE of an object, the first document of a YAML text.
    ///
    /// # Panics
    /// Where the text cannot be read.
    pub fn object(name: &str, yaml: &str) -> Self {
        let review = portcullis_cases::object_review(name, yaml);
        Self { review: review.expect("the YAML of this test can be read"), facts: Vec::new() }
    }

    /// A document, the first one of a YAML text, that was read from this path.
    ///
    /// # Panics
    /// Where the text cannot be read.
    pub fn document(path: &str, yaml: &str) -> Self {
        let review = portcullis_cases::document_review(path, yaml);
        Self { review: review.expect("the YAML of this test can be read"), facts: Vec::new() }
    }

    /// Another operation, such as `UPDATE`.
    #[must_use]
    pub fn operation(mut self, operation: &str) -> Self {
        operation.clone_into(&mut self.review.request.operation);
        self
    }

    /// A plural name and a subresource, such as `deployments` and `scale`.
    #[must_use]
    pub fn resource(mut self, resource: &str, subresource: &str) -> Self {
        self.review.request.resource = Some(portcullis_cases::named(&self.review.request.kind, resource));
        subresource.clone_into(&mut self.review.request.subresource);
        self
    }

    /// Who asks, as an API server says it.
    #[must_use]
    pub fn user(mut self, name: &str) -> Self {
        name.clone_into(&mut self.review.request.user.name);
        self
    }

    /// Another time, in seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn time(mut self, seconds: i64) -> Self {
        self.review.time = seconds;
        self
    }

    /// Labels of the namespace.
    #[must_use]
    pub fn namespace_labels(mut self, labels: &[(&str, &str)]) -> Self {
        let labels = labels.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
        self.review.namespace = NamespaceLabels::Known(labels);
        self
    }

    /// The answer to a query: what was found as JSON text, or nothing where it is known that there is nothing.
    ///
    /// # Panics
    /// Where the text cannot be read.
    #[must_use]
    pub fn fact(self, kind: &str, arguments: &str, found: Option<&str>) -> Self {
        let document = found.map(|text| first_document(kind, text));
        let status = if document.is_some() { FactStatus::Verified } else { FactStatus::Absent };
        self.answer(kind, arguments, status, document)
    }

    /// The answer to a query: found and refused.
    #[must_use]
    pub fn rejected_fact(self, kind: &str, arguments: &str, reason: &str) -> Self {
        self.answer(kind, arguments, FactStatus::Rejected(reason.to_owned()), None)
    }

    fn answer(mut self, kind: &str, arguments: &str, status: FactStatus, document: Option<Document>) -> Self {
        let query = Query::new(kind, same_json(arguments));
        self.facts.push(Fact { query, status, document });
        self
    }

    /// What a plugin finds.
    ///
    /// # Panics
    /// Where the settings are refused, or the plugin asks for facts that the scene does not have.
    pub fn judge<P: Policy>(&self, settings: &str) -> Vec<FindingView> {
        match self.evaluate::<P>(settings) {
            Ok(findings) => findings,
            Err(queries) => {
                let asked = queries.iter().map(|query| format!("{} {}", query.kind, query.arguments));
                let asked = asked.collect::<Vec<_>>().join("\n");
                assert!(queries.is_empty(), "the plugin asks for facts that the scene does not have:\n{asked}");
                Vec::new()
            }
        }
    }

    /// How many calls of the host it costs to judge this: the greater part of what an evaluation costs.
    ///
    /// # Panics
    /// Where the settings are refused.
    pub fn host_calls<P: Policy>(&self, settings: &str) -> u32 {
        // What is found does not matter here, and a query is an answer as well.
        let _ = self.evaluate::<P>(settings);
        imports::calls()
    }

    /// What a plugin finds, or what it needs to know first.
    ///
    /// # Panics
    /// Where the settings are refused.
    pub fn evaluate<P: Policy>(&self, settings: &str) -> Result<Vec<FindingView>, Vec<Query>> {
        let (keys, paths) = (P::DESCRIPTION.keys, P::DESCRIPTION.paths);
        let outcome = imports::with(self, keys, paths, || {
            let prepared = glue::prepare::<P>(settings);
            glue::evaluate::<P>(&prepared.expect("the settings of this test are taken by the plugin"))
        });
        match outcome {
            types::Outcome::Findings(findings) => {
                Ok(findings.into_iter().map(|finding| self.view(finding, P::DESCRIPTION.rules)).collect())
            }
            types::Outcome::Needs(queries) => {
                Err(queries.into_iter().map(|query| Query::new(query.kind, same_json(&query.arguments))).collect())
            }
        }
    }

    fn view(&self, finding: types::Finding, rules: &[crate::Rule]) -> FindingView {
        let object = self.review.object.as_ref().expect("a scene has an object");
        // Like the host: what stands in another document than the object concerns the whole of it.
        let known = imports::in_object(finding.node);
        let node = NodeId(if known { finding.node.max(NodeId::ROOT.0) } else { NodeId::ROOT.0 });
        assert!(object.contains(node), "a finding names a node of the object");
        let (nearest, exists) = object.resolve(node, &finding.missing);
        // An explicit null counts as missing.
        let there = exists && object.kind(nearest) != Kind::Null;
        assert!(finding.missing.is_empty() || !there, "what is missing is there: {}", finding.missing);
        FindingView {
            rule: rules[finding.rule as usize].id.to_owned(),
            pointer: format!("{}{}", object.pointer(node), finding.missing),
            message: finding.message,
            place: object.place(nearest).map_or((0, 0), |place| place.start()),
            fix: finding.fix.map(|fix| fix.description).unwrap_or_default(),
        }
    }
}

/// The same JSON always in the same text: members sorted, no white space.
pub(crate) fn same_json(text: &str) -> String {
    serde_json::from_str::<serde_json::Value>(text).map_or_else(|_| text.to_owned(), |value| value.to_string())
}

fn first_document(name: &str, yaml: &str) -> Document {
    let source: Arc<Source> = Source::new(name, yaml);
    let documents = read_yaml(&source, &ReadLimits::default());
    documents.expect("the YAML of this test can be read").into_iter().next().expect("there is a document")
}
