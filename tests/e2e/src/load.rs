//! Requests without pause, each with a verdict that is known.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::{Answer, Client, Door};

/// No load sends more than this, whatever happens to who started it.
const MOST: u64 = 50_000;

/// What became of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Let in without a word.
    Allowed,
    /// Let in with warnings.
    Warned,
    /// Denied by the webhook, which says why.
    Denied(String),
    /// The webhook could not be asked, and the API server refused.
    NotAsked(String),
    /// Anything else, a broken connection to the API server included.
    Other(String),
}

impl Seen {
    /// What an answer of the API server means.
    pub fn of(answer: &Result<Answer, String>) -> Self {
        match answer {
            Err(error) => Self::Other(error.clone()),
            Ok(answer) if answer.status < 300 && answer.warnings.is_empty() => Self::Allowed,
            Ok(answer) if answer.status < 300 => Self::Warned,
            Ok(answer) => {
                let message = answer.message();
                if message.contains("failed calling webhook") {
                    Self::NotAsked(message)
                } else if message.contains("denied the request") {
                    Self::Denied(message)
                } else {
                    Self::Other(format!("{}: {message}", answer.status))
                }
            }
        }
    }
}

/// What to send, and what must become of it.
#[derive(Clone, Debug)]
pub struct Shot {
    /// The path, without a query.
    pub path: String,
    /// The object to create.
    pub object: Arc<Value>,
    /// What it is, for whoever reads the results.
    pub kind: &'static str,
}

/// One request that was answered.
#[derive(Clone, Debug)]
pub struct Hit {
    /// What it was.
    pub kind: &'static str,
    /// When it was sent.
    pub sent: Instant,
    /// When its answer was there.
    pub answered: Instant,
    /// What became of it.
    pub seen: Seen,
}

/// Threads that send until they are told to stop.
pub struct Load {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    threads: Vec<JoinHandle<Vec<Hit>>>,
}

impl Load {
    /// Starts `threads` of them; each sends every shot in turn, as `--dry-run=server` does.
    pub fn start(door: &Door, threads: usize, shots: &[Shot]) -> Self {
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let run = |offset: usize| {
            let (stop, sent, shots, door) = (Arc::clone(&stop), Arc::clone(&sent), shots.to_vec(), door.clone());
            std::thread::spawn(move || fire(&mut Client::new(&door), &shots, offset, &stop, &sent))
        };
        Self { threads: (0..threads).map(run).collect(), stop: Arc::clone(&stop), sent: Arc::clone(&sent) }
    }

    /// Waits until so many more requests were answered.
    pub fn pass(&self, more: u64) {
        let until = self.sent.load(Ordering::SeqCst) + more;
        let patience = Instant::now() + Duration::from_secs(60);
        while self.sent.load(Ordering::SeqCst) < until {
            assert!(Instant::now() < patience, "the load makes no progress");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends it; all that was answered, in no order.
    pub fn stop(mut self) -> Vec<Hit> {
        self.stop.store(true, Ordering::SeqCst);
        let threads = std::mem::take(&mut self.threads);
        threads.into_iter().flat_map(|thread| thread.join().expect("a thread of the load")).collect()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

fn fire(client: &mut Client, shots: &[Shot], offset: usize, stop: &AtomicBool, sent: &AtomicU64) -> Vec<Hit> {
    let mut hits = Vec::new();
    for shot in shots.iter().cycle().skip(offset) {
        if stop.load(Ordering::SeqCst) || sent.load(Ordering::SeqCst) >= MOST {
            break;
        }
        let start = Instant::now();
        let answer = client.post(&format!("{}?dryRun=All", shot.path), &shot.object);
        hits.push(Hit { kind: shot.kind, sent: start, answered: Instant::now(), seen: Seen::of(&answer) });
        sent.fetch_add(1, Ordering::SeqCst);
    }
    hits
}
