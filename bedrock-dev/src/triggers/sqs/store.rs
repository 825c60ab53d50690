//! The database of messages: SQLite with a write-ahead log, like that of asynchronous events. A message has been
//! written when its sender receives the response, so it survives any termination of this process.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, Row, TransactionBehavior, params};
use serde::Serialize;

use super::super::aws_api::new_uuid;
use super::message::{Attributes, Message, milliseconds};
use crate::database_file::{DatabaseThread, corruption_help, inode, private_file};
use crate::sync::Mutex;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS messages (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        queue TEXT NOT NULL,
        body TEXT NOT NULL,
        attributes TEXT NOT NULL,
        trace TEXT,
        sent INTEGER NOT NULL,
        visible INTEGER NOT NULL,
        receives INTEGER NOT NULL DEFAULT 0,
        first_received INTEGER,
        receipt TEXT,
        held INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX IF NOT EXISTS visible ON messages (queue, held, visible);
    CREATE INDEX IF NOT EXISTS receipt ON messages (receipt) WHERE receipt IS NOT NULL;
    PRAGMA user_version = 1;
    UPDATE messages SET held = 0;
";
/// How long to wait for the lock of another process.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// How long messages are retained: SQS's default of four days.
const RETENTION: Duration = Duration::from_secs(4 * 86_400);
const COLUMNS: &str = "id, body, attributes, trace, sent, first_received, receives, receipt";

/// The messages could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MessageStoreError {
    #[error("failed to use the messages in `{path}`: {error}", path = .0.display(), error = .1)]
    File(PathBuf, rusqlite::Error),
    /// The file cannot be created, or made unreadable for other users.
    #[error("failed to protect the messages in `{path}`: {error}", path = .0.display(), error = .1)]
    Permissions(PathBuf, std::io::Error),
    /// The file was deleted while in use: further writes would be lost.
    #[error("message database `{path}` was deleted (by `cargo clean`?); restart `cargo bedrock dev`", path = .0.display())]
    Deleted(PathBuf),
}

impl MessageStoreError {
    /// Returns what the user can do about it.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::File(path, error) => corruption_help(path, error),
            Self::Permissions(..) | Self::Deleted(_) => None,
        }
    }
}

/// The messages of all queues of an app.
pub(in super::super) struct MessageStore {
    /// All queues share it, because they share the file.
    pub(super) thread: DatabaseThread,
    connection: Mutex<Connection>,
    path: PathBuf,
    /// The inode of the file, to detect that it was replaced.
    inode: Option<u64>,
}

/// Where messages are moved that were received too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct RedrivePolicy {
    /// Name of the dead-letter queue.
    pub(in super::super) dead_letter_queue: String,
    pub(in super::super) max_receives: u32,
}

/// Numbers of messages in a queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(in super::super) struct MessageCounts {
    pub(in super::super) waiting: i64,
    pub(in super::super) in_flight: i64,
    pub(in super::super) delayed: i64,
}

/// A message to be sent.
pub(super) struct NewMessage<'a> {
    pub(super) body: &'a str,
    pub(super) attributes: &'a Attributes,
    pub(super) trace: Option<&'a str>,
    pub(super) sent: SystemTime,
    pub(super) visible: SystemTime,
}

/// Which messages to receive.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReceiveRequest {
    pub(super) max_messages: usize,
    /// Visibility timeout in seconds.
    pub(super) visibility: u64,
    /// Whether the messages are held until this process releases them: no other receiver gets them until then, however
    /// fast the clock runs.
    pub(super) held: bool,
}

/// The received messages.
#[derive(Debug, Default)]
pub(super) struct Received {
    pub(super) messages: Vec<Message>,
    /// Number of messages that were moved to the dead-letter queue instead.
    pub(super) dead: usize,
}

impl MessageStore {
    /// Opens or creates the database. Messages held by a process that has ended return after their visibility timeout.
    pub(in super::super) fn open(path: &Path) -> Result<Self, MessageStoreError> {
        private_file(path).map_err(|error| MessageStoreError::Permissions(path.to_owned(), error))?;
        let opened = Connection::open(path).and_then(|connection| {
            connection.busy_timeout(LOCK_TIMEOUT)?;
            connection.execute_batch(SCHEMA)?;
            Ok(connection)
        });
        let connection = Mutex::new(opened.map_err(|error| MessageStoreError::File(path.to_owned(), error))?);
        Ok(Self { thread: DatabaseThread::new(), connection, path: path.to_owned(), inode: inode(path) })
    }

