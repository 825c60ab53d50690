//! The desired streams of a stage and their event source mappings, and the rights that a function needs to read them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::manifest::{ManifestEntry, StreamTrigger, Trigger};
use crate::policy::destination_statement;
use crate::stage::{StageContext, arn_resource};
use crate::uses::{ResourceUse, TableKey};

/// What Lambda does with the role of a function that is invoked by changes of a table (Lambda developer guide, "Process
/// Amazon DynamoDB records with Lambda").
const DYNAMODB_ACTIONS: [&str; 4] =
    ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"];
/// What Lambda does with the role of a function that is invoked by records of Kinesis (Lambda developer guide, "Process Amazon
/// Kinesis Data Streams records with Lambda").
const KINESIS_ACTIONS: [&str; 5] = [
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
];

/// Where the records come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StreamSource {
    /// The stream of a table of the app, by the full name of the table.
    Table(String),
    /// A Kinesis stream of the app, by its full name.
    Kinesis(String),
    /// A stream that exists, by its ARN.
    Existing(String),
}

/// A stream with the functions that it invokes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DesiredStream {
    /// Of a table of the app.
    pub(crate) table_key: Option<TableKey>,
    /// Of a table of the app.
    pub(crate) view_type: Option<String>,
    /// By the keys of the functions.
    pub(crate) mappings: BTreeMap<String, StreamMapping>,
}

/// Settings of an event source mapping of a stream, with Lambda's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamMapping {
    /// Only for the creation.
    pub(crate) starting_position: String,
    /// Of `AT_TIMESTAMP`, only for the creation.
    pub(crate) starting_position_timestamp: Option<String>,
    pub(crate) batch_size: i32,
    pub(crate) batch_window_seconds: i32,
    pub(crate) parallelization_factor: i32,
    pub(crate) maximum_retry_attempts: i32,
    pub(crate) maximum_record_age_seconds: i32,
    pub(crate) bisects_batches: bool,
    pub(crate) tumbling_window_seconds: i32,
    pub(crate) reports_partial_failures: bool,
    /// Event patterns, of which one must match. Empty for all records.
    pub(crate) filters: Vec<Value>,
    pub(crate) on_failure: Option<String>,
}

impl StreamSource {
    pub(crate) fn of(stage: &StageContext, trigger: &StreamTrigger) -> Self {
        let full_name = |name: &str| format!("{}{name}", stage.prefix());
        match (trigger.existing_arn(), trigger.table_of_app()) {
            (Some(arn), _) => Self::Existing(arn.to_owned()),
            (None, Some(table)) => Self::Table(full_name(table)),
            (None, None) => Self::Kinesis(full_name(trigger.stream_of_app().unwrap_or_default())),
        }
    }

    /// Returns whether `arn` is the ARN of the stream. A table may have had other streams before.
    pub(crate) fn has_arn(&self, stage: &StageContext, arn: &str) -> bool {
        match self {
            Self::Table(name) => arn.starts_with(&format!("{}/stream/", stage.table_arn(name))),
            Self::Kinesis(name) => arn == stage.stream_arn(name),
            Self::Existing(existing) => arn == existing,
        }
    }

    /// Returns the ARN, with `*` for the label of the stream of a table.
    pub(crate) fn arn_pattern(&self, stage: &StageContext) -> String {
        match self {
            Self::Table(name) => format!("{}/stream/*", stage.table_arn(name)),
            Self::Kinesis(name) => stage.stream_arn(name),
            Self::Existing(arn) => arn.clone(),
        }
    }

    /// Returns kind and name for people: `stream of table shop-dev-orders`.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Table(name) => format!("stream of table {name}"),
            Self::Kinesis(name) => format!("stream {name}"),
            Self::Existing(arn) => format!("stream {}", stream_name(arn)),
        }
    }
}

/// Returns the name in an ARN of a stream: `clicks`, or `orders/stream/LABEL` for a table.
pub(super) fn stream_name(arn: &str) -> &str {
    let resource = arn_resource(arn);
    resource.split_once('/').map_or(resource, |(_, name)| name)
}

impl StreamMapping {
    pub(crate) fn of(trigger: &StreamTrigger) -> Self {
        Self {
            starting_position: trigger.starting_position.clone(),
            starting_position_timestamp: trigger.starting_position_timestamp.clone(),
            batch_size: trigger.batch_size,
            batch_window_seconds: trigger.batch_window,
            parallelization_factor: trigger.parallelization_factor,
            maximum_retry_attempts: trigger.maximum_retry_attempts,
            maximum_record_age_seconds: trigger.maximum_record_age,
            bisects_batches: trigger.bisect_batch_on_function_error,
            tumbling_window_seconds: trigger.tumbling_window,
            reports_partial_failures: trigger.partial_failures,
            // The build has written them as JSON.
            filters: trigger.filters.iter().filter_map(|text| serde_json::from_str(text).ok()).collect(),
            on_failure: trigger.on_failure.clone(),
        }
    }
}

/// Adds a trigger of the function `key`. `resources` are those of the function: that of its table says the key.
pub(crate) fn add_stream(
    streams: &mut BTreeMap<StreamSource, DesiredStream>,
    stage: &StageContext,
    key: &str,
    trigger: &StreamTrigger,
    resources: &[ResourceUse],
) {
    let stream = streams.entry(StreamSource::of(stage, trigger)).or_default();
    if let Some(table) = trigger.table_of_app() {
        let used = resources.iter().find(|used| used.kind == "table" && used.name == table);
        stream.table_key = used.and_then(|used| used.key.clone());
        stream.view_type.clone_from(&trigger.stream_view_type);
    }
    stream.mappings.insert(key.to_owned(), StreamMapping::of(trigger));
}

/// Returns the statements for the streams that invoke a function, and for the records of discarded batches. They are the same
/// as in the app's `terraform/manifest/policies.tf`.
pub(crate) fn statements(stage: &StageContext, entry: &ManifestEntry) -> Vec<Value> {
    let triggers = || {
        entry.triggers.iter().filter_map(|trigger| match trigger {
            Trigger::Stream(stream) => Some(stream.as_ref()),
            _ => None,
        })
    };
    let arns = |is_dynamodb: bool| -> Vec<String> {
        let of_service = triggers().filter(|trigger| trigger.dynamodb.is_some() == is_dynamodb);
        let mut arns: Vec<String> =
            of_service.map(|trigger| StreamSource::of(stage, trigger).arn_pattern(stage)).collect();
        arns.sort();
        arns
    };
    let mut statements = Vec::new();
    let services = [("ReadChanges", &DYNAMODB_ACTIONS[..], true), ("ReadRecords", &KINESIS_ACTIONS[..], false)];
    for (sid, actions, is_dynamodb) in services {
        let resources = arns(is_dynamodb);
        if !resources.is_empty() {
            statements.push(json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources }));
        }
    }
    let mut destinations: Vec<&String> = triggers().filter_map(|trigger| trigger.on_failure.as_ref()).collect();
    destinations.sort();
    destinations.dedup();
    let numbered = (1..).zip(destinations);
    statements.extend(
        numbered.filter_map(|(number, arn)| destination_statement(&format!("HandOnFailedBatches{number}"), arn)),
    );
    statements
}
