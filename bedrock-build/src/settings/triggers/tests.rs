//! Tables of valid and invalid triggers.

use super::super::Settings;
use super::{
    BucketTrigger, BusTrigger, FilterScope, ObjectEvent, QueueTrigger, ScheduleTrigger, TopicTrigger, Trigger,
    TriggerSource, bucket_variable, queue_variable,
};
use crate::manifest::{Manifest, Table};
use crate::name::AppName;
use crate::problem::Problem;

fn read(text: &str) -> Result<Settings, Vec<Problem>> {
    let manifest = Manifest::of(text.to_owned(), "Cargo.toml");
    let document = manifest.parse().expect("TOML");
    Settings::read(Table { table: document.get_ref(), manifest: &manifest }).map(|(settings, _)| settings)
}

fn trigger(text: &str) -> Trigger {
    let settings =
        read(&format!("workers.a.triggers = [{text}]")).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
    settings.workers["a"].triggers[0].clone()
}

/// Returns message and help lines of the only problem.
fn error_of(text: &str) -> String {
    match read(text) {
        Err(problems) if problems.len() == 1 => {
            [vec![problems[0].message.clone()], problems[0].help.clone()].concat().join("\n")
        }
        other => panic!("{text}: {other:?}"),
    }
}

fn trigger_error_of(trigger: &str) -> String {
    error_of(&format!("workers.a.triggers = [{trigger}]"))
}

