//! `cargo bedrock contracts` of Rust workers: from their types to their callers in Python, JavaScript and TypeScript, with the
//! real type checkers.

use std::process::Command;

use serde_json::json;

use crate::test_app::{MANIFEST, TestApp};

const RANKER: &str = "\
use serde::{Deserialize, Serialize};

#[bedrock::contract]
#[derive(Serialize, Deserialize)]
#[serde(rename_all = \"camelCase\")]
pub struct Query {
    pub page_size: u16,
    #[serde(default)]
    pub origin: Option<Place>,
}

#[bedrock::contract]
#[derive(Serialize, Deserialize)]
#[serde(tag = \"kind\", rename_all = \"lowercase\")]
pub enum Place {
    Star { name: String },
    Nowhere,
}

#[bedrock::contract]
#[derive(Serialize, Deserialize)]
pub struct Rank {
    pub name: String,
    #[serde(skip_serializing_if = \"Option::is_none\")]
    pub note: Option<String>,
}

#[bedrock::worker]
pub struct Ranker;

impl bedrock::Worker for Ranker {
    type Event = Query;
    type Response = Vec<Rank>;

    async fn execute(&self, _: Query, _: &bedrock::Context) -> bedrock::Result<Vec<Rank>> {
        Ok(Vec::new())
    }
}
";

const PYTHON: &str = "\
from typing import List, TypedDict
from bedrock.workers.worker import Worker
from bedrock.workers.invoker import invoke


class Size(TypedDict):
    width: int


class Resizer(Worker):
    def execute(self, event: Size, context) -> List[str]:
        return []
";

const JAVASCRIPT: &str = "\
// @ts-check
const { Worker, invoke } = require('./worker');

class Labeller extends Worker {
  static event = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] };
  static response = { type: 'array', items: { type: 'string' } };
}
module.exports = { Labeller };
";

/// An app with a typed worker in each language.
fn app() -> TestApp {
    let library = concat!(env!("CARGO_MANIFEST_DIR"), "/../templates/files/worker/javascript/worker.js");
    let library = std::fs::read_to_string(library).expect("the library");
    TestApp::with_manifest(MANIFEST)
        .file("src/main.rs", "fn main() {}")
        .file("workers/ranker/Cargo.toml", "[package]\nname = \"ranker\"\nversion = \"0.1.0\"\n")
        .file("workers/ranker/src/lib.rs", RANKER)
        .file("workers/resizer/main.py", PYTHON)
        .file("workers/labeller/main.js", JAVASCRIPT)
        .file("workers/labeller/worker.js", &library)
}

#[test]
fn contract_of_rust_worker_is_written_from_its_types() {
    let app = app();
    app.run_ok(&["contracts"]);
    let shown = app.bedrock(&["contracts", "show", "ranker"]).stdout;
    let expected = "event: Query\nresponse: Rank[]\n\nPlace =\n  | {\n      kind: \"nowhere\"\n    }\n  | {\n      \
                    kind: \"star\"\n      name: string\n    }\n\nQuery {\n  origin?: Place | null\n  \
                    pageSize: integer(0..65535)\n}\n\nRank {\n  name: string\n  note?: string\n}\n";
    assert!(shown.starts_with(expected), "{shown}");
    assert_eq!(app.bedrock(&["contracts", "--check"]).code, Some(0));
    app.edit("workers/ranker/src/lib.rs", "page_size: u16", "page_size: u32");
    let stale = app.bedrock(&["contracts", "--check"]);
    assert_eq!(stale.code, Some(1));
    assert!(stale.stderr.contains("`workers/ranker/contract.json` is not up to date"), "{}", stale.stderr);
}

#[test]
fn rust_type_without_a_form_in_json_is_refused_at_its_line() {
    let app = app();
    app.edit("workers/ranker/src/lib.rs", "pub page_size: u16", "pub page_size: u64");
    let refused = app.bedrock(&["contracts"]);
    assert_eq!(refused.code, Some(1));
    let expected = "error: workers/ranker/src/lib.rs:7: JavaScript rounds integers beyond ±9007199254740991\n\
                    help: use 32 bits, or `String`, or promise not to go beyond that: `#[contract(safe_int)]`\n";
    assert_eq!(refused.stderr, expected);
    assert!(!app.path("workers/ranker/contract.json").exists());
}

