//! Signatures with real parts: cosign signs, two registries keep, and both doors judge by one policy set.

use std::time::Duration;

use portcullis_e2e::guard::wait_for;
use portcullis_support::instance::{INSTANCE, ISSUER, LeafParams, SUBJECT, uri};
use portcullis_support::made::{By, COSIGN, Log, bundle, leaf, statement_about};
use portcullis_support::{RealRegistry, Software};
use serde_json::json;

use crate::Case;
use crate::scene::{Expected, Play, SET, Scene, workload};
use crate::signing::{Image, Layout, Tools};
use crate::world::World;

pub const CASES: &[Case] = cases![judges_signatures_alike_at_both_doors];

/// Who may enter the registry that asks (bcrypt of `open sesame`).
const DOORMAN: &str = "ali:$2b$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW";
/// The same for a client: base64 of `ali:open sesame`.
const PASSWORD: &str = "YWxpOm9wZW4gc2VzYW1l";

/// Where `cosign verify` says something else than the set, by the case, each with the reason.
const STRICTER: [(&str, &str); 1] = [(
    "only its SBOM is attested",
    "cosign takes an image that carries any verified statement for signed; the set asks for a signature on the image",
)];

fn judges_signatures_alike_at_both_doors(world: &mut World) {
    let folder = world.plane.folder().join("evidence");
    let tools = match Tools::find(&folder) {
        Ok(tools) => tools,
        Err(reason) => return println!("SKIPPED: signatures at both doors: {reason}"),
    };
    let start = |(name, software)| Some((name, RealRegistry::start(software)?));
    let all = [("docker-registry", Software::Docker), ("go-containerregistry", Software::Go)];
    let registries: Vec<_> = all.into_iter().filter_map(start).collect();
    let locked = RealRegistry::start_locked(DOORMAN);
    let hosts: Vec<String> =
        registries.iter().map(|(_, registry)| registry).chain(&locked).map(RealRegistry::host).collect();
    let play = Play {
        what: "signatures",
        places: [("signed-strict", "compliance"), ("signed-loose", "sandbox")],
        set: policy_set(&hosts, false),
    };
    let mut scene = Scene::start(world, tools, registries, locked.as_ref(), play);
    for at in 0..scene.registries.len() {
        signed_by_cosign(world, &mut scene, at);
        signed_by_a_certificate(world, &mut scene, at);
    }
    if let Some(locked) = &locked {
        kept_behind_a_password(world, &mut scene, locked);
    }
    signed_by_a_key_that_is_revoked(world, &mut scene);
    kept_where_nobody_answers(world, &mut scene);
    scene.end(world);
}

/// What the real cosign signs with keys, and what it says of it itself.
fn signed_by_cosign(world: &mut World, scene: &mut Scene, at: usize) {
    let (kind, host) = (scene.registries[at].0, scene.registries[at].1.host());
    let named = |what: &str| format!("{what} ({kind})");
    let image = |scene: &Scene, name: &str| scene.tools.image(&host, name);
    let mut verified = Vec::new();
    let mut judge = |world: &mut World, scene: &mut Scene, what: &str, image: &Image, expected: Expected| {
        scene.judge(world, &named(what), &[image.pinned()], expected);
        verified.push((what.to_owned(), image.clone(), matches!(expected, Expected::Allowed)));
    };

    let signed = image(scene, "signed");
    scene.tools.sign("release", &signed);
    judge(world, scene, "signed by cosign", &signed, Expected::Allowed);
    let legacy = image(scene, "legacy");
    scene.tools.sign_as(Layout::Tag, "release", &legacy);
    judge(world, scene, "signed by cosign as before bundles", &legacy, Expected::Allowed);
    let unsigned = image(scene, "unsigned");
    let missing = Expected::Denied("signature-missing", &["/unsigned` holds no signature of it", "`sha256-...`"]);
    judge(world, scene, "not signed", &unsigned, missing);
    let stranger = image(scene, "stranger");
    scene.tools.sign("stranger", &stranger);
    let refused = Expected::Denied("signature-refused", &["no key of the trust made it"]);
    judge(world, scene, "signed with another key", &stranger, refused);
    let attested = image(scene, "attested");
    scene.tools.attest("release", &attested);
    let predicate = Expected::Denied("predicate-type", &["https://cyclonedx.org/bom"]);
    judge(world, scene, "only its SBOM is attested", &attested, predicate);
    let [index, child] = scene.tools.index(&host, "platforms");
    scene.tools.sign("release", &index);
    judge(world, scene, "an index of two platforms, signed", &index, Expected::Allowed);
    let missing = Expected::Denied("signature-missing", &["/platforms` holds no signature of it"]);
    judge(world, scene, "one platform of a signed index", &child, missing);
    let elsewhere = image(scene, "elsewhere");
    let bundle = scene.tools.sign_into_file("release", &signed);
    scene.tools.attach(&scene.registries[at].1, &elsewhere, &bundle);
    let refused = Expected::Denied("signature-refused", &["made for something else"]);
    judge(world, scene, "the signature of another image attached", &elsewhere, refused);
    agrees_with_cosign(world, scene, kind, &verified);

    let tag = format!("{}:1", signed.repository);
    let pin = Expected::Denied("tag-not-pinned", &["has no digest", "@sha256:"]);
    scene.judge(world, &named("signed, and named by its tag"), &[tag], pin);
    let eight = vec![signed.pinned(); 8];
    let bundle = scene.tools.sign_into_file("release", &unsigned);
    scene.judge_with_bundle(
        world,
        &named("not signed in the registry, its bundle given to `check`"),
        &unsigned,
        &bundle,
    );
    scene.judge(world, &named("eight containers with one signed image"), &eight, Expected::Allowed);
    let (record, _) = scene.recorded(world, &format!("web-{}", scene.tried));
    let facts = record["facts"].as_array().map_or(0, Vec::len);
    world.table.row(
        &named("signatures: facts that were needed for eight containers"),
        "1",
        &facts.to_string(),
        facts == 1,
    );
    signs_what_was_denied(world, scene, &named("signatures: signed a moment after it was denied"), &unsigned);
}

