//! Certificates: which ones serve, which callers get in, and what a rotation interrupts (nothing).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use portcullis_webhook::listen::ConnectionLimits;
use portcullis_webhook::tls::{Certificates, TlsFiles, TlsOptions, TlsProblem, TlsVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::caller::{Authority, Caller, DAY, Folder, Identity, PATIENCE, Server, hung_up, request, serial};

fn load(files: TlsFiles, options: TlsOptions) -> Arc<Certificates> {
    Arc::new(Certificates::load(files, options).unwrap())
}

#[tokio::test]
async fn allows_a_caller_over_tls_1_3_in_both_versions_of_http() {
    let (ca, folder) = (Authority::new("ca"), Folder::new("both"));
    let certificates = load(folder.files(&ca.server("portcullis")), TlsOptions::default());
    let server = Server::tls(&certificates, ConnectionLimits::default()).await;
    for protocol in [b"h2".as_slice(), b"http/1.1"] {
        let stream = Caller::trusting(&ca.pem()).speaking(protocol).connect(server.address).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol));
        assert_eq!(stream.get_ref().1.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
    }
    assert_eq!(Caller::trusting(&ca.pem()).get(server.address).await, Ok(200));
}

/// A54.
#[tokio::test]
async fn denies_tls_1_2_unless_it_is_allowed_and_tls_1_1_always() {
    let (ca, folder) = (Authority::new("ca"), Folder::new("versions"));
    let files = folder.files(&ca.server("portcullis"));
    let old = Caller::with(&ca.pem(), None, &[&rustls::version::TLS12]);
    for (min_version, allowed) in [(TlsVersion::V1_3, false), (TlsVersion::V1_2, true)] {
        let options = TlsOptions { min_version, ..TlsOptions::default() };
        let server = Server::tls(&load(files.clone(), options), ConnectionLimits::default()).await;
        assert_eq!(old.get(server.address).await.is_ok(), allowed, "{min_version:?}");

        // A ClientHello of TLS 1.1 with one cipher suite and no extension.
        let mut hello = vec![0x16, 3, 2, 0, 45, 1, 0, 0, 41, 3, 2];
        hello.extend([7; 32]);
        hello.extend([0, 0, 2, 0xc0, 0x13, 1, 0]);
        let mut tcp = server.tcp().await;
        tcp.write_all(&hello).await.unwrap();
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, tcp.read_to_end(&mut answer)).await.expect("the server hangs up");
        assert!(answer.first() != Some(&0x16), "an alert, and no handshake: {answer:?}");
    }
}

