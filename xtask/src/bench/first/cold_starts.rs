//! The init of Python and JavaScript functions under AWS's own runtime clients, from a folder whose files are not in the page
//! cache, and the start of the endpoint.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, ensure};

use super::dependencies::{Functions, node_sdk, package};
use super::function::{Function, Language};
use super::wait::{Allowed, Reference, Wait, milliseconds};
use crate::bench::samples::median;
use crate::bench::{next_request, remote};
use crate::tools;
use crate::workspace::Workspace;

const PART: &str = "cold-starts";
const RUST_PART: &str = "rust-starts";
/// Limit as a multiple of the best other tool, with dependencies.
const OF_PEER: f64 = 0.6;
/// Limit as a multiple of a handler, without dependencies.
const OF_HANDLER: f64 = 1.05;
/// Limit as a multiple of a program with only lambda_runtime.
const OF_BARE: f64 = 1.15;
/// Starts in a pass. Each takes less than a second.
const STARTS: u8 = 5;

/// AWS's runtime clients.
struct Runtimes<'a> {
    workspace: &'a Workspace,
    python: PathBuf,
    node: PathBuf,
    /// Packages that Lambda's runtime contains.
    node_sdk: PathBuf,
}

/// Measures the functions in Python and JavaScript, everybody in turns.
pub(super) fn measure(workspace: &Workspace, tool: &Path, passes: u8) -> Result<Vec<Wait>> {
    let runtimes = Runtimes::find(workspace)?;
    let functions = package(workspace, tool, &runtimes.python)?;
    let all = all(&functions);
    let mut times = vec![Vec::new(); all.len()];
    for number in 1..=passes {
        eprintln!("cold starts, {number} of {passes}");
        for _ in 0..STARTS {
            for (function, times) in all.iter().zip(&mut times) {
                runtimes.drop_page_cache(function)?;
                times.push(next_request::milliseconds(&mut runtimes.command(function)?)?);
            }
        }
    }
    let figures: Vec<f64> = times.into_iter().map(|times| median(times).unwrap_or_default()).collect();
    let figure = |function: &Function| {
        let position = all.iter().position(|other| std::ptr::eq(*other, function));
        position.and_then(|position| figures.get(position).copied()).unwrap_or_default()
    };
    Ok(rows(&functions, figure))
}

/// Measures the start of the endpoint.
pub(super) fn measure_rust(workspace: &Workspace, tool: &Path) -> Result<Vec<Wait>> {
    let starts = remote::starts(workspace, tool)?;
    Ok(vec![Wait {
        what: "Rust endpoint, exec to the first `GET /next`".to_owned(),
        ours: starts.endpoint,
        allowed: Allowed::OfFloor(OF_BARE),
        peer: None,
        floor: Some(Reference::new("only lambda_runtime", starts.bare)),
        show: milliseconds,
        part: RUST_PART,
    }])
}

fn all(functions: &Functions) -> Vec<&Function> {
    let mut all = Vec::new();
    for contest in [&functions.python, &functions.node] {
        all.push(&contest.ours);
        all.extend(&contest.peers);
        all.extend(&contest.floor);
    }
    all.push(&functions.node_bundled);
    all.extend(&functions.bare_python);
    all.extend(&functions.bare_node);
    all
}

fn rows(functions: &Functions, figure: impl Fn(&Function) -> f64) -> Vec<Wait> {
    let reference = |function: &Function| Reference::new(function.name.clone(), figure(function));
    let row = |what: &str, ours: &Function, peers: &[Function], floor: Option<&Function>| {
        let peer = peers.iter().min_by(|a, b| figure(a).total_cmp(&figure(b)));
        Wait {
            what: format!("{what}, init"),
            ours: figure(ours),
            allowed: if peer.is_some() { Allowed::OfPeer(OF_PEER) } else { Allowed::OfFloor(OF_HANDLER) },
            peer: peer.map(reference),
            floor: floor.map(reference),
            show: milliseconds,
            part: PART,
        }
    };
    let python = &functions.python;
    let node = &functions.node;
    let mut rows = vec![row("Python: boto3, pydantic, requests", &python.ours, &python.peers, python.floor.as_ref())];
    // Each of the other tools has a row: one bundles by default and one does not.
    for peer in &node.peers {
        let peer = std::slice::from_ref(peer);
        rows.push(row("Node: AWS SDK, axios, zod", &node.ours, peer, None));
        rows.push(row("Node: AWS SDK, axios, zod, `bundle = true`", &functions.node_bundled, peer, None));
    }
    let [ours, handler] = &functions.bare_python;
    rows.push(row("Python worker without dependencies", ours, &[], Some(handler)));
    let [ours, handler] = &functions.bare_node;
    rows.push(row("Node worker without dependencies", ours, &[], Some(handler)));
    rows
}

impl<'a> Runtimes<'a> {
    fn find(workspace: &'a Workspace) -> Result<Self> {
        let python = workspace.tools().join("ric/bin/python");
        let node = workspace.tools().join("node24/bin/node");
        let node = if node.is_file() { Some(node) } else { tools::on_path("node") };
        let node = node.ok_or_else(|| anyhow!("`node` is not on the PATH"))?;
        ensure!(python.is_file(), "{} is missing: run `cargo xtask setup`", workspace.shown(&python));
        Ok(Self { workspace, python, node, node_sdk: node_sdk(workspace)? })
    }

    /// Has the next start read the files of the function from the disk. Interpreters stay in memory.
    fn drop_page_cache(&self, function: &Function) -> Result<()> {
        let mut drop = Command::new(&self.python);
        drop.args(["-c", include_str!("drop_page_cache.py")]).arg(&function.task).args(&function.layer);
        if function.language == Language::Node {
            drop.arg(&self.node_sdk);
        }
        tools::output(&mut drop).map(std::mem::drop)
    }

    fn command(&self, function: &Function) -> Result<Command> {
        let opt = function.layer.clone().unwrap_or_else(|| function.task.with_extension("no_layer"));
        let mut command = match function.language {
            Language::Python => {
                let mut command = Command::new(&self.python);
                // The folder of a function is read-only on Lambda: no bytecode is written there.
                command.args(["-B", "-m", "awslambdaric", function.handler]).env_clear();
                command.env("PYTHONPATH", paths(&[&function.task, &opt.join("python")])?);
                command
            }
            Language::Node => {
                let mut command = Command::new(&self.node);
                let client = self.workspace.root.join("testbed/javascript/rapid_client.cjs");
                command.arg("--require").arg(client).arg(self.workspace.tools().join("node_ric/index.mjs")).env_clear();
                let runtime = self.node_sdk.join("node_modules");
                command.env("NODE_PATH", paths(&[&opt.join("nodejs/node_modules"), &runtime])?);
                command.env("AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1", "true");
                command
            }
        };
        command.current_dir(&function.task).env("_HANDLER", function.handler);
        command.env("LAMBDA_TASK_ROOT", &function.task).env("LANG", "en_US.UTF-8");
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs([
            ("AWS_EXECUTION_ENV", "AWS_Lambda_bench"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "bench"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
            ("AWS_REGION", "eu-central-1"),
        ]);
        Ok(command)
    }
}

fn paths(folders: &[&Path]) -> Result<OsString> {
    std::env::join_paths(folders).context("failed to make a list of folders")
}
