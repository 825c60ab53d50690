//! One call of one function.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use crate::id;
use crate::log_tail::LogTail;
use crate::metrics::InvocationMetrics;
use crate::response_stream::ResponseStream;

/// One call of one function, on its way to the worker.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The request id, a UUID that both the worker and the caller see.
    pub request_id: String,
    /// The event, JSON.
    pub event: Bytes,
    /// Deadline inherited from the caller. The invocation never runs longer. `None` if the caller has no deadline.
    pub caller_deadline: Option<SystemTime>,
    /// Value of the header `X-Amzn-Trace-Id`.
    pub trace: String,
    /// The client context that the caller sent, JSON. Only for calls that wait for the response.
    pub client_context: Option<String>,
    /// Collects what the worker prints, if the caller asked for the log.
    pub tail: Option<LogTail>,
    /// Receives the response if the caller reads it as a stream. A function that does not stream ignores it.
    pub response_stream: Option<Arc<dyn ResponseStream>>,
    /// Collects duration and memory.
    pub metrics: InvocationMetrics,
    /// Is awaited immediately before a process gets the invocation.
    pub before_delivery: Option<DeliveryHook>,
}

/// Future of a [`DeliveryHook`].
pub type DeliveryFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What is awaited immediately before a process gets an invocation: again for each process, if the first one exits
/// before it starts the invocation.
#[derive(Clone)]
pub struct DeliveryHook(Arc<dyn Fn() -> DeliveryFuture + Send + Sync>);

impl DeliveryHook {
    /// Returns a hook that calls `before`.
    pub fn new(before: impl Fn() -> DeliveryFuture + Send + Sync + 'static) -> Self {
        Self(Arc::new(before))
    }

    /// Calls the function of the hook and waits for its end.
    pub async fn run(&self) {
        (self.0)().await;
    }
}

impl fmt::Debug for DeliveryHook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DeliveryHook")
    }
}

impl Invocation {
    /// Returns an invocation with a new request id. Without a `trace` it starts a new trace.
    pub fn new(event: Bytes, trace: Option<String>) -> Self {
        Self {
            request_id: id::new_uuid(),
            event,
            caller_deadline: None,
            trace: trace.unwrap_or_else(id::new_trace_header),
            client_context: None,
            tail: None,
            response_stream: None,
            metrics: InvocationMetrics::default(),
            before_delivery: None,
        }
    }

    /// Awaits [`Invocation::before_delivery`]. To be called before a process gets the invocation.
    pub async fn prepare_delivery(&self) {
        if let Some(hook) = &self.before_delivery {
            hook.run().await;
        }
    }
}
