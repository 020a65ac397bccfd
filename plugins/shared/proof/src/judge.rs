//! Which documents about a digest count, which of them keep every rule, and what to say where too few do.

use portcullis_sdk::{Fact, FactStatus, Finding, Node};

use crate::document::{DIGEST, DOCUMENTS, Document, Fault, INDEX, PLATFORM, PLATFORMS, Source};
use crate::evidence::{Entry, Instead, Kind, Look};
use crate::identity::{distinct, shown, wanted};
use crate::reading::flag;
use crate::signer::{self, Signer, refused};
use crate::words::{bounded, cut, list, name};

/// The longest name of an image and of who uses it in a message, in characters.
pub(crate) const MOST_SHOWN: usize = 600;
/// The longest text about signers in a message, in characters.
const MOST_SIGNERS_SHOWN: usize = 900;

/// What documents must be about.
pub(crate) struct Target<'t> {
    /// Where a finding stands.
    pub(crate) node: Node,
    /// The digest that is written; empty where there is none.
    pub(crate) digest: &'t str,
    /// Its name, for messages.
    pub(crate) shown: &'t dyn Fn() -> String,
}

/// One fact, and what an entry asks of it.
pub(crate) struct Judge<'j, E> {
    pub(crate) kind: &'j Kind,
    pub(crate) entry: &'j E,
    pub(crate) look: Look<'j>,
    pub(crate) target: Target<'j>,
}

/// One digest that documents must be about: that of the image, or of a platform.
struct Unit {
    platform: String,
    digest: String,
}

/// A document and what is wrong with it.
type Judged<'d> = (&'d Document, Vec<Fault>);

