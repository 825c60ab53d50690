//! `cargo bedrock logs`: what the functions of a stage wrote.

use std::time::Duration;

use bedrock_build::{App, FunctionName};
use clap::Args;

use super::access::{Access, Format};
use crate::deploy::Stage;
use crate::logs::{self, Request, Source};
use crate::session::Session;
use bedrock_diagnostics::Interrupt;
use bedrock_diagnostics::{Error, ExitKind, Result};

const EXAMPLES: &str = "\
Examples:
  cargo bedrock logs --stage dev                        all functions, the last ten minutes
  cargo bedrock logs system_fetcher --stage dev --since 2h
  cargo bedrock logs endpoint system_fetcher --stage prod -f
  cargo bedrock logs --stage dev --message-format json | jq -r 'select(.request_id == \"…\").message'

Lines of all functions come in the order of time, each with its function and the beginning of its request id. With
`-f`, a line that CloudWatch takes in up to a minute late is shown when it is there; Ctrl-C ends it.

The JSON is one object a line, keys may be added to it:
  time, timestamp  in UTC, and as milliseconds since 1970
  worker           the worker's name, or `endpoint`
  request_id       of the invocation, null where it cannot be told
  stream, message  of CloudWatch Logs";

/// Show what the deployed functions of a stage wrote
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Logs {
    /// Workers, or `endpoint`; without any, all functions
    #[arg(value_name = "WORKER")]
    workers: Vec<String>,
    #[command(flatten)]
    access: Access,
    /// Go on until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// How far back to begin
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = logs::since)]
    since: Duration,
    /// Words for people, or one JSON object a line for machines
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    message_format: Format,
}

impl Logs {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        let (stage, access) = self.access.parts()?;
        let sources = sources(&app, &self.workers, &stage)?;
        let json = self.message_format == Format::Json;
        let request = Request { sources, stage, since: self.since, follow: self.follow, json };
        logs::tail(&request, &access, &Interrupt::watch()?, session.print)
    }
}

/// The functions with these names, or all of the app, the endpoint first.
fn sources(app: &App, wanted: &[String], stage: &Stage) -> Result<Vec<Source>> {
    let refused = |problem| Error::problems(ExitKind::Call, vec![problem]);
    let mut sources = Vec::new();
    let mut add = |name: &str, function: FunctionName| {
        let source = Source { name: name.to_owned(), group: format!("/aws/lambda/{function}") };
        if !sources.contains(&source) {
            sources.push(source);
        }
    };
    let all: Vec<String> =
        ["endpoint".to_owned()].into_iter().chain(app.workers.iter().map(|worker| worker.name.to_string())).collect();
    for name in if wanted.is_empty() { &all } else { wanted } {
        if name == "endpoint" {
            add(name, FunctionName::of_endpoint(&app.name, stage.as_str()).map_err(refused)?);
        } else {
            let worker = app.worker(name).map_err(refused)?;
            add(name, FunctionName::of_worker(&app.name, stage.as_str(), &worker.name).map_err(refused)?);
        }
    }
    Ok(sources)
}
