//! Sample events: what a trigger of each kind would send to a worker, with the names of the worker's own triggers.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bedrock_build::triggers::{
    ObjectEvent, StreamService, StreamTrigger, StreamViewType, Trigger, TriggerSource, is_fifo_queue,
};
use bedrock_build::{App, Worker};
use bedrock_local::event_sources::{
    BusEvent, FifoAttributes, MessageAttributes, ObjectChange, SnsMessage, SnsMessageAttribute, SqsMessage,
    dynamodb_record, event_bus_event, kinesis_record, s3_event as object_event, schedule_event as scheduled_event,
    sns_event as notification_event, sqs_event as message_event, stream_event as records_event,
};
use bedrock_local::function_arn;
use bedrock_model::FunctionInfo;
use bedrock_model::date::rfc3339;
use serde_json::{Map, Value, json};

use super::aws_api::{md5_hex, new_uuid};
use super::local_resources::LocalResources;
use super::proxy_event::{load_balancer_event, request_of_proxy_event, rest_api_event};
use crate::running_server::HttpRequest;

/// Names of the sample events.
pub const SAMPLE_NAMES: [&str; 11] =
    ["alb", "dynamodb", "eventbridge", "http", "http-api", "kinesis", "rest", "s3", "schedule", "sns", "sqs"];
/// Names of those that are HTTP requests, which the endpoint gets.
pub const HTTP_SAMPLE_NAMES: [&str; 4] = ["alb", "http", "http-api", "rest"];
/// Content of sample messages and objects.
const SAMPLE_TEXT: &str = r#"{"hello":"world"}"#;

/// Returns a sample event for a worker, or `None` if the name is not one of [`SAMPLE_NAMES`].
pub fn sample_event(app: &App, worker: &Worker, name: &str, now: SystemTime) -> Option<Value> {
    let resources = LocalResources::new(app, "http://127.0.0.1:7070");
    let triggers = &worker.settings.triggers;
    if let Some(event) = http_sample_event(worker.name.as_str(), name, now) {
        return Some(event);
    }
    Some(match name {
        "dynamodb" => stream_event(&resources, triggers, StreamService::Dynamodb, now),
        "eventbridge" => event_bridge_event(app, &resources, triggers, now),
        "kinesis" => stream_event(&resources, triggers, StreamService::Kinesis, now),
        "s3" => s3_event(&resources, triggers, worker, now),
        "schedule" => schedule_event(worker, triggers, now),
        "sns" => sns_event(&resources, triggers, now),
        "sqs" => sqs_event(&resources, triggers, now),
        _ => return None,
    })
}

/// Returns the event of a `GET` request: of a function URL (`http`), an HTTP API, a REST API or an Application Load Balancer.
/// `None` if the name is not one of [`HTTP_SAMPLE_NAMES`].
pub fn http_sample_event(function: &str, name: &str, now: SystemTime) -> Option<Value> {
    let of_url = || {
        let headers = vec![("accept".to_owned(), "*/*".to_owned())];
        let request =
            HttpRequest { method: "GET".to_owned(), path: "/".to_owned(), headers, body: bytes::Bytes::new() };
        http_event(function, &request, now)
    };
    Some(match name {
        "alb" => load_balancer_event("/"),
        "http" => of_url(),
        "http-api" => {
            let mut event = of_url();
            let host = "id.execute-api.us-east-1.amazonaws.com";
            event["headers"]["host"] = host.into();
            let context = &mut event["requestContext"];
            (context["apiId"], context["domainName"], context["domainPrefix"]) =
                ("id".into(), host.into(), "id".into());
            context["accountId"] = "000000000000".into();
            event
        }
        "rest" => rest_api_event("/", now),
        _ => return None,
    })
}

