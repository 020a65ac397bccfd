//! The program of Kubernetes' libraries, started once and asked many questions at a time.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::kind::Answer;

/// Batches that wait for the program.
const AHEAD: usize = 2;

/// The program; it ends with this.
pub struct Oracle {
    child: Child,
    /// Written by a thread of its own: the program answers while it reads.
    questions: Option<SyncSender<String>>,
    writer: Option<JoinHandle<()>>,
    answers: BufReader<ChildStdout>,
}

impl Oracle {
    /// Starts it.
    pub fn start(program: &Path) -> Self {
        let child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("the oracle starts");
        let mut stdin = child.stdin.take().expect("it was piped");
        let answers = BufReader::new(child.stdout.take().expect("it was piped"));
        let (questions, batches) = sync_channel::<String>(AHEAD);
        let writer = std::thread::spawn(move || {
            for batch in batches {
                stdin.write_all(batch.as_bytes()).expect("the oracle reads");
            }
        });
        Self { child, questions: Some(questions), writer: Some(writer), answers }
    }

    /// Sends questions, each a kind and its texts; [`Self::answer`] gives one answer for each.
    pub fn send(&mut self, questions: &[Vec<String>]) {
        let lines = questions.iter().map(|question| serde_json::json!(question).to_string() + "\n");
        // The empty line asks for all answers so far.
        let batch = lines.collect::<String>() + "\n";
        self.questions.as_ref().expect("not ended").send(batch).expect("the oracle reads");
    }

    /// The next answer.
    pub fn answer(&mut self) -> Answer {
        Answer::read(&self.line())
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line).expect("the oracle answers");
        assert!(read > 0, "the oracle ended early");
        line
    }

    /// One question, and its answer as it is written.
    pub fn ask_line(&mut self, question: &[String]) -> String {
        self.send(&[question.to_vec()]);
        self.line().trim_end().to_owned()
    }

    /// One question and its answer.
    pub fn ask(&mut self, question: &[String]) -> Answer {
        self.send(&[question.to_vec()]);
        self.answer()
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        // Its input ends, and so does it.
        drop(self.questions.take());
        if std::thread::panicking() {
            let _ = self.child.kill();
        }
        let _ = self.writer.take().map(JoinHandle::join);
        let _ = self.child.wait();
    }
}
