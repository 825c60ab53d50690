//! The contract of each worker: what its code says, or what its file says if the code says nothing.
//!
//! The interpreter of a worker is asked, with the worker's dependencies installed. Rust is read from its source: no Rust
//! code is compiled.

use std::sync::Arc;

use bedrock_build::contract::{self, Contract};
use bedrock_build::{App, Language, Problem, Worker};
use bedrock_contract::WorkerContract;
use bedrock_local::{AppInfo, CONTRACT_VARIABLE, ContractReply, HostOptions, HostedWorkers, read_contract_reply};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

use crate::local_invoke::target_dir;
use crate::ui::Printer;
use bedrock_diagnostics::{Error, ExitKind, Result};

/// An address that no one listens on: a worker that makes calls while it is loaded gets an error.
const NO_API: &str = "http://127.0.0.1:9";

/// Returns the contracts of all workers. The code of the workers in `names` is read, of the others only the file.
pub(crate) fn collect(app: &App, names: &[&str], print: Printer) -> Result<Vec<WorkerContract>> {
    let mut contracts = read_files(app)?;
    let is_asked = |worker: &&Worker| names.contains(&worker.name.as_str());
    let (rust, hosted): (Vec<&Worker>, Vec<&Worker>) =
        app.workers.iter().filter(is_asked).partition(|worker| worker.language == Language::Rust);
    let mut replies = read_code(app, &hosted, print)?;
    replies.extend(rust.iter().map(|worker| read_rust(app, worker)));
    let mut problems = Vec::new();
    for (worker, reply) in hosted.into_iter().chain(rust).zip(replies) {
        match reply {
            ContractReply::Untyped => {}
            ContractReply::Refused(found) => problems.extend(found),
            ContractReply::Typed(contract) => {
                let known = contracts.iter_mut().find(|known| known.worker == worker.name.as_str());
                if let Some(known) = known {
                    known.contract = Some(*contract);
                }
            }
        }
    }
    if problems.is_empty() { Ok(contracts) } else { Err(Error::problems(ExitKind::App, problems)) }
}

/// Returns the contracts in the files of all workers.
pub(crate) fn read_files(app: &App) -> Result<Vec<WorkerContract>> {
    let mut contracts = Vec::new();
    let mut problems = Vec::new();
    for worker in &app.workers {
        match read_file(app, worker) {
            Ok(contract) => contracts.push(WorkerContract { worker: worker.name.to_string(), contract }),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(contracts) } else { Err(Error::problems(ExitKind::App, problems)) }
}

fn read_file(app: &App, worker: &Worker) -> std::result::Result<Option<Contract>, Vec<Problem>> {
    let display_path = format!("{}/{}", worker.dir, contract::FILE_NAME);
    contract::read_file(&app.root.join(&worker.dir), &display_path)
}

/// Reads the types of a Rust worker with `#[bedrock::contract]`.
fn read_rust(app: &App, worker: &Worker) -> ContractReply {
    let line = |span: proc_macro2::Span| Some(span.start().line);
    match bedrock_rust_types::read_crate(&app.root, &app.root.join(&worker.dir), worker.name.as_str(), line) {
        Ok(None) => ContractReply::Untyped,
        Ok(Some(contract)) => ContractReply::Typed(Box::new(contract)),
        Err(problems) => ContractReply::Refused(problems),
    }
}

/// Asks the hosts of the workers, as many at the same time as there are cores.
fn read_code(app: &App, workers: &[&Worker], print: Printer) -> Result<Vec<ContractReply>> {
    if workers.is_empty() {
        return Ok(Vec::new());
    }
    let info = AppInfo::from_disk(app, target_dir(app)?.join("bedrock"))
        .map_err(|problem| Error::problems(ExitKind::App, vec![problem]))?;
    let runtime = Runtime::new().map_err(|error| Error::io("failed to start the async runtime", &error))?;
    let options = HostOptions {
        api: NO_API.to_owned(),
        variables: vec![(CONTRACT_VARIABLE.to_owned(), "1".to_owned())],
        printed: Arc::new(move |worker: &str, _request: Option<&str>, line: &str| {
            print.note(&format!("{worker}: {}", line.trim_end()));
        }),
        debuggers: std::collections::HashMap::new(),
    };
    let hosts = HostedWorkers::start(info, runtime.handle().clone(), options);
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let starting = Arc::new(Semaphore::new(cores));
    let tasks = workers.iter().map(|worker| {
        let reply = hosts.read_contract(worker.name.as_str());
        let starting = Arc::clone(&starting);
        runtime.spawn(async move {
            // The semaphore is never closed.
            let _permit = starting.acquire().await;
            reply.await
        })
    });
    let tasks: Vec<_> = tasks.collect();
    let mut replies = Vec::new();
    let mut failures = LoadFailures::default();
    for (worker, task) in workers.iter().zip(tasks) {
        let path = format!("{}/{}", worker.dir, worker.entry);
        let reply = runtime.block_on(async {
            tokio::select! {
                reply = task => Some(reply),
                _ = tokio::signal::ctrl_c() => None,
            }
        });
        replies.push(match reply {
            None => {
                hosts.end();
                return Err(Error::new(ExitKind::Interrupted, "interrupted; no file was written"));
            }
            Some(Err(error)) => {
                hosts.end();
                return Err(Error::call(format!("failed to read the types of `{path}`")).cause(error.to_string()));
            }
            Some(Ok(Ok(reply))) => read_contract_reply(&reply, &path),
            Some(Ok(Err(error))) => {
                failures.add(path, error);
                ContractReply::Refused(Vec::new())
            }
        });
    }
    hosts.end();
    // The replies are only read if there is no problem.
    if let Some(ContractReply::Refused(problems)) =
        replies.iter_mut().find(|reply| matches!(reply, ContractReply::Refused(_)))
    {
        problems.extend(failures.problems());
    }
    Ok(replies)
}

/// The workers that cannot be loaded. A cause that several share, such as a missing interpreter, is one problem.
#[derive(Default)]
struct LoadFailures(Vec<LoadFailure>);

struct LoadFailure {
    /// The main files of the workers.
    paths: Vec<String>,
    error: bedrock_model::Error,
    cause: String,
}

impl LoadFailures {
    fn add(&mut self, path: String, error: bedrock_model::Error) {
        let cause = match &error {
            bedrock_model::Error::NotStarted { message, .. } => message.clone(),
            other => other.to_string(),
        };
        match self.0.iter_mut().find(|known| known.cause == cause && known.error.help() == error.help()) {
            Some(known) => known.paths.push(path),
            None => self.0.push(LoadFailure { paths: vec![path], error, cause }),
        }
    }

    fn problems(self) -> impl Iterator<Item = Problem> {
        self.0.into_iter().map(|LoadFailure { paths, error, cause }| {
            let problem = match &paths[..] {
                [path] => Problem::new(format!("{path}: the worker cannot be loaded: {error}")),
                _ => Problem::new(format!("{}: the workers cannot be loaded: {cause}", paths.join(", "))),
            };
            match error.help() {
                Some(help) => problem.help(help.to_owned()),
                None => problem,
            }
        })
    }
}
