//! One call: which function, until when, and as many attempts as are safe. Carrying a request is a [`Wire`]'s business.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::answer::{self, Asked};
use super::function::{self, Own};
use super::retry;
use super::wire::{Request, Wire};
use crate::caller::Caller;
use crate::transport::{Call, Kind, Reply, Transport};
use crate::{Config, Error};

/// The longest that Lambda lets a function run (API reference of `Invoke`, 2026): who calls from outside of an
/// invocation waits no longer.
const LONGEST: Duration = Duration::from_secs(30 * 60);
/// What a caller keeps of its time to tell of a call that took too long. At its deadline it is ended without a word.
const RESERVE: Duration = Duration::from_millis(100);

/// The transport of a program on Lambda.
pub(super) struct Remote<W> {
    wire: Arc<W>,
    identity: Arc<Identity>,
    /// The first runtime that called, for calls from threads that have none.
    handle: OnceLock<Handle>,
}

/// Who the program is.
#[derive(Debug, Default)]
pub(super) struct Identity {
    pub(super) app: Option<String>,
    /// From `AWS_LAMBDA_FUNCTION_NAME`.
    pub(super) function: Option<String>,
    pub(super) config: Config,
}

impl<W: Wire + 'static> Remote<W> {
    pub(super) fn new(wire: W, identity: Identity) -> Self {
        Self { wire: Arc::new(wire), identity: Arc::new(identity), handle: OnceLock::new() }
    }
}

impl<W: Wire + 'static> Transport for Remote<W> {
    fn call(&self, call: Call) -> Reply {
        let worker = call.target.as_str().to_owned();
        let attempts = attempts(Arc::clone(&self.wire), Arc::clone(&self.identity), call);
        if let Ok(here) = Handle::try_current() {
            self.handle.get_or_init(|| here);
            return Box::pin(attempts);
        }
        let Some(handle) = self.handle.get() else {
            let message = "calls need a tokio runtime, and here is none".to_owned();
            return Box::pin(async move { Err(Error::Transport { worker, message, may_have_run: false }) });
        };
        let task = handle.spawn(attempts);
        Box::pin(async move {
            let message = "the tokio runtime ended".to_owned();
            task.await.unwrap_or(Err(Error::Transport { worker, message, may_have_run: true }))
        })
    }

    fn open(&self) {
        if let Ok(here) = Handle::try_current() {
            self.handle.get_or_init(|| here);
            self.wire.open();
        }
    }
}

async fn attempts<W: Wire>(wire: Arc<W>, identity: Arc<Identity>, call: Call) -> Result<Bytes, Error> {
    let Call { target, event, kind, caller } = call;
    let function = function::of(&target, own(&identity, caller.as_ref()), &identity.config)?;
    let given = given(caller.as_ref(), SystemTime::now());
    if given.is_zero() {
        // A timer that is over looks at its future once: enough to send the request.
        return Err(Error::Timeout { worker: target.as_str().to_owned(), after: given });
    }
    let began = Instant::now();
    let deadline = began + given;
    let request = Request { function, event, kind, trace: trace(caller) };
    let mut made = 0;
    let outcome = loop {
        made += 1;
        let Ok(outcome) = tokio::time::timeout_at(deadline, wire.send(&request)).await else {
            return Err(Error::Timeout { worker: target.as_str().to_owned(), after: given });
        };
        let left = deadline.saturating_duration_since(Instant::now());
        let Some(pause) = retry::pause(&outcome, made, left, crate::id::random()) else { break outcome };
        tokio::time::sleep(pause).await;
    };
    let asked = Asked {
        target: &target,
        function: &request.function,
        kind,
        bytes: request.event.len(),
        waited: began.elapsed(),
        app: identity.app.as_deref(),
    };
    // Nobody reads what an accepted event is answered with.
    answer::read(outcome, asked).map(|response| if kind == Kind::Event { Bytes::new() } else { response })
}

fn own<'a>(identity: &'a Identity, caller: Option<&'a Caller>) -> Own<'a> {
    Own {
        arn: caller.and_then(|caller| Some(caller.function.as_ref()?.arn.as_str())),
        name: identity.function.as_deref(),
        app: identity.app.as_deref(),
    }
}

/// How long a call may take: what its caller has left, but for a little.
fn given(caller: Option<&Caller>, now: SystemTime) -> Duration {
    let Some(caller) = caller else { return LONGEST };
    let left = caller.deadline.duration_since(now).unwrap_or_default();
    left.saturating_sub(RESERVE.min(left / 20))
}

/// The caller's trace. Outside of an invocation's task there is the one that the Lambda loop leaves in the environment,
/// as long as it runs one invocation at a time.
fn trace(caller: Option<Caller>) -> Option<String> {
    match caller {
        Some(caller) => caller.trace,
        None => std::env::var("_X_AMZN_TRACE_ID").ok(),
    }
}
