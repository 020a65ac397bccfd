//! `evidence show`: everything that an image carries is listed, and what does not count is shown with its reason.

#[expect(dead_code, reason = "what carries one signature by the key is not enough here")]
#[path = "signed/world.rs"]
mod world;

use portcullis_support::{Auth, Reply, Sample, descriptor, image, index, referrer};
use portcullis_tests::{Answer, root};
use rcgen::SigningKey;
use serde_json::{Value, json};

use crate::world::{NAME, World, public};
use portcullis_support::instance::{INSTANCE, ISSUER, SUBJECT, b64, p256};
use portcullis_support::made::{BLOB, By, COSIGN, Log, leaf};

const SLSA: &str = "https://slsa.dev/provenance/v1";
const CYCLONEDX: &str = "https://cyclonedx.org/bom";

impl World {
    fn name(&self) -> String {
        format!("{}/{NAME}", self.registry.host())
    }

    /// Shows an image with these flags besides those that let the registry be dialled.
    fn show(&self, reference: &str, more: &[&str]) -> Answer {
        let (image, host) = (format!("{}{reference}", self.name()), self.registry.host());
        let flags = ["evidence", "show", &image, "--insecure-registry", &host, "--registry-config", "config.json"];
        self.run(&[&flags[..], more].concat())
    }

    /// The same as a tree, with words for everything that differs from run to run.
    fn tree(&self, reference: &str, more: &[&str], words: &[(&str, &str)]) -> String {
        let answer = self.show(reference, more);
        assert_eq!((answer.status, answer.err.as_str()), (0, ""), "{answer:?}");
        let mut out = answer.out.replace(&self.registry.host(), "REGISTRY");
        for (value, word) in words {
            out = out.replace(value, word).replace(value.strip_prefix("sha256:").unwrap_or(value), word);
        }
        out
    }

    /// Keeps a legacy tag with layers of a type, each with its annotations; returns the digest.
    fn tag(&self, subject: &Sample, suffix: &str, kind: &str, layers: &[(&[u8], Value)]) -> String {
        let layer = |(bytes, annotations): &(&[u8], Value)| {
            self.registry.push_blob(NAME, bytes);
            let mut layer = descriptor(kind, bytes);
            layer["annotations"] = annotations.clone();
            layer
        };
        let mut manifest: Value = serde_json::from_slice(&image(&[]).bytes).expect("a manifest");
        manifest["layers"] = layers.iter().map(layer).collect();
        let sample = Sample::of(&manifest, "application/vnd.oci.image.manifest.v1+json");
        let tag = format!("{}.{suffix}", subject.digest().replace(':', "-"));
        self.registry.push(NAME, Some(&tag), &sample)
    }
}

/// Digests in the order in which they appear, as `D1`, `D2`, ..; the same one has one name.
fn numbered(text: &str) -> String {
    let mut known: Vec<String> = Vec::new();
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("sha256") {
        let (before, digest) = rest.split_at(at);
        let (head, tail) = digest.split_at(digest.len().min(7));
        let hex: String = tail.chars().take_while(char::is_ascii_hexdigit).collect();
        out.push_str(before);
        if hex.len() == 64 {
            let number = known.iter().position(|one| *one == hex).unwrap_or_else(|| {
                known.push(hex.clone());
                known.len() - 1
            });
            out.push_str(&format!("{head}D{}", number + 1));
            rest = &tail[64..];
        } else {
            out.push_str(head);
            rest = tail;
        }
    }
    out + rest
}

/// Compares with the file of that name, which `UPDATE_SNAPSHOTS=1` writes.
fn compare(name: &str, text: &str) {
    let path = root().join("tests/snapshots/show").join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, text).expect("a snapshot");
    }
    assert_eq!(text, std::fs::read_to_string(&path).unwrap_or_default(), "{}", path.display());
}

/// Sizes of signatures by ECDSA differ from run to run.
fn without_sizes(text: &str) -> String {
    let parts: Vec<&str> = text.split(" bytes").collect();
    let cut = |part: &str| part.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned() + "N";
    let (last, rest) = parts.split_last().expect("a text");
    let rest: Vec<String> = rest.iter().map(|part| cut(part)).collect();
    if rest.is_empty() { text.to_owned() } else { format!("{} bytes{last}", rest.join(" bytes")) }
}

