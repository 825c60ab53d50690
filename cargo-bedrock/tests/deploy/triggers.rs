//! Schedules, queues, buckets and destinations: made with the functions, changed, looked at, and gone with them.

use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::proxy::{Fate, Proxy};
use crate::shop::{Answer, Shop};

/// Variables of a function by which it found the queue and the bucket.
const GONE: &str = "-SHOP_BUCKET_UPLOADS -SHOP_QUEUE_URL_JOBS";
const BUCKET: &str = "shop-dev-uploads-123456789012-us-east-1";

/// Passes on what it gets: the records of a queue or a bucket go to the queue `seen`.
const RELAY: &str = r#"
import json, os, boto3

def handler(event, context):
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="seen")["QueueUrl"]
    for record in event.get("Records", [{}]):
        told = record.get("body") or record.get("s3", {}).get("object", {}).get("key") or "called"
        sqs.send_message(QueueUrl=url, MessageBody=told)
    return {}
"#;

fn queue(name: &str) -> Value {
    json!({
        "queue": name, "batch_size": 10, "batch_window": 0, "partial_failures": true, "max_receives": 3,
        "visibility_timeout": 180
    })
}

/// A worker with a trigger of each kind, and another one that its events go to.
fn shop() -> Shop {
    let mut shop = Shop::new(&["counter", "reporter"]);
    shop.code("counter", RELAY);
    shop.set("/version", json!(2));
    shop.set("/workers/counter/on_success", json!("reporter"));
    shop.set("/workers/counter/dead_letter", json!("arn:aws:sqs:us-east-1:123456789012:seen"));
    shop.set(
        "/workers/counter/triggers",
        json!([
            { "schedule": "rate(5 minutes)", "timezone": "UTC", "event": "{\"full\":true}" },
            queue("jobs"),
            { "bucket": "uploads", "prefix": "in/", "suffix": "", "events": ["created"] },
        ]),
    );
    shop
}

/// The queue that the worker tells.
fn seen(cloud: &Cloud) -> String {
    let made = cloud.call("sqs", "create_queue", &json!({ "QueueName": "seen" }));
    made["QueueUrl"].as_str().expect("an address").to_owned()
}

/// Waits for a message that says so.
fn hears(cloud: &Cloud, url: &str, text: &str) {
    for _ in 0..30 {
        let got = cloud.call("sqs", "receive_message", &json!({ "QueueUrl": url, "WaitTimeSeconds": 2 }));
        let messages = got["Messages"].as_array().cloned().unwrap_or_default();
        if messages.iter().any(|message| message["Body"] == text) {
            return;
        }
    }
    panic!("`{text}` has not come");
}

fn queues(cloud: &Cloud) -> Vec<String> {
    let listed = cloud.call("sqs", "list_queues", &json!({ "QueueNamePrefix": "shop-" }));
    let urls = listed["QueueUrls"].as_array().cloned().unwrap_or_default();
    let mut names: Vec<String> =
        urls.iter().filter_map(|url| url.as_str()?.rsplit('/').next().map(str::to_owned)).collect();
    names.sort();
    names
}

#[test]
fn each_kind_of_trigger_is_made_and_invokes_its_worker() {
    let Some(cloud) = Cloud::start(false) else { return };
    let (mut shop, seen) = (shop(), seen(&cloud));
    assert_eq!(
        cloud.deploy(&shop),
        format!(
            "+ create  shop-dev-counter\n+ create  shop-dev-reporter\n+ create  schedules shop-dev\n+ create  queue \
             shop-dev-jobs\n+ create  bucket {BUCKET}\n\n5 to create\n"
        )
    );
    what_was_made_is_as_it_was_set(&cloud);
    let url = cloud.call("sqs", "get_queue_url", &json!({ "QueueName": "shop-dev-jobs" }));
    cloud.call("sqs", "send_message", &json!({ "QueueUrl": url["QueueUrl"], "MessageBody": "a job" }));
    hears(&cloud, &seen, "a job");
    for key in ["out/x", "in/a.png"] {
        cloud.call("s3", "put_object", &json!({ "Bucket": BUCKET, "Key": key, "Body": "x" }));
    }
    hears(&cloud, &seen, "in/a.png");

    assert_eq!(cloud.deploy(&shop), "5 stay as they are\n");
    let status = cloud.run(&shop, &["status", "--stage", "dev"]).good();
    assert!(status.contains("\nqueue shop-dev-jobs"), "{status}");
    changes_are_told_and_made(&cloud, &mut shop);
    the_stage_goes_and_leaves_what_is_in_a_bucket(&cloud, &shop);
}

