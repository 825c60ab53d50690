//! What the service needs of whatever runs the functions: who there is, and how to run one.

use std::future::Future;
use std::pin::Pin;

use bedrock_build::Language;
use bytes::Bytes;

use crate::Error;
use crate::local::Invocation;

/// The response as JSON, or why there is none.
pub type Reply = Pin<Box<dyn Future<Output = Result<Bytes, Error>> + Send>>;
/// Ends when an event is accepted: it will be run although nobody waits for it.
pub type Accepted = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// What runs the functions.
pub trait Backend: Send + Sync + 'static {
    /// All functions, by name.
    fn functions(&self) -> Vec<FunctionInfo>;

    /// The function that a name means: its own, or the worker's.
    fn find(&self, name: &str) -> Result<FunctionInfo, Error>;

    /// The ARN that a function of this name has, or would have.
    fn arn(&self, name: &str) -> String;

    /// Whether a call is let in: before the function is run, and before its event is accepted.
    fn admit(&self, caller: Caller<'_>, function: &FunctionInfo, invocation: &Invocation) -> Result<(), Denied> {
        let _ = (caller, function, invocation);
        Ok(())
    }

    /// Runs a function, which is one of those it has.
    fn run(&self, function: &FunctionInfo, invocation: Invocation) -> Reply;

    /// Takes an event that is run later.
    fn accept(&self, function: &FunctionInfo, invocation: Invocation) -> Accepted;
}

/// Who calls, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller<'a> {
    /// The worker that the call's access key was made for ([`worker_key`](super::worker_key)); nothing for other keys.
    pub worker: Option<&'a str>,
    /// Whether it waits for the answer.
    pub waits: bool,
}

/// Why a call is not let in, in the words that the caller reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// The caller has no right to call this function.
    Access(String),
    /// The call goes round in a circle.
    Recursion(String),
}

/// A function, as much as callers may ask about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionInfo {
    /// The worker's name, by which the back end knows it.
    pub worker: String,
    /// `my_app-local-resizer`
    pub name: String,
    /// As the contexts of its invocations have it.
    pub arn: String,
    /// Of the worker's code.
    pub language: Language,
    /// Lambda's identifier of its runtime.
    pub runtime: String,
    /// Lambda's setting of that name.
    pub handler: String,
    /// Seconds.
    pub timeout: u64,
    /// Megabytes.
    pub memory: u64,
    /// `/aws/lambda/my_app-local-resizer`
    pub log_group: String,
}
