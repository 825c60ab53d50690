//! The thread that writes the output. Senders never wait for a slow terminal: lines that it cannot take are dropped and
//! counted.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use bedrock_dev::execution::LogLine;

use super::format::OutputFormat;
use crate::ui::Printer;

/// Maximum number of messages that wait for the terminal.
const QUEUE_CAPACITY: usize = 16 * 1024;
/// Maximum size of the texts of these messages. A message that arrives while fewer bytes wait is taken as a whole.
const QUEUE_CAPACITY_BYTES: usize = 8 * 1024 * 1024;
/// Number of bytes after which a batch is written.
const BATCH_BYTES: usize = 64 * 1024;
/// Pause between two writes. Waking the writer thread for every line would cost the sender more than the line itself.
const WRITE_INTERVAL: Duration = Duration::from_millis(10);

/// A message to the writer thread.
#[derive(Debug)]
pub(super) enum OutputMessage {
    /// The addresses of the server. Log lines are written after the first ones: events of an earlier run may run before the
    /// server is ready, and programs read the address from the first line.
    Started(String),
    /// Text to write unchanged.
    Text(String),
    /// A log line. The writer thread formats it, because the sender also runs the worker that printed it.
    LogLine(Arc<OutputFormat>, LogLine),
    /// Ends the thread.
    End,
}

/// A message, and the number of messages that were dropped right before it.
type Item = (OutputMessage, usize);

/// Sends messages to the writer thread.
#[derive(Debug, Clone)]
pub(super) struct OutputSender {
    items: SyncSender<Item>,
    capacity_bytes: usize,
    /// Size of the messages that wait.
    waiting_bytes: Arc<AtomicUsize>,
    /// Messages that were dropped since the last one that was sent.
    dropped: Arc<AtomicUsize>,
}

/// Body of the writer thread.
#[derive(Debug)]
pub(super) struct OutputWriter {
    items: Receiver<Item>,
    waiting_bytes: Arc<AtomicUsize>,
    /// Log lines that came before the server was ready. `None` from then on.
    early_lines: Option<EarlyLines>,
}

/// Log lines that wait for the address of the server, at most [`QUEUE_CAPACITY_BYTES`].
#[derive(Debug, Default)]
struct EarlyLines {
    text: String,
    /// Lines that were dropped after these.
    dropped: usize,
}

/// Creates the channel to the writer thread.
pub(super) fn output_channel() -> (OutputSender, OutputWriter) {
    channel_with_capacity(QUEUE_CAPACITY, QUEUE_CAPACITY_BYTES)
}

fn channel_with_capacity(capacity: usize, capacity_bytes: usize) -> (OutputSender, OutputWriter) {
    let (items, receiver) = sync_channel(capacity);
    let waiting_bytes = Arc::<AtomicUsize>::default();
    let writer = OutputWriter {
        items: receiver,
        waiting_bytes: Arc::clone(&waiting_bytes),
        early_lines: Some(EarlyLines::default()),
    };
    (OutputSender { items, capacity_bytes, waiting_bytes, dropped: Arc::default() }, writer)
}

impl OutputMessage {
    /// Returns the size of the text.
    fn bytes(&self) -> usize {
        match self {
            Self::Started(text) | Self::Text(text) => text.len(),
            Self::LogLine(_, line) => line.text.len(),
            Self::End => 0,
        }
    }
}

impl OutputSender {
    /// Sends a message, or drops it if the queue is full.
    pub(super) fn send(&self, message: OutputMessage) {
        let bytes = message.bytes();
        let waiting = self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        let is_full = waiting >= self.capacity_bytes && bytes > 0;
        if is_full || matches!(self.items.try_send((message, dropped)), Err(TrySendError::Full(_))) {
            self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.dropped.fetch_add(dropped + 1, Ordering::Relaxed);
        }
    }
}

impl OutputWriter {
    /// Writes messages until [`OutputMessage::End`], until all senders are dropped, or until the reader closes the
    /// pipe.
    pub(super) fn run(mut self, print: Printer) {
        while let Ok((message, dropped)) = self.items.recv() {
            self.waiting_bytes.fetch_sub(message.bytes(), Ordering::Relaxed);
            let mut text = String::new();
            let width = terminal_width();
            let is_end = self.append(&mut text, &message, dropped, width) || self.append_waiting(&mut text, width);
            if !print.colored_data(&text).unwrap_or(false) || is_end {
                return;
            }
            std::thread::sleep(WRITE_INTERVAL);
        }
    }

    /// Appends the messages that are already waiting. Returns whether the end is among them.
    fn append_waiting(&mut self, text: &mut String, width: Option<u16>) -> bool {
        while text.len() < BATCH_BYTES
            && let Ok((message, dropped)) = self.items.try_recv()
        {
            self.waiting_bytes.fetch_sub(message.bytes(), Ordering::Relaxed);
            if self.append(text, &message, dropped, width) {
                return true;
            }
        }
        false
    }

    /// Appends a message. Returns whether it is the end.
    fn append(&mut self, text: &mut String, message: &OutputMessage, dropped: usize, width: Option<u16>) -> bool {
        let (message, early_lines) = match message {
            OutputMessage::Started(message) => (message, self.early_lines.take()),
            OutputMessage::Text(message) => (message, None),
            OutputMessage::LogLine(format, line) => {
                let line = format.log_line(line, width);
                match &mut self.early_lines {
                    Some(early) => early.add(&line, dropped),
                    None => append_text(text, &line, dropped),
                }
                return false;
            }
            OutputMessage::End => {
                self.early_lines.take().unwrap_or_default().append_to(text);
                return true;
            }
        };
        append_text(text, message, dropped);
        early_lines.unwrap_or_default().append_to(text);
        false
    }
}

