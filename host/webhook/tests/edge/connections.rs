//! Connections: slow ones, many ones, idle ones, and the end of all of them.

use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo};
use portcullis_webhook::listen::{ConnectionLimits, Ended};
use portcullis_webhook::tls::Certificates;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::caller::{Caller, PATIENCE, Server, answer, hung_up, request};

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Bounds that a test can wait for.
fn hasty() -> ConnectionLimits {
    ConnectionLimits {
        handshake: ms(300),
        header: ms(300),
        body: ms(300),
        idle: ms(3000),
        linger: ms(2000),
        drain: ms(6000),
        ..ConnectionLimits::default()
    }
}

/// A55.
#[tokio::test]
async fn lets_go_of_callers_who_never_finish_a_handshake_or_a_header() {
    let (certificates, _made) = Certificates::throw_away(&["localhost".to_owned()]).unwrap();
    let tls = Server::tls(&std::sync::Arc::new(certificates), hasty()).await;
    let mut silent = tls.tcp().await;
    hung_up(&mut silent).await;
    let mut half = tls.tcp().await;
    half.write_all(&[0x16, 3, 1]).await.unwrap();
    hung_up(&mut half).await;

    // Who says nothing may stand for longer than anybody waits here, and who begins may not.
    let plain = Server::plain(ConnectionLimits { idle: PATIENCE * 4, ..hasty() }).await;
    let mut begun = plain.tcp().await;
    begun.write_all(b"P").await.unwrap();
    hung_up(&mut begun).await;
    // One byte at a time, for ever: each of them is progress, and none of them counts.
    let dripping = async {
        let mut tcp = plain.tcp().await;
        tcp.write_all(b"GET / HTTP/1.1\r\nx: ").await?;
        loop {
            tcp.write_all(b"y").await?;
            sleep(ms(50)).await;
        }
    };
    let result: Result<std::io::Result<()>, _> = timeout(PATIENCE, dripping).await;
    assert!(result.expect("the server hangs up").is_err());
    assert_eq!(request(&mut plain.tcp().await, "GET", "/").await.unwrap().status, 200);
}

/// A55.
#[tokio::test]
async fn denies_a_body_that_does_not_come_in_time() {
    let server = Server::plain(hasty()).await;
    let mut tcp = server.tcp().await;
    tcp.write_all(b"POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n12345").await.unwrap();
    assert_eq!(answer(&mut tcp).await.unwrap().status, 408);
    let mut tcp = server.tcp().await;
    tcp.write_all(b"POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n12345").await.unwrap();
    assert_eq!(answer(&mut tcp).await.unwrap().body, "5");
}

/// A client opens connections ahead: what it sends over one of them later must not be lost.
#[tokio::test]
async fn lets_an_idle_connection_stand_before_its_first_request_as_after_it() {
    let server = Server::plain(hasty()).await;
    let mut silent = server.tcp().await;
    sleep(ms(700)).await;
    assert_eq!(request(&mut silent, "GET", "/").await.unwrap().status, 200, "nothing had been asked for");
    let mut silent = server.tcp().await;
    let begun = Instant::now();
    hung_up(&mut silent).await;
    assert!(begun.elapsed() >= ms(2900), "{:?}", begun.elapsed());
    let mut tcp = server.tcp().await;
    request(&mut tcp, "GET", "/").await.unwrap();
    sleep(ms(700)).await;
    assert_eq!(request(&mut tcp, "GET", "/").await.unwrap().status, 200, "longer than a first header may take");
    // A request in flight is not idle.
    let begun = Instant::now();
    assert!(timeout(ms(4000), request(&mut tcp, "GET", "/never")).await.is_err());
    drop(tcp);
    assert!(begun.elapsed() >= ms(4000));
    let mut tcp = server.tcp().await;
    request(&mut tcp, "GET", "/").await.unwrap();
    let begun = Instant::now();
    hung_up(&mut tcp).await;
    assert!(begun.elapsed() >= ms(2900), "{:?}", begun.elapsed());
}

