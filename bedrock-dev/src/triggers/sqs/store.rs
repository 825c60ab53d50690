//! The database of messages: SQLite with a write-ahead log, like that of asynchronous events. A message has been
//! written when its sender receives the response, so it survives any termination of this process.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bedrock_local::durable::DatabaseThread;
use bedrock_local::event_sources::{FifoAttributes, MessageAttributes, SqsMessage};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use serde::Serialize;

use super::super::aws_api::new_uuid;
use crate::database_file::{corruption_help, inode, private_file};
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
        held INTEGER NOT NULL DEFAULT 0,
        message_group TEXT,
        deduplication_id TEXT,
        sequence INTEGER
    ) STRICT;
    CREATE TABLE IF NOT EXISTS deduplication (
        queue TEXT NOT NULL,
        deduplication_id TEXT NOT NULL,
        message_id TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        sent INTEGER NOT NULL,
        PRIMARY KEY (queue, deduplication_id)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS sequences (queue TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS visible ON messages (queue, held, visible);
    CREATE INDEX IF NOT EXISTS receipt ON messages (receipt) WHERE receipt IS NOT NULL;
    CREATE INDEX IF NOT EXISTS message_group ON messages (queue, message_group) WHERE message_group IS NOT NULL;
    PRAGMA user_version = 2;
    UPDATE messages SET held = 0;
";
/// Adds to the table of version 1 what FIFO queues need.
const MIGRATION: &str = "
    ALTER TABLE messages ADD COLUMN message_group TEXT;
    ALTER TABLE messages ADD COLUMN deduplication_id TEXT;
    ALTER TABLE messages ADD COLUMN sequence INTEGER;
";
/// How long to wait for the lock of another process.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// How long messages are retained: SQS's default of four days.
const RETENTION: Duration = Duration::from_secs(4 * 86_400);
/// How long a FIFO queue recognizes duplicates (SQS developer guide, "Exactly-once processing").
const DEDUPLICATION_INTERVAL: Duration = Duration::from_secs(5 * 60);
const COLUMNS: &str = "id, body, attributes, trace, sent, first_received, receives, receipt, message_group, \
                       deduplication_id, sequence";

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

/// A message in a list of a queue.
#[derive(Debug)]
pub(in super::super) struct ListedMessage {
    pub(in super::super) id: String,
    pub(in super::super) body: String,
    pub(in super::super) sent: SystemTime,
    pub(in super::super) receives: u32,
    pub(in super::super) visible: SystemTime,
    /// Whether a worker of this process is processing it.
    pub(in super::super) is_held: bool,
}

/// A message to be sent.
pub(super) struct NewMessage<'a> {
    pub(super) body: &'a str,
    pub(super) attributes: &'a MessageAttributes,
    pub(super) trace: Option<&'a str>,
    pub(super) sent: SystemTime,
    pub(super) visible: SystemTime,
    pub(super) group: Option<&'a str>,
    /// Only of a FIFO queue.
    pub(super) deduplication_id: Option<&'a str>,
}

/// A message that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct SentMessage {
    pub(in super::super) id: String,
    /// Its number in a FIFO queue.
    pub(in super::super) sequence: Option<i64>,
}

/// Which messages to receive.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReceiveRequest<'a> {
    pub(super) max_messages: usize,
    /// Visibility timeout in seconds.
    pub(super) visibility: u64,
    /// Whether the messages are held until this process releases them: no other receiver gets them until then, however
    /// fast the clock runs.
    pub(super) held: bool,
    /// Whether messages of a group are received in order, and only while no other message of the group is in flight.
    pub(super) is_fifo: bool,
    /// Groups of which the receiver has messages in flight: it may receive more of them.
    pub(super) own_groups: &'a [String],
}

/// The received messages.
#[derive(Debug, Default)]
pub(super) struct Received {
    pub(super) messages: Vec<SqsMessage>,
    /// Number of messages that were moved to the dead-letter queue instead.
    pub(super) dead: usize,
}

