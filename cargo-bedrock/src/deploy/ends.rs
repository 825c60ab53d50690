//! Where events of a function go, and where messages and objects come from: names of the settings as what they stand for in
//! a stage, and the variables by which functions find queues and buckets.

use std::collections::BTreeMap;

use super::desired::{report, shown};
use super::manifest::{Entry, Manifest, Trigger};
use super::policy::destination_action;
use super::stage::Site;
use super::triggers::names::{DEAD, last};
use bedrock_diagnostics::Report;

/// Characters of a queue's name.
const QUEUE_NAME: usize = 80;

/// The ARN that a destination stands for: a worker for its function. None if there is no such worker.
pub(super) fn arn(manifest: &Manifest, site: &Site, text: &str) -> Option<String> {
    if text.starts_with("arn:") {
        return Some(text.to_owned());
    }
    manifest.workers.contains_key(text).then(|| site.arn(text))
}

/// The ARNs of the queues whose messages a function takes, sorted.
pub(super) fn queues(site: &Site, entry: &Entry) -> Vec<String> {
    let queue = |trigger: &Trigger| match trigger {
        Trigger::Queue { queue, .. } if queue.starts_with("arn:") => Some(queue.clone()),
        Trigger::Queue { queue, .. } => Some(site.queue_arn(&site.queue(queue))),
        _ => None,
    };
    let mut arns: Vec<String> = entry.triggers.iter().filter_map(queue).collect();
    arns.sort();
    arns
}

/// For every function: the URL of each queue and the name of each bucket of the triggers. Who sends to them is not known.
pub(super) fn variables(manifest: &Manifest, site: &Site) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for (_, entry) in manifest.functions() {
        for trigger in &entry.triggers {
            match trigger {
                Trigger::Schedule { .. } => {}
                Trigger::Queue { queue, .. } => {
                    let own = || site.queue_arn(&site.queue(queue));
                    let arn = if queue.starts_with("arn:") { queue.clone() } else { own() };
                    variables.extend(queue_url(&arn).map(|url| (variable(site, "QUEUE_URL", queue), url)));
                }
                Trigger::Bucket { bucket, .. } => {
                    let own = || site.bucket_of(bucket);
                    let name = if bucket.starts_with("arn:") { last(bucket).to_owned() } else { own() };
                    variables.insert(variable(site, "BUCKET", bucket), name);
                }
            }
        }
    }
    variables
}

fn queue_url(arn: &str) -> Option<String> {
    let parts: Vec<&str> = arn.split(':').collect();
    let [_, partition, _, region, account, name] = parts[..] else { return None };
    let ending = if partition == "aws-cn" { ".cn" } else { "" };
    Some(format!("https://sqs.{region}.amazonaws.com{ending}/{account}/{name}"))
}

/// `SHOP_QUEUE_URL_JOBS`
fn variable(site: &Site, what: &str, source: &str) -> String {
    let name = format!("{}_{what}_{}", site.app, last(source));
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// What AWS would not take.
pub(super) fn refusals(manifest: &Manifest, site: &Site, (key, entry): (&str, &Entry)) -> Vec<Report> {
    let function = shown(key);
    let mut reports = Vec::new();
    for text in [&entry.dead_letter, &entry.on_failure, &entry.on_success].into_iter().flatten() {
        match arn(manifest, site, text) {
            None => reports.push(report(
                format!("no worker named `{text}`, which {function} hands events to"),
                "run `cargo bedrock build --release`",
            )),
            Some(arn) if destination_action(&arn).is_none() => reports.push(report(
                format!("events of {function} cannot go to `{arn}`"),
                "`on-failure` and `on-success` take the ARN of a queue, a topic, a function or an event bus, or a worker",
            )),
            Some(_) => {}
        }
    }
    for trigger in &entry.triggers {
        let Trigger::Queue { queue, .. } = trigger else { continue };
        let name = site.queue(queue) + DEAD;
        if !queue.starts_with("arn:") && name.len() > QUEUE_NAME {
            let length = name.len();
            let message =
                format!("the queue name `{name}` is too long: {length} characters, the limit is {QUEUE_NAME}");
            reports.push(report(message, "shorten the stage, or rename the queue"));
        }
    }
    reports
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::example::site;

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

    fn refused(worker: &serde_json::Value) -> Vec<String> {
        let manifest = manifest(worker);
        let reports = refusals(&manifest, &site(), ("counter", &manifest.workers["counter"]));
        reports.into_iter().map(|report| report.message).collect()
    }

    fn queue(name: &str) -> serde_json::Value {
        serde_json::json!({
            "queue": name, "batch_size": 10, "batch_window": 0, "partial_failures": false, "max_receives": 3,
            "visibility_timeout": 180
        })
    }

    #[test]
    fn what_aws_would_not_take_is_refused_at_once() {
        let bucket = "arn:aws:s3:::failed";
        let long = "x".repeat(67);
        assert_eq!(
            refused(&serde_json::json!({ "on_failure": bucket, "on_success": "nobody", "triggers": [queue(&long)] })),
            [
                "events of worker `counter` cannot go to `arn:aws:s3:::failed`".to_owned(),
                "no worker named `nobody`, which worker `counter` hands events to".to_owned(),
                format!("the queue name `shop-dev-{long}-dead` is too long: 81 characters, the limit is 80"),
            ]
        );
        let good = serde_json::json!({ "on_success": "counter", "triggers": [queue(&"x".repeat(66))] });
        assert_eq!(refused(&good), [""; 0]);
    }

    #[test]
    fn a_worker_stands_for_its_function_and_a_queue_for_that_of_the_stage() {
        let others = "arn:aws:sqs:eu-west-1:123456789012:a";
        let manifest = manifest(&serde_json::json!({ "triggers": [queue("jobs"), queue(others)] }));
        assert_eq!(arn(&manifest, &site(), "counter"), Some(site().arn("counter")));
        assert_eq!(arn(&manifest, &site(), others).as_deref(), Some(others));
        assert_eq!(
            queues(&site(), &manifest.workers["counter"]),
            [others, "arn:aws:sqs:eu-west-1:123456789012:shop-dev-jobs"]
        );
    }

    #[test]
    fn functions_find_queues_and_buckets_by_variables() {
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
            variables(&manifest, &site()).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
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
