//! What an image carries, or what files say, as a tree for the person at the terminal.

use portcullis_evidence::{COSIGN_SIGNATURE, Carried, Found, Holds, Part, Piece, Proof, Refused, noun};
use portcullis_registry::Listing;
use portcullis_report::plain;
use serde_json::Value;

use super::{document, summary};
use crate::signer;

/// The tags of cosign's from before there were referrers.
const OLDER: [&str; 3] = [".sig", ".att", ".sbom"];

/// The form of cosign's signatures before bundles, which speak of images alone.
const SIMPLE_SIGNING: &str = "simpleSigning";

/// One line and what stands below it. All text is made harmless when it is drawn.
struct Node(String, Vec<Node>);

/// Files that the caller gave, each with what it says.
pub fn render_files(files: &[(String, Value)], now: i64) -> String {
    let mut out = String::new();
    for (name, says) in files {
        out.push_str(&format!("file `{}`\n", plain(name)));
        draw(&document::lines(says, now).into_iter().map(leaf).collect::<Vec<_>>(), "", &mut out);
    }
    out
}

/// The tree, with a line break at its end; what matters most comes first.
pub fn render(carried: &Carried, now: i64) -> String {
    let mut out = format!("{}@{}\n", plain(&carried.name), plain(&carried.digest));
    let summary = summary::lines(carried, now).into_iter().map(leaf);
    draw(&summary.chain(of_image(carried, now)).collect::<Vec<_>>(), "", &mut out);
    out
}

fn draw(nodes: &[Node], before: &str, out: &mut String) {
    for (at, Node(text, below)) in nodes.iter().enumerate() {
        let (branch, more) = if at + 1 == nodes.len() { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        out.push_str(before);
        out.push_str(branch);
        out.push_str(&plain(text));
        out.push('\n');
        draw(below, &format!("{before}{more}"), out);
    }
}

fn leaf(text: impl Into<String>) -> Node {
    Node(text.into(), Vec::new())
}

fn more(count: usize, what: &str) -> Option<Node> {
    (count > 0).then(|| leaf(format!("and {count} more {what}")))
}

fn of_image(carried: &Carried, now: i64) -> Vec<Node> {
    let mut nodes = Vec::new();
    if let Some(tag) = &carried.tag {
        nodes.push(leaf(format!("the tag `{tag}` means this digest now")));
    }
    match &carried.manifest {
        Some(described) => {
            let kind = if described.platforms.is_some() { "index" } else { "image" };
            let platforms = described.platforms.iter().flatten();
            let mut below: Vec<Node> = platforms.map(|(name, digest)| leaf(format!("{name} {digest}"))).collect();
            below.extend(more(described.more, "platforms"));
            nodes.push(Node(format!("{kind} `{}`, {} bytes", described.media_type, described.size), below));
        }
        None => nodes.push(leaf("no registry was asked")),
    }
    if let Some(listing) = carried.listing {
        nodes.push(referrers(carried, listing, now));
        nodes.extend(tags(carried, now));
    }
    for piece in carried.pieces.iter().filter(|piece| matches!(piece.found, Found::File(_))) {
        let name = if let Found::File(path) = &piece.found { path.display().to_string() } else { String::new() };
        nodes.push(Node(format!("file `{name}`, {} bytes", piece.size), of_piece(piece, now)));
    }
    nodes.extend(more(carried.more, "pieces, at which nobody looked"));
    nodes
}

fn referrers(carried: &Carried, listing: Listing, now: i64) -> Node {
    let tag = carried.digest.replacen(':', "-", 1);
    let by = match listing {
        Listing::Api => "the Referrers API".to_owned(),
        Listing::Tag => format!("the tag `{tag}`"),
        Listing::Nobody => {
            return leaf(format!("no referrers: neither the Referrers API nor the tag `{tag}` is there"));
        }
    };
    let pieces = carried.pieces.iter().filter(|piece| piece.found == Found::Referrers);
    let below: Vec<Node> = pieces.map(|piece| Node(heading(piece), of_piece(piece, now))).collect();
    if below.is_empty() { leaf(format!("no referrers, says {by}")) } else { Node(format!("referrers, by {by}"), below) }
}

fn tags(carried: &Carried, now: i64) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut absent = Vec::new();
    for suffix in OLDER {
        let is = |piece: &&Piece| matches!(&piece.found, Found::Tag(tag) if tag.ends_with(suffix));
        match carried.pieces.iter().find(is) {
            Some(piece) => {
                let tag = if let Found::Tag(tag) = &piece.found { tag.as_str() } else { "" };
                nodes.push(Node(format!("tag `{tag}`"), vec![Node(heading(piece), of_piece(piece, now))]));
            }
            None => absent.push(format!("`{suffix}`")),
        }
    }
    // What was not looked at is not absent.
    if !absent.is_empty() && carried.more == 0 {
        nodes.push(leaf(format!("no tag {}", absent.join(", "))));
    }
    nodes
}

