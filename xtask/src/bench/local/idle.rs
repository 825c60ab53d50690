//! The memory of an app with ten warm workers, five in Python and five in JavaScript. The app is written from the workers of
//! the benchmark; `bench_idle` calls each worker once and prints its memory afterwards.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::tools;
use crate::workspace::Workspace;

const MANIFEST: &str = "[package]\nname = \"idle\"\nversion = \"0.0.0\"\n\n[package.metadata.bedrock]\n";
/// The sources of each language in the benchmark, and the class in them.
const SOURCES: [(&str, &str, &[&str]); 2] =
    [("echo_python", "EchoPython", &["main.py"]), ("echo_node", "EchoNode", &["main.js", "worker.js"])];
/// Workers of each language.
const EACH: [char; 5] = ['a', 'b', 'c', 'd', 'e'];

/// Returns the resident memory of the process of the app in KiB.
pub(super) fn measure(workspace: &Workspace) -> Result<u64> {
    let app = workspace.target.join("bench/idle");
    let names = write(&workspace.root.join("benchmarks/local/workers"), &app)?;
    let mut command = workspace.command(workspace.target.join("release/bench_idle"));
    let printed = tools::output(command.args(names).current_dir(&app).env("CARGO_MANIFEST_DIR", &app))?;
    printed.trim().parse().with_context(|| format!("failed to understand bench_idle: `{}`", printed.trim()))
}

/// Writes the app and returns the names of its workers.
fn write(from: &Path, app: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for (source, class, files) in SOURCES {
        for letter in EACH {
            let name = format!("{source}_{letter}");
            let dir = app.join("workers").join(&name);
            fs::create_dir_all(&dir).with_context(|| format!("failed to create {}", dir.display()))?;
            for file in files {
                let path = from.join(source).join(file);
                let text = fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
                let text = text.replace(class, &format!("{class}{}", letter.to_ascii_uppercase()));
                fs::write(dir.join(file), text).with_context(|| format!("failed to write {}", dir.display()))?;
            }
            names.push(name);
        }
    }
    let manifest = app.join("Cargo.toml");
    fs::write(&manifest, MANIFEST).with_context(|| format!("failed to write {}", manifest.display()))?;
    Ok(names)
}
