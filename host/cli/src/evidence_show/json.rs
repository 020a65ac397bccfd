//! What an image carries, or what files say, as one JSON object.

use portcullis_evidence::{Carried, Found, Holds, Part, Piece, Proof, Refused, Signer, TimeSource};
use portcullis_model::format_time;
use portcullis_registry::Listing;
use portcullis_report::plain_json;
use serde_json::{Value, json};

/// The version and the name of the schema. Members are only ever added within one version.
const API_VERSION: &str = "portcullis.dev/v1alpha1";
const KIND: &str = "ImageEvidence";
/// The same where no image is shown, but files alone.
const KIND_OF_FILES: &str = "FileEvidence";

/// The object, indented, with a line break at its end. Control and bidirectional characters in strings are written as
/// `\uNNNN`.
pub fn render(carried: Option<&Carried>, files: &[(String, Value)]) -> String {
    let mut value = carried.map_or_else(|| json!({"apiVersion": API_VERSION, "kind": KIND_OF_FILES}), image);
    if !files.is_empty() {
        value["files"] = files.iter().map(|(name, says)| json!({"file": name, "document": says})).collect();
    }
    plain_json(&format!("{value:#}")) + "\n"
}

fn image(carried: &Carried) -> Value {
    let manifest = carried.manifest.as_ref().map(|described| {
        let platforms = described.platforms.as_ref().map(|platforms| {
            let one = |(platform, digest): &(String, String)| json!({"platform": platform, "digest": digest});
            platforms.iter().map(one).collect::<Vec<_>>()
        });
        json!({"mediaType": described.media_type, "size": described.size, "platforms": platforms, "more": described.more})
    });
    let listing = carried.listing.map(|listing| match listing {
        Listing::Api => "api",
        Listing::Tag => "tag",
        Listing::Nobody => "none",
    });
    json!({
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": carried.name,
        "tag": carried.tag,
        "digest": carried.digest,
        "manifest": manifest,
        "referrers": listing,
        "pieces": carried.pieces.iter().map(piece).collect::<Vec<_>>(),
        "more": carried.more,
    })
}

fn piece(piece: &Piece) -> Value {
    let found = match &piece.found {
        Found::Referrers => json!({"in": "referrers"}),
        Found::Tag(tag) => json!({"in": "tag", "tag": tag}),
        Found::File(path) => json!({"in": "file", "file": path.display().to_string()}),
    };
    json!({
        "found": found,
        "digest": piece.digest,
        "mediaType": piece.media_type,
        "artifactType": piece.artifact_type,
        "size": piece.size,
        "subject": piece.subject,
        "trouble": piece.trouble,
        "layers": piece.parts.iter().map(part).collect::<Vec<_>>(),
        "more": piece.more,
    })
}

fn part(part: &Part) -> Value {
    json!({
        "mediaType": part.media_type,
        "digest": part.digest,
        "size": part.size,
        "proof": part.proof.as_ref().map(proof),
    })
}

fn proof(proof: &Proof) -> Value {
    let claims = proof.claims.as_ref().map(
        |claims| json!({"predicateType": claims.predicate_type, "subjects": claims.subjects, "more": claims.more, "document": claims.document}),
    );
    let verdict = |(trust, verdict): &(String, Result<Holds, Refused>)| match verdict {
        Ok(holds) => json!({"trust": trust, "verified": true, "proof": held(holds)}),
        Err(refused) => json!({
            "trust": trust,
            "verified": false,
            "reason": refused.reason.code(),
            "message": refused.to_string(),
        }),
    };
    let verdicts: Vec<Value> = proof.verdicts.iter().map(verdict).collect();
    json!({"format": proof.format, "claims": claims, "verdicts": verdicts})
}

fn held(holds: &Holds) -> Value {
    let signer = match &holds.signer {
        Signer::Key { name, fingerprint } => json!({"key": name, "fingerprint": fingerprint}),
        Signer::Certificate(identity) => json!({
            "issuer": identity.issuer,
            "subjects": identity.subjects.iter().map(|name| json!({"kind": name.kind(), "name": name.as_str()})).collect::<Vec<_>>(),
            "claims": identity.claims,
            "fingerprint": identity.fingerprint,
        }),
    };
    let times = holds.times.iter().map(|time| {
        let (TimeSource::Authority(by) | TimeSource::Log(by)) = &time.source;
        json!({"time": format_time(time.seconds), "by": by})
    });
    let log = holds
        .log
        .iter()
        .map(|entry| json!({"log": entry.log, "index": entry.index, "kind": entry.kind, "proved": entry.proved}));
    json!({
        "signer": signer,
        "predicateType": holds.predicate_type,
        "times": times.collect::<Vec<_>>(),
        "log": log.collect::<Vec<_>>(),
    })
}
