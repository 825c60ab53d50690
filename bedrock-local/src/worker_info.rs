//! What is known about a worker, independent of its language.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bedrock_build::WorkerEntry;
use bedrock_model::id::new_uuid;
use bedrock_model::{FunctionInfo, Invocation};

use super::app_info::AppInfo;
use super::lambda_files::lambda_handler;
use super::old_code::OldCode;
use super::worker_contract::WorkerContract;
use bedrock_model::Error;
use bedrock_model::transport::FunctionContext;

/// The account in local ARNs. No real account has this number.
const LOCAL_ACCOUNT: &str = "000000000000";

/// Static description of a worker.
#[derive(Debug)]
pub struct WorkerInfo {
    /// The worker as the worker index has it.
    pub entry: WorkerEntry,
    /// What its context says about the function.
    pub function: Arc<FunctionContext>,
    /// Its timeout.
    pub timeout: Duration,
    /// Its `contract.json`.
    pub(crate) contract: WorkerContract,
    /// The code that it runs with instead of that of the app.
    pub(crate) old_code: Option<OldCode>,
}

/// The time limit of one invocation.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    /// When the invocation is ended.
    pub at: SystemTime,
    /// The time until then.
    pub remaining: Duration,
}

impl WorkerInfo {
    pub(crate) fn new(app: &AppInfo, entry: &WorkerEntry) -> Self {
        let name = format!("{}-local-{}", app.name, entry.name);
        let function = Arc::new(FunctionContext {
            arn: function_arn(&name),
            version: "$LATEST".to_owned(),
            memory: entry.memory,
            log_group: format!("/aws/lambda/{name}"),
            log_stream: format!("local/[$LATEST]{}", new_uuid().replace('-', "")),
            name,
        });
        let contract = WorkerContract::new(&app.root, &entry.dir);
        Self { entry: entry.clone(), function, timeout: Duration::from_secs(entry.timeout), contract, old_code: None }
    }

    /// Checks an event before the worker gets it.
    pub fn check_event(&self, event: &[u8]) -> Result<(), Error> {
        self.contract.check_event(&self.entry.name, event)
    }

    /// Checks a response of the worker.
    pub fn check_response(&self, response: &[u8]) -> Result<(), Error> {
        self.contract.check_response(&self.entry.name, response)
    }

    /// Returns the deadline of an invocation that starts now: the worker's timeout or the caller's deadline, whichever
    /// is earlier.
    pub fn deadline(&self, invocation: &Invocation) -> Deadline {
        let now = SystemTime::now();
        let timeout = now + self.timeout;
        let at = invocation.caller_deadline.map_or(timeout, |caller_deadline| caller_deadline.min(timeout));
        Deadline { at, remaining: at.duration_since(now).unwrap_or_default() }
    }

    /// Returns the description of the worker's function in Lambda's API.
    pub fn function_info(&self) -> FunctionInfo {
        let entry = &self.entry;
        let function = &self.function;
        FunctionInfo {
            worker: entry.name.clone(),
            name: function.name.clone(),
            arn: function.arn.clone(),
            language: entry.language,
            runtime: entry.runtime.clone(),
            handler: lambda_handler(entry.language).to_owned(),
            timeout: entry.timeout,
            memory: entry.memory,
            log_group: function.log_group.clone(),
            durable: entry.durable,
        }
    }
}

/// Returns the local ARN of the function with this name.
pub fn function_arn(name: &str) -> String {
    let region = std::env::var("AWS_REGION").unwrap_or_else(|_| "us-east-1".to_owned());
    format!("arn:aws:lambda:{region}:{LOCAL_ACCOUNT}:function:{name}")
}

/// Returns the error of a call that is made while the local runtime stops.
pub fn stopping_error(worker: &str) -> Error {
    let message = "the program is stopping".to_owned();
    Error::Transport { worker: worker.to_owned(), message, may_have_run: false }
}
