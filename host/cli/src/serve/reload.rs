//! New versions of policy sets, waivers, labels, registries, rate limits and certificates: loaded, tried, and put in force whole or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use portcullis_cluster::Namespaces;
use portcullis_gate::{Gate, Sets};
use portcullis_model::{KeySource, PluginReference, TrustRoot};
use portcullis_policies::{LoadedSet, Waivers};
use portcullis_webhook::Webhook;
use portcullis_webhook::health::Health;
use portcullis_webhook::metrics;
use portcullis_webhook::tls::Certificates;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;

use super::rates::Rates;
use super::registries::{Look, Registries};
use super::watched_files::{Contents, WatchedFiles};
use crate::namespaces;
use crate::sets;
use crate::wire::{self, Works};

/// What is reloaded together, because it is judged together: what a refusal is about.
const POLICIES: &str = "policies";
const LABELS: &str = "labels";
const CERTIFICATES: &str = "certificates";
const REGISTRIES: &str = "registries";
const RATES: &str = "rates";

/// What the log says when a refusal is over.
const MENDED: &str = "nothing is refused any more";

/// What is refused where a look ended in a panic.
const PANICKED: &str = "reading it ended in a panic, which is a bug; it is tried again";

type Labels = BTreeMap<String, BTreeMap<String, String>>;

/// One version of everything that is read from files and decides.
pub struct Version {
    /// The policy sets and waivers, ready to judge.
    pub sets: Sets,
    /// The labels of namespaces, where they come from files.
    pub labels: Option<Labels>,
}

/// The version that a process begins with.
pub struct First {
    /// The policy sets and waivers.
    pub sets: Sets,
    /// The labels of namespaces, where they come from files.
    pub labels: Option<Labels>,
    /// Where it came from.
    pub files: Seen,
}

/// Files, and what was made of which contents.
pub struct Seen {
    files: WatchedFiles,
    /// The contents that serve.
    applied: Contents,
    /// Contents that were refused, so that they are not tried again and again.
    refused: Option<Contents>,
    /// Whether the last look at them ended in a panic: nobody knows of which contents.
    panicked: bool,
}

/// How often the first reading is repeated while somebody writes.
const FIRST_READINGS: usize = 20;

/// Refuses files that cannot serve, without compiling any plugin: the reason is the first that the next reading would give.
pub fn check(files: &mut WatchedFiles) -> anyhow::Result<()> {
    first_reading(files, |sets, _| Ok(wire::refuse_missing_plugins(&sets)?)).map(|_| ())
}

/// Loads the first version; there is no last good one to fall back to.
pub fn first(works: &Works, mut files: WatchedFiles, health: &Health) -> anyhow::Result<First> {
    let make = |sets, waivers| works.install_tried(sets, waivers);
    let (applied, (sets, labels)) = first_reading(&mut files, make)?;
    warn(&sets, health);
    Ok(First { sets, labels, files: Seen { files, applied, refused: None, panicked: false } })
}

fn first_reading<T>(
    files: &mut WatchedFiles,
    make: impl Fn(Vec<LoadedSet>, Waivers) -> anyhow::Result<T>,
) -> anyhow::Result<(Contents, (T, Option<Labels>))> {
    for _ in 0..FIRST_READINGS {
        if let Some((applied, read)) = attempt(files, &make) {
            return Ok((applied, (read.made?, read.labels?)));
        }
    }
    anyhow::bail!("the policy sets keep changing while they are read; start again when they are written")
}

/// What one reading came to: each part for itself, so that a refusal says what is wrong.
struct Reading<T> {
    made: anyhow::Result<T>,
    labels: anyhow::Result<Option<Labels>>,
}

/// One reading with the contents that it was made of; nothing where these changed meanwhile.
fn attempt<T>(
    files: &mut WatchedFiles,
    make: impl Fn(Vec<LoadedSet>, Waivers) -> anyhow::Result<T>,
) -> Option<(Contents, Reading<T>)> {
    let before = files.settled(&BTreeSet::new())?;
    let written = sets::load(&files.policies, &files.waivers);
    let plugins = written.as_ref().map(|(sets, _)| plugins_of(sets)).unwrap_or_default();
    let read = files.settled(&plugins)?;
    let labels = (!files.labels.is_empty()).then(|| namespaces::labels(&files.labels)).transpose();
    let made = written.map_err(Into::into).and_then(|(sets, waivers)| make(sets, waivers));
    let undisturbed = read.same_documents(&before) && files.contents(&plugins) == read;
    undisturbed.then_some((read, Reading { made, labels: labels.map_err(Into::into) }))
}

