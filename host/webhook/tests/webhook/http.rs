//! The door over HTTP: paths, methods, sizes, and callers who go.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Frame;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use portcullis_gate::Gate;
use portcullis_model::{Answers, FactSource, Facts, Query, Resolved};
use portcullis_webhook::{Webhook, WebhookConfig, review_routes};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tower_service::Service as _;

use crate::world::{config, namespaces, policy, review, sets, spec, webhook, webhook_with};

/// Serves until the test ends with its runtime.
async fn serve(webhook: Arc<Webhook>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = review_routes(webhook);
    tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else { return };
            let service = TowerToHyperService::new(router.clone());
            tokio::spawn(async move {
                let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

struct Reply {
    status: u16,
    head: String,
    body: Value,
}

/// Sends one request as it is and reads the one answer to it.
async fn send(address: SocketAddr, head: &str, body: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(format!("{head}Host: x\r\nConnection: close\r\n\r\n").as_bytes()).await.expect("written");
    stream.write_all(body).await.expect("written");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.expect("an answer");
    let text = String::from_utf8(bytes).expect("text");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    Reply {
        status: head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status"),
        head: head.to_ascii_lowercase(),
        body: serde_json::from_str(body).unwrap_or_default(),
    }
}

async fn post(address: SocketAddr, path: &str, body: &str) -> Reply {
    let head = format!("POST {path} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    send(address, &head, body.as_bytes()).await
}

fn told(reply: &Reply) -> &str {
    assert_eq!(reply.body["kind"], "Status", "{}", reply.body);
    assert_eq!(reply.body["code"], reply.status);
    reply.body["message"].as_str().expect("a message")
}

#[tokio::test]
async fn judges_what_is_posted() {
    let address = serve(webhook(&[policy("loud", "")])).await;
    let text = review("shop").to_string();
    for path in ["/validate", "/validate?timeout=10s", "/validate/a", "/validate/a?timeout=10s&x=y"] {
        let reply = post(address, path, &text).await;
        assert_eq!((reply.status, &reply.body["response"]["allowed"]), (200, &Value::Bool(false)), "{path}");
        assert!(reply.head.contains("content-type: application/json"));
    }
    let typed = format!(
        "POST /validate HTTP/1.1\r\nContent-Type: Application/JSON; charset=utf-8\r\nContent-Length: {}\r\n",
        text.len()
    );
    assert_eq!(send(address, &typed, text.as_bytes()).await.status, 200);
    let chunked = "POST /validate HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
    let (first, second) = text.split_at(text.len() / 2);
    let chunks = format!("{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n", first.len(), second.len());
    assert_eq!(send(address, chunked, chunks.as_bytes()).await.status, 200);
}

#[tokio::test]
async fn says_what_belongs_where() {
    let address = serve(webhook(&[policy("content", "")])).await;
    let unknown = post(address, "/validate/b", "{}").await;
    assert_eq!((unknown.status, told(&unknown)), (404, "there is no policy set `b`; there are `a`"));
    let nowhere = post(address, "/", "{}").await;
    assert_eq!(
        (nowhere.status, told(&nowhere)),
        (404, "reviews are judged at `/validate` and `/validate/{policy-set}`")
    );
    let get = send(address, "GET /validate HTTP/1.1\r\n", b"").await;
    assert_eq!((get.status, told(&get)), (405, "an AdmissionReview is sent here with POST"));
    assert!(get.head.contains("allow: post"), "{}", get.head);
    let no_text = post(address, "/validate/%ff", "{}").await;
    assert_eq!((no_text.status, told(&no_text)), (404, "no policy set has a name that is not UTF-8"));
    assert!(no_text.head.contains("content-type: application/json"), "{}", no_text.head);
    assert_eq!(send(address, "PUT /validate/a HTTP/1.1\r\nContent-Length: 0\r\n", b"").await.status, 405);
    for (kind, said) in [("Content-Type: text/yaml\r\n", "text/yaml"), ("", "")] {
        let head = format!("POST /validate HTTP/1.1\r\n{kind}Content-Length: 2\r\n");
        let wrong = send(address, &head, b"{}").await;
        let expected = format!("the body must be `Content-Type: application/json`, not `{said}`");
        assert_eq!((wrong.status, told(&wrong)), (415, expected.as_str()));
    }
    let malformed = post(address, "/validate", "{}").await;
    assert_eq!((malformed.status, told(&malformed)), (400, "`` is not supported here; it must be `AdmissionReview`"));
}

#[tokio::test]
async fn names_the_limit_of_a_body_and_reads_no_more_than_it() {
    let config = WebhookConfig { max_body: 4_096, ..config() };
    let address = serve(webhook_with(&[&spec(&[policy("content", "")])], Arc::new(Facts::none()), config)).await;
    let expected = "the review is larger than 4096 bytes (`--max-body`); an UPDATE carries the object twice";
    let large = post(address, "/validate", &" ".repeat(5_000)).await;
    assert_eq!((large.status, told(&large)), (413, expected));
    // Announced only: nothing of it is waited for.
    let head = "POST /validate HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n";
    let announced = send(address, head, b"{").await;
    assert_eq!((announced.status, told(&announced)), (413, expected));
    let chunked = "POST /validate HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
    let chunks = format!("1388\r\n{}\r\n0\r\n\r\n", " ".repeat(5_000));
    let unannounced = send(address, chunked, chunks.as_bytes()).await;
    assert_eq!((unannounced.status, told(&unannounced)), (413, expected));
}

/// A frame of HTTP/2 (RFC 9113 section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).expect("short").to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

#[tokio::test]
async fn takes_a_small_body_that_it_has_no_use_for_so_that_the_denial_is_not_lost() {
    let address = serve(webhook(&[policy("content", "")])).await;
    // POST to another path as HPACK writes it, and its body only later.
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let head = [&[0x83, 0x86, 0x04, 2], b"/x".as_slice(), &[0x01, 1, b'x']].concat();
    let preface = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(4, 0, 0, &[]), frame(1, 4, 1, &head)].concat();
    stream.write_all(&preface).await.expect("written");
    tokio::time::sleep(Duration::from_millis(200)).await;
    let body_and_ping = [frame(0, 1, 1, &[b'y'; 10_000]), frame(6, 0, 0, b"pingping")].concat();
    stream.write_all(&body_and_ping).await.expect("written");
    let (mut answered, mut alive) = (false, false);
    while !(answered && alive) {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.expect("a frame");
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        stream.read_exact(&mut payload).await.expect("its payload");
        assert!(head[3] != 3 && head[3] != 7, "no RST_STREAM and no GOAWAY: {payload:?}");
        answered |= head[3] == 0 && head[4] & 1 == 1;
        alive |= head[3] == 6 && head[4] & 1 == 1;
    }
    // Over HTTP/1.1 the connection can be used again.
    let mut stream = TcpStream::connect(address).await.expect("connected");
    for _ in 0..2 {
        let head = b"POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: text/yaml\r\nContent-Length: 10000\r\n\r\n";
        stream.write_all(head).await.expect("written");
        tokio::time::sleep(Duration::from_millis(100)).await;
        stream.write_all(&[b'y'; 10_000]).await.expect("written");
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"}") {
            assert!(stream.read_buf(&mut bytes).await.expect("an answer") > 0);
        }
        assert!(bytes.starts_with(b"HTTP/1.1 415"), "{}", String::from_utf8_lossy(&bytes));
    }
}

#[tokio::test]
async fn waits_no_longer_for_a_body_than_it_may() {
    let config = WebhookConfig { body_time: Duration::from_millis(100), ..config() };
    let address = serve(webhook_with(&[&spec(&[policy("content", "")])], Arc::new(Facts::none()), config)).await;
    let head = "POST /validate HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n";
    let slow = send(address, head, b"{").await;
    assert_eq!((slow.status, told(&slow)), (408, "the body did not come in time"));
}

#[tokio::test]
async fn counts_whoever_is_denied_at_the_door_by_why() {
    let metrics = portcullis_webhook::metrics::install("1.2.3", "abc").expect("metrics");
    let config = WebhookConfig { body_time: Duration::from_millis(100), max_body: 4_096, ..config() };
    let address = serve(webhook_with(&[&spec(&[policy("content", "")])], Arc::new(Facts::none()), config)).await;
    // Other tests of this process count, too.
    let counted = || {
        let text = metrics.render();
        let value = move |reason: &str| {
            let series = format!("portcullis_calls_refused_total{{reason=\"{reason}\"}} ");
            text.lines().find_map(|line| line.strip_prefix(&series)?.parse::<u64>().ok()).unwrap_or_default()
        };
        ["unreadable", "no_such_set", "no_such_path", "method", "slow", "too_large", "media_type"].map(value)
    };
    let before = counted();
    let json = "POST /validate HTTP/1.1\r\nContent-Type: application/json\r\n";
    assert_eq!(post(address, "/validate", "{}").await.status, 400);
    assert_eq!(post(address, "/validate/b", "{}").await.status, 404);
    assert_eq!(post(address, "/validate/%ff", "{}").await.status, 404);
    assert_eq!(post(address, "/elsewhere", "{}").await.status, 404);
    assert_eq!(send(address, "GET /validate HTTP/1.1\r\n", b"").await.status, 405);
    assert_eq!(send(address, &format!("{json}Content-Length: 9\r\n"), b"{").await.status, 408);
    assert_eq!(post(address, "/validate", &" ".repeat(5_000)).await.status, 413);
    assert_eq!(send(address, "POST /validate HTTP/1.1\r\nContent-Length: 2\r\n", b"{}").await.status, 415);
    let more = counted().into_iter().zip(before).map(|(after, before)| after - before);
    let expected = [1, 2, 1, 1, 1, 1, 1];
    assert!(more.zip(expected).all(|(more, least)| more >= least), "{:?} after {before:?}", counted());
    let text = metrics.render();
    assert!(text.contains("\nportcullis_held_bytes "), "{text}");
}

/// Facts that come when the test lets them, and that tell of each look-up begun and each one dropped.
struct Held {
    events: mpsc::UnboundedSender<&'static str>,
    release: Arc<Semaphore>,
}

struct Told(mpsc::UnboundedSender<&'static str>);

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.0.send("dropped");
    }
}

impl FactSource for Held {
    fn look_up<'a>(&'a self, _: &'a [Query], _: &'a Resolved) -> Answers<'a> {
        Box::pin(async move {
            let _ = self.events.send("begun");
            let _told = Told(self.events.clone());
            let _permit = self.release.acquire().await;
            Vec::new()
        })
    }
}

