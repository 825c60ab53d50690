//! Sends the requests of an access table with sockets and a signature of its own, because AWS's SDKs compile slowly.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use bedrock::{Context, Result, Worker, WorkerError};
use ring::{digest, hmac};
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
    let target = format!("{base}{path}");
    let request = SignedRequest { service: signed, method, target: &target, host, body: &body };
    headers.push_str(&request.headers());
    write!(
        connection,
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )?;
    let mut response = String::new();
    connection.read_to_string(&mut response)?;
    Ok(error_code(&response))
}

/// What Signature Version 4 signs.
struct SignedRequest<'a> {
    service: &'a str,
    method: &'a str,
    /// Path and query.
    target: &'a str,
    host: &'a str,
    body: &'a str,
}

impl SignedRequest<'_> {
    /// Returns the headers with the signature.
    fn headers(&self) -> String {
        let time = timestamp();
        let day = &time[..8];
        let (path, query) = self.target.split_once('?').unwrap_or((self.target, ""));
        let hash = hex(digest::digest(&digest::SHA256, self.body.as_bytes()).as_ref());
        let token = variable("AWS_SESSION_TOKEN");
        let mut signed = vec![("host", self.host), ("x-amz-content-sha256", &hash), ("x-amz-date", &time)];
        if !token.is_empty() {
            signed.push(("x-amz-security-token", &token));
        }
        let names = signed.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let lines: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let canonical = format!("{}\n{path}\n{query}\n{lines}\n{names}\n{hash}", self.method);
        let region = variable("AWS_REGION");
        let scope = format!("{day}/{region}/{}/aws4_request", self.service);
        let canonical = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
        let key = format!("AWS4{}", variable("AWS_SECRET_ACCESS_KEY")).into_bytes();
        let key =
            [day, &region, self.service, "aws4_request"].into_iter().fold(key, |key, part| authenticate(&key, part));
        let signature = hex(&authenticate(&key, &format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{canonical}")));
        let sent: String = signed.iter().skip(1).map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let id = variable("AWS_ACCESS_KEY_ID");
        format!(
            "{sent}Authorization: AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}\r\n"
        )
    }
}

fn authenticate(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the time as `20261130T210000Z`. The date is that of "chrono-Compatible Low-Level Date Algorithms" (Howard Hinnant).
fn timestamp() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let days = seconds / 86_400 + 719_468;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + days / 146_097 * 400 + u64::from(month <= 2);
    let time = seconds % 86_400;
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", time / 3600, time / 60 % 60, time % 60)
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
