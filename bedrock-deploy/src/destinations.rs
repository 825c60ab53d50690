//! Destinations of a function's events, and the queues and buckets of its triggers: names in the settings are resolved to
//! ARNs of a stage, and functions find queues and buckets through environment variables.

use std::collections::BTreeMap;

use bedrock_build::triggers::dead_letter_queue_name;
use bedrock_diagnostics::Report;

use crate::manifest::{BUILD_HELP, Manifest, ManifestEntry, Trigger, rejection};
use crate::policy::destination_actions;
use crate::regions::queue_url;
use crate::stage::{StageContext, arn_resource, function_label};

const MAX_QUEUE_NAME_CHARS: usize = 80;

/// Returns the ARN of a destination: an ARN unchanged, a worker as the alias of its function. `None` if there is no such worker.
pub(crate) fn destination_arn(manifest: &Manifest, stage: &StageContext, destination: &str) -> Option<String> {
    if destination.starts_with("arn:") {
        return Some(destination.to_owned());
    }
    manifest.workers.contains_key(destination).then(|| stage.live_arn(destination))
}

/// Returns the ARNs of the queues whose messages a function receives, sorted.
pub(crate) fn queue_arns(stage: &StageContext, entry: &ManifestEntry) -> Vec<String> {
    let queue_arn = |trigger: &Trigger| match trigger {
        Trigger::Queue { queue, .. } if queue.starts_with("arn:") => Some(queue.clone()),
        Trigger::Queue { queue, .. } => Some(stage.queue_arn(&stage.queue_name(queue))),
        _ => None,
    };
    let mut arns: Vec<String> = entry.triggers.iter().filter_map(queue_arn).collect();
    arns.sort();
    arns
}

/// Returns the environment variables with the URLs of all queues and the names of all buckets. Every function gets all of
/// them, because it is not known which function sends to which queue.
pub(crate) fn trigger_variables(manifest: &Manifest, stage: &StageContext) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for (_, entry) in manifest.functions() {
        for trigger in &entry.triggers {
            match trigger {
                Trigger::Schedule { .. } | Trigger::Topic { .. } | Trigger::Bus { .. } | Trigger::Stream(_) => {}
                Trigger::Queue { queue, .. } => {
                    let app_queue_arn = || stage.queue_arn(&stage.queue_name(queue));
                    let arn = if queue.starts_with("arn:") { queue.clone() } else { app_queue_arn() };
                    variables.extend(queue_url(&arn).map(|url| (variable_name(stage, "QUEUE_URL", queue), url)));
                }
                Trigger::Bucket { bucket, .. } => {
                    let app_bucket_name = || stage.bucket_name(bucket);
                    let name =
                        if bucket.starts_with("arn:") { arn_resource(bucket).to_owned() } else { app_bucket_name() };
                    variables.insert(variable_name(stage, "BUCKET", bucket), name);
                }
            }
        }
    }
    variables
}

