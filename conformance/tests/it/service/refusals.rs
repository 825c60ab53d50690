//! What the API refuses, and the exception that every client makes of it.

use serde_json::{Value, json};

use super::client::Client;
use super::rows::{ARN, by_every_client};

/// Arguments of a call; and the exception, the status and a part of the message that come of it.
type Row = (Value, &'static str, u16, String);

fn row(arguments: Value, exception: &'static str, status: u16, message: &str) -> Row {
    (arguments, exception, status, message.to_owned())
}

/// The same call with one argument more.
fn with(key: &str, value: &str) -> Value {
    let mut arguments = json!({ "FunctionName": "python_case" });
    arguments[key] = json!(value);
    arguments
}

fn of_names() -> Vec<Row> {
    let twice = json!({ "FunctionName": "python_case:1", "Qualifier": "2" });
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
        row(twice, "InvalidParameterValueException", 400, "does not match the specified qualifier"),
    ]
}

fn of_events() -> Vec<Row> {
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

fn of_words() -> Vec<Row> {
    vec![
        row(with("InvocationType", "Later"), "ValidationException", 400, "at 'invocationType' failed"),
        row(with("LogType", "All"), "ValidationException", 400, "at 'logType' failed"),
    ]
}

fn check(rows: &[Row]) {
    let calls: Vec<_> = rows.iter().map(|row| row.0.clone()).collect();
    by_every_client(&calls, |client, answers| {
        for (answer, (_, exception, status, message)) in answers.iter().zip(rows) {
            // boto3 has classes for what is in its model of Lambda, and its common one for the rest.
            let common = client == Client::Boto && *exception == "ValidationException";
            assert_eq!(answer["exception"], if common { "ClientError" } else { *exception }, "{client:?}: {answer}");
            assert!(answer["status"].is_null() || answer["status"] == *status, "{client:?}: {answer}");
            assert!(answer["message"].as_str().is_some_and(|text| text.contains(message)), "{client:?}: {answer}");
        }
    });
}

#[test]
fn a_function_or_a_version_that_is_not_there_is_not_found() {
    check(&of_names());
}

#[test]
fn an_event_that_lambda_would_not_take_is_refused_with_its_size_or_its_fault() {
    check(&of_events());
}

#[test]
fn a_word_that_is_none_of_a_parameter_s_words_is_refused() {
    check(&of_words());
}
