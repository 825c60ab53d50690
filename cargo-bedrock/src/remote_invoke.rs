//! Invokes one deployed worker, for `cargo bedrock invoke --remote`. Response, failures and exit codes are those of an
//! invocation here: 1 if the worker failed or may have run, 2 if it surely did not run.

use std::time::Duration;

use aws_sdk_lambda::config::Builder;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{InvocationType, LogType};
use bedrock_build::{App, FunctionName, Worker};
use serde_json::Value;

use crate::aws::{self, Access, Aws, Failure, Repeat};
use crate::deploy::Stage;
use crate::print::Printer;
use bedrock_diagnostics::Interrupt;
use bedrock_diagnostics::{Error, ExitKind, Result};

/// Bytes that Lambda takes when the response is waited for, and when it is not (Lambda quotas; API model 2026).
const SYNC_LIMIT: usize = 6 * 1024 * 1024;
const EVENT_LIMIT: usize = 1024 * 1024;
/// Longer than any function may run: until then nothing is heard of one that works.
const PATIENCE: Duration = Duration::from_secs(930);

/// One invocation.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) app: &'a App,
    pub(crate) worker: &'a Worker,
    pub(crate) stage: Stage,
    /// JSON.
    pub(crate) payload: String,
    /// Fire and forget.
    pub(crate) event: bool,
    /// Show the end of the log.
    pub(crate) logs: bool,
}

/// Makes it, and prints what comes of it.
pub(crate) fn run(call: &Call<'_>, access: &Access, interrupt: &Interrupt, print: Printer) -> Result<()> {
    let function = FunctionName::of_worker(&call.app.name, call.stage.as_str(), &call.worker.name)
        .map_err(|problem| Error::problems(ExitKind::Call, vec![problem]))?;
    let limit = if call.event { EVENT_LIMIT } else { SYNC_LIMIT };
    let (worker, bytes) = (&call.worker.name, call.payload.len());
    if bytes > limit {
        return Err(Error::call(format!(
            "the event for worker `{worker}` is too large: {bytes} bytes, the limit is {limit}"
        )));
    }
    aws::run(access, async |aws| {
        tokio::select! {
            answer = send(call, &function, &aws) => match answer {
                Ok(answer) => told(call, &answer, print),
                Err(failure) => Err(refused(call, &function, &aws, failure)),
            },
            () = interrupt.requested() => {
                Err(Error::new(ExitKind::Interrupted, format!("interrupted, worker `{worker}` may go on")))
            }
        }
    })
}

async fn send(call: &Call<'_>, function: &FunctionName, aws: &Aws) -> std::result::Result<InvokeOutput, Failure> {
    let kind = if call.event { InvocationType::Event } else { InvocationType::RequestResponse };
    let log = if call.logs { LogType::Tail } else { LogType::None };
    let patient = TimeoutConfig::builder().read_timeout(PATIENCE).build();
    // It is made again only where Lambda has said that it did not run.
    aws::call(Repeat::WhenRefused, || {
        let invoke = aws.lambda.invoke().function_name(function.as_str()).invocation_type(kind.clone());
        let invoke = invoke.log_type(log.clone()).payload(Blob::new(call.payload.as_bytes()));
        invoke.customize().config_override(Builder::new().timeout_config(patient.clone())).send()
    })
    .await
}

fn told(call: &Call<'_>, answer: &InvokeOutput, print: Printer) -> Result<()> {
    let worker = &call.worker.name;
    if let Some(log) = answer.log_result() {
        let bytes = data_encoding::BASE64.decode(log.as_bytes()).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        // It is the end of a log, and need not end with a line.
        print.foreign(&format!("{}\n", text.trim_end_matches('\n')));
    }
    if call.event {
        print.done(&format!("worker `{worker}` has the event"));
        print.next(&format!("`cargo bedrock logs {worker} --stage {}` shows what it does", call.stage.as_str()));
        return Ok(());
    }
    let payload = answer.payload().map(|payload| String::from_utf8_lossy(payload.as_ref()).into_owned());
    let payload = payload.unwrap_or_default();
    if answer.function_error().is_none() {
        return Printer::data(&(payload + "\n"));
    }
    let (error_type, message) = failure_of(&payload);
    let error = Error::app(format!("worker `{worker}` failed")).cause(format!("{error_type}: {message}"));
    Err(if call.logs { error } else { error.help("`--logs` shows what it printed") })
}

/// What Python, Node and Rust report, and what Lambda itself does of a function that was ended.
fn failure_of(payload: &str) -> (String, String) {
    let report: Value = serde_json::from_str(payload).unwrap_or_default();
    let text = |key: &str| report.get(key).and_then(Value::as_str).map(str::to_owned);
    let message = text("errorMessage").unwrap_or_else(|| payload.to_owned());
    (text("errorType").unwrap_or_else(|| "Error".to_owned()), message)
}

fn refused(call: &Call<'_>, function: &FunctionName, aws: &Aws, failure: Failure) -> Error {
    let worker = &call.worker.name;
    if failure.is_missing() {
        let place = format!("account {} in {} has no function `{function}`", aws.place.account, aws.place.region);
        return Error::call(format!("worker `{worker}` is not deployed in stage `{}`", call.stage.as_str()))
            .cause(place)
            .help("deploy it, or look at the stage's name, the profile and the region");
    }
    let may_have_run = match &failure {
        Failure::Lost(_) => true,
        Failure::Refused { status, .. } => *status >= 500,
        Failure::NotSent(_) | Failure::NoCredentials(_) => false,
    };
    let what = format!("failed to invoke worker `{worker}` as `{function}`");
    if may_have_run {
        failure.app(what).help("it may have run: look at its log before you try again")
    } else {
        failure.call(what)
    }
}
