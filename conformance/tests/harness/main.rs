//! `bedrock::test`: an app of three languages in tests, many at once.

#![allow(deprecated, reason = "most tests use the former names of public methods, which must keep working")]

mod assertions;
mod calls;
mod circles;
mod ends;
mod events;
mod faults;
mod mocks;
mod several;
mod undelivered;

/// The text that a panic had.
fn panic_of(assertion: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(assertion)).expect_err("it fails");
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).expect("a text")
}

/// Whether what a test needs is installed; in CI it must be.
async fn is_there(app: &bedrock::test::App, worker: &str) -> bool {
    let Err(missing) = app.can_run(worker).await else { return true };
    assert!(std::env::var_os("CI").is_none(), "{missing}");
    println!("skipped: {missing}");
    false
}
