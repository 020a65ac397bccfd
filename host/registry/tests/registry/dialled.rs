//! What the name of an image can make us dial, and whom we believe there (A52b).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use portcullis_registry::{Cause, Class, Client, Config, Host, Proxy};
use portcullis_support::{Auth, FakeRegistry, Reply, image};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::world::{Asker, NAME, config, limits, plain};

fn forbidden(cause: &Cause) -> bool {
    matches!(cause, Cause::Forbidden { .. })
}

#[tokio::test]
async fn a52b_dials_no_address_of_this_machine_or_of_a_private_network() {
    for host in [
        "127.0.0.1:5000",
        "localhost:5000",
        "[::1]:5000",
        "10.0.0.1",
        "192.168.0.1:8443",
        "169.254.169.254",
        "169.254.169.254:8080",
        "[::ffff:169.254.169.254]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "100.100.100.200",
        "0.0.0.0:5000",
        "[::]:5000",
        "224.0.0.1",
    ] {
        let error =
            Asker::of(host, Config { limits: limits(), ..Config::default() }).resolve("v1").await.expect_err(host);
        assert!(forbidden(&error.cause), "{host}: {error}");
        assert_eq!(error.cause.class(), Class::Settings);
    }
}

#[tokio::test]
async fn a52b_a_public_name_with_a_private_address_is_not_dialled() {
    let fake = FakeRegistry::start_tls(&["registry.example"]).await;
    let port = fake.address().port();
    let name = format!("registry.example:{port}");
    let addresses = BTreeMap::from([("registry.example".to_owned(), vec![fake.address().ip()])]);
    let settings = Config { addresses, extra_ca: fake.ca().into(), limits: limits(), ..Config::default() };
    let error = Asker::of(&name, settings.clone()).resolve("v1").await.expect_err("a name that points inside");
    assert!(forbidden(&error.cause), "{error}");
    assert_eq!(fake.connections(), 0);
    // Unless an operator wrote it down.
    let mut settings = settings;
    settings.hosts.insert(name.clone(), Host { private_addresses: true, ..Host::default() });
    assert_eq!(Asker::of(&name, settings).resolve("v1").await.expect("an answer"), None);
}

#[tokio::test]
async fn a52b_a_metadata_address_is_not_dialled_whatever_the_settings_say() {
    for address in ["169.254.169.254", "100.100.100.200", "fd00:ec2::254", "0.0.0.0", "ff02::1"] {
        let address: IpAddr = address.parse().expect("an address");
        let addresses = BTreeMap::from([("registry.example".to_owned(), vec![address])]);
        let hosts = BTreeMap::from([("registry.example".to_owned(), plain())]);
        let settings = Config { addresses, hosts, limits: limits(), ..Config::default() };
        let error = Asker::of("registry.example", settings).resolve("v1").await.expect_err("never");
        assert!(forbidden(&error.cause), "{address}: {error}");
    }
}

#[tokio::test]
async fn a52b_dials_the_address_that_was_checked() {
    // One name, two addresses: the forbidden one is passed over, and nothing is looked up a second time.
    let fake = FakeRegistry::start_tls(&["registry.example"]).await;
    let addresses = vec!["169.254.169.254".parse().expect("an address"), fake.address().ip()];
    let name = format!("registry.example:{}", fake.address().port());
    let settings = Config {
        addresses: BTreeMap::from([("registry.example".to_owned(), addresses)]),
        hosts: BTreeMap::from([(name.clone(), Host { private_addresses: true, ..Host::default() })]),
        extra_ca: fake.ca().into(),
        limits: limits(),
        ..Config::default()
    };
    assert_eq!(Asker::of(&name, settings).resolve("v1").await.expect("an answer"), None);
}

