//! What only one dev server can have: the accepted events of the app, and a port. It is reserved before the app is
//! compiled, so that a second server ends at once.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::async_queue::{QueueStore, StoreError};
use crate::error::StartError;

/// How long the lock and the port of a server may outlive it: a child that it had just started when it was killed has
/// copies of both until it runs its own program.
const GRACE: Duration = Duration::from_secs(1);
const RETRY_DELAY: Duration = Duration::from_millis(20);

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
    /// If another server has one of them for longer than a second, or if one of them cannot be opened.
    pub fn take(state_folder: &Path, address: SocketAddr) -> Result<Self, StartError> {
        std::fs::create_dir_all(state_folder).map_err(|error| StartError::Folder(state_folder.to_owned(), error))?;
        let store = retried(|| Ok(QueueStore::own(&state_folder.join("queue.sqlite"))?))?;
        let bind = || {
            let listener = TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        };
        let listener = retried(|| bind().map_err(|error| StartError::Port(address, error)))?;
        Ok(Self { store, listener })
    }
}

/// Returns whether a server has reserved the event queue in `state_folder`: it runs, or compiles the app.
#[must_use]
pub fn is_reserved(state_folder: &Path) -> bool {
    QueueStore::is_owned(&state_folder.join("queue.sqlite"))
}

fn retried<T>(attempt: impl Fn() -> Result<T, StartError>) -> Result<T, StartError> {
    let started = Instant::now();
    loop {
        match attempt() {
            Err(error) if is_taken(&error) && started.elapsed() < GRACE => thread::sleep(RETRY_DELAY),
            result => return result,
        }
    }
}

fn is_taken(error: &StartError) -> bool {
    match error {
        StartError::Queue(StoreError::Taken(_)) => true,
        StartError::Port(_, error) => error.kind() == io::ErrorKind::AddrInUse,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr, TcpListener};
    use std::thread;

    use super::{RETRY_DELAY, Reservation, StartError, StoreError, is_reserved};

    #[test]
    fn lock_and_port_are_awaited_for_a_moment() {
        let folder = tempfile::tempdir().expect("a folder");
        let before = Reservation::take(folder.path(), SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("free");
        let address = before.listener.local_addr().expect("an address");
        let release = thread::spawn(move || {
            thread::sleep(RETRY_DELAY * 2);
            drop(before);
        });
        let taken = Reservation::take(folder.path(), address).expect("it is free soon");
        release.join().expect("released");
        assert_eq!(taken.listener.local_addr().expect("an address"), address);
    }

    #[test]
    fn lock_or_port_of_a_running_server_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let other = tempfile::tempdir().expect("a folder");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        assert!(!is_reserved(folder.path()));
        let running = Reservation::take(folder.path(), any).expect("free");
        assert!(is_reserved(folder.path()) && !is_reserved(other.path()));
        let error = Reservation::take(folder.path(), any).expect_err("locked");
        assert!(matches!(error, StartError::Queue(StoreError::Taken(_))), "{error}");
        let address = running.listener.local_addr().expect("an address");
        assert!(TcpListener::bind(address).is_err());
        let error = Reservation::take(other.path(), address).expect_err("in use");
        assert!(matches!(error, StartError::Port(..)), "{error}");
    }
}
