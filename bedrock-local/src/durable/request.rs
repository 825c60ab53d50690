//! Reads the operations below `/2025-12-01/`: paths with ARNs, raw or percent-encoded, query parameters and bodies.

use axum::body::{Body, Bytes};
use axum::http::{Method, Uri};
use bedrock_durable::{CallbackId, DurableError, ErrorKind, ErrorObject, ExecutionArn, PageRequest, Timestamp};
use bedrock_model::{ExecutionError, date};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::service::api_error;

/// Prefix of the paths.
pub(super) const PREFIX: &str = "/2025-12-01/";
/// The largest body that is read.
const MAX_BODY_BYTES: usize = 6 * 1024 * 1024;
/// The longest reason for pausing or resuming.
const MAX_REASON_CHARACTERS: usize = 1024;

/// An operation and what it refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operation {
    Checkpoint(ExecutionArn),
    State(ExecutionArn),
    Get(ExecutionArn),
    History(ExecutionArn),
    Stop(ExecutionArn),
    Pause(ExecutionArn),
    Resume(ExecutionArn),
    Delete(ExecutionArn),
    /// The name of the function.
    List(String),
    CallbackSuccess(CallbackId),
    CallbackFailure(CallbackId),
    CallbackHeartbeat(CallbackId),
}

impl Operation {
    /// Reads method and path. `None` if there is no such operation.
    pub(super) fn parse(method: &Method, path: &str) -> Option<Result<Self, DurableError>> {
        let path = percent_decoded(path.strip_prefix(PREFIX)?);
        if let Some(rest) = path.strip_prefix("durable-executions/") {
            return Self::of_execution(method, rest);
        }
        if let Some(rest) = path.strip_prefix("durable-execution-callbacks/") {
            // Ids contain slashes, too.
            let (id, operation) = rest.rsplit_once('/')?;
            let create = match (method, operation) {
                (&Method::POST, "succeed") => Self::CallbackSuccess,
                (&Method::POST, "fail") => Self::CallbackFailure,
                (&Method::POST, "heartbeat") => Self::CallbackHeartbeat,
                _ => return None,
            };
            return Some(CallbackId::decode(id).map(create));
        }
        let name = path.strip_prefix("functions/")?.strip_suffix("/durable-executions")?;
        (method == Method::GET).then(|| Ok(Self::List(name.to_owned())))
    }

    fn of_execution(method: &Method, rest: &str) -> Option<Result<Self, DurableError>> {
        type Create = fn(ExecutionArn) -> Operation;
        let operations: [(Method, &str, Create); 6] = [
            (Method::POST, "/checkpoint", Self::Checkpoint),
            (Method::GET, "/state", Self::State),
            (Method::GET, "/history", Self::History),
            (Method::POST, "/stop", Self::Stop),
            (Method::POST, "/pause", Self::Pause),
            (Method::POST, "/resume", Self::Resume),
        ];
        for (known, suffix, create) in operations {
            if let Some(arn) = rest.strip_suffix(suffix).filter(|_| *method == known) {
                return Some(ExecutionArn::parse(arn).map(create));
            }
        }
        match *method {
            Method::GET => Some(ExecutionArn::parse(rest).map(Self::Get)),
            Method::DELETE => Some(ExecutionArn::parse(rest).map(Self::Delete)),
            _ => None,
        }
    }
}

/// The query parameters of a request.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn of(uri: &Uri) -> Self {
        Self(form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect())
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>, DurableError> {
        match self.text(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(not_convertible(other, "Boolean")),
        }
    }

    pub(super) fn page(&self) -> Result<PageRequest, DurableError> {
        let max_items = match self.text("MaxItems") {
            None => 0,
            Some(text) => match text.parse::<i64>() {
                Ok(number) if number < 0 => {
                    let constraint = "Member must have value greater than or equal to 0";
                    return Err(DurableError::validation("maxItems", text, constraint));
                }
                Ok(number) if number > 1000 => {
                    let constraint = "Member must have value less than or equal to 1000";
                    return Err(DurableError::validation("maxItems", text, constraint));
                }
                Ok(number) => usize::try_from(number).unwrap_or_default(),
                Err(_) => return Err(not_convertible(text, "Integer")),
            },
        };
        Ok(PageRequest { marker: self.text("Marker").map(str::to_owned), max_items })
    }

    /// Reads a date, `2026-11-25T06:35:00Z`.
    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, DurableError> {
        let read = |text| date::parse(text).map(Timestamp::from).ok_or_else(|| not_convertible(text, "Date"));
        self.text(name).map(read).transpose()
    }
}

/// The body of `PauseDurableExecution` and `ResumeDurableExecution`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct PauseBody {
    pub(super) client_token: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) execution_timeout_paused: Option<bool>,
}

impl PauseBody {
    pub(super) fn parse(body: &[u8]) -> Result<Self, DurableError> {
        let parsed: Self = parse_body(body)?.unwrap_or_default();
        if let Some(reason) = parsed.reason.as_ref().filter(|reason| reason.chars().count() > MAX_REASON_CHARACTERS) {
            let constraint = format!("Member must have length less than or equal to {MAX_REASON_CHARACTERS}");
            return Err(DurableError::validation("reason", reason, &constraint));
        }
        Ok(parsed)
    }
}

/// Reads the error of `StopDurableExecution` and `SendDurableExecutionCallbackFailure`. `None` for an empty body.
pub(super) fn parse_error(body: &[u8]) -> Result<Option<ErrorObject>, DurableError> {
    parse_body(body)
}

