//! The async runtime of a test, and the messages about an app that cannot be started.

use bedrock_build::Problem;
use tokio::runtime::{Handle, Runtime};

use crate::{Result, WorkerError};
use bedrock_local::start_async_runtime;

/// A runtime that is not waited for when it is dropped: a worker that never returns its thread must not block the test.
pub(super) struct TestRuntime(Option<Runtime>);

impl TestRuntime {
    pub(super) fn start() -> Result<Self> {
        let failed = |error| WorkerError::new("NoRuntime", format!("failed to start the async runtime: {error}"));
        start_async_runtime().map(|runtime| Self(Some(runtime))).map_err(failed)
    }

    pub(super) fn handle(&self) -> Handle {
        self.0.as_ref().map_or_else(Handle::current, |runtime| runtime.handle().clone())
    }
}

impl Drop for TestRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Returns the error for an app with these problems.
pub(super) fn app_error(problems: &[Problem]) -> WorkerError {
    WorkerError::new("NoApp", problems.iter().map(problem_text).collect::<Vec<_>>().join("\n"))
}

/// Returns the text of a problem with its help lines.
pub(super) fn problem_text(problem: &Problem) -> String {
    let mut text = problem.message.clone();
    for help in &problem.help {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    text
}
