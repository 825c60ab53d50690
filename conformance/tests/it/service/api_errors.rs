//! Tests of requests that the API rejects, and of the exception in each client.

use serde_json::{Value, json};

use super::client::Client;
use super::invoke_results::{ARN, invoke_with_every_client};

/// Arguments of a call, with the expected exception, status and part of the message.
type Row = (Value, &'static str, u16, String);

fn row(arguments: Value, exception: &'static str, status: u16, message: &str) -> Row {
    (arguments, exception, status, message.to_owned())
}

/// Returns a call with an additional argument.
fn with(key: &str, value: &str) -> Value {
    let mut arguments = json!({ "FunctionName": "python_case" });
    arguments[key] = json!(value);
    arguments
}

fn name_errors() -> Vec<Row> {
    let conflicting_qualifiers = json!({ "FunctionName": "python_case:1", "Qualifier": "2" });
    vec![
        row(
            json!({ "FunctionName": "python_cas" }),
            "ResourceNotFoundException",
            404,
            &format!("Function not found: {ARN}:python_cas"),
        ),
        row(
            with("Qualifier", "7"),
            "ResourceNotFoundException",
            404,
            &format!("Function not found: {ARN}:conformance-local-python_case:7"),
        ),
        row(conflicting_qualifiers, "InvalidParameterValueException", 400, "does not match the specified qualifier"),
    ]
}

fn event_errors() -> Vec<Row> {
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    let mut event = with("Payload", &text(1024 * 1024 + 1));
    event["InvocationType"] = json!("Event");
    let limit = |bytes: usize, kind: &str, limit: usize| {
        format!("{bytes} byte payload is too large for the {kind} invocation type (limit {limit} bytes)")
    };
    let sync = limit(6_291_457, "RequestResponse", 6_291_456);
    vec![
        row(with("Payload", "{ no"), "InvalidRequestContentException", 400, "Could not parse request body into json"),
        row(with("Payload", &text(6 * 1024 * 1024 + 1)), "RequestTooLargeException", 413, &sync),
        row(event, "RequestTooLargeException", 413, &limit(1_048_577, "Event", 1_048_576)),
        row(with("ClientContext", "e30"), "InvalidRequestContentException", 400, "Base64-encoded JSON"),
    ]
}

fn parameter_errors() -> Vec<Row> {
    vec![
        row(with("InvocationType", "Later"), "ValidationException", 400, "at 'invocationType' failed"),
        row(with("LogType", "All"), "ValidationException", 400, "at 'logType' failed"),
    ]
}

fn check(rows: &[Row]) {
    let calls: Vec<_> = rows.iter().map(|row| row.0.clone()).collect();
    invoke_with_every_client(&calls, |client, responses| {
        for (response, (_, exception, status, message)) in responses.iter().zip(rows) {
            // boto3 only has classes for the errors in its model of Lambda, and a common class for the rest.
            let common = client == Client::Boto3 && *exception == "ValidationException";
            assert_eq!(
                response["exception"],
                if common { "ClientError" } else { *exception },
                "{client:?}: {response}"
            );
            assert!(response["status"].is_null() || response["status"] == *status, "{client:?}: {response}");
            assert!(response["message"].as_str().is_some_and(|text| text.contains(message)), "{client:?}: {response}");
        }
    });
}

#[test]
fn missing_function_or_version_is_not_found() {
    check(&name_errors());
}

#[test]
fn invalid_event_is_rejected_with_size_or_reason() {
    check(&event_errors());
}

#[test]
fn unknown_parameter_value_is_rejected() {
    check(&parameter_errors());
}
