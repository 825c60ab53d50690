//! Tests of schedules, queues and buckets of an app, used by external programs and by workers with AWS's own clients.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use bedrock_build::triggers::{BucketTrigger, ObjectEvent, QueueTrigger, ScheduleTrigger, TriggerSource};
use bedrock_build::{Schedule, Trigger, Use, WorkerName};
use bedrock_dev::event_log::Reader;
use bedrock_dev::{Clock, DevServer, DevServerConfig};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::dev_server::{config, wait_until_closed};
use crate::service::access::exchange;
use crate::service::client::{self, call_any_service, environment};

/// Timeout of waiting for an event.
const EVENT_TIMEOUT: Duration = Duration::from_secs(60);

/// A dev server whose Python worker has triggers, with a subscription to its event log.
pub(crate) struct TestServer {
    scratch: TempDir,
    clock: Clock,
    pub(crate) dev_server: DevServer,
    reader: Reader,
}

fn schedule(text: &str, event: Option<&str>) -> Trigger {
    let schedule = Schedule::parse(text).expect(text);
    Trigger::Schedule(ScheduleTrigger { schedule, timezone: "UTC".to_owned(), event: event.map(str::to_owned) })
}

pub(crate) fn queue(batch_size: u64) -> Trigger {
    let queue = TriggerSource::Own("jobs".to_owned());
    Trigger::Queue(QueueTrigger {
        queue,
        batch_size,
        batch_window: 0,
        partial_failures: true,
        max_receives: 2,
        content_based_deduplication: false,
        filters: Vec::new(),
        maximum_concurrency: None,
    })
}

pub(crate) fn bucket() -> Trigger {
    Trigger::Bucket(BucketTrigger {
        bucket: TriggerSource::Own("uploads".to_owned()),
        prefix: "in/".to_owned(),
        suffix: ".txt".to_owned(),
        folder: None,
        events: ObjectEvent::ALL.to_vec(),
    })
}

impl TestServer {
    pub(crate) async fn open(triggers: Vec<Trigger>) -> Self {
        Self::open_in(tempfile::tempdir().expect("a folder"), Clock::manual(SystemTime::now()), triggers).await
    }

    pub(crate) async fn open_in(scratch: TempDir, clock: Clock, triggers: Vec<Trigger>) -> Self {
        Self::open_with(scratch, clock, triggers, None).await
    }

    /// Opens a server whose worker has triggers, and which says what worker and endpoint use.
    pub(crate) async fn open_with(
        scratch: TempDir,
        clock: Clock,
        triggers: Vec<Trigger>,
        uses: Option<Vec<Use>>,
    ) -> Self {
        let mut config: DevServerConfig = config(scratch.path(), &clock);
        // Bucket folders are in the app's folder, and all tests share the workers of this app.
        let app = scratch.path().join("app");
        std::fs::create_dir_all(&app).expect("a folder");
        let workers = config.app.root.join("workers");
        if !app.join("workers").exists() {
            std::os::unix::fs::symlink(workers, app.join("workers")).expect("a link");
            std::fs::copy(config.app.root.join("Cargo.toml"), app.join("Cargo.toml")).expect("a file");
        }
        config.app.root = app;
        config.app.settings.endpoint.uses.clone_from(&uses);
        let name = WorkerName::parse("python_case").expect("a name");
        let worker = config.app.workers.iter_mut().find(|worker| worker.name == name).expect("a worker");
        worker.settings.triggers = triggers;
        worker.settings.uses = uses;
        worker.settings.timeout = 60;
        let dev_server = DevServer::start(config).await.expect("it opens");
        let reader = dev_server.event_log.subscribe(None);
        Self { scratch, clock, dev_server, reader }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.scratch.path().join("app/target/bedrock/buckets/uploads")
    }

    /// Returns the next entry of this kind in the event log.
    pub(crate) async fn next(&mut self, kind: &str) -> Value {
        let mut skipped = Vec::new();
        loop {
            let item = tokio::time::timeout(EVENT_TIMEOUT, self.reader.next()).await;
            let item = item.unwrap_or_else(|_| panic!("no `{kind}` in {skipped:#?}")).expect("it goes on");
            let event_json: Value = serde_json::from_str(&item.json()).expect("JSON");
            if event_json["kind"] == kind {
                return event_json;
            }
            skipped.push(event_json);
        }
    }

