//! `cargo xtask bench deploy`: deploys of twenty functions to an emulator of AWS on this machine: all new, none changed, all
//! changed, roles that become visible late, and a slow connection. The functions are Python workers, so that nothing is compiled; the endpoint is not deployed.

mod slow_aws;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;

use self::slow_aws::{SlowAws, Slowness};
use super::limit::{self, Limit};
use super::samples::least;
use super::{machine, subcommand};
use crate::tools;
use crate::workspace::Workspace;

const WORKERS: usize = 20;
/// Number of deploys of which the fastest counts.
const REPETITIONS: usize = 3;
/// Limits of a deploy in which nothing changed. Three more requests are for the stage: the caller's identity, which bucket
/// it uses, and the record of the last deployment.
const UNCHANGED_SECONDS: f64 = 0.1;
const UNCHANGED_REQUESTS: f64 = 2.0;
const STAGE_REQUESTS: f64 = 3.0;

/// Time until Lambda sees a new role.
const PROPAGATION: Duration = Duration::from_secs(10);
/// Limit of a first deploy, as a multiple of that of one function.
const FIRST_DEPLOY_RATIO: f64 = 1.3;
/// Layers that are uploaded, and the rate of the connection: 20 Mbit/s.
const LAYERS: usize = 8;
const LAYER_BYTES: usize = 25_000_000;
const UPLOAD_BYTES_PER_SECOND: f64 = 2_500_000.0;
/// Least part of the rate that uploads use.
const UPLOAD_USE: f64 = 0.9;

/// Measures deploys and prints a table.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let tool = subcommand::build(workspace)?;
    let app = app(workspace, &tool)?;
    let emulator = Emulator::start(workspace)?;
    let deploy = |stage: &str, url: &str, more: &[&str]| {
        let began = Instant::now();
        let args = [&["deploy", "--stage", stage, "--yes", "--message-format", "json"], more].concat();
        let mut command = bedrock(workspace, &tool, &app, &args);
        let output = tools::output(command.env("AWS_ENDPOINT_URL", url).envs(KEYS))?;
        let seconds = began.elapsed().as_secs_f64();
        let end: Value = serde_json::from_str(output.lines().last().unwrap_or_default()).context("no JSON")?;
        Ok::<_, anyhow::Error>(Deploy { seconds, requests: end["requests"].as_f64().unwrap_or_default() })
    };
    eprintln!("deploying {WORKERS} functions");
    let new = deploy("bench", &emulator.url, &[])?.seconds;
    let unchanged = (0..REPETITIONS).map(|_| deploy("bench", &emulator.url, &[])).collect::<Result<Vec<_>>>()?;
    let requests = unchanged.last().map(|last| last.requests);
    let unchanged: Vec<f64> = unchanged.iter().map(|deploy| deploy.seconds).collect();
    let mut changed = Vec::new();
    for repetition in 0..REPETITIONS {
        for number in 1..=WORKERS {
            let file = app.join(format!("workers/worker_{number}/changed.txt"));
            fs::write(&file, repetition.to_string()).with_context(|| format!("failed to write {}", file.display()))?;
        }
        build(workspace, &tool, &app)?;
        changed.push(deploy("bench", &emulator.url, &[])?.seconds);
    }
    eprintln!("deploying with roles that Lambda sees after {} s", PROPAGATION.as_secs());
    let slow = SlowAws::start(&emulator.url, Slowness { propagation: PROPAGATION, bytes_per_second: None })?;
    let chain = deploy("chain", &slow.url, &["--only", "worker_1"])?.seconds;
    let first = deploy("first", &slow.url, &[])?.seconds;
    eprintln!("uploading {LAYERS} layers");
    add_layers(workspace, &app)?;
    let rate = Some(UPLOAD_BYTES_PER_SECOND);
    let slow = SlowAws::start(&emulator.url, Slowness { propagation: Duration::ZERO, bytes_per_second: rate })?;
    let upload = deploy("upload", &slow.url, &[])?.seconds;
    // The bytes of the layers, not those that requests add to them.
    let bytes = f64::from(u32::try_from(LAYERS * LAYER_BYTES).context("too many bytes")?);

    let figures = Figures {
        new,
        unchanged: least(unchanged),
        changed: least(changed),
        requests,
        chain,
        first,
        upload,
        upload_use: bytes / upload / UPLOAD_BYTES_PER_SECOND,
    };
    figures.print();
    println!(
        "The best of {REPETITIONS}, except for first deploys; {}. Load average: {}.",
        machine::name(),
        machine::load()?
    );
    Ok(())
}

