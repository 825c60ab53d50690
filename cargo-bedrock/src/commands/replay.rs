//! `cargo bedrock replay`: runs the code of durable workers against recorded executions.

use std::path::PathBuf;

use bedrock_build::{App, Worker};
use bedrock_deploy::aws::AwsOptions;
use bedrock_deploy::{Stage, StageRequest};
use bedrock_diagnostics::{Error, ExitKind, Result};
use bedrock_package::tools::ToolRunner;
use clap::Args;

use super::args::AwsArgs;
use crate::executions::matches;
use crate::replay::{CompileFn, RecordedHistory, ReplayServer, Replayer, compile, of_dev, of_file, of_stage};
use crate::running_dev::RunningDev;
use crate::session::Session;

const EXAMPLES: &str = "\
Recorded operations return their recorded results. No step runs, and nothing is called. The code fits if it comes to the \
operations of the history in the same places, under the same names; an execution that is under way may go on after them. \
What a child context does after it has ended is not compared: its result is recorded.

Exit codes: 0 the code fits, 1 it does not, 2 usage or machine error, or nothing is recorded

Examples:
  cargo bedrock replay                                       all executions that `cargo bedrock dev` has stored
  cargo bedrock replay order_flow --execution order-7        one of them
  cargo bedrock replay order_flow --history histories/*.json in CI, without `dev`
  cargo bedrock replay --stage prod                          those under way on AWS, before a deploy";

/// Check whether the code of durable workers fits recorded executions
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Replay {
    /// Names of durable workers [default: all]
    #[arg(value_name = "WORKER")]
    workers: Vec<String>,
    /// Only executions whose name or id starts with this (repeatable)
    #[arg(long, value_name = "EXECUTION")]
    execution: Vec<String>,
    /// Files with histories of one worker, as `executions history --json` prints them
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["execution", "stage", "port"])]
    history: Vec<PathBuf>,
    /// Stage on AWS whose executions are replayed, instead of those of `dev`: those under way, or the named ones
    #[arg(long, value_name = "NAME", conflicts_with = "port")]
    stage: Option<String>,
    /// Port of `cargo bedrock dev` on this machine [default: that of the `dev` of the app]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    #[command(flatten)]
    aws: AwsArgs,
}

impl Replay {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        let workers = durable_workers(&app, &self.workers)?;
        let histories = self.histories(&app, &workers)?;
        if histories.is_empty() {
            if let Some(execution) = self.execution.first() {
                return Err(Error::call(format!("there is no execution `{execution}`"))
                    .help("`cargo bedrock executions ls` shows them"));
            }
            return Err(Error::call("there is no execution to replay").help(
                "start one with `cargo bedrock invoke` while `cargo bedrock dev` runs, or name a file with `--history`",
            ));
        }
        self.check_recorded(session, &workers, &histories)?;
        let tools = ToolRunner::with_signal_handler()?;
        let mut errors = Vec::new();
        let mut unnamed = 0;
        let compile: &CompileFn<'_> = &|workers| compile(&app, workers, session.print, &tools);
        let url = self.port.map(|port| format!("http://127.0.0.1:{port}")).or_else(|| RunningDev::find_url(&app));
        let server = ReplayServer::for_command(&app, url.as_deref(), &|name| std::env::var(name).ok());
        let replayer = Replayer { app: &app, tools: &tools, compile, server: &server, is_stale: &|| false };
        replayer.replay(&workers, &histories, &mut |replayed| match replayed.result {
            Ok(result) => {
                unnamed += result.unnamed;
                let divergence = result.divergence;
                errors.extend(divergence.map(|divergence| misfit(replayed.worker, replayed.history, divergence)));
            }
            Err(error) => errors.push(error),
        })?;
        if unnamed > 0 {
            session.print.note(&format!(
                "{unnamed} operations have no name: if two of one type trade places, no replay finds it"
            ));
        }
        if !errors.is_empty() {
            return Err(Error::combine(errors));
        }
        session.print.done(&format!("the code fits {}", count(histories.len())));
        Ok(())
    }

    /// Fails if a named worker has no recorded execution. Prints the others without one: nothing is known of them.
    fn check_recorded(&self, session: &Session, workers: &[&Worker], histories: &[RecordedHistory]) -> Result<()> {
        let is_recorded = |worker: &Worker| histories.iter().any(|history| history.worker == worker.name.as_str());
        // Named executions are those of one worker.
        let missing = workers.iter().filter(|worker| self.execution.is_empty() && !is_recorded(worker));
        for worker in missing {
            let text = format!("worker `{}` has no recorded execution", worker.name);
            if !self.workers.is_empty() {
                return Err(Error::call(text).help("start one while `cargo bedrock dev` runs, or leave the worker out"));
            }
            session.print.note(&text);
        }
        Ok(())
    }

    fn histories(&self, app: &App, workers: &[&Worker]) -> Result<Vec<RecordedHistory>> {
        let is_asked = |arn: &str| self.execution.is_empty() || self.execution.iter().any(|text| matches(arn, text));
        if !self.history.is_empty() {
            let [worker] = workers else {
                return Err(Error::call("a history is that of one worker")
                    .help("name it: `cargo bedrock replay WORKER --history FILE`"));
            };
            return self.history.iter().map(|path| of_file(path, worker)).collect();
        }
        match &self.stage {
            None => of_dev(app, workers, self.port, &is_asked),
            Some(stage) => {
                let stage = Stage::parse(stage)?;
                let aws = AwsOptions::from(self.aws.clone());
                let request = StageRequest {
                    stage,
                    aws,
                    only: Vec::new(),
                    dry_run: true,
                    allow_breaking: false,
                    refresh: true,
                    canary: None,
                };
                of_stage(app, workers, &request, self.execution.is_empty(), &is_asked)
            }
        }
    }
}

/// Returns the durable workers with these names, or all of them.
fn durable_workers<'a>(app: &'a App, names: &[String]) -> Result<Vec<&'a Worker>> {
    let is_durable = |worker: &&Worker| worker.settings.durable.is_some();
    let all: Vec<&Worker> = app.workers.iter().filter(is_durable).collect();
    if all.is_empty() {
        return Err(Error::call(format!("the app `{}` has no durable worker", app.name))
            .help("create one with `cargo bedrock new worker NAME.py --durable`"));
    }
    if names.is_empty() {
        return Ok(all);
    }
    let find = |name: &String| -> Result<&'a Worker> {
        let worker = app.worker(name).map_err(|problem| Error::problems(ExitKind::Call, vec![problem]))?;
        if is_durable(&worker) {
            return Ok(worker);
        }
        Err(Error::call(format!("worker `{name}` is not durable"))
            .help(format!("add `durable` to `[package.metadata.bedrock.workers.{name}]`")))
    };
    names.iter().map(find).collect()
}

fn misfit(worker: &Worker, history: &RecordedHistory, divergence: String) -> Error {
    Error::app(format!("the code of worker `{}` does not fit the execution `{}`", worker.name, history.label))
        .cause(divergence)
}

fn count(executions: usize) -> String {
    if executions == 1 { "1 execution".to_owned() } else { format!("{executions} executions") }
}
