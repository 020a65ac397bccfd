//! Callers besides the load: they come, say a half of something, all of it or nothing, and go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use portcullis_load::{Connection, Question, Target};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// How often one comes.
const PAUSE: Duration = Duration::from_millis(200);
/// How long one stays that says no more.
const STAYS: Duration = Duration::from_secs(2);
/// The begin of a handshake: a record of TLS that never comes whole.
const HALF_A_HANDSHAKE: [u8; 6] = [22, 3, 1, 2, 0, 1];

/// Comes and goes until it is told to stop; counts the callers.
pub async fn come_and_go(target: Target, question: Question, stop: Arc<AtomicBool>, callers: Arc<AtomicU64>) {
    while !stop.load(Ordering::Relaxed) {
        let number = callers.fetch_add(1, Ordering::Relaxed);
        let (target, question) = (target.clone(), question.clone());
        tokio::spawn(async move {
            // Whatever becomes of one: only what the server keeps of it counts.
            match number % 4 {
                0 => drop(TcpStream::connect(target.address).await),
                1 => {
                    let Ok(mut stream) = TcpStream::connect(target.address).await else { return };
                    let _ = stream.write_all(&HALF_A_HANDSHAKE).await;
                    tokio::time::sleep(STAYS).await;
                }
                2 => {
                    let _ = Connection::new(&target).ask(&question, STAYS).await;
                }
                _ => {
                    let mut connection = Connection::new(&target);
                    let _ = connection.make().await;
                    tokio::time::sleep(STAYS).await;
                }
            }
        });
        tokio::time::sleep(PAUSE).await;
    }
}
