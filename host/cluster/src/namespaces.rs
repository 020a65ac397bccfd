//! The labels of a namespace, watched; a live read on a miss; never a guess.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use portcullis_model::{NAMESPACE_NAME_LABEL, NamespaceLabels};
use tokio::task::JoinHandle;

use crate::connection::{Connection, WATCH_SECONDS};
use crate::error::{Error, Span};
use crate::reads::Reads;
use crate::watched::{Store, keep};

/// The labels of one namespace.
pub(crate) type Labels = BTreeMap<String, String>;

/// What reading the labels of namespaces may cost.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How long a review waits for a live read, however late its own deadline is. Default 2 s.
    pub live: Duration,
    /// How long the first and the second attempt of a read may take; the third one has what is left of `live`. An attempt
    /// may hang because its connection died without a word, and the next one takes another. Default 500 ms.
    pub attempt: Duration,
    /// How long a read waits for the one before it, of the same namespace, to end. Default 200 ms.
    pub stall: Duration,
    /// Live reads that run at once, of all namespaces together. Default 32.
    pub reads: usize,
    /// Namespaces for which a live read may wait to begin. Default 1,024.
    pub waiting: usize,
    /// How long the API server may take for one page of the list of namespaces. Default 15 s.
    pub list: Duration,
    /// Namespaces on one page of the list. Default 250.
    pub page: u32,
    /// How long one watch lasts before it is renewed, in seconds; also how long, plus 5 s, a connection that died without a
    /// word goes unnoticed. Default 60, and never more.
    pub watch_seconds: u32,
    /// Bytes of names and labels that are kept. What does not fit is read live. Default 64 MiB, enough for 50,000
    /// namespaces with 1 KiB of labels each.
    pub kept: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            live: Duration::from_secs(2),
            attempt: Duration::from_millis(500),
            stall: Duration::from_millis(200),
            reads: 32,
            waiting: 1_024,
            list: Duration::from_secs(15),
            page: 250,
            watch_seconds: WATCH_SECONDS,
            kept: 64 << 20,
        }
    }
}

/// Knows the labels of namespaces. Cheap to clone; the watch ends with the last clone.
#[derive(Clone, Debug)]
pub struct Namespaces(Source);

#[derive(Clone, Debug)]
enum Source {
    Fixed(Arc<RwLock<BTreeMap<String, Labels>>>),
    Unlabelled,
    Watched(Arc<Watched>),
}

#[derive(Debug)]
struct Watched {
    store: Arc<Store>,
    reads: Arc<Reads>,
    watch: JoinHandle<()>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

impl Namespaces {
    /// Knows these namespaces (from a file) and no others: an unknown namespace stays unknown.
    #[must_use]
    pub fn fixed(labels: BTreeMap<String, BTreeMap<String, String>>) -> Self {
        Self(Source::Fixed(Arc::new(RwLock::new(all_named(labels)))))
    }

    /// Replaces the namespaces of [`Self::fixed`] in all clones, whole; those of a cluster are never replaced.
    pub fn replace(&self, labels: BTreeMap<String, BTreeMap<String, String>>) {
        if let Source::Fixed(fixed) = &self.0 {
            *fixed.write().unwrap_or_else(PoisonError::into_inner) = all_named(labels);
        }
    }

    /// Every namespace exists and has no label but the one with its name (`serve --dev`).
    #[must_use]
    pub fn unlabelled() -> Self {
        Self(Source::Unlabelled)
    }

    /// Watches the namespaces of a cluster with the default limits. Returns at once: see [`Self::ready`]. The watch runs on
    /// the tokio runtime that this is called on.
    pub async fn watched(connection: &Connection) -> Self {
        Self::watched_within(connection, Limits::default()).await
    }

    /// The same with limits of one's own.
    pub async fn watched_within(connection: &Connection, limits: Limits) -> Self {
        let store = Arc::new(Store::new(limits.kept));
        let watch = tokio::spawn(keep(Arc::clone(&store), connection.watches(), limits.clone()));
        let reads = Arc::new(Reads::new(connection.reads(), limits));
        Self(Source::Watched(Arc::new(Watched { store, reads, watch })))
    }

