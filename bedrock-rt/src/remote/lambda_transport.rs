//! Calls Lambda functions: chooses the function, enforces the deadline and retries where that is safe.
//! Sending a single request is remaining to an [`InvokeClient`].

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::function_name::{self, CallerIdentity};
use super::invoke_client::{InvokeClient, InvokeInput};
use super::response::{self, RequestContext};
use super::retry;
use crate::{Config, Error};
use bedrock_model::transport::{Call, CallingInvocation, InvocationType, Reply, Transport};

/// The longest timeout of a Lambda function (API reference of `Invoke`, 2026). A call from outside of an invocation
/// waits at most this long.
const MAX_FUNCTION_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// Time that is remaining to a caller whose call timed out, so that it can report the error: Lambda ends an invocation at
/// its deadline without any message.
const DEADLINE_RESERVE: Duration = Duration::from_millis(100);

/// Transport that calls Lambda functions through an [`InvokeClient`].
pub(super) struct LambdaTransport<C> {
    client: Arc<C>,
    identity: Arc<ProgramInfo>,
    /// The first tokio runtime that made a call. Calls from threads without a runtime run on it.
    handle: OnceLock<Handle>,
}

/// App and configuration of this program.
#[derive(Debug, Default)]
pub(super) struct ProgramInfo {
    pub(super) app: Option<String>,
    /// From `AWS_LAMBDA_FUNCTION_NAME`.
    pub(super) function: Option<String>,
    /// From `AWS_LAMBDA_FUNCTION_VERSION`.
    pub(super) version: Option<String>,
    pub(super) config: Config,
}

impl<C: InvokeClient + 'static> LambdaTransport<C> {
    pub(super) fn new(client: C, identity: ProgramInfo) -> Self {
        Self { client: Arc::new(client), identity: Arc::new(identity), handle: OnceLock::new() }
    }
}

impl<C: InvokeClient + 'static> Transport for LambdaTransport<C> {
    fn call(&self, call: Call) -> Reply {
        let worker = call.target.as_str().to_owned();
        let result = invoke_with_retries(Arc::clone(&self.client), Arc::clone(&self.identity), call);
        if let Ok(handle) = Handle::try_current() {
            self.handle.get_or_init(|| handle);
            return Box::pin(result);
        }
        let Some(handle) = self.handle.get() else {
            let message = "calls need a tokio runtime, but this thread has none".to_owned();
            return Box::pin(async move { Err(Error::Transport { worker, message, may_have_run: false }) });
        };
        let task = handle.spawn(result);
        Box::pin(async move {
            let message = "the tokio runtime ended".to_owned();
            task.await.unwrap_or(Err(Error::Transport { worker, message, may_have_run: true }))
        })
    }

    fn open(&self) {
        if let Ok(handle) = Handle::try_current() {
            self.handle.get_or_init(|| handle);
            self.client.open();
        }
    }
}

async fn invoke_with_retries<C: InvokeClient>(
    client: Arc<C>,
    identity: Arc<ProgramInfo>,
    call: Call,
) -> Result<Bytes, Error> {
    let Call { target, event, kind, caller } = call;
    let function = function_name::resolve(&target, caller_identity(&identity, caller.as_ref()), &identity.config)?;
    let available_time = available_time(caller.as_ref(), SystemTime::now());
    if available_time.is_zero() {
        // `timeout_at` polls its future once even if the deadline has passed, which would be enough to send the
        // request.
        return Err(Error::Timeout { worker: target.as_str().to_owned(), after: available_time });
    }
    let started = Instant::now();
    let deadline = started + available_time;
    let request = InvokeInput { function, event, kind, trace: trace(caller) };
    let mut attempts_made = 0;
    let outcome = loop {
        attempts_made += 1;
        let Ok(outcome) = tokio::time::timeout_at(deadline, client.send(&request)).await else {
            return Err(Error::Timeout { worker: target.as_str().to_owned(), after: available_time });
        };
        let remaining = deadline.saturating_duration_since(Instant::now());
        let Some(delay) = retry::delay(&outcome, attempts_made, remaining, crate::id::random()) else { break outcome };
        tokio::time::sleep(delay).await;
    };
    let context = RequestContext {
        target: &target,
        function: &request.function,
        kind,
        bytes: request.event.len(),
        elapsed: started.elapsed(),
        app: identity.app.as_deref(),
    };
    // The body of the response to an accepted event is not used.
    response::into_result(outcome, context)
        .map(|response| if kind == InvocationType::Event { Bytes::new() } else { response })
}

fn caller_identity<'a>(identity: &'a ProgramInfo, caller: Option<&'a CallingInvocation>) -> CallerIdentity<'a> {
    CallerIdentity {
        arn: caller.and_then(|caller| Some(caller.function.as_ref()?.arn.as_str())),
        name: identity.function.as_deref(),
        version: identity.version.as_deref(),
        app: identity.app.as_deref(),
    }
}

/// Returns the time that a call may take: the caller's remaining time minus a reserve of at most 5 %.
fn available_time(caller: Option<&CallingInvocation>, now: SystemTime) -> Duration {
    let Some(caller) = caller else { return MAX_FUNCTION_TIMEOUT };
    let remaining = caller.deadline.duration_since(now).unwrap_or_default();
    remaining.saturating_sub(DEADLINE_RESERVE.min(remaining / 20))
}

/// Returns the caller's trace header. Outside of an invocation's task this is the one that the Lambda loop leaves in
/// the environment while it runs one invocation at a time.
fn trace(caller: Option<CallingInvocation>) -> Option<String> {
    match caller {
        Some(caller) => caller.trace,
        None => std::env::var("_X_AMZN_TRACE_ID").ok(),
    }
}
