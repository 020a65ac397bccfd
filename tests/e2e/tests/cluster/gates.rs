//! SBOMs and reports with real parts: syft, bandit and semgrep speak, cosign attests, and both doors judge by one policy set.

use portcullis_support::instance::b64;
use portcullis_support::made::{By, COSIGN, Content, Log, bundle, leaf, statement_about};
use portcullis_support::{RealRegistry, Sample, Software, descriptor, image, referrer};
use reports::Reports;
use rows::{Documents, Piece, Row, SARIF, changed, rows};
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
/// The registry that knows referrers.
const GO: &str = "go-containerregistry";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

fn judges_sboms_and_reports_alike_at_both_doors(world: &mut World) {
    let folder = world.plane.folder().join("gates");
    let found = Reports::find().and_then(|reports| Ok((Tools::find(&folder)?, reports)));
    let (tools, reports) = match found {
        Ok(found) => found,
        Err(reason) => return println!("SKIPPED: SBOMs and reports at both doors: {reason}"),
    };
    let start = |(name, software)| Some((name, RealRegistry::start(software)?));
    let all = [("docker-registry", Software::Docker), (GO, Software::Go)];
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
    let places = scene.play.places;
    for pushed in pushed(&scene, &documents) {
        // A sandbox warns of the same, whatever it is.
        let places = &places[..if pushed.in_sandbox { 2 } else { 1 }];
        scene.judge_in(world, places, &pushed.case, &[pushed.image.pinned()], pushed.expected);
    }
    scene.end(world);
}

/// What is judged.
struct Pushed {
    case: String,
    image: Image,
    expected: Expected,
    /// Whether it is judged in both modes.
    in_sandbox: bool,
}

/// Pushes everything that is judged, to all registries at the same time.
fn pushed(scene: &Scene, documents: &Documents) -> Vec<Pushed> {
    let everything = |at: usize| {
        let (kind, registry) = &scene.registries[at];
        let shop = Shop { tools: scene.tools.beside(kind), kind, registry, documents };
        let mut pushed = Vec::new();
        for layout in [Layout::Bundle, Layout::Tag] {
            // Everything once with each registry and once with each layout, and what matters most with each pair.
            let is_own = (at == 0) == (layout == Layout::Bundle);
            let rows = rows(documents, layout);
            pushed.extend(rows.iter().filter(|row| is_own || row.everywhere).map(|row| shop.push(layout, row)));
            pushed.extend(shop.push_indexes(layout));
        }
        // The other registry keeps one referrer that is not cosign's.
        if *kind == GO {
            pushed.extend(shop.push_with_signed_times());
        }
        pushed
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..scene.registries.len()).map(|at| scope.spawn(move || everything(at))).collect();
        all.into_iter().flat_map(|one| one.join().expect("all of it is pushed")).collect()
    })
}

/// One registry, and what is needed to push to it.
struct Shop<'a> {
    tools: Tools,
    kind: &'static str,
    registry: &'a RealRegistry,
    documents: &'a Documents,
}