    /// The labels as far as they are at hand: for a decision that cannot get weaker by them, because they may be old. The
    /// watch may be behind by moments, and by little more than a minute where its connection died without a word. `None`
    /// for a namespace that is not known, before the first list, and while the watch is broken.
    #[must_use]
    pub fn cached(&self, namespace: &str) -> Option<BTreeMap<String, String>> {
        match &self.0 {
            Source::Fixed(labels) => labels.read().unwrap_or_else(PoisonError::into_inner).get(namespace).cloned(),
            Source::Unlabelled => Some(named(namespace, Labels::new())),
            Source::Watched(watched) => watched.store.labels(namespace),
        }
    }

    /// The labels as they are now: the read that answers began after this call. Callers that ask for one namespace at the
    /// same time share a read, and none of them takes it from the others by going away.
    ///
    /// Answers by `deadline`, or within [`Limits::live`] where that is earlier. Whatever goes wrong is
    /// [`NamespaceLabels::Unknown`] with the reason; never older labels.
    pub async fn live(&self, namespace: &str, deadline: Instant) -> NamespaceLabels {
        let unknown = |error: &Error| NamespaceLabels::Unknown(error.to_string());
        match &self.0 {
            Source::Fixed(_) => match self.cached(namespace) {
                Some(labels) => NamespaceLabels::Known(labels),
                None => NamespaceLabels::Unknown(format!("the labels that were given name no namespace `{namespace}`")),
            },
            Source::Unlabelled => NamespaceLabels::Known(named(namespace, Labels::new())),
            Source::Watched(_) if !is_name(namespace) => unknown(&Error::BadName { namespace: namespace.to_owned() }),
            Source::Watched(watched) => match watched.reads.labels(namespace, deadline).await {
                Ok(labels) => NamespaceLabels::Known(labels),
                Err(error) => unknown(&error),
            },
        }
    }

    /// Whether reviews can be judged: all namespaces have been listed once. It stays so when the watch breaks later,
    /// because labels are then read live; see [`Self::lag`].
    ///
    /// # Errors
    /// What is missing, for a person.
    pub fn ready(&self) -> Result<(), String> {
        let Source::Watched(watched) = &self.0 else { return Ok(()) };
        if watched.store.is_listed() {
            return Ok(());
        }
        Err(match watched.store.broken() {
            None => "the namespaces have not been listed yet".to_owned(),
            Some((_, why)) => format!("the namespaces have not been listed yet: {why}"),
        })
    }

    /// What is wrong with the watch, for a person; `None` while it works, and before the first list ([`Self::ready`]
    /// speaks of that).
    #[must_use]
    pub fn lag(&self) -> Option<String> {
        let Source::Watched(watched) = &self.0 else { return None };
        let (since, why) = watched.store.broken()?;
        let ago = Span(Duration::from_secs(since.elapsed().as_secs()));
        watched.store.is_listed().then(|| {
            let ago = ago.to_string().replace("0 ms", "0 s");
            format!("the watch of namespaces broke {ago} ago: {why}; labels are read live")
        })
    }
}

fn all_named(labels: BTreeMap<String, Labels>) -> BTreeMap<String, Labels> {
    labels.into_iter().map(|(name, labels)| (name.clone(), named(&name, labels))).collect()
}

/// The labels of a namespace as the API server has them: its own name is always among them.
pub(crate) fn named(name: &str, mut labels: Labels) -> Labels {
    labels.insert(NAMESPACE_NAME_LABEL.to_owned(), name.to_owned());
    labels
}

/// Whether this can be the name of a namespace (RFC 1123 label, as apimachinery checks it). Anything else could lead a read
/// to another path.
fn is_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    matches!(bytes.len(), 1..=63)
        && bytes.iter().all(|byte| inner(*byte) || *byte == b'-')
        && bytes.first().is_some_and(|byte| inner(*byte))
        && bytes.last().is_some_and(|byte| inner(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_names_that_lead_elsewhere() {
        for good in ["a", "0", "kube-system", &"x".repeat(63)] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a/b", "..", "a?b", "a%2fb", "a b", "a\n", "ü", &"x".repeat(64)] {
            assert!(!is_name(bad), "{bad:?}");
        }
    }
}
