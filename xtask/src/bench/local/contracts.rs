//! `cargo bedrock contracts` of an app with 40 workers in three languages, all of which have types.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::bench::samples::median;
use crate::tools;
use crate::workspace::Workspace;

const WORKERS: usize = 40;
/// Runs after the first one, which writes the files.
const RUNS: usize = 5;

const MANIFEST: &str = "[package]\nname = \"typed\"\nversion = \"0.0.0\"\n\n[package.metadata.bedrock]\n";

const PYTHON: &str = "from typing import List, TypedDict\n\nfrom bedrock.workers.worker import Worker\n\n\n\
    class Size(TypedDict):\n    width: int\n    names: List[str]\n\n\n\
    class CLASS(Worker):\n    def execute(self, event: Size, context) -> List[str]:\n        return []\n";

const JAVASCRIPT: &str = "const { Worker } = require('./worker');\n\nclass CLASS extends Worker {\n  \
    static event = { type: 'object', properties: { width: { type: 'integer' } }, required: ['width'] };\n  \
    static response = { type: 'array', items: { type: 'string' } };\n}\n\nmodule.exports = { CLASS };\n";

const RUST: &str = "#[bedrock::contract]\n#[derive(serde::Serialize, serde::Deserialize)]\npub struct Size {\n    pub width: u32,\n}\n\n\
    pub struct CLASS;\n\nimpl bedrock::Worker for CLASS {\n    type Event = Size;\n    type Response = Vec<String>;\n}\n";

/// Returns the median time of a run of `program` that finds all files up to date, in milliseconds.
pub(super) fn measure(workspace: &Workspace, program: &Path) -> Result<f64> {
    let app = workspace.target.join("bench/typed");
    write(workspace, &app)?;
    let run = || {
        let start = Instant::now();
        let mut command = workspace.command(program);
        tools::output(command.args(["bedrock", "contracts"]).current_dir(&app))?;
        anyhow::Ok(start.elapsed().as_secs_f64() * 1e3)
    };
    run()?;
    let times = (0..RUNS).map(|_| run()).collect::<Result<Vec<f64>>>()?;
    median(times).context("no run")
}

fn write(workspace: &Workspace, app: &Path) -> Result<()> {
    let put = |path: &str, text: &str| {
        let path = app.join(path);
        let folder = path.parent().context("a file is in a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("failed to create {}", folder.display()))?;
        fs::write(&path, text).with_context(|| format!("failed to write {}", path.display()))
    };
    let library = workspace.root.join("templates/files/worker/javascript/worker.js");
    let library = fs::read_to_string(&library).with_context(|| format!("failed to read {}", library.display()))?;
    put("Cargo.toml", MANIFEST)?;
    put("src/main.rs", "fn main() {}\n")?;
    for number in 0..WORKERS {
        let class = format!("W{number}");
        let name = format!("workers/w{number}");
        match number % 3 {
            0 => put(&format!("{name}/main.py"), &PYTHON.replace("CLASS", &class))?,
            1 => {
                put(&format!("{name}/main.js"), &JAVASCRIPT.replace("CLASS", &class))?;
                put(&format!("{name}/worker.js"), &library)?;
            }
            _ => {
                put(&format!("{name}/src/lib.rs"), &RUST.replace("CLASS", &class))?;
                let manifest = format!("[package]\nname = \"w{number}\"\nversion = \"0.0.0\"\n");
                put(&format!("{name}/Cargo.toml"), &manifest)?;
            }
        }
    }
    Ok(())
}
