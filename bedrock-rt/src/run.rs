//! `run`: the `main` of a Rust worker's binary.

use std::process::ExitCode;

use crate::stderr::print_error;
use crate::{RegisteredWorker, lambda, runtime};

/// Runs a worker as a Lambda function. The `main` of its binary only calls this:
///
/// ```ignore
/// fn main() -> std::process::ExitCode {
///     bedrock::run::<resizer::Resizer>()
/// }
/// ```
///
/// The worker is constructed once, in the init phase. A panic fails only the invocation in which it occurs. Started
/// outside Lambda, the program prints how to run the worker and exits with status 2.
pub fn run<W: RegisteredWorker>() -> ExitCode {
    if !runtime::on_lambda() {
        print_error(&format!(
            "error: `{name}` is the binary of a worker, it runs on Lambda\nhelp: on this machine run `cargo bedrock invoke {name}`",
            name = W::NAME
        ));
        return ExitCode::from(2);
    }
    lambda::run::<W>()
}
