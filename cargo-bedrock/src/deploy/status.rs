//! What is deployed beside what was built: a plan that nobody carries out, with what it is about.

use std::collections::BTreeSet;

use bedrock_build::App;
use serde::Serialize;

use super::actual::Actual;
use super::desired::{Secrets, desired, secrets_of};
use super::manifest::Manifest;
use super::plan::{Change, Plan, Planned};
use super::run::Request;
use super::stage::{ENDPOINT, Site};
use super::triggers::PlannedTrigger;
use super::{read, refuse, secrets, triggers};
use crate::aws;
use crate::print::Printer;
use bedrock_diagnostics::{Error, Result};

/// For machines: one object, keys may be added to it.
#[derive(Debug, Serialize)]
struct Status {
    app: String,
    stage: String,
    region: String,
    account: String,
    /// Where the endpoint listens.
    url: Option<String>,
    functions: Vec<Row>,
    triggers: Vec<TriggerRow>,
}

/// What invokes functions besides calls: a queue, a bucket, or the schedules.
#[derive(Debug, Serialize)]
struct TriggerRow {
    trigger: String,
    /// As that of a function.
    state: &'static str,
    reasons: Vec<String>,
}

/// One function.
#[derive(Debug, Serialize)]
struct Row {
    worker: String,
    function: String,
    /// `same`, `differs`, `not deployed`, `not in the app`.
    state: &'static str,
    /// How it differs.
    reasons: Vec<String>,
    /// The version in use.
    version: Option<String>,
    modified: Option<String>,
}

/// Prints the state of a stage.
pub(crate) fn status(app: &App, request: &Request, json: bool) -> Result<()> {
    let manifest = Manifest::load(app)?;
    aws::run(&request.access, async |aws| {
        let site = Site::of(app, request.stage.clone(), aws.place.clone())?;
        let wanted: BTreeSet<_> = secrets_of(&manifest, &[]).cloned().collect();
        let secrets = if wanted.is_empty() { Secrets::new() } else { secrets::read(&aws, wanted).await? };
        let desired = desired(&manifest, &site, &[], &secrets)?;
        let mut actual = read::actual(&aws, &site, &desired.keys().cloned().collect(), false).await?;
        triggers::read(&aws, &site, &desired, &mut actual, false).await?;
        refuse::foreign(&site, &actual)?;
        let plan = Plan::of(&site, &desired, &actual, false);
        let status = Status::of(&site, &plan, &actual);
        if json {
            let text = serde_json::to_string(&status)
                .map_err(|error| Error::call("failed to write the status as JSON").cause(error.to_string()))?;
            return Printer::data(&(text + "\n"));
        }
        Printer::data(&table(&status))
    })
}

impl Status {
    fn of(site: &Site, plan: &Plan, actual: &Actual) -> Self {
        let deployed = |key: &str| actual.functions.get(key).and_then(|found| found.function.as_ref());
        let row = |planned: &Planned| Row {
            worker: planned.key.clone(),
            function: planned.function.clone(),
            state: state(planned.change),
            reasons: if planned.change == Change::Update { planned.reasons.clone() } else { Vec::new() },
            version: deployed(&planned.key).and_then(|found| found.live.as_ref()).map(|(number, _)| number.clone()),
            modified: deployed(&planned.key).map(|found| found.modified.clone()),
        };
        Self {
            app: site.app.clone(),
            stage: site.stage.as_str().to_owned(),
            region: site.place.region.clone(),
            account: site.place.account.clone(),
            url: deployed(ENDPOINT).and_then(|found| found.url.as_ref()).map(|url| url.address.clone()),
            functions: plan.functions.iter().map(row).collect(),
            triggers: plan.triggers.iter().map(TriggerRow::of).collect(),
        }
    }
}

impl TriggerRow {
    fn of(planned: &PlannedTrigger) -> Self {
        let reasons = if planned.change == Change::Update { planned.reasons.clone() } else { Vec::new() };
        Self { trigger: planned.what.clone(), state: state(planned.change), reasons }
    }
}

fn state(change: Change) -> &'static str {
    match change {
        Change::Keep => "same",
        Change::Update => "differs",
        Change::Create => "not deployed",
        Change::Delete => "not in the app",
    }
}

fn table(status: &Status) -> String {
    let head = ["function", "version", "modified", "state"].map(str::to_owned);
    let none = || "-".to_owned();
    let row = |row: &Row| {
        let why = if row.reasons.is_empty() { String::new() } else { format!(" ({})", row.reasons.join(", ")) };
        // `2026-11-25T10:00:00.000+0000` to its seconds.
        let modified = row.modified.as_ref().map(|time| time.chars().take(19).collect::<String>().replace('T', " "));
        [
            row.function.clone(),
            row.version.clone().unwrap_or_else(none),
            modified.unwrap_or_else(none),
            format!("{}{why}", row.state),
        ]
    };
    let rows: Vec<[String; 4]> = std::iter::once(head).chain(status.functions.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2)];
    let line = |[function, version, modified, state]: &[String; 4]| {
        format!("{function:0$}  {version:1$}  {modified:2$}  {state}\n", widths[0], widths[1], widths[2])
    };
    let table: String = rows.iter().map(line).collect::<String>() + &triggers_table(&status.triggers);
    match &status.url {
        Some(url) => format!("{table}\n{url}\n"),
        None => table,
    }
}

fn triggers_table(rows: &[TriggerRow]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let width = rows.iter().map(|row| row.trigger.chars().count()).max().unwrap_or_default();
    let line = |row: &TriggerRow| {
        let why = if row.reasons.is_empty() { String::new() } else { format!(" ({})", row.reasons.join(", ")) };
        format!("{:width$}  {}{why}\n", row.trigger, row.state)
    };
    format!("\n{:width$}  state\n", "trigger") + &rows.iter().map(line).collect::<String>()
}