#[tokio::test]
async fn a52b_redirects_and_tokens_lead_to_no_forbidden_address() {
    let inside = FakeRegistry::start().await;
    for to in [
        "http://169.254.169.254/latest/meta-data",
        "https://169.254.169.254/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://127.0.0.1:1/",
        &format!("{}/x", inside.base()),
        &format!("http://localhost:{}/x", inside.address().port()),
        "http://8.8.8.8/",
        "https://8.8.8.8:22/",
    ] {
        let fake = FakeRegistry::start().await;
        fake.answer("/v2/", Reply::redirect(to));
        let error = Asker::at(&fake).resolve("v1").await.expect_err(to);
        assert!(forbidden(&error.cause), "{to}: {error}");
    }
    let fake = FakeRegistry::start().await;
    let realm = format!("https://127.0.0.1:{}/token", inside.address().port());
    fake.set_auth(Auth::Bearer { realm, basic: None, refresh: None, expires_in: 60 });
    let error = Asker::at(&fake).resolve("v1").await.expect_err("a token service inside");
    assert!(forbidden(&error.cause), "{error}");
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn dials_privileged_ports_only_where_somebody_wrote_them_down() {
    for host in ["8.8.8.8:22", "8.8.8.8:25", "8.8.8.8:80"] {
        let error =
            Asker::of(host, Config { limits: limits(), ..Config::default() }).resolve("v1").await.expect_err(host);
        assert!(forbidden(&error.cause), "{host}: {error}");
    }
}

#[tokio::test]
async fn asks_allowed_registries_only() {
    let fake = FakeRegistry::start().await;
    let allowed = |list: &[&str]| Config {
        allowed: Some(list.iter().map(|one| (*one).to_owned()).collect()),
        ..config(&[&fake])
    };
    let error = Asker::with(&fake, allowed(&["a.example"])).resolve("v1").await.expect_err("not allowed");
    assert_eq!(error.cause, Cause::NotAllowed { registry: fake.host() });
    let error = Asker::with(&fake, allowed(&[])).referrers(&image(&[]).digest()).await.expect_err("none is allowed");
    assert_eq!(error.cause, Cause::NotAllowed { registry: fake.host() });
    assert_eq!(fake.connections(), 0);
    assert_eq!(Asker::with(&fake, allowed(&[&fake.host()])).resolve("v1").await.expect("an answer"), None);
}

#[tokio::test]
async fn speaks_tls_with_both_versions_of_http_and_believes_only_its_authorities() {
    for http2 in [true, false] {
        let fake = FakeRegistry::start_tls_with(&["127.0.0.1"], http2).await;
        let sample = image(&[b"x"]);
        let pushed = fake.push(NAME, Some("v1"), &sample);
        let private = Host { private_addresses: true, ..Host::default() };
        let settings = |host: Host, extra_ca: &str| Config {
            hosts: BTreeMap::from([(fake.host(), host)]),
            extra_ca: extra_ca.into(),
            only_extra_ca: true,
            limits: limits(),
            ..Config::default()
        };
        let error = Asker::with(&fake, settings(private.clone(), "")).resolve("v1").await.expect_err("unknown");
        assert!(matches!(error.cause, Cause::Tls { .. }), "{error}");
        let own = Host { extra_ca: fake.ca().into(), ..private.clone() };
        for settings in [settings(private, fake.ca()), settings(own, "")] {
            let asker = Asker::with(&fake, settings);
            assert_eq!(asker.resolve("v1").await.expect("an answer"), Some(pushed.clone()));
            assert!(asker.manifest(&pushed).await.expect("an answer").is_some());
        }
        // HTTP/2 has another name for it.
        assert!(fake.log().iter().all(|one| one.header("host").is_none() == http2));
        let plain = Asker::with(&fake, config(&[&fake])).resolve("v1").await.expect_err("no plain HTTP");
        assert!(matches!(plain.cause.class(), Class::Unreachable | Class::Lying), "{plain}");
        // Its certificate has no such name.
        let name = format!("registry.example:{}", fake.address().port());
        let other = Config {
            addresses: BTreeMap::from([("registry.example".to_owned(), vec![fake.address().ip()])]),
            hosts: BTreeMap::from([(name.clone(), Host { private_addresses: true, ..Host::default() })]),
            extra_ca: fake.ca().into(),
            limits: limits(),
            ..Config::default()
        };
        let error = Asker::of(&name, other).resolve("v1").await.expect_err("another name");
        assert!(matches!(error.cause, Cause::Tls { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_redirect_makes_no_host_speak_plain_http() {
    let (fake, other) = (FakeRegistry::start().await, FakeRegistry::start().await);
    fake.answer("/v2/", Reply::redirect(&format!("{}/x", other.base())));
    let mut settings = config(&[&fake]);
    settings.hosts.insert(other.host(), Host { private_addresses: true, ..Host::default() });
    let error = Asker::with(&fake, settings).resolve("v1").await.expect_err("nobody said so");
    assert!(forbidden(&error.cause) && other.connections() == 0, "{error}");
}

#[tokio::test]
async fn speaks_no_plain_http_unless_told_so() {
    let fake = FakeRegistry::start().await;
    let mut settings = config(&[&fake]);
    settings.hosts.insert(fake.host(), Host { private_addresses: true, ..Host::default() });
    settings.limits.connect = Duration::from_millis(60);
    let error = Asker::with(&fake, settings).resolve("v1").await.expect_err("no TLS");
    assert!(matches!(error.cause.class(), Class::Unreachable), "{error}");
    assert!(fake.log().is_empty());
}

#[tokio::test]
async fn n47_follows_no_redirect_from_tls_to_plain_http() {
    let (fake, below) = (FakeRegistry::start_tls(&["127.0.0.1"]).await, FakeRegistry::start().await);
    fake.answer("/", Reply::redirect(&format!("{}/v2/x", below.base())));
    let mut settings = config(&[&below]);
    settings.hosts.insert(fake.host(), Host { private_addresses: true, ..Host::default() });
    settings.extra_ca = fake.ca().into();
    let error = Asker::with(&fake, settings).resolve("v1").await.expect_err("a step down");
    assert!(matches!(error.cause, Cause::Target { .. }), "{error}");
    assert!(below.log().is_empty());
}

#[tokio::test]
async fn refuses_settings_that_nobody_can_mean() {
    let host = |host: Host| Config { hosts: BTreeMap::from([("a.example".to_owned(), host)]), ..Config::default() };
    let mirror =
        |name: &str, prefix: &str| portcullis_registry::Mirror { host: name.to_owned(), prefix: prefix.to_owned() };
    for bad in [
        Config { extra_ca: b"no certificate".to_vec(), ..Config::default() },
        Config {
            extra_ca: b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec(),
            ..Config::default()
        },
        Config { allowed: Some(vec!["https://a.example".to_owned()]), ..Config::default() },
        Config { hosts: BTreeMap::from([("a/b".to_owned(), Host::default())]), ..Config::default() },
        host(Host { extra_ca: b"x".to_vec(), ..Host::default() }),
        host(Host { only_mirrors: true, ..Host::default() }),
        host(Host { mirrors: vec![mirror("a b", "")], ..Host::default() }),
        host(Host { mirrors: vec![mirror("b.example", "../x")], ..Host::default() }),
        host(Host { token_hosts: vec!["https://b.example/token".to_owned()], ..Host::default() }),
    ] {
        let shown = format!("{bad:?}");
        let error = Client::new(bad).expect_err(&shown);
        assert_eq!(error.cause.class(), Class::Settings, "{error}");
    }
}

/// A proxy that tunnels everything to one place, and the heads of what it was asked.
async fn proxy(to: std::net::SocketAddr) -> (std::net::SocketAddr, std::sync::Arc<std::sync::Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("a port");
    let heads = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = heads.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let seen = seen.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") && stream.read_buf(&mut head).await.unwrap_or(0) > 0 {}
                let head = String::from_utf8_lossy(&head).into_owned();
                let refused = head.starts_with("CONNECT refused");
                seen.lock().expect("heads").push(head);
                if refused {
                    let _ = stream.write_all(b"HTTP/1.1 407 Who\r\n\r\n").await;
                    return;
                }
                let _ = stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await;
                let Ok(mut other) = TcpStream::connect(to).await else { return };
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut other).await;
            });
        }
    });
    (address, heads)
}

