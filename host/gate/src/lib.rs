//! One review in, one decision out for each policy set.
//!
//! Both doors and every later replay come through [`Gate::judge`]; nothing else decides.

mod breaker;
mod decide;
mod error;
mod existing;
mod install;
mod references;
mod rounds;
mod sound;
#[cfg(test)]
mod testing;
mod unjudged;
mod warnings;
mod watch;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use portcullis_evidence::Trust;
use portcullis_model::FactSource;
use portcullis_policies::{Baseline, LoadedSet, Waivers};
use portcullis_runner::{Plugin, Prepared};

pub use breaker::{BreakerRules, BreakerWatcher, Breakers, DEFAULT_FAULTS, DEFAULT_REST};
pub use decide::{MAX_ROUNDS, Progress, Step, decide};
pub use error::InstallError;
pub use install::{Installer, RuleInfo};
pub use rounds::{Bounds, Judgement, Judging};
pub use unjudged::Unjudged;
pub use warnings::Warning;
pub use watch::{Called, Spent, Watch};

/// A policy with its plugin loaded and its settings prepared for both modes.
pub struct InstalledPolicy {
    /// The plugin.
    pub plugin: Arc<Plugin>,
    /// `name@sha256:...`, as reports and decisions name it.
    pub plugin_label: String,
    /// The names of the policy set and of the policy, for whoever counts and watches.
    pub called: Called,
    /// What `prepare` made of the settings of each mode.
    pub prepared: portcullis_model::PerMode<Prepared>,
}

/// A policy set that can judge.
pub struct InstalledSet {
    /// The set as written, with its selectors.
    pub loaded: LoadedSet,
    /// Its policies' plugins, in the set's order.
    pub policies: Vec<InstalledPolicy>,
    /// The label that chooses the mode, which no plugin may see.
    pub mode_label: Option<Arc<str>>,
    /// Whose signatures count, by the names that policies use.
    pub trusts: BTreeMap<String, Arc<Trust>>,
}

/// One version of everything that a decision depends on besides the review and the facts.
#[derive(Default)]
pub struct Sets {
    /// The policy sets; each gives its own decision.
    pub sets: Vec<InstalledSet>,
    /// The waivers, for all sets.
    pub waivers: Waivers,
    /// Findings that were there before, for all sets; only `check` has such.
    pub baseline: Option<Baseline>,
}

/// The one place where reviews are judged.
pub struct Gate {
    sets: RwLock<Arc<Sets>>,
    facts: Arc<dyn FactSource>,
}

impl Gate {
    /// A gate with its first policy sets, and the window through which facts are looked up.
    pub fn new(sets: Sets, facts: Arc<dyn FactSource>) -> Self {
        Self { sets: RwLock::new(Arc::new(sets)), facts }
    }

    /// The policy sets in force; whoever holds the answer sees one version to the end.
    pub fn sets(&self) -> Arc<Sets> {
        Arc::clone(&self.sets.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The window through which facts are looked up.
    pub fn facts(&self) -> &Arc<dyn FactSource> {
        &self.facts
    }

    /// Puts a new version in force, whole; judgements under way keep the version that they began with.
    pub fn replace(&self, sets: Sets) {
        *self.sets.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(sets);
    }
}
