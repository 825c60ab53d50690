//! The notifications of a bucket. Which changes match them, and the event, is in `bedrock-local`.

use bedrock_build::triggers::BucketTrigger;
use bedrock_model::FunctionInfo;

/// A worker that is notified of changes in a bucket.
#[derive(Clone)]
pub(in super::super) struct BucketNotification {
    pub(in super::super) function: FunctionInfo,
    pub(in super::super) trigger: BucketTrigger,
    /// The configuration id of the notification.
    pub(in super::super) id: String,
}
