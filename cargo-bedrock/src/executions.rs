//! The executions of durable workers in a running dev server: finds them by a part of their name or id, and formats
//! them as tables.

use std::collections::HashMap;

use bedrock_build::App;
use bedrock_deploy::{HistoryRequest, StageRequest};
use bedrock_dev::{HttpRequest, RunningServer, request_to};
use bedrock_diagnostics::{Error, Result};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::running_dev::{RunningDev, path_segment};
use crate::ui::align_columns;

const PREFIX: &str = "/2025-12-01/";
/// Credentials of the requests; the server accepts any.
const CREDENTIALS: &str = "Bedrock cargo-bedrock";
const NO_SERVER_HELP: &str = "run `cargo bedrock dev`, or name its port with `--port`";
/// Number of characters of an id that tables show.
const SHORT_ID_LENGTH: usize = 8;

/// With which code executions go on.
#[derive(Debug, Default)]
pub(crate) struct ExecutionCodes {
    /// `current` or `old` by ARN, for the newest executions, which the server lists. `None` for an execution that keeps no
    /// code.
    pub(crate) of_executions: HashMap<String, Option<String>>,
    /// The names of the current codes of workers.
    pub(crate) current: HashMap<String, String>,
}

impl ExecutionCodes {
    /// Returns whether any execution keeps old code.
    pub(crate) fn has_old(&self) -> bool {
        self.of_executions.values().any(|code| code.as_deref() == Some("old"))
    }

    /// Returns whether an execution keeps code that is not the current one of its worker.
    pub(crate) fn is_old(&self, arn: &str) -> bool {
        self.of_executions.get(arn).is_some_and(|code| code.as_deref() == Some("old"))
    }
}

/// The executions of an app.
pub(crate) struct Executions {
    /// URL of the dev server.
    url: String,
    runtime: Runtime,
    /// The durable workers.
    workers: Vec<String>,
}

impl Executions {
    /// Connects to the dev server on a port of this machine, or without a port to the one that runs for the app.
    pub(crate) fn connect(app: &App, port: Option<u16>) -> Result<Self> {
        let durable = app.workers.iter().filter(|worker| worker.settings.durable.is_some());
        let workers: Vec<String> = durable.map(|worker| worker.name.to_string()).collect();
        if workers.is_empty() {
            return Err(Error::call(format!("the app `{}` has no durable worker", app.name))
                .help("create one with `cargo bedrock new worker NAME.py --durable`"));
        }
        let runtime = Runtime::new().map_err(|error| Error::io("failed to start the async runtime", &error))?;
        let url = if let Some(port) = port {
            format!("http://127.0.0.1:{port}")
        } else {
            let server = runtime.block_on(RunningServer::find(&bedrock_package::artifact_dir(app)));
            let none = || Error::call(format!("no dev server of the app `{}` is running", app.name));
            server.ok_or_else(|| none().help(NO_SERVER_HELP))?.url
        };
        Ok(Self { url, runtime, workers })
    }

