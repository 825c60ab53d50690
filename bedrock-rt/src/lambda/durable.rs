//! A durable worker as a Lambda function: AWS's SDK for durable functions answers the invocations.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use aws_durable_execution_sdk::{DurableContext, InvocationPayload, InvocationResponse, Options, wrap};
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::interceptors::BeforeSerializationInterceptorContextMut;
use aws_sdk_lambda::config::{BehaviorVersion, ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_lambda::error::BoxError;
use aws_sdk_lambda::operation::checkpoint_durable_execution::CheckpointDurableExecutionInput;
use bytes::Bytes;
use lambda_runtime::LambdaEvent;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use tokio::sync::OnceCell;

use crate::durable::{DurableWorker, not_durable};
use crate::executor::{Executor, Output};
use crate::remote::function_name::{CallerIdentity, function_of_worker};
use crate::{Context, WorkerError, caller};

/// The error type of an invocation that the SDK could not run, which Lambda repeats.
const ERROR_TYPE: &str = "Runtime.DurableExecutionError";

/// What the SDK makes of a worker.
type Service = Box<dyn Fn(LambdaEvent<InvocationPayload>) -> Answer + Send + Sync>;
type Answer = Pin<Box<dyn Future<Output = Result<InvocationResponse, lambda_runtime::Error>> + Send>>;

/// Returns what runs a durable worker.
pub(crate) fn executor<W: DurableWorker>(worker: W) -> Arc<dyn Executor> {
    Arc::new(DurableExecutor { worker: Arc::new(worker), service: OnceCell::new() })
}

struct DurableExecutor<W> {
    worker: Arc<W>,
    /// Created in the first invocation: finding credentials may take requests.
    service: OnceCell<Service>,
}

impl<W: DurableWorker> DurableExecutor<W> {
    async fn service(&self) -> &Service {
        self.service.get_or_init(|| async { service(Arc::clone(&self.worker), options().await) }).await
    }

    async fn respond(&self, event: LambdaEvent<Box<RawValue>>) -> crate::Result<Vec<u8>> {
        let LambdaEvent { payload, context } = event;
        if !is_of_execution(payload.get()) {
            return Err(not_durable());
        }
        let payload: InvocationPayload = serde_json::from_str(payload.get())?;
        let call = self.service().await(LambdaEvent::new(payload, context.clone()));
        let response = caller::scope(&Context::from(context), call).await;
        let response = response.map_err(|error| WorkerError::new(ERROR_TYPE, error))?;
        Ok(serde_json::to_vec(&response)?)
    }
}

impl<W: DurableWorker> Executor for DurableExecutor<W> {
    fn execute(self: Arc<Self>, _: Bytes, _: Context) -> Output {
        Box::pin(async { Err(not_durable()) })
    }

    fn execute_on_lambda(self: Arc<Self>, event: LambdaEvent<Box<RawValue>>) -> Output {
        Box::pin(async move { self.respond(event).await })
    }
}

fn service<W: DurableWorker>(worker: Arc<W>, options: Options) -> Service {
    let handler = move |event: W::Event, context: DurableContext| {
        let worker = Arc::clone(&worker);
        async move { worker.execute(event, context).await }
    };
    Box::new(wrap(handler, options))
}

/// Returns whether Lambda sent the event for an execution.
fn is_of_execution(event: &str) -> bool {
    #[derive(Deserialize)]
    struct Envelope {
        #[serde(rename = "DurableExecutionArn")]
        _arn: IgnoredAny,
    }
    serde_json::from_str::<Envelope>(event).is_ok()
}

/// Returns the options of the SDK, with the client that it would create itself except for the names of workers.
async fn options() -> Options {
    let shared = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let config = aws_sdk_lambda::config::Builder::from(&shared).interceptor(WorkerNames).build();
    let options = Options::builder().lambda_client(Client::from_conf(config)).build();
    // Only two clients contradict each other.
    options.unwrap_or_default()
}

/// Replaces the names of workers in `context.invoke` by their functions: Lambda knows only functions, and the SDK sends the
/// name in a checkpoint.
#[derive(Debug)]
struct WorkerNames;

impl Intercept for WorkerNames {
    fn name(&self) -> &'static str {
        "WorkerNames"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(input) = context.input_mut().downcast_mut::<CheckpointDurableExecutionInput>() else { return Ok(()) };
        let name = std::env::var("AWS_LAMBDA_FUNCTION_NAME").ok();
        let version = std::env::var("AWS_LAMBDA_FUNCTION_VERSION").ok();
        let caller =
            CallerIdentity { arn: None, name: name.as_deref(), version: version.as_deref(), app: crate::config::app() };
        let options = input.updates.iter_mut().flatten().filter_map(|update| update.chained_invoke_options.as_mut());
        for options in options {
            if let Some(function) = function_of_worker(&options.function_name, caller, crate::config()) {
                options.function_name = function;
            }
        }
        Ok(())
    }
}
