//! The payload of `invoke`: where it comes from, and that it is JSON. It is passed on as it was written.

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;

use serde::de::IgnoredAny;

use bedrock_diagnostics::{Error, Result};

/// Where a payload comes from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The text itself; `is_file` is whether a file has that name, which was probably meant then.
    Argument { text: String, is_file: bool },
    /// A file: its path, and how the user wrote it.
    File { path: PathBuf, shown: String },
    /// The standard input.
    Stdin,
}

impl Source {
    /// The payload's text.
    pub(crate) fn read(self) -> Result<String> {
        let subject = self.subject();
        let text = match &self {
            Self::Argument { text, .. } => Ok(text.clone()),
            Self::File { path, .. } => fs::read_to_string(path),
            Self::Stdin => {
                let mut text = String::new();
                io::stdin().lock().read_to_string(&mut text).map(|_| text)
            }
        };
        let text = text.map_err(|error| Error::io(format!("failed to read the payload from {subject}"), &error))?;
        match serde_json::from_str::<IgnoredAny>(&text) {
            Ok(_) => Ok(text),
            Err(error) => Err(self.not_json(&text, &subject, &error)),
        }
    }

    fn subject(&self) -> String {
        match self {
            Self::Argument { .. } => "`--payload`".to_owned(),
            Self::File { shown, .. } => format!("`{shown}`"),
            Self::Stdin => "the standard input".to_owned(),
        }
    }

    fn not_json(&self, payload: &str, subject: &str, error: &serde_json::Error) -> Error {
        let (line, column) = (error.line(), error.column());
        if payload.trim().is_empty() {
            return Error::call(format!("the payload from {subject} is not JSON")).cause("it is empty");
        }
        let text = error.to_string();
        let what = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
        let failure = Error::call(format!("the payload from {subject} is not JSON"))
            .cause(format!("line {line}, column {column}: {}", lower_first(what)));
        match self {
            Self::Argument { text, is_file: true } => failure.help(format!("use `--payload @{text}` to read the file")),
            _ => failure,
        }
    }
}

/// serde_json's reasons begin with a small letter, but for `EOF`.
fn lower_first(what: &str) -> String {
    what.strip_prefix("EOF while").map_or_else(|| what.to_owned(), |rest| format!("it ends while{rest}"))
}
