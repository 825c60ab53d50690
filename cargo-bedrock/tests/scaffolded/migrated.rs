//! Migrated apps of Bedrock for Python, compiled and run.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::test_app::TestApp;
use crate::web_server;

#[test]
fn migrated_app_compiles_and_runs_its_workers() {
    let app = TestApp::migrated("older");
    let formatted = app.cargo(&["fmt", "--check"]);
    assert_eq!(formatted.code, Some(0), "{}{}", formatted.stdout, formatted.stderr);
    let built = app.cargo(&["build"]);
    assert_eq!(built.code, Some(0), "{}", built.stderr);
    assert!(!built.stderr.contains("warning"), "{}", built.stderr);
    let mut command = app.cargo_command(&["run", "--quiet"]);
    let mut running = command.env("PORT", "0").stderr(Stdio::piped()).spawn().expect("the app starts");
    let mut stderr = BufReader::new(running.stderr.take().expect("a pipe")).lines();
    let first = stderr.next().expect("a line").expect("text");
    let address = first.trim_start_matches("listening on http://").trim_end_matches(", stop with Ctrl-C");
    for (path, method) in [
        ("/systems", "SystemsEndpoint.get_global"),
        ("/systems/7", "SystemsEndpoint.get_single"),
        ("/systems/7/planets", "PlanetsEndpoint.get_global"),
        ("/systems/7/planets/8", "PlanetsEndpoint.get_single"),
        ("/planets", "AllPlanetsEndpoint.get_global"),
    ] {
        let (status, body) = web_server::get(address, path);
        assert_eq!(status, "HTTP/1.1 501 Not Implemented", "{path}");
        assert_eq!(body, format!("{{\"error\":\"`{method}` is not ported to Rust yet\"}}"), "{path}");
    }
    let pid = rustix::process::Pid::from_child(&running);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("a signal");
    assert!(running.wait().expect("the end").success());
    let output = app.bedrock(&["--quiet", "invoke", "system_fetcher"]);
    assert_eq!(output.stdout.replace(' ', ""), "[{\"name\":\"Sol\"}]\n", "{}", output.stderr);
}

#[test]
fn migrated_app_accepts_new_endpoints_and_workers() {
    let app = TestApp::migrated("newer");
    assert_eq!(app.bedrock(&["new", "endpoint", "stars"]).code, Some(0));
    assert_eq!(app.bedrock(&["new", "worker", "resizer.rs"]).code, Some(0));
    let checked = app.cargo(&["check", "--workspace"]);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    assert!(!checked.stderr.contains("warning"), "{}", checked.stderr);
    let output = app.bedrock(&["--quiet", "invoke", "image_maker"]);
    assert_eq!(output.stdout, "{\"width\":64}\n", "{}", output.stderr);
}
