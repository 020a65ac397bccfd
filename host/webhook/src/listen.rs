//! Connections: how many, for how long, and how they end.
//!
//! Whoever does not finish a handshake, a header or a body in time is let go, whoever says nothing is let go later, and
//! nobody holds more than one place of a bounded number. A stop first announces itself and still answers everybody.

mod activity;
mod body;
mod heard;
mod limits;
mod open_files;
mod places;
mod plain_http;
pub(crate) mod seldom;
mod shutdown;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;

use self::activity::Activity;
pub(crate) use self::body::TooSlow;
use self::body::{Counted, Timed};
use self::heard::Heard;
pub use self::limits::ConnectionLimits;
pub use self::open_files::{OTHER_FILES, connections_within, may_open};
use self::places::{Place, Places};
use self::seldom::Seldom;
pub use self::shutdown::Shutdown;
use crate::metrics;
use crate::tls::{Callers, Certificates};

/// How long a connection that was told to end may take until it is cut.
const FAREWELL: Duration = Duration::from_secs(1);
/// The first wait after a connection that could not be accepted; it doubles up to a second.
const PAUSE: Duration = Duration::from_millis(5);
/// How often one complaint about connections is repeated at most.
const COMPLAINT: Duration = Duration::from_secs(10);

/// Where a request came from; stands in its extensions.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// How a listener ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// The connections that had to be cut because the drain was over.
    pub cut: usize,
}

/// Serves over TLS until the shutdown, and returns when the last connection has ended or was cut.
pub async fn serve_tls(
    listener: TcpListener,
    router: Router,
    tls: Arc<Certificates>,
    limits: ConnectionLimits,
    shutdown: Shutdown,
) -> Ended {
    serve(listener, router, Door::Tls(tls), limits, shutdown).await
}

/// Serves in the clear until the shutdown, and returns when the last connection has ended or was cut.
pub async fn serve_plain(listener: TcpListener, router: Router, limits: ConnectionLimits, shutdown: Shutdown) -> Ended {
    serve(listener, router, Door::Plain, limits, shutdown).await
}

enum Door {
    Plain,
    Tls(Arc<Certificates>),
}

impl Door {
    fn name(&self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Tls(_) => "tls",
        }
    }
}

/// What connections are told, once and for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    /// Answer what is in flight, and end.
    Closing,
    /// End.
    Cut,
}

struct Server {
    router: Router,
    door: Door,
    limits: ConnectionLimits,
    shutdown: Shutdown,
    http: Builder<TokioExecutor>,
    stage: watch::Sender<Stage>,
    refused: Seldom,
    /// Of its own, so that a flood of one keeps the other out of no log.
    plain: Seldom,
}

async fn serve(
    listener: TcpListener,
    router: Router,
    door: Door,
    limits: ConnectionLimits,
    shutdown: Shutdown,
) -> Ended {
    let http = limits.http();
    let server = Arc::new(Server {
        router,
        door,
        limits,
        shutdown,
        http,
        stage: watch::Sender::new(Stage::Open),
        refused: Seldom::new(),
        plain: Seldom::new(),
    });
    let places = Places::new(server.limits.max_connections);

    let deadline = accept_all(&listener, &server, &places).await;
    drop(listener);
    server.stage.send_replace(Stage::Closing);
    let cut = places.all_left(deadline).await;
    if cut > 0 {
        server.stage.send_replace(Stage::Cut);
        // Cut connections give their places back at once; a bound all the same, so that a stop always ends.
        places.all_left(Instant::now() + FAREWELL).await;
    }
    Ended { cut }
}

