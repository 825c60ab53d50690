//! The error type of commands and of the libraries behind them. Printing it is up to the command line.

use std::io;
use std::path::Path;

use bedrock_build::Problem;

/// The result of a fallible operation.
pub type Result<T> = std::result::Result<T, Error>;

/// What caused a failure. The number is the exit code of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitKind {
    /// The app's files or its code.
    App = 1,
    /// The command line, or this machine.
    Call = 2,
    /// The user stopped the program.
    Interrupted = 130,
}

/// One or more problems that ended a command.
#[derive(Debug)]
pub struct Error {
    /// What caused the failure.
    pub kind: ExitKind,
    /// The problems, in the order in which they are printed. Empty if they have been printed already.
    pub reports: Vec<Report>,
}

/// One problem: what failed, why, and what the user can do about it.
#[derive(Debug, Default)]
pub struct Report {
    /// What failed: lower case, without a full stop, values in backticks.
    pub message: String,
    /// Why it failed, outermost cause first.
    pub causes: Vec<String>,
    /// At most two lines with something to type.
    pub help: Vec<String>,
}

impl Error {
    /// An error in the app's files or code.
    pub fn app(message: impl Into<String>) -> Self {
        Self::new(ExitKind::App, message)
    }

    /// An error in the command line, or on this machine.
    pub fn call(message: impl Into<String>) -> Self {
        Self::new(ExitKind::Call, message)
    }

    /// An error with one report.
    pub fn new(kind: ExitKind, message: impl Into<String>) -> Self {
        Self { kind, reports: vec![Report { message: message.into(), ..Report::default() }] }
    }

    /// Combines several errors, of which there must be at least one, into one with the most severe kind.
    #[must_use]
    pub fn combine(errors: Vec<Self>) -> Self {
        let interrupted = errors.iter().any(|error| error.kind == ExitKind::Interrupted);
        let kind = if interrupted {
            ExitKind::Interrupted
        } else if errors.iter().any(|error| error.kind == ExitKind::App) {
            ExitKind::App
        } else {
            ExitKind::Call
        };
        // A user who stopped the command knows why its parts failed.
        let relevant = errors.into_iter().filter(|error| !interrupted || error.kind == ExitKind::Interrupted);
        let mut reports: Vec<Report> = relevant.flat_map(|error| error.reports).collect();
        if interrupted {
            reports.truncate(1);
        }
        Self { kind, reports }
    }

    /// One report for each problem that `bedrock-build` found.
    #[must_use]
    pub fn problems(kind: ExitKind, problems: Vec<Problem>) -> Self {
        let report = |p: Problem| Report { message: p.message, causes: Vec::new(), help: p.help };
        Self { kind, reports: problems.into_iter().map(report).collect() }
    }

    /// A failed operation on a file. `message` is of the form ``failed to read `Cargo.toml` ``.
    pub fn io(message: impl Into<String>, error: &io::Error) -> Self {
        Self::call(message).cause(io_reason(error))
    }

    /// A failure that another program has already reported to the user before it exited with `code`.
    #[must_use]
    pub fn already_reported(code: u8) -> Self {
        let kind = match code {
            2 => ExitKind::Call,
            130 => ExitKind::Interrupted,
            _ => ExitKind::App,
        };
        Self { kind, reports: Vec::new() }
    }

    /// Adds a cause to the last report.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        if let Some(report) = self.reports.last_mut() {
            report.causes.push(cause.into());
        }
        self
    }

    /// Adds a help line to the last report.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        if let Some(report) = self.reports.last_mut() {
            report.help.push(help.into());
        }
        self
    }
}

/// The operating system's reason in the form of our messages: `permission denied`, not `Permission denied (os error 13)`.
#[must_use]
pub fn io_reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error ").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// A path as messages show it: relative to `base` if it is inside `base`, unchanged otherwise.
#[must_use]
pub fn relative_path(path: &Path, base: &Path) -> String {
    match path.strip_prefix(base) {
        Ok(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
        Ok(inside) => inside.display().to_string(),
        Err(_) => path.display().to_string(),
    }
}
