//! Progress of a build. For people: a line for each finished artifact and, on a terminal, a line for each artifact that
//! is being built. For programs: one JSON object a line on standard output. `docs/schema/build-events.v1.json` is the
//! schema of the JSON; keys may be added within a version, never changed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::printer::Printer;
use super::progress_lines::ProgressLines;
use crate::build::{Part, Zip};
use bedrock_diagnostics::{Error, Result};

/// Version of the JSON events.
const EVENT_VERSION: u32 = 1;

/// Key of cargo's progress line. One run of cargo builds many artifacts at once.
const CARGO_LINE: &str = "cargo";

/// Reports the progress of a build.
#[derive(Debug)]
pub(crate) struct BuildReporter {
    print: Printer,
    /// Print JSON events instead of text.
    json: bool,
    /// Also print why an artifact was rebuilt, and which artifacts were not.
    explain: bool,
    lines: ProgressLines,
    counts: Mutex<CompilerCounts>,
    /// Rendered compiler errors, for clients that do not see the terminal.
    errors: Mutex<Vec<String>>,
    started_at: Instant,
}

/// Numbers of what the compiler has reported so far.
#[derive(Debug, Default, Clone, Copy)]
struct CompilerCounts {
    crates: usize,
    warnings: usize,
    errors: usize,
}

/// Severity of a compiler message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    Error,
    Warning,
    Other,
}

impl BuildReporter {
    pub(crate) fn new(print: Printer, json: bool, explain: bool) -> Self {
        let is_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
        let lines = ProgressLines::new(json || print.quiet || is_ci);
        Self {
            print,
            json,
            explain,
            lines,
            counts: Mutex::default(),
            errors: Mutex::default(),
            started_at: Instant::now(),
        }
    }

    /// Creates a reporter without progress lines, for a build during which others write to the same terminal.
    pub(crate) fn without_progress_lines(print: Printer) -> Self {
        Self { lines: ProgressLines::new(true), ..Self::new(print, false, false) }
    }

    /// Reports the start of the build and the artifacts that it will build.
    pub(crate) fn started(&self, app: &str, parts: &[Part]) {
        if self.json {
            let ids: Vec<String> = parts.iter().map(Part::id).collect();
            print_event("build-started", None, [("app", json!(app)), ("parts", json!(ids))]);
        }
    }

