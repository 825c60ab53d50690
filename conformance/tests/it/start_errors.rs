//! Tests of errors that prevent the start of a worker: code, dependencies, interpreter, folder.

use serde_json::{Value, json};

use crate::driver::{HOSTED_WORKERS, Run, copy_of_app, responses};

fn start(worker: &str) -> Value {
    // Called twice: a worker that cannot be loaded must be tried again, not cached as failed.
    let step = json!({ "worker": worker, "event": {} });
    let results = responses(&json!([step, step]));
    assert_eq!(results[0]["error"], results[1]["error"], "{worker}");
    results[0].clone()
}

#[test]
fn load_errors_match_lambda() {
    for (worker, error, message) in [
        ("python_import", "RuntimeError", "while it is loaded"),
        ("python_syntax", "Runtime.UserCodeSyntaxError", "main.py"),
        ("python_missing", "Runtime.ImportModuleError", "No module named 'a_missing_package'"),
        ("python_noclass", "Runtime.HandlerNotFound", "PythonNoclass"),
        ("node_import", "EvalError", "while it is loaded"),
        ("node_syntax", "Runtime.UserCodeSyntaxError", "SyntaxError"),
        ("node_missing", "Runtime.ImportModuleError", "Cannot find module 'a-missing-package'"),
        ("node_noclass", "Runtime.HandlerNotFound", "NodeNoclass"),
    ] {
        let response = start(worker);
        assert_eq!(response["error"], error, "{worker}: {response}");
        assert!(response["message"].as_str().is_some_and(|m| m.contains(message)), "{worker}: {response}");
    }
}

#[test]
fn missing_interpreter_error_has_help() {
    for (worker, program, variable) in
        [("python_case", "python3", "BEDROCK_PYTHON"), ("node_case", "node", "BEDROCK_NODE")]
    {
        let steps = json!([{ "worker": worker, "event": {} }, { "worker": "rust_case", "event": { "do": "echo", "value": 1 } }]);
        let run_result = Run::new(&steps).env("PATH", "/nowhere").run();
        let response = &run_result.responses[0];
        assert_eq!(response["error"], "NotStarted", "{response}");
        assert_eq!(response["may_have_run"], false);
        let message = format!("worker `{worker}` could not be started: `{program}` is not on the PATH");
        assert_eq!(response["message"], message);
        assert!(response["help"].as_str().is_some_and(|help| help.contains(variable)), "{response}");
        assert_eq!(run_result.responses[1]["ok"], 1, "the other workers run");
    }
}

#[test]
fn unusable_interpreter_error_names_it() {
    let run_result =
        Run::new(&json!([{ "worker": "python_case", "event": {} }])).env("BEDROCK_PYTHON", "/bin/true").run();
    assert_eq!(run_result.responses[0]["error"], "NotStarted");
    assert!(
        run_result.responses[0]["message"].as_str().is_some_and(|m| m.contains("`/bin/true` is not a usable python3"))
    );
}

#[test]
fn removed_worker_folder_is_an_error_of_new_hosts() {
    for worker in HOSTED_WORKERS {
        let app = copy_of_app();
        let echo = json!({ "worker": worker, "event": { "do": "echo", "value": 1 } });
        let remove = json!({ "worker": "remove", "event": app.path().join("workers").join(worker) });
        let steps = json!([echo, remove, echo, { "worker": worker, "event": { "do": "hard_exit" } }, echo]);
        let run_result = Run::new(&steps).env("BEDROCK_APP_DIR", app.path()).run();
        assert_eq!(run_result.responses[1]["ok"], 1, "{worker}: the warm host still has the code");
        let missing = &run_result.responses[3];
        assert_eq!(missing["error"], "NotStarted", "{worker}: {missing}");
        assert!(missing["message"].as_str().is_some_and(|m| m.contains("does not exist")), "{worker}: {missing}");
    }
}

#[test]
fn dependency_error_contains_the_tools_output() {
    let app = copy_of_app();
    let requirements = app.path().join("workers/python_case/requirements.txt");
    std::fs::write(&requirements, "this is no requirement\n").expect("a file");
    std::fs::write(app.path().join("workers/node_case/package.json"), "{ no json").expect("a file");
    let step = |worker| json!({ "worker": worker, "event": {} });
    let run_result =
        Run::new(&json!([step("python_case"), step("node_case")])).env("BEDROCK_APP_DIR", app.path()).run();
    let [python, node] = &run_result.responses[..] else { panic!("{:?}", run_result.responses) };
    assert_eq!((&python["error"], &node["error"]), (&json!("NotStarted"), &json!("NotStarted")));
    assert!(python["message"].as_str().is_some_and(|m| m.contains("this is no requirement")), "{python}");
    assert!(python["help"].as_str().is_some_and(|m| m.contains("requirements.txt")), "{python}");
    assert!(
        node["message"].as_str().is_some_and(|m| m.contains("workers/node_case/package.json` is not valid JSON")),
        "{node}"
    );
    let remaining = std::fs::read_dir(app.path().join("workers/python_case")).expect("the folder").flatten();
    assert!(remaining.into_iter().all(|entry| !entry.file_name().to_string_lossy().starts_with(".bedrock")));
}