fn parse_body<T: DeserializeOwned>(body: &[u8]) -> Result<Option<T>, DurableError> {
    if body.is_empty() {
        return Ok(None);
    }
    let parsed = serde_json::from_slice(body);
    parsed.map(Some).map_err(|error| DurableError::new(ErrorKind::Serialization, error.to_string()))
}

/// Reads a body.
pub(super) async fn read_body(body: Body) -> Result<Bytes, ExecutionError> {
    axum::body::to_bytes(body, MAX_BODY_BYTES).await.map_err(|_| ExecutionError {
        exception: "RequestTooLargeException",
        status: 413,
        message: format!("Request must be smaller than {MAX_BODY_BYTES} bytes for the operation"),
    })
}

fn not_convertible(value: &str, kind: &str) -> DurableError {
    DurableError::new(ErrorKind::Serialization, format!("'{value}' can not be converted to {kind}"))
}

/// Returns the result of a callback as text.
pub(super) fn callback_result(body: &Bytes) -> Result<Option<String>, ExecutionError> {
    let limit = bedrock_durable::limits::MAX_OPERATION_PAYLOAD_BYTES;
    if body.len() > limit {
        let message = format!("CALLBACK output payload size must be less than or equal to {limit} bytes.");
        return Err(api_error(&DurableError::invalid(message)));
    }
    match std::str::from_utf8(body) {
        Ok("") => Ok(None),
        Ok(text) => Ok(Some(text.to_owned())),
        Err(_) => Err(api_error(&DurableError::invalid("The result of the callback is not valid UTF-8"))),
    }
}

/// Decodes a path. Bytes that are not valid UTF-8 are replaced: no ARN has them.
fn percent_decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Operation, PREFIX, PauseBody, Query};
    use axum::http::Method;
    use bedrock_durable::ExecutionArn;

    const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:x:$LATEST/durable-execution/a/b";

    #[test]
    fn raw_and_encoded_arns_are_the_same_path() {
        let encoded = ARN.replace(':', "%3A").replace('$', "%24").replace('/', "%2F");
        let arn = ExecutionArn::parse(ARN).expect("valid");
        for text in [ARN, &encoded] {
            let parse = |method, suffix| {
                Operation::parse(&method, &format!("{PREFIX}durable-executions/{text}{suffix}"))
                    .map(|operation| operation.expect("valid"))
            };
            assert_eq!(parse(Method::GET, ""), Some(Operation::Get(arn.clone())));
            assert_eq!(parse(Method::DELETE, ""), Some(Operation::Delete(arn.clone())));
            assert_eq!(parse(Method::GET, "/history"), Some(Operation::History(arn.clone())));
            assert_eq!(parse(Method::POST, "/checkpoint"), Some(Operation::Checkpoint(arn.clone())));
            assert_eq!(parse(Method::PUT, ""), None);
        }
    }

    #[test]
    fn other_paths_are_operations_or_unknown() {
        let parse = |method: Method, path: &str| Operation::parse(&method, &format!("{PREFIX}{path}"));
        let list = parse(Method::GET, "functions/a%3Alive/durable-executions").expect("known").expect("valid");
        assert_eq!(list, Operation::List("a:live".to_owned()));
        let error = parse(Method::GET, "durable-executions/x").expect("known").expect_err("an ARN");
        assert_eq!(error.kind.name(), "ValidationException");
        let error = parse(Method::POST, "durable-execution-callbacks/a%20b/fail").expect("known").expect_err("an id");
        assert_eq!(error.kind.name(), "ValidationException");
        for (method, path) in [
            (Method::POST, "functions/a/durable-executions"),
            (Method::GET, "functions/a"),
            (Method::POST, "durable-execution-callbacks/QUJD/cancel"),
            (Method::POST, "durable-execution-callbacks/QUJD"),
            (Method::GET, ""),
        ] {
            assert!(parse(method, path).is_none(), "{path}");
        }
    }

    #[test]
    fn wrong_query_parameters_are_errors_of_the_api() {
        let query = |text: &str| Query::of(&format!("/?{text}").parse().expect("a URI"));
        let name = |error: bedrock_durable::DurableError| error.kind.name();
        assert_eq!(query("MaxItems=5&Marker=x").page().expect("valid").max_items, 5);
        assert_eq!(name(query("MaxItems=-1").page().expect_err("negative")), "ValidationException");
        assert_eq!(name(query("MaxItems=1001").page().expect_err("large")), "ValidationException");
        let error = query("MaxItems=x").page().expect_err("text");
        assert_eq!(error.message, "'x' can not be converted to Integer");
        assert_eq!(query("A=true").boolean("A").expect("valid"), Some(true));
        assert_eq!(name(query("A=yes").boolean("A").expect_err("text")), "SerializationException");
        assert!(query("T=2026-11-25T06%3A35%3A00Z").time("T").expect("valid").is_some());
        assert_eq!(query("T=NaN").time("T").expect_err("text").message, "'NaN' can not be converted to Date");
    }

    #[test]
    fn reasons_have_a_limit() {
        let body = |length| format!("{{\"Reason\":\"{}\"}}", "ä".repeat(length));
        assert!(PauseBody::parse(body(1024).as_bytes()).is_ok());
        assert_eq!(PauseBody::parse(body(1025).as_bytes()).expect_err("long").kind.name(), "ValidationException");
        assert_eq!(PauseBody::parse(b"[").expect_err("no JSON").kind.name(), "SerializationException");
        assert!(PauseBody::parse(b"").expect("empty").reason.is_none());
    }
}
