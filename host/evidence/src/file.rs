//! Answers questions about the file that holds what is judged: who signed it, and what is attested of it.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portcullis_model::{Fact, Query, ReviewedFile, sha256_hex};
use serde_json::{Map, Value};
use sha2::{Digest, Sha512};

use crate::artifact::{Artifact, hex};
use crate::candidate::{Candidate, Form};
use crate::fact::Judged;
use crate::given::{self, Given};
use crate::proofs::Proofs;
use crate::question::{Kind, Question};
use crate::reports::{self, Part, Subject};
use crate::trust::Trust;
use crate::{MAX_BUNDLE_BYTES, MAX_SIGNED_FILE_BYTES};

/// What is added to the name of a file for the name of its bundle (cosign's documentation).
const BESIDE: &str = ".sigstore.json";

/// Looks at what the caller gave and at the bundle that lies beside the file.
///
/// # Errors
/// For a person: what could not be read, or that there is no file.
pub(crate) fn fact(
    query: &Query,
    question: &Question,
    local: Vec<Candidate>,
    given: &[Given],
    trust: Option<&Trust>,
    now: i64,
) -> Result<Fact, String> {
    let file = query.file.clone().ok_or("what is judged stands in no file")?;
    let mut candidates = local;
    candidates.extend(beside(&file)?);
    let bytes = bytes_of(&file);
    let artifact = match &bytes {
        Some(bytes) => Artifact::Bytes(bytes),
        None => Artifact::from_digest(&file.digest).ok_or_else(|| format!("`{}` is no digest", file.digest))?,
    };
    let proofs = trust.map(|trust| Arc::new(Proofs::of(&candidates, &artifact, trust, now)));
    let judged = match question.kind {
        Kind::Signature => Judged::signatures(proofs.iter()),
        _ => {
            let sha512 = bytes.as_ref().map(|bytes| hex(&Sha512::digest(bytes)));
            let (digest, index) = (Some(file.digest.clone()), Some(false));
            let subject = Subject { digest, sha512, index, ..Subject::default() };
            let part = Part { digest: file.digest.clone(), platform: None, proofs: proofs.into_iter().collect() };
            let baseline = question.baseline().map(|digest| {
                given::by_digest(given, digest)
                    .ok_or_else(|| given::no_baseline(given, digest, "is none of the files that were given"))
            });
            let baseline = baseline.transpose()?;
            reports::judge(question, &subject, &[part], given, baseline)?
        }
    };
    let head = [("file", file.path.as_str().into()), ("digest", file.digest.as_str().into())];
    judged.fact(query, members(head))
}

fn members<const N: usize>(all: [(&str, Value); N]) -> Map<String, Value> {
    all.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

/// The bundle beside the file; nothing where none lies there.
fn beside(file: &ReviewedFile) -> Result<Option<Candidate>, String> {
    let path = PathBuf::from(format!("{}{BESIDE}", file.path));
    if !is_regular(Path::new(&file.path)) {
        return Ok(None);
    }
    match read(&path, MAX_BUNDLE_BYTES) {
        Ok(Some(bytes)) => Ok(Some(Candidate::beside(&path, bytes.into()))),
        Ok(None) => {
            let why = format!("it has more than {MAX_BUNDLE_BYTES} bytes, or is no regular file");
            Ok(Some(Candidate { found: format!("`{}`", path.display()), form: Form::Broken(why) }))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("`{}` cannot be read: {error}", path.display())),
    }
}

/// The bytes that were judged, which some signatures need whole; nothing where they can be read only once, or are others now:
/// then the digest must do.
fn bytes_of(file: &ReviewedFile) -> Option<Vec<u8>> {
    let bytes = read(Path::new(&file.path), MAX_SIGNED_FILE_BYTES).ok().flatten()?;
    (sha256_hex(&bytes) == file.digest).then_some(bytes)
}

/// Nothing where it is no regular file, or larger than that.
fn read(path: &Path, most: usize) -> std::io::Result<Option<Vec<u8>>> {
    if !std::fs::metadata(path)?.is_file() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(most as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= most).then_some(bytes))
}

fn is_regular(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.is_file())
}
