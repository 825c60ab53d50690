//! What keeps a worker from starting: its code, its dependencies, its interpreter, its folder.

use serde_json::{Value, json};

use crate::driver::{HOSTED, Run, answers, copy_of_app};

fn start(worker: &str) -> Value {
    // Twice: a worker that cannot be loaded must be tried again next time, not remembered as broken.
    let step = json!({ "worker": worker, "event": {} });
    let got = answers(&json!([step, step]));
    assert_eq!(got[0]["error"], got[1]["error"], "{worker}");
    got[0].clone()
}

#[test]
fn code_that_cannot_be_loaded_is_reported_as_lambda_does() {
    for (worker, error, message) in [
        ("python_import", "RuntimeError", "while it is loaded"),
        ("python_syntax", "Runtime.UserCodeSyntaxError", "main.py"),
        ("python_missing", "Runtime.ImportModuleError", "No module named 'a_package_that_nobody_has'"),
        ("python_noclass", "Runtime.HandlerNotFound", "PythonNoclass"),
        ("node_import", "EvalError", "while it is loaded"),
        ("node_syntax", "Runtime.UserCodeSyntaxError", "SyntaxError"),
        ("node_missing", "Runtime.ImportModuleError", "Cannot find module 'a-package-that-nobody-has'"),
        ("node_noclass", "Runtime.HandlerNotFound", "NodeNoclass"),
    ] {
        let answer = start(worker);
        assert_eq!(answer["error"], error, "{worker}: {answer}");
        assert!(answer["message"].as_str().is_some_and(|m| m.contains(message)), "{worker}: {answer}");
    }
}

#[test]
fn a_missing_interpreter_is_named_with_what_to_do() {
    for (worker, program, variable) in
        [("python_case", "python3", "BEDROCK_PYTHON"), ("node_case", "node", "BEDROCK_NODE")]
    {
        let steps = json!([{ "worker": worker, "event": {} }, { "worker": "rust_case", "event": { "do": "echo", "value": 1 } }]);
        let ran = Run::new(&steps).env("PATH", "/nowhere").run();
        let answer = &ran.answers[0];
        assert_eq!(answer["error"], "NotStarted", "{answer}");
        assert_eq!(answer["may_have_run"], false);
        let message = format!("worker `{worker}` could not be started: `{program}` is not on the PATH");
        assert_eq!(answer["message"], message);
        assert!(answer["help"].as_str().is_some_and(|help| help.contains(variable)), "{answer}");
        assert_eq!(ran.answers[1]["ok"], 1, "the other workers run");
    }
}

#[test]
fn an_interpreter_that_is_none_is_named() {
    let ran = Run::new(&json!([{ "worker": "python_case", "event": {} }])).env("BEDROCK_PYTHON", "/bin/true").run();
    assert_eq!(ran.answers[0]["error"], "NotStarted");
    assert!(ran.answers[0]["message"].as_str().is_some_and(|m| m.contains("`/bin/true` is no usable python3")));
}

#[test]
fn a_folder_that_is_removed_while_the_app_runs_is_an_answer_or_an_error() {
    for worker in HOSTED {
        let app = copy_of_app();
        let echo = json!({ "worker": worker, "event": { "do": "echo", "value": 1 } });
        let remove = json!({ "worker": "remove", "event": app.path().join("workers").join(worker) });
        let steps = json!([echo, remove, echo, { "worker": worker, "event": { "do": "hard_exit" } }, echo]);
        let ran = Run::new(&steps).env("BEDROCK_APP_DIR", app.path()).run();
        assert_eq!(ran.answers[1]["ok"], 1, "{worker}: the warm host still has the code");
        let gone = &ran.answers[3];
        assert_eq!(gone["error"], "NotStarted", "{worker}: {gone}");
        assert!(gone["message"].as_str().is_some_and(|m| m.contains("is gone")), "{worker}: {gone}");
    }
}

#[test]
fn dependencies_that_cannot_be_had_are_reported_with_what_the_tool_said() {
    let app = copy_of_app();
    let requirements = app.path().join("workers/python_case/requirements.txt");
    std::fs::write(&requirements, "this is no requirement\n").expect("a file");
    std::fs::write(app.path().join("workers/node_case/package.json"), "{ no json").expect("a file");
    let step = |worker| json!({ "worker": worker, "event": {} });
    let ran = Run::new(&json!([step("python_case"), step("node_case")])).env("BEDROCK_APP_DIR", app.path()).run();
    let [python, node] = &ran.answers[..] else { panic!("{:?}", ran.answers) };
    assert_eq!((&python["error"], &node["error"]), (&json!("NotStarted"), &json!("NotStarted")));
    assert!(python["message"].as_str().is_some_and(|m| m.contains("this is no requirement")), "{python}");
    assert!(python["help"].as_str().is_some_and(|m| m.contains("requirements.txt")), "{python}");
    assert!(
        node["message"].as_str().is_some_and(|m| m.contains("workers/node_case/package.json` is no JSON")),
        "{node}"
    );
    let left = std::fs::read_dir(app.path().join("workers/python_case")).expect("the folder").flatten();
    assert!(left.into_iter().all(|entry| !entry.file_name().to_string_lossy().starts_with(".bedrock")));
}
