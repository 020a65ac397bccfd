//! Everything that an image carries, known or unknown, and what each piece proves under some trusts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use portcullis_registry::{
    Access, Class, Client, Content, Descriptor, Digest, Error, Legacy, Listing, Manifest, Referrers,
};

use serde_json::Value;

use crate::artifact::Artifact;
use crate::bundle::Parsed;
use crate::candidate::{Candidate, Form};
use crate::gather::{BUNDLE_TYPE, ENVELOPE, SIMPLE_SIGNING, oversized};
use crate::image::Image;
use crate::legacy::{Annotations, verify_attestation};
use crate::refused::{Reason, Refused};
use crate::reports::explained;
use crate::signature::now;
use crate::trust::Trust;
use crate::verified::{LogEntry, SignedTime, Signer, Verified};
use crate::{MAX_PARTS_SHOWN, MAX_PIECES_SHOWN, MAX_PLATFORMS_SHOWN, MAX_SUBJECTS_SHOWN, json, platforms};

/// An image and everything beside it.
#[derive(Debug)]
pub struct Carried {
    /// Its name without tag and digest.
    pub name: String,
    /// The tag that was asked for, where no digest was.
    pub tag: Option<String>,
    /// What everything is about.
    pub digest: String,
    /// What the registry has under it; nothing where no registry was asked.
    pub manifest: Option<Described>,
    /// Who lists the referrers; nothing where no registry was asked.
    pub listing: Option<Listing>,
    /// What is attached, in the order in which it was found.
    pub pieces: Vec<Piece>,
    /// Pieces that nobody looked at, because there are more than [`MAX_PIECES_SHOWN`].
    pub more: usize,
}

/// A manifest or an index.
#[derive(Debug)]
pub struct Described {
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// What an index lists, at most [`MAX_PLATFORMS_SHOWN`]; nothing for an image.
    pub platforms: Option<Vec<(String, String)>>,
    /// Entries of the index that are not among these.
    pub more: usize,
}

/// Where a piece was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// In the list of referrers.
    Referrers,
    /// Below a tag of cosign's from before there were referrers.
    Tag(String),
    /// In a file of the caller's.
    File(PathBuf),
}

/// One thing that is attached to an image, or says so.
#[derive(Debug)]
pub struct Piece {
    /// Where it was found.
    pub found: Found,
    /// The digest of its manifest; of a file, nothing.
    pub digest: Option<String>,
    /// The media type of its manifest.
    pub media_type: String,
    /// What it says that it is.
    pub artifact_type: Option<String>,
    /// The size of its manifest, or of the file.
    pub size: u64,
    /// What it says that it is about.
    pub subject: Option<String>,
    /// Why it proves nothing whatever is in it: it is about something else, or not what the registry said.
    pub trouble: Option<String>,
    /// Its layers, at most [`MAX_PARTS_SHOWN`].
    pub parts: Vec<Part>,
    /// Layers that are not among these.
    pub more: usize,
}

/// One layer.
#[derive(Debug)]
pub struct Part {
    /// Its media type.
    pub media_type: String,
    /// Its digest; of a file, nothing.
    pub digest: Option<String>,
    /// Its size in bytes.
    pub size: u64,
    /// What it proves; nothing where it is nothing that could be verified here.
    pub proof: Option<Proof>,
}

/// Something that may be a signature.
#[derive(Debug)]
pub struct Proof {
    /// `bundle`, `simpleSigning` or `envelope`.
    pub format: &'static str,
    /// What its statement says, whether it holds or not.
    pub claims: Option<Claims>,
    /// What became of it under each trust, by the name of the trust, in the order of the trusts.
    pub verdicts: Vec<(String, Result<Holds, Refused>)>,
}

/// What a statement says of itself.
#[derive(Debug)]
pub struct Claims {
    /// The type of its predicate.
    pub predicate_type: String,
    /// SHA-256 digests that it is about, at most [`MAX_SUBJECTS_SHOWN`].
    pub subjects: Vec<String>,
    /// Subjects that are not among these.
    pub more: usize,
    /// What an SBOM, a report, a provenance, VEX or a verdict says, as facts tell it; nothing where it is none of these.
    pub document: Option<Value>,
}

