//! Prepares Python and JavaScript workers for programs that run their code themselves: `cargo bedrock test` and `env`.

use std::collections::HashMap;

use super::app_info::AppInfo;
use super::async_runtime;
use super::dispatch::LocalApp;
use super::host::registry::{ApiUrl, HostConfig};
use super::host::tools::{WorkerTools, prepare};
use super::linked_worker::no_linked_worker;
use super::output;
use bedrock_model::Error;

/// Installs the dependencies of these Python and JavaScript workers, and returns what is needed to run their code, in
/// the same order. `api` is the URL of Lambda's API of a running app, and `variables` are those that its functions have in
/// addition to those of their settings.
pub fn prepare_workers(
    app: AppInfo,
    workers: &[String],
    api: Option<&str>,
    variables: Vec<(String, String)>,
) -> Result<Vec<WorkerTools>, Error> {
    let not_started = |error: std::io::Error| Error::NotStarted {
        worker: workers.first().cloned().unwrap_or_default(),
        message: format!("failed to start the async runtime: {error}"),
        help: None,
    };
    let runtime = async_runtime::start().map_err(not_started)?;
    let config = HostConfig {
        api: ApiUrl::known(api.unwrap_or_default().to_owned()),
        access_key: None,
        output: output::start(None),
        variables,
        debuggers: HashMap::new(),
        requires_current_contracts: true,
    };
    let app = LocalApp::new(app, runtime.handle().clone(), no_linked_worker, |_| config);
    let result = runtime.block_on(async {
        let mut prepared = Vec::new();
        for worker in workers {
            let info = app.info(worker)?;
            prepared.push(prepare(&info, &app.hosts, api).await?);
        }
        Ok(prepared)
    });
    app.hosts.kill_all();
    app.hosts.output.flush();
    runtime.shutdown_background();
    result
}
