//! Four policies at 1,000 reviews a second for a minute, then at more and more, then at more than can be.

use std::time::Duration;

use portcullis_load::{Client, Load, Plan, PolicySet, Question, Report, learn, namespaces, pod, policy_set, recorded};

use crate::servers::{Asked, Bench};
use crate::table::{count, head, megabytes, millis, quantiles, row};

/// More than may wait in the server's queue by default, and less than it takes connections.
const MANY: usize = 1_536;
/// What is accepted of what is offered while the server keeps up; the last answers of a step take their time.
const KEEPS_UP: f64 = 0.95;
/// What a step of the load offers more than the one before.
const STEP: f64 = 1.25;
/// Steps are no more than this.
const STEPS: usize = 16;
/// The goals of the minute.
const SUCCESS: f64 = 0.999;
/// See there.
const P95: Duration = Duration::from_millis(100);

/// The product with four policies, and reviews for it: recorded ones, or Pods where there are none.
fn four(bench: &Bench) -> Result<(Asked, Client), String> {
    let reviews = recorded().unwrap_or_else(|why| {
        println!("SKIPPED: recorded reviews: {why}; made Pods instead\n");
        (0..16).map(|n| pod("shop", &format!("web-{n}"), 2, Some("1"), 2_500)).collect()
    });
    let server = bench.product("four", &policy_set(PolicySet::Four), &namespaces(&reviews), &[]);
    let questions: Vec<Question> = bench.runtime.block_on(learn(&server.target, &reviews))?;
    let denied = questions.iter().filter(|question| !question.allowed).count();
    println!(
        "Four policies; {} reviews by turns, {denied} of which are denied. A rate is offered whatever becomes of it, and times count from when a review was due; from when it was sent they are without what it waited for a free connection.\n",
        questions.len()
    );
    Ok((server, bench.client(&questions)))
}

const COLUMNS: [&str; 10] = [
    "offered per second",
    "seconds",
    "answered right",
    "shed",
    "lost, wrong, unsent",
    "p50, p95, p99, p99.9 of the right (ms)",
    "the same from when they were sent",
    "server: processors, us per answer",
    "client: processors",
    "memory (MB)",
];

fn line(rate: f64, seconds: f64, report: &Report, server: &Asked) {
    let summary = &report.summary;
    let lasted = summary.lasted.as_secs_f64();
    let offered = (summary.sent + summary.unsent).max(1) as f64;
    row(&[
        count(rate),
        format!("{seconds:.0}"),
        format!("{:.2} % ({} a second)", summary.success() * 100.0, count(summary.rate())),
        format!("{:.2} %", summary.shed() as f64 / offered * 100.0),
        format!("{}, {}, {}", summary.lost, report.wrong(), summary.unsent),
        quantiles(&summary.judged),
        quantiles(&report.answering),
        format!("{:.2}, {}", report.server.as_secs_f64() / lasted, report.server_each().as_micros()),
        format!("{:.2}", report.client.as_secs_f64() / lasted),
        megabytes(server.memory()),
    ]);
}

fn wrong(report: &Report) -> Vec<String> {
    let examples = &report.summary.examples;
    (report.wrong() > 0).then(|| format!("{} wrong verdicts: {examples:?}", report.wrong())).into_iter().collect()
}

/// 1,000 a second for a minute.
pub fn minute(bench: &Bench) -> Vec<String> {
    let (server, client) = match four(bench) {
        Ok(all) => all,
        Err(why) => return vec![why],
    };
    let seconds = Duration::from_secs(60);
    let report = client.run(&server.target, server.pid, Load::Open, &Plan::new(1_000.0, seconds));
    head(&COLUMNS);
    line(1_000.0, seconds.as_secs_f64(), &report, &server);
    let (p95, success) = (report.summary.quantile(0.95), report.summary.success());
    let kept = |kept: bool| if kept { "kept" } else { "missed" };
    println!("\np95 {} ms (goal: far under {}): {}.", millis(p95), millis(P95), kept(p95 < P95));
    println!("Success {:.3} % (goal: above {} %): {}.", success * 100.0, SUCCESS * 100.0, kept(success > SUCCESS));
    wrong(&report)
}

/// More and more, until less is accepted than was offered.
pub fn saturation(bench: &Bench) -> Vec<String> {
    let (server, client) = match four(bench) {
        Ok(all) => all,
        Err(why) => return vec![why],
    };
    head(&COLUMNS);
    let (mut rate, mut complaints) = (1_000.0, Vec::new());
    for _ in 0..STEPS {
        let seconds = Duration::from_secs(8);
        let plan = Plan::new(rate, seconds).over(MANY);
        let report = client.run(&server.target, server.pid, Load::Open, &plan);
        line(rate, seconds.as_secs_f64(), &report, &server);
        complaints.extend(wrong(&report));
        if report.summary.rate() < rate * KEEPS_UP || report.summary.success() < KEEPS_UP {
            println!(
                "\nMore than it can do: {} offered, {} accepted a second.",
                count(rate),
                count(report.summary.rate())
            );
            break;
        }
        rate *= STEP;
    }
    complaints
}

/// 10,000 a second, which is more than two processors can judge.
pub fn overload(bench: &Bench) -> Vec<String> {
    let (server, client) = match four(bench) {
        Ok(all) => all,
        Err(why) => return vec![why],
    };
    let (rate, seconds) = (10_000.0, Duration::from_secs(15));
    let plan = Plan::new(rate, seconds).over(MANY);
    // Warm, as a server is in front of which a storm breaks out.
    client.run(&server.target, server.pid, Load::Open, &Plan::new(500.0, Duration::from_secs(3)));
    let report = client.run(&server.target, server.pid, Load::Open, &plan);
    head(&COLUMNS);
    line(rate, seconds.as_secs_f64(), &report, &server);
    println!("\nEach second: what was sent of what was due then\n");
    head(&["second", "sent", "right", "shed", "p50, p99 of the right (ms)", "p99 from when they were sent"]);
    for (number, second) in report.seconds.iter().enumerate() {
        let (sent, right, shed) = (second.sent as f64, second.right as f64, second.shed as f64);
        let times = format!("{}, {}", millis(second.p50), millis(second.p99));
        row(&[number.to_string(), count(sent), count(right), count(shed), times, millis(second.answering)]);
    }
    if report.summary.shed() == 0 {
        println!("\nNothing was shed: this machine can do more than {} a second, or the client less.", count(rate));
    }
    let after = client.run(&server.target, server.pid, Load::Open, &Plan::new(500.0, Duration::from_secs(5)));
    println!("\nAfterwards, 500 a second again\n");
    head(&COLUMNS);
    line(500.0, 5.0, &after, &server);
    [wrong(&report), wrong(&after)].concat()
}
