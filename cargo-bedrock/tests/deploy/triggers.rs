//! Schedules, queues, buckets and destinations: created, updated, compared and deleted together with the functions.

use serde_json::{Value, json};

use crate::emulated_aws::EmulatedAws;
use crate::proxy::{Proxy, ProxyAction};
use crate::test_app::{CommandOutput, TestApp};

/// The variables with the queue and the bucket, as a plan shows their removal.
const REMOVED_VARIABLES: &str = "-SHOP_BUCKET_UPLOADS -SHOP_QUEUE_URL_JOBS";
const BUCKET: &str = "shop-dev-uploads-123456789012-us-east-1";

/// Sends the bodies and object keys of its records to the queue `seen`.
const RELAY: &str = r#"
import json, os, boto3

def handler(event, context):
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="seen")["QueueUrl"]
    for record in event.get("Records", [{}]):
        body = record.get("body") or record.get("s3", {}).get("object", {}).get("key") or "called"
        sqs.send_message(QueueUrl=url, MessageBody=body)
    return {}
"#;

fn queue(name: &str) -> Value {
    json!({
        "queue": name, "batch_size": 10, "batch_window": 0, "partial_failures": true, "max_receives": 3,
        "visibility_timeout": 180
    })
}

/// An app with a worker that has a trigger of each kind, and a second worker as its on-success destination.
fn app_with_triggers() -> TestApp {
    let mut app = TestApp::new(&["counter", "reporter"]);
    app.code("counter", RELAY);
    app.set("/version", json!(2));
    app.set("/workers/counter/on_success", json!("reporter"));
    app.set("/workers/counter/dead_letter", json!("arn:aws:sqs:us-east-1:123456789012:seen"));
    app.set(
        "/workers/counter/triggers",
        json!([
            { "schedule": "rate(5 minutes)", "timezone": "UTC", "event": "{\"full\":true}" },
            queue("jobs"),
            { "bucket": "uploads", "prefix": "in/", "suffix": "", "events": ["created"] },
        ]),
    );
    app
}

fn queues(aws: &EmulatedAws) -> Vec<String> {
    let listed = aws.call("sqs", "list_queues", &json!({ "QueueNamePrefix": "shop-" }));
    let urls = listed["QueueUrls"].as_array().cloned().unwrap_or_default();
    let mut names: Vec<String> =
        urls.iter().filter_map(|url| url.as_str()?.rsplit('/').next().map(str::to_owned)).collect();
    names.sort();
    names
}

#[test]
fn each_kind_of_trigger_invokes_its_worker() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app_with_triggers();
    let seen = aws.create_queue("seen");
    assert_eq!(
        aws.deploy(&app),
        format!(
            "+ create  shop-dev-counter\n+ create  shop-dev-reporter\n+ create  schedules shop-dev\n+ create  queue \
             shop-dev-jobs\n+ create  bucket {BUCKET}\n\n5 to create\n"
        )
    );
    assert_triggers_created(&aws);
    let url = aws.call("sqs", "get_queue_url", &json!({ "QueueName": "shop-dev-jobs" }));
    aws.call("sqs", "send_message", &json!({ "QueueUrl": url["QueueUrl"], "MessageBody": "a job" }));
    aws.wait_for_message(&seen, "a job");
    for key in ["out/x", "in/a.png"] {
        aws.call("s3", "put_object", &json!({ "Bucket": BUCKET, "Key": key, "Body": "x" }));
    }
    aws.wait_for_message(&seen, "in/a.png");

    assert_eq!(aws.deploy(&app), "5 unchanged\n");
    let status = aws.run(&app, &["status", "--stage", "dev"]).success();
    assert!(status.contains("\nqueue shop-dev-jobs"), "{status}");
    assert_changes_applied(&aws, &mut app);
    assert_destroy_keeps_nonempty_bucket(&aws, &app);
}

