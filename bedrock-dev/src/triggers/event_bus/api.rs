//! EventBridge's API: `PutEvents`, in the JSON protocol. Requests need credentials, of any value; the access check of the port
//! has already rejected pages of other origins.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::routing::any;
use bedrock_build::triggers::DEFAULT_BUS;
use bedrock_local::event_sources::BusEvent;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::super::aws_api::{EVENTS_PATH, has_credentials, new_uuid};
use super::bus::EventBuses;

/// Maximum size of a request: more than AWS accepts, so that its error names the limit.
const MAX_REQUEST_BYTES: usize = 4 * 1024 * 1024;
/// How long a client may take for a request.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// Events of a request (API reference, `PutEvents`).
const MAX_ENTRIES: usize = 10;
/// Bytes of all entries (EventBridge user guide, "Calculating PutEvents event entry size").
const MAX_ENTRIES_BYTES: usize = 256 * 1024;
/// Bytes that a time counts for.
const TIME_BYTES: usize = 14;
/// The header `x-amz-target` of the only operation.
const PUT_EVENTS: &str = "AWSEvents.PutEvents";

/// An error of the whole request, or of one entry: code and message.
struct EventsError {
    code: &'static str,
    message: String,
    status: StatusCode,
}

impl EventsError {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), status: StatusCode::BAD_REQUEST }
    }
}

/// Returns the routes, all below `/_events`.
pub(in super::super) fn router(buses: &Arc<EventBuses>) -> Router {
    Router::new()
        .route(EVENTS_PATH, any(serve))
        .route(&format!("{EVENTS_PATH}/"), any(serve))
        .with_state(Arc::clone(buses))
}