/// Compares the verdicts with those of `cosign verify`.
fn agrees_with_cosign(world: &mut World, scene: &Scene, kind: &str, judged: &[(String, Image, bool)]) {
    let (mut agreed, mut meant, mut unknown) = (0, Vec::new(), Vec::new());
    for (what, image, ours) in judged {
        let theirs = scene.tools.verifies(image, &["--key", "release.pub", "--insecure-ignore-tlog"]);
        let known = STRICTER.iter().find(|(its, _)| its == what && theirs && !ours);
        match known {
            _ if theirs == *ours => agreed += 1,
            Some((_, why)) => meant.push(format!("{what}: {why}")),
            None => unknown.push(format!("{what}: we say {ours}, cosign says {theirs}")),
        }
    }
    let seen = format!("{agreed} of {} agreed; meant: {}; others: {unknown:?}", judged.len(), meant.join(", "));
    let holds = unknown.is_empty() && meant.len() == STRICTER.len();
    let case = format!("signatures: `cosign verify` of the same images ({kind})");
    world.table.row(&case, "the same verdicts, but for what is meant", &seen, holds);
}

/// What was denied is asked for anew within seconds.
fn signs_what_was_denied(world: &mut World, scene: &mut Scene, case: &str, image: &Image) {
    scene.tools.sign("release", image);
    scene.tried += 1;
    let object = workload(&format!("web-{}", scene.tried), &[image.pinned()]);
    let begun = std::time::Instant::now();
    let said = wait_for("an answer about the new signature", Duration::from_secs(30), || {
        let said = world.create_in(scene.play.places[0].0, &object);
        if said.succeeded() { Ok(said) } else { Err(said.words()) }
    });
    let (taken, holds) = (begun.elapsed().as_secs(), said.out.contains("created"));
    world.table.row(
        case,
        "admitted within 10 s or so",
        &format!("{taken} s later: {}", said.words()),
        holds && taken < 15,
    );
}

/// What a sigstore signs that only this set trusts.
fn signed_by_a_certificate(world: &mut World, scene: &mut Scene, at: usize) {
    let (kind, host) = (scene.registries[at].0, scene.registries[at].1.host());
    let named = |what: &str| format!("{what} ({kind})");
    let root = scene.tools.folder.join("trusted_root.json").display().to_string();
    let identity = ["--certificate-identity", SUBJECT, "--certificate-oidc-issuer", ISSUER];
    let flags = [&["--trusted-root", &root, "--use-signed-timestamps"], &identity[..]].concat();
    let stranger =
        || INSTANCE.leaf(&LeafParams { subjects: vec![uri("https://evil.example.test/app")], ..LeafParams::default() });
    for (name, what, leaf, expected) in [
        ("good", "signed by the certificate of a CI run", leaf(), Expected::Allowed),
        (
            "evil",
            "signed by somebody else's certificate",
            stranger(),
            Expected::Denied("signer-not-allowed", &["https://evil.example.test/app"]),
        ),
    ] {
        let image = scene.tools.image(&host, &format!("keyless/{name}"));
        let statement = statement_about(image.digest.trim_start_matches("sha256:"), COSIGN);
        let made = bundle(&By::Leaf(&leaf), &statement, Log::V2, true).to_string();
        scene.tools.attach(&scene.registries[at].1, &image, &made);
        scene.judge(world, &named(what), &[image.pinned()], expected);
        let (ours, theirs) = (matches!(expected, Expected::Allowed), scene.tools.verifies(&image, &flags));
        let case = named(&format!("signatures: `cosign verify` of what is {what}"));
        world.table.row(&case, "the same verdict", &format!("we say {ours}, cosign says {theirs}"), ours == theirs);
    }
}

