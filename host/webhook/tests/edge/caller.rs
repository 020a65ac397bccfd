//! Callers, certificates and servers for the tests of the edge.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::{get, post};
use portcullis_webhook::listen::{ConnectionLimits, Ended, Shutdown, serve_plain, serve_tls};
use portcullis_webhook::tls::{Certificates, TlsFiles};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Longer than anything here may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub const DAY: Duration = Duration::from_secs(24 * 3600);

/// A CA of a test.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, as PEM.
#[derive(Clone)]
pub struct Identity {
    pub cert: String,
    pub key: String,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        Self::until(name, SystemTime::now() + DAY)
    }

    pub fn until(name: &str, end: SystemTime) -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_before = (SystemTime::now() - 30 * DAY).into();
        params.not_after = end.into();
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// For a server on loopback.
    pub fn server(&self, common_name: &str) -> Identity {
        self.issue(common_name, &[], SystemTime::now() + DAY)
    }

    pub fn issue(&self, common_name: &str, uris: &[&str], end: SystemTime) -> Identity {
        let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.subject_alt_names.extend(uris.iter().map(|uri| SanType::URI((*uri).try_into().unwrap())));
        params.not_before = (SystemTime::now() - 30 * DAY).into();
        params.not_after = end.into();
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.0).unwrap();
        Identity { cert: cert.pem(), key: key.serialize_pem() }
    }
}

/// A folder that is gone when the test is.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("portcullis-edge-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes the pair as the kubelet does with a Secret: a new folder, and the `..data` link renamed over the old one.
    pub fn rotate(&self, version: &str, identity: &Identity) {
        let folder = format!("..{version}");
        std::fs::create_dir(self.0.join(&folder)).unwrap();
        std::fs::write(self.0.join(&folder).join("tls.crt"), &identity.cert).unwrap();
        std::fs::write(self.0.join(&folder).join("tls.key"), &identity.key).unwrap();
        let old = std::fs::read_link(self.0.join("..data")).ok();
        std::os::unix::fs::symlink(&folder, self.0.join("..data_tmp")).unwrap();
        std::fs::rename(self.0.join("..data_tmp"), self.0.join("..data")).unwrap();
        match old {
            Some(old) => std::fs::remove_dir_all(self.0.join(old)).unwrap(),
            None => {
                for name in ["tls.crt", "tls.key"] {
                    std::os::unix::fs::symlink(format!("..data/{name}"), self.0.join(name)).unwrap();
                }
            }
        }
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn files(&self, identity: &Identity) -> TlsFiles {
        let cert = self.write("tls.crt", &identity.cert);
        TlsFiles { cert, key: self.write("tls.key", &identity.key), client_ca: None }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A server of a test; ends with it.
pub struct Server {
    pub address: SocketAddr,
    pub shutdown: Shutdown,
    task: JoinHandle<Ended>,
}

impl Server {
    pub async fn plain(limits: ConnectionLimits) -> Self {
        Self::plain_with(routes(), limits).await
    }

    pub async fn plain_with(router: Router, limits: ConnectionLimits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, shutdown) = (listener.local_addr().unwrap(), Shutdown::new());
        let task = tokio::spawn(serve_plain(listener, router, limits, shutdown.clone()));
        Self { address, shutdown, task }
    }

    pub async fn tls(certificates: &Arc<Certificates>, limits: ConnectionLimits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, shutdown) = (listener.local_addr().unwrap(), Shutdown::new());
        let task = tokio::spawn(serve_tls(listener, routes(), Arc::clone(certificates), limits, shutdown.clone()));
        Self { address, shutdown, task }
    }

    pub async fn tcp(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    pub async fn ended(self) -> Ended {
        tokio::time::timeout(PATIENCE, self.task).await.expect("the server ends").unwrap()
    }
}

/// `/` answers at once, `/slow` after a moment, `/never` never, `/body` when the body is there.
fn routes() -> Router {
    Router::new()
        .route("/", get(async || "ok"))
        .route(
            "/slow",
            get(async || {
                tokio::time::sleep(Duration::from_millis(500)).await;
                "slow"
            }),
        )
        .route("/never", get(std::future::pending::<&'static str>))
        .route(
            "/body",
            post(async |body: Result<Bytes, axum::extract::rejection::BytesRejection>| match body {
                Ok(body) => (StatusCode::OK, body.len().to_string()),
                Err(_) => (StatusCode::REQUEST_TIMEOUT, "too slow".to_owned()),
            }),
        )
}

/// A caller over TLS.
pub struct Caller {
    config: ClientConfig,
}

impl Caller {
    pub fn trusting(ca: &str) -> Self {
        Self::with(ca, None, rustls::DEFAULT_VERSIONS)
    }

    pub fn with(ca: &str, identity: Option<&Identity>, versions: &[&'static rustls::SupportedProtocolVersion]) -> Self {
        let mut roots = RootCertStore::empty();
        for ca in CertificateDer::pem_slice_iter(ca.as_bytes()) {
            roots.add(ca.unwrap()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
        let builder = builder.with_root_certificates(roots);
        let config = match identity {
            Some(identity) => {
                let chain = CertificateDer::pem_slice_iter(identity.cert.as_bytes()).map(Result::unwrap).collect();
                let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
                builder.with_client_auth_cert(chain, key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        Self { config }
    }

    pub fn speaking(mut self, protocol: &[u8]) -> Self {
        self.config.alpn_protocols = vec![protocol.to_vec()];
        self
    }

    pub async fn connect(&self, address: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
        let tcp = TcpStream::connect(address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(self.config.clone())).connect(name, tcp).await
    }

    /// One request on a connection of its own: its status, or that it was refused.
    pub async fn get(&self, address: SocketAddr) -> Result<u16, String> {
        let mut stream = self.connect(address).await.map_err(|error| error.to_string())?;
        let answer = request(&mut stream, "GET", "/").await.map_err(|error| error.to_string())?;
        Ok(answer.status)
    }
}

/// The serial number of the certificate that a server showed.
pub fn serial(stream: &TlsStream<TcpStream>) -> Vec<u8> {
    let shown = stream.get_ref().1.peer_certificates().unwrap()[0].clone();
    x509_parser::parse_x509_certificate(&shown).unwrap().1.raw_serial().to_vec()
}

/// An answer over HTTP/1.1.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// One request over HTTP/1.1; the connection stays.
pub async fn request<S>(stream: &mut S, method: &str, path: &str) -> std::io::Result<Answer>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await?;
    answer(stream).await
}

/// Reads one answer.
pub async fn answer<S: AsyncRead + Unpin>(stream: &mut S) -> std::io::Result<Answer> {
    let read = async {
        let mut bytes = Vec::new();
        loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
                let length: usize = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "))
                    .map_or(0, |length| length.parse().unwrap());
                if bytes.len() >= end + 4 + length {
                    let status = head[9..12].parse().unwrap();
                    let body = String::from_utf8_lossy(&bytes[end + 4..end + 4 + length]).into_owned();
                    return Ok(Answer { status, head, body });
                }
            }
            let mut buffer = [0; 4096];
            let count = stream.read(&mut buffer).await?;
            if count == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            bytes.extend_from_slice(&buffer[..count]);
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("an answer in time")
}

/// Waits until the other side has hung up.
pub async fn hung_up<S: AsyncRead + Unpin>(stream: &mut S) {
    let read = async {
        let mut buffer = [0; 4096];
        while matches!(stream.read(&mut buffer).await, Ok(count) if count > 0) {}
    };
    tokio::time::timeout(PATIENCE, read).await.expect("the server hangs up");
}
