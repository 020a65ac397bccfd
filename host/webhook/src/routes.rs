//! The paths of the cluster door: `POST /validate` and `POST /validate/{policy-set}`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::post;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Frame};

use crate::answer::{Call, Webhook};
use crate::held::{Held, Room};
use crate::listen::{Peer, TooSlow};
use crate::metrics;
use crate::observe::{self, Refusal};
use crate::response::{self, Answer, Reason};

/// A body that is too large is still taken, and thrown away, up to so many times the limit: a client that is still sending
/// reads no answer.
const THROWN_AWAY: u64 = 4;
/// A body that nobody needs is taken up to so many bytes before the answer: a stream of HTTP/2 that is answered while its
/// caller still sends is reset, and some callers lose the answer with it.
const DRAINED: usize = 64 << 10;
/// The caller's trace (W3C Trace Context).
const TRACEPARENT: header::HeaderName = header::HeaderName::from_static("traceparent");
/// How long a body may come to a halt while others wait for the room that it takes.
const STALLED: Duration = Duration::from_millis(500);
/// The longest that a name or a value of a head is that anybody waits with, in bytes; Kubernetes has no longer name.
const LONGEST: usize = 253;

#[derive(Clone)]
struct Door {
    webhook: Arc<Webhook>,
    /// What bodies may still be held.
    held: Arc<Held>,
}

/// The routes that judge. A client that goes takes its work with it: hyper drops the future of the answer.
pub fn review_routes(webhook: Arc<Webhook>) -> Router {
    let held = Held::new(webhook.config().held, webhook.config().max_body);
    let door = Door { held: Arc::new(held), webhook };
    Router::new()
        .route("/validate", post(validate).fallback(only_post))
        .route("/validate/{policy_set}", post(validate_by_set).fallback(only_post))
        .fallback(no_such_path)
        .with_state(door)
}

async fn validate(State(door): State<Door>, request: Request) -> Response {
    door.answer(None, request).await
}

async fn validate_by_set(
    State(door): State<Door>,
    policy_set: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    match policy_set {
        Ok(Path(policy_set)) if policy_set.len() <= LONGEST => door.answer(Some(&policy_set), request).await,
        Ok(_) => {
            let answer =
                response::failed(Reason::NotFound, &format!("no policy set has a name of more than {LONGEST} bytes"));
            door.unread(Refusal::NoSuchSet, request, answer).await
        }
        Err(_) => {
            let answer = response::failed(Reason::NotFound, "no policy set has a name that is not UTF-8");
            door.unread(Refusal::NoSuchSet, request, answer).await
        }
    }
}

async fn only_post(State(door): State<Door>, request: Request) -> Response {
    let answer = response::failed(Reason::MethodNotAllowed, "an AdmissionReview is sent here with POST");
    let mut response = door.unread(Refusal::Method, request, answer).await;
    response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("POST"));
    response
}

async fn no_such_path(State(door): State<Door>, request: Request) -> Response {
    let answer = response::failed(Reason::NotFound, "reviews are judged at `/validate` and `/validate/{policy-set}`");
    door.unread(Refusal::NoSuchPath, request, answer).await
}

/// What of a head is needed while a call waits, in bytes of its own. The rest goes before: a hundred streams of each connection
/// may wait with the longest headers, and nobody counts those (A50).
struct Head {
    timeout: Option<String>,
    announced: Option<u64>,
    traceparent: Option<String>,
    expects: bool,
    peer: Option<SocketAddr>,
}

impl Head {
    fn of(parts: &Parts) -> Self {
        let text = |name: header::HeaderName| text_of(&parts.headers, name);
        let short = |text: &str| (text.len() <= LONGEST).then(|| text.to_owned());
        Self {
            timeout: parts.uri.query().and_then(timeout_of).and_then(short),
            announced: text(header::CONTENT_LENGTH).and_then(|length| length.parse().ok()),
            traceparent: text(TRACEPARENT).and_then(short),
            expects: parts.headers.contains_key(header::EXPECT),
            peer: parts.extensions.get::<Peer>().map(|peer| peer.0),
        }
    }
}

impl Door {
    /// Answers a call that is not judged and whose body nobody has read.
    async fn unread(&self, refusal: Refusal, request: Request, answer: Answer) -> Response {
        let (parts, body) = request.into_parts();
        let head = Head::of(&parts);
        drop(parts);
        self.left(refusal, &head, body, answer).await
    }

    /// The same, of a head.
    async fn left(&self, refusal: Refusal, head: &Head, body: Body, answer: Answer) -> Response {
        let until = Instant::now() + self.webhook.config().body_time;
        let response = turned_away(refusal, head, answer);
        // Whoever waits for our word before he sends takes the answer for it.
        if !head.expects {
            drain(body, until).await;
        }
        response
    }

