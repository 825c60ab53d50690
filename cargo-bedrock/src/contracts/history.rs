//! What has changed since a revision of git, or since a deploy: each change of a contract, whether it breaks callers, and
//! which.

use std::path::Path;
use std::process::Command;

use bedrock_build::App;
use bedrock_build::contract::{self, Contract, Source, compare};
use bedrock_callgraph::{RustEdges, load_graph};
use bedrock_contract::WorkerContract;
use bedrock_deploy::DeployedContract;
use serde::Serialize;

use bedrock_diagnostics::{Error, ExitKind, Result};

/// A change of a worker's contract.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct WorkerChange {
    pub(crate) worker: String,
    /// Where in the contract, for example `event.items[].size`.
    pub(crate) path: String,
    pub(crate) message: String,
    pub(crate) breaking: bool,
    /// The functions that call the worker, as far as they are known without compiling.
    pub(crate) callers: Vec<String>,
}

/// Returns the changes from `revision` to `contracts`.
pub(crate) fn changes_since(
    app: &App,
    revision: &str,
    contracts: &[WorkerContract],
    rust_calls: &RustEdges,
) -> Result<Vec<WorkerChange>> {
    check_revision(&app.root, revision)?;
    let mut old_contracts = Vec::new();
    for worker in old_workers(app, revision)? {
        let contract = old_contract(app, revision, &worker)?;
        old_contracts.extend(contract.map(|contract| OldContract { worker, contract }));
    }
    changes_between(app, old_contracts, contracts, rust_calls)
}

/// Returns the changes from what is deployed to a stage to `contracts`. A deployed contract that is too large to be recorded is
/// a change that may break callers.
pub(crate) fn changes_since_deploy(
    app: &App,
    deployed: Vec<DeployedContract>,
    contracts: &[WorkerContract],
    rust_calls: &RustEdges,
) -> Result<Vec<WorkerChange>> {
    let mut old_contracts = Vec::new();
    let mut unknown = Vec::new();
    for DeployedContract { worker, contract } in deployed {
        match contract {
            Some(contract) => old_contracts.push(OldContract { worker, contract }),
            None => unknown.push(worker),
        }
    }
    let mut changes = changes_between(app, old_contracts, contracts, rust_calls)?;
    changes.extend(unknown.into_iter().map(|worker| WorkerChange {
        worker,
        path: contract::FILE_NAME.to_owned(),
        message: "the deployed contract is too large to be compared".to_owned(),
        breaking: true,
        callers: Vec::new(),
    }));
    Ok(changes)
}

/// A contract that callers know.
struct OldContract {
    worker: String,
    contract: Contract,
}

fn changes_between(
    app: &App,
    old_contracts: Vec<OldContract>,
    contracts: &[WorkerContract],
    rust_calls: &RustEdges,
) -> Result<Vec<WorkerChange>> {
    let (graph, _) = load_graph(app, rust_calls)?;
    let mut changes = Vec::new();
    for OldContract { worker: name, contract: old } in old_contracts {
        let callers: Vec<String> = graph
            .edges
            .iter()
            .filter(|edge| edge.to.as_str() == name)
            .map(|edge| edge.from.as_str().to_owned())
            .collect();
        let new = contracts.iter().find(|known| known.worker == name).and_then(|known| known.contract.as_ref());
        let found = match new {
            Some(new) => compare(&old, new),
            None => vec![contract::Change {
                path: contract::FILE_NAME.to_owned(),
                message: "the contract is gone".to_owned(),
                is_breaking: true,
            }],
        };
        changes.extend(found.into_iter().map(|change| WorkerChange {
            worker: name.clone(),
            path: change.path,
            message: change.message,
            breaking: change.is_breaking,
            callers: callers.clone(),
        }));
    }
    Ok(changes)
}

fn git(root: &Path) -> Command {
    let mut git = Command::new("git");
    git.arg("-C").arg(root);
    git
}

fn run(command: &mut Command) -> Result<std::process::Output> {
    command.output().map_err(|error| Error::io("failed to start `git`", &error).help("install git"))
}

fn check_revision(root: &Path, revision: &str) -> Result<()> {
    let commit = format!("{revision}^{{commit}}");
    let output = run(git(root).args(["rev-parse", "--verify", "--quiet", "--end-of-options"]).arg(commit))?;
    if output.status.success() {
        return Ok(());
    }
    let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    let error =
        Error::new(ExitKind::Call, format!("`{}` is not a revision of this repository", revision.escape_debug()));
    let error = if reason.is_empty() { error } else { error.cause(reason) };
    Err(error.help("use a branch, a tag or a commit: `cargo bedrock contracts diff main`"))
}

/// Returns the names of the workers that had a contract.
fn old_workers(app: &App, revision: &str) -> Result<Vec<String>> {
    let folder = &app.settings.workers_dir;
    // Paths are relative to the folder that git runs in.
    let output = run(git(&app.root).args(["ls-tree", "-r", "--name-only", "-z", revision, "--"]).arg(folder))?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Error::app(format!("failed to list the workers of `{revision}`")).cause(reason));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let name = |path: &str| {
        let path = path.strip_prefix(folder.as_str())?.strip_prefix('/')?.strip_suffix(contract::FILE_NAME)?;
        path.strip_suffix('/').filter(|name| !name.contains('/')).map(str::to_owned)
    };
    Ok(text.split('\0').filter_map(name).collect())
}

fn old_contract(app: &App, revision: &str, worker: &str) -> Result<Option<Contract>> {
    let path = format!("{}/{worker}/{}", app.settings.workers_dir, contract::FILE_NAME);
    let output = run(git(&app.root).arg("show").arg(format!("{revision}:./{path}")))?;
    if !output.status.success() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let display_path = format!("{revision}:{path}");
    contract::read(&text, &Source::File(&display_path))
        .map(Some)
        .map_err(|problems| Error::problems(ExitKind::App, problems))
}
