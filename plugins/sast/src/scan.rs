//! What the host found out about the scans of one image: the members of a fact's documents.

use portcullis_proof::reading::count;
use portcullis_proof::words::name;
use portcullis_sdk::{Kind, Node};

use crate::settings::Entry;

portcullis_proof::document_keys! {
    BINDING = "binding",
    BY = "by",
    COMMIT = "commit",
    REPOSITORY = "repository",
    RUNS = "runs",
    TOOL = "tool",
    NAME = "name",
    VERSION = "version",
    SEMANTIC_VERSION = "semanticVersion",
    GUID = "guid",
    AUTOMATION_ID = "automationId",
    EXECUTED = "executed",
    FAILURES = "failures",
    FAILURE_COUNT = "failureCount",
    EXTERNAL = "external",
    RULES = "rules",
    DISABLED_RULES = "disabledRules",
    MISSING_RULES = "missingRules",
    RESULTS = "results",
    ENDED_SECONDS = "endedSeconds",
    DISAGREEING = "disagreeing",
    SCOPES = "scopes",
    COUNTS = "counts",
    FIRST = "first",
    SEVERITY = "severity",
    RULE = "rule",
    LINE = "line",
    SUPPRESSIONS = "suppressions",
    ACCEPTED = "accepted",
    HIDDEN = "hidden",
    LINES = "lines",
    DESCRIPTOR_FAULTS = "descriptorFaults",
    COUNT = "count",
    SOURCES = "sources",
    DELEGATED = "delegated",
    KIND = "kind",
    PASSED = "passed",
    RESULT = "result",
    VERIFIER = "verifier",
    LEVELS = "levels",
    PROPERTIES = "properties",
    CONFIGURATIONS = "configurations",
    TIME_SECONDS = "timeSeconds",
}

/// One run of one tool.
#[derive(Clone, Debug)]
pub struct Run {
    /// Where it stands in the fact.
    pub node: Node,
    /// The name of its tool.
    pub tool: String,
    /// What the tool calls itself besides.
    pub guid: String,
    /// The version of the tool; empty where it says none.
    pub version: String,
}

impl Run {
    fn of(node: Node) -> Self {
        let tool = node.get(TOOL);
        let semantic = tool.get(SEMANTIC_VERSION).text();
        let version = if semantic.is_empty() { tool.get(VERSION).text() } else { semantic };
        Self { node, tool: tool.get(NAME).text(), guid: tool.get(GUID).text(), version }
    }

    /// Whether a name, in whatever case, or a guid is that of its tool.
    pub fn is_by(&self, tool: &str) -> bool {
        !tool.is_empty() && (self.tool.eq_ignore_ascii_case(tool) || self.guid.eq_ignore_ascii_case(tool))
    }

    /// For messages: `the run of CodeQL (/runs/0)`.
    pub fn shown(&self) -> String {
        let place = match self.node.get(POINTER).text() {
            place if place.is_empty() => String::new(),
            place => format!(" ({})", name(&place)),
        };
        format!("the run of {}{place}", name(&self.tool))
    }
}

/// The runs of a report.
pub fn runs(document: Node) -> Vec<Run> {
    document.get(RUNS).items().map(Run::of).collect()
}

/// How many results of a severity the runs have in a scope; nothing where one of them does not say.
pub fn results(entry: &Entry<'_>, runs: &[Run], scope: u32, severity: &str) -> Option<u64> {
    let mut sum = 0u64;
    for run in runs {
        let scopes = run.node.get(SCOPES);
        // As many as were asked for, or the answer is about something else.
        if scopes.kind() != Kind::List || scopes.len() as usize != entry.limits.len() {
            return None;
        }
        sum = sum.checked_add(count(scopes.at(scope).get(COUNTS).find(severity))?)?;
    }
    Some(sum)
}

/// The sum of a number over the runs; nothing where one of them does not say.
pub fn sum(runs: &[Run], of: impl Fn(&Run) -> Node) -> Option<u64> {
    runs.iter().try_fold(0u64, |sum, run| sum.checked_add(count(of(run))?))
}
