//! Documents to reviews, with what other documents of the input say about kinds and namespaces.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use portcullis_document::ReadLimits;
use portcullis_gate::Gate;
use portcullis_model::{Document, Facts, NamespaceLabels, NodeId, Occurrence, Request, Review, Subject, SubjectKind};
use portcullis_policies::Selection;
use portcullis_report::{InputError, Skipped};
use portcullis_subject::kinds::Kinds;
use portcullis_subject::{Context, Error, ErrorKind, RecordedDecision, Shape};

use crate::CheckOptions;
use crate::inputs::Base;
use crate::read::FileContent;
use crate::walk;

/// What the whole input says about kinds and namespaces.
pub(crate) struct Surroundings {
    kinds: Kinds,
    context: Context,
    /// The folder from which a baseline names files.
    baseline: Base,
    /// Definitions that contradict each other or make no sense.
    pub(crate) errors: Vec<InputError>,
}

/// What stands beside a recorded review.
pub(crate) struct Record {
    /// The facts that were looked up.
    pub(crate) facts: Facts,
    /// What was decided.
    pub(crate) decisions: Vec<RecordedDecision>,
    /// Whether the mode of then is the mode of now, as far as a caller chose it.
    pub(crate) same_mode: bool,
    /// Where the record is, for a person.
    pub(crate) place: String,
}

/// What one file holds.
#[derive(Default)]
pub(crate) struct Found {
    /// What is to be judged, with what was recorded with it.
    pub(crate) reviews: Vec<(Review, Option<Record>)>,
    pub(crate) errors: Vec<InputError>,
    pub(crate) skipped: Vec<Skipped>,
}

impl Surroundings {
    /// Looks for CRDs and Namespaces in all files. Files that cannot be read are complained about when they are judged.
    pub(crate) fn collect(options: &CheckOptions, contents: &[FileContent]) -> Self {
        let mut kinds = options.kinds.clone();
        let mut errors = Vec::new();
        let mut labels: BTreeMap<String, Option<BTreeMap<String, String>>> = BTreeMap::new();
        for content in contents.iter().filter(|content| speaks_of_kinds_or_namespaces(content)) {
            for document in content.documents(&options.read).unwrap_or_default() {
                if let Err(error) = kinds.extend_from_crd(&document) {
                    errors.push(input_error(&error, &content.file.shown));
                }
                let objects = portcullis_subject::flatten(&document).unwrap_or_default();
                for (name, found) in objects.iter().filter_map(portcullis_subject::namespace_labels_of) {
                    // Two Namespaces of one name that disagree: which one holds cannot be known.
                    let known = labels.entry(name).or_insert_with(|| Some(found.clone()));
                    if known.as_ref().is_some_and(|known| *known != found) {
                        *known = None;
                    }
                }
            }
        }
        let mut namespace_labels: BTreeMap<_, _> =
            labels.into_iter().filter_map(|(name, labels)| Some((name, labels?))).collect();
        namespace_labels.extend(options.namespace_labels.clone());
        let context = Context {
            namespace_labels,
            mode: options.mode,
            time: options.time,
            default_namespace: options.default_namespace.clone(),
        };
        Self { kinds, context, errors, baseline: Base::new(&options.baseline_folder) }
    }

    /// The subjects of one file.
    pub(crate) fn subjects(&self, gate: &Gate, options: &CheckOptions, content: &FileContent) -> Found {
        let mut found = Found::default();
        let documents = match content.documents(&options.read) {
            Ok(documents) => documents,
            // Settings of an editor, for example, whose JSON has comments.
            Err(error) if content.file.is_hidden() && !content.may_be_a_manifest() => {
                let reason = format!("in a hidden directory, and no manifest: {}", error.message);
                found.skipped.push(Skipped { path: content.file.shown.clone(), reason });
                return found;
            }
            Err(error) => {
                found.errors.push(error);
                return found;
            }
        };
        for document in &documents {
            portcullis_subject::mask_secrets(document);
            self.add(gate, content, document, &mut found);
        }
        count_occurrences(&mut found.reviews, &content.file.from(&self.baseline));
        let empty = found.reviews.is_empty() && found.errors.is_empty();
        let aloud = content.says_nothing_aloud() && !content.file.is_hidden();
        if documents.is_empty() && (content.file.named || aloud) {
            found.errors.push(nothing(content));
        } else if empty && content.file.named {
            let hint = "name a manifest, an AdmissionReview, or a file that a policy judges by `match.documents`";
            let why = found
                .skipped
                .first()
                .map_or("no document in it has `apiVersion` and `kind`", |skipped| &skipped.reason);
            let error = InputError::new(format!("holds no subject: {why}"));
            found.errors.push(error.in_file(&content.file.shown).hint(hint));
            found.skipped.clear();
        } else if documents.is_empty() {
            found.skipped.push(Skipped { path: content.file.shown.clone(), reason: "it is empty".into() });
        }
        found
    }

