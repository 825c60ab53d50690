//! Being asked to stop: Ctrl-C, SIGTERM.

use std::sync::OnceLock;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

static ASKED: OnceLock<watch::Sender<u32>> = OnceLock::new();

fn asked() -> &'static watch::Sender<u32> {
    ASKED.get_or_init(|| watch::Sender::new(0))
}

/// Counts the requests to stop from now on. Without permission to listen the program stops the plain way.
pub(super) fn listen() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            asked().send_modify(|times| *times += 1);
        }
    });
}

/// Waits until the program has been asked to stop `times` times.
pub(super) async fn requested(times: u32) {
    // The sender is a static, so waiting cannot fail.
    let _ = asked().subscribe().wait_for(|asked| *asked >= times).await;
}