fn assert_triggers_created(aws: &EmulatedAws) {
    let schedule = aws.call("scheduler", "get_schedule", &json!({ "GroupName": "shop-dev", "Name": "counter-1" }));
    assert_eq!(schedule["ScheduleExpression"], "rate(5 minutes)");
    assert_eq!(schedule["Target"]["Arn"], "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-counter:live");
    assert_eq!(schedule["Target"]["Input"], r#"{"full":true}"#);
    assert_eq!(schedule["Target"]["RoleArn"], "arn:aws:iam::123456789012:role/shop-dev-counter-schedule-us-east-1");
    assert_eq!(queues(aws), ["shop-dev-jobs", "shop-dev-jobs-dead"]);
    let url = aws.call("sqs", "get_queue_url", &json!({ "QueueName": "shop-dev-jobs" }))["QueueUrl"].clone();
    let queue = json!({ "QueueUrl": url, "AttributeNames": ["All"] });
    let attributes = aws.call("sqs", "get_queue_attributes", &queue);
    assert_eq!(attributes["Attributes"]["VisibilityTimeout"], "180");
    let redrive = attributes["Attributes"]["RedrivePolicy"].to_string();
    assert!(redrive.contains("shop-dev-jobs-dead") && redrive.contains('3'), "{redrive}");
    let function = json!({ "FunctionName": "shop-dev-counter" });
    let alias = json!({ "FunctionName": "shop-dev-counter", "Qualifier": "live" });
    let mapping = aws.call("lambda", "list_event_source_mappings", &json!({}))["EventSourceMappings"][0].clone();
    assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    assert_eq!(mapping["FunctionArn"], "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-counter:live");
    let events = aws.call("lambda", "get_function_event_invoke_config", &alias);
    assert_eq!(
        events["DestinationConfig"]["OnSuccess"]["Destination"],
        "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-reporter:live"
    );
    let settings = aws.call("lambda", "get_function_configuration", &function);
    assert_eq!(settings["DeadLetterConfig"]["TargetArn"], "arn:aws:sqs:us-east-1:123456789012:seen");
    let notifications = aws.call("s3", "get_bucket_notification_configuration", &json!({ "Bucket": BUCKET }));
    assert_eq!(notifications["LambdaFunctionConfigurations"][0]["Events"], json!(["s3:ObjectCreated:*"]));
    let variables = settings["Environment"]["Variables"].clone();
    assert_eq!(variables["SHOP_BUCKET_UPLOADS"], BUCKET);
    assert_eq!(variables["SHOP_QUEUE_URL_JOBS"], "https://sqs.us-east-1.amazonaws.com/123456789012/shop-dev-jobs");
    let policy = aws.call("lambda", "get_policy", &alias)["Policy"].to_string();
    assert!(policy.contains(BUCKET) && policy.contains("123456789012"), "{policy}");
}

fn assert_changes_applied(aws: &EmulatedAws, app: &mut TestApp) {
    app.set("/workers/counter/triggers/0/schedule", json!("rate(1 hour)"));
    app.set("/workers/counter/triggers/1/batch_size", json!(1));
    app.set("/workers/counter/dead_letter", Value::Null);
    let dry_run = aws.run(app, &["deploy", "--stage", "dev", "--dry-run"]).success();
    let planned = "~ update  shop-dev-counter (permissions, dead-letter)\n~ update  schedules shop-dev (counter-1 rate(5 minutes) \
                   → rate(1 hour))\n~ update  queue shop-dev-jobs (batch size 10 → 1)\n\n3 to update, 2 unchanged\n";
    assert_eq!(dry_run.split_once("\n\n").expect("a plan").1, planned);
    assert_eq!(aws.deploy(app), planned);
    assert_eq!(aws.deploy(app), "5 unchanged\n");
    let mapping = aws.call("lambda", "list_event_source_mappings", &json!({}))["EventSourceMappings"][0].clone();
    assert_eq!(mapping["BatchSize"], 1);
    // A rollback does not change triggers.
    aws.run(app, &["rollback", "--stage", "dev", "--yes"]).success();
    let schedule = aws.call("scheduler", "get_schedule", &json!({ "GroupName": "shop-dev", "Name": "counter-1" }));
    assert_eq!(schedule["ScheduleExpression"], "rate(1 hour)");
}

fn assert_destroy_keeps_nonempty_bucket(aws: &EmulatedAws, app: &TestApp) {
    let output = aws.run(app, &["destroy", "--stage", "dev", "--yes"]);
    let warning = format!("warning: bucket `{BUCKET}` is not empty and was kept");
    assert!(output.stderr.contains(&warning), "{}", output.stderr);
    let plan = output.success();
    assert!(plan.contains(&format!("~ update  bucket {BUCKET} (kept, it is not empty)\n")), "{plan}");
    assert_eq!(aws.list_resources("shop-"), Vec::<String>::new());
    assert_eq!(queues(aws), Vec::<String>::new());
    let groups = aws.call("scheduler", "list_schedule_groups", &json!({ "NamePrefix": "shop-" }));
    assert_eq!(groups["ScheduleGroups"], json!([]));
    let mappings = aws.call("lambda", "list_event_source_mappings", &json!({}));
    assert_eq!(mappings["EventSourceMappings"], json!([]));
    let notifications = aws.call("s3", "get_bucket_notification_configuration", &json!({ "Bucket": BUCKET }));
    assert_eq!(notifications["LambdaFunctionConfigurations"], Value::Null);
    let objects = aws.call("s3", "list_objects_v2", &json!({ "Bucket": BUCKET }));
    assert_eq!(objects["KeyCount"], 2);
}

#[test]
fn removed_triggers_are_deleted_and_functions_kept() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app_with_triggers();
    aws.create_queue("seen");
    aws.deploy(&app);
    app.set("/workers/counter/triggers", json!([]));
    app.set("/workers/counter/on_success", Value::Null);
    app.set("/workers/counter/dead_letter", Value::Null);
    assert_eq!(
        aws.deploy(&app),
        format!(
            "~ update  shop-dev-counter (permissions, environment {REMOVED_VARIABLES}, dead-letter, on-success)\n~ update  \
             shop-dev-reporter (environment {REMOVED_VARIABLES})\n- delete  schedules shop-dev (-counter-1)\n- delete  queue \
             shop-dev-jobs\n- delete  bucket {BUCKET}\n\n2 to update, 3 to delete\n"
        )
    );
    assert_eq!(aws.deploy(&app), "2 unchanged\n");
    assert_eq!(queues(&aws), Vec::<String>::new());
    let buckets = aws.call("s3", "list_buckets", &json!({}));
    // The bucket with the locks is that of all apps.
    let names: Vec<&Value> = buckets["Buckets"].as_array().expect("buckets").iter().map(|each| &each["Name"]).collect();
    assert_eq!(names, ["cargo-bedrock-123456789012-us-east-1-an"]);
}