fn shown(world: &World, reference: &str, more: &[&str]) -> String {
    without_sizes(&numbered(&world.tree(reference, more, &[])))
}

#[test]
fn shows_a_signature_by_the_key_and_by_whom() {
    let world = World::new("show-keyed");
    let sample = world.push(NAME, Some("v1"));
    world.attach(NAME, &sample, &By::Key(&world.key), COSIGN, Log::None);
    compare("keyed", &shown(&world, ":v1", &["--key", "cosign.pub"]));
    let pinned = shown(&world, &format!("@{}", sample.digest()), &["--key", "cosign.pub"]);
    assert!(!pinned.contains("the tag `v1`") && pinned.contains("verified under"), "{pinned}");
}

#[test]
fn shows_why_a_signature_by_another_key_does_not_count_n2() {
    let world = World::new("show-wrong-key");
    let sample = world.push(NAME, Some("v1"));
    world.attach(NAME, &sample, &By::Key(&p256()), COSIGN, Log::None);
    compare("wrong-key", &shown(&world, ":v1", &["--key", "cosign.pub"]));
}

#[test]
fn shows_a_certificate_with_its_claims_and_refuses_another_identity_n36() {
    let world = World::new("show-keyless");
    world.folder.write("root.json", INSTANCE.trusted_root().to_string());
    let sample = world.push(NAME, Some("v1"));
    world.attach(NAME, &sample, &By::Leaf(&leaf()), SLSA, Log::V2);
    let any = shown(&world, ":v1", &["--trusted-root", "root.json"]);
    for line in [
        "verified under `command line`".to_owned(),
        format!("identity: {SUBJECT}"),
        format!("issuer: {ISSUER}"),
        "claim: runnerEnvironment: github-hosted".to_owned(),
        format!("statement: {SLSA}"),
        "log: https://rekor2.example.test entry 1".to_owned(),
    ] {
        assert!(any.contains(&line), "{line}: {any}");
    }
    let expected = ["--trusted-root", "root.json", "--certificate-oidc-issuer", ISSUER, "--certificate-identity"];
    let own = shown(&world, ":v1", &[&expected[..], &[SUBJECT]].concat());
    assert_eq!(own, any);
    let other = shown(&world, ":v1", &[&expected[..], &["https://git.example.test/org/app-evil"]].concat());
    assert!(other.contains("[wrong-identity]") && !other.contains("verified under"), "{other}");
    let public = shown(&world, ":v1", &[]);
    assert!(public.contains("does not count under `sigstore's public root`: "), "{public}");
}

#[test]
fn shows_an_attestation_an_unknown_referrer_and_what_is_about_something_else_n43() {
    let world = World::new("show-attestation");
    let (sample, other) = (world.push(NAME, Some("v1")), image(&[b"other"]));
    world.attach(NAME, &sample, &By::Key(&world.key), CYCLONEDX, Log::None);
    let odd = referrer(&sample.descriptor(), "application/x.\u{1b}[31modd", b"whatever");
    world.registry.push(NAME, None, &odd);
    let foreign = referrer(&other.descriptor(), "application/x.foreign", b"whatever");
    world.registry.push(NAME, None, &foreign);
    // A list in one order, with one that is not about this image and one that is not there.
    let lost = referrer(&sample.descriptor(), "application/x.lost", b"lost");
    let manifests = world.registry.honest_referrers(NAME, &sample.digest());
    let list = [&manifests[..], &[foreign.descriptor(), lost.descriptor()]].concat();
    let own: Vec<Value> = list.iter().filter(|one| one["artifactType"] == world::BUNDLE).cloned().collect();
    let rest: Vec<Value> = list.iter().filter(|one| one["artifactType"] != world::BUNDLE).cloned().collect();
    let body = index(&[own, rest].concat());
    world.registry.answer("/referrers/", Reply::new(200, &body.media_type, &body.bytes));
    world.folder.write("set.yaml", world.set("docker.io/**"));
    let tree = shown(&world, ":v1", &["--policies", "set.yaml"]);
    assert!(!tree.contains('\u{1b}'), "harmless");
    compare("attestation", &tree);
}

