//! What a worker knows of its invocation.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The invocation that a worker is running: its id, its deadline, its function.
#[derive(Debug, Clone)]
pub struct Context {
    pub(crate) request_id: String,
    pub(crate) deadline: SystemTime,
    pub(crate) function: Arc<Function>,
    pub(crate) trace_id: Option<String>,
}

/// What stays the same for all invocations of one function.
#[derive(Debug, Clone, Default)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) version: String,
    pub(crate) memory: u64,
    pub(crate) log_group: String,
    pub(crate) log_stream: String,
}

impl Context {
    /// The id of the invocation, a UUID.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// When the invocation is ended.
    pub fn deadline(&self) -> SystemTime {
        self.deadline
    }

    /// How long is left until the deadline; zero once it has passed.
    pub fn remaining_time(&self) -> Duration {
        self.deadline.duration_since(SystemTime::now()).unwrap_or_default()
    }

    /// The name of the Lambda function, for example `my_app-dev-resizer`.
    pub fn function_name(&self) -> &str {
        &self.function.name
    }

    /// The ARN that was invoked.
    pub fn function_arn(&self) -> &str {
        &self.function.arn
    }

    /// The version of the function, `$LATEST` on a laptop.
    pub fn function_version(&self) -> &str {
        &self.function.version
    }

    /// Megabytes of memory that the function is given.
    pub fn memory_limit(&self) -> u64 {
        self.function.memory
    }

    /// The log group of the function.
    pub fn log_group_name(&self) -> &str {
        &self.function.log_group
    }

    /// The log stream of this environment.
    pub fn log_stream_name(&self) -> &str {
        &self.function.log_stream
    }

    /// The value of the `X-Amzn-Trace-Id` header, if the call has one.
    pub fn trace_id(&self) -> Option<&str> {
        self.trace_id.as_deref()
    }

    /// A context for unit tests: a fresh id, and 30 seconds left.
    pub fn for_test() -> Self {
        Self {
            request_id: crate::id::request_id(),
            deadline: SystemTime::now() + Duration::from_secs(30),
            function: Arc::new(Function { name: "test".into(), memory: 256, ..Function::default() }),
            trace_id: None,
        }
    }
}

impl From<lambda_runtime::Context> for Context {
    fn from(context: lambda_runtime::Context) -> Self {
        let deadline = context.deadline();
        let env = &context.env_config;
        let function = Function {
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
