//! Calls: serializes the event, makes the call and deserializes the response.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::caller;
use crate::json::{from_json, to_json};
use crate::{Error, RegisteredWorker, runtime};
use bedrock_model::transport::{Call, InvocationType, Target, check_event_size};

/// Calls any Lambda function by name, partial ARN or full ARN. For workers of this app prefer
/// [`invoke!`](crate::invoke).
///
/// Awaiting it is fire-and-forget; [`InvokeArn::require_response`] waits for the response. Locally a name or ARN that
/// follows the naming rule `app-stage-worker` reaches the worker.
///
/// ```no_run
/// # async fn f() -> Result<(), bedrock::Error> {
/// bedrock::invoke_arn("arn:aws:lambda:eu-west-1:123456789012:function:audit", &["logged in"]).await?;
/// let n: u32 = bedrock::invoke_arn("my_app-dev-counter", ()).require_response().await?;
/// # Ok(())
/// # }
/// ```
pub fn invoke_arn<P: Serialize>(name_or_arn: impl Into<String>, payload: P) -> InvokeArn {
    let target = name_or_arn.into();
    let event = to_json(&target, &payload);
    InvokeArn { target, event }
}

/// A call by name or ARN that has not been made yet. See [`invoke_arn`].
#[must_use = "nothing is called until this is awaited"]
#[derive(Debug)]
pub struct InvokeArn {
    target: String,
    event: Result<Vec<u8>, Error>,
}

impl InvokeArn {
    /// Waits for the response and deserializes it as `R`.
    pub async fn require_response<R: DeserializeOwned>(self) -> Result<R, Error> {
        let response = send(Target::Any(self.target.clone()), self.event?, InvocationType::RequestResponse).await?;
        from_json(&self.target, &response)
    }
}

impl IntoFuture for InvokeArn {
    type Output = Result<(), Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { send(Target::Any(self.target), self.event?, InvocationType::Event).await.map(drop) })
    }
}

/// Calls a Rust worker and waits for its response.
pub async fn typed<W: RegisteredWorker>(event: W::Event) -> Result<W::Response, Error> {
    let event = to_json(W::NAME, &event)?;
    let response = send(Target::Worker(W::NAME), event, InvocationType::RequestResponse).await?;
    from_json(W::NAME, &response)
}

/// Sends an event to a Rust worker.
pub async fn typed_event<W: RegisteredWorker>(event: W::Event) -> Result<(), Error> {
    let event = to_json(W::NAME, &event)?;
    send(Target::Worker(W::NAME), event, InvocationType::Event).await.map(drop)
}

/// Calls a worker by name and waits for its response.
pub async fn json<P: Serialize, R: DeserializeOwned>(worker: &'static str, payload: P) -> Result<R, Error> {
    let event = to_json(worker, &payload)?;
    // The payload may not be `Send`, so it must not be held across an await.
    drop(payload);
    let response = send(Target::Worker(worker), event, InvocationType::RequestResponse).await?;
    from_json(worker, &response)
}

/// Sends an event to a worker by name.
pub async fn json_event<P: Serialize>(worker: &'static str, payload: P) -> Result<(), Error> {
    let event = to_json(worker, &payload)?;
    drop(payload);
    send(Target::Worker(worker), event, InvocationType::Event).await.map(drop)
}

async fn send(target: Target, event: Vec<u8>, kind: InvocationType) -> Result<Bytes, Error> {
    check_event_size(target.as_str(), event.len(), kind)?;
    runtime::call(Call { target, event: event.into(), kind, caller: caller::current() }).await
}
