//! The apps that are built. `cargo bedrock new` makes them in the target folder for each run.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::tools;
use crate::workspace::Workspace;

/// Rust workers; the first one is made by `new app`.
const WORKERS: usize = 8;
/// The worker that is edited.
pub(super) const EDITED: &str = "worker_5";
/// The profile for all compilers, which add settings only if the app has no profile.
const PROFILE: &str = "
[profile.release]
codegen-units = 1
lto = \"thin\"
panic = \"unwind\"
strip = \"symbols\"
";

/// An app in `target/bench/build`.
#[derive(Debug)]
pub(super) struct App {
    pub(super) root: PathBuf,
}

impl App {
    /// Makes an app with one endpoint and eight Rust workers.
    pub(super) fn of_rust(workspace: &Workspace, tool: &Path) -> Result<Self> {
        let app = Self::new(workspace, tool, "bench_build")?;
        for number in 2..=WORKERS {
            app.add(workspace, tool, &format!("worker_{number}.rs"))?;
        }
        let manifest = app.root.join("Cargo.toml");
        let text = read(&manifest)?;
        write(&manifest, &(text + PROFILE))?;
        // The same versions as in this workspace. Unused packages are removed now, so that no build has to.
        fs::copy(workspace.root.join("Cargo.lock"), app.root.join("Cargo.lock"))
            .context("failed to copy Cargo.lock")?;
        tools::output(workspace.cargo().args(["fetch", "--quiet"]).current_dir(&app.root))?;
        Ok(app)
    }

    /// Makes an app with a Python and a JavaScript worker that have dependencies, and one with many files.
    pub(super) fn of_layers(workspace: &Workspace, tool: &Path) -> Result<Self> {
        let app = Self::new(workspace, tool, "bench_layers")?;
        for worker in ["python_layer.py", "node_layer.js", "vendored.js"] {
            app.add(workspace, tool, worker)?;
        }
        write(&app.root.join("workers/python_layer/requirements.txt"), "idna==3.10\n")?;
        let package = app.root.join("workers/node_layer/package.json");
        let text = read(&package)?;
        let with = text.replace("\"dependencies\": {}", "\"dependencies\": {\"ms\": \"2.1.3\"}");
        ensure!(with != text, "the template of package.json has other dependencies than none");
        write(&package, &with)?;
        Ok(app)
    }

    fn new(workspace: &Workspace, tool: &Path, name: &str) -> Result<Self> {
        let folder = workspace.target.join("bench/build");
        fs::create_dir_all(&folder).with_context(|| format!("failed to create {}", folder.display()))?;
        let root = folder.join(name);
        if root.exists() {
            fs::remove_dir_all(&root).with_context(|| format!("failed to remove {}", root.display()))?;
        }
        let mut new = workspace.command(tool);
        new.args(["bedrock", "new", "app", name, "--bedrock-path"]).arg(&workspace.root);
        tools::output(new.current_dir(&folder))?;
        Ok(Self { root })
    }

    fn add(&self, workspace: &Workspace, tool: &Path, file: &str) -> Result<()> {
        let mut new = workspace.command(tool);
        tools::output(new.args(["bedrock", "new", "worker", file]).current_dir(&self.root)).map(drop)
    }

    /// Changes one line of one worker, so that its program changes.
    pub(super) fn edit(&self, number: usize) -> Result<()> {
        let file = self.root.join("workers").join(EDITED).join("src/lib.rs");
        let text = read(&file)?;
        let mut is_changed = false;
        let line = |line: &str| match line.split_once("format!(\"") {
            Some((before, _)) if !is_changed => {
                is_changed = true;
                format!("{before}format!(\"hello for the {number}th time, {{}}\", event.name),\n")
            }
            _ => format!("{line}\n"),
        };
        let edited: String = text.lines().map(line).collect();
        ensure!(is_changed, "the template of a Rust worker has no greeting");
        write(&file, &edited)
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))
}
