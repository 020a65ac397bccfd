//! Vulnerabilities that an SBOM lists do no harm, as somebody says whose word counts.

use std::cmp::Ordering;

use portcullis_proof::document::{Document, Fault, READABLE};
use portcullis_proof::evidence::Look;
use portcullis_proof::identity::admits;
use portcullis_proof::reading::{count, flag, seconds};
use portcullis_proof::signer::{self, signer};
use portcullis_proof::words::{list, name};
use portcullis_sdk::{Node, Rule, Severity};

use crate::inventory::{
    AFFECTS, ALIASES, COUNT, FIRST, ID, JUSTIFICATION, MORE, PLATFORMS, POINTER, PRODUCTS, PURL, ROOT, SEVERITY, STATE,
    STATEMENTS, STATUS, SUBCOMPONENTS, TIMESTAMP_SECONDS, VEX, VULNERABILITIES, VULNERABILITY as OF,
};
use crate::settings::Entry;

/// One of a severity that is refused, and nobody whose word counts says that it does no harm.
pub const VULNERABILITY: Rule =
    Rule::new("vulnerability", Severity::High, "An SBOM lists a vulnerability that nobody says does no harm");

/// Judges the vulnerabilities of the severities that are refused, and of those whose severity nobody knows.
pub fn judge(entry: &Entry<'_>, look: &Look<'_>, document: &Document) -> Option<Fault> {
    if entry.severities.is_empty() {
        return None;
    }
    let listed = document.node.get(VULNERABILITIES);
    let (many, first) = (count(listed.get(COUNT)), listed.get(FIRST));
    if many == Some(0) && first.is_empty() {
        return None;
    }
    let heard = statements(entry, look, document);
    let is_refused = |one: &Node| {
        let severity = one.get(SEVERITY).text();
        let milder = ["critical", "high", "medium", "low", "none"].contains(&severity.as_str());
        (!milder || entry.severities.contains(&severity.as_str()))
            && !is_harmless_itself(entry, *one)
            && !is_harmless(*one, &heard.statements)
    };
    let harmful: Vec<Node> = first.items().filter(is_refused).collect();
    let unseen = many.map(|many| many.saturating_sub(u64::from(first.len())));
    if harmful.is_empty() && unseen == Some(0) {
        return None;
    }
    let shown: Vec<String> = harmful
        .iter()
        .map(|one| {
            let place = match one.get(POINTER).text() {
                place if place.is_empty() => String::new(),
                place => format!(", {}", name(&place)),
            };
            let severity = match one.get(SEVERITY).text() {
                text if text.is_empty() => "of a severity that nobody knows".to_owned(),
                text => name(&text),
            };
            format!("{} ({severity}{place})", name(&one.get(ID).text()))
        })
        .collect();
    let mut shown = shown;
    match unseen {
        Some(0) => {}
        Some(more) => shown.push(format!("{more} that were not looked at")),
        None => shown.push("nobody knows how many".to_owned()),
    }
    let shown = list(&shown, "and");
    let what = format!(
        "lists vulnerabilities that nobody says do no harm: {shown}; update what has them, or attest an OpenVEX document (`cosign attest --type openvex`) that says why each is `not_affected`, or `fixed`{}",
        heard.told()
    );
    Some(Fault::new(&VULNERABILITY, what).at(harmful.first().copied().unwrap_or(Node::NONE)))
}

/// Whether the SBOM itself says so; that counts where nobody else was named who must.
fn is_harmless_itself(entry: &Entry<'_>, one: Node) -> bool {
    entry.vex.signers.is_none()
        && match one.get(STATE).text().as_str() {
            "resolved" | "resolved_with_pedigree" | "false_positive" => true,
            "not_affected" => !one.get(JUSTIFICATION).text().is_empty(),
            _ => false,
        }
}

/// One statement that counts.
struct Statement {
    /// When it was made.
    said: i64,
    node: Node,
    /// Those of its products that are what is judged.
    products: Vec<Node>,
}

impl Statement {
    /// Whether it says that there is no harm.
    fn is_harmless(&self) -> bool {
        match self.node.get(STATUS).text().as_str() {
            "fixed" => true,
            "not_affected" => !self.node.get(JUSTIFICATION).text().is_empty(),
            _ => false,
        }
    }

    /// Whether it is about a vulnerability of these components. One that lets through must name all of them, or none; one that
    /// does not need name but one, under whatever id.
    fn is_about(&self, id: &str, affected: &[String]) -> bool {
        let is_id = self.node.get(OF).text() == id;
        let alias = || self.node.get(ALIASES).items().any(|alias| alias.text() == id);
        let lets_through = self.is_harmless();
        if !is_id && (lets_through || !alias()) {
            return false;
        }
        let parts_of = |product: &Node| product.get(SUBCOMPONENTS).items().map(|part| part.text()).collect::<Vec<_>>();
        let all: Vec<Vec<String>> = self.products.iter().map(parts_of).collect();
        let whole = all.iter().any(Vec::is_empty);
        let has = |component: &String| all.iter().flatten().any(|part| part == component);
        match lets_through {
            true => whole || (!affected.is_empty() && affected.iter().all(has)),
            false => whole || affected.is_empty() || affected.iter().any(has),
        }
    }
}