fn s3_event(resources: &LocalResources, triggers: &[Trigger], worker: &Worker, now: SystemTime) -> Value {
    let found = triggers.iter().enumerate().find_map(|(index, trigger)| match trigger {
        Trigger::Bucket(bucket) => Some((index, bucket)),
        _ => None,
    });
    let (index, bucket) = found.map_or((0, None), |(index, bucket)| (index, Some(bucket)));
    let own = TriggerSource::Own("uploads".to_owned());
    let name = resources.bucket_name(bucket.map_or(&own, |bucket| &bucket.bucket));
    let key = match bucket {
        Some(bucket) => format!("{}sample{}", bucket.prefix, bucket.suffix),
        None => "sample.json".to_owned(),
    };
    let is_removal = bucket.is_some_and(|bucket| !bucket.events.contains(&ObjectEvent::Created));
    let change = if is_removal {
        ObjectChange::Removed { key }
    } else {
        ObjectChange::Created { key, size: SAMPLE_TEXT.len() as u64, etag: md5_hex(SAMPLE_TEXT.as_bytes()) }
    };
    let sequence = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    let sequence = u64::try_from(sequence).unwrap_or(u64::MAX);
    object_event(&resources.names(), &name, &format!("{}-{index}", worker.name), &change, now, sequence)
}

fn sqs_event(resources: &LocalResources, triggers: &[Trigger], now: SystemTime) -> Value {
    let queue = triggers.iter().find_map(|trigger| match trigger {
        Trigger::Queue(queue) => Some(&queue.queue),
        _ => None,
    });
    let own = TriggerSource::Own("jobs".to_owned());
    let arn = resources.queue_arn(queue.unwrap_or(&own));
    let is_fifo = is_fifo_queue(&arn);
    let message = SqsMessage {
        id: new_uuid(),
        body: SAMPLE_TEXT.to_owned(),
        attributes: MessageAttributes::new(),
        trace: None,
        sent: now,
        first_received: now,
        receives: 1,
        receipt: new_uuid(),
        group: is_fifo.then(|| "sample".to_owned()),
        fifo: is_fifo.then(|| FifoAttributes { deduplication_id: new_uuid(), sequence: 1 }),
    };
    message_event(&[message], &arn)
}

fn schedule_event(worker: &Worker, triggers: &[Trigger], now: SystemTime) -> Value {
    let found = triggers.iter().enumerate().find_map(|(index, trigger)| match trigger {
        Trigger::Schedule(schedule) => Some((index, schedule.event.as_deref())),
        _ => None,
    });
    let (index, configured) = found.unwrap_or((0, None));
    let function = FunctionInfo {
        worker: worker.name.to_string(),
        name: worker.name.to_string(),
        arn: function_arn(worker.name.as_str()),
        language: worker.language,
        runtime: String::new(),
        handler: String::new(),
        timeout: 0,
        memory: 0,
        log_group: String::new(),
        durable: None,
    };
    let event = scheduled_event(&function, index, configured, now, &new_uuid());
    // A configured event is JSON, too.
    serde_json::from_str(&event).unwrap_or(Value::Null)
}

fn sns_event(resources: &LocalResources, triggers: &[Trigger], now: SystemTime) -> Value {
    let topic = triggers.iter().find_map(|trigger| match trigger {
        Trigger::Topic(topic) => Some(&topic.topic),
        _ => None,
    });
    let own = TriggerSource::Own("topic".to_owned());
    let arn = resources.topic_arn(topic.unwrap_or(&own));
    let attribute = SnsMessageAttribute { kind: "String".to_owned(), value: "sample".to_owned() };
    let message = SnsMessage {
        id: new_uuid(),
        subject: Some("sample".to_owned()),
        body: SAMPLE_TEXT.to_owned(),
        attributes: BTreeMap::from([("kind".to_owned(), attribute)]),
    };
    notification_event(&message, &arn, &format!("{arn}:{}", new_uuid()), now)
}

