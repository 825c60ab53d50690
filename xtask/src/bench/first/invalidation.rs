//! What a change that is not in Rust makes the commands compile: nothing.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::app::{App, folder};
use super::rustc_count::RustcCount;
use super::wait::{Allowed, Wait, count};
use crate::tools;
use crate::workspace::Workspace;

const PART: &str = "invalidation";

/// A file that is changed.
#[derive(Debug, Clone, Copy)]
enum Change {
    Setting,
    Python,
    JavaScript,
    Text,
}

#[derive(Debug, Clone, Copy)]
enum Task {
    Run,
    Dev,
    Build,
    Release,
}

const CHANGES: [Change; 4] = [Change::Setting, Change::Python, Change::JavaScript, Change::Text];
const TASKS: [Task; 4] = [Task::Run, Task::Dev, Task::Build, Task::Release];

impl Change {
    fn title(self) -> &'static str {
        match self {
            Self::Setting => "a changed setting",
            Self::Python => "a changed Python file",
            Self::JavaScript => "a changed JavaScript file",
            Self::Text => "a changed text file",
        }
    }

    fn make(self, app: &App<'_>) -> Result<()> {
        match self {
            Self::Setting => app.replace("Cargo.toml", "workers.greeter.timeout = 1", "workers.greeter.timeout = 11"),
            Self::Python => app.replace("workers/counter/main.py", "\n", "\n# a comment\n"),
            Self::JavaScript => app.replace("workers/reporter/main.js", "\n", "\n// a comment\n"),
            Self::Text => {
                app.write("workers/counter/notes.txt", "other notes\n").and(app.write("README.md", "Other.\n"))
            }
        }
    }
}

impl Task {
    fn title(self) -> &'static str {
        match self {
            Self::Run => "cargo run",
            Self::Dev => "cargo bedrock dev",
            Self::Build => "cargo bedrock build",
            Self::Release => "cargo bedrock build --release",
        }
    }

    /// Returns the number of rustc processes.
    fn rustc_processes(self, app: &App<'_>, rustc: &RustcCount) -> Result<usize> {
        let counted = |mut command: Command| {
            rustc.watch(&mut command);
            tools::output(&mut command)
        };
        match self {
            Self::Run => counted(app.cargo(&["build", "--quiet"])).map(drop)?,
            Self::Dev => app.start_dev(|command| rustc.watch(command))?,
            Self::Build => counted(app.command(&["build"])).map(drop)?,
            Self::Release => counted(app.command(&["build", "--release"])).map(drop)?,
        }
        Ok(rustc.processes())
    }
}

/// Counts the rustc processes of each command after each change.
pub(super) fn measure(workspace: &Workspace, tool: &Path) -> Result<Vec<Wait>> {
    let app = App::new(workspace, tool, "bench_invalidation", &["counter.py", "reporter.js"])?;
    let table = "[package.metadata.bedrock]";
    app.replace("Cargo.toml", &format!("\n{table}"), &format!("\n{table}\nworkers.greeter.timeout = 1"))?;
    app.write("workers/counter/notes.txt", "notes\n")?;
    app.write("README.md", "An app.\n")?;
    let rustc = RustcCount::new(&folder(workspace)?)?;
    for task in TASKS {
        eprintln!("first compile of `{}`", task.title());
        task.rustc_processes(&app, &rustc)?;
    }
    let mut found = [[0; CHANGES.len()]; TASKS.len()];
    for (column, change) in CHANGES.into_iter().enumerate() {
        eprintln!("{}", change.title());
        change.make(&app)?;
        for (task, found) in TASKS.into_iter().zip(&mut found) {
            found[column] = task.rustc_processes(&app, &rustc)?;
        }
    }
    let row = |task: Task, change: &str, found: usize| Wait {
        what: format!("rustc processes of `{}` after {change}", task.title()),
        #[allow(clippy::cast_precision_loss, reason = "no command starts 2^52 processes")]
        ours: found as f64,
        allowed: Allowed::Most(0.0),
        peer: None,
        floor: None,
        show: count,
        part: PART,
    };
    let rows = TASKS.into_iter().zip(found).flat_map(|(task, [setting, others @ ..])| {
        let all: usize = others.into_iter().sum();
        [row(task, "a changed setting", setting), row(task, "changed Python, JavaScript and text", all)]
    });
    Ok(rows.collect())
}
