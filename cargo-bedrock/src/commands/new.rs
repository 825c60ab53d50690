//! `cargo bedrock new`: creates an app, a worker or an endpoint.

use clap::{Args, Subcommand};

use crate::session::Session;
use bedrock_diagnostics::Result;

mod app;
mod endpoint;
mod worker;

const EXAMPLES: &str = "\
Existing files are never overwritten, and if one step fails, nothing is created.

Examples:
  cargo bedrock new app my_app
  cargo bedrock new worker resizer.rs
  cargo bedrock new endpoint systems";

/// Create an app, a worker or an endpoint
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct New {
    #[command(subcommand)]
    command: NewCommand,
}

#[derive(Debug, Subcommand)]
enum NewCommand {
    App(app::NewApp),
    Worker(worker::NewWorker),
    Endpoint(endpoint::NewEndpoint),
}

impl New {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        match self.command {
            NewCommand::App(new) => new.run(session),
            NewCommand::Worker(new) => new.run(session),
            NewCommand::Endpoint(new) => new.run(session),
        }
    }
}
