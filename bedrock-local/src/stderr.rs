//! Messages to the person who started the program.

/// Prints a message, which may have several lines, on the standard error.
#[allow(clippy::print_stderr, reason = "the terminal is the only place where the user can read it")]
pub fn print_error(text: &str) {
    eprintln!("{text}");
}
