//! From images to findings, for every kind of document that somebody attests: what is asked, what counts, which is enough.

use portcullis_sdk::{Finding, ImageState, Node, Outcome, Query, Review, Rule, Setting};

use crate::document::{Document, Fault, PLATFORMS, PROVENANCE, SUBJECT};
use crate::identity::admits;
use crate::judge::{Judge, MOST_SHOWN, Target};
use crate::need::Need;
use crate::pattern;
use crate::reference::{self, Reference};
use crate::settings::{entries, refuse_too_many};
use crate::signer::{self, Signer};
use crate::words::{cut, list, name};

/// A kind of document, and what a plugin calls the rules that all kinds have.
pub struct Kind {
    /// The kind of fact.
    pub fact: &'static str,
    /// Its name: `SBOM`.
    pub noun: &'static str,
    /// One of them: `an SBOM`.
    pub one: &'static str,
    /// How somebody attests one.
    pub attest: &'static str,
    /// How somebody gives one as a file.
    pub flag: &'static str,
    /// There is none.
    pub missing: &'static Rule,
    /// None holds.
    pub refused: &'static Rule,
    /// Somebody attested it whose word does not count.
    pub not_allowed: &'static Rule,
    /// Nobody signed it.
    pub not_signed: &'static Rule,
    /// Too few of those whose word counts.
    pub too_few: &'static Rule,
    /// It is not about all that it must be about.
    pub platform_missing: &'static Rule,
    /// It cannot be read.
    pub unreadable: &'static Rule,
    /// It does not keep its schema.
    pub invalid: &'static Rule,
    /// Nothing says what an image needs.
    pub not_covered: &'static Rule,
}

/// What a plugin asks of the images that an entry of its settings matches.
pub trait Entry {
    /// Whose documents count.
    fn need(&self) -> &Need<'_>;
    /// What the host is to look for in them, as a JSON object.
    fn ask(&self) -> &str;
    /// What is wrong with a document that can be read.
    fn faults(&self, look: &Look<'_>, document: &Document) -> Vec<Fault>;
    /// What is wrong with all documents about one digest that keep every other rule, taken together; beside them are those that
    /// break one.
    fn together(&self, _: &[&Document], _: &[&Document]) -> Vec<Fault> {
        Vec::new()
    }
    /// Whether a document that breaks a rule is not outweighed by one that keeps every rule, even where one is enough.
    fn stands(&self, _: &Rule) -> bool {
        false
    }
    /// What counts in place of a document about a digest.
    fn instead(&self, _: &Look<'_>, _: &str) -> Instead {
        Instead::default()
    }
}

/// Reads `images`, `files` and `unmatched`: what is asked of images and of a file, and whether images may run that no entry
/// matches.
pub fn settings<'a, E: Entry>(
    setting: &Setting<'a>,
    image: impl Fn(&Setting<'a>, &[&[String]]) -> E,
    file: impl Fn(&Setting<'a>) -> E,
) -> (Vec<E>, Option<E>, bool) {
    let all = setting.object(&["images", "files", "unmatched"]);
    let (files, unmatched) = (all.get("files"), all.get("unmatched"));
    let images = if files.is_given() { all.get("images") } else { all.require("images") };
    if images.is_list() && images.items().is_empty() {
        images.complain("an empty list covers no image; give an entry with `match` and `trust`");
    }
    refuse_too_many(&images);
    let entries = entries(&images, |entry: &E| &entry.need().patterns, image);
    let file = files.is_given().then(|| file(&files));
    let allow_unmatched = unmatched.word(&["deny", "allow"]) == Some("allow");
    if !images.is_given() && unmatched.is_given() {
        unmatched.complain("says something about images, and without `images` none is judged");
    }
    if file.is_none() && allow_unmatched && entries.iter().all(|entry| entry.need().exempt) && setting.is_sound() {
        setting.complain("nothing would be judged: every entry is exempt, and `unmatched` is `allow`");
    }
    (entries, file, allow_unmatched)
}

/// What counts in place of a document.
#[derive(Default)]
pub struct Instead {
    /// Whose word it is.
    pub signers: Vec<Signer>,
    /// What is wrong with what does not count.
    pub fault: Option<Fault>,
}

/// What is judged, and when.
pub struct Look<'l> {
    /// Whose word counts.
    pub need: &'l Need<'l>,
    /// The document of the fact.
    pub root: Node,
    /// The time of the review.
    pub time: i64,
    /// Whether an API server asks.
    pub admission: bool,
}

impl Look<'_> {
    /// Whether a signer is one whose word counts; else what is wrong with it.
    pub fn admits(&self, signer: &Signer) -> Result<(), String> {
        match self.need.trust {
            Some(_) => admits(&self.need.signers, signer),
            None => Err("without `trust` no signature counts".to_owned()),
        }
    }

