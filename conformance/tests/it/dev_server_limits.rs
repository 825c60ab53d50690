//! Tests of calls that `bedrock-dev` rejects because AWS does: over reserved concurrency, without permission, in
//! recursive loops.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bedrock_build::settings::RecursiveLoop;
use bedrock_build::{Destination, FunctionSettings, WorkerName};
use bedrock_dev::execution::LogLine;
use bedrock_dev::{CallGraph, Clock, Condition, DevServer, DevServerConfig, EventState};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::dev_server::{config, wait_until_closed};
use crate::driver::ALL_WORKERS;
use crate::service::access::exchange;
use crate::service::client::sdk;
use crate::service::client::site_packages;

const EXTERNAL_QUEUE_ARN: &str = "arn:aws:sqs:us-east-1:000000000000:dead-letters";

/// A dev server with a manual clock and its log lines.
struct TestServer {
    scratch: TempDir,
    clock: Clock,
    lines: Arc<Mutex<Vec<LogLine>>>,
    dev_server: DevServer,
}

/// A response of the API.
#[derive(Debug)]
struct HttpResponse {
    head: String,
    body: Value,
}

impl TestServer {
    async fn open(change: impl FnOnce(&mut DevServerConfig)) -> Self {
        let clock = Clock::manual(SystemTime::now());
        Self::open_in(tempfile::tempdir().expect("a folder"), clock, change).await
    }

    async fn open_in(scratch: TempDir, clock: Clock, change: impl FnOnce(&mut DevServerConfig)) -> Self {
        let lines = Arc::<Mutex<Vec<LogLine>>>::default();
        let recorder = Arc::clone(&lines);
        let mut config = config(scratch.path(), &clock);
        config.log_sink = Arc::new(move |line| recorder.lock().expect("lines").push(line));
        // Long enough for many processes that start sequentially on a busy machine.
        config.app.workers.iter_mut().for_each(|worker| worker.settings.timeout = 60);
        change(&mut config);
        Self { dev_server: DevServer::start(config).await.expect("it opens"), scratch, clock, lines }
    }

    /// Invokes a worker with these headers.
    async fn send(&self, worker: &str, headers: &[&str], event: &Value) -> HttpResponse {
        let request = format!("POST /2015-03-31/functions/{worker}/invocations");
        let host = format!("Host: {}", self.dev_server.url.trim_start_matches("http://"));
        let headers: Vec<_> = headers.iter().map(ToString::to_string).chain([host]).collect();
        let url = self.dev_server.url.clone();
        let event = event.to_string();
        let sent = tokio::task::spawn_blocking(move || {
            let headers: Vec<_> = headers.iter().map(String::as_str).collect();
            exchange(&url, &request, &headers, &event)
        });
        let (head, body) = sent.await.expect("a thread");
        HttpResponse { head: head.to_lowercase(), body: serde_json::from_str(&body).unwrap_or_default() }
    }

    /// Invokes a worker as an external client.
    async fn invoke(&self, worker: &str, event: &Value) -> HttpResponse {
        self.send(worker, &["Authorization: Bedrock outside"], event).await
    }

    /// Returns the new messages of the server, without the output of workers.
    fn messages(&self) -> Vec<String> {
        let lines = std::mem::take(&mut *self.lines.lock().expect("lines"));
        lines.into_iter().filter(|line| line.request_id.is_none()).map(|line| line.text).collect()
    }

    /// Returns the only event in the queue.
    fn event(&self) -> bedrock_dev::EventRecord {
        let mut events = self.dev_server.store.list().expect("events");
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }
}

impl HttpResponse {
    fn is(&self, status: u16) -> bool {
        self.head.starts_with(&format!("http/1.1 {status} "))
    }

    fn has(&self, header: &str) -> bool {
        self.head.lines().any(|line| line == header)
    }
}

fn settings<'a>(config: &'a mut DevServerConfig, worker: &str) -> &'a mut FunctionSettings {
    let name = WorkerName::parse(worker).expect("a name");
    &mut config.app.workers.iter_mut().find(|worker| worker.name == name).expect("a worker").settings
}

fn echo() -> Value {
    json!({ "do": "echo", "value": 1 })
}

/// Returns an event with which each worker calls the next one. The last one gets `last`.
fn chain(workers: &[&str], last: Value) -> Value {
    workers.iter().rev().fold(last, |event, worker| json!({ "do": "call", "worker": worker, "event": event }))
}

