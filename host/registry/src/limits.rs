//! Every bound of the client, by name.

use std::time::Duration;

/// The longest manifest or index, in bytes: what registries take at most (OCI distribution 1.1, "Pushing Manifests").
pub const MAX_MANIFEST: u64 = 4 * 1024 * 1024;
/// The most values of a manifest or index, counted by its commas: a thousand referrers with ten annotations each have half of it.
pub const MAX_MANIFEST_VALUES: usize = 50_000;
/// The longest blob, in bytes.
pub const MAX_BLOB: u64 = 48 * 1024 * 1024;
/// The longest answer that is an error or a token, in bytes.
pub const MAX_ANSWER: u64 = 64 * 1024;
/// The most bytes that all answers under way may come to.
pub const MAX_BYTES_UNDER_WAY: u64 = 256 * 1024 * 1024;
/// One host may take so small a part of that at once (one of so many), and always one answer of the largest size.
pub const HOST_PART: u64 = 4;
/// The most requests to one host at once: a host that never answers must not take all connections.
pub const MAX_REQUESTS_PER_HOST: usize = 32;
/// The most referrers of one digest.
pub const MAX_REFERRERS: usize = 1_000;
/// The most pages that they may come in.
pub const MAX_PAGES: usize = 50;
/// The most redirects of one request.
pub const MAX_REDIRECTS: usize = 5;
/// How deep indexes may lie in an index.
pub const MAX_NESTING: usize = 2;
/// The most manifests that are fetched for one index.
pub const MAX_CHILDREN: usize = 128;
/// The most bytes of the headers of an answer.
pub const MAX_HEADER_BYTES: usize = 64 * 1024;
/// The most headers of an answer.
pub const MAX_HEADERS: usize = 100;
/// The most connections, idle ones included.
pub const MAX_CONNECTIONS: usize = 256;
/// The most idle connections to one host.
pub const MAX_IDLE_PER_HOST: usize = 2;
/// The most bytes that may lie unread in one answer over HTTP/2.
pub const STREAM_WINDOW: u32 = 256 * 1024;
/// The most bytes that may lie unread in one connection over HTTP/2.
pub const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// How often a connection over HTTP/2 is asked whether it still lives, while a question is under way.
pub const PING_INTERVAL: Duration = Duration::from_secs(4);
/// How long it may take to say so.
pub const PING_TIMEOUT: Duration = Duration::from_secs(4);
/// How long a connection may be idle.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a connection may take, name lookup, proxy and TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an answer may take to begin.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one question may take, whatever time its caller has.
pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(60);
/// How often a request is repeated after a failure that may pass.
pub const RETRIES: usize = 2;
/// How often a request is repeated because the registry named a time to come back (`Retry-After`).
pub const THROTTLED_RETRIES: usize = 4;
/// How long the first pause before a repetition is, at most; the second is four times as long.
pub const BACKOFF: Duration = Duration::from_millis(150);
/// The most credentials that are tried for one request.
pub const MAX_CREDENTIALS: usize = 8;
/// The most tokens that are remembered.
pub const MAX_TOKENS: usize = 512;
/// The longest token, in bytes.
pub const MAX_TOKEN: usize = 32 * 1024;
/// How long a token is remembered at most, whatever it says.
pub const MAX_TOKEN_AGE: Duration = Duration::from_secs(30 * 60);
/// How long a credential helper may run.
pub const HELPER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the answer of a credential helper is remembered.
pub const HELPER_AGE: Duration = Duration::from_secs(5 * 60);
/// The longest answer of a credential helper, in bytes.
pub const MAX_HELPER_ANSWER: u64 = 64 * 1024;
/// The longest `config.json` or pull secret, in bytes; that of a Secret (1 MiB) and no more.
pub const MAX_DOCKER_CONFIG: u64 = 1024 * 1024;
/// The most name lookups at once: each holds a thread, and nothing can end one.
pub const MAX_LOOKUPS: usize = 64;
/// The most addresses of one host that are tried.
pub const MAX_ADDRESSES: usize = 4;

/// The bounds that an operator or a test may want to move; all others are constants of this module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// See [`MAX_MANIFEST`].
    pub manifest: u64,
    /// See [`MAX_BLOB`].
    pub blob: u64,
    /// See [`MAX_BYTES_UNDER_WAY`].
    pub bytes_under_way: u64,
    /// See [`MAX_REFERRERS`].
    pub referrers: usize,
    /// See [`MAX_PAGES`].
    pub pages: usize,
    /// See [`MAX_REDIRECTS`].
    pub redirects: usize,
    /// See [`MAX_NESTING`].
    pub nesting: usize,
    /// See [`MAX_CHILDREN`].
    pub children: usize,
    /// See [`MAX_CONNECTIONS`].
    pub connections: usize,
    /// See [`CONNECT_TIMEOUT`].
    pub connect: Duration,
    /// See [`ANSWER_TIMEOUT`].
    pub answer: Duration,
    /// See [`TOTAL_TIMEOUT`].
    pub total: Duration,
    /// See [`RETRIES`].
    pub retries: usize,
    /// See [`BACKOFF`].
    pub backoff: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            manifest: MAX_MANIFEST,
            blob: MAX_BLOB,
            bytes_under_way: MAX_BYTES_UNDER_WAY,
            referrers: MAX_REFERRERS,
            pages: MAX_PAGES,
            redirects: MAX_REDIRECTS,
            nesting: MAX_NESTING,
            children: MAX_CHILDREN,
            connections: MAX_CONNECTIONS,
            connect: CONNECT_TIMEOUT,
            answer: ANSWER_TIMEOUT,
            total: TOTAL_TIMEOUT,
            retries: RETRIES,
            backoff: BACKOFF,
        }
    }
}
