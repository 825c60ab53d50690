//! Messages to the person who started the program.

#[cfg(not(bedrock_lambda))]
pub(crate) use bedrock_local::print_error;

/// Prints a message in the log of the function.
#[cfg(bedrock_lambda)]
pub(crate) fn print_error(text: &str) {
    use std::io::Write as _;

    let _ = std::io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}
