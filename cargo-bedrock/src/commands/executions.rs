//! `cargo bedrock executions`: shows and changes the executions of durable workers in a running `cargo bedrock dev`.

use bedrock_deploy::{Stage, StageRequest};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::args::AwsArgs;
use crate::executions::{self, ExecutionCodes, Executions};
use crate::payload::PayloadSource;
use crate::session::Session;
use crate::ui::Printer;
use bedrock_diagnostics::Result;

const EXAMPLES: &str = "\
An execution is identified by its name, its id or its ARN, or by the first characters of name or id. A callback is \
identified by its id, which `history` shows.

Examples:
  cargo bedrock executions ls
  cargo bedrock executions history order-7
  cargo bedrock executions stop order-7 --reason 'wrong card'
  cargo bedrock executions callback succeed ID --payload '{\"approved\": true}'";

const LS_EXAMPLES: &str = "\
Examples:
  cargo bedrock executions ls
  cargo bedrock executions ls --json | jq -r '.[].DurableExecutionArn'";

const SHOW_EXAMPLES: &str = "\
Examples:
  cargo bedrock executions show order-7 | jq .Result";

const HISTORY_EXAMPLES: &str = "\
Examples:
  cargo bedrock executions history order-7
  cargo bedrock executions history order-7 --json | jq '.[].EventType'
  cargo bedrock executions history order-7 --stage prod --json > histories/order-7.json";

const CALLBACK_EXAMPLES: &str = "\
Examples:
  cargo bedrock executions callback succeed ID --payload '{\"approved\": true}'
  cargo bedrock executions callback fail ID --error-type Rejected --message 'not approved'
  cargo bedrock executions callback heartbeat ID";

const STOP_EXAMPLES: &str = "\
Examples:
  cargo bedrock executions stop order-7
  cargo bedrock executions stop order-7 --reason 'wrong card'";

const PAUSE_EXAMPLES: &str = "\
Examples:
  cargo bedrock executions pause order-7 --reason maintenance";

const RESUME_EXAMPLES: &str = "\
Examples:
  cargo bedrock executions resume order-7";

const UPDATE_CODE_EXAMPLES: &str = "\
`ls` shows which executions keep old code. `cargo bedrock replay` says whether the current code fits.

Examples:
  cargo bedrock executions update-code order-7";

const DELETE_EXAMPLES: &str = "\
Examples:
  cargo bedrock executions delete order-7";

const SUCCEED_EXAMPLES: &str = "\
Examples:
  cargo bedrock executions callback succeed ID --payload '{\"approved\": true}'
  cargo bedrock executions callback succeed ID --payload @answer.json";

const FAIL_EXAMPLES: &str = "\
Examples:
  cargo bedrock executions callback fail ID --error-type Rejected --message 'not approved'";

const HEARTBEAT_EXAMPLES: &str = "\
Examples:
  cargo bedrock executions callback heartbeat ID";

/// List, show and change executions of durable workers
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ExecutionsCommand {
    /// Port of `cargo bedrock dev` on this machine [default: that of the `dev` of the app]
    #[arg(long, global = true, value_name = "PORT")]
    port: Option<u16>,
    #[command(subcommand)]
    command: Operation,
}

