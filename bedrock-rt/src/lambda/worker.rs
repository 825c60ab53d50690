//! A worker as a Lambda function: answers invocations of the Runtime API.

use std::process::ExitCode;
use std::sync::Arc;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::value::RawValue;

use crate::exec;
use crate::executor::Executor;
use crate::stderr::print_error;
use crate::{RegisteredWorker, WorkerError, runtime};

/// Answers the invocations of a worker until the process is stopped. Returns only after an error.
pub(crate) fn run<W: RegisteredWorker>() -> ExitCode {
    super::logging::init();
    if let Some(app) = W::APP {
        crate::config::set_app(app);
    }
    // Lambda sends one invocation at a time, so one thread is enough. A worker that needs more threads starts them.
    let async_runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(async_runtime) => async_runtime,
        Err(error) => {
            print_error(&format!("error: failed to start the async runtime: {error}"));
            return ExitCode::from(2);
        }
    };
    match async_runtime.block_on(serve_invocations::<W>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&format!("error: worker `{}` stopped: {error}", W::NAME));
            ExitCode::FAILURE
        }
    }
}

async fn serve_invocations<W: RegisteredWorker>() -> Result<(), lambda_runtime::Error> {
    runtime::open();
    let worker = exec::construct::<W>().await.map_err(|error| format!("{error:?}"))?;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let worker = Arc::clone(&worker);
        async move { respond(worker, event).await.map_err(Diagnostic::from) }
    }))
    .await
}

async fn respond(worker: Arc<dyn Executor>, event: LambdaEvent<Box<RawValue>>) -> crate::Result<Box<RawValue>> {
    // A separate task, so that a panic ends this invocation and not the execution environment.
    let response = match tokio::spawn(worker.execute_on_lambda(event)).await {
        Ok(response) => response?,
        Err(error) if error.is_panic() => return Err(exec::panic_error(&*error.into_panic())),
        Err(error) => return Err(WorkerError::new("Runtime.ExitError", error)),
    };
    Ok(RawValue::from_string(String::from_utf8(response)?)?)
}
