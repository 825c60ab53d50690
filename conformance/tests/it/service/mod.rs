//! Lambda's API on a port, as AWS's own clients meet it. `docs/src/local-lambda.md` has a row for each test of `rows`.

mod client;
mod inside;
mod program;
mod refused;
mod rows;
