//! Durable workers as `new worker --durable` makes them: their tests pass, and checkers have nothing to say.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use testbed::{find_on_path, tool};

use crate::test_app::{CommandOutput, MANIFEST, TestApp};

/// What AWS's SDK for Python needs, in `target/tools/durable`.
const PYTHON_PACKAGES: [&str; 8] = [
    "aws_durable_execution_sdk_python",
    "boto3",
    "botocore",
    "dateutil",
    "jmespath",
    "s3transfer",
    "six.py",
    "urllib3",
];

/// Creates an app with a durable worker, which has AWS's SDK from the test tools. Returns `None` if a tool is not installed.
fn app_with(worker: &str) -> Option<TestApp> {
    find_on_path("node")?;
    let app = TestApp::with_manifest(MANIFEST).file("src/main.rs", "fn main() {}\n");
    app.run_ok(&["new", "worker", worker, "--durable"]);
    let name = worker.split('.').next().unwrap_or_default();
    let dir = app.path(&format!("workers/{name}"));
    if worker.ends_with("js") {
        symlink(tool("durable_sdk/node_modules")?, dir.join("node_modules")).expect("a link");
        return Some(app);
    }
    if worker.ends_with("ts") {
        fs::create_dir(dir.join("node_modules")).expect("a folder");
        for modules in [tool("durable_sdk/node_modules")?, tool("checkers/node_modules")?] {
            for package in fs::read_dir(modules).expect("packages").flatten() {
                // Both have some of the packages.
                let _ = symlink(package.path(), dir.join("node_modules").join(package.file_name()));
            }
        }
        return Some(app);
    }
    let python = tool("durable/bin/python")?;
    let script = "import sysconfig; print(sysconfig.get_path('purelib'))";
    let printed = Command::new(python).args(["-c", script]).output().expect("Python").stdout;
    let packages = String::from_utf8_lossy(&printed).trim().to_owned();
    for package in PYTHON_PACKAGES {
        symlink(Path::new(&packages).join(package), dir.join(package)).expect("a link");
    }
    app.write(&format!("workers/{name}/requirements.txt"), "");
    Some(app)
}

fn test(app: &TestApp, worker: &str) -> Option<CommandOutput> {
    let mut command = app.command(&["test", worker]);
    Some(command.env("BEDROCK_PYTHON", tool("venv/bin/python")?).output().expect("it starts").into())
}

/// Runs a checker in the app. Returns whether it found nothing, and what it printed; `None` if it is not installed.
fn check(app: &TestApp, program: &str, arguments: &[&str]) -> Option<(bool, String)> {
    let output = Command::new(tool(program)?).args(arguments).current_dir(app.path("")).output().expect("it starts");
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    Some((output.status.success(), text))
}

fn assert_accepts(app: &TestApp, program: &str, arguments: &[&str]) {
    if let Some((is_accepted, text)) = check(app, program, arguments) {
        assert!(is_accepted, "{program} {arguments:?}: {text}");
    }
}

#[test]
fn new_durable_python_worker_is_tested_and_checked() {
    let Some(app) = app_with("order_flow.py") else { return };
    let Some(passed) = test(&app, "order_flow") else { return };
    assert_eq!(passed.code, Some(0), "{}{}", passed.stdout, passed.stderr);
    assert!(passed.stdout.contains("1 passed"), "{}", passed.stdout);
    assert_accepts(&app, "checkers/node_modules/.bin/pyright", &["--warnings", "workers/order_flow/main.py"]);
    for arguments in [["check", "--no-cache"].as_slice(), &["format", "--no-cache", "--check"]] {
        let files = ["workers/order_flow/main.py", "workers/order_flow/test_main.py"];
        assert_accepts(&app, "ruff/bin/ruff", &[arguments, &files].concat());
    }
    app.edit("workers/order_flow/main.py", "hello", "goodbye");
    let failed = test(&app, "order_flow").expect("tools");
    assert!(failed.code == Some(1) && failed.stdout.contains("goodbye world"), "{}", failed.stdout);
}

#[test]
fn new_durable_javascript_worker_is_tested_and_checked() {
    let Some(app) = app_with("mail_flow.js") else { return };
    let Some(passed) = test(&app, "mail_flow") else { return };
    assert_eq!(passed.code, Some(0), "{}{}", passed.stdout, passed.stderr);
    let eslint = "import js from '@eslint/js';\nexport default [js.configs.recommended, \
                  { files: ['**/*.js'], languageOptions: { sourceType: 'commonjs' } }];\n";
    let Some(modules) = tool("checkers/node_modules") else { return };
    let app = app.file("eslint.config.mjs", eslint);
    symlink(modules, app.path("node_modules")).expect("a link");
    let folder = "workers/mail_flow";
    assert_accepts(&app, "checkers/node_modules/.bin/eslint", &["-c", "eslint.config.mjs", "--max-warnings=0", folder]);
    let compile = ["-p", "workers/mail_flow/jsconfig.json"];
    assert_accepts(&app, "checkers/node_modules/.bin/tsc", &compile);
    // The compiler knows the context of the SDK.
    app.edit("workers/mail_flow/main.js", "{ seconds: 5 }", "{ parsecs: 5 }");
    let (is_accepted, text) = check(&app, "checkers/node_modules/.bin/tsc", &compile).expect("a tool");
    assert!(!is_accepted && text.contains("parsecs"), "{text}");
    let failed = test(&app, "mail_flow").expect("tools");
    assert_eq!(failed.code, Some(1), "{}", failed.stdout);
}

#[test]
fn new_durable_typescript_worker_is_tested_and_checked() {
    let Some(app) = app_with("mail_flow.ts") else { return };
    // Nothing has to be installed.
    app.edit("workers/mail_flow/package.json", "\"devDependencies\"", "\"linked\"");
    let compile = ["-p", "workers/mail_flow/tsconfig.json"];
    assert_accepts(&app, "checkers/node_modules/.bin/tsc", &compile);
    let Some(node) = tool("node24/bin/node") else { return };
    let run = || -> CommandOutput {
        let mut command = app.command(&["test", "mail_flow"]);
        command.env("BEDROCK_NODE", &node).output().expect("it starts").into()
    };
    let passed = run();
    assert_eq!(passed.code, Some(0), "{}{}", passed.stdout, passed.stderr);
    assert!(passed.stdout.contains("pass 1"), "{}", passed.stdout);
    // The compiler knows the context of the SDK.
    app.edit("workers/mail_flow/main.ts", "{ seconds: 5 }", "{ parsecs: 5 }");
    let (is_accepted, text) = check(&app, "checkers/node_modules/.bin/tsc", &compile).expect("a tool");
    assert!(!is_accepted && text.contains("parsecs"), "{text}");
    assert_eq!(run().code, Some(1));
}
