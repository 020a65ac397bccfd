//! Reviews of 2 KB to 1 MB and recorded ones: a bare server and the product with 0, 1, 4 and 20 policies.

use std::time::Duration;

use portcullis_load::{Client, PolicySet, Question, learn, namespaces, pod, policy_set, quantile, recorded};
use serde_json::Value;

use crate::servers::{Asked, Bench};
use crate::table::{count, head, median, megabytes, quantiles, row};
use crate::turns::{Seen, Turns, take};

/// Different Pods of one size.
const PODS: usize = 16;

/// What is asked about, and how many of it a second where latency is measured.
struct Kind {
    name: String,
    reviews: Vec<Value>,
    /// Every server with policies allows it; else a server says first what it says.
    made: bool,
    rate: f64,
}

fn kinds() -> Vec<Kind> {
    let made = |bytes: usize, containers: usize, rate: f64| {
        let pods = if bytes > 500_000 { 2 } else { PODS };
        let reviews: Vec<Value> =
            (0..pods).map(|n| pod("shop", &format!("web-{n}"), containers, Some("1"), bytes)).collect();
        let size = reviews[0].to_string().len() as f64 / 1e3;
        Kind { name: format!("{size:.1} KB, {containers} containers"), reviews, made: true, rate }
    };
    let mut kinds =
        vec![made(2_000, 2, 1_000.0), made(10_000, 10, 1_000.0), made(100_000, 10, 100.0), made(1_000_000, 10, 10.0)];
    match recorded() {
        Ok(reviews) => {
            let sizes: Vec<f64> = reviews.iter().map(|review| review.to_string().len() as f64 / 1e3).collect();
            let (number, middle) = (reviews.len(), median(&sizes));
            let name = format!("{number} recorded reviews, {middle:.1} KB in the middle");
            kinds.push(Kind { name, reviews, made: false, rate: 1_000.0 });
        }
        Err(why) => println!("SKIPPED: recorded reviews: {why}\n"),
    }
    kinds
}

/// All kinds, one table each.
pub fn run(bench: &Bench) -> Vec<String> {
    let turns = Turns { rounds: 4, connections: 16, closed: Duration::from_millis(1_500), open: None };
    println!(
        "{} connections over TLS 1.3 as fast as it goes; latency at a fixed rate over 64, from when a review was due; {} turns of {} and 3 s each. Ratios are the middle of the turns'.",
        turns.connections,
        turns.rounds,
        turns.closed.as_secs_f64()
    );
    let mut complaints = Vec::new();
    for kind in kinds() {
        let known = namespaces(&kind.reviews);
        let mut servers = vec![bench.bare()];
        for set in [PolicySet::None, PolicySet::One, PolicySet::Four, PolicySet::Twenty] {
            servers.push(bench.product(set.name(), &policy_set(set), &known, &[]));
        }
        let clients: Result<Vec<Client>, String> =
            servers.iter().map(|server| Ok(bench.client(&questions(bench, server, &kind)?))).collect();
        match clients {
            Ok(clients) => {
                let asked: Vec<(&Asked, &Client)> = servers.iter().zip(&clients).collect();
                let seen = take(Turns { open: Some((kind.rate, Duration::from_secs(3))), ..turns }, &asked);
                report(&kind, &servers, &seen);
                complaints.extend(servers.iter().zip(&seen).flat_map(|(server, seen)| seen.complaints(&server.name)));
            }
            Err(why) => complaints.push(format!("{}: {why}", kind.name)),
        }
    }
    complaints
}

fn questions(bench: &Bench, server: &Asked, kind: &Kind) -> Result<Vec<Question>, String> {
    if kind.made {
        return Ok(kind.reviews.iter().map(|review| Question::new(review, true)).collect());
    }
    bench.runtime.block_on(learn(&server.target, &kind.reviews))
}

fn report(kind: &Kind, servers: &[Asked], seen: &[Seen]) {
    println!("\n{}; times at {} a second\n", kind.name, kind.rate);
    head(&[
        "server",
        "requests per second",
        "of bare, of none",
        "processor (us)",
        "times bare, none",
        "p50, p95, p99, p99.9 (ms)",
        "p99 times bare, none",
        "memory (MB) at start, after",
    ]);
    let (bare, none) = (&seen[0], &seen[1]);
    for (server, own) in servers.iter().zip(seen) {
        let both = |of: &dyn Fn(&Seen) -> f64| format!("{:.2}, {:.2}", of(bare), of(none));
        let p99 = |seen: &Seen| quantile(&seen.open.summary.judged, 0.99).as_secs_f64();
        row(&[
            server.name.clone(),
            count(median(&own.rates)),
            both(&|other| own.ratio(other, |seen| &seen.rates)),
            count(median(&own.processor)),
            both(&|other| own.ratio(other, |seen| &seen.processor)),
            quantiles(&own.open.summary.judged),
            both(&|other| p99(own) / p99(other)),
            format!("{}, {}", megabytes(server.at_start), megabytes(server.memory())),
        ]);
    }
}
