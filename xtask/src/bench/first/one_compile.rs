//! What four commands compile again after each other in the same app, and the disk that they fill together. Compared with
//! cargo's own two commands on a program without this tool.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::app::{App, folder};
use super::rustc_count::RustcCount;
use super::wait::{Allowed, Wait, count, megabytes};
use crate::tools;
use crate::workspace::Workspace;

const PART: &str = "one-compile";
/// Limit of rustc processes of a command that is not the first.
const AGAIN: f64 = 15.0;

/// Counts the rustc processes of each command.
pub(super) fn measure(workspace: &Workspace, tool: &Path) -> Result<Vec<Wait>> {
    let app = App::new(workspace, tool, "bench_one_compile", &["counter.py", "reporter.js"])?;
    let rustc = RustcCount::new(&folder(workspace)?)?;
    let counted = |mut command: Command| {
        rustc.watch(&mut command);
        tools::output(&mut command)?;
        Ok::<_, anyhow::Error>(rustc.processes())
    };
    eprintln!("`cargo run`, the first compile");
    let run = counted(app.cargo(&["build", "--quiet"]))?;
    eprintln!("`cargo bedrock dev` after it");
    app.start_dev(|command| rustc.watch(command))?;
    let dev = rustc.processes();
    eprintln!("`cargo test` after it");
    let test = counted(app.cargo(&["test", "--quiet", "--no-run"]))?;
    eprintln!("`cargo bedrock build` after it");
    let build = counted(app.command(&["build"]))?;
    #[allow(clippy::cast_precision_loss, reason = "no command starts 2^52 processes")]
    let row = |what: &str, found: usize, allowed| Wait {
        what: what.to_owned(),
        ours: found as f64,
        allowed,
        peer: None,
        floor: None,
        show: count,
        part: PART,
    };
    let again = Allowed::Most(AGAIN);
    Ok(vec![
        row("rustc processes of `cargo run` of a new app", run, Allowed::Anything),
        row("rustc processes of `cargo bedrock dev` after it", dev, again),
        row("rustc processes of `cargo test` after it", test, again),
        row("rustc processes of `cargo bedrock build` after it", build, again),
        Wait {
            what: "disk of all four".to_owned(),
            ours: disk(&app.root.join("target"))?,
            allowed: Allowed::Anything,
            peer: None,
            floor: None,
            show: megabytes,
            part: PART,
        },
    ])
}

/// Returns the megabytes of a folder. A file with several names counts once.
fn disk(folder: &Path) -> Result<f64> {
    let printed = tools::output(Command::new("du").args(["-s", "-k"]).arg(folder))?;
    let kib = printed.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok());
    Ok(kib.with_context(|| format!("`du` printed `{}`", printed.trim()))? * 1024.0 / 1e6)
}