#[test]
fn schedule_trigger_has_timezone_and_json_event() {
    let Trigger::Schedule(ScheduleTrigger { schedule, timezone, event }) = trigger(
        r#"{ schedule = "cron(0 9 ? * MON-FRI *)", timezone = "Europe/Berlin", event = { b = 1.0, a = [true, 0x10, "x\"\n"], at = 2026-01-01 } }"#,
    ) else {
        panic!("a schedule")
    };
    assert_eq!((schedule.to_string(), timezone), ("cron(0 9 ? * MON-FRI *)".to_owned(), "Europe/Berlin".to_owned()));
    assert_eq!(event.as_deref(), Some(r#"{"a":[true,16,"x\"\u000a"],"at":"2026-01-01","b":1.0}"#));
    let Trigger::Schedule(plain) = trigger("{ schedule = 'rate(1 hour)' }") else { panic!("a schedule") };
    assert_eq!((plain.timezone.as_str(), plain.event), ("UTC", None));
}

#[test]
fn queue_trigger_has_lambda_defaults() {
    assert_eq!(
        trigger("{ queue = 'jobs' }"),
        Trigger::Queue(QueueTrigger {
            queue: TriggerSource::Own("jobs".to_owned()),
            batch_size: 10,
            batch_window: 0,
            partial_failures: false,
            max_receives: 5,
            content_based_deduplication: false,
            filters: Vec::new(),
            maximum_concurrency: None,
        })
    );
    let arn = "arn:aws:sqs:us-east-1:123456789012:orders";
    let all = format!("{{ queue = '{arn}', batch-size = 100, batch-window = 5, partial-failures = true }}");
    let Trigger::Queue(queue) = trigger(&all) else { panic!("a queue") };
    assert_eq!((queue.queue.as_str(), queue.queue.name()), (arn, "orders"));
    assert_eq!((queue.batch_size, queue.batch_window, queue.partial_failures), (100, 5, true));
}

#[test]
fn fifo_queue_has_filters_and_concurrency() {
    let Trigger::Queue(queue) = trigger(
        "{ queue = 'jobs.fifo', content-based-deduplication = true, maximum-concurrency = 2, filters = [{ body = { n = [{ numeric = ['>', 1.5] }], kind = ['a', { prefix = 'b' }] } }] }",
    ) else {
        panic!("a queue")
    };
    assert!(queue.content_based_deduplication);
    assert_eq!(queue.maximum_concurrency, Some(2));
    assert_eq!(queue.filters, [r#"{"body":{"kind":["a",{"prefix":"b"}],"n":[{"numeric":[">",1.5]}]}}"#]);
    assert_eq!(
        trigger_error_of("{ queue = 'jobs', maximum-concurrency = 1 }"),
        "Cargo.toml:1: `workers.a.triggers[0].maximum-concurrency` must be a whole number of batches from 2 to 1000, \
         found `1`\nthe limits are AWS's: `ScalingConfig` in Lambda's API reference"
    );
    let long = format!("{{ queue = 'jobs', filters = [{{ body = ['{}'] }}] }}", "a".repeat(4096));
    assert!(trigger_error_of(&long).ends_with("cannot have 4109 characters as JSON, the limit is 4096"), "{long}");
    assert!(trigger_error_of("{ queue = 'jobs', filters = [] }").contains("must be a list of 1 to 10 patterns"));
}

#[test]
fn dead_letter_queue_of_fifo_queue_is_fifo() {
    use super::{dead_letter_queue_name, queue_of_dead_letter_queue};
    for (queue, dead) in [("jobs", "jobs-dead"), ("jobs.fifo", "jobs-dead.fifo")] {
        assert_eq!(dead_letter_queue_name(queue), dead);
        assert_eq!(queue_of_dead_letter_queue(dead).as_deref(), Some(queue));
        assert_eq!(queue_of_dead_letter_queue(queue), None);
    }
}

#[test]
fn visibility_timeout_is_six_timeouts_and_window() {
    let Trigger::Queue(queue) = trigger("{ queue = 'jobs', batch-window = 20 }") else { panic!("a queue") };
    let settings = read("workers.a.timeout = 60").expect("ok").workers["a"].clone();
    assert_eq!(queue.visibility_timeout(&settings), 380);
}

#[test]
fn bucket_trigger_has_filter_events_and_folder() {
    let Trigger::Bucket(plain) = trigger("{ bucket = 'uploads' }") else { panic!("a bucket") };
    assert_eq!(plain.folder(), "target/bedrock/buckets/uploads");
    assert_eq!(plain.events, [ObjectEvent::Created]);
    assert_eq!(
        trigger(
            "{ bucket = 'arn:aws:s3:::mine', prefix = 'images/', suffix = '.png', folder = 'in/', events = ['removed', 'created'] }"
        ),
        Trigger::Bucket(BucketTrigger {
            bucket: TriggerSource::Existing("arn:aws:s3:::mine".to_owned()),
            prefix: "images/".to_owned(),
            suffix: ".png".to_owned(),
            folder: Some("in".to_owned()),
            events: vec![ObjectEvent::Created, ObjectEvent::Removed],
        })
    );
}

#[test]
fn triggers_can_be_arrays_of_tables() {
    let settings = read(
        "[workers.a]\nmemory = 512\n[[workers.a.triggers]]\nschedule = 'rate(1 day)'\n[[workers.a.triggers]]\nqueue = 'jobs'",
    )
    .expect("ok");
    let titles: Vec<_> = settings.workers["a"].triggers.iter().map(Trigger::title).collect();
    assert_eq!(titles, ["schedule `rate(1 day)`", "queue `jobs`"]);
    assert_eq!(
        error_of("[[workers.a.triggers]]\nqueue = 'jobs'\n\n[[workers.a.triggers]]\nqueue = 'jobs'"),
        "Cargo.toml:4: worker `a` has the trigger queue `jobs` twice"
    );
}

#[test]
fn trigger_requires_exactly_one_kind() {
    for (text, found) in [
        ("'rate(5 minutes)'", "'rate(5 minutes)'"),
        ("{ }", "{ }"),
        ("{ queue = 'a', bucket = 'b' }", "{ queue = 'a', bucket = 'b' }"),
        ("{ cron = '0 9 * * *' }", "{ cron = '0 9 * * *' }"),
    ] {
        assert_eq!(
            trigger_error_of(text),
            format!(
                "Cargo.toml:1: `workers.a.triggers[0]` must be a table with exactly one of `schedule`, `queue`, `bucket`, `topic`, `bus`, `dynamodb` and `kinesis`, found `{found}`"
            )
        );
    }
    assert_eq!(
        error_of("workers.a.triggers = 'rate(5 minutes)'"),
        "Cargo.toml:1: `workers.a.triggers` must be a list of tables, one for each trigger, found `'rate(5 minutes)'`"
    );
}

#[test]
fn trigger_error_has_location_and_value() {
    for (text, message) in [
        ("{ schedule = 'rate(1 minutes)' }", "schedule` cannot be `rate(1 minutes)`: write `rate(1 minute)`"),
        (
            "{ schedule = 'rate(1 minute)', timezone = 'Berlin, Germany' }",
            "timezone` must be the name of a time zone like `Europe/Berlin`, found `'Berlin, Germany'`",
        ),
        (
            "{ schedule = 'rate(1 minute)', timezone = 'Europe/Berlim' }",
            "timezone` must be the name of a time zone like `Europe/Berlin`, found `'Europe/Berlim'`",
        ),
        (
            "{ schedule = 'rate(1 minute)', event = { x = nan } }",
            "event` must be a table that can be written as JSON, found `{ x = nan }`",
        ),
        (
            "{ queue = 'a b' }",
            "queue` cannot be `a b`: queue names have only letters, digits, `-` and `_`, and those of FIFO queues end with `.fifo`",
        ),
        (
            "{ queue = 'jobs-dead.fifo' }",
            "queue` cannot be `jobs-dead.fifo`: the suffix `-dead` is reserved for dead-letter queues",
        ),
        (
            "{ queue = 'jobs', content-based-deduplication = true }",
            "content-based-deduplication` cannot be set: only FIFO queues, whose names end with `.fifo`, have it",
        ),
        (
            "{ queue = 'arn:aws:sqs:eu-west-1:1:a.fifo', content-based-deduplication = true }",
            "content-based-deduplication` cannot be set: an existing queue has its own attributes",
        ),
        (
            "{ queue = 'jobs.fifo', batch-window = 1 }",
            "batch-window` cannot be set for a FIFO queue (`CreateEventSourceMapping` in Lambda's API reference)",
        ),
        (
            "{ queue = 'jobs.fifo', batch-size = 11 }",
            "batch-size` cannot be 11 for a FIFO queue, the limit is 10 (`CreateEventSourceMapping` in Lambda's API reference)",
        ),
        (
            "{ queue = 'jobs', filters = [{ body = { kind = 'a' } }] }",
            "filters[0]` cannot have a field `body.kind` that is neither an object nor a list: write `[value]`",
        ),
        (
            "{ queue = 'jobs', filters = [{ body = ['a'] }, { messageId = ['a'] }] }",
            "filters[1]` cannot have keys other than `body`: Lambda filters messages only by their bodies",
        ),
        (
            "{ queue = 'jobs-dead' }",
            "queue` cannot be `jobs-dead`: the suffix `-dead` is reserved for dead-letter queues",
        ),
        (
            "{ queue = 'arn:aws:sns:eu-west-1:1:jobs' }",
            "queue` must be the ARN of a queue, found `'arn:aws:sns:eu-west-1:1:jobs'`",
        ),
        (
            "{ queue = 'jobs', batch-size = 10001, batch-window = 1 }",
            "batch-size` must be a whole number of messages from 1 to 10000, found `10001`",
        ),
        (
            "{ queue = 'jobs', batch-size = 11 }",
            "batch-size` cannot be 11 without a `batch-window` of 1 or more: Lambda only gathers more than 10 messages within a batch window",
        ),
        (
            "{ queue = 'arn:aws:sqs:eu-west-1:1:jobs', max-receives = 5 }",
            "max-receives` cannot be set: an existing queue has its own redrive policy",
        ),
        (
            "{ bucket = 'My_Bucket' }",
            "bucket` cannot be `My_Bucket`: bucket names have only lower-case letters, digits and, between them, `-`",
        ),
        ("{ bucket = 'b', folder = '../up' }", "folder` must be a relative path inside the app, found `'../up'`"),
        ("{ bucket = 'b', events = [] }", "events` must be a list of `\"created\"`, `\"removed\"` or both, found `[]`"),
    ] {
        assert_eq!(trigger_error_of(text), format!("Cargo.toml:1: `workers.a.triggers[0].{message}"), "{text}");
    }
}

#[test]
fn unknown_trigger_key_error_lists_known_keys() {
    assert_eq!(
        trigger_error_of("{ queue = 'jobs', batch = 5 }"),
        "Cargo.toml:1: unknown setting `batch` in `workers.a.triggers[0]`\n\
         the known settings are `batch-size`, `batch-window`, `content-based-deduplication`, `filters`, `max-receives`, \
         `maximum-concurrency`, `partial-failures`, `queue`"
    );
    assert_eq!(
        trigger_error_of("{ schedule = 'rate(1 day)', timezon = 'UTC' }"),
        "Cargo.toml:1: unknown setting `timezon` in `workers.a.triggers[0]`\n\
         a setting with a similar name exists: `timezone`\n\
         the known settings are `event`, `schedule`, `timezone`"
    );
}

#[test]
fn conflicting_triggers_are_rejected_at_the_later_one() {
    let two = |a: &str, b: &str| error_of(&format!("workers.a.triggers = [{a}]\nworkers.b.triggers = [{b}]"));
    assert_eq!(
        two("{ queue = 'jobs' }", "{ queue = 'jobs', batch-size = 1 }"),
        "Cargo.toml:2: queue `jobs` invokes both `a` and `b`, but each message reaches only one of them\n\
         use one queue per worker, or let one worker call the other"
    );
    assert_eq!(
        two("{ bucket = 'up', prefix = 'images/' }", "{ bucket = 'up', prefix = 'images/big/' }"),
        "Cargo.toml:2: bucket `up` (images/big/*) of worker `b` overlaps with bucket `up` (images/*) of worker `a`\n\
         S3 allows one trigger per key: choose prefixes or suffixes that do not contain each other"
    );
    assert_eq!(
        two("{ bucket = 'up' }", "{ bucket = 'up', prefix = 'x/', folder = 'up' }"),
        "Cargo.toml:2: bucket `up` (x/*) has a different `folder` than in worker `a`\n\
         use the same `folder` in each worker"
    );
    assert_eq!(
        two("{ bucket = 'up', folder = 'in' }", "{ bucket = 'down', folder = 'in/deep' }"),
        "Cargo.toml:2: the `folder` of bucket `down` overlaps with that of bucket `up`\n\
         choose a separate folder for each bucket"
    );
    assert_eq!(
        trigger_error_of("{ schedule = 'rate(1 day)' }, { schedule = 'rate(1 day)' }"),
        "Cargo.toml:1: worker `a` has the trigger schedule `rate(1 day)` twice"
    );
}

#[test]
fn sources_with_same_variable_are_rejected() {
    for (a, b, message) in [
        (
            "queue = 'big-jobs'",
            "queue = 'big_jobs'",
            "queue `big_jobs` and queue `big-jobs` both use the environment variable `…_QUEUE_URL_BIG_JOBS`",
        ),
        (
            "queue = 'Jobs'",
            "queue = 'jobs'",
            "queue `jobs` and queue `Jobs` both use the environment variable `…_QUEUE_URL_JOBS`",
        ),
        (
            "bucket = 'arn:aws:s3:::x.y'",
            "bucket = 'arn:aws:s3:::x-y'",
            "bucket `arn:aws:s3:::x-y` and bucket `arn:aws:s3:::x.y` both use the environment variable `…_BUCKET_X_Y`",
        ),
    ] {
        assert_eq!(
            error_of(&format!("workers.a.triggers = [{{ {a} }}]\nworkers.b.triggers = [{{ {b} }}]")),
            format!(
                "Cargo.toml:2: {message}\n\
                 choose a name with different letters or digits for one of them"
            )
        );
    }
}

#[test]
fn independent_triggers_do_not_conflict() {
    for (a, b) in [
        ("{ bucket = 'up', prefix = 'a/' }", "{ bucket = 'up', prefix = 'b/' }"),
        ("{ bucket = 'up', suffix = '.png' }", "{ bucket = 'up', suffix = '.jpg' }"),
        ("{ bucket = 'up' }", "{ bucket = 'up', events = ['removed'] }"),
        ("{ bucket = 'up' }", "{ bucket = 'down' }"),
        ("{ queue = 'a' }", "{ queue = 'b' }"),
        ("{ schedule = 'rate(1 day)' }", "{ schedule = 'rate(1 day)' }"),
    ] {
        let settings = read(&format!("workers.a.triggers = [{a}]\nworkers.b.triggers = [{b}]"));
        assert!(settings.is_ok(), "{a} {b}: {settings:?}");
    }
}

#[test]
fn queue_and_bucket_variables_are_valid_names() {
    let app = AppName::parse("my_app").expect("name");
    assert_eq!(
        (queue_variable(&app, "big-jobs"), bucket_variable(&app, "my.uplöads")),
        ("MY_APP_QUEUE_URL_BIG_JOBS".to_owned(), "MY_APP_BUCKET_MY_UPL_ADS".to_owned())
    );
}

#[test]
fn wildcard_in_a_prefix_is_an_error() {
    assert_eq!(
        error_of("workers.a.triggers = [{ bucket = 'up', prefix = 'in/*' }]").lines().next(),
        Some(
            "Cargo.toml:1: `workers.a.triggers[0].prefix` cannot contain `*`: S3 has no wildcards in prefixes and suffixes"
        )
    );
}

#[test]
fn topic_trigger_has_a_filter_policy() {
    let topic = TriggerSource::Own("alerts".to_owned());
    let all = TopicTrigger { topic: topic.clone(), filter: None, filter_scope: FilterScope::Attributes };
    assert_eq!(trigger("{ topic = 'alerts' }"), Trigger::Topic(all));
    let filter = Some(r#"{"order":{"state":["paid"]}}"#.to_owned());
    assert_eq!(
        trigger("{ topic = 'alerts', filter = { order = { state = ['paid'] } }, filter-scope = 'body' }"),
        Trigger::Topic(TopicTrigger { topic, filter, filter_scope: FilterScope::Body })
    );
    let arn = "arn:aws:sns:us-east-1:123456789012:theirs";
    assert_eq!(trigger(&format!("{{ topic = '{arn}' }}")).title(), format!("topic `{arn}`"));
}

#[test]
fn invalid_topic_triggers_are_errors() {
    let six = "filter = { a = ['1'], b = ['1'], c = ['1'], d = ['1'], e = ['1'], f = ['1'] }";
    let values = (0..13).map(|number| format!("'{number}'")).collect::<Vec<_>>().join(",");
    let combinations = format!("filter = {{ a = [{values}], b = [{values}] }}");
    for (keys, error) in [
        ("filter = { a = { b = ['1'] } }", "cannot have an object in place of a list"),
        (six, "cannot have 6 names, the limit is 5 (\"Filter policy constraints\" in SNS's developer guide)"),
        (&combinations, "cannot have 169 combinations of values, the limit is 150"),
        ("filter = { a = '1' }", "cannot have"),
        ("filter-scope = 'body'", "cannot be set without `filter`"),
        ("filter = { a = ['1'] }, filter-scope = 'payload'", "must be `\"attributes\"` or `\"body\"`"),
    ] {
        let found = trigger_error_of(&format!("{{ topic = 'alerts', {keys} }}"));
        assert!(found.starts_with("Cargo.toml:1: `workers.a.triggers[0].filter") && found.contains(error), "{found}");
    }
    assert!(trigger_error_of("{ topic = 'a.fifo' }").contains("Lambda functions cannot subscribe to FIFO topics"));
    assert!(trigger_error_of("{ topic = 'arn:aws:sqs:us-east-1:1:a' }").contains("must be the ARN of a topic"));
    let twice = "{ topic = 'a' }, { topic = 'a', filter = { b = ['c'] } }";
    assert!(trigger_error_of(twice).contains("worker `a` has two subscriptions of the topic `a`"));
}

#[test]
fn bus_trigger_has_a_pattern() {
    let pattern = r#"{"detail":{"price":[{"numeric":[">",5]}]},"source":["shop"]}"#.to_owned();
    let rule = "pattern = { source = ['shop'], detail = { price = [{ numeric = ['>', 5] }] } }";
    let bus = TriggerSource::Own("default".to_owned());
    assert_eq!(trigger(&format!("{{ bus = 'default', {rule} }}")), Trigger::Bus(BusTrigger { bus, pattern }));
    let arn = "arn:aws:events:us-east-1:123456789012:event-bus/theirs";
    let Trigger::Bus(theirs) = trigger(&format!("{{ bus = '{arn}', {rule} }}")) else { panic!("a bus") };
    assert_eq!((theirs.bus.name(), theirs.is_bus_of_app()), ("theirs", false));
    assert!(trigger_error_of("{ bus = 'default' }").contains("needs `pattern`"));
    assert!(trigger_error_of("{ bus = 'default', pattern = { source = 'shop' } }").contains("triggers[0].pattern`"));
    let rule_arn = "arn:aws:events:us-east-1:123456789012:rule/theirs";
    assert!(trigger_error_of(&format!("{{ bus = '{rule_arn}', {rule} }}")).contains("must be the ARN of a bus"));
    assert!(trigger_error_of(&format!("{{ bus = 'a.b', {rule} }}")).contains("have only letters"));
}
