//! `cargo bedrock new`: an app, a worker or an endpoint.

use clap::{Args, Subcommand};

use crate::session::Session;
use bedrock_diagnostics::Result;

mod app;
mod endpoint;
mod worker;

const EXAMPLES: &str = "\
Examples:
  cargo bedrock new app my_app
  cargo bedrock new worker resizer.rs
  cargo bedrock new endpoint systems

Nothing that exists is overwritten, and what cannot be made as a whole is not made at all";

/// Make an app, a worker or an endpoint
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct New {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    App(app::NewApp),
    Worker(worker::NewWorker),
    Endpoint(endpoint::NewEndpoint),
}

impl New {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        match self.what {
            What::App(new) => new.run(session),
            What::Worker(new) => new.run(session),
            What::Endpoint(new) => new.run(session),
        }
    }
}
