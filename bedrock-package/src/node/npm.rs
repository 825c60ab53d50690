//! Runs npm to install dependencies for Lambda or for this machine.

use std::fs;
use std::path::Path;
use std::process::Command;

use bedrock_build::Worker;

use crate::artifact::Artifact;
use crate::context::Context;
use crate::inputs::Inputs;
use crate::tools::find_on_path;
use bedrock_diagnostics::{Error, Result};

/// The files in a worker's folder that npm reads.
const DEPENDENCY_LISTS: [&str; 4] = ["package.json", "package-lock.json", "npm-shrinkwrap.json", ".npmrc"];

/// Adds the files that npm reads as inputs.
pub(super) fn add_lists(inputs: &mut Inputs, dir: &Path, worker: &Worker) -> Result<()> {
    for list in DEPENDENCY_LISTS {
        if let Some(bytes) = read(&dir.join(list), &format!("{}/{list}", worker.dir))? {
            inputs.add_bytes(list, &bytes);
        }
    }
    Ok(())
}

/// Installs the dependencies of a worker into the folder `temp_dir`. `options` are options of npm that select the platform and
/// leave out dependencies; `what` is the message of the error.
pub(super) fn install(
    context: &Context<'_>,
    worker: &Worker,
    artifact: &Artifact,
    temp_dir: &Path,
    options: &[&str],
    what: &str,
) -> Result<()> {
    let Some(npm) = find_on_path("npm") else {
        return Err(Error::call(what).cause("`npm` is not on the PATH").help("install Node.js with npm"));
    };
    let dir = context.app.root.join(&worker.dir);
    for list in DEPENDENCY_LISTS {
        if let Some(bytes) = read(&dir.join(list), &format!("{}/{list}", worker.dir))? {
            let write = |error| Error::io(format!("failed to copy `{}/{list}`", worker.dir), &error);
            fs::write(temp_dir.join(list), bytes).map_err(write)?;
        }
    }
    let is_locked = ["package-lock.json", "npm-shrinkwrap.json"].iter().any(|list| dir.join(list).is_file());
    if !is_locked {
        context.observer.warning(
            Some(artifact),
            &format!(
                "`{}` has no `package-lock.json`: the installed versions may change from build to build",
                worker.dir
            ),
        );
    }
    let mut command = Command::new(npm);
    command.args([if is_locked { "ci" } else { "install" }, "--ignore-scripts", "--no-audit", "--no-fund"]);
    command.arg("--loglevel=error").args(options);
    context.tools.run(command.current_dir(temp_dir), what).map(drop)
}

pub(super) fn read(path: &Path, shown: &str) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(format!("failed to read `{shown}`"), &error)),
    }
}
