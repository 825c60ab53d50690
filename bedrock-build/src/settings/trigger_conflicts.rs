//! Finds triggers, of one worker or of two, that contradict each other.

use std::collections::{BTreeSet, HashMap};

use super::triggers::{BucketTrigger, Trigger, TriggerDeclaration, TriggerSource, variable_name};
use crate::problem::Problem;

/// Returns one problem for each pair of contradictory triggers, at the location of the later one.
pub(super) fn trigger_conflicts(declarations: &[TriggerDeclaration]) -> Vec<Problem> {
    let mut known: HashMap<String, Vec<usize>> = HashMap::new();
    let mut problems = Vec::new();
    for (at, later) in declarations.iter().enumerate() {
        // Only triggers with a common key can contradict each other: an app may have thousands.
        let keys = CommonKeys::of(&later.trigger);
        let earlier: BTreeSet<usize> = keys.sought.iter().filter_map(|key| known.get(key)).flatten().copied().collect();
        let earlier = earlier.into_iter().filter_map(|at| declarations.get(at));
        problems.extend(earlier.filter_map(|earlier| conflict(earlier, later)));
        for key in keys.own {
            known.entry(key).or_default().push(at);
        }
    }
    problems
}

/// Keys by which triggers that may contradict each other are found.
struct CommonKeys {
    /// Keys of the trigger itself.
    own: Vec<String>,
    /// Keys of the triggers that it may contradict.
    sought: Vec<String>,
}

impl CommonKeys {
    fn of(trigger: &Trigger) -> Self {
        match trigger {
            Trigger::Schedule(_) | Trigger::Bus(_) => {
                let key = format!("title {}", trigger.title());
                Self { own: vec![key.clone()], sought: vec![key] }
            }
            Trigger::Topic(topic) => {
                let key = format!("topic {}", topic.topic.as_str());
                Self { own: vec![key.clone()], sought: vec![key] }
            }
            Trigger::Stream(stream) => {
                let key = format!("{} {}", stream.service.as_str(), stream.source.as_str());
                Self { own: vec![key.clone()], sought: vec![key] }
            }
            Trigger::Queue(queue) => {
                let key = format!("queue {}", variable_name(queue.queue.name()));
                Self { own: vec![key.clone()], sought: vec![key] }
            }
            Trigger::Bucket(bucket) => {
                let name = format!("bucket {}", variable_name(bucket.bucket.name()));
                let folder = bucket.folder();
                let parents = folder.match_indices('/').filter_map(|(at, _)| folder.get(..at));
                let folders: Vec<&str> = parents.chain([folder.as_str()]).collect();
                let key = |kind: &str, folder: &str| format!("{kind} {folder}");
                let below = folders.iter().map(|folder| key("below", folder));
                let above = folders.iter().map(|parent| key("folder", parent));
                Self {
                    own: below.chain([name.clone(), key("folder", &folder)]).collect(),
                    sought: above.chain([name, key("below", &folder)]).collect(),
                }
            }
        }
    }
}

fn conflict(earlier: &TriggerDeclaration, later: &TriggerDeclaration) -> Option<Problem> {
    let location = &later.location;
    let title = later.trigger.title();
    let earlier_title = earlier.trigger.title();
    let worker = &later.worker;
    let earlier_worker = &earlier.worker;
    match (&earlier.trigger, &later.trigger) {
        (a, b) if a == b && worker == earlier_worker => {
            Some(Problem::new(format!("{location}: worker `{worker}` has the trigger {title} twice")))
        }
        (Trigger::Queue(a), Trigger::Queue(b)) if a.queue != b.queue && a.queue.name() == b.queue.name() => Some(
            Problem::new(format!(
                "{location}: {title} has the same name as {earlier_title}, and local queues must have unique names"
            ))
            .help("choose a different name for the queue of this app"),
        ),
        (Trigger::Queue(a), Trigger::Queue(b)) if a.queue == b.queue => Some(
            Problem::new(format!(
                "{location}: {title} invokes both `{earlier_worker}` and `{worker}`, but each message reaches only one \
                 of them"
            ))
            .help("use one queue per worker, or let one worker call the other"),
        ),
        (Trigger::Queue(a), Trigger::Queue(b)) => same_variable(earlier, later, "QUEUE_URL", &a.queue, &b.queue),
        (Trigger::Bucket(a), Trigger::Bucket(b)) if a.bucket == b.bucket && a.folder() != b.folder() => Some(
            Problem::new(format!("{location}: {title} has a different `folder` than in worker `{earlier_worker}`"))
                .help("use the same `folder` in each worker"),
        ),
        (Trigger::Bucket(a), Trigger::Bucket(b)) if a.bucket == b.bucket && events_overlap(a, b) => Some(
            Problem::new(format!(
                "{location}: {title} of worker `{worker}` overlaps with {earlier_title} of worker `{earlier_worker}`"
            ))
            .help("S3 allows one trigger per key: choose prefixes or suffixes that do not contain each other"),
        ),
        (Trigger::Bucket(a), Trigger::Bucket(b)) if a.bucket != b.bucket && folders_overlap(a, b) => Some(
            Problem::new(format!("{location}: the `folder` of {title} overlaps with that of {earlier_title}"))
                .help("choose a separate folder for each bucket"),
        ),
        (Trigger::Bucket(a), Trigger::Bucket(b)) => same_variable(earlier, later, "BUCKET", &a.bucket, &b.bucket),
        (Trigger::Topic(a), Trigger::Topic(b)) if a.topic == b.topic && worker == earlier_worker => Some(
            Problem::new(format!(
                "{location}: worker `{worker}` has two subscriptions of the topic `{}`",
                a.topic.as_str()
            ))
            .help("write one `filter` with `\"$or\"`: SNS has one subscription for each topic and function"),
        ),
        (Trigger::Stream(a), Trigger::Stream(b))
            if a.service == b.service && a.source == b.source && worker == earlier_worker =>
        {
            Some(
                Problem::new(format!("{location}: worker `{worker}` has two triggers of the {title}")).help(
                    "write one trigger with more `filters`: Lambda has one event source mapping for each stream and function",
                ),
            )
        }
        _ => None,
    }
}

/// Reports two sources that functions would look up in the same environment variable.
fn same_variable(
    earlier: &TriggerDeclaration,
    later: &TriggerDeclaration,
    kind: &str,
    earlier_source: &TriggerSource,
    later_source: &TriggerSource,
) -> Option<Problem> {
    let name = variable_name(later_source.name());
    if earlier_source == later_source || variable_name(earlier_source.name()) != name {
        return None;
    }
    let location = &later.location;
    let title = later.trigger.title();
    let earlier_title = earlier.trigger.title();
    let message =
        format!("{location}: {title} and {earlier_title} both use the environment variable `…_{kind}_{name}`");
    Some(Problem::new(message).help("choose a name with different letters or digits for one of them"))
}

/// Returns whether an event on some key would invoke both. S3 compares prefixes and suffixes independently.
fn events_overlap(a: &BucketTrigger, b: &BucketTrigger) -> bool {
    let prefixes_overlap = a.prefix.starts_with(&b.prefix) || b.prefix.starts_with(&a.prefix);
    let suffixes_overlap = a.suffix.ends_with(&b.suffix) || b.suffix.ends_with(&a.suffix);
    prefixes_overlap && suffixes_overlap && a.events.iter().any(|event| b.events.contains(event))
}

fn folders_overlap(a: &BucketTrigger, b: &BucketTrigger) -> bool {
    let a = format!("{}/", a.folder());
    let b = format!("{}/", b.folder());
    a.starts_with(&b) || b.starts_with(&a)
}
