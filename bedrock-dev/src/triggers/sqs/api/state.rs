//! The queues that the API serves.

use std::sync::Arc;

use super::super::queue::SqsQueue;
use super::error::SqsError;

/// All queues of an app.
pub(in super::super::super) struct Sqs {
    pub(in super::super::super) queues: Vec<Arc<SqsQueue>>,
    pub(in super::super::super) account: String,
}

impl Sqs {
    /// Returns the queue with a name.
    pub(super) fn find(&self, name: &str) -> Result<Arc<SqsQueue>, SqsError> {
        self.queues.iter().find(|queue| queue.name == name).cloned().ok_or_else(SqsError::queue_does_not_exist)
    }
}
