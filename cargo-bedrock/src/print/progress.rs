//! How far a build is: a line for each artifact; on a terminal also a last line that moves; for machines one JSON
//! object a line on the standard output, whose schema is `docs/schema/build-events.v1.json`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use super::Printer;
use crate::build::{Part, Zip};
use crate::error::{Error, Result};

/// Of the events for machines. Keys may be added to a version, never changed.
const VERSION: u32 = 1;

/// Tells how far a build is.
#[derive(Debug)]
pub(crate) struct Progress {
    print: Printer,
    /// JSON for machines instead of words for people.
    json: bool,
    /// Why parts are built, and that others are not.
    explain: bool,
    line: ProgressBar,
    began: Instant,
}

impl Progress {
    pub(crate) fn new(print: Printer, json: bool, explain: bool) -> Self {
        let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
        let line = if json || print.quiet || in_ci {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden())
        } else {
            // Hidden by itself where standard error is no terminal.
            ProgressBar::new_spinner()
        };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            line.set_style(style);
        }
        Self { print, json, explain, line, began: Instant::now() }
    }

    pub(crate) fn started(&self, app: &str, parts: &[Part]) {
        self.line.enable_steady_tick(Duration::from_millis(100));
        let ids: Vec<String> = parts.iter().map(Part::id).collect();
        self.event("build-started", None, [("app", json!(app)), ("parts", json!(ids))]);
    }

    /// What cargo is doing.
    pub(crate) fn status(&self, what: &str) {
        self.line.set_message(what.to_owned());
    }

    /// What a compiler says, as it says it.
    pub(crate) fn foreign(&self, text: &str) {
        self.line.suspend(|| self.print.foreign(text));
        self.event("compiler-message", None, [("rendered", json!(text))]);
    }

    pub(crate) fn building(&self, part: &Part) {
        self.line.set_message(format!("building {part}"));
        self.event("part-started", Some(part), []);
    }

    pub(crate) fn built(&self, part: &Part, zip: Option<&Zip>, reasons: &[String], took: Duration) {
        let seconds = took.as_secs_f64();
        self.say(|print| match zip {
            Some(zip) => {
                let why = if self.explain { format!(", {}", reasons.join(", ")) } else { String::new() };
                print.done(&format!("{part}: {} ({seconds:.1} s{why})", size(zip.bytes)));
            }
            None if self.explain => print.note(&format!("{part}: not needed, it has no dependencies")),
            None => {}
        });
        let seconds = json!((seconds * 1000.0).round() / 1000.0);
        self.finished(part, "built", zip, [("reasons", json!(reasons)), ("seconds", seconds)]);
    }

    pub(crate) fn fresh(&self, part: &Part, zip: Option<&Zip>) {
        if self.explain {
            self.say(|print| print.note(&format!("{part}: as it was, nothing that it is made of changed")));
        }
        self.finished(part, "fresh", zip, [("reasons", json!([])), ("seconds", json!(0))]);
    }

    pub(crate) fn warning(&self, part: Option<&Part>, text: &str) {
        self.line.suspend(|| self.print.warning(text));
        self.event("warning", part, [("message", json!(text))]);
    }

    /// A failure, for machines; people are told at the end.
    pub(crate) fn failed(&self, part: Option<&Part>, error: &Error) {
        for report in &error.reports {
            let told =
                [("message", json!(report.message)), ("causes", json!(report.causes)), ("help", json!(report.help))];
            self.event("error", part, told);
        }
    }

    /// A second build begins, in `place`.
    pub(crate) fn verifying(&self, place: &Path) {
        self.line.reset();
        self.line.enable_steady_tick(Duration::from_millis(100));
        self.line.set_message(format!("building a second time in `{}`", place.display()));
        self.event("verify-started", None, []);
    }

    /// The second build is compared.
    pub(crate) fn verified(&self, parts: usize, differing: usize) {
        self.line.finish_and_clear();
        self.event("verify-finished", None, [("parts", json!(parts)), ("differing", json!(differing))]);
    }

    /// The end, good or bad.
    pub(crate) fn ended(&self, success: bool) {
        self.line.finish_and_clear();
        let seconds = (self.began.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
        self.event("build-finished", None, [("success", json!(success)), ("seconds", json!(seconds))]);
    }

    /// Seconds since the beginning.
    pub(crate) fn elapsed(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    fn say(&self, say: impl FnOnce(Printer)) {
        if !self.json {
            self.line.suspend(|| say(self.print));
        }
    }

    fn finished<const N: usize>(&self, part: &Part, status: &str, zip: Option<&Zip>, more: [(&str, Value); N]) {
        let sizes = zip.map(|zip| {
            json!({ "path": part.file(), "bytes": zip.bytes, "unzipped_bytes": zip.unzipped_bytes, "sha256": zip.sha256 })
        });
        let mut event = BTreeMap::from(more);
        event.insert("status", json!(status));
        event.insert("artifact", json!(sizes));
        self.emit("part-finished", Some(part), event);
    }

    fn event<const N: usize>(&self, name: &str, part: Option<&Part>, more: [(&str, Value); N]) {
        self.emit(name, part, BTreeMap::from(more));
    }

    fn emit(&self, name: &str, part: Option<&Part>, mut event: BTreeMap<&str, Value>) {
        if !self.json {
            return;
        }
        event.insert("version", json!(VERSION));
        event.insert("event", json!(name));
        if let Some(part) = part {
            event.insert("part", json!(part.id()));
            event.insert("worker", json!(part.worker().map(bedrock_build::WorkerName::as_str)));
        }
        // A reader that went away has enough.
        let _: Result<()> = Printer::data(&(json!(event).to_string() + "\n"));
    }
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
