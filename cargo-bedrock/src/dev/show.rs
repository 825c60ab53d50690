//! What happens, as lines on the standard output: each worker in a colour of its own, or one JSON object a line.
//!
//! One thread writes. Whoever prints faster than the terminal takes is slowed down, not buffered without end.

use std::fmt::Write as _;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use bedrock_build::App;
use bedrock_dev::ENDPOINT;
use bedrock_dev::runtime::Line;
use serde_json::json;

use crate::print::{Printer, style_of};

/// Lines that may wait for the terminal.
const WAITING: usize = 1024;
/// Characters of a request id that tell invocations apart for a reader.
const SHORT: usize = 8;
/// Of the events for machines; keys may be added to a version, never changed.
const VERSION: u32 = 1;

/// The writing thread.
pub(super) struct Show {
    lines: SyncSender<String>,
    form: Form,
    app: String,
    thread: Option<JoinHandle<()>>,
}

/// How lines look.
#[derive(Debug, Clone)]
struct Form {
    json: bool,
    /// Of the functions, in the order of their colours.
    names: Vec<String>,
    width: usize,
}

impl Show {
    pub(super) fn start(app: &App, json: bool, print: Printer) -> Self {
        let names = [ENDPOINT.to_owned()].into_iter().chain(app.workers.iter().map(|worker| worker.name.to_string()));
        let form = Form::new(json, names.collect());
        let (lines, waiting) = sync_channel(WAITING);
        let thread = std::thread::Builder::new().name("show".to_owned()).spawn(move || write(&waiting, print)).ok();
        Self { lines, form, app: app.name.to_string(), thread }
    }

    /// The app can be called.
    pub(super) fn opened(&self, url: &str) {
        let _ = self.lines.send(self.form.opened(&self.app, url));
    }

    /// Takes what workers print.
    pub(super) fn sink(&self) -> impl Fn(Line) + Send + Sync + use<> {
        let (lines, form) = (self.lines.clone(), self.form.clone());
        move |line| drop(lines.send(form.line(&line)))
    }

    /// Waits until everything is written that was said. Those who still have a sink are not waited for.
    pub(super) fn finish(self) {
        let Self { lines, thread, .. } = self;
        let _ = lines.send(String::new());
        drop(lines);
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

/// Ends at an empty text, with the last who could say something, or when there is no reader any more.
fn write(waiting: &Receiver<String>, print: Printer) {
    while let Ok(text) = waiting.recv() {
        if text.is_empty() || !print.colored_data(&text).unwrap_or(false) {
            return;
        }
    }
}

impl Form {
    fn new(json: bool, names: Vec<String>) -> Self {
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
        Self { json, names, width }
    }

    fn opened(&self, app: &str, url: &str) -> String {
        if self.json {
            return format!("{}\n", json!({ "version": VERSION, "event": "app-started", "app": app, "url": url }));
        }
        let port = url.rsplit(':').next().unwrap_or_default();
        let width = "Lambda's API".len();
        let mut text = format!("`{app}` runs, stop it with Ctrl-C\n");
        for (what, where_) in [("Lambda's API", url), ("endpoint", &format!("http://{ENDPOINT}.localhost:{port}/"))] {
            let _ = writeln!(text, "  {what:width$}  {where_}");
        }
        text
    }

    fn line(&self, line: &Line) -> String {
        let Line { worker, request_id, text } = line;
        if self.json {
            let worker = (!worker.is_empty()).then_some(worker);
            let event = json!({
                "version": VERSION, "event": "log", "worker": worker, "request_id": request_id, "message": text
            });
            return format!("{event}\n");
        }
        if worker.is_empty() {
            return format!("{text}\n");
        }
        let style = self.names.iter().position(|name| name == worker).map(style_of).unwrap_or_default();
        let id: String = request_id.as_deref().unwrap_or("-").chars().take(SHORT).collect();
        let width = self.width;
        format!("{style}{worker:width$}{style:#}  {id:SHORT$}  {text}\n")
    }
}

#[cfg(test)]
mod tests {
    use bedrock_dev::runtime::Line;

    use super::Form;

    fn form(json: bool) -> Form {
        Form::new(json, ["endpoint", "ranker", "a_long_name"].map(str::to_owned).to_vec())
    }

    fn line(worker: &str, request_id: Option<&str>) -> Line {
        Line { worker: worker.to_owned(), request_id: request_id.map(str::to_owned), text: "says \"hello\"".to_owned() }
    }

    #[test]
    fn a_line_says_whose_it_is() {
        let shown = |line: &Line| anstream::adapter::strip_str(&form(false).line(line)).to_string();
        assert_eq!(shown(&line("ranker", Some("0b1c2d3e-4f50"))), "ranker       0b1c2d3e  says \"hello\"\n");
        assert_eq!(shown(&line("a_long_name", None)), "a_long_name  -         says \"hello\"\n");
        assert_eq!(shown(&line("", None)), "says \"hello\"\n");
    }

    #[test]
    fn workers_have_colours_of_their_own() {
        let styled = |worker| form(false).line(&line(worker, None));
        let escape = |text: &str| text.split('m').next().map(str::to_owned);
        assert_ne!(escape(&styled("ranker")), escape(&styled("endpoint")));
    }

    #[test]
    fn machines_get_one_object_a_line() {
        let text = form(true).line(&line("ranker", Some("0b1c2d3e-4f50")));
        let event: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(
            event,
            serde_json::json!({
                "version": 1, "event": "log", "worker": "ranker", "request_id": "0b1c2d3e-4f50",
                "message": "says \"hello\""
            })
        );
        let text = form(true).opened("space", "http://127.0.0.1:7070");
        assert_eq!(
            text,
            "{\"app\":\"space\",\"event\":\"app-started\",\"url\":\"http://127.0.0.1:7070\",\"version\":1}\n"
        );
    }
}
