//! The operations of the API that read: their parameters, pages and responses.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::arn::ExecutionArn;
use crate::engine::DurableEngine;
use crate::error::DurableError;
use crate::execution::{Execution, ExecutionStatus};
use crate::history::HistoryEvent;
use crate::limits::{DEFAULT_PAGE_ITEMS, MAX_INVOCATION_PAGE_BYTES, MAX_PAGE_ITEMS};
use crate::store::{ExecutionFilter, ExecutionStore, ExecutionSummary};
use crate::time::{Timestamp, with_api_timestamps};
use crate::view;

/// The page that a caller asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// The `NextMarker` of the page before.
    pub marker: Option<String>,
    /// The maximum number of items; 0 for the default.
    pub max_items: usize,
}

/// The parameters of `GetDurableExecutionHistory`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryRequest {
    /// Whether payloads are returned.
    pub include_data: bool,
    /// Whether the newest event comes first.
    pub newest_first: bool,
    /// The page.
    pub page: PageRequest,
}

/// The parameters of `ListDurableExecutionsByFunction`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListRequest {
    /// The worker; `None` for all.
    pub worker: Option<String>,
    /// The name of the executions.
    pub name: Option<String>,
    /// The status.
    pub status: Option<ExecutionStatus>,
    /// The earliest start.
    pub started_after: Option<Timestamp>,
    /// The latest start.
    pub started_before: Option<Timestamp>,
    /// Whether the oldest execution comes first.
    pub oldest_first: bool,
    /// The page.
    pub page: PageRequest,
}

impl PageRequest {
    fn start(&self) -> Result<usize, DurableError> {
        let Some(marker) = &self.marker else { return Ok(0) };
        let text = BASE64_STANDARD.decode(marker).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        text.and_then(|text| text.parse().ok()).ok_or_else(|| DurableError::invalid("Invalid Marker"))
    }

    fn items(&self) -> usize {
        if self.max_items == 0 { DEFAULT_PAGE_ITEMS } else { self.max_items.min(MAX_PAGE_ITEMS) }
    }

    /// Adds the items of this page to `response` under `key`.
    fn fill<T>(
        &self,
        response: &mut Value,
        key: &str,
        all: &[T],
        to_api: impl Fn(&T) -> Value,
    ) -> Result<(), DurableError> {
        let start = self.start()?;
        let end = start.saturating_add(self.items());
        if end < all.len() {
            response["NextMarker"] = marker(end).into();
        }
        response[key] = all.iter().skip(start).take(self.items()).map(to_api).collect();
        Ok(())
    }
}

fn marker(position: usize) -> String {
    BASE64_STANDARD.encode(position.to_string())
}

impl<S: ExecutionStore> DurableEngine<S> {
    /// `GetDurableExecution`
    pub fn get(&self, arn: &ExecutionArn, include_data: bool) -> Result<Value, DurableError> {
        self.read(arn, |execution| describe(execution, include_data))
    }

    /// `GetDurableExecutionHistory`
    pub fn history(&self, arn: &ExecutionArn, request: &HistoryRequest) -> Result<Value, DurableError> {
        self.read(arn, |execution| {
            let mut events: Vec<&HistoryEvent> = execution.events.iter().collect();
            if request.newest_first {
                events.reverse();
            }
            let mut response = json!({});
            request.page.fill(&mut response, "Events", &events, |event| event.to_api(request.include_data))?;
            Ok(response)
        })?
    }

    /// `GetDurableExecutionState`
    pub fn state(&self, arn: &ExecutionArn, token: &str, page: &PageRequest) -> Result<Value, DurableError> {
        if !self.index.contains(arn) {
            return Err(DurableError::stale_token());
        }
        self.read(arn, |execution| state_page(execution, token, page))?
    }

    /// `ListDurableExecutionsByFunction`
    pub fn list(&self, request: &ListRequest) -> Result<Value, DurableError> {
        let filter = ExecutionFilter {
            worker: request.worker.clone(),
            name: request.name.clone(),
            status: request.status,
            started_after: request.started_after,
            started_before: request.started_before,
            oldest_first: request.oldest_first,
        };
        let start = request.page.start()?;
        let count = request.page.items();
        // One more, to know whether there is another page.
        let mut summaries = self.store.page(&filter, start, count + 1)?;
        let mut response = json!({});
        if summaries.len() > count {
            summaries.truncate(count);
            response["NextMarker"] = marker(start.saturating_add(count)).into();
        }
        let to_api = |summary: &ExecutionSummary| {
            let mut item = json!({
                "DurableExecutionArn": summary.arn.as_str(),
                "DurableExecutionName": summary.arn.name(),
                "FunctionArn": summary.arn.function_arn(),
                "Status": summary.status.as_str(),
                "StartTimestamp": summary.started,
            });
            if let Some(ended) = summary.ended {
                item["EndTimestamp"] = ended.0.into();
            }
            with_api_timestamps(item)
        };
        response["DurableExecutions"] = summaries.iter().map(to_api).collect();
        Ok(response)
    }
}

/// Returns a page of the state of an execution, to the invocation that has this token.
fn state_page(execution: &Execution, token: &str, page: &PageRequest) -> Result<Value, DurableError> {
    execution.check_token(token)?;
    // The marker of the event of an invocation is a plain number.
    let start = page.marker.as_ref().filter(|marker| !marker.is_empty());
    let start = match start.map(|marker| marker.parse()) {
        None => 0,
        Some(Ok(start)) => start,
        Some(Err(_)) => return Err(DurableError::invalid("Invalid Marker")),
    };
    let page = view::page(execution, start, page.items(), MAX_INVOCATION_PAGE_BYTES);
    let mut response = json!({ "Operations": page.operations });
    if let Some(next) = page.next {
        response["NextMarker"] = next.to_string().into();
    }
    Ok(with_api_timestamps(response))
}

fn describe(execution: &Execution, include_data: bool) -> Value {
    let mut response = json!({
        "DurableExecutionArn": execution.arn.as_str(),
        "DurableExecutionName": execution.arn.name(),
        "FunctionArn": execution.arn.function_arn(),
        "StartTimestamp": execution.started,
        "Status": execution.status.as_str(),
        "Version": execution.arn.version(),
        "TraceHeader": { "XAmznTraceId": execution.trace },
        "ExecutionDataIncluded": include_data,
        "DurableConfig": {
            "ExecutionTimeout": execution.config.execution_timeout,
            "RetentionPeriodInDays": execution.config.retention_days,
        },
    });
    match execution.ended {
        Some(ended) => response["EndTimestamp"] = ended.0.into(),
        None => response["ExpectedExecutionTimeoutTimestamp"] = execution.timeout_at().0.into(),
    }
    if let Some(pause) = &execution.pause {
        response["PauseDetails"] = json!({
            "PauseRequestTimestamp": pause.requested,
            "ExecutionTimeoutPaused": pause.is_timeout_paused,
        });
        if let Some(reason) = pause.reason.as_ref().filter(|_| include_data) {
            response["PauseDetails"]["Reason"] = reason.as_str().into();
        }
    }
    if include_data {
        response["InputPayload"] = execution.input().into();
        if let Some(result) = &execution.result {
            response["Result"] = result.as_str().into();
        }
        if let Some(error) = &execution.error {
            response["Error"] = json!(error);
        }
    }
    with_api_timestamps(response)
}
