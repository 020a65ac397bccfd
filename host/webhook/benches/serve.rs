//! What the policies cost at the door: the product serving four of them, or gates of evidence, against the same binary serving none.
//!
//! `PORTCULLIS_BIN` names the release binary. Two servers run at once on loopback and are asked in turns of half a second,
//! so that whatever else the machine does befalls both; the client keeps its connections and waits for each answer before
//! it asks again, over TLS. Signatures come from a registry on loopback that is asked once: after the first turn every fact is
//! remembered. Bounded in requests and in time. Requests per second depend on who else uses the processors, and the
//! client is one of them; the processor time of the server for one review does not.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use portcullis_support::instance::{p256, spki};
use portcullis_support::made::{By, COSIGN, Content, Log, bundle, pem, statement_about};
use portcullis_support::{RealRegistry, Software, image};
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;
use serde_json::json;
use tokio::net::TcpStream;

/// Connections that ask at once: as many as a small control plane has in flight.
const CONNECTIONS: usize = 8;
/// How long one server is asked before it is the other's turn.
const TURN: Duration = Duration::from_millis(500);
/// Turns of each server.
const TURNS: usize = 16;

/// The layer of a referrer that is a bundle.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

const NONE: &str = "spec: {policies: []}\n";
const FOUR: &str = r#"spec:
  policies:
  - {name: limits, plugin: {builtin: resource-limits}, settings: {requireLimits: true, cpu: {max: "16"}, memory: {max: 32Gi}}}
  - {name: storage, plugin: {builtin: resource-limits}, settings: {storage: {min: 10M, max: 100G}}}
  - {name: images, plugin: {builtin: image-reference}, settings: {requireDigest: true, forbiddenTags: [latest]}}
  - {name: registries, plugin: {builtin: image-reference}, settings: {allowed: ["registry.example/**"]}}
"#;

/// The same policies and one on signatures: one key, one registry.
fn signed(policies: &str, key: &str, host: &str) -> String {
    let key: Vec<String> = key.lines().map(|line| format!("        {line}\n")).collect();
    let policies = policies.trim_start_matches("spec:").trim_start().replace("{policies: []}", "policies:");
    format!(
        r#"spec:
  trust:
  - name: release
    keys:
    - name: release
      pem: |
{}  {policies}  - {{name: signed, plugin: {{builtin: signature}}, grants: [signature], settings: {{images: [{{match: ["{host}/**"], trust: release}}]}}}}
"#,
        key.concat()
    )
}

/// No policies but the three gates: signature, SBOM and report of each image, by one key.
fn gated(key: &str, host: &str) -> String {
    let policy = |name: &str| {
        format!(
            "  - {{name: {name}, plugin: {{builtin: {name}}}, grants: [{name}], settings: {{images: [{{match: [\"{host}/**\"], trust: release}}]}}}}\n"
        )
    };
    signed(NONE, key, host) + &policy("sbom") + &policy("sast")
}

