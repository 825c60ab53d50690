//! Formats lines and events, as text or as JSON.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use bedrock_dev::execution::LogLine;
use bedrock_dev::{BuildError, ENDPOINT, ReloadFailure, ReloadOutcome, ReloadSuccess, SelfWrittenFiles};
use serde::Serialize;
use serde_json::{Value, json};

use crate::ui::{displayable, worker_style};

/// Number of characters of a request id that text lines show.
const SHORT_ID_LENGTH: usize = 8;
/// Number of changed files that a text line names.
const MAX_SHOWN_FILES: usize = 3;
/// Width of a terminal in columns below which a log line has no request id and no padding.
const MIN_PADDED_WIDTH: u16 = 60;
/// Version of the JSON events. Keys may be added within a version, never changed.
const EVENT_VERSION: u32 = 1;

/// Format of the output.
#[derive(Debug, Clone)]
pub(super) struct OutputFormat {
    /// JSON events instead of text.
    pub(super) json: bool,
    /// Print warnings, errors and log lines only.
    pub(super) quiet: bool,
    /// Function names, in the order of their colours.
    names: Vec<String>,
    /// Length of the longest name.
    name_width: usize,
    endpoint_url: EndpointUrl,
}

/// The URL of the endpoint on AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EndpointUrl {
    Public,
    /// Only for signed requests.
    Signed,
    None,
}

/// A log line as a JSON event. It is the only event of which there may be thousands in a second, so it is serialized
/// without an intermediate value.
#[derive(Serialize)]
struct LogEvent<'a> {
    event: &'static str,
    message: &'a str,
    request_id: Option<&'a str>,
    version: u32,
    worker: Option<&'a str>,
}

/// Where a dev server and the AWS services are that it does not have itself.
#[derive(Debug, Clone, Copy)]
pub(in crate::dev) struct Addresses<'a> {
    /// `http://127.0.0.1:7070`
    pub(in crate::dev) server: &'a str,
    /// The URL of ministack or of `dev.endpoint`.
    pub(in crate::dev) services: Option<&'a str>,
    /// Which services are in which account.
    pub(in crate::dev) account: Option<&'a str>,
}

impl OutputFormat {
    pub(super) fn new(json: bool, names: Vec<String>, quiet: bool, endpoint_url: EndpointUrl) -> Self {
        let name_width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
        Self { json, quiet, names, name_width, endpoint_url }
    }

    /// Formats the addresses of a dev server, and of the AWS services that it does not have itself.
    pub(super) fn started(&self, app: &str, addresses: Addresses<'_>, key_help: Option<&str>) -> String {
        let Addresses { server: url, services, account } = addresses;
        if self.json {
            let mut event = json!({ "version": EVENT_VERSION, "event": "app-started", "app": app, "url": url });
            if let Some(services) = services {
                event["services_url"] = services.into();
            }
            if let Some(account) = account {
                event["account_services"] = account.into();
            }
            return event_line(&event);
        }
        let port = url.rsplit(':').next().unwrap_or_default();
        let label_width = "Lambda's API".len();
        // What costs money or changes data of others is said first.
        let account = account.map_or(String::new(), |account| format!(" with {account}"));
        let mut text = format!("`{app}` is running{account}, stop it with Ctrl-C\n");
        // Subdomains of `localhost` resolve to the loopback address, whichever address the server listens on.
        let is_loopback = ["http://127.0.0.1:", "http://[::1]:"].iter().any(|start| url.starts_with(start));
        let endpoint = if is_loopback {
            format!("http://{ENDPOINT}.localhost:{port}/")
        } else {
            format!("{url}/_url/{ENDPOINT}/")
        };
        let endpoint = match self.endpoint_url {
            EndpointUrl::Public => endpoint,
            EndpointUrl::Signed => format!("{endpoint} for signed requests (`auth = \"iam\"`)"),
            EndpointUrl::None => "has no URL (`url = false`)".to_owned(),
        };
        let dashboard = format!("{url}/");
        for (label, address) in [("dashboard", dashboard.as_str()), ("Lambda's API", url), ("endpoint", &endpoint)] {
            let _ = writeln!(text, "  {label:label_width$}  {address}");
        }
        if let Some(services) = services {
            let _ = writeln!(text, "  {:label_width$}  {services}", "AWS services");
        }
        if let Some(key_help) = key_help.filter(|_| !self.quiet) {
            let _ = writeln!(text, "  {:label_width$}  {key_help}", "keys");
        }
        text
    }

    /// Formats the configuration that attaches a debugger.
    pub(super) fn debugger(&self, worker: &str, configuration: &Value, hints: &[String]) -> String {
        if self.json {
            return event_line(&json!({
                "version": EVENT_VERSION, "event": "debugger", "worker": worker, "configuration": configuration
            }));
        }
        let configuration = serde_json::to_string_pretty(configuration).unwrap_or_default().replace('\n', "\n  ");
        let hints: String = hints.iter().flat_map(|hint| ["  ", hint, "\n"]).collect();
        format!("`{worker}` waits for a debugger; add to `.vscode/launch.json`:\n  {configuration}\n{hints}")
    }

