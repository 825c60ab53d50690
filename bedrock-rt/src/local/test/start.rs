//! The life of a test: its runtime, its app, and what is said of an app that cannot be started.

use std::future::Future;
use std::path::Path;

use bedrock_build::Problem;
use tokio::runtime::{Handle, Runtime};

use super::app::App;
use crate::__private::v1::Outcome;
use crate::local::AppInfo;
use crate::local::main_fn::runtime;
use crate::{Result, WorkerError};

/// A runtime that is left behind when it is dropped: a worker that never gives its thread back must not keep the test.
pub(super) struct Threads(Option<Runtime>);

impl Threads {
    pub(super) fn start() -> Result<Self> {
        let failed = |error| WorkerError::new("NoRuntime", format!("failed to start the async runtime: {error}"));
        runtime().map(|runtime| Self(Some(runtime))).map_err(failed)
    }

    pub(super) fn handle(&self) -> Handle {
        self.0.as_ref().map_or_else(Handle::current, |runtime| runtime.handle().clone())
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Runs the body of a test with an app of its own; gives the error, if there was one.
pub(crate) fn run<F>(app: &AppInfo, body: impl FnOnce(App) -> F) -> Option<String>
where
    F: Future,
    F::Output: Outcome,
{
    match start(&app.root) {
        Ok((threads, app)) => threads.handle().block_on(body(app)).error(),
        Err(error) => Some(error.to_string()),
    }
}

fn start(root: &Path) -> Result<(Threads, App)> {
    let app = bedrock_build::App::open(root).map_err(|all| problems(&all))?;
    let threads = Threads::start()?;
    let app = App::on(app, threads.handle(), None)?;
    Ok((threads, app))
}

/// All that is wrong with an app.
pub(super) fn problems(all: &[Problem]) -> WorkerError {
    WorkerError::new("NoApp", all.iter().map(said).collect::<Vec<_>>().join("\n"))
}

/// A problem with its help.
pub(super) fn said(problem: &Problem) -> String {
    let mut text = problem.message.clone();
    for help in &problem.help {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    text
}
