//! What the real cosign made offline (fixtures in `cosign/`), verified, and refused for anything else.

use portcullis_evidence::legacy::{Annotations, verify_image};
use portcullis_evidence::{Artifact, Reason, Says, Signer, Trust, verify};
use portcullis_model::{KeyRule, KeySource};

use crate::instance::{p256, sha256};
use crate::made::BLOB;
use crate::trusts::{key, load, rule};

const KEY: &str = include_str!("cosign/cosign.pub");
const MESSAGE: &[u8] = include_bytes!("cosign/blob.sigstore.json");
const SBOM: &[u8] = include_bytes!("cosign/sbom.sigstore.json");
const PAYLOAD: &[u8] = include_bytes!("cosign/payload.json");
const SIGNATURE: &str = include_str!("cosign/payload.sig");

fn trust() -> Trust {
    let source = KeySource::Inline(KEY.to_owned());
    let own = KeyRule { name: "cosign".to_owned(), source, not_before: None, not_after: None, revoked: false };
    load(&rule(None, vec![key("other", &p256()), own]))
}

#[test]
fn verifies_what_cosign_signs_in_an_air_gap() {
    for artifact in [Artifact::Bytes(BLOB), Artifact::Sha256(sha256(BLOB))] {
        let message = verify(MESSAGE, &artifact, &trust()).expect("a signature of cosign");
        assert!(matches!(&message.signer, Signer::Key { name, .. } if name == "cosign"));
        assert_eq!((message.says, message.times.len(), message.log.len()), (Says::Bytes, 0, 0));
        let sbom = verify(SBOM, &artifact, &trust()).expect("an attestation of cosign");
        assert_eq!(sbom.predicate_type(), Some("https://cyclonedx.org/bom"));
        assert!(!sbom.is_image_signature(), "N53");
        let Says::Statement(statement) = sbom.says else { panic!("a statement") };
        assert_eq!(statement.predicate, r#"{"bomFormat":"CycloneDX","specVersion":"1.6"}"#);
        let image =
            verify_image(PAYLOAD, SIGNATURE, &Annotations::default(), &artifact, &trust()).expect("a signature");
        assert!(image.is_image_signature());
        let Says::Image { reference, annotations } = image.says else { panic!("an image") };
        assert_eq!((reference.as_str(), annotations["build"].as_str()), ("registry.example.test/app", "42"));
    }
}

#[test]
fn refuses_what_cosign_signed_for_something_else_or_with_another_key() {
    let elsewhere = Artifact::Sha256([7; 32]);
    let stranger = load(&rule(None, vec![key("other", &p256())]));
    for bundle in [MESSAGE, SBOM] {
        assert_eq!(verify(bundle, &elsewhere, &trust()).expect_err("N1").reason, Reason::WrongArtifact);
        assert_eq!(verify(bundle, &Artifact::Bytes(BLOB), &stranger).expect_err("N2").reason, Reason::WrongKey);
    }
    let image = |trust: &Trust, artifact: &Artifact<'_>| {
        verify_image(PAYLOAD, SIGNATURE, &Annotations::default(), artifact, trust).expect_err("refused").reason
    };
    assert_eq!(image(&trust(), &elsewhere), Reason::WrongArtifact);
    assert_eq!(image(&stranger, &Artifact::Bytes(BLOB)), Reason::WrongKey);
}
