//! Invokes one deployed worker. Errors have the same kinds as those of a local invocation: an error of the app if the worker
//! failed or may have run, an error of the call if it certainly did not run.

use std::time::Duration;

use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::config::{Builder, SharedHttpClient};
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{InvocationType, LogType};
use bedrock_build::{App, FunctionName, Worker};
use bedrock_diagnostics::{Error, ExitKind, Interrupt, Result};
use serde_json::Value;

use crate::aws::{self, Aws, AwsError, AwsOptions, Idempotency, call};
use crate::stage::{ALIAS, Stage};

/// Quota of Lambda for the payload of a synchronous invocation.
const MAX_SYNC_PAYLOAD_BYTES: usize = 6 * 1024 * 1024;
/// Quota of Lambda for the payload of an asynchronous invocation.
const MAX_EVENT_PAYLOAD_BYTES: usize = 1024 * 1024;
/// Lambda sends nothing while a function runs, which may take 30 minutes.
const READ_TIMEOUT: Duration = Duration::from_secs(1_830);

/// An invocation of a deployed worker.
#[derive(Debug)]
pub struct RemoteInvocation<'a> {
    /// App of the worker.
    pub app: &'a App,
    /// The worker.
    pub worker: &'a Worker,
    /// Stage of the function.
    pub stage: Stage,
    /// The event as JSON.
    pub payload: String,
    /// Whether the invocation is asynchronous.
    pub is_event: bool,
    /// Whether to request the end of the log.
    pub with_logs: bool,
}

/// The response of Lambda.
#[derive(Debug)]
pub struct RemoteResponse {
    /// The last 4 KB of the log, if they were requested.
    pub log_tail: Option<String>,
    /// The result of the invocation.
    pub result: RemoteResult,
}

/// The result of an invocation.
#[derive(Debug)]
pub enum RemoteResult {
    /// Lambda accepted an asynchronous invocation.
    Accepted,
    /// The worker returned this JSON.
    Response(String),
    /// The worker failed.
    FunctionError {
        /// The `errorType`, for example `KeyError`.
        error_type: String,
        /// The `errorMessage`.
        message: String,
    },
}

/// Invokes the worker and waits for Lambda's response.
pub fn invoke(
    invocation: &RemoteInvocation<'_>,
    options: &AwsOptions,
    interrupt: &Interrupt,
) -> Result<RemoteResponse> {
    let worker = &invocation.worker.name;
    let function = FunctionName::of_worker(&invocation.app.name, invocation.stage.as_str(), worker)
        .map_err(|problem| Error::problems(ExitKind::Call, vec![problem]))?;
    let bytes = invocation.payload.len();
    let limit = if invocation.is_event { MAX_EVENT_PAYLOAD_BYTES } else { MAX_SYNC_PAYLOAD_BYTES };
    if bytes > limit {
        return Err(Error::call(format!(
            "the event for worker `{worker}` is too large: {bytes} bytes, the limit is {limit}"
        )));
    }
    let http_client = aws::keep_alive_client()?;
    aws::run(options, async |aws| {
        tokio::select! {
            response = send(invocation, &function, &aws, http_client.as_ref()) => match response {
                Ok(response) => Ok(remote_response(invocation, &response)),
                Err(error) => Err(invoke_error(invocation, &function, &aws, error)),
            },
            () = interrupt.requested() => {
                Err(Error::new(ExitKind::Interrupted, format!("interrupted, worker `{worker}` may continue to run")))
            }
        }
    })
}

/// Retries only if Lambda has said that the function did not run.
async fn send(
    invocation: &RemoteInvocation<'_>,
    function: &FunctionName,
    aws: &Aws,
    http_client: Option<&SharedHttpClient>,
) -> std::result::Result<InvokeOutput, AwsError> {
    let invocation_type = if invocation.is_event { InvocationType::Event } else { InvocationType::RequestResponse };
    let log_type = if invocation.with_logs { LogType::Tail } else { LogType::None };
    let timeouts = TimeoutConfig::builder().read_timeout(READ_TIMEOUT).build();
    call(Idempotency::NotIdempotent, || {
        let invoke = aws.lambda.invoke().function_name(function.as_str()).qualifier(ALIAS);
        let invoke = invoke.invocation_type(invocation_type.clone());
        let invoke = invoke.log_type(log_type.clone()).payload(Blob::new(invocation.payload.as_bytes()));
        let mut config = Builder::new().timeout_config(timeouts.clone());
        config.set_http_client(http_client.cloned());
        invoke.customize().config_override(config).send()
    })
    .await
}

fn remote_response(invocation: &RemoteInvocation<'_>, response: &InvokeOutput) -> RemoteResponse {
    let log_tail = response.log_result().map(|log| {
        let bytes = data_encoding::BASE64.decode(log.as_bytes()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let payload = response.payload().map(|payload| String::from_utf8_lossy(payload.as_ref()).into_owned());
    let payload = payload.unwrap_or_default();
    let result = if invocation.is_event {
        RemoteResult::Accepted
    } else if response.function_error().is_none() {
        RemoteResult::Response(payload)
    } else {
        parse_function_error(payload)
    };
    RemoteResponse { log_tail, result }
}

/// Parses the error document that all runtimes, and Lambda itself, return for a failed invocation.
fn parse_function_error(payload: String) -> RemoteResult {
    let document: Value = serde_json::from_str(&payload).unwrap_or_default();
    let text = |key: &str| document.get(key).and_then(Value::as_str).map(str::to_owned);
    RemoteResult::FunctionError {
        error_type: text("errorType").unwrap_or_else(|| "Error".to_owned()),
        message: text("errorMessage").unwrap_or(payload),
    }
}

fn invoke_error(invocation: &RemoteInvocation<'_>, function: &FunctionName, aws: &Aws, error: AwsError) -> Error {
    let worker = &invocation.worker.name;
    if error.is_not_found() {
        let cause = format!("account {} in {} has no function `{function}`", aws.env.account, aws.env.region);
        return Error::call(format!("worker `{worker}` is not deployed in stage `{}`", invocation.stage))
            .cause(cause)
            .help("deploy it, or check the name of the stage, the profile and the region");
    }
    let may_have_run = match &error {
        AwsError::NoResponse(_) => true,
        AwsError::Service { status, .. } => *status >= 500,
        AwsError::NotSent(_) | AwsError::NoCredentials(_) => false,
    };
    let message = format!("failed to invoke worker `{worker}` as `{function}`");
    if may_have_run {
        error.into_app_error(message).help("it may have run: check its log before you try again")
    } else {
        error.into_call_error(message)
    }
}