#[test]
fn next_deploy_continues_after_rejected_triggers() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = app_with_triggers();
    aws.create_queue("seen");
    let bucket = format!("bucket {BUCKET}");
    for (path, message, remaining) in [
        ("CreateQueue", "error: failed to create queue `shop-dev-jobs`", "queue shop-dev-jobs"),
        (
            "/event-source-mappings",
            "error: failed to create the event source mapping of worker `counter`",
            "queue shop-dev-jobs",
        ),
        ("/schedules/counter-1", "error: failed to create schedule `counter-1`", "schedules shop-dev"),
        ("/functions/shop-dev-counter/policy", "error: failed to allow bucket", bucket.as_str()),
        ("?notification", "error: failed to set the notifications of bucket", bucket.as_str()),
    ] {
        let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
            let is_rejected = request.is_mutation && request.operation.contains(path);
            if is_rejected { ProxyAction::Respond(403, "AccessDenied") } else { ProxyAction::Forward }
        });
        let mut environment = aws.environment();
        environment.push(("AWS_ENDPOINT_URL".to_owned(), proxy.endpoint.clone()));
        let command = app.command(&["deploy", "--stage", "dev", "--yes"], &environment).output();
        let output = CommandOutput::from(command.expect("the command starts"));
        assert_eq!(output.code, Some(1), "{path}: {}", output.stderr);
        assert!(output.stderr.contains(message), "{path}: {}", output.stderr);
        let summary = format!("functions and triggers are up to date, remaining: `{remaining}`\n");
        assert!(output.stderr.contains(&summary), "{path}: {}", output.stderr);
        aws.deploy(&app);
        assert_eq!(aws.deploy(&app), "5 unchanged\n");
        // The next case starts without the stage again.
        aws.run(&app, &["destroy", "--stage", "dev", "--yes"]).success();
    }
}