/// A55: idle connections take their bounded places and no more, and give them back.
#[tokio::test]
async fn serves_again_when_idle_connections_have_filled_every_place() {
    let server = Server::plain(ConnectionLimits { max_connections: 20, idle: ms(2000), ..hasty() }).await;
    let mut idle = Vec::new();
    for _ in 0..20 {
        idle.push(server.tcp().await);
    }
    sleep(ms(100)).await;
    let begun = Instant::now();
    assert_eq!(request(&mut server.tcp().await, "GET", "/").await.unwrap().status, 200);
    assert!(begun.elapsed() >= ms(100), "it waited for a place: {:?}", begun.elapsed());
}

/// A55: those who stand in the way of others leave, and first those who never asked for anything.
#[tokio::test]
async fn lets_idle_connections_go_for_those_who_come() {
    let long = PATIENCE * 4;
    let limits = ConnectionLimits { max_connections: 20, spare: ms(200), idle: long, ..hasty() };
    let server = Server::plain(limits).await;
    let (mut asked, mut busy) = (server.tcp().await, server.tcp().await);
    request(&mut asked, "GET", "/").await.unwrap();
    let busy = tokio::spawn(async move { request(&mut busy, "GET", "/slow").await });
    let mut silent = Vec::new();
    for _ in 0..18 {
        silent.push(server.tcp().await);
    }
    let mut come = Vec::new();
    for _ in 0..10 {
        let mut tcp = server.tcp().await;
        assert_eq!(request(&mut tcp, "GET", "/").await.unwrap().status, 200);
        come.push(tcp);
    }
    hung_up(&mut silent[0]).await;
    assert_eq!(request(&mut asked, "GET", "/").await.unwrap().status, 200, "whoever has asked stays longer");
    assert_eq!(busy.await.unwrap().unwrap().body, "slow", "and whoever waits for an answer gets it");
}

/// A55: neither who takes no answer (a window of HTTP/2 that is never open) nor who owes the rest of a body keeps his place.
#[tokio::test]
async fn lets_those_go_for_others_who_take_no_answer_or_owe_a_body() {
    let long = PATIENCE * 4;
    let limits =
        ConnectionLimits { max_connections: 20, spare: ms(200), idle: long, answer: long, body: long, ..hasty() };
    let server = Server::plain(limits).await;
    let never = b"GET /never HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut busy = server.tcp().await;
    busy.write_all(never).await.unwrap();
    let mut standing = Vec::new();
    for number in 0..19 {
        let mut tcp = server.tcp().await;
        let window = [0, 4, 0, 0, 0, 0];
        let taking_nothing =
            [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(4, 0, 0, &window), get(1, "/")].concat();
        let owing = b"POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n12345".to_vec();
        tcp.write_all(if number % 2 == 0 { &taking_nothing } else { &owing }).await.unwrap();
        standing.push(tcp);
    }
    let mut come = Vec::new();
    for _ in 0..19 {
        let mut tcp = server.tcp().await;
        let answered = timeout(PATIENCE, request(&mut tcp, "GET", "/")).await;
        assert_eq!(answered.expect("a place").unwrap().status, 200);
        // So that nobody comes in its place.
        tcp.write_all(never).await.unwrap();
        come.push(tcp);
    }
    assert!(timeout(ms(500), busy.read_u8()).await.is_err(), "whoever waits for us is not let go");
}

#[tokio::test]
async fn denies_headers_beyond_the_bound() {
    let server = Server::plain(ConnectionLimits { max_headers: 8192, ..ConnectionLimits::default() }).await;
    let mut tcp = server.tcp().await;
    let _ = tcp.write_all(format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(20_000)).as_bytes()).await;
    match answer(&mut tcp).await {
        Ok(answer) => assert_eq!(answer.status, 431),
        // Hung up before everything was sent.
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
    }
}

