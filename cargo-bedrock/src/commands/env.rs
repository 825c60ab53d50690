//! `cargo bedrock env`: prints or uses the environment in which a worker's code runs, for shells and editors.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use bedrock_build::{Language, Worker};
use bedrock_local::WorkerTools;
use clap::Args;
use serde::Serialize;

use crate::running_dev::RunningDev;
use crate::session::Session;
use crate::ui::Printer;
use crate::worker_tools::{prepare, python_path};
use bedrock_diagnostics::{Error, ExitKind, Result};
use bedrock_package::tools::command_line;

const EXAMPLES: &str = "\
Installs the worker's dependencies if necessary. The printed lines set what a shell or an editor needs to run and to \
check the worker's code; they leave out variables such as `AWS_REGION`, which would change other commands. A command \
after `--` runs in the worker's folder with all variables that the worker has in `cargo bedrock dev`.

The JSON is one object; keys may be added to it:
  worker, language, folder
  interpreter  the path of `python3` or `node`
  version      its version
  import_path  the folders of `PYTHONPATH`: the worker's, that of the module `bedrock`, and the dependencies
  environment  all variables of the worker

Examples:
  cargo bedrock env system_fetcher -- pyright
  eval \"$(cargo bedrock env system_fetcher)\"
  cargo bedrock env system_fetcher --json | jq -r '.import_path[]'";

/// Print the environment of a worker's code, or run a command in it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Env {
    /// Name of the worker
    worker: String,
    /// Print JSON
    #[arg(long, conflicts_with = "command")]
    json: bool,
    /// Command to run in the worker's folder
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

#[derive(Serialize)]
struct Environment<'a> {
    worker: &'a str,
    language: &'a str,
    folder: PathBuf,
    interpreter: &'a PathBuf,
    version: &'a str,
    import_path: &'a [PathBuf],
    #[serde(rename = "environment")]
    variables: BTreeMap<&'a str, &'a str>,
}

impl Env {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        let worker = app.worker(&self.worker).map_err(|problem| Error::problems(ExitKind::Call, vec![problem]))?;
        if worker.language == Language::Rust {
            return Err(Error::call(format!("worker `{}` is written in Rust", worker.name))
                .cause("it needs no environment but that of cargo")
                .help(format!("run its tests with `cargo bedrock test {}`", worker.name)));
        }
        let api = RunningDev::find_url(&app);
        let tools = prepare(&app, &[worker], api.as_deref())?.pop();
        let tools = tools.ok_or_else(|| Error::call(format!("failed to prepare worker `{}`", worker.name)))?;
        let folder = app.root.join(&worker.dir);
        match &self.command[..] {
            [program, arguments @ ..] => {
                let mut command = Command::new(program);
                command.args(arguments).current_dir(folder);
                Err(replace_process(command, worker, &tools))
            }
            [] if self.json => Printer::data(&json(worker, folder, &tools)?),
            [] => Printer::data(&shell_lines(worker, &tools)),
        }
    }
}

/// Becomes the command. Returns only if that fails.
fn replace_process(mut command: Command, worker: &Worker, tools: &WorkerTools) -> Error {
    for (name, value) in &tools.environment {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if worker.language == Language::Python {
        command.env("PYTHONPATH", python_path(tools));
    }
    let error = command.exec();
    Error::io(format!("failed to start `{}`", command_line(&command)), &error)
}

fn json(worker: &Worker, folder: PathBuf, tools: &WorkerTools) -> Result<String> {
    let set = tools.environment.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?)));
    let environment = Environment {
        worker: worker.name.as_str(),
        language: worker.language_name(),
        folder,
        interpreter: &tools.interpreter,
        version: &tools.version,
        import_path: &tools.import_path,
        variables: set.collect(),
    };
    let text = serde_json::to_string_pretty(&environment)
        .map_err(|error| Error::call("failed to write the environment as JSON").cause(error.to_string()))?;
    Ok(text + "\n")
}

/// Returns lines for a POSIX shell. They contain no variable by which tools such as the AWS CLI or `cargo bedrock
/// deploy` would be redirected.
fn shell_lines(worker: &Worker, tools: &WorkerTools) -> String {
    let mut variables: BTreeMap<&str, String> =
        worker.settings.environment.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let is_own = |name: &str| name.starts_with("BEDROCK_") || name == "NODE_PATH";
    let own = tools.environment.iter().filter_map(|(name, value)| Some((name.as_str(), value.clone()?)));
    variables.extend(own.filter(|(name, _)| is_own(name)));
    if worker.language == Language::Python {
        variables.insert("PYTHONPATH", python_path(tools));
    }
    let line = |(name, value): (&str, String)| format!("export {name}='{}'\n", value.replace('\'', r"'\''"));
    variables.into_iter().map(line).collect()
}
