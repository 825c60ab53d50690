//! Finds the caller of an invocation. As with X-Ray, each invocation receives the trace header of its caller with a
//! `Parent` of its own. Lambda's runtimes and AWS's SDKs pass `X-Amzn-Trace-Id` on, so the header of a call identifies
//! the caller.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Number of stored callers. They are stored after their end, because asynchronous events may be run much later.
const MAX_CALLERS: usize = 10_000;
/// Hexadecimal digits of a segment id.
const SEGMENT_ID_DIGITS: usize = 16;
/// Maximum length of a trace id that is not in AWS's format.
const MAX_FOREIGN_TRACE_BYTES: usize = 128;

/// The recent invocations, by segment id. The oldest are evicted.
#[derive(Debug, Default)]
pub(super) struct CallerIndex {
    callers: HashMap<u64, CallerSpan>,
    order: VecDeque<u64>,
}

/// A calling invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CallerSpan {
    pub(super) worker: Arc<str>,
    pub(super) request_id: Arc<str>,
}

impl CallerIndex {
    /// Adds an invocation, which may call others.
    pub(super) fn insert(&mut self, caller: CallerSpan) {
        // An id in another format cannot be in a trace header.
        let Some(segment) = parse_segment_id(&segment_id(&caller.request_id)) else { return };
        if self.callers.insert(segment, caller).is_none() {
            self.order.push_back(segment);
        }
        if self.order.len() > MAX_CALLERS
            && let Some(oldest) = self.order.pop_front()
        {
            self.callers.remove(&oldest);
        }
    }

    /// Returns the invocation that sent this trace header, if it is stored.
    pub(super) fn find(&self, trace: &str) -> Option<CallerSpan> {
        self.callers.get(&parse_segment_id(header_field(trace, "Parent")?)?).cloned()
    }
}

/// Returns the trace header for an invocation, which it passes on to the functions it index. Headers in other formats
/// are returned unchanged.
pub(super) fn child_trace_header(trace: &str, request_id: &str) -> String {
    if header_field(trace, "Root").is_none() {
        return trace.to_owned();
    }
    let others = trace.split(';').filter(|part| !part.trim().starts_with("Parent="));
    let mut parts: Vec<_> = others.collect();
    let own = format!("Parent={}", segment_id(request_id));
    parts.insert(1, &own);
    parts.join(";")
}

/// Returns the trace id, which all invocations caused by one call share.
pub(super) fn trace_id(trace: &str) -> String {
    let mut id = header_field(trace, "Root").unwrap_or(trace).to_owned();
    super::payload::truncate_at_char(&mut id, MAX_FOREIGN_TRACE_BYTES);
    id
}

fn header_field<'a>(trace: &'a str, name: &str) -> Option<&'a str> {
    trace.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Returns the first digits of a request id, which is a random UUID, as the segment id.
fn segment_id(request_id: &str) -> String {
    request_id.chars().filter(char::is_ascii_hexdigit).take(SEGMENT_ID_DIGITS).collect()
}

fn parse_segment_id(segment: &str) -> Option<u64> {
    let is_complete = segment.len() == SEGMENT_ID_DIGITS && segment.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_complete.then(|| u64::from_str_radix(segment, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::{CallerIndex, CallerSpan, MAX_CALLERS, child_trace_header, trace_id};

    const TRACE: &str = "Root=1-6555a4f0-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0;Lineage=1:a:0";
    const ID: &str = "6f1c0a52-7b1e-4c55-9a01-5d0f3b2e8c11";

    fn caller(request_id: &str) -> CallerSpan {
        CallerSpan { worker: "fetcher".into(), request_id: request_id.into() }
    }

    #[test]
    fn caller_is_found_by_the_trace_header_it_sends() {
        let mut index = CallerIndex::default();
        assert_eq!(index.find(TRACE), None);
        index.insert(caller(ID));
        let header = child_trace_header(TRACE, ID);
        assert_eq!(header, "Root=1-6555a4f0-0123456789abcdef01234567;Parent=6f1c0a527b1e4c55;Sampled=0;Lineage=1:a:0");
        assert_eq!(index.find(&header), Some(caller(ID)));
        assert_eq!(trace_id(&header), "1-6555a4f0-0123456789abcdef01234567");
        assert_eq!(child_trace_header("Root=1-2-3", ID), "Root=1-2-3;Parent=6f1c0a527b1e4c55");
    }

    #[test]
    fn other_trace_formats_are_unchanged() {
        assert_eq!((child_trace_header("mine", ID), trace_id("mine")), ("mine".to_owned(), "mine".to_owned()));
        assert_eq!(trace_id(&"x".repeat(5000)).len(), 128);
    }

    #[test]
    fn number_of_callers_is_bounded() {
        let mut index = CallerIndex::default();
        for number in 0..=MAX_CALLERS {
            let id = format!("{number:08x}-0000-4000-8000-000000000000");
            index.insert(caller(&id));
            index.insert(caller(&id));
        }
        assert_eq!((index.callers.len(), index.order.len()), (MAX_CALLERS, MAX_CALLERS));
        assert_eq!(index.find("Root=1;Parent=0000000000004000"), None);
        assert!(index.find(&format!("Root=1;Parent={MAX_CALLERS:08x}00004000")).is_some());
    }
}
