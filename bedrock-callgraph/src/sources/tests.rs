//! The files of a worker that are read for calls.

use std::fs;
use std::path::Path;

use bedrock_build::App;

use super::{WorkerCalls, calls_of};
use crate::fixtures::app;

const PYTHON: &str = "from bedrock.workers.invoker import invoke\ninvoke('a', {})\n";
const JAVASCRIPT: &str = "require('./worker').invoke('a', {});\n";

/// Creates files with the same text.
fn write(root: &Path, paths: &[&str], text: &str) {
    for path in paths {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        fs::write(path, text).expect("file");
    }
}

fn at(root: &Path, workers: &[&str]) -> App {
    App { root: root.to_owned(), ..app("my_app", workers) }
}

fn paths(calls: &WorkerCalls) -> Vec<&str> {
    calls.named.iter().map(|(place, _)| place.path.as_str()).collect()
}

#[test]
fn only_files_in_the_workers_language_are_read() {
    let dir = tempfile::tempdir().expect("folder");
    let app = at(dir.path(), &["p.py", "q.py"]);
    let files = ["main.py", "deep/er/x.py", "lib/testing.py", "notes.txt", "x.js", "y.pyi"];
    write(&dir.path().join("workers/p"), &files, PYTHON);
    write(dir.path(), &["workers/q/main.py", "workers/_shared/s.py", "main.py"], PYTHON);
    let calls = calls_of(&app, &app.workers[0]).expect("readable");
    assert_eq!(paths(&calls), ["workers/p/deep/er/x.py", "workers/p/lib/testing.py", "workers/p/main.py"]);
}

#[test]
fn typescript_files_are_read_without_declarations_and_tests() {
    let dir = tempfile::tempdir().expect("folder");
    let app = at(dir.path(), &["j.js"]);
    let files = ["main.ts", "a.mts", "b.cts", "c.tsx", "worker.d.cts", "lib/x.d.ts", "main.test.ts", "y.spec.mts"];
    write(&dir.path().join("workers/j"), &files, JAVASCRIPT);
    let calls = calls_of(&app, &app.workers[0]).expect("readable");
    assert_eq!(paths(&calls), ["workers/j/a.mts", "workers/j/b.cts", "workers/j/c.tsx", "workers/j/main.ts"]);
}

#[test]
fn tests_dependencies_and_ignored_files_are_skipped() {
    let dir = tempfile::tempdir().expect("folder");
    let app = at(dir.path(), &["p.py", "j.js"]);
    write(dir.path(), &[".gitignore"], "workers/p/made.py\n");
    write(dir.path(), &["workers/p/.gitignore"], "/local\n");
    write(dir.path(), &["workers/p/.bedrockignore"], "draft_*.py\n");
    let out = [
        "tests/x.py",
        "test/x.py",
        "lib/tests/x.py",
        "test_x.py",
        "x_test.py",
        "conftest.py",
        ".venv/x.py",
        "venv/x.py",
        "__pycache__/x.py",
        ".hidden.py",
        "made.py",
        "local/x.py",
        "lib/draft_x.py",
    ];
    write(&dir.path().join("workers/p"), &out, PYTHON);
    write(dir.path(), &["workers/p/main.py"], PYTHON);
    let out = ["node_modules/m/x.js", "x.test.js", "x.spec.mjs", "__tests__/x.js", "test/x.cjs"];
    write(&dir.path().join("workers/j"), &out, JAVASCRIPT);
    write(dir.path(), &["workers/j/main.js", "workers/j/x.mjs", "workers/j/y.cjs"], JAVASCRIPT);
    assert_eq!(paths(&calls_of(&app, &app.workers[1]).expect("readable")), ["workers/p/main.py"]);
    let calls = calls_of(&app, &app.workers[0]).expect("readable");
    assert_eq!(paths(&calls), ["workers/j/main.js", "workers/j/x.mjs", "workers/j/y.cjs"]);
}

