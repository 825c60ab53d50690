//! The remote transport against a server on loopback. What is the same for every client runs over every client.

mod attempts;
mod connections;
mod deadlines;
mod requests;
#[cfg(feature = "aws-sdk")]
mod sdk;
pub(super) mod server;
pub(super) mod signature;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::call::{Identity, Remote};
use super::http::{Client, Settings};
use crate::Error;
use crate::caller::Caller;
use crate::context::Function;
use crate::transport::{Call, Kind, Target, Transport};

pub(super) type Env = Vec<(&'static str, String)>;

/// A way to call, and what it is called in a failed assertion.
pub(super) type Way = (&'static str, fn(&Env) -> Arc<dyn Transport>);

/// All of them.
pub(super) fn ways() -> Vec<Way> {
    vec![
        ("client", client),
        #[cfg(feature = "aws-sdk")]
        ("sdk", sdk::sdk),
    ]
}

pub(super) fn client(env: &Env) -> Arc<dyn Transport> {
    Arc::new(Remote::new(Client::new(settings(env)), identity()))
}

pub(super) fn settings(env: &Env) -> Settings {
    Settings::read(&|wanted| env.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.clone()))
        .expect("settings")
}

fn identity() -> Identity {
    Identity { app: Some("my_app".to_owned()), function: Some("my_app-dev-endpoint".to_owned()), ..Identity::default() }
}

/// A call of the worker `fetcher` outside of an invocation.
pub(super) fn call(kind: Kind) -> Call {
    Call { target: Target::Worker("fetcher"), event: Bytes::from_static(br#"{"a":1}"#), kind, caller: None }
}

/// Calls `fetcher` and waits for the answer.
pub(super) async fn invoke(transport: &Arc<dyn Transport>) -> Result<Bytes, Error> {
    transport.call(call(Kind::RequestResponse)).await
}

/// An invocation within which a call can be made.
pub(super) fn caller(left: Duration, trace: &str) -> Caller {
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:my_app-dev-endpoint".to_owned();
    let function = Some(Arc::new(Function { arn, ..Function::default() }));
    Caller { deadline: SystemTime::now() + left, trace: Some(trace.to_owned()), function }
}
