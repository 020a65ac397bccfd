//! Bodies that end in time, and bodies that are counted until they have left.

use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body as AxumBody;
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::activity::{Activity, InFlight, Missing};

/// A request's body: an error after its deadline.
pub(super) struct Timed {
    body: Incoming,
    deadline: Instant,
    activity: Arc<Activity>,
    /// Made at the first wait: most bodies are there before anybody asks.
    alarm: Option<(Pin<Box<Sleep>>, Missing)>,
}

impl Timed {
    pub(super) fn new(body: Incoming, deadline: Instant, activity: &Arc<Activity>) -> Self {
        Self { body, deadline, activity: Arc::clone(activity), alarm: None }
    }
}

impl Body for Timed {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let Self { deadline, activity, alarm, .. } = &mut *self;
        let (alarm, _) = alarm.get_or_insert_with(|| (Box::pin(sleep_until(*deadline)), activity.misses()));
        ready!(alarm.as_mut().poll(cx));
        Poll::Ready(Some(Err(Box::new(TooSlow))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body did not come in time.
#[derive(Debug)]
pub struct TooSlow;

impl fmt::Display for TooSlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request's body did not come in time")
    }
}

impl std::error::Error for TooSlow {}

/// A response's body: its request is in flight until it has been taken whole.
pub(super) struct Counted {
    body: AxumBody,
    _in_flight: InFlight,
}

impl Counted {
    pub(super) fn new(body: AxumBody, in_flight: InFlight) -> Self {
        Self { body, _in_flight: in_flight }
    }
}

impl Body for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