#[test]
fn shows_what_cosign_kept_below_tags_before_there_were_referrers_n51() {
    let world = World::new("show-legacy");
    let sample = world.push(NAME, Some("v1"));
    let payload = |digest: &str| {
        json!({"critical": {"identity": {"docker-reference": "registry.example/app"}, "type": "cosign container image signature",
            "image": {"docker-manifest-digest": digest}}, "optional": {}})
        .to_string()
    };
    let sign = |payload: &str| json!({"dev.cosignproject.cosign/signature": b64(world.key.sign(payload.as_bytes()).expect("a signature"))});
    let (own, other) = (payload(&sample.digest()), payload(&format!("sha256:{}", "0".repeat(64))));
    let kind = "application/vnd.dev.cosign.simplesigning.v1+json";
    world.tag(
        &sample,
        "sig",
        kind,
        &[(own.as_bytes(), sign(&own)), (other.as_bytes(), sign(&other)), (own.as_bytes(), json!({}))],
    );
    let content = world::about(&sample.digest(), CYCLONEDX, json!({}));
    let portcullis_support::made::Content::Envelope(payload_type, statement) = &content else {
        unreachable!("an envelope")
    };
    let signature = world.key.sign(&content.signed()).expect("a signature");
    let envelope =
        json!({"payloadType": payload_type, "payload": b64(statement), "signatures": [{"sig": b64(signature)}]})
            .to_string();
    world.tag(&sample, "att", "application/vnd.dsse.envelope.v1+json", &[(envelope.as_bytes(), json!({}))]);
    world.tag(&sample, "sbom", "text/spdx+json", &[(b"{}", json!({}))]);
    world.registry.set_referrers_api(false);
    compare("legacy", &shown(&world, ":v1", &["--key", "cosign.pub"]));
}

