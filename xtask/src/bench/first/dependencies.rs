//! Python and JavaScript workers with and without dependencies, packaged by `cargo bedrock build`, as other tools package
//! them, and without any tool.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use super::app::{App, folder, remove};
use super::function::{Function, Language};
use crate::bench::cargo_lambda::first_on_path;
use crate::bench::dev::server::write;
use crate::tools;
use crate::workspace::Workspace;

const REQUIREMENTS: &str = "boto3==1.43.106\npydantic==2.14.4\nrequests==2.32.5\n";
const PACKAGE: &str = r#"{
  "name": "cold",
  "version": "1.0.0",
  "dependencies": { "@aws-sdk/client-dynamodb": "3.1164.0", "axios": "1.21.1", "zod": "4.6.7" },
  "devDependencies": { "esbuild": "0.28.2" }
}
"#;
const PYTHON_IMPORTS: &str = r#"import boto3
import requests
from pydantic import BaseModel

SESSION = requests.Session()
TABLES = boto3.client("dynamodb", region_name="eu-central-1")


class Order(BaseModel):
    name: str


"#;
const NODE_IMPORTS: &str = r"const axios = require('axios');
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const { z } = require('zod');

const http = axios.create();
const tables = new DynamoDBClient({ region: 'eu-central-1' });
const Order = z.object({ name: z.string() });

";

/// Returns the class of a worker.
fn python_worker(class: &str) -> String {
    format!(
        "from bedrock.workers.worker import Worker\n\n\nclass {class}(Worker):\n    def execute(self, event, context):\n        return event\n"
    )
}

fn node_worker(class: &str) -> String {
    format!(
        "const {{ Worker }} = require('./worker');\n\nclass {class} extends Worker {{\n  async execute(event) {{\n    return event;\n  }}\n}}\n\nmodule.exports = {{ {class} }};\n"
    )
}

const PYTHON_HANDLER: &str = "def handler(event, context):\n    return event\n";
const NODE_HANDLER: &str = "exports.handler = async (event) => event;\n";

/// All functions, unpacked as on Lambda.
#[derive(Debug)]
pub(super) struct Functions {
    pub(super) python: Contest,
    pub(super) node: Contest,
    /// `cargo bedrock build` with the setting `bundle`.
    pub(super) node_bundled: Function,
    /// A worker without dependencies, and a handler.
    pub(super) bare_python: [Function; 2],
    pub(super) bare_node: [Function; 2],
}

/// The part of the AWS SDK that Lambda's runtime for Node.js contains, in the version of the functions that pack it.
const NODE_SDK: &str = "@aws-sdk/client-dynamodb@3.1164.0";

/// A worker with dependencies.
#[derive(Debug)]
pub(super) struct Contest {
    pub(super) ours: Function,
    pub(super) peers: Vec<Function>,
    pub(super) floor: Option<Function>,
}

/// Returns the folder that replaces Lambda's own Node.js packages.
pub(super) fn node_sdk(workspace: &Workspace) -> Result<PathBuf> {
    Ok(folder(workspace)?.join("cold/node_sdk"))
}

/// Packages all functions. `python` is AWS's runtime for Python, its version that of the functions.
pub(super) fn package(workspace: &Workspace, tool: &Path, python: &Path) -> Result<Functions> {
    let version = "import sys; print('%d.%d' % sys.version_info[:2])";
    let version = tools::output(Command::new(python).args(["-c", version]))?;
    let app = app(workspace, tool, python, version.trim())?;
    let dir = folder(workspace)?.join("cold");
    remove(&dir)?;
    let packages = Packages { workspace, app: &app, python, dir };
    let imports = format!("{PYTHON_IMPORTS}{PYTHON_HANDLER}");
    let python = Contest {
        ours: packages.ours("deps_python", Language::Python, true)?,
        // Neither keeps bytecode that is valid on Lambda: SAM unpacks wheels, Serverless gives all files one date.
        peers: vec![packages.pip("SAM and Serverless: `pip install`", "pip", &imports, false)?],
        floor: Some(packages.pip("a handler with bytecode", "pip_bytecode", &imports, true)?),
    };
    packages.node_sdk()?;
    let imports = format!("{NODE_IMPORTS}{NODE_HANDLER}");
    let node = Contest {
        ours: packages.ours("deps_node", Language::Node, true)?,
        peers: vec![packages.npm(&imports)?, packages.esbuild(&imports)?],
        floor: None,
    };
    Ok(Functions {
        python,
        node,
        node_bundled: packages.ours("bundled_node", Language::Node, false)?,
        bare_python: [
            packages.ours("bare_python", Language::Python, false)?,
            packages.handler("a Python handler", "handler_python", Language::Python, PYTHON_HANDLER)?,
        ],
        bare_node: [
            packages.ours("bare_node", Language::Node, false)?,
            packages.handler("a Node handler", "handler_node", Language::Node, NODE_HANDLER)?,
        ],
    })
}

