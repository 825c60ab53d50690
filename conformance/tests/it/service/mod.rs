//! Lambda's API on a port, as AWS's own clients meet it. `docs/src/local-lambda.md` has a row for each test of `rows`.

pub(crate) mod client;
mod emulated;
mod inside;
mod program;
mod refusals;
pub(crate) mod refused;
mod refused_by;
mod rows;
mod url;
