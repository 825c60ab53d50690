//! The triggers that read streams: event source mappings of DynamoDB streams and Kinesis streams. `stream_trigger_reader.rs`
//! reads them from the settings.

use super::trigger_source::TriggerSource;

/// `{ dynamodb = "orders" }` or `{ kinesis = "clicks" }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamTrigger {
    /// The service.
    pub service: StreamService,
    /// A table or a Kinesis stream of the app, or the ARN of a stream.
    pub source: TriggerSource,
    /// Where reading begins when the event source mapping is created. Default `TRIM_HORIZON`.
    pub starting_position: StartingPosition,
    /// The maximum number of records per invocation, 1 to 10,000. Default 100.
    pub batch_size: u64,
    /// The maximum time to gather records for a batch, in seconds, 0 to 300. Default 0.
    pub batch_window: u64,
    /// The number of batches of a shard that run at the same time, 1 to 10. Default 1.
    pub parallelization_factor: u64,
    /// How often a failed batch is retried, 0 to 10,000. `None` (default) for until its records expire.
    pub maximum_retry_attempts: Option<u64>,
    /// The maximum age of a record in seconds, 60 to 604,800. `None` (default) for as long as the stream keeps it.
    pub maximum_record_age: Option<u64>,
    /// Whether a failed batch is split in two.
    pub bisect_batch_on_function_error: bool,
    /// The duration of a tumbling window in seconds, 0 to 900. Default 0: none.
    pub tumbling_window: u64,
    /// Whether the response lists the records that failed (`batchItemFailures`).
    pub partial_failures: bool,
    /// Event patterns as JSON texts of objects. A record reaches the worker if one of them matches; empty (default) for all
    /// records.
    pub filters: Vec<String>,
    /// The ARN of a queue, a topic or a bucket that gets a record of each discarded batch.
    pub on_failure: Option<String>,
    /// What a record of a table of the app contains. Only for a table of the app.
    pub stream_view_type: StreamViewType,
}

/// A service with streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StreamService {
    /// Changes of the items of a table.
    Dynamodb,
    /// Records that were put into a Kinesis data stream.
    Kinesis,
}

/// Where reading of a stream begins (API model of Lambda, `EventSourcePosition`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartingPosition {
    /// With the oldest record.
    TrimHorizon,
    /// After the newest record.
    Latest,
    /// With the first record at or after a time, which is written as in RFC 3339. Only for Kinesis.
    AtTimestamp(String),
}

/// What a record of a DynamoDB stream contains besides the key (API model of DynamoDB, `StreamViewType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StreamViewType {
    /// The item before and after the change.
    #[default]
    NewAndOldImages,
    /// The item after the change.
    NewImage,
    /// The item before the change.
    OldImage,
    /// No other attributes.
    KeysOnly,
}

impl StreamService {
    /// Returns the key in the settings and in the manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dynamodb => "dynamodb",
            Self::Kinesis => "kinesis",
        }
    }
}

impl StreamService {
    /// Returns AWS's name, for messages.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Dynamodb => "DynamoDB",
            Self::Kinesis => "Kinesis",
        }
    }
}

impl StartingPosition {
    /// Returns AWS's word.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::TrimHorizon => "TRIM_HORIZON",
            Self::Latest => "LATEST",
            Self::AtTimestamp(_) => "AT_TIMESTAMP",
        }
    }

    /// Returns the time of `AT_TIMESTAMP`. `None` for the other positions.
    #[must_use]
    pub fn timestamp(&self) -> Option<&str> {
        match self {
            Self::AtTimestamp(time) => Some(time),
            Self::TrimHorizon | Self::Latest => None,
        }
    }
}

impl StreamViewType {
    /// All types, with AWS's words.
    pub const ALL: [(&'static str, Self); 4] = [
        ("NEW_AND_OLD_IMAGES", Self::NewAndOldImages),
        ("NEW_IMAGE", Self::NewImage),
        ("OLD_IMAGE", Self::OldImage),
        ("KEYS_ONLY", Self::KeysOnly),
    ];

    /// Returns AWS's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NewAndOldImages => "NEW_AND_OLD_IMAGES",
            Self::NewImage => "NEW_IMAGE",
            Self::OldImage => "OLD_IMAGE",
            Self::KeysOnly => "KEYS_ONLY",
        }
    }
}

impl StreamTrigger {
    /// Returns a trigger with the defaults.
    #[must_use]
    pub fn new(service: StreamService, source: TriggerSource) -> Self {
        Self {
            service,
            source,
            starting_position: StartingPosition::TrimHorizon,
            batch_size: 100,
            batch_window: 0,
            parallelization_factor: 1,
            maximum_retry_attempts: None,
            maximum_record_age: None,
            bisect_batch_on_function_error: false,
            tumbling_window: 0,
            partial_failures: false,
            filters: Vec::new(),
            on_failure: None,
            stream_view_type: StreamViewType::default(),
        }
    }

    /// Returns the name of the table or of the Kinesis stream, without app, stage, account and region.
    #[must_use]
    pub fn name(&self) -> &str {
        let name = match &self.source {
            TriggerSource::Own(name) => name,
            // `…:table/NAME/stream/LABEL` or `…:stream/NAME`.
            TriggerSource::Existing(arn) => arn,
        };
        name.split('/').nth(1).unwrap_or(name)
    }

    /// Returns the name of the table of the app whose stream this is. `None` for every other stream.
    #[must_use]
    pub fn table_of_app(&self) -> Option<&str> {
        match (&self.source, self.service) {
            (TriggerSource::Own(name), StreamService::Dynamodb) => Some(name),
            _ => None,
        }
    }

    /// Returns the name of the Kinesis stream of the app. `None` for every other stream.
    #[must_use]
    pub fn stream_of_app(&self) -> Option<&str> {
        match (&self.source, self.service) {
            (TriggerSource::Own(name), StreamService::Kinesis) => Some(name),
            _ => None,
        }
    }
}
