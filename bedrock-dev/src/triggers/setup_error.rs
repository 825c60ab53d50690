//! Why the triggers and services of an app could not be set up.

use std::io;
use std::path::PathBuf;

use super::sqs::MessageStoreError;

/// The triggers of an app could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TriggerSetupError {
    /// The time zone of a schedule does not exist.
    #[error("a schedule of worker `{worker}` has an unknown time zone `{zone}`")]
    Zone {
        /// The worker of the schedule.
        worker: String,
        /// The configured time zone.
        zone: String,
    },
    /// An existing queue has the local name of a queue of this app or of its dead-letter queue.
    #[error("queue name `{0}` is used twice: by this app and by an existing AWS queue")]
    QueueName(String),
    /// The database of messages could not be opened.
    #[error("{message}")]
    Messages {
        /// Why.
        message: String,
        /// What the user can do about it.
        help: Option<String>,
    },
    /// There is no free port.
    #[error("failed to listen on 127.0.0.1: {0}")]
    Listen(io::Error),
    /// There are no root certificates to connect to services with.
    #[error("failed to read the root certificates for the services of `dev.endpoint` or `dev.profile`: {0}")]
    Services(io::Error),
    /// The folder of a bucket could not be created.
    #[error("failed to create the folder `{path}` of a bucket: {error}", path = .0.display(), error = .1)]
    Folder(PathBuf, io::Error),
    /// The folder of a bucket could not be watched.
    #[error("failed to watch the folder `{path}` of a bucket: {error}", path = .0.display(), error = .1)]
    Watch(PathBuf, notify::Error),
}

impl From<MessageStoreError> for TriggerSetupError {
    fn from(error: MessageStoreError) -> Self {
        Self::Messages { message: error.to_string(), help: error.help() }
    }
}
