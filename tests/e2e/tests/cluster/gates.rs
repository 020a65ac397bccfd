//! SBOMs and reports with real parts: syft, bandit and semgrep speak, cosign attests, and both doors judge by one policy set.

use portcullis_support::instance::b64;
use portcullis_support::made::{By, COSIGN, Content, Log, bundle, leaf, statement_about};
use portcullis_support::{RealRegistry, Sample, Software, descriptor, image, referrer};
use reports::Reports;
use rows::{Documents, Piece, Row, SARIF, rows};
use serde_json::{Value, json};
use set::policy_set;

use crate::Case;
use crate::scene::Expected::{self, Allowed, Denied};
use crate::scene::{Play, Scene};
use crate::signing::{BUNDLE, Image, Layout, Tools};
use crate::world::World;

mod reports;
mod rows;
mod set;

pub const CASES: &[Case] = cases![judges_sboms_and_reports_alike_at_both_doors];

/// An attestation as the layer of an image, as before bundles.
const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";
/// What an envelope holds.
const IN_TOTO: &str = "application/vnd.in-toto+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

fn judges_sboms_and_reports_alike_at_both_doors(world: &mut World) {
    let folder = world.plane.folder().join("gates");
    let found = Reports::find().and_then(|reports| Ok((Tools::find(&folder)?, reports)));
    let (tools, reports) = match found {
        Ok(found) => found,
        Err(reason) => return println!("SKIPPED: SBOMs and reports at both doors: {reason}"),
    };
    let start = |(name, software)| Some((name, RealRegistry::start(software)?));
    let all = [("docker-registry", Software::Docker), ("go-containerregistry", Software::Go)];
    let registries: Vec<_> = all.into_iter().filter_map(start).collect();
    let Some(first) = registries.first().map(|(_, registry)| registry.host()) else { return };
    let hosts: Vec<String> = registries.iter().map(|(_, registry)| registry.host()).collect();
    let documents = Documents::of(&tools, &reports, &first);
    let play = Play {
        what: "gates",
        places: [("gates-strict", "compliance"), ("gates-loose", "sandbox")],
        set: policy_set(&hosts),
    };
    let mut scene = Scene::start(world, tools, registries, None, play);
    for at in 0..scene.registries.len() {
        for layout in [Layout::Bundle, Layout::Tag] {
            // Everything once with each registry and once with each layout, and what matters most with each pair.
            let is_own = (at == 0) == (layout == Layout::Bundle);
            for row in rows(&documents).iter().filter(|row| is_own || row.everywhere) {
                judge(world, &mut scene, at, layout, &documents, row);
            }
            judge_indexes(world, &mut scene, at, layout, &documents);
        }
        if scene.registries[at].0 == "go-containerregistry" {
            judge_signed_times(world, &mut scene, at, &documents);
        }
    }
    scene.end(world);
}

/// Makes an image carry what a row says, and judges it.
fn judge(world: &mut World, scene: &mut Scene, at: usize, layout: Layout, documents: &Documents, row: &Row) {
    let (kind, registry) = (scene.registries[at].0, &scene.registries[at].1);
    let repository = format!("{}/{}/{}", registry.host(), layout.word(), row.name);
    let image = scene.tools.copy(&documents.image, repository);
    // Whoever attaches without cosign forgets what else there is, so that comes first.
    row.pieces.iter().for_each(|piece| attach(&scene.tools, registry, layout, &image, piece));
    if row.signed {
        scene.tools.sign_as(layout, "release", &image);
    }
    for piece in &row.pieces {
        if let Piece::Attested { by, kind, text } = piece {
            scene.tools.attest_as(layout, by, &image, kind, text);
        }
    }
    let case = format!("{} ({kind}, {})", row.what, layout.word());
    scene.judge(world, &case, &[image.pinned()], row.expected);
}

/// Attaches what cosign would not.
fn attach(tools: &Tools, registry: &RealRegistry, layout: Layout, image: &Image, piece: &Piece) {
    let (_, name) = image.repository.split_once('/').expect("a host and a name");
    match (piece, layout) {
        (Piece::Attested { .. }, _) => {}
        (Piece::Bare { kind, text }, Layout::Bundle) => {
            registry.attach(name, &tools.descriptor(image), kind, text.as_bytes());
        }
        (Piece::Bare { kind, text }, Layout::Tag) => tag(registry, name, image, "sbom", kind, text),
        (Piece::Unsigned { kind, text }, _) => {
            let Content::Envelope(payload_type, payload) = about(image, kind, text) else { return };
            let envelope = json!({"payload": b64(payload), "payloadType": payload_type, "signatures": []});
            if layout == Layout::Tag {
                tag(registry, name, image, "att", ENVELOPE, &envelope.to_string());
            } else {
                let material = json!({"publicKey": {"hint": ""}});
                let bundle = json!({"mediaType": BUNDLE, "verificationMaterial": material, "dsseEnvelope": envelope});
                tools.attach(registry, image, &bundle.to_string());
            }
        }
    }
}

