//! What matters most of an image, in a few lines: whether it is signed, and what its SBOM and its reports of scans say.

use portcullis_evidence::{Carried, Holds, Proof, Signer};
use serde_json::Value;

use super::document::{counted, made, noun};
use super::{tree, wrong};

/// Runs of reports that are named.
const RUNS: usize = 3;
/// Characters of what is wrong that are shown; the tree below has all of it.
const LONGEST: usize = 160;

/// The lines: signature, SBOM, scans; and of an index, what they leave out.
pub fn lines(carried: &Carried, now: i64) -> Vec<String> {
    let parts = carried.pieces.iter().flat_map(|piece| &piece.parts);
    let proofs: Vec<&Proof> = parts.filter_map(|part| part.proof.as_ref()).collect();
    let mut lines = vec![signature(&proofs), described(&proofs, now), scanned(&proofs, now)];
    if carried.manifest.as_ref().is_some_and(|described| described.platforms.is_some()) {
        lines.push(
            "of the index alone: what is attached to a platform is shown for the digest of that platform".to_owned(),
        );
    }
    lines
}

fn signature(proofs: &[&Proof]) -> String {
    let holds = |proof: &&Proof| {
        let (trust, holds) = first_that_holds(proof)?;
        tree::is_signature(proof, holds).then(|| format!("{}, under `{trust}`", who(&holds.signer)))
    };
    let signers: Vec<String> = proofs.iter().filter_map(holds).collect();
    match signers.split_first() {
        Some((first, more)) => format!("signed: yes, by {first}{}", and_more(more.len())),
        None => format!("signed: no{}", unsigned(proofs.iter().filter(|proof| is_refused_signature(proof)).count())),
    }
}

/// Whether it is a signature over the image, or says so, and counts under no trust.
fn is_refused_signature(proof: &Proof) -> bool {
    let other =
        proof.claims.as_ref().is_some_and(|claims| claims.predicate_type != portcullis_evidence::COSIGN_SIGNATURE);
    first_that_holds(proof).is_none() && !other
}

/// The statements of a kind that hold, each with who says it; and how many of it do not.
fn of_kind<'a>(proofs: &[&'a Proof], wanted: &str) -> (Vec<(&'a Holds, &'a Value)>, usize) {
    let own: Vec<&Proof> = proofs.iter().copied().filter(|proof| tree::kind(proof) == Some(wanted)).collect();
    let held = |proof: &&'a Proof| {
        let document = proof.claims.as_ref()?.document.as_ref()?;
        first_that_holds(proof).map(|(_, holds)| (holds, document))
    };
    let held: Vec<_> = own.iter().filter_map(held).collect();
    let refused = own.len() - held.len();
    (held, refused)
}

fn described(proofs: &[&Proof], now: i64) -> String {
    let (held, others) = of_kind(proofs, "SBOM");
    let Some(&(holds, document)) = held.first() else { return format!("SBOM: none{}", refused(others)) };
    let by = who(&holds.signer);
    let components = match document["components"].as_u64() {
        Some(1) => "1 component".to_owned(),
        count => format!("{} components", count.unwrap_or_default()),
    };
    let read = noun(document).map(|_| format!("; {}, {components}", made(document)));
    let more = and_more(held.len() - 1);
    format!("SBOM: by {by}{}; {}{more}", read.unwrap_or_default(), what_is_wrong(&wrong::of(document, now)))
}

fn scanned(proofs: &[&Proof], now: i64) -> String {
    let (held, others) = of_kind(proofs, "report of scans");
    let Some((holds, _)) = held.first() else { return format!("scans: none{}", refused(others)) };
    let runs: Vec<&Value> =
        held.iter().flat_map(|(_, document)| document["runs"].as_array().into_iter().flatten()).collect();
    let shown: Vec<String> = runs.iter().take(RUNS).map(|run| counted(run)).collect();
    let shown = if shown.is_empty() { shown.join("") } else { format!("; {}", shown.join("; ")) };
    let more = and_more(runs.len().saturating_sub(RUNS));
    let wrong: Vec<String> = held.iter().flat_map(|(_, document)| wrong::of(document, now)).collect();
    format!("scans: by {}{shown}{more}; {}", who(&holds.signer), what_is_wrong(&wrong))
}

fn first_that_holds(proof: &Proof) -> Option<(&str, &Holds)> {
    proof.verdicts.iter().find_map(|(trust, verdict)| Some((trust.as_str(), verdict.as_ref().ok()?)))
}

fn who(signer: &Signer) -> String {
    match signer {
        Signer::Key { name, .. } => format!("the key `{name}`"),
        Signer::Certificate(identity) => match identity.subjects.first() {
            Some(name) => format!("`{}`", name.as_str()),
            None => "a certificate without a name".to_owned(),
        },
    }
}

fn what_is_wrong(wrong: &[String]) -> String {
    let Some(first) = wrong.first() else { return "nothing wrong with its form".to_owned() };
    let mut shown: String = first.chars().take(LONGEST).collect();
    if shown.len() < first.len() {
        shown.push('…');
    }
    format!("wrong: {shown}{}", and_more(wrong.len() - 1))
}

fn and_more(count: usize) -> String {
    if count > 0 { format!(", and {count} more") } else { String::new() }
}

fn unsigned(refused: usize) -> String {
    match refused {
        0 => String::new(),
        1 => "; 1 signature does not count, for the reason below".to_owned(),
        count => format!("; {count} signatures do not count, for the reasons below"),
    }
}

fn refused(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => " that counts (1 does not, for the reason below)".to_owned(),
        count => format!(" that counts ({count} do not, for the reasons below)"),
    }
}
