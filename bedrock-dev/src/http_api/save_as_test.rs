//! Saves an invocation as a test of the app: a file in `tests/` that calls the worker with the same event and expects
//! the same response. For a failed invocation, the test fails until its cause is fixed. Existing files are never
//! overwritten.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path as FilePath;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde_json::json;

use super::query_params::QueryParams;
use super::response::{ApiError, ApiResult, ok};
use super::state::ApiState;
use crate::ENDPOINT;
use crate::event_log::{
    DevEvent, DevEventKind, InvocationEnded, InvocationStarted, MAX_STORED_BYTES, Payload, VERSION,
};

/// Characters of the request id in the names of file and test.
const SHORT_ID_CHARS: usize = 8;

/// `POST /_bedrock/v1/invocations/{request_id}/test`
pub(super) async fn save(
    State(state): State<Arc<ApiState>>,
    Path(request_id): Path<String>,
    query: Query<HashMap<String, String>>,
) -> ApiResult {
    let params = QueryParams::read(query, &["write"])?;
    let should_write = params.one_of("write", &["true", "false"])? == Some("true");
    let events = state.log.all();
    let (started, ended) = last_attempt(&events, &request_id)?;
    let file = file_name(started);
    let content = test_source(started, ended)?;
    if should_write {
        write_new_file(&state.root, &file, &content)?;
    }
    Ok(ok(&json!({ "version": VERSION, "file": file, "content": content, "written": should_write })))
}

/// Returns the start and the end of the last attempt.
fn last_attempt<'a>(
    events: &'a [Arc<DevEvent>],
    request_id: &str,
) -> Result<(&'a InvocationStarted, Option<&'a InvocationEnded>), ApiError> {
    let mut started = None;
    let mut ended = None;
    for event in events {
        match &event.kind {
            DevEventKind::InvocationStarted(start) if &*start.request_id == request_id => {
                started = Some(start);
                ended = None;
            }
            DevEventKind::InvocationEnded(end) if &*end.request_id == request_id => ended = Some(end),
            _ => {}
        }
    }
    let started = started.ok_or_else(|| ApiError::not_found(format!("no invocation `{request_id}` is stored")))?;
    Ok((started, ended))
}

fn short_id(started: &InvocationStarted) -> String {
    started.request_id.chars().filter(char::is_ascii_alphanumeric).take(SHORT_ID_CHARS).collect()
}

fn file_name(started: &InvocationStarted) -> String {
    format!("tests/{}_{}.rs", started.worker, short_id(started))
}

fn test_source(started: &InvocationStarted, ended: Option<&InvocationEnded>) -> Result<String, ApiError> {
    let InvocationStarted { worker, request_id, event, .. } = started;
    if &**worker == ENDPOINT {
        return Err(ApiError::bad_request(
            "an invocation of the endpoint cannot be saved as a test: tests of the endpoint call `app.get(…)`",
        ));
    }
    let event = string_literal(event).ok_or_else(|| {
        let bytes = event.bytes();
        ApiError::bad_request(format!("the event has {bytes} bytes; a saved test may have at most {MAX_STORED_BYTES}"))
    })?;
    let id = short_id(started);
    let (name, comment) = match ended {
        Some(InvocationEnded { error_type: Some(error_type), message, .. }) => {
            let message = message.as_deref().unwrap_or_default();
            let comment = single_line(&format!("The invocation failed with `{error_type}`: {message}"));
            (format!("{worker}_does_not_fail_{id}"), comment)
        }
        _ => (
            format!("{worker}_returns_the_same_response_{id}"),
            "This test expects the response of that invocation.".to_owned(),
        ),
    };
    let response = ended.and_then(|ended| ended.response.as_ref()).and_then(string_literal);
    let (variable, expected) = match response {
        Some(response) => (
            "response",
            format!(
                "    let expected: Value = serde_json::from_str({response})?;\n    assert_eq!(response, expected);\n"
            ),
        ),
        None => ("_response", String::new()),
    };
    Ok(format!(
        "//! Saved from the invocation `{request_id}` in `cargo bedrock dev`. {comment}\n\n\
         use bedrock::test::App;\nuse serde_json::Value;\n\n\
         #[bedrock::test]\nasync fn {name}(app: App) -> bedrock::Result<()> {{\n    \
         let event: Value = serde_json::from_str({event})?;\n    \
         let {variable}: Value = app.invoke(\"{worker}\", event).await?;\n{expected}    Ok(())\n}}\n"
    ))
}

/// Returns JSON as a Rust raw string. Returns `None` if the payload is not JSON or truncated.
fn string_literal(payload: &Payload) -> Option<String> {
    let json = payload.json()?;
    let mut hashes = "#".to_owned();
    while json.contains(&format!("\"{hashes}")) {
        hashes.push('#');
    }
    Some(format!("r{hashes}\"{json}\"{hashes}"))
}

/// Returns the text as a single line for a comment.
fn single_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}

fn write_new_file(root: &FilePath, file: &str, content: &str) -> Result<(), ApiError> {
    let path = root.join(file);
    let result = path
        .parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| OpenOptions::new().write(true).create_new(true).open(&path)?.write_all(content.as_bytes()));
    result.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => ApiError::new(StatusCode::CONFLICT, format!("`{file}` already exists")),
        _ => ApiError::internal(&format!("failed to write `{file}`: {error}")),
    })
}
