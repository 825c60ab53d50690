//! The one thread that writes. Nobody waits for a terminal that takes no lines: what it cannot take is left out and counted.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use bedrock_dev::runtime::Line;

use super::Form;
use crate::print::Printer;

/// Lines that may wait for the terminal.
const WAITING: usize = 16 * 1024;
/// Bytes that are written at once, about.
const CHUNK: usize = 64 * 1024;
/// Between two writes. To wake the writing thread for every line costs whoever prints more than the line does.
const PAUSE: Duration = Duration::from_millis(10);

/// What is to be written.
#[derive(Debug)]
pub(super) enum Said {
    /// As it is.
    Text(String),
    /// In this form, which the writing thread gives it: whoever runs the worker that prints it has no time for that.
    Line(Arc<Form>, Line),
    /// Nothing more.
    End,
}

/// The way to the writing thread.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    lines: SyncSender<(Said, usize)>,
    /// Lines that were left out since one was not.
    left_out: Arc<AtomicUsize>,
}

/// The other end of it.
#[derive(Debug)]
pub(super) struct Waiting(Receiver<(Said, usize)>);

impl Lines {
    pub(super) fn new() -> (Self, Waiting) {
        Self::with(WAITING)
    }

    fn with(most: usize) -> (Self, Waiting) {
        let (lines, waiting) = sync_channel(most);
        (Self { lines, left_out: Arc::default() }, Waiting(waiting))
    }

    pub(super) fn say(&self, said: Said) {
        let left_out = self.left_out.swap(0, Ordering::Relaxed);
        if let Err(TrySendError::Full(_)) = self.lines.try_send((said, left_out)) {
            self.left_out.fetch_add(left_out + 1, Ordering::Relaxed);
        }
    }
}

impl Waiting {
    /// Ends behind the last, with the last who could say something, or when there is no reader any more.
    pub(super) fn write(&self, print: Printer) {
        while let Ok((said, left_out)) = self.0.recv() {
            let (mut text, columns) = (String::new(), columns());
            let is_last = add(&mut text, &said, left_out, columns) || self.gather(&mut text, columns);
            if !print.colored_data(&text).unwrap_or(false) || is_last {
                return;
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Adds what waits already; says whether the end is among it.
    fn gather(&self, text: &mut String, columns: Option<u16>) -> bool {
        while text.len() < CHUNK
            && let Ok((said, left_out)) = self.0.try_recv()
        {
            if add(text, &said, left_out, columns) {
                return true;
            }
        }
        false
    }
}

/// Adds one; says whether it is the end.
fn add(text: &mut String, said: &Said, left_out: usize, columns: Option<u16>) -> bool {
    let shown = match said {
        Said::Text(shown) => shown,
        Said::Line(form, line) => &form.line(line, columns),
        Said::End => return true,
    };
    if left_out > 0 && !shown.starts_with('{') {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "note: {left_out} lines were left out, they came faster than they could be shown");
    }
    text.push_str(shown);
    false
}

/// Of the terminal, if that is where lines go.
fn columns() -> Option<u16> {
    // Zero is what a terminal says that does not know.
    rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok().map(|size| size.ws_col).filter(|columns| *columns > 0)
}

#[cfg(test)]
mod tests {
    use super::{Lines, Said};

    fn say(lines: &Lines, texts: &[&str]) {
        for text in texts {
            lines.say(Said::Text(format!("{text}\n")));
        }
    }

    #[test]
    fn a_terminal_that_takes_no_lines_keeps_nobody_waiting() {
        let (lines, waiting) = Lines::with(1);
        say(&lines, &["one", "two", "three"]);
        let mut text = String::new();
        assert!(!waiting.gather(&mut text, None));
        say(&lines, &["four"]);
        assert!(!waiting.gather(&mut text, None));
        let note = "note: 2 lines were left out, they came faster than they could be shown\n";
        assert_eq!(text, format!("one\n{note}four\n"));
    }

    #[test]
    fn lines_that_wait_are_written_together_up_to_the_end() {
        let (lines, waiting) = Lines::with(8);
        say(&lines, &["two", "three"]);
        lines.say(Said::End);
        say(&lines, &["behind the end"]);
        let mut text = "one\n".to_owned();
        assert!(waiting.gather(&mut text, None));
        assert_eq!(text, "one\ntwo\nthree\n");
        assert!(!waiting.gather(&mut text, None));
    }
}