/// A proof that holds.
#[derive(Debug)]
pub struct Holds {
    /// Who made it.
    pub signer: Signer,
    /// What it says; nothing for a signature over bytes.
    pub predicate_type: Option<String>,
    /// Every time that somebody in the root signed for it.
    pub times: Vec<SignedTime>,
    /// Where it is logged.
    pub log: Vec<LogEntry>,
}

impl From<Verified> for Holds {
    fn from(verified: Verified) -> Self {
        let predicate_type = verified.predicate_type().map(str::to_owned);
        Self { signer: verified.signer, predicate_type, times: verified.times, log: verified.log }
    }
}

/// Lists what an image carries, and verifies whatever could be a signature under each of these trusts. One piece is in memory
/// at a time.
///
/// `image` is a full name as [`crate::Source`] takes them; without a registry it needs a digest.
///
/// # Errors
/// For a person: what could not be looked up.
pub async fn carried(
    registry: Option<(&Client, Access<'_>)>,
    image: &str,
    files: &[(PathBuf, Vec<u8>)],
    trusts: &[Arc<Trust>],
) -> Result<Carried, String> {
    let image = Image::read(image)?;
    let name = image.name();
    let Some((client, access)) = registry else {
        let digest = image.digest.ok_or_else(|| format!("`{name}` needs a digest where no registry may be asked"))?;
        let judge = Judge::new(&digest, trusts)?;
        let mut carried = Carried {
            name,
            tag: None,
            digest: digest.to_string(),
            manifest: None,
            listing: None,
            pieces: Vec::new(),
            more: 0,
        };
        carried.add_files(files, &judge);
        return Ok(carried);
    };
    let look = Look { client, access, image: &image };
    let manifest = look.manifest().await?;
    let judge = Judge::new(&manifest.digest, trusts)?;
    let referrers = client.referrers(&image.repository, &manifest.digest, access).await.map_err(told)?.value;
    let tag = if image.digest.is_some() { None } else { image.tag.clone() };
    let mut carried = Carried {
        name,
        tag,
        digest: manifest.digest.to_string(),
        manifest: Some(described(&manifest)),
        listing: Some(referrers.source),
        pieces: Vec::new(),
        more: 0,
    };
    look.referrers(&referrers, &manifest.digest, &judge, &mut carried).await?;
    look.legacy(&manifest.digest, &judge, &mut carried).await?;
    carried.add_files(files, &judge);
    Ok(carried)
}

/// Whom we ask.
struct Look<'a> {
    client: &'a Client,
    access: Access<'a>,
    image: &'a Image,
}

