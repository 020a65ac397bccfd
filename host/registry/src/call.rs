//! One question of a caller: authorised, repeated where that helps, and over in time.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use hyper::header::HeaderValue;
use hyper::{StatusCode, Uri};
use tokio::time::{Instant, sleep};

use crate::attempt::Attempt;
use crate::auth::{Challenge, token_in, token_question};
use crate::config::{Config, Endpoint};
use crate::credential::{Credential, bearer};
use crate::error::{Cause, Class};
use crate::exchange::{Exchange, Question, Reply};
use crate::keychain::Keychain;
use crate::limits::{MAX_ANSWER, MAX_TOKEN_AGE, THROTTLED_RETRIES};
use crate::refusal::refusal;
use crate::token::{Key, Tokens};

/// What all questions share.
pub(crate) struct Shared {
    pub(crate) config: Arc<Config>,
    pub(crate) exchange: Exchange,
    pub(crate) tokens: Tokens,
}

impl Shared {
    pub(crate) fn new(config: Config) -> Result<Self, Cause> {
        let config = Arc::new(config.checked()?);
        let exchange = Exchange::new(Arc::clone(&config))?;
        Ok(Self { config, exchange, tokens: Tokens::default() })
    }
}

/// One GET of a registry.
#[derive(Clone)]
pub(crate) struct Get<'a> {
    pub(crate) url: Uri,
    pub(crate) accept: &'a str,
    pub(crate) limit: u64,
    pub(crate) what: &'a str,
}

/// One question under way.
pub(crate) struct Call<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) keychain: &'a Keychain,
    pub(crate) deadline: Instant,
    pub(crate) attempts: Vec<Attempt>,
    /// How often a failure that may pass is repeated.
    pub(crate) retries: usize,
}