/// Returns a change of an item of the worker's table, or a record of its Kinesis stream.
fn stream_event(resources: &LocalResources, triggers: &[Trigger], service: StreamService, now: SystemTime) -> Value {
    let found = triggers.iter().find_map(|trigger| match trigger {
        Trigger::Stream(stream) if stream.service == service => Some(stream.clone()),
        _ => None,
    });
    let default_name = if service == StreamService::Dynamodb { "orders" } else { "clicks" };
    let stream = found.unwrap_or_else(|| StreamTrigger::new(service, TriggerSource::Own(default_name.to_owned())));
    let region = &resources.region;
    let account = &resources.account;
    let name = resources.stream_name(&stream);
    let own_arn = match service {
        StreamService::Dynamodb => {
            let label = rfc3339(now).trim_end_matches('Z').to_owned();
            format!("arn:aws:dynamodb:{region}:{account}:table/{name}/stream/{label}")
        }
        StreamService::Kinesis => format!("arn:aws:kinesis:{region}:{account}:stream/{name}"),
    };
    let arn = match &stream.source {
        TriggerSource::Existing(arn) => arn.clone(),
        TriggerSource::Own(_) => own_arn,
    };
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let record = match service {
        StreamService::Kinesis => {
            let record = json!({
                "Data": STANDARD.encode(SAMPLE_TEXT),
                "PartitionKey": "sample",
                "SequenceNumber": "49590338271490256608559692538361571095921575989136588898",
                "ApproximateArrivalTimestamp": seconds,
            });
            kinesis_record(&record, &arn, "shardId-000000000000")
        }
        StreamService::Dynamodb => {
            let mut change = json!({
                "ApproximateCreationDateTime": seconds,
                "Keys": { "id": { "S": "sample" } },
                "SequenceNumber": "4421584500000000017450439091",
                "SizeBytes": 26,
                "StreamViewType": stream.stream_view_type.as_str(),
            });
            if matches!(stream.stream_view_type, StreamViewType::NewAndOldImages | StreamViewType::NewImage) {
                change["NewImage"] = json!({ "id": { "S": "sample" }, "hello": { "S": "world" } });
            }
            let record = json!({
                "eventID": md5_hex(SAMPLE_TEXT.as_bytes()),
                "eventName": "INSERT",
                "eventVersion": "1.1",
                "eventSource": "aws:dynamodb",
                "awsRegion": region,
                "dynamodb": change,
            });
            dynamodb_record(record, &arn)
        }
    };
    records_event(&[record])
}

/// Returns an event with the source and the detail type that a rule of the worker names.
fn event_bridge_event(app: &App, resources: &LocalResources, triggers: &[Trigger], now: SystemTime) -> Value {
    let pattern = triggers.iter().find_map(|trigger| match trigger {
        Trigger::Bus(bus) => serde_json::from_str::<Value>(&bus.pattern).ok(),
        _ => None,
    });
    let pattern = pattern.unwrap_or_default();
    let named = |field: &str, default: &str| pattern[field][0].as_str().unwrap_or(default).to_owned();
    let event = BusEvent {
        id: new_uuid(),
        source: named("source", app.name.as_str()),
        detail_type: named("detail-type", "sample"),
        detail: json!({ "hello": "world" }),
        resources: Vec::new(),
        time: now,
    };
    event_bus_event(&event, &resources.region, &resources.account)
}