/// A55: a head of HTTP/2 is in many frames, and its fields may be short where they are sent and long where they are read.
#[tokio::test]
async fn denies_headers_beyond_the_bound_over_http_2() {
    let server = Server::plain(ConnectionLimits { max_headers: 8192, ..ConnectionLimits::default() }).await;
    let tcp = TokioIo::new(server.tcp().await);
    let http = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let (mut sender, connection) = http.handshake::<_, axum::body::Body>(tcp).await.unwrap();
    let _connection = tokio::spawn(connection);
    let get = |fields: usize| {
        let mut request = hyper::Request::builder().uri("http://localhost/");
        for _ in 0..fields {
            request = request.header("x", "y".repeat(1000));
        }
        request.body(axum::body::Body::empty()).unwrap()
    };
    assert_eq!(sender.send_request(get(4)).await.unwrap().status(), 200);
    // Hung up where it is not told.
    if let Ok(answer) = sender.send_request(get(15)).await {
        assert_eq!(answer.status(), 431);
    }
    assert_eq!(request(&mut server.tcp().await, "GET", "/").await.unwrap().status, 200);
}

/// A56.
#[tokio::test]
async fn answers_what_is_in_flight_and_who_has_not_heard_of_the_shutdown_yet() {
    let server = Server::plain(hasty()).await;
    let address = server.address;
    let (mut idle, mut busy) = (server.tcp().await, server.tcp().await);
    request(&mut idle, "GET", "/").await.unwrap();
    let busy = tokio::spawn(async move { request(&mut busy, "GET", "/slow").await });
    sleep(ms(100)).await;
    server.shutdown.begin();
    let told = request(&mut idle, "GET", "/").await.unwrap();
    assert!(told.head.contains("connection: close"), "{}", told.head);
    hung_up(&mut idle).await;
    assert_eq!(request(&mut TcpStream::connect(address).await.unwrap(), "GET", "/").await.unwrap().status, 200);
    assert_eq!(busy.await.unwrap().unwrap().body, "slow");
    assert_eq!(server.ended().await, Ended { cut: 0 });
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn cuts_what_does_not_end_within_the_drain() {
    let server = Server::plain(ConnectionLimits { linger: ms(0), drain: ms(500), ..hasty() }).await;
    let mut tcp = server.tcp().await;
    let never = tokio::spawn(async move { request(&mut tcp, "GET", "/never").await });
    sleep(ms(100)).await;
    let begun = Instant::now();
    server.shutdown.begin();
    assert_eq!(server.ended().await, Ended { cut: 1 });
    assert!(begun.elapsed() >= ms(500) && begun.elapsed() < PATIENCE / 2, "{:?}", begun.elapsed());
    assert!(never.await.unwrap().is_err());
}

#[tokio::test]
async fn ends_a_standing_connection_at_once_when_nothing_is_in_flight() {
    let (certificates, made) = Certificates::throw_away(&["localhost".to_owned()]).unwrap();
    let limits = ConnectionLimits { drain: Duration::from_secs(20), linger: ms(0), ..ConnectionLimits::default() };
    let server = Server::tls(&std::sync::Arc::new(certificates), limits).await;
    let mut stream = Caller::trusting(&made.ca).connect(server.address).await.unwrap();
    request(&mut stream, "GET", "/").await.unwrap();
    let begun = Instant::now();
    server.shutdown.begin();
    hung_up(&mut stream).await;
    assert_eq!(server.ended().await, Ended { cut: 0 });
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

/// A frame of HTTP/2 (RFC 9113 section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The preface and settings, and `GET /never` or `GET /` as HPACK writes it (RFC 7541 appendix A).
fn preface() -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[]));
    bytes
}

fn get(stream: u32, path: &str) -> Vec<u8> {
    let mut head = vec![0x82, 0x86, 0x04, u8::try_from(path.len()).unwrap()];
    head.extend(path.as_bytes());
    head.extend([0x01, 1, b'x']);
    frame(1, 0x5, stream, &head)
}

/// Reads frames until one satisfies; false where the connection ended before.
async fn reads(tcp: &mut TcpStream, wanted: impl Fn(u8, &[u8]) -> bool) -> bool {
    let read = async {
        loop {
            let mut head = [0; 9];
            if tcp.read_exact(&mut head).await.is_err() {
                return false;
            }
            let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
            if tcp.read_exact(&mut payload).await.is_err() {
                return false;
            }
            if wanted(head[3], &payload) {
                return true;
            }
        }
    };
    timeout(PATIENCE, read).await.expect("frames in time")
}

