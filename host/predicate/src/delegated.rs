//! Verdicts of somebody else: in-toto test results, SLSA verification summaries, simple verification results.

use portcullis_model::time::parse_time;
use serde_json::{Map, Value, json};

use crate::{Kind as JsonKind, MAX_VERDICT_ENTRIES, Piece, Text, Unreadable, shown};

/// in-toto's test result.
pub const TEST_RESULT: &str = "https://in-toto.io/attestation/test-result/v0.1";
/// SLSA's verification summary.
pub const VSA: &str = "https://slsa.dev/verification_summary/v1";
/// in-toto's simple verification result, in both of its versions.
pub const SVR: [&str; 2] = ["https://in-toto.io/attestation/svr/v0.1", "https://in-toto.io/attestation/svr/v0.2"];

/// What kind of verdict it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Tests were run.
    TestResult,
    /// Levels of SLSA were verified.
    Vsa,
    /// Properties were verified.
    Svr,
}

impl Kind {
    /// The kind that a predicate type stands for.
    pub fn of(predicate_type: &str) -> Option<Self> {
        match predicate_type {
            TEST_RESULT => Some(Self::TestResult),
            VSA => Some(Self::Vsa),
            one if SVR.contains(&one) => Some(Self::Svr),
            _ => None,
        }
    }

    /// Its name in the fact.
    pub fn name(self) -> &'static str {
        match self {
            Self::TestResult => "testResult",
            Self::Vsa => "vsa",
            Self::Svr => "svr",
        }
    }
}

/// What a verdict says. Whether its author may say it is for others to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What kind it is.
    pub kind: Kind,
    /// Whether all is well; nothing where there were warnings, and where no property was verified.
    pub passed: Option<bool>,
    /// The verdict in its own word.
    pub result: Option<String>,
    /// Who verified, by its own word.
    pub verifier: Option<String>,
    /// Levels that were verified.
    pub levels: Vec<String>,
    /// Properties that were verified.
    pub properties: Vec<String>,
    /// When it was verified, by its own word.
    pub time_seconds: Option<i64>,
    /// What it was verified by: configurations of tests, or policies.
    pub configurations: Vec<String>,
}

impl Reading {
    /// The members from `kind` on, without the predicate type.
    pub fn to_json(&self) -> Map<String, Value> {
        let members = json!({
            "kind": self.kind.name(),
            "passed": self.passed,
            "result": self.result,
            "verifier": self.verifier,
            "levels": self.levels,
            "properties": self.properties,
            "timeSeconds": self.time_seconds,
            "configurations": self.configurations,
        });
        match members {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }
}

/// Reads the predicate of a verdict.
///
/// # Errors
/// Another predicate type, no JSON, a member that is required and missing or of another type, a verdict in unknown words, and
/// lists longer than [`MAX_VERDICT_ENTRIES`]: a verdict is a summary.
pub fn read(predicate_type: &str, text: &[u8]) -> Result<Reading, Unreadable> {
    let kind = Kind::of(predicate_type).ok_or_else(|| {
        Unreadable::new(format!("`{}` is no predicate type of a verdict that is read", shown(predicate_type)))
    })?;
    let text = Text::read(text)?;
    let root = text.root();
    if root.kind() != JsonKind::Map {
        return Err(Unreadable::new("the predicate of a verdict is a JSON object"));
    }
    match kind {
        Kind::TestResult => test_result(root),
        Kind::Vsa => vsa(root),
        Kind::Svr => svr(root),
    }
}

fn test_result(root: Piece<'_>) -> Result<Reading, Unreadable> {
    let result = word(root, "result", "")?;
    // The verdict and the lists may contradict each other; then what failed counts.
    let some = |name: &str| root.get(name).is_some_and(|list| list.raw() != "null" && list.elements().next().is_some());
    let (failed, warned) = (some("failedTests"), some("warnedTests"));
    let passed = match result.as_str() {
        "PASSED" if !failed && !warned => Some(true),
        "PASSED" | "WARNED" if !failed => None,
        "PASSED" | "WARNED" | "FAILED" => Some(false),
        _ => return Err(unknown("/result", &result)),
    };
    let configurations = descriptors(required(root, "configuration", "")?, "/configuration")?;
    Ok(Reading {
        kind: Kind::TestResult,
        passed,
        result: Some(result),
        verifier: None,
        levels: Vec::new(),
        properties: Vec::new(),
        time_seconds: None,
        configurations,
    })
}

fn vsa(root: Piece<'_>) -> Result<Reading, Unreadable> {
    let result = word(root, "verificationResult", "")?;
    let passed = match result.as_str() {
        "PASSED" => true,
        "FAILED" => false,
        _ => return Err(unknown("/verificationResult", &result)),
    };
    let levels = strings(required(root, "verifiedLevels", "")?, "/verifiedLevels")?;
    // A level that says `FAILED` contradicts a verdict that passed.
    let passed = passed && !levels.iter().any(|level| level == "FAILED");
    let policy = root.get("policy").map(|policy| named(policy)).into_iter().flatten().collect();
    Ok(Reading {
        kind: Kind::Vsa,
        passed: Some(passed),
        result: Some(result),
        verifier: Some(word(required(root, "verifier", "")?, "id", "/verifier")?),
        levels,
        properties: Vec::new(),
        time_seconds: time(root, "timeVerified")?,
        configurations: policy,
    })
}

fn svr(root: Piece<'_>) -> Result<Reading, Unreadable> {
    let verifier = required(root, "verifier", "")?;
    let mut configurations = match verifier.get("policies") {
        Some(policies) => descriptors(policies, "/verifier/policies")?,
        None => Vec::new(),
    };
    configurations.extend(verifier.get("policy").and_then(named));
    required(root, "timeCreated", "")?;
    let properties = strings(required(root, "properties", "")?, "/properties")?;
    Ok(Reading {
        kind: Kind::Svr,
        // What it verified is its verdict; it has no word for one that failed.
        passed: (!properties.is_empty()).then_some(true),
        result: None,
        verifier: Some(word(verifier, "id", "/verifier")?),
        levels: Vec::new(),
        properties,
        time_seconds: time(root, "timeCreated")?,
        configurations,
    })
}

fn required<'a>(piece: Piece<'a>, name: &str, pointer: &str) -> Result<Piece<'a>, Unreadable> {
    piece.get(name).ok_or_else(|| Unreadable::at(pointer, format!("`{name}` is missing")))
}

