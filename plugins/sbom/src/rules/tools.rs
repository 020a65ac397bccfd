//! An SBOM was made by a tool, and at a step, that somebody chose.

use portcullis_proof::document::Fault;
use portcullis_proof::reading::is_at_least;
use portcullis_proof::words::{list, name, similar};
use portcullis_sdk::{Node, Rule, Severity};

use crate::inventory::{LIFECYCLES, NAME, TOOLS, VERSION};
use crate::settings::{Entry, Oldest};

/// Another tool, an older one, or another step.
pub const NOT_ALLOWED: Rule =
    Rule::new("tool-not-allowed", Severity::Medium, "An SBOM was made by a tool, or at a step, that does not count");

/// Judges tools and lifecycle phases.
pub fn judge(entry: &Entry<'_>, node: Node) -> Option<Fault> {
    let (tools, phases) = (node.get(TOOLS), node.get(LIFECYCLES));
    let by_tool = entry.tools.is_empty()
        || tools
            .items()
            .any(|tool| entry.tools.iter().any(|known| is(known, &tool.get(NAME).text(), &tool.get(VERSION).text())));
    if !by_tool {
        let made =
            tools.items().map(|tool| format!("{} {}", name(&tool.get(NAME).text()), name(&tool.get(VERSION).text())));
        let made: Vec<String> = made.collect();
        let made = if made.is_empty() { "no tool that it names".to_owned() } else { list(&made, "and") };
        let wanted = entry.tools.iter().map(|known| match known.version {
            "" => name(known.name),
            version => format!("{} from {version} on", name(known.name)),
        });
        let wanted: Vec<String> = wanted.collect();
        let what = format!("was made by {made}; make it with {} (`tools`){}", list(&wanted, "or"), meant(entry, tools));
        return Some(Fault::new(&NOT_ALLOWED, what).at(tools));
    }
    let said: Vec<String> = phases.items().map(|phase| phase.text()).collect();
    if entry.lifecycles.is_empty() || said.iter().any(|phase| entry.lifecycles.contains(&phase.as_str())) {
        return None;
    }
    let quoted: Vec<String> = said.iter().map(|phase| name(phase)).collect();
    let said = if quoted.is_empty() {
        "at a step that it does not name".to_owned()
    } else {
        format!("in {}", list(&quoted, "and"))
    };
    let wanted: Vec<String> = entry.lifecycles.iter().map(|phase| name(phase)).collect();
    let what = format!("was made {said}; make it in {} and say so (`lifecycles`)", list(&wanted, "or"));
    Some(Fault::new(&NOT_ALLOWED, what).at(phases))
}

/// A tool that may be the one that is asked for, under its own name.
fn meant(entry: &Entry<'_>, tools: Node) -> String {
    let there: Vec<String> = tools.items().map(|tool| tool.get(NAME).text()).collect();
    let there: Vec<&str> = there.iter().map(String::as_str).collect();
    let is_there = |known: &&Oldest<'_>| there.iter().any(|one| one.eq_ignore_ascii_case(known.name));
    let near = |known: &Oldest<'_>| similar(known.name, &there);
    match entry.tools.iter().filter(|known| !is_there(known)).find_map(near) {
        Some(near) => format!(", or write {} there if that is meant", name(near)),
        None => String::new(),
    }
}

fn is(known: &Oldest<'_>, name: &str, version: &str) -> bool {
    known.name.eq_ignore_ascii_case(name) && (known.version.is_empty() || is_at_least(version, known.version))
}