    /// Whether a file that is not judged holds something that would be.
    pub(crate) fn holds_subject(&self, gate: &Gate, options: &CheckOptions, content: &FileContent) -> bool {
        !self.subjects(gate, options, content).reviews.is_empty()
    }

    fn add(&self, gate: &Gate, content: &FileContent, document: &Document, found: &mut Found) {
        let reviews = match portcullis_subject::classify(document) {
            Shape::Object if is_report(document) => {
                let reason = "it is a report of Portcullis, not a subject".into();
                self.judge_or_skip(gate, content, document, reason, found);
                return;
            }
            Shape::Object | Shape::List => portcullis_subject::from_object(document, &self.kinds, &self.context)
                .map(|reviews| reviews.into_iter().map(|review| (of_file(review, content), None)).collect()),
            Shape::AdmissionReview => {
                portcullis_subject::from_admission_review(document, &self.context).map(|review| vec![(review, None)])
            }
            Shape::RecordedReview => {
                self.recorded(content, document).map(|(review, record)| vec![(review, Some(record))])
            }
            Shape::Malformed(error) => Err(error),
            Shape::Kustomization => {
                found.errors.push(kustomization(&content.file.shown));
                return;
            }
            Shape::Portcullis(kind) => {
                self.judge_or_skip(gate, content, document, format!("it is a {kind}, not a subject"), found);
                return;
            }
            Shape::Other if is_kustomization(&content.file.shown) => {
                found.errors.push(kustomization(&content.file.shown));
                return;
            }
            Shape::Other => {
                self.judge_or_skip(gate, content, document, no_policy(gate, content), found);
                return;
            }
        };
        match reviews {
            Ok(reviews) if reviews.is_empty() => {
                let reason = "it is a list without items".into();
                found.skipped.push(Skipped { path: place_name(content, document), reason });
            }
            Ok(reviews) => found.reviews.extend(reviews),
            Err(error) => found.errors.push(input_error(&error, &content.file.shown)),
        }
    }

    fn recorded(&self, content: &FileContent, document: &Document) -> Result<(Review, Record), Error> {
        let (mut review, facts) = portcullis_subject::from_recorded(document)?;
        let decisions = portcullis_subject::recorded_decisions(document)?;
        // What the caller chose holds; a record may not talk itself into the weaker mode.
        let mode = self.context.mode.or(review.mode);
        let same_mode = mode == review.mode;
        review.mode = mode;
        Ok((review, Record { facts, decisions, same_mode, place: place_name(content, document) }))
    }

    /// What no cluster would store is judged where a policy names its path, whatever it calls itself.
    fn judge_or_skip(
        &self,
        gate: &Gate,
        content: &FileContent,
        document: &Document,
        reason: String,
        found: &mut Found,
    ) {
        match self.judged_document(gate, content, document) {
            Some(review) => found.reviews.push((of_file(review, content), None)),
            None => found.skipped.push(Skipped { path: place_name(content, document), reason }),
        }
    }

    /// The review of a document that a policy judges by its path: from the base or, where none does, from the directory
    /// that the user named, so that it does not matter where the command runs.
    fn judged_document(&self, gate: &Gate, content: &FileContent, document: &Document) -> Option<Review> {
        let names = std::iter::once(&content.file.relative).chain(&content.file.within);
        names.map(|name| self.document_review(name, document)).find(|review| judged_by_any(gate, review))
    }

    fn document_review(&self, name: &str, document: &Document) -> Review {
        Review {
            subject: Subject {
                kind_of: SubjectKind::Document,
                api_version: String::new(),
                kind: String::new(),
                namespace: String::new(),
                name: name.to_owned(),
                place: document.place(NodeId::ROOT),
                occurrence: None,
            },
            request: Request::default(),
            object: Some(document.clone()),
            old_object: None,
            options: None,
            request_document: None,
            namespace: NamespaceLabels::None,
            mode: self.context.mode,
            time: self.context.time,
            notices: Vec::new(),
            file: None,
        }
    }
}

fn of_file(review: Review, content: &FileContent) -> Review {
    // Which of its name it is, and in which file, is said when all of the file are there.
    let subject = Subject { occurrence: Some(Occurrence::default()), ..review.subject };
    Review { file: content.signed.clone(), subject, ..review }
}