/// The components, keys and roots in files that these sets name.
fn plugins_of(sets: &[LoadedSet]) -> BTreeSet<PathBuf> {
    let plugins = sets.iter().flat_map(|set| &set.set.policies).filter_map(|policy| match &policy.plugin {
        PluginReference::File { path, .. } => Some(PathBuf::from(path)),
        _ => None,
    });
    let trusts = || sets.iter().flat_map(|set| &set.set.trust);
    let roots = trusts().filter_map(|trust| match &trust.root {
        Some(TrustRoot::File(path)) => Some(path.clone()),
        _ => None,
    });
    let keys = trusts().flat_map(|trust| &trust.keys).filter_map(|key| match &key.source {
        KeySource::File(path) | KeySource::Directory(path) => Some(path.clone()),
        KeySource::Inline(_) => None,
    });
    plugins.chain(roots).chain(keys).collect()
}

/// Says in the log, and to whoever looks at the health, what in the sets can hardly be meant.
fn warn(sets: &Sets, health: &Health) {
    let warnings: Vec<String> = sets.warnings().into_iter().map(|warning| warning.message).collect();
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let all = Some(warnings.join("; ")).filter(|all| !all.is_empty());
    health.concern(POLICIES, move || all.clone());
}

/// The name and the digest of each set.
pub fn digests(sets: &Sets) -> Vec<(String, String)> {
    sets.sets.iter().map(|set| (set.loaded.set.name.clone(), set.loaded.set.digest.clone())).collect()
}

/// Looks at the files, and puts in force what is new and good.
pub struct Reloader {
    /// What makes sets that can judge.
    pub works: Works,
    /// Where they judge.
    pub gate: Arc<Gate>,
    /// The certificate and the authorities of callers.
    pub certificates: Arc<Certificates>,
    /// What registries are asked with.
    pub registries: Registries,
    /// The labels of namespaces.
    pub namespaces: Namespaces,
    /// Where rates are kept to.
    pub webhook: Arc<Webhook>,
    /// The file of rate limits, where there is one.
    pub rates: Option<Rates>,
    /// Where a refused version is shown.
    pub health: Arc<Health>,
    /// The files.
    pub files: Seen,
}

/// Whether a look came to its end: a panic is a bug, refuses what was looked at, and ends no later look.
fn survived(health: &Health, what: &'static str, look: impl FnOnce()) -> bool {
    // Nothing is in force by halves: what decides is swapped whole, after everything that can panic.
    let survived = catch_unwind(AssertUnwindSafe(look)).is_ok();
    if !survived {
        metrics::reload(what, false);
        tracing::error!(reason = PANICKED, "new {what} are refused; the last good ones serve");
        health.reloaded(what, Err(PANICKED.to_owned()));
    }
    survived
}

impl Reloader {
    /// Looks every so often, and whenever somebody asks for it.
    pub async fn run(mut self, interval: Duration, asked: Arc<Notify>) {
        let mut refused_certificate = None;
        for what in [POLICIES, LABELS, CERTIFICATES, REGISTRIES, RATES] {
            self.health.reloaded(what, Ok(()));
        }
        loop {
            let forced = tokio::select! {
                () = tokio::time::sleep(interval) => false,
                () = asked.notified() => true,
            };
            let looking = spawn_blocking(move || {
                if forced {
                    tracing::info!("reading everything again, as SIGHUP asks");
                }
                let health = Arc::clone(&self.health);
                if !survived(&health, CERTIFICATES, || self.look_at_certificates(&mut refused_certificate, forced)) {
                    refused_certificate = Some(PANICKED.to_owned());
                }
                survived(&health, REGISTRIES, || self.look_at_registries(forced));
                survived(&health, RATES, || self.look_at_rates(forced));
                self.files.panicked |= !survived(&health, POLICIES, || self.look_at_policies(forced));
                self.webhook.tidy();
                (self, refused_certificate)
            });
            // Reading waits for the disk, compiling for the processor.
            (self, refused_certificate) = match looking.await {
                Ok(back) => back,
                Err(error) => {
                    tracing::error!(%error, "nothing is reloaded any more; restart this process");
                    return;
                }
            };
        }
    }

    fn look_at_certificates(&self, refused: &mut Option<String>, forced: bool) {
        match self.certificates.reload() {
            Ok(new) => {
                if new {
                    metrics::reload(CERTIFICATES, true);
                    tracing::info!("new certificates serve");
                    if refused.is_some() {
                        tracing::info!("{MENDED}");
                    }
                } else if refused.is_some() {
                    tracing::info!("the certificates that serve are back in their files; {MENDED}");
                }
                *refused = None;
                self.health.reloaded(CERTIFICATES, Ok(()));
            }
            Err(error) => {
                let reason = error.to_string();
                if forced || refused.as_ref() != Some(&reason) {
                    metrics::reload(CERTIFICATES, false);
                    tracing::warn!(reason, "new certificates are refused; the last good ones serve");
                    *refused = Some(reason.clone());
                }
                self.health.reloaded(CERTIFICATES, Err(reason));
            }
        }
    }

