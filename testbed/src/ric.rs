//! Runs functions with AWS's own runtime interface clients, so that responses and errors are the same as on Lambda. The
//! zip and the layers are unpacked to temporary folders that replace `/var/task` and `/opt`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::function::Function;
use crate::runtime_api::{FunctionRun, RuntimeApi};
use crate::tools::{find_on_path, tool};
use crate::zip_file::unpack;

/// Runs a function for a list of events: Python and Node.js with AWS's runtime interface client, other runtimes by
/// their `bootstrap`. Returns `None` and prints the reason if a required tool is not installed.
pub fn run(function: &Function, events: &[Value]) -> Option<FunctionRun> {
    run_in(function, events, |function| match function.runtime.get(..6) {
        Some("python") => tool("ric/bin/python"),
        Some("nodejs") => node(function),
        _ => Some(PathBuf::new()),
    })
}

/// Like [`run`], but only in the version of the interpreter that the function's runtime has. Returns `None` and prints the
/// runtime if this machine does not have the version: no machine has all of them.
pub fn run_in_version(function: &Function, events: &[Value]) -> Option<FunctionRun> {
    let runtime = &function.runtime;
    let found = match runtime.get(..6) {
        Some("python") => python_of(runtime),
        _ => node(function).filter(|node| version_of(node).starts_with(&format!("v{}.", node_major(runtime)))),
    };
    let Some(interpreter) = found else {
        println!("skipped: there is no interpreter of `{runtime}` with AWS's runtime client on this machine");
        return None;
    };
    run_in(function, events, |_| Some(interpreter))
}

/// Returns the interpreter of a runtime such as `python3.12` that has AWS's runtime client.
fn python_of(runtime: &str) -> Option<PathBuf> {
    let plain = tool("ric/bin/python")?;
    let name = runtime.replacen("python", "Python ", 1);
    let is_of_runtime = |python: &PathBuf| version_of(python).starts_with(&format!("{name}."));
    let own = plain.ancestors().nth(3)?.join(format!("ric_{runtime}/bin/python"));
    [plain, own].into_iter().filter(|python| python.exists()).find(is_of_runtime)
}

fn version_of(interpreter: &Path) -> String {
    let output = Command::new(interpreter).arg("--version").output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

fn run_in(
    function: &Function,
    events: &[Value],
    interpreter: impl FnOnce(&Function) -> Option<PathBuf>,
) -> Option<FunctionRun> {
    let interpreter = interpreter(function)?;
    let temp_dir = tempfile::tempdir().expect("a folder");
    // On some systems the path of temporary folders contains a link, so paths in stack traces would be different.
    let root = temp_dir.path().canonicalize().expect("a folder");
    let dirs = LambdaDirs { task: root.join("task"), opt: root.join("opt") };
    unpack(&function.code, &dirs.task);
    for layer in &function.layers {
        unpack(layer, &dirs.opt);
    }
    let mut command = match function.runtime.get(..6) {
        Some("python") => python_command(function, &dirs, &interpreter),
        Some("nodejs") => node_command(function, &dirs, &interpreter)?,
        _ => Command::new(dirs.task.join("bootstrap")),
    };
    command
        .current_dir(&dirs.task)
        .env("_HANDLER", &function.handler)
        .env("LAMBDA_TASK_ROOT", &dirs.task)
        .env("AWS_EXECUTION_ENV", format!("AWS_Lambda_{}", function.runtime))
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory.to_string())
        .envs(&function.environment);
    Some(RuntimeApi::start(&function.name, events).run(command))
}

/// The folders that replace those of Lambda.
struct LambdaDirs {
    /// Replaces `/var/task`.
    task: PathBuf,
    /// Replaces `/opt`.
    opt: PathBuf,
}

impl LambdaDirs {
    /// Returns a command whose environment inherits only the PATH, after the `bin` folder of the layers.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.opt.join("bin")).chain(std::env::split_paths(&path));
        command.env_clear().env("PATH", std::env::join_paths(folders).expect("a PATH"));
        command.env("LANG", "en_US.UTF-8").env("LD_LIBRARY_PATH", join_paths(&[&self.task, &self.opt.join("lib")]));
        command
    }
}

fn python_command(function: &Function, dirs: &LambdaDirs, python: &Path) -> Command {
    let mut command = dirs.command(python);
    // The order is that of Lambda: the code, then the layers, then the packages of the runtime.
    let versioned = dirs.opt.join("python/lib").join(&function.runtime).join("site-packages");
    command.env("PYTHONPATH", join_paths(&[&dirs.task, &versioned, &dirs.opt.join("python")]));
    command.args(["-B", "-m", "awslambdaric", &function.handler]);
    command
}

/// Returns the Node.js of a function: the version of its runtime, where it is installed.
fn node(function: &Function) -> Option<PathBuf> {
    let node24 = tool("node24/package.json")?.with_file_name("bin").join("node");
    let is_24 = function.runtime == "nodejs24.x" && node24.is_file();
    if is_24 { Some(node24) } else { find_on_path("node") }
}

/// Returns `24` of `nodejs24.x`.
fn node_major(runtime: &str) -> &str {
    runtime.trim_start_matches("nodejs").trim_end_matches(".x")
}

fn node_command(function: &Function, dirs: &LambdaDirs, node: &Path) -> Option<Command> {
    let runtime = tool("node_ric/index.mjs")?;
    let mut command = dirs.command(node);
    let version = node_major(&function.runtime);
    let versioned = dirs.opt.join(format!("nodejs/node{version}/node_modules"));
    command.env("NODE_PATH", join_paths(&[&versioned, &dirs.opt.join("nodejs/node_modules")]));
    command.env("AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1", "true");
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("javascript/rapid_client.cjs");
    command.arg("--require").arg(client).arg(runtime);
    Some(command)
}

fn join_paths(paths: &[&Path]) -> OsString {
    std::env::join_paths(paths).expect("folders without `:`")
}