/// Makes and builds the app.
fn app<'a>(workspace: &'a Workspace, tool: &'a Path, python: &Path, version: &str) -> Result<App<'a>> {
    let workers = ["bare_python.py", "deps_python.py", "bare_node.js", "deps_node.js", "bundled_node.js"];
    let app = App::new(workspace, tool, "bench_cold", &workers)?;
    let settings = format!(
        "workers.bare_python.runtime = \"python{version}\"\nworkers.deps_python.runtime = \"python{version}\"\nworkers.bundled_node.bundle = true\n"
    );
    let table = "\n[package.metadata.bedrock]\n";
    app.replace("Cargo.toml", table, &format!("{table}{settings}"))?;
    app.write("workers/bare_python/main.py", &python_worker("BarePython"))?;
    app.write("workers/deps_python/main.py", &format!("{PYTHON_IMPORTS}{}", python_worker("DepsPython")))?;
    app.write("workers/deps_python/requirements.txt", REQUIREMENTS)?;
    app.write("workers/bare_node/main.js", &node_worker("BareNode"))?;
    for (worker, class) in [("deps_node", "DepsNode"), ("bundled_node", "BundledNode")] {
        app.write(&format!("workers/{worker}/main.js"), &format!("{NODE_IMPORTS}{}", node_worker(class)))?;
        app.write(&format!("workers/{worker}/package.json"), PACKAGE)?;
    }
    eprintln!("packaging Python and JavaScript workers");
    let lock = ["install", "--package-lock-only", "--silent", "--no-audit", "--no-fund"];
    let deps = app.root.join("workers/deps_node");
    tools::output(Command::new("npm").args(lock).current_dir(&deps))?;
    fs::copy(deps.join("package-lock.json"), app.root.join("workers/bundled_node/package-lock.json"))
        .context("failed to copy package-lock.json")?;
    let mut build = app.command(&["build", "--worker-layer=deps_python", "--worker-layer=deps_node"]);
    build.args(
        ["bare_python", "deps_python", "bare_node", "deps_node", "bundled_node"].map(|w| format!("--worker={w}")),
    );
    let bin = python.parent().ok_or_else(|| anyhow!("{} is in no folder", python.display()))?;
    tools::output(build.env("PATH", first_on_path(bin.to_owned())?))?;
    Ok(app)
}

struct Packages<'a> {
    workspace: &'a Workspace,
    app: &'a App<'a>,
    python: &'a Path,
    dir: PathBuf,
}

impl Packages<'_> {
    /// Unpacks the zip of a worker and its layer.
    fn ours(&self, worker: &str, language: Language, has_layer: bool) -> Result<Function> {
        let task = self.dir.join(worker).join("task");
        let built = self.app.root.join("target/bedrock");
        self.unpack(&built.join(format!("workers/{worker}.zip")), &task)?;
        let layer = self.dir.join(worker).join("opt");
        if has_layer {
            self.unpack(&built.join(format!("layers/{worker}.zip")), &layer)?;
        }
        let handler = match language {
            Language::Python => "bedrock.bootstrap.handler",
            Language::Node => "bedrock/lambda.handler",
        };
        Ok(Function { name: worker.to_owned(), language, handler, task, layer: has_layer.then_some(layer) })
    }

    fn unpack(&self, zip: &Path, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("failed to create {}", folder.display()))?;
        tools::output(Command::new(self.python).args(["-m", "zipfile", "-e"]).arg(zip).arg(folder)).map(drop)
    }

    /// A function with one file.
    fn handler(&self, name: &str, folder: &str, language: Language, text: &str) -> Result<Function> {
        let task = self.dir.join(folder);
        let file = match language {
            Language::Python => "index.py",
            Language::Node => "index.js",
        };
        write(&task.join(file), text)?;
        Ok(Function { name: name.to_owned(), language, handler: "index.handler", task, layer: None })
    }

    /// Installs Python packages next to the handler.
    fn pip(&self, name: &str, folder: &str, text: &str, has_bytecode: bool) -> Result<Function> {
        let function = self.handler(name, folder, Language::Python, text)?;
        let requirements = self.app.root.join("workers/deps_python/requirements.txt");
        let mut pip = Command::new(self.python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-compile"]);
        tools::output(pip.arg("--target").arg(&function.task).arg("-r").arg(requirements))?;
        if has_bytecode {
            let mut compile = Command::new(self.python);
            compile.args(["-m", "compileall", "-q", "-q", "--invalidation-mode", "unchecked-hash"]);
            // It fails if a single template only looks like a module.
            let _ = compile.arg(&function.task).status();
        }
        Ok(function)
    }

    /// Installs what Lambda's runtime contains.
    fn node_sdk(&self) -> Result<()> {
        let folder = node_sdk(self.workspace)?;
        fs::create_dir_all(&folder).with_context(|| format!("failed to create {}", folder.display()))?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]);
        tools::output(npm.arg(&folder).arg(NODE_SDK)).map(drop)
    }

    /// Installs packages of npm next to the handler.
    fn npm(&self, text: &str) -> Result<Function> {
        let function = self.handler("SAM: `npm ci`", "npm", Language::Node, text)?;
        self.npm_ci(&function.task, &["--omit=dev"])?;
        Ok(function)
    }

    /// Bundles the handler and its packages into one file, without those that the runtime contains, as Serverless does.
    fn esbuild(&self, text: &str) -> Result<Function> {
        let source = self.dir.join("esbuild_source");
        write(&source.join("index.js"), text)?;
        self.npm_ci(&source, &[])?;
        let task = self.dir.join("esbuild");
        let mut esbuild = self.workspace.command(self.workspace.tools().join("checkers/node_modules/.bin/esbuild"));
        esbuild
            .args(["index.js", "--bundle", "--platform=node", "--external:@aws-sdk/*", "--log-level=error"])
            .current_dir(&source);
        tools::output(esbuild.arg(format!("--outfile={}", task.join("index.js").display())))?;
        let name = "Serverless: esbuild".to_owned();
        Ok(Function { name, language: Language::Node, handler: "index.handler", task, layer: None })
    }

    fn npm_ci(&self, folder: &Path, more: &[&str]) -> Result<()> {
        for file in ["package.json", "package-lock.json"] {
            fs::copy(self.app.root.join("workers/deps_node").join(file), folder.join(file))
                .with_context(|| format!("failed to copy {file}"))?;
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]).args(more).current_dir(folder);
        tools::output(&mut npm).map(drop)
    }
}