/// Counts the subjects of one name in one file, so that a baseline which lists one of them does not cover the others.
fn count_occurrences(reviews: &mut [(Review, Option<Record>)], file: &str) {
    let mut seen: HashMap<[String; 4], u32> = HashMap::new();
    for (review, _) in reviews {
        let subject = &mut review.subject;
        if let Some(occurrence) = &mut subject.occurrence {
            let texts = [&subject.api_version, &subject.kind, &subject.namespace, &subject.name];
            let count = seen.entry(texts.map(String::clone)).or_default();
            *count += 1;
            *occurrence = Occurrence { file: file.to_owned(), number: *count };
        }
    }
}

/// What a file is that holds no document at all.
fn nothing(content: &FileContent) -> InputError {
    let what =
        if content.says_nothing_aloud() { "holds `null` or nothing, where a manifest is expected" } else { "is empty" };
    let hint = "remove it, or mend whatever wrote it";
    InputError::new(format!("holds no subject: it {what}")).in_file(&content.file.shown).hint(hint)
}

/// Why no policy judges a document, with the path that was compared.
fn no_policy(gate: &Gate, content: &FileContent) -> String {
    let sets = gate.sets();
    let mut policies = sets.sets.iter().flat_map(|set| &set.loaded.set.policies);
    if !policies.any(|policy| !policy.matches.documents.is_empty()) {
        return "it is no Kubernetes object, and no policy judges such files".into();
    }
    let within = content.file.within.as_ref().filter(|within| **within != content.file.relative);
    let or = within.map_or_else(String::new, |within| format!(" or, from the directory that was named, `{within}`"));
    format!("it is no Kubernetes object, and no `match.documents` fits `{}`{or}", content.file.relative)
}

/// The report of an earlier run, written among the manifests.
fn is_report(document: &Document) -> bool {
    let is = |name, value| document.string(NodeId::ROOT, &[name]) == Some(value);
    is("apiVersion", "portcullis.dev/v1alpha1") && is("kind", "CheckReport")
}

/// A file that kustomize looks for; `apiVersion` and `kind` may be left out there.
fn is_kustomization(file: &str) -> bool {
    walk::is_kustomization(Path::new(file).file_name().and_then(|name| name.to_str()).unwrap_or_default())
}

/// What kustomize would make of the files beside it may be anything, so judging those would prove nothing.
fn kustomization(file: &str) -> InputError {
    let folder = Path::new(file).parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let hint = format!(
        "render it: `kubectl kustomize {} | portcullis check -`, and leave the folder out with --ignore",
        folder.display()
    );
    InputError::new("this is a kustomization, which says how to make manifests and is none").in_file(file).hint(hint)
}

fn input_error(error: &portcullis_subject::Error, file: &str) -> InputError {
    let mut told = InputError::new(error.to_string()).in_file(file);
    // What does not say what it is could be half of a Secret.
    let whole = !matches!(error.kind, ErrorKind::HalfObject { .. });
    if let Some(place) = error.place() {
        told = if whole { told.at_masked(place) } else { told.at(place) };
    }
    match error.hint() {
        Some(hint) => told.hint(hint),
        None => told,
    }
}

/// Parsing twice is dear, so only files that may say something are parsed for it.
fn speaks_of_kinds_or_namespaces(content: &FileContent) -> bool {
    content.source.as_ref().is_ok_and(|source| speaks(source.text()))
}

/// Whether a text may say something about kinds or namespaces.
pub(crate) fn speaks(text: &str) -> bool {
    text.contains("CustomResourceDefinition") || text.contains("Namespace")
}

/// Whether a file holds a Namespace or a CRD, by which others are judged; one that cannot be read may.
pub(crate) fn defines(content: &FileContent, limits: &ReadLimits) -> bool {
    speaks_of_kinds_or_namespaces(content) && content.documents(limits).map_or(true, |all| define(&all))
}

/// Whether one of these documents is or lists a Namespace or a CRD.
pub(crate) fn define(documents: &[Document]) -> bool {
    let names = |object: &portcullis_subject::Listed| {
        let kind = &object.kind;
        let crd = kind.group == "apiextensions.k8s.io" && kind.kind == "CustomResourceDefinition";
        crd || portcullis_subject::namespace_labels_of(object).is_some()
    };
    documents.iter().any(|document| portcullis_subject::flatten(document).unwrap_or_default().iter().any(names))
}

fn judged_by_any(gate: &Gate, review: &Review) -> bool {
    let sets = gate.sets();
    let judges = |set: &portcullis_gate::InstalledSet| {
        (0..set.loaded.set.policies.len()).any(|index| set.loaded.select(index, review) == Selection::Applies)
    };
    sets.sets.iter().any(judges)
}

/// The file, and the line where the document begins when it is not the first.
fn place_name(content: &FileContent, document: &Document) -> String {
    let line = document.value_place(NodeId::ROOT).map_or(1, |place| place.start().0);
    if line > 1 { format!("{}:{line}", content.file.shown) } else { content.file.shown.clone() }
}