    async fn answer(&self, policy_set: Option<&str>, request: Request) -> Response {
        let arrived = Instant::now();
        if !is_json(request.headers()) {
            let found = text_of(request.headers(), header::CONTENT_TYPE).unwrap_or_default();
            let message = format!("the body must be `Content-Type: application/json`, not `{}`", found.escape_debug());
            let answer = response::failed(Reason::UnsupportedMediaType, &message);
            return self.unread(Refusal::MediaType, request, answer).await;
        }
        let (parts, body) = request.into_parts();
        let head = Head::of(&parts);
        drop(parts);
        let announced = head.announced;
        let mut call = Call {
            body: Bytes::new(),
            timeout: head.timeout.as_deref(),
            policy_set,
            traceparent: head.traceparent.as_deref(),
            peer: head.peer,
            arrived,
        };
        let until = self.webhook.deadline(&call);
        let limit = self.webhook.config().max_body;
        if announced.is_some_and(|announced| announced > most_taken(limit)) {
            let (refusal, answer) = too_large(limit);
            return self.left(refusal, &head, body, answer).await;
        }
        let mut body = body;
        let in_time = until.min(arrived + self.webhook.config().body_time);
        // Room is for who sends, and not for who says that he will.
        let Ok(first) = tokio::time::timeout_at(in_time.into(), body.frame()).await else {
            let (refusal, answer) = too_slow();
            return turned_away(refusal, &head, answer);
        };
        let most = announced.and_then(|length: u64| usize::try_from(length).ok()).unwrap_or(limit).min(limit);
        let Ok(Ok(room)) = tokio::time::timeout_at(until.into(), self.held.room(most)).await else {
            let message = "the bodies of other reviews take all the memory that they may (`--max-held`); try again";
            let answer = response::failed(Reason::TooManyRequests, message);
            return self.left(Refusal::NoRoom, &head, body, answer).await;
        };
        let collecting = collect(first, body, &room, announced, limit);
        match tokio::time::timeout_at(in_time.into(), collecting).await {
            Ok(Ok(body)) => call.body = body,
            Ok(Err((refusal, answer))) => return turned_away(refusal, &head, answer),
            Err(_) => {
                let (refusal, answer) = too_slow();
                return turned_away(refusal, &head, answer);
            }
        }
        let answer = self.webhook.answer(call).await;
        metrics::records_dropped(self.webhook.records_dropped());
        sent(answer)
    }
}

/// Takes a small body to its end, or until that time.
async fn drain(mut body: Body, until: Instant) {
    if body.size_hint().lower() > DRAINED as u64 {
        return;
    }
    let taken = async {
        let mut left = DRAINED;
        while let Some(Ok(frame)) = body.frame().await {
            match left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
                Some(less) => left = less,
                None => return,
            }
        }
    };
    // What has come by now is taken even when the time is over.
    let _ = tokio::time::timeout_at(until.into(), taken).await;
}

/// How much of a body is taken in all.
fn most_taken(limit: usize) -> u64 {
    (limit as u64).saturating_mul(THROWN_AWAY)
}

fn too_large(limit: usize) -> (Refusal, Answer) {
    let message = format!("the review is larger than {limit} bytes (`--max-body`); an UPDATE carries the object twice");
    (Refusal::TooLarge, response::failed(Reason::TooLarge, &message))
}

type Read = Result<Frame<Bytes>, axum::Error>;

/// The whole body, or why not. Whoever stalls while others wait for the room that he takes is let go.
async fn collect(
    first: Option<Read>,
    mut body: Body,
    room: &Room<'_>,
    announced: Option<u64>,
    limit: usize,
) -> Result<Bytes, (Refusal, Answer)> {
    let most = most_taken(limit);
    let mut bytes = BytesMut::with_capacity(announced.unwrap_or(0).min(limit as u64) as usize);
    let mut taken: u64 = 0;
    let mut next = first;
    while let Some(frame) = next.take() {
        let frame = frame.map_err(|error| match error.into_inner().downcast::<TooSlow>() {
            Ok(_) => too_slow(),
            Err(_) => (Refusal::BrokenOff, response::failed(Reason::BadRequest, "the body broke off")),
        })?;
        // Trailers say nothing to us.
        let data = frame.into_data().unwrap_or_default();
        taken += data.len() as u64;
        if taken > most {
            return Err(too_large(limit));
        }
        if taken <= limit as u64 {
            bytes.extend_from_slice(&data);
        } else {
            bytes = BytesMut::new();
        }
        next = loop {
            match tokio::time::timeout(STALLED, body.frame()).await {
                Ok(frame) => break frame,
                Err(_) if room.is_wanted() => return Err(too_slow()),
                Err(_) => {}
            }
        };
    }
    if taken > limit as u64 { Err(too_large(limit)) } else { Ok(bytes.freeze()) }
}

fn too_slow() -> (Refusal, Answer) {
    (Refusal::Slow, response::failed(Reason::RequestTimeout, "the body did not come in time"))
}

/// Answers a call that is not judged, and says so to whoever watches.
fn turned_away(refusal: Refusal, head: &Head, answer: Answer) -> Response {
    observe::turned_away(refusal, head.peer, head.traceparent.as_deref(), &answer);
    sent(answer)
}

fn text_of(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = text_of(headers, header::CONTENT_TYPE).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// The value of `timeout` in a query, still escaped; the first one where there are several, as Go's `Query().Get` takes it.
fn timeout_of(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix("timeout="))
}

fn sent(answer: Answer) -> Response {
    let Answer { status, content_type, body } = answer;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}