#[test]
fn unmanaged_notifications_are_kept_and_queues_refused() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    aws.create_queue("seen");
    let mut app = TestApp::new(&["counter"]).with("/version", json!(2));
    aws.call("s3", "create_bucket", &json!({ "Bucket": "theirs" }));
    let other = json!([{ "Id": "others", "QueueArn": "arn:aws:sqs:us-east-1:123456789012:seen", "Events": ["s3:ObjectRemoved:*"] }]);
    let set = json!({ "Bucket": "theirs", "NotificationConfiguration": { "QueueConfigurations": other } });
    aws.call("s3", "put_bucket_notification_configuration", &set);
    let bucket = json!({ "bucket": "arn:aws:s3:::theirs", "prefix": "", "suffix": "", "events": ["created"] });
    app.set("/workers/counter/triggers", json!([bucket]));
    assert!(aws.deploy(&app).contains("+ create  bucket theirs\n"));
    let notifications = || aws.call("s3", "get_bucket_notification_configuration", &json!({ "Bucket": "theirs" }));
    assert_eq!(notifications()["QueueConfigurations"][0]["Id"], "others");
    assert_eq!(notifications()["LambdaFunctionConfigurations"].as_array().map(Vec::len), Some(1));
    let arn = "arn:aws:sqs:us-east-1:123456789012:seen";
    let unmanaged_mapping = json!({ "FunctionName": "shop-dev-counter", "EventSourceArn": arn });
    aws.call("lambda", "create_event_source_mapping", &unmanaged_mapping);
    assert_eq!(aws.deploy(&app), "2 unchanged\n");

    aws.call("sqs", "create_queue", &json!({ "QueueName": "shop-dev-jobs" }));
    app.set("/workers/counter/triggers", json!([queue("jobs")]));
    let output = aws.run(&app, &["deploy", "--stage", "dev", "--yes"]);
    assert_eq!(output.code, Some(1));
    let cause = "caused by: queue `shop-dev-jobs` was not created by `cargo bedrock deploy` for this stage";
    assert!(output.stderr.contains(cause), "{}", output.stderr);

    aws.run(&app, &["destroy", "--stage", "dev", "--yes"]).success();
    assert_eq!(notifications()["QueueConfigurations"][0]["Id"], "others");
    assert_eq!(notifications()["LambdaFunctionConfigurations"], Value::Null);
}

#[test]
fn fifo_queue_with_filters_is_created_changed_and_deleted() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]).with("/version", json!(3));
    let seen = aws.create_queue("seen");
    app.code("counter", RELAY);
    let trigger = |keys: Value| {
        let mut trigger = queue("jobs.fifo");
        trigger.as_object_mut().expect("a trigger").extend(keys.as_object().cloned().expect("keys"));
        json!([trigger])
    };
    let filters = json!([r#"{"body":{"kind":["order"]}}"#]);
    let keys = json!({ "content_based_deduplication": true, "filters": filters, "maximum_concurrency": 2 });
    app.set("/workers/counter/triggers", trigger(keys));
    aws.deploy(&app);
    assert_eq!(queues(&aws), ["shop-dev-jobs-dead.fifo", "shop-dev-jobs.fifo"]);
    let attributes = || {
        let url = aws.call("sqs", "get_queue_url", &json!({ "QueueName": "shop-dev-jobs.fifo" }))["QueueUrl"].clone();
        let queue = json!({ "QueueUrl": url, "AttributeNames": ["All"] });
        aws.call("sqs", "get_queue_attributes", &queue)["Attributes"].clone()
    };
    assert_eq!(
        (&attributes()["FifoQueue"], &attributes()["ContentBasedDeduplication"]),
        (&json!("true"), &json!("true"))
    );
    let mapping = || aws.call("lambda", "list_event_source_mappings", &json!({}))["EventSourceMappings"][0].clone();
    assert_eq!(mapping()["ScalingConfig"]["MaximumConcurrency"], 2);
    assert_eq!(mapping()["FilterCriteria"]["Filters"][0]["Pattern"], filters[0]);
    assert_eq!(aws.deploy(&app), "2 unchanged\n");
    let url = aws.call("sqs", "get_queue_url", &json!({ "QueueName": "shop-dev-jobs.fifo" }));
    let body = r#"{"kind":"order"}"#;
    let message = json!({ "QueueUrl": url["QueueUrl"], "MessageBody": body, "MessageGroupId": "a" });
    aws.call("sqs", "send_message", &message);
    aws.wait_for_message(&seen, body);

    app.set("/workers/counter/triggers", trigger(json!({})));
    assert_eq!(
        aws.deploy(&app),
        "~ update  queue shop-dev-jobs.fifo (content-based deduplication on → off, filters, maximum concurrency 2 → none)\n\n\
         1 to update, 1 unchanged\n"
    );
    assert_eq!(attributes()["ContentBasedDeduplication"], "false");
    assert_eq!(aws.deploy(&app), "2 unchanged\n");
    let destroyed = aws.run(&app, &["destroy", "--stage", "dev", "--yes"]).success();
    assert!(destroyed.contains("queue shop-dev-jobs.fifo"), "{destroyed}");
    assert_eq!(queues(&aws), [""; 0]);
}
