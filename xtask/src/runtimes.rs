//! `cargo xtask runtimes`: compares the list of Lambda's runtimes with botocore's model of Lambda, from the pinned tools of
//! the tests, or from the newest release.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, anyhow};
use serde_json::Value;

use crate::workspace::Workspace;

const LIST: &str = "bedrock-build/src/runtimes.txt";
/// The largest timeout that the settings accept, in seconds.
const MAX_TIMEOUT_SECONDS: u64 = 1_800;
/// Starts of the identifiers of runtimes for workers.
const PREFIXES: [&str; 3] = ["nodejs", "provided.", "python3."];
/// Runtimes of the model that Lambda no longer offers, or that this product never supported.
const RETIRED: [&str; 15] = [
    "nodejs",
    "nodejs4.3",
    "nodejs4.3-edge",
    "nodejs6.10",
    "nodejs8.10",
    "nodejs10.x",
    "nodejs12.x",
    "nodejs14.x",
    "nodejs16.x",
    "nodejs18.x",
    "python3.6",
    "python3.7",
    "python3.8",
    "python3.9",
    "provided",
];

/// Prints what differs. Returns whether nothing does.
pub(crate) fn run(workspace: &Workspace, is_newest: bool, output: &mut dyn Write) -> Result<bool> {
    let list = fs::read_to_string(workspace.root.join(LIST)).with_context(|| format!("failed to read `{LIST}`"))?;
    let model = if is_newest { newest_model(workspace)? } else { pinned_model(workspace)? };
    let differences = compare(&list, &model);
    writeln!(output, "botocore {}: {}", model["version"].as_str().unwrap_or("?"), summary(&differences))?;
    for difference in &differences {
        writeln!(output, "  {difference}")?;
    }
    Ok(differences.is_empty())
}

fn summary(differences: &[String]) -> String {
    match differences.len() {
        0 => format!("`{LIST}` has all runtimes"),
        count => format!("{count} differences from `{LIST}`"),
    }
}

fn pinned_model(workspace: &Workspace) -> Result<Value> {
    let python = workspace.tools().join("ministack/bin/python");
    if !python.exists() {
        return Err(anyhow!("`target/tools` has no botocore: run `cargo xtask setup`"));
    }
    read_model(&python)
}

/// Installs the newest botocore into a temporary environment.
fn newest_model(workspace: &Workspace) -> Result<Value> {
    let folder = workspace.tools().join("newest-botocore");
    let _ = fs::remove_dir_all(&folder);
    let run = |command: &mut Command| -> Result<()> {
        let status = command.status().with_context(|| format!("failed to start `{command:?}`"))?;
        if status.success() { Ok(()) } else { Err(anyhow!("`{command:?}` failed")) }
    };
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    let python = folder.join("bin/python");
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "botocore"]))?;
    let model = read_model(&python);
    let _ = fs::remove_dir_all(&folder);
    model
}

/// Reads the identifiers and the documentation of the timeout from the model of that Python environment.
fn read_model(python: &Path) -> Result<Value> {
    const PROGRAM: &str = "
import json, botocore, botocore.session
model = botocore.session.get_session().get_service_model('lambda')
timeout = model.operation_model('CreateFunction').input_shape.members['Timeout']
print(json.dumps({'version': botocore.__version__, 'runtimes': model.shape_for('Runtime').enum, 'timeout': timeout.documentation}))
";
    let output = Command::new(python).args(["-c", PROGRAM]).output().context("failed to start Python")?;
    if !output.status.success() {
        return Err(anyhow!("failed to read botocore: {}", String::from_utf8_lossy(&output.stderr)));
    }
    serde_json::from_slice(&output.stdout).context("Python printed something else than JSON")
}

fn compare(list: &str, model: &Value) -> Vec<String> {
    let listed: BTreeSet<&str> =
        list.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_whitespace().next()).collect();
    let in_model = model["runtimes"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let in_model: BTreeSet<&str> = in_model
        .filter(|id| PREFIXES.iter().any(|prefix| id.starts_with(prefix)))
        .filter(|id| !RETIRED.contains(id))
        .collect();
    let missing = in_model.difference(&listed).map(|id| format!("`{id}` is missing in the list"));
    let unknown = listed.difference(&in_model).map(|id| format!("`{id}` is not in the model"));
    let timeout = model["timeout"].as_str().unwrap_or_default().replace(',', "");
    let max_timeout =
        timeout.split_once("maximum allowed value is ").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
    // Older models have a smaller maximum.
    let max_timeout = max_timeout.filter(|max: &u64| *max > MAX_TIMEOUT_SECONDS);
    let timeout = max_timeout
        .map(|max| format!("the maximum timeout is {max} s in the model, {MAX_TIMEOUT_SECONDS} s in the settings"));
    missing.chain(unknown).chain(timeout).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_in_both_directions_are_found() {
        let list = "# a comment\nprovided.al2023 rust\npython3.13 python\npython3.16 python\n";
        let model = serde_json::json!({
            "runtimes": ["provided.al2023", "python3.13", "python3.8", "nodejs28.x", "java25"],
            "timeout": "The default is 3 seconds. The maximum allowed value is 3,600 seconds."
        });
        assert_eq!(
            compare(list, &model),
            [
                "`nodejs28.x` is missing in the list",
                "`python3.16` is not in the model",
                "the maximum timeout is 3600 s in the model, 1800 s in the settings",
            ]
        );
        let same = serde_json::json!({ "runtimes": ["provided.al2023", "python3.13", "python3.16"], "timeout": "The maximum allowed value is 900 seconds" });
        assert_eq!(compare(list, &same), Vec::<String>::new());
    }
}
