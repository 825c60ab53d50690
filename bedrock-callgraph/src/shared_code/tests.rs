//! Which shared code a worker imports, the calls in it, and the paths in a zip.

use std::fs;
use std::path::Path;

use bedrock_build::App;

use super::{SharedCode, shared_code, with_packed_paths, workers_with_shared_file};
use crate::fixtures::app;
use crate::sources::calls_of;

fn at(root: &Path, workers: &[&str], files: &[(&str, &str)]) -> App {
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        fs::write(path, text).expect("file");
    }
    App { root: root.to_owned(), ..app("my_app", workers) }
}

fn found(app: &App, worker: &str) -> SharedCode {
    let worker = app.worker(worker).expect("a worker");
    shared_code(app, worker).expect("readable").expect("shared code")
}

fn units(app: &App, worker: &str) -> Vec<String> {
    found(app, worker).units.into_iter().collect()
}

const CALL: &str = "from bedrock.workers.invoker import invoke\ndef f():\n    invoke('mail', {})\n";

#[test]
fn python_modules_are_found_through_imports() {
    let dir = tempfile::tempdir().expect("folder");
    let app = at(
        dir.path(),
        &["a.py", "b.py", "mail.py"],
        &[
            ("workers/a/main.py", "import orders.total\nimport json\n"),
            ("workers/b/main.py", "from money import x\nimport own\n"),
            ("workers/b/own.py", ""),
            ("workers/mail/main.py", ""),
            ("workers/mail/test_main.py", "import orders\n"),
            ("workers/_shared/python/orders/__init__.py", ""),
            ("workers/_shared/python/orders/total.py", CALL),
            ("workers/_shared/python/orders/unused.py", "import money\n"),
            ("workers/_shared/python/money.py", ""),
            ("workers/_shared/python/money.pyi", ""),
            ("workers/_shared/python/own.py", ""),
        ],
    );
    assert_eq!(units(&app, "a"), ["money.py", "money.pyi", "orders"]);
    assert_eq!(units(&app, "b"), ["money.py", "money.pyi"]);
    assert!(units(&app, "mail").is_empty());
    let calls = |worker: &str| calls_of(&app, app.worker(worker).expect("a worker")).expect("readable").named;
    assert_eq!(calls("a")[0].0.to_string(), "workers/_shared/python/orders/total.py:3");
    assert!(calls("b").is_empty());
    let users = |path: &str| {
        let found = workers_with_shared_file(&app, Path::new(path)).expect("readable");
        found.into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(users("workers/_shared/python/money.py"), "a b");
    assert_eq!(users("workers/_shared/python/orders/data.json"), "a b mail", "it does not exist");
    assert_eq!(users("workers/_shared/python/orders/unused.py"), "a");
    assert_eq!(users("workers/_shared/javascript/x.js"), "");
}

#[test]
fn javascript_files_are_found_through_paths() {
    let dir = tempfile::tempdir().expect("folder");
    let app = at(
        dir.path(),
        &["a.js", "b.js", "c.js"],
        &[
            ("workers/a/main.js", "import { x } from '../_shared/javascript/money.js';\nrequire('left-pad');\n"),
            ("workers/a/lib/deep.js", "require('../../_shared/javascript/orders');\n"),
            ("workers/b/main.js", "await import('../_shared/javascript/money');\nimport '../a/lib/deep.js';\n"),
            ("workers/c/main.js", "import '../../../elsewhere.js';\n"),
            ("workers/_shared/javascript/money.js", "import './dates.js';\n"),
            ("workers/_shared/javascript/dates.js", ""),
            ("workers/_shared/javascript/orders/index.js", "require('../worker.cjs').invoke('b');\n"),
            ("workers/_shared/javascript/worker.cjs", ""),
            ("workers/_shared/javascript/unused.js", ""),
        ],
    );
    assert_eq!(units(&app, "a"), ["dates.js", "money.js", "orders", "worker.cjs"]);
    let b = found(&app, "b");
    assert_eq!(b.files, ["dates.js", "money.js"]);
    assert_eq!(b.outside.iter().map(|import| import.file.as_str()).collect::<Vec<_>>(), ["workers/a/lib/deep.js"]);
    assert_eq!(found(&app, "c").outside[0].importer, "workers/c/main.js");
    let calls = calls_of(&app, app.worker("a").expect("a worker")).expect("readable").named;
    assert_eq!(calls[0].0.to_string(), "workers/_shared/javascript/orders/index.js:1");
}

#[test]
fn dependencies_that_are_folders_are_read_for_calls() {
    let dir = tempfile::tempdir().expect("folder");
    let app = at(
        dir.path(),
        &["a.py", "b.py"],
        &[
            ("workers/a/main.py", ""),
            ("workers/a/requirements.txt", "-e ../../libs/orders\n"),
            ("workers/b/main.py", ""),
            ("libs/orders/pyproject.toml", "[project]\nname = 'orders'\n"),
            ("libs/orders/src/orders/__init__.py", CALL),
            ("libs/orders/tests/test_orders.py", CALL),
        ],
    );
    let calls = |worker: &str| {
        let calls = calls_of(&app, app.worker(worker).expect("a worker")).expect("readable");
        calls.named.iter().map(|(place, _)| place.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(calls("a"), ["libs/orders/src/orders/__init__.py:3"]);
    assert!(calls("b").is_empty());
}

#[test]
fn paths_are_those_of_the_zip() {
    let packed = |path: &str, text: &str| with_packed_paths(path, "workers/a", text);
    let main = "import { x } from '../_shared/javascript/money.js';\nconst y = require(\"../_shared/javascript\");\n\
                export * from './lib/a.js';\nawait import(`../_shared/javascript/b`); // '../_shared/javascript/no'\n";
    assert_eq!(
        packed("workers/a/main.js", main).as_deref(),
        Some(
            "import { x } from './_shared/javascript/money.js';\nconst y = require(\"./_shared/javascript\");\n\
             export * from './lib/a.js';\nawait import(`./_shared/javascript/b`); // '../_shared/javascript/no'\n"
        )
    );
    let deep = "new URL('../../../_shared/javascript/data.json', import.meta.url);";
    assert_eq!(
        packed("workers/a/lib/deep/x.mjs", deep).as_deref(),
        Some("new URL('../../_shared/javascript/data.json', import.meta.url);")
    );
    assert_eq!(packed("workers/a/main.js", "require('../_shared/javascripts/x'); require('./x');"), None);
}