/// Returns the event of a function URL for a request (Lambda developer guide, "Request and response payloads").
pub fn http_event(function: &str, request: &HttpRequest, now: SystemTime) -> Value {
    let HttpRequest { method, path, headers, body } = request;
    let (raw_path, query) = path.split_once('?').unwrap_or((path, ""));
    let joined = |pairs: &mut dyn Iterator<Item = (String, String)>| {
        let mut joined = Map::new();
        for (name, value) in pairs {
            let value = match joined.get(&name).and_then(Value::as_str) {
                Some(previous) => format!("{previous},{value}"),
                None => value,
            };
            joined.insert(name, value.into());
        }
        joined
    };
    let host = format!("{function}.localhost");
    let lower = headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
    let (cookies, others): (Vec<_>, Vec<_>) = lower.partition(|(name, _)| name == "cookie");
    let others = [("host".to_owned(), host.clone())].into_iter().chain(others);
    let parameters = form_urlencoded::parse(query.as_bytes()).into_owned().collect::<Vec<_>>();
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": raw_path,
        "rawQueryString": query,
        "headers": joined(&mut others.into_iter()),
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "local",
            "domainName": host,
            "domainPrefix": function,
            "http": {
                "method": method,
                "path": raw_path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "cargo-bedrock",
            },
            "requestId": new_uuid(),
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
        },
        "isBase64Encoded": false,
    });
    if !cookies.is_empty() {
        let cookies = cookies.iter().flat_map(|(_, value)| value.split(';')).map(str::trim);
        event["cookies"] = cookies.collect::<Vec<_>>().into();
    }
    if !parameters.is_empty() {
        event["queryStringParameters"] = joined(&mut parameters.into_iter()).into();
    }
    if !body.is_empty() {
        let text = std::str::from_utf8(body).ok();
        event["isBase64Encoded"] = text.is_none().into();
        event["body"] = text.map_or_else(|| STANDARD.encode(body), str::to_owned).into();
    }
    event
}

/// Returns the request of an event of a function URL, an API of API Gateway or a load balancer. `None` if it is not such an
/// event.
pub fn http_request(event: &Value) -> Option<HttpRequest> {
    request_of_proxy_event(event).or_else(|| request_of_url_event(event))
}

fn request_of_url_event(event: &Value) -> Option<HttpRequest> {
    let method = event.pointer("/requestContext/http/method")?.as_str()?.to_owned();
    let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    let path = if text("rawPath").is_empty() { "/" } else { text("rawPath") };
    let query = text("rawQueryString");
    let path = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    let headers = event.get("headers").and_then(Value::as_object).into_iter().flatten();
    // These belong to the connection, not to the event.
    let is_own = |name: &str| !["host", "content-length", "connection", "transfer-encoding"].contains(&name);
    let mut headers: Vec<(String, String)> = headers
        .filter(|(name, _)| is_own(&name.to_ascii_lowercase()))
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    let cookies = event.get("cookies").and_then(Value::as_array).into_iter().flatten();
    let cookies: Vec<&str> = cookies.filter_map(Value::as_str).collect();
    if !cookies.is_empty() {
        headers.push(("cookie".to_owned(), cookies.join("; ")));
    }
    let body = if event.get("isBase64Encoded").and_then(Value::as_bool).unwrap_or_default() {
        STANDARD.decode(text("body")).ok()?.into()
    } else {
        text("body").to_owned().into()
    };
    Some(HttpRequest { method, path, headers, body })
}

#[cfg(test)]
mod tests {
    use super::{HTTP_SAMPLE_NAMES, SAMPLE_NAMES, http_event, http_request, http_sample_event, sample_event};
    use crate::running_server::HttpRequest;
    use bedrock_build::App;
    use serde_json::json;
    use std::time::UNIX_EPOCH;

    fn app(triggers: &str) -> (tempfile::TempDir, App) {
        let dir = tempfile::tempdir().expect("a folder");
        let table = format!("[package.metadata.bedrock.workers.one]\ntriggers = [{triggers}]");
        std::fs::write(
            dir.path().join("Cargo.toml"),
            format!("[package]\nname = \"shop\"\n[package.metadata.bedrock]\n{table}\n"),
        )
        .expect("a file");
        std::fs::create_dir_all(dir.path().join("workers/one")).expect("a folder");
        std::fs::write(dir.path().join("workers/one/main.py"), "").expect("a file");
        let app = App::open(dir.path()).unwrap_or_else(|problems| panic!("{problems:?}"));
        (dir, app)
    }

