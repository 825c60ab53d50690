//! What programs other than the host need to run the code of a worker, for example test runners: its interpreter, its
//! import path and its environment variables. Installs the dependencies, but starts no process of the worker.

use std::path::PathBuf;
use std::sync::Arc;

use bedrock_build::Language;
use tokio::process::Command;

use super::process::set_environment;
use super::registry::HostRegistry;
use crate::host_files;
use crate::install::{Installation, install_dependencies};
use crate::worker_info::WorkerInfo;
use bedrock_model::Error;

/// An interpreter with the dependencies of a Python or JavaScript worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerTools {
    /// The path of `python3` or `node`.
    pub interpreter: PathBuf,
    /// The version of the interpreter, for example `3.13.1`.
    pub version: String,
    /// The folders that Python imports from. Empty for JavaScript, which finds packages by itself.
    pub import_path: Vec<PathBuf>,
    /// The folder of the host's own scripts.
    pub scripts: PathBuf,
    /// The variables of the worker, as `dev` sets them. `None` removes a variable.
    pub environment: Vec<(String, Option<String>)>,
}

/// Prepares a worker. `api` is the URL of Lambda's API; calls of other workers fail without one.
pub(crate) async fn prepare(
    info: &Arc<WorkerInfo>,
    hosts: &Arc<HostRegistry>,
    api: Option<&str>,
) -> Result<WorkerTools, Error> {
    let not_started =
        |message: String, help: Option<String>| Error::NotStarted { worker: info.entry.name.clone(), message, help };
    let dir = hosts.app.root.join(&info.entry.dir);
    let language = info.entry.language;
    let found = hosts.interpreter_finder(language).get(&hosts.app.scratch).await;
    let interpreter = found.map_err(|(message, help)| not_started(message, Some(help)))?;
    let installation = Installation { hosts, info, interpreter };
    let site = install_dependencies(installation).await.map_err(|(message, help)| not_started(message, help))?;
    let scripts = host_files::unpack(&hosts.app.scratch)
        .map_err(|error| not_started(format!("failed to write the host program: {error}"), None))?;
    // Only a command knows which variables it sets and which it removes.
    let mut command = Command::new(&interpreter.path);
    set_environment(&mut command, info, hosts, api.unwrap_or_default(), &dir, &site);
    if api.is_none() {
        command.env_remove("AWS_ENDPOINT_URL_LAMBDA");
    }
    let text = |value: &std::ffi::OsStr| value.to_string_lossy().into_owned();
    let environment = command.as_std().get_envs().map(|(name, value)| (text(name), value.map(text))).collect();
    let import_path = match language {
        Language::Python => {
            let folders = [dir, scripts.join("python"), site];
            folders.into_iter().filter(|folder| !folder.as_os_str().is_empty()).collect()
        }
        _ => Vec::new(),
    };
    let version = interpreter.version.clone();
    Ok(WorkerTools { interpreter: interpreter.path.clone(), version, import_path, scripts, environment })
}
