//! What a failure is: a message with its causes and help lines, and who is at fault. Printing it is `print`'s part.

use std::io;
use std::path::Path;

use bedrock_build::Problem;
use bedrock_templates::TemplateError;

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Who is at fault; the number is the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// What the app's files say, or what its code did.
    App = 1,
    /// The way the command was called, or this machine.
    Call = 2,
    /// Nobody: the user stopped it.
    Interrupted = 130,
}

/// One or more problems that ended a command.
#[derive(Debug)]
pub(crate) struct Error {
    pub(crate) fault: Fault,
    pub(crate) reports: Vec<Report>,
}

/// One problem: what the user asked for and did not get, why (outermost first), and what to type.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) message: String,
    pub(crate) causes: Vec<String>,
    pub(crate) help: Vec<String>,
}

impl Error {
    pub(crate) fn app(message: impl Into<String>) -> Self {
        Self::new(Fault::App, message)
    }

    pub(crate) fn call(message: impl Into<String>) -> Self {
        Self::new(Fault::Call, message)
    }

    pub(crate) fn new(fault: Fault, message: impl Into<String>) -> Self {
        Self { fault, reports: vec![Report { message: message.into(), ..Report::default() }] }
    }

    /// Several failures as one; the gravest fault counts. There must be one.
    pub(crate) fn several(errors: Vec<Self>) -> Self {
        let interrupted = errors.iter().any(|error| error.fault == Fault::Interrupted);
        let fault = if interrupted {
            Fault::Interrupted
        } else if errors.iter().any(|error| error.fault == Fault::App) {
            Fault::App
        } else {
            Fault::Call
        };
        // Who stopped the build knows why its parts failed.
        let told = errors.into_iter().filter(|error| !interrupted || error.fault == Fault::Interrupted);
        let mut reports: Vec<Report> = told.flat_map(|error| error.reports).collect();
        if interrupted {
            reports.truncate(1);
        }
        Self { fault, reports }
    }

    /// What `bedrock-build` found, several problems at once.
    pub(crate) fn problems(fault: Fault, problems: Vec<Problem>) -> Self {
        let report = |p: Problem| Report { message: p.message, causes: Vec::new(), help: p.help };
        Self { fault, reports: problems.into_iter().map(report).collect() }
    }

    /// A failed operation on a file: `what` is like ``failed to read `Cargo.toml` ``.
    pub(crate) fn io(what: impl Into<String>, error: &io::Error) -> Self {
        Self::call(what).cause(reason(error))
    }

    /// A failure that another program, which ended with `code`, has told the user about.
    pub(crate) fn already_told(code: u8) -> Self {
        let fault = match code {
            2 => Fault::Call,
            130 => Fault::Interrupted,
            _ => Fault::App,
        };
        Self { fault, reports: Vec::new() }
    }

    /// Adds a cause to the last report.
    #[must_use]
    pub(crate) fn cause(mut self, cause: impl Into<String>) -> Self {
        if let Some(report) = self.reports.last_mut() {
            report.causes.push(cause.into());
        }
        self
    }

    /// Adds a help line to the last report.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        if let Some(report) = self.reports.last_mut() {
            report.help.push(help.into());
        }
        self
    }
}

impl From<TemplateError> for Error {
    fn from(error: TemplateError) -> Self {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        let failure = Self::call(error.to_string());
        source.into_iter().fold(failure, Self::cause)
    }
}

/// The system's reason in the form of our messages: ``permission denied``, not ``Permission denied (os error 13)``.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error ").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// A path in the form of our messages: relative to `base` where it lies in it.
pub(crate) fn shown(path: &Path, base: &Path) -> String {
    match path.strip_prefix(base) {
        Ok(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
        Ok(inside) => inside.display().to_string(),
        Err(_) => path.display().to_string(),
    }
}