/// The document that breaks the fewest rules.
fn nearest(bad: Vec<Judged<'_>>) -> Option<Judged<'_>> {
    bad.into_iter().min_by_key(|(_, faults)| faults.len())
}

/// What became of a digest.
enum Verdict {
    /// Enough documents keep every rule.
    Kept,
    /// They do not.
    Broken(Vec<Finding>),
    /// No document is about it.
    Silent(Option<Fault>),
}

impl<E: Entry> Judge<'_, E> {
    /// Judges what the host found out.
    pub(crate) fn judge(&self, fact: Fact) -> Vec<Finding> {
        let (Kind { noun, one, .. }, attest) = (self.kind, self.attest());
        let (image, node) = (self.image(), self.target.node);
        match fact.status() {
            FactStatus::Absent => {
                let message = format!("{image} has no {noun}: {}; {}", self.looked(), self.way_out("it needs one"));
                vec![Finding::new(self.kind.missing, node, message)]
            }
            FactStatus::Rejected(reason) => {
                let message = format!(
                    "no {noun} of {image} holds: {}; {one} must be attested again ({attest}){}",
                    bounded(&reason),
                    self.by()
                );
                vec![Finding::new(self.kind.refused, node, message)]
            }
            FactStatus::Verified => self.verified(&image),
        }
    }

    fn verified(&self, image: &str) -> Vec<Finding> {
        let digest = signer::digest(self.look.root);
        let documents: Vec<Document> = self.look.root.get(DOCUMENTS).items().map(Document::of).collect();
        // Where only files count, nobody need know what a tag means.
        let unknown = digest.is_empty() && !(self.look.need.local && documents.iter().all(Document::is_local));
        let other = !self.target.digest.is_empty() && digest != self.target.digest;
        if unknown || other {
            let message = format!(
                "what is known of {image} is about {}; look it up again",
                if digest.is_empty() { "no digest".to_owned() } else { format!("the digest {}", name(&digest)) }
            );
            return vec![Finding::new(self.kind.refused, self.target.node, message)];
        }
        let (counted, others): (Vec<&Document>, Vec<&Document>) =
            documents.iter().partition(|document| self.why_not(document).is_none());
        let mut findings = match self.in_scope(&counted, digest) {
            Ok(()) => return Vec::new(),
            Err(findings) => findings,
        };
        if counted.is_empty() && findings.iter().all(|(_, silent)| *silent) {
            return vec![self.nobody(image, &others)];
        }
        if let Some((finding, _)) = findings.first_mut().filter(|_| !others.is_empty()) {
            // It is not what is wrong, but whoever reads this may wonder where theirs is.
            let told = cut(&self.told(&others), MOST_SIGNERS_SHOWN);
            *finding = finding.clone().and(&format!("; what else there is does not count: {told}"));
        }
        findings.into_iter().map(|(finding, _)| finding).collect()
    }

    /// Why a document counts for nothing; nothing where it counts.
    fn why_not(&self, document: &Document) -> Option<String> {
        match &document.source {
            Source::Attested(signer) => self.look.admits(signer).err(),
            Source::Local(_) if self.look.admission => Some("an API server takes no file's word".to_owned()),
            Source::Local(_) if !self.look.need.local => Some("nobody signed it, and `local` is `refuse`".to_owned()),
            Source::Local(_) => None,
            Source::Unknown(_) => Some("nobody knows where it comes from".to_owned()),
        }
    }

    /// Documents that count for nothing, each with the reason.
    fn told(&self, others: &[&Document]) -> String {
        let mut told: Vec<String> = Vec::new();
        for document in others {
            let why = self.why_not(document).unwrap_or_default();
            let one = match &document.source {
                Source::Attested(signer) => {
                    format!("one is signed by {}, who is not among those whose word counts", shown(signer, &why))
                }
                _ => format!("{} ({why})", document.shown()),
            };
            if !told.contains(&one) {
                told.push(one);
            }
        }
        list(&told, "and")
    }

    /// The finding where no document counts.
    fn nobody(&self, image: &str, others: &[&Document]) -> Finding {
        let noun = self.kind.noun;
        let besides = match refused(self.look.root).first() {
            Some((found, reason)) => {
                format!("; one was refused ({found}: {})", cut(reason, MOST_SIGNERS_SHOWN))
            }
            None => String::new(),
        };
        let (rule, what) = if others.iter().any(|document| matches!(document.source, Source::Attested(_))) {
            (
                self.kind.not_allowed,
                format!("no {noun} of {image} counts: {}", cut(&self.told(others), MOST_SIGNERS_SHOWN)),
            )
        } else if !others.is_empty() {
            (
                self.kind.not_signed,
                format!("no {noun} of {image} is signed: {}", cut(&self.told(others), MOST_SIGNERS_SHOWN)),
            )
        } else if !besides.is_empty() {
            return Finding::new(
                self.kind.refused,
                self.target.node,
                format!("no {noun} of {image} holds{besides}; {}", self.way_out("it needs one")),
            );
        } else {
            (self.kind.missing, format!("{image} has no {noun}: {}", self.looked()))
        };
        let message = format!("{what}{besides}; {}", self.way_out("it needs one"));
        Finding::new(rule, self.target.node, message)
    }

    /// Judges every digest that the scope asks for. Each finding is told with whether it is only that nothing is there.
    fn in_scope(&self, counted: &[&Document], digest: String) -> Result<(), Vec<(Finding, bool)>> {
        let whole = Unit { platform: String::new(), digest };
        // What does not say that it is no index may be one.
        let is_index = flag(self.look.root.get(INDEX)) != Some(false);
        let scope = self.look.need.scope;
        if !is_index || matches!(scope, "" | "index") {
            return self.each(counted, &[whole]);
        }
        let platforms = self.platforms();
        if scope == "platforms" {
            return platforms.and_then(|platforms| self.each(counted, &platforms));
        }
        // One side is enough, and does not outweigh what stands on the other.
        let unless = |standing: Vec<(Finding, bool)>| if standing.is_empty() { Ok(()) } else { Err(standing) };
        let whole = [whole];
        let own = match self.each(counted, &whole) {
            Ok(()) => return unless(platforms.map_or_else(|_| Vec::new(), |below| self.standing_of(counted, &below))),
            Err(findings) => findings,
        };
        let below = match platforms.and_then(|platforms| self.each(counted, &platforms)) {
            Ok(()) => return unless(self.standing_of(counted, &whole)),
            Err(findings) => findings,
        };
        let is_silent = |findings: &[(Finding, bool)]| findings.iter().all(|(_, silent)| *silent);
        // What is there says more than what is not: the platforms speak where somebody attested something of one.
        let of_platforms = below.len() < self.look.root.get(PLATFORMS).len() as usize || !is_silent(&below);
        Err(if is_silent(&own) && of_platforms { below } else { own })
    }

    /// The platforms of an index that count.
    fn platforms(&self) -> Result<Vec<Unit>, Vec<(Finding, bool)>> {
        let there = self
            .look
            .root
            .get(PLATFORMS)
            .items()
            .map(|node| Unit { platform: node.get(PLATFORM).text(), digest: node.get(DIGEST).text() });
        let there: Vec<Unit> = there.collect();
        let wanted = &self.look.need.platforms;
        let missing = wanted.iter().find(|wanted| !there.iter().any(|unit| unit.platform == **wanted));
        let what = match missing {
            Some(platform) => format!("has no platform {}, which `platforms` names", name(platform)),
            None if there.is_empty() => "lists no platform that could be looked up".to_owned(),
            None => {
                // A variant of one that counts is run where that one is, and one that nobody knows may be run anywhere.
                let is_of = |unit: &Unit, wanted: &str| {
                    unit.platform.is_empty()
                        || unit.platform == wanted
                        || unit.platform.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('/'))
                };
                let wanted = |unit: &Unit| wanted.is_empty() || wanted.iter().any(|one| is_of(unit, one));
                return Ok(there.into_iter().filter(wanted).collect());
            }
        };
        let message =
            format!("{} {what}; build it for that platform, or say which of its platforms count", self.image());
        Err(vec![(Finding::new(self.kind.platform_missing, self.target.node, message), true)])
    }

    fn each(&self, counted: &[&Document], units: &[Unit]) -> Result<(), Vec<(Finding, bool)>> {
        let mut findings = Vec::new();
        for unit in units {
            match self.unit(counted, unit) {
                Verdict::Kept => {}
                Verdict::Broken(broken) => findings.extend(broken.into_iter().map(|finding| (finding, false))),
                Verdict::Silent(fault) => {
                    let silent = fault.is_none();
                    findings.push((self.silent(counted, unit, fault), silent));
                }
            }
        }
        if findings.is_empty() { Ok(()) } else { Err(findings) }
    }

    /// The finding where nothing that counts is about a digest.
    fn silent(&self, counted: &[&Document], unit: &Unit, fault: Option<Fault>) -> Finding {
        let (image, noun) = (self.image(), self.kind.noun);
        if let Some(Fault { rule, what, .. }) = fault {
            return Finding::new(rule, self.target.node, format!("{image} {what}"));
        }
        let mut about: Vec<String> = Vec::new();
        for document in counted {
            let one = format!("{} ({})", name(&document.subject), document.shown());
            if !about.contains(&one) {
                about.push(one);
            }
        }
        let of = match unit.platform.as_str() {
            "" => format!("of its own digest {}", name(&unit.digest)),
            platform => format!("for its platform {} ({})", name(platform), name(&unit.digest)),
        };
        let about = match about.is_empty() {
            true => "none that counts".to_owned(),
            false => format!("what counts is about {}", cut(&list(&about, "and"), MOST_SIGNERS_SHOWN)),
        };
        let message = format!("{image} has no {noun} {of}: {about}; {}", self.way_out("that needs one"));
        Finding::new(self.kind.platform_missing, self.target.node, message)
    }

    /// The documents about one digest.
    fn about<'d>(&self, counted: &[&'d Document], unit: &Unit) -> Vec<&'d Document> {
        let is_about = |document: &&&Document| match document.subject.as_str() {
            "" => document.is_local() && unit.platform.is_empty(),
            subject => subject == unit.digest,
        };
        counted.iter().filter(is_about).copied().collect()
    }

    /// Judges the documents about one digest.
    fn unit(&self, counted: &[&Document], unit: &Unit) -> Verdict {
        let documents = self.about(counted, unit);
        let Instead { signers: mut good, fault: instead } = self.entry.instead(&self.look, &unit.digest);
        let without = distinct(&good.iter().collect::<Vec<_>>());
        let judged = documents.into_iter().map(|document| (document, self.faults(document)));
        let (kept, bad): (Vec<Judged<'_>>, Vec<Judged<'_>>) = judged.partition(|(_, faults)| faults.is_empty());
        let kept: Vec<&Document> = kept.into_iter().map(|(document, _)| document).collect();
        good.extend(kept.iter().map(|document| document.signer()));
        let at_least = self.look.need.signers.at_least as usize;
        let needs_none = without > 0 && without >= at_least;
        let is_read = |one: &&Document| one.fault(self.kind.unreadable, self.kind.invalid).is_none();
        let readable: Vec<&Document> = bad.iter().map(|(document, _)| *document).filter(is_read).collect();
        let together = if kept.is_empty() || needs_none { Vec::new() } else { self.entry.together(&kept, &readable) };
        let standing = self.standing(&bad);
        let enough = distinct(&good.iter().collect::<Vec<_>>());
        if enough >= at_least && enough > 0 && standing.is_empty() && together.is_empty() {
            return Verdict::Kept;
        }
        let told = |one: Judged<'_>| self.stands(one, unit);
        if let (Some(first), false) = (kept.first(), together.is_empty()) {
            let more = if kept.len() > 1 { format!("; and {} more beside it", kept.len() - 1) } else { String::new() };
            let mut findings = self.findings((first, together), unit, &more);
            // What is missing may be in one that breaks another rule.
            match standing.is_empty() {
                true => findings.extend(nearest(bad).into_iter().flat_map(|one| self.findings(one, unit, ""))),
                false => findings.extend(standing.into_iter().flat_map(told)),
            }
            return Verdict::Broken(findings);
        }
        if enough > 0 {
            let short = (enough < at_least).then(|| self.too_few(unit, enough, &good, bad.len()));
            return Verdict::Broken(standing.into_iter().flat_map(told).chain(short).collect());
        }
        match self.nearest_of(bad, &readable, unit) {
            broken if broken.is_empty() => Verdict::Silent(instead),
            broken => Verdict::Broken(broken),
        }
    }

    /// The findings where no document keeps every rule: about the nearest one, and about what stands of the others.
    fn nearest_of(&self, bad: Vec<Judged<'_>>, readable: &[&Document], unit: &Unit) -> Vec<Finding> {
        let (many, standing) = (bad.len(), self.standing(&bad));
        let Some((nearest, mut faults)) = nearest(bad) else {
            return Vec::new();
        };
        if nearest.fault(self.kind.unreadable, self.kind.invalid).is_none() {
            faults.extend(self.entry.together(readable, &[]));
        }
        let one_of = many > 1 && !self.look.need.all;
        let more = if one_of { format!("; the nearest of {many}") } else { String::new() };
        let mut findings = self.findings((nearest, faults), unit, &more);
        let others = standing.into_iter().filter(|(document, _)| document.node != nearest.node);
        findings.extend(others.flat_map(|one| self.findings(one, unit, "")));
        findings
    }

    /// What no better document outweighs: all that is wrong where each must be good, else what the entry says.
    fn standing<'d>(&self, bad: &[Judged<'d>]) -> Vec<Judged<'d>> {
        let stands = |fault: &&Fault| self.look.need.all || self.entry.stands(fault.rule);
        let of = |(document, faults): &Judged<'d>| (*document, faults.iter().filter(stands).cloned().collect());
        bad.iter().map(of).filter(|(_, faults): &Judged<'d>| !faults.is_empty()).collect()
    }

    /// The findings about what stands of some digests whatever is said of others.
    fn standing_of(&self, counted: &[&Document], units: &[Unit]) -> Vec<(Finding, bool)> {
        let of = |unit: &Unit| {
            let documents = self.about(counted, unit).into_iter();
            let judged: Vec<Judged<'_>> = documents.map(|document| (document, self.faults(document))).collect();
            let standing = self.standing(&judged).into_iter();
            standing.flat_map(|one| self.stands(one, unit)).collect::<Vec<_>>()
        };
        units.iter().flat_map(of).map(|finding| (finding, false)).collect()
    }

    /// The findings about what a better document does not outweigh.
    fn stands(&self, one: Judged<'_>, unit: &Unit) -> Vec<Finding> {
        let more = match self.look.need.all {
            // Whoever gives files need not have written settings.
            true if !one.0.is_local() => "; a better one does not outweigh it: `attestations` is `all`",
            _ => "; a better one does not outweigh it",
        };
        self.findings(one, unit, more)
    }

    fn findings(&self, (document, faults): Judged<'_>, unit: &Unit, more: &str) -> Vec<Finding> {
        let subject = self.named(document, unit, more);
        faults.into_iter().map(|fault| fault.finding(document, self.target.node, &subject)).collect()
    }

    fn faults(&self, document: &Document) -> Vec<Fault> {
        match document.fault(self.kind.unreadable, self.kind.invalid) {
            Some(fault) => vec![fault],
            None => self.entry.faults(&self.look, document),
        }
    }

    fn too_few(&self, unit: &Unit, enough: usize, good: &[Signer], bad: usize) -> Finding {
        let mut signers: Vec<String> = Vec::new();
        for signer in good.iter().map(|signer| shown(signer, "")) {
            if !signers.contains(&signer) {
                signers.push(signer);
            }
        }
        let besides = match bad {
            0 => String::new(),
            1 => ", and another one breaks rules".to_owned(),
            many => format!(", and {many} others break rules"),
        };
        let of = if unit.platform.is_empty() { String::new() } else { format!(" for {}", name(&unit.platform)) };
        let message = format!(
            "{} has {}s{of} that keep every rule by {enough} of the {} different signers that it needs: {}{besides}; {}",
            self.image(),
            self.kind.noun,
            self.look.need.signers.at_least,
            cut(&list(&signers, "and"), MOST_SIGNERS_SHOWN),
            self.way_out("it needs more")
        );
        Finding::new(self.kind.too_few, self.target.node, message)
    }

    /// A document and what it is of, for messages.
    fn named(&self, document: &Document, unit: &Unit, more: &str) -> String {
        let platform = if unit.platform.is_empty() { String::new() } else { format!(", for {}", name(&unit.platform)) };
        let shown = cut(&document.shown(), MOST_SIGNERS_SHOWN);
        format!("the {} ({shown}{platform}{more}) of {}", self.kind.noun, self.image())
    }

    fn image(&self) -> String {
        cut(&(self.target.shown)(), MOST_SHOWN)
    }

    /// Where was looked.
    fn looked(&self) -> String {
        let local = if self.look.need.local && !self.look.admission { ", and no file was given" } else { "" };
        match (self.look.need.trust, self.look.need.scope) {
            (None, _) => "no file was given".to_owned(),
            (Some(_), "") => format!("no bundle that was given or lies beside it holds one{local}"),
            (Some(_), _) => {
                format!("its registry holds none, neither as a referrer nor under a tag `sha256-...`{local}")
            }
        }
    }

    fn way_out(&self, what: &str) -> String {
        match (self.look.need.trust, self.look.admission) {
            (None, true) => {
                format!("{what}, attested ({}), and here an entry with the `trust` of whoever does", self.attest())
            }
            (None, false) => format!("{what}, given as a file (`{}`)", self.kind.flag),
            (Some(_), _) => {
                let file = match self.look.need.local && !self.look.admission {
                    true => format!(", or given as a file (`{}`)", self.kind.flag),
                    false => String::new(),
                };
                format!("{what}, attested ({}){}{file}", self.attest(), self.by())
            }
        }
    }

    /// How somebody attests one, of an image or of a file.
    fn attest(&self) -> String {
        let command = if self.look.need.scope.is_empty() { "cosign attest-blob" } else { "cosign attest" };
        self.kind.attest.replace("cosign attest", command)
    }

    fn by(&self) -> String {
        self.look.need.trust.map_or_else(String::new, |trust| {
            format!(" by {}", cut(&wanted(&self.look.need.signers, trust), MOST_SIGNERS_SHOWN))
        })
    }
}
