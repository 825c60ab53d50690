//! Requests to stop the program: Ctrl-C and SIGTERM.

use std::sync::OnceLock;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Number of requests so far.
static REQUESTS: OnceLock<watch::Sender<u32>> = OnceLock::new();

fn requests() -> &'static watch::Sender<u32> {
    REQUESTS.get_or_init(|| watch::Sender::new(0))
}

/// Starts to count requests to stop. If the signal handlers cannot be installed, a signal ends the program at once.
pub fn handle_signals() {
    let Ok(mut interrupt) = signal(SignalKind::interrupt()) else { return };
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            requests().send_modify(|count| *count += 1);
        }
    });
}

/// Waits until the program has been asked to stop `times` times.
pub async fn shutdown_requested(times: u32) {
    // The sender is a static, so waiting cannot fail.
    let _ = requests().subscribe().wait_for(|count| *count >= times).await;
}
