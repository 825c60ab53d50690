//! Tests of reading shards, with a fake service and a fake worker.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::http::{HeaderMap, StatusCode};
use bedrock_build::triggers::{StartingPosition, StreamService, StreamTrigger, StreamViewType, TriggerSource};
use bedrock_local::event_sources::StreamFilters;
use bedrock_model::limits::MAX_SYNC_PAYLOAD_BYTES;
use bedrock_model::{Accepted, Backend, Error, FunctionInfo, Invocation, Reply};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::{StreamMapping, poll};
use crate::event_log::{EventLog, Retention};
use crate::triggers::dispatcher::TriggerDispatcher;
use crate::triggers::fake_backend::function;
use crate::triggers::streams::positions::ShardPosition;
use crate::triggers::streams::{StreamClient, StreamPositions};

const STREAM: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/clicks";
/// All batches of a mapping are processed.
const ALL: usize = usize::MAX;

/// Records the data of each batch, and the size of its event.
struct FakeWorker {
    batches: watch::Sender<Vec<(Vec<String>, usize)>>,
    /// The number of batches after which invocations never end.
    responses: usize,
}

impl Backend for FakeWorker {
    fn functions(&self) -> Vec<FunctionInfo> {
        vec![function()]
    }

    fn find(&self, _: &str) -> Result<FunctionInfo, Error> {
        Ok(function())
    }

    fn arn(&self, name: &str) -> String {
        name.to_owned()
    }

    fn run(&self, _: &FunctionInfo, invocation: Invocation) -> Reply {
        let event: Value = serde_json::from_slice(&invocation.event).expect("JSON");
        let records = event["Records"].as_array().expect("records");
        let data = |record: &Value| {
            let data = record["kinesis"]["data"].as_str().or(record["Data"].as_str());
            data.expect("data").to_owned()
        };
        let batch = (records.iter().map(data).collect(), invocation.event.len());
        self.batches.send_modify(|batches| batches.push(batch));
        if self.batches.borrow().len() > self.responses {
            return Box::pin(std::future::pending());
        }
        Box::pin(std::future::ready(Ok("null".into())))
    }

    fn accept(&self, _: &FunctionInfo, _: Invocation) -> Accepted {
        Box::pin(std::future::ready(Ok(())))
    }
}

#[derive(Clone)]
struct FakeRecord {
    sequence: u64,
    data: String,
    /// Seconds since 1970.
    time: f64,
}

#[derive(Default, Clone)]
struct FakeShard {
    parent: Option<&'static str>,
    is_ended: bool,
    records: Vec<FakeRecord>,
}

#[derive(Default)]
struct FakeKinesis {
    shards: BTreeMap<&'static str, FakeShard>,
    /// The body of all responses with status 200.
    nonsense: Option<&'static str>,
    /// Operations in the order of their requests.
    operations: Vec<String>,
}

impl FakeKinesis {
    /// Returns the status and the body.
    fn respond(&mut self, operation: &str, request: &Value) -> (u16, String) {
        self.operations.push(operation.to_owned());
        if let Some(body) = self.nonsense {
            return (200, body.to_owned());
        }
        let text = |key: &str| request[key].as_str().unwrap_or_default();
        let (iterator, from) = text("ShardIterator").split_once('/').unwrap_or((text("ShardId"), ""));
        let response = match operation {
            "DescribeStreamSummary" => json!({ "StreamDescriptionSummary": { "StreamARN": STREAM } }),
            "DescribeTable" => json!({ "Table": { "LatestStreamArn": STREAM } }),
            "ListShards" => self.list(),
            "DescribeStream" => json!({ "StreamDescription": self.list() }),
            _ => match self.shards.get(iterator) {
                None => return (400, json!({ "__type": "ResourceNotFoundException" }).to_string()),
                Some(shard) if operation == "GetShardIterator" => {
                    json!({ "ShardIterator": format!("{iterator}/{}", shard.first(request)) })
                }
                Some(shard) => shard.page(iterator, from.parse().expect("a number"), &request["Limit"]),
            },
        };
        (200, response.to_string())
    }

