//! The histories of durable executions of a stage, as Lambda returns them.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_lambda::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_lambda::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_lambda::error::BoxError;
use bedrock_build::App;
use bedrock_diagnostics::Result;
use serde_json::Value;

use crate::aws::{self, Aws, AwsError, Idempotency, call};
use crate::deploy::StageRequest;
use crate::executions::{list_all, list_running};
use crate::stage::StageContext;

/// Items in one response (API model, `ItemCount`).
const MAX_ITEMS: i32 = 1_000;

/// Which histories are read.
pub struct HistoryRequest<'a> {
    /// The stage.
    pub stage: &'a StageRequest,
    /// Durable workers.
    pub workers: Vec<String>,
    /// Whether only executions that have not ended are read: a stage may have thousands of others.
    pub is_running: bool,
    /// Selects executions by their ARNs.
    pub is_asked: &'a dyn Fn(&str) -> bool,
}

/// The history of one execution.
#[derive(Debug)]
pub struct ExecutionHistory {
    /// The worker.
    pub worker: String,
    /// ARN of the execution.
    pub arn: String,
    /// The events as Lambda returns them, the oldest first.
    pub events: Vec<Value>,
}

/// Reads the histories of the executions of a stage. A worker that is not deployed has none.
pub fn read_histories(app: &App, request: &HistoryRequest<'_>) -> Result<Vec<ExecutionHistory>> {
    aws::run(&request.stage.aws, async |aws| {
        let stage = StageContext::new(app, request.stage.stage.clone(), aws.env.clone())?;
        let mut histories = Vec::new();
        for worker in &request.workers {
            let name = stage.function_name(worker);
            let failed =
                |error: AwsError| error.into_app_error(format!("failed to read the executions of function `{name}`"));
            let listed = if request.is_running { list_running(&aws, &name).await } else { list_all(&aws, &name).await };
            let arns = listed.map_err(failed)?;
            for arn in arns.into_iter().filter(|arn| (request.is_asked)(arn)) {
                let events = read_events(&aws, &arn).await.map_err(failed)?;
                histories.push(ExecutionHistory { worker: worker.clone(), arn, events });
            }
        }
        Ok(histories)
    })
}

async fn read_events(aws: &Aws, arn: &str) -> std::result::Result<Vec<Value>, AwsError> {
    let mut events = Vec::new();
    let mut marker = None::<String>;
    loop {
        let body = ResponseBody::default();
        let request = || {
            let history = aws.lambda.get_durable_execution_history().durable_execution_arn(arn);
            let history = history.include_execution_data(true).set_marker(marker.clone()).max_items(MAX_ITEMS);
            history.customize().interceptor(body.clone()).send()
        };
        let page = call(Idempotency::Idempotent, request).await?;
        if let Some(Value::Array(of_page)) = body.json().get_mut("Events").map(Value::take) {
            events.extend(of_page);
        }
        marker = page.next_marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
        if marker.is_none() {
            return Ok(events);
        }
    }
}

/// Keeps the body of a response: the SDK's types have no JSON form, and the histories of `dev` are JSON too.
#[derive(Debug, Clone, Default)]
struct ResponseBody(Arc<Mutex<Vec<u8>>>);

impl ResponseBody {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).unwrap_or_default()
    }
}

impl Intercept for ResponseBody {
    fn name(&self) -> &'static str {
        "ResponseBody"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> std::result::Result<(), BoxError> {
        if let Some(bytes) = context.response().body().bytes() {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = bytes.to_vec();
        }
        Ok(())
    }
}
