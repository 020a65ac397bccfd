//! Documents that do not say what they are about: what may be it takes part in the binding, and is not listed.

use BindingState::{Agrees, Disagrees, Silent};
use portcullis_predicate::sbom::{About, Ask, BindingState, read};
use serde_json::{Value, json};

const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const OTHER: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// The state of the binding, what is listed, and the name of the root.
fn found(document: &Value) -> (BindingState, usize, Option<String>) {
    let about = About { digests: vec![DIGEST.to_owned()], sha512: None };
    let reading = read(document.to_string().as_bytes(), &about, &Ask::default()).expect("an SBOM");
    assert_eq!(reading.faults.count, 0, "{:?}", reading.faults);
    let said = reading.binding.what.unwrap_or_default();
    let is_named = said.starts_with("no root is declared, and what may be it names sha256:");
    assert_eq!(is_named, reading.binding.state != Silent, "{said}");
    (reading.binding.state, reading.listed, reading.root.and_then(|root| root.name))
}

fn root(name: &str) -> Option<String> {
    Some(name.to_owned())
}

fn spdx2(packages: &[(&str, &str, &str)]) -> Value {
    let packages: Vec<Value> = packages
        .iter()
        .map(|(name, purl, digest)| {
            let mut package = json!({"SPDXID": format!("SPDXRef-{name}"), "name": name, "downloadLocation": "NOASSERTION",
                "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}]});
            if let Some(digest) = digest.strip_prefix("sha256:") {
                package["checksums"] = json!([{"algorithm": "SHA256", "checksumValue": digest}]);
            }
            package
        })
        .collect();
    json!({"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "d",
        "documentNamespace": "https://example.org/d", "creationInfo": {"created": "2026-11-01T00:00:00Z", "creators": ["Tool: x-1"]},
        "packages": packages})
}

fn spdx3(packages: &[(&str, &str, &str)]) -> Value {
    let mut graph = vec![
        json!({"type": "CreationInfo", "@id": "_:c", "specVersion": "3.0.1", "created": "2026-11-01T00:00:00Z", "createdBy": ["urn:a"]}),
        json!({"type": "Organization", "spdxId": "urn:a", "creationInfo": "_:c", "name": "a"}),
        json!({"type": "SpdxDocument", "spdxId": "urn:d", "creationInfo": "_:c", "rootElement": ["urn:b"]}),
        json!({"type": "software_Sbom", "spdxId": "urn:b", "creationInfo": "_:c"}),
    ];
    graph.extend(packages.iter().map(|(name, purl, digest)| {
        let hash = json!({"type": "Hash", "algorithm": "sha256", "hashValue": digest.trim_start_matches("sha256:")});
        json!({"type": "software_Package", "spdxId": format!("urn:{name}"), "creationInfo": "_:c", "name": name,
            "software_packageUrl": purl, "verifiedUsing": if digest.is_empty() { json!([]) } else { json!([hash]) }})
    }));
    json!({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": graph})
}

#[test]
fn takes_the_only_package_of_spdx_for_the_one_that_is_described_a45() {
    for write in [spdx2, spdx3] {
        for (purl, digest, state) in [
            ("pkg:generic/nginx", OTHER, Disagrees),
            ("pkg:generic/nginx", DIGEST, Agrees),
            (&*format!("pkg:oci/nginx@{OTHER}"), "", Disagrees),
            ("pkg:generic/nginx@1", "", Silent),
        ] {
            assert_eq!(found(&write(&[("nginx", purl, digest)])), (state, 0, root("nginx")), "{purl} {digest}");
        }
    }
}

#[test]
fn takes_every_image_of_spdx_that_names_a_digest_for_what_may_be_described_a45() {
    let other = format!("pkg:oci/other@{OTHER}");
    let own = format!("pkg:docker/own@{DIGEST}");
    let lib = ("lib", "pkg:npm/lib@1", OTHER);
    for write in [spdx2, spdx3] {
        let state = |packages: &[(&str, &str, &str)]| {
            let (state, listed, name) = found(&write(packages));
            assert_eq!(name, None);
            (state, listed)
        };
        assert_eq!(state(&[("other", &other, ""), lib]), (Disagrees, 1));
        assert_eq!(state(&[("other", "pkg:oci/other@1", OTHER), lib]), (Disagrees, 1));
        assert_eq!(state(&[("other", &other, ""), ("own", &own, ""), lib]), (Agrees, 1));
        assert_eq!(state(&[("own", &own, ""), ("other", &other, "")]), (Agrees, 0));
        assert_eq!(state(&[("other", "pkg:oci/other@1", ""), lib]), (Silent, 2), "an image without a digest is a part");
        assert_eq!(state(&[lib, ("b", "pkg:npm/b@1", "")]), (Silent, 2), "the digest of a library is none of an image");
    }
}

#[test]
fn takes_every_container_of_cyclonedx_that_names_a_digest_for_what_may_be_described_a45() {
    let lib = json!({"type": "library", "name": "lib", "hashes": [{"alg": "SHA-256", "content": &OTHER[7..]}]});
    let image = |kind: &str, member: &str, value: Value| {
        let mut image = json!({"type": kind, "name": "nginx"});
        image[member] = value;
        image
    };
    let state = |components: Value| {
        let (state, listed, name) =
            found(&json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components}));
        assert_eq!(name, None);
        (state, listed)
    };
    let oci =
        |digest: &str| image("application", "purl", json!(format!("pkg:oci/nginx@{}", digest.replace(':', "%3A"))));
    let hash = json!([{"alg": "SHA-256", "content": &OTHER[7..]}]);
    let nested = image("library", "components", json!([oci(OTHER)]));
    for (components, expected) in [
        (json!([image("container", "version", json!(OTHER))]), (Disagrees, 0)),
        (json!([image("container", "hashes", hash)]), (Disagrees, 0)),
        (json!([oci(OTHER)]), (Disagrees, 0)),
        (json!([oci(OTHER), lib]), (Disagrees, 1)),
        (json!([nested]), (Disagrees, 0)),
        (json!([oci(OTHER), oci(DIGEST), lib]), (Agrees, 1)),
        (json!([image("container", "version", json!("1")), lib]), (Silent, 2)),
        (json!([lib]), (Silent, 1)),
    ] {
        assert_eq!(state(components.clone()), expected, "{components}");
    }
    let declared = json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [oci(OTHER)],
        "metadata": {"component": {"type": "application", "name": "app"}}});
    assert_eq!(found(&declared), (Silent, 1, root("app")), "what is declared is the root");
}