#[tokio::test]
async fn drops_the_work_of_a_caller_who_has_gone_a57() {
    let (events, mut seen) = mpsc::unbounded_channel();
    let release = Arc::new(Semaphore::new(0));
    let facts = Arc::new(Held { events, release: Arc::clone(&release) });
    let gate = Arc::new(Gate::new(sets(&[&spec(&[policy("asks", ", grants: [signature]")])]), facts));
    let long = Duration::from_secs(3_600);
    let config = WebhookConfig { max_review_time: long, default_review_time: long, ..config() };
    let address = serve(Webhook::new(gate, namespaces(), config).expect("a webhook")).await;
    let text = review("shop").to_string();
    let head = format!(
        "POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{text}",
        text.len()
    );
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(head.as_bytes()).await.expect("written");
    assert_eq!(seen.recv().await, Some("begun"));
    drop(stream);
    // An hour before its deadline, and with nobody who releases it: only the caller's going can have ended it.
    assert_eq!(seen.recv().await, Some("dropped"));
    // The next one is judged as ever.
    release.add_permits(1);
    assert_eq!(post(address, "/validate", &text).await.body["response"]["allowed"], false);
}

/// Announces a body, and sends nothing of it.
async fn announce(address: SocketAddr, bytes: usize) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let head = format!(
        "POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {bytes}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("written");
    stream
}

