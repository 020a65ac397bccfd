//! The labels of namespaces from files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use portcullis_model::{Document, NodeId};
use portcullis_subject::Shape;

use crate::output::Complaints;
use crate::sets;

const NAMESPACES_HINT: &str = "give what `kubectl get namespaces -o yaml` prints";

/// What the files of `--namespace-labels` say.
pub fn labels(paths: &[PathBuf]) -> Result<BTreeMap<String, BTreeMap<String, String>>, Complaints> {
    let mut complaints = Complaints::default();
    let mut labels: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let documents = sets::documents_below(paths)?;
    if documents.is_empty() && !paths.is_empty() {
        complaints.add("--namespace-labels holds no Namespace object".into(), None, Some(NAMESPACES_HINT.into()));
    }
    for document in documents {
        if let Shape::Portcullis(kind) = portcullis_subject::classify(&document) {
            complaints.add(
                format!("--namespace-labels holds a {kind}, which is no Namespace object"),
                document.place(NodeId::ROOT),
                Some(NAMESPACES_HINT.into()),
            );
            continue;
        }
        let objects = match portcullis_subject::flatten(&document) {
            Ok(objects) => objects,
            Err(error) => {
                complaints.add(error.to_string(), error.place(), error.hint().map(str::to_owned));
                continue;
            }
        };
        for object in objects {
            match portcullis_subject::namespace_labels_of(&object) {
                Some((name, found)) if labels.get(&name).is_some_and(|known| *known != found) => complaints.add(
                    format!("a second Namespace `{}` with other labels", name.escape_debug()),
                    object.document.place(NodeId::ROOT),
                    Some("which of the two holds cannot be known; remove one".into()),
                ),
                Some((name, found)) => {
                    labels.insert(name, found);
                }
                None => complaints.add(
                    format!("--namespace-labels holds {}, which is no Namespace object", kind_of(&object.document)),
                    object.document.place(NodeId::ROOT),
                    Some(NAMESPACES_HINT.into()),
                ),
            }
        }
    }
    if complaints.is_empty() { Ok(labels) } else { Err(complaints) }
}

fn kind_of(document: &Document) -> String {
    match document.string(NodeId::ROOT, &["kind"]) {
        Some(kind) => format!("a `{}`", kind.escape_debug()),
        None => "something".to_owned(),
    }
}
