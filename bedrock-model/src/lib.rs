//! Lambda's rules and data as plain Rust, without I/O, clock, async runtime or HTTP. The local runtime (`bedrock-rt`)
//! and the dev server (`bedrock-dev`) apply the same rules because both use this crate.
//!
//! | module | contains |
//! | --- | --- |
//! | `invocation`, `log_tail`, `metrics` | one call of a function, the end of its log, its duration and memory |
//! | `response_stream` | a response that a function streams |
//! | `backend` | the interface of everything that runs functions |
//! | `event_invoke_config`, `async_event` | settings and state of asynchronous invocations |
//! | `retry_policy` | when a failed event is run again |
//! | `async_invoker`, `memory_store` | the engine of asynchronous invocations, and its store in memory |
//! | `api_gateway` | which requests an HTTP API passes on |
//! | `function_url` | who may send requests to a function URL |
//! | `destination`, `destination_record` | where results of events are sent, and what is sent |
//! | `event_pattern` | which events a rule or a filter chooses |
//! | `recursive_loop` | how often a function ran in one chain of calls |
//! | `function_error`, `exit_status` | errors of functions, as Lambda writes them |
//! | [`transport`] | the interface of what carries the calls of `invoke!` |
//! | [`error`], [`limits`], [`id`], [`date`], [`text`] | small parts that a Lambda build uses too |
//!
//! Only the modules of the last two lines are compiled in a Lambda build.

#![forbid(unsafe_code)]

pub mod date;
pub mod error;
pub mod id;
pub mod limits;
pub mod text;
pub mod transport;

#[cfg(not(bedrock_lambda))]
pub mod api_gateway;
#[cfg(not(bedrock_lambda))]
pub mod async_event;
#[cfg(not(bedrock_lambda))]
pub mod async_invoker;
#[cfg(not(bedrock_lambda))]
pub mod backend;
#[cfg(not(bedrock_lambda))]
pub mod destination;
#[cfg(not(bedrock_lambda))]
pub mod destination_record;
#[cfg(not(bedrock_lambda))]
pub mod event_invoke_config;
#[cfg(not(bedrock_lambda))]
pub mod event_pattern;
#[cfg(not(bedrock_lambda))]
pub mod exit_status;
#[cfg(not(bedrock_lambda))]
pub mod function_error;
#[cfg(not(bedrock_lambda))]
pub mod function_url;
#[cfg(not(bedrock_lambda))]
pub mod invocation;
#[cfg(not(bedrock_lambda))]
pub mod log_tail;
#[cfg(not(bedrock_lambda))]
pub mod memory_store;
#[cfg(not(bedrock_lambda))]
pub mod metrics;
#[cfg(not(bedrock_lambda))]
pub mod recursive_loop;
#[cfg(not(bedrock_lambda))]
pub mod response_stream;
#[cfg(not(bedrock_lambda))]
pub mod retry_policy;

pub use error::Error;
pub use transport::Reply;

#[cfg(not(bedrock_lambda))]
pub use api_gateway::{ApiCaller, ApiError, RoutedRequest};
#[cfg(not(bedrock_lambda))]
pub use async_event::{AsyncEvent, Attempt, Condition, EventRecord, EventState, EventTransition};
#[cfg(not(bedrock_lambda))]
pub use async_invoker::{AsyncInvoker, AttemptFuture, Claim, EventHandlers, EventStore, FinishedEvent};
#[cfg(not(bedrock_lambda))]
pub use backend::{
    Accepted, AdmissionError, Backend, Caller, Execution, ExecutionError, ExecutionReply, ExecutionStart, FunctionInfo,
};
#[cfg(not(bedrock_lambda))]
pub use destination::{DestinationDelivery, DestinationFunction, DestinationKind};
#[cfg(not(bedrock_lambda))]
pub use event_invoke_config::EventInvokeConfig;
#[cfg(not(bedrock_lambda))]
pub use event_pattern::{matches_pattern, parse_pattern};
#[cfg(not(bedrock_lambda))]
pub use function_url::{IamIdentity, UrlError, UrlRequest};
#[cfg(not(bedrock_lambda))]
pub use invocation::{DeliveryFuture, DeliveryHook, Invocation};
#[cfg(not(bedrock_lambda))]
pub use log_tail::LogTail;
#[cfg(not(bedrock_lambda))]
pub use memory_store::MemoryStore;
#[cfg(not(bedrock_lambda))]
pub use metrics::{InvocationMetrics, Metrics};
#[cfg(not(bedrock_lambda))]
pub use recursive_loop::RecursiveLoopDetector;
#[cfg(not(bedrock_lambda))]
pub use response_stream::ResponseStream;
#[cfg(not(bedrock_lambda))]
pub use retry_policy::RetryDecision;
