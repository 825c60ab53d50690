//! `cargo bedrock graph`, of apps that are not compiled.

use insta::assert_snapshot;

use crate::room::{MANIFEST, Room};

const PYTHON: &str = "from bedrock.workers.invoker import invoke\n";
const JAVASCRIPT: &str = "const { invoke } = require('./worker');\n";

/// Two workers, of which `counter` has this code below the import.
fn app(settings: &str, counter: &str) -> Room {
    Room::app(&format!("{MANIFEST}{settings}"))
        .file("workers/counter/main.py", &format!("{PYTHON}{counter}"))
        .file("workers/script/main.js", &format!("{JAVASCRIPT}invoke('counter');\n"))
}

#[test]
fn the_graph_is_on_the_standard_output_and_what_it_lacks_is_told() {
    assert_snapshot!(app("", "invoke('script', {})\n").run(&["graph", "--built"]), @"
    exit code 0
    -- stdout
    endpoint

    counter (python)
    └── script (javascript)
        └── counter (python), a cycle

    cycle: counter → script → counter
    -- stderr
    warning: calls are missing from the graph, these parts were never built: `endpoint`
    help: run `cargo bedrock build`, or leave `--built` out
    ");
}

#[test]
fn a_cycle_fails_the_command_where_that_is_asked_for() {
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
    warning: calls are missing from the graph, these parts were never built: `endpoint`
    help: run `cargo bedrock build`, or leave `--built` out
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
    warning: calls are missing from the graph, these parts were never built: `endpoint`
    help: run `cargo bedrock build`, or leave `--built` out
    ");
}

#[test]
fn what_is_wrong_with_the_calls_comes_behind_the_graph_and_the_app_is_at_fault() {
    assert_snapshot!(app("", "invoke('scirpt', {})\ninvoke(name, {})\ndef (\n").run(&["graph", "--built"]), @r#"
    exit code 1
    -- stdout
    endpoint

    script (javascript), called by no other
    └── counter (python)
    -- stderr
    warning: calls are missing from the graph, these parts were never built: `endpoint`
    help: run `cargo bedrock build`, or leave `--built` out
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
fn settings_that_say_too_much_are_odd_but_no_fault() {
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
    warning: calls are missing from the graph, these parts were never built: `endpoint`
    help: run `cargo bedrock build`, or leave `--built` out
    warning: `invokes` of worker `counter` lists `script`, whose name is written in its code
    help: take it out of `[package.metadata.bedrock.workers.counter]` in `Cargo.toml`
    warning: `invokes` of worker `counter` lists `counter`, but no call in its code has a computed name
    help: take it out of `[package.metadata.bedrock.workers.counter]` in `Cargo.toml`
    ");
}

#[test]
fn settings_that_name_nobody_are_refused_at_their_line() {
    let settings = "\n[package.metadata.bedrock.endpoint]\ninvokes = ['script', 'conter']\n\n\
                    [package.metadata.bedrock.workers.counter]\ninvokes = [\n  'nobody',\n]\n";
    assert_snapshot!(app(settings, "").run(&["graph", "--built"]), @"
    exit code 1
    -- stderr
    error: Cargo.toml:11: `endpoint.invokes` names `conter`, which is not a worker of this app
    help: a worker with a similar name exists: `counter`
    error: Cargo.toml:15: `workers.counter.invokes` names `nobody`, which is not a worker of this app
    ");
}

#[test]
fn other_forms_are_for_programs_and_documents() {
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
    warning: calls are missing from the graph, these parts were never built: `endpoint`
    help: run `cargo bedrock build`, or leave `--built` out
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
    warning: calls are missing from the graph, these parts were never built: `endpoint`
    help: run `cargo bedrock build`, or leave `--built` out
    "##);
    let json = app("", "").output(&["graph", "--built", "--format", "json"]);
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&json.stdout).expect("JSON")["version"], 1);
    let svg = app("", "").output(&["graph", "--built", "--format", "svg"]);
    assert!(svg.stdout.starts_with(b"<svg ") && svg.stdout.ends_with(b"</svg>\n"));
}

#[test]
fn an_unknown_form_is_told_with_the_known_ones() {
    assert_snapshot!(app("", "").run(&["graph", "--built", "--format", "png"]), @"
    exit code 2
    -- stderr
    error: `png` cannot be the value of `--format <FORMAT>`
    help: the values are `text`, `json`, `mermaid`, `dot`, `svg`
    help: `cargo bedrock --help` lists the commands
    ");
}

#[test]
fn what_is_no_file_is_passed_over() {
    let room = app("", "");
    std::fs::create_dir(room.path("workers/counter/odd.py")).expect("folder");
    std::os::unix::fs::symlink("gone.py", room.path("workers/counter/link.py")).expect("symlink");
    assert_eq!(room.output(&["graph", "--built"]).status.code(), Some(0));
}

#[test]
fn outside_of_an_app_the_call_is_at_fault() {
    assert_eq!(Room::empty().output(&["graph", "--built"]).status.code(), Some(2));
}