/// What VEX documents say that counts.
struct Heard {
    statements: Vec<Statement>,
    /// Why documents were not used, each reason with their number.
    unused: Vec<(&'static str, usize)>,
}

impl Heard {
    fn leave_out(&mut self, why: &'static str) {
        match self.unused.iter_mut().find(|(known, _)| *known == why) {
            Some((_, many)) => *many += 1,
            None => self.unused.push((why, 1)),
        }
    }

    /// For messages: whoever attested one may wonder where it is.
    fn told(&self) -> String {
        let all: usize = self.unused.iter().map(|(_, many)| many).sum();
        // Few kinds of reasons, whatever strangers attested.
        let whys: Vec<String> = self.unused.iter().map(|(why, many)| format!("{many} ({why})")).collect();
        match all {
            0 => String::new(),
            1 => format!("; 1 VEX document was not used: it {}", self.unused[0].0),
            _ => format!("; {all} VEX documents were not used: {}", list(&whys, "and")),
        }
    }
}

/// Statements by those whose word counts, about what is judged, and young enough.
fn statements(entry: &Entry<'_>, look: &Look<'_>, document: &Document) -> Heard {
    let may_speak = |node: &Node| match (&entry.vex.signers, look.need.trust) {
        (_, None) => false,
        (Some(signers), _) => admits(signers, &signer(*node)).is_ok(),
        (None, _) => look.admits(&signer(*node)).is_ok(),
    };
    let own = if entry.vex.signers.is_some() { BY_ANOTHER } else { BY_A_STRANGER };
    let names = names(look, document);
    let root = document.node.get(ROOT).get(PURL).text();
    let mut heard = Heard { statements: Vec::new(), unused: Vec::new() };
    let all = || look.root.get(VEX).items();
    all().filter(|node| !may_speak(node)).for_each(|_| heard.leave_out(own));
    // What was cut off, or cannot be read, may take back what was not.
    let whole = |node: &Node| flag(node.get(READABLE)) != Some(false) && count(node.get(MORE)) == Some(0);
    let (sound, unsound): (Vec<Node>, Vec<Node>) = all().filter(may_speak).partition(whole);
    if !unsound.is_empty() {
        unsound
            .iter()
            .for_each(|_| heard.leave_out("cannot be read as a whole, and may take back what any other says"));
        sound.iter().for_each(|_| heard.leave_out("is beside one that cannot be read"));
        return heard;
    }
    for vex in sound {
        let (before, mut late, mut about) = (heard.statements.len(), false, false);
        for statement in vex.get(STATEMENTS).items() {
            let products: Vec<Node> =
                statement.get(PRODUCTS).items().filter(|one| is_this(one.get(ID), &names, &root)).collect();
            about |= !products.is_empty();
            let Some(said) = seconds(statement.get(TIMESTAMP_SECONDS)) else { continue };
            let old = entry.vex.max_age.is_some_and(|most| look.time.saturating_sub(said) > most);
            late |= old && !products.is_empty();
            if !old && said <= look.time.saturating_add(entry.skew) && !products.is_empty() {
                heard.statements.push(Statement { said, node: statement, products });
            }
        }
        if heard.statements.len() == before {
            heard.leave_out(match (about, late) {
                (false, _) => "names no product that is what is judged",
                (true, true) => "is older than `vex.maxAge`",
                (true, false) => "names no time, or one in the future",
            });
        }
    }
    heard
}

/// Why the word of somebody does not count.
const BY_ANOTHER: &str = "is signed by nobody of `vex.keys` and `vex.identities`";
/// The same where nobody is named.
const BY_A_STRANGER: &str = "is signed by nobody whose SBOM would count";

/// The digests of what is judged.
fn names(look: &Look<'_>, document: &Document) -> Vec<String> {
    let mut names = vec![signer::digest(look.root)];
    names.extend(look.root.get(PLATFORMS).items().map(signer::digest));
    names.push(document.subject.clone());
    names
}

/// Whether a product is what is judged.
fn is_this(product: Node, names: &[String], root: &str) -> bool {
    let product = product.text();
    // A purl writes the `:` of a digest as `%3A`.
    let digest = product.replace("%3A", ":").replace("%3a", ":");
    let ends = |name: &String| !name.is_empty() && digest.split(['@', '?', '#', '&']).any(|part| part == name.as_str());
    names.iter().any(ends) || (!root.is_empty() && product == root)
}

/// Whether the latest word about a vulnerability is that it does no harm to any component that has it.
fn is_harmless(one: Node, statements: &[Statement]) -> bool {
    let id = one.get(ID).text();
    let affected: Vec<String> = one.get(AFFECTS).items().map(|component| component.text()).collect();
    let mut latest: Option<(i64, bool)> = None;
    for statement in statements.iter().filter(|statement| statement.is_about(&id, &affected)) {
        let (said, harmless) = (statement.said, statement.is_harmless());
        latest = Some(match latest {
            None => (said, harmless),
            Some((time, before)) => match said.cmp(&time) {
                Ordering::Less => (time, before),
                Ordering::Equal => (time, before && harmless),
                Ordering::Greater => (said, harmless),
            },
        });
    }
    !id.is_empty() && latest.is_some_and(|(_, harmless)| harmless)
}
