//! One log event, and the invocation that it belongs to. A line that names no invocation belongs to the running one: each log
//! stream is one execution environment of the function, which runs one invocation at a time.

use std::collections::BTreeMap;

use serde_json::Value;

/// A message that a function or Lambda logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvent {
    /// When it was logged, in milliseconds since 1970.
    pub timestamp: i64,
    /// When CloudWatch received it, in milliseconds since 1970.
    pub(crate) ingestion_time: i64,
    /// Id from CloudWatch, which is unique in a log group. Empty if CloudWatch sent none.
    pub(crate) id: String,
    /// Name of the log stream.
    pub stream: String,
    /// One or more lines.
    pub message: String,
}

impl LogEvent {
    /// An event with this text, for tests of what is printed.
    #[doc(hidden)]
    #[must_use]
    pub fn example(timestamp: i64, stream: &str, message: &str) -> Self {
        Self {
            timestamp,
            ingestion_time: timestamp,
            id: String::new(),
            stream: stream.to_owned(),
            message: message.to_owned(),
        }
    }
}

/// Finds the request ids of log events, from the running invocation of each stream.
#[derive(Debug, Default)]
pub(super) struct RequestIds {
    running: BTreeMap<String, String>,
}

/// Keys under which loggers that write JSON log the request id.
const JSON_KEYS: [&str; 6] =
    ["requestId", "AWSRequestId", "aws_request_id", "function_request_id", "request_id", "lambda_request_id"];
const START_PREFIX: &str = "START RequestId: ";
const END_PREFIX: &str = "END RequestId: ";
/// `REPORT` is the last line of an invocation.
const REPORT_PREFIX: &str = "REPORT RequestId: ";

impl RequestIds {
    /// Returns the request id of `event`, or `None` outside of invocations. The events of a stream have to be passed in their
    /// order.
    pub(super) fn request_id(&mut self, event: &LogEvent) -> Option<String> {
        let prefixes = [START_PREFIX, END_PREFIX, REPORT_PREFIX];
        let platform = prefixes.iter().find_map(|prefix| Some((*prefix, event.message.strip_prefix(prefix)?)));
        if let Some((prefix, rest)) = platform {
            let id = rest.split_whitespace().next().filter(|id| is_request_id(id))?.to_owned();
            if prefix == START_PREFIX {
                self.running.insert(event.stream.clone(), id.clone());
            } else if prefix == REPORT_PREFIX {
                self.running.remove(&event.stream);
            }
            return Some(id);
        }
        find_request_id(&event.message).or_else(|| self.running.get(&event.stream).cloned())
    }
}

/// Returns the request id that a message contains in one of the usual places.
fn find_request_id(message: &str) -> Option<String> {
    if message.starts_with('{') {
        let line: Value = serde_json::from_str(message).ok()?;
        let objects = [Some(&line), line.get("record"), line.get("span")].into_iter().flatten();
        let mut values = objects.flat_map(|object| JSON_KEYS.iter().filter_map(|key| object.get(*key)?.as_str()));
        return values.find(|id| is_request_id(id)).map(str::to_owned);
    }
    // The loggers of Lambda's Python and Node.js runtimes write columns that are separated by tabs.
    let mut columns = message.split('\t').take(4);
    columns.find(|column| is_request_id(column)).map(str::to_owned)
}

/// Request ids are of the form `8f507cfc-xmpl-4697-b07a-ac58fc914c95`: groups of 8, 4, 4, 4 and 12 characters.
fn is_request_id(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let is_group =
        |group: &str, length: usize| group.len() == length && group.chars().all(|c| c.is_ascii_alphanumeric());
    groups.len() == 5 && groups.iter().zip([8, 4, 4, 4, 12]).all(|(group, length)| is_group(group, length))
}

#[cfg(test)]
mod tests {
    use super::{LogEvent, RequestIds};

    const ONE: &str = "11111111-aaaa-4444-8888-cccccccccccc";
    const TWO: &str = "22222222-aaaa-4444-8888-cccccccccccc";

    fn request_ids(lines: &[(&str, &str)]) -> Vec<Option<String>> {
        let mut request_ids = RequestIds::default();
        let events = lines.iter().map(|(stream, message)| LogEvent::example(0, stream, message));
        events.map(|event| request_ids.request_id(&event)).collect()
    }

    #[test]
    fn line_belongs_to_running_invocation_of_its_stream() {
        let one = Some(ONE.to_owned());
        let two = Some(TWO.to_owned());
        let lines = [
            ("a", "INIT_START Runtime Version: python:3.13"),
            ("a", &*format!("START RequestId: {ONE} Version: $LATEST\n")),
            ("b", &*format!("START RequestId: {TWO} Version: 7\n")),
            ("a", "printed"),
            ("b", "printed"),
            ("a", &*format!("END RequestId: {ONE}\n")),
            ("a", &*format!("REPORT RequestId: {ONE}\tDuration: 1.5 ms\n")),
            ("a", "between two invocations"),
        ];
        let expected = [None, one.clone(), two.clone(), one.clone(), two, one.clone(), one, None];
        assert_eq!(request_ids(&lines), expected);
    }

    #[test]
    fn line_with_request_id_belongs_to_that_invocation() {
        for line in [
            format!("2026-11-25T09:54:55.120Z\t{TWO}\tINFO\thello\n"),
            format!("[INFO]\t2026-11-25T09:54:55.120Z\t{TWO}\thello\n"),
            format!("{{\"level\":\"INFO\",\"requestId\":\"{TWO}\"}}\n"),
            format!("{{\"type\":\"platform.report\",\"record\":{{\"requestId\":\"{TWO}\"}}}}"),
        ] {
            let start = format!("START RequestId: {ONE}");
            assert_eq!(request_ids(&[("a", &start), ("a", &line)])[1].as_deref(), Some(TWO), "{line}");
        }
        for line in ["{\"requestId\":\"x\"}", "{", "\t\t", "START RequestId: x"] {
            assert_eq!(request_ids(&[("a", line)]), [None], "{line}");
        }
    }
}
