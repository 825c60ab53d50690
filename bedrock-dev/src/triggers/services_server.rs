//! The services of the settings without the rest of a dev server, for tests and for `cargo run`: queues, buckets, topics and
//! event buses, which invoke no worker, and everything else in another server. Denies what functions may not do.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use bedrock_build::App;
use bedrock_local::lambda_api::check_host_and_origin;
use bedrock_model::{Accepted, Backend, Error, FunctionInfo, Invocation, Reply};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::dispatcher::TriggerDispatcher;
use super::local_resources::LocalResources;
use super::registry::Triggers;
use super::setup_error::TriggerSetupError;
use crate::Clock;
use crate::event_log::{EventLog, Retention};
use crate::execution::LogSink;

/// A server on a free port of the loopback address. It ends when it is dropped.
pub struct ServicesServer {
    variables: Vec<(String, String)>,
    task: JoinHandle<()>,
}

impl ServicesServer {
    /// Serves the services of `app`, whose setting `dev.services` is a URL. `state` is the folder of messages, which exists,
    /// `buckets` the one that the folders of buckets are in. `log_sink` receives what is denied, in two lines.
    ///
    /// # Errors
    ///
    /// If there is no free port, if the messages cannot be read, or if there are no root certificates for a service with TLS.
    pub async fn start(app: &App, state: &Path, buckets: &Path, log_sink: LogSink) -> Result<Self, TriggerSetupError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(TriggerSetupError::Listen)?;
        let address = listener.local_addr().map_err(TriggerSetupError::Listen)?;
        let resources = LocalResources::new(app, &format!("http://{address}"));
        let variables = resources.variables(app);
        let log = EventLog::new(Retention::default());
        let dispatcher = TriggerDispatcher { backend: Arc::new(NoFunctions), log, sink: log_sink };
        let triggers = Triggers::open(&without_triggers(app, buckets), resources, state, Clock::real(), dispatcher)?;
        // What a function may do depends on its triggers, too.
        let router = triggers.router(app, false, None)?.layer(from_fn(check_host));
        let task = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self { variables, task })
    }

    /// Returns the variables by which SDKs find the services, and functions their queues and buckets.
    pub fn variables(&self) -> &[(String, String)] {
        &self.variables
    }
}

/// Returns an app whose services invoke no worker. Its folder is that of its buckets.
fn without_triggers(app: &App, buckets: &Path) -> App {
    let mut app = app.clone();
    buckets.clone_into(&mut app.root);
    for worker in &mut app.workers {
        worker.settings.triggers.clear();
    }
    app
}

/// Functions of an app whose workers are in other processes.
struct NoFunctions;

impl Backend for NoFunctions {
    fn functions(&self) -> Vec<FunctionInfo> {
        Vec::new()
    }

    fn find(&self, name: &str) -> Result<FunctionInfo, Error> {
        Err(Error::WorkerNotFound { worker: name.to_owned(), help: None })
    }

    fn arn(&self, name: &str) -> String {
        bedrock_local::function_arn(name)
    }

    fn run(&self, function: &FunctionInfo, _: Invocation) -> Reply {
        let error = Error::WorkerNotFound { worker: function.worker.clone(), help: None };
        Box::pin(std::future::ready(Err(error)))
    }

    fn accept(&self, function: &FunctionInfo, _: Invocation) -> Accepted {
        let error = Error::WorkerNotFound { worker: function.worker.clone(), help: None };
        Box::pin(std::future::ready(Err(error)))
    }
}

/// Rejects requests of pages in the user's browser.
async fn check_host(request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    match check_host_and_origin(&head, Ipv4Addr::LOCALHOST.into()) {
        Ok(()) => next.run(Request::from_parts(head, body)).await,
        Err(message) => (StatusCode::FORBIDDEN, message).into_response(),
    }
}

