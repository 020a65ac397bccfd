//! Connections: the address that was checked is the address that is dialled.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsConnector;

use crate::address::{Reach, objection};
use crate::config::Config;
use crate::error::{Cause, chain};
use crate::limits::{MAX_ADDRESSES, MAX_LOOKUPS};
use crate::name::checked_host;
use crate::proxy::Proxy;
use crate::trust::Trust;

/// A stream of bytes, whatever is below it.
trait Bytes: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Bytes for S {}

/// Makes connections for the pool.
#[derive(Clone)]
pub(crate) struct Dialler {
    config: Arc<Config>,
    trust: Arc<Trust>,
    connections: Arc<Semaphore>,
    lookups: Arc<Semaphore>,
}

impl Dialler {
    pub(crate) fn new(config: Arc<Config>) -> Result<Self, Cause> {
        let trust = Arc::new(Trust::of(&config)?);
        let connections = Arc::new(Semaphore::new(config.limits.connections));
        Ok(Self { config, trust, connections, lookups: Arc::new(Semaphore::new(MAX_LOOKUPS)) })
    }

    async fn dial(self, url: Uri) -> Result<Link, Cause> {
        let permit = Arc::clone(&self.connections).acquire_owned().await.map_err(|_| Cause::Crowded)?;
        let authority = url.authority().map(|authority| authority.as_str()).unwrap_or_default();
        let host = url.host().unwrap_or_default().to_ascii_lowercase();
        let connecting = self.connect(&url, authority, &host);
        let limit = self.config.limits.connect;
        let (stream, http2) = within(limit, &host, connecting).await?;
        Ok(Link { stream: TokioIo::new(stream), http2, _permit: permit })
    }

    async fn connect(&self, url: &Uri, authority: &str, host: &str) -> Result<(Box<dyn Bytes>, bool), Cause> {
        let name = checked_host(authority)?;
        let plain_http = url.scheme_str() == Some("http");
        let name = name.strip_suffix(if plain_http { ":80" } else { ":443" }).unwrap_or(&name);
        let port = url.port_u16().unwrap_or(if plain_http { 80 } else { 443 });
        let forbidden = |why: &str| Cause::Forbidden { host: name.to_owned(), why: why.to_owned() };
        if plain_http && !self.config.host(name).is_some_and(|host| host.plain_http) {
            return Err(forbidden("plain HTTP is spoken only with hosts that the settings name for it"));
        }
        if !self.config.allows_port(name, port) {
            return Err(forbidden("its port is below 1024 and not 443, and the settings do not name it"));
        }
        let reach = self.config.reach(name);
        let stream: Box<dyn Bytes> = match self.config.proxy.as_ref().filter(|proxy| proxy.is_for(host, port)) {
            // A plain registry is a private one: the proxy is that for HTTPS.
            Some(proxy) if !plain_http => self.tunnel(proxy, name, host, port, reach).await?,
            _ => Box::new(self.open(name, host, port, reach).await?),
        };
        if plain_http {
            return Ok((stream, false));
        }
        let (stream, http2) = secure(stream, self.trust.of_host(name), host).await?;
        Ok((stream, http2))
    }

