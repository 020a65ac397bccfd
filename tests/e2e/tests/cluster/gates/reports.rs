//! The tools that say something about an image: syft what is in it, bandit and semgrep what is wrong with its source.

use std::path::{Path, PathBuf};

use crate::signing::{Image, Tools, find};

/// A program with nothing to complain about.
pub const CLEAN: &str = "\"\"\"Greets whoever asks.\"\"\"\n\n\ndef greet(name):\n    \"\"\"A greeting.\"\"\"\n    return f\"Hello, {name}!\"\n";
/// A program that gives a stranger a shell, on line 8.
pub const FAULTY: &str = "\"\"\"Runs what a stranger says.\"\"\"\n\nimport subprocess\n\n\ndef run(command):\n    \"\"\"Runs it in a shell.\"\"\"\n    return subprocess.call(command, shell=True)\n";
/// A program that bandit has a word about, and no more.
pub const NOTED: &str = "\"\"\"Runs nothing yet.\"\"\"\n\nimport subprocess\n\nprint(subprocess.__name__)\n";
/// The same as the faulty one, and its author says that this is well.
pub const EXCUSED: &str = "\"\"\"Runs what a stranger says.\"\"\"\n\nimport subprocess\n\n\ndef run(command):\n    \"\"\"Runs it in a shell.\"\"\"\n    return subprocess.call(command, shell=True)  # nosemgrep\n";
/// No program.
pub const BROKEN: &str = "def (:\n";

/// What semgrep looks for.
const RULES: &str = "rules:\n- id: shell-of-a-stranger\n  languages: [python]\n  severity: ERROR\n  message: a command of a stranger reaches a shell\n  pattern: subprocess.call(..., shell=True, ...)\n  metadata: {cwe: ['CWE-78: OS Command Injection'], category: security}\n";

/// A package of Python, as pip leaves it behind.
pub const PACKAGE: (&str, &str) = (
    "usr/lib/python3/dist-packages/greeter-1.2.3.dist-info/METADATA",
    "Metadata-Version: 2.1\nName: greeter\nVersion: 1.2.3\nLicense: MIT\nAuthor: Ann\n",
);

/// The programs.
pub struct Reports {
    syft: PathBuf,
    bandit: PathBuf,
    semgrep: PathBuf,
}

impl Reports {
    /// Finds all three.
    ///
    /// # Errors
    /// Which is missing, as one sentence.
    pub fn find() -> Result<Self, String> {
        Ok(Self {
            syft: find("PORTCULLIS_SYFT", "syft")?,
            bandit: find("PORTCULLIS_BANDIT", "bandit")?,
            semgrep: find("PORTCULLIS_SEMGREP", "semgrep")?,
        })
    }

    /// What syft says of an image that is named so, in one of its formats.
    pub fn sbom(&self, tools: &Tools, reference: &str, format: &str) -> String {
        let source = format!("registry:{reference}");
        tools.must(&self.syft, &["scan", "-q", &source, "-o", &format!("{format}=sbom.out")]);
        std::fs::read_to_string(tools.folder.join("sbom.out")).expect("an SBOM")
    }

    /// What syft says of an image as CycloneDX, asked by its digest.
    pub fn cyclonedx(&self, tools: &Tools, image: &Image) -> String {
        self.sbom(tools, &image.pinned(), "cyclonedx-json")
    }

    /// What bandit says of a program.
    pub fn bandit(&self, tools: &Tools, program: &str) -> String {
        Self::write(tools, program);
        Self::scanned(tools, &self.bandit, &["-q", "-r", "program", "-f", "sarif", "-o", REPORT])
    }

    /// What semgrep says of a program.
    pub fn semgrep(&self, tools: &Tools, program: &str) -> String {
        Self::write(tools, program);
        std::fs::write(tools.folder.join("rules.yaml"), RULES).expect("a file");
        let offline = ["--metrics=off", "--disable-version-check", "--no-git-ignore", "--quiet"];
        let what = ["scan", "--config", "rules.yaml", "--sarif", "--output", REPORT, "program"];
        Self::scanned(tools, &self.semgrep, &[&what[..], &offline].concat())
    }

    fn write(tools: &Tools, program: &str) {
        let folder = tools.folder.join("program");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("app.py"), program).expect("a file");
    }

    /// Runs a scanner, whose exit status says what it found.
    fn scanned(tools: &Tools, program: &Path, arguments: &[&str]) -> String {
        let report = tools.folder.join(REPORT);
        let _ = std::fs::remove_file(&report);
        let said = tools.run(program, arguments);
        assert!(report.is_file(), "no report: {}", said.words());
        std::fs::read_to_string(&report).expect("a report")
    }
}

/// Where both scanners write to.
const REPORT: &str = "report.sarif";