impl EarlyLines {
    /// Adds a line, before which `dropped` ones were dropped.
    fn add(&mut self, line: &str, dropped: usize) {
        if self.dropped == 0 && self.text.len() + line.len() <= QUEUE_CAPACITY_BYTES {
            append_text(&mut self.text, line, dropped);
        } else {
            self.dropped += dropped + 1;
        }
    }

    fn append_to(&self, text: &mut String) {
        text.push_str(&self.text);
        // JSON objects are not interrupted by notes.
        if self.dropped > 0 && !self.text.starts_with('{') {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "note: {} lines were dropped, because the server was not ready", self.dropped);
        }
    }
}

/// Appends a text, after the number of messages that were dropped before it.
fn append_text(text: &mut String, message: &str, dropped: usize) {
    if dropped > 0 && !message.starts_with('{') {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "note: {dropped} lines were dropped, because the terminal was too slow");
    }
    text.push_str(message);
}

/// Returns the width of the terminal in columns, or `None` if standard output is not a terminal.
fn terminal_width() -> Option<u16> {
    // Some terminals report zero columns.
    rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok().map(|size| size.ws_col).filter(|columns| *columns > 0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bedrock_dev::execution::LogLine;

    use super::{EarlyLines, OutputMessage, OutputSender, QUEUE_CAPACITY_BYTES, channel_with_capacity};
    use crate::dev::output::format::{EndpointUrl, OutputFormat};

    fn send(sender: &OutputSender, texts: &[&str]) {
        for text in texts {
            sender.send(OutputMessage::Text(format!("{text}\n")));
        }
    }

    #[test]
    fn full_queue_drops_and_counts_lines() {
        let (sender, mut writer) = channel_with_capacity(1, 1000);
        send(&sender, &["one", "two", "three"]);
        let mut text = String::new();
        assert!(!writer.append_waiting(&mut text, None));
        send(&sender, &["four"]);
        assert!(!writer.append_waiting(&mut text, None));
        let note = "note: 2 lines were dropped, because the terminal was too slow\n";
        assert_eq!(text, format!("one\n{note}four\n"));
    }

    #[test]
    fn large_lines_are_dropped_before_there_are_many() {
        let (sender, mut writer) = channel_with_capacity(100, 1000);
        let line = "x".repeat(600);
        send(&sender, &[&line, &line, &line]);
        sender.send(OutputMessage::End);
        let mut text = String::new();
        assert!(writer.append_waiting(&mut text, None));
        assert_eq!(text, format!("{line}\n{line}\n"));
        send(&sender, &["next"]);
        let mut text = String::new();
        assert!(!writer.append_waiting(&mut text, None));
        assert_eq!(text, "next\n");
        assert_eq!(writer.waiting_bytes.load(std::sync::atomic::Ordering::Relaxed), 0);
    }

    #[test]
    fn early_log_lines_follow_the_address() {
        let (sender, mut writer) = channel_with_capacity(8, 1000);
        let format = Arc::new(OutputFormat::new(false, Vec::new(), false, EndpointUrl::Public));
        let log = |text: &str| {
            let line = LogLine { worker: "".into(), request_id: None, text: text.to_owned() };
            sender.send(OutputMessage::LogLine(Arc::clone(&format), line));
        };
        log("early");
        sender.send(OutputMessage::Started("address\n".to_owned()));
        log("late");
        sender.send(OutputMessage::Started("again\n".to_owned()));
        let mut text = String::new();
        assert!(!writer.append_waiting(&mut text, None));
        assert_eq!(text, "address\nearly\nlate\nagain\n");
    }

    #[test]
    fn early_log_lines_are_bounded() {
        let line = format!("{}\n", "x".repeat(QUEUE_CAPACITY_BYTES / 4));
        let mut early = EarlyLines::default();
        for _ in 0..6 {
            early.add(&line, 0);
        }
        let mut text = String::new();
        early.append_to(&mut text);
        assert!(text.len() <= QUEUE_CAPACITY_BYTES + 100);
        assert!(text.ends_with("note: 3 lines were dropped, because the server was not ready\n"));
    }

    #[test]
    fn early_log_lines_of_a_failed_start_are_written() {
        let (sender, mut writer) = channel_with_capacity(8, 1000);
        let format = Arc::new(OutputFormat::new(false, Vec::new(), false, EndpointUrl::Public));
        let line = LogLine { worker: "".into(), request_id: None, text: "early".to_owned() };
        sender.send(OutputMessage::LogLine(format, line));
        sender.send(OutputMessage::End);
        let mut text = String::new();
        assert!(writer.append_waiting(&mut text, None));
        assert_eq!(text, "early\n");
    }

    #[test]
    fn waiting_lines_are_written_together_up_to_the_end() {
        let (sender, mut writer) = channel_with_capacity(8, 1000);
        send(&sender, &["two", "three"]);
        sender.send(OutputMessage::End);
        send(&sender, &["after the end"]);
        let mut text = "one\n".to_owned();
        assert!(writer.append_waiting(&mut text, None));
        assert_eq!(text, "one\ntwo\nthree\n");
        assert!(!writer.append_waiting(&mut text, None));
    }
}