#[test]
fn begins_with_what_matters_and_says_what_check_denies() {
    let world = World::new("show-summary");
    let sample = world.push(NAME, Some("v1"));
    let by = By::Key(&world.key);
    world.attach(NAME, &sample, &by, COSIGN, Log::None);
    let sbom = json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"timestamp": "2999-01-01T00:00:00Z",
        "tools": {"components": [{"type": "application", "name": "syft", "version": "1.2"}]}},
        "components": [{"type": "library", "name": "a", "version": "1"}],
        "compositions": [{"aggregate": "incomplete"}]});
    let wrapped = json!({"Data": sbom.to_string(), "Timestamp": "2026-01-01T00:00:00Z"});
    world.attest(NAME, &sample, &by, ("https://cosign.sigstore.dev/attestation/v1", wrapped), Log::None);
    let suppressed =
        json!({"ruleId": "B101", "level": "error", "message": {"text": "m"}, "suppressions": [{"kind": "inSource"}]});
    let run = |name: &str, results: Value, more: Value| json!({"tool": {"driver": {"name": name}}, "results": results, "properties": more});
    let hidden = json!({"metrics": {"_totals": {"loc": 7, "nosec": 2, "skipped_tests": 0}}});
    let runs = [run("Bandit", json!([suppressed]), hidden), run("Blind", json!([]), json!({}))];
    let sarif = json!({"version": "2.1.0", "runs": runs});
    world.attest(NAME, &sample, &by, ("https://docs.oasis-open.org/sarif/sarif/v2.1.0", sarif), Log::None);
    let vex = json!({"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://a.example/1", "author": "Ann", "version": 1,
        "timestamp": "2026-01-01T00:00:00Z", "statements": [{"vulnerability": {"name": "CVE-2026-1"}, "status": "fixed",
        "products": [{"@id": "pkg:oci/app"}]}]});
    world.attest(NAME, &sample, &by, ("https://openvex.dev/ns/v0.2.0", vex), Log::None);
    let vsa = json!({"verifier": {"id": "https://v.example"}, "timeVerified": "2026-01-01T00:00:00Z", "verificationResult": "FAILED",
        "resourceUri": "pkg:oci/app", "policy": {"uri": "https://p.example"}, "verifiedLevels": ["SLSA_BUILD_LEVEL_2"]});
    world.attest(NAME, &sample, &by, ("https://slsa.dev/verification_summary/v1", vsa), Log::None);
    let tree = shown(&world, ":v1", &["--key", "cosign.pub"]);
    let first: Vec<&str> = tree.lines().skip(1).take(3).collect();
    assert_eq!(
        first,
        [
            "├─ signed: yes, by the key `cosign.pub`, under `command line`",
            "├─ SBOM: by the key `cosign.pub`; made at 2999-01-01T00:00:00Z by syft 1.2, 1 component; wrong: it is of 2999-01-01T00:00:00Z, which is in the future, and 1 more",
            "├─ scans: by the key `cosign.pub`; Bandit: 0 critical, 1 high, 0 medium, 0 low; Blind: 0 critical, 0 high, 0 medium, 0 low; wrong: the tool left out 2 results that the source suppresses (Bandit: `# nosec`), so that nobody sees them, and 1 more",
        ],
        "{tree}"
    );
    for line in [
        "this SBOM about the image is signed, and not the image itself",
        "wrong: it says that it is incomplete",
        "suppressed: 1 (1 in the source); 1 without a reason, 1 counted above by the usual settings",
        "wrong: neither results nor rules, so that nothing was looked for",
        "VEX: by Ann, at 2026-01-01T00:00:00Z",
        "1 statements: 1 fixed",
        "verdict by https://v.example: FAILED, at 2026-01-01T00:00:00Z",
        "levels: SLSA_BUILD_LEVEL_2",
        "wrong: its verdict is FAILED, and not that all passed",
    ] {
        assert!(tree.contains(&format!("─ {line}")) || tree.contains(&format!(": {line}")), "{line}: {tree}");
    }
    world.folder.write("other.pub", public(&p256()));
    let other = shown(&world, ":v1", &["--key", "other.pub"]);
    let first: Vec<&str> = other.lines().skip(1).take(3).collect();
    assert_eq!(
        first,
        [
            "├─ signed: no; 1 signature does not count, for the reason below",
            "├─ SBOM: none that counts (1 does not, for the reason below)",
            "├─ scans: none that counts (1 does not, for the reason below)",
        ],
        "{other}"
    );
}

#[test]
fn shows_that_there_is_nothing_and_an_index_with_its_platforms() {
    let world = World::new("show-nothing");
    world.push(NAME, Some("v1"));
    compare("nothing", &shown(&world, ":v1", &[]));
    let (amd, arm) = (image(&[b"amd"]), image(&[b"arm"]));
    let of = |sample: &Sample, os: &str, architecture: &str| {
        let mut descriptor = sample.descriptor();
        descriptor["platform"] =
            json!({"os": os, "architecture": architecture, "variant": (architecture == "arm64").then_some("v8")});
        if architecture != "arm64" {
            descriptor["platform"].as_object_mut().expect("a map").remove("variant");
        }
        descriptor
    };
    let both = index(&[of(&amd, "linux", "amd64"), of(&arm, "linux", "arm64")]);
    world.registry.push(NAME, Some("both"), &both);
    world.attach(NAME, &both, &By::Key(&world.key), COSIGN, Log::None);
    compare("index", &shown(&world, ":both", &["--key", "cosign.pub"]));
}

