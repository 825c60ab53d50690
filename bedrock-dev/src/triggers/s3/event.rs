//! Bucket notifications, and S3's event for a changed object (S3 user guide, "Event message structure").

use std::time::SystemTime;

use bedrock_build::triggers::{BucketTrigger, ObjectEvent};
use bedrock_model::FunctionInfo;
use bedrock_model::date::rfc3339;
use serde_json::{Value, json};

use super::super::aws_api::new_uuid;
use super::super::local_resources::LocalResources;
use super::folder::Change;

/// A worker that is notified of changes in a bucket.
#[derive(Clone)]
pub(in super::super) struct BucketNotification {
    pub(in super::super) function: FunctionInfo,
    pub(in super::super) trigger: BucketTrigger,
    /// The configuration id of the notification.
    pub(in super::super) id: String,
}

impl BucketNotification {
    /// Returns whether the notification matches a change.
    pub(super) fn matches(&self, change: &Change) -> bool {
        let (key, event) = match change {
            Change::Created { key, .. } => (key, ObjectEvent::Created),
            Change::Removed { key } => (key, ObjectEvent::Removed),
        };
        self.trigger.events.contains(&event)
            && key.starts_with(&self.trigger.prefix)
            && key.ends_with(&self.trigger.suffix)
    }
}

/// Returns the event of a change. `sequence` orders the changes of a key.
pub(super) fn event_json(
    resources: &LocalResources,
    bucket: &str,
    id: &str,
    change: &Change,
    now: SystemTime,
    sequence: u64,
) -> Value {
    let sequencer = format!("{sequence:016X}");
    let (name, object) = match change {
        Change::Created { key, size, etag } => {
            ("ObjectCreated:Put", json!({ "key": encode_key(key), "size": size, "eTag": etag, "sequencer": sequencer }))
        }
        Change::Removed { key } => ("ObjectRemoved:Delete", json!({ "key": encode_key(key), "sequencer": sequencer })),
    };
    json!({ "Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": resources.region,
        "eventTime": rfc3339(now),
        "eventName": name,
        "userIdentity": { "principalId": resources.account },
        "requestParameters": { "sourceIPAddress": "127.0.0.1" },
        "responseElements": { "x-amz-request-id": new_uuid(), "x-amz-id-2": new_uuid() },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": id,
            "bucket": {
                "name": bucket,
                "ownerIdentity": { "principalId": resources.account },
                "arn": format!("arn:aws:s3:::{bucket}"),
            },
            "object": object,
        },
    }] })
}

/// Encodes a key as in S3's events: like form data, except for `/`.
fn encode_key(key: &str) -> String {
    let parts: Vec<String> =
        key.split('/').map(|part| form_urlencoded::byte_serialize(part.as_bytes()).collect()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::super::folder::Change;
    use super::{encode_key, event_json};
    use crate::triggers::LocalResources;
    use bedrock_build::{App, AppName};
    use serde_json::json;
    use std::path::PathBuf;
    use std::time::UNIX_EPOCH;

    fn resources() -> LocalResources {
        let app = App {
            name: AppName::parse("shop").expect("a name"),
            root: PathBuf::new(),
            settings: bedrock_build::Settings::default(),
            workers: Vec::new(),
            endpoint_runtime: bedrock_build::Runtime::default_of(bedrock_build::Language::Rust),
            unfinished: Vec::new(),
        };
        let mut resources = LocalResources::new(&app, "http://127.0.0.1:7070");
        "eu-west-1".clone_into(&mut resources.region);
        resources
    }

    #[test]
    fn keys_are_form_encoded() {
        assert_eq!(encode_key("my images/größe+1.png"), "my+images/gr%C3%B6%C3%9Fe%2B1.png");
    }

    #[test]
    fn created_object_event_has_s3_format() {
        let change = Change::Created { key: "a b.png".to_owned(), size: 5, etag: "e".to_owned() };
        let mut event = event_json(&resources(), "shop-local-uploads", "resizer-0", &change, UNIX_EPOCH, 255);
        let record = &mut event["Records"][0];
        assert!(record["responseElements"].take()["x-amz-request-id"].is_string());
        assert_eq!(
            event,
            json!({ "Records": [{
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": "eu-west-1",
                "eventTime": "1970-01-01T00:00:00.000Z",
                "eventName": "ObjectCreated:Put",
                "userIdentity": { "principalId": "000000000000" },
                "requestParameters": { "sourceIPAddress": "127.0.0.1" },
                "responseElements": null,
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": "resizer-0",
                    "bucket": {
                        "name": "shop-local-uploads",
                        "ownerIdentity": { "principalId": "000000000000" },
                        "arn": "arn:aws:s3:::shop-local-uploads",
                    },
                    "object": { "key": "a+b.png", "size": 5, "eTag": "e", "sequencer": "00000000000000FF" },
                },
            }] })
        );
    }

    #[test]
    fn removed_object_event_has_no_size() {
        let change = Change::Removed { key: "a.png".to_owned() };
        let event = event_json(&resources(), "shop-local-uploads", "resizer-0", &change, UNIX_EPOCH, 1);
        assert_eq!(event["Records"][0]["eventName"], "ObjectRemoved:Delete");
        assert_eq!(event["Records"][0]["s3"]["object"], json!({ "key": "a.png", "sequencer": "0000000000000001" }));
    }
}
