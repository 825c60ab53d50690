//! `cargo bedrock graph --built`, for apps that were never compiled.

use insta::assert_snapshot;

use crate::test_app::{MANIFEST, TestApp};

const PYTHON: &str = "from bedrock.workers.invoker import invoke\n";
const JAVASCRIPT: &str = "const { invoke } = require('./worker');\n";

/// Creates an app with two workers. `counter` has this code after the import.
fn app(settings: &str, counter: &str) -> TestApp {
    TestApp::with_manifest(&format!("{MANIFEST}{settings}"))
        .file("workers/counter/main.py", &format!("{PYTHON}{counter}"))
        .file("workers/script/main.js", &format!("{JAVASCRIPT}invoke('counter');\n"))
}

#[test]
fn graph_is_printed_with_a_warning_about_missing_calls() {
    assert_snapshot!(app("", "invoke('script', {})\n").run(&["graph", "--built"]), @"
    exit code 0
    -- stdout
    endpoint

    counter (python)
    └── script (javascript)
        └── counter (python), a cycle

    cycle: counter → script → counter
    -- stderr
    warning: calls are missing from the graph, because these functions were never built: `endpoint`
    help: run `cargo bedrock build`, or omit `--built`
    ");
}

#[test]
fn deny_cycles_fails_on_a_cycle() {
    let settings = "\n[package.metadata.bedrock.workers.counter]\ninvokes = ['script']\n";
    assert_snapshot!(app(settings, "invoke(name, {})\n").run(&["graph", "--built", "--deny-cycles"]), @"
    exit code 1
    -- stdout
    endpoint

    counter (python)
    └── script (javascript), by settings
        └── counter (python), a cycle

    cycle: counter → script → counter
    -- stderr
    warning: calls are missing from the graph, because these functions were never built: `endpoint`
    help: run `cargo bedrock build`, or omit `--built`
    error: a cycle of calls: `counter → script → counter`
      caused by: `counter` calls `script` (workers/counter/main.py:2)
      caused by: `script` calls `counter` (workers/script/main.js:2)
    ");
    assert_snapshot!(app("", "").run(&["graph", "--built", "--deny-cycles", "--quiet"]), @"
    exit code 0
    -- stdout
    endpoint

    script (javascript), called by no other
    └── counter (python)
    -- stderr
    warning: calls are missing from the graph, because these functions were never built: `endpoint`
    help: run `cargo bedrock build`, or omit `--built`
    ");
}

#[test]
fn call_errors_are_reported_after_the_graph() {
    assert_snapshot!(app("", "invoke('scirpt', {})\ninvoke(name, {})\ndef (\n").run(&["graph", "--built"]), @r#"
    exit code 1
    -- stdout
    endpoint

    script (javascript), called by no other
    └── counter (python)
    -- stderr
    warning: calls are missing from the graph, because these functions were never built: `endpoint`
    help: run `cargo bedrock build`, or omit `--built`
    warning: workers/counter/main.py:4: this is not understood as Python, so calls from here on may be missing
    error: workers/counter/main.py:2: no worker named `scirpt` in this app
    help: a worker with a similar name exists: `script`
    help: if it is another function, call it by its ARN
    error: workers/counter/main.py:3: worker `counter` computes the name that it calls here, and no setting says which workers that may be
    help: add to `Cargo.toml`, `[]` for none of this app's workers:
          [package.metadata.bedrock.workers.counter]
          invokes = ["NAME"]
    "#);
}

#[test]
fn redundant_invokes_setting_is_a_warning() {
    let settings = "\n[package.metadata.bedrock.workers.counter]\ninvokes = ['script', 'counter']\n";
    assert_snapshot!(app(settings, "invoke('script', {})\n").run(&["graph", "--built"]), @"
    exit code 0
    -- stdout
    endpoint

    counter (python)
    ├── counter (python), by settings, a cycle
    └── script (javascript)
        └── counter (python), a cycle

    cycle: counter → counter
    cycle: counter → script → counter
    -- stderr
    warning: calls are missing from the graph, because these functions were never built: `endpoint`
    help: run `cargo bedrock build`, or omit `--built`
    warning: `invokes` of worker `counter` lists `script`, whose name is written in its code
    help: take it out of `[package.metadata.bedrock.workers.counter]` in `Cargo.toml`
    warning: `invokes` of worker `counter` lists `counter`, but no call in its code has a computed name
    help: take it out of `[package.metadata.bedrock.workers.counter]` in `Cargo.toml`
    ");
}

#[test]
fn unknown_worker_in_invokes_setting_is_an_error() {
    let settings = "\n[package.metadata.bedrock.endpoint]\ninvokes = ['script', 'conter']\n\n\
                    [package.metadata.bedrock.workers.counter]\ninvokes = [\n  'unknown',\n]\n";
    assert_snapshot!(app(settings, "").run(&["graph", "--built"]), @"
    exit code 1
    -- stderr
    error: Cargo.toml:11: `endpoint.invokes` names `conter`, which is not a worker of this app
    help: a worker with a similar name exists: `counter`
    error: Cargo.toml:15: `workers.counter.invokes` names `unknown`, which is not a worker of this app
    ");
}

#[test]
fn graph_has_formats_for_programs_and_documents() {
    assert_snapshot!(app("", "").run(&["graph", "--built", "--format", "mermaid", "--quiet"]), @r#"
    exit code 0
    -- stdout
    flowchart LR
        n0(["endpoint"]):::endpoint
        n1("counter"):::python
        n2("script"):::javascript
        n2 --> n1
        classDef endpoint fill:#1f2937,stroke:#1f2937,color:#ffffff
        classDef python fill:#e9f2fc,stroke:#3b78b5,color:#1d4675
        classDef javascript fill:#fdf7d8,stroke:#c9a30c,color:#665200
    -- stderr
    warning: calls are missing from the graph, because these functions were never built: `endpoint`
    help: run `cargo bedrock build`, or omit `--built`
    "#);
    assert_snapshot!(app("", "").run(&["graph", "--built", "--format", "dot", "--quiet"]), @r##"
    exit code 0
    -- stdout
    digraph "my_app" {
        rankdir=LR
        node [shape=box, style="rounded,filled", fontname="Helvetica"]
        edge [color="#8c959f"]
        n0 [label="endpoint", fillcolor="#1f2937", color="#1f2937", fontcolor="#ffffff"]
        n1 [label="counter", fillcolor="#e9f2fc", color="#3b78b5", fontcolor="#1d4675"]
        n2 [label="script", fillcolor="#fdf7d8", color="#c9a30c", fontcolor="#665200"]
        n2 -> n1
    }
    -- stderr
    warning: calls are missing from the graph, because these functions were never built: `endpoint`
    help: run `cargo bedrock build`, or omit `--built`
    "##);
    let json = app("", "").output(&["graph", "--built", "--format", "json"]);
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&json.stdout).expect("JSON")["version"], 1);
    let svg = app("", "").output(&["graph", "--built", "--format", "svg"]);
    assert!(svg.stdout.starts_with(b"<svg ") && svg.stdout.ends_with(b"</svg>\n"));
}

#[test]
fn unknown_format_is_reported_with_the_known_ones() {
    assert_snapshot!(app("", "").run(&["graph", "--built", "--format", "png"]), @"
    exit code 2
    -- stderr
    error: invalid value `png` of `--format <FORMAT>`
    help: possible values: `text`, `json`, `mermaid`, `dot`, `svg`
    help: `cargo bedrock --help` lists the commands
    ");
}

#[test]
fn entries_that_are_not_files_are_ignored() {
    let app = app("", "");
    std::fs::create_dir(app.path("workers/counter/odd.py")).expect("folder");
    std::os::unix::fs::symlink("missing.py", app.path("workers/counter/link.py")).expect("symlink");
    assert_eq!(app.output(&["graph", "--built"]).status.code(), Some(0));
}

#[test]
fn command_outside_of_an_app_is_a_usage_error() {
    assert_eq!(TestApp::empty().output(&["graph", "--built"]).status.code(), Some(2));
}
