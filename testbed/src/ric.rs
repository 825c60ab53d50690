//! AWS's own runtimes (their runtime interface clients) on this machine: what a function answers, and how its errors
//! look, is here what it is on Lambda. A zip is unpacked in place of `/var/task`, layers in place of `/opt`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::function::Function;
use crate::runtime_api::{Run, RuntimeApi};
use crate::tools::{on_path, tool};
use crate::zip_file::unpack;

/// Runs a function for a list of events: Python and Node.js under AWS's runtime, anything else by its `bootstrap`.
/// None, and a printed reason, where what it needs is not installed.
pub fn run(function: &Function, events: &[Value]) -> Option<Run> {
    let folder = tempfile::tempdir().expect("a folder");
    // Where the system links its folder for such things, paths in traces would not be ours.
    let folder = folder.path().canonicalize().map(|path| (path, folder)).expect("a folder");
    let places = Places { task: folder.0.join("task"), opt: folder.0.join("opt") };
    unpack(&function.code, &places.task);
    for layer in &function.layers {
        unpack(layer, &places.opt);
    }
    let mut command = match function.runtime.get(..6) {
        Some("python") => python(function, &places)?,
        Some("nodejs") => node(function, &places)?,
        _ => Command::new(places.task.join("bootstrap")),
    };
    command
        .current_dir(&places.task)
        .env("_HANDLER", &function.handler)
        .env("LAMBDA_TASK_ROOT", &places.task)
        .env("AWS_EXECUTION_ENV", format!("AWS_Lambda_{}", function.runtime))
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory.to_string())
        .envs(&function.environment);
    Some(RuntimeApi::start(&function.name, events).drive(command))
}

/// What stands for the folders of Lambda.
struct Places {
    task: PathBuf,
    opt: PathBuf,
}

impl Places {
    /// A command in an environment that has of this machine's only the PATH, behind the layers'.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let dirs = std::iter::once(self.opt.join("bin")).chain(std::env::split_paths(&path));
        command.env_clear().env("PATH", std::env::join_paths(dirs).expect("a PATH"));
        command.env("LANG", "en_US.UTF-8").env("LD_LIBRARY_PATH", joined(&[&self.task, &self.opt.join("lib")]));
        command
    }
}

fn python(function: &Function, places: &Places) -> Option<Command> {
    let mut command = places.command(&tool("ric/bin/python")?);
    // In the order of Lambda: the code, then the layers, then what the runtime brings along.
    let versioned = places.opt.join("python/lib").join(&function.runtime).join("site-packages");
    command.env("PYTHONPATH", joined(&[&places.task, &versioned, &places.opt.join("python")]));
    command.args(["-B", "-m", "awslambdaric", &function.handler]);
    Some(command)
}

fn node(function: &Function, places: &Places) -> Option<Command> {
    let runtime = tool("node_ric/index.mjs")?;
    let mut command = places.command(&on_path("node")?);
    let version = function.runtime.trim_start_matches("nodejs").trim_end_matches(".x");
    let versioned = places.opt.join(format!("nodejs/node{version}/node_modules"));
    command.env("NODE_PATH", joined(&[&versioned, &places.opt.join("nodejs/node_modules")]));
    command.env("AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1", "true");
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("javascript/rapid_client.cjs");
    command.arg("--require").arg(client).arg(runtime);
    Some(command)
}

fn joined(paths: &[&Path]) -> OsString {
    std::env::join_paths(paths).expect("folders without `:`")
}
