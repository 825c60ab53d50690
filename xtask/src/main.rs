//! The tasks of this repository: `cargo xtask test`, `tidy`, `setup`, `fixtures`, `runtimes` and `bench`. They are not part of the
//! product. Each task is a module; this file only turns the result into an exit status.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a task is run at a terminal and has no other output")]
#![allow(clippy::print_stderr, reason = "see above")]

mod bench;
mod chromium;
mod cli;
mod fixtures;
mod opinions;
mod runtimes;
mod sdk_hint;
mod setup;
mod test;
mod tidy;
mod tools;
mod workspace;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
