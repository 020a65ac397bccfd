//! Calls over HTTPS and HTTP, one connection each, as plain as can be.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

use crate::authority::Pair;

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Reply {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// Whether the review was allowed.
    pub fn allowed(&self) -> bool {
        self.json()["response"]["allowed"].as_bool().unwrap_or_else(|| panic!("no answer: {self:?}"))
    }

    /// Name and digest of the sets that judged.
    pub fn judged_by(&self) -> String {
        self.json()["response"]["auditAnnotations"]["policy-sets"].as_str().unwrap_or_default().to_owned()
    }
}

/// Whom a caller trusts, and who it says it is.
#[derive(Clone)]
pub struct Caller {
    config: Arc<ClientConfig>,
}

impl Caller {
    /// Trusts this authority (PEM); shows a certificate where it has one.
    pub fn new(ca: &str, own: Option<&Pair>) -> Self {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(ca.as_bytes()) {
            roots.add(certificate.expect("PEM")).expect("a certificate");
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots);
        let config = match own {
            Some(pair) => {
                let chain: Vec<_> =
                    CertificateDer::pem_slice_iter(pair.cert.as_bytes()).map(|one| one.expect("PEM")).collect();
                let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).expect("a key");
                builder.with_client_auth_cert(chain, key).expect("a pair")
            }
            None => builder.with_no_client_auth(),
        };
        Self { config: Arc::new(config) }
    }

    /// Sends a review.
    pub fn post(&self, address: SocketAddr, path: &str, body: &str) -> Result<Reply, String> {
        let name = ServerName::from(address.ip());
        let connection = ClientConnection::new(Arc::clone(&self.config), name).map_err(|error| error.to_string())?;
        let mut stream = StreamOwned::new(connection, connect(address)?);
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body.as_bytes()))
            .map_err(|e| e.to_string())?;
        let mut text = Vec::new();
        match stream.read_to_end(&mut text) {
            Ok(_) => {}
            // Whoever closes without a word of TLS has said everything before it.
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof && !text.is_empty() => {}
            Err(error) => return Err(error.to_string()),
        }
        parse(&text)
    }
}

/// Asks the ops port.
pub fn get(address: SocketAddr, path: &str) -> Result<Reply, String> {
    let mut stream = connect(address)?;
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).map_err(|error| error.to_string())?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text).map_err(|error| error.to_string())?;
    parse(&text)
}

fn connect(address: SocketAddr) -> Result<TcpStream, String> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(|error| error.to_string())?;
    let timed = stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
    timed.map_err(|error| error.to_string())?;
    Ok(stream)
}

fn parse(bytes: &[u8]) -> Result<Reply, String> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(|| format!("no answer: {text}"))?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or("no status")?;
    Ok(Reply { status, body: body.to_owned() })
}
