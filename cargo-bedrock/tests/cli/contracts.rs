//! `cargo bedrock contracts`: from the code of workers to the files of their callers.

use std::process::Command;

use crate::test_app::{MANIFEST, TestApp};

const RESIZER: &str = "\
from typing import List, Literal, Optional, TypedDict
from bedrock.workers.worker import Worker


class Size(TypedDict):
    width: int
    mode: Literal['crop', 'fit']


class Thumb(TypedDict):
    url: str
    note: Optional[str]


class Resizer(Worker):
    def execute(self, event: Size, context) -> List[Thumb]:
        return [{'url': 'x', 'note': None}]
";

const LABELLER: &str = "\
const { Worker } = require('./worker');
class Labeller extends Worker {
  static event = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] };
  async execute(event) { return event; }
}
module.exports = { Labeller };
";

/// An app with a typed worker in Python and one in JavaScript, and a worker without types.
fn app() -> TestApp {
    let app = TestApp::with_manifest(MANIFEST)
        .file("src/main.rs", "fn main() {}")
        .file("workers/untyped/main.py", "from bedrock.workers.worker import Worker\n\nclass Untyped(Worker):\n    def execute(self, event, context):\n        return event\n")
        .file("workers/resizer/main.py", RESIZER)
        .file("workers/labeller/main.js", LABELLER);
    let library = concat!(env!("CARGO_MANIFEST_DIR"), "/../templates/files/worker/javascript/worker.js");
    let library = std::fs::read_to_string(library).expect("the library");
    app.file("workers/labeller/worker.js", &library)
}