#[test]
fn worker_may_have_the_name_of_a_skipped_folder() {
    let dir = tempfile::tempdir().expect("folder");
    let app = at(dir.path(), &["tests.py"]);
    write(dir.path(), &["workers/tests/main.py"], PYTHON);
    assert_eq!(paths(&calls_of(&app, &app.workers[0]).expect("readable")), ["workers/tests/main.py"]);
}

#[test]
fn ignore_files_outside_of_the_app_are_not_read() {
    let dir = tempfile::tempdir().expect("folder");
    let root = dir.path().join("my_app");
    let app = at(&root, &["p.py"]);
    write(dir.path(), &[".gitignore", ".ignore"], "*.py\n");
    write(&root, &[".ignore"], "*.py\n");
    write(&root, &["workers/p/main.py"], PYTHON);
    assert_eq!(paths(&calls_of(&app, &app.workers[0]).expect("readable")), ["workers/p/main.py"]);
}

#[test]
fn file_in_another_encoding_is_read() {
    let dir = tempfile::tempdir().expect("folder");
    let app = at(dir.path(), &["p.py"]);
    write(dir.path(), &["workers/p/main.py"], "");
    let text = [b"# coding: latin-1\n# caf\xe9\n", PYTHON.as_bytes()].concat();
    fs::write(dir.path().join("workers/p/main.py"), text).expect("file");
    assert_eq!(calls_of(&app, &app.workers[0]).expect("readable").named[0].0.line, 4);
}

#[test]
fn computed_names_and_syntax_errors_have_positions() {
    let dir = tempfile::tempdir().expect("folder");
    let app = at(dir.path(), &["p.py", "r.rs"]);
    write(dir.path(), &["workers/p/main.py"], "from bedrock.workers.invoker import invoke\ninvoke(x, {})\ndef (:\n");
    write(dir.path(), &["workers/r/main.py"], PYTHON);
    let calls = calls_of(&app, &app.workers[0]).expect("readable");
    assert_eq!(calls.computed[0].to_string(), "workers/p/main.py:2");
    assert_eq!(calls.unreadable[0].to_string(), "workers/p/main.py:3");
    assert_eq!(calls_of(&app, &app.workers[1]).expect("readable"), WorkerCalls::default());
}

#[test]
fn file_that_cannot_have_calls_is_not_parsed() {
    let dir = tempfile::tempdir().expect("folder");
    let app = at(dir.path(), &["p.py"]);
    write(dir.path(), &["workers/p/main.py"], "def (:\n");
    assert_eq!(calls_of(&app, &app.workers[0]).expect("readable"), WorkerCalls::default());
}

#[test]
fn missing_folder_has_no_calls() {
    let dir = tempfile::tempdir().expect("folder");
    let app = at(dir.path(), &["p.py"]);
    assert_eq!(calls_of(&app, &app.workers[0]).expect("nothing"), WorkerCalls::default());
}

#[test]
fn imported_files_are_read_although_they_are_ignored() {
    let dir = tempfile::tempdir().expect("folder");
    let app = at(dir.path(), &["p.py"]);
    write(&dir.path().join("workers/p"), &["main.py"], "import order_pb2\nfrom tests import helper\n");
    write(&dir.path().join("workers/p"), &["order_pb2.py", "other_pb2.py", "tests/helper.py", "tests/x.py"], PYTHON);
    write(&dir.path().join("workers/p"), &[".gitignore"], "*_pb2.py\n");
    let calls = calls_of(&app, &app.workers[0]).expect("readable");
    assert_eq!(paths(&calls), ["workers/p/order_pb2.py", "workers/p/tests/helper.py"]);
}

#[test]
fn ignore_files_that_are_devices_are_not_opened() {
    let dir = tempfile::tempdir().expect("folder");
    let app = at(dir.path(), &["p.py"]);
    write(&dir.path().join("workers/p"), &["main.py", "lib/x.py"], PYTHON);
    for folder in ["", "workers/p", "workers/p/lib"] {
        std::os::unix::fs::symlink("/dev/zero", dir.path().join(folder).join(".bedrockignore")).expect("a link");
    }
    let calls = calls_of(&app, &app.workers[0]).expect("readable");
    assert_eq!(paths(&calls), ["workers/p/main.py"]);
}
