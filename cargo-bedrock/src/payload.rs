//! The payload of `invoke`: reads it from its source and checks that it is JSON. The text is passed on unchanged.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;

use bedrock_diagnostics::{Error, Result};

/// Source of a payload.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PayloadSource {
    /// The text of the argument. `is_file` is true if a file with this name exists, which was probably meant.
    Argument { text: String, is_file: bool },
    /// A file: its path, and the path as the user wrote it.
    File { path: PathBuf, name: String },
    /// Standard input.
    Stdin,
}

impl PayloadSource {
    /// Reads an argument: JSON, `@` and the path of a file relative to `dir`, or `-`.
    pub(crate) fn parse(payload: String, dir: &Path) -> Self {
        match payload.strip_prefix('@') {
            Some(file) => Self::File { path: dir.join(file), name: file.to_owned() },
            None if payload == "-" => Self::Stdin,
            None => Self::Argument { is_file: dir.join(&payload).is_file(), text: payload },
        }
    }

    /// Reads the payload. Returns an error if it is not JSON.
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
            Err(error) => Err(self.json_error(&text, &subject, &error)),
        }
    }

    fn subject(&self) -> String {
        match self {
            Self::Argument { .. } => "`--payload`".to_owned(),
            Self::File { name, .. } => format!("`{name}`"),
            Self::Stdin => "standard input".to_owned(),
        }
    }

    fn json_error(&self, payload: &str, subject: &str, error: &serde_json::Error) -> Error {
        let line = error.line();
        let column = error.column();
        if payload.trim().is_empty() {
            return Error::call(format!("the payload from {subject} is not JSON")).cause("it is empty");
        }
        let text = error.to_string();
        let reason = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
        let error = Error::call(format!("the payload from {subject} is not JSON"))
            .cause(format!("line {line}, column {column}: {}", without_acronym(reason)));
        match self {
            Self::Argument { text, is_file: true } => error.help(format!("use `--payload @{text}` to read the file")),
            _ => error,
        }
    }
}

/// Rewords the one message of `serde_json` that starts with `EOF`, not with a lower-case letter.
fn without_acronym(reason: &str) -> String {
    reason.strip_prefix("EOF while").map_or_else(|| reason.to_owned(), |rest| format!("it ends while{rest}"))
}
