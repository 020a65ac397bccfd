//! One request and its answer: bounded in size and time, with every redirect in sight.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{Instant, timeout_at};

use crate::attempt::{Attempt, Outcome, note, shown};
use crate::config::Config;
use crate::dial::Dialler;
use crate::error::{Cause, chain};
use crate::limits::{
    CONNECTION_WINDOW, IDLE_TIMEOUT, MAX_ANSWER, MAX_HEADER_BYTES, MAX_HEADERS, MAX_IDLE_PER_HOST, PING_INTERVAL,
    PING_TIMEOUT, STREAM_WINDOW,
};
use crate::location::{join, same_origin};
use crate::room::{Room, Visit};

/// What is asked.
pub(crate) struct Question<'a> {
    /// Where.
    pub(crate) url: Uri,
    /// The media types that are understood.
    pub(crate) accept: &'a str,
    /// What proves who we are. It goes to the host of `url`, and never with a redirect.
    pub(crate) authorization: Option<HeaderValue>,
    /// A form to post instead of a GET.
    pub(crate) form: Option<String>,
    /// How many redirects are followed.
    pub(crate) redirects: usize,
    /// The most bytes of an answer with status 200.
    pub(crate) limit: u64,
    /// What is asked for, in errors.
    pub(crate) what: &'a str,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: StatusCode,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The whole body.
    pub(crate) body: Bytes,
    /// The URL that answered.
    pub(crate) url: Uri,
    /// Whether it was named by a redirect.
    pub(crate) redirected: bool,
}

impl Reply {
    /// The URL for people.
    pub(crate) fn shown(&self) -> String {
        shown(&self.url, self.redirected)
    }

    /// One header as text; nothing where it is missing or no text.
    pub(crate) fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// How long the registry asks us to wait (RFC 9110, 10.2.3): seconds or a date.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let text = self.header(header::RETRY_AFTER)?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let until = httpdate::parse_http_date(text).ok()?;
        Some(until.duration_since(SystemTime::now()).unwrap_or_default())
    }
}

/// Sends requests over one pool of connections.
pub(crate) struct Exchange {
    pool: Pool<Dialler, Full<Bytes>>,
    config: Arc<Config>,
    room: Room,
}

impl Exchange {
    pub(crate) fn new(config: Arc<Config>) -> Result<Self, Cause> {
        let dialler = Dialler::new(Arc::clone(&config))?;
        let pool = Pool::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
            .http1_max_buf_size(MAX_HEADER_BYTES)
            .http1_max_headers(MAX_HEADERS)
            .http2_max_header_list_size(MAX_HEADER_BYTES as u32)
            .http2_initial_stream_window_size(STREAM_WINDOW)
            .http2_initial_connection_window_size(CONNECTION_WINDOW)
            // One connection carries all questions to a host: that it died without a word must be noticed.
            .http2_keep_alive_interval(PING_INTERVAL)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .build(dialler);
        let room = Room::new(&config.limits);
        Ok(Self { pool, config, room })
    }

    /// Asks once and follows redirects. Whatever status comes at the end is an answer; no answer is an error.
    pub(crate) async fn ask(
        &self,
        question: &Question<'_>,
        deadline: Instant,
        attempts: &mut Vec<Attempt>,
    ) -> Result<Reply, Cause> {
        let mut url = question.url.clone();
        let mut redirected = false;
        for _ in 0..=question.redirects {
            let request = request(question, &url, redirected)?;
            let reply = self.once(request, question, redirected, deadline).await;
            let outcome = reply.as_ref().map_or(Outcome::Failed, |reply| Outcome::Status(reply.status.as_u16()));
            note(attempts, shown(&url, redirected && !same_origin(&url, &question.url)), outcome);
            let reply = reply?;
            if !matches!(reply.status.as_u16(), 301 | 302 | 303 | 307 | 308) || question.redirects == 0 {
                return Ok(reply);
            }
            let refused = |why| Cause::Target { url: reply.shown(), why };
            let target = reply.header(header::LOCATION).ok_or_else(|| refused("it names no place"))?;
            let next = join(&url, target).map_err(refused)?;
            if url.scheme_str() == Some("https") && next.scheme_str() != Some("https") {
                return Err(refused("it leads from HTTPS to plain HTTP"));
            }
            (url, redirected) = (next, true);
        }
        Err(Cause::Redirects { limit: question.redirects })
    }

