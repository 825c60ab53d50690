//! Durable workers in `bedrock::test`, in Python and in JavaScript.
#![allow(clippy::expect_used, clippy::panic)] // a failed expectation ends the test

mod callbacks;
mod calls;
mod changes;
mod real_time;
mod waits;

use std::time::Duration;

use bedrock::test::App;

/// The durable workers with the same cases in each language.
const FLOWS: [&str; 2] = ["python_flow", "node_flow"];
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// Returns the durable workers whose SDK is installed.
fn flows() -> Vec<&'static str> {
    let installed = [python(), node()];
    FLOWS.into_iter().zip(installed).filter(|(_, is_installed)| *is_installed).map(|(flow, _)| flow).collect()
}

/// Returns whether the SDK for Python is installed.
fn python() -> bool {
    testbed::tool("durable/bin/python").is_some()
}

/// Returns whether the SDK for JavaScript is installed, and makes it one of the worker's dependencies.
fn node() -> bool {
    let Some(modules) = testbed::tool("durable_sdk/node_modules") else { return false };
    let link = concat!(env!("CARGO_MANIFEST_DIR"), "/workers/node_flow/node_modules");
    // Another test may have made the link.
    let _ = std::os::unix::fs::symlink(modules, link);
    std::path::Path::new(link).join("@aws").exists()
}

/// Returns the message of the panic of `assertion`.
fn panic_message(assertion: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(assertion)).expect_err("a panic");
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).expect("a text")
}

/// Returns the names and statuses of the operations of an execution.
fn operations(app: &App, execution: &str) -> Vec<(String, &'static str)> {
    let operations = app.execution(execution).operations();
    operations.into_iter().map(|each| (each.name.unwrap_or_default(), each.status.as_str())).collect()
}
