//! What cargo compiles after changes of contracts, and what the compiler says: counted with a wrapper of rustc.

use std::fs;

use crate::rustc_log::RustcLog;
use crate::test_app::{CommandOutput, TestApp};

const RESIZER: &str = "\
from typing import List, TypedDict
from bedrock.workers.worker import Worker


class Size(TypedDict):
    width: int


class Resizer(Worker):
    def execute(self, event: Size, context) -> List[str]:
        return []
";

/// A worker whose code says nothing about types.
const LABELLER: &str = "\
const { Worker } = require('./worker');
class Labeller extends Worker {
  async execute(event) { return event; }
}
module.exports = { Labeller };
";

const CALLER: &str = "\
use bedrock::{Context, Result, Worker, invoke};
use serde_json::json;

bedrock::workers!();

#[bedrock::worker]
pub struct Caller;

impl Worker for Caller {
    type Event = ();
    type Response = Vec<String>;

    async fn execute(&self, (): (), _: &Context) -> Result<Vec<String>> {
        invoke!(\"labeller\", json!({ \"text\": \"a\" })).await?;
        Ok(invoke!(\"resizer\", json!({ \"width\": 64 }), require_response = true).await?)
    }
}
";

/// An app with two Rust workers, one of which calls a typed worker in Python.
struct ContractApp {
    app: TestApp,
    log: RustcLog,
}

impl ContractApp {
    fn new() -> Self {
        let app = TestApp::compilable();
        for worker in ["resizer.py", "labeller.js", "caller.rs"] {
            app.run_ok(&["new", "worker", worker]);
        }
        app.write("workers/resizer/main.py", RESIZER);
        app.write("workers/labeller/main.js", LABELLER);
        app.write("workers/caller/src/lib.rs", CALLER);
        // Declares no types: it mentions no worker.
        app.edit("workers/greeter/src/lib.rs", "use bedrock", "bedrock::workers!();\n\nuse bedrock");
        // Build scripts watch a file that is rarely edited, and this worker has none.
        for file in ["__init__.py", "requirements.txt", "test_main.py"] {
            fs::remove_file(app.path(&format!("workers/resizer/{file}"))).expect("a file");
        }
        app.edit("workers/caller/Cargo.toml", "serde = {", "serde_json = \"1\"\nserde = {");
        let log = RustcLog::new(&app);
        Self { app, log }
    }

    /// Builds everything.
    fn build(&self) -> CommandOutput {
        self.log.watch(&mut self.app.cargo_command(&["build", "--workspace"])).output().expect("cargo starts").into()
    }

    /// Builds everything, which must succeed, and returns the names of the crates that were compiled.
    fn compiled(&self) -> Vec<String> {
        let built = self.build();
        assert_eq!(built.code, Some(0), "{}", built.stderr);
        self.log.compiled()
    }

    /// Builds everything, which must fail with this text.
    fn assert_fails(&self, part: &str) {
        let built = self.build();
        assert_eq!(built.code, Some(101), "{}", built.stderr);
        assert!(built.stderr.contains(part), "`{part}` in:\n{}", built.stderr);
    }
}

#[test]
fn changed_contract_compiles_exactly_its_callers() {
    let all = ContractApp::new();
    let app = &all.app;
    // The programs of all apps have the same paths.
    let _programs = app.lock_programs();
    app.run_ok(&["contracts"]);
    let first = all.compiled();
    assert!(["caller", "greeter", "shop"].iter().all(|name| first.iter().any(|known| known == name)), "{first:?}");
    assert_eq!(all.compiled(), [""; 0]);

    app.edit("workers/resizer/main.py", "return []", "return ['a']");
    app.edit("workers/labeller/main.js", "return event", "return [event]");
    app.run_ok(&["contracts"]);
    assert_eq!(all.compiled(), [""; 0], "the contract is the same");

    app.edit("workers/resizer/main.py", "width: int", "width: float");
    app.run_ok(&["contracts"]);
    // The endpoint links the caller.
    assert_eq!(all.compiled(), ["caller", "shop"]);

    app.edit("workers/resizer/main.py", "width: float", "breadth: float");
    app.run_ok(&["contracts"]);
    all.assert_fails("`event.width`: unknown field");
    app.edit("workers/resizer/main.py", "breadth: float", "width: float");
    app.run_ok(&["contracts"]);
    assert_eq!(all.compiled(), ["caller", "shop"]);

    // A contract that a person writes is noticed after the command has read it.
    let by_hand = r#"{"x-contract": 1, "properties": {"event": {"type": "string"}}}"#;
    fs::write(app.path("workers/labeller/contract.json"), by_hand).expect("a file");
    app.run_ok(&["contracts"]);
    all.assert_fails("`event`: expected a string, found an object");

    fs::remove_dir_all(app.path("workers/resizer")).expect("a folder");
    fs::remove_file(app.path("workers/labeller/contract.json")).expect("a file");
    all.assert_fails("no worker named `resizer`");
}

#[test]
fn stale_contract_of_rust_worker_is_a_compile_error() {
    let all = ContractApp::new();
    let app = &all.app;
    let _programs = app.lock_programs();
    app.run_ok(&["contracts"]);
    assert!(app.read("workers/greeter/contract.json").contains("\"name\""));
    all.compiled();
    app.edit("workers/greeter/src/lib.rs", "pub name: String,", "#[serde(default)]\n    pub name: String,");
    all.assert_fails(
        "`workers/greeter/contract.json` is not the contract of this worker: `event.name`: the field is now optional",
    );
    app.run_ok(&["contracts"]);
    // The caller does not use the types of this worker.
    assert_eq!(all.compiled(), ["greeter", "shop"]);
}
