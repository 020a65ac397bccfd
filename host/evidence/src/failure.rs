//! Why something could not be looked up, and how long that is remembered.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use portcullis_registry::{Cause, Class, Error};

/// How long it is remembered that a registry does not let us look: whoever mends the credentials wants to see it.
pub const REMEMBER_DENIED: Duration = Duration::from_secs(5);
/// How long it is remembered that a registry throttles us, where it does not say for how long.
pub const REMEMBER_THROTTLED: Duration = Duration::from_secs(5);
/// The most that a registry may say.
pub const REMEMBER_THROTTLED_AT_MOST: Duration = Duration::from_secs(30);
/// How long it is remembered that nobody could be reached, or not in time.
pub const REMEMBER_UNREACHABLE: Duration = Duration::from_secs(2);
/// How long it is remembered that a registry fails.
pub const REMEMBER_FAILING: Duration = Duration::from_secs(2);
/// How long it is remembered that an answer contradicted itself, or was beyond a limit.
pub const REMEMBER_UNREADABLE: Duration = Duration::from_secs(5);
/// How long it is remembered that our own settings let nobody look: nothing is sent for it.
pub const REMEMBER_SETTINGS: Duration = Duration::from_secs(1);

/// Requests that an error names.
const ATTEMPTS_SHOWN: usize = 3;

/// Why something could not be looked up. It is an error when it is remembered too, and never "there is none".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    message: Arc<str>,
    /// How long it may be remembered.
    pub(crate) keep: Duration,
}

impl Failure {
    /// What a registry could not be asked, or did not answer.
    pub(crate) fn of(error: &Error) -> Self {
        Self { message: told(error).into(), keep: keep(&error.cause) }
    }

    /// What may be otherwise a moment later.
    pub(crate) fn passing(message: impl Into<Arc<str>>) -> Self {
        Self { message: message.into(), keep: Duration::ZERO }
    }

    /// The same, for somebody who asks later.
    pub(crate) fn remembered(&self, age: Duration, left: Duration) -> Self {
        let age = match age.as_secs() {
            0 => "less than 1 s".to_owned(),
            seconds => format!("{seconds} s"),
        };
        let left = left.as_millis().div_ceil(1_000);
        let message = format!("{} (this was looked up {age} ago, and is looked up again after {left} s)", self.message);
        Self { message: message.into(), keep: self.keep }
    }

    /// How many bytes it takes, about.
    pub(crate) fn bytes(&self) -> usize {
        self.message.len() + size_of::<Self>()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

fn keep(cause: &Cause) -> Duration {
    match (cause, cause.class()) {
        // There was no room here, which says nothing of the registry.
        (Cause::Crowded, _) => Duration::ZERO,
        (Cause::Throttled { retry_after: Some(wait), .. }, _) => (*wait).min(REMEMBER_THROTTLED_AT_MOST),
        (_, Class::Throttled) => REMEMBER_THROTTLED,
        (_, Class::Denied) => REMEMBER_DENIED,
        (_, Class::Unreachable | Class::Late) => REMEMBER_UNREACHABLE,
        (_, Class::Failing) => REMEMBER_FAILING,
        (_, Class::Lying | Class::TooMuch) => REMEMBER_UNREADABLE,
        (_, Class::Settings) => REMEMBER_SETTINGS,
    }
}

/// Whether an operator may let us dial it.
fn may_be_named(why: &str) -> bool {
    ["private", "this machine", "port"].iter().any(|word| why.contains(word))
}

/// Whether it is another host than the one that was asked first.
fn is_elsewhere(error: &Error, host: &str) -> bool {
    error.attempts.first().is_some_and(|first| !first.url.contains(&format!("://{host}/")))
}

/// The error, what to do about it where an operator can, and what was tried.
pub(crate) fn told(error: &Error) -> String {
    let mut out = error.to_string();
    match &error.cause {
        // Some addresses are never dialled, whoever names them, and where a redirect leads is for the registry to answer for.
        Cause::Forbidden { host, why } if may_be_named(why) && !is_elsewhere(error, host) => {
            let flags = "with --private-registry, or --insecure-registry for plain HTTP";
            out.push_str(&format!("; where it is yours, name `{host}` {flags}"));
        }
        Cause::Tls { why, .. } if why.contains("InvalidContentType") => {
            out.push_str(
                "; it seems to speak plain HTTP: name it with --insecure-registry HOST:PORT where that is meant",
            );
        }
        Cause::Tls { why, .. } if why.contains("UnknownIssuer") => {
            out.push_str("; its authority is given with --registry-ca");
        }
        Cause::Unauthorized { .. } | Cause::Denied { .. } => {
            out.push_str("; credentials are given with --registry-config, or come from `docker login`");
        }
        _ => {}
    }
    let mut asked: Vec<(String, usize)> = Vec::new();
    for attempt in error.attempts.iter().map(ToString::to_string) {
        match asked.last_mut() {
            Some((last, times)) if *last == attempt => *times += 1,
            _ => asked.push((attempt, 1)),
        }
    }
    let skipped = asked.len().saturating_sub(ATTEMPTS_SHOWN);
    let one = |(attempt, times): &(String, usize)| match times {
        1 => attempt.clone(),
        times => format!("{attempt} ({times} times)"),
    };
    let last: Vec<String> = asked.iter().skip(skipped).map(one).collect();
    if !last.is_empty() {
        out.push_str(&format!(" (asked: {})", last.join(", ")));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_each_class_for_a_time_of_its_own() {
        let url = || "https://a.example/v2/".to_owned();
        let text = String::new;
        let throttled =
            |seconds: Option<u64>| Cause::Throttled { url: url(), retry_after: seconds.map(Duration::from_secs) };
        for (cause, seconds) in [
            (Cause::Unauthorized { url: url(), message: text() }, 5),
            (Cause::Denied { url: url(), message: text() }, 5),
            (throttled(None), 5),
            (throttled(Some(0)), 0),
            (throttled(Some(12)), 12),
            (throttled(Some(86_400)), 30),
            (Cause::Unresolved { host: text(), why: text() }, 2),
            (Cause::Unreachable { host: text(), why: text() }, 2),
            (Cause::Silent { url: url(), waited: Duration::ZERO }, 2),
            (Cause::Late, 2),
            (Cause::Failing { url: url(), status: 503, message: text() }, 2),
            (Cause::Unreadable { what: text(), why: text() }, 5),
            (Cause::TooMany { what: "x", limit: 1 }, 5),
            (Cause::NotAllowed { registry: text() }, 1),
            (Cause::Crowded, 0),
        ] {
            assert_eq!(keep(&cause), Duration::from_secs(seconds), "{cause:?}");
        }
    }

    #[test]
    fn says_how_long_ago_it_was_looked_up() {
        let failure = Failure { message: "away".into(), keep: REMEMBER_FAILING };
        let [at_once, later] = [(200, 1_800), (1_300, 700)]
            .map(|(age, left)| failure.remembered(Duration::from_millis(age), Duration::from_millis(left)).to_string());
        assert_eq!(at_once, "away (this was looked up less than 1 s ago, and is looked up again after 2 s)");
        assert_eq!(later, "away (this was looked up 1 s ago, and is looked up again after 1 s)");
    }
}