/// The registry asks who is there.
fn kept_behind_a_password(world: &mut World, scene: &mut Scene, registry: &RealRegistry) {
    let host = registry.host();
    let config = scene.tools.folder.join("config.json");
    let text = format!(r#"{{"auths": {{"{host}": {{"auth": "{PASSWORD}"}}}}}}"#);
    std::fs::write(&config, text).expect("credentials");
    let image = scene.tools.image(&host, "locked");
    scene.tools.sign("release", &image);
    let closed = Expected::NotJudged(&["the registry does not accept the credentials"]);
    scene.judge(world, "kept behind a password, without credentials", &[image.pinned()], closed);
    let nobody = scene.flags.pop().expect("the file without credentials");
    scene.flags.push(config.display().to_string());
    scene.serve(world);
    scene.judge(world, "kept behind a password, with `--registry-config`", &[image.pinned()], Expected::Allowed);
    scene.flags.pop();
    scene.flags.push(nobody);
}

/// A new version of the set says that the key counts no more.
fn signed_by_a_key_that_is_revoked(world: &mut World, scene: &mut Scene) {
    let Some((kind, registry)) = scene.registries.first() else { return };
    let (case, host) = (format!("signed by a key that was revoked since ({kind})"), registry.host());
    let image = Image { repository: format!("{host}/signed"), digest: scene.tools.digest(&format!("{host}/signed:1")) };
    let hosts: Vec<String> = scene.registries.iter().map(|(_, registry)| registry.host()).collect();
    scene.keep_version(world, "before");
    std::fs::write(scene.policies.join(SET), policy_set(&hosts, true)).expect("a set");
    scene.keep_version(world, "revoked");
    let object = workload("revoked", &[image.pinned()]).to_string();
    let place = scene.play.places[0].0;
    let wait_until = |world: &World, admitted: bool| {
        wait_for("the new version", Duration::from_secs(20), || {
            let said = world.kubectl.run_with(&["-n", place, "create", "--dry-run=server", "-f", "-"], &object);
            if said.succeeded() == admitted { Ok(()) } else { Err(said.words()) }
        });
    };
    wait_until(world, false);
    scene.judge(world, &case, &[image.pinned()], Expected::Denied("signature-refused", &["`release` is revoked"]));
    std::fs::write(scene.policies.join(SET), policy_set(&hosts, false)).expect("a set");
    wait_until(world, true);
}

/// Nobody answers any more: that is an error, and no answer.
fn kept_where_nobody_answers(world: &mut World, scene: &mut Scene) {
    for (kind, registry) in std::mem::take(&mut scene.registries) {
        let host = registry.host();
        let image = scene.tools.image(&host, "forgotten");
        scene.tools.sign("release", &image);
        drop(registry);
        let case = format!("kept where nobody answers ({kind})");
        scene.judge(world, &case, &[image.pinned()], Expected::NotJudged(&["127.0.0.1:", "cannot be reached"]));
    }
}

/// The set of these cases: keys for everything, and certificates below `keyless/`.
fn policy_set(hosts: &[String], revoked: bool) -> String {
    let hosts = |rest: &str| hosts.iter().map(|host| format!("{host}/{rest}")).collect::<Vec<_>>();
    let trust = json!([
        {"name": "release", "keys": [{"name": "release", "file": "release.pub", "revoked": revoked}]},
        {"name": "keyless", "root": {"file": "../trusted_root.json"}},
    ]);
    let images = json!([
        {"match": hosts("keyless/**"), "trust": "keyless", "identities": [{"issuer": ISSUER, "subject": SUBJECT}]},
        {"match": hosts("**"), "trust": "release"},
    ]);
    let policy = json!({
        "name": "signed", "plugin": {"builtin": "signature"}, "grants": ["signature"], "settings": {"images": images}
    });
    let mode = json!({"namespaceLabel": "portcullis.dev/mode", "default": "compliance"});
    json!({
        "apiVersion": "portcullis.dev/v1alpha1", "kind": "PolicySet", "metadata": {"name": "signed"},
        "spec": {"mode": mode, "trust": trust, "policies": [policy]}
    })
    .to_string()
}
