//! Glue only: exports the world and lists the rules.

pub mod proof;
pub mod rules;
pub mod settings;

use portcullis_sdk::{Description, ImageState, Outcome, Policy, Query, Review, Setting};

use crate::proof::KEYS;
use crate::settings::Settings;
use portcullis_proof::reference::Reference;

/// The kind of fact that says who signed an image.
pub const FACT: &str = "signature";

/// Lets only images run that somebody signed whose word counts.
pub struct Signature;

impl Policy for Signature {
    const DESCRIPTION: Description = Description {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        title: "Lets only images run that somebody signed whose word counts",
        rules: rules::ALL,
        settings: include_str!("settings.schema.json"),
        kinds: &["*"],
        keys: KEYS,
        facts: &[FACT],
        ..Description::EMPTY
    };
    type Settings<'a> = Settings<'a>;

    fn prepare(settings: Setting<'_>) -> Settings<'_> {
        Settings::read(settings)
    }

    fn evaluate(settings: &Settings<'_>, review: Review) -> Outcome {
        let (mut needs, mut findings) = (Vec::new(), Vec::new());
        // In the first round nothing is known, and each look for it would cost a call.
        let any = review.facts().next().is_some();
        let known = |query: &Query| if any { review.fact(FACT, &query.arguments) } else { None };
        let file = settings.files.as_ref().filter(|_| is_from_file(review));
        if let Some((entry, trust)) = file.and_then(|entry| Some((entry, entry.trust?))) {
            let query = Query::of_texts(FACT, &[("about", "file"), ("trust", trust)]);
            match known(&query) {
                Some(fact) => findings.extend(rules::file::judge(entry, trust, review, fact)),
                None => needs.push(query),
            }
        }
        let images = if settings.images.is_empty() { Vec::new() } else { review.workload().images().collect() };
        for image in images {
            let reference = match image.state() {
                ImageState::Exact => Reference::of(image),
                ImageState::Absent => {
                    findings.push(rules::coverage::missing(image));
                    continue;
                }
                ImageState::Unreadable(reason) => {
                    findings.push(rules::coverage::unreadable(image, &reason));
                    continue;
                }
            };
            let Some(entry) = settings.entry_for(&reference.name) else {
                findings.extend(rules::coverage::judge(settings, &reference));
                continue;
            };
            let Some(trust) = entry.trust else { continue };
            let query = Query::of_texts(FACT, &[("image", &reference.whole), ("trust", trust)]);
            match known(&query) {
                Some(fact) => findings.extend(rules::judge(settings, entry, trust, &reference, fact)),
                None if needs.contains(&query) => {}
                None => needs.push(query),
            }
        }
        if needs.is_empty() { findings.into() } else { Outcome::Needs(needs) }
    }
}

/// Whether a file holds what is judged: nobody asks for what stands in one, and an API server always says who asks. An image that
/// is judged by its name alone stands in none.
fn is_from_file(review: Review) -> bool {
    let request = review.request();
    request.user().is_empty() && !(request.api_group() == "portcullis.dev" && request.kind() == "Image")
}

portcullis_sdk::export!(Signature);