#[test]
fn graph_names_the_types_of_calls() {
    let app = app();
    app.edit("workers/resizer/main.py", "return []", "return invoke('ranker', {'pageSize': 1}, True)");
    app.run_ok(&["contracts"]);
    let graph = app.bedrock(&["graph", "--built"]).stdout;
    assert!(graph.contains("└── ranker (rust): Query → Rank[]\n"), "{graph}");
    // The last build had another contract.
    let caller = json!({ "inputs": {}, "zip": null, "invokes": [], "callee_contracts": { "ranker": "00" } });
    let state = json!({ "format": 1, "parts": { "workers/resizer": caller } });
    let app = app.file("target/bedrock/state.json", &state.to_string());
    let graph = app.bedrock(&["graph", "--built"]).stdout;
    assert!(graph.contains("└── ranker (rust): Query → Rank[], built against another contract\n"), "{graph}");
}

/// Calls of the workers in Rust, Python and JavaScript: a right event, and a wrong one.
const CALLS: [[&str; 3]; 3] = [
    [
        "ranker",
        "{'pageSize': 1, 'origin': {'kind': 'star', 'name': 'Sol'}}",
        "{'pageSize': 1, 'origin': {'kind': 'moon'}}",
    ],
    ["resizer", "{'width': 1}", "{'width': '1'}"],
    ["labeller", "{'text': 'a'}", "{'txet': 'a'}"],
];

#[test]
fn python_callers_are_checked_for_every_language() {
    let app = app();
    app.run_ok(&["contracts"]);
    for (number, [worker, right, wrong]) in CALLS.into_iter().enumerate() {
        for (kind, event) in [("right", right), ("wrong", wrong)] {
            let call = format!("from bedrock.workers.invoker import invoke\n\ninvoke('{worker}', {event}, True)\n");
            std::fs::write(app.path(&format!("{kind}_{number}.py")), call).expect("a file");
        }
    }
    let found = |command: &mut Command, file: &str| {
        let output = command.current_dir(app.path("")).output().expect("the checker starts");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines()
            .any(|line| line.contains(file) && line.contains("error") && !line.contains("reportMissingModuleSource"))
    };
    if let Some(pyright) = testbed::tool("contracts/bin/basedpyright") {
        for file in ["0", "1", "2"].map(|number| format!("right_{number}.py")) {
            assert!(!found(Command::new(&pyright).args(["--level", "error", &file]), &file), "{file}");
            let file = file.replace("right", "wrong");
            assert!(found(Command::new(&pyright).args(["--level", "error", &file]), &file), "{file}");
        }
    }
    if let Some(mypy) = testbed::tool("contracts/bin/mypy") {
        std::fs::write(app.path("mypy.ini"), "[mypy]\nmypy_path = typings\n").expect("a file");
        for file in ["0", "1", "2"].map(|number| format!("right_{number}.py")) {
            let args = ["--no-incremental", "--no-color-output"];
            assert!(!found(Command::new(&mypy).args(args).arg(&file), &file), "{file}");
            let file = file.replace("right", "wrong");
            assert!(found(Command::new(&mypy).args(args).arg(&file), &file), "{file}");
        }
    }
}

#[test]
fn javascript_callers_are_checked_for_every_language() {
    let Some(tsc) = testbed::tool("checkers/node_modules/.bin/tsc") else { return };
    let app = app();
    app.run_ok(&["contracts"]);
    for (number, [worker, right, wrong]) in CALLS.into_iter().enumerate() {
        for (kind, event) in [("right", right), ("wrong", wrong)] {
            let text = format!("import {{ invoke }} from './worker.js';\nawait invoke('{worker}', {event}, true);\n");
            std::fs::write(app.path(&format!("workers/labeller/{kind}_{number}.mjs")), text).expect("a file");
        }
    }
    let options = r#"{"compilerOptions": {"checkJs": true, "allowJs": true, "noEmit": true, "strict": true, "module": "nodenext", "target": "es2022", "types": []}, "include": ["workers/labeller/*.mjs"]}"#;
    std::fs::write(app.path("tsconfig.json"), options).expect("a file");
    let output = Command::new(tsc).current_dir(app.path("")).args(["-p", ".", "--pretty", "false"]).output();
    let printed = String::from_utf8_lossy(&output.expect("the compiler starts").stdout).into_owned();
    for number in 0..CALLS.len() {
        assert!(!printed.contains(&format!("right_{number}.mjs")), "{printed}");
        assert!(printed.contains(&format!("wrong_{number}.mjs")), "{number}: {printed}");
    }
}
