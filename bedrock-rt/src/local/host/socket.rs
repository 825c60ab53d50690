//! The data socket, its two directions apart: reading waits with epoll, writing does not unless it must.
//!
//! A socket that is registered for both wakes the app each time the other side *reads*, because there is room again:
//! one more thread switch for every call, about a third of its cost (seen with `strace` on `cargo xtask bench local`).

use std::io::{ErrorKind, Result, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use bytes::BytesMut;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

/// The direction from the host.
#[derive(Debug)]
pub(super) struct Incoming {
    // Tokio's type for one direction of a pipe; of a socket it uses the same calls.
    socket: pipe::Receiver,
}

/// The direction to the host.
#[derive(Debug)]
pub(super) struct Outgoing {
    socket: UnixStream,
}

/// Takes a connected socket apart.
pub(super) fn split(socket: UnixStream) -> Result<(Incoming, Outgoing)> {
    socket.set_nonblocking(true)?;
    let incoming = pipe::Receiver::from_owned_fd_unchecked(OwnedFd::from(socket.try_clone()?))?;
    Ok((Incoming { socket: incoming }, Outgoing { socket }))
}

impl Incoming {
    /// Waits for bytes and adds them to `buffer`; 0 at the end of the stream.
    pub(super) async fn read(&mut self, buffer: &mut BytesMut) -> Result<usize> {
        self.socket.read_buf(buffer).await
    }
}

impl Outgoing {
    /// Writes everything.
    pub(super) async fn write_all(&mut self, mut bytes: &[u8]) -> Result<()> {
        let mut room = None;
        while !bytes.is_empty() {
            match (&self.socket).write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    // Registered for as long as this write needs it.
                    let room: &mut pipe::Sender = match &mut room {
                        Some(room) => room,
                        none => none.insert(self.waiting()?),
                    };
                    room.writable().await?;
                    // Whether there is room is known to the one who writes; this one forgets what it knew.
                    match room.try_write(bytes) {
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

    /// Writes a few bytes if there is room for them.
    pub(super) fn try_write(&self, bytes: &[u8]) {
        let _ = (&self.socket).write(bytes);
    }

    fn waiting(&self) -> Result<pipe::Sender> {
        pipe::Sender::from_owned_fd_unchecked(OwnedFd::from(self.socket.try_clone()?))
    }
}

#[cfg(test)]
mod tests {
    use super::split;
    use bytes::BytesMut;
    use std::os::unix::net::UnixStream;

    #[tokio::test]
    async fn more_than_the_buffers_hold_goes_through() {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        let (mut incoming, mut outgoing) = (split(ours).expect("a socket").0, split(theirs).expect("a socket").1);
        let sent = vec![7; 5_000_000];
        let writing = tokio::spawn(async move { outgoing.write_all(&sent).await });
        let mut buffer = BytesMut::new();
        while incoming.read(&mut buffer).await.expect("bytes") > 0 {}
        writing.await.expect("no panic").expect("written");
        assert_eq!(buffer.len(), 5_000_000);
        assert!(buffer.iter().all(|byte| *byte == 7));
    }
}
