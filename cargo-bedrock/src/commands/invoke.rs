//! `cargo bedrock invoke`: invokes one worker, locally or on AWS, and prints its response.

use clap::Args;

use crate::aws::Access;
use crate::deploy::Stage;
use crate::local_invoke;
use crate::payload::PayloadSource;
use crate::remote_invoke::{self, Call};
use crate::session::Session;
use bedrock_diagnostics::{Error, ExitKind, Interrupt, Result};

const EXAMPLES: &str = "\
Examples:
  cargo bedrock invoke greeter --payload '{\"name\": \"world\"}'
  cargo bedrock invoke greeter --payload @event.json
  jq -n '{name: \"world\"}' | cargo bedrock invoke greeter --payload -
  cargo bedrock invoke greeter --event
  cargo bedrock invoke greeter --remote --stage dev --logs";

/// Invoke a worker, locally or on AWS, and print its response
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Invoke {
    /// Name of the worker
    worker: String,
    /// JSON, `@` and the path of a JSON file, or `-` for standard input
    #[arg(long, value_name = "JSON|@FILE|-", default_value = "{}", allow_negative_numbers = true)]
    payload: String,
    /// Invoke asynchronously: do not wait for a response
    #[arg(long)]
    event: bool,
    /// Invoke the deployed function on AWS
    #[arg(long, requires = "stage")]
    remote: bool,
    #[command(flatten)]
    remote_options: RemoteOptions,
}

/// Options of `--remote`.
#[derive(Debug, Args)]
#[command(next_help_heading = "With --remote")]
struct RemoteOptions {
    /// Stage of the function, for example `dev`
    #[arg(long, value_name = "NAME", requires = "remote")]
    stage: Option<String>,
    /// Print the end of the invocation's log, at most 4 KB
    #[arg(long, requires = "remote", conflicts_with = "event")]
    logs: bool,
    /// Profile of your AWS configuration
    #[arg(long, value_name = "NAME", requires = "remote")]
    profile: Option<String>,
    /// AWS region, overriding the profile's
    #[arg(long, value_name = "NAME", requires = "remote")]
    region: Option<String>,
    /// Override the endpoint URL of all AWS services
    #[arg(long, value_name = "URL", requires = "remote")]
    endpoint_url: Option<String>,
}

impl Invoke {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        let worker = app.worker(&self.worker).map_err(|problem| Error::problems(ExitKind::Call, vec![problem]))?;
        let payload = payload_source(self.payload, session).read()?;
        let RemoteOptions { stage, logs, profile, region, endpoint_url } = self.remote_options;
        // `--remote` and `--stage` require each other.
        let Some(stage) = stage else {
            return local_invoke::run(&app, worker, payload, self.event, session.print);
        };
        let stage = Stage::parse(&stage)?;
        let call = Call { app: &app, worker, stage, payload, event: self.event, logs };
        remote_invoke::run(&call, &Access { profile, region, endpoint_url }, &Interrupt::watch()?, session.print)
    }
}

fn payload_source(payload: String, session: &Session) -> PayloadSource {
    match payload.strip_prefix('@') {
        Some(file) => PayloadSource::File { path: session.dir.join(file), name: file.to_owned() },
        None if payload == "-" => PayloadSource::Stdin,
        None => PayloadSource::Argument { is_file: session.dir.join(&payload).is_file(), text: payload },
    }
}
