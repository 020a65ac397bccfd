//! Servers asked by turns: as fast as it goes, then at a fixed rate.

use std::time::Duration;

use portcullis_load::{Client, Load, Plan, Report};

use crate::servers::Asked;
use crate::table::median;

/// How servers are compared.
#[derive(Clone, Copy, Debug)]
pub struct Turns {
    /// Turns of each server; one more before the first warms up and does not count.
    pub rounds: usize,
    /// Connections that ask as fast as it goes.
    pub connections: usize,
    /// How long they ask in one turn.
    pub closed: Duration,
    /// Reviews a second, and how long, at a fixed rate; none for nothing.
    pub open: Option<(f64, Duration)>,
}

/// What was seen of one server.
#[derive(Default)]
pub struct Seen {
    /// Of each turn the reviews a second.
    pub rates: Vec<f64>,
    /// Of each turn the processor time of the server for one review, in microseconds.
    pub processor: Vec<f64>,
    /// All turns as fast as it goes.
    pub closed: Report,
    /// All turns at the fixed rate.
    pub open: Report,
}

impl Seen {
    /// The middle of what it is of the other in each turn.
    pub fn ratio(&self, other: &Self, of: impl Fn(&Self) -> &[f64]) -> f64 {
        let pairs = of(self).iter().zip(of(other));
        median(&pairs.map(|(one, other)| one / other).collect::<Vec<_>>())
    }

    /// What went wrong, in words.
    pub fn complaints(&self, name: &str) -> Vec<String> {
        let mut complaints = Vec::new();
        for report in [&self.closed, &self.open] {
            if report.summary.right < report.summary.sent || report.summary.unsent > 0 {
                let (sent, right) = (report.summary.sent, report.summary.right);
                let (unsent, examples) = (report.summary.unsent, &report.summary.examples);
                complaints.push(format!("{name}: {right} of {sent} right, {unsent} unsent: {examples:?}"));
            }
        }
        complaints
    }
}

/// Asks each in turn; the order is another one in each round.
pub fn take(turns: Turns, servers: &[(&Asked, &Client)]) -> Vec<Seen> {
    let mut seen: Vec<Seen> = servers.iter().map(|_| Seen::default()).collect();
    let closed = Plan::new(1.0, turns.closed).over(turns.connections);
    for round in 0..=turns.rounds {
        for at in 0..servers.len() {
            let which = (at + round) % servers.len();
            let (server, client) = servers[which];
            let fast = client.run(&server.target, server.pid, Load::Closed, &closed);
            let fixed = turns
                .open
                .map(|(rate, duration)| client.run(&server.target, server.pid, Load::Open, &Plan::new(rate, duration)));
            if round > 0 {
                let own = &mut seen[which];
                own.rates.push(fast.summary.rate());
                own.processor.push(fast.server_each().as_secs_f64() * 1e6);
                own.closed = std::mem::take(&mut own.closed).and(fast);
                own.open = std::mem::take(&mut own.open).and(fixed.unwrap_or_default());
            }
        }
    }
    seen
}