fn word(piece: Piece<'_>, name: &str, pointer: &str) -> Result<String, Unreadable> {
    let value = required(piece, name, pointer)?;
    let text = value.shown().filter(|text| !text.is_empty());
    text.ok_or_else(|| Unreadable::at(format!("{pointer}/{name}"), "a text is wanted"))
}

fn unknown(pointer: &str, word: &str) -> Unreadable {
    Unreadable::at(pointer, format!("`{word}` is no verdict of this predicate type"))
}

/// A time that is there must be one.
fn time(root: Piece<'_>, name: &str) -> Result<Option<i64>, Unreadable> {
    let Some(value) = root.get(name) else { return Ok(None) };
    let seconds = value.str().and_then(|text| parse_time(&text));
    seconds
        .map(Some)
        .ok_or_else(|| Unreadable::at(format!("/{name}"), "a time such as `2026-11-22T12:00:00Z` is wanted"))
}

fn strings(list: Piece<'_>, pointer: &str) -> Result<Vec<String>, Unreadable> {
    let texts = elements(list, pointer)?.map(|(index, one)| {
        one.shown().ok_or_else(|| Unreadable::at(format!("{pointer}/{index}"), "a text is wanted"))
    });
    texts.collect()
}

/// Resource descriptors by what names them best; those that name nothing are left out.
fn descriptors(list: Piece<'_>, pointer: &str) -> Result<Vec<String>, Unreadable> {
    Ok(elements(list, pointer)?.filter_map(|(_, one)| named(one)).collect())
}

fn named(descriptor: Piece<'_>) -> Option<String> {
    ["uri", "downloadLocation", "name"]
        .iter()
        .find_map(|name| descriptor.get(name)?.shown())
        .or_else(|| descriptor.shown())
}

fn elements<'a>(list: Piece<'a>, pointer: &str) -> Result<impl Iterator<Item = (usize, Piece<'a>)>, Unreadable> {
    if list.kind() != JsonKind::List {
        return Err(Unreadable::at(pointer, "a list is wanted"));
    }
    if list.elements().nth(MAX_VERDICT_ENTRIES).is_some() {
        return Err(Unreadable::at(pointer, format!("it has more than {MAX_VERDICT_ENTRIES} elements")));
    }
    Ok(list.elements().enumerate())
}
