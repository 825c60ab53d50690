//! Findings with their levels, and the report of all of them.

use serde::Serialize;

use bedrock_diagnostics::{Error, Result};

/// Severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Ok,
    /// Could be better, but the app does not need it.
    Note,
    /// The app cannot do without it.
    Error,
}

/// Result of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// A tool, or `settings`, `limits`, `credentials`.
    pub(crate) subject: String,
    pub(crate) level: Level,
    pub(crate) message: String,
    /// Version of the tool, if it is known.
    pub(crate) version: Option<String>,
    /// Commands to run.
    pub(crate) help: Vec<String>,
}

impl Finding {
    pub(super) fn ok(subject: &str, message: impl Into<String>) -> Self {
        Self::new(subject, Level::Ok, message)
    }

    pub(super) fn note(subject: &str, message: impl Into<String>) -> Self {
        Self::new(subject, Level::Note, message)
    }

    pub(super) fn error(subject: &str, message: impl Into<String>) -> Self {
        Self::new(subject, Level::Error, message)
    }

    fn new(subject: &str, level: Level, message: impl Into<String>) -> Self {
        Self { subject: subject.to_owned(), level, message: message.into(), version: None, help: Vec::new() }
    }

    #[must_use]
    pub(super) fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }
}

/// All findings about an app, or about this machine outside of an app.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) app: Option<String>,
    pub(crate) findings: Vec<Finding>,
}

/// The report as JSON.
#[derive(Serialize)]
struct ReportDocument<'a> {
    version: u64,
    app: Option<&'a str>,
    ok: bool,
    findings: &'a [Finding],
}

impl Report {
    /// Returns the number of errors.
    pub(crate) fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.level == Level::Error).count()
    }

    /// Returns the report as text: a line for each finding, followed by its help lines.
    pub(crate) fn text(&self) -> String {
        let width = self.findings.iter().map(|finding| finding.subject.chars().count()).max().unwrap_or_default();
        let line = |finding: &Finding| {
            let level = match finding.level {
                Level::Ok => "ok",
                Level::Note => "note",
                Level::Error => "error",
            };
            let first = format!("{level:5}  {:width$}  {}\n", finding.subject, finding.message);
            let help = finding.help.iter().map(|help| format!("{:1$}help: {help}\n", "", width + 9));
            std::iter::once(first).chain(help).collect::<String>()
        };
        self.findings.iter().map(line).collect()
    }

    /// Returns the report as JSON.
    pub(crate) fn json(&self) -> Result<String> {
        let ok = self.errors() == 0;
        let document = ReportDocument { version: 1, app: self.app.as_deref(), ok, findings: &self.findings };
        let text = serde_json::to_string_pretty(&document)
            .map_err(|error| Error::call("failed to write the findings as JSON").cause(error.to_string()))?;
        Ok(text + "\n")
    }
}
