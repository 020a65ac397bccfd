//! A bar for the person who waits: on a terminal only, and only when it takes long.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A run that ends sooner shows nothing.
const SILENT_FOR: Duration = Duration::from_millis(500);
/// How often the bar is drawn anew.
const EVERY: Duration = Duration::from_millis(100);
const WIDTH: usize = 30;

/// Counts files, and draws on the standard error.
pub struct ProgressBar {
    done: AtomicUsize,
    started: Instant,
    drawn: Mutex<Option<Instant>>,
    visible: bool,
}

impl ProgressBar {
    /// A bar that stays invisible where the standard error is not a terminal, or where nobody wants one.
    pub fn new(quiet: bool) -> Self {
        let visible = !quiet && std::io::stderr().is_terminal();
        Self { done: AtomicUsize::new(0), started: Instant::now(), drawn: Mutex::new(None), visible }
    }

    /// One more of `total` files is judged.
    pub fn advance(&self, total: usize) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if !self.visible || self.started.elapsed() < SILENT_FOR {
            return;
        }
        // Whoever does not get the lock leaves the drawing to whoever has it.
        let Ok(mut drawn) = self.drawn.try_lock() else { return };
        if drawn.is_none_or(|last| last.elapsed() >= EVERY) {
            *drawn = Some(Instant::now());
            let filled = done * WIDTH / total.max(1);
            let bar: String = (0..WIDTH).map(|at| if at < filled { '=' } else { ' ' }).collect();
            let _ = write!(std::io::stderr(), "\r[{bar}] {done}/{total}");
        }
    }

    /// Takes the bar away before the result is shown.
    pub fn clear(&self) {
        let drawn = self.drawn.lock().is_ok_and(|drawn| drawn.is_some());
        if drawn {
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
    }
}
