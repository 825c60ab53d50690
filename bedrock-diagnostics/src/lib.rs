//! The error type that every library of `cargo bedrock` returns, and the flag that Ctrl-C sets.
//!
//! | module | holds |
//! | --- | --- |
//! | `error` | [`Error`]: one or more [`Report`]s (message, causes, help lines) and the [`ExitKind`] |
//! | `interrupt` | [`Interrupt`]: whether the user asked the program to stop |
//!
//! Nothing here prints.

#![forbid(unsafe_code)]

mod error;
mod interrupt;

pub use error::{Error, ExitKind, Report, Result, io_reason, relative_path};
pub use interrupt::Interrupt;
