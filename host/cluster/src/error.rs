//! Every way the cluster can fail us.

use std::fmt;
use std::time::Duration;

use kube::runtime::watcher;

/// The longest text of somebody else that an error quotes, in characters; the rest is cut.
const QUOTED: usize = 300;

/// Why the cluster could not be asked, or did not answer. `Display` is for the person who reads a denied review.
#[derive(Debug)]
pub enum Error {
    /// No way to the API server is known: no kubeconfig, and not inside a cluster.
    NoCluster {
        /// Where a kubeconfig was looked for.
        looked: String,
    },
    /// The kubeconfig cannot be used.
    Kubeconfig {
        /// The file, or the value of `KUBECONFIG`.
        path: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The service account of the Pod cannot be used.
    ServiceAccount {
        /// What is wrong with it.
        cause: String,
    },
    /// The client cannot be made: TLS material, proxy or headers.
    Client {
        /// The API server.
        server: String,
        /// What is wrong.
        cause: String,
    },
    /// A text that is no name of a namespace (RFC 1123 label), so that nothing was asked.
    BadName {
        /// The text.
        namespace: String,
    },
    /// There is no such namespace.
    Missing {
        /// The namespace.
        namespace: String,
    },
    /// We may not read namespaces (403).
    Forbidden {
        /// What the API server says about it; it names the user and the verb.
        message: String,
    },
    /// The API server does not know us (401).
    Unauthorized {
        /// What the API server says about it.
        message: String,
    },
    /// The API server answered with an error of its own.
    Refused {
        /// The HTTP status; 0 where the answer hides it.
        status: u16,
        /// What the API server says about it.
        message: String,
    },
    /// The API server said something that is not an answer to the question.
    Unreadable {
        /// What is wrong with it.
        cause: String,
    },
    /// The connection failed, or ended in the middle of an answer.
    Unreachable {
        /// What happened.
        cause: String,
    },
    /// No answer within the time.
    Silent {
        /// The namespace.
        namespace: String,
        /// How long was waited.
        waited: Duration,
    },
    /// No list of all namespaces within the time.
    ListSilent {
        /// How long was waited.
        waited: Duration,
    },
    /// So many reads were under way that this one did not begin within the time, or could not even wait.
    Crowded {
        /// The namespace.
        namespace: String,
        /// How many reads run at once at most.
        reads: usize,
        /// How long was waited.
        waited: Duration,
    },
    /// The watch ended in a way that it never should.
    Ended,
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCluster { looked } => write!(
                out,
                "no cluster is known: `KUBECONFIG` is not set, there is no {looked}, and this is no Pod of a cluster \
                 (`KUBERNETES_SERVICE_HOST` is not set)"
            ),
            Self::Kubeconfig { path, cause } => write!(out, "the kubeconfig `{path}` cannot be used: {cause}"),
            Self::ServiceAccount { cause } => write!(
                out,
                "the service account of this Pod cannot be used: {cause}; is `automountServiceAccountToken` off?"
            ),
            Self::Client { server, cause } => write!(out, "no client for the API server `{server}`: {cause}"),
            Self::BadName { namespace } => {
                write!(out, "`{}` is no name of a namespace", quoted(namespace))
            }
            Self::Missing { namespace } => {
                write!(out, "the namespace `{namespace}` does not exist (the API server was asked)")
            }
            Self::Forbidden { message } => write!(
                out,
                "namespaces may not be read: a ClusterRole with the verbs `get`, `list` and `watch` on `namespaces` is \
                 missing ({message})"
            ),
            Self::Unauthorized { message } => {
                write!(out, "the API server does not accept the credentials of this process ({message})")
            }
            Self::Refused { status: 0, message } => write!(out, "the API server refused to answer ({message})"),
            Self::Refused { status, message } => {
                write!(out, "the API server answered with status {status} ({message})")
            }
            Self::Unreadable { cause } => write!(out, "the answer of the API server is unreadable ({cause})"),
            Self::Unreachable { cause } => write!(out, "the API server cannot be reached ({cause})"),
            Self::Silent { namespace, waited } => write!(
                out,
                "the API server did not say within {} which labels namespace `{namespace}` has",
                Span(*waited)
            ),
            Self::ListSilent { waited } => {
                write!(out, "the API server did not list the namespaces within {}", Span(*waited))
            }
            Self::Crowded { namespace, reads, waited } => write!(
                out,
                "the labels of namespace `{namespace}` could not be read: {reads} reads of namespaces were under way, \
                 and none ended within {}",
                Span(*waited)
            ),
            Self::Ended => write!(out, "the watch of namespaces ended without a reason"),
        }
    }
}

