//! "Not there" and "could not look" are different words.

use std::fmt;
use std::time::Duration;

use crate::attempt::Attempt;

/// The longest text of somebody else that an error quotes, in characters; the rest is cut.
const QUOTED: usize = 200;

/// Why a question could not be answered, and what was tried. It never means "there is none".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Why.
    pub cause: Cause,
    /// Every request that was sent for it, in order.
    pub attempts: Vec<Attempt>,
}

impl Error {
    /// An error before anything was sent.
    pub(crate) fn unsent(cause: Cause) -> Self {
        Self { cause, attempts: Vec::new() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(out)
    }
}

impl std::error::Error for Error {}

/// Sorts errors by what to do about them, and by how long they may be remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// A setting, a name or a credential file is wrong: the same until somebody changes it.
    Settings,
    /// The registry does not let us look.
    Denied,
    /// The registry wants to be asked less often.
    Throttled,
    /// Nobody could be reached, or the answer broke off.
    Unreachable,
    /// The time was over.
    Late,
    /// The registry fails.
    Failing,
    /// An answer that contradicts itself, its digest or its kind.
    Lying,
    /// An answer beyond a limit.
    TooMuch,
}

/// Every way in which looking can fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A text that is no registry, repository, tag or digest.
    Name {
        /// The text.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A configuration that cannot be used.
    Config(String),
    /// Credentials that cannot be read, or a helper that fails.
    Credentials {
        /// The file or the helper.
        source: String,
        /// What is wrong, without a secret.
        why: String,
    },
    /// A registry that is not on the list of allowed ones.
    NotAllowed {
        /// The registry.
        registry: String,
    },
    /// An address or a port that the name of an image may not make us dial.
    Forbidden {
        /// The host.
        host: String,
        /// What about it.
        why: String,
    },
    /// No address is known for a host.
    Unresolved {
        /// The host.
        host: String,
        /// What the resolver says.
        why: String,
    },
    /// No connection, or one that broke before the answer began.
    Unreachable {
        /// The host.
        host: String,
        /// What happened.
        why: String,
    },
    /// No TLS: a certificate that we do not trust, or no common version.
    Tls {
        /// The host.
        host: String,
        /// What happened.
        why: String,
    },
    /// An answer that broke off.
    Broken {
        /// The request.
        url: String,
        /// What happened.
        why: String,
    },
    /// No answer for too long, with time left to ask again.
    Silent {
        /// The request.
        url: String,
        /// How long was waited.
        waited: Duration,
    },
    /// The time given for the whole question is over.
    Late,
    /// So much was under way that there was no room for this before the time was over.
    Crowded,
    /// 401: the registry wants other credentials, or some.
    Unauthorized {
        /// The request.
        url: String,
        /// What the registry says.
        message: String,
    },
    /// 403: the registry knows us and does not let us.
    Denied {
        /// The request.
        url: String,
        /// What the registry says.
        message: String,
    },
    /// 429: too many requests.
    Throttled {
        /// The request.
        url: String,
        /// How long it asks us to wait.
        retry_after: Option<Duration>,
    },
    /// 5xx.
    Failing {
        /// The request.
        url: String,
        /// The status.
        status: u16,
        /// What the registry says.
        message: String,
    },
    /// Any other status that is no answer.
    Refused {
        /// The request.
        url: String,
        /// The status.
        status: u16,
        /// What the registry says.
        message: String,
    },
    /// 404 without the registry's own word that there is no such thing: a proxy, a wrong path, a maintenance page.
    Vague {
        /// The request.
        url: String,
    },
    /// Something that was listed or named a moment ago, and is not there.
    Missing {
        /// What.
        what: String,
    },
    /// More redirects than allowed.
    Redirects {
        /// The limit.
        limit: usize,
    },
    /// A redirect or a link that is not followed.
    Target {
        /// Who sent it.
        url: String,
        /// Why it is not followed.
        why: &'static str,
    },
    /// A challenge that cannot be read or answered.
    Challenge {
        /// The registry.
        registry: String,
        /// What is wrong with it.
        why: String,
    },
    /// A challenge that names a host to which the credentials of this registry are not sent.
    ForeignRealm {
        /// The registry.
        registry: String,
        /// The host that it names.
        realm: String,
    },
    /// An answer longer than allowed.
    TooLarge {
        /// What.
        what: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// More of something than allowed.
    TooMany {
        /// What.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// Bytes that are not those of the digest.
    Digest {
        /// What was asked for, or what the registry says it is.
        expected: String,
        /// What came.
        found: String,
    },
    /// As many bytes as nobody announced.
    Size {
        /// What.
        what: String,
        /// As many as announced.
        expected: u64,
        /// As many as came, or as many as were announced elsewhere.
        found: u64,
    },
    /// A text that is no manifest, index or answer of its kind.
    Unreadable {
        /// What.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// A manifest that is listed as a referrer of one thing and says that it belongs to another, or to none.
    Subject {
        /// The manifest.
        manifest: String,
        /// What it should belong to.
        expected: String,
        /// What it says.
        found: Option<String>,
    },
}

impl Cause {
    /// What kind of failure it is.
    pub fn class(&self) -> Class {
        match self {
            Self::Name { .. } | Self::Config(_) | Self::Credentials { .. } => Class::Settings,
            Self::NotAllowed { .. } | Self::Forbidden { .. } | Self::ForeignRealm { .. } => Class::Settings,
            Self::Unauthorized { .. } | Self::Denied { .. } => Class::Denied,
            Self::Throttled { .. } => Class::Throttled,
            Self::Unresolved { .. } | Self::Unreachable { .. } | Self::Tls { .. } => Class::Unreachable,
            Self::Broken { .. } => Class::Unreachable,
            Self::Silent { .. } | Self::Late | Self::Crowded => Class::Late,
            Self::Failing { .. } | Self::Refused { .. } | Self::Vague { .. } => Class::Failing,
            Self::TooLarge { .. } | Self::TooMany { .. } | Self::Redirects { .. } => Class::TooMuch,
            Self::Missing { .. } | Self::Target { .. } | Self::Challenge { .. } | Self::Digest { .. } => Class::Lying,
            Self::Size { .. } | Self::Unreadable { .. } | Self::Subject { .. } => Class::Lying,
        }
    }

    /// Whether the same question may well be answered a moment later.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Unresolved { .. } | Self::Unreachable { .. } | Self::Broken { .. } | Self::Silent { .. })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { text, why } => write!(out, "`{}` {why}", quoted(text)),
            Self::Config(why) => write!(out, "the settings for registries cannot be used: {why}"),
            Self::Credentials { source, why } => write!(out, "the credentials of {source} cannot be used: {why}"),
            Self::NotAllowed { registry } => {
                write!(out, "the registry `{registry}` is not on the list of allowed registries")
            }
            Self::Forbidden { host, why } => write!(out, "`{host}` is not dialled: {why}"),
            Self::Unresolved { host, why } => write!(out, "no address is known for `{host}` ({why})"),
            Self::Unreachable { host, why } => write!(out, "`{host}` cannot be reached ({why})"),
            Self::Tls { host, why } => write!(out, "no TLS connection to `{host}` ({why})"),
            Self::Broken { url, why } => write!(out, "the answer to {url} broke off ({why})"),
            Self::Silent { url, waited } => write!(out, "no answer to {url} within {} ms", waited.as_millis()),
            Self::Late => write!(out, "the registry did not answer in time"),
            Self::Crowded => write!(out, "too many questions to registries were under way"),
            Self::Unauthorized { url, message } => {
                write!(out, "the registry does not accept the credentials, or wants some, for {url} (401{message})")
            }
            Self::Denied { url, message } => write!(out, "the registry does not allow {url} (403{message})"),
            Self::Throttled { url, retry_after: Some(wait) } => {
                write!(out, "the registry throttles {url} (429): it wants to be asked again in {} s", wait.as_secs())
            }
            Self::Throttled { url, retry_after: None } => write!(out, "the registry throttles {url} (429)"),
            Self::Failing { url, status, message } => {
                write!(out, "the registry fails to answer {url} ({status}{message})")
            }
            Self::Refused { url, status, message } => write!(out, "the registry refuses {url} ({status}{message})"),
            Self::Vague { url } => write!(
                out,
                "{url} is answered with 404, but not with a registry's own word that there is no such thing"
            ),
            Self::Missing { what } => write!(out, "the registry names {what}, but does not have it"),
            Self::Redirects { limit } => write!(out, "more than {limit} redirects"),
            Self::Target { url, why } => write!(out, "a redirect or link of {url} is not followed: {why}"),
            Self::Challenge { registry, why } => {
                write!(out, "`{registry}` asks for credentials in a way that is not understood: {why}")
            }
            Self::ForeignRealm { registry, realm } => write!(
                out,
                "`{registry}` names `{realm}` as its token service; credentials go there only if the settings list it \
                 among the token services of `{registry}`"
            ),
            Self::TooLarge { what, limit } => write!(out, "{what} is larger than {limit} bytes"),
            Self::TooMany { what, limit } => write!(out, "more than {limit} {what}"),
            Self::Digest { expected, found } => {
                write!(out, "the registry sent other bytes than `{expected}`: they are `{found}`")
            }
            Self::Size { what, expected, found } => {
                write!(out, "{what} has {found} bytes, and {expected} were announced")
            }
            Self::Unreadable { what, why } => write!(out, "{what} is unreadable: {why}"),
            Self::Subject { manifest, expected, found: Some(found) } => {
                write!(out, "the manifest `{manifest}` is listed for `{expected}`, but says that it is about `{found}`")
            }
            Self::Subject { manifest, expected, found: None } => {
                write!(out, "the manifest `{manifest}` is listed for `{expected}`, but does not say what it is about")
            }
        }
    }
}

impl std::error::Error for Cause {}

/// Text of somebody else on one line, and not too much of it.
pub(crate) fn quoted(text: &str) -> String {
    let text = text.trim();
    let mut quoted: String = text.chars().take(QUOTED).map(|one| if is_plain(one) { one } else { ' ' }).collect();
    if text.chars().nth(QUOTED).is_some() {
        quoted.push_str("...");
    }
    quoted
}

/// Neither a control character nor one that changes the direction of a line.
fn is_plain(one: char) -> bool {
    !one.is_control() && !matches!(one, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// An error with its causes, each said once.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    quoted(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_a_stranger_on_one_line_and_not_at_length() {
        assert_eq!(quoted("a\n\u{1b}[31mb\u{202e}c\n"), "a  [31mb c");
        assert_eq!(quoted(&"x".repeat(1_000)).len(), QUOTED + 3);
    }

    #[test]
    fn says_what_to_do_about_a_foreign_token_service() {
        let cause = Cause::ForeignRealm { registry: "a.example".to_owned(), realm: "b.example".to_owned() };
        assert_eq!(
            cause.to_string(),
            "`a.example` names `b.example` as its token service; credentials go there only if the settings list it \
             among the token services of `a.example`"
        );
        assert_eq!(cause.class(), Class::Settings);
    }
}
