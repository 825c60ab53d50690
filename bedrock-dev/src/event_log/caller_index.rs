//! Who called whom. As with X-Ray, each invocation gets the trace of its caller with a `Parent` of its own, and what it
//! calls, with whatever client, sends that back: Lambda's runtimes and AWS's SDKs hand `X-Amzn-Trace-Id` on.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Invocations that are remembered as callers: events may be run long after whoever sent them has ended.
const REMEMBERED: usize = 10_000;
/// Characters of a segment's id.
const SEGMENT: usize = 16;
/// Bytes of a trace that is none of AWS's.
const FOREIGN: usize = 128;

/// The invocations that may call.
#[derive(Debug, Default)]
pub(super) struct CallerIndex {
    /// By the id of its segment.
    known: HashMap<u64, CallerSpan>,
    order: VecDeque<u64>,
}

/// An invocation that calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CallerSpan {
    pub(super) worker: Arc<str>,
    pub(super) request_id: Arc<str>,
}

impl CallerIndex {
    /// Notes an invocation that may call others.
    pub(super) fn begin(&mut self, caller: CallerSpan) {
        // Whose id is none of Lambda's is not found in a trace either.
        let Some(segment) = number(&segment(&caller.request_id)) else { return };
        if self.known.insert(segment, caller).is_none() {
            self.order.push_back(segment);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    /// Whoever sent this trace, if it is known.
    pub(super) fn caller(&self, trace: &str) -> Option<CallerSpan> {
        self.known.get(&number(field(trace, "Parent")?)?).cloned()
    }
}

/// The trace that an invocation gets, and hands on to those it calls. What is none of AWS's stays as it is.
pub(super) fn branch(trace: &str, request_id: &str) -> String {
    if field(trace, "Root").is_none() {
        return trace.to_owned();
    }
    let others = trace.split(';').filter(|part| !part.trim().starts_with("Parent="));
    let mut parts: Vec<_> = others.collect();
    let own = format!("Parent={}", segment(request_id));
    parts.insert(1, &own);
    parts.join(";")
}

/// What all calls have in common that one call led to.
pub(super) fn root(trace: &str) -> String {
    let mut root = field(trace, "Root").unwrap_or(trace).to_owned();
    super::payload::cut(&mut root, FOREIGN);
    root
}

fn field<'a>(trace: &'a str, name: &str) -> Option<&'a str> {
    trace.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
}

/// A request id is a UUID; so much of it is one of its own.
fn segment(request_id: &str) -> String {
    request_id.chars().filter(char::is_ascii_hexdigit).take(SEGMENT).collect()
}

fn number(segment: &str) -> Option<u64> {
    let is_whole = segment.len() == SEGMENT && segment.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_whole.then(|| u64::from_str_radix(segment, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::{CallerIndex, CallerSpan, REMEMBERED, branch, root};

    const TRACE: &str = "Root=1-6555a4f0-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0;Lineage=1:a:0";
    const ID: &str = "6f1c0a52-7b1e-4c55-9a01-5d0f3b2e8c11";

    fn caller(request_id: &str) -> CallerSpan {
        CallerSpan { worker: "fetcher".into(), request_id: request_id.into() }
    }

    #[test]
    fn whoever_sends_back_the_trace_it_was_given_is_the_caller() {
        let mut calls = CallerIndex::default();
        assert_eq!(calls.caller(TRACE), None);
        calls.begin(caller(ID));
        let given = branch(TRACE, ID);
        assert_eq!(given, "Root=1-6555a4f0-0123456789abcdef01234567;Parent=6f1c0a527b1e4c55;Sampled=0;Lineage=1:a:0");
        assert_eq!(calls.caller(&given), Some(caller(ID)));
        assert_eq!(root(&given), "1-6555a4f0-0123456789abcdef01234567");
        assert_eq!(branch("Root=1-2-3", ID), "Root=1-2-3;Parent=6f1c0a527b1e4c55");
    }

    #[test]
    fn what_is_no_trace_of_aws_is_left_alone() {
        assert_eq!((branch("mine", ID), root("mine")), ("mine".to_owned(), "mine".to_owned()));
        assert_eq!(root(&"x".repeat(5000)).len(), 128);
    }

    #[test]
    fn only_so_many_callers_are_remembered() {
        let mut calls = CallerIndex::default();
        for number in 0..=REMEMBERED {
            let id = format!("{number:08x}-0000-4000-8000-000000000000");
            calls.begin(caller(&id));
            calls.begin(caller(&id));
        }
        assert_eq!((calls.known.len(), calls.order.len()), (REMEMBERED, REMEMBERED));
        assert_eq!(calls.caller("Root=1;Parent=0000000000004000"), None);
        assert!(calls.caller(&format!("Root=1;Parent={REMEMBERED:08x}00004000")).is_some());
    }
}