/// Accepts until a shutdown has begun and those who did not hear of it had their time; gives the end of the drain.
async fn accept_all(listener: &TcpListener, server: &Arc<Server>, places: &Arc<Places>) -> Instant {
    let mut stop = pin!(async {
        server.shutdown.begun().await;
        let deadline = Instant::now() + server.limits.drain;
        sleep(server.limits.linger.min(server.limits.drain / 2)).await;
        deadline
    });
    let mut pause = PAUSE;
    let mut complained: Option<Instant> = None;
    loop {
        let accepted = tokio::select! {
            biased;
            deadline = &mut stop => return deadline,
            accepted = accept(listener, places, server, &mut complained) => accepted,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                pause = PAUSE;
                tokio::spawn(Arc::clone(server).connection(stream, peer, place));
            }
            // The caller left before we came to it.
            Err(error) if is_the_callers(&error) => {}
            // No descriptor or no memory left: asking again at once would only burn a core.
            Err(error) => {
                metrics::connection_refused(server.door.name(), "accept");
                complain(&mut complained, || {
                    tracing::error!(door = server.door.name(), %error, "no connection can be accepted; trying again");
                });
                tokio::select! {
                    deadline = &mut stop => return deadline,
                    () = sleep(pause) => pause = (pause * 2).min(Duration::from_secs(1)),
                }
            }
        }
    }
}

/// The next connection, as soon as there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Places>,
    server: &Server,
    complained: &mut Option<Instant>,
) -> io::Result<(TcpStream, SocketAddr, Place)> {
    let permit = match places.free() {
        Some(permit) => permit,
        None => {
            let door = server.door.name();
            metrics::connection_refused(door, "full");
            complain(complained, || {
                tracing::warn!(door, "as many connections as are allowed; idle ones are let go, others wait");
            });
            places.make_room(server.limits.spare, || metrics::connection_refused(door, "made_room")).await?
        }
    };
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, places.take(permit)))
}

fn complain(last: &mut Option<Instant>, say: impl FnOnce()) {
    if last.is_none_or(|last| last.elapsed() >= COMPLAINT) {
        *last = Some(Instant::now());
        say();
    }
}

fn is_the_callers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

impl Server {
    /// One connection from its first byte to its last. The place is given back when it is over.
    async fn connection(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, place: Place) {
        let _counted = metrics::connection(self.door.name());
        // Answers are small and somebody waits for them. A socket that refuses is slower and works.
        let _ = stream.set_nodelay(true);
        let certificates = match &self.door {
            Door::Plain => return self.http(stream, peer, None, &place).await,
            Door::Tls(certificates) => certificates,
        };
        let (config, callers) = certificates.config();
        let handshake = async {
            match plain_http::is_spoken(&stream).await? {
                true => Ok(Err(stream)),
                false => TlsAcceptor::from(config).accept(stream).await.map(Ok),
            }
        };
        let mut stage = self.stage.subscribe();
        let result = tokio::select! {
            result = timeout(self.limits.handshake, handshake) => result,
            () = async { drop(stage.wait_for(|stage| *stage == Stage::Cut).await) } => return,
            () = place.is_needed() => return,
        };
        match result {
            Ok(Ok(Err(plain))) => {
                metrics::connection_refused("tls", "plain_http");
                match self.plain.now() {
                    Some(left_out) => tracing::warn!(%peer, left_out, "plain HTTP refused: this port speaks HTTPS"),
                    None => tracing::debug!(%peer, "plain HTTP refused: this port speaks HTTPS"),
                }
                plain_http::refuse(plain).await;
            }
            Ok(Ok(Ok(_))) if callers.have_changed() => {
                metrics::connection_refused("tls", "revoked");
                tracing::debug!(%peer, "client CAs changed during the handshake");
            }
            Ok(Ok(Ok(stream))) => self.http(stream, peer, Some(callers), &place).await,
            // Where the API server itself is refused, nothing else says why; but anybody who reaches the port can make as
            // many of them as he likes.
            Ok(Err(error)) => {
                metrics::connection_refused("tls", "handshake");
                match self.refused.now() {
                    Some(left_out) => tracing::warn!(%peer, %error, left_out, "TLS handshake refused"),
                    None => tracing::debug!(%peer, %error, "TLS handshake refused"),
                }
            }
            Err(_) => {
                metrics::connection_refused("tls", "slow");
                tracing::debug!(%peer, "handshake too slow");
            }
        }
    }

