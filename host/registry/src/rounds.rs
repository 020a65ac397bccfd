//! Mirrors first, then the registry itself: whose answer is taken, and whose "not there" counts.

use crate::call::Call;
use crate::config::{Config, Endpoint};
use crate::error::Cause;
use crate::name::Repository;

/// One question, asked in several places. Something that was found ends it. "Not there" counts when the last place says
/// so: the registry itself, or the last mirror where only mirrors are asked and none of the others failed.
pub(crate) struct Rounds<T> {
    endpoints: std::vec::IntoIter<Endpoint>,
    upstream: bool,
    found: Option<T>,
    failure: Option<Cause>,
}

impl<T> Rounds<T> {
    /// The places to ask, if the registry may be asked at all.
    pub(crate) fn new(config: &Config, repository: &Repository) -> Result<Self, Cause> {
        config.check_allowed(repository.registry())?;
        let endpoints = config.endpoints(repository.registry(), repository.name());
        let upstream = endpoints.last().is_some_and(|last| last.registry == repository.registry());
        Ok(Self { endpoints: endpoints.into_iter(), upstream, found: None, failure: None })
    }

    /// The next place to ask; none when there is an answer.
    pub(crate) fn next(&mut self, call: &mut Call<'_>) -> Option<Endpoint> {
        if self.found.is_some() {
            return None;
        }
        let endpoint = self.endpoints.next()?;
        // Where there is another place to ask, asking the same one again only takes time.
        let last = self.endpoints.len() == 0;
        call.retries = if last { call.shared.config.limits.retries } else { 0 };
        Some(endpoint)
    }

    /// What one place said.
    pub(crate) fn take(&mut self, result: Result<Option<T>, Cause>) {
        let last = self.endpoints.len() == 0;
        match result {
            Ok(Some(found)) => self.found = Some(found),
            // The registry itself knows better than a mirror that failed.
            Ok(None) if last && self.upstream => self.failure = None,
            Ok(None) => {}
            Err(cause) => self.failure = Some(cause),
        }
    }

    /// What it comes to.
    pub(crate) fn finish(self) -> Result<Option<T>, Cause> {
        match (self.found, self.failure) {
            (Some(found), _) => Ok(Some(found)),
            (None, Some(cause)) => Err(cause),
            (None, None) => Ok(None),
        }
    }
}
