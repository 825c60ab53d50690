//! `run`: the whole `main` of a Rust worker's binary.

use std::process::ExitCode;
use std::sync::Arc;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::value::RawValue;

use crate::exec::{self, Executor};
use crate::{Context, Registered, WorkerError, logging, transport};

/// Runs a worker as a Lambda function. This is all that the `main` of its binary does:
///
/// ```ignore
/// fn main() -> std::process::ExitCode {
///     bedrock::run::<resizer::Resizer>()
/// }
/// ```
///
/// The worker is constructed once, in the init phase. A panic is an error of that invocation only. Started by hand,
/// outside Lambda, it says how to run the worker and ends with status 2.
pub fn run<W: Registered>() -> ExitCode {
    if !transport::on_lambda() {
        complain(&format!(
            "error: `{name}` is the binary of a worker, it runs on Lambda\nhelp: on this machine run `cargo bedrock invoke {name}`",
            name = W::NAME
        ));
        return ExitCode::from(2);
    }
    logging::init_lambda();
    if let Some(app) = W::APP {
        crate::config::set_app(app);
    }
    // One invocation at a time, so one thread for it; a worker that wants more makes them.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("error: failed to start the async runtime: {error}"));
            return ExitCode::from(2);
        }
    };
    match runtime.block_on(serve_invocations::<W>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("error: worker `{}` stopped: {error}", W::NAME));
            ExitCode::FAILURE
        }
    }
}

async fn serve_invocations<W: Registered>() -> Result<(), lambda_runtime::Error> {
    transport::open();
    let worker = exec::construct::<W>().await.map_err(|error| format!("{error:?}"))?;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let worker = Arc::clone(&worker);
        async move { answer(worker, event).await.map_err(Diagnostic::from) }
    }))
    .await
}

async fn answer(worker: Arc<dyn Executor>, event: LambdaEvent<Box<RawValue>>) -> crate::Result<Box<RawValue>> {
    let context = Context::from(event.context);
    let event = bytes::Bytes::from(Box::<str>::from(event.payload).into_boxed_bytes().into_vec());
    // A task of its own, so that a panic ends this invocation and not the environment.
    let response = match tokio::spawn(worker.execute(event, context)).await {
        Ok(response) => response?,
        Err(error) if error.is_panic() => return Err(exec::panicked(&*error.into_panic())),
        Err(error) => return Err(WorkerError::new("Runtime.ExitError", error)),
    };
    Ok(RawValue::from_string(String::from_utf8(response)?)?)
}

/// Tells the person who started the program; there is nobody else to tell.
#[allow(clippy::print_stderr)]
pub(crate) fn complain(text: &str) {
    eprintln!("{text}");
}
