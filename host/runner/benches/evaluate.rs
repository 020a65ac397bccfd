//! What one evaluation and one start cost, and how much of it is ours: ratios measured in one run.
//!
//! Components come from the folder in `PORTCULLIS_PLUGINS`. `guest-empty` is the SDK's own empty guest: what wasmtime and a
//! guest's start cost. The row of a policy divided by it says what reading the object and judging cost; the same row for a larger
//! object says whether cost grows with it, as it does for `guest-json`, which gets the object as JSON text.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use portcullis_model::{
    Amount, AmountState, Container, ContainerRole, Document, DocumentBuilder, Image, ImageState, Limits,
    NamespaceLabels, NodeId, PluginBytes, Request, Resources, Review, Subject, SubjectKind, Workload,
};
use portcullis_runner::{Input, Plugin, Prepared, Runner, RunnerConfig};
use serde_json::{Value, json};

const BATCHES: usize = 40;
/// A batch takes about this long, however long one call takes.
const BATCH: Duration = Duration::from_millis(5);
/// About so many bytes of object, and so many containers in it.
const SIZES: [(usize, usize); 4] = [(2_000, 2), (10_000, 10), (100_000, 10), (1_000_000, 10)];

fn main() {
    let Some(folder) = std::env::var_os("PORTCULLIS_PLUGINS").map(PathBuf::from) else {
        println!("SKIPPED: PORTCULLIS_PLUGINS names no folder with guest-empty.wasm");
        return;
    };
    let runner = Runner::new(config(None)).expect("a runner");
    let settings = json!({"requireLimits": true, "requireRequests": true}).to_string();
    let plugins = [("guest-empty", "{}"), ("resource-limits", settings.as_str()), ("guest-json", "{}")];
    let mut cases = Vec::new();
    for (name, settings) in plugins {
        let Some(plugin) = plugin(&runner, &folder.join(format!("{name}.wasm")), settings) else {
            println!("SKIPPED: no {name}.wasm in {}", folder.display());
            return;
        };
        let sizes = SIZES.into_iter().filter(|(size, _)| name != "guest-empty" || *size == 10_000);
        cases.extend(sizes.map(|(size, containers)| Case::new(name, size, plugin.clone(), input(size, containers))));
    }
    // By turns, so that other work on the machine hits all of them.
    for _ in 0..BATCHES {
        cases.iter_mut().for_each(Case::batch);
    }
    println!("\nOne call in a fresh instance; `guest-json` judges less, and parses the object as JSON text.\n");
    println!("| plugin | object | fastest | median | times the empty guest |\n| --- | --- | --- | --- | --- |");
    let base = cases[0].fastest();
    for case in &cases {
        let (fastest, median) = (case.fastest(), case.median());
        println!(
            "| `{}` | {} KB | {fastest:.1} us | {median:.1} us | {:.1} |",
            case.name,
            case.size / 1000,
            fastest / base
        );
    }
    start(&folder);
}

/// A plugin with an object, and what its calls took.
struct Case {
    name: &'static str,
    size: usize,
    plugin: (Arc<Plugin>, Prepared),
    input: Input,
    /// Calls of one batch.
    count: u32,
    /// Microseconds of a call, one number for each batch.
    took: Vec<f64>,
}

impl Case {
    fn new(name: &'static str, size: usize, plugin: (Arc<Plugin>, Prepared), input: Input) -> Self {
        let mut case = Self { name, size, plugin, input, count: 20, took: Vec::new() };
        // What comes first is slower than what follows.
        case.batch();
        case.batch();
        let one = case.fastest().max(0.1);
        case.count = (BATCH.as_secs_f64() * 1e6 / one).ceil() as u32;
        case.took.clear();
        case
    }

    fn batch(&mut self) {
        let started = Instant::now();
        for _ in 0..self.count {
            black_box(self.plugin.0.evaluate(&self.plugin.1, &self.input).expect("judged"));
        }
        self.took.push(started.elapsed().as_secs_f64() * 1e6 / f64::from(self.count));
    }

