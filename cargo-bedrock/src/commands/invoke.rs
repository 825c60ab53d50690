//! `cargo bedrock invoke`: runs one worker, here or deployed, and prints its response.

use clap::Args;

use crate::aws::Access;
use crate::deploy::Stage;
use crate::local_invoke;
use crate::payload::Source;
use crate::remote_invoke::{self, Call};
use crate::session::Session;
use bedrock_diagnostics::Interrupt;
use bedrock_diagnostics::{Error, ExitKind, Result};

const EXAMPLES: &str = "\
Examples:
  cargo bedrock invoke greeter --payload '{\"name\": \"world\"}'
  cargo bedrock invoke greeter --payload @event.json
  jq -n '{name: \"world\"}' | cargo bedrock invoke greeter --payload -
  cargo bedrock invoke greeter --event
  cargo bedrock invoke greeter --remote --stage dev --logs";

/// Run a worker, on this machine or deployed, and print its response
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
    /// Invoke the worker's function on AWS
    #[arg(long, requires = "stage")]
    remote: bool,
    #[command(flatten)]
    place: Place,
}

/// Of a deployed worker.
#[derive(Debug, Args)]
#[command(next_help_heading = "With --remote")]
struct Place {
    /// The stage, for example `dev`
    #[arg(long, value_name = "NAME", requires = "remote")]
    stage: Option<String>,
    /// Show the end of what the invocation wrote to its log, at most 4 KB
    #[arg(long, requires = "remote", conflicts_with = "event")]
    logs: bool,
    /// The profile of your AWS configuration
    #[arg(long, value_name = "NAME", requires = "remote")]
    profile: Option<String>,
    /// The region, in place of the profile's
    #[arg(long, value_name = "NAME", requires = "remote")]
    region: Option<String>,
    /// An address that stands for all of AWS
    #[arg(long, value_name = "URL", requires = "remote")]
    endpoint_url: Option<String>,
}

impl Invoke {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        let worker = app.worker(&self.worker).map_err(|problem| Error::problems(ExitKind::Call, vec![problem]))?;
        let payload = source(self.payload, session).read()?;
        let Place { stage, logs, profile, region, endpoint_url } = self.place;
        // `--remote` and `--stage` require one another.
        let Some(stage) = stage else {
            return local_invoke::run(&app, worker, payload, self.event, session.print);
        };
        let stage = Stage::parse(&stage)?;
        let call = Call { app: &app, worker, stage, payload, event: self.event, logs };
        remote_invoke::run(&call, &Access { profile, region, endpoint_url }, &Interrupt::watch()?, session.print)
    }
}

fn source(payload: String, session: &Session) -> Source {
    match payload.strip_prefix('@') {
        Some(file) => Source::File { path: session.dir.join(file), shown: file.to_owned() },
        None if payload == "-" => Source::Stdin,
        None => Source::Argument { is_file: session.dir.join(&payload).is_file(), text: payload },
    }
}
