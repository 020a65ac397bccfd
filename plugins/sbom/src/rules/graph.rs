//! The dependencies that an SBOM states hang together.

use portcullis_proof::document::Fault;
use portcullis_proof::reading::{count, placed, shown};
use portcullis_sdk::{Node, Rule, Severity};

use crate::inventory::{
    DANGLING, DUPLICATE_REFS, FIRST_DANGLING, FIRST_DUPLICATE, GRAPH, POINTER, REACHABLE, REF, Share, UNREACHABLE,
};
use crate::settings::Entry;

/// References lead nowhere, or to two things, or too little is reached from the root.
pub const BROKEN: Rule =
    Rule::new("graph-broken", Severity::Medium, "The dependencies that an SBOM states do not hang together");

/// Judges the graph.
pub fn judge(entry: &Entry<'_>, node: Node) -> Option<Fault> {
    let graph = node.get(GRAPH);
    let (mut short, mut guilty): (Vec<String>, Node) = (Vec::new(), Node::NONE);
    if entry.refuse_dangling {
        let kinds = [
            (DANGLING, FIRST_DANGLING, "references to nothing"),
            (DUPLICATE_REFS, FIRST_DUPLICATE, "names that stand for two things"),
        ];
        for (key, first, what) in kinds {
            let (many, first) = (count(graph.get(key)), graph.get(first));
            if many == Some(0) {
                continue;
            }
            let shown_first = match first.get(REF).text() {
                text if text.is_empty() => String::new(),
                _ => format!(", such as {}", placed(first.get(REF), first.get(POINTER))),
            };
            guilty = if guilty.is_none() { first } else { guilty };
            short.push(format!("it has {} {what}{shown_first}", shown(many)));
        }
    }
    if let Some(percent) = entry.reachable {
        let share = Share::of(graph, graph.get(REACHABLE));
        if !share.reaches(percent) {
            let unreachable = graph.get(UNREACHABLE);
            let first = match share.first(unreachable) {
                first if first.is_empty() => first,
                first => format!(", not so {first}"),
            };
            guilty = if guilty.is_none() { unreachable.at(0) } else { guilty };
            short.push(format!("its root leads to {}, {percent}% are needed{first}", share.shown()));
        }
    }
    if short.is_empty() {
        return None;
    }
    let what = format!(
        "states dependencies that do not hang together (`graph`): {}; make it with a tool that states them all",
        short.join("; ")
    );
    Some(Fault::new(&BROKEN, what).at(guilty))
}