    /// Formats a failed build as a JSON event.
    pub(super) fn build_failed(failure: &BuildError) -> String {
        event_line(&json!({ "version": EVENT_VERSION, "event": "build-failed", "messages": failure.messages }))
    }

    /// Formats the result of a change of files.
    pub(super) fn reload(&self, reload: &ReloadOutcome) -> String {
        match reload {
            ReloadOutcome::Reloaded(reloaded) => self.reloaded(reloaded),
            ReloadOutcome::Failed(failed) => self.reload_failed(failed),
            ReloadOutcome::Written(written) => self.reload_skipped(written),
        }
    }

    fn reloaded(&self, reloaded: &ReloadSuccess) -> String {
        let ReloadSuccess { workers, files, took, .. } = reloaded;
        if self.json {
            return event_line(&json!({
                "version": EVENT_VERSION, "event": "reloaded", "workers": workers, "files": files, "messages": [],
                "seconds": rounded_seconds(*took),
            }));
        }
        if files.is_empty() {
            return String::new();
        }
        let files = file_list(files);
        let result = if workers.is_empty() {
            "no program affected".to_owned()
        } else {
            format!("reloaded {}", worker_list(workers))
        };
        format!("{files} changed: {result} ({:.2} s)\n", took.as_secs_f64())
    }

    fn reload_failed(&self, failed: &ReloadFailure) -> String {
        let ReloadFailure { workers, files, messages, compiler_output, took } = failed;
        if self.json {
            return event_line(&json!({
                "version": EVENT_VERSION, "event": "reload-failed", "workers": workers, "files": files,
                "messages": messages, "seconds": rounded_seconds(*took),
            }));
        }
        let result = match (workers.is_empty(), compiler_output.is_empty()) {
            (false, _) => format!("failed to load {}", worker_list(workers)),
            (true, false) => "failed to compile; the previous version keeps running".to_owned(),
            // Wrong settings, or an error of cargo before it compiles anything.
            (true, true) => "cannot be used; the previous version keeps running".to_owned(),
        };
        let mut text = String::new();
        // There are no files if a folder cannot be watched.
        if !files.is_empty() {
            let separator = if workers.is_empty() { "" } else { " changed:" };
            let _ = writeln!(text, "{}{separator} {result} ({:.2} s)", file_list(files), took.as_secs_f64());
        }
        for line in messages.iter().flat_map(|message| message.lines()) {
            let _ = writeln!(text, "  {}", displayable(line));
        }
        text
    }

    fn reload_skipped(&self, written: &SelfWrittenFiles) -> String {
        let SelfWrittenFiles { worker, files, help } = written;
        if self.json {
            return event_line(&json!({
                "version": EVENT_VERSION, "event": "reload-skipped", "workers": [worker], "files": files,
                "messages": [help],
            }));
        }
        let files = file_list(files);
        format!("note: {files} was written while `{worker}` ran, so it is not reloaded\nhelp: {help}\n")
    }

    /// Formats a log line. `terminal_width` is in columns, or `None` if the output is not a terminal.
    pub(super) fn log_line(&self, line: &LogLine, terminal_width: Option<u16>) -> String {
        let LogLine { worker, request_id, text } = line;
        if self.json {
            let event = LogEvent {
                event: "log",
                message: text,
                request_id: request_id.as_deref(),
                version: EVENT_VERSION,
                worker: (!worker.is_empty()).then_some(&**worker),
            };
            // Serializing texts and numbers cannot fail.
            return serde_json::to_string(&event).unwrap_or_default() + "\n";
        }
        let text = displayable(text);
        if worker.is_empty() {
            return format!("{text}\n");
        }
        let style = self.names.iter().position(|name| *name == **worker).map(worker_style).unwrap_or_default();
        if terminal_width.is_some_and(|columns| columns < MIN_PADDED_WIDTH) {
            return format!("{style}{worker}{style:#} {text}\n");
        }
        let id: String = request_id.as_deref().unwrap_or("-").chars().take(SHORT_ID_LENGTH).collect();
        let name_width = self.name_width;
        format!("{style}{worker:name_width$}{style:#}  {id:SHORT_ID_LENGTH$}  {text}\n")
    }
}

fn event_line(event: &Value) -> String {
    format!("{event}\n")
}

fn rounded_seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round() / 1000.0
}

fn file_list<'a>(files: impl IntoIterator<Item = &'a PathBuf>) -> String {
    let files = files.into_iter().take(MAX_SHOWN_FILES).map(|file| format!("`{}`", file.display()));
    files.collect::<Vec<_>>().join(", ")
}

fn worker_list<'a>(workers: impl IntoIterator<Item = &'a String>) -> String {
    workers.into_iter().map(|worker| format!("`{worker}`")).collect::<Vec<_>>().join(", ")
}
