//! Formats an error with its causes.

use std::error::Error;

/// Returns the messages of an error and of all its causes in one line. The message of an error of hyper or of the SDK
/// alone only says which step failed.
pub(super) fn error_chain(error: &(dyn Error + 'static)) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Returns an iterator over `error` and all its causes.
pub(super) fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}
