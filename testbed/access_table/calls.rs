//! Sends the requests of an access table with nothing but sockets. The signature names the worker, and is not valid: only AWS
//! itself checks it.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::TcpStream;

use bedrock::{Context, Result, Worker, WorkerError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Rows of the table, and the values of variables that this function does not have.
#[derive(Debug, Serialize, Deserialize)]
pub struct Event {
    pub rows: Vec<Row>,
    pub names: Value,
}

/// A request.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    pub service: String,
    pub operation: String,
    pub arguments: Value,
}

#[bedrock::worker]
pub struct WORKER;

impl Worker for WORKER {
    type Event = Event;
    type Response = Vec<Option<String>>;

    async fn execute(&self, event: Event, _context: &Context) -> Result<Self::Response> {
        let failed = |error: std::io::Error| WorkerError::new("NoResponse", error.to_string());
        event.rows.into_iter().map(|row| call(row, &event.names).map_err(failed)).collect()
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// Replaces each `$NAME` by the environment variable, or else by its value in `names`.
fn expand(value: Value, names: &Value) -> Value {
    let text = |text: String| match text.strip_prefix('$') {
        Some(name) => std::env::var(name).unwrap_or_else(|_| names[name].as_str().unwrap_or_default().to_owned()),
        None => text,
    };
    match value {
        Value::Object(map) => map.into_iter().map(|(key, value)| (text(key), expand(value, names))).collect(),
        Value::Array(list) => list.into_iter().map(|value| expand(value, names)).collect(),
        Value::String(found) => text(found).into(),
        other => other,
    }
}

/// Returns the code of the error, or `None`.
fn call(row: Row, names: &Value) -> std::io::Result<Option<String>> {
    let input = expand(row.arguments, names);
    let text = |name: &str| input[name].as_str().unwrap_or_default().to_owned();
    let (signed, variable_name, target, version) = match row.service.as_str() {
        "dynamodb" => ("dynamodb", "", "DynamoDB_20120810", "1.0"),
        "sqs" => ("sqs", "_SQS", "AmazonSQS", "1.0"),
        "events" => ("events", "_EVENTBRIDGE", "AWSEvents", "1.1"),
        "kinesis" => ("kinesis", "", "Kinesis_20131202", "1.1"),
        "secretsmanager" => ("secretsmanager", "", "secretsmanager", "1.1"),
        "ssm" => ("ssm", "", "AmazonSSM", "1.1"),
        "kms" => ("kms", "", "TrentService", "1.1"),
        "stepfunctions" => ("states", "", "AWSStepFunctions", "1.0"),
        "sns" => ("sns", "_SNS", "", ""),
        "s3" => ("s3", "_S3", "", ""),
        "sesv2" => ("ses", "", "", ""),
        _ => ("monitoring", "", "", ""),
    };
    let mut headers = String::new();
    let (method, path, body) = match row.service.as_str() {
        "s3" => {
            let method = match row.operation.get(..3) {
                Some("Put") => "PUT",
                Some("Del") => "DELETE",
                _ => "GET",
            };
            let query = if row.operation == "ListObjectsV2" { "?list-type=2" } else { "" };
            let key = text("Key");
            let slash = if key.is_empty() { "" } else { "/" };
            (method, format!("/{}{slash}{key}{query}", text("Bucket")), text("Body"))
        }
        "sesv2" => {
            headers.push_str("Content-Type: application/json\r\n");
            ("POST", "/v2/email/outbound-emails".to_owned(), input.to_string())
        }
        _ if !target.is_empty() => {
            let operation = &row.operation;
            let _ = write!(
                headers,
                "Content-Type: application/x-amz-json-{version}\r\nX-Amz-Target: {target}.{operation}\r\n"
            );
            ("POST", "/".to_owned(), input.to_string())
        }
        _ => {
            headers.push_str("Content-Type: application/x-www-form-urlencoded\r\n");
            let mut body = format!("Action={}&Version=2010-03-31", row.operation);
            for (name, value) in input.as_object().into_iter().flatten() {
                let _ = write!(body, "&{name}={}", value.as_str().unwrap_or_default().replace(':', "%3A"));
            }
            ("POST", "/".to_owned(), body)
        }
    };
    let endpoint =
        std::env::var(format!("AWS_ENDPOINT_URL{variable_name}")).unwrap_or_else(|_| variable("AWS_ENDPOINT_URL"));
    let rest = endpoint.trim_start_matches("http://").trim_end_matches('/');
    let (host, base) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let mut connection = TcpStream::connect(host)?;
    let scope = format!("{}/20260101/us-east-1/{signed}/aws4_request", variable("AWS_ACCESS_KEY_ID"));
    write!(
        connection,
        "{method} {base}{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\
         Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0\r\n\r\n{body}",
        body.len()
    )?;
    let mut response = String::new();
    connection.read_to_string(&mut response)?;
    Ok(error_code(&response))
}

fn error_code(response: &str) -> Option<String> {
    let status = response.split(' ').nth(1).unwrap_or_default();
    if status.starts_with('2') {
        return None;
    }
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or((response, ""));
    let header = head.lines().filter_map(|line| line.split_once(':'));
    let header = header.filter(|(name, _)| name.eq_ignore_ascii_case("x-amzn-errortype")).map(|(_, value)| value);
    let between = |from: &str, to: &str| Some(body.split_once(from)?.1.split_once(to)?.0);
    let in_json = between("\"__type\":", ",").or_else(|| between("\"__type\":", "}"));
    let code = between("<Code>", "</Code>").or(in_json).or(header.last());
    let code = code.unwrap_or(status).trim_matches(|c: char| c == '"' || c.is_whitespace());
    code.rsplit('#').next().map(str::to_owned)
}
