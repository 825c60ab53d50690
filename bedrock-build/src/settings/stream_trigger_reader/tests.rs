//! Valid and invalid triggers that read streams.

use super::super::Settings;
use super::super::triggers::{StartingPosition, StreamService, StreamTrigger, StreamViewType, Trigger, TriggerSource};
use crate::manifest::{Manifest, Table};
use crate::problem::Problem;

const TABLE_USE: &str = "endpoint.uses = [{ table = 'orders', access = 'write', key = 'id' }]";
const TABLE_STREAM: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/theirs/stream/2026-11-26T16:00:00.000";
const KINESIS_STREAM: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/theirs";

fn read(text: &str) -> Result<Settings, Vec<Problem>> {
    let manifest = Manifest::of(text.to_owned(), "Cargo.toml");
    let document = manifest.parse().expect("TOML");
    Settings::read(Table { table: document.get_ref(), manifest: &manifest }).map(|(settings, _)| settings)
}

fn trigger(text: &str) -> StreamTrigger {
    let settings = read(&format!("{TABLE_USE}\nworkers.a.triggers = [{text}]"));
    let settings = settings.unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
    match settings.workers["a"].triggers[0].clone() {
        Trigger::Stream(stream) => stream,
        other => panic!("{other:?}"),
    }
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
    error_of(&format!("{TABLE_USE}\nworkers.a.triggers = [{trigger}]"))
}

#[test]
fn stream_trigger_has_defaults_of_lambda() {
    let table = trigger("{ dynamodb = 'orders' }");
    assert_eq!(table, StreamTrigger::new(StreamService::Dynamodb, TriggerSource::Own("orders".to_owned())));
    assert_eq!((table.batch_size, table.parallelization_factor, table.maximum_retry_attempts), (100, 1, None));
    assert_eq!((table.table_of_app(), table.stream_of_app(), table.name()), (Some("orders"), None, "orders"));
    let stream = trigger("{ kinesis = 'clicks' }");
    assert_eq!(stream, StreamTrigger::new(StreamService::Kinesis, TriggerSource::Own("clicks".to_owned())));
    assert_eq!((stream.table_of_app(), stream.stream_of_app()), (None, Some("clicks")));
    let existing = trigger(&format!("{{ dynamodb = '{TABLE_STREAM}' }}"));
    assert_eq!((existing.name(), existing.table_of_app()), ("theirs", None));
    assert_eq!(trigger(&format!("{{ kinesis = '{KINESIS_STREAM}' }}")).name(), "theirs");
}

