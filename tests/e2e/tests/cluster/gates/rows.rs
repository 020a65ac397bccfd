//! What is tried with every registry and layout: what an image carries, and what must become of it.

use serde_json::{Value, json};

use super::reports::{BROKEN, CLEAN, EXCUSED, FAULTY, NOTED, PACKAGE, Reports};
use super::set::REPOSITORY;
use crate::scene::Expected::{self, Allowed, Denied};
use crate::signing::{Image, Layout, Tools};

/// By which type a report is attested: cosign has no word for it.
pub const SARIF: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0";
const CYCLONEDX: &str = "cyclonedx";
const PROVENANCE: &str = "slsaprovenance1";

/// The commit that was scanned.
const SCANNED: &str = "1111111111111111111111111111111111111111";
/// The commit that something else was built from.
const OTHER: &str = "2222222222222222222222222222222222222222";
/// What becomes of the report of the one for an image of the other.
const WRONG: Expected = Denied("wrong-commit", &[SCANNED, OTHER]);

/// What is attested of an image.
#[derive(Clone)]
pub enum Piece {
    /// By a key, as a type of cosign's.
    Attested { by: &'static str, kind: &'static str, text: String },
    /// As an attestation that nobody signed.
    Unsigned { kind: &'static str, text: String },
    /// As it is, as tools do that attach files to images.
    Bare { kind: &'static str, text: String },
}

/// One case.
pub struct Row {
    /// Its repository, whose first segment decides what the set asks of it.
    pub name: &'static str,
    pub what: &'static str,
    pub signed: bool,
    pub pieces: Vec<Piece>,
    pub expected: Expected,
    /// Whether both registries are tried with both layouts.
    pub everywhere: bool,
}

/// What the tools said of the image that all cases have in common.
pub struct Documents {
    pub image: Image,
    pub cyclonedx: String,
    spdx: String,
    spdx_text: String,
    by_tag: String,
    of_another: String,
    of_nothing: String,
    pub clean: String,
    faulty: [String; 2],
    noted: String,
    bandit_clean: String,
    unreadable: String,
    excused: String,
}

impl Documents {
    /// Lets the tools speak.
    pub fn of(tools: &Tools, reports: &Reports, host: &str) -> Self {
        let image = tools.image_of(host, "base/app", &[PACKAGE]);
        let another = tools.image_of(host, "base/other", &[PACKAGE, ("etc/other", "another image")]);
        let nothing = tools.image(host, "base/nothing");
        let of_nothing = reports.cyclonedx(tools, &nothing).replace(&nothing.digest, &image.digest);
        Self {
            cyclonedx: reports.cyclonedx(tools, &image),
            spdx: reports.sbom(tools, &image.pinned(), "spdx-json"),
            spdx_text: reports.sbom(tools, &image.pinned(), "spdx-tag-value"),
            by_tag: reports.sbom(tools, &format!("{}:1", image.repository), "cyclonedx-json"),
            of_another: reports.cyclonedx(tools, &another),
            of_nothing,
            clean: reports.semgrep(tools, CLEAN),
            faulty: [reports.bandit(tools, FAULTY), reports.semgrep(tools, FAULTY)],
            noted: reports.bandit(tools, NOTED),
            bandit_clean: reports.bandit(tools, CLEAN),
            unreadable: reports.bandit(tools, BROKEN),
            excused: reports.semgrep(tools, EXCUSED),
            image,
        }
    }

    fn good_sbom(&self) -> Piece {
        attested(CYCLONEDX, &self.cyclonedx)
    }

    fn good_report(&self) -> Piece {
        attested(SARIF, &self.clean)
    }

    /// The clean report of one who looked at a commit.
    fn report_of(&self, commit: &str) -> Piece {
        let origin = json!([{"repositoryUri": REPOSITORY, "revisionId": commit}]);
        attested(SARIF, &changed(&self.clean, "/runs/0", |run| run["versionControlProvenance"] = origin))
    }

    /// Whatever is signed and clean, with this instead of an SBOM.
    fn with_sbom(&self, name: &'static str, what: &'static str, sbom: Piece, expected: Expected) -> Row {
        Row { name, what, signed: true, pieces: vec![sbom, self.good_report()], expected, everywhere: false }
    }

    /// Whatever is signed and described, with this instead of a report.
    fn with_report(&self, name: &'static str, what: &'static str, report: Piece, expected: Expected) -> Row {
        Row { name, what, signed: true, pieces: vec![self.good_sbom(), report], expected, everywhere: false }
    }
}

fn attested(kind: &'static str, text: &str) -> Piece {
    Piece::Attested { by: "release", kind, text: text.to_owned() }
}

fn attested_by(by: &'static str, kind: &'static str, text: &str) -> Piece {
    Piece::Attested { by, kind, text: text.to_owned() }
}

/// A document with one place changed.
pub fn changed(text: &str, pointer: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut document: Value = serde_json::from_str(text).expect("JSON");
    change(document.pointer_mut(pointer).expect("something at the pointer"));
    document.to_string()
}

/// Where an image was built from.
fn provenance(commit: &str) -> Piece {
    let source = json!({"uri": format!("git+{REPOSITORY}@refs/heads/main"), "digest": {"gitCommit": commit}});
    let build = json!({"buildType": "https://example.org/build/v1", "externalParameters": {"ref": "main"}, "resolvedDependencies": [source]});
    let run = json!({"builder": {"id": "https://example.org/builder"}, "metadata": {"invocationId": "1"}});
    attested(PROVENANCE, &json!({"buildDefinition": build, "runDetails": run}).to_string())
}

/// All cases.
pub fn rows(documents: &Documents, layout: Layout) -> Vec<Row> {
    [present(documents), absent(documents, layout), sboms(documents), reports(documents), commits(documents)]
        .into_iter()
        .flatten()
        .collect()
}

/// Everything is there.
fn present(documents: &Documents) -> Vec<Row> {
    let sbom = |name, what, piece| documents.with_sbom(name, what, piece, Allowed);
    let mut rows = vec![
        sbom("all/cyclonedx", "signature, CycloneDX by syft and a clean report by semgrep", documents.good_sbom()),
        sbom("all/spdx", "SPDX instead of CycloneDX", attested("spdxjson", &documents.spdx)),
        sbom("all/spdx-text", "SPDX as text instead of CycloneDX", attested("spdx", &documents.spdx_text)),
        sbom("all/wrapped", "CycloneDX under cosign's own type", attested("custom", &documents.cyclonedx)),
        sbom("all/by-tag", "an SBOM whose root says no more than a tag", attested(CYCLONEDX, &documents.by_tag)),
    ];
    let noted: Value = serde_json::from_str(&documents.noted).expect("a report");
    let both =
        changed(&documents.clean, "/runs", |runs| runs.as_array_mut().expect("runs").push(noted["runs"][0].clone()));
    let what = "one report by both tools that are asked for";
    rows.push(documents.with_report("tools/both", what, attested(SARIF, &both), Allowed));
    rows[0].everywhere = true;
    rows
}

/// A piece is not there, or nobody who counts says it.
fn absent(documents: &Documents, layout: Layout) -> Vec<Row> {
    // An attestation is a signed statement, too; as a layer it is not looked at where signatures are.
    let unsigned = match layout {
        Layout::Bundle => Denied("predicate-type", &["https://cyclonedx.org/bom"]),
        Layout::Tag => Denied("signature-missing", &["/missing/signature"]),
    };
    let (sbom, report) = (&documents.cyclonedx, &documents.clean);
    let everywhere = |mut row: Row| {
        row.everywhere = true;
        row
    };
    let with_sbom = |name, what, piece, expected| documents.with_sbom(name, what, piece, expected);
    let with_report = |name, what, piece, expected| documents.with_report(name, what, piece, expected);
    let row = |name, what, signed, pieces, expected| {
        everywhere(Row { name, what, signed, pieces, expected, everywhere: true })
    };
    let (good_sbom, good_report) = (documents.good_sbom(), documents.good_report());
    let bare_sbom = Piece::Bare { kind: "application/vnd.cyclonedx+json", text: sbom.clone() };
    let bare_report = Piece::Bare { kind: "application/sarif+json", text: report.clone() };
    let unsigned_sbom = Piece::Unsigned { kind: "https://cyclonedx.org/bom", text: sbom.clone() };
    let unsigned_report = Piece::Unsigned { kind: SARIF, text: report.clone() };
    vec![
        row("missing/signature", "no signature", false, vec![good_sbom.clone(), good_report.clone()], unsigned),
        row("missing/sbom", "no SBOM", true, vec![good_report], Denied("sbom-missing", &["/missing/sbom"])),
        row("missing/sarif", "no report", true, vec![good_sbom], Denied("sast-missing", &["/missing/sarif"])),
        with_sbom("bare/sbom", "an SBOM that was attached as it is", bare_sbom, Denied("sbom-missing", &[])),
        with_report("bare/sarif", "a report that was attached as it is", bare_report, Denied("sast-missing", &[])),
        everywhere(with_sbom(
            "unsigned/sbom",
            "an SBOM that nobody signed",
            unsigned_sbom,
            Denied("sbom-refused", &[]),
        )),
        everywhere(with_report(
            "unsigned/sarif",
            "a report that nobody signed",
            unsigned_report,
            Denied("sast-refused", &[]),
        )),
        everywhere(with_sbom(
            "stranger/sbom",
            "an SBOM that a stranger signed",
            attested_by("stranger", CYCLONEDX, sbom),
            Denied("sbom-refused", &["no key of the trust made it"]),
        )),
        everywhere(with_report(
            "stranger/sarif",
            "a report that a stranger signed",
            attested_by("stranger", SARIF, report),
            Denied("sast-refused", &["no key of the trust made it"]),
        )),
        with_sbom(
            "other/sbom",
            "an SBOM by a key that may sign images alone (N54)",
            attested_by("tester", CYCLONEDX, sbom),
            Denied("signer-not-allowed", &["tester"]),
        ),
        with_report(
            "other/sarif",
            "a report by a key that may sign images alone (N54)",
            attested_by("tester", SARIF, report),
            Denied("signer-not-allowed", &["tester"]),
        ),
    ]
}

/// Something is wrong with the SBOM.
fn sboms(documents: &Documents) -> Vec<Row> {
    let sbom = |name, what, text: &str, expected| documents.with_sbom(name, what, attested(CYCLONEDX, text), expected);
    let stale = changed(&documents.cyclonedx, "/metadata/timestamp", |time| *time = json!("2020-01-01T00:00:00Z"));
    let root = changed(&documents.cyclonedx, "/metadata/component/version", |version| {
        *version = json!(format!("sha256:{}", "ab".repeat(32)))
    });
    let invalid = changed(&documents.cyclonedx, "/components/0/type", |kind| *kind = json!("nonsense"));
    let mut rows = vec![
        sbom("stale/sbom", "an SBOM of 2020 (N55)", &stale, Denied("too-old", &["days old, more than the 90 days"])),
        sbom(
            "foreign/sbom",
            "the SBOM of another image",
            &documents.of_another,
            Denied("wrong-subject", &["/metadata/component"]),
        ),
        sbom("foreign/root", "an SBOM whose root is another image", &root, Denied("wrong-subject", &["abababab"])),
        sbom(
            "agrees/by-tag",
            "an SBOM whose root says no more than a tag, where it must agree",
            &documents.by_tag,
            Denied("wrong-subject", &[]),
        ),
        sbom(
            "malformed/no-sbom",
            "an SBOM that is none (N57)",
            r#"{"hello": "world"}"#,
            Denied("sbom-unreadable", &[]),
        ),
        sbom(
            "malformed/report",
            "a report instead of an SBOM (N57)",
            &documents.clean,
            Denied("sbom-unreadable", &["SARIF"]),
        ),
        sbom("malformed/invalid", "an SBOM against its schema", &invalid, Denied("sbom-invalid", &["/components/0"])),
        sbom("trivial/sbom", "an SBOM that lists nothing", &documents.of_nothing, Denied("trivial", &[])),
        sbom(
            "denied/sbom",
            "a component that is denied",
            &documents.cyclonedx,
            Denied("component-denied", &["greeter", "/components/"]),
        ),
        sbom(
            "licensed/sbom",
            "a licence that is denied",
            &documents.cyclonedx,
            Denied("license-denied", &["MIT", "/components/"]),
        ),
    ];
    let spdx = attested("spdxjson", &documents.spdx);
    rows.push(documents.with_sbom(
        "cyclonedx/spdx",
        "SPDX where only CycloneDX is taken",
        spdx,
        Denied("format-not-allowed", &["SPDX"]),
    ));
    rows[1].everywhere = true;
    rows[4].everywhere = true;
    rows
}

/// Something is wrong with the report, or with the program.
fn reports(documents: &Documents) -> Vec<Row> {
    let report = |name, what, text: &str, expected| documents.with_report(name, what, attested(SARIF, text), expected);
    let no_runs = changed(&documents.clean, "/runs", |runs| *runs = json!([]));
    let failed = changed(&documents.clean, "/runs/0/invocations/0", |run| run["executionSuccessful"] = json!(false));
    let null = changed(&documents.clean, "/runs/0", |run| run["results"] = Value::Null);
    let without = changed(&documents.clean, "/runs/0", |run| {
        run.as_object_mut().expect("a run").remove("results");
    });
    let invalid = changed(&documents.clean, "/runs/0", |run| run["columnKind"] = json!("nonsense"));
    let mut rows = vec![
        report(
            "malformed/sarif",
            "an SBOM instead of a report (N57)",
            &documents.cyclonedx,
            Denied("sarif-unreadable", &["CycloneDX"]),
        ),
        report("malformed/schema", "a report against its schema", &invalid, Denied("sarif-invalid", &["/runs/0"])),
        report("empty/runs", "a report without runs", &no_runs, Denied("no-runs", &["/runs"])),
        report("empty/results", "a report without results", &without, Denied("scan-empty", &[])),
        report("empty/null", "a report whose results are null", &null, Denied("sarif-invalid", &["/runs/0/results"])),
        report(
            "empty/rules",
            "a clean report by bandit, which lists no rules and says how much it looked at",
            &documents.bandit_clean,
            Allowed,
        ),
        report("failed/scan", "a scan that failed", &failed, Denied("scan-failed", &["executionSuccessful"])),
        report(
            "failed/file",
            "a file that bandit could not read",
            &documents.unreadable,
            Denied("scan-failed", &["syntax error"]),
        ),
        report(
            "findings/bandit",
            "what bandit found",
            &documents.faulty[0],
            Denied("too-many-results", &["program/app.py:8", "B602"]),
        ),
        report(
            "findings/semgrep",
            "what semgrep found",
            &documents.faulty[1],
            Denied("too-many-results", &["program/app.py:8", "shell-of-a-stranger"]),
        ),
        report(
            "findings/excused",
            "what semgrep found and the program excuses",
            &documents.excused,
            Denied("too-many-results", &["program/app.py:8"]),
        ),
        report(
            "aged/sarif",
            "a report without a signed time, where its age counts (N55)",
            &documents.clean,
            Denied("too-old", &[]),
        ),
        report("tools/one", "a report by one tool of two", &documents.clean, Denied("tool-missing", &["Bandit"])),
    ];
    rows.push(apart(documents));
    rows[8].everywhere = true;
    rows
}

/// Each tool writes a report of its own.
fn apart(documents: &Documents) -> Row {
    let pieces = vec![documents.good_sbom(), attested(SARIF, &documents.noted), documents.good_report()];
    let what = "two reports by the two tools that there must be";
    Row { name: "tools/apart", what, signed: true, pieces, expected: Allowed, everywhere: false }
}

/// The report is bound to the source of the image, or is not.
fn commits(documents: &Documents) -> Vec<Row> {
    let row = |name, what, report: Piece, built: Option<&str>, expected| {
        let pieces = [documents.good_sbom(), report].into_iter().chain(built.map(provenance)).collect();
        Row { name, what, signed: true, pieces, expected, everywhere: false }
    };
    vec![
        row(
            "commit/same",
            "a report of the commit that it was built from",
            documents.report_of(SCANNED),
            Some(SCANNED),
            Allowed,
        ),
        row("commit/other", "a report of another commit", documents.report_of(SCANNED), Some(OTHER), WRONG),
        row(
            "built/other",
            "a report of another commit, where none is asked for",
            documents.report_of(SCANNED),
            Some(OTHER),
            WRONG,
        ),
        row(
            "commit/unknown",
            "a report of nobody knows which commit",
            documents.good_report(),
            None,
            Denied("commit-unknown", &[]),
        ),
    ]
}
