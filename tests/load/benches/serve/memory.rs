//! Memory of the product with four policies: at its start, under load, with the largest bodies, and afterwards.

use std::time::Duration;

use portcullis_load::{Load, Plan, PolicySet, Question, learn, namespaces, pod, policy_set};

use crate::servers::Bench;
use crate::table::{head, megabytes, quantiles, row};

/// A little less than the largest body.
const LARGE: usize = 8_200_000;
/// How long nobody asks before the last look.
const REST: Duration = Duration::from_secs(20);

/// One server through all of it.
pub fn run(bench: &Bench) -> Vec<String> {
    let pods = |number: usize, bytes: usize| {
        (0..number).map(|n| pod("shop", &format!("web-{n}"), 10, Some("1"), bytes)).collect::<Vec<_>>()
    };
    let (small, large) = (pods(16, 10_000), pods(1, LARGE));
    let server = bench.product("four", &policy_set(PolicySet::Four), &namespaces(&small), &[]);
    head(&["when", "reviews", "p50, p95, p99, p99.9 (ms)", "memory (MB)"]);
    row(&["at the start", "", "", &megabytes(server.at_start)]);
    let mut complaints = Vec::new();
    let mut step = |when: &str, questions: &[Question], load: Load, plan: Plan| {
        let report = bench.client(questions).run(&server.target, server.pid, load, &plan);
        let (summary, memory) = (&report.summary, megabytes(server.memory()));
        row(&[when, &summary.sent.to_string(), &quantiles(&summary.judged), &memory]);
        if summary.right < summary.sent {
            complaints.push(format!("{when}: {} of {} right: {:?}", summary.right, summary.sent, summary.examples));
        }
    };
    let small: Vec<Question> = small.iter().map(|review| Question::new(review, true)).collect();
    let seconds = Duration::from_secs;
    step("10 KB, 1,000 a second for 10 s", &small, Load::Open, Plan::new(1_000.0, seconds(10)));
    let first = bench.runtime.block_on(learn(&server.target, &large));
    let size = large[0].to_string().len() as f64 / 1e6;
    match first {
        Ok(large) => {
            row(&[&format!("one of {size:.1} MB"), "1", "", &megabytes(server.memory())]);
            step(
                &format!("{size:.1} MB, one at a time for 5 s"),
                &large,
                Load::Closed,
                Plan::new(1.0, seconds(5)).over(1),
            );
            step(
                &format!("{size:.1} MB, eight at a time for 10 s"),
                &large,
                Load::Closed,
                Plan::new(1.0, seconds(10)).over(8),
            );
        }
        Err(why) => println!("\nA review of {size:.1} MB is not judged: {why}\n"),
    }
    step("10 KB, 1,000 a second for 5 s", &small, Load::Open, Plan::new(1_000.0, seconds(5)));
    std::thread::sleep(REST);
    row(&[&format!("{} s after nobody asked", REST.as_secs()), "", "", &megabytes(server.memory())]);
    complaints
}
