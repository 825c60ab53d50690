//! AWS's conformance requirements, run through the dev server and validated by AWS's own validator over boto3.

use std::process::Command;

use bedrock_dev::Clock;

use super::fixture::{DurableApp, HANDLERS};

/// Runs the requirements of a worker. `crashing` are those whose handlers end the process of the worker, which would
/// also end the invocations of others.
async fn validate(file: &str, worker: &str, crashing: &[&str]) {
    let Some(app) = DurableApp::new() else { return };
    let server = app.start(Clock::real()).await;
    let numbers: Vec<String> =
        numbers(file).into_iter().filter(|number| !crashing.contains(&number.as_str())).collect();
    assert!(numbers.len() > 50, "{numbers:?}");
    let mut runs = vec![(worker.to_owned(), numbers)];
    runs.extend(crashing.iter().map(|number| ("crashing_handlers".to_owned(), vec![(*number).to_owned()])));
    for (worker, numbers) in runs {
        let mut command = Command::new(&app.tools().python);
        command.arg(format!("{HANDLERS}/validate.py")).arg(&app.tools().validator).args([&server.url, &worker]);
        command.args(&numbers);
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("it runs").expect("Python");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let failed: Vec<_> = printed.lines().filter(|line| !line.ends_with(" passed")).collect();
        assert!(failed.is_empty(), "{failed:#?}\n{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(printed.lines().count(), numbers.len());
    }
    server.close();
}

/// Returns the numbers of the requirements that the handlers of a file cover.
fn numbers(file: &str) -> Vec<String> {
    let text = std::fs::read_to_string(format!("{HANDLERS}/{file}")).expect("the handlers");
    let keys = text.lines().filter_map(|line| line.trim_start().strip_prefix(['"', '\'']));
    let numbers = keys.filter_map(|line| line.split(['"', '\'']).next());
    let is_number = |text: &&str| text.split('-').all(|part| part.parse::<u32>().is_ok()) && text.contains('-');
    numbers.filter(is_number).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn python_sdk_meets_the_conformance_requirements() {
    validate("python_handlers.py", "python_handlers", &["3-12"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn javascript_sdk_meets_the_conformance_requirements() {
    validate("node_handlers.mjs", "node_handlers", &[]).await;
}
