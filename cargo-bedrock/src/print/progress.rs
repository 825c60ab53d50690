//! How far a build is: a line for each part that is ready, on a terminal also one for each that is being made; for
//! machines events instead of words.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

use super::Printer;
use super::events::{artifact, emit, seconds};
use super::lines::Lines;
use crate::build::{Part, Zip};
use bedrock_diagnostics::Error;

/// The line about what cargo does, which is many parts at once.
const CARGO: &str = "cargo";

/// Tells how far a build is.
#[derive(Debug)]
pub(crate) struct Progress {
    print: Printer,
    /// JSON for machines instead of words for people.
    json: bool,
    /// Why parts are built, and that others are not.
    explain: bool,
    lines: Lines,
    compiled: Mutex<Compiled>,
    /// What the compiler says of errors, as it says it, for whoever does not see the terminal.
    errors: Mutex<Vec<String>>,
    began: Instant,
}

/// What the compiler has done so far.
#[derive(Debug, Default, Clone, Copy)]
struct Compiled {
    crates: usize,
    warnings: usize,
    errors: usize,
}

/// How bad a message of the compiler is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    Error,
    Warning,
    Other,
}

impl Progress {
    pub(crate) fn new(print: Printer, json: bool, explain: bool) -> Self {
        let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
        let lines = Lines::new(json || print.quiet || in_ci);
        Self {
            print,
            json,
            explain,
            lines,
            compiled: Mutex::default(),
            errors: Mutex::default(),
            began: Instant::now(),
        }
    }

    /// Words alone, where others write to the terminal meanwhile: a line that moves would be in their way.
    pub(crate) fn beside_others(print: Printer) -> Self {
        Self { lines: Lines::new(true), ..Self::new(print, false, false) }
    }

    pub(crate) fn started(&self, app: &str, parts: &[Part]) {
        if self.json {
            let ids: Vec<String> = parts.iter().map(Part::id).collect();
            emit("build-started", None, [("app", json!(app)), ("parts", json!(ids))]);
        }
    }

    /// What cargo is doing.
    pub(crate) fn status(&self, what: &str) {
        let Compiled { crates, warnings, errors } = self.count(|_| {});
        let counted = [(crates, "crate"), (warnings, "warning"), (errors, "error")];
        let words = counted.iter().filter(|(count, _)| *count > 0).map(|(count, what)| counted_word(*count, what));
        let words: Vec<String> = words.collect();
        let words = if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) };
        self.lines.say(CARGO, format!("{what}{words}"));
    }

    /// A crate is compiled.
    pub(crate) fn compiled(&self, name: &str) {
        self.count(|compiled| compiled.crates += 1);
        self.status(&format!("compiled {name}"));
    }

    /// What the compiler says of a package, as it says it.
    pub(crate) fn compiler_message(&self, package: &str, severity: Severity, text: &str) {
        self.count(|compiled| match severity {
            Severity::Error => compiled.errors += 1,
            Severity::Warning => compiled.warnings += 1,
            Severity::Other => {}
        });
        self.lines.above(|| self.print.foreign(text));
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
            let told = [("package", json!(package)), ("level", json!(level)), ("rendered", json!(text))];
            emit("compiler-message", None, told);
        }
    }

    /// What the compiler said of errors, without colours.
    pub(crate) fn errors(&self) -> Vec<String> {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self, count: impl FnOnce(&mut Compiled)) -> Compiled {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        count(&mut compiled);
        *compiled
    }

    pub(crate) fn building(&self, part: &Part) {
        self.lines.say(&part.id(), format!("building {part}"));
        if self.json {
            emit("part-started", Some(part), []);
        }
    }

    pub(crate) fn built(&self, part: &Part, zip: Option<&Zip>, reasons: &[String], took: Duration) {
        self.lines.end(&part.id());
        self.say(|print| match zip {
            Some(zip) => {
                let why = if self.explain { format!(", {}", reasons.join(", ")) } else { String::new() };
                print.done(&format!("{part}: {} ({:.1} s{why})", size(zip.bytes), took.as_secs_f64()));
            }
            None if self.explain => print.note(&format!("{part}: not needed, it has no dependencies")),
            None => {}
        });
        self.finished(part, "built", zip, (reasons, took));
    }

    pub(crate) fn fresh(&self, part: &Part, zip: Option<&Zip>) {
        if self.explain {
            self.say(|print| print.note(&format!("{part}: as it was, nothing that it is made of changed")));
        }
        self.finished(part, "fresh", zip, (&[], Duration::ZERO));
    }

    fn finished(&self, part: &Part, status: &str, zip: Option<&Zip>, (reasons, took): (&[String], Duration)) {
        if self.json {
            let told = [
                ("status", json!(status)),
                ("artifact", artifact(part, zip)),
                ("reasons", json!(reasons)),
                ("seconds", seconds(took)),
            ];
            emit("part-finished", Some(part), told);
        }
    }

    pub(crate) fn warning(&self, part: Option<&Part>, text: &str) {
        self.lines.above(|| self.print.warning(text));
        if self.json {
            emit("warning", part, [("message", json!(text))]);
        }
    }

    /// A failure, for machines; people are told at the end.
    pub(crate) fn failed(&self, part: Option<&Part>, error: &Error) {
        self.lines.end(&part.map_or_else(|| CARGO.to_owned(), Part::id));
        if self.json {
            for report in &error.reports {
                let told = [
                    ("message", json!(report.message)),
                    ("causes", json!(report.causes)),
                    ("help", json!(report.help)),
                ];
                emit("error", part, told);
            }
        }
    }

    /// A second build begins, in `place`.
    pub(crate) fn verifying(&self, place: &Path) {
        self.lines.say(CARGO, format!("building a second time in `{}`", place.display()));
        if self.json {
            emit("verify-started", None, []);
        }
    }

    /// The second build is compared.
    pub(crate) fn verified(&self, parts: usize, differing: usize) {
        self.lines.end_all();
        if self.json {
            emit("verify-finished", None, [("parts", json!(parts)), ("differing", json!(differing))]);
        }
    }

    /// The end, good or bad.
    pub(crate) fn ended(&self, success: bool) {
        self.lines.end_all();
        if self.json {
            let told = [("success", json!(success)), ("seconds", seconds(self.began.elapsed()))];
            emit("build-finished", None, told);
        }
    }

    /// Seconds since the beginning.
    pub(crate) fn elapsed(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    fn say(&self, say: impl FnOnce(Printer)) {
        if !self.json {
            self.lines.above(|| say(self.print));
        }
    }
}

fn counted_word(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Bytes for people: `650 KB`, `1.2 MB`; decimal, as Lambda's limits are told.
pub(crate) fn size(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "one digit behind the point is shown")]
    let bytes = bytes as f64;
    match bytes {
        bytes if bytes < 1e3 => format!("{bytes} B"),
        bytes if bytes < 999_500.0 => format!("{:.0} KB", bytes / 1e3),
        bytes => format!("{:.1} MB", bytes / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_have_three_digits_or_so() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1 KB"),
            (583_400, "583 KB"),
            (999_500, "1.0 MB"),
            (52_428_800, "52.4 MB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