impl Look<'_> {
    /// What the name means now.
    async fn manifest(&self) -> Result<Manifest, String> {
        let Image { repository, tag, digest } = self.image;
        let (found, shown) = match digest {
            Some(digest) => {
                (self.client.manifest(repository, digest, self.access).await, format!("{repository}@{digest}"))
            }
            None => {
                let tag = tag.as_deref().unwrap_or_default();
                (self.client.resolve(repository, tag, self.access).await, format!("{repository}:{tag}"))
            }
        };
        found.map_err(told)?.value.ok_or_else(|| format!("the registry says that there is no `{shown}`"))
    }

    async fn referrers(
        &self,
        referrers: &Referrers,
        subject: &Digest,
        judge: &Judge<'_>,
        carried: &mut Carried,
    ) -> Result<(), String> {
        for descriptor in &referrers.descriptors {
            if carried.is_full() {
                continue;
            }
            let mut piece = Piece::of(Found::Referrers, descriptor);
            match self.client.described(&self.image.repository, descriptor, self.access).await {
                Ok(answer) => self.fill(&mut piece, &answer.value, Some(subject), judge).await?,
                Err(error) => piece.trouble = Some(own_fault(error)?),
            }
            carried.pieces.push(piece);
        }
        Ok(())
    }

    async fn legacy(&self, subject: &Digest, judge: &Judge<'_>, carried: &mut Carried) -> Result<(), String> {
        for kind in [Legacy::Signatures, Legacy::Attestations, Legacy::Sboms] {
            let tag = kind.tag(subject);
            let answer = self.client.resolve(&self.image.repository, &tag, self.access).await.map_err(told)?;
            let Some(manifest) = answer.value else { continue };
            if carried.is_full() {
                continue;
            }
            let mut piece = Piece {
                found: Found::Tag(tag),
                digest: Some(manifest.digest.to_string()),
                media_type: manifest.media_type.clone(),
                size: manifest.bytes.len() as u64,
                ..Piece::default()
            };
            self.fill(&mut piece, &manifest, None, judge).await?;
            carried.pieces.push(piece);
        }
        Ok(())
    }

    /// What a manifest says of itself, and what its layers prove. `subject`: what it must say that it is about.
    async fn fill(
        &self,
        piece: &mut Piece,
        manifest: &Manifest,
        subject: Option<&Digest>,
        judge: &Judge<'_>,
    ) -> Result<(), String> {
        // What the list says of the type is often wrong; the manifest is believed.
        piece.artifact_type = manifest.artifact_type().map(str::to_owned);
        let about = manifest.subject().map(|own| &own.digest);
        piece.subject = about.map(Digest::to_string);
        let Content::Image(image) = &manifest.content else { return Ok(()) };
        let is_ours = subject.is_none() || about == subject;
        if !is_ours {
            let about = about.map_or("nothing".to_owned(), |about| format!("`{about}`"));
            piece.trouble = Some(format!("it is listed for this image and says that it is about {about}"));
        }
        let typed = manifest.artifact_type().is_some_and(|kind| kind.starts_with(BUNDLE_TYPE));
        piece.more = image.layers.len().saturating_sub(MAX_PARTS_SHOWN);
        for layer in image.layers.iter().take(MAX_PARTS_SHOWN) {
            let format = if is_ours { format_of(layer, typed) } else { None };
            let proof = match format {
                Some(format) => Some(self.prove(layer, format, judge).await?),
                None => None,
            };
            let digest = Some(layer.digest.to_string());
            piece.parts.push(Part { media_type: layer.media_type.clone(), digest, size: layer.size, proof });
        }
        Ok(())
    }

    async fn prove(&self, layer: &Descriptor, format: &'static str, judge: &Judge<'_>) -> Result<Proof, String> {
        if let Some(why) = oversized(layer) {
            return Ok(judge.broken(format, &why));
        }
        match self.client.blob(&self.image.repository, layer, self.access).await {
            Ok(answer) => Ok(judge.proof(format, &answer.value, &layer.annotations)),
            Err(error) => Ok(judge.broken(format, &own_fault(error)?)),
        }
    }
}

fn format_of(layer: &Descriptor, typed: bool) -> Option<&'static str> {
    match layer.media_type.as_str() {
        SIMPLE_SIGNING => Some("simpleSigning"),
        ENVELOPE => Some("envelope"),
        kind if typed || kind.starts_with(BUNDLE_TYPE) => Some("bundle"),
        _ => None,
    }
}

/// What is wrong with a thing itself is told beside it.
///
/// # Errors
/// Where the registry could not be asked: what was shown then would not be the whole.
fn own_fault(error: Error) -> Result<String, String> {
    match error.cause.class() {
        Class::Lying | Class::TooMuch => Ok(error.cause.to_string()),
        _ => Err(told(error)),
    }
}

fn told(error: Error) -> String {
    crate::failure::told(&error)
}

/// By what is verified.
struct Judge<'a> {
    artifact: Artifact<'static>,
    trusts: &'a [Arc<Trust>],
}

impl<'a> Judge<'a> {
    fn new(digest: &Digest, trusts: &'a [Arc<Trust>]) -> Result<Self, String> {
        let artifact = Artifact::from_digest(&digest.to_string());
        let artifact = artifact.ok_or_else(|| format!("signatures are about SHA-256, and the image is `{digest}`"))?;
        Ok(Self { artifact, trusts })
    }

