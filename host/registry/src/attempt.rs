//! What was asked and what came of it, so that a person can retrace a look-up.

use std::fmt;

use hyper::Uri;

/// The most attempts that are written down for one question; the bounds on requests keep far below it.
const MAX_ATTEMPTS: usize = 256;

/// The longest path that is written down, in bytes.
const MAX_PATH: usize = 300;

/// One request. It holds no time, no secret and no query of a URL, so that equal events leave equal records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The URL without its query; of a host that a redirect named, the host alone.
    pub url: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An answer with this status.
    Status(u16),
    /// No answer, or a broken one.
    Failed,
}

impl fmt::Display for Attempt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.outcome {
            Outcome::Status(status) => write!(out, "{} -> {status}", self.url),
            Outcome::Failed => write!(out, "{} -> no answer", self.url),
        }
    }
}

/// Adds an attempt.
pub(crate) fn note(attempts: &mut Vec<Attempt>, url: String, outcome: Outcome) {
    if attempts.len() < MAX_ATTEMPTS {
        attempts.push(Attempt { url, outcome });
    }
}

/// A URL as people may read it: no query, because that of a signed URL is a credential.
pub(crate) fn shown(url: &Uri, redirected: bool) -> String {
    let scheme = url.scheme_str().unwrap_or_default();
    let host = url.authority().map_or("", |authority| authority.as_str());
    if redirected {
        return format!("{scheme}://{host}/...");
    }
    let path = url.path();
    match path.get(..MAX_PATH) {
        Some(start) if path.len() > MAX_PATH => format!("{scheme}://{host}{start}..."),
        _ => format!("{scheme}://{host}{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_no_query_and_nothing_but_the_host_of_a_redirect() {
        let url = Uri::from_static("https://a.example/v2/x/blobs/sha256:00?X-Amz-Signature=secret");
        assert_eq!(shown(&url, false), "https://a.example/v2/x/blobs/sha256:00");
        assert_eq!(shown(&url, true), "https://a.example/...");
    }
}
