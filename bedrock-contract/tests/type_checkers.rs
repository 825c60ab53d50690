//! What type checkers say about calls of workers with contracts: pyright, mypy and the compiler of TypeScript.
#![allow(clippy::expect_used)]

mod table;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use bedrock_build::contract::{Source, read};
use bedrock_contract::{WorkerContract, python, typescript};
use serde_json::json;
use table::{load, read_case};

/// The worker that the programs call, and one for each case of the table.
fn workers() -> Vec<WorkerContract> {
    let file = json!({
        "$defs": {
            "Event": {
                "type": "object",
                "properties": {
                    "width": { "type": "integer" },
                    "from": { "type": "string" },
                    "mode": { "enum": ["crop", "fit"] },
                    "note": { "type": ["string", "null"] },
                },
                "required": ["width"],
            },
            "Thumb": { "type": "object", "properties": { "url": { "type": "string" } }, "required": ["url"] },
        },
        "properties": { "event": { "$ref": "#/$defs/Event" }, "response": { "$ref": "#/$defs/Thumb" } },
        "x-contract": 1,
    });
    let resizer = read(&file.to_string(), &Source::File("contract.json")).expect("a contract");
    let cases = load("types").into_iter().enumerate();
    let cases = cases
        .map(|(number, case)| WorkerContract { worker: format!("case_{number}"), contract: Some(read_case(&case)) });
    let resizer = WorkerContract { worker: "resizer".to_owned(), contract: Some(resizer) };
    let untyped = WorkerContract { worker: "untyped".to_owned(), contract: None };
    [resizer, untyped].into_iter().chain(cases).collect()
}

/// Writes a file and the folders that it is in.
fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, text).expect("a file");
}

/// Returns a file of the templates of new workers.
fn template(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates/files").join(path))
        .expect("a file")
}

/// Returns the declarations for the worker `own`.
fn declarations(own: &str, workers: &[WorkerContract]) -> String {
    typescript::declarations(&template("worker/javascript/worker.d.ts"), own, workers)
}