#[test]
fn could_not_look_is_status_2_and_shows_nothing_n46() {
    let world = World::new("show-refused");
    let sample = world.push(NAME, Some("v1"));
    world.attach(NAME, &sample, &By::Key(&world.key), COSIGN, Log::None);
    let absent = world.show(":absent", &[]);
    assert_eq!((absent.status, absent.out.as_str()), (2, ""), "{absent:?}");
    assert!(
        absent.err.contains(&format!("the registry says that there is no `{}:absent`", world.name())),
        "{absent:?}"
    );
    // What is attached and cannot be fetched leaves the picture incomplete.
    world.registry.answer_first("/blobs/", vec![Reply::error(403, "DENIED")]);
    let half = world.show(":v1", &["--key", "cosign.pub"]);
    assert_eq!((half.status, half.out.as_str()), (2, ""), "{half:?}");
    world.registry.set_auth(Auth::Basic("Basic dTpw".to_owned()));
    let refused = world.show(":v1", &[]);
    assert_eq!((refused.status, refused.out.as_str()), (2, ""), "{refused:?}");
    let said = format!(
        "error: what `{}:v1` carries cannot be shown\n  because: the registry does not accept the credentials",
        world.name()
    );
    assert!(refused.err.starts_with(&said), "{refused:?}");
    for (arguments, word) in [
        (vec!["registry.example/UPPER"], "is no image"),
        (vec!["a", "--policies", "x.yaml", "--key", "cosign.pub"], "cannot be used with"),
        (vec!["a", "--offline"], "needs a digest where no registry may be asked"),
        (vec!["a", "--key", "config.json"], "PEM"),
    ] {
        let answer = world.run(&[&["evidence", "show"], &arguments[..]].concat());
        assert_eq!((answer.status, answer.out.as_str()), (2, ""), "{answer:?}");
        assert!(answer.err.contains(word), "{word}: {answer:?}");
    }
}

#[test]
fn shows_bundles_in_files_without_any_registry() {
    let world = World::new("show-offline");
    let cosign = |name: &str| root().join("host/evidence/tests/verify/cosign").join(name).display().to_string();
    let digest = format!("registry.example/app@{}", portcullis_model::sha256_hex(BLOB));
    let (key, sbom) = (cosign("cosign.pub"), cosign("sbom.sigstore.json"));
    let flags = ["evidence", "show", &digest, "--offline", "--key", &key, "--bundle", &sbom];
    let answer = world.run(&flags);
    assert_eq!(answer.status, 0, "{answer:?}");
    for line in ["├─ no registry was asked", "says `https://cyclonedx.org/bom`", "verified under `command line`"] {
        assert!(answer.out.contains(line), "{line}: {}", answer.out);
    }
    let value = world.run(&[&flags[..], &["--format", "json"]].concat()).json();
    let layer = &value["pieces"][0]["layers"][0]["proof"];
    assert_eq!(
        (&value["kind"], &value["manifest"], &layer["verdicts"][0]["verified"]),
        (&json!("ImageEvidence"), &Value::Null, &json!(true))
    );
    assert_eq!(layer["claims"]["predicateType"], CYCLONEDX);
    assert!(answer.out.contains("this SBOM about the image is signed, and not the image itself"), "{}", answer.out);
    let report = root().join("tests/tests/gates/semgrep-faulty.sarif").display().to_string();
    let alone = world.run(&["evidence", "show", "--sarif", &report, "--format", "json"]).json();
    assert_eq!((&alone["kind"], alone["files"].as_array().map(Vec::len)), (&json!("FileEvidence"), Some(1)));
    for file in ["config.json", "./config.json"] {
        let answer = world.run(&["evidence", "show", file, "--offline"]);
        assert_eq!(answer.status, 2, "{answer:?}");
        assert!(answer.err.contains("a file of that name is here: give an SBOM by --sbom"), "{answer:?}");
    }
    world.folder.write("other.pub", public(&p256()));
    let other = world
        .run(&["evidence", "show", &digest, "--offline", "--key", "other.pub", "--bundle", &sbom, "-f", "json"])
        .json();
    assert_eq!(other["pieces"][0]["layers"][0]["proof"]["verdicts"][0]["reason"], "wrong-key");
}

#[test]
fn shows_no_more_than_its_bounds_and_counts_the_rest_n45() {
    let world = World::new("show-many");
    let sample = world.push(NAME, Some("v1"));
    for number in 0..103 {
        let odd = referrer(&sample.descriptor(), "application/x.odd", format!("{number}").as_bytes());
        world.registry.push(NAME, None, &odd);
    }
    let out = world.tree(":v1", &[], &[]);
    assert!(out.ends_with("└─ and 3 more pieces, at which nobody looked\n"), "{out}");
    assert_eq!(out.matches("`application/x.odd`, ").count(), 200, "a heading and a layer each");
}