impl std::error::Error for Error {}

impl Error {
    /// Puts an answer of the client into our words. `namespace` is what was asked for.
    pub(crate) fn of_read(namespace: &str, error: &kube::Error) -> Self {
        match Self::of_client(error) {
            // A proxy or a wrong path says 404 as well; only the API server's own word counts as an answer.
            Self::Refused { status: 404, .. } if says_not_found(error) => {
                Self::Missing { namespace: namespace.to_owned() }
            }
            other => other,
        }
    }

    /// Puts the end of a watch into our words.
    pub(crate) fn of_watch(error: &watcher::Error) -> Self {
        match error {
            watcher::Error::InitialListFailed(error)
            | watcher::Error::WatchStartFailed(error)
            | watcher::Error::WatchFailed(error) => Self::of_client(error),
            watcher::Error::WatchError(status) => Self::of_status(status),
            watcher::Error::NoResourceVersion => Self::Unreadable { cause: "it has no resource version".to_owned() },
        }
    }

    fn of_client(error: &kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::of_status(status),
            kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => Self::Unreadable { cause: chain(error) },
            kube::Error::Auth(_) => Self::Unauthorized { message: chain(error) },
            _ => Self::Unreachable { cause: chain(error) },
        }
    }

    fn of_status(status: &kube::core::Status) -> Self {
        let message = if status.message.is_empty() { "without a message".to_owned() } else { quoted(&status.message) };
        if status.is_forbidden() {
            Self::Forbidden { message }
        } else if status.code == 401 {
            Self::Unauthorized { message }
        } else {
            Self::Refused { status: status.code, message }
        }
    }

    /// Whether the same question may well be answered a moment later.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Refused { status, .. } => matches!(status, 0 | 429 | 500..=599),
            Self::Unreachable { .. } | Self::Unreadable { .. } | Self::Silent { .. } => true,
            _ => false,
        }
    }
}

fn says_not_found(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.reason == "NotFound")
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

/// Text of somebody else on one line, and not too much of it.
fn quoted(text: &str) -> String {
    let mut quoted: String =
        text.trim().chars().take(QUOTED).map(|one| if one.is_control() { ' ' } else { one }).collect();
    if text.trim().chars().nth(QUOTED).is_some() {
        quoted.push_str("...");
    }
    quoted
}

/// A duration as a person says it.
pub(crate) struct Span(pub(crate) Duration);

impl fmt::Display for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.0.as_millis();
        match milliseconds {
            0..1_000 => write!(out, "{milliseconds} ms"),
            _ if milliseconds % 1_000 < 100 || milliseconds >= 10_000 => write!(out, "{} s", milliseconds / 1_000),
            _ => write!(out, "{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_durations_as_people_do() {
        let said = |milliseconds| Span(Duration::from_millis(milliseconds)).to_string();
        assert_eq!(
            [said(7), said(999), said(2_000), said(2_003), said(1_500), said(12_700)],
            ["7 ms", "999 ms", "2 s", "2 s", "1.5 s", "12 s"]
        );
    }

    #[test]
    fn quotes_a_stranger_on_one_line_and_not_at_length() {
        assert_eq!(quoted("a\n\u{1b}[31mb\n"), "a  [31mb");
        let long = quoted(&"x".repeat(1_000));
        assert!(long.len() == QUOTED + 3 && long.ends_with("x..."));
    }
}
