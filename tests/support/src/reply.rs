//! What the fake registry says, well-formed or not.

use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};

/// How many bytes at once a flood is written in.
const CHUNK: usize = 64 * 1024;

/// An answer.
#[derive(Clone, Debug)]
pub enum Reply {
    /// What an honest registry with this content says.
    Honest,
    /// A well-formed answer.
    Http {
        /// The status.
        status: u16,
        /// Headers besides `Content-Length`.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// Bytes on the wire (HTTP/1.1 only); the connection is closed behind them.
    Raw(Vec<Piece>),
}

/// A part of a raw answer.
#[derive(Clone, Debug)]
pub enum Piece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// This text, so often.
    Repeat(Vec<u8>, u64),
    /// One byte at a time.
    Trickle(Vec<u8>, Duration),
    /// Nothing, until the other side goes away.
    Stall,
}

impl Reply {
    /// A well-formed answer with a content type.
    pub fn new(status: u16, content_type: &str, body: impl AsRef<[u8]>) -> Self {
        let headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
        Self::Http { status, headers, body: body.as_ref().to_vec() }
    }

    /// A registry's own error.
    pub fn error(status: u16, code: &str) -> Self {
        let body = serde_json::json!({"errors": [{"code": code, "message": format!("it is {code}")}]});
        Self::new(status, "application/json", body.to_string())
    }

    /// A redirect.
    pub fn redirect(to: &str) -> Self {
        Self::new(307, "text/plain", "").with("Location", to)
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if let Self::Http { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Bytes on the wire.
    pub fn raw(text: impl AsRef<[u8]>) -> Self {
        Self::Raw(vec![Piece::Bytes(text.as_ref().to_vec())])
    }

    /// A body without an end, with or without its length in front of it.
    pub fn flood(length: Option<u64>) -> Self {
        let length = length.map(|length| format!("Content-Length: {length}\r\n")).unwrap_or_default();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/vnd.oci.image.index.v1+json\r\n{length}\r\n");
        Self::Raw(vec![Piece::Bytes(head.into_bytes()), Piece::Repeat(vec![b' '; CHUNK], 1_000_000)])
    }
}

/// Writes pieces until the other side goes away.
pub(crate) async fn write(pieces: &[Piece], stream: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
    for piece in pieces {
        match piece {
            Piece::Bytes(bytes) => stream.write_all(bytes).await?,
            Piece::Repeat(bytes, times) => {
                for _ in 0..*times {
                    stream.write_all(bytes).await?;
                }
            }
            Piece::Trickle(bytes, every) => {
                for byte in bytes {
                    stream.write_all(&[*byte]).await?;
                    stream.flush().await?;
                    tokio::time::sleep(*every).await;
                }
            }
            Piece::Stall => {
                stream.flush().await?;
                std::future::pending::<()>().await;
            }
        }
    }
    stream.flush().await
}