fn heading(piece: &Piece) -> String {
    let digest = piece.digest.as_deref().unwrap_or_default();
    let what = piece.artifact_type.as_deref().unwrap_or(&piece.media_type);
    format!("{digest} `{what}`, {} bytes", piece.size)
}

fn of_piece(piece: &Piece, now: i64) -> Vec<Node> {
    let mut nodes = Vec::new();
    nodes.extend(piece.subject.as_ref().map(|subject| leaf(format!("subject {subject}"))));
    nodes.extend(piece.trouble.as_ref().map(|why| leaf(format!("proves nothing: {why}"))));
    if let (Found::File(_), [Part { proof: Some(proof), .. }]) = (&piece.found, &piece.parts[..]) {
        nodes.extend(of_proof(proof, now));
        return nodes;
    }
    nodes.extend(piece.parts.iter().map(|part| {
        let digest = part.digest.as_deref().unwrap_or_default();
        let below = match &part.proof {
            Some(proof) => of_proof(proof, now),
            // Of a piece that proves nothing, that was said above.
            None if piece.trouble.is_some() => Vec::new(),
            None => vec![leaf("not a signature that is known here")],
        };
        Node(format!("layer {digest} `{}`, {} bytes", part.media_type, part.size), below)
    }));
    nodes.extend(more(piece.more, "layers"));
    nodes
}

fn of_proof(proof: &Proof, now: i64) -> Vec<Node> {
    let mut nodes = Vec::new();
    if let Some(claims) = &proof.claims {
        let mut below: Vec<Node> = claims.subjects.iter().map(|digest| leaf(format!("about {digest}"))).collect();
        below.extend(more(claims.more, "subjects"));
        below.extend(claims.document.iter().flat_map(|one| document::lines(one, now)).map(leaf));
        nodes.push(Node(format!("says `{}`", claims.predicate_type), below));
    }
    nodes.extend(proof.verdicts.iter().map(|(trust, verdict)| match verdict {
        Ok(holds) => Node(format!("verified under `{trust}`: {}", meaning(proof, holds)), of_holds(holds)),
        Err(refused) => leaf(format!("does not count under `{trust}`: {}", because(refused))),
    }));
    nodes
}

/// What is proved: that somebody signed the image is something else than that somebody said something about it (N53).
fn meaning(proof: &Proof, holds: &Holds) -> String {
    if is_signature(proof, holds) {
        return "the image is signed".to_owned();
    }
    format!("this {} about the image is signed, and not the image itself", kind(proof).unwrap_or("statement"))
}

/// Whether it is the image that is signed.
pub fn is_signature(proof: &Proof, holds: &Holds) -> bool {
    match holds.predicate_type.as_deref() {
        Some(kind) => kind == COSIGN_SIGNATURE,
        None => proof.format == SIMPLE_SIGNING,
    }
}

/// What a statement is: by its type, or, in a wrapper for anything, by what is in it.
pub fn kind(proof: &Proof) -> Option<&'static str> {
    let claims = proof.claims.as_ref()?;
    noun(&claims.predicate_type).or_else(|| document::noun(claims.document.as_ref()?))
}

fn because(refused: &Refused) -> String {
    format!("{refused} [{}]", refused.reason.code())
}

fn of_holds(holds: &Holds) -> Vec<Node> {
    let says = holds.predicate_type.as_deref().map_or("none: the signature is over the bytes", |kind| kind);
    let mut lines = signer::who(&holds.signer);
    lines.push(("statement", says.to_owned()));
    lines.extend(signer::when(&holds.times, &holds.log));
    lines.into_iter().map(|(name, value)| leaf(format!("{name}: {value}"))).collect()
}
