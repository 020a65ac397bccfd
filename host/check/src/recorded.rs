//! Recorded decisions beside those of now: the same policy set must have come to the same.

use std::collections::BTreeSet;

use portcullis_model::Decision;
use portcullis_report::InputError;
use portcullis_subject::RecordedDecision;

use crate::subjects::Record;

/// How many changed verdicts, and how many policy sets, are named; the others are counted.
const SHOWN: usize = 10;
/// Characters of a name that a record says.
const NAME: usize = 64;

/// What became of recorded decisions.
#[derive(Default)]
pub(crate) struct Comparison {
    /// Those that are the same now.
    same: usize,
    /// Those of another version of their policy set, with the same verdict.
    other_version: usize,
    /// Those of another version of their policy set that says something else, in words, as many as are shown.
    verdicts: Vec<String>,
    /// And how many there are.
    changed: usize,
    /// Those that `--mode` keeps from being compared.
    other_mode: usize,
    /// Those of policy sets that were not given.
    not_given: usize,
    /// Whose they are, as many as are shown.
    names: BTreeSet<String>,
}

impl Comparison {
    /// Compares one record; an error for each decision that the same policy set takes differently now.
    pub(crate) fn compare(&mut self, record: &Record, decisions: &[Decision]) -> Vec<InputError> {
        let mut errors = Vec::new();
        for then in &record.decisions {
            match decisions.iter().find(|now| now.policy_set == then.policy_set) {
                None => {
                    self.not_given += 1;
                    self.names.insert(name(&then.policy_set));
                }
                Some(now) if now.id() == then.id => self.same += 1,
                Some(_) if !record.same_mode => self.other_mode += 1,
                Some(now) if then.policy_set_digest.as_ref() == Some(&now.policy_set_digest) => {
                    errors.push(mismatch(record, then, now));
                }
                Some(now) if now.verdict() == then.verdict => self.other_version += 1,
                Some(now) => {
                    self.changed += 1;
                    let (place, set) = (&record.place, name(&then.policy_set));
                    let (then, now) = (then.verdict.as_str(), now.verdict().as_str());
                    self.verdicts.push(format!("{place}: `{set}` said {then} then, and its version here says {now}"));
                }
            }
        }
        self.bound();
        errors
    }

    /// Adds those of another file.
    pub(crate) fn extend(&mut self, other: Self) {
        self.same += other.same;
        self.other_version += other.other_version;
        self.verdicts.extend(other.verdicts);
        self.changed += other.changed;
        self.other_mode += other.other_mode;
        self.not_given += other.not_given;
        self.names.extend(other.names);
        self.bound();
    }

    fn bound(&mut self) {
        self.verdicts.truncate(SHOWN);
        while self.names.len() > SHOWN {
            self.names.pop_last();
        }
    }

    /// What is worth telling, what changed first.
    pub(crate) fn notices(mut self) -> Vec<String> {
        let mut notices = std::mem::take(&mut self.verdicts);
        let more = self.changed - notices.len();
        let mut count = |number: usize, words: &str| {
            if number > 0 {
                let decisions = if number == 1 { "recorded decision" } else { "recorded decisions" };
                notices.push(format!("{number} {decisions} {words}"));
            }
        };
        count(more, "more with another verdict of another version of its policy set");
        count(self.other_version, "by another version of a policy set, with the same verdict");
        count(self.other_mode, "not compared, because --mode chose another mode");
        let names: Vec<String> = self.names.iter().map(|name| format!("`{name}`")).collect();
        let words = format!("not compared, because these policy sets are not given: {}", names.join(", "));
        count(self.not_given, &words);
        count(self.same, "compared with those of now: the same");
        notices
    }
}

fn mismatch(record: &Record, then: &RecordedDecision, now: &Decision) -> InputError {
    let set = name(&then.policy_set);
    let message = format!(
        "policy set `{set}` decided otherwise when this was recorded: {} (`{}`) then, {} (`{}`) now, though the set is the same",
        then.verdict.as_str(),
        name_of_id(&then.id),
        now.verdict().as_str(),
        now.id(),
    );
    let hint = "give the waivers of then, and the version of Portcullis of then; a policy that reads the values of Secrets or \
                ran out of time cannot be replayed; else the record was changed";
    InputError::new(message).in_file(&record.place).hint(hint)
}

/// What a record says, as a bounded word.
fn name(text: &str) -> String {
    text.chars().take(NAME).collect::<String>().escape_debug().to_string()
}

/// `sha256:` and 64 digits.
fn name_of_id(text: &str) -> String {
    text.chars().take(7 + 64).collect::<String>().escape_debug().to_string()
}
