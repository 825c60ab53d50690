//! The app of the benchmark: an endpoint and twenty workers. One worker in each language is called. `cargo bedrock new` makes
//! it in the target folder; compiled crates of earlier runs are kept.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::calls::Language;
use super::server::{Server, write};
use crate::tools;
use crate::workspace::Workspace;

/// The workers that are called.
const CALLED: [&str; 3] = ["echo_rust.rs", "echo_python.py", "echo_node.js"];
/// Workers that are not called. With the called ones and the one of the template the app has twenty.
const OTHERS: [&str; 2] = ["other_python_{}.py", "other_node_{}.js"];
const EACH: usize = 8;
/// The version at the start of a worker's answer. An edit increments it.
const VERSION: &str = "version-0";

const RUST: &str = r#"//! Answers what it is sent, and its version.

use bedrock::{Context, Result, Worker};
use serde_json::{Value, json};

const VERSION: &str = "version-0";

#[bedrock::worker]
pub struct EchoRust;

impl Worker for EchoRust {
    type Event = Value;
    type Response = Value;

    async fn execute(&self, event: Value, _context: &Context) -> Result<Value> {
        Ok(json!({ "version": VERSION, "event": event }))
    }
}
"#;
const PYTHON: &str = r#"from bedrock.workers.worker import Worker

VERSION = "version-0"


class EchoPython(Worker):
    def execute(self, event, context):
        return {"version": VERSION, "event": event}
"#;
const NODE: &str = r"const { Worker } = require('./worker');

const VERSION = 'version-0';

class EchoNode extends Worker {
  execute(event, context) {
    return { version: VERSION, event };
  }
}
";

/// The name of the app that bounds are measured with.
pub(super) const BOUND_APP: &str = "bound_app";

/// An app in a folder of `target/bench/dev`.
#[derive(Debug)]
pub(super) struct App<'a> {
    workspace: &'a Workspace,
    tool: PathBuf,
    name: &'static str,
    pub(super) root: PathBuf,
    /// The names of all workers.
    pub(super) names: Vec<String>,
}

/// A running `cargo bedrock dev` and its address.
#[derive(Debug)]
pub(super) struct Dev {
    pub(super) server: Server,
    url: String,
}

impl<'a> App<'a> {
    /// Makes the app that is served.
    pub(super) fn new(workspace: &'a Workspace, tool: PathBuf) -> Result<Self> {
        Self::named("bench_app", workspace, tool)
    }

    /// Makes the same app in another folder, in which a build does not change the files of the served app.
    pub(super) fn copy(&self) -> Result<Self> {
        Self::named("plain_app", self.workspace, self.tool.clone())
    }

