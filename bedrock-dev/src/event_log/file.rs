//! A reader that writes the stream to a file, one happening in a line. A full file becomes the one before, which is thrown
//! away then: there are never more than two. What cannot be written is counted, and nobody else learns of it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::log::{EventLog, Reader, StreamItem};

/// Bytes that are written at once.
const CHUNK: usize = 256 * 1024;
/// Between two writes. To wake this thread for every happening costs whoever publishes more than the happening does.
const PAUSE: Duration = Duration::from_millis(20);
/// How long the end of the program waits for a disk.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where the stream is written.
#[derive(Debug, Clone)]
pub struct EventLogFile {
    /// Its folder must be there. The file before lies beside it: `happenings.1.ndjson`.
    pub path: PathBuf,
    /// Bytes of one file; a happening that is larger has one of its own.
    pub most: u64,
}

/// The thread that writes. It ends with the stream, and the stream with it.
#[derive(Debug)]
pub struct EventLogWriter {
    stream: EventLog,
    is_done: mpsc::Receiver<()>,
}

impl EventLogFile {
    /// `happenings.ndjson` in a folder, with 64 MB.
    pub fn in_folder(folder: &Path) -> Self {
        Self { path: folder.join("happenings.ndjson"), most: 64 * 1024 * 1024 }
    }

    /// Begins a file, and writes in a thread of its own until the stream is closed. What an earlier program wrote becomes
    /// the file before. To be called on a runtime.
    pub fn write(self, stream: &EventLog) -> io::Result<EventLogWriter> {
        let reader = stream.subscribe(None);
        let pages = RotatingFile::begin(self)?;
        let (done, is_done) = mpsc::channel();
        let handle = Handle::current();
        std::thread::Builder::new().name("bedrock-happenings".to_owned()).spawn(move || {
            handle.block_on(follow(reader, pages));
            let _ = done.send(());
        })?;
        Ok(EventLogWriter { stream: stream.clone(), is_done })
    }

    /// The file before.
    pub fn before(&self) -> PathBuf {
        self.path.with_extension("1.ndjson")
    }
}

impl EventLogWriter {
    /// Closes the stream and waits until everything is written.
    pub fn finish(self) {
        self.stream.close();
        let _ = self.is_done.recv_timeout(PATIENCE);
    }
}

impl Drop for EventLogWriter {
    fn drop(&mut self) {
        self.stream.close();
    }
}

async fn follow(mut reader: Reader, mut pages: RotatingFile) {
    let most = usize::try_from(pages.disk.most).unwrap_or(usize::MAX).min(CHUNK);
    let mut lines = Vec::with_capacity(most);
    let mut next = reader.next().await;
    while let Some(first) = next.take() {
        let mut count = first.count();
        lines.clear();
        add(&mut lines, &first);
        while let Some(heard) = reader.now() {
            let before = lines.len();
            add(&mut lines, &heard);
            if lines.len() > most {
                lines.truncate(before);
                next = Some(heard);
                break;
            }
            count += heard.count();
        }
        pages.add(&lines, count);
        if next.is_none() {
            // The thread is this reader's own.
            std::thread::sleep(PAUSE);
            next = reader.next().await;
        }
    }
}

fn add(lines: &mut Vec<u8>, heard: &StreamItem) {
    heard.write(lines);
    lines.push(b'\n');
}

/// The file that is being written.
struct RotatingFile {
    disk: EventLogFile,
    file: File,
    bytes: u64,
    /// Happenings that could not be written since the last that could.
    lost: u64,
}

impl RotatingFile {
    fn begin(disk: EventLogFile) -> io::Result<Self> {
        if disk.path.exists() {
            std::fs::rename(&disk.path, disk.before())?;
        }
        // Events may hold what is nobody else's business.
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&disk.path)?;
        Ok(Self { disk, file, bytes: 0, lost: 0 })
    }

    fn add(&mut self, lines: &[u8], count: u64) {
        if self.try_add(lines).is_ok() {
            self.lost = 0;
            return;
        }
        self.lost += count;
        // Half a line is none.
        let _ = self.file.set_len(self.bytes);
    }

    fn try_add(&mut self, lines: &[u8]) -> io::Result<()> {
        let missed = if self.lost > 0 { format!("{}\n", StreamItem::Lagged(self.lost).json()) } else { String::new() };
        let length = u64::try_from(missed.len() + lines.len()).unwrap_or(u64::MAX);
        if self.bytes > 0 && self.bytes.saturating_add(length) > self.disk.most {
            *self = Self { lost: self.lost, ..Self::begin(self.disk.clone())? };
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
    fn what_could_not_be_written_is_told_in_the_file_once_it_can_be() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("dev");
        std::fs::create_dir(&folder).expect("a folder");
        // Each line needs a file of its own, and with it the folder.
        let mut pages =
            RotatingFile::begin(EventLogFile { most: 1, ..EventLogFile::in_folder(&folder) }).expect("a file");
        pages.add(b"a\n", 1);
        std::fs::remove_dir_all(&folder).expect("removed");
        pages.add(b"b\nc\n", 2);
        pages.add(b"d\n", 1);
        std::fs::create_dir(&folder).expect("a folder");
        pages.add(b"e\n", 1);
        pages.add(b"f\n", 1);
        let read = |path: std::path::PathBuf| std::fs::read_to_string(path).expect("a file");
        assert_eq!(read(pages.disk.before()), "{\"version\":1,\"kind\":\"missed\",\"count\":3}\ne\n");
        assert_eq!(read(pages.disk.path.clone()), "f\n");
    }
}
