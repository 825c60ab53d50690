//! Ctrl-C: recorded instead of obeyed at once, so that unfinished changes can be undone before the program ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::{Error, ExitKind, Result};

/// How often [`Interrupt::requested`] looks at the flag: the longest delay that the user notices after Ctrl-C.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Whether the user asked the program to stop.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Records SIGINT, SIGTERM and SIGHUP from now on, which no longer end the program.
    pub fn watch() -> Result<Self> {
        let interrupt = Self::default();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&interrupt.0))
                .map_err(|error| Error::io("failed to listen for Ctrl-C", &error))?;
        }
        Ok(interrupt)
    }

    /// Returns an error if the user asked the program to stop.
    pub fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Relaxed) { Err(Self::error()) } else { Ok(()) }
    }

    /// Resolves when the user asks the program to stop.
    pub async fn requested(&self) {
        while self.check().is_ok() {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// The error of a command that was stopped before it changed anything.
    #[must_use]
    pub fn error() -> Error {
        Error::new(ExitKind::Interrupted, "interrupted, nothing was changed")
    }

    /// An interrupt that has been requested already, for tests.
    #[doc(hidden)]
    #[must_use]
    pub fn triggered() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }
}