impl Shop<'_> {
    /// Makes an image carry what a row says.
    fn push(&self, layout: Layout, row: &Row) -> Pushed {
        let repository = format!("{}/{}/{}", self.registry.host(), layout.word(), row.name);
        let image = self.tools.copy(&self.documents.image, repository);
        // Whoever attaches without cosign forgets what else there is, so that comes first.
        row.pieces.iter().for_each(|piece| self.attach(layout, &image, piece));
        if row.signed {
            self.tools.sign_as(layout, "release", &image);
        }
        for piece in &row.pieces {
            if let Piece::Attested { by, kind, text } = piece {
                self.tools.attest_as(layout, by, &image, kind, text);
            }
        }
        let case = format!("{} ({}, {})", row.what, self.kind, layout.word());
        Pushed { case, image, expected: row.expected, in_sandbox: row.everywhere }
    }

    /// Attaches what cosign would not.
    fn attach(&self, layout: Layout, image: &Image, piece: &Piece) {
        let (_, name) = image.repository.split_once('/').expect("a host and a name");
        match (piece, layout) {
            (Piece::Attested { .. }, _) => {}
            (Piece::Bare { kind, text }, Layout::Bundle) => {
                self.registry.attach(name, &self.tools.descriptor(image), kind, text.as_bytes());
            }
            (Piece::Bare { kind, text }, Layout::Tag) => self.tag(name, image, "sbom", kind, text),
            (Piece::Unsigned { kind, text }, _) => {
                let Content::Envelope(payload_type, payload) = about(image, kind, text) else { return };
                let envelope = json!({"payload": b64(payload), "payloadType": payload_type, "signatures": []});
                if layout == Layout::Tag {
                    self.tag(name, image, "att", ENVELOPE, &envelope.to_string());
                } else {
                    let material = json!({"publicKey": {"hint": ""}});
                    let bundle =
                        json!({"mediaType": BUNDLE, "verificationMaterial": material, "dsseEnvelope": envelope});
                    self.tools.attach(self.registry, image, &bundle.to_string());
                }
            }
        }
    }

    /// Keeps a file as the layer of an image whose tag says what it is about.
    fn tag(&self, name: &str, subject: &Image, suffix: &str, kind: &str, text: &str) {
        self.registry.push_blob(name, text.as_bytes());
        let mut manifest: Value = serde_json::from_slice(&image(&[]).bytes).expect("a manifest");
        manifest["layers"] = json!([descriptor(kind, text.as_bytes())]);
        let tag = format!("{}.{suffix}", subject.digest.replace(':', "-"));
        self.registry.push(name, Some(&tag), &Sample::of(&manifest, MANIFEST));
    }

    /// Indexes with SBOMs of their own, of one platform, and of both.
    fn push_indexes(&self, layout: Layout) -> Vec<Pushed> {
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
        let push = |(name, what, described, expected): (&str, &str, &[usize], Expected)| {
            let repository = format!("{}/{}/{name}", self.registry.host(), layout.word());
            let images = self.tools.index_of(&self.tools.copy(&self.documents.image, repository));
            self.tools.sign_as(layout, "release", &images[0]);
            self.tools.attest_as(layout, "release", &images[0], SARIF, &self.documents.clean);
            for image in described.iter().map(|number| &images[*number]) {
                let sbom = self.documents.cyclonedx.replace(&self.documents.image.digest, &image.digest);
                self.tools.attest_as(layout, "release", image, "cyclonedx", &sbom);
            }
            let [index, ..] = images;
            let case = format!("{what} ({}, {})", self.kind, layout.word());
            Pushed { case, image: index, expected, in_sandbox: false }
        };
        rows.into_iter().map(push).collect()
    }

    /// By a sigstore whose times are signed, an hour ago.
    fn push_with_signed_times(&self) -> Vec<Pushed> {
        let old = "a report that was signed an hour ago, where half an hour counts (N55)";
        let made_now = self.documents.cyclonedx.as_str();
        let made_before = changed(made_now, "/metadata/timestamp", |time| *time = json!("2026-01-01T00:00:00Z"));
        let later = Denied("too-old", &["made after it was signed"]);
        let rows = [
            ("stamped/fresh", "everything signed an hour ago", made_before.as_str(), Allowed),
            ("stamped/stale/app", old, made_before.as_str(), Denied("too-old", &["30 minutes"])),
            ("stamped/early", "an SBOM that was signed an hour before it was made (N55)", made_now, later),
        ];
        let push = |(name, what, sbom, expected): (&str, &str, &str, Expected)| {
            let image = self.tools.copy(&self.documents.image, format!("{}/{name}", self.registry.host()));
            let signature = statement_about(image.digest.trim_start_matches("sha256:"), COSIGN);
            let sbom = about(&image, "https://cyclonedx.org/bom", sbom);
            for content in [signature, sbom, about(&image, SARIF, &self.documents.clean)] {
                let made = bundle(&By::Leaf(&leaf()), &content, Log::V2, true).to_string();
                self.registry.push_blob(name, made.as_bytes());
                self.registry.push(name, None, &referrer(&self.tools.descriptor(&image), BUNDLE, made.as_bytes()));
            }
            let case = format!("{what} ({}, a certificate)", self.kind);
            Pushed { case, image, expected, in_sandbox: false }
        };
        rows.into_iter().map(push).collect()
    }
}

/// A statement about an image.
fn about(image: &Image, kind: &str, predicate: &str) -> Content {
    let predicate: Value = serde_json::from_str(predicate).expect("JSON");
    let subject = json!([{"name": "app", "digest": {"sha256": image.digest.trim_start_matches("sha256:")}}]);
    let statement = json!({"_type": "https://in-toto.io/Statement/v1", "subject": subject, "predicateType": kind, "predicate": predicate});
    Content::Envelope(IN_TOTO.to_owned(), statement.to_string().into_bytes())
}
