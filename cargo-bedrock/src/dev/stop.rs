//! Ctrl-C and its relatives, as something that can be waited for.

use tokio::signal::unix::{SignalKind, signal};

use bedrock_diagnostics::{Error, Result};

/// Ends when the user, or the machine, asks to stop. Signals do not end the program any more once this is called.
pub(super) fn requested() -> Result<impl Future<Output = ()>> {
    let listen = |kind| signal(kind).map_err(|error| Error::io("failed to listen for Ctrl-C", &error));
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hang_up = listen(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    })
}
