//! A line for each event. For people: time, function in a colour of its own, the beginning of the request id, text. For
//! machines: one JSON object a line.

use std::fmt::Write as _;

use serde::Serialize;

use super::event::Event;
use crate::aws::timestamp;
use crate::print::style_of;

/// Characters of a request id that tell invocations apart for a reader.
const SHORT: usize = 8;

/// How events are shown.
#[derive(Debug)]
pub(super) struct Form {
    json: bool,
    /// Of the functions, in the order in which they are shown.
    names: Vec<String>,
    width: usize,
}

#[derive(Serialize)]
struct Line<'a> {
    time: &'a str,
    timestamp: i64,
    worker: &'a str,
    request_id: Option<&'a str>,
    stream: &'a str,
    message: &'a str,
}

impl Form {
    pub(super) fn new(json: bool, names: Vec<String>) -> Self {
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
        Self { json, names, width }
    }

    /// The text of one event, with line ends; `function` counts from 0.
    pub(super) fn lines(&self, function: usize, event: &Event, request_id: Option<&str>) -> String {
        let name = self.names.get(function).map_or("", String::as_str);
        let time = timestamp(event.time);
        let message = event.message.trim_end();
        if self.json {
            let line =
                Line { time: &time, timestamp: event.time, worker: name, request_id, stream: &event.stream, message };
            // Texts and numbers can always be written.
            return serde_json::to_string(&line).map(|line| line + "\n").unwrap_or_default();
        }
        let style = style_of(function);
        let id: String = request_id.unwrap_or_default().chars().take(SHORT).collect();
        let mut text = String::new();
        // Node ends the lines of one message with `\r`.
        for line in message.split(['\n', '\r']) {
            let width = self.width;
            let _ = writeln!(text, "{time}  {style}{name:width$}{style:#}  {id:SHORT$}  {line}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn event() -> Event {
        Event {
            time: 1_764_064_495_120,
            ingested: 0,
            id: "1".to_owned(),
            stream: "2025/11/25/[1]ab".to_owned(),
            message: "first\n  second \n".to_owned(),
        }
    }

    #[test]
    fn every_line_of_an_event_says_whose_it_is() {
        let form = Form::new(false, vec!["endpoint".to_owned(), "a".to_owned()]);
        let shown = form.lines(1, &event(), Some("11111111-aaaa-4444-8888-cccccccccccc"));
        assert_snapshot!(anstream::adapter::strip_str(&shown), @"
        2025-11-25T09:54:55.120Z  a         11111111  first
        2025-11-25T09:54:55.120Z  a         11111111    second
        ");
        assert_ne!(shown, anstream::adapter::strip_str(&shown).to_string());
        assert!(
            form.lines(11, &event(), None).contains("Z  \u{1b}["),
            "more functions than colours, more ids than none"
        );
    }

    #[test]
    fn an_event_is_one_line_of_json() {
        let form = Form::new(true, vec!["a".to_owned()]);
        assert_snapshot!(form.lines(0, &event(), None), @r#"{"time":"2025-11-25T09:54:55.120Z","timestamp":1764064495120,"worker":"a","request_id":null,"stream":"2025/11/25/[1]ab","message":"first\n  second"}"#);
    }
}
