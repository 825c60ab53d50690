//! `cargo bedrock invoke`: invokes one function, locally or on AWS, and prints its response.

use std::time::SystemTime;

use bedrock_build::{App, Worker};
use bedrock_deploy::Stage;
use bedrock_deploy::aws::AwsOptions;
use bedrock_deploy::remote_invoke::{self, RemoteInvocation, RemoteResponse, RemoteResult};
use bedrock_dev::{ENDPOINT, http_event, http_request};
use bedrock_diagnostics::{Error, ExitKind, Interrupt, Result};
use clap::Args;

use super::http_args::HttpArgs;
use crate::local_invoke;
use crate::payload::PayloadSource;
use crate::sample_event;
use crate::session::Session;
use crate::ui::Printer;

const EXAMPLES: &str = "\
If `cargo bedrock dev` runs for the app, the function is invoked there. Otherwise it is started alone, and the app is \
compiled only if a Rust worker may be called.

Samples: `dynamodb`, `eventbridge`, `kinesis`, `s3`, `schedule`, `sns` and `sqs`, with the names of the worker's own triggers; requests of a \
function URL (`http`), an HTTP API (`http-api`), a REST API (`rest`) and an Application Load Balancer (`alb`), which the endpoint gets, too; \
and the files of the app's folder `events`: `--sample order` is `events/order.json`.

Examples:
  cargo bedrock invoke greeter --payload '{\"name\": \"world\"}'
  cargo bedrock invoke greeter --payload @event.json
  jq -n '{name: \"world\"}' | cargo bedrock invoke greeter --payload -
  cargo bedrock invoke greeter --event
  cargo bedrock invoke resizer --sample s3
  cargo bedrock invoke endpoint --method POST --path /orders --body '{\"id\": 1}'
  cargo bedrock invoke greeter --remote --stage dev --logs";

/// Invoke a worker or the endpoint, and print the response
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Invoke {
    /// Name of the worker, or `endpoint`
    #[arg(value_name = "WORKER")]
    function: String,
    /// JSON, `@` and the path of a JSON file, or `-` for standard input [default: {}]
    #[arg(long, value_name = "JSON|@FILE|-", allow_negative_numbers = true)]
    payload: Option<String>,
    /// Send a sample event: its name, or that of a file in the folder `events`
    #[arg(long, value_name = "NAME", conflicts_with = "payload")]
    sample: Option<String>,
    /// Invoke asynchronously: do not wait for a response
    #[arg(long)]
    event: bool,
    /// Do not use a running `cargo bedrock dev`
    #[arg(long, conflicts_with = "remote")]
    alone: bool,
    #[command(flatten)]
    http: HttpArgs,
    /// Invoke the deployed function on AWS
    #[arg(long, requires = "stage", help_heading = "With --remote")]
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
        if self.function == ENDPOINT {
            return self.run_endpoint(&app, session);
        }
        let worker = app.worker(&self.function).map_err(|problem| Error::problems(ExitKind::Call, vec![problem]))?;
        let payload = self.payload(&app, worker, session)?;
        let RemoteOptions { stage, logs, profile, region, endpoint_url } = self.remote_options;
        // `--remote` and `--stage` require each other.
        let Some(stage) = stage else {
            return local_invoke::run(&app, worker, payload, self.event, self.alone, session.print);
        };
        let stage = Stage::parse(&stage)?;
        let invocation = RemoteInvocation { app: &app, worker, stage, payload, is_event: self.event, with_logs: logs };
        let aws = AwsOptions { profile, region, endpoint_url };
        let response = remote_invoke::invoke(&invocation, &aws, &Interrupt::watch()?)?;
        print_response(&invocation, response, session.print)
    }

    /// Returns the event of a worker.
    fn payload(&self, app: &App, worker: &Worker, session: &Session) -> Result<String> {
        if let Some(request) = self.http.request(session)? {
            return Ok(http_event(worker.name.as_str(), &request, SystemTime::now()).to_string());
        }
        match &self.sample {
            Some(name) => sample_event::read(app, Some(worker), name),
            None => PayloadSource::parse(self.payload.clone().unwrap_or_else(|| "{}".to_owned()), &session.dir).read(),
        }
    }

    /// Sends a request to the endpoint.
    fn run_endpoint(self, app: &App, session: &Session) -> Result<()> {
        if self.remote {
            return Err(Error::call("`--remote` invokes workers, and the endpoint is called at its URL")
                .help("send the request to the URL that `cargo bedrock status` prints"));
        }
        if self.event {
            return Err(Error::call("the endpoint responds to requests, and cannot be invoked with `--event`")
                .help("omit `--event`"));
        }
        let event = match (&self.sample, &self.payload) {
            (Some(name), _) => Some(sample_event::read(app, None, name)?),
            (None, Some(payload)) => Some(PayloadSource::parse(payload.to_owned(), &session.dir).read()?),
            (None, None) => None,
        };
        let request = match event {
            None => self.http.request(session)?.unwrap_or_else(HttpArgs::default_request),
            Some(event) => {
                let event = serde_json::from_str(&event).ok().as_ref().and_then(http_request);
                event.ok_or_else(|| {
                    Error::call("the payload is not the event of an HTTP request")
                        .help("use `--method`, `--path` and `--body`, or `--sample http`")
                })?
            }
        };
        local_invoke::run_endpoint(app, request, self.alone, session.print)
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
