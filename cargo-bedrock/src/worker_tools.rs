//! The interpreter, the import path and the variables of Python and JavaScript workers, for tests, shells and editors.

use bedrock_build::{App, Worker};
use bedrock_local::{AppInfo, WorkerTools, prepare_workers};

use crate::local_invoke::target_dir;
use bedrock_diagnostics::{Error, ExitKind, Result};

/// Installs the dependencies of `workers`, none of which is in Rust, and returns the tools of each. `api` is the URL of
/// a running `dev`, to which their calls go.
pub(crate) fn prepare(app: &App, workers: &[&Worker], api: Option<&str>) -> Result<Vec<WorkerTools>> {
    prepare_with(app, workers, api, Vec::new())
}

/// Like [`prepare`], with variables that the workers have in addition to those of their settings.
pub(crate) fn prepare_with(
    app: &App,
    workers: &[&Worker],
    api: Option<&str>,
    variables: Vec<(String, String)>,
) -> Result<Vec<WorkerTools>> {
    if workers.is_empty() {
        return Ok(Vec::new());
    }
    let info = AppInfo::from_disk(app, target_dir(app)?.join("bedrock"))
        .map_err(|problem| Error::problems(ExitKind::App, vec![problem]))?;
    let names: Vec<String> = workers.iter().map(|worker| worker.name.to_string()).collect();
    prepare_workers(info, &names, api, variables).map_err(|error| {
        let help = error.help().map(str::to_owned);
        let failed = Error::call(error.to_string());
        help.into_iter().fold(failed, Error::help)
    })
}

/// Returns the import path of a worker as the value of `PYTHONPATH`.
pub(crate) fn python_path(tools: &WorkerTools) -> String {
    let folders: Vec<_> = tools.import_path.iter().map(|folder| folder.display().to_string()).collect();
    folders.join(":")
}
