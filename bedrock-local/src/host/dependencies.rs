//! Finds the interpreter of a worker, and installs the dependencies of its code.

use std::path::{Path, PathBuf};

use bedrock_build::{Language, shared_dir};
use bedrock_model::Error;

use super::registry::HostRegistry;
use crate::install::{Installation, install_dependencies};
use crate::interpreter::Interpreter;
use crate::worker_info::WorkerInfo;

/// What the code of a worker runs with.
pub(super) struct InstalledWorker<'a> {
    pub(super) interpreter: &'a Interpreter,
    /// The folder that Python must search; empty if there is none.
    pub(super) site: PathBuf,
}

/// Installs the dependencies of a worker, if necessary.
pub(super) async fn install<'a>(info: &WorkerInfo, hosts: &'a HostRegistry) -> Result<InstalledWorker<'a>, Error> {
    let not_started =
        |message: String, help: Option<String>| Error::NotStarted { worker: info.entry.name.clone(), message, help };
    let found = hosts.interpreter_finder(info.entry.language).get(&hosts.app.scratch).await;
    let interpreter = found.map_err(|(message, help)| not_started(message, Some(help)))?;
    let installation = Installation { hosts, info, interpreter };
    let Some(old_code) = &info.old_code else {
        let site = install_dependencies(installation).await.map_err(|(message, help)| not_started(message, help))?;
        if info.entry.language == Language::Python && !site.as_os_str().is_empty() {
            hosts.set_site(&info.entry.name, &site);
        }
        return Ok(InstalledWorker { interpreter, site });
    };
    // Nothing is installed for old code: it has what it had, or else what the worker has today.
    let kept = old_code.site.clone().filter(|site| site.is_dir());
    let site = kept.or_else(|| hosts.site(&info.entry.name)).unwrap_or_default();
    Ok(InstalledWorker { interpreter, site })
}

/// Installs the dependencies of a worker that may not be called for a while. Does nothing for a worker without a file
/// that lists some: its interpreter may be missing until it is called.
pub(crate) async fn install_early(info: &WorkerInfo, hosts: &HostRegistry) -> Result<(), Error> {
    let dir = hosts.app.root.join(&info.entry.dir);
    if has_list(&dir, info.entry.language) { install(info, hosts).await.map(drop) } else { Ok(()) }
}

/// Returns the folder with the code that workers of the same language share, if there is one.
pub(super) fn shared_folder(info: &WorkerInfo, hosts: &HostRegistry) -> Option<PathBuf> {
    let dir = shared_dir(&info.entry.dir, info.entry.language)?;
    Some(hosts.app.root.join(dir)).filter(|folder| folder.is_dir())
}

/// Returns whether a worker's folder has a file that lists dependencies.
fn has_list(dir: &Path, language: Language) -> bool {
    let lists: &[&str] = match language {
        Language::Python => &["requirements.txt", "pyproject.toml"],
        Language::JavaScript => &["package.json"],
        Language::Rust => &[],
    };
    lists.iter().any(|list| dir.join(list).is_file())
}
