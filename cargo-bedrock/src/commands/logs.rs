//! `cargo bedrock logs`: shows the logs of deployed functions.

use std::time::Duration;

use bedrock_build::settings::STAGE_PLACEHOLDER;
use bedrock_build::{App, FunctionName};
use bedrock_deploy::logs::{LogFilter, LogLevel, LogRequest, LogSource, read_logs};
use bedrock_deploy::{ENDPOINT, Stage};
use bedrock_diagnostics::{Error, ExitKind, Interrupt, Result};
use clap::Args;

use super::args::{OutputArgs, StageArgs};
use crate::session::Session;
use crate::ui::LogReporter;

const EXAMPLES: &str = "\
Lines of all functions are sorted by time, each with its function and the start of its request id. With `-f`, lines that \
CloudWatch receives up to a minute late are shown when they arrive; Ctrl-C ends the command.

JSON output has one object a line, to which keys may be added:
  time, timestamp  in UTC, and as milliseconds since 1970
  worker           name of the worker, or `endpoint`
  request_id       id of the invocation, null if it is unknown
  stream, message  from CloudWatch Logs

Examples:
  cargo bedrock logs --stage dev                        all functions, the last ten minutes
  cargo bedrock logs system_fetcher --stage dev --since 2h
  cargo bedrock logs endpoint system_fetcher --stage prod -f
  cargo bedrock logs --stage prod --since 1d --level warn --filter timeout
  cargo bedrock logs --stage prod --since 1h --request 8f507cfc
  cargo bedrock logs --stage dev --message-format json | jq -r 'select(.request_id == \"…\").message'";

/// Units of `--since`, and their seconds.
const UNITS: [(&str, u64); 4] = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];
/// Maximum of `--since`: CloudWatch keeps logs for at most ten years, and sums of times must not overflow.
const MAX_SINCE_SECONDS: u64 = 3_653 * 86_400;

/// Show the logs of the deployed functions of a stage
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Logs {
    /// Workers, or `endpoint`; all functions by default
    #[arg(value_name = "WORKER")]
    workers: Vec<String>,
    #[command(flatten)]
    stage: StageArgs,
    /// Wait for new lines until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// How far back to start
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = parse_duration)]
    since: Duration,
    /// Show only the invocation whose request id starts like this
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    /// Show only lines that contain this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Show only lines of this level or above: trace, debug, info, warn, error or fatal
    #[arg(long, value_name = "LEVEL", value_parser = parse_level)]
    level: Option<LogLevel>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Logs {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        let (stage, aws) = self.stage.parse()?;
        let sources = log_sources(&app, &self.workers, &stage)?;
        let names = sources.iter().map(|source| source.name.clone()).collect();
        let mut reporter = LogReporter::new(session.print, self.output.is_json(), names);
        let filter = LogFilter { request_id: self.request, text: self.filter, level: self.level };
        let request = LogRequest { sources, stage, since: self.since, follow: self.follow, filter };
        read_logs(&request, &aws, &Interrupt::watch()?, &mut reporter)
    }
}

/// Returns the functions with these names without duplicates, or all functions of the app, the endpoint first.
fn log_sources(app: &App, names: &[String], stage: &Stage) -> Result<Vec<LogSource>> {
    let invalid = |problem| Error::problems(ExitKind::Call, vec![problem]);
    let all: Vec<String> =
        [ENDPOINT.to_owned()].into_iter().chain(app.workers.iter().map(|worker| worker.name.to_string())).collect();
    let mut sources = Vec::new();
    for name in if names.is_empty() { &all } else { names } {
        let (function, settings) = if name == ENDPOINT {
            let function = FunctionName::of_endpoint(&app.name, stage.as_str()).map_err(invalid)?;
            (function, app.settings.endpoint_in(stage.as_str()).clone())
        } else {
            let worker = app.worker(name).map_err(invalid)?;
            let function = FunctionName::of_worker(&app.name, stage.as_str(), &worker.name).map_err(invalid)?;
            (function, app.settings.worker_in(stage.as_str(), &worker.name))
        };
        let source = match settings.lambda.logging.group {
            Some(group) => LogSource {
                name: name.clone(),
                log_group: group.replace(STAGE_PLACEHOLDER, stage.as_str()),
                function: Some(function.to_string()),
            },
            None => LogSource { name: name.clone(), log_group: format!("/aws/lambda/{function}"), function: None },
        };
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    Ok(sources)
}

fn parse_level(text: &str) -> std::result::Result<LogLevel, String> {
    LogLevel::parse(text).ok_or_else(|| "expected `trace`, `debug`, `info`, `warn`, `error` or `fatal`".to_owned())
}

/// Parses `90s`, `10m`, `2h` or `3d`.
fn parse_duration(text: &str) -> std::result::Result<Duration, String> {
    let seconds = UNITS.iter().find_map(|(unit, unit_seconds)| {
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(*unit_seconds)
    });
    seconds.filter(|seconds| *seconds <= MAX_SINCE_SECONDS).map(Duration::from_secs).ok_or_else(|| {
        "expected a number followed by `s`, `m`, `h` or `d`, for example `10m`, and at most `3653d`".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::parse_duration;

    #[test]
    fn durations_are_a_number_with_a_unit() {
        let seconds = |text| parse_duration(text).ok().map(|duration| duration.as_secs());
        assert_eq!(["90s", "10m", "2h", "3d", "0s"].map(seconds), [90, 600, 7_200, 259_200, 0].map(Some));
        for text in ["", "m", "10", "10 m", "-1m", "1.5h", "10w", "4000d", "99999999999999999999d"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
