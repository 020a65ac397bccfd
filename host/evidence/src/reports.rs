//! Attested documents to the facts `sbom` and `sast`: which of them count for a question, what each says, and what speaks for it.

use std::sync::Arc;

use portcullis_model::{Source, sha256_hex};
use portcullis_predicate::{Unreadable, delegated, provenance, sarif, sbom, vex};
use serde_json::{Map, Value, json};

use crate::attestation::{Statement, StatementSubject};
use crate::fact::{Judged, signer};
use crate::given::{Given, Use};
use crate::image::Image;
use crate::platforms::Platform;
use crate::proofs::{Proofs, Proven};
use crate::question::{Kind, Question};
use crate::verified::{Says, Signer, Verified};

/// What an SBOM is attested as: the list of SPDX, of CycloneDX, and of GitHub.
const SBOM_TYPES: [&str; 12] = [
    "https://spdx.dev/Document",
    "https://spdx.dev/Document/v2.2",
    "https://spdx.dev/Document/v2.3",
    "https://spdx.dev/Document/v3",
    "https://cyclonedx.org/bom",
    "https://cyclonedx.org/bom/v1.2",
    "https://cyclonedx.org/bom/v1.3",
    "https://cyclonedx.org/bom/v1.4",
    "https://cyclonedx.org/bom/v1.5",
    "https://cyclonedx.org/bom/v1.6",
    "https://cyclonedx.org/bom/v1.7",
    "https://cyclonedx.org/schema",
];
/// What a SARIF report is attested as: nobody has fixed one, and these are in use.
const SARIF_TYPES: [&str; 3] = [
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0",
    "https://json.schemastore.org/sarif-2.1.0.json",
    "http://json.schemastore.org/sarif-2.1.0",
];
/// What VEX is attested as: cosign writes the first.
const VEX_TYPES: [&str; 2] = ["https://openvex.dev/ns", "https://openvex.dev/ns/v0.2.0"];
/// cosign's wrapper around anything: what is in it says what it is.
const GENERIC: &str = "https://cosign.sigstore.dev/attestation/v1";

/// What is known of one digest.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// The digest.
    pub(crate) digest: String,
    /// The platform that it is of; nothing for what was asked about.
    pub(crate) platform: Option<String>,
    /// What was verified.
    pub(crate) proofs: Vec<Arc<Proofs>>,
}

/// What documents must be about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subject {
    /// Its digest; of a tag that nobody had to resolve, nothing.
    pub(crate) digest: Option<String>,
    /// The SHA-512 of a file, in hex.
    pub(crate) sha512: Option<String>,
    /// By what names a document may mean it where no digest is known.
    pub(crate) names: Vec<String>,
    /// Whether it is an index; nothing where nobody looked.
    pub(crate) index: Option<bool>,
    /// Of an index, its platforms.
    pub(crate) platforms: Vec<Platform>,
}

impl Subject {
    /// An image.
    pub(crate) fn image(image: &Image, digest: Option<&str>, platforms: Option<Option<Vec<Platform>>>) -> Self {
        let (name, path) = (image.name(), image.repository.name().to_owned());
        let tag = image.tag.as_deref().unwrap_or_default();
        let last = path.rsplit('/').next().unwrap_or_default().to_owned();
        // Never without the tag: one repository has many images.
        let names = [name, path, last].map(|name| format!("{name}:{tag}")).into();
        let index = platforms.as_ref().map(Option::is_some);
        let platforms = platforms.flatten().unwrap_or_default();
        Self { digest: digest.map(str::to_owned), sha512: None, names, index, platforms }
    }

    /// Which digests a document about this part may name: its own and that of the whole. What is about one platform says nothing
    /// of the others, and so nothing of the whole (N56).
    fn digests(&self, part: Option<&str>) -> Vec<String> {
        let part = part.filter(|part| Some(*part) != self.digest.as_deref());
        self.digest.iter().cloned().chain(part.map(str::to_owned)).collect()
    }
}

/// Whether what was verified holds an answer to a question.
pub(crate) fn has(question: &Question, proofs: &Proofs) -> bool {
    match question.kind {
        Kind::Signature => proofs.is_signed(),
        kind => proofs.0.iter().any(|proven| proven.verdict.is_ok() && is_of(kind, &question.ask, proven)),
    }
}

