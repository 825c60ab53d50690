//! What durable executions need of the functions of an app.

use bedrock_model::{Error, FunctionInfo, Invocation, Reply};

/// Finds and runs functions.
pub(crate) trait Functions: Send + Sync {
    /// Finds a function by its own name, its worker's name or its ARN.
    fn find(&self, name: &str) -> Result<FunctionInfo, Error>;

    /// Returns why AWS would reject a call of `function` by the worker `caller`.
    fn check_permission(&self, caller: &str, function: &FunctionInfo) -> Result<(), String>;

    /// Runs one invocation.
    fn run(&self, function: &FunctionInfo, invocation: Invocation) -> Reply;
}
