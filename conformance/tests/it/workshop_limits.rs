//! What `bedrock-dev` refuses because AWS does: invocations over what is reserved, calls without a right, circles.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bedrock_build::settings::Recursion;
use bedrock_build::{Destination, FunctionSettings, WorkerName};
use bedrock_dev::runtime::Line;
use bedrock_dev::{Clock, Condition, Edges, Order, State, Workshop};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::driver::ALL;
use crate::service::client::sdk;
use crate::service::client::site_packages;
use crate::service::refused::exchange;
use crate::workshop::{order, until_closed};

const ELSEWHERE: &str = "arn:aws:sqs:us-east-1:000000000000:dead-letters";

/// A workshop, its clock and what it said.
struct Room {
    scratch: TempDir,
    clock: Clock,
    lines: Arc<Mutex<Vec<Line>>>,
    workshop: Workshop,
}

/// An answer of the API.
#[derive(Debug)]
struct Answer {
    head: String,
    body: Value,
}

impl Room {
    async fn open(change: impl FnOnce(&mut Order)) -> Self {
        let clock = Clock::by_hand(SystemTime::now());
        Self::open_in(tempfile::tempdir().expect("a folder"), clock, change).await
    }

    async fn open_in(scratch: TempDir, clock: Clock, change: impl FnOnce(&mut Order)) -> Self {
        let lines = Arc::<Mutex<Vec<Line>>>::default();
        let noted = Arc::clone(&lines);
        let mut order = order(scratch.path(), &clock);
        order.sink = Arc::new(move |line| noted.lock().expect("lines").push(line));
        // Many processes that start one after the other, on a machine that may be busy.
        order.app.workers.iter_mut().for_each(|worker| worker.settings.timeout = 60);
        change(&mut order);
        Self { workshop: Workshop::open(order).await.expect("it opens"), scratch, clock, lines }
    }

    /// Calls a worker with these headers.
    async fn send(&self, worker: &str, headers: &[&str], event: &Value) -> Answer {
        let request = format!("POST /2015-03-31/functions/{worker}/invocations");
        let host = format!("Host: {}", self.workshop.url.trim_start_matches("http://"));
        let headers: Vec<_> = headers.iter().map(ToString::to_string).chain([host]).collect();
        let (url, event) = (self.workshop.url.clone(), event.to_string());
        let sent = tokio::task::spawn_blocking(move || {
            let headers: Vec<_> = headers.iter().map(String::as_str).collect();
            exchange(&url, &request, &headers, &event)
        });
        let (head, body) = sent.await.expect("a thread");
        Answer { head: head.to_lowercase(), body: serde_json::from_str(&body).unwrap_or_default() }
    }

    /// Calls a worker from outside.
    async fn invoke(&self, worker: &str, event: &Value) -> Answer {
        self.send(worker, &["Authorization: Bedrock outside"], event).await
    }

    /// What was said since the last time, but for what workers printed.
    fn said(&self) -> Vec<String> {
        let lines = std::mem::take(&mut *self.lines.lock().expect("lines"));
        lines.into_iter().filter(|line| line.request_id.is_none()).map(|line| line.text).collect()
    }

    /// The only event that there is.
    fn event(&self) -> bedrock_dev::Listed {
        let mut events = self.workshop.store.list().expect("events");
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }
}

impl Answer {
    fn is(&self, status: u16) -> bool {
        self.head.starts_with(&format!("http/1.1 {status} "))
    }

    fn has(&self, header: &str) -> bool {
        self.head.lines().any(|line| line == header)
    }
}

fn settings<'a>(order: &'a mut Order, worker: &str) -> &'a mut FunctionSettings {
    let name = WorkerName::parse(worker).expect("a name");
    &mut order.app.workers.iter_mut().find(|worker| worker.name == name).expect("a worker").settings
}

fn echo() -> Value {
    json!({ "do": "echo", "value": 1 })
}

