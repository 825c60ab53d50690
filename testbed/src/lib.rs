//! Runs Lambda functions in tests without an account, without Docker and without code of the product in between.
//!
//! | item | purpose |
//! | --- | --- |
//! | [`Function`] | a function to deploy: a zip, layers and settings |
//! | [`ric`] | runs a function's zip with AWS's own runtime interface clients for a list of events |
//! | [`RuntimeApi`] | the Runtime API that a runtime interface client, or any other program, uses |
//! | [`invoke_api`] | the Invoke API for functions that call others: passes each call to a closure of the test |
//! | [`Ministack`] | an emulator of AWS's APIs: creates functions that can invoke each other, with IAM |
//! | [`AwsAction`] | the IAM action and resource of a request |
//! | [`AwsRules`] | what AWS does and its emulators do not, for a proxy between a program and an emulator |
//! | [`SlowLink`] | a connection with a limited rate |
//! | [`tool`], [`pack`], [`unpack`] | pinned tools, zips |
//! | [`access_table`] | requests that functions may and may not send |
//! | [`share_build`] | the target folder in which the apps of all tests are compiled |
//!
//! `cargo xtask setup` installs the tools. Where a tool is missing, the test is skipped and prints the reason; with
//! `CI` set it fails.

#![forbid(unsafe_code)]
#![allow(clippy::expect_used, clippy::missing_panics_doc, reason = "a failing test panics")]
#![allow(clippy::print_stdout, reason = "a skipped test prints the reason")]

pub mod access_table;
mod aws_action;
mod aws_rules;
mod execution_environment;
mod function;
mod http;
pub mod invoke_api;
mod ministack;
mod ministack_driver;
pub mod ric;
mod runtime_api;
mod shared_build;
mod slow_link;
mod tools;
mod zip_file;

pub use aws_action::AwsAction;
pub use aws_rules::{AwsRule, AwsRules, Refusal, RuleDecision};
pub use function::Function;
pub use ministack::{InvokeResponse, Ministack};
pub use ministack_driver::ApiError;
pub use runtime_api::{FunctionRun, InvocationResult, RuntimeApi};
pub use shared_build::share_build;
pub use slow_link::SlowLink;
pub use tools::{find_on_path, tool};
pub use zip_file::{pack, unpack};
