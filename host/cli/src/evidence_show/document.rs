//! What an SBOM, a report of a scan or a provenance says, in a few lines: who made it, when, about what, how complete, what is wrong.

use serde_json::Value;

/// Runs of a report that are shown.
const RUNS: usize = 8;
/// Results, components and faults of one kind that are shown.
const FIRST: usize = 3;
/// The elements of components whose coverage is shown, in the order in which people ask for them.
const ELEMENTS: [&str; 6] = ["purl", "version", "license", "supplier", "hash", "dependencies"];

/// The lines, by the members of the document as facts tell it.
pub fn lines(document: &Value) -> Vec<String> {
    if document["readable"] != true {
        let fault = &document["fault"];
        return vec![format!("cannot be read: {}{}", text(&fault["what"]), at(&fault["pointer"]))];
    }
    match document["format"].as_str() {
        Some("SARIF") => report(document),
        Some(_) => sbom(document),
        None => provenance(document),
    }
}

fn sbom(document: &Value) -> Vec<String> {
    let mut lines = vec![head(document, "SBOM")];
    let tools = names(&document["tools"], |tool| format!("{} {}", text(&tool["name"]), text(&tool["version"])));
    let authors = names(&document["authors"], text);
    lines.push(format!(
        "made {}{}{}",
        document["created"].as_str().map_or("at a time that it does not say".to_owned(), |time| format!("at {time}")),
        if tools.is_empty() { String::new() } else { format!(" by {tools}") },
        if authors.is_empty() { String::new() } else { format!(", for {authors}") },
    ));
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
    lines.extend(faults(document));
    let graph = &document["graph"];
    for (count, first, what) in [
        ("duplicateRefs", "firstDuplicate", "references that stand twice"),
        ("dangling", "firstDangling", "references to nothing"),
    ] {
        if let Some(count) = graph[count].as_u64().filter(|count| *count > 0) {
            lines.push(format!(
                "wrong: {count} {what}, first `{}`{}",
                text(&graph[first]["ref"]),
                at(&graph[first]["pointer"])
            ));
        }
    }
    let vulnerabilities = &document["vulnerabilities"];
    if let Some(count) = vulnerabilities["count"].as_u64().filter(|count| *count > 0) {
        let one = |one: &Value| format!("{} {}", text(&one["severity"]), text(&one["id"]));
        lines.push(format!("lists {count} vulnerabilities: {}", names(&vulnerabilities["first"], one)));
    }
    lines
}

fn components(document: &Value) -> String {
    let types = document["types"].as_object().into_iter().flatten();
    let types: Vec<String> = types.map(|(name, count)| format!("{count} {name}")).collect();
    let types = if types.is_empty() { String::new() } else { format!(" ({})", types.join(", ")) };
    let services = document["services"]["count"].as_u64().filter(|count| *count > 0);
    let services = services.map(|count| format!(", {count} services")).unwrap_or_default();
    let complete = match document["completeness"]["state"].as_str() {
        Some("complete") => "says that it is complete",
        Some("incomplete") => "says that it is incomplete",
        Some("unknown") => "says that it does not know whether it is complete",
        _ => "does not say whether it is complete",
    };
    format!("lists {} components{types}{services}; {complete}", document["components"])
}

fn report(document: &Value) -> Vec<String> {
    let mut lines = vec![head(document, "report of scans")];
    let runs = document["runs"].as_array().map_or(&[][..], Vec::as_slice);
    if runs.is_empty() {
        lines.push("wrong: it has no run of any tool, so that nothing was scanned".to_owned());
    }
    for run in runs.iter().take(RUNS) {
        lines.extend(self::run(run));
    }
    if runs.len() > RUNS {
        lines.push(format!("and {} more runs", runs.len() - RUNS));
    }
    lines.extend(faults(document));
    lines
}

fn run(run: &Value) -> Vec<String> {
    let tool = &run["tool"];
    let version = tool["semanticVersion"].as_str().or(tool["version"].as_str()).unwrap_or_default();
    let name = format!("{} {version}", text(&tool["name"]));
    let scope = &run["scopes"][0];
    let ended = run["ended"].as_str().map(|time| format!(", at {time}")).unwrap_or_default();
    let of = run["commit"].as_str().map_or(", of a commit that it does not say".to_owned(), |commit| {
        let repository = run["repository"].as_str().map(|one| format!(" of {one}")).unwrap_or_default();
        format!(", of commit {commit}{repository}")
    });
    let mut lines = vec![match run["results"].as_u64() {
        None => format!("{}: wrong: it has no list of results, so that the scan did not run", name.trim()),
        Some(_) => {
            let counts = ["critical", "high", "medium", "low"].map(|one| format!("{} {one}", scope["counts"][one]));
            let suppressed = scope["suppressed"].as_u64().filter(|count| *count > 0);
            let suppressed = suppressed.map(|count| format!(", {count} suppressed")).unwrap_or_default();
            format!("{}: {}{suppressed}; {} rules{ended}{of}", name.trim(), counts.join(", "), run["rules"])
        }
    }];
    for failure in run["failures"].as_array().into_iter().flatten().take(FIRST) {
        lines.push(format!("wrong: {}{}", text(&failure["what"]), at(&failure["pointer"])));
    }
    if run["external"] == true {
        lines.push("wrong: a part of it stands in other files".to_owned());
    }
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

fn provenance(document: &Value) -> Vec<String> {
    let mut lines =
        vec![format!("provenance: built by {}", document["builder"].as_str().unwrap_or("nobody whom it names"))];
    lines.extend(document["finished"].as_str().map(|time| format!("finished at {time}")));
    for source in document["sources"].as_array().into_iter().flatten().take(FIRST) {
        let commit = source["commit"].as_str().map(|commit| format!(" at {commit}")).unwrap_or_default();
        lines.push(format!("of {}{commit}", text(&source["repository"])));
    }
    lines
}

fn head(document: &Value, what: &str) -> String {
    let valid = if document["valid"] == true { "valid" } else { "not valid" };
    format!("{what}: {} {}, {valid}", text(&document["format"]), text(&document["version"]))
}

fn faults(document: &Value) -> Vec<String> {
    let all = document["faults"].as_array().map_or(&[][..], Vec::as_slice);
    let mut lines: Vec<String> = all
        .iter()
        .take(FIRST)
        .map(|fault| format!("wrong: {}{}", text(&fault["what"]), at(&fault["pointer"])))
        .collect();
    let count = document["faultCount"].as_u64().unwrap_or_default();
    if let Some(more) = count.checked_sub(lines.len() as u64).filter(|more| *more > 0) {
        lines.push(format!("and {more} more places that break the schema"));
    }
    lines
}

fn names(list: &Value, one: impl Fn(&Value) -> String) -> String {
    let all = list.as_array().map_or(&[][..], Vec::as_slice);
    let shown: Vec<String> = all.iter().take(FIRST).map(|item| one(item).trim().to_owned()).collect();
    let more = all.len().saturating_sub(shown.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Where in the document it stands.
fn at(pointer: &Value) -> String {
    match pointer.as_str() {
        Some(pointer) if !pointer.is_empty() => format!(" (at `{pointer}`)"),
        _ => String::new(),
    }
}
