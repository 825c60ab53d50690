//! What a worker knows about its invocation.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bedrock_model::transport::FunctionContext;

/// The current invocation of a worker: its id, its deadline, its function.
#[derive(Debug, Clone)]
pub struct Context {
    pub(crate) request_id: String,
    pub(crate) deadline: SystemTime,
    pub(crate) function: Arc<FunctionContext>,
    pub(crate) trace_id: Option<String>,
}

impl Context {
    /// Returns the id of the invocation, a UUID.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Returns the time at which the invocation is ended.
    pub fn deadline(&self) -> SystemTime {
        self.deadline
    }

    /// Returns the time until the deadline. Zero after it has passed.
    pub fn remaining_time(&self) -> Duration {
        self.deadline.duration_since(SystemTime::now()).unwrap_or_default()
    }

    /// Returns the name of the Lambda function, for example `my_app-dev-resizer`.
    pub fn function_name(&self) -> &str {
        &self.function.name
    }

    /// Returns the ARN that was invoked.
    pub fn function_arn(&self) -> &str {
        &self.function.arn
    }

    /// Returns the version of the function. Locally it is `$LATEST`.
    pub fn function_version(&self) -> &str {
        &self.function.version
    }

    /// Returns the memory size of the function in megabytes.
    pub fn memory_limit(&self) -> u64 {
        self.function.memory
    }

    /// Returns the log group of the function.
    pub fn log_group_name(&self) -> &str {
        &self.function.log_group
    }

    /// Returns the log stream of this execution environment.
    pub fn log_stream_name(&self) -> &str {
        &self.function.log_stream
    }

    /// Returns the value of the header `X-Amzn-Trace-Id`. `None` if the call has none.
    pub fn trace_id(&self) -> Option<&str> {
        self.trace_id.as_deref()
    }

    /// Returns a context for unit tests, with a new id and a deadline in 30 seconds.
    pub fn for_test() -> Self {
        Self {
            request_id: crate::id::new_uuid(),
            deadline: SystemTime::now() + Duration::from_secs(30),
            function: Arc::new(FunctionContext { name: "test".into(), memory: 256, ..FunctionContext::default() }),
            trace_id: None,
        }
    }
}
