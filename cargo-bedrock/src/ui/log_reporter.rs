//! Log events as lines of output. Text: time, function in a colour of its own, start of the request id, message. JSON: one
//! object a line.

use std::fmt::Write as _;

use bedrock_deploy::aws::timestamp;
use bedrock_deploy::logs::{LogEvent, LogLine, LogObserver};
use bedrock_diagnostics::{Error, Result};
use serde::Serialize;

use super::printer::{Printer, worker_style};
use super::untrusted_text::displayable;

/// Characters of a request id that are printed; they are enough to distinguish invocations.
const REQUEST_ID_CHARS: usize = 8;

/// Prints log events as they are read.
#[derive(Debug)]
pub(crate) struct LogReporter {
    print: Printer,
    format: LogFormat,
}

impl LogReporter {
    /// `names` are the names of the functions, in the order of the log sources.
    pub(crate) fn new(print: Printer, is_json: bool, names: Vec<String>) -> Self {
        Self { print, format: LogFormat::new(is_json, names) }
    }
}

impl LogObserver for LogReporter {
    fn lines(&mut self, lines: Vec<LogLine>) -> Result<bool> {
        let text: String =
            lines.iter().map(|line| self.format.render(line.source, &line.event, line.request_id.as_deref())).collect();
        self.print.colored_data(&text)
    }

    fn log_groups_missing(&mut self, names: &[&str]) {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        self.print.note(&format!("no log yet: {}", names.join(", ")));
    }

    fn retrying(&mut self, error: &Error) {
        let message = error.reports.first().map_or("", |report| report.message.as_str());
        self.print.warning(&format!("{message}, trying again"));
    }
}

/// How events are rendered.
#[derive(Debug)]
struct LogFormat {
    is_json: bool,
    names: Vec<String>,
    name_width: usize,
}

#[derive(Serialize)]
struct JsonLine<'a> {
    time: &'a str,
    timestamp: i64,
    worker: &'a str,
    request_id: Option<&'a str>,
    stream: &'a str,
    message: &'a str,
}

impl LogFormat {
    fn new(is_json: bool, names: Vec<String>) -> Self {
        let name_width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
        Self { is_json, names, name_width }
    }

    /// Renders one event of the function with index `source` as one or more lines.
    fn render(&self, source: usize, event: &LogEvent, request_id: Option<&str>) -> String {
        let name = self.names.get(source).map_or("", String::as_str);
        let time = timestamp(event.timestamp);
        let message = event.message.trim_end();
        if self.is_json {
            let line = JsonLine {
                time: &time,
                timestamp: event.timestamp,
                worker: name,
                request_id,
                stream: &event.stream,
                message,
            };
            // Serializing strings and numbers does not fail.
            return serde_json::to_string(&line).map(|line| line + "\n").unwrap_or_default();
        }
        let style = worker_style(source);
        let width = self.name_width;
        let id: String = request_id.unwrap_or_default().chars().take(REQUEST_ID_CHARS).collect();
        let mut text = String::new();
        // Node.js separates the lines of one message with `\r`.
        for line in message.split(['\n', '\r']) {
            let line = displayable(line);
            let _ = writeln!(text, "{time}  {style}{name:width$}{style:#}  {id:REQUEST_ID_CHARS$}  {line}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn event() -> LogEvent {
        LogEvent::example(1_764_064_495_120, "2025/11/25/[1]ab", "first\n  second \n")
    }

    #[test]
    fn every_line_names_its_function() {
        let format = LogFormat::new(false, vec!["endpoint".to_owned(), "a".to_owned()]);
        let text = format.render(1, &event(), Some("11111111-aaaa-4444-8888-cccccccccccc"));
        assert_snapshot!(anstream::adapter::strip_str(&text), @"
        2025-11-25T09:54:55.120Z  a         11111111  first
        2025-11-25T09:54:55.120Z  a         11111111    second
        ");
        assert_ne!(text, anstream::adapter::strip_str(&text).to_string());
        assert!(
            format.render(11, &event(), None).contains("Z  \u{1b}["),
            "more functions than colours, and no request id"
        );
    }

    #[test]
    fn log_line_cannot_control_the_terminal() {
        let event = LogEvent::example(1_764_064_495_120, "s", "\u{1b}]0;title\u{7}\u{1b}[31mred");
        let text = LogFormat::new(false, vec!["a".to_owned()]).render(0, &event, None);
        assert!(text.ends_with("\\x1b]0;title\\x07\u{1b}[31mred\u{1b}[0m\n"), "{text:?}");
    }

    #[test]
    fn json_event_is_one_line() {
        let format = LogFormat::new(true, vec!["a".to_owned()]);
        assert_snapshot!(format.render(0, &event(), None), @r#"{"time":"2025-11-25T09:54:55.120Z","timestamp":1764064495120,"worker":"a","request_id":null,"stream":"2025/11/25/[1]ab","message":"first\n  second"}"#);
    }
}