    /// Other work on the machine only ever adds.
    fn fastest(&self) -> f64 {
        self.took.iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn median(&self) -> f64 {
        let mut sorted = self.took.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    }
}

fn config(cache: Option<PathBuf>) -> RunnerConfig {
    let mut config = RunnerConfig::new(quantity);
    config.compile_in_process = true;
    config.cache_dir = cache;
    config
}

fn plugin(runner: &Runner, path: &Path, settings: &str) -> Option<(Arc<Plugin>, Prepared)> {
    let wasm = std::fs::read(path).ok()?;
    let plugin = runner.load(&PluginBytes { wasm: wasm.into(), code: None }, None).expect("a plugin");
    // Settings of another version of the plugin are no reason to measure nothing.
    let prepared = plugin.prepare(settings).or_else(|_| plugin.prepare("{}")).expect("settings");
    Some((plugin, prepared))
}

/// Start with 1 and with 50 plugins whose code is remembered; memory is what the kernel says of this process.
fn start(folder: &Path) {
    let cache = std::env::temp_dir().join(format!("portcullis-bench-{}", std::process::id()));
    let source = ["resource-limits.wasm", "guest-empty.wasm"].iter().find_map(|n| std::fs::read(folder.join(n)).ok());
    let source = source.expect("read before");
    // A custom section makes each of them another component.
    let plugins: Vec<Arc<[u8]>> =
        (0..50_u8).map(|n| [source.as_slice(), &[0, 3, 1, b'n', n]].concat().into()).collect();
    let load = |count: usize| {
        let before = resident();
        let started = Instant::now();
        let runner = Runner::new(config(Some(cache.clone()))).expect("a runner");
        let load = |wasm: &Arc<[u8]>| runner.load(&PluginBytes { wasm: Arc::clone(wasm), code: None }, None);
        let loaded: Vec<_> = plugins[..count].iter().map(|wasm| load(wasm).expect("a plugin")).collect();
        (started.elapsed(), resident().saturating_sub(before), loaded.len())
    };
    println!("\n| plugins loaded | compiled before | took | more resident |\n| --- | --- | --- | --- |");
    for (count, before) in [(1, "no"), (50, "all but one"), (1, "yes"), (50, "yes")] {
        let (time, memory, _) = load(count);
        println!("| {count} | {before} | {:.1} ms | {:.1} MiB |", time.as_secs_f64() * 1e3, memory as f64 / 1024.0);
    }
    let _ = std::fs::remove_dir_all(cache);
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// Whole numbers only; the real reader is a neighbour of this crate and is not measured here.
fn quantity(text: &str) -> Amount {
    text.parse().map_or(Amount::UNREADABLE, exact)
}

fn exact(whole: i64) -> Amount {
    Amount { state: AmountState::Exact, whole, nanos: 0 }
}

/// A Pod with so many containers, filled up with annotations to about `size` bytes, and its workload view.
fn input(size: usize, containers: usize) -> Input {
    let container = |n: usize| {
        json!({"name": format!("c{n}"), "image": format!("registry.example/team/app-{n}:1.2.3"),
            "env": (0..8).map(|e| json!({"name": format!("VARIABLE_{e}"), "value": "some value of a variable"})).collect::<Vec<_>>(),
            "resources": {"requests": {"cpu": "1", "memory": "1024"}, "limits": {"cpu": "1", "memory": "1024"}}})
    };
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "annotations": {}},
        "spec": {"containers": (0..containers).map(container).collect::<Vec<_>>()}});
    let missing = size.saturating_sub(pod.to_string().len());
    for n in 0..missing / 100 {
        let mut key = String::new();
        write!(key, "example.org/annotation-{n:06}").expect("written");
        pod["metadata"]["annotations"][key] = Value::String("x".repeat(64));
    }
    let object = document(&pod);
    let workload = workload(&object);
    let subject = Subject {
        kind_of: SubjectKind::Object,
        api_version: "v1".into(),
        kind: "Pod".into(),
        namespace: "shop".into(),
        name: "web".into(),
        place: None,
        occurrence: None,
    };
    let review = Review {
        subject,
        request: Request { operation: "CREATE".into(), ..Request::default() },
        object: Some(object),
        old_object: None,
        options: None,
        request_document: None,
        namespace: NamespaceLabels::None,
        mode: None,
        time: 0,
        notices: Vec::new(),
        file: None,
    };
    let (review, workload) = (Arc::new(review), Arc::new(workload));
    Input { review, workload, facts: Arc::default(), hidden_label: None, deadline: None, hide: None }
}

fn document(value: &Value) -> Document {
    fn write(value: &Value, b: &mut DocumentBuilder) {
        match value {
            Value::Null => b.null(None),
            Value::Bool(bool) => b.boolean(*bool, None),
            Value::Number(number) => b.number(&number.to_string(), None),
            Value::String(text) => b.string(text, None),
            Value::Array(items) => {
                b.begin_list(None);
                items.iter().for_each(|item| write(item, b));
                b.end(0).expect("a list");
            }
            Value::Object(members) => {
                b.begin_map(None);
                for (key, member) in members {
                    b.key(key, None);
                    write(member, b);
                }
                b.end(0).expect("a map");
            }
        }
    }
    let mut b = DocumentBuilder::new(None, Limits::default());
    write(value, &mut b);
    b.finish().expect("a document")
}

fn workload(object: &Document) -> Workload {
    let pod_spec = object.find(NodeId::ROOT, "spec");
    let list = object.find(pod_spec, "containers");
    let amounts = [exact(1), exact(1), exact(1 << 30), exact(1 << 30), exact(1 << 30), exact(1 << 30)];
    let resources = Resources { amounts };
    let container = |node| Container {
        node,
        name: object.string(node, &["name"]).unwrap_or_default().to_owned(),
        role: ContainerRole::Regular,
        resources,
    };
    let image = |(n, node): (u32, NodeId)| Image {
        node: object.find(node, "image"),
        container: Some(n),
        state: ImageState::Unreadable("not read in this bench".into()),
    };
    Workload {
        pod_spec,
        replicas: 1,
        containers: object.items(list).map(container).collect(),
        images: (0..).zip(object.items(list)).map(image).collect(),
        ..Workload::default()
    }
}
