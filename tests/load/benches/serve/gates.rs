//! What the gates of evidence cost: images in a registry on loopback, which is asked once; then every fact is remembered.

use std::time::{Duration, Instant};

use portcullis_load::{Client, Connection, PolicySet, Question, pod, policy_set};
use portcullis_support::instance::{p256, spki};
use portcullis_support::made::{By, COSIGN, Content, Log, bundle, pem, statement_about};
use portcullis_support::{RealRegistry, Software, image};
use serde_json::{Value, json};

use crate::servers::{Asked, Bench};
use crate::table::{count, head, median, millis, quantiles, row};
use crate::turns::{Seen, Turns, take};

/// The layer of a referrer that is a bundle.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// Each pair of servers; none at a fixed rate.
const TURNS: Turns = Turns { rounds: 8, connections: 8, closed: Duration::from_millis(500), open: None };

/// Pairs of servers: without the gates and with them.
pub fn run(bench: &Bench) -> Vec<String> {
    let Some((registry, images, key)) = registry(10, false) else {
        println!("SKIPPED: no registry: neither Debian's `docker-registry` nor Go is here");
        return Vec::new();
    };
    println!(
        "{} connections as fast as it goes, {} turns of {} ms each.\n",
        TURNS.connections,
        TURNS.rounds,
        TURNS.closed.as_millis()
    );
    head(&[
        "review",
        "policies",
        "first review (ms)",
        "requests per second",
        "processor (us)",
        "p50, p95, p99, p99.9 (ms)",
    ]);
    let mut complaints = Vec::new();
    let host = registry.host();
    for off in [PolicySet::None, PolicySet::Four] {
        let without = policy_set(off).replace("registry.example", &host);
        let with = signed(&without, &key, &host, &["signature"]);
        for containers in [2, 10] {
            let names = [off.name().to_owned(), format!("{} and signature", off.name())];
            complaints.extend(compare(bench, &host, &names, [&without, &with], &images[..containers]));
        }
    }
    drop(registry);
    if let Some((registry, images, key)) = self::registry(4, true) {
        let host = registry.host();
        let without = policy_set(PolicySet::None);
        let with = signed(&without, &key, &host, &["signature", "sbom", "sast"]);
        let names = ["none".to_owned(), "three gates".to_owned()];
        complaints.extend(compare(bench, &host, &names, [&without, &with], &images));
    }
    complaints
}

fn compare(bench: &Bench, host: &str, names: &[String; 2], sets: [&str; 2], images: &[String]) -> Vec<String> {
    let mut review = pod("shop", "web", images.len(), Some("1"), 1_000 * images.len());
    let containers = &mut review["request"]["object"]["spec"]["containers"];
    for (container, image) in containers.as_array_mut().into_iter().flatten().zip(images) {
        container["image"] = image.as_str().into();
    }
    let namespaces = portcullis_load::namespaces(std::slice::from_ref(&review));
    let flags = ["--insecure-registry", host];
    let servers = [0, 1].map(|which| bench.product(&names[which], sets[which], &namespaces, &flags));
    let question = Question::new(&review, true);
    let cold = servers.each_ref().map(|server| first(bench, server, &question));
    let client: Client = bench.client(std::slice::from_ref(&question));
    let seen = take(TURNS, &servers.each_ref().map(|server| (server, &client)));
    let size = format!("{:.1} KB, {} images", question.body.len() as f64 / 1e3, images.len());
    for ((name, own), cold) in names.iter().zip(&seen).zip(cold) {
        let ratio = |of: &dyn Fn(&Seen) -> &[f64]| own.ratio(&seen[0], of);
        row(&[
            size.clone(),
            name.clone(),
            millis(cold),
            format!("{} ({:.2})", count(median(&own.rates)), ratio(&|seen| &seen.rates)),
            format!("{} ({:.1})", count(median(&own.processor)), ratio(&|seen| &seen.processor)),
            quantiles(&own.closed.summary.judged),
        ]);
    }
    names.iter().zip(&seen).flat_map(|(name, seen)| seen.complaints(name)).collect()
}

