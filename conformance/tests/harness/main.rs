//! Tests of `bedrock::test`: apps with workers in three languages, many at the same time.

#![allow(deprecated, reason = "most tests use the former names of public methods, which must keep working")]

mod assertions;
mod calls;
mod events;
mod failures;
mod mocks;
mod multiple_apps;
mod recursive_loops;
mod teardown;
mod undelivered;
mod values;

/// Returns the message of the panic of `assertion`.
fn panic_message(assertion: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(assertion)).expect_err("a panic");
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).expect("a text")
}

/// Returns whether the interpreter of a worker is installed. Panics in CI if it is not.
async fn can_run(app: &bedrock::test::App, worker: &str) -> bool {
    let Err(missing) = app.can_run(worker).await else { return true };
    assert!(std::env::var_os("CI").is_none(), "{missing}");
    println!("skipped: {missing}");
    false
}
