//! Runs the body of a `#[bedrock::test]`.

use std::future::Future;
use std::path::Path;

use super::app::App;
use super::test_runtime::{TestRuntime, app_error};
use crate::Result;
use crate::main_result::MainResult;
use bedrock_local::AppInfo;

/// Runs the body of a test with an app of its own. Returns the text of the error if the test returns one.
pub(crate) fn run<F>(app: &AppInfo, body: impl FnOnce(App) -> F) -> Option<String>
where
    F: Future,
    F::Output: MainResult,
{
    match start(&app.root) {
        Ok((runtime, app)) => runtime.handle().block_on(body(app)).error(),
        Err(error) => Some(error.to_string()),
    }
}

fn start(root: &Path) -> Result<(TestRuntime, App)> {
    let app = bedrock_build::App::open(root).map_err(|problems| app_error(&problems))?;
    let runtime = TestRuntime::start()?;
    let app = App::new(app, &runtime.handle(), None)?;
    Ok((runtime, app))
}
