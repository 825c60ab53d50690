//! The one module that prints. Data goes to the standard output, everything else to standard error.
//!
//! Colour is used on terminals alone, unless `--color` says otherwise; `NO_COLOR` is honoured (by `anstream`).
//! A reader that closes the pipe has enough: that is no error.

mod deploy_reporter;
mod events;
mod lines;
mod log_lines;
mod names;
mod progress;

use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use bedrock_build::Problem;

use bedrock_diagnostics::{Error, Result};

pub(crate) use deploy_reporter::DeployReporter;
pub(crate) use log_lines::LogReporter;
pub(crate) use names::style_of;
pub(crate) use progress::{Progress, Severity, size};

const BAD: Style = AnsiColor::Red.on_default().bold();
const ODD: Style = AnsiColor::Yellow.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Color {
    /// On a terminal.
    #[default]
    Auto,
    Always,
    Never,
}

/// How the user wants to be talked to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Printer {
    pub(crate) color: Color,
    /// Errors, warnings and data alone.
    pub(crate) quiet: bool,
}

impl Printer {
    /// The answer of the command, byte for byte and never coloured.
    pub(crate) fn data(text: &str) -> Result<()> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Error::io("failed to write to the standard output", &error))
            }
            _ => Ok(()),
        }
    }

    /// A part of an answer that goes on and on, with styles for terminals; whether there is still a reader.
    pub(crate) fn colored_data(self, text: &str) -> Result<bool> {
        let mut stdout = AutoStream::new(io::stdout().lock(), self.choice());
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(Error::io("failed to write to the standard output", &error)),
        }
    }

    /// What was done.
    pub(crate) fn done(self, what: &str) {
        self.talk(GOOD, "done", what);
    }

    /// What the user will want to do now.
    pub(crate) fn next(self, what: &str) {
        self.talk(HINT, "next", what);
    }

    /// Something to know.
    pub(crate) fn note(self, what: &str) {
        self.talk(HINT, "note", what);
    }

    /// What another program said, as it said it.
    pub(crate) fn foreign(self, text: &str) {
        self.to_stderr(text);
    }

    /// Something that will be a problem later.
    pub(crate) fn warning(self, what: &str) {
        self.to_stderr(&labelled(ODD, "warning", what));
    }

    /// A warning with what to do about it.
    pub(crate) fn problem(self, problem: &Problem) {
        let help = problem.help.iter().map(|line| labelled(HINT, "help", line));
        let text: String = std::iter::once(labelled(ODD, "warning", &problem.message)).chain(help).collect();
        self.to_stderr(&text);
    }

    /// Message, causes and help of each problem.
    pub(crate) fn error(self, error: &Error) {
        for report in &error.reports {
            let message = labelled(BAD, "error", &report.message);
            let causes = report.causes.iter().map(|cause| format!("  caused by: {}\n", indented(cause, 13)));
            let help = report.help.iter().map(|line| labelled(HINT, "help", line));
            let text: String = std::iter::once(message).chain(causes).chain(help).collect();
            self.to_stderr(&text);
        }
    }

    fn talk(self, style: Style, label: &str, what: &str) {
        if !self.quiet {
            self.to_stderr(&labelled(style, label, what));
        }
    }

    /// There is nobody left to tell when standard error cannot be written.
    fn to_stderr(self, text: &str) {
        let mut stderr = AutoStream::new(io::stderr().lock(), self.choice());
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

fn labelled(style: Style, label: &str, text: &str) -> String {
    format!("{style}{label}:{style:#} {}\n", indented(text, label.len() + 2))
}

/// Further lines of a text stand below its first one.
fn indented(text: &str, columns: usize) -> String {
    text.replace('\n', &format!("\n{}", " ".repeat(columns)))
}
