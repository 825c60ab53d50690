//! The error of starting the dev server.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::async_queue::StoreError;
use crate::triggers::TriggerSetupError;

/// Why the dev server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be bound.
    #[error("failed to listen on {0}: {1}")]
    Port(SocketAddr, io::Error),
    /// A folder of the server's own cannot be created.
    #[error("failed to create `{path}`: {error}", path = .0.display(), error = .1)]
    Folder(PathBuf, io::Error),
    /// The database of the event queue cannot be opened.
    #[error(transparent)]
    Queue(#[from] StoreError),
    /// The database of durable executions cannot be opened.
    #[error(transparent)]
    Durable(#[from] bedrock_durable::StoreError),
    /// The executable of a Rust worker or of the endpoint cannot be copied.
    #[error("failed to copy `{path}`: {error}", path = .0.display(), error = .1)]
    Program(PathBuf, io::Error),
    /// The schedules, queues or buckets of the app cannot be set up.
    #[error(transparent)]
    Triggers(#[from] TriggerSetupError),
    /// The app has a problem that its settings do not show.
    #[error("{}", .0.message)]
    App(bedrock_build::Problem),
}
