//! The lines that move at the bottom of a terminal while a build goes on: one for each part that is being made, and one
//! for cargo. Nothing where standard error is no terminal.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Often enough to look alive.
const TICK: Duration = Duration::from_millis(100);

/// Lines by what they are about.
#[derive(Debug)]
pub(super) struct Lines {
    all: MultiProgress,
    open: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Lines {
    /// `hidden` shows nothing, wherever standard error leads.
    pub(super) fn new(hidden: bool) -> Self {
        let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        Self { all: MultiProgress::with_draw_target(target), open: Mutex::default() }
    }

    /// The line about `what` from now on says this.
    pub(super) fn say(&self, what: &str, text: String) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let line = open.entry(what.to_owned()).or_insert_with(|| {
            let line = self.all.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
                line.set_style(style);
            }
            line.enable_steady_tick(TICK);
            line
        });
        line.set_message(text);
    }

    /// The line about `what` goes.
    pub(super) fn end(&self, what: &str) {
        let line = self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(what);
        if let Some(line) = line {
            line.finish_and_clear();
            self.all.remove(&line);
        }
    }

    /// All lines go.
    pub(super) fn end_all(&self) {
        let open = std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner));
        for line in open.into_values() {
            line.finish_and_clear();
        }
    }

    /// Prints something above the lines.
    pub(super) fn above(&self, print: impl FnOnce()) {
        self.all.suspend(print);
    }
}
