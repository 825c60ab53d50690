//! A reader that writes the event log to a file, one event per line. A full file becomes the previous one, which
//! replaces the one before it, so there are at most two. Events that cannot be written are counted, and the count is
//! written later.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::log::{EventLog, Reader, StreamItem};

/// Maximum size of one write.
const MAX_WRITE_BYTES: usize = 256 * 1024;
/// Pause between two writes. Waking this thread for every event would cost publishers more than the event itself.
const WRITE_INTERVAL: Duration = Duration::from_millis(20);
/// How long the end of the program waits for the last write.
const FINISH_TIMEOUT: Duration = Duration::from_secs(2);

/// The file that the event log is written to.
#[derive(Debug, Clone)]
pub struct EventLogFile {
    /// The path, whose folder must exist. The previous file is next to it: `happenings.1.ndjson`.
    pub path: PathBuf,
    /// Maximum size of a file; a larger event has a file of its own.
    pub max_bytes: u64,
}

/// The thread that writes the file. It ends when the log is closed; dropping it closes the log.
#[derive(Debug)]
pub struct EventLogWriter {
    log: EventLog,
    is_done: mpsc::Receiver<()>,
}

impl EventLogFile {
    /// Returns the file `happenings.ndjson` in a folder, with at most 64 MB.
    pub fn in_folder(folder: &Path) -> Self {
        Self { path: folder.join("happenings.ndjson"), max_bytes: 64 * 1024 * 1024 }
    }

    /// Creates the file, and writes to it in a separate thread until the log is closed. A file of an earlier program
    /// becomes the previous file. Must be called on a runtime.
    pub fn write(self, log: &EventLog) -> io::Result<EventLogWriter> {
        let reader = log.subscribe(None);
        let file = RotatingFile::create(self)?;
        let (done, is_done) = mpsc::channel();
        let handle = Handle::current();
        std::thread::Builder::new().name("bedrock-event-log".to_owned()).spawn(move || {
            handle.block_on(write_events(reader, file));
            let _ = done.send(());
        })?;
        Ok(EventLogWriter { log: log.clone(), is_done })
    }

    /// Returns the path of the previous file.
    pub fn previous(&self) -> PathBuf {
        self.path.with_extension("1.ndjson")
    }
}

impl EventLogWriter {
    /// Closes the log and waits until everything is written.
    pub fn finish(self) {
        self.log.close();
        let _ = self.is_done.recv_timeout(FINISH_TIMEOUT);
    }
}

impl Drop for EventLogWriter {
    fn drop(&mut self) {
        self.log.close();
    }
}

async fn write_events(mut reader: Reader, mut file: RotatingFile) {
    let max_bytes = usize::try_from(file.target.max_bytes).unwrap_or(usize::MAX).min(MAX_WRITE_BYTES);
    let mut lines = Vec::with_capacity(max_bytes);
    let mut next = reader.next().await;
    while let Some(first) = next.take() {
        let mut count = first.count();
        lines.clear();
        push_line(&mut lines, &first);
        while let Some(item) = reader.try_next() {
            let length = lines.len();
            push_line(&mut lines, &item);
            if lines.len() > max_bytes {
                lines.truncate(length);
                next = Some(item);
                break;
            }
            count += item.count();
        }
        file.append(&lines, count);
        if next.is_none() {
            // Blocking is fine: the thread only runs this reader.
            std::thread::sleep(WRITE_INTERVAL);
            next = reader.next().await;
        }
    }
}

fn push_line(lines: &mut Vec<u8>, item: &StreamItem) {
    item.write_json(lines);
    lines.push(b'\n');
}

/// The file that is being written.
struct RotatingFile {
    target: EventLogFile,
    file: File,
    bytes: u64,
    /// Number of events that could not be written since the last successful write.
    unwritten: u64,
}

impl RotatingFile {
    fn create(target: EventLogFile) -> io::Result<Self> {
        if target.path.exists() {
            std::fs::rename(&target.path, target.previous())?;
        }
        // Events may contain confidential data: only the user may read the file.
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&target.path)?;
        Ok(Self { target, file, bytes: 0, unwritten: 0 })
    }

    fn append(&mut self, lines: &[u8], count: u64) {
        if self.try_append(lines).is_ok() {
            self.unwritten = 0;
            return;
        }
        self.unwritten += count;
        // Removes a partially written line.
        let _ = self.file.set_len(self.bytes);
    }

    fn try_append(&mut self, lines: &[u8]) -> io::Result<()> {
        let missed =
            if self.unwritten > 0 { format!("{}\n", StreamItem::Lagged(self.unwritten).json()) } else { String::new() };
        let length = u64::try_from(missed.len() + lines.len()).unwrap_or(u64::MAX);
        if self.bytes > 0 && self.bytes.saturating_add(length) > self.target.max_bytes {
            *self = Self { unwritten: self.unwritten, ..Self::create(self.target.clone())? };
        }
        for text in [missed.as_bytes(), lines] {
            self.file.write_all(text)?;
        }
        self.bytes += length;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{EventLogFile, RotatingFile};

    #[test]
    fn file_records_events_that_could_not_be_written() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("dev");
        std::fs::create_dir(&folder).expect("a folder");
        // Each line needs a new file, and therefore the folder.
        let mut file =
            RotatingFile::create(EventLogFile { max_bytes: 1, ..EventLogFile::in_folder(&folder) }).expect("a file");
        file.append(b"a\n", 1);
        std::fs::remove_dir_all(&folder).expect("removed");
        file.append(b"b\nc\n", 2);
        file.append(b"d\n", 1);
        std::fs::create_dir(&folder).expect("a folder");
        file.append(b"e\n", 1);
        file.append(b"f\n", 1);
        let read = |path: std::path::PathBuf| std::fs::read_to_string(path).expect("a file");
        assert_eq!(read(file.target.previous()), "{\"version\":1,\"kind\":\"missed\",\"count\":3}\ne\n");
        assert_eq!(read(file.target.path.clone()), "f\n");
    }
}
