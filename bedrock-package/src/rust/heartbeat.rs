//! How far cargo is: read from the progress bar that it prints, and reported again and again while it takes long, so
//! that a log shows that the build is alive.

use std::io::BufRead;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::observer::BuildObserver;

/// A build that is faster reports nothing.
const FIRST_REPORT_AFTER: Duration = Duration::from_secs(2);
const REPORT_INTERVAL: Duration = Duration::from_secs(10);

/// The progress of one run of cargo.
#[derive(Debug, Default)]
pub(super) struct Heartbeat {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    done: usize,
    /// 0 until cargo knows it.
    total: usize,
    is_over: bool,
}

impl Heartbeat {
    /// Sets how many of all crates are compiled.
    pub(super) fn set(&self, done: usize, total: usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.done, state.total) = (done, total);
    }

    /// Ends [`Heartbeat::run`].
    pub(super) fn end(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_over = true;
        self.changed.notify_all();
    }

    /// Reports until the end.
    pub(super) fn run(&self, observer: &dyn BuildObserver) {
        let started = Instant::now();
        let mut wait = FIRST_REPORT_AFTER;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let waited = self.changed.wait_timeout_while(state, wait, |state| !state.is_over);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            if state.is_over {
                return;
            }
            let State { done, total, .. } = *state;
            drop(state);
            observer.still_compiling(done, total, started.elapsed());
            state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            wait = REPORT_INTERVAL;
        }
    }
}

/// Returns the numbers of cargo's progress bar: `Building [=====>    ] 12/345: serde, syn`.
pub(super) fn parse_progress(line: &str) -> Option<(usize, usize)> {
    let bar = line.trim_start().strip_prefix("Building [")?;
    let numbers = bar.split_once("] ")?.1;
    let (done, rest) = numbers.split_once('/')?;
    let total: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some((done.trim().parse().ok()?, total.parse().ok()?))
}

/// Calls `each` with the lines of a stream. A carriage return, with which cargo draws its bar again, ends a line, too.
pub(super) fn for_each_line(mut stream: impl BufRead, mut each: impl FnMut(&str)) {
    let mut line = Vec::new();
    loop {
        let (used, is_complete) = match stream.fill_buf() {
            Ok([]) | Err(_) => break,
            Ok(buffer) => {
                let end = buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
                line.extend_from_slice(&buffer[..end.unwrap_or(buffer.len())]);
                (end.map_or(buffer.len(), |end| end + 1), end.is_some())
            }
        };
        stream.consume(used);
        if is_complete {
            each(&String::from_utf8_lossy(&line));
            line.clear();
        }
    }
    if !line.is_empty() {
        each(&String::from_utf8_lossy(&line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read_from_the_bar_only() {
        assert_eq!(parse_progress("    Building [=====>    ] 12/345: serde, syn"), Some((12, 345)));
        assert_eq!(parse_progress("    Building [          ] 0/1: tiny(bin)      "), Some((0, 1)));
        for line in
            ["   Compiling serde v1.0.0 (/a/1/2)", "    Building [==", "Building [] x/2: a", "", "Building [] 1/"]
        {
            assert_eq!(parse_progress(line), None, "{line}");
        }
    }

    #[test]
    fn lines_end_with_a_line_feed_or_a_carriage_return() {
        let mut lines = Vec::new();
        let text = "one\ntwo\rthree\r\n\nfour";
        for_each_line(std::io::BufReader::with_capacity(2, text.as_bytes()), |line| lines.push(line.to_owned()));
        assert_eq!(lines, ["one", "two", "three", "", "", "four"]);
    }
}
