//! Certificates, and changing them without a pause.
//!
//! The files are read by their paths each time, so that a Secret volume, whose `..data` link is renamed at every rotation,
//! is seen each time and not only once. What is new is built whole, checked, and swapped in: handshakes that begin
//! afterwards use it, and whatever is wrong with it leaves the last good one serving. Connections that stand live on, unless
//! other callers are allowed from now on: then they end.

mod client;
mod error;
mod pem;
mod throw_away;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use portcullis_model::sha256_hex;
use rustls::ServerConfig;
use rustls::server::NoServerSessionStorage;
use tokio::sync::watch;

use self::client::ClientVerifier;
pub use self::error::{TlsError, TlsProblem};
use self::pem::Contents;
pub use self::throw_away::ThrowAway;
use crate::metrics;

/// What HTTP versions we speak, best first (ALPN, RFC 7301).
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Where the certificates are, as PEM.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate and what leads from it to its CA, in this order.
    pub cert: PathBuf,
    /// Its private key: PKCS #8, PKCS #1 or SEC 1.
    pub key: PathBuf,
    /// The CAs whose clients may call; nobody needs a certificate where this is absent.
    pub client_ca: Option<PathBuf>,
}

/// The oldest version of TLS that is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsVersion {
    /// Also 1.2.
    V1_2,
    /// 1.3 alone.
    #[default]
    V1_3,
}

/// What is asked of a caller.
#[derive(Debug, Clone, Default)]
pub struct TlsOptions {
    /// The oldest version of TLS that is spoken.
    pub min_version: TlsVersion,
    /// Who may call: common names, or DNS or URI names, compared exactly. Empty: everybody whom the client CA vouches for.
    pub client_names: Vec<String>,
}

/// The certificate that we show, and what we ask of callers; replaced whole or not at all.
pub struct Certificates {
    /// `None` where they were never in files.
    files: Option<(TlsFiles, TlsOptions)>,
    current: ArcSwap<Serving>,
    /// Held while new ones are built, so that an older reading never replaces a newer one.
    reload: Mutex<()>,
    /// The number of the callers that are allowed now.
    callers: watch::Sender<u64>,
}

/// One version of everything.
struct Serving {
    config: Arc<ServerConfig>,
    digest: String,
    expiry: SystemTime,
    /// The CAs whose clients may call, by their digest, and the number of this version of them.
    client_ca: Option<String>,
    callers: u64,
}

impl Certificates {
    /// Reads the files and checks them: the key must be the certificate's, nothing may be expired.
    ///
    /// # Errors
    ///
    /// What is wrong, with which file, and what to do. Nothing of a key is ever quoted.
    pub fn load(files: TlsFiles, options: TlsOptions) -> Result<Self, TlsError> {
        if files.client_ca.is_none() && !options.client_names.is_empty() {
            return Err(TlsError::new(&files.cert, TlsProblem::NamesWithoutCa));
        }
        let contents = Contents::read(&files)?;
        let serving = Serving::build(&files, &options, &contents)?;
        metrics::certificate_expires(serving.expiry);
        Ok(Self::of(Some((files, options)), serving))
    }

    /// A CA that lives as long as this process, and a certificate by it for these DNS names and addresses: for `--dev`.
    ///
    /// # Errors
    ///
    /// A name that no certificate can bear.
    pub fn throw_away(names: &[String]) -> Result<(Self, ThrowAway), TlsError> {
        let made = ThrowAway::make(names)?;
        let nowhere = TlsFiles { cert: PathBuf::from("throw-away"), key: PathBuf::from("throw-away"), client_ca: None };
        let contents = Contents { cert: made.cert.clone().into_bytes(), key: made.key().into(), client_ca: None };
        let serving = Serving::build(&nowhere, &TlsOptions::default(), &contents)?;
        metrics::certificate_expires(serving.expiry);
        Ok((Self::of(None, serving), made))
    }

    fn of(files: Option<(TlsFiles, TlsOptions)>, serving: Serving) -> Self {
        let callers = watch::Sender::new(serving.callers);
        Self { files, current: ArcSwap::from_pointee(serving), reload: Mutex::new(()), callers }
    }

