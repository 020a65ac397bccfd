//! Mixed load for minutes while everything that can be reloaded is: memory, files, threads and cache must be flat at the end.
//!
//! `PORTCULLIS_BIN` names the release binary, `PORTCULLIS_PLUGINS` the folder of built components. `cargo xtask soak [--minutes 20]`.

mod change;
mod churn;
mod trend;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use portcullis_load::{
    Authority, Plan, Question, Report, Resources, Server, Target, learn, namespaces, pod, recorded, run,
};
use serde_json::Value;

use self::change::{Files, PLAY};

/// Reviews a second.
const RATE: f64 = 300.0;
/// How often everything is written anew, and the connections are others; also how often somebody looks.
const TURN: Duration = Duration::from_secs(10);
/// Turns of a row of the table.
const ROW: usize = 6;
/// How long it runs where nobody says.
const MINUTES: u64 = 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let minutes = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => Ok(MINUTES),
        ["--minutes", minutes] => minutes.parse().ok().filter(|minutes| *minutes > 0).ok_or("--minutes takes a number"),
        _ => Err("say nothing, or --minutes N"),
    };
    let soaked = minutes.map_err(str::to_owned).and_then(|minutes| {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|why| why.to_string())?;
        runtime.block_on(soak(minutes))
    });
    match soaked {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("soak: {why}");
            ExitCode::FAILURE
        }
    }
}

/// A folder that goes away with its owner.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing is left to do where it cannot be removed.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn soak(minutes: u64) -> Result<(), String> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).ok_or_else(|| format!("{name} is not set"));
    let component = variable("PORTCULLIS_PLUGINS")?.join("guest-empty.wasm");
    let component = std::fs::read(&component).map_err(|error| format!("{}: {error}", component.display()))?;
    let binary = variable("PORTCULLIS_BIN")?;
    let folder = Folder(std::env::temp_dir().join(format!("portcullis-soak-{}", std::process::id())));
    std::fs::create_dir_all(&folder.0).map_err(|error| error.to_string())?;
    let reviews = reviews();
    // The labels of that one change.
    let others: Vec<Value> = reviews.iter().filter(|review| review["request"]["namespace"] != PLAY).cloned().collect();
    let mut files = Files::new(&folder.0, namespaces(&others), &component);
    let authority = Authority::write(&folder.0);
    let own = authority.arguments();
    let mut arguments: Vec<&str> = own.iter().map(String::as_str).collect();
    arguments.extend(["--policies", "set.yaml", "--namespace-labels", "namespaces.yaml", "--log-level", "error"]);
    let server = Server::start(&binary, &folder.0, &arguments);
    let target = Target::new(server.reviews, &authority.certificate);
    let questions = Arc::new(learn(&target, &reviews).await?);
    let denied = questions.iter().filter(|question| !question.allowed).count();
    println!(
        "{RATE} reviews a second over TLS, {} of them by turns, {denied} denied; every {} s another policy set (one of five is broken), other labels, other connections; five callers a second besides that come and go.\n",
        questions.len(),
        TURN.as_secs()
    );
    let (stop, callers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    tokio::spawn(churn::come_and_go(target.clone(), questions[0].clone(), Arc::clone(&stop), Arc::clone(&callers)));
    let soaked = turns(&server, &target, &questions, &mut files, &folder.0, minutes).await;
    stop.store(true, Ordering::Relaxed);
    let ended = server.terminate(Duration::from_secs(60));
    println!("\n{} callers came and went besides. SIGTERM: ended with {ended:?}.", callers.load(Ordering::Relaxed));
    soaked.verdict(ended)
}

/// Pods that are allowed and denied whatever the labels say, one of 1 MB, and recorded reviews where there are any.
fn reviews() -> Vec<Value> {
    let mut reviews = recorded().unwrap_or_else(|why| {
        println!("SKIPPED: recorded reviews: {why}; made Pods alone\n");
        Vec::new()
    });
    for n in 0..40 {
        let name = format!("web-{n}");
        reviews.push(pod("shop", &name, 2, Some("1"), 2_000));
        reviews.push(pod("shop", &name, 2, None, 2_000));
        reviews.push(pod(PLAY, &name, 10, Some("1"), 10_000));
    }
    reviews.push(pod("shop", "large", 10, Some("1"), 1_000_000));
    reviews
}

/// What was seen of the server at a moment.
#[derive(Clone, Copy)]
struct Sample {
    resources: Resources,
    cache: u64,
}

