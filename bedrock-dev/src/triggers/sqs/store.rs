//! The file that messages are kept in: SQLite with a write-ahead log, as the file of events is. A message is in the kernel's
//! hands when its sender has the answer, so it survives the end of the program, however that comes.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, Row, TransactionBehavior, params};

use super::super::dispatcher::uuid;
use super::message::{Attributes, Message, milliseconds};
use super::queue::{Counts, DeadLetters};
use crate::queue::number;

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
    PRAGMA user_version = 1;
    UPDATE messages SET held = 0;
";
/// How long another process may hold the file.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long messages are kept: SQS's four days.
const RETENTION: Duration = Duration::from_secs(4 * 86_400);
const COLUMNS: &str = "id, body, attributes, trace, sent, first_received, receives, receipt";

/// The messages could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MessageStoreError {
    #[error("failed to use the messages in `{path}`: {error}", path = .0.display(), error = .1)]
    File(PathBuf, rusqlite::Error),
    /// Somebody has removed the file while it was used: what is written into it now would be lost.
    #[error("the messages in `{path}` are gone; was `cargo clean` run? start `cargo bedrock dev` again", path = .0.display())]
    Gone(PathBuf),
}

/// The messages of all queues of an app.
pub(in super::super) struct Messages {
    connection: Mutex<Connection>,
    path: PathBuf,
    /// The number of the file, by which it is told from another one at the same place.
    inode: Option<u64>,
}

/// Of what a receiver asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) most: usize,
    /// Seconds.
    pub(super) visibility: u64,
    /// Whether the receiver is this program, which says itself when it is done: until then nobody else gets the message,
    /// however fast the clock is.
    pub(super) held: bool,
}

/// What a receiver gets.
#[derive(Debug, Default)]
pub(super) struct Received {
    pub(super) messages: Vec<Message>,
    /// How many went to the dead-letter queue instead.
    pub(super) dead: usize,
}

impl Messages {
    /// Opens the file, or makes it. Messages that a program held when it ended come back when their visibility timeout is over.
    pub(in super::super) fn open(path: &Path) -> Result<Self, MessageStoreError> {
        let opened = Connection::open(path).and_then(|connection| {
            connection.busy_timeout(PATIENCE)?;
            connection.execute_batch(SCHEMA)?;
            Ok(connection)
        });
        let connection = Mutex::new(opened.map_err(|error| MessageStoreError::File(path.to_owned(), error))?);
        Ok(Self { connection, path: path.to_owned(), inode: number(path) })
    }