    fn list(&self) -> Value {
        let shard = |(id, shard): (&&str, &FakeShard)| {
            let range = json!({ "EndingSequenceNumber": shard.is_ended.then_some("9") });
            json!({ "ShardId": id, "ParentShardId": shard.parent, "SequenceNumberRange": range })
        };
        json!({ "Shards": self.shards.iter().map(shard).collect::<Vec<_>>() })
    }
}

impl FakeShard {
    fn with(records: &[FakeRecord]) -> Self {
        Self { records: records.to_vec(), ..Self::default() }
    }

    /// Returns the index of the first record that an iterator returns.
    fn first(&self, request: &Value) -> usize {
        let sequence =
            || -> u64 { request["StartingSequenceNumber"].as_str().expect("a number").parse().expect("a number") };
        let time = || request["Timestamp"].as_f64().expect("a time");
        let count = |is_before: &dyn Fn(&FakeRecord) -> bool| self.records.iter().filter(|at| is_before(at)).count();
        match request["ShardIteratorType"].as_str().expect("a type") {
            "TRIM_HORIZON" => 0,
            "LATEST" => self.records.len(),
            "AT_SEQUENCE_NUMBER" => count(&|at| at.sequence < sequence()),
            "AFTER_SEQUENCE_NUMBER" => count(&|at| at.sequence <= sequence()),
            "AT_TIMESTAMP" => count(&|at| at.time < time()),
            other => panic!("{other}"),
        }
    }

    fn page(&self, id: &str, from: usize, limit: &Value) -> Value {
        let limit = usize::try_from(limit.as_u64().expect("a limit")).expect("a limit");
        let records: Vec<&FakeRecord> = self.records.iter().skip(from).take(limit).collect();
        let next = from + records.len();
        let is_at_end = self.is_ended && next >= self.records.len();
        let json = |record: &&FakeRecord| {
            json!({
                "SequenceNumber": record.sequence.to_string(), "Data": record.data, "PartitionKey": "a",
                "ApproximateArrivalTimestamp": record.time,
                "dynamodb": { "SequenceNumber": record.sequence.to_string() }
            })
        };
        json!({
            "Records": records.iter().map(json).collect::<Vec<_>>(),
            "NextShardIterator": (!is_at_end).then(|| format!("{id}/{next}"))
        })
    }
}

/// A fake Kinesis at a URL, and a file of positions.
struct TestStream {
    scratch: TempDir,
    url: String,
    kinesis: Arc<Mutex<FakeKinesis>>,
}

/// A mapping that runs.
struct TestMapping {
    batches: watch::Receiver<Vec<(Vec<String>, usize)>>,
    errors: watch::Receiver<Vec<String>>,
    task: AbortHandle,
}

