//! The specification's two example workers, pasted over what `new worker` made; only the origin of their URL differs.

use crate::app::App;
use crate::site;

const ORIGIN: &str = "https://badass-space-info-website.com";

fn pasted(text: &str, origin: &str) -> String {
    assert!(text.contains(ORIGIN));
    text.replace(ORIGIN, origin)
}

#[test]
fn the_python_example_runs_as_it_stands() {
    let (app, origin) = (App::without_rust(), site::start());
    assert_eq!(app.bedrock(&["new", "worker", "system_fetcher.py"]).code, Some(0));
    app.write("workers/system_fetcher/main.py", &pasted(include_str!("seed/main.py.txt"), &origin));
    app.write("workers/system_fetcher/requirements.txt", include_str!("seed/requirements.txt"));
    let answer = app.bedrock(&["invoke", "system_fetcher"]);
    assert_eq!(
        (answer.code, answer.stdout.replace(' ', "").trim()),
        (Some(0), &*site::SYSTEMS.replace(' ', "")),
        "{}",
        answer.stderr
    );
    assert!(answer.stderr.contains("installing the dependencies of `system_fetcher`"), "{}", answer.stderr);
    // The second time nothing is installed.
    let again = app.bedrock(&["invoke", "system_fetcher"]);
    assert_eq!((again.code, again.stderr.as_str()), (Some(0), ""));
}

#[test]
fn the_javascript_example_runs_as_it_stands() {
    let (app, origin) = (App::without_rust(), site::start());
    assert_eq!(app.bedrock(&["new", "worker", "system_fetcher.js"]).code, Some(0));
    app.write("workers/system_fetcher/main.js", &pasted(include_str!("seed/main.js.txt"), &origin));
    app.write("workers/system_fetcher/package.json", include_str!("seed/package.json"));
    let answer = app.bedrock(&["invoke", "system_fetcher"]);
    assert_eq!((answer.code, answer.stdout.trim()), (Some(0), site::SYSTEMS), "{}", answer.stderr);
    let again = app.bedrock(&["invoke", "system_fetcher"]);
    assert_eq!((again.code, again.stderr.as_str()), (Some(0), ""));
}
