//! An invocation as a test of the app: a file in `tests/` that calls the worker with the same event and expects the same
//! response. One that failed becomes a test that fails until its cause is gone. Nothing is written over.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path as File;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde_json::json;

use super::query_params::QueryParams;
use super::response::{ApiError, ApiResult, ok};
use super::state::ApiState;
use crate::ENDPOINT;
use crate::event_log::{DevEvent, DevEventKind, InvocationEnded, InvocationStarted, LONGEST, Payload, VERSION};

/// Characters of a request id that the names of file and test have.
const SHORT: usize = 8;

/// `POST /_bedrock/v1/invocations/{request_id}/test`
pub(super) async fn save(
    State(desk): State<Arc<ApiState>>,
    Path(request_id): Path<String>,
    query: Query<HashMap<String, String>>,
) -> ApiResult {
    let given = QueryParams::read(query, &["write"])?;
    let is_to_write = given.one_of("write", &["true", "false"])? == Some("true");
    let kept = desk.stream.all();
    let (started, ended) = found(&kept, &request_id)?;
    let (file, content) = (file(started), content(started, ended)?);
    if is_to_write {
        write(&desk.root, &file, &content)?;
    }
    Ok(ok(&json!({ "version": VERSION, "file": file, "content": content, "written": is_to_write })))
}

/// How the last attempt began and ended.
fn found<'a>(
    kept: &'a [Arc<DevEvent>],
    request_id: &str,
) -> Result<(&'a InvocationStarted, Option<&'a InvocationEnded>), ApiError> {
    let (mut started, mut ended) = (None, None);
    for happening in kept {
        match &happening.kind {
            DevEventKind::InvocationStarted(one) if &*one.request_id == request_id => {
                (started, ended) = (Some(one), None)
            }
            DevEventKind::InvocationEnded(one) if &*one.request_id == request_id => ended = Some(one),
            _ => {}
        }
    }
    let started = started.ok_or_else(|| ApiError::not_found(format!("no invocation `{request_id}` is kept")))?;
    Ok((started, ended))
}

fn short(started: &InvocationStarted) -> String {
    started.request_id.chars().filter(char::is_ascii_alphanumeric).take(SHORT).collect()
}

fn file(started: &InvocationStarted) -> String {
    format!("tests/{}_{}.rs", started.worker, short(started))
}

fn content(started: &InvocationStarted, ended: Option<&InvocationEnded>) -> Result<String, ApiError> {
    let InvocationStarted { worker, request_id, event, .. } = started;
    if &**worker == ENDPOINT {
        return Err(ApiError::bad("an invocation of the endpoint cannot be saved, its tests call `app.get(…)`"));
    }
    let event = literal(event).ok_or_else(|| {
        let bytes = event.bytes();
        ApiError::bad(format!("the event has {bytes} bytes, of which a saved test may have {LONGEST}"))
    })?;
    let short = short(started);
    let (name, said) = match ended {
        Some(InvocationEnded { error_type: Some(error_type), message, .. }) => {
            let message = message.as_deref().unwrap_or_default();
            let said = line(&format!("It failed with `{error_type}`: {message}"));
            (format!("{worker}_does_not_fail_{short}"), said)
        }
        _ => (format!("{worker}_answers_as_it_did_{short}"), "It answered as this test expects.".to_owned()),
    };
    let response = ended.and_then(|ended| ended.response.as_ref()).and_then(literal);
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
        "//! Saved from the invocation `{request_id}` in `cargo bedrock dev`. {said}\n\n\
         use bedrock::test::App;\nuse serde_json::Value;\n\n\
         #[bedrock::test]\nasync fn {name}(app: App) -> bedrock::Result<()> {{\n    \
         let event: Value = serde_json::from_str({event})?;\n    \
         let {variable}: Value = app.invoke(\"{worker}\", event).await?;\n{expected}    Ok(())\n}}\n"
    ))
}

/// JSON as a string of Rust; nothing of what is not kept whole.
fn literal(payload: &Payload) -> Option<String> {
    let json = payload.json()?;
    let mut hashes = "#".to_owned();
    while json.contains(&format!("\"{hashes}")) {
        hashes.push('#');
    }
    Some(format!("r{hashes}\"{json}\"{hashes}"))
}

/// One line of a comment, whatever is in it.
fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}

fn write(root: &File, file: &str, content: &str) -> Result<(), ApiError> {
    let path = root.join(file);
    let written = path
        .parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| OpenOptions::new().write(true).create_new(true).open(&path)?.write_all(content.as_bytes()));
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => ApiError::new(StatusCode::CONFLICT, format!("`{file}` is there already")),
        _ => ApiError::failed(&format!("failed to write `{file}`: {error}")),
    })
}
