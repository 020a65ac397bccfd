//! What an SBOM, a report of a scan or a provenance says, in a few lines: who made it, when, about what, how complete, what is wrong.

use serde_json::Value;

use super::{verdict, wrong};

/// Runs of a report that are shown.
const RUNS: usize = 8;
/// Results, components and faults of one kind that are shown.
pub const FIRST: usize = 3;
/// The elements of components whose coverage is shown, in the order in which people ask for them.
const ELEMENTS: [&str; 6] = ["purl", "version", "license", "supplier", "hash", "dependencies"];

/// The lines, by the members of the document as facts tell it. What is later than `now` is wrong.
pub fn lines(document: &Value, now: i64) -> Vec<String> {
    if document["readable"] != true {
        return wrong::of(document, now);
    }
    match document["format"].as_str() {
        Some("SARIF") => report(document, now),
        Some(_) => sbom(document, now),
        None => verdict::lines(document, now),
    }
}

/// What a document is.
pub fn noun(document: &Value) -> Option<&'static str> {
    match document["format"].as_str()? {
        "SARIF" => Some("report of scans"),
        _ => Some("SBOM"),
    }
}

fn sbom(document: &Value, now: i64) -> Vec<String> {
    let mut lines = vec![head(document, "SBOM")];
    let authors = names(&document["authors"], text);
    let authors = if authors.is_empty() { authors } else { format!(", for {authors}") };
    lines.push(made(document) + &authors);
    let binding = &document["binding"];
    lines.push(match binding["state"].as_str() {
        Some("names") => format!("{}; no image is given to compare that with", text(&binding["what"])),
        Some("agrees") => format!("about this: {}", text(&binding["what"])),
        Some("disagrees") => format!("about something else: {}{}", text(&binding["what"]), at(&binding["pointer"])),
        _ => "about nothing that it names by a digest".to_owned(),
    });
    lines.push(components(document));
    let of = |name: &&str| {
        let share = &document["coverage"][name];
        let (have, of) = (share["have"].as_u64()?, share["of"].as_u64()?);
        (of > 0).then(|| format!("{name} {} %", have.saturating_mul(100) / of))
    };
    let coverage: Vec<String> = ELEMENTS.iter().filter_map(of).collect();
    if !coverage.is_empty() {
        lines.push(format!("of its components have: {}", coverage.join(", ")));
    }
    lines.extend(marked(wrong::of_sbom(document, now)));
    let vulnerabilities = &document["vulnerabilities"];
    if let Some(count) = vulnerabilities["count"].as_u64().filter(|count| *count > 0) {
        let one = |one: &Value| format!("{} {}", text(&one["severity"]), text(&one["id"]));
        lines.push(format!("lists {count} vulnerabilities: {}", names(&vulnerabilities["first"], one)));
    }
    lines
}

/// When an SBOM was made, and by which tools.
pub fn made(document: &Value) -> String {
    let tools = names(&document["tools"], |tool| format!("{} {}", text(&tool["name"]), text(&tool["version"])));
    format!(
        "made {}{}",
        document["created"].as_str().map_or("at a time that it does not say".to_owned(), |time| format!("at {time}")),
        if tools.is_empty() { tools } else { format!(" by {tools}") },
    )
}

fn components(document: &Value) -> String {
    let types = document["types"].as_object().into_iter().flatten();
    let types: Vec<String> = types.map(|(name, count)| format!("{count} {name}")).collect();
    let types = if types.is_empty() { String::new() } else { format!(" ({})", types.join(", ")) };
    let services = document["services"]["count"].as_u64().filter(|count| *count > 0);
    let services = services.map(|count| format!(", {count} services")).unwrap_or_default();
    let complete = match document["completeness"]["state"].as_str() {
        Some("complete") => "; says that it is complete",
        // What is wrong is said as such.
        Some("incomplete" | "unknown") => "",
        _ => "; does not say whether it is complete",
    };
    format!("lists {} components{types}{services}{complete}", document["components"])
}

fn report(document: &Value, now: i64) -> Vec<String> {
    let mut lines = vec![head(document, "report of scans")];
    let runs = document["runs"].as_array().map_or(&[][..], Vec::as_slice);
    for run in runs.iter().take(RUNS) {
        lines.extend(self::run(run, now));
    }
    if runs.len() > RUNS {
        lines.push(format!("and {} more runs", runs.len() - RUNS));
    }
    lines.extend(marked(wrong::of_report(document)));
    lines
}

