//! Wrong calls in an app of `new app`, from each language to each language, and who finds them: rustc, pyright, mypy and the
//! compiler of TypeScript, each in one run.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::test_app::TestApp;

/// A worker in Rust, one in Python and one in JavaScript.
const CALLEES: [&str; 3] = ["greeter", "fetcher", "labeller"];

/// Calls of each worker: the right ones come first, then a field too many, a missing field, a wrong type, a wrong field of the
/// response, and a wrong name.
const PYTHON: [&str; 7] = [
    "invoke('CALLEE', {'name': 'a'})",
    "print(invoke('CALLEE', {'name': 'a'}, True)['message'].upper())",
    "invoke('CALLEE', {'name': 'a', 'nmae': 'b'})",
    "invoke('CALLEE', {})",
    "invoke('CALLEE', {'name': 1})",
    "invoke('CALLEE', {'name': 'a'}, True)['mesage']",
    "invoke('CALLEEX', {'name': 'a'})",
];

const JAVASCRIPT: [&str; 7] = [
    "invoke('CALLEE', { name: 'a' });",
    "invoke('CALLEE', { name: 'a' }, true).then((response) => response.message.toUpperCase());",
    "invoke('CALLEE', { name: 'a', nmae: 'b' });",
    "invoke('CALLEE', {});",
    "invoke('CALLEE', { name: 1 });",
    "invoke('CALLEE', { name: 'a' }, true).then((response) => response.mesage);",
    "invoke('CALLEEX', { name: 'a' });",
];

/// What the macro finds.
const LITERALS: [&str; 6] = [
    "    invoke!(\"CALLEE\", json!({ \"name\": \"a\" })).await?;",
    "    invoke!(\"CALLEE\", json!({ \"name\": \"a\" }), require_response = true).await?.message.len();",
    "    invoke!(\"CALLEE\", json!({ \"name\": \"a\", \"nmae\": \"b\" })).await?;",
    "    invoke!(\"CALLEE\", json!({})).await?;",
    "    invoke!(\"CALLEE\", json!({ \"name\": 1 })).await?;",
    "    invoke!(\"CALLEEX\", json!({ \"name\": \"a\" })).await?;",
];

/// What the compiler finds with the types of `workers`.
const STRUCTS: [&str; 6] = [
    "    invoke!(\"CALLEE\", workers::CALLEE::Event { name: \"a\".to_owned().into() }).await?;",
    "    invoke!(\"CALLEE\", json!({ \"name\": \"a\" }), require_response = true).await?.message.len();",
    "    invoke!(\"CALLEE\", workers::CALLEE::Event { name: \"a\".to_owned().into(), nmae: 1 }).await?;",
    "    invoke!(\"CALLEE\", workers::CALLEE::Event {}).await?;",
    "    invoke!(\"CALLEE\", workers::CALLEE::Event { name: true }).await?;",
    "    invoke!(\"CALLEE\", json!({ \"name\": \"a\" }), require_response = true).await?.mesage;",
];

const RUST_HEADER: &str = "use bedrock::invoke;\nuse serde_json::json;\n\nbedrock::workers!();\n\n\
                           pub async fn calls() -> Result<(), bedrock::Error> {\n";

/// How many of the calls of a worker are right.
const RIGHT: usize = 2;

/// A file with calls, and the numbers of the lines that are wrong, from 1.
struct Calls {
    text: String,
    wrong: BTreeSet<usize>,
}

impl Calls {
    fn new(header: &str, calls: &[&str], footer: &str) -> Self {
        let mut text = header.to_owned();
        let mut wrong = BTreeSet::new();
        for callee in CALLEES {
            for (number, call) in calls.iter().enumerate() {
                text.push_str(&call.replace("CALLEE", callee));
                text.push('\n');
                if number >= RIGHT {
                    wrong.insert(text.lines().count());
                }
            }
        }
        Self { text: text + footer, wrong }
    }
}