async fn serve(State(buses): State<Arc<EventBuses>>, request: Request) -> Response<Body> {
    let (status, body) = match handle(&buses, request).await {
        Ok(value) => (StatusCode::OK, value),
        Err(error) => (error.status, json!({ "__type": error.code, "message": error.message })),
    };
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/x-amz-json-1.1"));
    if let Ok(id) = HeaderValue::from_str(&new_uuid()) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

async fn handle(buses: &EventBuses, request: Request) -> Result<Value, EventsError> {
    let (head, body) = request.into_parts();
    if !has_credentials(&head.headers) {
        let error = EventsError::new("MissingAuthenticationTokenException", "Missing Authentication Token");
        return Err(EventsError { status: StatusCode::FORBIDDEN, ..error });
    }
    let target = head.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if target != PUT_EVENTS {
        let message = format!(
            "`{}` is not an operation of the local EventBridge, whose buses and rules come from `triggers` and `uses` in the \
             settings",
            target.trim_start_matches("AWSEvents.")
        );
        return Err(EventsError::new("UnknownOperationException", message));
    }
    let invalid = |message: String| EventsError::new("ValidationException", message);
    let body = timeout(BODY_TIMEOUT, to_bytes(body, MAX_REQUEST_BYTES))
        .await
        .map_err(|_| invalid(format!("the request was not complete after {BODY_TIMEOUT:?}")))?
        .map_err(|_| invalid(format!("a request may have at most {MAX_REQUEST_BYTES} bytes")))?;
    let params: Value =
        serde_json::from_slice(&body).map_err(|error| EventsError::new("SerializationException", error.to_string()))?;
    put_events(buses, &params).await
}

/// Puts each entry. An error in one does not affect the others.
async fn put_events(buses: &EventBuses, params: &Value) -> Result<Value, EventsError> {
    let entries = params["Entries"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !(1..=MAX_ENTRIES).contains(&entries.len()) {
        let message = format!(
            "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length between 1 \
             and {MAX_ENTRIES}, inclusive"
        );
        return Err(EventsError::new("ValidationException", message));
    }
    if entries.iter().map(entry_bytes).sum::<usize>() > MAX_ENTRIES_BYTES {
        let message = "Total size of the entries in the request is over the limit.";
        return Err(EventsError::new("ValidationException", message));
    }
    let now = buses.clock.now();
    let mut failures = 0;
    let mut results = Vec::new();
    for entry in entries {
        match put_event(buses, entry, now).await {
            Ok(id) => results.push(json!({ "EventId": id })),
            Err(error) => {
                failures += 1;
                results.push(json!({ "ErrorCode": error.code, "ErrorMessage": error.message }));
            }
        }
    }
    Ok(json!({ "FailedEntryCount": failures, "Entries": results }))
}

/// Returns the id of the event.
async fn put_event(buses: &EventBuses, entry: &Value, now: SystemTime) -> Result<String, EventsError> {
    let required = |name: &str| {
        entry[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned).ok_or_else(|| {
            let message = format!("Parameter {name} is not valid. Reason: {name} is a required argument.");
            EventsError::new("InvalidArgument", message)
        })
    };
    let source = required("Source")?;
    let detail_type = required("DetailType")?;
    let detail: Value = serde_json::from_str(&required("Detail")?).unwrap_or_default();
    if !detail.is_object() {
        return Err(EventsError::new("MalformedDetail", "Detail is malformed."));
    }
    if source.starts_with("aws.") {
        return Err(EventsError::new("NotAuthorizedForSourceException", "Not authorized for the source."));
    }
    let name = entry["EventBusName"].as_str().unwrap_or(DEFAULT_BUS);
    let bus = buses.find(name).ok_or_else(|| {
        let message = format!("event bus `{name}` is not in `triggers` or `uses` of the settings");
        EventsError::new("InvalidArgument", message)
    })?;
    let resources = entry["Resources"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let time = entry["Time"].as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let time = time.and_then(|since| UNIX_EPOCH.checked_add(since)).unwrap_or(now);
    let resources = resources.map(str::to_owned).collect();
    let event = BusEvent { id: new_uuid(), source, detail_type, detail, resources, time };
    match buses.deliver(bus, &event).await {
        Ok(()) => Ok(event.id),
        Err(error) => Err(EventsError::new("InternalFailure", error)),
    }
}

fn entry_bytes(entry: &Value) -> usize {
    let text = |value: &Value| value.as_str().map_or(0, str::len);
    let resources = entry["Resources"].as_array().into_iter().flatten().map(text).sum::<usize>();
    let time = if entry["Time"].is_null() { 0 } else { TIME_BYTES };
    ["Source", "DetailType", "Detail"].iter().map(|name| text(&entry[name])).sum::<usize>() + resources + time
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;
    use crate::triggers::event_bus::{Bus, Rule};
    use crate::triggers::fake_backend::{RecordedCalls, function};

    struct TestBuses {
        calls: RecordedCalls,
        buses: Arc<EventBuses>,
    }

    impl TestBuses {
        /// Opens the default bus with a rule for the source `shop`, and a bus without rules.
        fn open() -> Self {
            let calls = RecordedCalls::new(0);
            let pattern = r#"{"source":["shop"],"detail":{"price":[{"numeric":[">",5]}]}}"#;
            let bus = |name: &str, rules| Bus { name: name.to_owned(), rules };
            let rules = vec![Rule::new(pattern, function()).expect("a pattern")];
            let buses = Arc::new(EventBuses {
                buses: vec![bus("default", rules), bus("shop-local-other", Vec::new())],
                region: "us-east-1".to_owned(),
                account: "000000000000".to_owned(),
                dispatcher: Arc::clone(&calls.dispatcher),
                clock: Clock::real(),
            });
            Self { calls, buses }
        }

        /// Returns the status and the response to an operation.
        async fn call(&self, operation: &str, params: &Value) -> (u16, Value) {
            let request = Request::post("/_events/")
                .header("authorization", "AWS4-HMAC-SHA256 Credential=any/1/us-east-1/events/aws4_request")
                .header("x-amz-target", format!("AWSEvents.{operation}"))
                .body(Body::from(params.to_string()))
                .expect("a request");
            let (head, body) = serve(State(Arc::clone(&self.buses)), request).await.into_parts();
            let body = to_bytes(body, usize::MAX).await.expect("a body");
            (head.status.as_u16(), serde_json::from_slice(&body).expect("JSON"))
        }
    }

    fn entry(price: u32) -> Value {
        json!({ "Source": "shop", "DetailType": "sold", "Detail": format!(r#"{{"price":{price}}}"#) })
    }

    #[tokio::test]
    async fn matching_events_reach_the_worker() {
        let test = TestBuses::open();
        let mut other = entry(9);
        other["EventBusName"] = "arn:aws:events:us-east-1:000000000000:event-bus/shop-local-other".into();
        let mut old = entry(6);
        old["Time"] = json!(1_798_102_800.25);
        old["Resources"] = json!(["arn:aws:s3:::x"]);
        let (status, response) = test.call("PutEvents", &json!({ "Entries": [entry(5), other, old] })).await;
        assert_eq!((status, &response["FailedEntryCount"]), (200, &json!(0)), "{response}");
        let events = test.calls.events.lock().expect("events").clone();
        assert_eq!(
            events,
            [json!({
                "version": "0", "id": response["Entries"][2]["EventId"], "detail-type": "sold", "source": "shop",
                "account": "000000000000", "time": "2026-12-24T09:00:00Z", "region": "us-east-1",
                "resources": ["arn:aws:s3:::x"], "detail": { "price": 6 },
            })]
        );
    }

    #[tokio::test]
    async fn invalid_entries_fail_alone() {
        let test = TestBuses::open();
        let with = |name: &str, value: &str| {
            let mut entry = entry(9);
            entry[name] = value.into();
            entry
        };
        let entries = [
            with("Source", ""),
            with("Detail", "[1]"),
            with("Source", "aws.ec2"),
            with("EventBusName", "unknown"),
            entry(9),
        ];
        let (_, response) = test.call("PutEvents", &json!({ "Entries": entries })).await;
        let codes: Vec<&Value> =
            response["Entries"].as_array().expect("a list").iter().map(|e| &e["ErrorCode"]).collect();
        assert_eq!(
            codes,
            [
                &json!("InvalidArgument"),
                &json!("MalformedDetail"),
                &json!("NotAuthorizedForSourceException"),
                &json!("InvalidArgument"),
                &Value::Null
            ]
        );
        assert_eq!((&response["FailedEntryCount"], test.calls.events.lock().expect("events").len()), (&json!(4), 1));
    }

    #[tokio::test]
    async fn invalid_requests_are_refused() {
        let test = TestBuses::open();
        let large = json!({ "Source": "shop", "DetailType": "x", "Detail": "x".repeat(256 * 1024) });
        for (operation, params, code) in [
            ("PutEvents", json!({ "Entries": [] }), "ValidationException"),
            ("PutEvents", json!({ "Entries": vec![entry(1); 11] }), "ValidationException"),
            ("PutEvents", json!({ "Entries": [large] }), "ValidationException"),
            ("PutRule", json!({}), "UnknownOperationException"),
        ] {
            let (status, response) = test.call(operation, &params).await;
            assert_eq!((status, &response["__type"]), (400, &json!(code)), "{response}");
        }
        let anonymous = Request::post("/_events/").body(Body::empty()).expect("a request");
        assert_eq!(serve(State(Arc::clone(&test.buses)), anonymous).await.status(), 403);
    }
}