    /// Updates cargo's progress line.
    pub(crate) fn status(&self, message: &str) {
        let CompilerCounts { crates, warnings, errors } = self.update_counts(|_| {});
        let counts = [(crates, "crate"), (warnings, "warning"), (errors, "error")];
        let counts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, noun)| pluralized(*count, noun));
        let counts: Vec<String> = counts.collect();
        let counts = if counts.is_empty() { String::new() } else { format!(" ({})", counts.join(", ")) };
        self.lines.set(CARGO_LINE, format!("{message}{counts}"));
    }

    /// Reports that a crate has been compiled.
    pub(crate) fn compiled(&self, name: &str) {
        self.update_counts(|counts| counts.crates += 1);
        self.status(&format!("compiled {name}"));
    }

    /// Prints a message of the compiler about a package. `text` is the compiler's rendering, with colours.
    pub(crate) fn compiler_message(&self, package: &str, severity: Severity, text: &str) {
        self.update_counts(|counts| match severity {
            Severity::Error => counts.errors += 1,
            Severity::Warning => counts.warnings += 1,
            Severity::Other => {}
        });
        self.lines.print_above(|| self.print.raw_stderr(text));
        if severity == Severity::Error {
            let text = anstream::adapter::strip_str(text).to_string();
            self.errors.lock().unwrap_or_else(PoisonError::into_inner).push(text.trim_end().to_owned());
        }
        if self.json {
            let level = match severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Other => "note",
            };
            let fields = [("package", json!(package)), ("level", json!(level)), ("rendered", json!(text))];
            print_event("compiler-message", None, fields);
        }
    }

    /// Returns the compiler errors so far, without colours.
    pub(crate) fn errors(&self) -> Vec<String> {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn update_counts(&self, update: impl FnOnce(&mut CompilerCounts)) -> CompilerCounts {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        update(&mut counts);
        *counts
    }

    /// Reports that an artifact is being built.
    pub(crate) fn building(&self, part: &Part) {
        self.lines.set(&part.id(), format!("building {part}"));
        if self.json {
            print_event("part-started", Some(part), []);
        }
    }

    /// Reports a rebuilt artifact. `zip` is `None` for a layer that turned out to be empty.
    pub(crate) fn built(&self, part: &Part, zip: Option<&Zip>, reasons: &[String], took: Duration) {
        self.lines.remove(&part.id());
        self.print_text(|print| match zip {
            Some(zip) => {
                let reasons = if self.explain { format!(", {}", reasons.join(", ")) } else { String::new() };
                print.done(&format!("{part}: {} ({:.1} s{reasons})", format_size(zip.bytes), took.as_secs_f64()));
            }
            None if self.explain => print.note(&format!("{part}: not needed, it has no dependencies")),
            None => {}
        });
        self.part_finished(part, "built", zip, reasons, took);
    }

    /// Reports an artifact that did not have to be rebuilt.
    pub(crate) fn fresh(&self, part: &Part, zip: Option<&Zip>) {
        if self.explain {
            self.print_text(|print| print.note(&format!("{part}: up to date, none of its inputs changed")));
        }
        self.part_finished(part, "fresh", zip, &[], Duration::ZERO);
    }

    fn part_finished(&self, part: &Part, status: &str, zip: Option<&Zip>, reasons: &[String], took: Duration) {
        if self.json {
            let fields = [
                ("status", json!(status)),
                ("artifact", artifact_json(part, zip)),
                ("reasons", json!(reasons)),
                ("seconds", seconds_json(took)),
            ];
            print_event("part-finished", Some(part), fields);
        }
    }

    /// Prints a warning.
    pub(crate) fn warning(&self, part: Option<&Part>, text: &str) {
        self.lines.print_above(|| self.print.warning(text));
        if self.json {
            print_event("warning", part, [("message", json!(text))]);
        }
    }

    /// Publishes a failure as a JSON event. As text, the error is printed when the command ends.
    pub(crate) fn failed(&self, part: Option<&Part>, error: &Error) {
        self.lines.remove(&part.map_or_else(|| CARGO_LINE.to_owned(), Part::id));
        if self.json {
            for report in &error.reports {
                let fields = [
                    ("message", json!(report.message)),
                    ("causes", json!(report.causes)),
                    ("help", json!(report.help)),
                ];
                print_event("error", part, fields);
            }
        }
    }

    /// Reports the start of the second build of `--verify`, in `folder`.
    pub(crate) fn verifying(&self, folder: &Path) {
        self.lines.set(CARGO_LINE, format!("building a second time in `{}`", folder.display()));
        if self.json {
            print_event("verify-started", None, []);
        }
    }

    /// Reports the number of artifacts that were compared, and how many of them differ.
    pub(crate) fn verified(&self, parts: usize, differing: usize) {
        self.lines.clear();
        if self.json {
            print_event("verify-finished", None, [("parts", json!(parts)), ("differing", json!(differing))]);
        }
    }

    /// Reports the end of the build.
    pub(crate) fn ended(&self, success: bool) {
        self.lines.clear();
        if self.json {
            let fields = [("success", json!(success)), ("seconds", seconds_json(self.started_at.elapsed()))];
            print_event("build-finished", None, fields);
        }
    }

    /// Returns the seconds since the start.
    pub(crate) fn elapsed(&self) -> f64 {
        self.started_at.elapsed().as_secs_f64()
    }

    /// Runs `print` above the progress lines, unless the output is JSON.
    fn print_text(&self, print: impl FnOnce(Printer)) {
        if !self.json {
            self.lines.print_above(|| print(self.print));
        }
    }
}

/// Prints one JSON event. `part` is the artifact that it is about, if any.
fn print_event<const N: usize>(name: &str, part: Option<&Part>, fields: [(&str, Value); N]) {
    let mut event = BTreeMap::from(fields);
    event.insert("version", json!(EVENT_VERSION));
    event.insert("event", json!(name));
    if let Some(part) = part {
        event.insert("part", json!(part.id()));
        event.insert("worker", json!(part.worker().map(bedrock_build::WorkerName::as_str)));
    }
    // A closed pipe or a full disk must not stop the build.
    let _: Result<()> = Printer::data(&(json!(event).to_string() + "\n"));
}

/// Returns path (relative to the artifact folder), sizes and digest of a zip file, or null if the artifact has none.
fn artifact_json(part: &Part, zip: Option<&Zip>) -> Value {
    zip.map_or(Value::Null, |zip| {
        json!({
            "path": part.file(), "bytes": zip.bytes, "unzipped_bytes": zip.unzipped_bytes, "sha256": zip.sha256
        })
    })
}

/// Returns seconds, rounded to milliseconds.
fn seconds_json(duration: Duration) -> Value {
    json!((duration.as_secs_f64() * 1000.0).round() / 1000.0)
}

fn pluralized(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Returns a number of bytes as text: `650 KB`, `1.2 MB`. Units are decimal, like Lambda's limits.
pub(crate) fn format_size(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "only one decimal digit is shown")]
    let bytes = bytes as f64;
    match bytes {
        bytes if bytes < 1e3 => format!("{bytes} B"),
        bytes if bytes < 999_500.0 => format!("{:.0} KB", bytes / 1e3),
        bytes => format!("{:.1} MB", bytes / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::format_size;

    #[test]
    fn sizes_are_shown_with_about_three_digits() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1 KB"),
            (583_400, "583 KB"),
            (999_500, "1.0 MB"),
            (52_428_800, "52.4 MB"),
        ] {
            assert_eq!(format_size(bytes), text);
        }
    }
}
