//! Reads the triggers that read streams, and compares them with each other and with the tables that functions use.

use std::ops::RangeInclusive;

use toml::de::{DeTable, DeValue};

use super::arn::is_staged_arn_of;
use super::reader::{Reader, Value, set};
use super::stream_trigger::{StartingPosition, StreamService, StreamTrigger, StreamViewType};
use super::triggers::{Trigger, TriggerDeclaration, TriggerSource, validate_stream_name};
use super::uses::{ResourceKind, UseDeclaration};
use crate::edit_distance::suggest;
use crate::event_pattern::PatternDialect;
use crate::problem::Problem;

const COMMON_KEYS: [&str; 12] = [
    "batch-size",
    "batch-window",
    "bisect-batch-on-function-error",
    "filters",
    "maximum-record-age",
    "maximum-retry-attempts",
    "on-failure",
    "parallelization-factor",
    "partial-failures",
    "starting-position",
    "stream-view-type",
    "tumbling-window",
];

/// The number of records in a batch (API model, `BatchSize`).
const BATCH_SIZE: RangeInclusive<u64> = 1..=10_000;
/// The time to gather a batch, in seconds (API model, `MaximumBatchingWindowInSeconds`).
const BATCH_WINDOW_SECONDS: RangeInclusive<u64> = 0..=300;
/// Batches of a shard at the same time (API model, `ParallelizationFactor`).
const PARALLELIZATION_FACTOR: RangeInclusive<u64> = 1..=10;
/// Retries (API model, `MaximumRetryAttemptsEventSourceMapping`).
const RETRY_ATTEMPTS: RangeInclusive<u64> = 0..=10_000;
/// The age of a record in seconds (`MaximumRecordAgeInSeconds` in Lambda's API reference).
const RECORD_AGE_SECONDS: RangeInclusive<u64> = 60..=604_800;
/// A tumbling window in seconds (API model, `TumblingWindowInSeconds`).
const TUMBLING_WINDOW_SECONDS: RangeInclusive<u64> = 0..=900;
/// Filters of an event source mapping: five by default, ten on request (Lambda quotas).
const MAX_FILTERS: usize = 10;
/// Characters of a filter (API model, `Pattern`).
const MAX_PATTERN_CHARS: usize = 4096;
/// Keys of a change that filters see (DynamoDB developer guide, "Using filters to process some events with DynamoDB and
/// Lambda" and "DynamoDB Streams and Time to Live").
const DYNAMODB_FILTER_KEYS: &[&str] = &["dynamodb", "eventName", "userIdentity"];
/// The only key of a record of Kinesis that filters see (Lambda developer guide, "Using event filtering with a Kinesis event
/// source").
const KINESIS_FILTER_KEYS: &[&str] = &["data"];
/// Services that get records of discarded batches, besides Kafka (Lambda developer guide, "Retain discarded batch records").
const DESTINATION_SERVICES: [&str; 3] = ["sqs", "sns", "s3"];
/// Where AWS says so.
const SOURCE: &str = "`CreateEventSourceMapping` in Lambda's API reference";

