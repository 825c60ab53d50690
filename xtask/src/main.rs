//! The project's own chores: `cargo xtask test`, `tidy`, `setup` and `bench`. Nothing here is part of the product.
//! Each chore is a module; this file only hands over and turns the answer into an exit status.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a chore talks to whoever typed it; there is no other output to keep apart")]
#![allow(clippy::print_stderr, reason = "see above")]

mod bench;
mod chromium;
mod cli;
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
