//! What only one dev server can have: the accepted events of the app, and a port. It is reserved before the app is
//! compiled, so that a second server ends at once.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use crate::async_queue::QueueStore;
use crate::error::StartError;

/// The event queue and the port of a server that has not started yet. Clients that connect wait until it has.
#[derive(Debug)]
pub struct Reservation {
    pub(crate) store: QueueStore,
    pub(crate) listener: TcpListener,
}

impl Reservation {
    /// Locks the event queue in `state_folder`, which is created if it does not exist, and binds the address.
    ///
    /// # Errors
    ///
    /// If another server has one of them, or if one of them cannot be opened.
    pub fn take(state_folder: &Path, address: SocketAddr) -> Result<Self, StartError> {
        std::fs::create_dir_all(state_folder).map_err(|error| StartError::Folder(state_folder.to_owned(), error))?;
        let store = QueueStore::own(&state_folder.join("queue.sqlite"))?;
        let bind = || {
            let listener = TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        };
        let listener = bind().map_err(|error| StartError::Port(address, error))?;
        Ok(Self { store, listener })
    }
}
