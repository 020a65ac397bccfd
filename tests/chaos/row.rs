//! What one experiment came to: its reviews held against their expectations, and the time until all was well again.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use portcullis_load::{Answered, Run, quantile};
use portcullis_support::instance::format_time;
use serde_json::{Value, json};

use crate::questions::Expect;

/// Answers must be right for so long without a break until all is well again.
const WELL: Duration = Duration::from_secs(1);
/// Not judged because of time: that may be the machine's fault, so it is no complaint.
const OF_TIME: [u16; 2] = [429, 504];
/// Not judged because too much was waiting.
const SHED: u16 = 429;

/// What an experiment declares beforehand.
#[derive(Clone, Copy, Default)]
pub struct Permits {
    /// Reviews may be answered with these codes, without having been judged.
    pub codes: &'static [u16],
    /// One of so many reviews may go without an answer; 0: none.
    pub lost_one_in: u64,
    /// Nobody may be shed for what somebody else sends.
    pub fair: bool,
}

/// What was seen.
pub struct Seen {
    pub run: Run,
    /// What was expected of each question.
    pub expect: Vec<Expect>,
    pub permits: Permits,
    /// Since when it should get well again, since the beginning of the run.
    pub broken: Duration,
    /// Further answers, each with what was expected.
    pub beside: Vec<(Expect, Answered)>,
    /// What a reader should know.
    pub remarks: Vec<String>,
    /// What must not be.
    pub complaints: Vec<String>,
}

/// One row of the table.
#[derive(Default)]
pub struct Row {
    pub name: &'static str,
    injected: &'static str,
    began: i64,
    sent: u64,
    right: u64,
    pub wrongly_allowed: u64,
    pub wrongly_denied: u64,
    declared: BTreeMap<u16, u64>,
    warned: u64,
    lost: u64,
    p99: Duration,
    recovery: Option<Duration>,
    remarks: Vec<String>,
    pub complaints: Vec<String>,
    pub skipped: Option<String>,
}

impl Row {
    pub fn new(name: &'static str, injected: &'static str, began: SystemTime) -> Self {
        let began = began.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        Self { name, injected, began: i64::try_from(began).unwrap_or_default(), ..Self::default() }
    }

    /// Counts what was seen.
    pub fn fill(&mut self, seen: Seen) {
        let mut examples: BTreeMap<String, String> = BTreeMap::new();
        let (mut took, mut late) = (Vec::new(), 0);
        for one in &seen.run.sent {
            let expect = seen.expect[one.question];
            if one.answered == Answered::Right && expect == Expect::Judged {
                took.push(one.took);
            }
            late += u64::from(self.count(expect, &one.answered, seen.permits, &mut examples));
        }
        for (expect, answered) in &seen.beside {
            late += u64::from(self.count(*expect, answered, seen.permits, &mut examples));
        }
        took.sort_unstable();
        self.p99 = quantile(&took, 0.99);
        self.recovery = recovery(&seen);
        self.remarks.extend(seen.remarks);
        self.complaints.extend(seen.complaints);
        self.complaints.extend(examples.into_iter().map(|(what, text)| format!("{what}: {text}")));
        if self.recovery.is_none() {
            self.complaints.push("its answers did not get right again for a second".into());
        }
        if late * 2 > self.sent {
            // So slow is no machine on which anything can be said.
            self.complaints.push(format!("{late} of {} were not judged for want of time", self.sent));
        } else if late > 0 {
            self.remarks.push(format!("{late} beside it were not judged for want of time"));
        }
        if self.lost * seen.permits.lost_one_in > self.sent {
            self.complaints.push(format!("{} of {} got no answer", self.lost, self.sent));
        }
        if seen.run.unsent > 0 {
            self.remarks.push(format!("{} could not be sent in their time", seen.run.unsent));
        }
    }

