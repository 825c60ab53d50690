//! Packing 30 MB of JavaScript: the whole build of a worker with these files, compared with `zip -9` of the same files.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use serde_json::Value;

use super::app::App;
use super::figures::Packing;
use super::tree;
use crate::bench::samples::least;
use crate::tools;
use crate::workspace::Workspace;

const RUNS: usize = 5;

/// A script with the same result that uses Python's standard library, for machines without Info-ZIP.
const ZIPFILE: &str = "import os, sys, zipfile
root, out = sys.argv[1:]
with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED, compresslevel=9) as made:
    for folder, _, files in os.walk(root):
        for file in files:
            made.write(os.path.join(folder, file))
";

/// Packs the files of the worker `vendored` of `app`.
pub(super) fn measure(workspace: &Workspace, tool: &Path, app: &App) -> Result<Packing> {
    let vendor = app.root.join("workers/vendored/vendor");
    let tree_bytes = tree::write(&vendor)?;
    let ours = app.root.join("target/bedrock/workers/vendored.zip");
    let theirs = app.root.join("theirs.zip");
    let mut builds = Vec::new();
    let mut steps = Vec::new();
    let mut zips = Vec::new();
    let rival = if tools::on_path("zip").is_some() { "zip -9" } else { "Python's zipfile at level 9" };
    for _ in 0..RUNS {
        for zip in [&ours, &theirs] {
            if zip.exists() {
                fs::remove_file(zip).with_context(|| format!("failed to remove {}", zip.display()))?;
            }
        }
        let began = Instant::now();
        let mut build = workspace.command(tool);
        build.args(["bedrock", "build", "--worker=vendored", "--message-format=json"]).current_dir(&app.root);
        let output = tools::output(&mut build)?;
        builds.push(began.elapsed().as_secs_f64());
        steps.push(seconds(&output)?);
        let began = Instant::now();
        zip(workspace, &vendor, &theirs, rival)?;
        zips.push(began.elapsed().as_secs_f64());
    }
    let size = |path: &Path| fs::metadata(path).map(|file| file.len()).with_context(|| path.display().to_string());
    Ok(Packing {
        rival,
        tree_bytes,
        build_s: least(builds).unwrap_or_default(),
        step_s: least(steps).unwrap_or_default(),
        rival_s: least(zips).unwrap_or_default(),
        bytes: size(&ours)?,
        rival_bytes: size(&theirs)?,
    })
}

/// Returns the seconds of the part itself, from the JSON output of the build.
fn seconds(output: &str) -> Result<f64> {
    let events = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut built = events.filter(|event| event["status"] == "built");
    built.find_map(|event| event["seconds"].as_f64()).ok_or_else(|| anyhow!("the worker was not packed: {output}"))
}

fn zip(workspace: &Workspace, tree: &Path, out: &Path, rival: &str) -> Result<()> {
    let mut command = if rival == "zip -9" {
        let mut command = workspace.command("zip");
        command.args(["-qr9"]).arg(out).arg(".");
        command
    } else {
        let mut command = workspace.command(tools::python()?.ok_or_else(|| anyhow!("`python3` is not on the PATH"))?);
        command.args(["-c", ZIPFILE, "."]).arg(out);
        command
    };
    tools::output(command.current_dir(tree)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn seconds_are_those_of_the_built_part() {
        let output = "{\"event\":\"build-started\"}\n{\"event\":\"part-finished\",\"status\":\"built\",\"seconds\":0.25}\n\
                    {\"event\":\"build-finished\",\"seconds\":0.5}\n";
        assert_eq!(seconds(output).ok(), Some(0.25));
        assert!(seconds("{\"status\":\"fresh\",\"seconds\":0}").is_err());
    }
}
