//! What the body of an app's `main` or of a test returns.

use std::fmt::Display;
use std::process::ExitCode;

use crate::stderr::print_error;

/// The return type of the body of an app's `main` or of a test: nothing, or a `Result` whose error can be displayed.
pub trait MainResult {
    /// Returns the text of the error. `None` after a success.
    fn error(self) -> Option<String>;
}

impl MainResult for () {
    fn error(self) -> Option<String> {
        None
    }
}

impl<E: Display> MainResult for Result<(), E> {
    fn error(self) -> Option<String> {
        self.err().map(|error| error.to_string())
    }
}

/// Prints the error of a `main`, if there is one, and returns the exit code: 0, or 1 after an error.
pub(crate) fn exit_code(result: impl MainResult) -> ExitCode {
    match result.error() {
        None => ExitCode::SUCCESS,
        Some(error) => {
            print_error(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}