impl Call<'_> {
    /// Asks a registry, with every credential that there is for it until one is accepted. Statuses that say nothing
    /// about the question (401, 403, 429, 5xx but 501) are errors; all others are the caller's to read.
    pub(crate) async fn get(&mut self, endpoint: &Endpoint, get: &Get<'_>) -> Result<Reply, Cause> {
        let found = self.keychain.find(&endpoint.registry, &endpoint.name, self.deadline).await?;
        let mut credentials: Vec<Option<&Credential>> = found.iter().map(Some).collect();
        if credentials.is_empty() {
            credentials.push(None);
        }
        let mut refused = None;
        for credential in credentials {
            match self.get_with(endpoint, get, credential).await {
                Err(cause) if cause.class() == Class::Denied => refused = Some(cause),
                Err(cause) => return Err(cause),
                Ok(reply) => match reply.status.as_u16() {
                    401 | 403 => refused = Some(refusal(&reply)),
                    429 | 500 | 502..=599 => return Err(refusal(&reply)),
                    _ => return Ok(reply),
                },
            }
        }
        Err(refused.unwrap_or(Cause::Late))
    }

    /// Asks with one credential, or with none. It is shown only when the registry asks for one.
    async fn get_with(
        &mut self,
        endpoint: &Endpoint,
        get: &Get<'_>,
        credential: Option<&Credential>,
    ) -> Result<Reply, Cause> {
        let key = Key {
            origin: format!("{}://{}", endpoint.scheme(), endpoint.host),
            name: endpoint.name.clone(),
            credential: credential.map(Credential::fingerprint),
        };
        let known = self.shared.tokens.get(&key);
        let mut reply = self.patient(&self.question(get, known.clone())).await?;
        if reply.redirected && reply.status == StatusCode::UNAUTHORIZED {
            return Ok(reply);
        }
        if reply.status == StatusCode::NOT_FOUND && credential.is_some() && known.is_none() {
            // A registry may hide from strangers what it has. Whoever has a credential shows it before that counts.
            let root = format!("{}/v2/", key.origin).parse().map_err(|_| Cause::Config("no URL".to_owned()))?;
            let ping =
                Get { url: root, accept: "application/json", limit: MAX_ANSWER, what: "the root of the registry" };
            let ping = self.patient(&self.question(&ping, None)).await?;
            match ping.status.as_u16() {
                401 if !ping.redirected => reply = ping,
                429 | 500..=599 => return Err(refusal(&ping)),
                _ => return Ok(reply),
            }
        }
        if reply.status != StatusCode::UNAUTHORIZED {
            return Ok(reply);
        }
        self.shared.tokens.forget(&key);
        let Some((header, age)) = self.answer(endpoint, &reply, credential).await? else { return Ok(reply) };
        let reply = self.patient(&self.question(get, Some(header.clone()))).await?;
        if reply.status != StatusCode::UNAUTHORIZED {
            self.shared.tokens.keep(key, header, age);
        }
        Ok(reply)
    }

    fn question<'b>(&self, get: &Get<'b>, authorization: Option<HeaderValue>) -> Question<'b> {
        Question {
            url: get.url.clone(),
            accept: get.accept,
            authorization,
            form: None,
            redirects: self.shared.config.limits.redirects,
            limit: get.limit,
            what: get.what,
        }
    }

    /// The header that answers a challenge, and how long it is good; nothing where we have no answer.
    async fn answer(
        &mut self,
        endpoint: &Endpoint,
        reply: &Reply,
        credential: Option<&Credential>,
    ) -> Result<Option<(HeaderValue, Duration)>, Cause> {
        let unclear = |why: &str| Cause::Challenge { registry: endpoint.registry.clone(), why: why.to_owned() };
        let Some(challenge) = Challenge::of(&reply.headers).map_err(unclear)? else { return Ok(None) };
        if let Some(Credential::Token { token }) = credential {
            let header = bearer(token).ok_or_else(|| unclear("our token has characters that no header may have"))?;
            return Ok(Some((header, MAX_TOKEN_AGE)));
        }
        if challenge == Challenge::Basic {
            return Ok(credential.and_then(Credential::basic).map(|header| (header, MAX_TOKEN_AGE)));
        }
        let question = token_question(&self.shared.config, endpoint, &challenge, credential)?;
        let reply = self.patient(&question).await?;
        if reply.status != StatusCode::OK {
            return Err(refusal(&reply));
        }
        token_in(&reply.body).map(Some)
    }

    /// Asks until there is an answer that will not be another one in a moment.
    async fn patient(&mut self, question: &Question<'_>) -> Result<Reply, Cause> {
        let (mut failed, mut throttled) = (0, 0);
        loop {
            let result = self.shared.exchange.ask(question, self.deadline, &mut self.attempts).await;
            let named = match &result {
                Ok(reply) if matches!(reply.status.as_u16(), 429 | 503) => reply.retry_after(),
                _ => None,
            };
            let pause = match &result {
                // What is posted is not asked twice.
                _ if question.form.is_some() => None,
                Ok(_) if named.is_some() && throttled < THROTTLED_RETRIES => {
                    throttled += 1;
                    named.map(|named| named.saturating_add(self.backoff(0)))
                }
                Ok(reply) if named.is_none() && !matches!(reply.status.as_u16(), 429 | 500 | 502 | 503 | 504) => None,
                Err(cause) if !cause.may_pass() => None,
                _ if named.is_some() || failed >= self.retries => None,
                _ => {
                    failed += 1;
                    Some(self.backoff(failed - 1))
                }
            };
            match pause.and_then(|pause| Instant::now().checked_add(pause)) {
                Some(then) if then < self.deadline => sleep(then - Instant::now()).await,
                _ => return result,
            }
        }
    }

    /// A pause with chance in it, so that those who failed together do not come back together.
    fn backoff(&self, failed: usize) -> Duration {
        let longest = self.shared.config.limits.backoff * 4_u32.pow(u32::try_from(failed).unwrap_or(0).min(4));
        // Every `RandomState` has keys of its own.
        let chance = RandomState::new().hash_one(failed) % 1_000;
        longest / 2 + longest / 2 * u32::try_from(chance).unwrap_or(0) / 1_000
    }
}
