//! What tests of Lambda functions run against, with no account, no Docker and nothing of the product in between:
//!
//! | item | is |
//! | --- | --- |
//! | [`Function`] | what is deployed: a zip, layers and settings |
//! | [`ric`] | AWS's own runtime, which runs a function's zip for a list of events |
//! | [`RuntimeApi`] | what that runtime talks to; also drives any other program that does |
//! | [`invoke_api`] | what a function talks to that calls another: each call goes to a closure of the test |
//! | [`Ministack`] | AWS's APIs: create functions, let them invoke each other, IAM |
//! | [`tool`], [`pack`], [`unpack`] | the pinned tools, zips |
//! | [`share_build`] | where the apps of all tests are compiled |
//!
//! `cargo xtask setup` installs what this needs. Where it is missing a test is skipped, and says so; with `CI` set it fails.

#![forbid(unsafe_code)]
#![allow(clippy::expect_used, clippy::missing_panics_doc, reason = "a test ends by a panic")]
#![allow(clippy::print_stdout, reason = "a test says on its standard output when it is skipped")]

mod driver;
mod environment;
mod function;
pub mod invoke_api;
mod ministack;
pub mod ric;
mod runtime_api;
mod shared_build;
mod tools;
mod zip_file;

pub use driver::Refusal;
pub use function::Function;
pub use ministack::{Invoked, Ministack};
pub use runtime_api::{Answer, Run, RuntimeApi};
pub use shared_build::share_build;
pub use tools::{on_path, tool};
pub use zip_file::{pack, unpack};
