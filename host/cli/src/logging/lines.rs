//! Log lines through a bounded queue: whoever reads the log slowly slows down no review.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use tracing_subscriber::fmt::MakeWriter;

/// How many lines wait; more are dropped, and counted in a line of their own.
const LINES: usize = 8192;
/// How long an end waits for the last lines.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long it waits before it looks again whether a full queue has room.
const PAUSE: Duration = Duration::from_millis(1);

enum Message {
    Line(Vec<u8>),
    /// Answer when everything before it is written.
    Flush(SyncSender<()>),
}

/// Takes lines and never waits.
#[derive(Clone)]
pub struct Lines {
    queue: SyncSender<Message>,
    dropped: Arc<AtomicUsize>,
}

impl Lines {
    /// Lines that a thread writes to the standard error.
    pub fn to_stderr() -> io::Result<Self> {
        Self::to(io::stderr(), LINES)
    }

    pub(super) fn to(output: impl Write + Send + 'static, lines: usize) -> io::Result<Self> {
        let (queue, messages) = sync_channel(lines);
        let dropped = Arc::new(AtomicUsize::new(0));
        let lost = Arc::clone(&dropped);
        std::thread::Builder::new().name("log".to_owned()).spawn(move || write(output, &messages, &lost))?;
        Ok(Self { queue, dropped })
    }

    /// Waits a moment until all lines so far are written.
    pub fn flush(&self) {
        let (done, wait) = sync_channel(1);
        let until = Instant::now() + PATIENCE;
        // A full queue may only be busy; one whose reader has stopped is given up after that time.
        while self.queue.try_send(Message::Flush(done.clone())).is_err() {
            if Instant::now() >= until {
                return;
            }
            std::thread::sleep(PAUSE);
        }
        let _ = wait.recv_timeout(until.saturating_duration_since(Instant::now()));
    }
}

/// Nobody is left to be told about an output that fails, so it is not an end of the process either.
fn write(mut output: impl Write, messages: &Receiver<Message>, dropped: &AtomicUsize) {
    while let Ok(message) = messages.recv() {
        match message {
            Message::Line(line) => {
                let _ = output.write_all(&line);
                let lost = dropped.swap(0, Ordering::Relaxed);
                if lost > 0 {
                    let _ = writeln!(output, "{{\"level\":\"WARN\",\"message\":\"{lost} log lines were dropped\"}}");
                }
            }
            Message::Flush(done) => {
                let _ = output.flush();
                let _ = done.try_send(());
            }
        }
    }
}

/// One line, as `tracing-subscriber` writes it: whole, in one call.
pub struct Line<'a>(&'a Lines);

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.queue.try_send(Message::Line(bytes.to_vec())).is_err() {
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        Line(self)
    }
}
