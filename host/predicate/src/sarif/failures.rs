//! Whether the tool of a run did what it was started for.

use std::collections::HashMap;

use portcullis_model::time::parse_time;

use super::log::{Invocation, Notification, json_or_default};
use super::rules::{Rule, Tool};
use super::severity::Level;
use crate::{MOST_SHOWN, Piece, shown};

/// What went wrong, and where the report says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What, for a person.
    pub what: String,
    /// JSON pointer of what says so.
    pub pointer: String,
}

/// The first of a kind, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// The first ones.
    pub first: Vec<Failure>,
    /// How many.
    pub count: u64,
}

impl Failures {
    pub(super) fn add(&mut self, what: impl FnOnce() -> String, pointer: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < MOST_SHOWN {
            self.first.push(Failure { what: what(), pointer: pointer() });
        }
    }
}

/// What the invocations of a run say.
#[derive(Default)]
pub(super) struct Invocations<'a> {
    pub(super) all: Vec<Invocation<'a>>,
    pub(super) failures: Failures,
    /// The latest end of one.
    pub(super) ended: Option<String>,
}

impl<'a> Invocations<'a> {
    /// `results`: whether there are any. A tool that found something often says so with exit code 1.
    pub(super) fn read(run: Piece<'a>, pointer: &str, tool: &Tool<'a>, results: bool) -> Self {
        let mut read = Self::default();
        for (index, piece) in run.list("invocations").enumerate() {
            let pointer = format!("{pointer}/invocations/{index}");
            let invocation = read.one(piece, &pointer, tool, results);
            let ended = invocation.end_time_utc.as_deref().filter(|time| parse_time(time).is_some());
            let later = |time: &&str| read.ended.as_deref().and_then(parse_time) < parse_time(time);
            if let Some(time) = ended.filter(later) {
                read.ended = Some(shown(time));
            }
            read.all.push(invocation);
        }
        // What turned another format into SARIF must have done so, too.
        if let Some(piece) = run.path(&["conversion", "invocation"]) {
            read.one(piece, &format!("{pointer}/conversion/invocation"), tool, results);
        }
        read
    }

    fn one(&mut self, piece: Piece<'a>, pointer: &str, tool: &Tool<'a>, results: bool) -> Invocation<'a> {
        let invocation: Invocation<'a> = json_or_default(Some(piece));
        let failures = &mut self.failures;
        if invocation.execution_successful != Some(true) {
            let what = match invocation.execution_successful {
                Some(_) => "`executionSuccessful` is false",
                None => "`executionSuccessful` is not said",
            };
            failures.add(|| what.to_owned(), || format!("{pointer}/executionSuccessful"));
        }
        if let Some(code) = piece.get("exitCode").map(Piece::raw)
            && !(code == "0" || (code == "1" && results))
        {
            failures.add(|| format!("the exit code is {}", shown(code)), || format!("{pointer}/exitCode"));
        }
        for name in ["exitSignalName", "exitSignalNumber", "processStartFailureMessage"] {
            if let Some(value) = piece.get(name) {
                let what = || format!("`{name}` is {}", shown(value.raw()));
                failures.add(what, || format!("{pointer}/{name}"));
            }
        }
        let configured = configured(&invocation, tool);
        for name in ["toolExecutionNotifications", "toolConfigurationNotifications"] {
            for (index, piece) in piece.list(name).enumerate() {
                let notification: Option<Notification<'a>> = super::log::json(piece);
                let level = notification.as_ref().map_or(Level::Error, |one| level(one, &configured, tool));
                if level == Level::Error {
                    let said = notification.and_then(|one| one.message).and_then(|message| message.text.or(message.id));
                    let what = || format!("the tool says: {}", said.map_or_else(String::new, |text| shown(&text)));
                    failures.add(what, || format!("{pointer}/{name}/{index}"));
                }
            }
        }
        invocation
    }
}

/// The levels that an invocation gives to notifications, by where their descriptor lies in memory.
fn configured<'a>(invocation: &Invocation<'a>, tool: &Tool<'a>) -> HashMap<usize, Level> {
    let mut configured = HashMap::new();
    for one in invocation.notification_configuration_overrides.iter().flatten() {
        let Some(level) = one.configuration.level.as_deref() else { continue };
        let level = Level::read(level).unwrap_or(Level::Error);
        for rule in tool.notification(&one.descriptor).rules {
            // Where one is configured twice, the stricter counts.
            let known = configured.entry(std::ptr::from_ref(rule).addr()).or_insert(level);
            *known = level.max(*known);
        }
    }
    configured
}

/// Its own level, that of an override, that of its descriptor, or `warning` (3.58.6). Error where nobody can tell.
fn level<'a>(notification: &Notification<'a>, configured: &HashMap<usize, Level>, tool: &Tool<'a>) -> Level {
    if let Some(level) = notification.level.as_deref() {
        return Level::read(level).unwrap_or(Level::Error);
    }
    let Some(descriptor) = &notification.descriptor else { return Level::Warning };
    let found = tool.notification(descriptor);
    if found.fault.is_some() {
        return Level::Error;
    }
    let of = |rule: &Rule<'a>| {
        let level = configured.get(&std::ptr::from_ref(rule).addr()).copied();
        level.or(rule.level).unwrap_or(Level::Warning)
    };
    found.rules.iter().map(|rule| of(rule)).max().unwrap_or(Level::Warning)
}
