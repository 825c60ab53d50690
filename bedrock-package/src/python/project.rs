//! The requirements of a `pyproject.toml`: uv exports them from the lock, or resolves them.

use std::fs;
use std::path::Path;

use bedrock_build::{Worker, project_indexes};

use super::installer::{Installer, Platform, uv_platform};
use super::requirements::{self, Requirements};
use crate::context::Context;
use bedrock_diagnostics::{Error, Result};

/// Returns the requirements of the worker's project, each with its digests. `lock` is the `uv.lock` that has it, if there is
/// one.
pub(super) fn requirements(
    context: &Context<'_>,
    worker: &Worker,
    platform: Platform,
    lock: Option<&Path>,
) -> Result<Requirements> {
    let Some(uv) = Installer::find_uv(&context.tools) else {
        return Err(Error::call(format!("failed to read `{}/pyproject.toml`", worker.dir))
            .cause("`uv` is not on the PATH")
            .help("run `pip install uv`, or list the dependencies in `requirements.txt`"));
    };
    let dir = context.app.root.join(&worker.dir);
    let mut command = uv.command();
    if lock.is_some() {
        command.args(["export", "--quiet", "--frozen", "--no-dev", "--no-emit-project", "--no-header"]);
    } else {
        command.args(["pip", "compile", "--quiet", "--no-header", "--generate-hashes", "pyproject.toml"]);
        command.args(["--python-version", worker.runtime.version().unwrap_or_default()]);
        command.args(["--python-platform", &uv_platform(platform)]);
    }
    let what = format!("failed to read the dependencies of worker `{}`", worker.name);
    let text = context.tools.run(command.current_dir(&dir), &what)?;
    let staging = context.folder.staging()?;
    let list = staging.path().join("exported.txt");
    fs::write(&list, text).map_err(|error| Error::io("failed to write `exported.txt`", &error))?;
    let root = lock.and_then(Path::parent).unwrap_or(&dir);
    let mut found = requirements::read(&list, root, &context.app.root)?;
    found.indexes = project_indexes(&dir, lock);
    Ok(found)
}