impl TestStream {
    async fn new(shards: &[(&'static str, FakeShard)]) -> Self {
        let kinesis =
            Arc::new(Mutex::new(FakeKinesis { shards: shards.iter().cloned().collect(), ..FakeKinesis::default() }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let served = Arc::clone(&kinesis);
        let app = axum::Router::new().fallback(move |headers: HeaderMap, body: String| async move {
            let target = headers["x-amz-target"].to_str().expect("text");
            let operation = target.rsplit('.').next().expect("an operation");
            let request = serde_json::from_str(&body).expect("JSON");
            let (status, body) = served.lock().expect("a stream").respond(operation, &request);
            (StatusCode::from_u16(status).expect("a status"), body)
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { scratch: tempfile::tempdir().expect("a folder"), url, kinesis }
    }

    fn change(&self, change: impl FnOnce(&mut FakeKinesis)) {
        change(&mut self.kinesis.lock().expect("a stream"));
    }

    /// Waits until an operation was requested this often from now on.
    async fn requested(&self, operation: &str, times: usize) {
        let count = || {
            let kinesis = self.kinesis.lock().expect("a stream");
            kinesis.operations.iter().filter(|requested| *requested == operation).count()
        };
        let before = count();
        while count() < before + times {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn positions(&self) -> StreamPositions {
        StreamPositions::open(&self.scratch.path().join("streams.sqlite")).expect("a file")
    }

    fn start(&self, starting_position: StartingPosition, responses: usize) -> TestMapping {
        self.start_of(StreamService::Kinesis, starting_position, responses)
    }

    fn start_of(&self, service: StreamService, starting_position: StartingPosition, responses: usize) -> TestMapping {
        let (sender, batches) = watch::channel(Vec::new());
        let (log, errors) = watch::channel(Vec::new());
        let sink =
            move |line: crate::execution::LogLine| log.send_modify(|lines: &mut Vec<String>| lines.push(line.text));
        let backend = Arc::new(FakeWorker { batches: sender, responses });
        let dispatcher = TriggerDispatcher { backend, log: EventLog::new(Retention::default()), sink: Arc::new(sink) };
        let trigger = StreamTrigger {
            service,
            source: TriggerSource::Own("clicks".to_owned()),
            starting_position,
            batch_size: 100,
            batch_window: 0,
            parallelization_factor: 1,
            maximum_retry_attempts: None,
            maximum_record_age: None,
            bisect_batch_on_function_error: false,
            tumbling_window: 0,
            partial_failures: false,
            filters: Vec::new(),
            on_failure: None,
            stream_view_type: StreamViewType::default(),
        };
        let mapping = StreamMapping {
            client: StreamClient { url: self.url.clone(), region: "us-east-1".to_owned(), service },
            name: "clicks".to_owned(),
            function: function(),
            filters: StreamFilters::of(service, &trigger.filters),
            trigger,
            positions: Arc::new(self.positions()),
            dispatcher: Arc::new(dispatcher),
            url: self.url.clone(),
        };
        let task = tokio::spawn(poll(Arc::new(mapping))).abort_handle();
        TestMapping { batches, errors, task }
    }
}

impl TestMapping {
    /// Waits until this many records have arrived. Returns their data, sorted.
    async fn data(&mut self, count: usize) -> Vec<String> {
        let of = |batches: &Vec<(Vec<String>, usize)>| -> Vec<String> {
            batches.iter().flat_map(|(data, _)| data.clone()).collect()
        };
        let batches = self.batches.wait_for(|batches| of(batches).len() >= count).await.expect("a worker");
        let mut data = of(&batches);
        data.sort();
        data
    }

    async fn error(&mut self) -> String {
        self.errors.wait_for(|errors| !errors.is_empty()).await.expect("a log")[0].clone()
    }
}

impl Drop for TestMapping {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A record that was written long ago.
fn old(sequence: u64) -> FakeRecord {
    FakeRecord { sequence, data: sequence.to_string(), time: 0.0 }
}

/// A record that is written now.
fn new(sequence: u64) -> FakeRecord {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a time");
    FakeRecord { time: now.as_secs_f64(), ..old(sequence) }
}

/// What was split of `a`.
fn child(records: &[FakeRecord]) -> FakeShard {
    FakeShard { parent: Some("a"), ..FakeShard::with(records) }
}

#[tokio::test]
async fn latest_reads_all_of_a_child_of_a_read_shard() {
    let stream = TestStream::new(&[("a", FakeShard::with(&[old(1)]))]).await;
    let mut mapping = stream.start(StartingPosition::Latest, ALL);
    stream.requested("GetRecords", 1).await;
    stream.change(|kinesis| {
        kinesis.shards.get_mut("a").expect("a shard").is_ended = true;
        kinesis.shards.insert("b", child(&[old(2)]));
    });
    assert_eq!(mapping.data(1).await, ["2"]);
}

#[tokio::test]
async fn latest_reads_all_of_a_child_after_a_restart() {
    let stream = TestStream::new(&[("b", child(&[old(2)]))]).await;
    stream.positions().set("worker", STREAM, "a", Some("1")).expect("stored");
    assert_eq!(stream.start(StartingPosition::Latest, ALL).data(1).await, ["2"]);
}

#[tokio::test]
async fn latest_skips_what_was_split_long_ago() {
    let ended = FakeShard { is_ended: true, ..FakeShard::with(&[old(1)]) };
    let stream = TestStream::new(&[("a", ended), ("b", child(&[old(2)]))]).await;
    let mut mapping = stream.start(StartingPosition::Latest, ALL);
    stream.requested("GetRecords", 1).await;
    stream.change(|kinesis| kinesis.shards.get_mut("b").expect("a shard").records.push(new(3)));
    assert_eq!(mapping.data(1).await, ["3"]);
}

#[tokio::test]
async fn latest_begins_with_the_start_of_the_mapping() {
    let stream = TestStream::new(&[("a", FakeShard::with(&[old(1)]))]).await;
    stream.change(|kinesis| kinesis.nonsense = Some("<html>"));
    let mut mapping = stream.start(StartingPosition::Latest, ALL);
    mapping.error().await;
    stream.change(|kinesis| {
        kinesis.shards.get_mut("a").expect("a shard").records.push(new(2));
        kinesis.nonsense = None;
    });
    assert_eq!(mapping.data(1).await, ["2"]);
}

#[tokio::test]
async fn latest_of_a_table_keeps_its_iterator_after_an_error() {
    let stream = TestStream::new(&[("a", FakeShard::with(&[old(1)]))]).await;
    let mut mapping = stream.start_of(StreamService::Dynamodb, StartingPosition::Latest, ALL);
    stream.requested("GetRecords", 1).await;
    stream.change(|kinesis| kinesis.nonsense = Some("<html>"));
    stream.requested("GetRecords", 1).await;
    stream.change(|kinesis| {
        kinesis.shards.get_mut("a").expect("a shard").records.push(old(2));
        kinesis.nonsense = None;
    });
    assert_eq!(mapping.data(1).await, ["2"]);
}

#[tokio::test]
async fn record_that_was_not_processed_arrives_again() {
    let stream = TestStream::new(&[("a", FakeShard::default())]).await;
    let mut mapping = stream.start(StartingPosition::Latest, 0);
    stream.requested("GetRecords", 1).await;
    stream.change(|kinesis| kinesis.shards.get_mut("a").expect("a shard").records.push(new(1)));
    assert_eq!(mapping.data(1).await, ["1"]);
    drop(mapping);
    assert_eq!(stream.start(StartingPosition::Latest, ALL).data(1).await, ["1"]);
}

#[tokio::test]
async fn nonsense_is_an_error_and_ends_no_shard() {
    for nonsense in ["<html>", "{}"] {
        let stream = TestStream::new(&[("a", FakeShard::default())]).await;
        let mut mapping = stream.start(StartingPosition::TrimHorizon, ALL);
        stream.requested("GetRecords", 1).await;
        stream.change(|kinesis| kinesis.nonsense = Some(nonsense));
        stream.requested("GetRecords", 2).await;
        assert!(mapping.error().await.contains("response"), "{nonsense}");
        stream.change(|kinesis| {
            kinesis.nonsense = None;
            kinesis.shards.insert("a", FakeShard::with(&[old(1)]));
        });
        assert_eq!(mapping.data(1).await, ["1"], "{nonsense}");
    }
}

#[tokio::test]
async fn shard_of_a_stream_that_was_created_again_is_read() {
    let ended = FakeShard { is_ended: true, ..FakeShard::with(&[old(1)]) };
    let stream = TestStream::new(&[("a", ended)]).await;
    let mut mapping = stream.start(StartingPosition::TrimHorizon, ALL);
    mapping.data(1).await;
    stream.requested("ListShards", 3).await;
    stream.change(|kinesis| drop(kinesis.shards.insert("a", FakeShard::with(&[old(2)]))));
    assert_eq!(mapping.data(2).await, ["1", "2"]);
    drop(mapping);

    // Also if it was created again while nothing ran.
    stream.positions().set("worker", STREAM, "a", None).expect("stored");
    stream.change(|kinesis| drop(kinesis.shards.insert("a", FakeShard::with(&[old(3)]))));
    assert_eq!(stream.start(StartingPosition::TrimHorizon, ALL).data(1).await, ["3"]);
}

#[tokio::test]
async fn ended_shard_is_read_once() {
    let ended = FakeShard { is_ended: true, ..FakeShard::with(&[old(1)]) };
    // The service does not say of every shard that it has ended.
    let split = FakeShard { is_ended: false, ..ended.clone() };
    for shard in [ended, split] {
        let stream = TestStream::new(&[("a", shard), ("b", child(&[old(2)]))]).await;
        stream.positions().set("worker", STREAM, "a", None).expect("stored");
        let mut mapping = stream.start(StartingPosition::TrimHorizon, ALL);
        stream.requested("ListShards", 2).await;
        assert_eq!(mapping.data(1).await, ["2"]);
    }
}

#[tokio::test]
async fn batches_end_before_six_megabytes() {
    let large = |sequence| FakeRecord { data: "A".repeat(2_500_000), ..old(sequence) };
    let huge = FakeRecord { data: "A".repeat(MAX_SYNC_PAYLOAD_BYTES), ..old(6) };
    let records = [large(1), large(2), large(3), large(4), large(5), huge, old(7)];
    let stream = TestStream::new(&[("a", FakeShard { is_ended: true, ..FakeShard::with(&records) })]).await;
    let mut mapping = stream.start(StartingPosition::TrimHorizon, ALL);
    mapping.data(7).await;
    let batches = mapping.batches.borrow().clone();
    let counts: Vec<usize> = batches.iter().map(|(data, _)| data.len()).collect();
    assert_eq!(counts, [2, 2, 1, 1, 1]);
    let sizes: Vec<usize> = batches.iter().map(|(_, size)| *size).collect();
    // No batch has room for a record that is larger than the limit.
    assert!(sizes[..3].iter().all(|size| *size <= MAX_SYNC_PAYLOAD_BYTES), "{sizes:?}");
}

#[tokio::test]
async fn restart_goes_on_with_what_waits_for_the_next_batch() {
    let large = |sequence| FakeRecord { data: "A".repeat(4_000_000), ..old(sequence) };
    let stream = TestStream::new(&[("a", FakeShard::with(&[large(1), large(2)]))]).await;
    let mut mapping = stream.start(StartingPosition::TrimHorizon, 1);
    mapping.data(2).await;
    drop(mapping);
    let position = stream.positions().get("worker", STREAM, "a").expect("a position");
    assert_eq!(position, Some(ShardPosition::After("1".to_owned())));
    let mut mapping = stream.start(StartingPosition::TrimHorizon, ALL);
    mapping.data(1).await;
}

#[tokio::test]
async fn reader_of_a_deleted_stream_ends_and_starts_again() {
    let stream = TestStream::new(&[("a", FakeShard::with(&[old(1)]))]).await;
    let mut mapping = stream.start(StartingPosition::TrimHorizon, ALL);
    mapping.data(1).await;
    stream.change(|kinesis| kinesis.shards.clear());
    stream.requested("GetRecords", 1).await;
    stream.change(|kinesis| kinesis.operations.clear());
    stream.requested("ListShards", 3).await;
    stream.change(|kinesis| assert!(!kinesis.operations.iter().any(|name| name.starts_with("Get"))));
    stream.change(|kinesis| drop(kinesis.shards.insert("a", FakeShard::with(&[old(1), old(2)]))));
    assert_eq!(mapping.data(2).await, ["1", "2"]);
}
