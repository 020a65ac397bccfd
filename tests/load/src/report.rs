//! What a process that sends load says about it: one line of JSON, and back.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::{Answered, Run, Sent, Summary, quantile};

/// Kinds of answers that are not right, as examples are named.
const KINDS: [&str; 5] = ["wrongly allowed", "wrongly denied", "declared", "warned", "lost"];

/// One run, seen from its client.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Counts and times.
    pub summary: Summary,
    /// Of those that were judged the times from when they were sent, without what they waited for the client; sorted.
    pub answering: Vec<Duration>,
    /// Each second of the plan.
    pub seconds: Vec<Second>,
    /// Processor time of the client, from the first review to the last answer.
    pub client: Duration,
    /// Processor time of the server meanwhile, where its process is known.
    pub server: Duration,
}

/// The reviews whose time was in one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Second {
    /// How many were sent.
    pub sent: u64,
    /// Answered as they should be.
    pub right: u64,
    /// Not judged, as declared.
    pub shed: u64,
    /// Of the right ones the median and the 99th percentile.
    pub p50: Duration,
    /// See there.
    pub p99: Duration,
    /// The 99th percentile from when they were sent.
    pub answering: Duration,
}

impl Report {
    /// Of a run, and what both processes spent meanwhile.
    pub fn of(run: &Run, client: Duration, server: Duration) -> Self {
        let right = run.sent.iter().filter(|one| one.answered == Answered::Right);
        let mut answering: Vec<Duration> = right.map(answering).collect();
        answering.sort_unstable();
        Self { summary: Summary::of(run), answering, seconds: seconds(run), client, server }
    }

    /// Of several runs one.
    pub fn and(mut self, other: Self) -> Self {
        let (into, from) = (&mut self.summary, other.summary);
        into.sent += from.sent;
        into.unsent += from.unsent;
        into.right += from.right;
        into.wrongly_allowed += from.wrongly_allowed;
        into.wrongly_denied += from.wrongly_denied;
        into.warned += from.warned;
        into.lost += from.lost;
        into.lasted += from.lasted;
        for (code, count) in from.declared {
            *into.declared.entry(code).or_default() += count;
        }
        for (kind, example) in from.examples {
            into.examples.entry(kind).or_insert(example);
        }
        into.judged.extend(from.judged);
        into.judged.sort_unstable();
        self.answering.extend(other.answering);
        self.answering.sort_unstable();
        self.seconds.extend(other.seconds);
        self.client += other.client;
        self.server += other.server;
        self
    }

    /// Processor time of the server for one answer of any kind.
    pub fn server_each(&self) -> Duration {
        let answers = self.summary.sent - self.summary.lost;
        self.server / u32::try_from(answers.max(1)).unwrap_or(u32::MAX)
    }

    /// Answers that say the contrary of what they should.
    pub fn wrong(&self) -> u64 {
        self.summary.wrongly_allowed + self.summary.wrongly_denied
    }

    /// The line.
    pub fn to_json(&self) -> Value {
        let Summary { sent, unsent, right, wrongly_allowed, wrongly_denied, warned, lost, .. } = &self.summary;
        let seconds: Vec<Value> = self
            .seconds
            .iter()
            .map(|one| json!([one.sent, one.right, one.shed, micros(one.p50), micros(one.p99), micros(one.answering)]))
            .collect();
        json!({
            "sent": sent, "unsent": unsent, "right": right, "wronglyAllowed": wrongly_allowed,
            "wronglyDenied": wrongly_denied, "warned": warned, "lost": lost,
            "declared": self.summary.declared.iter().map(|(code, count)| (code.to_string(), json!(count))).collect::<serde_json::Map<_, _>>(),
            "examples": self.summary.examples,
            "lastedMicros": micros(self.summary.lasted),
            "judgedMicros": self.summary.judged.iter().copied().map(micros).collect::<Vec<_>>(),
            "answeringMicros": self.answering.iter().copied().map(micros).collect::<Vec<_>>(),
            "seconds": seconds, "clientMicros": micros(self.client), "serverMicros": micros(self.server),
        })
    }