/// Runs a checker, and returns whether it was content, and what it printed.
fn run(command: &mut Command) -> (bool, String) {
    let output = command.output().expect("the checker starts");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

/// Statements after the imports of the library, with a part of what pyright says about the wrong ones.
const PYTHON: [(&str, Option<&str>); 12] = [
    ("a: None = invoke('resizer', {'width': 1})", None),
    ("b: str = invoke('resizer', {'width': 1, 'from': 'x', 'mode': 'fit', 'note': None}, True)['url']", None),
    ("c = invoke('untyped', [1], True)", None),
    ("invoke('resizer', {'width': 1, 'mdoe': 'fit'})", Some("\"mdoe\" is an undefined item")),
    ("invoke('resizer', {})", Some("\"width\" is required")),
    ("invoke('resizer', {'width': '1'})", Some("is not assignable to \"int\"")),
    ("invoke('resizer', {'width': 1, 'mode': 'zoom'})", Some("Literal['zoom']")),
    ("invoke('resiser', {'width': 1})", Some("Literal['resiser']")),
    ("e: str = resource('table', 'orders')\nput_metric('Orders', 1, 'Count', {'Kind': e})", None),
    ("put_metric('Orders', '1')", Some("is not assignable to \"float\"")),
    ("put_metric('Orders', 1, dimensions={'Kind': 1})", Some("Mapping[str, str]")),
    ("d: str = invoke('resizer', {'width': 1}, True)['ulr']", Some("\"ulr\" is not a defined key")),
];

fn write_python(root: &Path) {
    let workers = workers();
    for path in [
        "__init__.pyi",
        "workers/__init__.pyi",
        "workers/errors.pyi",
        "workers/metrics.pyi",
        "workers/resources.pyi",
        "workers/worker.pyi",
    ] {
        let path = format!("typings/bedrock/{path}");
        write(root, &path, &python::library_stub(&template(&path)));
    }
    write(root, &format!("typings/bedrock/{}", python::TYPES_MODULE), "");
    write(root, "typings/bedrock/workers/invoker.pyi", &python::invoker_stub(&workers));
    for worker in &workers {
        if let Some(contract) = &worker.contract {
            let path = format!("typings/bedrock/workers/types/{}.pyi", worker.worker);
            write(root, &path, &python::worker_stub(contract));
        }
    }
    for (number, (statement, _)) in PYTHON.iter().enumerate() {
        let imports = "from bedrock.workers.invoker import invoke\nfrom bedrock.workers.metrics import put_metric\n\
                       from bedrock.workers.resources import resource\n";
        let program = format!("{imports}{statement}\n");
        write(root, &format!("program_{number}.py"), &program);
    }
    let worker = "from bedrock.workers.worker import Worker\n\nclass A(Worker):\n    def execute(self, event: dict[str, int], context: object) -> int:\n        return event['a']\n\nclass B(Worker):\n    async def execute(self, event: dict[str, int], context: object) -> int:\n        return 1\n";
    write(root, "worker_class.py", worker);
}

#[test]
fn pyright_finds_wrong_calls() {
    let Some(pyright) = testbed::tool("contracts/bin/basedpyright") else { return };
    let root = tempfile::tempdir().expect("a folder");
    write_python(root.path());
    write(root.path(), "pyrightconfig.json", r#"{"typeCheckingMode": "standard", "pythonVersion": "3.13"}"#);
    let (_, printed) = run(Command::new(pyright).current_dir(root.path()).args(["--outputjson", "."]));
    let report: serde_json::Value = serde_json::from_str(&printed).expect(&printed);
    // There is no source: the modules exist only where a worker runs.
    let is_wrong = |error: &&serde_json::Value| error["rule"] != "reportMissingModuleSource";
    let errors: Vec<_> = report["generalDiagnostics"].as_array().expect("a list").iter().filter(is_wrong).collect();
    for (number, (statement, expected)) in PYTHON.iter().enumerate() {
        let file = format!("program_{number}.py");
        let of_file = |error: &&&serde_json::Value| error["file"].as_str().is_some_and(|path| path.ends_with(&file));
        let messages: Vec<&str> = errors.iter().filter(of_file).filter_map(|error| error["message"].as_str()).collect();
        match expected {
            None => assert!(messages.is_empty(), "{statement}: {messages:?}"),
            Some(part) => assert!(messages.iter().any(|message| message.contains(part)), "{statement}: {messages:?}"),
        }
    }
    let is_ours = |error: &&&serde_json::Value| {
        error["file"].as_str().is_some_and(|path| path.contains("typings") || path.ends_with("worker_class.py"))
    };
    let ours: Vec<_> = errors.iter().filter(is_ours).collect();
    assert!(ours.is_empty(), "{ours:#?}");
}

#[test]
fn mypy_finds_wrong_calls() {
    let Some(mypy) = testbed::tool("contracts/bin/mypy") else { return };
    let root = tempfile::tempdir().expect("a folder");
    write_python(root.path());
    write(root.path(), "mypy.ini", "[mypy]\nmypy_path = typings\n");
    let (_, printed) =
        run(Command::new(mypy).current_dir(root.path()).args(["--no-incremental", "--no-color-output", "."]));
    for (number, (statement, expected)) in PYTHON.iter().enumerate() {
        let file = format!("program_{number}.py:");
        let is_found = printed.lines().any(|line| line.starts_with(&file) && line.contains("error"));
        assert_eq!(is_found, expected.is_some(), "{statement}: {printed}");
    }
    let of_ours = |line: &&str| line.starts_with("typings") || line.starts_with("worker_class.py");
    let ours: Vec<&str> = printed.lines().filter(of_ours).collect();
    assert!(ours.is_empty(), "{ours:#?}");
}

/// Statements of a worker without types of its own, with a part of what the compiler says about the wrong ones.
const JAVASCRIPT: [(&str, Option<&str>); 12] = [
    ("await invoke('resizer', { width: 1 });", None),
    ("(await invoke('resizer', { width: 1, from: 'x', mode: 'fit', note: null }, true)).url.toUpperCase();", None),
    ("await invoke('untyped', [1], true);", None),
    ("await invoke('arn:aws:lambda:eu-west-1:123456789012:function:other', 1);", None),
    ("await invoke('resizer', { width: 1, mdoe: 'fit' });", Some("'mdoe' does not exist")),
    ("await invoke('resizer', {});", Some("'width' is missing")),
    ("await invoke('resizer', { width: '1' });", Some("'string' is not assignable to type 'number'")),
    ("putMetric(resource('table', 'orders'), 1, { unit: 'Kilobytes/Second', dimensions: { Kind: 'book' } });", None),
    ("putMetric('Orders', 1, { unit: 'count' });", Some("\"count\"")),
    ("resource('tabel', 'orders');", Some("\"tabel\"")),
    ("await invoke('resiser', { width: 1 });", Some("'\"resiser\"'")),
    ("(await invoke('resizer', { width: 1 }, true)).ulr;", Some("'ulr' does not exist")),
];

#[test]
fn typescript_finds_wrong_calls() {
    let Some(tsc) = testbed::tool("checkers/node_modules/.bin/tsc") else { return };
    let root = tempfile::tempdir().expect("a folder");
    let root = root.path();
    let workers = workers();
    write(
        root,
        "tsconfig.json",
        r#"{"compilerOptions": {"checkJs": true, "allowJs": true, "noEmit": true, "strict": true, "module": "nodenext", "target": "es2022", "types": []}}"#,
    );
    for (number, (statement, _)) in JAVASCRIPT.iter().enumerate() {
        let text = format!("import {{ invoke, putMetric, resource }} from './worker.js';\n{statement}\n");
        write(root, &format!("program_{number}.mjs"), &text);
    }
    write(root, "worker.d.ts", &declarations("untyped", &workers));
    write(root, "own/worker.d.ts", &declarations("resizer", &workers));
    let class = |parameter: &str, body: &str| {
        format!(
            "import {{ Worker }} from './worker.js';\n/** @typedef {{import('./worker.js').Contract}} Contract */\nexport class A extends Worker {{\n  /** @param {{{parameter}}} event */\n  async execute(event) {{ {body} }}\n}}\n"
        )
    };
    write(root, "own/good.mjs", &class("Contract['event']", "return { url: String(event.width) };"));
    write(root, "own/field.mjs", &class("Contract['event']", "return { url: String(event.wdith) };"));
    write(root, "own/response.mjs", &class("Contract['event']", "return { link: event.from };"));
    let (_, printed) = run(Command::new(tsc).current_dir(root).args(["-p", ".", "--pretty", "false"]));
    let of_file = |file: &str| -> String {
        // The lines of an error after the first are indented.
        let mut is_in_file = false;
        let lines = printed.lines().filter(|line| {
            is_in_file = if line.starts_with(' ') { is_in_file } else { line.starts_with(file) };
            is_in_file
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    for (number, (statement, expected)) in JAVASCRIPT.iter().enumerate() {
        let messages = of_file(&format!("program_{number}.mjs"));
        match expected {
            None => assert_eq!(messages, "", "{statement}"),
            Some(part) => assert!(messages.contains(part), "{statement}: {printed}"),
        }
    }
    assert_eq!(of_file("own/good.mjs"), "");
    assert!(of_file("own/field.mjs").contains("'wdith' does not exist"), "{printed}");
    assert!(of_file("own/response.mjs").contains("not assignable"), "{printed}");
    assert_eq!(of_file("worker.d.ts") + &of_file("own/worker.d.ts"), "");
}

/// Returns the names that declarations export.
fn exported_names(text: &str) -> BTreeSet<&str> {
    let keywords = ["abstract", "class", "const", "declare", "function", "interface", "namespace", "type"];
    let exports = text.lines().filter_map(|line| line.strip_prefix("export "));
    let words =
        exports.filter_map(|line| line.split(|c: char| !c.is_alphanumeric()).find(|word| !keywords.contains(word)));
    words.collect()
}

#[test]
fn declarations_have_everything_of_the_template() {
    let library = template("worker/javascript/worker.d.ts");
    let written = declarations("resizer", &workers());
    let names = exported_names(&library);
    assert!(
        ["Context", "InvocationError", "Worker", "invoke", "putMetric", "resource", "testing"]
            .iter()
            .all(|name| names.contains(name))
    );
    assert!(names.is_subset(&exported_names(&written)), "{written}");
    // Only `invoke` and the parameters of the base class depend on the app.
    let is_of_app = |line: &&str| {
        [
            "function invoke",
            "nameOrArn",
            "payload: unknown",
            "requireResponse: true",
            "Promise<Response>;",
            "class Worker<",
        ]
        .iter()
        .any(|part| line.contains(part))
    };
    for line in library.lines().skip(1).filter(|line| !is_of_app(line) && !line.trim_start().starts_with('*')) {
        assert!(written.contains(line), "{line}");
    }
    assert!(written.contains(
        "class Worker<Event = Contract['event'], Response = Contract['response'], InvocationContext = Context>"
    ));
    assert_eq!(written.matches("function invoke").count(), 1);
}