    async fn once(
        &self,
        request: Request<Full<Bytes>>,
        question: &Question<'_>,
        redirected: bool,
        deadline: Instant,
    ) -> Result<Reply, Cause> {
        let url = request.uri().clone();
        let host = url.authority().map(|authority| authority.as_str()).unwrap_or_default();
        let mut visit = self.room.enter(host, deadline).await?;
        let patience = Instant::now() + self.config.limits.answer;
        let response = match timeout_at(patience.min(deadline), self.pool.request(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(cause_of(&error, &url, redirected)),
            Err(_) if patience < deadline => {
                return Err(Cause::Silent { url: shown(&url, redirected), waited: self.config.limits.answer });
            }
            Err(_) => return Err(Cause::Late),
        };
        let status = response.status();
        let limit = if status == StatusCode::OK { question.limit } else { MAX_ANSWER };
        let headers = response.headers().clone();
        if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            let why = "it is compressed, and nobody asked for that".to_owned();
            return Err(Cause::Unreadable { what: question.what.to_owned(), why });
        }
        let read = timeout_at(deadline, read(response, limit, &mut visit)).await.map_err(|_| Cause::Late)?;
        let body = match read {
            Ok(body) => body,
            // An error is one however long its text is.
            Err(Stop::TooLong) if status != StatusCode::OK => Bytes::new(),
            Err(Stop::TooLong) => return Err(Cause::TooLarge { what: question.what.to_owned(), limit }),
            Err(Stop::Crowded) => return Err(Cause::Crowded),
            Err(Stop::Broken(why)) => return Err(Cause::Broken { url: shown(&url, redirected), why }),
        };
        Ok(Reply { status, headers, body, url, redirected })
    }
}

fn request(question: &Question<'_>, url: &Uri, redirected: bool) -> Result<Request<Full<Bytes>>, Cause> {
    let mut request = Request::builder().uri(url.clone()).header(header::ACCEPT, question.accept);
    request = request.header(header::USER_AGENT, concat!("portcullis/", env!("CARGO_PKG_VERSION")));
    if let Some(authorization) = question.authorization.as_ref().filter(|_| !redirected) {
        request = request.header(header::AUTHORIZATION, authorization.clone());
    }
    let body = match &question.form {
        Some(form) => {
            request = request.method(Method::POST);
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            Bytes::from(form.clone())
        }
        None => Bytes::new(),
    };
    let failed = |error: hyper::http::Error| Cause::Config(format!("no request can be made: {error}"));
    request.body(Full::new(body)).map_err(failed)
}

/// Why a body was not read to its end.
enum Stop {
    TooLong,
    /// There was no room for it in time.
    Crowded,
    Broken(String),
}

/// Reads a body, never keeping more than its limit.
async fn read(response: Response<Incoming>, limit: u64, visit: &mut Visit) -> Result<Bytes, Stop> {
    let mut body = response.into_body();
    // What is announced is enough to refuse; it is never enough to reserve memory.
    if body.size_hint().lower() > limit {
        return Err(Stop::TooLong);
    }
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Stop::Broken(chain(&error)))?;
        let Ok(data) = frame.into_data() else { continue };
        if read.len() as u64 + data.len() as u64 > limit {
            return Err(Stop::TooLong);
        }
        visit.room(read.len() as u64 + data.len() as u64).await.map_err(|_| Stop::Crowded)?;
        read.extend_from_slice(&data);
    }
    Ok(read.freeze())
}

/// Our own words about a connection, where there are any.
fn cause_of(error: &hyper_util::client::legacy::Error, url: &Uri, redirected: bool) -> Cause {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(cause) = error.downcast_ref::<Cause>() {
            return cause.clone();
        }
        if error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse) {
            let what = format!("the answer to {}", shown(url, redirected));
            return Cause::Unreadable { what, why: chain(error) };
        }
        source = error.source();
    }
    Cause::Unreachable { host: url.host().unwrap_or_default().to_owned(), why: chain(error) }
}
