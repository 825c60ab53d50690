//! Progress of a build. For people: a line for each finished artifact and, on a terminal, a line for each artifact that
//! is being built. For programs: one JSON object a line on standard output. `docs/schema/build-events.v1.json` is the
//! schema of the JSON; keys may be added within a version, never changed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bedrock_artifacts::PackageSize;
use serde_json::{Value, json};

use super::printer::Printer;
use super::progress_lines::ProgressLines;
use bedrock_diagnostics::{Error, Result};
use bedrock_package::{Artifact, ArtifactSummary, BuildObserver, Severity, ZipRecord};

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
    /// Whether the event `build-finished` is printed.
    has_ended: AtomicBool,
}

/// Numbers of what the compiler has reported so far.
#[derive(Debug, Default, Clone, Copy)]
struct CompilerCounts {
    crates: usize,
    warnings: usize,
    errors: usize,
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
            has_ended: AtomicBool::new(false),
        }
    }

    /// Prints the events `error` and `build-finished` of a build that failed before it started. Returns `result`.
    pub(crate) fn end(&self, result: Result<()>) -> Result<()> {
        if let Err(error) = &result
            && !self.has_ended.load(Ordering::Relaxed)
        {
            self.failed(None, error);
            self.ended(false);
        }
        result
    }

    /// Creates a reporter without progress lines, for a build during which others write to the same terminal.
    pub(crate) fn without_progress_lines(print: Printer) -> Self {
        Self { lines: ProgressLines::new(true), ..Self::new(print, false, false) }
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

    fn part_finished(
        &self,
        artifact: &Artifact,
        status: &str,
        zip: Option<&ZipRecord>,
        reasons: &[String],
        took: Duration,
    ) {
        if self.json {
            let fields = [
                ("status", json!(status)),
                ("artifact", artifact_json(artifact, zip)),
                ("reasons", json!(reasons)),
                ("seconds", seconds_json(took)),
            ];
            print_event("part-finished", Some(artifact), fields);
        }
    }

    /// Runs `print` above the progress lines, unless the output is JSON.
    fn print_text(&self, print: impl FnOnce(Printer)) {
        if !self.json {
            self.lines.print_above(|| print(self.print));
        }
    }
}

impl BuildObserver for BuildReporter {
    fn waiting_for_other_build(&self) {
        self.print_text(|print| print.note("another build of this app is running, waiting for it"));
    }

    fn started(&self, app: &str, artifacts: &[Artifact]) {
        if self.json {
            let ids: Vec<String> = artifacts.iter().map(Artifact::id).collect();
            print_event("build-started", None, [("app", json!(app)), ("parts", json!(ids))]);
        }
    }