async fn told_to_go_on(stream: &mut TcpStream) {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        assert!(stream.read_buf(&mut bytes).await.expect("a word") > 0);
    }
    assert!(bytes.starts_with(b"HTTP/1.1 100"), "{}", String::from_utf8_lossy(&bytes));
}

#[tokio::test]
async fn lets_no_large_body_keep_a_small_one_waiting_a50_a55() {
    const MIB: usize = 1 << 20;
    let long = Duration::from_secs(3_600);
    let config = WebhookConfig {
        max_body: MIB,
        held: 4 * MIB,
        body_time: long,
        max_review_time: long,
        default_review_time: long,
        ..config()
    };
    let address = serve(webhook_with(&[&spec(&[policy("loud", "")])], Arc::new(Facts::none()), config)).await;
    let mut large = Vec::new();
    for _ in 0..3 {
        let mut stream = announce(address, MIB).await;
        told_to_go_on(&mut stream).await;
        stream.write_all(b"{").await.expect("a byte");
        large.push(stream);
    }
    let text = review("shop").to_string();
    for _ in 0..50 {
        assert_eq!(post(address, "/validate", &text).await.body["response"]["allowed"], false);
    }
    // One more finds no room; those who have it and send nothing lose it, though their time is not over.
    let mut whole = review("shop");
    whole["request"]["object"]["metadata"]["annotations"] = json!({"padding": "x".repeat(MIB / 2)});
    assert_eq!(post(address, "/validate", &whole.to_string()).await.body["response"]["allowed"], false);
    let mut answer = Vec::new();
    large[0].read_buf(&mut answer).await.expect("an answer");
    assert!(answer.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn gives_room_to_who_sends_and_not_to_who_says_that_he_will_a50_a55() {
    const MIB: usize = 1 << 20;
    let config = WebhookConfig { max_body: MIB, held: 4 * MIB, body_time: Duration::from_secs(3_600), ..config() };
    let address = serve(webhook_with(&[&spec(&[policy("loud", "")])], Arc::new(Facts::none()), config)).await;
    let mut announced = Vec::new();
    for bytes in [MIB, 60_000].repeat(40) {
        let mut stream = announce(address, bytes).await;
        told_to_go_on(&mut stream).await;
        announced.push(stream);
    }
    let mut whole = review("shop");
    assert_eq!(post(address, "/validate", &whole.to_string()).await.body["response"]["allowed"], false);
    whole["request"]["object"]["metadata"]["annotations"] = json!({"padding": "x".repeat(MIB / 2)});
    assert_eq!(post(address, "/validate", &whole.to_string()).await.body["response"]["allowed"], false);
    drop(announced);
}

/// A body that never comes.
struct Never;

impl hyper::body::Body for Never {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Pending
    }
}

/// Nobody counts what waits with a call beside its body, and a hundred streams of each connection may wait.
#[tokio::test]
async fn keeps_no_headers_while_it_waits_for_a_body_a50_a55() {
    let long = Bytes::from("y".repeat(30_000));
    let address = Bytes::from(format!("/validate?timeout=10s&x={}", "y".repeat(30_000)));
    let mut request = hyper::Request::new(axum::body::Body::new(Never));
    *request.method_mut() = hyper::Method::POST;
    *request.uri_mut() = hyper::Uri::from_maybe_shared(address.clone()).expect("an address");
    let json = hyper::header::HeaderValue::from_static("application/json");
    request.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
    let value = hyper::header::HeaderValue::from_maybe_shared(long.clone()).expect("a value");
    request.headers_mut().insert("x-long", value);
    assert!(!long.is_unique() && !address.is_unique());
    let answer = tokio::spawn(review_routes(webhook(&[policy("loud", "")])).call(request));
    let gone = async {
        while !(long.is_unique() && address.is_unique()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(4), gone).await.is_ok(), "somebody keeps them");
    assert!(!answer.is_finished(), "it waits");
}
