//! What durable executions need of the functions of an app.

use bedrock_durable::ExecutionArn;
use bedrock_model::{Error, FunctionInfo, Invocation, Reply};

/// Why a function is run for an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunReason {
    /// It is the function of this execution.
    Replay {
        /// The execution.
        arn: ExecutionArn,
        /// The code that it keeps. `None` for the current code.
        code: Option<String>,
    },
    /// It is not durable, and this execution invokes it.
    ChainedCall(ExecutionArn),
}

/// Finds and runs functions.
pub trait DurableFunctions: Send + Sync {
    /// Finds a function by its own name, its worker's name or its ARN.
    fn find(&self, name: &str) -> Result<FunctionInfo, Error>;

    /// Returns why AWS would reject a call of `function` by the worker `caller`.
    fn check_permission(&self, caller: &str, function: &FunctionInfo) -> Result<(), String> {
        let _ = (caller, function);
        Ok(())
    }

    /// Returns the current code of a worker, which executions that start now keep. `None` if they do not: they always
    /// run with the current code.
    fn code(&self, worker: &str) -> Option<String> {
        let _ = worker;
        None
    }

    /// Is called when the last execution of a code has ended, or continues with other code.
    fn notify_code_released(&self) {}

    /// Runs one invocation, to its end.
    fn run(&self, function: &FunctionInfo, invocation: Invocation, reason: RunReason) -> Reply;

    /// Prints a message about the executions.
    fn print(&self, message: &str);
}