/// What all of it says.
///
/// # Errors
/// For a person: what cannot be looked for.
pub(crate) fn judge(
    question: &Question,
    subject: &Subject,
    parts: &[Part],
    given: &[Given],
    baseline: Option<Vec<u8>>,
) -> Result<Judged, String> {
    let reader = Reader::new(question, subject, baseline)?;
    let mut told = Told::default();
    let all = parts
        .iter()
        .flat_map(|part| part.proofs.iter().flat_map(move |proofs| proofs.0.iter().map(move |one| (part, one))));
    for (part, proven) in all {
        match &proven.verdict {
            Ok(verified) => reader.take(part, proven, verified, &mut told),
            Err(refusal) if proven.predicate_type.is_none() || is_of(question.kind, &question.ask, proven) => {
                told.refused.push((found(part, proven), refusal.to_string()));
            }
            Err(_) => {}
        }
    }
    reader.bind(&mut told);
    // What results are compared with is not judged itself.
    let baseline = question.baseline();
    let is_other = |text: &Source| baseline.is_none_or(|digest| sha256_hex(text.text().as_bytes()) != digest);
    let files = given.iter().filter(|given| given.kind == question.kind && is_other(&given.text));
    let mut texts = Vec::new();
    for file in files {
        let document = reader.local(&file.text);
        file.used(use_of(question, &document));
        told.documents.push(Value::Object(document));
        texts.push(Arc::clone(&file.text));
    }
    Ok(told.judged(question.kind, subject, texts))
}

/// What becomes of a document of the caller's in the answer to a question.
fn use_of(question: &Question, document: &Map<String, Value>) -> Use {
    let is = |name: &str, value: Value| document.get(name) == Some(&value);
    match document.get("binding") {
        _ if !question.local => Use::Unsigned,
        _ if !is("readable", true.into()) => Use::Unreadable,
        Some(binding) if binding["state"] == "disagrees" => Use::Elsewhere,
        _ => Use::Told,
    }
}

/// What a statement of this type is; nothing where that is not known here.
pub fn noun(predicate_type: &str) -> Option<&'static str> {
    match predicate_type {
        one if SBOM_TYPES.contains(&one) => Some("SBOM"),
        one if SARIF_TYPES.contains(&one) => Some("report of scans"),
        one if VEX_TYPES.contains(&one) => Some("VEX document"),
        one if provenance::PREDICATE_TYPES.contains(&one) => Some("provenance"),
        one if delegated::Kind::of(one).is_some() => Some("verdict of a verifier"),
        _ => None,
    }
}

/// What an SBOM, a report, a provenance, VEX or a verdict says, as facts tell it, whoever signed it; nothing where it is attested
/// as something else.
pub(crate) fn explained(predicate_type: &str, text: &[u8], digest: &str) -> Option<Value> {
    let is_sbom = SBOM_TYPES.contains(&predicate_type);
    if provenance::PREDICATE_TYPES.contains(&predicate_type) {
        let members = shown(provenance::read(predicate_type, text).map(|read| read.to_json()));
        return Some(Value::Object(members));
    }
    if VEX_TYPES.contains(&predicate_type) {
        return Some(Value::Object(shown(vex::read(text).map(|read| read.to_json()))));
    }
    if delegated::Kind::of(predicate_type).is_some() {
        return Some(Value::Object(shown(delegated::read(predicate_type, text).map(|read| read.to_json()))));
    }
    let generic = predicate_type == GENERIC;
    if !is_sbom && !generic && !SARIF_TYPES.contains(&predicate_type) {
        return None;
    }
    let sbom = || explained_sbom(text, digest);
    let sarif = || explained_report(text);
    let of = |members: Map<String, Value>| Value::Object(members);
    match (is_sbom, generic) {
        (true, _) => Some(of(shown(sbom()))),
        (false, false) => Some(of(shown(sarif()))),
        (false, true) => sbom().or_else(|_| sarif()).ok().map(|members| of(shown(Ok(members)))),
    }
}

fn explained_sbom(text: &[u8], digest: &str) -> Result<Map<String, Value>, Unreadable> {
    let about = sbom::About { digests: vec![digest.to_owned()], sha512: None };
    sbom::read(text, &about, &sbom::Ask::default()).map(|reading| reading.to_json())
}

