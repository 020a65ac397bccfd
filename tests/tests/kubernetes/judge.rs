//! Many questions of one kind: how many are answered alike, and the smallest inputs of those that are not.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write as _;
use std::time::{Duration, Instant};

use portcullis_support::Dice;

use crate::asking::Oracle;
use crate::kind::{Answer, Kind, compare};

/// Questions that are on their way at once.
const BATCH: usize = 256;
/// How many differences are shown.
const SHOWN: usize = 20;
/// How many of them that look alike.
const ALIKE: usize = 2;
/// Questions that making one input smaller may take.
const ATTEMPTS: usize = 1500;

/// Names a file that is given every difference, listed or not.
const DUMP: &str = "PORTCULLIS_ORACLE_DUMP";

/// What came of it.
pub struct Report {
    kind: &'static str,
    questions: usize,
    accepted: usize,
    refused: usize,
    unasked: usize,
    listed: BTreeMap<&'static str, usize>,
    unlisted: usize,
    shown: Vec<String>,
    slowest: (Duration, String),
}

impl Report {
    /// How many differences stand in no list.
    pub fn unlisted(&self) -> usize {
        self.unlisted
    }

    /// Whether both sides of every question are there in numbers that say something.
    pub fn is_telling(&self) -> bool {
        self.accepted > self.questions / 20
            && (self.refused > self.questions / 50 || self.kind == "quantity" || self.kind == "name")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, questions, accepted, refused, unasked, unlisted, .. } = self;
        let listed: usize = self.listed.values().sum();
        writeln!(
            f,
            "{kind}: {questions} questions, {accepted} accepted by both, {refused} refused by both, {unasked} not asked, {listed} differ as listed, {unlisted} differ"
        )?;
        for (class, count) in &self.listed {
            writeln!(f, "  as listed: {class} {count}")?;
        }
        writeln!(f, "  slowest for us: {:?} for {}", self.slowest.0, self.slowest.1)?;
        self.shown.iter().try_for_each(|shown| writeln!(f, "\n{shown}"))
    }
}

/// Asks so many questions of a kind.
pub fn judge(kind: &dyn Kind, oracle: &mut Oracle, questions: usize, seed: u64) -> Report {
    let mut report = Report {
        kind: kind.name(),
        questions,
        accepted: 0,
        refused: 0,
        unasked: 0,
        listed: BTreeMap::new(),
        unlisted: 0,
        shown: Vec::new(),
        slowest: (Duration::ZERO, String::new()),
    };
    let mut dice = Dice::new(seed);
    let mut next = |left: usize| -> Vec<Vec<String>> {
        (0..left.min(BATCH)).map(|_| [vec![kind.name().to_owned()], kind.make(&mut dice)].concat()).collect()
    };
    let mut dump = std::env::var_os(DUMP).map(|path| std::fs::File::create(path).expect("the file of differences"));
    let mut differences = Vec::new();
    let mut alike: BTreeMap<String, usize> = BTreeMap::new();
    let mut left = questions;
    let mut batch = next(left);
    oracle.send(&batch);
    while !batch.is_empty() {
        left -= batch.len();
        let following = next(left);
        if !following.is_empty() {
            oracle.send(&following);
        }
        for question in &batch {
            let asked = &question[1..];
            let start = Instant::now();
            let ours = kind.ours(asked);
            if start.elapsed() > report.slowest.0 {
                report.slowest = (start.elapsed(), short(&format!("{asked:?}")));
            }
            let theirs = oracle.answer();
            let found = compare(kind, asked, &ours, &theirs);
            if let (Some(class), Some(dump)) = (found, &mut dump) {
                let line = serde_json::json!([class, question, format!("{ours:?}"), format!("{theirs:?}")]);
                writeln!(dump, "{line}").expect("the file of differences");
            }
            match found {
                Some(Some(class)) => *report.listed.entry(class).or_default() += 1,
                Some(None) => {
                    report.unlisted += 1;
                    let count = alike.entry(signature(&ours, &theirs)).or_default();
                    *count += 1;
                    if *count <= ALIKE && differences.len() < SHOWN {
                        differences.push(asked.to_vec());
                    }
                }
                None if theirs == Answer::Unasked => report.unasked += 1,
                None if ours.is_ok() => report.accepted += 1,
                None => report.refused += 1,
            }
        }
        batch = following;
    }
    for asked in differences {
        report.shown.push(smallest(kind, oracle, asked));
    }
    report
}

/// What kind of difference it seems to be.
fn signature(ours: &Result<String, String>, theirs: &Answer) -> String {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphabetic() || *c == ' ').take(60).collect::<String>();
    let ours = ours.as_ref().map_or_else(|cause| plain(cause), |_| "accepts".to_owned());
    match theirs {
        Answer::Refused(cause, _) => format!("{ours} / {}", plain(cause.rsplit(':').next().unwrap_or_default())),
        _ => ours,
    }
}

/// The smallest input found that differs in the same way, and both answers.
fn smallest(kind: &dyn Kind, oracle: &mut Oracle, mut asked: Vec<String>) -> String {
    let mut attempts = 0;
    let mut differs = |asked: &[String], wanted: Option<&str>| {
        attempts += 1;
        let theirs = oracle.ask(&[&[kind.name().to_owned()], asked].concat());
        let ours = kind.ours(asked);
        let seen = format!("{}{}", ours.is_ok(), matches!(theirs, Answer::Accepted(..)));
        let same = compare(kind, asked, &ours, &theirs) == Some(None) && wanted.is_none_or(|wanted| wanted == seen);
        same.then_some((seen, ours, theirs, attempts))
    };
    let Some((seen, mut ours, mut theirs, _)) = differs(&asked, None) else {
        return format!("differs only sometimes: {}", short(&format!("{asked:?}")));
    };
    for part in 0..asked.len() {
        let mut size = asked[part].chars().count().next_power_of_two();
        while size > 0 {
            let mut at = 0;
            while at < asked[part].chars().count() {
                let mut fewer = asked.clone();
                fewer[part] = asked[part].chars().take(at).chain(asked[part].chars().skip(at + size)).collect();
                match differs(&fewer, Some(&seen)) {
                    Some((_, one, other, attempts)) if attempts < ATTEMPTS => {
                        (asked, ours, theirs) = (fewer, one, other)
                    }
                    _ => at += size,
                }
            }
            size /= 2;
        }
    }
    format!(
        "{}\n  ours:   {}\n  theirs: {}",
        short(&format!("{asked:?}")),
        short(&format!("{ours:?}")),
        short(&format!("{theirs:?}"))
    )
}

/// Not more of a text than a person reads.
fn short(text: &str) -> String {
    const MOST: usize = 600;
    if text.len() <= MOST {
        text.to_owned()
    } else {
        format!("{}.. ({} bytes)", &text[..text.floor_char_boundary(MOST)], text.len())
    }
}