    /// Stores a message. Returns its id.
    pub(super) fn send(&self, queue: &str, message: &NewMessage<'_>) -> Result<String, MessageStoreError> {
        let NewMessage { body, attributes, trace, sent, visible } = message;
        let id = new_uuid();
        // Names and strings always serialize.
        let attributes = serde_json::to_string(attributes).unwrap_or_default();
        self.transaction(|connection| {
            connection.prepare_cached(
                "INSERT INTO messages (id, queue, body, attributes, trace, sent, visible) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![id, queue, body, attributes, trace, Timestamp(*sent), Timestamp(*visible)])
        })?;
        Ok(id)
    }

    /// Receives visible messages, oldest first. Messages that have already been received too often are moved to the
    /// dead-letter queue instead.
    pub(super) fn receive(
        &self,
        queue: &str,
        request: ReceiveRequest,
        redrive: Option<&RedrivePolicy>,
        now: SystemTime,
    ) -> Result<Received, MessageStoreError> {
        let visible = now + Duration::from_secs(request.visibility);
        self.transaction(|connection| {
            let expired = now.checked_sub(RETENTION).unwrap_or(UNIX_EPOCH);
            connection
                .prepare_cached("DELETE FROM messages WHERE queue = ?1 AND held = 0 AND sent < ?2")?
                .execute(params![queue, Timestamp(expired)])?;
            let mut received = Received::default();
            if let Some(redrive) = redrive {
                received.dead = connection
                    .prepare_cached(
                        "UPDATE messages SET queue = ?3, receipt = NULL
                         WHERE queue = ?1 AND held = 0 AND visible <= ?2 AND receives >= ?4",
                    )?
                    .execute(params![queue, Timestamp(now), redrive.dead_letter_queue, redrive.max_receives])?;
            }
            let mut find = connection.prepare_cached(
                "SELECT number FROM messages WHERE queue = ?1 AND held = 0 AND visible <= ?2
                 ORDER BY visible, number LIMIT ?3",
            )?;
            let limit = i64::try_from(request.max_messages).unwrap_or(i64::MAX);
            // All numbers are read first: with a visibility timeout of zero, the same message could be found
            // repeatedly.
            let numbers = find.query_map(params![queue, Timestamp(now), limit], |row| row.get::<_, i64>(0))?;
            let numbers: Vec<i64> = numbers.collect::<rusqlite::Result<_>>()?;
            let mut update = connection.prepare_cached(&format!(
                "UPDATE messages SET visible = ?3, receives = receives + 1, receipt = ?4, held = ?5,
                    first_received = coalesce(first_received, ?2)
                 WHERE number = ?1 RETURNING {COLUMNS}"
            ))?;
            for number in numbers {
                let values = params![number, Timestamp(now), Timestamp(visible), new_uuid(), request.held];
                received.messages.push(update.query_row(values, message)?);
            }
            Ok(received)
        })
    }

    /// Deletes the message of a receipt handle, unless it has been received again since.
    pub(super) fn delete(&self, queue: &str, receipt: &str) -> Result<(), MessageStoreError> {
        let delete = "DELETE FROM messages WHERE queue = ?1 AND receipt = ?2";
        self.transaction(|connection| connection.prepare_cached(delete)?.execute(params![queue, receipt]))?;
        Ok(())
    }

    /// Releases failed messages, whose visibility timeouts apply from now on, and deletes processed ones. Takes the
    /// receipt handles of held messages. May be called again after an error.
    pub(super) fn finish(&self, processed: &[String], failed: &[String]) -> Result<(), MessageStoreError> {
        self.transaction(|connection| {
            let mut release = connection.prepare_cached("UPDATE messages SET held = 0 WHERE receipt = ?1")?;
            failed.iter().try_for_each(|receipt| release.execute([receipt]).map(drop))
        })?;
        self.transaction(|connection| {
            let mut delete = connection.prepare_cached("DELETE FROM messages WHERE receipt = ?1")?;
            processed.iter().try_for_each(|receipt| delete.execute([receipt]).map(drop))
        })
    }

    /// Hides the message of a receipt handle until a time. Returns `false` if there is no such message.
    pub(super) fn hide_until(&self, queue: &str, receipt: &str, until: SystemTime) -> Result<bool, MessageStoreError> {
        let update = "UPDATE messages SET visible = ?3 WHERE queue = ?1 AND receipt = ?2";
        Ok(self.transaction(|connection| connection.execute(update, params![queue, receipt, Timestamp(until)]))? > 0)
    }

    /// Limits timestamps to at most `longest_delay` in the future: a faster clock may have written later ones.
    pub(in super::super) fn clamp_future_timestamps(
        &self,
        queue: &str,
        now: SystemTime,
        longest_delay: Duration,
    ) -> Result<(), MessageStoreError> {
        let update = "UPDATE messages SET visible = min(visible, ?2), sent = min(sent, ?3) WHERE queue = ?1";
        self.transaction(|connection| {
            connection.execute(update, params![queue, Timestamp(now + longest_delay), Timestamp(now)])
        })?;
        Ok(())
    }

    /// Deletes all messages of a queue. Returns their number.
    pub(super) fn purge(&self, queue: &str) -> Result<usize, MessageStoreError> {
        self.transaction(|connection| connection.execute("DELETE FROM messages WHERE queue = ?1", [queue]))
    }

    /// Counts the messages of a queue.
    pub(super) fn counts(&self, queue: &str, now: SystemTime) -> Result<MessageCounts, MessageStoreError> {
        self.transaction(|connection| {
            let mut count = connection.prepare_cached(
                "SELECT count(*) FILTER (WHERE held = 0 AND visible <= ?2),
                        count(*) FILTER (WHERE receipt IS NOT NULL AND (held = 1 OR visible > ?2)),
                        count(*) FILTER (WHERE receipt IS NULL AND visible > ?2)
                 FROM messages WHERE queue = ?1",
            )?;
            count.query_row(params![queue, Timestamp(now)], |row| {
                Ok(MessageCounts { waiting: row.get(0)?, in_flight: row.get(1)?, delayed: row.get(2)? })
            })
        })
    }

    /// Returns when the next message becomes visible, which may be in the past. Returns `None` if the queue is empty.
    pub(super) fn next_visible(&self, queue: &str) -> Result<Option<SystemTime>, MessageStoreError> {
        self.transaction(|connection| {
            let mut next =
                connection.prepare_cached("SELECT min(visible) FROM messages WHERE queue = ?1 AND held = 0")?;
            next.query_row([queue], |row| row.get::<_, Option<i64>>(0)).map(|next| next.map(time))
        })
    }

    /// Runs `operation` in a transaction.
    fn transaction<T>(
        &self,
        operation: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, MessageStoreError> {
        if inode(&self.path) != self.inode {
            return Err(MessageStoreError::Deleted(self.path.clone()));
        }
        // A panic rolls the transaction back, so the data stays consistent.
        let mut connection = self.connection.lock();
        let result = connection.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|transaction| {
            let value = operation(&transaction)?;
            transaction.commit()?;
            Ok(value)
        });
        result.map_err(|error| MessageStoreError::File(self.path.clone(), error))
    }
}

fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    let attributes: String = row.get(2)?;
    Ok(Message {
        id: row.get(0)?,
        body: row.get(1)?,
        attributes: serde_json::from_str(&attributes).unwrap_or_default(),
        trace: row.get(3)?,
        sent: time(row.get(4)?),
        first_received: time(row.get::<_, Option<i64>>(5)?.unwrap_or_default()),
        receives: row.get(6)?,
        receipt: row.get::<_, Option<String>>(7)?.unwrap_or_default(),
    })
}

/// A time as milliseconds since the epoch.
struct Timestamp(SystemTime);

impl rusqlite::ToSql for Timestamp {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(i64::try_from(milliseconds(self.0)).unwrap_or(i64::MAX).into())
    }
}

fn time(milliseconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default())
}

#[cfg(test)]
mod tests;
