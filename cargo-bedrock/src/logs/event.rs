//! One event of a log, and the invocation that it belongs to. A line that names no invocation belongs to the one that runs:
//! each stream is one environment of the function, and that runs one invocation at a time.

use std::collections::BTreeMap;

use serde_json::Value;

/// One line, or more of them, that a function or Lambda wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// Milliseconds since 1970, when it was written.
    pub(super) time: i64,
    /// When CloudWatch took it in.
    pub(super) ingested: i64,
    /// CloudWatch's own; its order is that of the events of one stream.
    pub(super) id: String,
    pub(super) stream: String,
    pub(super) message: String,
}

/// The running invocation of each stream.
#[derive(Debug, Default)]
pub(super) struct Invocations(BTreeMap<String, String>);

/// Keys under which loggers that write JSON name the invocation.
const KEYS: [&str; 6] =
    ["requestId", "AWSRequestId", "aws_request_id", "function_request_id", "request_id", "lambda_request_id"];
const PLATFORM: [&str; 3] = ["START RequestId: ", "END RequestId: ", "REPORT RequestId: "];

impl Invocations {
    /// The request id of `event`; the events of a stream have to come in their order.
    pub(super) fn of(&mut self, event: &Event) -> Option<String> {
        let platform = PLATFORM.iter().find_map(|begin| Some((*begin, event.message.strip_prefix(begin)?)));
        if let Some((begin, rest)) = platform {
            let id = rest.split_whitespace().next().filter(|id| is_request_id(id))?.to_owned();
            if begin == PLATFORM[0] {
                self.0.insert(event.stream.clone(), id.clone());
            } else if begin == PLATFORM[2] {
                // `REPORT` is the last line of an invocation.
                self.0.remove(&event.stream);
            }
            return Some(id);
        }
        named(&event.message).or_else(|| self.0.get(&event.stream).cloned())
    }
}

/// The request id that a line has in one of the usual places.
fn named(message: &str) -> Option<String> {
    if message.starts_with('{') {
        let line: Value = serde_json::from_str(message).ok()?;
        let inside = [Some(&line), line.get("record"), line.get("span")];
        let mut found =
            inside.into_iter().flatten().flat_map(|object| KEYS.iter().filter_map(|key| object.get(*key)?.as_str()));
        return found.find(|id| is_request_id(id)).map(str::to_owned);
    }
    // Python's and Node's own loggers write columns between tabs.
    let mut columns = message.split('\t').take(4);
    columns.find(|column| is_request_id(column)).map(str::to_owned)
}

/// `8f507cfc-xmpl-4697-b07a-ac58fc914c95`: groups of 8, 4, 4, 4 and 12.
fn is_request_id(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let is_right =
        |(group, length): (&&str, usize)| group.len() == length && group.chars().all(|c| c.is_ascii_alphanumeric());
    groups.len() == 5 && groups.iter().zip([8, 4, 4, 4, 12]).all(is_right)
}

#[cfg(test)]
mod tests {
    use super::{Event, Invocations};

    const ONE: &str = "11111111-aaaa-4444-8888-cccccccccccc";
    const TWO: &str = "22222222-aaaa-4444-8888-cccccccccccc";

    fn ids(lines: &[(&str, &str)]) -> Vec<Option<String>> {
        let mut invocations = Invocations::default();
        let event = |(stream, message): &(&str, &str)| Event {
            time: 0,
            ingested: 0,
            id: String::new(),
            stream: (*stream).to_owned(),
            message: (*message).to_owned(),
        };
        lines.iter().map(|line| invocations.of(&event(line))).collect()
    }

    #[test]
    fn a_line_belongs_to_the_invocation_that_runs_in_its_stream() {
        let (one, two) = (Some(ONE.to_owned()), Some(TWO.to_owned()));
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
        assert_eq!(ids(&lines), expected);
    }

    #[test]
    fn a_line_that_names_its_invocation_belongs_to_that() {
        for line in [
            format!("2026-11-25T09:54:55.120Z\t{TWO}\tINFO\thello\n"),
            format!("[INFO]\t2026-11-25T09:54:55.120Z\t{TWO}\thello\n"),
            format!("{{\"level\":\"INFO\",\"requestId\":\"{TWO}\"}}\n"),
            format!("{{\"type\":\"platform.report\",\"record\":{{\"requestId\":\"{TWO}\"}}}}"),
        ] {
            let start = format!("START RequestId: {ONE}");
            assert_eq!(ids(&[("a", &start), ("a", &line)])[1].as_deref(), Some(TWO), "{line}");
        }
        for line in ["{\"requestId\":\"x\"}", "{", "\t\t", "START RequestId: x"] {
            assert_eq!(ids(&[("a", line)]), [None], "{line}");
        }
    }
}