/// Returns the numbers in `printed` that follow `before` at the start of a line with an error.
fn error_lines(printed: &str, before: &str) -> BTreeSet<usize> {
    let errors = printed.lines().filter(|line| line.contains("error"));
    let numbers = errors.filter_map(|line| {
        let (_, rest) = line.split_once(before)?;
        rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
    });
    numbers.collect()
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("the checker starts");
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

/// An app with a worker in each language that requires a name, and two further ones in Rust.
fn app() -> TestApp {
    let app = TestApp::compilable();
    for worker in ["fetcher.py", "labeller.js", "literals.rs", "structs.rs"] {
        app.run_ok(&["new", "worker", worker]);
    }
    app.edit("workers/fetcher/main.py", ", total=False", "");
    app.edit("workers/labeller/main.js", "{ type: 'string' } } }", "{ type: 'string' } }, required: ['name'] }");
    app.edit("workers/labeller/main.js", "{ name?: string }", "{ name: string }");
    app.run_ok(&["contracts"]);
    app
}

#[test]
fn wrong_calls_are_found_from_each_language_to_each() {
    let app = app();
    check_python(&app, &Calls::new("from bedrock.workers.invoker import invoke\n", &PYTHON, ""));
    check_javascript(&app, &Calls::new("const { invoke } = require('./worker');\n", &JAVASCRIPT, ""));
    check_rust(&app);
}

fn check_python(app: &TestApp, calls: &Calls) {
    const FILE: &str = "workers/fetcher/calls.py";
    app.write(FILE, &calls.text);
    if let Some(pyright) = testbed::tool("contracts/bin/basedpyright") {
        let printed = run(Command::new(pyright).current_dir(app.path("")).args(["--level", "error", FILE]));
        let printed: String =
            printed.split_inclusive('\n').filter(|line| !line.contains("reportMissingModuleSource")).collect();
        assert_eq!(error_lines(&printed, "calls.py:"), calls.wrong, "{printed}");
    }
    if let Some(mypy) = testbed::tool("contracts/bin/mypy") {
        let mut command = Command::new(mypy);
        command.current_dir(app.path("")).env("MYPYPATH", app.path("typings"));
        let printed = run(command.args(["--no-incremental", "--no-color-output", "--follow-imports=silent", FILE]));
        assert_eq!(error_lines(&printed, "calls.py:"), calls.wrong, "{printed}");
    }
}

fn check_javascript(app: &TestApp, calls: &Calls) {
    let Some(tsc) = testbed::tool("checkers/node_modules/.bin/tsc") else { return };
    app.write("workers/labeller/calls.js", &calls.text);
    let folder = app.path("workers/labeller");
    let printed = run(Command::new(tsc).current_dir(folder).args(["-p", "jsconfig.json", "--pretty", "false"]));
    assert_eq!(error_lines(&printed, "calls.js("), calls.wrong, "{printed}");
    assert!(!printed.contains("main.js("), "{printed}");
}

fn check_rust(app: &TestApp) {
    let crates = [("literals", &LITERALS), ("structs", &STRUCTS)];
    let footer = "    Ok(())\n}\n";
    for (name, calls) in crates {
        let calls = Calls::new(RUST_HEADER, calls, footer);
        app.write(&format!("workers/{name}/src/lib.rs"), &calls.text);
        app.edit(&format!("workers/{name}/Cargo.toml"), "serde = {", "serde_json = \"1\"\nserde = {");
    }
    let mut command = app.cargo_command(&["build", "--keep-going", "--message-format", "short"]);
    let printed = run(command.args(["-p", "literals", "-p", "structs"]));
    for (name, calls) in crates {
        let file = Path::new("workers").join(name).join("src/lib.rs:");
        let calls = Calls::new(RUST_HEADER, calls, footer);
        assert_eq!(error_lines(&printed, &file.display().to_string()), calls.wrong, "{name}: {printed}");
    }
}