    /// Reads the files again; true where their contents are new and serve from now on. Waits for the disk: not for an
    /// async thread.
    ///
    /// # Errors
    ///
    /// Why the new contents are refused: the same at every call until they are mended. The last good ones keep serving.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let Some((files, options)) = &self.files else { return Ok(false) };
        // A panic while it was held left nothing half done: the swap is one step.
        let _alone = self.reload.lock().unwrap_or_else(PoisonError::into_inner);
        let contents = Contents::read(files)?;
        let current = self.current.load();
        if current.digest == contents.digest() {
            metrics::certificate_expires(current.expiry);
            return Ok(false);
        }
        let mut serving = Serving::build(files, options, &contents)?;
        metrics::certificate_expires(serving.expiry);
        // The names are those of the start: only the CAs can be others.
        serving.callers = current.callers + u64::from(serving.client_ca != current.client_ca);
        let callers = serving.callers;
        self.current.store(Arc::new(serving));
        // In this order: whoever has the old version hears of it, whoever has the new one is not meant.
        self.callers.send_if_modified(|now| std::mem::replace(now, callers) != callers);
        Ok(true)
    }

    /// When the first certificate of the chain that serves expires.
    pub fn expiry(&self) -> SystemTime {
        self.current.load().expiry
    }

    /// Whether callers must show a certificate.
    pub fn asks_for_client_certificates(&self) -> bool {
        self.files.as_ref().is_some_and(|(files, _)| files.client_ca.is_some())
    }

    /// What a handshake that begins now uses, and the callers that it lets in.
    pub(crate) fn config(&self) -> (Arc<ServerConfig>, Callers) {
        let current = self.current.load();
        (Arc::clone(&current.config), Callers { version: current.callers, now: self.callers.subscribe() })
    }
}

/// The callers that were allowed at a handshake.
pub(crate) struct Callers {
    version: u64,
    now: watch::Receiver<u64>,
}

impl Callers {
    /// Returns when others are allowed.
    pub(crate) async fn changed(&mut self) {
        let version = self.version;
        if self.now.wait_for(|now| *now != version).await.is_err() {
            // Nobody can change them any more.
            std::future::pending::<()>().await;
        }
    }

    pub(crate) fn have_changed(&self) -> bool {
        *self.now.borrow() != self.version
    }
}

impl Serving {
    fn build(files: &TlsFiles, options: &TlsOptions, contents: &Contents) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let chain = pem::certificates(&files.cert, &contents.cert)?;
        let key = pem::key(&files.key, &contents.key)?;
        let now = SystemTime::now();
        let mut expiry: Option<SystemTime> = None;
        for certificate in &chain {
            let validity = pem::validity(&files.cert, certificate)?;
            if validity.end <= now {
                return Err(TlsError::new(&files.cert, TlsProblem::Expired(validity.end)));
            }
            expiry = Some(expiry.map_or(validity.end, |first| first.min(validity.end)));
        }
        let expiry = expiry.ok_or_else(|| TlsError::new(&files.cert, TlsProblem::NoCertificate))?;

        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions(options.min_version))
            .map_err(|error| TlsError::new(&files.cert, TlsProblem::Unusable(error)))?;
        let verifier = match (&files.client_ca, &contents.client_ca) {
            (Some(path), Some(bytes)) => Some(ClientVerifier::new(path, bytes, &options.client_names, &provider)?),
            _ => None,
        };
        let known_callers = verifier.is_some();
        let builder = match verifier {
            Some(verifier) => builder.with_client_cert_verifier(Arc::new(verifier)),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                TlsError::new(&files.key, TlsProblem::KeyMismatch(files.cert.clone()))
            }
            error => TlsError::new(&files.key, TlsProblem::Unusable(error)),
        })?;
        config.alpn_protocols = PROTOCOLS.iter().map(|protocol| protocol.to_vec()).collect();
        if known_callers {
            // A resumed session would not be verified again: every caller shows its certificate in every connection.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        let client_ca = contents.client_ca.as_deref().map(sha256_hex);
        Ok(Self { config: Arc::new(config), digest: contents.digest(), expiry, client_ca, callers: 0 })
    }
}

fn versions(oldest: TlsVersion) -> &'static [&'static rustls::SupportedProtocolVersion] {
    static BOTH: [&rustls::SupportedProtocolVersion; 2] = [&rustls::version::TLS13, &rustls::version::TLS12];
    match oldest {
        TlsVersion::V1_2 => &BOTH,
        TlsVersion::V1_3 => &BOTH[..1],
    }
}

/// Seconds since 1970, as they stand in certificates; before it is zero.
fn time(seconds: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
}