/// An event of a worker that calls others, one after the other, and the last one does `last`.
fn chain(workers: &[&str], last: Value) -> Value {
    workers.iter().rev().fold(last, |event, worker| json!({ "do": "call", "worker": worker, "event": event }))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_invocation_more_than_is_reserved_is_refused_and_the_room_is_given_back() {
    let room = Room::open(|order| settings(order, "python_case").concurrency = Some(2)).await;
    for _ in 0..3 {
        let two = room.invoke("python_case", &chain(&["python_case"], echo())).await;
        assert!(two.is(200) && two.body == json!(1), "{two:?}");
        let three = room.invoke("python_case", &chain(&["python_case", "python_case"], echo())).await;
        assert!(three.body.to_string().contains("TooManyRequestsException: Rate Exceeded."), "{three:?}");
    }
    room.workshop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_has_nothing_reserved_for_it_answers_429_as_aws_words_it() {
    let room = Room::open(|order| ALL.iter().for_each(|worker| settings(order, worker).concurrency = Some(0))).await;
    for worker in ALL {
        let answer = room.invoke(worker, &echo()).await;
        assert!(answer.is(429) && answer.has("x-amzn-errortype: toomanyrequestsexception"), "{worker}: {answer:?}");
        assert!(answer.has("retry-after: 1"), "{answer:?}");
        let reason = "ReservedFunctionConcurrentInvocationLimitExceeded";
        assert_eq!(answer.body, json!({ "message": "Rate Exceeded.", "Reason": reason, "Type": "User" }));
    }
    room.workshop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_url_of_a_function_that_has_no_room_answers_429_and_the_endpoint_s_setting_counts_as_well() {
    let room = Room::open(|order| {
        settings(order, "node_case").concurrency = Some(0);
        order.app.settings.endpoint.concurrency = Some(0);
        order.programs.insert("endpoint".to_owned(), order.programs["rust_case"].clone());
    });
    let room = room.await;
    for name in ["node_case", "endpoint"] {
        let (url, host) = (room.workshop.url.clone(), room.workshop.url.trim_start_matches("http://").to_owned());
        let request = format!("GET /_url/{name}/");
        let asked = move || exchange(&url, &request, &[&format!("Host: {host}")], "");
        let (head, body) = tokio::task::spawn_blocking(asked).await.expect("a thread");
        assert!(
            head.starts_with("HTTP/1.1 429 ") && body == r#"{"Message":"Rate Exceeded."}"#,
            "{name}: {head} {body}"
        );
    }
    room.workshop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_without_room_is_put_back_without_an_attempt_and_run_once_there_is_some() {
    let room = Room::open(|order| settings(order, "python_case").concurrency = Some(0)).await;
    let file = room.scratch.path().join("ran");
    let event = json!({ "do": "append", "path": file });
    let headers = ["Authorization: Bedrock outside", "X-Amz-Invocation-Type: Event"];
    assert!(room.send("python_case", &headers, &event).await.is(202));
    for refusals in 1..=3 {
        room.workshop.queue.settled().await.expect("settled");
        let listed = room.event();
        assert_eq!((listed.event.attempts, listed.event.refusals), (0, refusals));
        assert!(matches!(listed.state, State::Waiting(_)), "{listed:?}");
        room.clock.advance(Duration::from_secs(300));
    }
    room.workshop.queue.settled().await.expect("settled");
    assert!(!file.exists(), "it was run");
    room.workshop.close();
    until_closed(room.scratch.path()).await;
    room.clock.advance(Duration::from_secs(300));
    let room = Room::open_in(room.scratch, room.clock, |_| {}).await;
    room.workshop.queue.settled().await.expect("settled");
    assert_eq!(std::fs::read_to_string(&file).expect("it was run"), "ran\n");
    assert_eq!(room.workshop.store.list().expect("events"), []);
    room.workshop.close();
}

/// Each worker may call the one behind it in the list, and no other.
fn in_a_row() -> Edges {
    let callee = |number: usize| BTreeSet::from([ALL[(number + 1) % 3].to_owned()]);
    ALL.iter().enumerate().map(|(number, worker)| ((*worker).to_owned(), callee(number))).collect()
}

fn graph(strict: bool) -> impl FnOnce(&mut Order) {
    move |order| {
        order.edges = Some(in_a_row());
        order.strict = strict;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_of_any_language_calls_its_callees_and_no_others() {
    let room = Room::open(graph(true)).await;
    for (number, caller) in ALL.iter().enumerate() {
        let (allowed, denied) = (ALL[(number + 1) % 3], ALL[(number + 2) % 3]);
        let answer = room.invoke(caller, &chain(&[allowed], echo())).await;
        assert_eq!((answer.body.clone(), room.said()), (json!(1), Vec::new()), "{answer:?}");
        let answer = room.invoke(caller, &chain(&[denied], echo())).await;
        assert!(answer.has("x-amz-function-error: unhandled"), "{answer:?}");
        let expected = format!("assumed-role/conformance-local-{caller}/conformance-local-{caller} is not authorized");
        assert!(answer.body["errorMessage"].as_str().is_some_and(|text| text.contains(&expected)), "{answer:?}");
        let said = room.said();
        let expected = format!("error: `{caller}` called `{denied}`, but has no permission to");
        assert!(said.len() == 2 && said[0].starts_with(&expected), "{said:?}");
        let table = format!("`[package.metadata.bedrock.workers.{caller}]`");
        assert!(said[1].starts_with("help: add `invokes = [") && said[1].contains(&table), "{said:?}");
        assert!(said[1].contains(&format!("\"{denied}\"]`")), "{said:?}");
    }
    room.workshop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_a_right_is_a_403_however_it_is_made_and_the_outside_may_call_everybody() {
    let room = Room::open(graph(true)).await;
    let signed = "Authorization: AWS4-HMAC-SHA256 Credential=LOCAL_python_case/20261125/us-east-1/lambda/aws4_request";
    for headers in [
        &[signed][..],
        &["Authorization: Bedrock LOCAL_python_case"],
        &[signed, "X-Amz-Invocation-Type: Event"],
        &[signed, "X-Amz-Invocation-Type: DryRun"],
    ] {
        let answer = room.send("rust_case", headers, &echo()).await;
        assert!(answer.is(403) && answer.has("x-amzn-errortype: accessdeniedexception"), "{answer:?}");
        assert_eq!(
            answer.body["message"],
            "User: arn:aws:sts::000000000000:assumed-role/conformance-local-python_case/conformance-local-python_case \
             is not authorized to perform: lambda:InvokeFunction on resource: \
             arn:aws:lambda:us-east-1:000000000000:function:conformance-local-rust_case because no identity-based \
             policy allows the lambda:InvokeFunction action"
        );
    }
    assert_eq!(room.workshop.store.list().expect("events"), []);
    // The endpoint has no edges here.
    assert!(room.send("rust_case", &["Authorization: Bedrock LOCAL_endpoint"], &echo()).await.is(403));
    assert!(room.said().last().is_some_and(|line| line.contains("`[package.metadata.bedrock.endpoint]`")));
    for worker in ALL {
        assert_eq!(room.invoke(worker, &echo()).await.body, json!(1));
    }
    room.workshop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_a_right_is_only_told_of_where_nobody_is_strict() {
    let room = Room::open(graph(false)).await;
    let denied = chain(&["python_case"], echo());
    assert_eq!(room.invoke("python_case", &denied).await.body, json!(1));
    let said = room.said();
    assert!(said[0].starts_with("warning: `python_case` called `python_case`"), "{said:?}");
    room.workshop.close();
    let room = Room::open(|order| order.strict = true).await;
    assert_eq!(room.invoke("python_case", &denied).await.body, json!(1), "the graph is not known");
    assert_eq!(room.said(), Vec::<String>::new());
    room.workshop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_of_any_language_ends_behind_sixteen_rounds() {
    let room = Room::open(|_| {}).await;
    for worker in ALL {
        let sixteen = room.invoke(worker, &chain(&[worker; 15], echo())).await;
        assert!(sixteen.is(200) && sixteen.body == json!(1), "{worker}: {sixteen:?}");
        let more = room.invoke(worker, &chain(&[worker; 16], echo())).await;
        assert!(more.body.to_string().contains("RecursiveInvocationException"), "{worker}: {more:?}");
    }
    room.workshop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_through_the_sdk_of_a_language_ends_like_any_other() {
    let room = Room::open(|_| {}).await;
    for (worker, sdk) in [("python_case", site_packages()), ("node_case", sdk())] {
        let Some(sdk) = sdk else { continue };
        let around = |rounds| {
            let call = |event| json!({ "do": "sdk", "sdk": sdk, "worker": worker, "event": event });
            (0..rounds).fold(echo(), |event, _| call(event))
        };
        let sixteen = room.invoke(worker, &around(15)).await;
        assert!(sixteen.is(200) && !sixteen.body.to_string().contains("Recursive"), "{worker}: {sixteen:?}");
        let more = room.invoke(worker, &around(16)).await;
        assert!(more.body.to_string().contains("RecursiveInvocationException"), "{worker}: {more:?}");
    }
    room.workshop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_through_destinations_ends_and_its_last_record_is_kept() {
    let room = Room::open(|order| {
        let python = settings(order, "python_case");
        python.retries = 0;
        python.on_failure = Some(Destination::Worker(WorkerName::parse("python_case").expect("a name")));
    });
    let room = room.await;
    let headers = ["Authorization: Bedrock x", "X-Amz-Invocation-Type: Event"];
    assert!(room.send("python_case", &headers, &json!({ "do": "raise" })).await.is(202));
    room.workshop.queue.settled().await.expect("settled");
    let events = room.workshop.store.list().expect("events");
    let runs: u32 = events.iter().map(|listed| listed.event.attempts).sum();
    assert_eq!((events.len(), runs), (16, 16), "each one has failed once");
    let delivered = room.workshop.store.delivered().expect("records");
    assert_eq!((delivered.len(), delivered[0].destination.as_str()), (1, "python_case"));
    room.workshop.close();
}

/// The trace header of a chain that has run a worker sixteen times.
async fn full(room: &Room, worker: &str) -> String {
    let answer = room.invoke("rust_case", &chain(&[], json!({ "do": "context" }))).await;
    let trace = answer.body["trace"].as_str().expect("a trace").to_owned();
    let through = room.invoke(worker, &chain(&["rust_case"], json!({ "do": "context" }))).await;
    let through = through.body["trace"].as_str().expect("a trace").to_owned();
    let of_rust = trace.split_once("Lineage=").and_then(|(_, counts)| counts.split(':').next()).expect(&trace);
    let (_, counts) = through.split_once("Lineage=").expect(&through);
    let other = counts.split('|').find(|count| !count.starts_with(of_rust)).expect(counts);
    assert!(other.ends_with(":1"), "{counts}");
    format!("X-Amzn-Trace-Id: Root=1-6555a4f0-0123456789abcdef01234567;Lineage={}16", &other[..other.len() - 1])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_call_of_a_circle_is_a_400_and_its_event_goes_to_where_failed_ones_go() {
    let room =
        Room::open(|order| settings(order, "python_case").on_failure = Some(Destination::Arn(ELSEWHERE.to_owned())))
            .await;
    let trace = full(&room, "python_case").await;
    let answer = room.send("python_case", &["Authorization: Bedrock x", &trace], &echo()).await;
    assert!(answer.is(400) && answer.has("x-amzn-errortype: recursiveinvocationexception"), "{answer:?}");
    assert_eq!(
        answer.body,
        json!({
            "Message": "Lambda has detected your function being invoked in a recursive loop with other Amazon Web \
                        Services resources and stopped your function's invocation.",
            "Type": "User"
        })
    );
    let file = room.scratch.path().join("ran");
    let event = json!({ "do": "append", "path": file });
    let headers = ["Authorization: Bedrock x", "X-Amz-Invocation-Type: Event", &trace];
    assert!(room.send("python_case", &headers, &event).await.is(202));
    room.workshop.queue.settled().await.expect("settled");
    let listed = room.event();
    assert_eq!((listed.event.attempts, listed.state), (0, State::Dead(Condition::RetriesExhausted)));
    assert_eq!(listed.last.expect("an error")["errorType"], "RecursiveInvocationException");
    let delivered = room.workshop.store.delivered().expect("records");
    assert_eq!((delivered.len(), delivered[0].destination.as_str()), (1, ELSEWHERE));
    assert_eq!(delivered[0].record["requestPayload"], event);
    assert!(!file.exists(), "it was run");
    room.workshop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_that_is_meant_is_neither_counted_nor_ended() {
    let room = Room::open(|order| settings(order, "rust_case").recursion = Recursion::Allow).await;
    let answer = room.invoke("rust_case", &chain(&["rust_case"; 20], json!({ "do": "context" }))).await;
    assert!(answer.is(200) && answer.body["id"].is_string(), "{answer:?}");
    assert_eq!(answer.body["trace"].as_str().map(|trace| trace.contains("Lineage")), Some(false), "{answer:?}");
    room.workshop.close();
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_rust_worker_has_the_memory_of_its_setting_where_it_is_strict() {
    let event = json!({ "do": "hold", "bytes": 300 << 20 });
    for strict in [false, true] {
        let room = Room::open(|order| {
            settings(order, "rust_case").memory = 256;
            order.strict = strict;
        });
        let room = room.await;
        let answer = room.invoke("rust_case", &event).await;
        let report = room.lines.lock().expect("lines").pop().expect("a report").text;
        let used = report.split_once("\tMemory Size: 256 MB\tMax Memory Used: ").expect(&report).1;
        let used: u64 = used.split(' ').next().and_then(|used| used.parse().ok()).expect(used);
        // One that is ended may have had it seen before it has all.
        assert!(used > if strict { 256 } else { 300 }, "{report}");
        if strict {
            assert_eq!(answer.body["errorType"], "Runtime.ExitError", "{answer:?}");
            assert!(report.ends_with("Error Type: Runtime.OutOfMemory\t"), "{report}");
        } else {
            assert_eq!(answer.body, json!(300 << 20));
        }
        room.workshop.close();
    }
}
