//! What every experiment stands on: the product, certificates, labels, policy sets, and load with known verdicts.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use portcullis_load::{Answered, Plan, Question, Run, Server, Target, run};
use portcullis_support::digest;
use portcullis_tests::{Folder, corpora, files, root};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::authority::Authority;
use crate::questions::{Expect, NAMESPACES, Questions, SANDBOX, STORM};
use crate::row::{Permits, Seen};

/// What the load lasts at most, whatever is injected: nothing goes on for ever.
const LONGEST: Duration = Duration::from_secs(240);
/// Load before anything is injected.
const BEFORE: Duration = Duration::from_secs(1);
/// Load afterwards, until all must be well: in the short form, and in the long one.
const AFTER: (Duration, Duration) = (Duration::from_millis(2500), Duration::from_secs(5));
/// How long an answer is waited for: in the short form for as long as a busy machine may need, in the long one as an API server
/// does by default.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(10));
/// How often an idle server is asked again that had no time.
const ATTEMPTS: usize = 5;
/// Reviews a second: in the short form, and in the long one.
const RATE: (f64, f64) = (50.0, 200.0);
/// Recorded reviews that are sent besides the small Pods.
const RECORDED: usize = 16;
/// The label of a mode.
const MODE: &str = "portcullis.dev/mode";

/// Everything that all experiments share. Gone with the process.
pub struct World {
    pub binary: PathBuf,
    pub folder: Folder,
    pub runtime: Runtime,
    pub authority: Authority,
    pub short: bool,
    /// The SHA-256 of each policy set that was measured.
    pub sets: RefCell<BTreeMap<String, String>>,
    recorded: Vec<Value>,
}

impl World {
    pub fn new(short: bool) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let (folder, authority) = (Folder::new("chaos"), Authority::new());
        let pair = authority.issue("portcullis");
        for (name, text) in [("ca.pem", authority.pem()), ("tls.crt", pair.cert), ("tls.key", pair.key)] {
            folder.write(name, text);
        }
        let recorded = recorded();
        let mut namespaces: BTreeSet<String> = NAMESPACES.map(str::to_owned).into();
        namespaces.extend(recorded.iter().filter_map(|one| one["request"]["namespace"].as_str()).map(str::to_owned));
        let object = |name: &str, labels: Value| {
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}).to_string()
        };
        let mut labels: Vec<String> = namespaces.iter().map(|name| object(name, json!({}))).collect();
        labels.push(object(STORM, json!({})));
        labels.push(object(SANDBOX, json!({MODE: "sandbox"})));
        folder.write("labels.yaml", labels.join("\n---\n"));
        Self {
            binary: portcullis_tests::binary(),
            folder,
            runtime: runtime.expect("threads"),
            authority,
            short,
            sets: RefCell::default(),
            recorded,
        }
    }

    /// One in the short form, the other in the long one.
    pub fn either<T>(&self, short: T, long: T) -> T {
        if self.short { short } else { long }
    }

    /// The path of a file of this world.
    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Writes a policy set and keeps its digest for the report; its path.
    pub fn set(&self, name: &str, text: &str) -> String {
        self.sets.borrow_mut().insert(name.to_owned(), digest(text.as_bytes()));
        self.folder.write(&format!("sets/{name}.yaml"), text);
        self.path(&format!("sets/{name}.yaml"))
    }

    /// The built-in set, as a file.
    pub fn default_set(&self) -> String {
        let text = std::fs::read_to_string(root().join("policies/default.yaml")).expect("policies/default.yaml");
        self.set("default", &text)
    }

    /// What a server is started with, besides where labels come from.
    pub fn arguments(&self, set: &str, more: &[&str]) -> Vec<String> {
        let (cert, key, cache) = (self.path("tls.crt"), self.path("tls.key"), self.path("code"));
        let mut arguments = vec!["-p", set];
        for (flag, value) in [
            ("--tls-cert", cert.as_str()),
            ("--tls-key", &key),
            ("--cache-dir", &cache),
            ("--reload-interval", "100ms"),
            ("--drain", "10s"),
        ] {
            if !more.contains(&flag) {
                arguments.extend([flag, value]);
            }
        }
        arguments.extend(more);
        arguments.into_iter().map(str::to_owned).collect()
    }

    /// A server with the certificate and the labels of this world.
    pub fn serve(&self, set: &str, more: &[&str]) -> Server {
        let labels = self.path("labels.yaml");
        self.serve_as(&self.binary, set, &[&["--namespace-labels", &labels], more].concat())
    }

    /// The same by another program, and with labels from wherever the arguments say.
    pub fn serve_as(&self, binary: &Path, set: &str, more: &[&str]) -> Server {
        let arguments = self.arguments(set, more);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Server::start(binary, self.folder.path(), &arguments)
    }

    /// The same again, where it was before.
    pub fn again(&self, set: &str, before: (std::net::SocketAddr, std::net::SocketAddr)) -> Server {
        let labels = self.path("labels.yaml");
        let arguments = self.arguments(set, &["--namespace-labels", &labels]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Server::start_on(&self.binary, self.folder.path(), &arguments, before.0, before.1)
    }

    /// How to reach a server with a certificate of this world.
    pub fn target(&self, server: &Server) -> Target {
        Target::new(server.reviews, &self.folder.path().join("ca.pem"))
    }

    /// The small Pods, and recorded reviews with the verdict that this server gives while it has nothing else to do.
    pub fn questions(&self, target: &Target) -> Questions {
        let mut questions = Questions::pods();
        for review in &self.recorded {
            let verdict = (0..ATTEMPTS).find_map(|_| match self.ask(target, Question::new(review, true)) {
                Answered::Right => Some(true),
                Answered::WronglyDenied(_) => Some(false),
                _ => None,
            });
            let uid = &review["request"]["uid"];
            let allowed = verdict.unwrap_or_else(|| panic!("an idle server gives no verdict on {uid}"));
            questions = questions.with(review, allowed, Expect::Judged);
        }
        questions
    }

    /// One review over a connection of its own.
    pub fn ask(&self, target: &Target, question: Question) -> Answered {
        self.ask_within(target, question, self.either(PATIENCE.0, PATIENCE.1))
    }

    /// The same with more or less patience.
    pub fn ask_within(&self, target: &Target, question: Question, patience: Duration) -> Answered {
        let plan = Plan { rate: 1e3, duration: Duration::from_millis(1), connections: 1, patience };
        let run = self.runtime.block_on(run(target, &Arc::new(vec![question]), &plan, &Arc::default()));
        run.sent.into_iter().next().map_or_else(|| Answered::Lost("never sent".into()), |sent| sent.answered)
    }

    /// Load for an experiment.
    pub fn load<'a>(&'a self, target: &Target, questions: &Questions) -> Load<'a> {
        Load {
            world: self,
            target: target.clone(),
            questions: questions.clone(),
            rate: self.either(RATE.0, RATE.1),
            connections: 64,
            patience: self.either(PATIENCE.0, PATIENCE.1),
            permits: Permits::default(),
        }
    }
}