/// What was measured, in seconds.
struct Figures {
    new: f64,
    unchanged: Option<f64>,
    changed: Option<f64>,
    requests: Option<f64>,
    /// One function with propagation.
    chain: f64,
    /// All functions with propagation.
    first: f64,
    upload: f64,
    /// Part of the rate that the uploads used.
    upload_use: f64,
}

impl Figures {
    fn print(&self) {
        let seconds = |seconds: f64| format!("{seconds:.2} s");
        println!("| deploy of {WORKERS} functions | |\n|---|---|");
        for (what, figure) in [
            ("all new".to_owned(), Some(self.new)),
            ("none changed".to_owned(), self.unchanged),
            ("the code of all changed".to_owned(), self.changed),
            (format!("all new, roles seen after {} s", PROPAGATION.as_secs()), Some(self.first)),
            ("one of them new, alone, likewise".to_owned(), Some(self.chain)),
            (format!("all new with {LAYERS} layers of {} MB, 20 Mbit/s", LAYER_BYTES / 1_000_000), Some(self.upload)),
        ] {
            println!("| {what} | {} |", figure.map_or("–".to_owned(), seconds));
        }
        println!("| requests if none changed | {:.0} |", self.requests.unwrap_or_default());
        let per_function = self.requests.zip(u32::try_from(WORKERS).ok());
        let per_function = per_function.map(|(requests, workers)| (requests - STAGE_REQUESTS) / f64::from(workers));
        let two_digits = |count: f64| format!("{count:.2}");
        let limits = [
            Limit::at_most("none changed", self.unchanged, UNCHANGED_SECONDS, seconds),
            Limit::at_most("requests for each function, none changed", per_function, UNCHANGED_REQUESTS, two_digits),
            Limit::at_most("all new, of one alone", Some(self.first / self.chain), FIRST_DEPLOY_RATIO, limit::times),
            Limit::at_least(
                "bytes of layers, of the connection's rate",
                Some(self.upload_use),
                UPLOAD_USE,
                limit::times,
            ),
        ];
        println!("\n{}", limit::table(&limits));
    }
}

/// Adds layers of random bytes to the manifest.
fn add_layers(workspace: &Workspace, app: &Path) -> Result<()> {
    const SCRIPT: &str = "
import base64, hashlib, json, os, sys, zipfile
manifest = json.load(open('manifest.json'))
for number in range(1, int(sys.argv[1]) + 1):
    path = f'layers/bench_{number}.zip'
    os.makedirs('layers', exist_ok=True)
    with zipfile.ZipFile(path, 'w') as zip:
        zip.writestr('python/data.bin', os.urandom(int(sys.argv[2])))
    data = open(path, 'rb').read()
    digest = hashlib.sha256(data)
    manifest['workers'][f'worker_{number}']['layer'] = {
        'name': f'worker_{number}', 'path': path, 'sha256': digest.hexdigest(), 'content_sha256': digest.hexdigest(),
        'sha256_base64': base64.b64encode(digest.digest()).decode(), 'bytes': len(data), 'unzipped_bytes': len(data),
    }
json.dump(manifest, open('manifest.json', 'w'))
";
    let mut command = workspace.command(workspace.target.join("tools/ministack/bin/python"));
    command.args(["-c", SCRIPT, &LAYERS.to_string(), &LAYER_BYTES.to_string()]).current_dir(app.join("target/bedrock"));
    tools::output(&mut command).map(drop)
}

/// A deploy that was measured.
struct Deploy {
    seconds: f64,
    requests: f64,
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
    // The worker of new apps is Rust, and a deploy needs all workers.
    let greeter = app.join("workers/greeter");
    fs::remove_dir_all(&greeter).with_context(|| format!("failed to remove {}", greeter.display()))?;
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
    tools::output(&mut build)?;
    // The endpoint is Rust, which takes a minute to compile.
    let path = app.join("target/bedrock/manifest.json");
    let text = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
    let mut manifest: Value = serde_json::from_slice(&text).context("the manifest is not JSON")?;
    manifest["endpoint"] = Value::Null;
    fs::write(&path, manifest.to_string()).with_context(|| format!("failed to write {}", path.display()))
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