fn git(app: &TestApp, args: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(app.path("")).args(["-c", "user.name=a", "-c", "user.email=a@example.com"]).args(args);
    let output = command.output().expect("git");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn contracts_are_written_from_code_once() {
    let app = app();
    let first = app.bedrock(&["contracts"]);
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    for path in [
        "typings/bedrock/__init__.pyi",
        "typings/bedrock/workers/errors.pyi",
        "typings/bedrock/workers/invoker.pyi",
        "typings/bedrock/workers/types/labeller.pyi",
        "typings/bedrock/workers/types/resizer.pyi",
        "typings/bedrock/workers/worker.pyi",
        "workers/labeller/contract.json",
        "workers/labeller/worker.d.ts",
        "workers/resizer/contract.json",
    ] {
        assert!(first.stderr.contains(&format!("wrote {path}\n")), "{path}: {}", first.stderr);
    }
    assert!(!app.path("workers/untyped/contract.json").exists());
    assert!(
        app.read("workers/labeller/worker.d.ts")
            .contains("resizer: { event: Resizer.Event; response: Resizer.Response };")
    );
    assert!(app.read("typings/bedrock/workers/invoker.pyi").contains("Literal[\"untyped\"], payload: Any"));
    let second = app.bedrock(&["contracts"]);
    assert_eq!(second.stderr, "done: the contracts are up to date\n");
    assert_eq!(app.bedrock(&["contracts", "--check"]).code, Some(0));
}

#[test]
fn contracts_of_unchanged_code_start_no_process() {
    let app = app();
    // Each process that loads the worker adds a line.
    let log = app.path("loaded");
    let counting = format!("open({:?}, 'a').write('loaded\\n')\n", log.display().to_string());
    app.write("workers/resizer/main.py", &format!("{counting}{RESIZER}"));
    let loaded = || std::fs::read_to_string(&log).unwrap_or_default().lines().count();
    let contracts = |arguments: &[&str]| {
        let output = app.bedrock(&[&["contracts"], arguments].concat());
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        loaded()
    };
    // The first one writes files next to the code.
    contracts(&[]);
    let warm = contracts(&[]);
    assert!(warm >= 1, "{warm}");
    assert_eq!(contracts(&[]), warm);
    assert_eq!(contracts(&["--check"]), warm);
    assert!(app.read("workers/resizer/contract.json").contains("width"));
    app.write("workers/resizer/main.py", &format!("{counting}{}", RESIZER.replace("width", "height")));
    assert_eq!(app.bedrock(&["contracts", "--check"]).code, Some(1));
    assert_eq!(loaded(), warm + 1);
    contracts(&[]);
    assert!(app.read("workers/resizer/contract.json").contains("height"));
}

#[test]
fn check_fails_for_stale_files_and_writes_nothing() {
    let app = app();
    app.run_ok(&["contracts"]);
    app.edit("workers/resizer/main.py", "width: int", "width: float");
    let generated = ["workers/resizer/contract.json", "typings/bedrock/workers/types/resizer.pyi"];
    let before = generated.map(|path| app.read(path));
    let checked = app.bedrock(&["contracts", "--check", "--json"]);
    assert_eq!(checked.code, Some(1));
    assert!(
        checked.stderr.contains("error: `workers/resizer/contract.json` is not up to date\n"),
        "{}",
        checked.stderr
    );
    assert!(checked.stderr.ends_with("help: run `cargo bedrock contracts`\n"), "{}", checked.stderr);
    let paths: serde_json::Value = serde_json::from_str(&checked.stdout).expect("JSON");
    assert_eq!(paths["changed"], serde_json::json!(generated));
    assert_eq!(generated.map(|path| app.read(path)), before);
    let built = app.bedrock(&["build"]);
    assert_eq!(built.code, Some(1));
    assert!(built.stderr.contains("error: `workers/resizer/contract.json` is not up to date\n"), "{}", built.stderr);
    // Another worker's code is not read.
    assert_eq!(app.bedrock(&["contracts", "labeller", "--check"]).code, Some(0));
}

#[test]
fn contract_written_by_hand_stays() {
    let app = app();
    let contract = r#"{"x-contract": 1, "properties": {"event": {"type": ["null", "string"]}}}"#;
    std::fs::write(app.path("workers/untyped/contract.json"), contract).expect("a file");
    app.run_ok(&["contracts"]);
    assert!(app.read("workers/untyped/contract.json").contains("\"type\": [\"string\", \"null\"]"));
    assert_eq!(app.bedrock(&["contracts", "--check"]).code, Some(0));
    std::fs::write(
        app.path("workers/untyped/contract.json"),
        "{\n\"x-contract\": 1,\n\"properties\": {\"event\": {\"type\": \"text\"}}}",
    )
    .expect("a file");
    let refused = app.bedrock(&["contracts"]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("workers/untyped/contract.json:3: `event`: unknown type `text`"),
        "{}",
        refused.stderr
    );
}

#[test]
fn types_that_no_contract_has_are_refused_with_a_way_out() {
    let app = app();
    app.edit("workers/resizer/main.py", "width: int", "width: bytes");
    let refused = app.bedrock(&["contracts"]);
    assert_eq!(refused.code, Some(1));
    let expected = "error: workers/resizer/main.py: `event.width`: `bytes` is not a type of JSON\n\
                    help: write `str`, and encode bytes as Base64\n";
    assert_eq!(refused.stderr, expected);
    assert!(!app.path("workers/resizer/contract.json").exists());
    app.edit("workers/resizer/main.py", "width: bytes", "width: missing");
    let refused = app.bedrock(&["contracts", "resizer"]);
    assert!(refused.stderr.contains("NameError") && refused.code == Some(1), "{}", refused.stderr);
}

#[test]
fn file_of_the_user_is_not_overwritten() {
    let app = app().file("workers/labeller/worker.d.ts", "export {};\n");
    let refused = app.bedrock(&["contracts"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("was not written by `cargo bedrock contracts`"), "{}", refused.stderr);
    assert!(!app.path("workers/resizer/contract.json").exists());
}

#[test]
fn types_of_new_workers_are_replaced() {
    let app = TestApp::new_app();
    for worker in ["fetcher.py", "labeller.js"] {
        assert_eq!(app.bedrock(&["new", "worker", worker]).code, Some(0), "{worker}");
    }
    let output = app.bedrock(&["contracts"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(app.read("typings/bedrock/workers/invoker.pyi").contains("Literal[\"fetcher\"]"));
    assert_eq!(app.bedrock(&["contracts", "--check"]).code, Some(0));
}

#[test]
fn cause_that_workers_share_is_printed_once() {
    let app = app();
    let output = app.command(&["contracts"]).env("BEDROCK_PYTHON", "/nowhere/python3").output().expect("it starts");
    let printed = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(
        printed.contains("workers/resizer/main.py, workers/untyped/main.py: the workers cannot be loaded: "),
        "{printed}"
    );
    assert_eq!((printed.matches("error: ").count(), printed.matches("help: ").count()), (1, 1), "{printed}");
}

#[test]
fn declarations_are_next_to_their_library() {
    let app = app();
    for worker in ["sender.ts", "other.js"] {
        assert_eq!(app.bedrock(&["new", "worker", worker]).code, Some(0), "{worker}");
    }
    app.run_ok(&["contracts"]);
    assert!(!app.path("workers/sender/worker.d.ts").exists());
    let declarations = app.read("workers/sender/worker.d.cts");
    for part in ["resizer: { event: Resizer.Event", "class Worker<Event", "export declare const testing"] {
        assert!(declarations.contains(part), "{part}: {declarations}");
    }
    // A renamed library leaves no declaration without a library behind.
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../templates/files/worker/javascript/worker.d.ts");
    let template = std::fs::read_to_string(template).expect("the types");
    for worker in ["labeller", "other"] {
        let folder = app.path(&format!("workers/{worker}"));
        std::fs::rename(folder.join("worker.js"), folder.join("worker.cjs")).expect("renamed");
    }
    std::fs::write(app.path("workers/other/worker.d.ts"), &template).expect("a file");
    app.edit("workers/labeller/main.js", "'./worker'", "'./worker.cjs'");
    app.edit("workers/other/main.js", "'./worker'", "'./worker.cjs'");
    app.run_ok(&["contracts"]);
    for worker in ["labeller", "other"] {
        assert!(!app.path(&format!("workers/{worker}/worker.d.ts")).exists(), "{worker}");
        assert_eq!(app.read(&format!("workers/{worker}/worker.d.cts")).lines().next(), declarations.lines().next());
    }
    // Without contracts the types are the general ones again.
    for worker in ["labeller", "other", "resizer"] {
        std::fs::remove_dir_all(app.path(&format!("workers/{worker}"))).expect("removed");
    }
    app.run_ok(&["contracts"]);
    assert_eq!(app.read("workers/sender/worker.d.cts"), template);
}

#[test]
fn app_without_types_gets_no_files() {
    let app = TestApp::with_manifest(MANIFEST)
        .file("src/main.rs", "fn main() {}")
        .file("workers/a/main.py", "from bedrock.workers.worker import Worker\n\nclass A(Worker):\n    def execute(self, event, context):\n        return event\n");
    let before = app.tree("workers") + &app.tree("src");
    let output = app.bedrock(&["contracts"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(output.stderr.contains("note: no worker has a contract"), "{}", output.stderr);
    assert_eq!(app.tree("workers") + &app.tree("src"), before);
    assert!(!app.path("typings").exists());
}

#[test]
fn show_prints_types_and_examples() {
    let app = app();
    let missing = app.bedrock(&["contracts", "show", "resizer"]);
    assert_eq!(missing.code, Some(1));
    assert!(missing.stderr.contains("help: write it with `cargo bedrock contracts resizer`"), "{}", missing.stderr);
    app.run_ok(&["contracts"]);
    let shown = app.bedrock(&["contracts", "show", "resizer"]).stdout;
    assert!(shown.starts_with("event: Size\nresponse: Thumb[]\n"), "{shown}");
    assert!(shown.contains("Size {\n  mode: SizeMode\n  width: integer\n}\n"), "{shown}");
    assert!(shown.contains("example event: {\n  \"mode\": \"crop\",\n  \"width\": 0\n}\n"), "{shown}");
    assert_eq!(
        app.bedrock(&["contracts", "show", "resizer", "--json"]).stdout,
        app.read("workers/resizer/contract.json")
    );
    let unknown = app.bedrock(&["contracts", "show", "resiser"]);
    assert!(unknown.stderr.contains("a worker with a similar name exists: `resizer`"), "{}", unknown.stderr);
}

#[test]
fn diff_tells_breaking_changes_from_others() {
    let app = app();
    app.run_ok(&["contracts"]);
    git(&app, &["init", "--quiet"]);
    git(&app, &["add", "."]);
    git(&app, &["commit", "--quiet", "-m", "a"]);
    assert_eq!(app.bedrock(&["contracts", "diff", "HEAD"]).code, Some(0));
    app.edit("workers/resizer/main.py", "Literal['crop', 'fit']", "Literal['crop', 'fit', 'fill']");
    app.run_ok(&["contracts"]);
    let compatible = app.bedrock(&["contracts", "diff", "HEAD"]);
    assert_eq!(compatible.code, Some(0), "{}", compatible.stderr);
    assert_eq!(compatible.stdout, "compatible resizer: event.mode: the value `fill` is new\n");
    app.edit("workers/untyped/main.py", "return event", "return invoke('resizer', {}, True)");
    app.edit("workers/untyped/main.py", "\n\nclass", "\nfrom bedrock.workers.invoker import invoke\n\nclass");
    app.edit("workers/resizer/main.py", "url: str", "url: Optional[str]");
    app.edit("workers/resizer/main.py", "width: int", "width: int\n    height: int");
    app.run_ok(&["contracts"]);
    let breaking = app.bedrock(&["contracts", "diff", "HEAD"]);
    assert_eq!(breaking.code, Some(1));
    assert_eq!(
        breaking.stdout,
        "compatible resizer: event.mode: the value `fill` is new\n\
         breaking resizer: event.height: the required field is new: `integer` (called by untyped)\n\
         breaking resizer: response[].url: was `string`, is `string | null` (called by untyped)\n"
    );
    let json: serde_json::Value =
        serde_json::from_str(&app.bedrock(&["contracts", "diff", "HEAD", "--json"]).stdout).expect("JSON");
    assert_eq!(json["changes"][2]["breaking"], true);
    let unknown = app.bedrock(&["contracts", "diff", "nowhere"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("`nowhere` is not a revision of this repository"), "{}", unknown.stderr);
    std::fs::remove_file(app.path("workers/labeller/contract.json")).expect("a file");
    let gone = app.bedrock(&["contracts", "diff", "HEAD"]);
    assert!(gone.stdout.contains("breaking labeller: contract.json: the contract is gone\n"), "{}", gone.stdout);
}

#[test]
fn local_calls_are_checked_against_the_contract() {
    let app = app();
    app.run_ok(&["contracts"]);
    let good = app.bedrock(&["invoke", "resizer", "--payload", r#"{"width": 1, "mode": "fit"}"#]);
    assert_eq!(good.code, Some(0), "{}", good.stderr);
    let wrong = app.bedrock(&["invoke", "resizer", "--payload", r#"{"width": "1", "mdoe": "fit"}"#]);
    // The worker did not run.
    assert_eq!(wrong.code, Some(2));
    for part in
        ["`event`: the field `mode` is missing", "`event.width`: expected an integer", "`event.mdoe`: unknown field"]
    {
        assert!(wrong.stderr.contains(part), "{part}: {}", wrong.stderr);
    }
    app.edit("workers/resizer/main.py", "'url': 'x'", "'url': 1");
    let response = app.bedrock(&["invoke", "resizer", "--payload", r#"{"width": 1, "mode": "fit"}"#]);
    assert_eq!(response.code, Some(1));
    assert!(response.stderr.contains("`response[0].url`: expected a string, found `1`"), "{}", response.stderr);
    app.edit("workers/resizer/main.py", "'url': 1", "'url': 'x'");
    app.edit("workers/resizer/main.py", "width: int", "width: Optional[int]");
    let stale = app.bedrock(&["invoke", "resizer", "--payload", r#"{"width": 1, "mode": "fit"}"#]);
    assert_eq!(stale.code, Some(0), "{}", stale.stderr);
    let expected = "warning: `workers/resizer/contract.json` is not the contract of `workers/resizer/main.py`: \
                    `event.width`: was `integer`, is `integer | null`\n  help: run `cargo bedrock contracts`\n";
    assert!(stale.stderr.contains(expected), "{}", stale.stderr);
}