#[tokio::test]
async fn allows_http_2_within_its_number_of_streams() {
    let server = Server::plain(ConnectionLimits { max_streams: 7, ..ConnectionLimits::default() }).await;
    let mut tcp = server.tcp().await;
    tcp.write_all(&[preface(), get(1, "/")].concat()).await.unwrap();
    // SETTINGS_MAX_CONCURRENT_STREAMS is 3.
    assert!(
        reads(&mut tcp, |kind, payload| kind == 4 && payload.windows(6).any(|six| six == [0, 3, 0, 0, 0, 7])).await
    );
    assert!(reads(&mut tcp, |kind, payload| kind == 1 && payload.first() == Some(&0x88)).await, "status 200");
    server.shutdown.begin();
    assert!(reads(&mut tcp, |kind, _| kind == 7).await, "GOAWAY");
    drop(tcp);
    server.ended().await;
}

/// A55: CVE-2023-44487.
#[tokio::test]
async fn ends_a_connection_that_resets_its_streams_rapidly() {
    let server = Server::plain(ConnectionLimits::default()).await;
    let mut tcp = server.tcp().await;
    tcp.write_all(&preface()).await.unwrap();
    let mut flood = Vec::new();
    for number in 0..5000 {
        flood.extend(get(number * 2 + 1, "/never"));
        flood.extend(frame(3, 0, number * 2 + 1, &[0, 0, 0, 8]));
    }
    let (mut reading, mut writing) = tcp.into_split();
    let sending = tokio::spawn(async move {
        let sent = writing.write_all(&flood).await;
        (writing, sent)
    });
    hung_up(&mut reading).await;
    drop(sending.await);
    assert_eq!(request(&mut server.tcp().await, "GET", "/").await.unwrap().status, 200);
}

#[tokio::test]
async fn lets_go_of_an_idle_connection_of_http_2() {
    let server = Server::plain(hasty()).await;
    let mut tcp = server.tcp().await;
    tcp.write_all(&[preface(), get(1, "/")].concat()).await.unwrap();
    let begun = Instant::now();
    hung_up(&mut tcp).await;
    assert!(begun.elapsed() >= ms(2900), "{:?}", begun.elapsed());
}

/// A55: a client of HTTP/2 whose window is never open (SETTINGS_INITIAL_WINDOW_SIZE 0) answers every ping and takes nothing.
#[tokio::test]
async fn lets_go_of_a_caller_who_never_takes_an_answer() {
    let limits = ConnectionLimits { answer: ms(1000), idle: PATIENCE * 4, ..ConnectionLimits::default() };
    let server = Server::plain(limits).await;
    let mut http = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let tcp = TokioIo::new(server.tcp().await);
    let (mut sender, connection) =
        http.initial_stream_window_size(0).handshake::<_, axum::body::Body>(tcp).await.unwrap();
    let connection = tokio::spawn(connection);
    let get = |path: &str| {
        let uri = format!("http://localhost{path}");
        hyper::Request::builder().uri(uri).body(axum::body::Body::empty()).unwrap()
    };
    // Longer than an answer may wait: nobody is let go for our own slowness.
    let slow = timeout(ms(2500), sender.send_request(get("/never"))).await;
    assert!(slow.is_err() && !connection.is_finished());
    let begun = Instant::now();
    let answered = sender.send_request(get("/")).await.unwrap();
    assert_eq!(answered.status(), 200);
    let ended = timeout(PATIENCE, connection).await.expect("the server hangs up");
    assert!(begun.elapsed() >= ms(900), "{:?} {ended:?}", begun.elapsed());
    drop(answered);
    assert_eq!(request(&mut server.tcp().await, "GET", "/").await.unwrap().status, 200);
}

/// A55: thousands that only stand.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_beside_thousands_of_idle_connections() {
    let server = Server::plain(ConnectionLimits::default()).await;
    let mut idle = Vec::new();
    // As many as a usual limit of descriptors bears in a process that holds both ends.
    for _ in 0..400 {
        let mut tcp = server.tcp().await;
        request(&mut tcp, "GET", "/").await.unwrap();
        idle.push(tcp);
    }
    assert_eq!(request(&mut server.tcp().await, "GET", "/").await.unwrap().status, 200);
    assert_eq!(request(&mut idle[7], "GET", "/").await.unwrap().status, 200);
}
