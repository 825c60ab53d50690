//! The Python program that runs ministack and speaks to it: starts it, asks it, ends it. What it is asked is
//! `ministack`'s business.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;
use serde_json::Value;

/// An error that AWS's API answered with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Refusal {
    /// For example `ResourceNotFoundException`.
    pub code: String,
    /// In AWS's words, or in ministack's.
    pub message: String,
    /// The HTTP status; none if no answer came.
    pub status: Option<u16>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Ok(Value),
    Error(Refusal),
}

#[derive(Debug)]
pub(crate) struct Driver {
    child: Child,
    /// None when the driver is to end.
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Driver {
    /// Starts it with ministack's Python; gives it and the address that ministack listens on.
    pub(crate) fn start(python: &Path, auth: bool) -> (Self, String) {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/driver.py");
        let mut child = Command::new(python)
            .arg("-B")
            .arg(program)
            .arg(auth.to_string())
            // A test that is killed with its group must leave somebody to clear up.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let (questions, answers) = (child.stdin.take(), BufReader::new(child.stdout.take().expect("a pipe")));
        let mut driver = Self { child, questions, answers };
        let endpoint = driver.answer().expect("ministack starts");
        (driver, endpoint.as_str().expect("an address").to_owned())
    }

    /// Asks one question and waits for its answer.
    pub(crate) fn ask(&mut self, question: &Value) -> Result<Value, Refusal> {
        let pipe = self.questions.as_mut().expect("it is asked before its end");
        writeln!(pipe, "{question}").expect("the driver listens");
        self.answer()
    }

    fn answer(&mut self) -> Result<Value, Refusal> {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the driver answers");
        match serde_json::from_str(&line) {
            Ok(Answer::Ok(value)) => Ok(value),
            Ok(Answer::Error(refusal)) => Err(refusal),
            Err(error) => panic!("the driver said {line:?}: {error}"),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The end of its input ends it, after it has ended ministack.
        self.questions = None;
        let _ = self.child.wait();
    }
}
