//! An error with its causes, in one line.

use std::error::Error;

/// The messages of an error and all its causes: by itself an error of hyper or of the SDK only says which step failed.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