fn explained_report(text: &[u8]) -> Result<Map<String, Value>, Unreadable> {
    sarif::read(text, &sarif::Ask::default()).map(|reading| reading.to_json())
}

/// What a file says that is an SBOM or a report, as facts tell it. Where no `digest` is known, the state of an SBOM's binding is
/// `names` where its root names any.
pub fn explain(text: &[u8], is_sbom: bool, digest: Option<&str>) -> Value {
    let mut members =
        shown(if is_sbom { explained_sbom(text, digest.unwrap_or_default()) } else { explained_report(text) });
    if let (None, Some(binding)) = (digest, members.get_mut("binding"))
        && binding["state"] == "disagrees"
    {
        binding["state"] = "names".into();
    }
    Value::Object(members)
}

/// Whether something is attested as what a question is about.
fn is_of(kind: Kind, ask: &Map<String, Value>, proven: &Proven) -> bool {
    let Some(own) = proven.predicate_type.as_deref() else { return false };
    let known: &[&str] = if kind == Kind::Sbom { &SBOM_TYPES } else { &SARIF_TYPES };
    let more = ask.get("predicateTypes").and_then(Value::as_array).into_iter().flatten();
    let delegated = kind == Kind::Sast && delegated::Kind::of(own).is_some();
    known.contains(&own) || own == GENERIC || delegated || more.filter_map(Value::as_str).any(|one| one == own)
}

fn found(part: &Part, proven: &Proven) -> String {
    match &part.platform {
        // Of an image of an index that says no platform, the digest is its name.
        Some(platform) => {
            format!("{} of `{}`", proven.found, if platform.is_empty() { &part.digest } else { platform })
        }
        None => proven.found.clone(),
    }
}

/// Everything that a fact tells.
#[derive(Default)]
struct Told {
    documents: Vec<Value>,
    provenance: Vec<Value>,
    vex: Vec<Value>,
    delegated: Vec<Value>,
    refused: Vec<(String, String)>,
}

impl Told {
    fn judged(self, kind: Kind, subject: &Subject, files: Vec<Arc<Source>>) -> Judged {
        let Self { documents, provenance, vex, delegated, refused } = self;
        if documents.is_empty() && delegated.is_empty() {
            return Judged::of(None, refused);
        }
        let platform = |one: &Platform| json!({"platform": one.name, "digest": one.digest.to_string()});
        let platforms: Vec<Value> = subject.platforms.iter().map(platform).collect();
        let mut members = Map::new();
        let mut add = |name: &str, value: Value| members.insert(name.to_owned(), value);
        add("index", subject.index.into());
        add("platforms", platforms.into());
        add("documents", sorted(documents));
        add("provenance", sorted(provenance));
        match kind {
            Kind::Sbom => add("vex", sorted(vex)),
            _ => add("delegated", sorted(delegated)),
        };
        Judged::of(Some(members), refused).with_files(files)
    }
}

/// In an order that does not depend on where they were found first, each once.
fn sorted(values: Vec<Value>) -> Value {
    let mut values = values;
    values.sort_by_cached_key(ToString::to_string);
    values.dedup();
    values.into()
}

/// What is to be looked for in SBOMs.
fn wanted(ask: &Map<String, Value>) -> Result<sbom::Ask, String> {
    let known = ["components", "licenses", "types", "endpoints", "severities", "predicateTypes"];
    if let Some(other) = ask.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(format!("nobody here knows `{}`", other.escape_debug()));
    }
    let texts = |name: &str| {
        let list = ask.get(name).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
    };
    let all = sbom::Ask::new(&texts("components"), &texts("licenses"), &texts("types"))?;
    let all = all.with_severities(&texts("severities"));
    if ask.contains_key("endpoints") { all.with_endpoints(&texts("endpoints")) } else { Ok(all) }
}

/// Reads documents for one question.
struct Reader<'a> {
    question: &'a Question,
    subject: &'a Subject,
    sbom: sbom::Ask,
    sarif: sarif::Ask,
}