impl Reader<'_> {
    /// Reads a trigger with the key `dynamodb` or `kinesis`.
    pub(super) fn stream(&mut self, table: &DeTable<'_>, service: StreamService, path: &str) -> Option<StreamTrigger> {
        let mut stream = StreamTrigger::new(service, self.stream_source(table, service, path)?);
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let full_path = format!("{path}.{name}");
            match name {
                _ if name == service.as_str() => {}
                "starting-position" => {
                    set(&mut stream.starting_position, self.starting_position(value, service, &full_path));
                }
                "batch-size" => {
                    let number = self.limited_number(value, &full_path, "records", &BATCH_SIZE, SOURCE);
                    set(&mut stream.batch_size, number);
                }
                "batch-window" => {
                    let number = self.limited_number(value, &full_path, "seconds", &BATCH_WINDOW_SECONDS, SOURCE);
                    set(&mut stream.batch_window, number);
                }
                "parallelization-factor" => {
                    let number = self.limited_number(value, &full_path, "batches", &PARALLELIZATION_FACTOR, SOURCE);
                    set(&mut stream.parallelization_factor, number);
                }
                "maximum-retry-attempts" => {
                    stream.maximum_retry_attempts = self.number_or_all(value, &full_path, "retries", &RETRY_ATTEMPTS);
                }
                "maximum-record-age" => {
                    stream.maximum_record_age = self.number_or_all(value, &full_path, "seconds", &RECORD_AGE_SECONDS);
                }
                "tumbling-window" => {
                    let number = self.limited_number(value, &full_path, "seconds", &TUMBLING_WINDOW_SECONDS, SOURCE);
                    set(&mut stream.tumbling_window, number);
                }
                "bisect-batch-on-function-error" => {
                    set(&mut stream.bisect_batch_on_function_error, self.boolean(value, &full_path));
                }
                "partial-failures" => set(&mut stream.partial_failures, self.boolean(value, &full_path)),
                "filters" => stream.filters = self.stream_filters(value, service, &full_path),
                "on-failure" => stream.on_failure = self.batch_destination(value, &full_path),
                "stream-view-type" if stream.table_of_app().is_some() => {
                    set(&mut stream.stream_view_type, self.choice(value, &full_path, &StreamViewType::ALL));
                }
                "stream-view-type" => {
                    self.not_allowed(value, &full_path, "be set: only the stream of a table of this app has it");
                }
                _ => {
                    let mut known = vec![service.as_str()];
                    // Only the stream of a table has a view type.
                    let has_view_type = service == StreamService::Dynamodb;
                    known.extend(COMMON_KEYS.into_iter().filter(|key| has_view_type || *key != "stream-view-type"));
                    known.sort_unstable();
                    self.unknown_key(name, &key.span(), path, &known);
                }
            }
        }
        self.check_windows(table, &stream, path);
        Some(stream)
    }

    /// Checks what depends on two settings.
    fn check_windows(&mut self, table: &DeTable<'_>, stream: &StreamTrigger, path: &str) {
        if let Some(value) = table.get("parallelization-factor")
            && stream.tumbling_window > 0
            && stream.parallelization_factor > 1
        {
            let reason = "be more than 1 with a `tumbling-window`: the windows of a shard are in order (\"Stateful \
                          processing\" in Lambda's developer guide)";
            self.not_allowed(value, &format!("{path}.parallelization-factor"), reason);
        }
    }

    /// Reads a number, or -1 for no limit, which is `None`.
    fn number_or_all(&mut self, value: &Value<'_>, path: &str, unit: &str, range: &RangeInclusive<u64>) -> Option<u64> {
        let is_all = value.get_ref().as_integer().is_some_and(|number| number.as_str() == "-1");
        if is_all {
            return None;
        }
        let number = value.get_ref().as_integer().and_then(|n| u64::from_str_radix(n.as_str(), n.radix()).ok());
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let problems = self.problems.len();
            let expected =
                format!("-1 for no limit, or a whole number of {unit} from {} to {}", range.start(), range.end());
            self.wrong_value(value, path, &expected);
            if let Some(problem) = self.problems.get_mut(problems) {
                problem.help.push(format!("the limits are AWS's: {SOURCE}"));
            }
        }
        number
    }

    /// Reads `"LATEST"`, `"TRIM_HORIZON"` or, for Kinesis, a time.
    fn starting_position(&mut self, value: &Value<'_>, service: StreamService, path: &str) -> Option<StartingPosition> {
        match (value.get_ref(), service) {
            (DeValue::String(text), _) if text == "LATEST" => Some(StartingPosition::Latest),
            (DeValue::String(text), _) if text == "TRIM_HORIZON" => Some(StartingPosition::TrimHorizon),
            // Without an offset it would be another time on another machine.
            (DeValue::Datetime(time), StreamService::Kinesis) if time.offset.is_some() && time.date.is_some() => {
                Some(StartingPosition::AtTimestamp(time.to_string()))
            }
            (_, StreamService::Kinesis) => {
                self.wrong_value(
                    value,
                    path,
                    "`\"LATEST\"`, `\"TRIM_HORIZON\"` or a time like `2026-12-24T09:00:00Z` without quotes",
                );
                None
            }
            (_, StreamService::Dynamodb) => {
                self.wrong_value(value, path, "`\"LATEST\"` or `\"TRIM_HORIZON\"`");
                None
            }
        }
    }

    /// Reads the filters: JSON texts.
    fn stream_filters(&mut self, value: &Value<'_>, service: StreamService, path: &str) -> Vec<String> {
        let (keys, example) = match service {
            StreamService::Dynamodb => (DYNAMODB_FILTER_KEYS, "{ eventName = [\"INSERT\"] }"),
            StreamService::Kinesis => (KINESIS_FILTER_KEYS, "{ data = { kind = [\"order\"] } }"),
        };
        let list = value.get_ref().as_array().filter(|list| (1..=MAX_FILTERS).contains(&list.len()));
        let Some(list) = list else {
            let expected = format!(
                "a list of 1 to {MAX_FILTERS} patterns like `{example}`, of which Lambda allows 5 without a higher quota"
            );
            self.wrong_value(value, path, &expected);
            return Vec::new();
        };
        let mut filters = Vec::new();
        for (value, number) in list.iter().zip(0..) {
            let path = format!("{path}[{number}]");
            let mut names = value.get_ref().as_table().into_iter().flatten().map(|(key, _)| key.get_ref().as_ref());
            if names.any(|name| !keys.contains(&name)) {
                let list = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
                self.not_allowed(value, &path, &format!("have keys other than {list}: Lambda filters by nothing else"));
                continue;
            }
            filters.extend(self.pattern(value, &path, PatternDialect::EventSourceMapping, MAX_PATTERN_CHARS));
        }
        filters
    }

    /// Reads the ARN of what gets records of discarded batches.
    fn batch_destination(&mut self, value: &Value<'_>, path: &str) -> Option<String> {
        let text = value.get_ref().as_str();
        let is_destination = |arn: &&str| {
            !arn.contains('{') && DESTINATION_SERVICES.into_iter().any(|service| is_staged_arn_of(arn, service))
        };
        let arn = text.filter(is_destination);
        if arn.is_none() {
            self.wrong_value(value, path, "the ARN of a queue, a topic or a bucket");
        }
        arn.map(str::to_owned)
    }

    /// Reads the name of a table or of a Kinesis stream, or the ARN of a stream.
    fn stream_source(&mut self, table: &DeTable<'_>, service: StreamService, path: &str) -> Option<TriggerSource> {
        let key = service.as_str();
        let value = table.get(key)?;
        let path = format!("{path}.{key}");
        let (kind, expected_arn) = match service {
            StreamService::Dynamodb => ("table", "the ARN of the stream of a table, `arn:…:table/NAME/stream/LABEL`"),
            StreamService::Kinesis => ("stream", "the ARN of a Kinesis stream, `arn:…:stream/NAME`"),
        };
        let text = self.string(value, &path, &format!("the name of a {kind} of this app, or {expected_arn}"))?;
        if text.starts_with("arn:") {
            let resource = text.splitn(6, ':').nth(5).unwrap_or_default();
            let parts: Vec<&str> = resource.split('/').collect();
            let is_stream = match (service, &parts[..]) {
                (StreamService::Dynamodb, ["table", name, "stream", label]) => !name.is_empty() && !label.is_empty(),
                (StreamService::Kinesis, ["stream", name]) => !name.is_empty(),
                _ => false,
            };
            if is_stream && !text.contains('{') && is_staged_arn_of(&text, key) {
                return Some(TriggerSource::Existing(text));
            }
            self.wrong_value(value, &path, expected_arn);
            return None;
        }
        if let Err(reason) = validate_stream_name(&text) {
            self.not_allowed(value, &path, &format!("be `{}`: {reason}", text.escape_debug()));
        }
        Some(TriggerSource::Own(text))
    }
}

