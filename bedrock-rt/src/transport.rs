//! How an invocation reaches a worker: the local runtime on a laptop, the Lambda Invoke API on AWS.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::Error;
use crate::caller::Caller;

/// One call of one worker or function, with its event already written as JSON.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) target: Target,
    pub(crate) event: Bytes,
    pub(crate) kind: Kind,
    /// The invocation that makes the call, if one does.
    pub(crate) caller: Option<Caller>,
}

/// Who is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A worker of this app, known to the compiler.
    Worker(&'static str),
    /// A worker's name, or the name or ARN of any function.
    Any(String),
}

impl Target {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Worker(name) => name,
            Self::Any(name) => name,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Wait for the answer.
    RequestResponse,
    /// Be done when the event is accepted.
    Event,
}

pub(crate) type Reply = Pin<Box<dyn Future<Output = Result<Bytes, Error>> + Send>>;

/// Takes a call that is part of a test, and gives back any other.
#[cfg(not(bedrock_lambda))]
pub(crate) type Tests = fn(Call) -> Result<Reply, Call>;

/// A way for calls to reach workers.
pub(crate) trait Transport: Send + Sync {
    /// The response as JSON; nothing for [`Kind::Event`].
    fn call(&self, call: Call) -> Reply;

    /// Gets ready for the first call in the background. Inside of an async runtime.
    #[cfg_attr(not(bedrock_lambda), allow(dead_code, reason = "only Lambda builds open ahead of the first call"))]
    fn open(&self) {}
}

static TRANSPORT: OnceLock<Arc<dyn Transport>> = OnceLock::new();
/// Set by the first test of an app.
#[cfg(not(bedrock_lambda))]
static TESTS: OnceLock<Tests> = OnceLock::new();
/// Set before `main` by programs with an `invoke!` that can be reached, see [`crate::__announce`].
static OPENER: OnceLock<fn()> = OnceLock::new();

/// Sets the transport of this process; the first one stays.
#[cfg(not(bedrock_lambda))]
pub(crate) fn install(transport: Arc<dyn Transport>) {
    let _ = TRANSPORT.set(with_aws(transport));
}

/// The transport of this process.
pub(crate) fn transport() -> &'static Arc<dyn Transport> {
    TRANSPORT.get_or_init(default_transport)
}

/// Makes a call: where it is part of a test, in that test's app.
pub(crate) fn call(call: Call) -> Reply {
    #[cfg(not(bedrock_lambda))]
    let call = match TESTS.get() {
        Some(tests) => match tests(call) {
            Ok(reply) => return reply,
            Err(call) => call,
        },
        None => call,
    };
    transport().call(call)
}

/// Has calls come here first. Nothing but a test mentions what is set, so that other programs do not link it.
#[cfg(not(bedrock_lambda))]
pub(crate) fn ask_first(tests: Tests) {
    let _ = TESTS.set(tests);
}

/// Says that this program makes calls.
///
/// [`open`] must not name the transport itself: then the linker would keep the client, with all of TLS, in workers that
/// never call anybody.
#[cfg(bedrock_lambda)]
pub(crate) fn announce() {
    let _ = OPENER.set(|| transport().open());
}

/// Gets ready for calls in the background, in programs that make any. Inside of an async runtime.
pub(crate) fn open() {
    if let Some(open) = OPENER.get() {
        open();
    }
}

/// Whether this process is a Lambda function: the runtime API's address is there.
pub(crate) fn on_lambda() -> bool {
    std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some()
}

#[cfg(bedrock_lambda)]
fn default_transport() -> Arc<dyn Transport> {
    crate::remote::from_env()
}

#[cfg(not(bedrock_lambda))]
fn default_transport() -> Arc<dyn Transport> {
    if on_lambda() { not_built_for_lambda() } else { with_aws(crate::local::Local::detached()) }
}

/// With the feature `aws-sdk` some calls go to AWS.
#[cfg(all(feature = "aws-sdk", not(bedrock_lambda)))]
fn with_aws(local: Arc<dyn Transport>) -> Arc<dyn Transport> {
    let workers = crate::config().workers.clone();
    Arc::new(crate::remote::Beside { local, remote: crate::remote::from_env(), workers })
}

#[cfg(all(not(feature = "aws-sdk"), not(bedrock_lambda)))]
fn with_aws(local: Arc<dyn Transport>) -> Arc<dyn Transport> {
    local
}

/// With the feature `aws-sdk` a program needs nothing else for its calls.
#[cfg(all(feature = "aws-sdk", not(bedrock_lambda)))]
fn not_built_for_lambda() -> Arc<dyn Transport> {
    crate::remote::from_env()
}

#[cfg(all(not(feature = "aws-sdk"), not(bedrock_lambda)))]
fn not_built_for_lambda() -> Arc<dyn Transport> {
    Arc::new(NotBuiltForLambda)
}

/// Answers the calls of a program that a plain `cargo build` made and somebody deployed by hand.
#[cfg(all(not(feature = "aws-sdk"), not(bedrock_lambda)))]
struct NotBuiltForLambda;

#[cfg(all(not(feature = "aws-sdk"), not(bedrock_lambda)))]
impl Transport for NotBuiltForLambda {
    fn call(&self, call: Call) -> Reply {
        let error = Error::Transport {
            worker: call.target.as_str().to_owned(),
            message: "this program was not built for Lambda; build it with `cargo bedrock build`".to_owned(),
            may_have_run: false,
        };
        Box::pin(async move { Err(error) })
    }
}