impl<'a> Reader<'a> {
    fn new(question: &'a Question, subject: &'a Subject, baseline: Option<Vec<u8>>) -> Result<Self, String> {
        let wrong = |why: String| format!("what is to be looked for cannot be read: {why}");
        let (mut sbom, mut sarif) = (sbom::Ask::default(), sarif::Ask::default());
        match question.kind {
            Kind::Sbom => sbom = wanted(&question.ask).map_err(wrong)?,
            _ => sarif = sarif::Ask::read(&Value::Object(question.ask.clone())).map_err(wrong)?,
        }
        if let Some(known) = &mut sarif.baseline {
            known.document = baseline;
        }
        Ok(Self { question, subject, sbom, sarif })
    }

    /// What a proof that holds says, as far as the question is about that.
    fn take(&self, part: &Part, proven: &Proven, verified: &Verified, told: &mut Told) {
        let Says::Statement(statement) = &verified.says else { return };
        let (kind, text) = (statement.predicate_type.as_str(), statement.predicate.as_bytes());
        let head = || self.head(part, proven, verified);
        let with = |members: Map<String, Value>| {
            let mut all = head();
            all.extend(members);
            Value::Object(all)
        };
        if provenance::PREDICATE_TYPES.contains(&kind) {
            told.provenance.push(with(shown(provenance::read(kind, text).map(|read| read.to_json()))));
        } else if self.question.kind == Kind::Sbom && VEX_TYPES.contains(&kind) {
            // What cannot be read may take back what can.
            told.vex.push(with(shown(vex::read(text).map(|read| read.to_json()))));
        } else if self.question.kind == Kind::Sast && delegated::Kind::of(kind).is_some() {
            let mut members = shown(delegated::read(kind, text).map(|read| read.to_json()));
            members.insert("kind".into(), delegated::Kind::of(kind).map(delegated::Kind::name).into());
            told.delegated.push(with(members));
        } else if is_of(self.question.kind, &self.question.ask, proven) {
            match self.read(text, Some(&part.digest)) {
                // What stands in a wrapper for anything is something else, unless it says that it is one.
                Err(_) if kind == GENERIC && !claims(self.question.kind, &statement.predicate) => {}
                read => {
                    let mut document = head();
                    document.insert("authenticity".into(), "attested".into());
                    document.extend(shown(read));
                    if self.question.kind == Kind::Sast {
                        document.insert("binding".into(), own_binding(statement, verified));
                    }
                    told.documents.push(Value::Object(document));
                }
            }
        }
    }

    /// Who says it, of what.
    fn head(&self, part: &Part, proven: &Proven, verified: &Verified) -> Map<String, Value> {
        let mut head = signer(verified, proven);
        head.insert("found".into(), found(part, proven).into());
        head.insert("signedAtSeconds".into(), verified.times.first().map(|time| time.seconds).into());
        head.insert("subject".into(), part.digest.as_str().into());
        head.insert("platform".into(), part.platform.as_deref().into());
        head
    }

    fn local(&self, file: &Source) -> Map<String, Value> {
        let mut document = Map::new();
        document.insert("authenticity".into(), "local".into());
        document.insert("file".into(), file.name().into());
        document.insert("found".into(), format!("`{}`", file.name()).into());
        for name in ["signer", "predicateType", "signedAt", "signedAtSeconds", "subject", "platform"] {
            document.insert(name.into(), Value::Null);
        }
        document.insert("logged".into(), false.into());
        document.extend(shown(self.read(file.text().as_bytes(), None)));
        self.bind_by_name(&mut document);
        if self.question.kind == Kind::Sast {
            document.insert("binding".into(), json!({"by": "local", "commit": null, "repository": null}));
        }
        document
    }

    fn read(&self, text: &[u8], part: Option<&str>) -> Result<Map<String, Value>, Unreadable> {
        match self.question.kind {
            Kind::Sbom => {
                let about = sbom::About { digests: self.subject.digests(part), sha512: self.subject.sha512.clone() };
                sbom::read(text, &about, &self.sbom).map(|reading| reading.to_json())
            }
            _ => sarif::read(text, &self.sarif).map(|reading| reading.to_json()),
        }
    }

    /// Where nobody knows the digest, the name is all that a document can have in common with an image.
    fn bind_by_name(&self, document: &mut Map<String, Value>) {
        if self.subject.digest.is_some() || !document.contains_key("binding") {
            return;
        }
        let root = document.get("root").cloned().unwrap_or_default();
        let text = |name: &str| root[name].as_str().unwrap_or_default();
        let (name, version) = (text("name"), text("version"));
        let is_it = |own: &String| *own == name || *own == format!("{name}:{version}");
        let binding = match !name.is_empty() && self.subject.names.iter().any(is_it) {
            true => {
                json!({"state": "agrees", "what": format!("its root has the name `{name}`"), "pointer": root["pointer"]})
            }
            false => json!({"state": "silent", "what": null, "pointer": null}),
        };
        document.insert("binding".into(), binding);
    }