/// Returns a problem for each table or stream that invokes a worker and is probably misspelled, and for two triggers that
/// want different streams of the same table.
pub(super) fn stream_conflicts(triggers: &[TriggerDeclaration], uses: &[UseDeclaration]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (at, later) in triggers.iter().enumerate() {
        let Trigger::Stream(stream) = &later.trigger else { continue };
        problems.extend(unused_source(later, stream, uses));
        let Some(table) = stream.table_of_app() else { continue };
        let location = &later.location;
        let earlier = triggers[..at].iter().find_map(|earlier| match &earlier.trigger {
            Trigger::Stream(other) if other.table_of_app() == Some(table) => Some((earlier, other)),
            _ => None,
        });
        if let Some((earlier, other)) = earlier
            && other.stream_view_type != stream.stream_view_type
        {
            let message = format!(
                "{location}: the stream of the table `{table}` has another `stream-view-type` than in worker `{}`",
                earlier.worker
            );
            problems.push(
                Problem::new(message).help("a table has one stream: use the same `stream-view-type` in each worker"),
            );
        }
    }
    problems
}

/// Returns a problem for a table of the app that no function uses, and for a Kinesis stream that none uses although one uses a
/// stream with a similar name: what only invokes a worker may have its records from elsewhere.
fn unused_source(trigger: &TriggerDeclaration, stream: &StreamTrigger, uses: &[UseDeclaration]) -> Option<Problem> {
    let TriggerSource::Own(name) = &stream.source else { return None };
    let (kind, word) = match stream.service {
        StreamService::Dynamodb => (ResourceKind::Table, "table"),
        StreamService::Kinesis => (ResourceKind::Stream, "stream"),
    };
    let of_kind = || uses.iter().filter(|used| used.resource.kind == kind).map(|used| used.resource.name.as_str());
    if of_kind().any(|known| known == name) {
        return None;
    }
    let help = match (suggest(name, of_kind()), kind) {
        (Some(near), ResourceKind::Stream) => format!(
            "a stream with a similar name is used: `{near}`; if `{name}` is another one, list it too: `uses = [{{ stream = \
             \"{name}\", access = \"read\" }}]`"
        ),
        (Some(near), _) => format!("a table with a similar name is used: `{near}`"),
        (None, ResourceKind::Stream) => return None,
        (None, _) => format!(
            "say which function writes to it, and its key: `uses = [{{ table = \"{name}\", access = \"write\", key = \
             \"id\" }}]`"
        ),
    };
    let message = format!("{}: no function of this app uses the {word} `{name}`", trigger.location);
    Some(Problem::new(message).help(help))
}

#[cfg(test)]
mod tests;