/// Reviews of what users and controllers write, in the order of their names; none where there are no corpora, which is said.
fn recorded() -> Vec<Value> {
    let Some(folder) = corpora("admission-reviews/captured-1.36") else { return Vec::new() };
    let wanted = ["pods", "deployments", "statefulsets", "daemonsets", "jobs", "cronjobs", "configmaps"];
    let read = |path: PathBuf| -> Value {
        serde_json::from_slice(&std::fs::read(path).expect("a review")).expect("an AdmissionReview")
    };
    let mut reviews: Vec<Value> = files(&folder, "json").into_iter().map(read).collect();
    reviews.retain(|review| {
        let resource = review["request"]["resource"]["resource"].as_str().unwrap_or_default();
        wanted.contains(&resource) && review["request"]["operation"] != "CONNECT"
    });
    assert!(reviews.len() >= RECORDED, "the corpora have only {} reviews", reviews.len());
    let step = reviews.len() / RECORDED;
    reviews.into_iter().step_by(step).take(RECORDED).collect()
}

/// Load that lasts as long as an injection, and a little before and after it.
pub struct Load<'a> {
    pub world: &'a World,
    pub target: Target,
    pub questions: Questions,
    pub rate: f64,
    pub connections: usize,
    pub patience: Duration,
    pub permits: Permits,
}

/// What an injection has to say.
#[derive(Default)]
pub struct Notes {
    broken: Option<Instant>,
    pub beside: Vec<(Expect, Answered)>,
    pub remarks: Vec<String>,
    pub complaints: Vec<String>,
}

impl Notes {
    /// From now on it should get well again; the end of the injection where nobody says so.
    pub fn broken(&mut self) {
        self.broken = Some(Instant::now());
    }
}

/// Stops the load, whatever becomes of who started it.
struct Stops(Arc<AtomicBool>);

impl Drop for Stops {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Load<'_> {
    /// Sends, does that meanwhile, and tells what was seen.
    pub fn during(self, inject: impl FnOnce(&mut Notes)) -> Seen {
        let plan = Plan { rate: self.rate, duration: LONGEST, connections: self.connections, patience: self.patience };
        let stops = Stops(Arc::default());
        let (stop, target, all) = (Arc::clone(&stops.0), self.target, Arc::clone(&self.questions.all));
        let load = self.world.runtime.spawn(async move { run(&target, &all, &plan, &stop).await });
        std::thread::sleep(BEFORE);
        let mut notes = Notes::default();
        inject(&mut notes);
        let broken = notes.broken.unwrap_or_else(Instant::now);
        std::thread::sleep(self.world.either(AFTER.0, AFTER.1));
        drop(stops);
        let run: Run = self.world.runtime.block_on(load).expect("the load");
        let broken = broken.saturating_duration_since(run.began);
        Seen {
            run,
            expect: self.questions.expect,
            permits: self.permits,
            broken,
            beside: notes.beside,
            remarks: notes.remarks,
            complaints: notes.complaints,
        }
    }
}
