//! One invocation on its way to a worker, from whatever side it comes.

use std::time::SystemTime;

use bytes::Bytes;

use super::measured::Measured;
use super::tail::Tail;

/// One call of one function.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// A UUID, which the worker and the caller get to see.
    pub request_id: String,
    /// JSON.
    pub event: Bytes,
    /// The deadline of whoever called, which is never passed.
    pub limit: Option<SystemTime>,
    /// The value of `X-Amzn-Trace-Id`.
    pub trace: String,
    /// What the caller says of itself, JSON; only where it waits for the answer.
    pub client_context: Option<String>,
    /// Where to put what the worker prints, if the caller wants to see the end of it.
    pub tail: Option<Tail>,
    /// Where to note what it took.
    pub measured: Measured,
}

impl Invocation {
    /// A call that begins now, with an id of its own, and a trace of its own where it belongs to none.
    pub fn new(event: Bytes, trace: Option<String>) -> Self {
        Self {
            request_id: crate::id::request_id(),
            event,
            limit: None,
            trace: trace.unwrap_or_else(crate::id::trace_header),
            client_context: None,
            tail: None,
            measured: Measured::default(),
        }
    }
}
