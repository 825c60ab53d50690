//! What triggers say that cannot be true at once: of two workers, or of one.

use super::{BucketTrigger, Declared, Source, Trigger, variable};
use crate::Problem;

/// One problem for each pair of triggers that do not go together, at the place of the later one.
pub(in super::super) fn conflicts(declared: &[Declared]) -> Vec<Problem> {
    let pairs =
        declared.iter().enumerate().flat_map(|(at, later)| declared[..at].iter().map(move |first| (first, later)));
    pairs.filter_map(|(first, later)| conflict(first, later)).collect()
}

fn conflict(first: &Declared, later: &Declared) -> Option<Problem> {
    let place = &later.place;
    let (title, worker, other) = (later.trigger.title(), &later.worker, &first.worker);
    match (&first.trigger, &later.trigger) {
        (a, b) if a == b && worker == other => {
            Some(Problem::new(format!("{place}: worker `{worker}` has the trigger {title} twice")))
        }
        (Trigger::Queue(a), Trigger::Queue(b)) if a.queue != b.queue && a.queue.name() == b.queue.name() => Some(
            Problem::new(format!(
                "{place}: {title} has the name of {}, and on a laptop there is one queue of a name",
                first.trigger.title()
            ))
            .help("give the queue of this app another name"),
        ),
        (Trigger::Queue(a), Trigger::Queue(b)) if a.queue == b.queue => Some(
            Problem::new(format!(
                "{place}: {title} invokes both `{other}` and `{worker}`, and each message reaches one of them"
            ))
            .help("give each worker a queue of its own, or let one worker call the other"),
        ),
        (Trigger::Queue(a), Trigger::Queue(b)) => confused(first, later, "QUEUE_URL", (&a.queue, &b.queue)),
        (Trigger::Bucket(a), Trigger::Bucket(b)) if a.bucket == b.bucket && a.folder() != b.folder() => Some(
            Problem::new(format!("{place}: {title} has another `folder` here than at worker `{other}`"))
                .help("give it the same `folder` at each worker"),
        ),
        (Trigger::Bucket(a), Trigger::Bucket(b)) if a.bucket == b.bucket && overlap(a, b) => Some(
            Problem::new(format!(
                "{place}: {title} of worker `{worker}` overlaps {} of worker `{other}`",
                first.trigger.title()
            ))
            .help(
                "S3 takes one trigger for a key: choose prefixes or suffixes of which neither begins or ends the other",
            ),
        ),
        (Trigger::Bucket(a), Trigger::Bucket(b)) if a.bucket != b.bucket && nested(a, b) => Some(
            Problem::new(format!("{place}: the `folder` of {title} is also that of {}", first.trigger.title()))
                .help("give each bucket a folder of its own"),
        ),
        (Trigger::Bucket(a), Trigger::Bucket(b)) => confused(first, later, "BUCKET", (&a.bucket, &b.bucket)),
        _ => None,
    }
}

/// Of two sources that functions would look for in one variable.
fn confused(first: &Declared, later: &Declared, what: &str, (a, b): (&Source, &Source)) -> Option<Problem> {
    let name = variable(b.name());
    let message = || {
        let (place, title, other) = (&later.place, later.trigger.title(), first.trigger.title());
        format!("{place}: the environment variable `…_{what}_{name}` of {title} is also that of {other}")
    };
    (a != b && variable(a.name()) == name)
        .then(|| Problem::new(message()).help("give one of them a name with other letters or digits"))
}

/// Whether some key and some event would fire both. S3 compares prefixes and suffixes on their own.
fn overlap(a: &BucketTrigger, b: &BucketTrigger) -> bool {
    let prefixes = a.prefix.starts_with(&b.prefix) || b.prefix.starts_with(&a.prefix);
    let suffixes = a.suffix.ends_with(&b.suffix) || b.suffix.ends_with(&a.suffix);
    prefixes && suffixes && a.events.iter().any(|event| b.events.contains(event))
}

fn nested(a: &BucketTrigger, b: &BucketTrigger) -> bool {
    let (a, b) = (format!("{}/", a.folder()), format!("{}/", b.folder()));
    a.starts_with(&b) || b.starts_with(&a)
}