    /// Reads the line; nothing where it is not one of ours.
    pub fn from_json(value: &Value) -> Option<Self> {
        let number = |name: &str| value[name].as_u64();
        let time = |value: &Value| value.as_u64().map(Duration::from_micros);
        let declared: Option<BTreeMap<u16, u64>> = value["declared"]
            .as_object()?
            .iter()
            .map(|(code, count)| Some((code.parse().ok()?, count.as_u64()?)))
            .collect();
        let examples = KINDS.into_iter().filter_map(|kind| Some((kind, value["examples"][kind].as_str()?.to_owned())));
        let summary = Summary {
            sent: number("sent")?,
            unsent: number("unsent")?,
            right: number("right")?,
            wrongly_allowed: number("wronglyAllowed")?,
            wrongly_denied: number("wronglyDenied")?,
            declared: declared?,
            warned: number("warned")?,
            lost: number("lost")?,
            examples: examples.collect(),
            judged: value["judgedMicros"].as_array()?.iter().map(time).collect::<Option<_>>()?,
            lasted: time(&value["lastedMicros"])?,
        };
        let second = |one: &Value| {
            let count = |at: usize| one[at].as_u64();
            Some(Second {
                sent: count(0)?,
                right: count(1)?,
                shed: count(2)?,
                p50: time(&one[3])?,
                p99: time(&one[4])?,
                answering: time(&one[5])?,
            })
        };
        Some(Self {
            summary,
            answering: value["answeringMicros"].as_array()?.iter().map(time).collect::<Option<_>>()?,
            seconds: value["seconds"].as_array()?.iter().map(second).collect::<Option<_>>()?,
            client: time(&value["clientMicros"])?,
            server: time(&value["serverMicros"])?,
        })
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// From when it was sent.
fn answering(one: &Sent) -> Duration {
    one.took.saturating_sub(one.waited)
}

fn seconds(run: &Run) -> Vec<Second> {
    let last = run.sent.iter().map(|one| one.due.as_secs()).max();
    let none = (Second::default(), Vec::new(), Vec::new());
    let mut seconds = vec![none; last.map_or(0, |last| last as usize + 1)];
    for one in &run.sent {
        let (second, times, answered) = &mut seconds[one.due.as_secs() as usize];
        second.sent += 1;
        match one.answered {
            Answered::Right => {
                second.right += 1;
                times.push(one.took);
                answered.push(answering(one));
            }
            Answered::Declared(..) | Answered::Warned(_) => second.shed += 1,
            _ => {}
        }
    }
    let finish = |(second, mut times, mut answered): (Second, Vec<Duration>, Vec<Duration>)| {
        times.sort_unstable();
        answered.sort_unstable();
        let answering = quantile(&answered, 0.99);
        Second { p50: quantile(&times, 0.5), p99: quantile(&times, 0.99), answering, ..second }
    };
    seconds.into_iter().map(finish).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn says_the_same_after_it_went_through_a_line() {
        let one = |due: u64, answered| Sent {
            question: 0,
            due: Duration::from_millis(due),
            took: Duration::from_millis(7),
            waited: Duration::from_millis(3),
            answered,
        };
        let sent = vec![
            one(0, Answered::Right),
            one(900, Answered::Declared(429, "busy".into())),
            one(1_000, Answered::WronglyAllowed("why".into())),
            one(1_500, Answered::Lost("gone".into())),
        ];
        let run = Run { began: Instant::now(), lasted: Duration::from_secs(2), sent, unsent: 3 };
        let report = Report::of(&run, Duration::from_millis(1), Duration::from_millis(2));
        let read = Report::from_json(&report.to_json()).expect("our own line");
        assert_eq!(format!("{read:?}"), format!("{report:?}"));
        assert_eq!((read.seconds.len(), read.seconds[0].shed, read.wrong()), (2, 1, 1));
        assert_eq!(
            (read.answering.as_slice(), read.seconds[0].answering),
            (&[Duration::from_millis(4)][..], read.answering[0])
        );
        assert_eq!(read.server_each(), Duration::from_millis(2) / 3);
        let both = read.clone().and(read);
        assert_eq!((both.summary.sent, both.summary.unsent, both.summary.declared[&429]), (8, 6, 2));
        assert!(Report::from_json(&json!({"sent": 1})).is_none());
    }
}
