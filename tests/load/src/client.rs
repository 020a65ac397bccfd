//! Load from another process, `portcullis-load`, so that the server shares nothing with it but the machine.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::{Plan, Question, Report, Target};

/// How reviews follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// Each at its time, whatever became of the earlier ones.
    Open,
    /// Each connection asks as soon as it has its answer.
    Closed,
}

impl Load {
    /// As it is said in arguments.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// The program that sends load, and questions in a file for it.
#[derive(Clone, Debug)]
pub struct Client {
    program: PathBuf,
    authority: PathBuf,
    questions: PathBuf,
}

impl Client {
    /// That program, which believes the authority in that file; writes the questions to another one.
    ///
    /// # Panics
    /// The file cannot be written.
    pub fn new(program: &Path, authority: &Path, questions: &[Question], file: &Path) -> Self {
        let mut lines = std::io::BufWriter::new(std::fs::File::create(file).expect("a file of questions"));
        for question in questions {
            let review: Value = serde_json::from_slice(&question.body).expect("a review");
            writeln!(lines, "{}", json!({"allowed": question.allowed, "review": review})).expect("a question");
        }
        lines.flush().expect("questions");
        Self { program: program.to_owned(), authority: authority.to_owned(), questions: file.to_owned() }
    }

    /// Runs it as planned against that server, whose process has that number; it ends by itself.
    ///
    /// # Panics
    /// It fails, or says nothing.
    pub fn run(&self, target: &Target, pid: u32, load: Load, plan: &Plan) -> Report {
        let text = |value: &dyn ToString| OsString::from(value.to_string());
        let mut command = Command::new(&self.program);
        command.arg(load.name());
        for (name, value) in [
            ("--address", text(&target.address)),
            ("--authority", self.authority.clone().into()),
            ("--questions", self.questions.clone().into()),
            ("--rate", text(&plan.rate)),
            ("--seconds", text(&plan.duration.as_secs_f64())),
            ("--connections", text(&plan.connections)),
            ("--patience", text(&plan.patience.as_secs_f64())),
            ("--pid", text(&pid)),
        ] {
            command.arg(name).arg(value);
        }
        let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().expect("the program starts");
        assert!(output.status.success(), "{} failed: {}", self.program.display(), output.status);
        let line = serde_json::from_slice(&output.stdout).unwrap_or_default();
        Report::from_json(&line).expect("the program says how it went")
    }

    /// Reads a file of questions.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn questions(file: &Path) -> Result<Vec<Question>, String> {
        let why = |error: &dyn ToString| format!("{}: {}", file.display(), error.to_string());
        let text = std::fs::read_to_string(file).map_err(|error| why(&error))?;
        let question = |line: &str| {
            let line: Value = serde_json::from_str(line).map_err(|error| why(&error))?;
            let allowed = line["allowed"].as_bool().ok_or_else(|| why(&"a question without `allowed`"))?;
            if !line["review"]["request"]["uid"].is_string() {
                return Err(why(&"a review without a uid"));
            }
            Ok(Question::new(&line["review"], allowed))
        };
        text.lines().map(question).collect()
    }
}
