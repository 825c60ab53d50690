//! Ctrl-C while files are made: noted, so that what was begun can be taken back before the program ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::error::{Error, Fault, Result};

/// How long the user waits at most for a program that waits for something else.
const LOOK: Duration = Duration::from_millis(50);

/// Whether the user asked to stop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on, signals that would end the program are noted instead.
    pub(crate) fn watch() -> Result<Self> {
        let interrupt = Self::default();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&interrupt.0))
                .map_err(|error| Error::io("failed to listen for Ctrl-C", &error))?;
        }
        Ok(interrupt)
    }

    /// An error if the user asked to stop.
    pub(crate) fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Relaxed) { Err(Self::error()) } else { Ok(()) }
    }

    /// Comes back when the user asks to stop.
    pub(crate) async fn requested(&self) {
        while self.check().is_ok() {
            tokio::time::sleep(LOOK).await;
        }
    }

    pub(crate) fn error() -> Error {
        Error::new(Fault::Interrupted, "interrupted, nothing was changed")
    }

    /// As if Ctrl-C had been pressed.
    #[cfg(test)]
    pub(crate) fn already() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }
}