    /// Counts one answer; true where it was not judged for want of time, though nothing of the kind was declared.
    fn count(
        &mut self,
        expect: Expect,
        answered: &Answered,
        permits: Permits,
        examples: &mut BTreeMap<String, String>,
    ) -> bool {
        self.sent += 1;
        let mut complain = |what: &str, text: &str| {
            examples.entry(what.to_owned()).or_insert_with(|| text.to_owned());
        };
        match answered {
            Answered::Right if expect == Expect::Warned => {
                self.wrongly_allowed += 1;
                complain("let in without a word", "a policy could not judge it");
            }
            Answered::Right => self.right += 1,
            Answered::WronglyAllowed(text) => {
                self.wrongly_allowed += 1;
                complain("wrongly allowed", text);
            }
            Answered::WronglyDenied(text) => {
                self.wrongly_denied += 1;
                complain("wrongly denied", text);
            }
            Answered::Warned(_) if matches!(expect, Expect::Warned | Expect::Either) => self.warned += 1,
            Answered::Warned(text) => {
                self.wrongly_allowed += 1;
                complain("let in with a warning where that must deny", text);
            }
            Answered::Declared(code, text) => {
                *self.declared.entry(*code).or_default() += 1;
                if expect == Expect::Judged && !permits.codes.contains(code) {
                    if OF_TIME.contains(code) && !(permits.fair && *code == SHED) {
                        return true;
                    }
                    complain("not judged, though nothing was wrong with it", text);
                }
            }
            Answered::Lost(text) => {
                self.lost += 1;
                if permits.lost_one_in == 0 {
                    complain("lost", text);
                }
            }
        }
        false
    }

    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.complaints.is_empty() && self.wrongly_allowed + self.wrongly_denied == 0
    }

    /// For whoever watches.
    pub fn line(&self) -> String {
        match &self.skipped {
            Some(why) => format!("SKIPPED: {}: {why}", self.name),
            None => format!("{}{}", self.cells().join(" | "), if self.is_good() { "" } else { " | BAD" }),
        }
    }

    /// The cells of its row in the table, below [`HEADS`].
    pub fn cells(&self) -> Vec<String> {
        let declared: Vec<String> = self.declared.iter().map(|(code, count)| format!("{count} x {code}")).collect();
        let mut declared = declared.join(", ");
        if self.warned > 0 {
            let joint = if declared.is_empty() { "" } else { ", " };
            declared += &format!("{joint}{} warned", self.warned);
        }
        if let Some(why) = &self.skipped {
            let blank = || "-".to_owned();
            let mut cells = vec![self.name.to_owned(), self.injected.to_owned()];
            cells.extend(std::iter::repeat_with(blank).take(8));
            cells.push(format!("SKIPPED: {why}"));
            return cells;
        }
        let remarks = self.remarks.iter().chain(&self.complaints).map(|text| text.replace(['|', '\n'], " "));
        vec![
            self.name.to_owned(),
            self.injected.to_owned(),
            self.sent.to_string(),
            self.right.to_string(),
            self.wrongly_allowed.to_string(),
            self.wrongly_denied.to_string(),
            if declared.is_empty() { "0".to_owned() } else { declared },
            self.lost.to_string(),
            format!("{:.0} ms", self.p99.as_secs_f64() * 1e3),
            self.recovery.map_or("never".to_owned(), |time| format!("{:.2} s", time.as_secs_f64())),
            remarks.collect::<Vec<_>>().join("; "),
        ]
    }

    pub fn json(&self) -> Value {
        json!({
            "experiment": self.name, "injected": self.injected, "began": format_time(self.began),
            "sent": self.sent, "right": self.right,
            "wronglyAllowed": self.wrongly_allowed, "wronglyDenied": self.wrongly_denied,
            "declared": self.declared.iter().map(|(code, count)| (code.to_string(), *count)).collect::<BTreeMap<_, _>>(),
            "warned": self.warned, "lost": self.lost,
            "p99Seconds": self.p99.as_secs_f64(),
            "recoverySeconds": self.recovery.map(|time| time.as_secs_f64()),
            "remarks": self.remarks, "complaints": self.complaints, "skipped": self.skipped,
        })
    }
}

