//! `cargo bedrock test`: runs the unit tests of workers in all languages.

use clap::Args;

use crate::session::Session;
use crate::worker_tests::{self, TestOptions};
use bedrock_diagnostics::Result;

const EXAMPLES: &str = "\
Python workers are tested with pytest, JavaScript workers with vitest if their `package.json` lists it and with \
`node --test` otherwise, Rust workers with `cargo test`. Without a worker, all workers and the endpoint are tested.

Tests have the worker's dependencies, the module `bedrock` and the variables of the settings. They can replace `invoke` \
(`bedrock.testing.mock_invoke`, `testing.mockInvoke`); otherwise their calls go to the `cargo bedrock dev` of this app, \
if one is running.

Examples:
  cargo bedrock test
  cargo bedrock test system_fetcher
  cargo bedrock test system_fetcher --watch
  cargo bedrock test system_fetcher -- -k greets -x";

/// Run the unit tests of workers
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Test {
    /// Names of the workers; without one, all workers and the endpoint
    #[arg(value_name = "WORKER")]
    workers: Vec<String>,
    /// Run the tests again when files change
    #[arg(long, short)]
    watch: bool,
    /// Arguments for the test runner, with exactly one worker
    #[arg(last = true, value_name = "ARGS")]
    arguments: Vec<String>,
}

impl Test {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        if !self.arguments.is_empty() && self.workers.len() != 1 {
            return Err(bedrock_diagnostics::Error::call("arguments for a test runner need exactly one worker")
                .help("for example `cargo bedrock test resizer -- -x`"));
        }
        let options = TestOptions { workers: self.workers, arguments: self.arguments, watch: self.watch };
        worker_tests::run(&session.app()?, &options, session.print)
    }
}
