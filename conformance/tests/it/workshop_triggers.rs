//! Schedules, queues and buckets of an app at work, reached from outside and from inside with AWS's own clients.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use bedrock_build::triggers::{BucketTrigger, ObjectEvent, QueueTrigger, ScheduleTrigger, Source};
use bedrock_build::{Schedule, Trigger, WorkerName};
use bedrock_dev::happenings::Reader;
use bedrock_dev::{Clock, Order, Workshop};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::service::client::{self, environment, of_any_service};
use crate::service::refused::exchange;
use crate::workshop::{order, until_closed};

/// How long to wait for what has to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A workshop whose Python worker has triggers, and whoever reads its stream.
pub(crate) struct Room {
    scratch: TempDir,
    clock: Clock,
    pub(crate) workshop: Workshop,
    reader: Reader,
}

fn schedule(text: &str, event: Option<&str>) -> Trigger {
    let schedule = Schedule::parse(text).expect(text);
    Trigger::Schedule(ScheduleTrigger { schedule, timezone: "UTC".to_owned(), event: event.map(str::to_owned) })
}

pub(crate) fn queue(batch_size: u64) -> Trigger {
    let queue = Source::Own("jobs".to_owned());
    Trigger::Queue(QueueTrigger { queue, batch_size, batch_window: 0, partial_failures: true, max_receives: 2 })
}

pub(crate) fn bucket() -> Trigger {
    Trigger::Bucket(BucketTrigger {
        bucket: Source::Own("uploads".to_owned()),
        prefix: "in/".to_owned(),
        suffix: ".txt".to_owned(),
        folder: None,
        events: ObjectEvent::ALL.to_vec(),
    })
}

impl Room {
    pub(crate) async fn open(triggers: Vec<Trigger>) -> Self {
        Self::open_in(tempfile::tempdir().expect("a folder"), Clock::by_hand(SystemTime::now()), triggers).await
    }

    pub(crate) async fn open_in(scratch: TempDir, clock: Clock, triggers: Vec<Trigger>) -> Self {
        let mut order: Order = order(scratch.path(), &clock);
        // Folders of buckets lie in the app, and this one's workers are shared by all tests.
        let app = scratch.path().join("app");
        std::fs::create_dir_all(&app).expect("a folder");
        let workers = order.app.root.join("workers");
        if !app.join("workers").exists() {
            std::os::unix::fs::symlink(workers, app.join("workers")).expect("a link");
            std::fs::copy(order.app.root.join("Cargo.toml"), app.join("Cargo.toml")).expect("a file");
        }
        order.app.root = app;
        let name = WorkerName::parse("python_case").expect("a name");
        let worker = order.app.workers.iter_mut().find(|worker| worker.name == name).expect("a worker");
        worker.settings.triggers = triggers;
        worker.settings.timeout = 60;
        let workshop = Workshop::open(order).await.expect("it opens");
        let reader = workshop.happenings.subscribe(None);
        Self { scratch, clock, workshop, reader }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.scratch.path().join("app/target/bedrock/buckets/uploads")
    }

    /// The next thing that happened of a kind.
    pub(crate) async fn next(&mut self, kind: &str) -> Value {
        let mut passed = Vec::new();
        loop {
            let heard = tokio::time::timeout(PATIENCE, self.reader.next()).await;
            let heard = heard.unwrap_or_else(|_| panic!("no `{kind}` in {passed:#?}")).expect("it goes on");
            let happening: Value = serde_json::from_str(&heard.json()).expect("JSON");
            if happening["kind"] == kind {
                return happening;
            }
            passed.push(happening);
        }
    }

    /// Makes calls with boto3, which blocks; None where it is not installed.
    pub(crate) async fn ask(&self, calls: Value) -> Option<Vec<Value>> {
        let url = self.workshop.url.clone();
        tokio::task::spawn_blocking(move || of_any_service(&url, &calls)).await.expect("a thread")
    }

    /// Status and body of a request to the API of the workshop.
    async fn api(&self, request: &str, token: &str) -> (String, Value) {
        let url = self.workshop.url.clone();
        let request = request.to_owned();
        let headers = [format!("Host: {}", url.trim_start_matches("http://")), format!("X-Bedrock-Token: {token}")];
        let sent = tokio::task::spawn_blocking(move || {
            let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
            exchange(&url, &request, &headers, "")
        });
        let (head, body) = sent.await.expect("a thread");
        (head.lines().next().unwrap_or_default().to_owned(), serde_json::from_str(&body).unwrap_or_default())
    }

