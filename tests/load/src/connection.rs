//! One connection over TLS, made anew where it broke, and a review asked over it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;

use crate::{Answered, Question, Target};

/// A place for a connection, whether it stands or not.
pub struct Connection {
    target: Target,
    kept: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    /// None yet.
    pub fn new(target: &Target) -> Self {
        Self { target: target.clone(), kept: None }
    }

    /// Makes it, where it does not stand.
    ///
    /// # Errors
    /// What is missing: the connection, TLS, or HTTP.
    pub async fn make(&mut self) -> Result<(), String> {
        if self.kept.is_none() {
            self.kept = Some(connect(&self.target).await?);
        }
        Ok(())
    }

    /// Asks, and waits so long for the answer.
    pub async fn ask(&mut self, question: &Question, patience: Duration) -> Answered {
        match tokio::time::timeout(patience, self.exchange(&question.body)).await {
            Ok(Ok((status, body))) => Answered::read(question, status, &body),
            Ok(Err(why)) => Answered::Lost(why),
            Err(_) => Answered::Lost(format!("no answer within {} s", patience.as_secs())),
        }
    }

    /// Posts a body; the status and body of the answer. Whatever goes wrong, the connection is not used again.
    ///
    /// # Errors
    /// What became of it.
    pub async fn exchange(&mut self, body: &Bytes) -> Result<(u16, Bytes), String> {
        let kept = match self.kept.take() {
            Some(mut kept) => kept.ready().await.is_ok().then_some(kept),
            None => None,
        };
        let was_kept = kept.is_some();
        let mut connection = match kept {
            Some(kept) => kept,
            None => connect(&self.target).await?,
        };
        let answer = match connection.send_request(self.request(body)).await {
            // Never sent, because the other side hung up meanwhile: Go's client, and so the API server, asks again.
            Err(error) if was_kept && error.is_canceled() => {
                connection = connect(&self.target).await?;
                connection.send_request(self.request(body)).await
            }
            answer => answer,
        };
        let answer = answer.map_err(|error| format!("no answer: {error}"))?;
        let status = answer.status().as_u16();
        let closes = answer.headers().get("connection").is_some_and(|value| value == "close");
        let body = answer.into_body().collect().await.map_err(|error| format!("half an answer: {error}"))?;
        if !closes {
            self.kept = Some(connection);
        }
        Ok((status, body.to_bytes()))
    }

    fn request(&self, body: &Bytes) -> Request<Full<Bytes>> {
        Request::post(&self.target.path)
            .header("host", &self.target.name)
            .header("content-type", "application/json")
            .body(Full::new(body.clone()))
            .expect("a path and headers that are such")
    }
}

async fn connect(target: &Target) -> Result<SendRequest<Full<Bytes>>, String> {
    let Target { address, name, tls, .. } = target;
    let stream = TcpStream::connect(address).await.map_err(|error| format!("no connection: {error}"))?;
    stream.set_nodelay(true).map_err(|error| format!("no connection: {error}"))?;
    let name = ServerName::try_from(name.clone()).map_err(|error| error.to_string())?;
    let connector = tokio_rustls::TlsConnector::from(Arc::clone(tls));
    let stream = connector.connect(name, stream).await.map_err(|error| format!("no TLS: {error}"))?;
    let shaken = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (sender, connection) = shaken.map_err(|error| format!("no HTTP: {error}"))?;
    tokio::spawn(connection);
    Ok(sender)
}