/// Returns a name such as `SHOP_QUEUE_URL_JOBS`.
fn variable_name(stage: &StageContext, kind: &str, source: &str) -> String {
    let name = format!("{}_{kind}_{}", stage.app, arn_resource(source));
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// Returns a report for each destination and queue of a function that AWS would reject.
pub(crate) fn validate(manifest: &Manifest, stage: &StageContext, key: &str, entry: &ManifestEntry) -> Vec<Report> {
    let function = function_label(key);
    let mut reports = Vec::new();
    for destination in [&entry.dead_letter, &entry.on_failure, &entry.on_success].into_iter().flatten() {
        match destination_arn(manifest, stage, destination) {
            None => reports.push(rejection(
                format!("no worker named `{destination}`, which is a destination of {function}"),
                BUILD_HELP,
            )),
            Some(arn) if destination_actions(&arn).is_none() => reports.push(rejection(
                format!("`{arn}` cannot be a destination of {function}"),
                "`on-failure` and `on-success` take a worker, or the ARN of a queue, a topic, a function or an event bus; \
                 `on-failure` also that of a bucket",
            )),
            Some(_) => {}
        }
    }
    // Lambda writes only records of failures to buckets.
    for destination in [&entry.dead_letter, &entry.on_success].into_iter().flatten().filter(|arn| is_bucket(arn)) {
        reports.push(rejection(
            format!("the bucket `{destination}` cannot be a destination of {function}"),
            "a bucket receives only records of failed events: name it as `on-failure`",
        ));
    }
    for trigger in &entry.triggers {
        if let Trigger::Bus { bus, .. } = trigger
            && bus.starts_with("arn:")
            && *bus != stage.bus_arn(bus.rsplit('/').next().unwrap_or_default())
        {
            let message = format!("the event bus `{bus}` is not one of the account and the region of {stage}");
            let help = "EventBridge has rules only on buses of the same account and region: let the owner of the bus forward \
                        events to one of yours";
            reports.push(rejection(message, help));
        }
        let Trigger::Queue { queue, .. } = trigger else { continue };
        let name = dead_letter_queue_name(&stage.queue_name(queue));
        if !queue.starts_with("arn:") && name.len() > MAX_QUEUE_NAME_CHARS {
            let length = name.len();
            let message = format!(
                "the queue name `{name}` is too long: {length} characters, the limit is {MAX_QUEUE_NAME_CHARS}"
            );
            reports.push(rejection(message, "shorten the name of the stage or of the queue"));
        }
    }
    reports
}

fn is_bucket(arn: &str) -> bool {
    arn.split(':').nth(2) == Some("s3")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_fixtures::stage;

    fn manifest(worker: &serde_json::Value) -> Manifest {
        let mut entry = serde_json::json!({
            "runtime": "python3.13", "handler": "main.handler", "architecture": "x86_64", "memory": 256, "timeout": 30,
            "environment": {}, "secrets": {}, "invokes": [], "retries": 2, "event_age": 21600, "on_failure": null,
            "recursion": "terminate", "concurrency": null, "log_retention": 30, "layers": [], "url_auth": null,
            "code": null, "layer": null
        });
        for (key, value) in worker.as_object().into_iter().flatten() {
            entry[key] = value.clone();
        }
        let manifest = serde_json::json!({
            "app": "shop", "profile": "release", "endpoint": null, "workers": { "counter": entry }
        });
        serde_json::from_value(manifest).expect("a manifest")
    }

    fn rejections(worker: &serde_json::Value) -> Vec<String> {
        let manifest = manifest(worker);
        let reports = validate(&manifest, &stage(), "counter", &manifest.workers["counter"]);
        reports.into_iter().map(|report| report.message).collect()
    }

    fn queue(name: &str) -> serde_json::Value {
        serde_json::json!({
            "queue": name, "batch_size": 10, "batch_window": 0, "partial_failures": false, "max_receives": 3,
            "visibility_timeout": 180
        })
    }

    #[test]
    fn invalid_destinations_and_queues_are_all_rejected() {
        let table = "arn:aws:dynamodb:eu-west-1:123456789012:table/failed";
        let long = "x".repeat(67);
        assert_eq!(
            rejections(
                &serde_json::json!({ "on_failure": table, "on_success": "missing", "triggers": [queue(&long)] })
            ),
            [
                format!("`{table}` cannot be a destination of worker `counter`"),
                "no worker named `missing`, which is a destination of worker `counter`".to_owned(),
                format!("the queue name `shop-dev-{long}-dead` is too long: 81 characters, the limit is 80"),
            ]
        );
        let valid = serde_json::json!({ "on_success": "counter", "triggers": [queue(&"x".repeat(66))] });
        assert_eq!(rejections(&valid), [""; 0]);
    }

    #[test]
    fn buckets_are_destinations_of_failed_events_only() {
        let bucket = "arn:aws:s3:::failed";
        assert_eq!(rejections(&serde_json::json!({ "on_failure": bucket })), [""; 0]);
        assert_eq!(
            rejections(&serde_json::json!({ "on_success": bucket, "dead_letter": bucket })),
            [""; 2].map(|_| format!("the bucket `{bucket}` cannot be a destination of worker `counter`"))
        );
    }

    #[test]
    fn workers_and_queues_resolve_to_arns_of_the_stage() {
        let unmanaged = "arn:aws:sqs:eu-west-1:123456789012:a";
        let manifest = manifest(&serde_json::json!({ "triggers": [queue("jobs"), queue(unmanaged)] }));
        assert_eq!(destination_arn(&manifest, &stage(), "counter"), Some(stage().live_arn("counter")));
        assert_eq!(destination_arn(&manifest, &stage(), unmanaged).as_deref(), Some(unmanaged));
        assert_eq!(
            queue_arns(&stage(), &manifest.workers["counter"]),
            [unmanaged, "arn:aws:sqs:eu-west-1:123456789012:shop-dev-jobs"]
        );
    }

    #[test]
    fn variables_contain_queue_urls_and_bucket_names() {
        let bucket =
            |name: &str| serde_json::json!({ "bucket": name, "prefix": "", "suffix": "", "events": ["created"] });
        let triggers = [
            queue("big-jobs"),
            queue("arn:aws-cn:sqs:cn-north-1:210987654321:theirs"),
            bucket("uploads"),
            bucket("arn:aws:s3:::their.files"),
        ];
        let manifest = manifest(&serde_json::json!({ "triggers": triggers }));
        let variables: Vec<String> =
            trigger_variables(&manifest, &stage()).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            variables,
            [
                "SHOP_BUCKET_THEIR_FILES=their.files",
                "SHOP_BUCKET_UPLOADS=shop-dev-uploads-123456789012-eu-west-1",
                "SHOP_QUEUE_URL_BIG_JOBS=https://sqs.eu-west-1.amazonaws.com/123456789012/shop-dev-big-jobs",
                "SHOP_QUEUE_URL_THEIRS=https://sqs.cn-north-1.amazonaws.com.cn/210987654321/theirs",
            ]
        );
    }
}