impl MessageStore {
    /// Opens or creates the database. Messages held by a process that has ended return after their visibility timeout.
    pub(in super::super) fn open(path: &Path) -> Result<Self, MessageStoreError> {
        private_file(path).map_err(|error| MessageStoreError::Permissions(path.to_owned(), error))?;
        let opened = Connection::open(path).and_then(|connection| {
            connection.busy_timeout(LOCK_TIMEOUT)?;
            if connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))? == 1 {
                connection.execute_batch(&format!("BEGIN; {MIGRATION} PRAGMA user_version = 2; COMMIT;"))?;
            }
            connection.execute_batch(SCHEMA)?;
            Ok(connection)
        });
        let connection = Mutex::new(opened.map_err(|error| MessageStoreError::File(path.to_owned(), error))?);
        Ok(Self { thread: DatabaseThread::new(), connection, path: path.to_owned(), inode: inode(path) })
    }

    /// Stores a message. A duplicate in a FIFO queue is not stored, and the result is that of the first one.
    pub(super) fn send(&self, queue: &str, message: &NewMessage<'_>) -> Result<SentMessage, MessageStoreError> {
        let NewMessage { body, attributes, trace, sent, visible, group, deduplication_id } = message;
        let id = new_uuid();
        // Names and strings always serialize.
        let attributes = serde_json::to_string(attributes).unwrap_or_default();
        self.transaction(|connection| {
            let mut sequence = None;
            if let Some(deduplication_id) = deduplication_id {
                if let Some(first) = first_of_duplicates(connection, queue, deduplication_id, *sent)? {
                    return Ok(first);
                }
                let next = next_sequence(connection, queue)?;
                connection
                    .prepare_cached("INSERT INTO deduplication VALUES (?1, ?2, ?3, ?4, ?5)")?
                    .execute(params![queue, deduplication_id, id, next, Timestamp(*sent)])?;
                sequence = Some(next);
            }
            connection
                .prepare_cached(
                    "INSERT INTO messages (id, queue, body, attributes, trace, sent, visible, message_group,
                        deduplication_id, sequence)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                )?
                .execute(params![
                    id,
                    queue,
                    body,
                    attributes,
                    trace,
                    Timestamp(*sent),
                    Timestamp(*visible),
                    group,
                    deduplication_id,
                    sequence
                ])?;
            Ok(SentMessage { id, sequence })
        })
    }

    /// Receives visible messages, oldest first. Messages that have already been received too often are moved to the
    /// dead-letter queue instead.
    pub(super) fn receive(
        &self,
        queue: &str,
        request: &ReceiveRequest<'_>,
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
            // All numbers are read first: with a visibility timeout of zero, the same message could be found
            // repeatedly.
            let numbers = receivable(connection, queue, request, now)?;
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

    /// Returns the oldest messages of a queue without receiving them, each with when it becomes visible.
    pub(super) fn peek(&self, queue: &str, limit: usize) -> Result<Vec<ListedMessage>, MessageStoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.transaction(|connection| {
            let select = "SELECT id, body, sent, receives, visible, held FROM messages WHERE queue = ?1 ORDER BY number LIMIT ?2";
            let mut messages = connection.prepare_cached(select)?;
            let listed = |row: &Row<'_>| {
                Ok(ListedMessage {
                    id: row.get(0)?,
                    body: row.get(1)?,
                    sent: time(row.get(2)?),
                    receives: row.get(3)?,
                    visible: time(row.get(4)?),
                    is_held: row.get(5)?,
                })
            };
            messages.query_map(params![queue, limit], listed)?.collect()
        })
    }

    /// Deletes a message that is not being processed. Returns `false` if there is none.
    pub(super) fn drop_message(&self, queue: &str, id: &str) -> Result<bool, MessageStoreError> {
        let delete = "DELETE FROM messages WHERE queue = ?1 AND id = ?2 AND held = 0";
        Ok(self.transaction(|connection| connection.execute(delete, params![queue, id]))? > 0)
    }

    /// Moves a message that is not being processed to another queue, as if it had been sent there now. Returns `false` if there
    /// is none.
    pub(super) fn move_message(
        &self,
        queue: &str,
        id: &str,
        to: &str,
        now: SystemTime,
    ) -> Result<bool, MessageStoreError> {
        let update = "UPDATE messages SET queue = ?3, sent = ?4, visible = ?4, receives = 0, first_received = NULL, receipt = NULL
             WHERE queue = ?1 AND id = ?2 AND held = 0";
        Ok(self.transaction(|connection| connection.execute(update, params![queue, id, to, Timestamp(now)]))? > 0)
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
    /// Of a FIFO queue, a group becomes visible as a whole.
    pub(super) fn next_visible(&self, queue: &str, is_fifo: bool) -> Result<Option<SystemTime>, MessageStoreError> {
        let select = if is_fifo {
            "SELECT min(visible) FROM (
                SELECT max(visible) AS visible FROM messages WHERE queue = ?1 GROUP BY message_group HAVING max(held) = 0
             )"
        } else {
            "SELECT min(visible) FROM messages WHERE queue = ?1 AND held = 0"
        };
        self.transaction(|connection| {
            let mut next = connection.prepare_cached(select)?;
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

/// Returns the numbers of the messages that can be received now, in the order of receipt.
fn receivable(
    connection: &Connection,
    queue: &str,
    request: &ReceiveRequest<'_>,
    now: SystemTime,
) -> rusqlite::Result<Vec<i64>> {
    let limit = i64::try_from(request.max_messages).unwrap_or(i64::MAX);
    if request.is_fifo {
        let groups = serde_json::to_string(request.own_groups).unwrap_or_default();
        let mut find = connection.prepare_cached(
            "SELECT number FROM messages WHERE queue = ?1 AND held = 0 AND visible <= ?2
                AND (message_group IN (SELECT value FROM json_each(?4)) OR message_group NOT IN (
                    SELECT message_group FROM messages WHERE queue = ?1 AND (held = 1 OR visible > ?2)
                ))
             ORDER BY sequence, number LIMIT ?3",
        )?;
        return find.query_map(params![queue, Timestamp(now), limit, groups], |row| row.get(0))?.collect();
    }
    let mut find = connection.prepare_cached(
        "SELECT number FROM messages WHERE queue = ?1 AND held = 0 AND visible <= ?2
         ORDER BY visible, number LIMIT ?3",
    )?;
    find.query_map(params![queue, Timestamp(now), limit], |row| row.get(0))?.collect()
}

/// Returns the message that was sent with the same id a short time ago, if there is one.
fn first_of_duplicates(
    connection: &Connection,
    queue: &str,
    deduplication_id: &str,
    now: SystemTime,
) -> rusqlite::Result<Option<SentMessage>> {
    let oldest = now.checked_sub(DEDUPLICATION_INTERVAL).unwrap_or(UNIX_EPOCH);
    connection
        .prepare_cached("DELETE FROM deduplication WHERE queue = ?1 AND sent <= ?2")?
        .execute(params![queue, Timestamp(oldest)])?;
    connection
        .prepare_cached("SELECT message_id, sequence FROM deduplication WHERE queue = ?1 AND deduplication_id = ?2")?
        .query_row(params![queue, deduplication_id], |row| {
            Ok(SentMessage { id: row.get(0)?, sequence: Some(row.get(1)?) })
        })
        .optional()
}

/// Returns the next number of a FIFO queue. Numbers are never used again, also after the messages are deleted.
fn next_sequence(connection: &Connection, queue: &str) -> rusqlite::Result<i64> {
    connection
        .prepare_cached(
            "INSERT INTO sequences VALUES (?1, 1) ON CONFLICT (queue) DO UPDATE SET last = last + 1 RETURNING last",
        )?
        .query_row([queue], |row| row.get(0))
}

fn message(row: &Row<'_>) -> rusqlite::Result<SqsMessage> {
    let attributes: String = row.get(2)?;
    Ok(SqsMessage {
        id: row.get(0)?,
        body: row.get(1)?,
        attributes: serde_json::from_str(&attributes).unwrap_or_default(),
        trace: row.get(3)?,
        sent: time(row.get(4)?),
        first_received: time(row.get::<_, Option<i64>>(5)?.unwrap_or_default()),
        receives: row.get(6)?,
        receipt: row.get::<_, Option<String>>(7)?.unwrap_or_default(),
        group: row.get(8)?,
        fifo: match (row.get(9)?, row.get(10)?) {
            (Some(deduplication_id), Some(sequence)) => Some(FifoAttributes { deduplication_id, sequence }),
            _ => None,
        },
    })
}

/// A time as milliseconds since the epoch.
struct Timestamp(SystemTime);

impl rusqlite::ToSql for Timestamp {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        let since = self.0.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(i64::try_from(since.as_millis()).unwrap_or(i64::MAX).into())
    }
}

fn time(milliseconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default())
}

#[cfg(test)]
mod tests;
