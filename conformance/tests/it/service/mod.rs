//! Tests of the local Lambda API with AWS's own clients. `docs/src/local-lambda.md` has a row for each test of
//! `invoke_results`.

pub(crate) mod access;
mod api_errors;
mod backend_errors;
pub(crate) mod client;
mod emulator_comparison;
mod function_url;
mod invoke_results;
mod program;
mod response_streams;
mod sdk_in_worker;