#[derive(Default)]
struct Soaked {
    report: Report,
    samples: Vec<Sample>,
    applied: f64,
    refused: f64,
    broken: usize,
}

async fn turns(
    server: &Server,
    target: &Target,
    questions: &Arc<Vec<Question>>,
    files: &mut Files,
    folder: &Path,
    minutes: u64,
) -> Soaked {
    println!(
        "| minute | memory (MB) | open files | threads | cache (KB) | right | shed | wrong | lost, unsent | p99 (ms) | sets taken, refused |"
    );
    println!("| {} |", ["---"; 11].join(" | "));
    let began = Instant::now();
    let (mut soaked, mut row) = (Soaked::default(), Report::default());
    let never = Arc::new(AtomicBool::new(false));
    while began.elapsed() < Duration::from_secs(60 * minutes) {
        soaked.broken += usize::from(!files.next());
        let turn = soaked.samples.len();
        // As many connections as it takes, and sometimes more.
        let plan = Plan::new(RATE, TURN).over(if turn.is_multiple_of(2) { 32 } else { 48 });
        let sent = run(target, questions, &plan, &never);
        let (sent, sample) = tokio::join!(sent, async {
            // Looked at while the load is there, when the new version has been in force for a while.
            tokio::time::sleep(TURN / 2).await;
            Sample { resources: server.resources().unwrap_or_default(), cache: bytes(&folder.join("cache")) }
        });
        row = row.and(Report::of(&sent, Duration::ZERO, Duration::ZERO));
        soaked.samples.push(sample);
        if soaked.samples.len().is_multiple_of(ROW) {
            let reloads = |result: &str| {
                let labels = format!(r#"{{what="policies",result="{result}"}}"#);
                server.metric(&format!("portcullis_reloads_total{labels}")).unwrap_or_default()
            };
            (soaked.applied, soaked.refused) = (reloads("applied"), reloads("refused"));
            let Sample { resources: Resources { memory, files, threads, .. }, cache } = sample;
            let summary = &row.summary;
            println!(
                "| {} | {:.1} | {files} | {threads} | {} | {} | {} | {} | {}, {} | {:.1} | {}, {} |",
                soaked.samples.len() / ROW,
                memory as f64 / 1e6,
                cache / 1_000,
                summary.right,
                summary.shed(),
                row.wrong(),
                summary.lost,
                summary.unsent,
                summary.quantile(0.99).as_secs_f64() * 1e3,
                soaked.applied,
                soaked.refused
            );
            soaked.report = soaked.report.and(std::mem::take(&mut row));
        }
    }
    soaked.report = soaked.report.and(row);
    soaked
}

impl Soaked {
    /// Flat at the end, no wrong verdict, nothing lost, everything reloaded.
    fn verdict(&self, ended: Option<i32>) -> Result<(), String> {
        let mut wrong = Vec::new();
        let of = |value: &dyn Fn(&Sample) -> f64| self.samples.iter().map(value).collect::<Vec<f64>>();
        for (bound, samples) in [
            (trend::MEMORY, of(&|sample| sample.resources.memory as f64)),
            (trend::FILES, of(&|sample| sample.resources.files as f64)),
            (trend::THREADS, of(&|sample| sample.resources.threads as f64)),
            (trend::CACHE, of(&|sample| sample.cache as f64)),
        ] {
            match trend::judge(bound, &samples) {
                Ok(said) => println!("flat: {said}"),
                Err(said) => wrong.push(said),
            }
        }
        let summary = &self.report.summary;
        println!(
            "{} reviews, {} right, {} shed, {} wrong, {} lost",
            summary.sent,
            summary.right,
            summary.shed(),
            self.report.wrong(),
            summary.lost
        );
        if self.report.wrong() > 0 {
            wrong.push(format!("{} wrong verdicts", self.report.wrong()));
        }
        if summary.right < summary.sent || summary.unsent > 0 {
            wrong.push(format!("{} unsent, and not every answer was right: {:?}", summary.unsent, summary.examples));
        }
        if self.applied < 1.0 || (self.broken > 1 && self.refused < 1.0) {
            wrong.push(format!("{} sets were taken and {} refused: nothing was reloaded", self.applied, self.refused));
        }
        if ended != Some(0) {
            wrong.push(format!("it ended with {ended:?}"));
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n  ")) }
    }
}

/// Bytes of all files in a folder.
fn bytes(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| Some(file.metadata().ok()?.len())).sum()
}
