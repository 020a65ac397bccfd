//! Reviews kept in a folder with all that their decisions depended on (`--record-reviews`), for replays.
//!
//! A record is made and written by a thread of its own, so it never delays an answer: what does not fit its queue is left
//! out and counted. Dry runs are recorded like everything else: the record says `dryRun`, and a file of ours is no side
//! effect in the cluster (A13). What could not be judged at all, because it is malformed, the queue was full or the time was
//! over before it began, is not recorded: a replay could not come to the same decision.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use portcullis_model::{Decision, Document, Facts, Review, format_time};
use portcullis_subject::to_recorded_json;

use crate::Error;

/// Reviews that wait to be written.
pub const QUEUE: usize = 256;
/// Bytes of the bodies that they came in.
pub const QUEUE_BYTES: usize = 64 << 20;
/// Bytes that one process writes before it stops recording: 1 GiB.
pub const MAX_BYTES: u64 = 1 << 30;
/// Characters of a uid in a file's name.
const UID_CHARACTERS: usize = 64;

/// One judged review.
pub struct Record {
    /// The review, with its labels and time.
    pub review: Arc<Review>,
    /// The AdmissionReview that it came in.
    pub document: Document,
    /// The facts that were looked up.
    pub facts: Facts,
    /// What was decided.
    pub decisions: Vec<Decision>,
    /// Bytes of the body, for the bound of what waits.
    pub bytes: usize,
}

/// Writes records in the background until it is dropped; dropping waits for those that were taken.
pub struct Recorder {
    queue: Option<SyncSender<Record>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    waiting: AtomicUsize,
    dropped: AtomicU64,
}

impl Recorder {
    /// Begins to record in a folder, which is made where it is missing.
    ///
    /// # Errors
    /// The folder cannot be made or written to, or the thread cannot be started.
    pub fn new(folder: &Path) -> Result<Self, Error> {
        let failed = |cause| Error::Records { folder: folder.to_owned(), cause };
        fs::create_dir_all(folder).map_err(failed)?;
        // Better found out now than by the first review.
        let probe = folder.join(format!(".{}.tmp", std::process::id()));
        create(&probe).and_then(|_| fs::remove_file(&probe)).map_err(failed)?;
        let (queue, records) = sync_channel(QUEUE);
        let shared = Arc::new(Shared::default());
        let writer = Writer { folder: folder.to_owned(), shared: Arc::clone(&shared), written: 0, failing: false };
        let thread = thread::Builder::new().name("record".into()).spawn(move || writer.run(&records));
        Ok(Self { queue: Some(queue), shared, thread: Some(thread.map_err(Error::Thread)?) })
    }

    /// Takes a record, or leaves it out where too much waits already; never blocks.
    pub fn offer(&self, record: Record) {
        let bytes = record.bytes;
        let waiting = self.shared.waiting.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let taken = waiting <= QUEUE_BYTES && self.queue.as_ref().is_some_and(|queue| queue.try_send(record).is_ok());
        if !taken {
            self.shared.waiting.fetch_sub(bytes, Ordering::Relaxed);
            let dropped = self.shared.dropped.fetch_add(1, Ordering::Relaxed) + 1;
            // At 1, 2, 4, 8 and so on: a full disk must not fill the log as well.
            if dropped.is_power_of_two() {
                tracing::warn!(
                    dropped,
                    "reviews are left out of --record-reviews, because they come faster than they are written"
                );
            }
        }
    }

    /// How many records were left out or could not be written.
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // Without a sender the thread ends when it has written what was taken.
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Writer {
    folder: PathBuf,
    shared: Arc<Shared>,
    written: u64,
    failing: bool,
}

impl Writer {
    fn run(mut self, records: &Receiver<Record>) {
        let mut number = 0u64;
        while let Ok(record) = records.recv() {
            number += 1;
            let outcome = self.write(&record, number);
            self.shared.waiting.fetch_sub(record.bytes, Ordering::Relaxed);
            if let Err(error) = &outcome {
                self.shared.dropped.fetch_add(1, Ordering::Relaxed);
                if !self.failing {
                    tracing::warn!(folder = %self.folder.display(), %error, "a review could not be recorded; the next ones are tried without a word");
                }
            }
            self.failing = outcome.is_err();
        }
    }

    fn write(&mut self, record: &Record, number: u64) -> io::Result<()> {
        let Record { review, document, facts, decisions, .. } = record;
        let text = to_recorded_json(review, document, facts, decisions, true);
        self.written += text.len() as u64;
        if self.written > MAX_BYTES {
            return Err(io::Error::other(format!("this process has recorded {MAX_BYTES} bytes, and records no more")));
        }
        let name = file_name(review, number);
        let unfinished = self.folder.join(format!(".{name}.tmp"));
        let outcome = create(&unfinished)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .and_then(|()| fs::rename(&unfinished, self.folder.join(&name)));
        if outcome.is_err() {
            // Half a record is worse than none; if it cannot be removed either, its name still says that it is none.
            let _ = fs::remove_file(&unfinished);
        }
        outcome
    }
}

/// Only for its owner: an object may hold what is no Secret and still nobody's business.
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Time, uid, and the number in this process, because the API server repeats a review under its uid.
fn file_name(review: &Review, number: u64) -> String {
    let time: String = format_time(review.time).chars().filter(|c| *c != ':' && *c != '-').collect();
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let uid: String = review.request.uid.chars().take(UID_CHARACTERS).map(safe).collect();
    format!("{time}-{uid}-{number}.json")
}