/// How long the first review takes, connection included: everything is looked up, verified and judged.
fn first(bench: &Bench, server: &Asked, question: &Question) -> Duration {
    let began = Instant::now();
    let answered = bench.runtime.block_on(Connection::new(&server.target).ask(question, Duration::from_secs(20)));
    assert_eq!(answered, portcullis_load::Answered::Right, "{}", server.name);
    began.elapsed()
}

/// The same policies and these gates: one key, one registry.
fn signed(policies: &str, key: &str, host: &str, gates: &[&str]) -> String {
    let key: String = key.lines().map(|line| format!("        {line}\n")).collect();
    let trust = format!("spec:\n  trust:\n  - name: release\n    keys:\n    - name: release\n      pem: |\n{key}");
    let gate = |name: &&str| {
        format!(
            "  - {{name: {name}, plugin: {{builtin: {name}}}, grants: [{name}], settings: {{images: [{{match: [\"{host}/**\"], trust: release}}]}}}}\n"
        )
    };
    let gates: String = gates.iter().map(gate).collect();
    policies.replace("spec:\n", &trust).replace("policies: []\n", "policies:\n") + &gates
}

/// A registry with signed images, and the key; nothing where there is no registry.
fn registry(images: usize, gates: bool) -> Option<(RealRegistry, Vec<String>, String)> {
    let registry = [Software::Go, Software::Docker].into_iter().find_map(RealRegistry::start)?;
    let pair = p256();
    let sign = |n: usize| {
        let name = format!("team/app-{n}");
        let sample = image(&[]);
        let digest = registry.push(&name, None, &sample);
        let about = statement_about(digest.trim_start_matches("sha256:"), COSIGN);
        let bundle = bundle(&By::Key(&pair), &about, Log::None, false).to_string();
        let attested = if gates { attested(&digest, &By::Key(&pair)).to_vec() } else { Vec::new() };
        for bundle in attested.iter().chain([&bundle]) {
            registry.attach(&name, &sample.descriptor(), BUNDLE, bundle.as_bytes());
        }
        format!("{}/{name}:{n}@{digest}", registry.host())
    };
    let images = (0..images).map(sign).collect();
    Some((registry, images, pem("PUBLIC KEY", &spki(&pair))))
}

/// What is attested of an image: an SBOM of some hundred components and a report of some hundred results.
fn attested(digest: &str, by: &By<'_>) -> [String; 2] {
    let component = |n: usize| -> Value {
        json!({"type": "library", "name": format!("package-{n}"), "version": "1.2.3",
        "purl": format!("pkg:npm/package-{n}@1.2.3"), "licenses": [{"license": {"id": "MIT"}}]})
    };
    let result = |n: usize| -> Value {
        json!({"ruleId": "style", "level": "note", "message": {"text": "a little thing"},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": format!("src/{n}.py")}, "region": {"startLine": n + 1}}}]})
    };
    let sbom = json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"component": {"type": "container", "name": "app", "version": digest}},
        "components": (0..300).map(component).collect::<Vec<_>>()});
    let sarif = json!({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "linter", "rules": [{"id": "style"}]}},
        "results": (0..300).map(result).collect::<Vec<_>>()}]});
    [("https://cyclonedx.org/bom", sbom), ("https://docs.oasis-open.org/sarif/sarif/v2.1.0", sarif)].map(|(kind, predicate)| {
        let about = json!({"_type": "https://in-toto.io/Statement/v1", "predicateType": kind, "predicate": predicate,
            "subject": [{"digest": {"sha256": digest.trim_start_matches("sha256:")}}]});
        let content = Content::Envelope("application/vnd.in-toto+json".to_owned(), about.to_string().into_bytes());
        bundle(by, &content, Log::None, false).to_string()
    })
}
