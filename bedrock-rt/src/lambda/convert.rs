//! Conversions from and to the types of `lambda_runtime`.

use std::sync::Arc;

use bedrock_model::transport::FunctionContext;

use crate::{Context, WorkerError};

impl From<WorkerError> for lambda_runtime::Diagnostic {
    fn from(error: WorkerError) -> Self {
        Self { error_type: error.error_type, error_message: error.message }
    }
}

impl From<lambda_runtime::Context> for Context {
    fn from(context: lambda_runtime::Context) -> Self {
        let deadline = context.deadline();
        let env = &context.env_config;
        let function = FunctionContext {
            name: env.function_name.clone(),
            arn: context.invoked_function_arn.clone(),
            version: env.version.clone(),
            memory: u64::try_from(env.memory).unwrap_or_default(),
            log_group: env.log_group.clone(),
            log_stream: env.log_stream.clone(),
        };
        Self { deadline, function: Arc::new(function), request_id: context.request_id, trace_id: context.xray_trace_id }
    }
}