/// The heads of the table.
pub const HEADS: [&str; 11] = [
    "experiment",
    "injected",
    "sent",
    "right",
    "wrongly allowed",
    "wrongly denied",
    "not judged, as declared",
    "lost",
    "p99 of the judged",
    "recovery",
    "remarks",
];

/// From when it was broken until the first answer was there of those that were right without a break.
fn recovery(seen: &Seen) -> Option<Duration> {
    let mut sent: Vec<_> = seen.run.sent.iter().filter(|one| one.due + one.took >= seen.broken).collect();
    sent.sort_by_key(|one| one.due);
    let mut since: Option<(Duration, Duration)> = None;
    for one in sent {
        let expect = seen.expect[one.question];
        let well = match &one.answered {
            // For want of time, and nothing of the kind is part of what goes wrong: the machine's fault.
            Answered::Declared(code, _) if OF_TIME.contains(code) && !seen.permits.codes.contains(code) => continue,
            Answered::Right => true,
            Answered::Declared(..) => expect == Expect::NotJudged,
            Answered::Warned(_) => expect == Expect::Warned,
            _ => false,
        };
        if !well {
            since = None;
            continue;
        }
        let (due, there) = *since.get_or_insert((one.due, one.due + one.took));
        if one.due - due >= WELL {
            return Some(there.saturating_sub(seen.broken));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(expect: Expect, answered: &Answered) -> Row {
        let mut row = Row::default();
        let mut examples = BTreeMap::new();
        row.count(expect, answered, Permits::default(), &mut examples);
        row.complaints.extend(examples.into_keys());
        row
    }

    #[test]
    fn counts_every_wrong_verdict_and_calls_no_such_row_good() {
        let text = String::new;
        for expect in [Expect::Judged, Expect::NotJudged, Expect::Warned, Expect::Either, Expect::Shed] {
            let allowed = counted(expect, &Answered::WronglyAllowed(text()));
            assert!(allowed.wrongly_allowed == 1 && !allowed.is_good(), "{expect:?}");
            let denied = counted(expect, &Answered::WronglyDenied(text()));
            assert!(denied.wrongly_denied == 1 && !denied.is_good(), "{expect:?}");
            let lost = counted(expect, &Answered::Lost(text()));
            assert!(!lost.is_good(), "{expect:?}");
            let warned = counted(expect, &Answered::Warned(text()));
            let may = matches!(expect, Expect::Warned | Expect::Either);
            assert_eq!((warned.wrongly_allowed == 0, warned.is_good()), (may, may), "{expect:?}");
        }
        assert!(!counted(Expect::Warned, &Answered::Right).is_good(), "somebody must say that nobody judged it");
        assert!(!counted(Expect::Judged, &Answered::Declared(500, text())).is_good());
    }

    #[test]
    fn calls_no_row_good_in_which_hardly_anything_was_judged() {
        let sent = |at: u64, answered| portcullis_load::Sent {
            question: 0,
            due: Duration::from_millis(at * 100),
            took: Duration::ZERO,
            waited: Duration::ZERO,
            answered,
        };
        let good = |late: usize, lost: usize| {
            let answered = |at| match at {
                at if at < late => Answered::Declared(504, String::new()),
                at if at < late + lost => Answered::Lost(String::new()),
                _ => Answered::Right,
            };
            let sent = (0..100).map(|at| sent(at as u64, answered(at))).collect();
            let run = Run { began: std::time::Instant::now(), lasted: Duration::from_secs(10), sent, unsent: 0 };
            let mut row = Row::default();
            let permits = Permits { lost_one_in: 20, ..Permits::default() };
            let (broken, beside, remarks, complaints) = (Duration::ZERO, vec![], vec![], vec![]);
            row.fill(Seen { run, expect: vec![Expect::Judged], permits, broken, beside, remarks, complaints });
            row.is_good()
        };
        assert!(good(0, 0) && good(30, 0) && good(0, 5));
        assert!(!good(60, 0) && !good(0, 6));
    }
}