    /// Keeps a message; its id.
    pub(super) fn send(
        &self,
        queue: &str,
        body: &str,
        (attributes, trace): (&Attributes, Option<&str>),
        (now, delay): (SystemTime, u64),
    ) -> Result<String, MessageStoreError> {
        let (id, visible) = (uuid(), now + Duration::from_secs(delay));
        // Names and texts, which are always JSON.
        let attributes = serde_json::to_string(attributes).unwrap_or_default();
        self.step(|connection| {
            connection.prepare_cached(
                "INSERT INTO messages (id, queue, body, attributes, trace, sent, visible) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![id, queue, body, attributes, trace, Stamp(now), Stamp(visible)])
        })?;
        Ok(id)
    }

    /// Gives messages out that are visible, the oldest first; those that were given out too often already go to the
    /// dead-letter queue.
    pub(super) fn receive(
        &self,
        queue: &str,
        wanted: Wanted,
        dead: Option<&DeadLetters>,
        now: SystemTime,
    ) -> Result<Received, MessageStoreError> {
        let visible = now + Duration::from_secs(wanted.visibility);
        self.step(|connection| {
            let old = now.checked_sub(RETENTION).unwrap_or(UNIX_EPOCH);
            connection
                .prepare_cached("DELETE FROM messages WHERE queue = ?1 AND held = 0 AND sent < ?2")?
                .execute(params![queue, Stamp(old)])?;
            let mut received = Received::default();
            if let Some(dead) = dead {
                received.dead = connection
                    .prepare_cached(
                        "UPDATE messages SET queue = ?3, receipt = NULL
                         WHERE queue = ?1 AND held = 0 AND visible <= ?2 AND receives >= ?4",
                    )?
                    .execute(params![queue, Stamp(now), dead.queue, dead.max_receives])?;
            }
            let mut find = connection.prepare_cached(
                "SELECT number FROM messages WHERE queue = ?1 AND held = 0 AND visible <= ?2
                 ORDER BY visible, number LIMIT ?3",
            )?;
            let most = i64::try_from(wanted.most).unwrap_or(i64::MAX);
            // All of them first: with a visibility timeout of nothing the same one could be given again and again.
            let numbers = find.query_map(params![queue, Stamp(now), most], |row| row.get::<_, i64>(0))?;
            let numbers: Vec<i64> = numbers.collect::<rusqlite::Result<_>>()?;
            let mut give = connection.prepare_cached(&format!(
                "UPDATE messages SET visible = ?3, receives = receives + 1, receipt = ?4, held = ?5,
                    first_received = coalesce(first_received, ?2)
                 WHERE number = ?1 RETURNING {COLUMNS}"
            ))?;
            for number in numbers {
                let given = params![number, Stamp(now), Stamp(visible), uuid(), wanted.held];
                received.messages.push(give.query_row(given, message)?);
            }
            Ok(received)
        })
    }

    /// Deletes the message of a receipt, unless it was given to somebody else since then.
    pub(super) fn delete(&self, queue: &str, receipt: &str) -> Result<(), MessageStoreError> {
        let delete = "DELETE FROM messages WHERE queue = ?1 AND receipt = ?2";
        self.step(|connection| connection.prepare_cached(delete)?.execute(params![queue, receipt]))?;
        Ok(())
    }

    /// Ends the holding of messages: from now on their visibility timeouts count.
    pub(super) fn release(&self, receipts: &[&str]) -> Result<(), MessageStoreError> {
        self.step(|connection| {
            let mut release = connection.prepare_cached("UPDATE messages SET held = 0 WHERE receipt = ?1")?;
            receipts.iter().try_for_each(|receipt| release.execute([receipt]).map(|_| ()))
        })
    }

    /// Hides the message of a receipt from now on for another time; false if there is none.
    pub(super) fn hide(&self, queue: &str, receipt: &str, until: SystemTime) -> Result<bool, MessageStoreError> {
        let update = "UPDATE messages SET visible = ?3 WHERE queue = ?1 AND receipt = ?2";
        Ok(self.step(|connection| connection.execute(update, params![queue, receipt, Stamp(until)]))? > 0)
    }

    /// Lets no time lie far ahead: a clock that was faster than this one may have left such.
    pub(in super::super) fn set_clock(
        &self,
        queue: &str,
        now: SystemTime,
        most: Duration,
    ) -> Result<(), MessageStoreError> {
        let update = "UPDATE messages SET visible = min(visible, ?2), sent = min(sent, ?3) WHERE queue = ?1";
        self.step(|connection| connection.execute(update, params![queue, Stamp(now + most), Stamp(now)]))?;
        Ok(())
    }

    /// Deletes all messages of a queue; how many.
    pub(super) fn purge(&self, queue: &str) -> Result<usize, MessageStoreError> {
        self.step(|connection| connection.execute("DELETE FROM messages WHERE queue = ?1", [queue]))
    }

    /// How many messages there are.
    pub(super) fn counts(&self, queue: &str, now: SystemTime) -> Result<Counts, MessageStoreError> {
        self.step(|connection| {
            let mut count = connection.prepare_cached(
                "SELECT count(*) FILTER (WHERE held = 0 AND visible <= ?2),
                        count(*) FILTER (WHERE receipt IS NOT NULL AND (held = 1 OR visible > ?2)),
                        count(*) FILTER (WHERE receipt IS NULL AND visible > ?2)
                 FROM messages WHERE queue = ?1",
            )?;
            count.query_row(params![queue, Stamp(now)], |row| {
                Ok(Counts { waiting: row.get(0)?, in_flight: row.get(1)?, delayed: row.get(2)? })
            })
        })
    }

    /// When the next message is visible, which may be now.
    pub(super) fn next(&self, queue: &str) -> Result<Option<SystemTime>, MessageStoreError> {
        self.step(|connection| {
            let mut next =
                connection.prepare_cached("SELECT min(visible) FROM messages WHERE queue = ?1 AND held = 0")?;
            next.query_row([queue], |row| row.get::<_, Option<i64>>(0)).map(|next| next.map(time))
        })
    }

    /// All of it or nothing.
    fn step<T>(&self, how: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, MessageStoreError> {
        if number(&self.path) != self.inode {
            return Err(MessageStoreError::Gone(self.path.clone()));
        }
        // Steps are transactions: a panic in one leaves the file as it was.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let stepped = connection.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|step| {
            let value = how(&step)?;
            step.commit()?;
            Ok(value)
        });
        stepped.map_err(|error| MessageStoreError::File(self.path.clone(), error))
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

/// Milliseconds since 1970.
struct Stamp(SystemTime);

impl rusqlite::ToSql for Stamp {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(i64::try_from(milliseconds(self.0)).unwrap_or(i64::MAX).into())
    }
}

fn time(stamp: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(stamp).unwrap_or_default())
}

#[cfg(test)]
mod tests;
