//! Sends spans to a collector over HTTP.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{HOST, HeaderValue};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use opentelemetry_http::{HttpClient, HttpError};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// How long one batch may take.
const BATCH: Duration = Duration::from_secs(5);
/// The longest answer that is read, in bytes.
const ANSWER: usize = 64 << 10;

/// A client that lives on the thread of the exporter: a review's runtime never sees it.
#[derive(Debug)]
pub(super) struct Collector(Mutex<Runtime>);

impl Collector {
    pub(super) fn new() -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(Self(Mutex::new(runtime.context("no runtime for the traces")?)))
    }
}

type Answer = Result<Response<Bytes>, HttpError>;

impl HttpClient for Collector {
    // As `async_trait` would write it.
    fn send_bytes<'life0, 'async_trait>(
        &'life0 self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Answer> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            let runtime = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // The exporter's thread has nothing else to do, and is no thread of another runtime.
            runtime.block_on(async { tokio::time::timeout(BATCH, send(request)).await? })
        })
    }
}

async fn send(mut request: Request<Bytes>) -> Answer {
    let uri = request.uri().clone();
    let authority = uri.authority().ok_or("the collector's address has no host")?;
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((host, authority.port_u16().unwrap_or(80))).await?;
    request.headers_mut().insert(HOST, HeaderValue::from_str(authority.as_str())?);
    *request.uri_mut() = uri.path_and_query().map_or_else(|| Uri::from_static("/"), |path| Uri::from(path.clone()));
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let answer = async {
        let (head, body) = sender.send_request(request.map(Full::new)).await?.into_parts();
        let body = Limited::new(body, ANSWER).collect().await?.to_bytes();
        Ok(Response::from_parts(head, body))
    };
    tokio::pin!(answer);
    // The connection carries the request only while it is polled.
    tokio::select! {
        answer = &mut answer => answer,
        ended = connection => {
            ended?;
            answer.await
        }
    }
}