    /// Makes calls with boto3 on a blocking thread. `None` if it is not installed.
    pub(crate) async fn call_operations(&self, calls: Value) -> Option<Vec<Value>> {
        let url = self.dev_server.url.clone();
        tokio::task::spawn_blocking(move || call_any_service(&url, &calls)).await.expect("a thread")
    }

    /// Returns status line and body of a request to the dev server's API.
    async fn api(&self, request: &str, token: &str) -> (String, Value) {
        let url = self.dev_server.url.clone();
        let request = request.to_owned();
        let headers = [format!("Host: {}", url.trim_start_matches("http://")), format!("X-Bedrock-Token: {token}")];
        let sent = tokio::task::spawn_blocking(move || {
            let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
            exchange(&url, &request, &headers, "")
        });
        let (head, body) = sent.await.expect("a thread");
        (head.lines().next().unwrap_or_default().to_owned(), serde_json::from_str(&body).unwrap_or_default())
    }

    /// Returns the queues once no message is in flight: messages may arrive in several batches.
    async fn idle_queues(&self) -> Value {
        loop {
            let (_, queues) = self.api("GET /_bedrock/v1/queues", "").await;
            if queues["queues"][1]["messages"]["in_flight"] == 0 {
                return queues;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn queue_url(&self) -> String {
        format!("{}/_sqs/000000000000/conformance-local-jobs", self.dev_server.url)
    }

    fn sqs(&self, operation: &str, arguments: &Value) -> Value {
        let mut arguments = arguments.clone();
        arguments["QueueUrl"] = self.queue_url().into();
        json!({ "service": "sqs", "operation": operation, "arguments": arguments })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn schedule_fires_when_due_and_on_request() {
    let own = schedule("rate(1 hour)", Some(r#"{"do":"echo","value":"<aws.scheduler.scheduled-time>"}"#));
    let mut server = TestServer::open(vec![schedule("rate(5 minutes)", None), own, queue(1)]).await;
    let due = server.clock.now() + Duration::from_secs(300);
    server.clock.advance(Duration::from_secs(300));
    let fired = server.next("trigger").await;
    assert_eq!(
        (&fired["trigger"], &fired["source"], &fired["worker"], &fired["state"], &fired["items"]),
        (&json!("schedule"), &json!("rate(5 minutes)"), &json!("python_case"), &json!("fired"), &json!(1))
    );
    let started = server.next("invocation_started").await;
    assert_eq!((&started["request_id"], &started["mode"]), (&fired["request_id"], &json!("event")));
    let event = &started["event"]["json"];
    assert_eq!((&event["source"], &event["detail"]), (&json!("aws.scheduler"), &json!("{}")));
    assert!(
        bedrock_model::date::rfc3339(due).starts_with(event["time"].as_str().expect("a time").trim_end_matches('Z'))
    );
    let token = server.api("GET /_bedrock/v1/token", "").await.1["token"].as_str().expect("a token").to_owned();
    let fire = |number: u32| format!("POST /_bedrock/v1/workers/python_case/triggers/{number}/fire");
    let (status, response) = server.api(&fire(1), &token).await;
    assert!(status.contains(" 202 "), "{status}");
    let ended = loop {
        let ended = server.next("invocation_ended").await;
        if ended["request_id"] == response["request_id"] {
            break ended;
        }
    };
    assert_eq!(ended["response"]["json"].as_str().map(str::len), Some("2026-11-26T16:00:00.000Z".len()), "{ended}");
    for (number, expected) in [(2, " 400 "), (3, " 404 ")] {
        assert!(server.api(&fire(number), &token).await.0.contains(expected), "{number}");
    }
    assert!(server.api(&fire(1), "").await.0.contains(" 403 "));
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn queue_delivers_batches_until_the_dead_letter_queue() {
    let mut server = TestServer::open(vec![queue(10)]).await;
    let entries = json!([{ "Id": "a", "MessageBody": "good" }, { "Id": "b", "MessageBody": "fail" }]);
    let attributes = json!({ "tone": { "DataType": "String", "StringValue": "low" } });
    let trace = "Root=1-6555a4f0-0123456789abcdef01234567;Sampled=1";
    let system = json!({ "AWSTraceHeader": { "DataType": "String", "StringValue": trace } });
    let calls = json!([
        { "service": "sqs", "operation": "get_queue_url", "arguments": { "QueueName": "conformance-local-jobs" } },
        { "service": "sqs", "operation": "list_queues", "arguments": {} },
        server.sqs("send_message_batch", &json!({ "Entries": entries })),
        server.sqs("send_message", &json!({ "MessageBody": "größer", "MessageAttributes": attributes, "MessageSystemAttributes": system })),
        server.sqs("send_message", &json!({ "MessageBody": "\u{0}" })),
        { "service": "sqs", "operation": "get_queue_url", "arguments": { "QueueName": "nothing" } },
    ]);
    let Some(responses) = server.call_operations(calls).await else { return };
    assert_eq!(responses[0]["QueueUrl"], server.queue_url());
    assert_eq!(responses[1]["QueueUrls"], json!([format!("{}-dead", server.queue_url()), server.queue_url()]));
    assert_eq!(responses[2]["Successful"].as_array().map(Vec::len), Some(2), "{responses:?}");
    assert_eq!(responses[3]["MD5OfMessageBody"].as_str().map(str::len), Some(32), "{responses:?}");
    assert_eq!(responses[4]["exception"], "InvalidMessageContents", "{responses:?}");
    assert_eq!(
        (&responses[5]["exception"], &responses[5]["code"], &responses[5]["message"]),
        (
            &json!("QueueDoesNotExist"),
            &json!("AWS.SimpleQueueService.NonExistentQueue"),
            &json!("The specified queue does not exist.")
        )
    );
    let mut records = Vec::new();
    while records.len() < 3 {
        let started = server.next("invocation_started").await;
        records.extend(started["event"]["json"]["Records"].as_array().cloned().expect("records"));
    }
    let record = records.iter().find(|record| record["body"] == "größer").expect("a record");
    assert_eq!(record["eventSourceARN"], "arn:aws:sqs:us-east-1:000000000000:conformance-local-jobs");
    assert_eq!(record["messageAttributes"]["tone"]["stringValue"], "low");
    assert_eq!(record["messageId"], responses[3]["MessageId"]);
    assert_eq!(record["attributes"]["AWSTraceHeader"], trace);
    // The failed message is returned after its visibility timeout, six times the worker's timeout, and is moved to the
    // dead-letter queue after two attempts.
    for state in ["returned", "returned", "dead"] {
        loop {
            let update = server.next("trigger").await;
            if update["state"] != "fired" {
                assert_eq!((&update["state"], &update["items"]), (&json!(state), &json!(1)));
                break;
            }
        }
        server.clock.advance(Duration::from_secs(360));
    }
    let queues = server.idle_queues().await;
    let of = |at: usize| (queues["queues"][at]["name"].clone(), queues["queues"][at]["messages"].clone());
    let none = json!({ "waiting": 0, "in_flight": 0, "delayed": 0 });
    let one = json!({ "waiting": 1, "in_flight": 0, "delayed": 0 });
    assert_eq!([of(0), of(1)], [(json!("conformance-local-jobs-dead"), one), (json!("conformance-local-jobs"), none)]);
    // The dead letter is listed, and is sent back or dropped.
    let token = server.api("GET /_bedrock/v1/token", "").await.1["token"].as_str().expect("a token").to_owned();
    let messages = "/_bedrock/v1/queues/conformance-local-jobs-dead/messages";
    let (_, listed) = server.api(&format!("GET {messages}"), "").await;
    let message = &listed["messages"][0];
    assert_eq!((&message["body"]["text"], &message["state"]), (&json!("fail"), &json!("waiting")), "{listed}");
    let id = message["message_id"].as_str().expect("an id").to_owned();
    let (status, _) = server.api(&format!("POST {messages}/none/drop"), &token).await;
    assert!(status.contains(" 404 "), "{status}");
    let (status, _) = server.api(&format!("POST {messages}/{id}/redrive"), &token).await;
    assert!(status.contains(" 200 "), "{status}");
    let (_, listed) = server.api(&format!("GET {messages}"), "").await;
    assert_eq!(listed["messages"], json!([]));
    loop {
        // Not while the worker is processing it again.
        let (_, listed) = server.api("GET /_bedrock/v1/queues/conformance-local-jobs/messages", "").await;
        let (status, _) =
            server.api(&format!("POST /_bedrock/v1/queues/conformance-local-jobs/messages/{id}/drop"), &token).await;
        if status.contains(" 200 ") {
            assert_eq!(listed["messages"][0]["message_id"], id, "{listed}");
            break;
        }
    }
    let (status, _) = server.api("GET /_bedrock/v1/queues/nothing/messages", "").await;
    assert!(status.contains(" 404 "), "{status}");
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn fifo_queue_delivers_groups_in_order_with_boto3() {
    let Trigger::Queue(jobs) = queue(10) else { panic!("a queue") };
    let filters = vec![r#"{"body":{"kind":["order"]}}"#.to_owned()];
    let source = TriggerSource::Own("jobs.fifo".to_owned());
    let fifo = QueueTrigger { queue: source, content_based_deduplication: true, filters, ..jobs };
    let mut server = TestServer::open(vec![Trigger::Queue(fifo)]).await;
    let url = format!("{}.fifo", server.queue_url());
    let send = |body: &str, group: Option<&str>| {
        let mut arguments = json!({ "QueueUrl": url, "MessageBody": body });
        if let Some(group) = group {
            arguments["MessageGroupId"] = group.into();
        }
        json!({ "service": "sqs", "operation": "send_message", "arguments": arguments })
    };
    let order = |number: u32| json!({ "kind": "order", "number": number }).to_string();
    let calls = json!([
        send(&order(1), Some("a")),
        send(&order(1), Some("a")),
        send(r#"{"kind":"note"}"#, Some("a")),
        send(&order(2), Some("a")),
        send(&order(3), None),
    ]);
    let Some(responses) = server.call_operations(calls).await else { return };
    assert_eq!(responses[0]["MessageId"], responses[1]["MessageId"], "a duplicate");
    assert_eq!(responses[4]["code"], "MissingParameter", "{responses:?}");
    let mut records = Vec::new();
    while records.len() < 2 {
        let started = server.next("invocation_started").await;
        records.extend(started["event"]["json"]["Records"].as_array().cloned().expect("records"));
    }
    let bodies: Vec<&str> = records.iter().filter_map(|record| record["body"].as_str()).collect();
    assert_eq!(bodies, [order(1), order(2)]);
    let attributes = &records[0]["attributes"];
    assert_eq!(attributes["MessageGroupId"], "a");
    assert_eq!(attributes["SequenceNumber"], responses[0]["SequenceNumber"]);
    assert_eq!(attributes["MessageDeduplicationId"].as_str().map(str::len), Some(64), "a SHA-256");
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_receive_and_purge_messages_with_boto3() {
    let server = TestServer::open(vec![queue(1)]).await;
    let mut calls = json!([
        server.sqs("send_message", &json!({ "MessageBody": "dead already" })),
        server.sqs(
            "receive_message",
            &json!({ "AttributeNames": ["All"], "MaxNumberOfMessages": 10, "VisibilityTimeout": 0 })
        ),
        server.sqs("receive_message", &json!({ "AttributeNames": ["ApproximateReceiveCount"] })),
        server.sqs("get_queue_attributes", &json!({ "AttributeNames": ["All"] })),
        server.sqs("receive_message", &json!({ "MaxNumberOfMessages": 11 })),
        server.sqs("change_message_visibility", &json!({ "ReceiptHandle": "unknown", "VisibilityTimeout": 0 })),
        server.sqs("purge_queue", &json!({})),
        server.sqs("get_queue_attributes", &json!({ "AttributeNames": ["ApproximateNumberOfMessagesNotVisible"] })),
    ]);
    // The dead-letter queue, from which no worker reads.
    for call in calls.as_array_mut().expect("calls") {
        call["arguments"]["QueueUrl"] = format!("{}-dead", server.queue_url()).into();
    }
    let Some(responses) = server.call_operations(calls).await else { return };
    let of = |at: usize| &responses[at]["Messages"][0];
    assert_eq!(
        (&of(1)["Body"], &of(1)["Attributes"]["ApproximateReceiveCount"]),
        (&json!("dead already"), &json!("1"))
    );
    assert_eq!(of(2)["Attributes"], json!({ "ApproximateReceiveCount": "2" }));
    assert_eq!(responses[3]["Attributes"]["ApproximateNumberOfMessagesNotVisible"], "1");
    assert_eq!(
        (&responses[4]["code"], &responses[5]["exception"]),
        (&json!("InvalidParameterValue"), &json!("ReceiptHandleIsInvalid"))
    );
    assert_eq!(responses[7]["Attributes"]["ApproximateNumberOfMessagesNotVisible"], "0", "{responses:?}");
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_survive_a_restart_of_the_dev_server() {
    let server = TestServer::open(vec![queue(1)]).await;
    let delayed = json!({ "MessageBody": "good", "DelaySeconds": 60 });
    let Some(responses) = server.call_operations(json!([server.sqs("send_message", &delayed)])).await else { return };
    server.dev_server.close();
    wait_until_closed(server.scratch.path()).await;
    let mut server = TestServer::open_in(server.scratch, server.clock, vec![queue(1)]).await;
    server.clock.advance(Duration::from_secs(60));
    let started = server.next("invocation_started").await;
    assert_eq!(started["event"]["json"]["Records"][0]["messageId"], responses[0]["MessageId"]);
    assert_eq!(server.next("invocation_ended").await["outcome"], "ok");
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_uses_its_queue_and_bucket_with_an_sdk() {
    let Some(sdk) = client::site_packages() else { return };
    let mut server = TestServer::open(vec![queue(1), bucket()]).await;
    std::fs::write(server.folder().join("note.md"), "of the folder").expect("a file");
    let read = json!({
        "do": "service", "sdk": sdk, "service": "s3", "operation": "get_object",
        "arguments": { "Bucket": "CONFORMANCE_BUCKET_UPLOADS", "Key": "note.md" },
    });
    let send = json!({
        "do": "service", "sdk": sdk, "service": "sqs", "operation": "send_message",
        "arguments": { "QueueUrl": "CONFORMANCE_QUEUE_URL_JOBS", "MessageBody": "from inside" },
    });
    let calls = [read, send].map(|event| {
        json!({ "service": "lambda", "operation": "invoke",
                "arguments": { "FunctionName": "python_case", "Payload": event.to_string() } })
    });
    let Some(responses) = server.call_operations(json!(calls)).await else { return };
    assert!(responses.iter().all(|response| response["FunctionError"].is_null()), "{responses:?}");
    let first = server.next("invocation_ended").await;
    assert_eq!(first["response"]["json"], "of the folder", "{first}");
    let batch = loop {
        let started = server.next("invocation_started").await;
        if started["event"]["json"]["Records"].is_array() {
            break started;
        }
    };
    let record = &batch["event"]["json"]["Records"][0];
    assert_eq!(record["body"], "from inside");
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn aws_cli_uses_queue_and_bucket() {
    let Some(aws) = testbed::tool("awscli/bin/aws") else { return };
    let mut server = TestServer::open(vec![queue(1), bucket()]).await;
    let url = server.dev_server.url.clone();
    let queue = server.queue_url();
    let run_result = tokio::task::spawn_blocking(move || {
        let run = |arguments: &[&str]| {
            let output =
                environment(std::process::Command::new(&aws).args(arguments), &url).output().expect("the AWS CLI");
            assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).expect("text")
        };
        // Version 1 of the CLI ignores `AWS_ENDPOINT_URL_SQS`.
        let place = format!("{url}/_sqs");
        run(&["sqs", "send-message", "--endpoint-url", &place, "--queue-url", &queue, "--message-body", "good"]);
        run(&["s3api", "list-objects-v2", "--bucket", "conformance-local-uploads"]);
        run(&["s3", "ls"])
    });
    assert!(run_result.await.expect("a thread").contains("conformance-local-uploads"));
    assert_eq!(server.next("invocation_started").await["event"]["json"]["Records"][0]["body"], "good");
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_and_buckets_reject_cross_origin_and_unsigned() {
    let server = TestServer::open(vec![queue(1), bucket()]).await;
    std::fs::write(server.folder().join("secret.txt"), "secret").expect("a file");
    let host = format!("Host: {}", server.dev_server.url.trim_start_matches("http://"));
    let signed = "Authorization: AWS4-HMAC-SHA256 Credential=any/20261126/us-east-1/s3/aws4_request, Signature=x";
    let target = "X-Amz-Target: AmazonSQS.ListQueues";
    let url = server.dev_server.url.clone();
    let run_result = tokio::task::spawn_blocking(move || {
        let status = |request: &str, headers: &[&str]| {
            let headers: Vec<&str> = headers.iter().copied().chain([host.as_str()]).collect();
            let (head, _) = exchange(&url, request, &headers, "{}");
            head.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok()).expect("a status")
        };
        let list = "POST /_sqs";
        let read = "GET /_s3/conformance-local-uploads/secret.txt";
        assert_eq!((status(list, &[signed, target]), status(read, &[signed])), (200, 200));
        for outside in ["Origin: http://evil.example", "Sec-Fetch-Site: cross-site"] {
            assert_eq!(status(list, &[signed, target, outside]), 403, "{outside}");
            assert_eq!(status(read, &[signed, outside]), 403, "{outside}");
        }
        assert_eq!((status(list, &[target]), status(read, &[])), (403, 403));
    });
    run_result.await.expect("a thread");
    server.dev_server.close();
}
