//! Output of `dev` on standard output: log lines with a colour for each worker, or one JSON object a line.

mod format;
mod writer;

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use bedrock_build::settings::Auth;
use bedrock_build::uses::ResourceKind;
use bedrock_build::{App, Trigger, Use};
use bedrock_dev::execution::LogLine;
use bedrock_dev::{BuildError, ENDPOINT, ReloadOutcome};
use serde_json::Value;

use crate::ui::{Color, Printer};
pub(super) use format::Addresses;
use format::{EndpointUrl, OutputFormat};
use writer::{OutputMessage, OutputSender, output_channel};

/// Maximum time that the end of the program waits for a terminal that accepts no lines.
const FINISH_TIMEOUT: Duration = Duration::from_secs(2);
/// Escape sequence that clears a terminal and its scrollback.
const CLEAR_TERMINAL: &str = "\u{1b}[H\u{1b}[2J\u{1b}[3J";

/// Sends lines to the thread that writes them.
pub(super) struct Output {
    sender: OutputSender,
    format: Arc<OutputFormat>,
    app: String,
    /// One line for each trigger of the app.
    triggers: String,
    /// Receives when the writer thread has ended.
    written: Receiver<()>,
}

impl Output {
    /// Starts the writer thread.
    pub(super) fn start(app: &App, json: bool, print: Printer) -> Self {
        let format = Arc::new(OutputFormat::new(json, function_names(app), print.quiet, endpoint_url(app)));
        let (done, written) = channel();
        let (sender, writer) = output_channel();
        // JSON contains no styles, so do not search it for styles to remove.
        let print = if json { Printer { color: Color::Always, ..print } } else { print };
        let _ = std::thread::Builder::new().name("output".to_owned()).spawn(move || {
            writer.run(print);
            let _ = done.send(());
        });
        Self { sender, format, app: app.name.to_string(), triggers: trigger_lines(app), written }
    }

    /// Prints the addresses of a dev server and of the other AWS services, and the help line of keys if there is a keyboard.
    pub(super) fn started(&self, addresses: Addresses<'_>, key_help: Option<&str>) {
        let text = self.format.started(&self.app, addresses, key_help);
        self.sender.send(OutputMessage::Started(text));
        if !self.format.json && !self.triggers.is_empty() {
            self.send(self.triggers.clone());
        }
    }

    /// Prints a text for the user.
    pub(super) fn text(&self, text: &str) {
        self.send(format!("{text}\n"));
    }

    /// Prints the editor configuration that attaches a debugger to a worker, and hints.
    pub(super) fn debugger(&self, worker: &str, configuration: &Value, hints: &[String]) {
        self.send(self.format.debugger(worker, configuration, hints));
    }

    /// Clears the terminal.
    pub(super) fn clear(&self) {
        self.send(CLEAR_TERMINAL.to_owned());
    }

    /// Returns the same output with the names and triggers of the changed app.
    pub(super) fn for_app(self, app: &App) -> Self {
        let OutputFormat { json, quiet, .. } = *self.format;
        let format = Arc::new(OutputFormat::new(json, function_names(app), quiet, endpoint_url(app)));
        Self { format, app: app.name.to_string(), triggers: trigger_lines(app), ..self }
    }

    /// Publishes a failed build as a JSON event. As text, the compiler's errors have been printed already.
    pub(super) fn build_failed(&self, failure: &BuildError) {
        if self.format.json {
            self.send(OutputFormat::build_failed(failure));
        }
    }

    /// Prints the result of a change of files.
    pub(super) fn reload(&self, reload: &ReloadOutcome) {
        if self.format.json || !self.format.quiet || matches!(reload, ReloadOutcome::Failed(_)) {
            self.send(self.format.reload(reload));
        }
    }

    /// Returns a callback that prints log lines of workers.
    pub(super) fn log_sink(&self) -> impl Fn(LogLine) + Send + Sync + use<> {
        let sender = self.sender.clone();
        let format = Arc::clone(&self.format);
        move |line| sender.send(OutputMessage::LogLine(Arc::clone(&format), line))
    }

    /// Waits until everything that was sent is written. Lines that log sinks send later are not waited for.
    pub(super) fn finish(self) {
        self.sender.send(OutputMessage::End);
        let _ = self.written.recv_timeout(FINISH_TIMEOUT);
    }

    fn send(&self, text: String) {
        self.sender.send(OutputMessage::Text(text));
    }
}

/// Returns the names of all functions, in the order of their colours.
fn function_names(app: &App) -> Vec<String> {
    [ENDPOINT.to_owned()].into_iter().chain(app.workers.iter().map(|worker| worker.name.to_string())).collect()
}

/// Returns which URL the endpoint has on AWS.
fn endpoint_url(app: &App) -> EndpointUrl {
    let endpoint = &app.settings.endpoint;
    match endpoint.auth {
        _ if !endpoint.has_http_address() => EndpointUrl::None,
        // The address is that of the API, whatever the URL needs.
        Auth::Iam if endpoint.http_api.is_none() => EndpointUrl::Signed,
        Auth::Iam | Auth::None => EndpointUrl::Public,
    }
}

/// Returns a line for each trigger: its title, the worker that it invokes, and the local folder of a bucket. A stream invokes its
/// worker only if the services of AWS run that have it.
fn trigger_lines(app: &App) -> String {
    let mut text = String::new();
    for worker in &app.workers {
        for trigger in &worker.settings.triggers {
            let title = trigger.title();
            let name = &worker.name;
            let _ = match trigger {
                Trigger::Bucket(bucket) => writeln!(text, "  {title} invokes `{name}`, in `{}`", bucket.folder()),
                Trigger::Stream(_) if app.settings.dev.services.is_none() && app.settings.dev.account.is_some() => {
                    writeln!(
                        text,
                        "  {title} does not invoke `{name}` here: no local service has the stream, add `\"ministack\"` to \
                     `dev.services`"
                    )
                }
                Trigger::Stream(_) if app.settings.dev.services.is_none() => writeln!(
                    text,
                    "  {title} does not invoke `{name}` here: no service has the stream, set `dev.services = \"ministack\"`"
                ),
                _ => writeln!(text, "  {title} invokes `{name}`"),
            };
        }
    }
    if std::env::var_os("AWS_ENDPOINT_URL").is_none() {
        text.push_str(&missing_services_line(app));
    }
    text
}

/// Returns a line about resources of services that nothing here has. Empty if there are none: then functions reach all that
/// they use.
fn missing_services_line(app: &App) -> String {
    let dev = &app.settings.dev;
    if dev.services.is_some() || dev.account.is_some() {
        return String::new();
    }
    let workers = app.workers.iter().map(|worker| (worker.name.as_str(), &worker.settings));
    let functions = workers.chain([(ENDPOINT, &app.settings.endpoint)]);
    let is_missing = |kind: ResourceKind| {
        use ResourceKind::{Key, Parameter, Secret, Stream, Table};
        matches!(kind, Table | Stream | Secret | Parameter | Key)
    };
    let mut missing = functions.flat_map(|(function, settings)| {
        settings.uses.iter().flatten().filter_map(move |each| match each {
            Use::Resource(used) if is_missing(used.kind) => Some((function, used)),
            _ => None,
        })
    });
    let Some((function, used)) = missing.next() else { return String::new() };
    let others = match missing.count() {
        0 => String::new(),
        others => format!(", nor {others} more that functions use"),
    };
    format!(
        "  no service here has the {} `{}` of `{function}`{others}: set `dev.services = \"ministack\"`\n",
        used.kind.as_str(),
        used.name
    )
}

#[cfg(test)]
mod tests;