    /// The queues, once no batch is at work: messages may have come in more than one.
    async fn queues_at_rest(&self) -> Value {
        loop {
            let (_, queues) = self.api("GET /_bedrock/v1/queues", "").await;
            if queues["queues"][1]["messages"]["in_flight"] == 0 {
                return queues;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn queue_url(&self) -> String {
        format!("{}/_sqs/000000000000/conformance-local-jobs", self.workshop.url)
    }

    fn sqs(&self, operation: &str, arguments: &Value) -> Value {
        let mut arguments = arguments.clone();
        arguments["QueueUrl"] = self.queue_url().into();
        json!({ "service": "sqs", "operation": operation, "arguments": arguments })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_invokes_its_worker_when_it_is_due_and_when_it_is_asked_to() {
    let own = schedule("rate(1 hour)", Some(r#"{"do":"echo","value":"<aws.scheduler.scheduled-time>"}"#));
    let mut room = Room::open(vec![schedule("rate(5 minutes)", None), own, queue(1)]).await;
    let due = room.clock.now() + Duration::from_secs(300);
    room.clock.advance(Duration::from_secs(300));
    let fired = room.next("trigger").await;
    assert_eq!(
        (&fired["trigger"], &fired["source"], &fired["worker"], &fired["state"], &fired["items"]),
        (&json!("schedule"), &json!("rate(5 minutes)"), &json!("python_case"), &json!("fired"), &json!(1))
    );
    let started = room.next("invocation_started").await;
    assert_eq!((&started["request_id"], &started["mode"]), (&fired["request_id"], &json!("event")));
    let event = &started["event"]["json"];
    assert_eq!((&event["source"], &event["detail"]), (&json!("aws.scheduler"), &json!("{}")));
    assert!(bedrock::local::rfc3339(due).starts_with(event["time"].as_str().expect("a time").trim_end_matches('Z')));
    let token = room.api("GET /_bedrock/v1/token", "").await.1["token"].as_str().expect("a token").to_owned();
    let fire = |number: u32| format!("POST /_bedrock/v1/workers/python_case/triggers/{number}/fire");
    let (status, answer) = room.api(&fire(1), &token).await;
    assert!(status.contains(" 202 "), "{status}");
    let ended = loop {
        let ended = room.next("invocation_ended").await;
        if ended["request_id"] == answer["request_id"] {
            break ended;
        }
    };
    assert_eq!(ended["response"]["json"].as_str().map(str::len), Some("2026-11-26T16:00:00.000Z".len()), "{ended}");
    for (number, expected) in [(2, " 400 "), (3, " 404 ")] {
        assert!(room.api(&fire(number), &token).await.0.contains(expected), "{number}");
    }
    assert!(room.api(&fire(1), "").await.0.contains(" 403 "));
    room.workshop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_sends_messages_and_a_worker_gets_them_in_batches_until_they_are_given_up() {
    let mut room = Room::open(vec![queue(10)]).await;
    let entries = json!([{ "Id": "a", "MessageBody": "good" }, { "Id": "b", "MessageBody": "fail" }]);
    let attributes = json!({ "tone": { "DataType": "String", "StringValue": "low" } });
    let trace = "Root=1-6555a4f0-0123456789abcdef01234567;Sampled=1";
    let system = json!({ "AWSTraceHeader": { "DataType": "String", "StringValue": trace } });
    let calls = json!([
        { "service": "sqs", "operation": "get_queue_url", "arguments": { "QueueName": "conformance-local-jobs" } },
        { "service": "sqs", "operation": "list_queues", "arguments": {} },
        room.sqs("send_message_batch", &json!({ "Entries": entries })),
        room.sqs("send_message", &json!({ "MessageBody": "größer", "MessageAttributes": attributes, "MessageSystemAttributes": system })),
        room.sqs("send_message", &json!({ "MessageBody": "\u{0}" })),
        { "service": "sqs", "operation": "get_queue_url", "arguments": { "QueueName": "nothing" } },
    ]);
    let Some(answers) = room.ask(calls).await else { return };
    assert_eq!(answers[0]["QueueUrl"], room.queue_url());
    assert_eq!(answers[1]["QueueUrls"], json!([format!("{}-dead", room.queue_url()), room.queue_url()]));
    assert_eq!(answers[2]["Successful"].as_array().map(Vec::len), Some(2), "{answers:?}");
    assert_eq!(answers[3]["MD5OfMessageBody"].as_str().map(str::len), Some(32), "{answers:?}");
    assert_eq!(answers[4]["exception"], "InvalidMessageContents", "{answers:?}");
    assert_eq!(
        (&answers[5]["exception"], &answers[5]["code"], &answers[5]["message"]),
        (
            &json!("QueueDoesNotExist"),
            &json!("AWS.SimpleQueueService.NonExistentQueue"),
            &json!("The specified queue does not exist.")
        )
    );
    let mut records = Vec::new();
    while records.len() < 3 {
        let started = room.next("invocation_started").await;
        records.extend(started["event"]["json"]["Records"].as_array().cloned().expect("records"));
    }
    let record = records.iter().find(|record| record["body"] == "größer").expect("a record");
    assert_eq!(record["eventSourceARN"], "arn:aws:sqs:us-east-1:000000000000:conformance-local-jobs");
    assert_eq!(record["messageAttributes"]["tone"]["stringValue"], "low");
    assert_eq!(record["messageId"], answers[3]["MessageId"]);
    assert_eq!(record["attributes"]["AWSTraceHeader"], trace);
    // The failed one comes back with its visibility timeout, six times the worker's, and is given up after two times.
    for state in ["returned", "returned", "dead"] {
        loop {
            let told = room.next("trigger").await;
            if told["state"] != "fired" {
                assert_eq!((&told["state"], &told["items"]), (&json!(state), &json!(1)));
                break;
            }
        }
        room.clock.advance(Duration::from_secs(360));
    }
    let queues = room.queues_at_rest().await;
    let of = |at: usize| (queues["queues"][at]["name"].clone(), queues["queues"][at]["messages"].clone());
    let (none, one) =
        (json!({ "waiting": 0, "in_flight": 0, "delayed": 0 }), json!({ "waiting": 1, "in_flight": 0, "delayed": 0 }));
    assert_eq!([of(0), of(1)], [(json!("conformance-local-jobs-dead"), one), (json!("conformance-local-jobs"), none)]);
    room.workshop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_receive_and_delete_messages_themselves_as_they_do_on_aws() {
    let room = Room::open(vec![queue(1)]).await;
    let mut calls = json!([
        room.sqs("send_message", &json!({ "MessageBody": "dead already" })),
        room.sqs(
            "receive_message",
            &json!({ "AttributeNames": ["All"], "MaxNumberOfMessages": 10, "VisibilityTimeout": 0 })
        ),
        room.sqs("receive_message", &json!({ "AttributeNames": ["ApproximateReceiveCount"] })),
        room.sqs("get_queue_attributes", &json!({ "AttributeNames": ["All"] })),
        room.sqs("receive_message", &json!({ "MaxNumberOfMessages": 11 })),
        room.sqs("change_message_visibility", &json!({ "ReceiptHandle": "nobody's", "VisibilityTimeout": 0 })),
        room.sqs("purge_queue", &json!({})),
        room.sqs("get_queue_attributes", &json!({ "AttributeNames": ["ApproximateNumberOfMessagesNotVisible"] })),
    ]);
    // The dead-letter queue, which no worker empties.
    for call in calls.as_array_mut().expect("calls") {
        call["arguments"]["QueueUrl"] = format!("{}-dead", room.queue_url()).into();
    }
    let Some(answers) = room.ask(calls).await else { return };
    let of = |at: usize| &answers[at]["Messages"][0];
    assert_eq!(
        (&of(1)["Body"], &of(1)["Attributes"]["ApproximateReceiveCount"]),
        (&json!("dead already"), &json!("1"))
    );
    assert_eq!(of(2)["Attributes"], json!({ "ApproximateReceiveCount": "2" }));
    assert_eq!(answers[3]["Attributes"]["ApproximateNumberOfMessagesNotVisible"], "1");
    assert_eq!(
        (&answers[4]["code"], &answers[5]["exception"]),
        (&json!("InvalidParameterValue"), &json!("ReceiptHandleIsInvalid"))
    );
    assert_eq!(answers[7]["Attributes"]["ApproximateNumberOfMessagesNotVisible"], "0", "{answers:?}");
    room.workshop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_outlive_the_workshop_while_their_batch_is_run() {
    let room = Room::open(vec![queue(1)]).await;
    let held = json!({ "MessageBody": "good", "DelaySeconds": 60 });
    let Some(answers) = room.ask(json!([room.sqs("send_message", &held)])).await else { return };
    room.workshop.close();
    until_closed(room.scratch.path()).await;
    let mut room = Room::open_in(room.scratch, room.clock, vec![queue(1)]).await;
    room.clock.advance(Duration::from_secs(60));
    let started = room.next("invocation_started").await;
    assert_eq!(started["event"]["json"]["Records"][0]["messageId"], answers[0]["MessageId"]);
    assert_eq!(room.next("invocation_ended").await["outcome"], "ok");
    room.workshop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_finds_its_queue_and_bucket_with_an_sdk_and_its_variables() {
    let Some(sdk) = client::site_packages() else { return };
    let mut room = Room::open(vec![queue(1), bucket()]).await;
    std::fs::write(room.folder().join("note.md"), "of the folder").expect("a file");
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
    let Some(answers) = room.ask(json!(calls)).await else { return };
    assert!(answers.iter().all(|answer| answer["FunctionError"].is_null()), "{answers:?}");
    let first = room.next("invocation_ended").await;
    assert_eq!(first["response"]["json"], "of the folder", "{first}");
    let batch = loop {
        let started = room.next("invocation_started").await;
        if started["event"]["json"]["Records"].is_array() {
            break started;
        }
    };
    let record = &batch["event"]["json"]["Records"][0];
    assert_eq!(record["body"], "from inside");
    room.workshop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aws_cli_reaches_queue_and_bucket() {
    let Some(aws) = testbed::tool("awscli/bin/aws") else { return };
    let mut room = Room::open(vec![queue(1), bucket()]).await;
    let (url, queue) = (room.workshop.url.clone(), room.queue_url());
    let ran = tokio::task::spawn_blocking(move || {
        let run = |arguments: &[&str]| {
            let output =
                environment(std::process::Command::new(&aws).args(arguments), &url).output().expect("the AWS CLI");
            assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).expect("text")
        };
        // Version 1 of the CLI passes over `AWS_ENDPOINT_URL_SQS`.
        let place = format!("{url}/_sqs");
        run(&["sqs", "send-message", "--endpoint-url", &place, "--queue-url", &queue, "--message-body", "good"]);
        run(&["s3api", "list-objects-v2", "--bucket", "conformance-local-uploads"]);
        run(&["s3", "ls"])
    });
    assert!(ran.await.expect("a thread").contains("conformance-local-uploads"));
    assert_eq!(room.next("invocation_started").await["event"]["json"]["Records"][0]["body"], "good");
    room.workshop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_origins_and_calls_without_credentials_get_nothing_of_queues_and_buckets() {
    let room = Room::open(vec![queue(1), bucket()]).await;
    std::fs::write(room.folder().join("secret.txt"), "secret").expect("a file");
    let host = format!("Host: {}", room.workshop.url.trim_start_matches("http://"));
    let signed = "Authorization: AWS4-HMAC-SHA256 Credential=any/20261126/us-east-1/s3/aws4_request, Signature=x";
    let target = "X-Amz-Target: AmazonSQS.ListQueues";
    let url = room.workshop.url.clone();
    let ran = tokio::task::spawn_blocking(move || {
        let status = |request: &str, headers: &[&str]| {
            let headers: Vec<&str> = headers.iter().copied().chain([host.as_str()]).collect();
            let (head, _) = exchange(&url, request, &headers, "{}");
            head.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok()).expect("a status")
        };
        let (list, read) = ("POST /_sqs", "GET /_s3/conformance-local-uploads/secret.txt");
        assert_eq!((status(list, &[signed, target]), status(read, &[signed])), (200, 200));
        for outside in ["Origin: http://evil.example", "Sec-Fetch-Site: cross-site"] {
            assert_eq!(status(list, &[signed, target, outside]), 403, "{outside}");
            assert_eq!(status(read, &[signed, outside]), 403, "{outside}");
        }
        assert_eq!((status(list, &[target]), status(read, &[])), (403, 403));
    });
    ran.await.expect("a thread");
    room.workshop.close();
}
