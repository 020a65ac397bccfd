//! What is judged though it is no manifest: an image by its name, a file by its bytes.

use std::path::Path;
use std::sync::Arc;

use portcullis_document::{ReadLimits, read_json_text};
use portcullis_evidence::{SAST, SBOM};
use portcullis_gate::Gate;
use portcullis_model::{
    Decision, GroupVersionKind, GroupVersionResource, ImageState, NamespaceLabels, PolicyState, Request, Review,
    ReviewedFile, Subject, SubjectKind,
};
use portcullis_report::InputError;
use portcullis_subject::image;
use portcullis_subject::workload::{GROUP, IMAGE_KIND};

use crate::bytes;
use crate::given::asking;
use crate::read::reviewed;
use crate::{CheckOptions, FileResult, MAX_ARTIFACT_BYTES};

const VERSION: &str = "v1alpha1";
const ARTIFACT_KIND: &str = "Artifact";

/// The subjects that the caller names by flags, as objects of Portcullis' own: `Image` with `spec.image`, `Artifact` with
/// `spec.path`, `spec.digest` and `spec.size`. A policy that is to judge them matches `images` and `artifacts` of the group
/// `portcullis.dev`.
pub(crate) fn subjects(options: &CheckOptions) -> Vec<Result<Arc<Review>, InputError>> {
    let images = options.images.iter().map(|reference| image_review(reference, options));
    let artifacts = options.artifacts.iter().map(|path| artifact(path, options));
    images.chain(artifacts).map(|review| review.map(Arc::new)).collect()
}

/// The result of judging one of them. A file is given to learn who signed it, or what documents say of it: where nobody asked,
/// nothing was judged. Of an image a policy may also judge the name.
pub(crate) fn result(gate: &Gate, review: &Review, decisions: Vec<Decision>) -> FileResult {
    let failed = |decision: &Decision| decision.policies.iter().any(|(_, state)| *state == PolicyState::Failed);
    let unasked = decisions.iter().all(|decision| decision.facts.is_empty() && !failed(decision));
    let found = decisions.iter().any(|decision| !decision.findings.is_empty());
    let mut result = FileResult { decisions, ..FileResult::default() };
    let (kind, name) = (review.subject.kind.as_str(), &review.subject.name);
    let hint = "give --key, --certificate-identity, or --policies with a `trust` and the plugin `signature`";
    match kind {
        ARTIFACT_KIND if unasked && !found => {
            let error = InputError::new(
                "nobody asked who signed it, or for its SBOM or a report of its scan, so nothing was judged",
            );
            result.errors.push(error.in_file(name).hint(format!("{hint}; {}", documents_hint(gate))));
        }
        IMAGE_KIND if unasked => result.notices.push(format!("nobody asked who signed `{name}`: {hint}")),
        _ => {}
    }
    result
}

/// How documents come to be asked for of a file.
fn documents_hint(gate: &Gate) -> String {
    let sets = gate.sets();
    let asking: Vec<String> =
        [SBOM, SAST].into_iter().map(|kind| asking(&sets, kind)).filter(|names| !names.is_empty()).collect();
    match asking.is_empty() {
        true => "or --sbom FILE, --sarif FILE for what documents say of it".to_owned(),
        false => format!("or add `files: {{local: accept}}` to the settings of {}", asking.join(", ")),
    }
}

fn image_review(reference: &str, options: &CheckOptions) -> Result<Review, InputError> {
    let why = match image::parse(reference) {
        ImageState::Exact { .. } => None,
        ImageState::Unreadable(why) => Some(why),
        ImageState::Absent => Some("it is empty".to_owned()),
    };
    if let Some(why) = why {
        let hint = "write it as a manifest would have it, such as `ghcr.io/org/app@sha256:...`";
        let message = format!("`{}` is no name of an image: {why}", reference.escape_debug());
        return Err(InputError::new(message).in_file("--image").hint(hint));
    }
    review(IMAGE_KIND, "images", reference, serde_json::json!({"image": reference}), None, options)
}

fn artifact(path: &Path, options: &CheckOptions) -> Result<Review, InputError> {
    let bytes = bytes::read(path, MAX_ARTIFACT_BYTES).map_err(InputError::from)?;
    let shown = path.display().to_string();
    let file = reviewed(&shown, &bytes);
    let spec = serde_json::json!({"path": shown, "digest": file.digest, "size": bytes.len()});
    review(ARTIFACT_KIND, "artifacts", &shown, spec, Some(file), options)
}

fn review(
    kind: &str,
    plural: &str,
    name: &str,
    spec: serde_json::Value,
    file: Option<Arc<ReviewedFile>>,
    options: &CheckOptions,
) -> Result<Review, InputError> {
    let api_version = format!("{GROUP}/{VERSION}");
    let object = serde_json::json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec});
    let object = read_json_text(&object.to_string(), &ReadLimits::default());
    let object = object.map_err(|error| InputError::new(error.to_string()).in_file(name))?;
    Ok(Review {
        subject: Subject {
            kind_of: SubjectKind::Object,
            api_version,
            kind: kind.to_owned(),
            namespace: String::new(),
            name: name.to_owned(),
            place: None,
            occurrence: None,
        },
        request: Request {
            operation: "CREATE".to_owned(),
            kind: GroupVersionKind { group: GROUP.into(), version: VERSION.into(), kind: kind.into() },
            resource: Some(GroupVersionResource {
                group: GROUP.into(),
                version: VERSION.into(),
                resource: plural.into(),
            }),
            namespaced: Some(false),
            name: name.to_owned(),
            ..Request::default()
        },
        object: Some(object),
        old_object: None,
        options: None,
        request_document: None,
        namespace: NamespaceLabels::None,
        mode: options.mode,
        time: options.time,
        notices: Vec::new(),
        file,
    })
}
