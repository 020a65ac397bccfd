//! Answers questions about evidence: each name means one digest in a review, and those about one image are answered together.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use portcullis_model::{Answers, Fact, FactError, FactSource, Query, Resolved, Source as Text};
use portcullis_registry::{Client, Keychain};
use tokio::runtime::Handle;

use crate::MAX_AT_ONCE;
use crate::clock::Clock;
use crate::given::GivenDocument;
use crate::image::Image;
use crate::look_up::{Asked, Shared};
use crate::question::Question;
use crate::store::TrustStore;

/// The kind of the questions who signed something.
pub const SIGNATURE: &str = "signature";
/// The kind of the questions what SBOMs say of something.
pub const SBOM: &str = "sbom";
/// The kind of the questions what SARIF reports say of something.
pub const SAST: &str = "sast";

/// What evidence is looked up with.
pub struct Evidence {
    /// Registries and the credentials for them; without one only what was given counts, and names must have digests.
    pub registry: Option<(Client, Keychain)>,
    /// Bundles that the caller gave, by their files.
    pub bundles: Vec<(PathBuf, Bytes)>,
    /// SBOMs that the caller gave: nobody signed them, and facts say so.
    pub sboms: Vec<Arc<Text>>,
    /// SARIF reports that the caller gave, likewise.
    pub reports: Vec<Arc<Text>>,
    /// The most time for one image, what its tag means included. Default [`DEFAULT_LOOK_UP_TIME`].
    pub time: Duration,
}

impl Default for Evidence {
    fn default() -> Self {
        let (bundles, sboms, reports) = (Vec::new(), Vec::new(), Vec::new());
        Self { registry: None, bundles, sboms, reports, time: DEFAULT_LOOK_UP_TIME }
    }
}

/// The default of [`Evidence::time`]: below what the API server waits by default.
pub const DEFAULT_LOOK_UP_TIME: Duration = Duration::from_secs(8);
/// How long what was verified is remembered. A digest never means other bytes; what may change is what else is signed.
pub const REMEMBER_VERIFIED: Duration = Duration::from_secs(600);
/// How long it is remembered that there was nothing, or nothing good: whoever signs now wants to be let in now.
pub const REMEMBER_NOTHING: Duration = Duration::from_secs(10);
/// Images that are remembered, errors included.
pub const REMEMBERED_IMAGES: usize = 4_096;
/// Bytes that they may take.
pub const REMEMBERED_BYTES: usize = 32 << 20;
/// Look-ups that may be under way, and as many questions what a tag means.
pub const MAX_LOOK_UPS: usize = 1_024;

/// Answers questions about evidence.
pub struct Source {
    shared: Arc<Shared>,
}

impl Source {
    /// A source that works on this runtime, whoever waits for its answers.
    pub fn new(store: Arc<TrustStore>, evidence: Evidence, runtime: Handle) -> Self {
        Self::with_clock(store, evidence, runtime, Clock::default())
    }

    /// The same by a clock that a test may hurry.
    pub fn with_clock(store: Arc<TrustStore>, evidence: Evidence, runtime: Handle, clock: Clock) -> Self {
        Self { shared: Arc::new(Shared::new(store, evidence, runtime, clock)) }
    }
}

impl Source {
    /// The documents that the caller gave, and what has become of each so far.
    pub fn given(&self) -> Vec<GivenDocument> {
        self.shared.given()
    }
}

impl FactSource for Source {
    fn look_up<'a>(&'a self, queries: &'a [Query], review: &'a Resolved) -> Answers<'a> {
        Box::pin(async move {
            let deadline = Instant::now() + self.shared.time;
            let asked = self.shared.read(queries);
            self.resolve(&asked, review, deadline).await;
            // Those about one image together: they share what is gathered and verified.
            let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
            for (at, one) in asked.iter().enumerate() {
                groups.entry(one.group()).or_default().push(at);
            }
            let group = |members: Vec<usize>| {
                let each = members.into_iter().map(|at| {
                    let one = &asked[at];
                    async move { (at, self.answer(one, review, deadline).await) }.boxed()
                });
                join_all(each.collect::<Vec<_>>()).boxed()
            };
            let groups: Vec<_> = groups.into_values().map(group).collect();
            let answers: Vec<Vec<_>> = stream::iter(groups).buffer_unordered(MAX_AT_ONCE).collect().await;
            let mut answers: Vec<(usize, Result<Fact, FactError>)> = answers.into_iter().flatten().collect();
            answers.sort_by_key(|(at, _)| *at);
            answers.into_iter().map(|(_, answer)| answer).collect()
        })
    }
}

impl Source {
    /// Asks once what each name without a digest means that nobody in this review has asked about, before anything is answered
    /// (A31, N48).
    async fn resolve(&self, asked: &[Asked<'_>], review: &Resolved, deadline: Instant) {
        let needed =
            asked.iter().filter_map(|one| one.question.as_ref().ok()).filter(|one| self.shared.asks_registry(one));
        let images = needed.filter_map(Question::image).filter(|image| image.digest.is_none());
        let names: BTreeMap<String, Image> = images.map(|image| (image.name_with_tag(), image.clone())).collect();
        let unknown = names.into_iter().filter(|(name, _)| review.get(name).is_none());
        let one = |(name, image)| async move {
            let meaning = self.shared.meaning(image, deadline).await;
            review.keep(name, meaning);
        };
        stream::iter(unknown.map(one).map(FutureExt::boxed).collect::<Vec<_>>())
            .buffer_unordered(MAX_AT_ONCE)
            .collect::<Vec<()>>()
            .await;
    }

    async fn answer(&self, asked: &Asked<'_>, review: &Resolved, deadline: Instant) -> Result<Fact, FactError> {
        let answered = match &asked.question {
            // A bug is an error of this question alone.
            Ok(question) => {
                let answer = self.shared.answer(asked.query, question, asked.attested, review, deadline);
                AssertUnwindSafe(answer).catch_unwind().await
            }
            Err(message) => Ok(Err(message.clone())),
        };
        let broken = |_| Err("a bug in Portcullis stopped the look-up; please report it".to_owned());
        let answer = answered.unwrap_or_else(broken);
        if let (Err(_), Ok(question)) = (&answer, &asked.question) {
            self.shared.unanswered(question);
        }
        answer.map_err(|message| FactError { query: asked.query.clone(), message })
    }
}
