//! Prints data to standard output and everything else to standard error.
//!
//! Colour is used on terminals only, unless `--color` says otherwise. `anstream` honours `NO_COLOR`. A reader that
//! closes the pipe is not an error.

use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use bedrock_build::Problem;

use bedrock_diagnostics::{Error, Result};

use super::untrusted_text::displayable;

const ERROR_STYLE: Style = AnsiColor::Red.on_default().bold();
const WARNING_STYLE: Style = AnsiColor::Yellow.on_default().bold();
const SUCCESS_STYLE: Style = AnsiColor::Green.on_default().bold();
const HINT_STYLE: Style = AnsiColor::Cyan.on_default().bold();

/// Colours of function names. Red is left out, because it means an error.
const WORKER_COLORS: [AnsiColor; 10] = [
    AnsiColor::Cyan,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Blue,
    AnsiColor::BrightCyan,
    AnsiColor::BrightYellow,
    AnsiColor::BrightGreen,
    AnsiColor::BrightMagenta,
    AnsiColor::BrightBlue,
];

/// When output is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Color {
    /// On a terminal only.
    #[default]
    Auto,
    Always,
    Never,
}

/// Output settings of the user, and the functions that print with them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Printer {
    pub(crate) color: Color,
    /// Print errors, warnings and data only.
    pub(crate) quiet: bool,
}

impl Printer {
    /// Prints the result of a command to standard output, unchanged and never coloured.
    pub(crate) fn data(text: &str) -> Result<()> {
        Self::data_bytes(text.as_bytes())
    }

    /// Prints a result that need not be text to standard output, unchanged.
    pub(crate) fn data_bytes(bytes: &[u8]) -> Result<()> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(stdout_error(&error)),
            _ => Ok(()),
        }
    }

    /// Prints a part of a continuous result to standard output, with styles on a terminal. Returns false when the
    /// reader has closed the pipe.
    pub(crate) fn colored_data(self, text: &str) -> Result<bool> {
        let mut stdout = AutoStream::new(io::stdout().lock(), self.choice());
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(stdout_error(&error)),
        }
    }

    /// Prints what was done, unless quiet.
    pub(crate) fn done(self, message: &str) {
        self.message(SUCCESS_STYLE, "done", message);
    }

    /// Prints a likely next step of the user, unless quiet.
    pub(crate) fn next(self, message: &str) {
        self.message(HINT_STYLE, "next", message);
    }

    /// Prints a note, unless quiet.
    pub(crate) fn note(self, message: &str) {
        self.message(HINT_STYLE, "note", message);
    }

    /// Prints the output of another program to standard error, unchanged.
    pub(crate) fn raw_stderr(self, text: &str) {
        self.write_stderr(text);
    }

    /// Prints a warning.
    pub(crate) fn warning(self, message: &str) {
        self.write_stderr(&labelled(WARNING_STYLE, "warning", message));
    }

    /// Prints a problem and its help lines as a warning.
    pub(crate) fn warning_with_help(self, problem: &Problem) {
        let help = problem.help.iter().map(|line| labelled(HINT_STYLE, "help", line));
        let text: String = std::iter::once(labelled(WARNING_STYLE, "warning", &problem.message)).chain(help).collect();
        self.write_stderr(&text);
    }

    /// Prints message, causes and help lines of each report of an error.
    pub(crate) fn error(self, error: &Error) {
        for report in &error.reports {
            let message = labelled(ERROR_STYLE, "error", &report.message);
            let causes = report.causes.iter().map(|cause| format!("  caused by: {}\n", indented(cause, 13)));
            let help = report.help.iter().map(|line| labelled(HINT_STYLE, "help", line));
            let text: String = std::iter::once(message).chain(causes).chain(help).collect();
            self.write_stderr(&text);
        }
    }

    fn message(self, style: Style, label: &str, message: &str) {
        if !self.quiet {
            self.write_stderr(&labelled(style, label, message));
        }
    }

    fn write_stderr(self, text: &str) {
        let mut stderr = AutoStream::new(io::stderr().lock(), self.choice());
        // If standard error is closed, there is no other place to report the failure to.
        let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }

    fn choice(self) -> ColorChoice {
        match self.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
    }
}

/// Returns the style of the function with this index. Styles repeat after [`WORKER_COLORS`].
pub(crate) fn worker_style(index: usize) -> Style {
    WORKER_COLORS.get(index % WORKER_COLORS.len()).map(|color| color.on_default()).unwrap_or_default()
}

fn stdout_error(error: &io::Error) -> Error {
    Error::io("failed to write to standard output", error)
}

fn labelled(style: Style, label: &str, text: &str) -> String {
    format!("{style}{label}:{style:#} {}\n", indented(text, label.len() + 2))
}

/// Indents all lines but the first, so that they are aligned with it. Messages quote functions, files and AWS.
fn indented(text: &str, columns: usize) -> String {
    displayable(text).replace('\n', &format!("\n{}", " ".repeat(columns)))
}
