//! The error of starting the dev server.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::queue::Fault;
use crate::triggers::TriggerSetupError;

/// Why the dev server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its port.
    #[error("failed to listen on {0}: {1}")]
    Port(SocketAddr, io::Error),
    /// Its folder.
    #[error("failed to create `{path}`: {error}", path = .0.display(), error = .1)]
    Folder(PathBuf, io::Error),
    /// Its queue.
    #[error(transparent)]
    Queue(#[from] Fault),
    /// A worker's program.
    #[error("failed to copy `{path}`: {error}", path = .0.display(), error = .1)]
    Program(PathBuf, io::Error),
    /// What invokes its workers besides calls.
    #[error(transparent)]
    Triggers(#[from] TriggerSetupError),
    /// The app.
    #[error("{}", .0.message)]
    App(bedrock_build::Problem),
}
