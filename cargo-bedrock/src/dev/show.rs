//! What happens, as lines on the standard output: each worker in a colour of its own, or one JSON object a line.

mod lines;

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use bedrock_build::{App, Trigger};
use bedrock_dev::runtime::Line;
use bedrock_dev::{BuildFailed, ENDPOINT, Failed, Reload, Reloaded, Written};
use serde::Serialize;
use serde_json::{Value, json};

use super::keys::HELP;
use crate::print::{Color, Printer, style_of};
use lines::{Lines, Said};

/// How long the end of the program waits for a terminal that takes no lines.
const PATIENCE: Duration = Duration::from_secs(2);
/// Characters of a request id that tell invocations apart for a reader.
const SHORT: usize = 8;
/// Saved files that a line names.
const SHOWN_FILES: usize = 3;
/// Empties a terminal.
const CLEAR: &str = "\u{1b}[H\u{1b}[2J\u{1b}[3J";
/// Columns below which a line begins with the worker alone.
const NARROW: u16 = 60;
/// Of the events for machines; keys may be added to a version, never changed.
const VERSION: u32 = 1;

/// The writing thread.
pub(super) struct Show {
    lines: Lines,
    form: Arc<Form>,
    app: String,
    /// What invokes workers besides calls, as lines.
    triggers: String,
    /// Hears of the end of the writing.
    written: Receiver<()>,
}

/// How lines look.
#[derive(Debug, Clone)]
struct Form {
    json: bool,
    /// Of the functions, in the order of their colours.
    names: Vec<String>,
    width: usize,
    /// Without what only helps.
    quiet: bool,
}

impl Show {
    pub(super) fn start(app: &App, json: bool, print: Printer) -> Self {
        let form = Arc::new(Form { quiet: print.quiet, ..Form::new(json, names(app)) });
        let (done, written) = channel();
        let (lines, waiting) = Lines::new();
        // JSON has no styles that would have to be looked for.
        let print = if json { Printer { color: Color::Always, ..print } } else { print };
        let _ = std::thread::Builder::new().name("show".to_owned()).spawn(move || {
            waiting.write(print);
            let _ = done.send(());
        });
        Self { lines, form, app: app.name.to_string(), triggers: triggers(app), written }
    }

    /// The app can be called.
    pub(super) fn opened(&self, url: &str, has_keys: bool) {
        self.lines.say(Said::Text(self.form.opened(&self.app, url, has_keys)));
        if !self.form.json && !self.triggers.is_empty() {
            self.lines.say(Said::Text(self.triggers.clone()));
        }
    }

    /// Something for the user alone.
    pub(super) fn text(&self, text: &str) {
        self.lines.say(Said::Text(format!("{text}\n")));
    }

    /// Where a debugger finds a worker, as an editor has to be told it.
    pub(super) fn debugger(&self, worker: &str, entry: &Value, hints: &[String]) {
        self.lines.say(Said::Text(self.form.debugger(worker, entry, hints)));
    }

    /// Empties the terminal, with what was scrolled out of it.
    pub(super) fn clear(&self) {
        self.lines.say(Said::Text(CLEAR.to_owned()));
    }

    /// The same lines for the app as it has become.
    pub(super) fn of(self, app: &App) -> Self {
        let form = Arc::new(Form { quiet: self.form.quiet, ..Form::new(self.form.json, names(app)) });
        Self { form, app: app.name.to_string(), triggers: triggers(app), ..self }
    }

    /// What runs is older than the app's files. People have been told when it did not compile.
    pub(super) fn not_built(&self, failed: &BuildFailed) {
        if self.form.json {
            let event = json!({ "version": VERSION, "event": "build-failed", "messages": failed.messages });
            self.lines.say(Said::Text(format!("{event}\n")));
        }
    }

    /// What became of a saved file.
    pub(super) fn reload(&self, reload: &Reload) {
        let is_news = self.form.json || !self.form.quiet || matches!(reload, Reload::Failed(_));
        if !is_news {
            return;
        }
        self.lines.say(Said::Text(self.form.reload(reload)));
    }

    /// Takes what workers print.
    pub(super) fn sink(&self) -> impl Fn(Line) + Send + Sync + use<> {
        let (lines, form) = (self.lines.clone(), Arc::clone(&self.form));
        move |line| lines.say(Said::Line(Arc::clone(&form), line))
    }

    /// Waits until everything is written that was said. Those who still have a sink are not waited for.
    pub(super) fn finish(self) {
        self.lines.say(Said::End);
        let _ = self.written.recv_timeout(PATIENCE);
    }
}

/// Of all functions, in the order of their colours.
fn names(app: &App) -> Vec<String> {
    [ENDPOINT.to_owned()].into_iter().chain(app.workers.iter().map(|worker| worker.name.to_string())).collect()
}

/// A line for each trigger: what it is, whom it invokes, and where a bucket's files are.
fn triggers(app: &App) -> String {
    let mut text = String::new();
    for worker in &app.workers {
        for trigger in &worker.settings.triggers {
            let place = match trigger {
                Trigger::Bucket(bucket) => format!(", in `{}`", bucket.folder()),
                _ => String::new(),
            };
            let _ = writeln!(text, "  {} invokes `{}`{place}", trigger.title(), worker.name);
        }
    }
    text
}

/// A line of a worker for machines: the one event of which there are thousands in a second.
#[derive(Serialize)]
struct LogEvent<'a> {
    event: &'static str,
    message: &'a str,
    request_id: Option<&'a str>,
    version: u32,
    worker: Option<&'a str>,
}