    fn status(&self, message: &str) {
        let CompilerCounts { crates, warnings, errors } = self.update_counts(|_| {});
        let counts = [(crates, "crate"), (warnings, "warning"), (errors, "error")];
        let counts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, noun)| pluralized(*count, noun));
        let counts: Vec<String> = counts.collect();
        let counts = if counts.is_empty() { String::new() } else { format!(" ({})", counts.join(", ")) };
        self.lines.set(CARGO_LINE, format!("{message}{counts}"));
    }

    fn compile_progress(&self, done: usize, total: usize) {
        self.lines.set_progress(CARGO_LINE, done, total);
    }

    fn still_compiling(&self, done: usize, total: usize, took: Duration) {
        // On a terminal there is a bar.
        if self.lines.is_hidden() {
            let crates = if total == 0 { String::new() } else { format!(", {done} of {total} crates are done") };
            self.print_text(|print| print.note(&format!("compiling since {} s{crates}", took.as_secs())));
        }
    }

    fn compiled(&self, name: &str) {
        self.update_counts(|counts| counts.crates += 1);
        self.status(&format!("compiled {name}"));
    }

    fn compiler_message(&self, package: &str, severity: Severity, text: &str) {
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

    fn building(&self, artifact: &Artifact) {
        self.lines.set(&artifact.id(), format!("building {artifact}"));
        if self.json {
            print_event("part-started", Some(artifact), []);
        }
    }

    fn built(&self, artifact: &Artifact, zip: Option<&ZipRecord>, reasons: &[String], took: Duration) {
        self.lines.remove(&artifact.id());
        self.print_text(|print| match zip {
            Some(zip) => {
                let reasons = if self.explain { format!(", {}", reasons.join(", ")) } else { String::new() };
                print.done(&format!("{artifact}: {} ({:.1} s{reasons})", format_size(zip.bytes), took.as_secs_f64()));
            }
            None if self.explain => print.note(&format!("{artifact}: not needed, it has no dependencies")),
            None => {}
        });
        self.part_finished(artifact, "built", zip, reasons, took);
    }

    fn sbom_written(&self, artifact: &Artifact, path: &str, components: usize) {
        if self.json {
            print_event("sbom-written", Some(artifact), [("path", json!(path)), ("components", json!(components))]);
        }
        let packages = pluralized(components, "package");
        self.print_text(|print| print.note(&format!("{artifact}: {packages} in `target/bedrock/{path}`")));
    }

    fn compiled_bytecode(&self, artifact: &Artifact, version: &str, interpreter: &Path) {
        let interpreter = interpreter.display();
        if self.json {
            let fields = [("python_version", json!(version)), ("interpreter", json!(interpreter.to_string()))];
            print_event("bytecode-compiled", Some(artifact), fields);
        }
        self.print_text(|print| print.note(&format!("{artifact}: bytecode of Python {version}, by `{interpreter}`")));
    }

    fn fresh(&self, artifact: &Artifact, zip: Option<&ZipRecord>) {
        if self.explain {
            self.print_text(|print| print.note(&format!("{artifact}: up to date, none of its inputs changed")));
        }
        self.part_finished(artifact, "fresh", zip, &[], Duration::ZERO);
    }

    fn warning(&self, artifact: Option<&Artifact>, text: &str) {
        self.lines.print_above(|| self.print.warning(text));
        if self.json {
            print_event("warning", artifact, [("message", json!(text))]);
        }
    }

    fn failed(&self, artifact: Option<&Artifact>, error: &Error) {
        self.lines.remove(&artifact.map_or_else(|| CARGO_LINE.to_owned(), Artifact::id));
        if self.json {
            for report in &error.reports {
                let fields = [
                    ("message", json!(report.message)),
                    ("causes", json!(report.causes)),
                    ("help", json!(report.help)),
                ];
                print_event("error", artifact, fields);
            }
        }
    }

    fn verifying(&self, folder: &Path) {
        self.lines.set(CARGO_LINE, format!("building a second time in `{}`", folder.display()));
        if self.json {
            print_event("verify-started", None, []);
        }
    }

    fn verified(&self, artifacts: usize, differing: usize) {
        self.lines.clear();
        if self.json {
            print_event("verify-finished", None, [("parts", json!(artifacts)), ("differing", json!(differing))]);
        }
        if differing == 0 {
            self.print_text(|print| {
                print.done(&format!("verified {artifacts} parts: a build elsewhere gave the same bytes"));
            });
        }
    }

    fn ended(&self, success: bool) {
        self.lines.clear();
        self.has_ended.store(true, Ordering::Relaxed);
        if self.json {
            let fields = [("success", json!(success)), ("seconds", seconds_json(self.started_at.elapsed()))];
            print_event("build-finished", None, fields);
        }
    }

    fn summary(&self, artifacts: &[ArtifactSummary]) {
        if self.json || self.print.quiet {
            return;
        }
        let rebuilt = artifacts.iter().filter(|summary| summary.is_rebuilt).count();
        if rebuilt > 0 || self.explain {
            self.print.note(&size_table(artifacts));
        }
        if self.explain {
            for summary in artifacts.iter().filter(|summary| summary.zip.is_some()) {
                let line = |package: &PackageSize| format!("\n{:>9}  {}", format_size(package.bytes), package.name);
                let list: Vec<String> = summary.largest_packages.iter().map(line).collect();
                self.print.note(&format!("the largest in `{}`{}", summary.artifact.file(), list.concat()));
            }
        }
        let count = artifacts.len();
        let seconds = self.started_at.elapsed().as_secs_f64();
        self.print.done(&match rebuilt {
            0 => format!("nothing to do, all {count} parts are up to date ({seconds:.2} s)"),
            rebuilt => format!("built {rebuilt} of {count} parts into `target/bedrock` ({seconds:.1} s)"),
        });
    }
}

/// Returns a table with the sizes of the zip files and of their contents.
fn size_table(artifacts: &[ArtifactSummary]) -> String {
    let rows = artifacts.iter().filter_map(|summary| {
        let zip = summary.zip.as_ref()?;
        Some([summary.artifact.file(), format_size(zip.bytes), format_size(zip.unzipped_bytes)])
    });
    let rows: Vec<[String; 3]> = rows.collect();
    let width = rows.iter().map(|row| row[0].len()).max().unwrap_or_default();
    let head = format!("{:width$}  {:>9}  {:>9}", "artifact", "zip", "unzipped");
    let line = |[file, zip, unzipped]: [String; 3]| format!("{file:width$}  {zip:>9}  {unzipped:>9}");
    let lines: Vec<String> = std::iter::once(head).chain(rows.into_iter().map(line)).collect();
    lines.join("\n")
}

/// Prints one JSON event. `artifact` is the artifact that it is about, if any.
fn print_event<const N: usize>(name: &str, artifact: Option<&Artifact>, fields: [(&str, Value); N]) {
    let mut event = BTreeMap::from(fields);
    event.insert("version", json!(EVENT_VERSION));
    event.insert("event", json!(name));
    if let Some(artifact) = artifact {
        event.insert("part", json!(artifact.id()));
        event.insert("worker", json!(artifact.worker().map(bedrock_build::WorkerName::as_str)));
    }
    // A closed pipe or a full disk must not stop the build.
    let _: Result<()> = Printer::data(&(json!(event).to_string() + "\n"));
}

/// Returns path (relative to the artifact folder), sizes and digest of a zip file, or null if the artifact has none.
fn artifact_json(artifact: &Artifact, zip: Option<&ZipRecord>) -> Value {
    zip.map_or(Value::Null, |zip| {
        json!({
            "path": artifact.file(), "bytes": zip.bytes, "unzipped_bytes": zip.unzipped_bytes, "sha256": zip.sha256
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
