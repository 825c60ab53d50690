//! `cargo bedrock services`: what a program of an app starts when `cargo run` has started it.

use clap::Args;
use rustix::process::Pid;

use crate::dev::services::serve_program;
use crate::session::Session;
use bedrock_diagnostics::Result;

const EXAMPLES: &str = "\
The variables are printed as lines `NAME=value`, then an empty line. Programs of apps start this command themselves if \
`dev.services` is set and a function uses a resource; without `--parent` it runs until Ctrl-C.

Examples:
  cargo bedrock services";

/// Run the AWS services of `dev.services` for a program that `cargo run` has started
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, hide = true)]
pub(crate) struct Services {
    /// Process id of the program, after whose end the services end
    #[arg(long, value_name = "PID", value_parser = clap::value_parser!(i32).range(1..))]
    parent: Option<i32>,
}

impl Services {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        serve_program(&session.app()?, self.parent.and_then(Pid::from_raw), session.print)
    }
}