impl Drop for ServicesServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::aws_api::SERVICES_PATH;
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    /// Starts the services of an app with these settings. Returns its variables, too.
    async fn start(folder: &Path, settings: &str) -> (ServicesServer, HashMap<String, String>) {
        let manifest = format!("[package]\nname = \"shop\"\n[package.metadata.bedrock]\n{settings}\n");
        std::fs::write(folder.join("Cargo.toml"), manifest).expect("a file");
        std::fs::create_dir_all(folder.join("workers/snake")).expect("a folder");
        std::fs::write(folder.join("workers/snake/main.py"), "").expect("a file");
        let app = App::find(folder).unwrap_or_else(|problems| panic!("{problems:?}"));
        let server = ServicesServer::start(&app, folder, folder, Arc::new(|_| {})).await;
        let server = server.unwrap_or_else(|error| panic!("{error}"));
        let variables = server.variables().iter().cloned().collect();
        (server, variables)
    }

    async fn send(authority: &str, request: &str) -> String {
        let mut connection = TcpStream::connect(authority).await.expect("a connection");
        connection.write_all(request.as_bytes()).await.expect("a request");
        let mut response = String::new();
        connection.read_to_string(&mut response).await.expect("a response");
        response
    }

    #[tokio::test]
    async fn pages_of_a_browser_are_rejected() {
        let dir = tempfile::tempdir().expect("a folder");
        let (_server, variables) = start(dir.path(), "dev.endpoint = 'http://127.0.0.1:1'").await;
        let url = &variables["AWS_ENDPOINT_URL"];
        let authority = url.trim_start_matches("http://").trim_end_matches(SERVICES_PATH).to_owned();
        for (host, origin, status) in [
            (authority.as_str(), "", " 502 "),
            ("evil.example", "", " 403 "),
            (&authority, "Origin: http://evil.example\r\n", " 403 "),
        ] {
            let request = format!(
                "POST {SERVICES_PATH}/ HTTP/1.1\r\nHost: {host}\r\n{origin}Connection: close\r\nContent-Length: 0\r\n\r\n"
            );
            let response = send(&authority, &request).await;
            assert!(response.starts_with(&format!("HTTP/1.1{status}")), "{host} {origin} {response}");
        }
    }

    #[tokio::test]
    async fn queues_and_buckets_invoke_no_worker() {
        let dir = tempfile::tempdir().expect("a folder");
        let settings = "dev.endpoint = 'http://127.0.0.1:1'\nworkers.snake.triggers = [{ queue = 'jobs' }]\n\
                        workers.snake.uses = [{ queue = 'jobs', access = 'send' }, { bucket = 'in', access = 'write' }]";
        let (_server, variables) = start(dir.path(), settings).await;
        let authority =
            variables["AWS_ENDPOINT_URL_S3"].trim_start_matches("http://").trim_end_matches("/_s3").to_owned();
        assert_eq!(variables["SHOP_QUEUE_URL_JOBS"], format!("http://{authority}/_sqs/000000000000/shop-local-jobs"));
        let signature = |service: &str| {
            format!(
                "Authorization: AWS4-HMAC-SHA256 Credential=test/20261130/us-east-1/{service}/aws4_request, Signature=0\r\n"
            )
        };
        let call = |operation: &str, body: &str| {
            let head = "POST /_sqs/ HTTP/1.1\r\nConnection: close\r\nContent-Type: application/x-amz-json-1.0\r\n";
            let length = body.len();
            let signature = signature("sqs");
            format!(
                "{head}{signature}Host: {authority}\r\nX-Amz-Target: AmazonSQS.{operation}\r\nContent-Length: {length}\r\n\r\n{body}"
            )
        };
        let queue = &variables["SHOP_QUEUE_URL_JOBS"];
        let body = format!(r#"{{"QueueUrl":"{queue}","MessageBody":"x"}}"#);
        let sent = send(&authority, &call("SendMessage", &body)).await;
        assert!(sent.contains("MessageId"), "{sent}");
        let received = send(&authority, &call("ReceiveMessage", &format!(r#"{{"QueueUrl":"{queue}"}}"#))).await;
        assert!(received.contains(r#""Body":"x""#), "{received}");
        let put = "PUT /_s3/shop-local-in/a HTTP/1.1\r\nConnection: close\r\nContent-Length: 1\r\n";
        let put = send(&authority, &format!("{put}{}Host: {authority}\r\n\r\nx", signature("s3"))).await;
        assert!(put.starts_with("HTTP/1.1 200 "), "{put}");
        assert_eq!(std::fs::read_to_string(dir.path().join("target/bedrock/buckets/in/a")).expect("a file"), "x");
    }
}
