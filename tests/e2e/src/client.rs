//! A plain HTTPS client: one connection, one request after the other, and every answer as it came.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, WARNING};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;

use crate::certificates::Pair;

/// Nothing that we ask for takes longer.
const LONGEST: Duration = Duration::from_secs(60);

/// Whom to ask, and as whom.
#[derive(Clone)]
pub struct Door {
    /// The server.
    pub address: SocketAddr,
    tls: Option<Arc<ClientConfig>>,
    headers: Vec<(String, String)>,
}

impl Door {
    /// HTTPS to a server whose certificate one of `authorities` (PEM) signed, with a client certificate or without one.
    pub fn secure(address: SocketAddr, authorities: &str, client: Option<&Pair>) -> Self {
        let mut roots = RootCertStore::empty();
        for authority in CertificateDer::pem_slice_iter(authorities.as_bytes()) {
            roots.add(authority.expect("PEM")).expect("a certificate");
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.expect("the default versions").with_root_certificates(roots);
        let config = match client {
            None => config.with_no_client_auth(),
            Some(pair) => {
                let chain = CertificateDer::pem_slice_iter(pair.certificate.as_bytes()).collect::<Result<_, _>>();
                let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).expect("a key");
                config.with_client_auth_cert(chain.expect("PEM"), key).expect("a pair")
            }
        };
        Self { address, tls: Some(Arc::new(config)), headers: Vec::new() }
    }

    /// HTTP without anything around it.
    pub fn plain(address: SocketAddr) -> Self {
        Self { address, tls: None, headers: Vec::new() }
    }

    /// The same with one more header on every request.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same as the owner of a token.
    pub fn with_token(self, token: &str) -> Self {
        self.with_header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }
}

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// The texts of `Warning` headers, as kubectl shows them.
    pub warnings: Vec<String>,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// What a `Status` object of Kubernetes says.
    pub fn message(&self) -> String {
        self.json()["message"].as_str().map_or_else(|| self.text(), str::to_owned)
    }
}

/// One connection, opened again where the server closed it.
pub struct Client {
    door: Door,
    runtime: Runtime,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    /// Connects with the first request.
    pub fn new(door: &Door) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { door: door.clone(), runtime, sender: None }
    }

    /// GET.
    ///
    /// # Errors
    /// As for [`Client::send`].
    pub fn get(&mut self, path: &str) -> Result<Answer, String> {
        self.send(Method::GET, path, "application/json", Bytes::new())
    }

    /// POST of JSON.
    ///
    /// # Errors
    /// As for [`Client::send`].
    pub fn post(&mut self, path: &str, body: &Value) -> Result<Answer, String> {
        self.send(Method::POST, path, "application/json", body.to_string().into())
    }

    /// One request and its answer.
    ///
    /// # Errors
    /// No connection, no answer in time, or a connection that broke: in words.
    pub fn send(&mut self, method: Method, path: &str, content_type: &str, body: Bytes) -> Result<Answer, String> {
        let mut request = Request::builder().method(method).uri(path).header(HOST, self.door.address.to_string());
        request = request.header(CONTENT_TYPE, content_type).header(ACCEPT, "application/json");
        for (name, value) in &self.door.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(body)).map_err(|error| error.to_string())?;
        let (door, held) = (&self.door, self.sender.take());
        let answered = self.runtime.block_on(async {
            let exchange = async {
                let mut sender = match usable(held).await {
                    Some(sender) => sender,
                    None => connect(door).await?,
                };
                let response = sender.send_request(request).await.map_err(|error| chain(&error))?;
                let status = response.status().as_u16();
                let warnings =
                    response.headers().get_all(WARNING).iter().map(|value| warning(value.as_bytes())).collect();
                let body = response.into_body().collect().await.map_err(|error| chain(&error))?.to_bytes();
                Ok((sender, Answer { status, warnings, body }))
            };
            tokio::time::timeout(LONGEST, exchange).await.unwrap_or_else(|_| Err(format!("no answer in {LONGEST:?}")))
        });
        let (sender, answer) = answered?;
        self.sender = Some(sender);
        Ok(answer)
    }
}

/// The connection of the last request, unless it was closed since.
async fn usable(held: Option<SendRequest<Full<Bytes>>>) -> Option<SendRequest<Full<Bytes>>> {
    let mut sender = held?;
    sender.ready().await.ok().map(|()| sender)
}

async fn connect(door: &Door) -> Result<SendRequest<Full<Bytes>>, String> {
    let stream = TcpStream::connect(door.address).await.map_err(|error| error.to_string())?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let Some(tls) = &door.tls else {
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| chain(&error))?;
        tokio::spawn(connection);
        return Ok(sender);
    };
    let name = ServerName::from(door.address.ip());
    let stream = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await.map_err(|error| chain(&error))?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| chain(&error))?;
    tokio::spawn(connection);
    Ok(sender)
}

/// `299 - "text"` to the text.
fn warning(value: &[u8]) -> String {
    let value = String::from_utf8_lossy(value);
    let text = value.split_once('"').map_or(value.as_ref(), |(_, text)| text.trim_end_matches('"'));
    text.replace("\\\"", "\"").replace("\\\\", "\\")
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}