#[derive(Debug, Subcommand)]
enum Operation {
    /// List all executions, the newest first
    #[command(after_help = LS_EXAMPLES)]
    Ls {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print one execution as JSON, with its input and its result
    #[command(after_help = SHOW_EXAMPLES)]
    Show(Selection),
    /// List what happened in an execution, the oldest event first
    #[command(after_help = HISTORY_EXAMPLES)]
    History {
        #[command(flatten)]
        selection: Selection,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Stage on AWS that has the execution [default: `cargo bedrock dev`]
        #[arg(long, value_name = "NAME", conflicts_with = "port")]
        stage: Option<String>,
        #[command(flatten)]
        aws: AwsArgs,
    },
    /// Stop an execution, which cannot be resumed
    #[command(after_help = STOP_EXAMPLES)]
    Stop(Change),
    /// Pause an execution: its waits end, but its worker does not run
    #[command(after_help = PAUSE_EXAMPLES)]
    Pause(Change),
    /// Resume an execution that is paused
    #[command(after_help = RESUME_EXAMPLES)]
    Resume(Change),
    /// Continue an execution that keeps old code with the current code of its worker
    #[command(after_help = UPDATE_CODE_EXAMPLES)]
    UpdateCode(Selection),
    /// Delete an execution that has ended
    #[command(after_help = DELETE_EXAMPLES)]
    Delete(Selection),
    /// Answer a callback
    #[command(after_help = CALLBACK_EXAMPLES)]
    Callback {
        #[command(subcommand)]
        answer: Answer,
    },
}

#[derive(Debug, Args)]
struct Selection {
    /// Name, id or ARN of the execution, or the first characters of name or id
    #[arg(value_name = "EXECUTION")]
    execution: String,
}

#[derive(Debug, Args)]
struct Change {
    #[command(flatten)]
    selection: Selection,
    /// Why, for the history of the execution
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Answer {
    /// Complete a callback with a result
    #[command(after_help = SUCCEED_EXAMPLES)]
    Succeed {
        /// Id of the callback
        id: String,
        /// JSON, `@` and the path of a JSON file, or `-` for standard input
        #[arg(long, value_name = "JSON|@FILE|-", default_value = "null", allow_negative_numbers = true)]
        payload: String,
    },
    /// Complete a callback with an error
    #[command(after_help = FAIL_EXAMPLES)]
    Fail {
        /// Id of the callback
        id: String,
        /// Class of the error
        #[arg(long, value_name = "NAME")]
        error_type: Option<String>,
        /// Text of the error
        #[arg(long, value_name = "TEXT")]
        message: Option<String>,
    },
    /// Postpone the heartbeat timeout of a callback
    #[command(after_help = HEARTBEAT_EXAMPLES)]
    Heartbeat {
        /// Id of the callback
        id: String,
    },
}

impl ExecutionsCommand {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        if let Operation::History { selection, json, stage: Some(stage), aws } = &self.command {
            let stage = Stage::parse(stage)?;
            let request = StageRequest {
                stage,
                aws: aws.clone().into(),
                only: Vec::new(),
                dry_run: true,
                allow_breaking: false,
                refresh: true,
                canary: None,
            };
            let events = executions::remote_history(&app, &request, &selection.execution)?;
            return print_history(events, *json);
        }
        let api = Executions::connect(&app, self.port)?;
        match self.command {
            Operation::Ls { json } => {
                let mut all = api.list()?;
                let codes = api.codes()?;
                if json {
                    for execution in &mut all {
                        add_code(execution, &codes);
                    }
                    return Printer::data(&pretty(&all.into()));
                }
                if all.is_empty() {
                    session.print.note("no executions");
                }
                Printer::data(&executions::executions_table(&all, &codes))
            }
            Operation::Show(selection) => {
                let mut execution = api.get(&api.find(&selection.execution)?)?;
                add_code(&mut execution, &api.codes()?);
                Printer::data(&pretty(&execution))
            }
            Operation::History { selection, json, .. } => {
                print_history(api.history(&api.find(&selection.execution)?)?, json)
            }
            Operation::Stop(change) => change.apply(session, "stopped", |arn, reason| api.stop(arn, reason), &api),
            Operation::Pause(change) => change.apply(session, "paused", |arn, reason| api.pause(arn, reason), &api),
            Operation::Resume(change) => change.apply(session, "resumed", |arn, reason| api.resume(arn, reason), &api),
            Operation::UpdateCode(selection) => {
                api.update_code(&api.find(&selection.execution)?, None)?;
                session.print.done(&format!("execution `{}` continues with the current code", selection.execution));
                Ok(())
            }
            Operation::Delete(selection) => {
                let arn = api.find(&selection.execution)?;
                api.delete(&arn)?;
                session.print.done(&format!("deleted execution `{}`", selection.execution));
                Ok(())
            }
            Operation::Callback { answer } => answer.send(session, &api),
        }
    }
}

impl Change {
    fn apply(
        &self,
        session: &Session,
        what: &str,
        change: impl Fn(&str, Option<&str>) -> Result<()>,
        api: &Executions,
    ) -> Result<()> {
        let execution = &self.selection.execution;
        change(&api.find(execution)?, self.reason.as_deref())?;
        session.print.done(&format!("{what} execution `{execution}`"));
        Ok(())
    }
}

impl Answer {
    fn send(self, session: &Session, api: &Executions) -> Result<()> {
        match self {
            Self::Succeed { id, payload } => {
                let payload = PayloadSource::parse(payload, &session.dir).read()?;
                api.answer(&id, "succeed", payload)?;
            }
            Self::Fail { id, error_type, message } => {
                let error = json!({ "ErrorType": error_type, "ErrorMessage": message });
                api.answer(&id, "fail", error.to_string())?;
            }
            Self::Heartbeat { id } => api.answer(&id, "heartbeat", String::new())?,
        }
        session.print.done("answered the callback");
        Ok(())
    }
}

/// Adds with which code an execution goes on, which Lambda's API does not say.
fn add_code(execution: &mut Value, codes: &ExecutionCodes) {
    let arn = execution["DurableExecutionArn"].as_str().unwrap_or_default();
    if let Some(Some(code)) = codes.of_executions.get(arn) {
        execution["Code"] = code.as_str().into();
    }
}

fn print_history(events: Vec<Value>, json: bool) -> Result<()> {
    Printer::data(&if json { pretty(&events.into()) } else { executions::history_table(&events) })
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}