#[test]
fn stream_trigger_has_every_setting_of_lambda() {
    let stream = trigger(
        "{ dynamodb = 'orders', starting-position = 'LATEST', batch-size = 10_000, batch-window = 300, \
         parallelization-factor = 10, maximum-retry-attempts = 0, maximum-record-age = 60, \
         bisect-batch-on-function-error = true, partial-failures = true, stream-view-type = 'KEYS_ONLY', \
         filters = [{ eventName = ['INSERT'], dynamodb = { NewImage = { state = { S = ['paid'] } } } }], \
         on-failure = 'arn:aws:s3:::failed-batches' }",
    );
    let expected = StreamTrigger {
        starting_position: StartingPosition::Latest,
        batch_size: 10_000,
        batch_window: 300,
        parallelization_factor: 10,
        maximum_retry_attempts: Some(0),
        maximum_record_age: Some(60),
        bisect_batch_on_function_error: true,
        partial_failures: true,
        filters: vec![r#"{"dynamodb":{"NewImage":{"state":{"S":["paid"]}}},"eventName":["INSERT"]}"#.to_owned()],
        on_failure: Some("arn:aws:s3:::failed-batches".to_owned()),
        stream_view_type: StreamViewType::KeysOnly,
        ..StreamTrigger::new(StreamService::Dynamodb, TriggerSource::Own("orders".to_owned()))
    };
    assert_eq!(stream, expected);
    let at = trigger("{ kinesis = 'clicks', starting-position = 2026-12-24T09:00:00Z, tumbling-window = 900 }");
    assert_eq!(at.starting_position, StartingPosition::AtTimestamp("2026-12-24T09:00:00Z".to_owned()));
    assert_eq!((at.starting_position.as_str(), at.tumbling_window), ("AT_TIMESTAMP", 900));
    let endless = trigger("{ kinesis = 'clicks', maximum-retry-attempts = -1, maximum-record-age = -1 }");
    assert_eq!((endless.maximum_retry_attempts, endless.maximum_record_age), (None, None));
}

#[test]
fn bounds_of_streams_name_their_source() {
    for (setting, message) in [
        ("batch-size = 10_001", "`workers.a.triggers[0].batch-size` must be a whole number of records from 1 to 10000"),
        ("batch-window = 301", "must be a whole number of seconds from 0 to 300"),
        ("parallelization-factor = 11", "must be a whole number of batches from 1 to 10"),
        ("maximum-retry-attempts = 10_001", "must be -1 for no limit, or a whole number of retries from 0 to 10000"),
        ("maximum-record-age = 59", "must be -1 for no limit, or a whole number of seconds from 60 to 604800"),
        ("maximum-record-age = -2", "must be -1 for no limit, or a whole number of seconds from 60 to 604800"),
        ("tumbling-window = 901", "must be a whole number of seconds from 0 to 900"),
    ] {
        let error = trigger_error_of(&format!("{{ kinesis = 'clicks', {setting} }}"));
        assert!(error.starts_with("Cargo.toml:2: ") && error.contains(message), "{error}");
        assert!(
            error.ends_with("the limits are AWS's: `CreateEventSourceMapping` in Lambda's API reference"),
            "{error}"
        );
    }
}

#[test]
fn what_lambda_refuses_of_streams_is_an_error() {
    let of = |setting: &str| trigger_error_of(&format!("{{ kinesis = 'clicks', {setting} }}"));
    let of_table = |setting: &str| trigger_error_of(&format!("{{ dynamodb = 'orders', {setting} }}"));
    for (error, part) in [
        (of("starting-position = 'NOW'"), "`\"LATEST\"`, `\"TRIM_HORIZON\"` or a time like"),
        (of("starting-position = 2026-12-24T09:00:00"), "or a time like"),
        (of_table("starting-position = 2026-12-24T09:00:00Z"), "must be `\"LATEST\"` or `\"TRIM_HORIZON\"`"),
        (of("stream-view-type = 'KEYS_ONLY'"), "only the stream of a table of this app has it"),
        (of_table("stream-view-type = 'ALL'"), "`\"NEW_AND_OLD_IMAGES\"` or"),
        (
            of("filters = [{ partitionKey = ['a'] }]"),
            "cannot have keys other than `data`: Lambda filters by nothing else",
        ),
        (of_table("filters = [{ body = ['a'] }]"), "keys other than `dynamodb`, `eventName`, `userIdentity`"),
        (of("filters = []"), "a list of 1 to 10 patterns"),
        (of("on-failure = 'other'"), "must be the ARN of a queue, a topic or a bucket"),
        (
            of("on-failure = 'arn:aws:lambda:eu-west-1:123456789012:function:x'"),
            "the ARN of a queue, a topic or a bucket",
        ),
        (of("tumbling-window = 60, parallelization-factor = 2"), "cannot be more than 1 with a `tumbling-window`"),
        (of("batchsize = 1"), "a setting with a similar name exists: `batch-size`"),
        (trigger_error_of("{ dynamodb = 'a b' }"), "names of tables and streams have only letters"),
        (
            trigger_error_of("{ dynamodb = 'arn:aws:dynamodb:eu-west-1:123456789012:table/theirs' }"),
            "must be the ARN of the stream of a table, `arn:…:table/NAME/stream/LABEL`",
        ),
        (trigger_error_of(&format!("{{ kinesis = '{TABLE_STREAM}' }}")), "must be the ARN of a Kinesis stream"),
        (trigger_error_of("{ dynamodb = 'orders', kinesis = 'clicks' }"), "a table with exactly one of"),
    ] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn table_that_invokes_a_worker_has_a_key() {
    let error = error_of("workers.a.triggers = [{ dynamodb = 'orders' }]");
    assert_eq!(
        error,
        "Cargo.toml:1: no function of this app uses the table `orders`\nsay which function writes to it, and its key: \
         `uses = [{ table = \"orders\", access = \"write\", key = \"id\" }]`"
    );
    assert!(read("workers.a.triggers = [{ kinesis = 'orders' }]").is_ok());
}

#[test]
fn misspelled_table_or_stream_has_a_suggestion() {
    let error = error_of(
        "workers.a.uses = [{ table = 'orders', access = 'read', key = 'id' }]\nworkers.a.triggers = [{ dynamodb = 'order' }]",
    );
    assert_eq!(
        error,
        "Cargo.toml:2: no function of this app uses the table `order`\na table with a similar name is used: `orders`"
    );
    let kinesis = |name: &str| {
        format!(
            "workers.a.uses = [{{ stream = 'clicks', access = 'put' }}]\nworkers.a.triggers = [{{ kinesis = '{name}' }}]"
        )
    };
    let error = error_of(&kinesis("click"));
    assert!(error.starts_with("Cargo.toml:2: no function of this app uses the stream `click`\n"), "{error}");
    assert!(error.contains("a stream with a similar name is used: `clicks`"), "{error}");
    // Records of other streams may come from elsewhere.
    assert!(read(&kinesis("clicks")).is_ok() && read(&kinesis("payments")).is_ok());
}

#[test]
fn streams_that_contradict_each_other_are_refused() {
    let both = |a: &str, b: &str| format!("{TABLE_USE}\nworkers.a.triggers = [{a}]\nworkers.b.triggers = [{b}]");
    let table = "{ dynamodb = 'orders' }";
    assert!(read(&both(table, "{ dynamodb = 'orders', batch-size = 1 }")).is_ok());
    let error = error_of(&both(table, "{ dynamodb = 'orders', stream-view-type = 'NEW_IMAGE' }"));
    assert!(error.contains("has another `stream-view-type` than in worker `a`"), "{error}");
    let error = trigger_error_of("{ kinesis = 'clicks' }, { kinesis = 'clicks', batch-size = 1 }");
    assert!(error.contains("worker `a` has two triggers of the Kinesis stream `clicks`"), "{error}");
}