    /// A connection to the first address of a host that takes one. Every address is checked right before it is dialled,
    /// and nothing is looked up in between, so that a name cannot change its mind.
    async fn open(&self, name: &str, host: &str, port: u16, reach: Reach) -> Result<TcpStream, Cause> {
        let mut refusal = None;
        let mut dialled = 0;
        for address in self.addresses(host, port).await? {
            if let Some(why) = objection(address.ip(), reach) {
                let why = format!("{why} ({})", address.ip());
                refusal.get_or_insert(Cause::Forbidden { host: name.to_owned(), why });
                continue;
            }
            if dialled >= MAX_ADDRESSES {
                break;
            }
            dialled += 1;
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => refusal = Some(unreachable(name, &error)),
            }
        }
        Err(refusal.unwrap_or_else(|| unresolved(host, "it has no address")))
    }

    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Cause> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        if let Some(addresses) = self.config.addresses.get(host) {
            return Ok(addresses.iter().map(|address| SocketAddr::new(*address, port)).collect());
        }
        let permit = Arc::clone(&self.lookups).acquire_owned().await.map_err(|_| Cause::Crowded)?;
        let name = bare.to_owned();
        let looking = tokio::task::spawn_blocking(move || {
            let found = (name.as_str(), port).to_socket_addrs().map(Vec::from_iter);
            // Given back only now: a lookup that nobody waits for any more still holds its thread.
            drop(permit);
            found
        });
        match looking.await {
            Ok(Ok(addresses)) => Ok(addresses),
            Ok(Err(error)) => Err(unresolved(host, &error.to_string())),
            Err(error) => Err(unresolved(host, &error.to_string())),
        }
    }

    async fn tunnel(
        &self,
        proxy: &Proxy,
        name: &str,
        host: &str,
        port: u16,
        reach: Reach,
    ) -> Result<Box<dyn Bytes>, Cause> {
        // The proxy looks names up; what we can judge is a name that is an address, or this machine.
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let is_local = (host == "localhost" || host.ends_with(".localhost")) && reach == Reach::Public;
        let why = match bare.parse() {
            Ok(address) => objection(address, reach),
            Err(_) => is_local.then_some("it is a name of this machine"),
        };
        if let Some(why) = why {
            return Err(Cause::Forbidden { host: name.to_owned(), why: why.to_owned() });
        }
        let shown = format!("the proxy {}:{}", proxy.host, proxy.port);
        let stream = self.open(&shown, &proxy.host, proxy.port, Reach::Private).await?;
        let mut stream: Box<dyn Bytes> = Box::new(stream);
        if proxy.tls {
            stream = secure(stream, self.trust.of_proxy(), &proxy.host).await?.0;
        }
        proxy.tunnel(&mut stream, host, port).await.map_err(|why| Cause::Unreachable { host: shown, why })?;
        Ok(stream)
    }
}

async fn secure(
    stream: Box<dyn Bytes>,
    settings: Arc<ClientConfig>,
    host: &str,
) -> Result<(Box<dyn Bytes>, bool), Cause> {
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let failed = |why: String| Cause::Tls { host: host.to_owned(), why };
    let name = ServerName::try_from(bare).map_err(|error| failed(error.to_string()))?;
    let stream = TlsConnector::from(settings).connect(name, stream).await.map_err(|error| match error.kind() {
        // A peer that just goes away is not one with a wrong certificate.
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => unreachable(host, &error),
        _ => failed(chain(&error)),
    })?;
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    Ok((Box::new(stream), http2))
}

async fn within<T>(limit: Duration, host: &str, work: impl Future<Output = Result<T, Cause>>) -> Result<T, Cause> {
    let late =
        || Cause::Unreachable { host: host.to_owned(), why: format!("no connection within {} ms", limit.as_millis()) };
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(late()))
}

fn unreachable(host: &str, error: &io::Error) -> Cause {
    Cause::Unreachable { host: host.to_owned(), why: chain(error) }
}

fn unresolved(host: &str, why: &str) -> Cause {
    Cause::Unresolved { host: host.to_owned(), why: crate::error::quoted(why) }
}

impl tower_service::Service<Uri> for Dialler {
    type Response = Link;
    type Error = Cause;
    type Future = Pin<Box<dyn Future<Output = Result<Link, Cause>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Cause>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, url: Uri) -> Self::Future {
        Box::pin(self.clone().dial(url))
    }
}

/// One connection; while it lives, it counts.
pub(crate) struct Link {
    stream: TokioIo<Box<dyn Bytes>>,
    http2: bool,
    _permit: OwnedSemaphorePermit,
}

impl Connection for Link {
    fn connected(&self) -> Connected {
        if self.http2 { Connected::new().negotiated_h2() } else { Connected::new() }
    }
}

impl Read for Link {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl Write for Link {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