#[tokio::test]
async fn goes_through_a_proxy_and_keeps_forbidden_names_from_it() {
    let fake = FakeRegistry::start_tls(&["registry.example"]).await;
    let (address, heads) = proxy(fake.address()).await;
    let settings = |no_proxy: &str| Config {
        proxy: Some(Proxy::new(&format!("http://u:p@{address}"), no_proxy).expect("a proxy")),
        extra_ca: fake.ca().into(),
        limits: limits(),
        ..Config::default()
    };
    assert_eq!(Asker::of("registry.example", settings("")).resolve("v1").await.expect("an answer"), None);
    let expected = "CONNECT registry.example:443 HTTP/1.1\r\nHost: registry.example:443\r\nProxy-Authorization: Basic dTpw\r\n\r\n";
    assert_eq!(*heads.lock().expect("heads"), [expected]);
    assert!(fake.log().iter().all(|one| one.header("proxy-authorization").is_none()));
    for inside in ["169.254.169.254", "127.0.0.1:5000", "localhost:5000", "[::1]:5000"] {
        let error = Asker::of(inside, settings("")).resolve("v1").await.expect_err(inside);
        assert!(forbidden(&error.cause), "{inside}: {error}");
    }
    let error = Asker::of("refused.example", settings("")).resolve("v1").await.expect_err("407");
    assert!(error.to_string().contains("407"), "{error}");
    assert_eq!(heads.lock().expect("heads").len(), 1 + 3, "three tries of `refused.example`");
    let mut direct = settings("registry.example");
    direct.addresses.insert("registry.example".to_owned(), Vec::new());
    let error = Asker::of("registry.example", direct).resolve("v1").await.expect_err("not by the proxy");
    assert!(matches!(error.cause, Cause::Unresolved { .. }), "{error}");
}

#[tokio::test]
async fn a_proxy_or_a_registry_that_never_answers_takes_no_longer_than_a_connection_may() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let silent = listener.local_addr().expect("a port");
    let limits = portcullis_registry::Limits { connect: Duration::from_millis(60), ..limits() };
    let proxy = Some(Proxy::new(&format!("http://{silent}"), "").expect("a proxy"));
    let through = Config { proxy, limits: limits.clone(), ..Config::default() };
    let hosts = BTreeMap::from([(silent.to_string(), Host { private_addresses: true, ..Host::default() })]);
    let direct = Config { hosts, limits, ..Config::default() };
    for asker in [Asker::of("registry.example", through), Asker::of(&silent.to_string(), direct)] {
        let error = asker.resolve("v1").await.expect_err("silent");
        assert!(matches!(error.cause, Cause::Unreachable { .. }) && error.attempts.len() == 3, "{error:?}");
    }
}
