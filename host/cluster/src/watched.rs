//! All namespaces with their labels, kept by a watch that is begun again whenever it breaks.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use futures_util::{FutureExt, StreamExt};
use kube::api::Api;
use kube::runtime::watcher::{Config, DefaultBackoff, Event, watcher};
use tokio::time::{sleep, timeout};

use crate::connection::{NamespaceMetadata, WATCH_SECONDS};
use crate::error::Error;
use crate::namespaces::{Labels, Limits, named};

/// What one namespace takes beside its texts, in bytes, about.
const OVERHEAD: usize = 128;

/// The longest pause before the watch is begun again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The labels of all namespaces as the watch has them.
#[derive(Debug)]
pub(crate) struct Store(RwLock<State>);

#[derive(Debug)]
struct State {
    kept: Kept,
    /// Whether a list was complete once.
    listed: bool,
    /// Since when the watch does not work, and why.
    broken: Option<(Instant, String)>,
}

impl Store {
    pub(crate) fn new(limit: usize) -> Self {
        Self(RwLock::new(State { kept: Kept::new(limit), listed: false, broken: None }))
    }

    /// The labels of one namespace, unless they may be older than the watch.
    pub(crate) fn labels(&self, namespace: &str) -> Option<Labels> {
        let state = self.read();
        let works = state.listed && state.broken.is_none();
        works.then(|| state.kept.labels.get(namespace).cloned()).flatten()
    }

    pub(crate) fn is_listed(&self) -> bool {
        self.read().listed
    }

    pub(crate) fn broken(&self) -> Option<(Instant, String)> {
        self.read().broken.clone()
    }

    /// A list is complete: it takes the place of everything that was known.
    fn replace(&self, kept: Kept) {
        let namespaces = kept.labels.len();
        let mut state = self.write();
        let first = !state.listed;
        let was_broken = state.broken.take();
        state.kept = kept;
        state.listed = true;
        drop(state);
        match was_broken {
            Some((since, _)) if !first => {
                let seconds = since.elapsed().as_secs();
                tracing::info!(namespaces, seconds, "the watch of namespaces works again");
            }
            _ => tracing::info!(namespaces, "the namespaces are known"),
        }
    }

    fn broke(&self, error: &Error) {
        tracing::warn!(%error, "the watch of namespaces broke; it is begun again");
        let mut state = self.write();
        let since = state.broken.as_ref().map_or_else(Instant::now, |(since, _)| *since);
        state.broken = Some((since, error.to_string()));
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Labels by namespace, up to so many bytes. A namespace that does not fit is not kept, and hence read live.
#[derive(Debug)]
struct Kept {
    labels: HashMap<String, Labels>,
    bytes: usize,
    limit: usize,
}

impl Kept {
    fn new(limit: usize) -> Self {
        Self { labels: HashMap::new(), bytes: 0, limit }
    }

    fn insert(&mut self, name: String, labels: Labels) {
        self.remove(&name);
        let labels = named(&name, labels);
        let bytes = size(&name, &labels);
        if self.bytes.saturating_add(bytes) > self.limit {
            tracing::debug!(namespace = name, limit = self.limit, "no room for the labels of a namespace");
            return;
        }
        self.bytes += bytes;
        self.labels.insert(name, labels);
    }

    fn remove(&mut self, name: &str) {
        if let Some(labels) = self.labels.remove(name) {
            self.bytes -= size(name, &labels);
        }
    }
}

fn size(name: &str, labels: &Labels) -> usize {
    OVERHEAD + name.len() + labels.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>()
}

/// Keeps the store: lists, watches, and begins again with a list whenever that breaks. Never ends by itself.
pub(crate) async fn keep(store: Arc<Store>, api: Api<NamespaceMetadata>, limits: Limits) {
    let mut pauses = DefaultBackoff::default();
    loop {
        // A panic of the client would end the watch for good, and the labels would look as if nothing ever changed.
        let error = AssertUnwindSafe(follow(&store, &api, &limits)).catch_unwind().await.unwrap_or(Error::Ended);
        store.broke(&error);
        sleep(pauses.next().unwrap_or(LONGEST_PAUSE)).await;
    }
}

/// One list and the watch that follows it, until something is wrong.
///
/// The client's watcher could go on by itself, but it does not say when it works again. A list does, and costs little.
async fn follow(store: &Store, api: &Api<NamespaceMetadata>, limits: &Limits) -> Error {
    let seconds = limits.watch_seconds.clamp(1, WATCH_SECONDS);
    let config = Config::default().timeout(seconds).page_size(limits.page);
    let mut events = pin!(watcher(api.clone(), config));
    let mut list = Some(Kept::new(limits.kept));
    loop {
        let event = if list.is_some() {
            match timeout(limits.list, events.next()).await {
                Ok(event) => event,
                Err(_) => return Error::ListSilent { waited: limits.list },
            }
        } else {
            events.next().await
        };
        let applied = match event {
            Some(Ok(event)) => apply(store, &mut list, event, limits),
            Some(Err(error)) => Err(Error::of_watch(&error)),
            None => Err(Error::Ended),
        };
        if let Err(error) = applied {
            return error;
        }
    }
}

/// Takes one event into the list under way, or into the store.
fn apply(
    store: &Store,
    list: &mut Option<Kept>,
    event: Event<NamespaceMetadata>,
    limits: &Limits,
) -> Result<(), Error> {
    match event {
        Event::Init => *list = Some(Kept::new(limits.kept)),
        Event::InitApply(object) => {
            let (name, labels) = parts(object)?;
            list.get_or_insert_with(|| Kept::new(limits.kept)).insert(name, labels);
        }
        Event::InitDone => store.replace(list.take().unwrap_or_else(|| Kept::new(limits.kept))),
        Event::Apply(object) => {
            let (name, labels) = parts(object)?;
            store.write().kept.insert(name, labels);
        }
        Event::Delete(object) => {
            let (name, _) = parts(object)?;
            store.write().kept.remove(&name);
        }
    }
    Ok(())
}

fn parts(object: NamespaceMetadata) -> Result<(String, Labels), Error> {
    let name = object.metadata.name.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Error::Unreadable { cause: "a namespace has no name".to_owned() })?;
    Ok((name, object.metadata.labels.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_no_more_than_it_may_and_counts_what_leaves() {
        let mut kept = Kept::new(3 * size("a", &named("a", Labels::new())));
        for name in ["a", "b", "c", "d"] {
            kept.insert(name.to_owned(), Labels::new());
        }
        assert!(!kept.labels.contains_key("d"), "it is read live");
        kept.remove("a");
        kept.remove("never-there");
        kept.insert("d".to_owned(), Labels::new());
        assert!(kept.labels.contains_key("d"));
        kept.insert("d".to_owned(), Labels::from([("long".to_owned(), "x".repeat(1_000))]));
        assert!(!kept.labels.contains_key("d"), "old labels never stay where new ones have no room");
        for name in ["b", "c", "d"] {
            kept.remove(name);
        }
        assert_eq!(kept.bytes, 0);
    }
}
