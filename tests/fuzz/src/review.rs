//! Requests and manifests at both doors: a review or an error, and the record of a review is that review.

use portcullis_model::{Document, Facts, NodeId, Review};
use portcullis_subject::kinds::Kinds;
use portcullis_subject::{
    Context, Error, Secrets, Shape, classify, facts_from, flatten, from_admission_review, from_object, from_recorded,
    holds_secret, lets_go, mask_secrets, recorded_decisions, to_recorded_json, winds_down, workload,
};

use crate::text::{LIMITS, inside, json, stream, text};

pub fn judge(data: &[u8]) {
    let Some(source) = text(data) else { return };
    for document in stream(&source).iter().flatten() {
        mask_secrets(document);
        by_file(document);
    }
    // The webhook reads JSON without places; it must come to what the reader with places comes to.
    let Some(document) = json(&source) else { return };
    let bare = portcullis_document::read_json_text(source.text(), &LIMITS).expect("JSON is JSON");
    match (asked(&document), asked(&bare)) {
        (Some(with), Some(without)) => assert_same(&with, &without),
        (with, without) => assert_eq!(with.is_some(), without.is_some(), "places decide what is a review"),
    }
}

/// As `check` takes a document.
fn by_file(document: &Document) {
    let context = Context::default();
    match classify(document) {
        Shape::Object | Shape::List => {
            if let Some(listed) = told(flatten(document)) {
                assert!(listed.iter().all(|one| one.document.node_count() <= document.node_count()));
            }
            let reviews = told(from_object(document, &Kinds::builtin(), &context));
            reviews.iter().flatten().for_each(look);
        }
        Shape::AdmissionReview => drop(asked(document)),
        Shape::RecordedReview => {
            told(recorded_decisions(document));
            if let Some((review, facts)) = told(from_recorded(document)) {
                look(&review);
                facts.iter().for_each(|fact| assert!(!format!("{fact:?}").is_empty()));
            }
        }
        Shape::Portcullis(_) => drop(told(facts_from(document))),
        Shape::Malformed(error) => drop(told(Err::<(), _>(error))),
        Shape::Kustomization | Shape::Other => {}
    }
}

/// An AdmissionReview, looked at, recorded and read back.
fn asked(document: &Document) -> Option<Review> {
    let review = told(from_admission_review(document, &Context { time: 1_700_000_000, ..Context::default() }))?;
    look(&review);
    for redact in [false, true] {
        let record = to_recorded_json(&review, document, &Facts::none(), &[], redact);
        let record = portcullis_document::read_json_text(&record, &portcullis_document::ReadLimits::default());
        let (again, facts) = from_recorded(&record.expect("a record is JSON")).expect("a record is a review");
        assert!(facts.is_empty());
        assert_eq!(again.request, review.request);
        if !redact {
            assert_same(&again, &review);
        }
    }
    Some(review)
}

/// Everything that is asked of a review before a policy is.
fn look(review: &Review) {
    let view = workload::view(review, &[]);
    for container in &view.containers {
        assert!(review.object.as_ref().is_some_and(|object| object.contains(container.node)));
    }
    workload::notice(review, &view, &[]);
    let released = lets_go(review) || winds_down(review);
    assert!(!released || review.request.operation == "UPDATE");
    let shown = Secrets::default().redact(review, "a message");
    assert!(holds_secret(review) || shown == "a message");
}

fn assert_same(one: &Review, other: &Review) {
    assert_eq!(one.request, other.request);
    assert_eq!(one.namespace, other.namespace);
    assert_eq!((one.mode, one.time, &one.notices), (other.mode, other.time, &other.notices));
    assert_eq!(written(&one.object), written(&other.object));
    assert_eq!(written(&one.old_object), written(&other.old_object));
    assert_eq!(written(&one.options), written(&other.options));
    assert_eq!(written(&one.request_document), written(&other.request_document));
}

fn written(document: &Option<Document>) -> Option<String> {
    document.as_ref().map(|document| document.to_json(NodeId::ROOT))
}

/// An error says something, and points into the text.
fn told<T>(result: Result<T, Error>) -> Option<T> {
    result
        .map_err(|error| {
            assert!(!error.to_string().is_empty());
            error.place().iter().for_each(inside);
        })
        .ok()
}
