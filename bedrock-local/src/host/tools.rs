//! What programs other than the host need to run the code of a worker, for example test runners: its interpreter, its
//! import path and its environment variables. Installs the dependencies, but starts no process of the worker.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bedrock_build::Language;
use tokio::process::Command;

use super::dependencies::{self, InstalledWorker, shared_folder};
use super::process::set_environment;
use super::registry::HostRegistry;
use crate::host_files;
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
    let InstalledWorker { interpreter, site } = dependencies::install(info, hosts).await?;
    let scripts = host_files::unpack(&hosts.app.scratch).map_err(|error| {
        let folder = hosts.app.scratch.display();
        let message = format!("failed to write the host program to `{folder}`: {error}");
        not_started(message, Some("`CARGO_TARGET_DIR` must be a folder that can be written".to_owned()))
    })?;
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
            let shared = shared_folder(info, hosts);
            let linked = linked_folders(&site);
            let site = Some(site).filter(|site| !site.as_os_str().is_empty());
            [dir, scripts.join("python")].into_iter().chain(shared).chain(site).chain(linked).collect()
        }
        _ => Vec::new(),
    };
    let version = interpreter.version.clone();
    Ok(WorkerTools { interpreter: interpreter.path.clone(), version, import_path, scripts, environment })
}

/// Returns the folders of editable packages, which lines of `.pth` files name. Python reads these files only in its own folders.
fn linked_folders(site: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(site).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "pth")).collect();
    files.sort();
    let lines = files.iter().map(|file| fs::read_to_string(file).unwrap_or_default());
    let folders = lines.flat_map(|text| text.lines().map(|line| site.join(line.trim())).collect::<Vec<_>>());
    folders.filter(|folder| folder != site && folder.is_dir()).collect()
}