/// Keeps a file as the layer of an image whose tag says what it is about.
fn tag(registry: &RealRegistry, name: &str, subject: &Image, suffix: &str, kind: &str, text: &str) {
    registry.push_blob(name, text.as_bytes());
    let mut manifest: Value = serde_json::from_slice(&image(&[]).bytes).expect("a manifest");
    manifest["layers"] = json!([descriptor(kind, text.as_bytes())]);
    let tag = format!("{}.{suffix}", subject.digest.replace(':', "-"));
    registry.push(name, Some(&tag), &Sample::of(&manifest, MANIFEST));
}

/// A statement about an image.
fn about(image: &Image, kind: &str, predicate: &str) -> Content {
    let predicate: Value = serde_json::from_str(predicate).expect("JSON");
    let subject = json!([{"name": "app", "digest": {"sha256": image.digest.trim_start_matches("sha256:")}}]);
    let statement = json!({"_type": "https://in-toto.io/Statement/v1", "subject": subject, "predicateType": kind, "predicate": predicate});
    Content::Envelope(IN_TOTO.to_owned(), statement.to_string().into_bytes())
}

/// SBOMs of an index, of one of its platforms, and of both.
fn judge_indexes(world: &mut World, scene: &mut Scene, at: usize, layout: Layout, documents: &Documents) {
    let (kind, registry) = (scene.registries[at].0, scene.registries[at].1.host());
    let missing = Denied("platform-missing", &["linux/arm64"]);
    let whole = Denied("sbom-missing", &["/index-only/children"]);
    let rows: [(&str, &str, &[usize], Expected); 4] = [
        ("index/itself", "an index with an SBOM of its own", &[0], Allowed),
        ("index/child", "an index with an SBOM of one platform (N56)", &[1], missing),
        ("index/children", "an index with SBOMs of each platform", &[1, 2], Allowed),
        (
            "index-only/children",
            "an index with SBOMs of each platform, where its own counts alone (N56)",
            &[1, 2],
            whole,
        ),
    ];
    for (name, what, described, expected) in rows {
        let first = scene.tools.copy(&documents.image, format!("{registry}/{}/{name}", layout.word()));
        let images = scene.tools.index_of(&first);
        scene.tools.sign_as(layout, "release", &images[0]);
        scene.tools.attest_as(layout, "release", &images[0], SARIF, &documents.clean);
        for image in described.iter().map(|number| &images[*number]) {
            let sbom = documents.cyclonedx.replace(&documents.image.digest, &image.digest);
            scene.tools.attest_as(layout, "release", image, "cyclonedx", &sbom);
        }
        let case = format!("{what} ({kind}, {})", layout.word());
        scene.judge(world, &case, &[images[0].pinned()], expected);
    }
}

/// By a sigstore whose times are signed, an hour ago.
fn judge_signed_times(world: &mut World, scene: &mut Scene, at: usize, documents: &Documents) {
    let (kind, registry) = (scene.registries[at].0, scene.registries[at].1.host());
    for (name, what, expected) in [
        ("stamped/fresh", "signed an hour ago", Allowed),
        (
            "stamped/stale/app",
            "a report that was signed an hour ago, where half an hour counts (N55)",
            Denied("too-old", &[]),
        ),
    ] {
        let image = scene.tools.copy(&documents.image, format!("{registry}/{name}"));
        let signature = statement_about(image.digest.trim_start_matches("sha256:"), COSIGN);
        let sbom = about(&image, "https://cyclonedx.org/bom", &documents.cyclonedx);
        for content in [signature, sbom, about(&image, SARIF, &documents.clean)] {
            let made = bundle(&By::Leaf(&leaf()), &content, Log::V2, true).to_string();
            let registry = &scene.registries[at].1;
            registry.push_blob(name, made.as_bytes());
            registry.push(name, None, &referrer(&scene.tools.descriptor(&image), BUNDLE, made.as_bytes()));
        }
        let case = format!("{what} ({kind}, a certificate)");
        scene.judge(world, &case, &[image.pinned()], expected);
    }
}