#[test]
fn denies_files_that_cannot_serve_with_a_word_about_each() {
    let (ca, folder) = (Authority::new("ca"), Folder::new("bad"));
    let (good, other) = (ca.server("good"), ca.server("other"));
    let expired = ca.issue("old", &[], SystemTime::now() - DAY);
    let secret = good.key.lines().nth(1).unwrap().to_owned();
    let damaged = good.key.replace("-----END", "====END");
    let with = |cert: &str, key: &str| Identity { cert: cert.to_owned(), key: key.to_owned() };
    let cases = [
        (with(&good.cert, &other.key), "holds a key that is not the one of the certificate"),
        (with(&expired.cert, &expired.key), "over since 20"),
        (with("", &good.key), "holds no certificate"),
        (with(&good.cert, ""), "holds no private key"),
        (with(&good.cert, &good.cert), "holds no private key"),
        (with(&good.cert, &damaged), "damaged or cut off"),
        (with("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &good.key), "read as X.509"),
        (with(&"x".repeat(2 << 20), &good.key), "is longer than 1048576 bytes"),
    ];
    for (identity, expected) in cases {
        let error = Certificates::load(folder.files(&identity), TlsOptions::default()).err().expect(expected);
        let said = format!("{error} {error:?}");
        assert!(said.contains(expected), "{said}");
        assert!(said.contains("tls."), "names the file: {said}");
        assert!(!said.contains(&secret) && !said.contains(&secret[..20]), "quotes the key: {said}");
    }
    let files = folder.files(&good);
    let missing = TlsFiles { cert: folder.path().join("gone"), ..files.clone() };
    let error = Certificates::load(missing, TlsOptions::default()).err().unwrap();
    assert!(matches!(error.problem(), TlsProblem::Read(_)), "{error}");
    let not_a_file = TlsFiles { key: folder.path().to_owned(), ..files.clone() };
    let error = Certificates::load(not_a_file, TlsOptions::default()).err().unwrap();
    assert!(matches!(error.problem(), TlsProblem::NotFile), "{error}");
    let options = TlsOptions { client_names: vec!["a".to_owned()], ..TlsOptions::default() };
    let error = Certificates::load(files, options).err().unwrap();
    assert!(error.to_string().contains("without a client CA"), "{error}");
}

/// A54: no certificate, a foreign CA, a certificate or CA that is over, and every way a name can be almost right.
#[tokio::test]
async fn denies_every_caller_whom_the_client_ca_does_not_vouch_for() {
    let (ca, folder) = (Authority::new("ca"), Folder::new("callers"));
    let (callers, foreign) = (Authority::new("callers"), Authority::new("callers"));
    let over = Authority::until("over", SystemTime::now() - DAY);
    let bundle = folder.write("clients.crt", &format!("{}{}", over.pem(), callers.pem()));
    let files = TlsFiles { client_ca: Some(bundle.clone()), ..folder.files(&ca.server("portcullis")) };
    let tomorrow = SystemTime::now() + DAY;
    for min_version in [TlsVersion::V1_3, TlsVersion::V1_2] {
        let names = ["kube-apiserver", "spiffe://cluster/apiserver"].map(str::to_owned).to_vec();
        let options = TlsOptions { min_version, client_names: names };
        let certificates = load(files.clone(), options);
        assert!(certificates.asks_for_client_certificates());
        let server = Server::tls(&certificates, ConnectionLimits::default()).await;
        let versions: &[_] = match min_version {
            TlsVersion::V1_3 => &[&rustls::version::TLS13],
            TlsVersion::V1_2 => &[&rustls::version::TLS12],
        };
        let cases = [
            ("the common name", Some(callers.issue("kube-apiserver", &[], tomorrow)), true),
            ("a URI", Some(callers.issue("x", &["spiffe://cluster/apiserver"], tomorrow)), true),
            ("no certificate", None, false),
            ("another name", Some(callers.issue("kubelet", &[], tomorrow)), false),
            ("a longer name", Some(callers.issue("kube-apiserver.evil", &[], tomorrow)), false),
            ("a shorter name", Some(callers.issue("kube-apiserve", &[], tomorrow)), false),
            ("another case", Some(callers.issue("Kube-Apiserver", &[], tomorrow)), false),
            ("a NUL", Some(callers.issue("kube-apiserver\0.evil", &[], tomorrow)), false),
            ("a longer URI", Some(callers.issue("x", &["spiffe://cluster/apiserver/x"], tomorrow)), false),
            ("over", Some(callers.issue("kube-apiserver", &[], SystemTime::now() - DAY)), false),
            ("a CA of the same name", Some(foreign.issue("kube-apiserver", &[], tomorrow)), false),
            ("a CA that is over", Some(over.issue("kube-apiserver", &[], tomorrow)), false),
            ("by itself", Some(ca.issue("kube-apiserver", &[], tomorrow)), false),
        ];
        for (case, identity, allowed) in cases {
            let result = Caller::with(&ca.pem(), identity.as_ref(), versions).get(server.address).await;
            assert_eq!(result.is_ok(), allowed, "{case} over {min_version:?}: {result:?}");
        }
    }
    std::fs::write(&bundle, over.pem()).unwrap();
    let error = Certificates::load(files, TlsOptions::default()).err().expect("nobody could call");
    assert!(matches!(error.problem(), TlsProblem::Expired(_)), "{error}");
}

#[tokio::test]
async fn allows_everybody_of_the_client_ca_where_no_names_are_given() {
    let (ca, folder, callers) = (Authority::new("ca"), Folder::new("anybody"), Authority::new("callers"));
    let bundle = folder.write("clients.crt", &callers.pem());
    let files = TlsFiles { client_ca: Some(bundle), ..folder.files(&ca.server("portcullis")) };
    let server = Server::tls(&load(files, TlsOptions::default()), ConnectionLimits::default()).await;
    let anybody = callers.issue("anybody", &[], SystemTime::now() + DAY);
    assert_eq!(Caller::with(&ca.pem(), Some(&anybody), rustls::DEFAULT_VERSIONS).get(server.address).await, Ok(200));
    assert!(Caller::trusting(&ca.pem()).get(server.address).await.is_err());
}

/// X05, A56: each rotation of a Secret volume is seen, the second and the third too, and no request is lost by it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn allows_every_request_while_certificates_rotate_three_times() {
    let (ca, folder) = (Authority::new("ca"), Folder::new("rotate"));
    let versions: Vec<Identity> = (0..4).map(|_| ca.server("portcullis")).collect();
    folder.rotate("0", &versions[0]);
    let files = TlsFiles { cert: folder.path().join("tls.crt"), key: folder.path().join("tls.key"), client_ca: None };
    let certificates = load(files, TlsOptions::default());
    let server = Server::tls(&certificates, ConnectionLimits::default()).await;
    let caller = Arc::new(Caller::trusting(&ca.pem()));
    let mut old = caller.connect(server.address).await.unwrap();
    let mut serials = vec![serial(&old)];

    let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (caller, stop, served, address) =
                (Arc::clone(&caller), Arc::clone(&stop), Arc::clone(&served), server.address);
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    assert_eq!(caller.get(address).await, Ok(200));
                    served.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    for (number, identity) in versions.iter().enumerate().skip(1) {
        let before = served.load(Ordering::SeqCst);
        assert!(!certificates.reload().unwrap(), "nothing is new");
        folder.rotate(&number.to_string(), identity);
        assert!(certificates.reload().unwrap(), "rotation {number} is seen");
        assert!(!certificates.reload().unwrap(), "and seen once");
        let fresh = caller.connect(server.address).await.unwrap();
        assert!(!serials.contains(&serial(&fresh)), "rotation {number} serves new handshakes at once");
        serials.push(serial(&fresh));
        assert_eq!(request(&mut old, "GET", "/").await.unwrap().status, 200, "the old connection lives on");
        while served.load(Ordering::SeqCst) < before + 8 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    stop.store(true, Ordering::SeqCst);
    for caller in load {
        caller.await.expect("no request is lost");
    }
}

/// A59 for certificates.
#[tokio::test]
async fn serves_the_last_good_certificate_while_the_new_one_is_refused() {
    let (ca, folder) = (Authority::new("ca"), Folder::new("refused"));
    let (first, second) = (ca.server("first"), ca.server("second"));
    let certificates = load(folder.files(&first), TlsOptions::default());
    let server = Server::tls(&certificates, ConnectionLimits::default()).await;
    let caller = Caller::trusting(&ca.pem());
    let before = serial(&caller.connect(server.address).await.unwrap());
    // The certificate is there and its key is not yet.
    folder.write("tls.crt", &second.cert);
    for _ in 0..2 {
        let error = certificates.reload().unwrap_err();
        assert!(matches!(error.problem(), TlsProblem::KeyMismatch(_)), "{error}");
    }
    assert_eq!(serial(&caller.connect(server.address).await.unwrap()), before);
    folder.write("tls.key", &second.key);
    assert!(certificates.reload().unwrap());
    assert_ne!(serial(&caller.connect(server.address).await.unwrap()), before);
    std::fs::remove_file(folder.path().join("tls.key")).unwrap();
    assert!(certificates.reload().is_err());
    assert_eq!(caller.get(server.address).await, Ok(200));
}

#[tokio::test]
async fn denies_a_caller_whose_ca_was_taken_away_by_a_reload() {
    let (ca, folder) = (Authority::new("ca"), Folder::new("client-ca"));
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let bundle = folder.write("clients.crt", &old.pem());
    let files = TlsFiles { client_ca: Some(bundle.clone()), ..folder.files(&ca.server("portcullis")) };
    let certificates = load(files, TlsOptions::default());
    let server = Server::tls(&certificates, ConnectionLimits::default()).await;
    let identity = old.issue("api", &[], SystemTime::now() + DAY);
    // One caller throughout, so that it would resume its session if it could.
    let caller = Caller::with(&ca.pem(), Some(&identity), rustls::DEFAULT_VERSIONS);
    assert_eq!(caller.get(server.address).await, Ok(200));
    std::fs::write(bundle, new.pem()).unwrap();
    assert!(certificates.reload().unwrap());
    assert!(caller.get(server.address).await.is_err());
}

#[tokio::test]
async fn ends_connections_of_callers_whose_ca_was_taken_away_and_no_others() {
    let (ca, folder) = (Authority::new("ca"), Folder::new("revoked"));
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let bundle = folder.write("clients.crt", &old.pem());
    let files = TlsFiles { client_ca: Some(bundle.clone()), ..folder.files(&ca.server("portcullis")) };
    let certificates = load(files, TlsOptions::default());
    let limits = ConnectionLimits { revoked: Duration::from_secs(2), ..ConnectionLimits::default() };
    let server = Server::tls(&certificates, limits).await;
    let identity = old.issue("api", &[], SystemTime::now() + DAY);
    let caller = Caller::with(&ca.pem(), Some(&identity), rustls::DEFAULT_VERSIONS);
    let connect = async || caller.connect(server.address).await.unwrap();
    let (mut idle, mut busy, mut stuck) = (connect().await, connect().await, connect().await);
    assert_eq!(request(&mut idle, "GET", "/").await.unwrap().status, 200);

    // Another certificate of ours says nothing about the callers.
    folder.files(&ca.server("portcullis"));
    assert!(certificates.reload().unwrap());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(request(&mut idle, "GET", "/").await.unwrap().status, 200);

    let busy = tokio::spawn(async move { request(&mut busy, "GET", "/slow").await });
    let stuck = tokio::spawn(async move { request(&mut stuck, "GET", "/never").await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    std::fs::write(bundle, new.pem()).unwrap();
    assert!(certificates.reload().unwrap());
    hung_up(&mut idle).await;
    let answered = busy.await.unwrap().unwrap();
    assert_eq!((answered.status, answered.body.as_str()), (200, "slow"));
    let stuck = tokio::time::timeout(PATIENCE, stuck).await.expect("it is cut").unwrap();
    assert!(stuck.is_err());
}

#[test]
fn says_when_the_first_certificate_of_the_chain_expires() {
    let (ca, folder) = (Authority::until("ca", SystemTime::now() + DAY / 2), Folder::new("expiry"));
    let mut identity = ca.issue("portcullis", &[], SystemTime::now() + DAY);
    identity.cert += &ca.pem();
    let expiry = load(folder.files(&identity), TlsOptions::default()).expiry();
    let left = expiry.duration_since(SystemTime::now()).unwrap();
    assert!(left > DAY / 2 - Duration::from_secs(60) && left <= DAY / 2, "{left:?}");
}

#[tokio::test]
async fn allows_a_caller_who_trusts_the_throw_away_ca_and_keeps_its_key_to_the_owner() {
    use std::os::unix::fs::PermissionsExt as _;
    let (certificates, made) =
        Certificates::throw_away(&["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()]).unwrap();
    let certificates = Arc::new(certificates);
    assert!(!certificates.reload().unwrap());
    let server = Server::tls(&certificates, ConnectionLimits::default()).await;
    let folder = Folder::new("throw-away");
    for _ in 0..2 {
        let ca = std::fs::read_to_string(made.write(folder.path()).unwrap()).unwrap();
        assert_eq!(Caller::trusting(&ca).get(server.address).await, Ok(200));
    }
    let mode = std::fs::metadata(folder.path().join("tls.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(Caller::trusting(&Authority::new("other").pem()).get(server.address).await.is_err());
    assert!(Certificates::throw_away(&["n\u{f6}".to_owned()]).is_err());
}
