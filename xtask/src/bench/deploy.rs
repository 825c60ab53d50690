//! `cargo xtask bench deploy`: deploys of twenty functions to an emulator of AWS on this machine: all new, none changed, all
//! changed. The functions are Python workers, so that nothing is compiled; the endpoint is not deployed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};

use super::limit::{self, Limit};
use super::samples::least;
use super::{machine, subcommand};
use crate::tools;
use crate::workspace::Workspace;

const WORKERS: usize = 20;
/// Number of deploys of which the fastest counts.
const REPETITIONS: usize = 3;
/// Limit of a deploy in which nothing changed.
const UNCHANGED_SECONDS: f64 = 2.0;

/// Measures deploys and prints a table.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let tool = subcommand::build(workspace)?;
    let app = app(workspace, &tool)?;
    let emulator = Emulator::start(workspace)?;
    let deploy = || {
        let began = Instant::now();
        let mut command = bedrock(workspace, &tool, &app, &["deploy", "--stage", "bench", "--yes"]);
        command.args((1..=WORKERS).map(|number| format!("--only=worker_{number}")));
        tools::output(command.env("AWS_ENDPOINT_URL", &emulator.url).envs(KEYS))?;
        Ok::<_, anyhow::Error>(began.elapsed().as_secs_f64())
    };
    eprintln!("deploying {WORKERS} functions");
    let new = deploy()?;
    let unchanged = (0..REPETITIONS).map(|_| deploy()).collect::<Result<Vec<_>>>()?;
    let mut changed = Vec::new();
    for repetition in 0..REPETITIONS {
        for number in 1..=WORKERS {
            let file = app.join(format!("workers/worker_{number}/changed.txt"));
            fs::write(&file, repetition.to_string()).with_context(|| format!("failed to write {}", file.display()))?;
        }
        build(workspace, &tool, &app)?;
        changed.push(deploy()?);
    }
    let seconds = |seconds: f64| format!("{seconds:.2} s");
    let unchanged = least(unchanged);
    let changed = least(changed);
    println!("| deploy of {WORKERS} functions | |\n|---|---|\n| all new | {} |", seconds(new));
    for (what, figure) in [("none changed", unchanged), ("the code of all changed", changed)] {
        println!("| {what} | {} |", figure.map_or("–".to_owned(), seconds));
    }
    println!("\n{}", limit::table(&[Limit::at_most("none changed", unchanged, UNCHANGED_SECONDS, seconds)]));
    println!(
        "The best of {REPETITIONS}, except for the first deploy; {}. Load average: {}.",
        machine::name(),
        machine::load()?
    );
    Ok(())
}

const KEYS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_REGION", "us-east-1")];

fn bedrock(workspace: &Workspace, tool: &Path, dir: &Path, args: &[&str]) -> Command {
    let mut command = workspace.command(tool);
    command.arg("bedrock").args(args).current_dir(dir);
    command
}

/// Makes and builds a new app with the workers.
fn app(workspace: &Workspace, tool: &Path) -> Result<PathBuf> {
    let folder = workspace.target.join("bench/deploy");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("failed to remove {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("failed to create {}", folder.display()))?;
    let mut new = bedrock(workspace, tool, &folder, &["new", "app", "bench_deploy", "--bedrock-path"]);
    tools::output(new.arg(&workspace.root))?;
    let app = folder.join("bench_deploy");
    for number in 1..=WORKERS {
        tools::output(&mut bedrock(workspace, tool, &app, &["new", "worker", &format!("worker_{number}.py")]))?;
    }
    build(workspace, tool, &app)?;
    Ok(app)
}

fn build(workspace: &Workspace, tool: &Path, app: &Path) -> Result<()> {
    let mut build = bedrock(workspace, tool, app, &["build", "--release"]);
    build.args(
        (1..=WORKERS)
            .flat_map(|number| [format!("--worker=worker_{number}"), format!("--worker-layer=worker_{number}")]),
    );
    tools::output(&mut build).map(drop)
}

/// The emulator that the tests use. It ends when the value is dropped.
struct Emulator {
    child: Child,
    url: String,
}

impl Emulator {
    fn start(workspace: &Workspace) -> Result<Self> {
        let python = workspace.target.join("tools/ministack/bin/python");
        if !python.exists() {
            bail!("the emulator is not installed, run `cargo xtask setup`");
        }
        let mut command = Command::new(python);
        command.arg("-B").arg(workspace.root.join("testbed/python/driver.py")).arg("false");
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("failed to start Python")?;
        let stdout = child.stdout.take().ok_or_else(|| anyhow!("the emulator has no output"))?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).context("failed to read the address of the emulator")?;
        let url = line.trim().strip_prefix("{\"ok\": \"").and_then(|rest| rest.strip_suffix("\"}"));
        let url = url.ok_or_else(|| anyhow!("the emulator does not start: {line}"))?.to_owned();
        Ok(Self { child, url })
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It exits when its input is closed.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