    /// Returns all executions, the newest first.
    pub(crate) fn list(&self) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        for worker in &self.workers {
            all.extend(self.list_of(worker)?);
        }
        let start = |execution: &Value| execution["StartTimestamp"].as_f64().unwrap_or_default();
        all.sort_by(|one, other| start(other).total_cmp(&start(one)));
        Ok(all)
    }

    /// Returns the executions of a worker.
    pub(crate) fn list_of(&self, worker: &str) -> Result<Vec<Value>> {
        self.pages(&format!("functions/{worker}/durable-executions"), "DurableExecutions")
    }

    /// Returns the ARN of the execution whose name or id starts with `text`, or that has this ARN.
    pub(crate) fn find(&self, text: &str) -> Result<String> {
        let all = self.list()?;
        let arns = all.iter().filter_map(|execution| execution["DurableExecutionArn"].as_str());
        match arns.filter(|arn| matches(arn, text)).collect::<Vec<_>>()[..] {
            [arn] => Ok(arn.to_owned()),
            [] => Err(Error::call(format!("no execution `{text}`")).help("see `cargo bedrock executions ls`")),
            ref several => Err(ambiguous(text, several.len())),
        }
    }

    /// Returns an execution with its input and its result.
    pub(crate) fn get(&self, arn: &str) -> Result<Value> {
        self.send("GET", &format!("durable-executions/{}", path_segment(arn)), String::new())
    }

    /// Returns the history of an execution, the oldest event first.
    pub(crate) fn history(&self, arn: &str) -> Result<Vec<Value>> {
        self.pages(&format!("durable-executions/{}/history", path_segment(arn)), "Events")
    }

    /// Returns with which code the executions go on.
    pub(crate) fn codes(&self) -> Result<ExecutionCodes> {
        let response = self.runtime.block_on(self.dev().get("executions"))?;
        let listed: Value = serde_json::from_str(&response.text).unwrap_or_default();
        let executions = listed["executions"].as_array().into_iter().flatten();
        let code = |execution: &Value| {
            let code = execution["code"].as_str().map(str::to_owned);
            Some((execution["arn"].as_str()?.to_owned(), code))
        };
        let current = listed["current_code"].as_object().into_iter().flatten();
        let current = current.filter_map(|(worker, code)| Some((worker.clone(), code.as_str()?.to_owned())));
        Ok(ExecutionCodes { of_executions: executions.filter_map(code).collect(), current: current.collect() })
    }

    /// Makes an execution continue with the current code of its worker, if that is `code`.
    pub(crate) fn update_code(&self, arn: &str, code: Option<&str>) -> Result<()> {
        let (_, id) = name_and_id(arn);
        let route = format!("executions/{}/update-code", path_segment(id));
        let response = self.runtime.block_on(self.dev().post(&route, code.unwrap_or_default().to_owned()))?;
        if response.is_success {
            return Ok(());
        }
        let error: Value = serde_json::from_str(&response.text).unwrap_or_default();
        let message = error["error"]["message"].as_str();
        Err(Error::call(message.unwrap_or("the server does not update code").to_owned()))
    }

    fn dev(&self) -> RunningDev {
        RunningDev { url: self.url.clone() }
    }

    /// Stops an execution.
    pub(crate) fn stop(&self, arn: &str, reason: Option<&str>) -> Result<()> {
        let body = reason.map(|reason| json!({ "ErrorMessage": reason }).to_string()).unwrap_or_default();
        self.change(arn, "/stop", body)
    }

    /// Pauses an execution.
    pub(crate) fn pause(&self, arn: &str, reason: Option<&str>) -> Result<()> {
        self.change(arn, "/pause", json!({ "Reason": reason }).to_string())
    }

    /// Resumes an execution.
    pub(crate) fn resume(&self, arn: &str, reason: Option<&str>) -> Result<()> {
        self.change(arn, "/resume", json!({ "Reason": reason }).to_string())
    }

    /// Deletes an ended execution.
    pub(crate) fn delete(&self, arn: &str) -> Result<()> {
        self.send("DELETE", &format!("durable-executions/{}", path_segment(arn)), String::new()).map(drop)
    }

    /// Answers a callback: `succeed`, `fail` or `heartbeat`.
    pub(crate) fn answer(&self, callback: &str, operation: &str, body: String) -> Result<()> {
        let path = format!("durable-execution-callbacks/{}/{operation}", path_segment(callback));
        self.send("POST", &path, body).map(drop)
    }

    fn change(&self, arn: &str, suffix: &str, body: String) -> Result<()> {
        self.send("POST", &format!("durable-executions/{}{suffix}", path_segment(arn)), body).map(drop)
    }

    fn pages(&self, path: &str, key: &str) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        let mut marker = String::new();
        loop {
            let mut page = self.send("GET", &format!("{path}?MaxItems=1000&{marker}"), String::new())?;
            if let Value::Array(items) = page[key].take() {
                all.extend(items);
            }
            match page["NextMarker"].as_str() {
                Some(next) => marker = format!("Marker={}", path_segment(next)),
                None => return Ok(all),
            }
        }
    }

    /// Returns the JSON of the response; null if it is empty.
    fn send(&self, method: &str, path: &str, body: String) -> Result<Value> {
        let headers = [("authorization", CREDENTIALS), ("content-type", "application/json")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let path = format!("{PREFIX}{path}");
        let request = HttpRequest { method: method.to_owned(), path, headers, body: body.into() };
        let response = self.runtime.block_on(request_to(&self.url, None, request)).map_err(|reason| {
            Error::call(format!("no dev server answers at {}", self.url)).cause(reason).help(NO_SERVER_HELP)
        })?;
        let value: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        if (200..300).contains(&response.status) {
            return Ok(value);
        }
        let message = value["message"].as_str().or_else(|| value["Message"].as_str());
        let message = message.map_or_else(|| format!("the server responded {}", response.status_text), str::to_owned);
        let exception = response.exception.unwrap_or_default();
        if exception == "UnknownOperationException" {
            return Err(Error::call(format!("the dev server has no durable worker: {message}"))
                .help("restart `cargo bedrock dev`"));
        }
        Err(Error::call(message).cause(exception))
    }
}

/// Returns the table of `ls`. `codes` says which executions go on with old code.
pub(crate) fn executions_table(executions: &[Value], codes: &ExecutionCodes) -> String {
    let rows = executions.iter().map(|execution| {
        let arn = execution["DurableExecutionArn"].as_str().unwrap_or_default();
        let (name, id) = name_and_id(arn);
        let function = execution["FunctionArn"].as_str().unwrap_or_default();
        let worker =
            function.split(':').nth(6).and_then(|name| name.split_once("-local-")).map_or("", |(_, worker)| worker);
        [
            id.chars().take(SHORT_ID_LENGTH).collect(),
            worker.to_owned(),
            status_text(execution["Status"].as_str().unwrap_or_default(), codes.is_old(arn)),
            time(&execution["StartTimestamp"]),
            if name == id { String::new() } else { name.to_owned() },
        ]
    });
    align_columns(rows, &[])
}

fn status_text(status: &str, has_old_code: bool) -> String {
    if has_old_code { format!("{status} (old code)") } else { status.to_owned() }
}