impl<'a> LogEvent<'a> {
    fn of(Line { worker, request_id, text }: &'a Line) -> Self {
        let worker = (!worker.is_empty()).then_some(&**worker);
        Self { event: "log", message: text, request_id: request_id.as_deref(), version: VERSION, worker }
    }

    fn json(&self) -> String {
        // Texts and numbers are always JSON.
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }
}

impl Form {
    fn new(json: bool, names: Vec<String>) -> Self {
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
        Self { json, names, width, quiet: false }
    }

    fn opened(&self, app: &str, url: &str, has_keys: bool) -> String {
        if self.json {
            return format!("{}\n", json!({ "version": VERSION, "event": "app-started", "app": app, "url": url }));
        }
        let port = url.rsplit(':').next().unwrap_or_default();
        let width = "Lambda's API".len();
        let mut text = format!("`{app}` runs, stop it with Ctrl-C\n");
        // The names below `localhost` are this machine's loopback, wherever it listens.
        let is_loopback = ["http://127.0.0.1:", "http://[::1]:"].iter().any(|start| url.starts_with(start));
        let endpoint = if is_loopback {
            format!("http://{ENDPOINT}.localhost:{port}/")
        } else {
            format!("{url}/_url/{ENDPOINT}/")
        };
        let dashboard = format!("{url}/");
        for (what, where_) in [("dashboard", dashboard.as_str()), ("Lambda's API", url), ("endpoint", &endpoint)] {
            let _ = writeln!(text, "  {what:width$}  {where_}");
        }
        if has_keys && !self.quiet {
            let _ = writeln!(text, "  {:width$}  {HELP}", "keys");
        }
        text
    }

    fn debugger(&self, worker: &str, entry: &Value, hints: &[String]) -> String {
        if self.json {
            let event = json!({ "version": VERSION, "event": "debugger", "worker": worker, "configuration": entry });
            return format!("{event}\n");
        }
        let entry = serde_json::to_string_pretty(entry).unwrap_or_default().replace('\n', "\n  ");
        let hints = hints.iter().map(|hint| format!("  {hint}\n"));
        format!("`{worker}` waits for a debugger; for `.vscode/launch.json`:\n  {entry}\n{}", hints.collect::<String>())
    }

    fn reload(&self, reload: &Reload) -> String {
        let (name, workers, files, took, messages) = match reload {
            Reload::Reloaded(Reloaded { workers, files, took, .. }) => ("reloaded", workers, files, took, &Vec::new()),
            Reload::Failed(Failed { workers, files, took, messages, .. }) => {
                ("reload-failed", workers, files, took, messages)
            }
            Reload::Written(written) => return self.written(written),
        };
        if self.json {
            let event = json!({
                "version": VERSION, "event": name, "workers": workers, "files": files, "messages": messages,
                "seconds": (took.as_secs_f64() * 1000.0).round() / 1000.0,
            });
            return format!("{event}\n");
        }
        let files: Vec<String> = files.iter().take(SHOWN_FILES).map(|file| format!("`{}`", file.display())).collect();
        let workers: Vec<String> = workers.iter().map(|worker| format!("`{worker}`")).collect();
        let (files, workers) = (files.join(", "), workers.join(", "));
        let is_compiled = !matches!(reload, Reload::Failed(Failed { said, .. }) if said.is_empty());
        let what = match (name, workers.as_str()) {
            ("reloaded", "") => "changes no program".to_owned(),
            ("reloaded", workers) => format!("is now in {workers}"),
            (_, "") if is_compiled => "did not compile, what was there serves on".to_owned(),
            // Settings, and what cargo does not even begin with.
            (_, "") => "cannot be used, what was there serves on".to_owned(),
            (_, workers) => format!("broke {workers}"),
        };
        // Folders that cannot be watched are no file's fault.
        let mut text = if files.is_empty() {
            String::new()
        } else {
            format!("{files} {what}, after {:.2} s\n", took.as_secs_f64())
        };
        for line in messages.iter().flat_map(|message| message.lines()) {
            let _ = writeln!(text, "  {line}");
        }
        text
    }

    fn written(&self, Written { worker, files, help }: &Written) -> String {
        if self.json {
            let event = json!({
                "version": VERSION, "event": "reload-skipped", "workers": [worker], "files": files, "messages": [help],
            });
            return format!("{event}\n");
        }
        let files: Vec<String> = files.iter().take(SHOWN_FILES).map(|file| format!("`{}`", file.display())).collect();
        let files = files.join(", ");
        format!("note: {files} was written while `{worker}` ran, nothing is reloaded for it\nhelp: {help}\n")
    }

    fn line(&self, line: &Line, columns: Option<u16>) -> String {
        let Line { worker, request_id, text } = line;
        if self.json {
            return LogEvent::of(line).json();
        }
        if worker.is_empty() {
            return format!("{text}\n");
        }
        let style = self.names.iter().position(|name| *name == **worker).map(style_of).unwrap_or_default();
        if columns.is_some_and(|columns| columns < NARROW) {
            return format!("{style}{worker}{style:#} {text}\n");
        }
        let id: String = request_id.as_deref().unwrap_or("-").chars().take(SHORT).collect();
        let width = self.width;
        format!("{style}{worker:width$}{style:#}  {id:SHORT$}  {text}\n")
    }
}

#[cfg(test)]
mod tests;
