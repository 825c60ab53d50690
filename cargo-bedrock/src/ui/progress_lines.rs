//! Progress lines at the bottom of a terminal while a build runs: one for each artifact that is being built, and one
//! for cargo. If standard error is not a terminal, nothing is shown.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Interval between two frames of the spinners.
const SPINNER_INTERVAL: Duration = Duration::from_millis(100);

/// The progress lines, by the key of their step.
#[derive(Debug)]
pub(super) struct ProgressLines {
    group: MultiProgress,
    lines: Mutex<BTreeMap<String, ProgressBar>>,
}

impl ProgressLines {
    /// `is_hidden` shows nothing, even on a terminal.
    pub(super) fn new(is_hidden: bool) -> Self {
        let target = if is_hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        Self { group: MultiProgress::with_draw_target(target), lines: Mutex::default() }
    }

    /// Sets the text of the line `key`, adding the line if it does not exist.
    pub(super) fn set(&self, key: &str, text: String) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let line = lines.entry(key.to_owned()).or_insert_with(|| {
            let line = self.group.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
                line.set_style(style);
            }
            line.enable_steady_tick(SPINNER_INTERVAL);
            line
        });
        line.set_message(text);
    }

    /// Whether nothing is shown.
    pub(super) fn is_hidden(&self) -> bool {
        self.group.is_hidden()
    }

    /// Shows in the line `key` how much of the step is done, as a bar.
    pub(super) fn set_progress(&self, key: &str, done: usize, total: usize) {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(line) = lines.get(key) else { return };
        if line.length().is_none()
            && let Ok(style) = ProgressStyle::with_template("{spinner} [{bar:24}] {pos}/{len} {wide_msg} {elapsed}")
        {
            line.set_style(style.progress_chars("=> "));
        }
        line.set_length(total as u64);
        line.set_position(done as u64);
    }

    /// Removes the line `key`.
    pub(super) fn remove(&self, key: &str) {
        let line = self.lines.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        if let Some(line) = line {
            line.finish_and_clear();
            self.group.remove(&line);
        }
    }

    /// Removes all lines.
    pub(super) fn clear(&self) {
        let lines = std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner));
        for line in lines.into_values() {
            line.finish_and_clear();
        }
    }

    /// Runs `print` while the lines are hidden, so that its output appears above them.
    pub(super) fn print_above(&self, print: impl FnOnce()) {
        self.group.suspend(print);
    }
}