    fn look_at_registries(&mut self, forced: bool) {
        match self.registries.look(forced) {
            Look::Same => {}
            Look::New => {
                metrics::reload(REGISTRIES, true);
                self.health.reloaded(REGISTRIES, Ok(()));
                tracing::info!("registries are asked as their files say now");
            }
            Look::Refused(error) => self.refuse(REGISTRIES, Some(error)),
        }
    }

    fn look_at_rates(&mut self, forced: bool) {
        match self.rates.as_mut().and_then(|rates| rates.look(forced)) {
            None => {}
            Some(Ok(limits)) => {
                self.webhook.limit(limits);
                metrics::reload(RATES, true);
                self.health.reloaded(RATES, Ok(()));
                tracing::info!("namespaces have the rates that their file says now");
            }
            Some(Err(error)) => self.refuse(RATES, Some(error)),
        }
    }

    fn look_at_policies(&mut self, forced: bool) {
        let Seen { files, applied, refused, panicked } = &mut self.files;
        let Some(found) = files.settled(&applied.plugins) else { return };
        if found == *applied && !forced {
            if refused.take().is_some() | std::mem::take(panicked) {
                tracing::info!("the policies that serve are back in their files; {MENDED}");
                self.health.reloaded(POLICIES, Ok(()));
                self.health.reloaded(LABELS, Ok(()));
            }
            return;
        }
        // Of a refused version the components count that it names: one that is mended there makes it another version.
        if !forced
            && let Some(refused) = refused
            && files.contents(&refused.plugins) == *refused
        {
            return;
        }
        // Whoever writes at this moment is waited for until the next look.
        let make = |sets, waivers| self.works.install_tried(sets, waivers);
        let Some((contents, read)) = attempt(files, make) else { return };
        match read {
            Reading { made: Ok(sets), labels: Ok(labels) } => {
                let was_refused = refused.take().is_some() | std::mem::take(panicked);
                self.put_in_force(Version { sets, labels });
                self.files.applied = contents;
                if was_refused {
                    tracing::info!("{MENDED}");
                }
            }
            Reading { made, labels } => {
                *refused = Some(contents);
                self.refuse(POLICIES, made.err());
                self.refuse(LABELS, labels.err());
            }
        }
    }

    /// Neither part comes into force while the other one is refused.
    fn refuse(&self, what: &'static str, error: Option<anyhow::Error>) {
        let Some(error) = error else { return self.health.reloaded(what, Ok(())) };
        let reason = format!("{error:#}").replace("\nerror: ", "; ").replace("\n  help: ", ": ");
        metrics::reload(what, false);
        tracing::warn!(reason, "new {what} are refused; the last good ones serve");
        self.health.reloaded(what, Err(reason));
    }

    fn put_in_force(&self, version: Version) {
        warn(&version.sets, &self.health);
        let digests = digests(&version.sets);
        let named: Vec<String> = digests.iter().map(|(name, digest)| format!("{name}@{digest}")).collect();
        // Labels first: between the two a review is judged by the old sets with the new labels, each of them whole.
        if let Some(labels) = version.labels {
            self.namespaces.replace(labels);
        }
        self.gate.replace(version.sets);
        metrics::in_force(digests);
        metrics::reload(POLICIES, true);
        self.health.reloaded(POLICIES, Ok(()));
        self.health.reloaded(LABELS, Ok(()));
        tracing::info!(policy_sets = named.join(","), "new policies are in force");
    }
}

#[cfg(test)]
mod tests {
    use portcullis_webhook::health::Health;

    use super::{POLICIES, survived};

    #[test]
    fn a_panic_in_one_look_refuses_what_it_looked_at_and_the_next_look_is_taken() {
        let health = Health::new("v", "c", &[]);
        assert!(!survived(&health, POLICIES, || panic!("a bug of a reader")));
        let told = health.warnings().join("\n");
        assert!(told.starts_with("reload of policies refused") && told.contains("ended in a panic"), "{told}");
        assert!(health.missing().is_empty(), "the last good version serves");
        assert!(survived(&health, POLICIES, || health.reloaded(POLICIES, Ok(()))));
        assert!(health.warnings().is_empty());
    }
}
