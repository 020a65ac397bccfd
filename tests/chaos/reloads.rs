//! Files that change under the server: policy sets and certificates, good ones and broken ones.

use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use portcullis_load::{Server, Target};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};

use crate::authority::{Authority, Pair, Volume};
use crate::experiment::Outcome;
use crate::questions::{Expect, Questions};
use crate::world::{Notes, World};

/// How often a file becomes another.
const EVERY: Duration = Duration::from_millis(200);
/// How long a new certificate may take to be shown: wide, for a busy machine.
const SHOWN: Duration = Duration::from_secs(30);

/// Good sets that mean the same, and ones that are broken in their own way.
fn variant(good: &str, number: usize) -> (bool, String) {
    match number % 6 {
        1 => (false, good.replacen("builtin: pod-security", "builtin: pod-securitee", 1)),
        3 => (false, good.chars().take(good.len() / 2).collect()),
        5 => (false, good.replacen("requireLimits: true", "requireLimits: perhaps", 1)),
        _ => (true, format!("{good}# version {number}\n")),
    }
}

/// Policy sets that come and are refused.
pub fn sets(world: &World) -> Outcome {
    let path = world.default_set();
    let good = std::fs::read_to_string(&path).expect("the set");
    let live = world.folder.write("live/set.yaml", &good).display().to_string();
    let server = world.serve(&live, &[]);
    let target = world.target(&server);
    let questions = world.questions(&target);
    let rounds = world.either(20, 150);
    Outcome::Held(world.load(&target, &questions).during(|notes| {
        for number in 0..rounds {
            let (_, text) = variant(&good, number);
            // Renamed into place, as whoever changes files under a reader does.
            world.folder.write("live/.next", text);
            std::fs::rename(world.path("live/.next"), &live).expect("renamed");
            sleep(EVERY);
        }
        let count = |result: &str| {
            let name = format!("portcullis_reloads_total{{what=\"policies\",result=\"{result}\"}}");
            server.metric(&name).unwrap_or_default()
        };
        let (applied, refused) = (count("applied"), count("refused"));
        notes.remarks.push(format!("{rounds} versions; {applied} taken, {refused} refused"));
        if applied < 2.0 || refused < 2.0 {
            notes.complaints.push("hardly any reload happened".into());
        }
    }))
}

/// Certificates of an old and a new authority, both of which are trusted, and pairs that do not fit.
pub fn certificates(world: &World) -> Outcome {
    let new = Authority::new();
    let both = world.folder.write("both.pem", world.authority.pem() + &new.pem());
    let mut volume = Volume::new(&world.folder.path().join("mounted"));
    let first = world.authority.issue("portcullis");
    volume.swap(&[("tls.crt", &first.cert), ("tls.key", &first.key)]);
    let (cert, key) = ["tls.crt", "tls.key"].map(|name| volume.path(name).display().to_string()).into();
    let server = world.serve(&world.default_set(), &["--tls-cert", &cert, "--tls-key", &key]);
    let target = Target::new(server.reviews, &both);
    let questions = world.questions(&target);
    let rounds = world.either(6, 30);
    Outcome::Held(world.load(&target, &questions).during(|notes| {
        let mut shown = first.cert.clone();
        for number in 0..rounds {
            let pair = if number % 2 == 0 { new.issue("portcullis") } else { world.authority.issue("portcullis") };
            if number % 3 == 2 {
                // The certificate of one and the key of the other: what was good goes on.
                let broken = Pair { cert: pair.cert.clone(), key: new.issue("other").key };
                volume.swap(&[("tls.crt", &broken.cert), ("tls.key", &broken.key)]);
                sleep(EVERY * 3);
            } else {
                volume.swap(&[("tls.crt", &pair.cert), ("tls.key", &pair.key)]);
                shown = pair.cert;
            }
            shows(world, &server, &target, &shown, notes);
            fresh(world, &target, &questions, number, notes);
        }
        notes.remarks.push(format!("{rounds} versions, each asked over new connections too"));
    }))
}

/// Asks over connections that are made now.
fn fresh(world: &World, target: &Target, questions: &Questions, number: usize, notes: &mut Notes) {
    for step in 0..4 {
        let question = questions.all[(number * 4 + step) % questions.all.len()].clone();
        notes.beside.push((Expect::Judged, world.ask(target, question)));
    }
}

/// Waits until new connections see this certificate.
fn shows(world: &World, server: &Server, target: &Target, certificate: &str, notes: &mut Notes) {
    let wanted = CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate");
    let until = Instant::now() + SHOWN;
    while Instant::now() < until {
        if world.runtime.block_on(seen(target)).is_ok_and(|seen| seen == wanted) {
            return;
        }
        sleep(Duration::from_millis(20));
    }
    notes
        .complaints
        .push(format!("a certificate was never shown: {}", server.said().lines().last().unwrap_or_default()));
}

async fn seen(target: &Target) -> std::io::Result<CertificateDer<'static>> {
    let stream = tokio::net::TcpStream::connect(target.address).await?;
    let name = ServerName::try_from(target.name.clone()).map_err(std::io::Error::other)?;
    let stream = tokio_rustls::TlsConnector::from(Arc::clone(&target.tls)).connect(name, stream).await?;
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    chain.first().cloned().map(CertificateDer::into_owned).ok_or_else(|| std::io::Error::other("no certificate"))
}
