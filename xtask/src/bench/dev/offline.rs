//! serverless-offline in `target/bench-tools`, and the project that it serves: a function in each of two languages that does
//! the same as the called worker.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};

use super::calls::Language;
use super::server::{Server, free_port, write};
use crate::bench::cargo_lambda::first_on_path;
use crate::tools;
use crate::workspace::Workspace;

/// The last version of serverless that runs without an account.
const PINS: [&str; 2] = ["serverless@3.40.0", "serverless-offline@13.10.1"];

const NODE: &str = r"const VERSION = 'version-0';

exports.handler = async (event) => ({ version: VERSION, event });
";
const PYTHON: &str = r#"VERSION = "version-0"


def handler(event, context):
    return {"version": VERSION, "event": event}
"#;
const SETTINGS: &str = r#"service: bench
frameworkVersion: "3"
provider:
  name: aws
  region: us-east-1
plugins: [serverless-offline]
functions:
  echo_node:
    handler: echo_node.handler
    runtime: nodejs20.x
  echo_python:
    handler: echo_python.handler
    runtime: RUNTIME
"#;

/// The project in `target/bench-tools/serverless`, which has its packages: plugins must be next to the settings.
#[derive(Debug)]
pub(super) struct Offline<'a> {
    workspace: &'a Workspace,
    folder: PathBuf,
    path: OsString,
}

impl<'a> Offline<'a> {
    /// Installs the packages if they are missing, and writes the project.
    pub(super) fn new(workspace: &'a Workspace) -> Result<Self> {
        let folder = workspace.bench_tools().join("serverless");
        let stamp = folder.join("stamp");
        if fs::read_to_string(&stamp).unwrap_or_default() != PINS.join("\n") {
            eprintln!("installing {}", PINS.join(", "));
            write(&folder.join("package.json"), "{\"private\": true}\n")?;
            let mut npm = workspace.command("npm");
            npm.args(["install", "--silent", "--no-audit", "--no-fund", "--no-save", "--no-package-lock"]);
            tools::output(npm.args(PINS).current_dir(&folder))?;
            fs::write(&stamp, PINS.join("\n")).with_context(|| format!("failed to write {}", stamp.display()))?;
        }
        let python = tools::python()?.ok_or_else(|| anyhow!("`python3` is not on the PATH"))?;
        // It starts the interpreter by the name of the runtime; the shim of a version manager would take 100 ms.
        let version = ["-c", "import sys; print('python%d.%d' % sys.version_info[:2])"];
        let runtime = tools::output(workspace.command(&python).args(version))?;
        let settings = SETTINGS.replace("RUNTIME", runtime.trim());
        for (name, text) in [("echo_node.js", NODE), ("echo_python.py", PYTHON), ("serverless.yml", &settings)] {
            write(&folder.join(name), text)?;
        }
        let path = first_on_path(python.parent().unwrap_or(&python).to_owned())?;
        Ok(Self { workspace, folder, path })
    }

    /// Returns the path of the source of a function.
    pub(super) fn file(&self, language: Language) -> PathBuf {
        self.folder.join(if language == Language::Node { "echo_node.js" } else { "echo_python.py" })
    }

    /// Starts it and returns the URL of a function, with `{}` in place of the name of the worker.
    pub(super) fn start(&self, more: &[&str]) -> Result<(Server, String)> {
        let [lambda, http, websocket] = [free_port()?, free_port()?, free_port()?];
        let mut command = self.workspace.command("node");
        command.args(["node_modules/serverless/bin/serverless.js", "offline", "start", "--host", "127.0.0.1"]);
        let ports = [("--lambdaPort", lambda), ("--httpPort", http), ("--websocketPort", websocket)];
        command.args(ports.iter().flat_map(|(name, port)| [(*name).to_owned(), port.to_string()])).args(more);
        command.current_dir(&self.folder).env("PATH", &self.path);
        for (name, value) in [
            ("SLS_TELEMETRY_DISABLED", "1"),
            ("SLS_NOTIFICATIONS_MODE", "off"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ] {
            command.env(name, value);
        }
        let mut server = Server::start(command, self.workspace.target.join("bench/dev/offline.log"))?;
        server.listens(lambda)?;
        Ok((server, format!("http://127.0.0.1:{lambda}/2015-03-31/functions/bench-dev-{{}}/invocations")))
    }
}
