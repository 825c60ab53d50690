//! Tables of triggers that are taken and refused.

use super::super::Settings;
use super::{
    BucketTrigger, ObjectEvent, QueueTrigger, ScheduleTrigger, Source, Trigger, bucket_variable, queue_variable,
};
use crate::manifest::{File, Table};
use crate::{AppName, Problem};

fn read(text: &str) -> Result<Settings, Vec<Problem>> {
    let file = File { text: text.to_owned(), shown: "Cargo.toml".to_owned() };
    let document = file.parse().expect("TOML");
    Settings::read(Table { table: document.get_ref(), file: &file })
}

fn trigger(text: &str) -> Trigger {
    let settings =
        read(&format!("workers.a.triggers = [{text}]")).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
    settings.workers["a"].triggers[0].clone()
}

/// Message and help lines of the one problem.
fn refusal(text: &str) -> String {
    match read(text) {
        Err(problems) if problems.len() == 1 => {
            [vec![problems[0].message.clone()], problems[0].help.clone()].concat().join("\n")
        }
        other => panic!("{text}: {other:?}"),
    }
}

fn refused(trigger: &str) -> String {
    refusal(&format!("workers.a.triggers = [{trigger}]"))
}

#[test]
fn a_schedule_has_a_time_zone_and_an_event_as_json() {
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
fn a_queue_has_lambdas_defaults() {
    assert_eq!(
        trigger("{ queue = 'jobs' }"),
        Trigger::Queue(QueueTrigger {
            queue: Source::Own("jobs".to_owned()),
            batch_size: 10,
            batch_window: 0,
            partial_failures: false,
            max_receives: 3,
        })
    );
    let arn = "arn:aws:sqs:us-east-1:123456789012:orders";
    let all = format!("{{ queue = '{arn}', batch-size = 100, batch-window = 5, partial-failures = true }}");
    let Trigger::Queue(queue) = trigger(&all) else { panic!("a queue") };
    assert_eq!((queue.queue.as_str(), queue.queue.name()), (arn, "orders"));
    assert_eq!((queue.batch_size, queue.batch_window, queue.partial_failures), (100, 5, true));
}

#[test]
fn messages_stay_hidden_for_six_timeouts_and_the_window() {
    let Trigger::Queue(queue) = trigger("{ queue = 'jobs', batch-window = 20 }") else { panic!("a queue") };
    let settings = read("workers.a.timeout = 60").expect("ok").workers["a"].clone();
    assert_eq!(queue.visibility_timeout(&settings), 380);
}

#[test]
fn a_bucket_has_keys_events_and_a_folder() {
    let Trigger::Bucket(plain) = trigger("{ bucket = 'uploads' }") else { panic!("a bucket") };
    assert_eq!(plain.folder(), "target/bedrock/buckets/uploads");
    assert_eq!(plain.events, [ObjectEvent::Created]);
    assert_eq!(
        trigger(
            "{ bucket = 'arn:aws:s3:::mine', prefix = 'images/', suffix = '.png', folder = 'in/', events = ['removed', 'created'] }"
        ),
        Trigger::Bucket(BucketTrigger {
            bucket: Source::Existing("arn:aws:s3:::mine".to_owned()),
            prefix: "images/".to_owned(),
            suffix: ".png".to_owned(),
            folder: Some("in".to_owned()),
            events: vec![ObjectEvent::Created, ObjectEvent::Removed],
        })
    );
}

#[test]
fn triggers_may_be_tables_of_their_own() {
    let settings = read(
        "[workers.a]\nmemory = 512\n[[workers.a.triggers]]\nschedule = 'rate(1 day)'\n[[workers.a.triggers]]\nqueue = 'jobs'",
    )
    .expect("ok");
    let titles: Vec<_> = settings.workers["a"].triggers.iter().map(Trigger::title).collect();
    assert_eq!(titles, ["schedule `rate(1 day)`", "queue `jobs`"]);
    assert_eq!(
        refusal("[[workers.a.triggers]]\nqueue = 'jobs'\n\n[[workers.a.triggers]]\nqueue = 'jobs'"),
        "Cargo.toml:4: worker `a` has the trigger queue `jobs` twice"
    );
}

#[test]
fn a_trigger_is_of_one_kind() {
    for (text, found) in [
        ("'rate(5 minutes)'", "'rate(5 minutes)'"),
        ("{ }", "{ }"),
        ("{ queue = 'a', bucket = 'b' }", "{ queue = 'a', bucket = 'b' }"),
        ("{ cron = '0 9 * * *' }", "{ cron = '0 9 * * *' }"),
    ] {
        assert_eq!(
            refused(text),
            format!(
                "Cargo.toml:1: `workers.a.triggers[0]` must be a table with one of `schedule`, `queue` and `bucket`, found `{found}`"
            )
        );
    }
    assert_eq!(
        refusal("workers.a.triggers = 'rate(5 minutes)'"),
        "Cargo.toml:1: `workers.a.triggers` must be a list of tables, one for each trigger, found `'rate(5 minutes)'`"
    );
}

#[test]
fn what_is_wrong_in_a_trigger_is_told_with_its_place() {
    for (text, message) in [
        ("{ schedule = 'rate(1 minutes)' }", "schedule` cannot be `rate(1 minutes)`: it is written `rate(1 minute)`"),
        (
            "{ schedule = 'rate(1 minute)', timezone = 'Berlin, Germany' }",
            "timezone` must be the name of a time zone like `Europe/Berlin`, found `'Berlin, Germany'`",
        ),
        (
            "{ schedule = 'rate(1 minute)', event = { x = nan } }",
            "event` must be a table that can be written as JSON, found `{ x = nan }`",
        ),
        ("{ queue = 'jobs.fifo' }", "queue` cannot be `jobs.fifo`: FIFO queues are not supported"),
        ("{ queue = 'arn:aws:sqs:eu-west-1:1:a.fifo' }", "queue` cannot be a FIFO queue: those are not supported"),
        ("{ queue = 'a b' }", "queue` cannot be `a b`: names of queues have letters, digits, `-` and `_`"),
        (
            "{ queue = 'jobs-dead' }",
            "queue` cannot be `jobs-dead`: names that end with `-dead` are those of dead-letter queues",
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
            "batch-size` cannot be 11 without a `batch-window` of 1 or more: Lambda gathers more than 10 messages within a window alone",
        ),
        (
            "{ queue = 'arn:aws:sqs:eu-west-1:1:jobs', max-receives = 5 }",
            "max-receives` cannot be set: a queue that exists has a redrive policy of its own",
        ),
        (
            "{ bucket = 'My_Bucket' }",
            "bucket` cannot be `My_Bucket`: names of buckets have small letters, digits and, between them, `-`",
        ),
        ("{ bucket = 'b', folder = '../up' }", "folder` must be a relative path inside the app, found `'../up'`"),
        ("{ bucket = 'b', events = [] }", "events` must be a list of `\"created\"`, `\"removed\"` or both, found `[]`"),
    ] {
        assert_eq!(refused(text), format!("Cargo.toml:1: `workers.a.triggers[0].{message}"), "{text}");
    }
}

#[test]
fn an_unknown_key_of_a_trigger_is_told_with_the_known_ones() {
    assert_eq!(
        refused("{ queue = 'jobs', batch = 5 }"),
        "Cargo.toml:1: unknown setting `batch` in `workers.a.triggers[0]`\n\
         the settings known there are `batch-size`, `batch-window`, `max-receives`, `partial-failures`, `queue`"
    );
    assert_eq!(
        refused("{ schedule = 'rate(1 day)', timezon = 'UTC' }"),
        "Cargo.toml:1: unknown setting `timezon` in `workers.a.triggers[0]`\n\
         a setting with a similar name exists: `timezone`\n\
         the settings known there are `event`, `schedule`, `timezone`"
    );
}

#[test]
fn triggers_that_cannot_be_at_once_are_refused_at_the_later_one() {
    let two = |a: &str, b: &str| refusal(&format!("workers.a.triggers = [{a}]\nworkers.b.triggers = [{b}]"));
    assert_eq!(
        two("{ queue = 'jobs' }", "{ queue = 'jobs', batch-size = 1 }"),
        "Cargo.toml:2: queue `jobs` invokes both `a` and `b`, and each message reaches one of them\n\
         give each worker a queue of its own, or let one worker call the other"
    );
    assert_eq!(
        two("{ bucket = 'up', prefix = 'images/' }", "{ bucket = 'up', prefix = 'images/big/' }"),
        "Cargo.toml:2: bucket `up` (images/big/*) of worker `b` overlaps bucket `up` (images/*) of worker `a`\n\
         S3 takes one trigger for a key: choose prefixes or suffixes of which neither begins or ends the other"
    );
    assert_eq!(
        two("{ bucket = 'up' }", "{ bucket = 'up', prefix = 'x/', folder = 'up' }"),
        "Cargo.toml:2: bucket `up` (x/*) has another `folder` here than at worker `a`\n\
         give it the same `folder` at each worker"
    );
    assert_eq!(
        two("{ bucket = 'up', folder = 'in' }", "{ bucket = 'down', folder = 'in/deep' }"),
        "Cargo.toml:2: the `folder` of bucket `down` is also that of bucket `up`\ngive each bucket a folder of its own"
    );
    assert_eq!(
        refused("{ schedule = 'rate(1 day)' }, { schedule = 'rate(1 day)' }"),
        "Cargo.toml:1: worker `a` has the trigger schedule `rate(1 day)` twice"
    );
}

#[test]
fn queues_and_buckets_that_functions_would_confuse_are_refused() {
    for (a, b, what) in [
        (
            "queue = 'big-jobs'",
            "queue = 'big_jobs'",
            "QUEUE_URL_BIG_JOBS` of queue `big_jobs` is also that of queue `big-jobs`",
        ),
        ("queue = 'Jobs'", "queue = 'jobs'", "QUEUE_URL_JOBS` of queue `jobs` is also that of queue `Jobs`"),
        (
            "bucket = 'arn:aws:s3:::x.y'",
            "bucket = 'arn:aws:s3:::x-y'",
            "BUCKET_X_Y` of bucket `arn:aws:s3:::x-y` is also that of bucket `arn:aws:s3:::x.y`",
        ),
    ] {
        assert_eq!(
            refusal(&format!("workers.a.triggers = [{{ {a} }}]\nworkers.b.triggers = [{{ {b} }}]")),
            format!(
                "Cargo.toml:2: the environment variable `…_{what}\n\
                 give one of them a name with other letters or digits"
            )
        );
    }
}

#[test]
fn triggers_side_by_side_are_no_conflict() {
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
fn functions_find_queues_and_buckets_by_variables_that_lambda_takes() {
    let app = AppName::parse("my_app").expect("name");
    assert_eq!(
        (queue_variable(&app, "big-jobs"), bucket_variable(&app, "my.uplöads")),
        ("MY_APP_QUEUE_URL_BIG_JOBS".to_owned(), "MY_APP_BUCKET_MY_UPL_ADS".to_owned())
    );
}
