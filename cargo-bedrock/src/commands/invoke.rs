//! `cargo bedrock invoke`: invokes one worker, locally or on AWS, and prints its response.

use bedrock_deploy::Stage;
use bedrock_deploy::aws::AwsOptions;
use bedrock_deploy::remote_invoke::{self, RemoteInvocation, RemoteResponse, RemoteResult};
use bedrock_diagnostics::{Error, ExitKind, Interrupt, Result};
use clap::Args;

use crate::local_invoke;
use crate::payload::PayloadSource;
use crate::session::Session;
use crate::ui::Printer;

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

/// Options of `--remote`. Unlike [`super::args::AwsArgs`], they are only valid together with it.
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
        let payload = PayloadSource::parse(self.payload, &session.dir).read()?;
        let RemoteOptions { stage, logs, profile, region, endpoint_url } = self.remote_options;
        // `--remote` and `--stage` require each other.
        let Some(stage) = stage else {
            return local_invoke::run(&app, worker, payload, self.event, session.print);
        };
        let stage = Stage::parse(&stage)?;
        let invocation = RemoteInvocation { app: &app, worker, stage, payload, is_event: self.event, with_logs: logs };
        let aws = AwsOptions { profile, region, endpoint_url };
        let response = remote_invoke::invoke(&invocation, &aws, &Interrupt::watch()?)?;
        print_response(&invocation, response, session.print)
    }
}

/// Prints the log to standard error and the response to standard output. Returns an error if the worker failed.
fn print_response(invocation: &RemoteInvocation<'_>, response: RemoteResponse, print: Printer) -> Result<()> {
    let RemoteInvocation { worker, stage, with_logs, .. } = invocation;
    let worker = &worker.name;
    if let Some(log_tail) = response.log_tail {
        // The end of a log may or may not end with a line break.
        print.raw_stderr(&format!("{}\n", log_tail.trim_end_matches('\n')));
    }
    match response.result {
        RemoteResult::Accepted => {
            print.done(&format!("sent the event to worker `{worker}`"));
            print.next(&format!("`cargo bedrock logs {worker} --stage {stage}` shows its log"));
            Ok(())
        }
        RemoteResult::Response(payload) => Printer::data(&(payload + "\n")),
        RemoteResult::FunctionError { error_type, message } => {
            let error = Error::app(format!("worker `{worker}` failed")).cause(format!("{error_type}: {message}"));
            Err(if *with_logs { error } else { error.help("`--logs` shows its log") })
        }
    }
}
