//! Signals: when to stop, and when to look at the files again.

use std::sync::Arc;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

/// What the operating system may say to us.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    reloads: Arc<Notify>,
}

impl Signals {
    /// Begins to listen; from now on none of them ends the process by itself.
    pub fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen to signals");
        let reloads = Arc::new(Notify::new());
        let (mut hangup, told) = (listen(SignalKind::hangup())?, Arc::clone(&reloads));
        // SIGHUP before the first load changes nothing, and must not end anything.
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                told.notify_one();
            }
        });
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())?, reloads })
    }

    /// The next SIGTERM or SIGINT, by its name.
    pub async fn stop(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// Told at every SIGHUP; several that come while nobody listens are one.
    pub fn reloads(&self) -> Arc<Notify> {
        Arc::clone(&self.reloads)
    }
}
