//! What one evaluation and one start cost, and how much of it is ours: ratios measured in one run.
//!
//! Components come from the folder in `PORTCULLIS_PLUGINS` (`guest-empty.wasm`, and `resource-limits.wasm` where it is
//! there). "empty" is the SDK's own empty guest: what wasmtime and a guest's start cost. The row of a policy divided by it
//! says what reading the object and judging cost; the same row for a larger object says whether cost grows with it.

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

const BATCHES: u32 = 40;

fn main() {
    let Some(folder) = std::env::var_os("PORTCULLIS_PLUGINS").map(PathBuf::from) else {
        println!("SKIPPED: PORTCULLIS_PLUGINS names no folder with guest-empty.wasm");
        return;
    };
    let runner = Runner::new(config(None)).expect("a runner");
    let Some(empty) = plugin(&runner, &folder.join("guest-empty.wasm"), "{}") else {
        println!("SKIPPED: no guest-empty.wasm in {}", folder.display());
        return;
    };
    let small = input(10_000);
    let base = measure(&empty, &small);
    row("empty guest", base, base);
    let settings = json!({"requireLimits": true, "requireRequests": true}).to_string();
    match plugin(&runner, &folder.join("resource-limits.wasm"), &settings) {
        None => println!("resource-limits.wasm is not there; its rows are left out"),
        Some(limits) => {
            for size in [10_000, 100_000, 1_000_000] {
                row(&format!("resource-limits, {} KB object", size / 1000), measure(&limits, &input(size)), base);
            }
        }
    }
    start(&folder);
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

/// The fastest of many batches: other work on the machine only ever adds.
fn measure((plugin, prepared): &(Arc<Plugin>, Prepared), input: &Input) -> Duration {
    let batch = |count: u32| {
        let started = Instant::now();
        for _ in 0..count {
            black_box(plugin.evaluate(prepared, input).expect("judged"));
        }
        started.elapsed() / count
    };
    batch(2_000);
    (0..BATCHES).map(|_| batch(500)).min().unwrap_or_default()
}

fn row(name: &str, time: Duration, base: Duration) {
    let ratio = time.as_secs_f64() / base.as_secs_f64();
    println!("{name:<34} {:>8.2} us {ratio:>6.2} x empty", time.as_secs_f64() * 1e6);
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
    load(plugins.len());
    for count in [1, 50] {
        let (time, memory, _) = load(count);
        println!(
            "start, {count:>2} plugins, code remembered  {:>8.2} ms, {memory} KiB more resident",
            time.as_secs_f64() * 1e3
        );
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

/// A Pod with 10 containers, filled up with annotations to about `size` bytes, and its workload view.
fn input(size: usize) -> Input {
    let container = |n: usize| {
        json!({"name": format!("c{n}"), "image": format!("registry.example/team/app-{n}:1.2.3"),
            "env": (0..8).map(|e| json!({"name": format!("VARIABLE_{e}"), "value": "some value of a variable"})).collect::<Vec<_>>(),
            "resources": {"requests": {"cpu": "1", "memory": "1024"}, "limits": {"cpu": "1", "memory": "1024"}}})
    };
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "annotations": {}},
        "spec": {"containers": (0..10).map(container).collect::<Vec<_>>()}});
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