fn what_was_made_is_as_it_was_set(cloud: &Cloud) {
    let schedule = cloud.call("scheduler", "get_schedule", &json!({ "GroupName": "shop-dev", "Name": "counter-1" }));
    assert_eq!(schedule["ScheduleExpression"], "rate(5 minutes)");
    assert_eq!(schedule["Target"]["Arn"], "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-counter");
    assert_eq!(schedule["Target"]["Input"], r#"{"full":true}"#);
    assert_eq!(schedule["Target"]["RoleArn"], "arn:aws:iam::123456789012:role/shop-dev-counter-schedule-us-east-1");
    assert_eq!(queues(cloud), ["shop-dev-jobs", "shop-dev-jobs-dead"]);
    let url = cloud.call("sqs", "get_queue_url", &json!({ "QueueName": "shop-dev-jobs" }))["QueueUrl"].clone();
    let of = json!({ "QueueUrl": url, "AttributeNames": ["All"] });
    let attributes = cloud.call("sqs", "get_queue_attributes", &of);
    assert_eq!(attributes["Attributes"]["VisibilityTimeout"], "180");
    let redrive = attributes["Attributes"]["RedrivePolicy"].to_string();
    assert!(redrive.contains("shop-dev-jobs-dead") && redrive.contains('3'), "{redrive}");
    let of = json!({ "FunctionName": "shop-dev-counter" });
    let mapping = cloud.call("lambda", "list_event_source_mappings", &of)["EventSourceMappings"][0].clone();
    assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    let events = cloud.call("lambda", "get_function_event_invoke_config", &of);
    assert_eq!(
        events["DestinationConfig"]["OnSuccess"]["Destination"],
        "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-reporter"
    );
    let settings = cloud.call("lambda", "get_function_configuration", &of);
    assert_eq!(settings["DeadLetterConfig"]["TargetArn"], "arn:aws:sqs:us-east-1:123456789012:seen");
    let told = cloud.call("s3", "get_bucket_notification_configuration", &json!({ "Bucket": BUCKET }));
    assert_eq!(told["LambdaFunctionConfigurations"][0]["Events"], json!(["s3:ObjectCreated:*"]));
    let variables = settings["Environment"]["Variables"].clone();
    assert_eq!(variables["SHOP_BUCKET_UPLOADS"], BUCKET);
    assert_eq!(variables["SHOP_QUEUE_URL_JOBS"], "https://sqs.us-east-1.amazonaws.com/123456789012/shop-dev-jobs");
    let policy = cloud.call("lambda", "get_policy", &of)["Policy"].to_string();
    assert!(policy.contains(BUCKET) && policy.contains("123456789012"), "{policy}");
}

fn changes_are_told_and_made(cloud: &Cloud, shop: &mut Shop) {
    shop.set("/workers/counter/triggers/0/schedule", json!("rate(1 hour)"));
    shop.set("/workers/counter/triggers/1/batch_size", json!(1));
    shop.set("/workers/counter/dead_letter", Value::Null);
    let dry = cloud.run(shop, &["deploy", "--stage", "dev", "--dry-run"]).good();
    let planned = "~ update  shop-dev-counter (rights, dead-letter)\n~ update  schedules shop-dev (counter-1 rate(5 minutes) \
                   → rate(1 hour))\n~ update  queue shop-dev-jobs (batch size 10 → 1)\n\n3 to update, 2 stay as they are\n";
    assert_eq!(dry.split_once("\n\n").expect("a plan").1, planned);
    assert_eq!(cloud.deploy(shop), planned);
    assert_eq!(cloud.deploy(shop), "5 stay as they are\n");
    let of = json!({ "FunctionName": "shop-dev-counter" });
    let mapping = cloud.call("lambda", "list_event_source_mappings", &of)["EventSourceMappings"][0].clone();
    assert_eq!(mapping["BatchSize"], 1);
    // Going back is about code and settings.
    cloud.run(shop, &["rollback", "--stage", "dev", "--yes"]).good();
    let schedule = cloud.call("scheduler", "get_schedule", &json!({ "GroupName": "shop-dev", "Name": "counter-1" }));
    assert_eq!(schedule["ScheduleExpression"], "rate(1 hour)");
}

fn the_stage_goes_and_leaves_what_is_in_a_bucket(cloud: &Cloud, shop: &Shop) {
    let answer = cloud.run(shop, &["destroy", "--stage", "dev", "--yes"]);
    let warning = format!("warning: bucket `{BUCKET}` is not empty and stays");
    assert!(answer.stderr.contains(&warning), "{}", answer.stderr);
    let shown = answer.good();
    assert!(shown.contains(&format!("~ update  bucket {BUCKET} (stays, it is not empty)\n")), "{shown}");
    assert_eq!(cloud.things("shop-"), Vec::<String>::new());
    assert_eq!(queues(cloud), Vec::<String>::new());
    let groups = cloud.call("scheduler", "list_schedule_groups", &json!({ "NamePrefix": "shop-" }));
    assert_eq!(groups["ScheduleGroups"], json!([]));
    let mappings = cloud.call("lambda", "list_event_source_mappings", &json!({}));
    assert_eq!(mappings["EventSourceMappings"], json!([]));
    let told = cloud.call("s3", "get_bucket_notification_configuration", &json!({ "Bucket": BUCKET }));
    assert_eq!(told["LambdaFunctionConfigurations"], Value::Null);
    let objects = cloud.call("s3", "list_objects_v2", &json!({ "Bucket": BUCKET }));
    assert_eq!(objects["KeyCount"], 2);
}

#[test]
fn triggers_that_are_taken_out_are_gone_and_the_functions_stay() {
    let Some(cloud) = Cloud::start(false) else { return };
    let mut shop = shop();
    seen(&cloud);
    cloud.deploy(&shop);
    shop.set("/workers/counter/triggers", json!([]));
    shop.set("/workers/counter/on_success", Value::Null);
    shop.set("/workers/counter/dead_letter", Value::Null);
    assert_eq!(
        cloud.deploy(&shop),
        format!(
            "~ update  shop-dev-counter (rights, environment {GONE}, dead-letter, on-success)\n~ update  \
             shop-dev-reporter (environment {GONE})\n- delete  schedules shop-dev (-counter-1)\n- delete  queue \
             shop-dev-jobs\n- delete  bucket {BUCKET}\n\n2 to update, 3 to delete\n"
        )
    );
    assert_eq!(cloud.deploy(&shop), "2 stay as they are\n");
    assert_eq!(queues(&cloud), Vec::<String>::new());
    let buckets = cloud.call("s3", "list_buckets", &json!({}));
    assert_eq!(buckets["Buckets"], json!([]));
}

#[test]
fn what_is_refused_about_triggers_is_told_and_the_next_deploy_goes_on() {
    let Some(cloud) = Cloud::start(false) else { return };
    let shop = shop();
    seen(&cloud);
    let bucket = format!("bucket {BUCKET}");
    for (part, said, left) in [
        ("CreateQueue", "error: failed to make queue `shop-dev-jobs`", "queue shop-dev-jobs"),
        ("/event-source-mappings", "error: failed to let worker `counter` take messages of", "queue shop-dev-jobs"),
        ("/schedules/counter-1", "error: failed to make schedule `counter-1`", "schedules shop-dev"),
        ("/functions/shop-dev-counter/policy", "error: failed to let bucket", bucket.as_str()),
        ("?notification", "error: failed to set what bucket", bucket.as_str()),
    ] {
        let proxy = Proxy::start(cloud.aws.endpoint(), move |request| {
            let is_it = request.changes && request.what.contains(part);
            if is_it { Fate::Answer(403, "AccessDenied") } else { Fate::Pass }
        });
        let mut environment = cloud.environment();
        environment.push(("AWS_ENDPOINT_URL".to_owned(), proxy.endpoint.clone()));
        let command = shop.command(&["deploy", "--stage", "dev", "--yes"], &environment).output();
        let answer = Answer::from(command.expect("the command starts"));
        assert_eq!(answer.code, Some(1), "{part}: {}", answer.stderr);
        assert!(answer.stderr.contains(said), "{part}: {}", answer.stderr);
        let summary = format!("functions and triggers are as they should be, left: `{left}`\n");
        assert!(answer.stderr.contains(&summary), "{part}: {}", answer.stderr);
        cloud.deploy(&shop);
        assert_eq!(cloud.deploy(&shop), "5 stay as they are\n");
        // The other parts of the first deploy were done.
        cloud.run(&shop, &["destroy", "--stage", "dev", "--yes"]).good();
    }
}

#[test]
fn what_others_set_for_a_bucket_stays_and_a_queue_of_others_is_refused() {
    let Some(cloud) = Cloud::start(false) else { return };
    seen(&cloud);
    let mut shop = Shop::new(&["counter"]).with("/version", json!(2));
    cloud.call("s3", "create_bucket", &json!({ "Bucket": "theirs" }));
    let other = json!([{ "Id": "others", "QueueArn": "arn:aws:sqs:us-east-1:123456789012:seen", "Events": ["s3:ObjectRemoved:*"] }]);
    let set = json!({ "Bucket": "theirs", "NotificationConfiguration": { "QueueConfigurations": other } });
    cloud.call("s3", "put_bucket_notification_configuration", &set);
    let bucket = json!({ "bucket": "arn:aws:s3:::theirs", "prefix": "", "suffix": "", "events": ["created"] });
    shop.set("/workers/counter/triggers", json!([bucket]));
    assert!(cloud.deploy(&shop).contains("+ create  bucket theirs\n"));
    let told = || cloud.call("s3", "get_bucket_notification_configuration", &json!({ "Bucket": "theirs" }));
    assert_eq!(told()["QueueConfigurations"][0]["Id"], "others");
    assert_eq!(told()["LambdaFunctionConfigurations"].as_array().map(Vec::len), Some(1));
    let arn = "arn:aws:sqs:us-east-1:123456789012:seen";
    let by_hand = json!({ "FunctionName": "shop-dev-counter", "EventSourceArn": arn });
    cloud.call("lambda", "create_event_source_mapping", &by_hand);
    assert_eq!(cloud.deploy(&shop), "2 stay as they are\n");

    cloud.call("sqs", "create_queue", &json!({ "QueueName": "shop-dev-jobs" }));
    shop.set("/workers/counter/triggers", json!([queue("jobs")]));
    let answer = cloud.run(&shop, &["deploy", "--stage", "dev", "--yes"]);
    assert_eq!(answer.code, Some(1));
    let cause = "caused by: queue `shop-dev-jobs` was not made by `cargo bedrock deploy` for this stage";
    assert!(answer.stderr.contains(cause), "{}", answer.stderr);

    cloud.run(&shop, &["destroy", "--stage", "dev", "--yes"]).good();
    assert_eq!(told()["QueueConfigurations"][0]["Id"], "others");
    assert_eq!(told()["LambdaFunctionConfigurations"], Value::Null);
}