    async fn http<S>(&self, stream: S, peer: SocketAddr, callers: Option<Callers>, place: &Place)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Arc::clone(&place.activity);
        activity.can_ask();
        let service = Service {
            router: self.router.clone(),
            activity: Arc::clone(&activity),
            shutdown: self.shutdown.clone(),
            body: self.limits.body,
            peer,
        };
        let mut connection = pin!(self.http.serve_connection(TokioIo::new(Heard::new(stream, &activity)), service));
        let mut stage = self.stage.subscribe();
        let mut farewell: Option<Instant> = None;
        let mut revoked = pin!(async {
            match callers {
                Some(mut callers) => callers.changed().await,
                None => std::future::pending().await,
            }
        });
        let (mut needed, mut is_revoked, mut is_needed) = (pin!(place.is_needed()), false, false);
        loop {
            let asleep = farewell.unwrap_or_else(|| activity.wakes(&self.limits));
            tokio::select! {
                // Errors are the caller's: it left, or does not speak HTTP.
                result = connection.as_mut() => {
                    if let Err(error) = result {
                        tracing::debug!(%peer, %error, "connection ended");
                    }
                    return;
                }
                changed = stage.changed() => {
                    let now = *stage.borrow_and_update();
                    if changed.is_err() || now == Stage::Cut {
                        return;
                    }
                    // What is in flight ends by itself, bounded by the drain.
                    connection.as_mut().graceful_shutdown();
                }
                () = &mut revoked, if !is_revoked => {
                    is_revoked = true;
                    tracing::debug!(%peer, "client CAs changed: the connection ends");
                    connection.as_mut().graceful_shutdown();
                    let end = Instant::now() + self.limits.revoked;
                    farewell = Some(farewell.map_or(end, |before| before.min(end)));
                }
                () = &mut needed, if !is_needed => {
                    is_needed = true;
                    tracing::debug!(%peer, "every place is taken: an idle connection ends");
                    if activity.idle().is_some() && activity.has_asked() {
                        // It sends no rest or takes no answer, and would not end for being told.
                        return;
                    }
                    connection.as_mut().graceful_shutdown();
                    // It may have asked for something just now.
                    let most = if activity.idle().is_some() { FAREWELL } else { self.limits.revoked };
                    let end = Instant::now() + most;
                    farewell = Some(farewell.map_or(end, |before| before.min(end)));
                }
                // Its time is another one from now on.
                () = activity.spoke() => {}
                () = sleep_until(asleep) => {
                    if farewell.is_some() {
                        return;
                    }
                    if activity.is_asleep(&self.limits) {
                        connection.as_mut().graceful_shutdown();
                        farewell = Some(Instant::now() + FAREWELL);
                    }
                }
            }
        }
    }
}

/// Hands one connection's requests to the routes, and keeps count of them.
struct Service {
    router: Router,
    activity: Arc<Activity>,
    shutdown: Shutdown,
    body: Duration,
    peer: SocketAddr,
}

impl hyper::service::Service<Request<Incoming>> for Service {
    type Response = Response<Counted>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let mut in_flight = self.activity.begin();
        let version = request.version();
        let deadline = Instant::now() + self.body;
        let mut request = request.map(|body| axum::body::Body::new(Timed::new(body, deadline, &self.activity)));
        request.extensions_mut().insert(Peer(self.peer));
        let answer = self.router.clone().call(request);
        let shutdown = self.shutdown.clone();
        Box::pin(async move {
            let mut response = answer.await?;
            in_flight.is_ready();
            // Tells the caller not to use this connection again, before it is closed under its next request. HTTP/2
            // has a message of its own for that.
            if version <= Version::HTTP_11 && shutdown.has_begun() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response.map(|body| Counted::new(body, in_flight)))
        })
    }
}
