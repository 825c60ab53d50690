//! Tests of the remote transport against a server on loopback. Tests of common behaviour run with every client.

mod attempts;
mod connections;
mod deadlines;
pub(super) mod fake_server;
pub(super) mod reference_signature;
mod requests;
#[cfg(feature = "aws-sdk")]
mod sdk_transport;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::http_client::{HttpClient, Settings};
use super::lambda_transport::{LambdaTransport, ProgramInfo};
use crate::Error;
use bedrock_model::transport::{Call, InvocationType, Target, Transport};
use bedrock_model::transport::{CallingInvocation, FunctionContext};

pub(super) type Env = Vec<(&'static str, String)>;

/// Name of a client, for assertion messages, and the function that creates it.
pub(super) type ClientCase = (&'static str, fn(&Env) -> Arc<dyn Transport>);

/// Returns all clients.
pub(super) fn client_cases() -> Vec<ClientCase> {
    vec![
        ("client", client),
        #[cfg(feature = "aws-sdk")]
        ("sdk", sdk_transport::sdk),
    ]
}

pub(super) fn client(env: &Env) -> Arc<dyn Transport> {
    Arc::new(LambdaTransport::new(HttpClient::new(settings(env)), identity()))
}

pub(super) fn settings(env: &Env) -> Settings {
    Settings::read(&|name| env.iter().find(|(variable, _)| *variable == name).map(|(_, value)| value.clone()))
        .expect("settings")
}

fn identity() -> ProgramInfo {
    ProgramInfo {
        app: Some("my_app".to_owned()),
        function: Some("my_app-dev-endpoint".to_owned()),
        ..ProgramInfo::default()
    }
}

/// Returns a call of the worker `fetcher` outside of an invocation.
pub(super) fn call(kind: InvocationType) -> Call {
    Call { target: Target::Worker("fetcher"), event: Bytes::from_static(br#"{"a":1}"#), kind, caller: None }
}

/// Calls `fetcher` and returns its response.
pub(super) async fn invoke(transport: &Arc<dyn Transport>) -> Result<Bytes, Error> {
    transport.call(call(InvocationType::RequestResponse)).await
}

/// Returns an invocation that makes a call.
pub(super) fn caller(remaining: Duration, trace: &str) -> CallingInvocation {
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:my_app-dev-endpoint".to_owned();
    let function = Some(Arc::new(FunctionContext { arn, ..FunctionContext::default() }));
    CallingInvocation { deadline: SystemTime::now() + remaining, trace: Some(trace.to_owned()), function }
}