/// What is attested of an image: an SBOM of some hundred components and a report of some hundred results.
fn attested(digest: &str, by: &By<'_>) -> [String; 2] {
    let component = |n: usize| {
        json!({"type": "library", "name": format!("package-{n}"), "version": "1.2.3",
        "purl": format!("pkg:npm/package-{n}@1.2.3"), "licenses": [{"license": {"id": "MIT"}}]})
    };
    let result = |n: usize| {
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

fn main() {
    let Some(binary) = std::env::var_os("PORTCULLIS_BIN").map(PathBuf::from) else {
        println!("SKIPPED: PORTCULLIS_BIN names no release binary");
        return;
    };
    let folder = std::env::temp_dir().join(format!("portcullis-bench-{}", std::process::id()));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    println!(
        "{CONNECTIONS} connections over TLS 1.3, {TURNS} turns of {} ms each; none: a set without policies",
        TURN.as_millis()
    );
    let server = |name: &str, set: &str, flags: &[&str]| Server::start(&binary, &folder, name, set, flags);
    println!("{:<34}{:>12}{:>12}{:>12}{:>8}", "review", "none", "four", "four/none", "");
    for containers in [2, 10] {
        let images = vec![format!("registry.example/team/app:1@sha256:{}", "5".repeat(64)); containers];
        compare(&runtime, [("none", NONE), ("four", FOUR)].map(|(name, set)| server(name, set, &[])), &images);
    }
    if let Some((registry, images, key)) = registry(10, false) {
        let host = registry.host();
        for (off, policies) in [("none", NONE), ("four", FOUR)] {
            let without = policies.replace("registry.example", &host);
            let with = signed(&without, &key, &host);
            let on = format!("{off}-and-signature");
            println!("{:<34}{off:>12}{on:>20}{:>9}", "", "ratio");
            for containers in [2, 10] {
                let flags = ["--insecure-registry", &host];
                let servers = [(off, &without), (&on, &with)].map(|(name, set)| server(name, set, &flags));
                compare(&runtime, servers, &images[..containers]);
            }
        }
    }
    if let Some((registry, images, key)) = registry(4, true) {
        let host = registry.host();
        let with = gated(&key, &host);
        println!("{:<34}{:>12}{:>20}{:>9}", "", "none", "three gates", "ratio");
        let flags = ["--insecure-registry", &host];
        let servers = [("none", NONE), ("gates", with.as_str())].map(|(name, set)| server(name, set, &flags));
        compare(&runtime, servers, &images);
    }
    // Nothing is left to do where the folder of this run cannot be removed.
    let _ = std::fs::remove_dir_all(folder);
}

/// Asks two servers in turn about a Pod with these images.
fn compare(runtime: &tokio::runtime::Runtime, servers: [Server; 2], images: &[String]) {
    let body = Bytes::from(review(images));
    let cold = runtime.block_on(async {
        let mut times = [Duration::ZERO; 2];
        for (server, time) in servers.iter().zip(&mut times) {
            let began = Instant::now();
            // Ends with the one request that begins before its time is over.
            drop(ask(server.connect().await, body.clone(), began + Duration::from_millis(1)).await);
            *time = began.elapsed();
        }
        times.map(|time| time.as_secs_f64() * 1e3)
    });
    println!(
        "{:<34}{:>12.2}{:>12.2}{:>12.2}  ms, connection included",
        "the first review",
        cold[0],
        cold[1],
        cold[1] / cold[0]
    );
    let seen = runtime.block_on(measure(&servers, &body));
    report(&format!("{:.1} KB, {} containers", body.len() as f64 / 1e3, images.len()), &seen);
}

/// A Pod that every policy here allows.
fn review(images: &[String]) -> String {
    let one = |(n, image): (usize, &String)| {
        let env: Vec<String> =
            (0..14).map(|e| format!(r#"{{"name":"VARIABLE_{e}","value":"value number {e} of {n}"}}"#)).collect();
        format!(
            r#"{{"name":"c{n}","image":"{image}","env":[{}],"resources":{{"requests":{{"cpu":"200m","memory":"256Mi"}},"limits":{{"cpu":"1","memory":"1Gi"}}}}}}"#,
            env.join(",")
        )
    };
    let containers: Vec<String> = images.iter().enumerate().map(one).collect();
    format!(
        r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"705ab4f5-6393-11e8-b7cc-42010a800002","kind":{{"group":"","version":"v1","kind":"Pod"}},"resource":{{"group":"","version":"v1","resource":"pods"}},"name":"web","namespace":"shop","operation":"CREATE","userInfo":{{"username":"alice","groups":["system:authenticated"]}},"object":{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"web","namespace":"shop"}},"spec":{{"containers":[{}]}}}},"oldObject":null,"dryRun":false,"options":{{"kind":"CreateOptions","apiVersion":"meta.k8s.io/v1"}}}}}}"#,
        containers.join(",")
    )
}

/// The product, serving one policy set on a free port with a throw-away certificate.
struct Server {
    child: Child,
    port: u16,
    authority: PathBuf,
}

impl Server {
    fn start(binary: &Path, folder: &Path, name: &str, set: &str, flags: &[&str]) -> Self {
        std::fs::create_dir_all(folder).expect("a folder for the policy sets");
        let file = folder.join(format!("{name}.yaml"));
        let text = format!("apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: {name}}}\n{set}");
        std::fs::write(&file, text).expect("a policy set");
        let mut child = Command::new(binary)
            .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"])
            .args(["--log-format", "text", "--log-level", "error"])
            .args(flags)
            .arg("--policies")
            .arg(&file)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the product starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its standard output is a pipe")).lines();
        let mut said = |word: &str| {
            let line = lines.by_ref().map_while(Result::ok).find(|line| line.starts_with(word));
            line.and_then(|line| Some(line.split_whitespace().nth(1)?.to_owned()))
        };
        let address = said("reviews").expect("it says where it serves");
        let port = address.trim_start_matches("https://127.0.0.1:").trim_end_matches("/validate").parse();
        let authority = said("authority").expect("it says where its authority is").into();
        Self { child, port: port.expect("a port"), authority }
    }

