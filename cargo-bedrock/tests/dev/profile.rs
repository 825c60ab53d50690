//! Services of an AWS account instead of local ones, with a server on this machine as AWS.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::dev_process::DevProcess;
use crate::services;
use crate::test_app::TestApp;

const SETTINGS: &str = "\n[package.metadata.bedrock.dev]\nprofile = \"work\"\nservices = [\"dynamodb\"]\n
[package.metadata.bedrock.workers.snake]\nuses = [{ table = \"orders\", access = \"read\", key = \"id\" }]\n";
const IDENTITY: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
    <GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/dev/ada</Arn><UserId>x</UserId>\
    <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

/// A server that knows who everybody is, and whose tables are empty.
struct FakeAws {
    url: String,
    /// Heads and bodies.
    requests: Arc<Mutex<Vec<String>>>,
}

impl FakeAws {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let received = Arc::clone(&requests);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let mut reader = BufReader::new(connection);
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).is_ok_and(|bytes| bytes > 0) {}
                let lower = head.to_lowercase();
                let length =
                    lower.split_once("content-length: ").and_then(|(_, rest)| rest.lines().next()?.parse().ok());
                let mut body = vec![0; length.unwrap_or(0)];
                reader.read_exact(&mut body).expect("a body");
                let body = String::from_utf8_lossy(&body).into_owned();
                let is_identity = body.contains("Action=GetCallerIdentity");
                let response = if is_identity { IDENTITY } else { r#"{"Items":[],"Count":0}"# };
                let connection = reader.get_mut();
                let length = response.len();
                let _ = write!(
                    connection,
                    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{response}"
                );
                received.lock().expect("requests").push(head + &body);
            }
        });
        Self { url, requests }
    }

    /// Writes the user's AWS configuration. Returns `dev` with it, and without other settings of AWS.
    fn dev(&self, app: &TestApp) -> Command {
        let config = format!(
            "[profile work]\nregion = eu-west-1\naws_access_key_id = AKIDWORK\naws_secret_access_key = secret\n\
             endpoint_url = {}\n",
            self.url
        );
        std::fs::write(app.path("aws_config"), config).expect("a file");
        let mut command = app.command(&["dev", "--port", "0", "--message-format", "json"]);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
            command.env_remove(name);
        }
        command.env("AWS_CONFIG_FILE", app.path("aws_config")).env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent");
        command
    }
}

fn app() -> TestApp {
    let app = TestApp::compilable();
    app.run_ok(&["new", "worker", "snake.py"]);
    app.write("workers/snake/main.py", services::PYTHON);
    app.append("Cargo.toml", SETTINGS);
    app
}

#[test]
fn chosen_services_get_requests_of_the_profile() {
    let aws = FakeAws::start();
    let app = app();
    let dev = DevProcess::start_command(aws.dev(&app));
    let call = |action: &str| dev.invoke("snake", &json!({ "action": action, "body": {} }));
    assert_eq!(call("Scan"), (200, json!({ "Items": [], "Count": 0 })));
    let request = aws.requests.lock().expect("requests").pop().expect("a request");
    let lower = request.to_lowercase();
    assert!(request.starts_with("POST / HTTP/1.1\r\n"), "{request}");
    assert!(
        request.contains("Credential=AKIDWORK/") && request.contains("/eu-west-1/dynamodb/aws4_request"),
        "{request}"
    );
    assert!(lower.contains("x-amz-target: dynamodb_20120810.scan") && lower.contains("x-amz-date: "), "{request}");
    assert!(!request.contains("LOCAL_") && request.ends_with(r#"{"TableName": "shop-local-orders"}"#), "{request}");

    // What `uses` do not say reaches no account.
    let before = aws.requests.lock().expect("requests").len();
    assert_eq!(call("PutItem"), (200, json!("com.amazon.coral.service#AccessDeniedException")));
    assert_eq!(aws.requests.lock().expect("requests").len(), before);
}

#[test]
fn only_functions_reach_the_account() {
    let aws = FakeAws::start();
    let app = app();
    let dev = DevProcess::start_command(aws.dev(&app));
    let before = aws.requests.lock().expect("requests").len();
    let send = |key: &str, service: &str| {
        let scope = format!("{key}/20260101/us-east-1/{service}/aws4_request");
        let mut connection = TcpStream::connect(("127.0.0.1", dev.port())).expect("a connection");
        write!(
            connection,
            "POST /_aws HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\nContent-Length: 2\r\n\
             X-Amz-Target: DynamoDB_20120810.Scan\r\nAuthorization: AWS4-HMAC-SHA256 Credential={scope}, \
             SignedHeaders=host, Signature=0\r\n\r\n{{}}",
            dev.port()
        )
        .expect("a request");
        let mut response = String::new();
        connection.read_to_string(&mut response).expect("a response");
        response
    };
    let text = send("AKIDOTHER", "dynamodb");
    assert!(text.contains("only functions of the app reach the account of `dev.profile` here"), "{text}");
    // A name alone proves nothing.
    let text = send("LOCAL_endpoint", "dynamodb");
    assert!(text.contains("only functions of the app reach the account of `dev.profile` here"), "{text}");
    let text = send("LOCAL_endpoint", "ssm");
    assert!(text.contains("`cargo bedrock dev` has no service `ssm`: add it to `dev.services`"), "{text}");
    assert_eq!(aws.requests.lock().expect("requests").len(), before);
}

#[test]
fn profile_is_not_for_others() {
    let aws = FakeAws::start();
    let app = app();
    let output = aws.dev(&app).args(["--host", "0.0.0.0"]).output().expect("it starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && output.stdout.is_empty(), "{stderr}");
    assert!(stderr.contains("error: `dev.profile` cannot be used with `--host 0.0.0.0`"), "{stderr}");
}

#[test]
fn missing_profile_is_an_error_before_the_start() {
    let aws = FakeAws::start();
    let app = app();
    app.edit("Cargo.toml", "profile = \"work\"", "profile = \"other\"");
    let output = aws.dev(&app).output().expect("it starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && output.stdout.is_empty(), "{stderr}");
    assert!(stderr.contains("error: no AWS region is set"), "{stderr}");
}
