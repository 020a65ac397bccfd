//! Every bound of a connection, by name.

use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;

/// What a connection may cost. The defaults suit an API server that calls over HTTP/1.1 with many connections, and bear
/// thousands of others that only stand.
#[derive(Debug, Clone)]
pub struct ConnectionLimits {
    /// How many connections stand at once; those beyond wait in the kernel's queue until one is `spare`.
    pub max_connections: usize,
    /// While all of these stand, one that has been idle for so long is let go for each that comes, and first of all those that
    /// were never answered, so that nobody keeps the API server out by standing in its way (A55). Idle is also who owes the rest
    /// of a body, or does not take an answer.
    pub spare: Duration,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long the headers of the first request may take from their first byte on.
    pub header: Duration,
    /// How long a body may take from the end of the headers to its last byte.
    pub body: Duration,
    /// How long a connection may stand without a request, before its first as after any other. Longer than the 90 s of Go's
    /// client, which also opens connections ahead of their use, so that the API server is always the one who hangs up: a
    /// request that meets our hanging up would be lost, and denied.
    pub idle: Duration,
    /// How long an answer may wait until it is taken; nobody who waits for one takes longer.
    pub answer: Duration,
    /// How long requests in flight may take once their caller might not be let in any more, because the client CAs are
    /// others.
    pub revoked: Duration,
    /// The longest headers of one request, in bytes.
    pub max_headers: usize,
    /// How many requests one HTTP/2 connection may have in flight.
    pub max_streams: u32,
    /// How many HTTP/2 requests that were reset at once are borne until the connection ends (CVE-2023-44487).
    pub max_resets: usize,
    /// How long new connections are still welcome after a shutdown has begun, so that whoever has not heard of it gets an
    /// answer. At most half of `drain`.
    pub linger: Duration,
    /// How long requests in flight may take after a shutdown has begun; includes `linger`.
    pub drain: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            max_connections: 2048,
            spare: Duration::from_millis(500),
            handshake: Duration::from_secs(5),
            header: Duration::from_secs(10),
            body: Duration::from_secs(10),
            idle: Duration::from_secs(180),
            answer: Duration::from_secs(30),
            revoked: Duration::from_secs(10),
            max_headers: 32 << 10,
            max_streams: 100,
            max_resets: 20,
            linger: Duration::from_secs(3),
            drain: Duration::from_secs(30),
        }
    }
}

/// The least that hyper takes for headers.
const LEAST_HEADERS: usize = 8192;
/// How much of one HTTP/2 request, and of all requests of a connection, is taken before anybody reads it, in bytes. It is held
/// outside of `--max-held`, so all connections together may send 256 MiB (A50).
const WINDOW: (u32, u32) = (64 << 10, 128 << 10);
/// How often a silent HTTP/2 connection is asked whether it is still there.
const PING: Duration = Duration::from_secs(30);

impl ConnectionLimits {
    pub(super) fn http(&self) -> Builder<TokioExecutor> {
        let mut http = Builder::new(TokioExecutor::new());
        http.http1()
            .timer(TokioTimer::new())
            // It would also end idle connections; `activity.rs` knows the difference.
            .header_read_timeout(None)
            .max_buf_size(self.max_headers.max(LEAST_HEADERS));
        http.http2()
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(self.max_headers).unwrap_or(u32::MAX))
            .max_concurrent_streams(self.max_streams)
            .max_pending_accept_reset_streams(self.max_resets)
            .max_local_error_reset_streams(self.max_resets)
            .initial_stream_window_size(WINDOW.0)
            .initial_connection_window_size(WINDOW.1)
            .keep_alive_interval(PING)
            .keep_alive_timeout(self.header);
        http
    }
}
