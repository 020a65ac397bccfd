//! Reviews and policy sets as small as a question needs them.

use portcullis_document::{ReadLimits, read_json_text};
use portcullis_model::{Document, GroupVersionKind, NamespaceLabels, Request, Review, Subject, SubjectKind};
use portcullis_policies::{LoadedSet, parse_set};
use serde_json::{Value, json};

/// A document of JSON.
pub fn document(text: &str) -> Result<Document, String> {
    read_json_text(text, &ReadLimits::default()).map_err(|error| error.to_string())
}

/// A set of one policy for each `match`, written as JSON.
pub fn set(matches: &[String]) -> Result<LoadedSet, String> {
    named_set("a", matches)
}

/// The same with a name, in JSON's quotes.
pub fn named_set(name: &str, matches: &[String]) -> Result<LoadedSet, String> {
    let policy = |(number, matches): (usize, &String)| {
        format!(r#"{{"name":"p{number}","plugin":{{"builtin":"b"}},"match":{matches}}}"#)
    };
    let policies: Vec<String> = matches.iter().enumerate().map(policy).collect();
    let text = format!(
        r#"{{"apiVersion":"portcullis.dev/v1alpha1","kind":"PolicySet","metadata":{{"name":{}}},"spec":{{"policies":[{}]}}}}"#,
        json!(name),
        policies.join(",")
    );
    let complaints = |complaints: Vec<_>| complaints.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    parse_set(&document(&text)?).map_err(complaints)
}

/// A `match` with one condition.
pub fn condition(expression: &str) -> String {
    json!({"matchConditions": [{"name": "c", "expression": expression}]}).to_string()
}

/// The creation of an object.
pub fn creation(object: &Value) -> Review {
    Review {
        subject: Subject {
            kind_of: SubjectKind::Object,
            api_version: "v1".into(),
            kind: "ConfigMap".into(),
            namespace: "shop".into(),
            name: "a".into(),
            place: None,
            occurrence: None,
        },
        request: Request {
            operation: "CREATE".into(),
            kind: GroupVersionKind { group: String::new(), version: "v1".into(), kind: "ConfigMap".into() },
            namespaced: Some(true),
            name: "a".into(),
            namespace: "shop".into(),
            ..Request::default()
        },
        object: Some(document(&object.to_string()).expect("JSON")),
        old_object: None,
        options: None,
        request_document: None,
        namespace: NamespaceLabels::Known([].into()),
        mode: None,
        time: 0,
        notices: Vec::new(),
        file: None,
    }
}
