//! What an evaluation costs, as a ratio to an empty call of an empty plugin in the same run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use portcullis_cases::object_review;
use portcullis_model::PluginBytes;
use portcullis_runner::{Input, Plugin, Prepared, Runner};

/// Batches of each; the fastest counts, because other work on the machine only ever adds.
const BATCHES: u32 = 30;
/// Wall time of one batch, about.
const BATCH: Duration = Duration::from_millis(4);
/// The most calls of one batch.
const MOST_CALLS: u32 = 500;
/// Containers of the larger Pod.
const CONTAINERS: usize = 10;

/// What was measured.
#[derive(Clone, Debug)]
pub struct Cost {
    /// An empty call of the empty plugin.
    pub empty: Duration,
    /// The plugin on a Pod without containers.
    pub small: Duration,
    /// The plugin on a Pod with ten containers.
    pub large: Duration,
}

impl Cost {
    /// How many times the empty call.
    pub fn ratio(&self, time: Duration) -> f64 {
        time.as_secs_f64() / self.empty.as_secs_f64().max(1e-9)
    }
}

/// Measures a plugin with these settings (JSON).
///
/// # Errors
/// Why nothing was measured, for a person.
pub fn measure(runner: &Runner, plugin: &Plugin, settings: &str) -> Result<Cost, String> {
    let prepared = plugin.prepare(settings).map_err(|error| error.to_string())?;
    let wasm = portcullis_component::empty().map_err(|error| error.to_string())?;
    let empty = runner.load(&PluginBytes { wasm: wasm.into(), code: None }, None).map_err(|error| error.to_string())?;
    let nothing = empty.prepare("{}").map_err(|error| error.to_string())?;
    let (small, large) = (pod(0)?, pod(CONTAINERS)?);
    let runs = [(&*empty, &nothing, &small), (plugin, &prepared, &small), (plugin, &prepared, &large)];
    let mut calls = [1; 3];
    for (calls, run) in calls.iter_mut().zip(runs) {
        // Twice, so that what is done only once is done.
        batch(run, 1)?;
        let once = batch(run, 1)?.max(Duration::from_nanos(1));
        let fitting = u32::try_from(BATCH.as_nanos() / once.as_nanos()).unwrap_or(MOST_CALLS);
        *calls = fitting.clamp(1, MOST_CALLS);
    }
    let mut fastest = [Duration::MAX; 3];
    for _ in 0..BATCHES {
        // By turns, so that all of them meet the same other work.
        for ((fastest, run), calls) in fastest.iter_mut().zip(runs).zip(calls) {
            *fastest = (*fastest).min(batch(run, calls)? / calls);
        }
    }
    let [empty, small, large] = fastest;
    Ok(Cost { empty, small, large })
}

fn batch((plugin, prepared, input): (&Plugin, &Prepared, &Input), calls: u32) -> Result<Duration, String> {
    let began = Instant::now();
    for _ in 0..calls {
        // Questions are an answer as well.
        std::hint::black_box(plugin.evaluate(prepared, input)).map_err(|error| error.to_string())?;
    }
    Ok(began.elapsed())
}

/// A Pod with so many containers, each of them clean by most rules.
fn pod(containers: usize) -> Result<Input, String> {
    let mut text =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: inspected, namespace: default, labels: {app: inspected}}\nspec:\n"
            .to_owned();
    text.push_str(if containers == 0 { "  containers: []\n" } else { "  containers:\n" });
    for number in 0..containers {
        text.push_str(&format!(
            "  - name: c{number}\n    image: registry.example/app@sha256:{}\n    resources: {{requests: {{cpu: 100m, memory: 128Mi}}, limits: {{cpu: 200m, memory: 256Mi}}}}\n",
            "0".repeat(64)
        ));
    }
    let review = object_review("inspected.yaml", &text).map_err(|error| error.to_string())?;
    let workload = Arc::new(portcullis_subject::workload::view(&review, &[]));
    Ok(Input {
        review: Arc::new(review),
        workload,
        facts: Arc::default(),
        hidden_label: None,
        deadline: None,
        hide: None,
    })
}
