//! The layer of a JavaScript worker: what `npm` installs of its `package.json`, for Lambda's system and processor.

use std::fs;
use std::path::Path;
use std::process::Command;

use bedrock_build::Worker;
use serde_json::Value;

use super::context::{Context, Made, Outcome};
use super::inputs::Inputs;
use super::part::{Function, Part};
use crate::error::{Error, Result};
use crate::pack::{Contents, Options, collect, node_modules, remove};
use crate::tool::on_path;

/// Part of every key: another way to lay out or prune layers makes them anew.
const LAYOUT: &str = "1";
/// What npm reads.
const LISTS: [&str; 4] = ["package.json", "package-lock.json", "npm-shrinkwrap.json", ".npmrc"];

/// The worker's layer as a zip; none if it has no dependencies.
pub(crate) fn build(context: &Context<'_>, worker: &Worker) -> Result<Outcome> {
    let part = Part::Layer(worker.name.clone());
    let dir = context.app.root.join(&worker.dir);
    let mut inputs = Inputs::default();
    inputs.add("layout", LAYOUT);
    let wanted = has_dependencies(&dir, worker)?;
    if wanted {
        for list in LISTS {
            if let Some(bytes) = read(&dir.join(list), &format!("{}/{list}", worker.dir))? {
                inputs.add_bytes(list, &bytes);
            }
        }
    }
    context.part(&part, inputs, Vec::new(), || {
        if wanted { entries(context, worker, &part, &dir) } else { Ok(Made::default()) }
    })
}

fn has_dependencies(dir: &Path, worker: &Worker) -> Result<bool> {
    let shown = format!("{}/package.json", worker.dir);
    let Some(bytes) = read(&dir.join("package.json"), &shown)? else { return Ok(false) };
    let package: Value = serde_json::from_slice(&bytes).map_err(|error| {
        Error::app(format!("failed to read the dependencies of worker `{}`", worker.name))
            .cause(format!("`{shown}` is no JSON: {error}"))
    })?;
    let mut any = false;
    for list in ["dependencies", "optionalDependencies"] {
        for (name, version) in package.get(list).and_then(Value::as_object).into_iter().flatten() {
            any = true;
            let version = version.as_str().unwrap_or_default();
            if ["file:", "link:", "workspace:"].iter().any(|scheme| version.starts_with(scheme)) {
                return Err(Error::app(format!("`{name}` in `{shown}` cannot be installed for Lambda"))
                    .cause(format!("`{version}` is a folder of this machine"))
                    .help("move the code into the worker's folder, or name a version of a published package"));
            }
        }
    }
    Ok(any)
}

fn entries(context: &Context<'_>, worker: &Worker, part: &Part, dir: &Path) -> Result<Made> {
    let function = Function::Worker(worker.name.clone());
    let what = format!("failed to install the dependencies of {function} for {}", context.architecture.machine());
    let Some(npm) = on_path("npm") else {
        return Err(Error::call(what).cause("`npm` is not on the PATH").help("install Node.js with npm"));
    };
    let staging = context.folder.staging()?;
    for list in LISTS {
        if let Some(bytes) = read(&dir.join(list), &format!("{}/{list}", worker.dir))? {
            let write = |error| Error::io(format!("failed to copy `{}/{list}`", worker.dir), &error);
            fs::write(staging.path().join(list), bytes).map_err(write)?;
        }
    }
    let is_locked = ["package-lock.json", "npm-shrinkwrap.json"].iter().any(|list| dir.join(list).is_file());
    if !is_locked {
        context.progress.warning(
            Some(part),
            &format!(
                "`{}` has no `package-lock.json`: what its `package.json` comes to may change from build to build",
                worker.dir
            ),
        );
    }
    let mut command = Command::new(npm);
    command.args([
        if is_locked { "ci" } else { "install" },
        "--omit=dev",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
    ]);
    command.args(["--loglevel=error", "--os=linux", "--libc=glibc", &format!("--cpu={}", context.architecture.node())]);
    context.tools.run(command.current_dir(staging.path()), &what)?;
    let modules = staging.path().join("node_modules");
    if !modules.is_dir() {
        return Ok(Made::default());
    }
    remove(&modules, &context.app.root, |path, _| node_modules(path, context.architecture))?;
    let mut options = Options::new(Contents::Dependencies, &context.app.root, function.settings_table());
    options.allow.clone_from(&worker.settings.allow);
    let entries = collect(&modules, &options)?.entries("nodejs/node_modules");
    Ok(Made { entries, room: Some(staging) })
}

fn read(path: &Path, shown: &str) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(format!("failed to read `{shown}`"), &error)),
    }
}
