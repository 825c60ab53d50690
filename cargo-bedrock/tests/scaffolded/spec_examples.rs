//! The two example workers of the specification, which replace the files of `new worker`. Only the origin of their URL
//! is changed.

use crate::test_app::TestApp;
use crate::web_server;

const ORIGIN: &str = "https://badass-space-info-website.com";

fn with_origin(text: &str, origin: &str) -> String {
    assert!(text.contains(ORIGIN));
    text.replace(ORIGIN, origin)
}

#[test]
fn python_example_runs_unchanged() {
    let app = TestApp::without_rust();
    let origin = web_server::start();
    assert_eq!(app.bedrock(&["new", "worker", "system_fetcher.py"]).code, Some(0));
    app.write("workers/system_fetcher/main.py", &with_origin(include_str!("seed/main.py.txt"), &origin));
    app.write("workers/system_fetcher/requirements.txt", include_str!("seed/requirements.txt"));
    let output = app.bedrock(&["invoke", "system_fetcher"]);
    assert_eq!(
        (output.code, output.stdout.replace(' ', "").trim()),
        (Some(0), &*web_server::SYSTEMS.replace(' ', "")),
        "{}",
        output.stderr
    );
    assert!(output.stderr.contains("installing the dependencies of `system_fetcher`"), "{}", output.stderr);
    // The second run installs nothing.
    let second = app.bedrock(&["invoke", "system_fetcher"]);
    assert_eq!((second.code, second.stderr.as_str()), (Some(0), ""));
}

#[test]
fn javascript_example_runs_unchanged() {
    let app = TestApp::without_rust();
    let origin = web_server::start();
    assert_eq!(app.bedrock(&["new", "worker", "system_fetcher.js"]).code, Some(0));
    app.write("workers/system_fetcher/main.js", &with_origin(include_str!("seed/main.js.txt"), &origin));
    app.write("workers/system_fetcher/package.json", include_str!("seed/package.json"));
    let output = app.bedrock(&["invoke", "system_fetcher"]);
    assert_eq!((output.code, output.stdout.trim()), (Some(0), web_server::SYSTEMS), "{}", output.stderr);
    let second = app.bedrock(&["invoke", "system_fetcher"]);
    assert_eq!((second.code, second.stderr.as_str()), (Some(0), ""));
}
