//! The data socket, split into its two directions: only reading is registered with epoll; writing is registered only
//! while the socket is full.
//!
//! A socket that is registered for both directions wakes the app each time the other side *reads*, because the socket
//! becomes writable: one additional thread switch per call, about a third of its cost (seen with `strace` on `cargo
//! xtask bench local`).

use std::io::{ErrorKind, Result, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use bytes::BytesMut;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

/// Reads from the host process.
#[derive(Debug)]
pub(super) struct Incoming {
    // Tokio's type for one direction of a pipe. It makes the same system calls for a socket.
    socket: pipe::Receiver,
}

/// Writes to the host process.
#[derive(Debug)]
pub(super) struct Outgoing {
    socket: UnixStream,
}

/// Splits a connected socket into its two directions.
pub(super) fn split(socket: UnixStream) -> Result<(Incoming, Outgoing)> {
    socket.set_nonblocking(true)?;
    let incoming = pipe::Receiver::from_owned_fd_unchecked(OwnedFd::from(socket.try_clone()?))?;
    Ok((Incoming { socket: incoming }, Outgoing { socket }))
}

impl Incoming {
    /// Waits for bytes and appends them to `buffer`. Returns 0 at the end of the stream.
    pub(super) async fn read(&mut self, buffer: &mut BytesMut) -> Result<usize> {
        self.socket.read_buf(buffer).await
    }
}

impl Outgoing {
    /// Writes all bytes.
    pub(super) async fn write_all(&mut self, mut bytes: &[u8]) -> Result<()> {
        let mut registered = None;
        while !bytes.is_empty() {
            match (&self.socket).write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    // Registered with epoll only for the duration of this write.
                    let sender: &mut pipe::Sender = match &mut registered {
                        Some(sender) => sender,
                        none => none.insert(self.register()?),
                    };
                    sender.writable().await?;
                    // Must be the write of the sender, which then clears its own readiness.
                    match sender.try_write(bytes) {
                        Ok(written) => bytes = &bytes[written..],
                        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                        Err(error) => return Err(error),
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Writes a few bytes if the socket is not full.
    pub(super) fn try_write(&self, bytes: &[u8]) {
        let _ = (&self.socket).write(bytes);
    }

    fn register(&self) -> Result<pipe::Sender> {
        pipe::Sender::from_owned_fd_unchecked(OwnedFd::from(self.socket.try_clone()?))
    }
}

#[cfg(test)]
mod tests {
    use super::split;
    use bytes::BytesMut;
    use std::os::unix::net::UnixStream;

    #[tokio::test]
    async fn socket_transfers_more_than_its_buffer_holds() {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        let mut incoming = split(ours).expect("a socket").0;
        let mut outgoing = split(theirs).expect("a socket").1;
        let sent = vec![7; 5_000_000];
        let writing = tokio::spawn(async move { outgoing.write_all(&sent).await });
        let mut buffer = BytesMut::new();
        while incoming.read(&mut buffer).await.expect("bytes") > 0 {}
        writing.await.expect("no panic").expect("written");
        assert_eq!(buffer.len(), 5_000_000);
        assert!(buffer.iter().all(|byte| *byte == 7));
    }
}
