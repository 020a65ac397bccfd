//! Live reads of one namespace: shared by those who ask at the same time, begun after each of them asked.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kube::api::Api;
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout, timeout_at};

use crate::connection::NamespaceMetadata;
use crate::error::Error;
use crate::namespaces::{Labels, Limits, named};

/// How often one read asks, where the answer may well be another one a moment later.
const ATTEMPTS: usize = 3;

/// How long a read waits before it asks again.
const PAUSE: Duration = Duration::from_millis(50);

/// All live reads. Each one is a task of its own, so that a caller who goes away takes nothing from the others.
pub(crate) struct Reads {
    api: Api<NamespaceMetadata>,
    limits: Limits,
    permits: Semaphore,
    shared: Mutex<Shared>,
}

impl fmt::Debug for Reads {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Reads").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// The reads of each namespace, by the channel that tells their callers how far they are.
#[derive(Default)]
struct Shared {
    /// Not begun: whoever asks now may share it.
    waiting: HashMap<String, watch::Sender<Stage>>,
    /// The one that began last: too late for whoever asks now.
    running: HashMap<String, watch::Sender<Stage>>,
}

#[derive(Clone, Debug)]
enum Stage {
    Waiting,
    Reading,
    Done(Result<Labels, Arc<Error>>),
}

impl Stage {
    fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }
}

impl Reads {
    pub(crate) fn new(api: Api<NamespaceMetadata>, limits: Limits) -> Self {
        let permits = Semaphore::new(limits.reads);
        Self { api, limits, permits, shared: Mutex::default() }
    }

    /// The labels of a namespace, by a read that begins after this call.
    pub(crate) async fn labels(self: &Arc<Self>, namespace: &str, deadline: Instant) -> Result<Labels, Arc<Error>> {
        let asked = Instant::now();
        let until = deadline.min(asked + self.limits.live);
        let late = |began: bool| {
            let (namespace, waited) = (namespace.to_owned(), asked.elapsed());
            Arc::new(match began {
                true => Error::Silent { namespace, waited },
                false => Error::Crowded { namespace, reads: self.limits.reads, waited },
            })
        };
        let Some(mut stage) = self.join(namespace) else { return Err(late(false)) };
        // Late or not, what counts is how far the read is now.
        let _ = timeout_at(until.into(), stage.wait_for(Stage::is_done)).await;
        match &*stage.borrow() {
            Stage::Done(answer) => answer.clone(),
            Stage::Reading => Err(late(true)),
            Stage::Waiting => Err(late(false)),
        }
    }

    /// Joins the read of this namespace that has not begun yet, or makes one. `None` where too many wait.
    fn join(self: &Arc<Self>, namespace: &str) -> Option<watch::Receiver<Stage>> {
        let mut shared = self.lock();
        if let Some(group) = shared.waiting.get(namespace) {
            return Some(group.subscribe());
        }
        if shared.waiting.len() >= self.limits.waiting {
            return None;
        }
        let (group, caller) = watch::channel(Stage::Waiting);
        let before = shared.running.get(namespace).map(watch::Sender::subscribe);
        shared.waiting.insert(namespace.to_owned(), group.clone());
        tokio::spawn(Arc::clone(self).run(namespace.to_owned(), group, before));
        Some(caller)
    }

    /// One read from the moment somebody wanted it to its answer.
    async fn run(
        self: Arc<Self>,
        namespace: String,
        group: watch::Sender<Stage>,
        before: Option<watch::Receiver<Stage>>,
    ) {
        if let Some(mut before) = before {
            // A read that hangs must not hold up the next one, which may have better luck.
            let _ = timeout(self.limits.stall, before.wait_for(Stage::is_done)).await;
        }
        let Ok(_permit) = self.permits.acquire().await else { return };
        if !self.begin(&namespace, &group) {
            return;
        }
        let began = Instant::now();
        let answer = timeout(self.limits.live, self.read(&namespace))
            .await
            .unwrap_or_else(|_| Err(Error::Silent { namespace: namespace.clone(), waited: began.elapsed() }));
        if let Err(error) = &answer {
            tracing::warn!(namespace, %error, "the labels of a namespace could not be read");
        }
        let mut shared = self.lock();
        if shared.running.get(&namespace).is_some_and(|running| running.same_channel(&group)) {
            shared.running.remove(&namespace);
        }
        drop(shared);
        group.send_replace(Stage::Done(answer.map_err(Arc::new)));
    }

    /// Closes the group: from here on nobody can join. False where nobody waits any more, and nothing has to be read.
    fn begin(&self, namespace: &str, group: &watch::Sender<Stage>) -> bool {
        let mut shared = self.lock();
        shared.waiting.remove(namespace);
        if group.receiver_count() == 0 {
            return false;
        }
        shared.running.insert(namespace.to_owned(), group.clone());
        group.send_replace(Stage::Reading);
        true
    }

    /// Asks the API server, more than once where that may help. The caller bounds the time.
    async fn read(&self, namespace: &str) -> Result<Labels, Error> {
        let mut attempt = 1;
        loop {
            let answer = if attempt < ATTEMPTS {
                let waited = self.limits.attempt;
                let silent = || Err(Error::Silent { namespace: namespace.to_owned(), waited });
                timeout(waited, self.ask(namespace)).await.unwrap_or_else(|_| silent())
            } else {
                self.ask(namespace).await
            };
            match answer {
                Err(error) if attempt < ATTEMPTS && error.may_pass() => {
                    tracing::debug!(namespace, attempt, %error, "asking again for the labels of a namespace");
                }
                other => return other,
            }
            attempt += 1;
            sleep(PAUSE).await;
        }
    }

    /// One request. Without a resource version the API server answers with the newest state ("most recent", Kubernetes API
    /// Concepts, "Resource versions"), never from a cache that may lag.
    async fn ask(&self, namespace: &str) -> Result<Labels, Error> {
        let answer = self.api.get(namespace).await.map_err(|error| Error::of_read(namespace, &error))?;
        match answer.metadata.name.as_deref() {
            Some(name) if name == namespace => {}
            Some(name) => {
                return Err(Error::Unreadable { cause: format!("it speaks of `{name:.80}` instead of `{namespace}`") });
            }
            None => return Err(Error::Unreadable { cause: "it is no namespace".to_owned() }),
        }
        Ok(named(namespace, answer.metadata.labels.unwrap_or_default()))
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Nothing that holds the lock can panic between two changes that belong together.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
