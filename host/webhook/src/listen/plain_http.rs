//! Callers who speak plain HTTP where TLS is expected: they are told so, because nothing else tells them.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const ANSWER: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 37\r\n\
    Connection: close\r\n\r\nthis port speaks HTTPS; use https://\n";

/// How much of what such a caller sends is taken, in bytes, so that the answer is not lost to a reset.
const TAKEN: usize = 64 << 10;
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether the first byte is that of a method, and of no TLS record (RFC 8446, section 5.1: 20 to 24). Waits for it.
pub(super) async fn is_spoken(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    Ok(stream.peek(&mut first).await? == 1 && first[0].is_ascii_uppercase())
}

/// Answers as HTTP, and lets go.
pub(super) async fn refuse(mut stream: TcpStream) {
    // Whoever has gone needs no answer.
    let _ = timeout(PATIENCE, async {
        stream.write_all(ANSWER).await?;
        stream.shutdown().await?;
        let (mut buffer, mut taken) = ([0; 4096], 0);
        while taken < TAKEN {
            match stream.read(&mut buffer).await? {
                0 => break,
                count => taken += count,
            }
        }
        io::Result::Ok(())
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_long_its_answer_is() {
        let text = std::str::from_utf8(ANSWER).expect("a text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{}", body.len());
    }
}
