//! S3's event for a changed object, and the notifications that it matches (S3 user guide, "Event message structure").

use std::time::SystemTime;

use bedrock_build::triggers::{BucketTrigger, ObjectEvent};
use bedrock_model::date::rfc3339;
use bedrock_model::id::new_uuid;
use serde_json::{Value, json};

use super::resource_names::ResourceNames;

/// A change of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectChange {
    /// The object was created or replaced.
    Created {
        /// The key, as it is.
        key: String,
        /// Its size in bytes.
        size: u64,
        /// The MD5 digest of its content.
        etag: String,
    },
    /// The object was deleted.
    Removed {
        /// The key, as it is.
        key: String,
    },
}

/// Returns whether a trigger is notified of a change.
#[must_use]
pub fn matches_change(trigger: &BucketTrigger, change: &ObjectChange) -> bool {
    let (key, event) = match change {
        ObjectChange::Created { key, .. } => (key, ObjectEvent::Created),
        ObjectChange::Removed { key } => (key, ObjectEvent::Removed),
    };
    trigger.events.contains(&event) && key.starts_with(&trigger.prefix) && key.ends_with(&trigger.suffix)
}

/// Returns the event of a change. `id` is the configuration id of the notification, `sequence` orders the changes of a key.
#[must_use]
pub fn event_json(
    names: &ResourceNames<'_>,
    bucket: &str,
    id: &str,
    change: &ObjectChange,
    now: SystemTime,
    sequence: u64,
) -> Value {
    let sequencer = format!("{sequence:016X}");
    let (name, object) = match change {
        ObjectChange::Created { key, size, etag } => {
            ("ObjectCreated:Put", json!({ "key": encode_key(key), "size": size, "eTag": etag, "sequencer": sequencer }))
        }
        ObjectChange::Removed { key } => {
            ("ObjectRemoved:Delete", json!({ "key": encode_key(key), "sequencer": sequencer }))
        }
    };
    json!({ "Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": names.region,
        "eventTime": rfc3339(now),
        "eventName": name,
        "userIdentity": { "principalId": names.account },
        "requestParameters": { "sourceIPAddress": "127.0.0.1" },
        "responseElements": { "x-amz-request-id": new_uuid(), "x-amz-id-2": new_uuid() },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": id,
            "bucket": {
                "name": bucket,
                "ownerIdentity": { "principalId": names.account },
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
    use super::{ObjectChange, ResourceNames, encode_key, event_json};
    use serde_json::json;
    use std::time::UNIX_EPOCH;

    const NAMES: ResourceNames<'_> = ResourceNames { app: "shop", region: "eu-west-1", account: "000000000000" };

    #[test]
    fn keys_are_form_encoded() {
        assert_eq!(encode_key("my images/größe+1.png"), "my+images/gr%C3%B6%C3%9Fe%2B1.png");
    }

    #[test]
    fn created_object_event_has_s3_format() {
        let change = ObjectChange::Created { key: "a b.png".to_owned(), size: 5, etag: "e".to_owned() };
        let mut event = event_json(&NAMES, "shop-local-uploads", "resizer-0", &change, UNIX_EPOCH, 255);
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
        let change = ObjectChange::Removed { key: "a.png".to_owned() };
        let event = event_json(&NAMES, "shop-local-uploads", "resizer-0", &change, UNIX_EPOCH, 1);
        assert_eq!(event["Records"][0]["eventName"], "ObjectRemoved:Delete");
        assert_eq!(event["Records"][0]["s3"]["object"], json!({ "key": "a.png", "sequencer": "0000000000000001" }));
    }
}