    /// Makes an app with a name of its own.
    pub(super) fn named(name: &'static str, workspace: &'a Workspace, tool: PathBuf) -> Result<Self> {
        let folder = workspace.target.join("bench/dev");
        let root = folder.join(name);
        let mut app = Self { workspace, tool, name, root, names: vec!["greeter".to_owned()] };
        // Only the compiled crates of an earlier run are kept.
        let target = app.root.join("target");
        let saved = folder.join("saved");
        if target.exists() {
            fs::rename(&target, &saved).with_context(|| format!("failed to move {}", target.display()))?;
        }
        if app.root.exists() {
            fs::remove_dir_all(&app.root).with_context(|| format!("failed to remove {}", app.root.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("failed to create {}", folder.display()))?;
        let mut new = workspace.command(&app.tool);
        new.args(["bedrock", "new", "app", name, "--bedrock-path"]).arg(&workspace.root);
        tools::output(new.current_dir(&folder))?;
        if saved.exists() {
            fs::rename(&saved, &target).with_context(|| format!("failed to move {}", saved.display()))?;
        }
        let others = (1..=EACH).flat_map(|number| OTHERS.map(|file| file.replace("{}", &number.to_string())));
        for file in CALLED.map(str::to_owned).into_iter().chain(others) {
            let mut new = app.command(&["new", "worker", &file]);
            tools::output(&mut new)?;
            app.names.extend(file.split('.').next().map(str::to_owned));
        }
        app.fill()?;
        Ok(app)
    }

    fn fill(&self) -> Result<()> {
        for (language, text) in [(Language::Rust, RUST), (Language::Python, PYTHON), (Language::Node, NODE)] {
            let file = self.file(language);
            ensure!(file.is_file(), "a new worker has no `{}`", file.display());
            write(&file, text)?;
        }
        let manifest = self.root.join("workers/echo_rust/Cargo.toml");
        let text = fs::read_to_string(&manifest).with_context(|| format!("failed to read {}", manifest.display()))?;
        write(&manifest, &text.replace("[dependencies]\n", "[dependencies]\nserde_json = \"1\"\n"))?;
        // The same versions as in this workspace. Unused packages are removed now, so that no build has to.
        fs::copy(self.workspace.root.join("Cargo.lock"), self.root.join("Cargo.lock"))
            .context("failed to copy Cargo.lock")?;
        tools::output(self.workspace.cargo().args(["fetch", "--quiet"]).current_dir(&self.root)).map(drop)
    }

    /// Returns the path of the source of the called worker of a language.
    pub(super) fn file(&self, language: Language) -> PathBuf {
        let file = match language {
            Language::Rust => "src/lib.rs",
            Language::Python => "main.py",
            Language::Node => "main.js",
        };
        self.root.join("workers").join(language.worker()).join(file)
    }

    /// Replaces a text in the called worker of a language.
    pub(super) fn edit(&self, language: Language, edit: &(String, String)) -> Result<()> {
        let (from, to) = edit;
        let file = self.file(language);
        let text = fs::read_to_string(&file).with_context(|| format!("failed to read {}", file.display()))?;
        ensure!(text.contains(from), "`{from}` is not in `{}`", file.display());
        write(&file, &text.replacen(from, to, 1))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.workspace.command(&self.tool);
        command.arg("bedrock").args(arguments).current_dir(&self.root);
        // A separate app with a separate target folder.
        command.env_remove("CARGO_TARGET_DIR");
        command
    }

    /// Starts `cargo bedrock dev` and waits until it can be called.
    pub(super) fn dev(&self, more: &[&str]) -> Result<Dev> {
        let mut command = self.command(&["dev", "--port", "0", "--message-format", "json"]);
        command.args(more);
        let mut server = Server::start(command, self.workspace.target.join("bench/dev/bedrock.log"))?;
        let url = server.says(|line| {
            let event: serde_json::Value = serde_json::from_str(line).ok()?;
            (event["event"] == "app-started").then(|| event["url"].as_str().map(str::to_owned))?
        })?;
        Ok(Dev { server, url })
    }

    /// Removes `.gitignore` from the folder, or writes the one of a new app.
    pub(super) fn ignores(&self, is_there: bool) -> Result<()> {
        let list = self.root.join(".gitignore");
        let aside = self.root.join("gitignore.aside");
        let (from, to) = if is_there { (aside, list) } else { (list, aside) };
        if from.exists() {
            fs::rename(&from, &to).with_context(|| format!("failed to move {}", from.display()))?;
        }
        Ok(())
    }

    /// Returns a cargo command that builds the same packages with the same flags as `cargo bedrock dev`.
    pub(super) fn cargo(&self) -> Command {
        let mut command = self.workspace.cargo();
        command.current_dir(&self.root).env_remove("CARGO_TARGET_DIR");
        command.args(["build", "--quiet", "--bins"]);
        command.args(["--package", self.name, "--package", "greeter", "--package", "echo_rust"]);
        command.args(["--config", "profile.dev.debug=false", "--config", "profile.dev.strip=\"debuginfo\""]);
        command.env("CARGO_ENCODED_RUSTFLAGS", "--cfg\u{1f}bedrock_lambda").env_remove("RUSTFLAGS");
        command
    }
}

impl Dev {
    /// Returns the URL of a worker.
    pub(super) fn function(&self, worker: &str) -> String {
        format!("{}/2015-03-31/functions/{worker}/invocations", self.url)
    }

    /// Returns its address.
    pub(super) fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Returns the URL of a bucket of the app that bounds are measured with.
    pub(super) fn bucket(&self, name: &str) -> String {
        format!("{}/_s3/{}-local-{name}", self.url, BOUND_APP.replace('_', "-"))
    }

    /// Returns the number of reloads, including those that failed.
    pub(super) fn reloads(&self) -> Result<usize> {
        let is_one = |line: &&str| line.contains("\"event\":\"reload");
        Ok(self.server.said()?.lines().filter(is_one).count())
    }
}

/// Returns the text that an edit replaces, and its replacement.
pub(super) fn versions(number: usize) -> (String, String) {
    let version = |number: usize| VERSION.replace('0', &number.to_string());
    (version(number), version(number + 1))
}