/// The tool of a run, and how many of which severity count.
pub fn counted(run: &Value) -> String {
    let tool = &run["tool"];
    let version = tool["semanticVersion"].as_str().or(tool["version"].as_str()).unwrap_or_default();
    let counts = ["critical", "high", "medium", "low"].map(|one| format!("{} {one}", run["scopes"][0]["counts"][one]));
    let counts = if run["results"].is_null() { "no results".to_owned() } else { counts.join(", ") };
    let name = format!("{} {version}", text(&tool["name"]));
    format!("{}: {counts}", name.trim())
}

fn run(run: &Value, now: i64) -> Vec<String> {
    let scope = &run["scopes"][0];
    let ended = run["ended"].as_str().map(|time| format!(", at {time}")).unwrap_or_default();
    let of = run["commit"].as_str().map_or(", of a commit that it does not say".to_owned(), |commit| {
        let repository = run["repository"].as_str().map(|one| format!(" of {one}")).unwrap_or_default();
        format!(", of commit {commit}{repository}")
    });
    let rules = run["rules"].as_u64().unwrap_or_default();
    let mut lines = vec![format!("{}; {rules} rules{ended}{of}", counted(run))];
    lines.extend(suppressed(&run["suppressions"]));
    lines.extend(marked(wrong::of_run(run, now)));
    for one in scope["first"].as_array().into_iter().flatten().take(FIRST) {
        let place = match (one["file"].as_str(), one["line"].as_u64()) {
            (Some(file), Some(line)) => format!("{file}:{line}"),
            (Some(file), None) => file.to_owned(),
            _ => text(&one["pointer"]),
        };
        lines.push(format!("{} {place} {}: {}", text(&one["severity"]), text(&one["rule"]), text(&one["message"])));
    }
    lines
}

/// How many results are suppressed, by whom, and which of them count all the same.
fn suppressed(suppressions: &Value) -> Option<String> {
    let count = |name: &str| suppressions[name].as_u64().filter(|count| *count > 0);
    let said = |name: &str, words: &str| count(name).map(|count| format!("{count} {words}"));
    let kinds = [said("inSource", "in the source"), said("external", "elsewhere")];
    let kinds: Vec<String> = kinds.into_iter().flatten().collect();
    let come = [
        said("unjustified", "without a reason"),
        said("refused", "counted above by the usual settings"),
        said("accepted", "not counted above"),
    ];
    let come: Vec<String> = come.into_iter().flatten().collect();
    let total = suppressions["refused"].as_u64()?.saturating_add(suppressions["accepted"].as_u64()?);
    let kinds = if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
    (total > 0).then(|| format!("suppressed: {total}{kinds}; {}", come.join(", ")))
}

fn head(document: &Value, what: &str) -> String {
    let valid = if document["valid"] == true { "valid" } else { "not valid" };
    format!("{what}: {} {}, {valid}", text(&document["format"]), text(&document["version"]))
}

/// What is wrong, as lines.
pub fn marked(wrong: Vec<String>) -> impl Iterator<Item = String> {
    wrong.into_iter().map(|wrong| format!("wrong: {wrong}"))
}

/// The first of a list, and how many more.
pub fn names(list: &Value, one: impl Fn(&Value) -> String) -> String {
    let all = list.as_array().map_or(&[][..], Vec::as_slice);
    let shown: Vec<String> = all.iter().take(FIRST).map(|item| one(item).trim().to_owned()).collect();
    let more = all.len().saturating_sub(shown.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// A text; of anything else, nothing.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Where in the document it stands.
pub fn at(pointer: &Value) -> String {
    match pointer.as_str() {
        Some(pointer) if !pointer.is_empty() => format!(" (at `{pointer}`)"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn says_of_suppressions_of_which_kind_they_are_and_which_count() {
        let none = json!({"inSource": 0, "external": 0, "unjustified": 0, "refused": 0, "accepted": 0});
        assert_eq!(suppressed(&none), None);
        let some = json!({"inSource": 2, "external": 1, "unjustified": 1, "refused": 2, "accepted": 1});
        assert_eq!(
            suppressed(&some).as_deref(),
            Some(
                "suppressed: 3 (2 in the source, 1 elsewhere); 1 without a reason, 2 counted above by the usual settings, 1 not counted above"
            )
        );
    }
}