#[tokio::test(flavor = "multi_thread")]
async fn reserved_concurrency_throttles_and_is_released() {
    let server = TestServer::open(|config| settings(config, "python_case").concurrency = Some(2)).await;
    for _ in 0..3 {
        let two = server.invoke("python_case", &chain(&["python_case"], echo())).await;
        assert!(two.is(200) && two.body == json!(1), "{two:?}");
        let three = server.invoke("python_case", &chain(&["python_case", "python_case"], echo())).await;
        assert!(three.body.to_string().contains("TooManyRequestsException: Rate Exceeded."), "{three:?}");
    }
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn zero_concurrency_returns_awss_429() {
    let server =
        TestServer::open(|config| ALL_WORKERS.iter().for_each(|worker| settings(config, worker).concurrency = Some(0)))
            .await;
    for worker in ALL_WORKERS {
        let response = server.invoke(worker, &echo()).await;
        assert!(
            response.is(429) && response.has("x-amzn-errortype: toomanyrequestsexception"),
            "{worker}: {response:?}"
        );
        assert!(response.has("retry-after: 1"), "{response:?}");
        let reason = "ReservedFunctionConcurrentInvocationLimitExceeded";
        assert_eq!(response.body, json!({ "message": "Rate Exceeded.", "Reason": reason, "Type": "User" }));
    }
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn function_url_and_endpoint_return_429_when_throttled() {
    let server = TestServer::open(|config| {
        settings(config, "node_case").concurrency = Some(0);
        config.app.settings.endpoint.concurrency = Some(0);
        config.executables.insert("endpoint".to_owned(), config.executables["rust_case"].clone());
    });
    let server = server.await;
    for name in ["node_case", "endpoint"] {
        let url = server.dev_server.url.clone();
        let host = server.dev_server.url.trim_start_matches("http://").to_owned();
        let request = format!("GET /_url/{name}/");
        let request = move || exchange(&url, &request, &[&format!("Host: {host}")], "");
        let (head, body) = tokio::task::spawn_blocking(request).await.expect("a thread");
        assert!(
            head.starts_with("HTTP/1.1 429 ") && body == r#"{"Message":"Rate Exceeded."}"#,
            "{name}: {head} {body}"
        );
    }
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn throttled_event_is_requeued_without_an_attempt() {
    let server = TestServer::open(|config| settings(config, "python_case").concurrency = Some(0)).await;
    let file = server.scratch.path().join("ran");
    let event = json!({ "do": "append", "path": file });
    let headers = ["Authorization: Bedrock outside", "X-Amz-Invocation-Type: Event"];
    assert!(server.send("python_case", &headers, &event).await.is(202));
    for refusals in 1..=3 {
        server.dev_server.queue.settled().await.expect("settled");
        let listed = server.event();
        assert_eq!((listed.event.attempts, listed.event.refusals), (0, refusals));
        assert!(matches!(listed.state, EventState::Waiting(_)), "{listed:?}");
        server.clock.advance(Duration::from_secs(300));
    }
    server.dev_server.queue.settled().await.expect("settled");
    assert!(!file.exists(), "it was run");
    server.dev_server.close();
    wait_until_closed(server.scratch.path()).await;
    server.clock.advance(Duration::from_secs(300));
    let server = TestServer::open_in(server.scratch, server.clock, |_| {}).await;
    server.dev_server.queue.settled().await.expect("settled");
    assert_eq!(std::fs::read_to_string(&file).expect("it was run"), "ran\n");
    assert_eq!(server.dev_server.store.list().expect("events"), []);
    server.dev_server.close();
}

/// Returns a call graph in which each worker may only call the next one.
fn ring_of_callees() -> CallGraph {
    let callee = |number: usize| BTreeSet::from([ALL_WORKERS[(number + 1) % 3].to_owned()]);
    ALL_WORKERS.iter().enumerate().map(|(number, worker)| ((*worker).to_owned(), callee(number))).collect()
}

fn graph(strict: bool) -> impl FnOnce(&mut DevServerConfig) {
    move |config| {
        config.call_graph = Some(ring_of_callees());
        config.strict = strict;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strict_mode_allows_only_calls_of_the_graph() {
    let server = TestServer::open(graph(true)).await;
    for (number, caller) in ALL_WORKERS.iter().enumerate() {
        let allowed = ALL_WORKERS[(number + 1) % 3];
        let denied = ALL_WORKERS[(number + 2) % 3];
        let response = server.invoke(caller, &chain(&[allowed], echo())).await;
        assert_eq!((response.body.clone(), server.messages()), (json!(1), Vec::new()), "{response:?}");
        let response = server.invoke(caller, &chain(&[denied], echo())).await;
        assert!(response.has("x-amz-function-error: unhandled"), "{response:?}");
        let expected = format!("assumed-role/conformance-local-{caller}/conformance-local-{caller} is not authorized");
        assert!(response.body["errorMessage"].as_str().is_some_and(|text| text.contains(&expected)), "{response:?}");
        let messages = server.messages();
        let expected = format!("error: `{caller}` called `{denied}`, but has no permission to");
        assert!(messages.len() == 2 && messages[0].starts_with(&expected), "{messages:?}");
        let table = format!("`[package.metadata.bedrock.workers.{caller}]`");
        assert!(messages[1].starts_with("help: add `invokes = [") && messages[1].contains(&table), "{messages:?}");
        assert!(messages[1].contains(&format!("\"{denied}\"]`")), "{messages:?}");
    }
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn denied_call_is_a_403_and_external_calls_are_allowed() {
    let server = TestServer::open(graph(true)).await;
    let signed = "Authorization: AWS4-HMAC-SHA256 Credential=LOCAL_python_case/20261125/us-east-1/lambda/aws4_request";
    for headers in [
        &[signed][..],
        &["Authorization: Bedrock LOCAL_python_case"],
        &[signed, "X-Amz-Invocation-Type: Event"],
        &[signed, "X-Amz-Invocation-Type: DryRun"],
    ] {
        let response = server.send("rust_case", headers, &echo()).await;
        assert!(response.is(403) && response.has("x-amzn-errortype: accessdeniedexception"), "{response:?}");
        assert_eq!(
            response.body["message"],
            "User: arn:aws:sts::000000000000:assumed-role/conformance-local-python_case/conformance-local-python_case \
             is not authorized to perform: lambda:InvokeFunction on resource: \
             arn:aws:lambda:us-east-1:000000000000:function:conformance-local-rust_case because no identity-based \
             policy allows the lambda:InvokeFunction action"
        );
    }
    assert_eq!(server.dev_server.store.list().expect("events"), []);
    // The endpoint has no edges in this graph.
    assert!(server.send("rust_case", &["Authorization: Bedrock LOCAL_endpoint"], &echo()).await.is(403));
    assert!(server.messages().last().is_some_and(|line| line.contains("`[package.metadata.bedrock.endpoint]`")));
    for worker in ALL_WORKERS {
        assert_eq!(server.invoke(worker, &echo()).await.body, json!(1));
    }
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn denied_call_is_only_a_warning_without_strict_mode() {
    let server = TestServer::open(graph(false)).await;
    let denied = chain(&["python_case"], echo());
    assert_eq!(server.invoke("python_case", &denied).await.body, json!(1));
    let messages = server.messages();
    assert!(messages[0].starts_with("warning: `python_case` called `python_case`"), "{messages:?}");
    server.dev_server.close();
    let server = TestServer::open(|config| config.strict = true).await;
    assert_eq!(server.invoke("python_case", &denied).await.body, json!(1), "the graph is not known");
    assert_eq!(server.messages(), Vec::<String>::new());
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn recursive_loop_of_any_language_stops_after_16_calls() {
    let server = TestServer::open(|_| {}).await;
    for worker in ALL_WORKERS {
        let allowed_loop = server.invoke(worker, &chain(&[worker; 15], echo())).await;
        assert!(allowed_loop.is(200) && allowed_loop.body == json!(1), "{worker}: {allowed_loop:?}");
        let stopped_loop = server.invoke(worker, &chain(&[worker; 16], echo())).await;
        assert!(stopped_loop.body.to_string().contains("RecursiveInvocationException"), "{worker}: {stopped_loop:?}");
    }
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn recursive_loop_through_an_sdk_is_stopped() {
    let server = TestServer::open(|_| {}).await;
    for (worker, sdk) in [("python_case", site_packages()), ("node_case", sdk())] {
        let Some(sdk) = sdk else { continue };
        let nested_sdk_calls = |rounds| {
            let call = |event| json!({ "do": "sdk", "sdk": sdk, "worker": worker, "event": event });
            (0..rounds).fold(echo(), |event, _| call(event))
        };
        let allowed_loop = server.invoke(worker, &nested_sdk_calls(15)).await;
        assert!(
            allowed_loop.is(200) && !allowed_loop.body.to_string().contains("Recursive"),
            "{worker}: {allowed_loop:?}"
        );
        let stopped_loop = server.invoke(worker, &nested_sdk_calls(16)).await;
        assert!(stopped_loop.body.to_string().contains("RecursiveInvocationException"), "{worker}: {stopped_loop:?}");
    }
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn recursive_loop_of_destinations_keeps_its_last_record() {
    let server = TestServer::open(|config| {
        let python = settings(config, "python_case");
        python.retries = 0;
        python.on_failure = Some(Destination::Worker(WorkerName::parse("python_case").expect("a name")));
    });
    let server = server.await;
    let headers = ["Authorization: Bedrock x", "X-Amz-Invocation-Type: Event"];
    assert!(server.send("python_case", &headers, &json!({ "do": "raise" })).await.is(202));
    server.dev_server.queue.settled().await.expect("settled");
    let events = server.dev_server.store.list().expect("events");
    let runs: u32 = events.iter().map(|listed| listed.event.attempts).sum();
    assert_eq!((events.len(), runs), (16, 16), "each one has failed once");
    let delivered = server.dev_server.store.delivered().expect("records");
    assert_eq!((delivered.len(), delivered[0].destination.as_str()), (1, "python_case"));
    server.dev_server.close();
}

/// Returns the trace header of a chain that has run a worker sixteen times.
async fn trace_header_at_limit(server: &TestServer, worker: &str) -> String {
    let response = server.invoke("rust_case", &chain(&[], json!({ "do": "context" }))).await;
    let trace = response.body["trace"].as_str().expect("a trace").to_owned();
    let nested_trace = server.invoke(worker, &chain(&["rust_case"], json!({ "do": "context" }))).await;
    let nested_trace = nested_trace.body["trace"].as_str().expect("a trace").to_owned();
    let of_rust = trace.split_once("Lineage=").and_then(|(_, counts)| counts.split(':').next()).expect(&trace);
    let (_, counts) = nested_trace.split_once("Lineage=").expect(&nested_trace);
    let other = counts.split('|').find(|count| !count.starts_with(of_rust)).expect(counts);
    assert!(other.ends_with(":1"), "{counts}");
    format!("X-Amzn-Trace-Id: Root=1-6555a4f0-0123456789abcdef01234567;Lineage={}16", &other[..other.len() - 1])
}

#[tokio::test(flavor = "multi_thread")]
async fn recursive_loop_error_is_a_400_and_has_a_destination() {
    let server = TestServer::open(|config| {
        settings(config, "python_case").on_failure = Some(Destination::Arn(EXTERNAL_QUEUE_ARN.to_owned()))
    })
    .await;
    let trace = trace_header_at_limit(&server, "python_case").await;
    let response = server.send("python_case", &["Authorization: Bedrock x", &trace], &echo()).await;
    assert!(response.is(400) && response.has("x-amzn-errortype: recursiveinvocationexception"), "{response:?}");
    assert_eq!(
        response.body,
        json!({
            "Message": "Lambda has detected your function being invoked in a recursive loop with other Amazon Web \
                        Services resources and stopped your function's invocation.",
            "Type": "User"
        })
    );
    let file = server.scratch.path().join("ran");
    let event = json!({ "do": "append", "path": file });
    let headers = ["Authorization: Bedrock x", "X-Amz-Invocation-Type: Event", &trace];
    assert!(server.send("python_case", &headers, &event).await.is(202));
    server.dev_server.queue.settled().await.expect("settled");
    let listed = server.event();
    assert_eq!((listed.event.attempts, listed.state), (0, EventState::Dead(Condition::RetriesExhausted)));
    assert_eq!(listed.last.expect("an error")["errorType"], "RecursiveInvocationException");
    let delivered = server.dev_server.store.delivered().expect("records");
    assert_eq!((delivered.len(), delivered[0].destination.as_str()), (1, EXTERNAL_QUEUE_ARN));
    assert_eq!(delivered[0].record["requestPayload"], event);
    assert!(!file.exists(), "it was run");
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn allowed_recursive_loop_is_not_stopped() {
    let server = TestServer::open(|config| settings(config, "rust_case").recursion = RecursiveLoop::Allow).await;
    let response = server.invoke("rust_case", &chain(&["rust_case"; 20], json!({ "do": "context" }))).await;
    assert!(response.is(200) && response.body["id"].is_string(), "{response:?}");
    assert_eq!(response.body["trace"].as_str().map(|trace| trace.contains("Lineage")), Some(false), "{response:?}");
    server.dev_server.close();
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn memory_limit_of_rust_worker_applies_in_strict_mode() {
    let event = json!({ "do": "hold", "bytes": 300 << 20 });
    for strict in [false, true] {
        let server = TestServer::open(|config| {
            settings(config, "rust_case").memory = 256;
            config.strict = strict;
        });
        let server = server.await;
        let response = server.invoke("rust_case", &event).await;
        let report = server.lines.lock().expect("lines").pop().expect("a report").text;
        let used = report.split_once("\tMemory Size: 256 MB\tMax Memory Used: ").expect(&report).1;
        let used: u64 = used.split(' ').next().and_then(|used| used.parse().ok()).expect(used);
        // A process that is killed may not have all its memory yet.
        assert!(used > if strict { 256 } else { 300 }, "{report}");
        if strict {
            assert_eq!(response.body["errorType"], "Runtime.ExitError", "{response:?}");
            assert!(report.ends_with("Error Type: Runtime.OutOfMemory\t"), "{report}");
        } else {
            assert_eq!(response.body, json!(300 << 20));
        }
        server.dev_server.close();
    }
}