    async fn connect(&self) -> SendRequest<Full<Bytes>> {
        let mut roots = rustls::RootCertStore::empty();
        let pem = rustls::pki_types::CertificateDer::from_pem_file(&self.authority).expect("its certificate");
        roots.add(pem).expect("an authority");
        let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        let name = ServerName::try_from("localhost").expect("a name");
        let tls = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("TLS");
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(tls)).await.expect("HTTP");
        tokio::spawn(connection);
        sender
    }
}

impl Server {
    /// Processor time of all its threads so far; nothing where the kernel keeps no such file (proc(5), `schedstat`).
    fn processor_time(&self) -> Option<Duration> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).ok()?;
        let of = |task: std::io::Result<std::fs::DirEntry>| -> Option<u64> {
            std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?.split(' ').next()?.parse().ok()
        };
        tasks.map(of).sum::<Option<u64>>().map(Duration::from_nanos)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Of each turn requests per second and the server's processor time for one review, and the times of all requests.
struct Seen {
    rates: Vec<f64>,
    processor: Vec<f64>,
    times: Vec<Duration>,
}

async fn measure(servers: &[Server; 2], body: &Bytes) -> [Seen; 2] {
    let mut connections: [Vec<SendRequest<Full<Bytes>>>; 2] = [Vec::new(), Vec::new()];
    for (server, connections) in servers.iter().zip(&mut connections) {
        for _ in 0..CONNECTIONS {
            connections.push(server.connect().await);
        }
    }
    let mut seen = [(); 2].map(|()| Seen { rates: Vec::new(), processor: Vec::new(), times: Vec::new() });
    // The first turn of each warms up and does not count.
    for turn in 0..=TURNS {
        for which in 0..2 {
            let (began, before) = (Instant::now(), servers[which].processor_time());
            let askers: Vec<_> = connections[which]
                .drain(..)
                .map(|connection| tokio::spawn(ask(connection, body.clone(), began + TURN)))
                .collect();
            let mut times = Vec::new();
            for asker in askers {
                let (connection, mut own) = asker.await.expect("an asker");
                connections[which].push(connection);
                times.append(&mut own);
            }
            if turn > 0 {
                seen[which].rates.push(times.len() as f64 / began.elapsed().as_secs_f64());
                let spent = servers[which].processor_time().zip(before).map(|(after, before)| after - before);
                seen[which].processor.extend(spent.map(|spent| spent.as_secs_f64() * 1e6 / times.len() as f64));
                seen[which].times.append(&mut times);
            }
        }
    }
    seen
}

async fn ask(
    mut connection: SendRequest<Full<Bytes>>,
    body: Bytes,
    until: Instant,
) -> (SendRequest<Full<Bytes>>, Vec<Duration>) {
    let mut times = Vec::new();
    while Instant::now() < until {
        let request = Request::post("/validate?timeout=10s")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(Full::new(body.clone()))
            .expect("a request");
        let began = Instant::now();
        connection.ready().await.expect("the connection stays");
        let answer = connection.send_request(request).await.expect("an answer");
        let bytes = answer.into_body().collect().await.expect("a body").to_bytes();
        times.push(began.elapsed());
        let allowed = bytes.windows(14).any(|window| window == b"\"allowed\":true");
        assert!(allowed, "{}", String::from_utf8_lossy(&bytes));
    }
    (connection, times)
}

fn report(review: &str, seen: &[Seen; 2]) {
    let median = |values: &[f64]| {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    };
    let quantile = |times: &[Duration], part: f64| {
        let mut sorted = times.to_vec();
        sorted.sort_unstable();
        sorted[((sorted.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3
    };
    let row = |what: &str, [none, four]: [f64; 2], unit: &str| {
        println!("{:<34}{none:>12.2}{four:>12.2}{:>12.2}  {unit}", format!("{review}: {what}"), four / none);
    };
    let both = |of: &dyn Fn(&Seen) -> f64| [of(&seen[0]), of(&seen[1])];
    row("rate", both(&|seen| median(&seen.rates)), "requests per second, median of turns");
    if seen.iter().all(|seen| !seen.processor.is_empty()) {
        row("processor", both(&|seen| median(&seen.processor)), "us of the server for one review, median of turns");
    }
    row("p50", both(&|seen| quantile(&seen.times, 0.5)), "ms");
    row("p99", both(&|seen| quantile(&seen.times, 0.99)), "ms");
}
