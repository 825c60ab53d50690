//! Messages to the person who started the program.

use std::io::Write as _;

/// Prints a message, which may have several lines, on the standard error. The program continues if that is closed, for
/// example because its reader has ended.
pub fn print_error(text: &str) {
    let _ = std::io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}

/// Prints a line so that a test framework captures it: that of the standard library captures only its own macros.
#[allow(clippy::print_stderr, reason = "the test framework shows it")]
pub(crate) fn print_captured(text: &str) {
    eprintln!("{text}");
}
