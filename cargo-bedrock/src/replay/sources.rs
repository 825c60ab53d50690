//! Histories of executions: from a file, from `dev` or its store, or from a stage on AWS.

use std::fs;
use std::path::Path;

use bedrock_build::{App, Worker};
use bedrock_deploy::{HistoryRequest, StageRequest};
use bedrock_diagnostics::{Error, Result};
use bedrock_durable::{ExecutionStore, RecordedExecution, SqliteExecutionStore};
use serde_json::Value;

use crate::executions::{Executions, name_and_id};
use crate::running_dev::RunningDev;

const HISTORY_HELP: &str = "write one with `cargo bedrock executions history EXECUTION --json`, or with `aws lambda \
                            get-durable-execution-history`";

/// A recorded execution.
#[derive(Debug, Clone)]
pub(crate) struct RecordedHistory {
    /// The ARN of the execution, or the path of the file.
    pub(crate) arn: String,
    /// The worker.
    pub(crate) worker: String,
    /// What people call it: the name of the execution, or the path of the file.
    pub(crate) label: String,
    /// The events of `GetDurableExecutionHistory`, the oldest first.
    pub(crate) events: Vec<Value>,
}

impl RecordedHistory {
    pub(crate) fn of(worker: &str, arn: &str, events: Vec<Value>) -> Self {
        let (name, id) = name_and_id(arn);
        let label = if name.is_empty() { id } else { name };
        Self { arn: arn.to_owned(), worker: worker.to_owned(), label: label.to_owned(), events }
    }

    /// Returns the execution that the history describes.
    pub(super) fn recorded(&self, worker: &Worker) -> Result<RecordedExecution> {
        RecordedExecution::from_history(&self.events)
            .map_err(|error| self.replay_error(worker).cause(error.to_string()))
    }

    /// Returns the error of a replay that cannot be made.
    pub(super) fn replay_error(&self, worker: &Worker) -> Error {
        Error::call(format!("failed to replay `{}` with worker `{}`", self.label, worker.name))
    }
}

/// Reads a history from a file: the events, or the response of Lambda.
pub(crate) fn of_file(path: &Path, worker: &Worker) -> Result<RecordedHistory> {
    let shown = path.display().to_string();
    let text =
        fs::read_to_string(path).map_err(|error| Error::io(format!("failed to read the history `{shown}`"), &error))?;
    let invalid = |cause: String| {
        Error::call(format!("`{shown}` is not a history of an execution")).cause(cause).help(HISTORY_HELP)
    };
    let value: Value = serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?;
    if value["NextMarker"].is_string() {
        return Err(invalid("it is only the first page".to_owned()));
    }
    let events = match value {
        Value::Array(events) => events,
        Value::Object(mut response) => match response.remove("Events") {
            Some(Value::Array(events)) => events,
            _ => return Err(invalid("it has no `Events`".to_owned())),
        },
        _ => return Err(invalid("it is not a list of events".to_owned())),
    };
    Ok(RecordedHistory { arn: shown.clone(), worker: worker.name.to_string(), label: shown, events })
}

/// Reads the histories of `workers` from the `dev` that runs for the app, or from what the last one has stored. `is_asked`
/// selects executions by their names and ids.
pub(crate) fn of_dev(
    app: &App,
    workers: &[&Worker],
    port: Option<u16>,
    is_asked: &dyn Fn(&str) -> bool,
) -> Result<Vec<RecordedHistory>> {
    if port.is_some() || RunningDev::find_url(app).is_some() {
        let executions = Executions::connect(app, port)?;
        let mut histories = Vec::new();
        for worker in workers {
            for execution in executions.list_of(worker.name.as_str())? {
                let arn = execution["DurableExecutionArn"].as_str().unwrap_or_default();
                if is_asked(arn) {
                    histories.push(RecordedHistory::of(worker.name.as_str(), arn, executions.history(arn)?));
                }
            }
        }
        return Ok(histories);
    }
    let path = bedrock_package::artifact_dir(app).join(bedrock_dev::DURABLE_STORE);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let failed = |error: bedrock_durable::StoreError| Error::call(error.to_string());
    let store = SqliteExecutionStore::open(&path).map_err(failed)?;
    let mut histories = Vec::new();
    for summary in store.list().map_err(failed)? {
        let is_selected = workers.iter().any(|worker| worker.name.as_str() == summary.worker);
        if !is_selected || !is_asked(summary.arn.as_str()) {
            continue;
        }
        if let Some(execution) = store.load(&summary.arn).map_err(failed)? {
            let events = execution.events.iter().map(|event| event.to_api(true)).collect();
            histories.push(RecordedHistory::of(&summary.worker, summary.arn.as_str(), events));
        }
    }
    Ok(histories)
}

/// Reads the histories of `workers` from a stage; with `is_running` only those of executions that have not ended.
pub(crate) fn of_stage(
    app: &App,
    workers: &[&Worker],
    request: &StageRequest,
    is_running: bool,
    is_asked: &dyn Fn(&str) -> bool,
) -> Result<Vec<RecordedHistory>> {
    let workers = workers.iter().map(|worker| worker.name.to_string()).collect();
    let found = bedrock_deploy::read_histories(app, &HistoryRequest { stage: request, workers, is_running, is_asked })?;
    Ok(found.into_iter().map(|found| RecordedHistory::of(&found.worker, &found.arn, found.events)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> std::result::Result<usize, String> {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("Cargo.toml"), "[package]\nname = \"shop\"\n[package.metadata.bedrock]\n")
            .expect("a manifest");
        fs::create_dir_all(folder.path().join("workers/flow")).expect("a folder");
        fs::write(folder.path().join("workers/flow/main.py"), "").expect("a worker");
        let app = App::open(folder.path()).expect("an app");
        let path = folder.path().join("history.json");
        fs::write(&path, text).expect("a history");
        let found = of_file(&path, &app.workers[0]);
        found.map(|history| history.events.len()).map_err(|error| error.reports[0].causes.join("; "))
    }

    #[test]
    fn file_has_events_or_the_response_of_lambda() {
        assert_eq!(read("[{}, {}]"), Ok(2));
        assert_eq!(read(r#"{ "Events": [{}], "NextMarker": null }"#), Ok(1));
    }

    #[test]
    fn other_files_are_errors_with_a_cause() {
        assert_eq!(read(r#"{ "Events": [{}], "NextMarker": "x" }"#), Err("it is only the first page".to_owned()));
        assert_eq!(read("{}"), Err("it has no `Events`".to_owned()));
        assert_eq!(read("1"), Err("it is not a list of events".to_owned()));
        assert!(read("[").is_err_and(|cause| cause.starts_with("EOF")));
    }
}