    /// The provenance that speaks for what a document is about, by signers whose word counts: that of the same digest; else that of
    /// the whole, which speaks for its platforms; else that of the platforms, which is all that is known of how the whole was built.
    pub fn provenance(&self, document: &Document) -> Vec<Node> {
        let digest = signer::digest(self.root);
        let subject = if document.subject.is_empty() { digest.clone() } else { document.subject.clone() };
        let all = self.root.get(PROVENANCE).items();
        let counted: Vec<Node> = all.filter(|node| self.admits(&signer::signer(*node)).is_ok()).collect();
        let of = |known: &[String]| -> Vec<Node> {
            counted.iter().copied().filter(|node| known.contains(&node.get(SUBJECT).text())).collect()
        };
        let platforms = || self.root.get(PLATFORMS).items().map(signer::digest).collect::<Vec<_>>();
        let below = if subject == digest { platforms() } else { Vec::new() };
        let nearest = [of(&[subject]), of(&[digest]), of(&below)].into_iter().find(|some| !some.is_empty());
        nearest.unwrap_or_default()
    }
}

/// Asks what is needed and judges what is known.
pub fn evaluate<E: Entry>(
    kind: &Kind,
    images: &[E],
    file: Option<&E>,
    allow_unmatched: bool,
    review: Review,
) -> Outcome {
    let (mut needs, mut findings) = (Vec::new(), Vec::new());
    let (time, admission) = (review.request().time(), !review.request().user().is_empty());
    // In the first round nothing is known, and each look for it would cost a call.
    let any = review.facts().next().is_some();
    let mut look_up = |entry: &E, about: (&str, &str), target: Target<'_>| {
        let query = query(kind, entry, about, admission);
        match if any { review.fact(kind.fact, &query.arguments) } else { None } {
            Some(fact) => {
                let look = Look { need: entry.need(), root: fact.root(), time, admission };
                findings.extend(Judge { kind, entry, look, target }.judge(fact));
            }
            None if needs.contains(&query) => {}
            None => needs.push(query),
        }
    };
    if let Some(entry) = file.filter(|_| is_from_file(review)) {
        let shown = || file_shown(review);
        look_up(entry, ("about", "file"), Target { node: review.object(), digest: "", shown: &shown });
    }
    let mut uncovered = Vec::new();
    for image in if images.is_empty() { Vec::new() } else { review.workload().images().collect() } {
        let reference = match image.state() {
            ImageState::Exact => Reference::of(image),
            ImageState::Absent => {
                let what = format!(
                    "{} has no image, so that no {} can be looked for; set `image`",
                    reference::user(image),
                    kind.noun
                );
                uncovered.push(match image.container() {
                    Some(container) if image.node().is_absent() => {
                        Finding::new(kind.not_covered, container.node(), what).missing("/image")
                    }
                    _ => Finding::new(kind.not_covered, image.node(), what),
                });
                continue;
            }
            ImageState::Unreadable(reason) => {
                let what = format!(
                    "{} is not an image reference, so that no {} can be looked for: {reason}; write `registry/repository@sha256:...`",
                    cut(&reference::shown(image), MOST_SHOWN),
                    kind.noun
                );
                uncovered.push(Finding::new(kind.not_covered, image.node(), what));
                continue;
            }
        };
        let matches = |entry: &&E| entry.need().patterns.iter().any(|known| pattern::matches(known, &reference.name));
        let Some(entry) = images.iter().find(matches) else {
            if !allow_unmatched {
                uncovered.push(not_covered(kind, images, &reference));
            }
            continue;
        };
        if !entry.need().exempt {
            let shown = || reference.shown();
            let target = Target { node: reference.node, digest: &reference.digest, shown: &shown };
            look_up(entry, ("image", &reference.whole), target);
        }
    }
    if !needs.is_empty() {
        return Outcome::Needs(needs);
    }
    findings.extend(uncovered);
    findings.into()
}

/// The file that holds what is judged, for messages: an artifact by its name, since it is nothing but that file.
pub fn file_shown(review: Review) -> String {
    let request = review.request();
    if request.api_group() == "portcullis.dev" && request.kind() == "Artifact" {
        format!("the artifact {}", name(&request.name()))
    } else {
        "the file that holds this".to_owned()
    }
}

/// Whether a file holds what is judged: nobody asks for what stands in one, and an API server always says who asks. An image that
/// is judged by its name alone stands in none.
pub fn is_from_file(review: Review) -> bool {
    let request = review.request();
    request.user().is_empty() && !(request.api_group() == "portcullis.dev" && request.kind() == "Image")
}

fn query<E: Entry>(kind: &Kind, entry: &E, (about, what): (&str, &str), admission: bool) -> Query {
    let need = entry.need();
    let mut texts = vec![(about, what)];
    texts.extend((need.local && !admission).then_some(("local", "accept")));
    texts.extend(Some(("scope", need.scope)).filter(|(_, scope)| !scope.is_empty()));
    texts.extend(need.trust.map(|trust| ("trust", trust)));
    let mut query = Query::of_texts(kind.fact, &texts);
    if entry.ask() != "{}" {
        query.arguments = format!("{{\"ask\":{},{}", entry.ask(), &query.arguments[1..]);
    }
    query
}

fn not_covered<E: Entry>(kind: &Kind, images: &[E], reference: &Reference) -> Finding {
    let known: Vec<String> = images.iter().flat_map(|entry| &entry.need().patterns).map(|known| name(known)).collect();
    let message = format!(
        "no entry of `images` says whose {} {} needs: {} is none of {}; use one of those images, or add an entry with its `trust`",
        kind.noun,
        cut(&reference.shown(), MOST_SHOWN),
        name(&reference.name),
        list(&known, "and")
    );
    Finding::new(kind.not_covered, reference.node, message)
}