    /// Joins scans whose own statement and certificate say no commit to the one that a provenance of the same subject says.
    fn bind(&self, told: &mut Told) {
        if self.question.kind != Kind::Sast {
            return;
        }
        let provenance = &told.provenance;
        for document in &mut told.documents {
            if !document["binding"]["commit"].is_null() {
                continue;
            }
            let own = document["subject"].clone();
            let about = provenance.iter().filter(|one| one["subject"] == own || one["platform"].is_null());
            let sources: Vec<&Value> = about.flat_map(|one| one["sources"].as_array().into_iter().flatten()).collect();
            let runs = document["runs"].as_array().into_iter().flatten();
            let claimed: Vec<&Value> = runs.map(|run| &run["commit"]).filter(|commit| !commit.is_null()).collect();
            // Of several sources the one that was scanned; whether it is the right repository is for the policy to say.
            let named = sources.iter().find(|source| claimed.contains(&&source["commit"]));
            if let Some(source) = named.or(sources.first()) {
                document["binding"] =
                    json!({"by": "provenance", "commit": source["commit"], "repository": source["repository"]});
            }
        }
    }
}

/// The members of a document that was read, or why it could not be.
fn shown(read: Result<Map<String, Value>, Unreadable>) -> Map<String, Value> {
    match read {
        Ok(mut members) => {
            members.insert("readable".to_owned(), true.into());
            members.insert("fault".to_owned(), Value::Null);
            members
        }
        Err(unreadable) => {
            let fault = json!({"pointer": unreadable.pointer, "what": unreadable.what});
            Map::from_iter([("readable".to_owned(), Value::from(false)), ("fault".to_owned(), fault)])
        }
    }
}

/// Whether a text that cannot be read has the words of an SBOM or of a report, in cosign's wrapper, too.
fn claims(kind: Kind, text: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match kind {
        Kind::Sbom => has(&["bomFormat", "spdxVersion", "SPDXVersion", "spdx.org/rdf"]),
        _ => has(&["runs"]) && has(&["sarif", "driver"]),
    }
}

/// What a statement and the certificate below it say of the commit. The digest of an image is no commit, by whatever name.
fn own_binding(statement: &Statement, verified: &Verified) -> Value {
    let is_source =
        |subject: &&StatementSubject| !["sha256", "sha512"].iter().any(|name| subject.digests.contains_key(*name));
    let commit = |subject: &StatementSubject| {
        let older = || subject.digests.get("sha1").filter(|_| subject.name.starts_with("git+"));
        subject.digests.get("gitCommit").or_else(older).cloned()
    };
    if let Some(commit) = statement.subjects.iter().filter(is_source).find_map(commit) {
        return json!({"by": "subject", "commit": commit, "repository": null});
    }
    if let Signer::Certificate(identity) = &verified.signer
        && let Some(commit) = identity.claims.get("sourceRepositoryDigest")
    {
        return json!({"by": "certificate", "commit": commit, "repository": identity.claims.get("sourceRepositoryURI")});
    }
    json!({"by": "subject", "commit": null, "repository": null})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refused::{Reason, Refused};

    #[test]
    fn names_a_part_by_its_platform_or_else_by_its_digest() {
        let refused = Refused { reason: Reason::Malformed, detail: String::new() };
        let proven = Proven {
            found: "tag `sha256-a.att`".to_owned(),
            format: "envelope",
            predicate_type: None,
            verdict: Err(refused),
        };
        let of = |platform: Option<&str>| {
            let part =
                Part { digest: "sha256:b".to_owned(), platform: platform.map(str::to_owned), proofs: Vec::new() };
            found(&part, &proven)
        };
        assert_eq!(of(None), "tag `sha256-a.att`");
        assert_eq!(of(Some("linux/amd64")), "tag `sha256-a.att` of `linux/amd64`");
        assert_eq!(of(Some("")), "tag `sha256-a.att` of `sha256:b`");
    }
}