    #[test]
    fn samples_have_the_names_of_the_worker_s_triggers() {
        let (_dir, own) = app(r#"{ bucket = "pictures", prefix = "in/", suffix = ".png" }, { queue = "work" },
               { schedule = "rate(1 day)", event = { full = true } }"#);
        let sample = |app: &App, name: &str| sample_event(app, &app.workers[0], name, UNIX_EPOCH).expect("an event");
        let record = sample(&own, "s3")["Records"][0].take();
        assert_eq!(record["s3"]["bucket"]["name"], "shop-local-pictures");
        assert_eq!(record["s3"]["object"]["key"], "in/sample.png");
        let queue = &sample(&own, "sqs")["Records"][0]["eventSourceARN"];
        assert!(queue.as_str().expect("text").ends_with(":shop-local-work"), "{queue}");
        assert_eq!(sample(&own, "schedule"), json!({ "full": true }));
        let (_dir, ordered) = app(r#"{ queue = "work.fifo" }"#);
        let attributes = &sample(&ordered, "sqs")["Records"][0]["attributes"];
        assert_eq!(attributes["SequenceNumber"], "00000000000000000001");
        let (_dir, plain) = app("");
        assert_eq!(sample(&plain, "schedule")["source"], "aws.scheduler");
        assert_eq!(sample(&plain, "sns")["Records"][0]["EventSource"], "aws:sns");
        assert_eq!(sample(&plain, "eventbridge")["detail"], json!({ "hello": "world" }));
        assert_eq!(sample(&plain, "http")["requestContext"]["http"]["method"], "GET");
        for name in SAMPLE_NAMES {
            assert!(sample(&plain, name).is_object(), "{name}");
        }
        assert_eq!(sample_event(&plain, &plain.workers[0], "kafka", UNIX_EPOCH), None);
        let (_dir, stream) = app(r#"{ kinesis = "views" }"#);
        let record = sample(&stream, "kinesis")["Records"][0].take();
        assert_eq!(record["eventSourceARN"].as_str().expect("text").rsplit('/').next(), Some("shop-local-views"));
        let change = sample(&plain, "dynamodb")["Records"][0].take();
        assert_eq!(
            (&change["eventName"], &change["dynamodb"]["Keys"]),
            (&json!("INSERT"), &json!({ "id": { "S": "sample" } }))
        );
    }

    #[test]
    fn http_events_and_requests_are_converted_to_each_other() {
        let request = HttpRequest {
            method: "POST".to_owned(),
            path: "/a%20b?x=1&x=2&y=z%26".to_owned(),
            headers: [("Accept", "a"), ("accept", "b"), ("Cookie", "c=1; d=2")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            body: "ä".into(),
        };
        let event = http_event("endpoint", &request, UNIX_EPOCH);
        assert_eq!(event["headers"], json!({ "host": "endpoint.localhost", "accept": "a,b" }));
        assert_eq!(event["queryStringParameters"], json!({ "x": "1,2", "y": "z&" }));
        assert_eq!((&event["cookies"], &event["rawPath"]), (&json!(["c=1", "d=2"]), &json!("/a%20b")));
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("ä"), &json!(false)));
        let back = http_request(&event).expect("a request");
        assert_eq!((back.method.as_str(), &back.path, &back.body), ("POST", &request.path, &request.body));
        assert_eq!(
            back.headers,
            [("accept", "a,b"), ("cookie", "c=1; d=2")].map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        let binary = HttpRequest { body: vec![0xff].into(), ..request };
        let event = http_event("endpoint", &binary, UNIX_EPOCH);
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("/w=="), &json!(true)));
        assert_eq!(http_request(&event).expect("a request").body, binary.body);
        assert!(http_request(&json!({ "hello": "world" })).is_none());
        for name in HTTP_SAMPLE_NAMES {
            let event = http_sample_event("endpoint", name, UNIX_EPOCH).expect("an event");
            let request = http_request(&event).expect("a request");
            assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/"), "{name}");
        }
    }
}
