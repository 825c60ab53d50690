//! `cargo bedrock invoke`: runs one worker here and prints its response.

use clap::Args;

use crate::error::{Error, Fault, Result};
use crate::local_invoke;
use crate::payload::Source;
use crate::session::Session;

const EXAMPLES: &str = "\
Examples:
  cargo bedrock invoke greeter --payload '{\"name\": \"world\"}'
  cargo bedrock invoke greeter --payload @event.json
  jq -n '{name: \"world\"}' | cargo bedrock invoke greeter --payload -
  cargo bedrock invoke greeter --event";

/// Run a worker on this machine and print its response
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Invoke {
    /// The worker's name
    worker: String,
    /// JSON, `@` and the path of a file with JSON, or `-` for the standard input
    #[arg(long, value_name = "JSON|@FILE|-", default_value = "{}", allow_negative_numbers = true)]
    payload: String,
    /// Fire and forget: do not wait for a response
    #[arg(long)]
    event: bool,
}

impl Invoke {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        let worker = app.worker(&self.worker).map_err(|problem| Error::problems(Fault::Call, vec![problem]))?;
        let payload = source(self.payload, session).read()?;
        local_invoke::run(&app, worker, payload, self.event, session.print)
    }
}

fn source(payload: String, session: &Session) -> Source {
    match payload.strip_prefix('@') {
        Some(file) => Source::File { path: session.dir.join(file), shown: file.to_owned() },
        None if payload == "-" => Source::Stdin,
        None => Source::Argument { is_file: session.dir.join(&payload).is_file(), text: payload },
    }
}
