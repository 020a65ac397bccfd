//! A registry on loopback that keeps what it is given and, where a test says so, lies, stalls, floods or throttles.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::asked::Asked;
use crate::fake_token::{Auth, issue, turn_away};
use crate::reply::{Piece, Reply, write};
use crate::sample::{EMPTY, Sample, digest};

/// Decides about one request; nothing where the next one decides.
type Rule = Box<dyn Fn(&Asked) -> Option<Reply> + Send + Sync>;

/// A registry of one test. It ends with its owner.
pub struct FakeRegistry {
    address: SocketAddr,
    state: Arc<State>,
    ca: String,
    _accepting: JoinSet<()>,
}

#[derive(Default)]
struct State {
    content: Mutex<Content>,
    rules: Mutex<Vec<Rule>>,
    log: Mutex<Vec<Asked>>,
    connections: Mutex<usize>,
    base: Mutex<String>,
}

#[derive(Default)]
struct Content {
    /// By repository and digest or tag.
    manifests: BTreeMap<(String, String), Sample>,
    blobs: BTreeMap<(String, String), Vec<u8>>,
    referrers_api: bool,
    page: usize,
    auth: Auth,
    delay: Duration,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl FakeRegistry {
    /// Plain HTTP/1.1.
    pub async fn start() -> Self {
        Self::listen(None, String::new()).await
    }

    /// TLS with a certificate for these names, HTTP/2 and HTTP/1.1.
    pub async fn start_tls(names: &[&str]) -> Self {
        Self::start_tls_with(names, true).await
    }

    /// TLS; without HTTP/2, raw answers can be given.
    pub async fn start_tls_with(names: &[&str], http2: bool) -> Self {
        let key = rcgen::generate_simple_self_signed(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        let key = key.unwrap_or_else(|error| panic!("no certificate: {error}"));
        let private = rustls_pki_types::PrivatePkcs8KeyDer::from(key.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let server =
            rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().and_then(
                |builder| builder.with_no_client_auth().with_single_cert(vec![key.cert.der().clone()], private.into()),
            );
        let mut server = server.unwrap_or_else(|error| panic!("no TLS: {error}"));
        let protocols: &[&[u8]] = if http2 { &[b"h2", b"http/1.1"] } else { &[b"http/1.1"] };
        server.alpn_protocols = protocols.iter().map(|one| one.to_vec()).collect();
        Self::listen(Some(TlsAcceptor::from(Arc::new(server))), key.cert.pem()).await
    }

    async fn listen(tls: Option<TlsAcceptor>, ca: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("no port: {error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("no port: {error}"));
        let state = Arc::new(State::default());
        let scheme = if tls.is_some() { "https" } else { "http" };
        *lock(&state.base) = format!("{scheme}://{address}");
        lock(&state.content).referrers_api = true;
        lock(&state.content).page = 1_000;
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, tls, Arc::clone(&state)));
        Self { address, state, ca, _accepting: accepting }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `127.0.0.1:port`
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// `http://127.0.0.1:port` (or `https`); what its own token service and redirects are named by.
    pub fn base(&self) -> String {
        lock(&self.state.base).clone()
    }

    /// Another name for itself, `https://registry.example:port`.
    pub fn set_base(&self, base: &str) {
        base.clone_into(&mut lock(&self.state.base));
    }

    /// The certificate authority of its certificate, as PEM; empty without TLS.
    pub fn ca(&self) -> &str {
        &self.ca
    }

    /// Keeps a manifest under its digest and perhaps a tag; returns the digest.
    pub fn push(&self, name: &str, tag: Option<&str>, sample: &Sample) -> String {
        let digest = sample.digest();
        let mut content = lock(&self.state.content);
        for reference in [Some(digest.as_str()), tag].into_iter().flatten() {
            content.manifests.insert((name.to_owned(), reference.to_owned()), sample.clone());
        }
        content.blobs.insert((name.to_owned(), crate::sample::digest(EMPTY)), EMPTY.to_vec());
        digest
    }

    /// Keeps a blob; returns its digest.
    pub fn push_blob(&self, name: &str, bytes: &[u8]) -> String {
        let digest = digest(bytes);
        lock(&self.state.content).blobs.insert((name.to_owned(), digest.clone()), bytes.to_vec());
        digest
    }

    /// Whether it has the Referrers API; it has, unless a test says no.
    pub fn set_referrers_api(&self, on: bool) {
        lock(&self.state.content).referrers_api = on;
    }

    /// What an honest list of referrers has.
    pub fn honest_referrers(&self, name: &str, subject: &str) -> Vec<Value> {
        lock(&self.state.content).descriptors(name, subject)
    }

    /// How many referrers a page has.
    pub fn set_page(&self, page: usize) {
        lock(&self.state.content).page = page.max(1);
    }

    /// How long every answer takes to begin.
    pub fn set_delay(&self, delay: Duration) {
        lock(&self.state.content).delay = delay;
    }

    /// Who gets in.
    pub fn set_auth(&self, auth: Auth) {
        lock(&self.state.content).auth = auth;
    }

    /// Decides about requests before everything else, the oldest rule first.
    pub fn rule(&self, rule: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static) {
        lock(&self.state.rules).push(Box::new(rule));
    }

    /// Answers every request whose path contains a text.
    pub fn answer(&self, part: &str, reply: Reply) {
        let part = part.to_owned();
        self.rule(move |asked| asked.path.contains(&part).then(|| reply.clone()));
    }

    /// Answers the first requests whose path contains a text, one reply each.
    pub fn answer_first(&self, part: &str, replies: Vec<Reply>) {
        let part = part.to_owned();
        let replies = Mutex::new(replies.into_iter());
        self.rule(move |asked| if asked.path.contains(&part) { lock(&replies).next() } else { None });
    }

    /// Every request so far.
    pub fn log(&self) -> Vec<Asked> {
        lock(&self.state.log).clone()
    }

    /// Method and path of every request so far.
    pub fn lines(&self) -> Vec<String> {
        self.log().iter().map(Asked::line).collect()
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> usize {
        *lock(&self.state.connections)
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        *lock(&state.connections) += 1;
        // A small body behind a small head would wait for an acknowledgement.
        let _ = stream.set_nodelay(true);
        while connections.try_join_next().is_some() {}
        let (tls, state) = (tls.clone(), Arc::clone(&state));
        connections.spawn(async move {
            let Some(tls) = tls else { return serve(stream, state).await };
            let Ok(stream) = tls.accept(stream).await else { return };
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                let service = service_fn(move |request| serve_http2(request, Arc::clone(&state)));
                let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            } else {
                serve(stream, state).await;
            }
        });
    }
}

async fn serve_http2(request: Request<Incoming>, state: Arc<State>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let asked = Asked {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    state.wait().await;
    let Reply::Http { status, headers, body } = state.reply(&asked) else { panic!("raw answers need HTTP/1.1") };
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    Ok(response.body(Full::new(Bytes::from(body))).unwrap_or_else(|error| panic!("no answer: {error}")))
}

/// Serves one connection by hand, so that an answer may be anything.
async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, state: Arc<State>) {
    let mut buffer = Vec::new();
    while let Some(asked) = read(&mut stream, &mut buffer).await {
        state.wait().await;
        let pieces = match state.reply(&asked) {
            Reply::Raw(pieces) => {
                let _ = write(&pieces, &mut stream).await;
                let _ = stream.shutdown().await;
                return;
            }
            Reply::Http { status, headers, body } => {
                let mut head = format!("HTTP/1.1 {status} It\r\nContent-Length: {}\r\n", body.len());
                for (name, value) in headers {
                    head += &format!("{name}: {value}\r\n");
                }
                [Piece::Bytes(format!("{head}\r\n").into_bytes()), Piece::Bytes(body)]
            }
            Reply::Honest => unreachable!("an honest answer is made before"),
        };
        if write(&pieces, &mut stream).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>) -> Option<Asked> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let length: usize = length.unwrap_or(0);
    while buffer.len() < end + length {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8_lossy(&buffer[end..end + length]).into_owned();
    buffer.drain(..end + length);
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    Some(Asked { method, path: path.to_owned(), query: query.to_owned(), headers, body })
}

impl State {
    async fn wait(&self) {
        let delay = lock(&self.content).delay;
        if delay > Duration::ZERO {
            tokio::time::sleep(delay).await;
        }
    }

    fn reply(&self, asked: &Asked) -> Reply {
        lock(&self.log).push(asked.clone());
        let ruled = lock(&self.rules).iter().find_map(|rule| rule(asked));
        match ruled {
            None | Some(Reply::Honest) => self.honest(asked),
            Some(reply) => reply,
        }
    }

    fn honest(&self, asked: &Asked) -> Reply {
        let base = lock(&self.base).clone();
        let content = lock(&self.content);
        if asked.path == "/token" {
            return issue(&content.auth, asked);
        }
        if let Some(reply) = turn_away(&content.auth, asked, &base) {
            return reply;
        }
        if asked.path == "/v2/" {
            return Reply::new(200, "application/json", "{}");
        }
        content.find(asked)
    }
}

impl Content {
    fn find(&self, asked: &Asked) -> Reply {
        let rest = asked.path.strip_prefix("/v2/").unwrap_or_default();
        let split = |kind: &str| rest.rsplit_once(kind).map(|(name, rest)| (name.to_owned(), rest.to_owned()));
        if let Some(key) = split("/manifests/") {
            return match self.manifests.get(&key) {
                Some(sample) => {
                    Reply::new(200, &sample.media_type, &sample.bytes).with("Docker-Content-Digest", &sample.digest())
                }
                None if self.manifests.keys().any(|(name, _)| *name == key.0) => Reply::error(404, "MANIFEST_UNKNOWN"),
                None => Reply::error(404, "NAME_UNKNOWN"),
            };
        }
        if let Some(key) = split("/blobs/") {
            return match self.blobs.get(&key) {
                Some(bytes) => Reply::new(200, "application/octet-stream", bytes),
                None => Reply::error(404, "BLOB_UNKNOWN"),
            };
        }
        match split("/referrers/") {
            Some((name, subject)) if self.referrers_api => self.referrers(&name, &subject, asked),
            _ => Reply::new(404, "text/plain", "404 page not found\n"),
        }
    }

    fn descriptors(&self, name: &str, subject: &str) -> Vec<Value> {
        let mut all = Vec::new();
        for ((its, reference), sample) in &self.manifests {
            let value: Value = serde_json::from_slice(&sample.bytes).unwrap_or_default();
            if its == name && reference.starts_with("sha256:") && value["subject"]["digest"] == subject {
                let mut descriptor = sample.descriptor();
                descriptor["artifactType"] = value["artifactType"].clone();
                all.push(descriptor);
            }
        }
        all
    }

    fn referrers(&self, name: &str, subject: &str, asked: &Asked) -> Reply {
        let all = self.descriptors(name, subject);
        let from: usize = asked.field("from").and_then(|from| from.parse().ok()).unwrap_or(0);
        let page: Vec<&Value> = all.iter().skip(from).take(self.page).collect();
        let media_type = "application/vnd.oci.image.index.v1+json";
        let body = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": page});
        let reply = Reply::new(200, media_type, body.to_string());
        if from + self.page >= all.len() {
            return reply;
        }
        reply.with("Link", &format!("<{}?from={}>; rel=\"next\"", asked.path, from + self.page))
    }
}