    fn proof(&self, format: &'static str, bytes: &Bytes, annotations: &BTreeMap<String, String>) -> Proof {
        let candidate = match format {
            "bundle" => Form::Bundle(bytes.clone()),
            _ => Form::SimpleSigning { payload: bytes.clone(), annotations: annotations.clone() },
        };
        let candidate = Candidate { found: String::new(), form: candidate };
        let verify = |trust: &Trust| match format {
            "envelope" => verify_attestation(bytes, &Annotations::of(annotations), &self.artifact, trust),
            _ => candidate.verify(&self.artifact, trust, now()),
        };
        let claims = match format {
            "bundle" => Parsed::read(bytes).ok().and_then(|parsed| parsed.statement),
            "envelope" => json::read(bytes).ok().and_then(|value| crate::legacy::statement(value).ok().flatten()),
            _ => None,
        };
        let claims = claims.map(|statement| {
            let subjects = statement.subjects.iter().filter_map(|subject| subject.digests.get("sha256"));
            Claims {
                subjects: subjects.take(MAX_SUBJECTS_SHOWN).map(|hex| format!("sha256:{hex}")).collect(),
                more: statement.subjects.len().saturating_sub(MAX_SUBJECTS_SHOWN),
                document: explained(
                    &statement.predicate_type,
                    statement.predicate.as_bytes(),
                    &self.artifact.to_string(),
                ),
                predicate_type: statement.predicate_type,
            }
        });
        Proof { format, claims, verdicts: self.verdicts(|trust| verify(trust).map(Holds::from)) }
    }

    fn broken(&self, format: &'static str, why: &str) -> Proof {
        let verdicts = self.verdicts(|_| Err(Reason::Malformed.because(why)));
        Proof { format, claims: None, verdicts }
    }

    fn verdicts(&self, verify: impl Fn(&Trust) -> Result<Holds, Refused>) -> Vec<(String, Result<Holds, Refused>)> {
        self.trusts.iter().map(|trust| (trust.name().to_owned(), verify(trust))).collect()
    }
}

impl Carried {
    fn add_files(&mut self, files: &[(PathBuf, Vec<u8>)], judge: &Judge<'_>) {
        for (path, bytes) in files {
            if self.is_full() {
                continue;
            }
            let size = bytes.len() as u64;
            let proof = judge.proof("bundle", &Bytes::copy_from_slice(bytes), &BTreeMap::new());
            let part = Part { media_type: BUNDLE_TYPE.to_owned(), digest: None, size, proof: Some(proof) };
            let found = Found::File(path.clone());
            self.pieces.push(Piece { found, size, parts: vec![part], ..Piece::default() });
        }
    }

    /// Whether no more is looked at; what is left out is counted.
    fn is_full(&mut self) -> bool {
        let full = self.pieces.len() >= MAX_PIECES_SHOWN;
        self.more += usize::from(full);
        full
    }
}

impl Default for Piece {
    fn default() -> Self {
        Self {
            found: Found::Referrers,
            digest: None,
            media_type: String::new(),
            artifact_type: None,
            size: 0,
            subject: None,
            trouble: None,
            parts: Vec::new(),
            more: 0,
        }
    }
}

impl Piece {
    fn of(found: Found, descriptor: &Descriptor) -> Self {
        Self {
            found,
            digest: Some(descriptor.digest.to_string()),
            media_type: descriptor.media_type.clone(),
            artifact_type: descriptor.artifact_type.clone(),
            size: descriptor.size,
            ..Self::default()
        }
    }
}

fn described(manifest: &Manifest) -> Described {
    let (platforms, more) = match &manifest.content {
        Content::Image(_) => (None, 0),
        Content::Index(index) => {
            let platform = |descriptor: &Descriptor| match platforms::written(descriptor) {
                name if name.is_empty() => "no platform".to_owned(),
                name => name,
            };
            let shown = index.manifests.iter().take(MAX_PLATFORMS_SHOWN);
            let shown = shown.map(|descriptor| (platform(descriptor), descriptor.digest.to_string())).collect();
            (Some(shown), index.manifests.len().saturating_sub(MAX_PLATFORMS_SHOWN))
        }
    };
    Described { media_type: manifest.media_type.clone(), size: manifest.bytes.len() as u64, platforms, more }
}
