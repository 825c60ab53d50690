//! `cargo bedrock status`: compares what is deployed with the last build.

use bedrock_deploy::{FunctionStatus, StageRequest, StageStatus, TriggerStatus};
use bedrock_diagnostics::{Error, Result};
use clap::Args;

use super::args::{OutputArgs, StageArgs};
use crate::session::Session;
use crate::ui::Printer;

const EXAMPLES: &str = "\
The state of a function is `same`, `differs` (with the reasons: other code, or settings that were changed elsewhere), \
`not deployed` or `not in the app`. The JSON is one object, to which keys may be added

Examples:
  cargo bedrock status --stage dev
  cargo bedrock status --stage dev --message-format json | jq -r '.functions[] | select(.state != \"same\").worker'";

/// Show what is deployed, and how it differs from the last build
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Status {
    #[command(flatten)]
    stage: StageArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Status {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        let (stage, aws) = self.stage.parse()?;
        let request = StageRequest {
            stage,
            aws,
            only: Vec::new(),
            dry_run: false,
            allow_breaking: false,
            refresh: true,
            canary: None,
        };
        let status = bedrock_deploy::status(&app, &request)?;
        if self.output.is_json() {
            let text = serde_json::to_string(&status)
                .map_err(|error| Error::call("failed to write the status as JSON").cause(error.to_string()))?;
            return Printer::data(&(text + "\n"));
        }
        Printer::data(&status_table(&status))
    }
}

fn status_table(status: &StageStatus) -> String {
    let table =
        function_table(&status.functions) + &execution_table(&status.functions) + &trigger_table(&status.triggers);
    match &status.url {
        Some(url) => format!("{table}\n{url}\n"),
        None => table,
    }
}

fn function_table(functions: &[FunctionStatus]) -> String {
    let header = ["function", "version", "modified", "state"].map(str::to_owned);
    let missing = || "-".to_owned();
    let row = |function: &FunctionStatus| {
        // `2026-11-25T10:00:00.000+0000` without milliseconds and offset.
        let modified = function.modified.as_ref();
        let modified = modified.map(|time| time.chars().take(19).collect::<String>().replace('T', " "));
        [
            function.function.clone(),
            function.version.clone().unwrap_or_else(missing),
            modified.unwrap_or_else(missing),
            state_text(function.state, &function.reasons),
        ]
    };
    let rows: Vec<[String; 4]> = std::iter::once(header).chain(functions.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2)];
    let line = |[function, version, modified, state]: &[String; 4]| {
        format!("{function:0$}  {version:1$}  {modified:2$}  {state}\n", widths[0], widths[1], widths[2])
    };
    rows.iter().map(line).collect()
}

/// Returns the versions that executions of durable functions run on. Empty if there are none.
fn execution_table(functions: &[FunctionStatus]) -> String {
    let lines = functions.iter().flat_map(|function| {
        let rows = function.executions.iter();
        rows.map(move |(version, count)| [function.function.clone(), version.clone(), count.to_string()])
    });
    let header = ["executions of", "version", "running"].map(str::to_owned);
    let rows: Vec<[String; 3]> = std::iter::once(header).chain(lines).collect();
    if rows.len() == 1 {
        return String::new();
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths = [width(0), width(1)];
    let line = |[function, version, count]: &[String; 3]| {
        format!("{function:0$}  {version:1$}  {count}\n", widths[0], widths[1])
    };
    "\n".to_owned() + &rows.iter().map(line).collect::<String>()
}

/// Returns an empty text if there are no triggers.
fn trigger_table(triggers: &[TriggerStatus]) -> String {
    if triggers.is_empty() {
        return String::new();
    }
    let width = triggers.iter().map(|trigger| trigger.trigger.chars().count()).max().unwrap_or_default();
    let line = |trigger: &TriggerStatus| {
        format!("{:width$}  {}\n", trigger.trigger, state_text(trigger.state, &trigger.reasons))
    };
    format!("\n{:width$}  state\n", "trigger") + &triggers.iter().map(line).collect::<String>()
}

fn state_text(state: &str, reasons: &[String]) -> String {
    if reasons.is_empty() { state.to_owned() } else { format!("{state} ({})", reasons.join(", ")) }
}
