//! A trial before a new version comes into force: every plugin is called with its own settings once.

use std::sync::Arc;

use portcullis_document::{ReadLimits, read_json_text};
use portcullis_model::{Mode, Review};
use portcullis_runner::Input;
use portcullis_subject::kinds::Kinds;
use portcullis_subject::{Context, from_object};

use crate::{InstalledSet, Sets};

/// An object with everything that plugins commonly read. What they find in it does not matter.
const TRIAL: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"trial","namespace":"trial","labels":{"app":"trial"}},
"spec":{"initContainers":[{"name":"init","image":"registry.example/init:1"}],"containers":[{"name":"app",
"image":"registry.example/app:1","resources":{"requests":{"cpu":"100m","memory":"128Mi"},"limits":{"cpu":"1","memory":"1Gi"}}}]}}"#;

impl Sets {
    /// Calls every policy's plugin in both modes, whatever it matches, and says which ones fail. Findings and questions are
    /// answers; a trap, a breach of the contract or of a budget is not.
    pub fn self_test(&self) -> Vec<String> {
        let Some(review) = trial() else { return vec!["the built-in trial object cannot be read".into()] };
        let calls = self.sets.iter().flat_map(|set| (0..set.policies.len()).map(move |index| (set, index)));
        calls
            .flat_map(|(set, index)| {
                let failures = [Mode::Sandbox, Mode::Compliance].map(|mode| call(set, index, mode, &review));
                // What fails in one mode mostly fails in the other: the first is enough to tell.
                failures.into_iter().flatten().next()
            })
            .collect()
    }
}

fn trial() -> Option<Arc<Review>> {
    let document = read_json_text(TRIAL, &ReadLimits::default()).ok()?;
    let reviews = from_object(&document, &Kinds::builtin(), &Context::default()).ok()?;
    reviews.into_iter().next().map(Arc::new)
}

fn call(set: &InstalledSet, index: usize, mode: Mode, review: &Arc<Review>) -> Option<String> {
    let rules = &set.loaded.set;
    let installed = &set.policies[index];
    let input = Input {
        review: Arc::clone(review),
        workload: Arc::new(portcullis_subject::workload::view(review, &rules.workloads)),
        facts: Arc::default(),
        hidden_label: set.mode_label.clone(),
        deadline: None,
        hide: None,
    };
    let error = installed.plugin.evaluate(installed.prepared.of(mode), &input).err()?;
    Some(format!("policy `{}/{}` fails on a trial object in {mode}: {error}", rules.name, rules.policies[index].name))
}