/// Returns the table of `history`.
pub(crate) fn history_table(events: &[Value]) -> String {
    let rows = events.iter().map(|event| {
        let event_type = event["EventType"].as_str().unwrap_or_default();
        [
            event["EventId"].to_string(),
            time(&event["EventTimestamp"]),
            event_type.to_owned(),
            event["Name"].as_str().unwrap_or_default().to_owned(),
            detail(&event[format!("{event_type}Details")]),
        ]
    });
    align_columns(rows, &[0])
}

/// Returns what is worth a column: what a person has to answer, how long it takes, what failed.
fn detail(details: &Value) -> String {
    let error = &details["Error"]["Payload"];
    let parts = [
        details["CallbackId"].as_str().map(|id| format!("callback {id}")),
        details["Duration"].as_u64().map(|seconds| format!("{seconds} s")),
        details["FunctionName"].as_str().map(str::to_owned),
        details["RetryDetails"]["NextAttemptDelaySeconds"].as_u64().map(|seconds| format!("again after {seconds} s")),
        error["ErrorType"].as_str().map(str::to_owned),
        error["ErrorMessage"].as_str().map(|message| message.lines().next().unwrap_or_default().to_owned()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Formats a timestamp of the API, seconds since 1970.
fn time(seconds: &Value) -> String {
    let duration = std::time::Duration::try_from_secs_f64(seconds.as_f64().unwrap_or_default()).unwrap_or_default();
    bedrock_model::date::rfc3339(std::time::UNIX_EPOCH + duration)
}

/// Returns the history of the execution of a stage whose name or id starts with `text`, or that has this ARN.
pub(crate) fn remote_history(app: &App, request: &StageRequest, text: &str) -> Result<Vec<Value>> {
    let durable = app.workers.iter().filter(|worker| worker.settings.durable.is_some());
    let workers = durable.map(|worker| worker.name.to_string()).collect();
    let is_asked = |arn: &str| matches(arn, text);
    let request = HistoryRequest { stage: request, workers, is_running: false, is_asked: &is_asked };
    let mut found = bedrock_deploy::read_histories(app, &request)?;
    match (found.pop(), found.len()) {
        (Some(history), 0) => Ok(history.events),
        (None, _) => Err(Error::call(format!("no execution `{text}` in stage `{}`", request.stage.stage.as_str()))),
        (Some(_), others) => Err(ambiguous(text, others + 1)),
    }
}

fn ambiguous(text: &str, count: usize) -> Error {
    Error::call(format!("the names or ids of {count} executions start with `{text}`")).help("use more characters")
}

/// Returns whether name or id in an ARN start with `text`, or whether it is the ARN.
pub(crate) fn matches(arn: &str, text: &str) -> bool {
    let (name, id) = name_and_id(arn);
    arn == text || name.starts_with(text) || id.starts_with(text)
}

/// Returns name and id in the ARN of an execution.
pub(crate) fn name_and_id(arn: &str) -> (&str, &str) {
    let rest = arn.split_once("/durable-execution/").map_or("", |(_, rest)| rest);
    rest.split_once('/').unwrap_or((rest, rest))
}

#[cfg(test)]
mod tests {
    use super::{ExecutionCodes, executions_table, history_table};
    use crate::running_dev::path_segment;
    use serde_json::json;

    const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:shop-local-order_flow:$LATEST/durable-execution/order-7/0b1c2d3e-0000-4000-8000-000000000001";

    #[test]
    fn tables_show_what_people_need() {
        let execution = json!({
            "DurableExecutionArn": ARN, "FunctionArn": ARN.split('/').next(), "Status": "RUNNING",
            "StartTimestamp": 1_795_588_500.5,
        });
        let expected = "0b1c2d3e  order_flow  RUNNING  2026-11-25T06:35:00.500Z  order-7\n";
        assert_eq!(executions_table(std::slice::from_ref(&execution), &ExecutionCodes::default()), expected);
        let mut codes = ExecutionCodes::default();
        codes.of_executions.insert(ARN.to_owned(), Some("old".to_owned()));
        assert_eq!(executions_table(&[execution], &codes), expected.replace("RUNNING", "RUNNING (old code)"));
        let events = [
            json!({ "EventId": 1, "EventType": "WaitStarted", "Name": "grace", "EventTimestamp": 1_795_588_500.0,
                    "WaitStartedDetails": { "Duration": 60 } }),
            json!({ "EventId": 10, "EventType": "StepFailed", "EventTimestamp": 1_795_588_500.0,
                    "StepFailedDetails": { "Error": { "Payload": { "ErrorType": "E", "ErrorMessage": "no\nmore" } },
                                           "RetryDetails": { "NextAttemptDelaySeconds": 5 } } }),
        ];
        let expected = " 1  2026-11-25T06:35:00.000Z  WaitStarted  grace  60 s\n\
                        10  2026-11-25T06:35:00.000Z  StepFailed          again after 5 s, E, no\n";
        assert_eq!(history_table(&events), expected);
    }

    #[test]
    fn arns_are_encoded_in_paths() {
        assert_eq!(path_segment("a:$LATEST/b+=é"), "a%3A%24LATEST%2Fb%2B%3D%C3%A9");
    }
}
