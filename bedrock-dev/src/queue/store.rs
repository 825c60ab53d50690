//! The file that events are kept in: SQLite with a write-ahead log. A commit is in the kernel's hands when it returns, so
//! it survives the end of the program, however that comes; a crash of the machine may take the last ones along.
//! Other processes may read and change it at the same time.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use serde_json::Value;

use super::event::{Condition, Delivered, Event, Listed, Rules, State, Why};
use super::next::longest;

/// How long another process may hold the file.
const PATIENCE: Duration = Duration::from_secs(5);

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS events (
        id TEXT PRIMARY KEY,
        worker TEXT NOT NULL,
        arn TEXT NOT NULL,
        payload BLOB NOT NULL,
        trace TEXT NOT NULL,
        rules TEXT NOT NULL,
        accepted INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        refusals INTEGER NOT NULL DEFAULT 0,
        state TEXT NOT NULL DEFAULT 'waiting',
        due INTEGER NOT NULL,
        last TEXT
    ) STRICT;
    CREATE INDEX IF NOT EXISTS due ON events (due) WHERE state = 'waiting';
    CREATE TABLE IF NOT EXISTS delivered (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL,
        destination TEXT NOT NULL,
        record TEXT NOT NULL,
        worker TEXT NOT NULL DEFAULT '',
        why TEXT NOT NULL DEFAULT 'on_failure',
        attributes TEXT,
        at INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    PRAGMA user_version = 2;
";

/// What the first version of the file does not have.
const SINCE_1: &str = "
    ALTER TABLE delivered ADD COLUMN worker TEXT NOT NULL DEFAULT '';
    ALTER TABLE delivered ADD COLUMN why TEXT NOT NULL DEFAULT 'on_failure';
    ALTER TABLE delivered ADD COLUMN attributes TEXT;
    ALTER TABLE delivered ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
    PRAGMA user_version = 2;
";

/// Records for destinations that are not here which are kept; older ones go.
const KEPT: u32 = 1000;

const COLUMNS: &str = "id, worker, arn, payload, trace, rules, accepted, attempts, refusals, state, due, last";

/// Why the file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It is no queue, or cannot be read or written.
    #[error("failed to use the queue `{path}`: {error}", path = .0.display(), error = .1)]
    File(PathBuf, rusqlite::Error),
    /// Its lock cannot be had for another reason than the next one.
    #[error("failed to lock the queue `{path}`: {error}", path = .0.display(), error = .1)]
    Lock(PathBuf, io::Error),
    /// Somebody has removed it while it was used: what is written into it now would be lost.
    #[error("the queue `{path}` is gone; was `cargo clean` run? start `cargo bedrock dev` again", path = .0.display())]
    Gone(PathBuf),
    /// Another program runs its events.
    #[error("another program runs the events of `{path}`", path = .0.display())]
    Taken(PathBuf),
}

/// What there is to do.
#[derive(Debug)]
pub struct Taken {
    /// To be run now.
    pub event: Option<Event>,
    /// When the next one is due.
    pub next: Option<SystemTime>,
    /// Whether there is no event at all, not even one that was given up.
    pub is_empty: bool,
}

/// The events of an app.
#[derive(Debug)]
pub struct Store {
    connection: Mutex<Connection>,
    path: PathBuf,
    /// The number of the file, by which it is told from another one at the same place.
    inode: u64,
    /// Held by the one program that runs events; it ends with the program, however that ends.
    lock: Option<File>,
}

impl Store {
    /// Opens the file to look at it and to change events by hand. Makes it if there is none.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        let opened = Connection::open(path).and_then(|connection| {
            connection.busy_timeout(PATIENCE)?;
            let mut connection = connection;
            prepare(&mut connection)?;
            Ok(connection)
        });
        let connection = Mutex::new(opened.map_err(|error| Fault::File(path.to_owned(), error))?);
        let inode = number(path).unwrap_or_default();
        Ok(Self { connection, path: path.to_owned(), inode, lock: None })
    }

    /// Opens the file to run its events, which one program at a time may do.
    pub fn own(path: &Path) -> Result<Self, Fault> {
        let failed = |error| Fault::Lock(path.to_owned(), error);
        let lock = File::create(path.with_extension("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { lock: Some(lock), ..Self::open(path)? }),
            Err(TryLockError::WouldBlock) => Err(Fault::Taken(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Whether this program is the one that runs the events.
    pub fn is_own(&self) -> bool {
        self.lock.is_some()
    }

    /// Keeps an event that is due at once. The same id twice is one event.
    pub fn add(&self, event: &Event) -> Result<(), Fault> {
        if number(&self.path) != Some(self.inode) {
            return Err(Fault::Gone(self.path.clone()));
        }
        self.step(|connection| insert(connection, event))
    }

    /// Takes the event that is due first, counted as run once more; and tells when the next one is due.
    pub fn take(&self, now: SystemTime) -> Result<Taken, Fault> {
        self.step(|connection| {
            let taken = connection
                .prepare_cached(&format!(
                    "UPDATE events SET state = 'running', attempts = attempts + 1, accepted = iif(accepted, accepted, ?1)
                     WHERE id = (
                        SELECT id FROM events WHERE state = 'waiting' AND due <= ?1 ORDER BY due, accepted, id LIMIT 1
                     ) RETURNING {COLUMNS}"
                ))?
                .query_row([Time(now)], listed)
                .optional()?;
            let mut next = connection.prepare_cached(
                "SELECT (SELECT min(due) FROM events WHERE state = 'waiting'), NOT EXISTS (SELECT 1 FROM events)",
            )?;
            let (next, is_empty): (Option<Time>, bool) = next.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(Taken { event: taken.map(|listed| listed.event), next: next.map(|Time(time)| time), is_empty })
        })
    }

    /// Puts a taken event back, with what its attempt came to.
    pub fn put_back(&self, event: &Event, due: SystemTime, last: &Value) -> Result<(), Fault> {
        self.step(|connection| {
            connection.execute(
                "UPDATE events SET state = 'waiting', due = ?2, attempts = ?3, refusals = ?4, last = ?5 WHERE id = ?1",
                params![event.id, Time(due), event.attempts, event.refusals, last.to_string()],
            )
        })?;
        Ok(())
    }

    /// Ends a taken event: removed when it is done, kept as dead when it was given up; and hands on what there is to,
    /// to the queue itself or to elsewhere, all in one step.
    pub fn finish(
        &self,
        event: &Event,
        condition: Condition,
        last: Option<&Value>,
        handed_on: &[Event],
        delivered: &[Delivered],
    ) -> Result<(), Fault> {
        self.step(|connection| {
            if condition == Condition::Success {
                connection.execute("DELETE FROM events WHERE id = ?1", [&event.id])?;
            } else {
                connection.execute(
                    "UPDATE events SET state = ?2, attempts = ?3, last = coalesce(?4, last) WHERE id = ?1",
                    params![event.id, condition.as_str(), event.attempts, last.map(Value::to_string)],
                )?;
            }
            for event in handed_on {
                insert(connection, event)?;
            }
            delivered.iter().try_for_each(|one| deliver(connection, one))
        })
    }

    /// The events that a program was running when it ended, without having said how that went.
    pub fn interrupted(&self) -> Result<Vec<Event>, Fault> {
        let events = self.query("WHERE state = 'running' ORDER BY accepted, id", &[])?;
        Ok(events.into_iter().map(|listed| listed.event).collect())
    }

    /// Brings events back from a time that has not come: whoever wrote them may have had a clock that is fast.
    pub fn rebase(&self, now: SystemTime) -> Result<(), Fault> {
        let (refused, failed) = (Time(now + longest(1)), Time(now + longest(0)));
        self.step(|connection| {
            connection.execute(
                "UPDATE events SET accepted = min(accepted, ?1), due = min(due, iif(refusals > 0, ?2, ?3))
                 WHERE state = 'waiting' AND (accepted > ?1 OR due > ?3)",
                params![Time(now), refused, failed],
            )
        })?;
        Ok(())
    }

    /// All events, the oldest first.
    pub fn list(&self) -> Result<Vec<Listed>, Fault> {
        self.query("ORDER BY accepted, id", &[])
    }

    /// The events whose ids begin so.
    pub fn find(&self, id: &str) -> Result<Vec<Listed>, Fault> {
        self.query("WHERE substr(id, 1, length(?1)) = ?1 ORDER BY accepted, id", &[&id])
    }

    /// Makes an event due at once that waits or was given up, as if it were new; false if there is none. Whoever does not
    /// know what time it is for the program that runs it says 1970: it is accepted anew when that takes it.
    pub fn retry(&self, id: &str, now: SystemTime) -> Result<bool, Fault> {
        let changed = self.step(|connection| {
            connection.execute(
                "UPDATE events SET state = 'waiting', attempts = 0, refusals = 0, due = ?2, accepted = ?2
                 WHERE id = ?1 AND state <> 'running'",
                params![id, Time(now)],
            )
        })?;
        Ok(changed > 0)
    }

    /// Makes all events due that wait; gives their number.
    pub fn hurry(&self) -> Result<usize, Fault> {
        let update = "UPDATE events SET due = 0 WHERE state = 'waiting'";
        self.step(|connection| connection.execute(update, []))
    }

    /// Forgets an event that is not being run; false if there is none.
    pub fn forget(&self, id: &str) -> Result<bool, Fault> {
        let delete = "DELETE FROM events WHERE id = ?1 AND state <> 'running'";
        Ok(self.step(|connection| connection.execute(delete, [id]))? > 0)
    }

    /// What was handed on to destinations that are not here, the oldest first.
    pub fn delivered(&self) -> Result<Vec<Delivered>, Fault> {
        self.step(|connection| {
            let columns = "id, worker, destination, why, record, attributes, at";
            let mut all = connection.prepare_cached(&format!("SELECT {columns} FROM delivered ORDER BY number"))?;
            all.query_map([], handed)?.collect()
        })
    }

    fn query(&self, which: &str, given: &[&dyn ToSql]) -> Result<Vec<Listed>, Fault> {
        self.step(|connection| {
            let mut query = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM events {which}"))?;
            query.query_map(given, listed)?.collect()
        })
    }

    /// All of it or nothing.
    fn step<T>(&self, how: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Fault> {
        let mut connection = self.lock();
        let stepped = connection.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|step| {
            let value = how(&step)?;
            step.commit()?;
            Ok(value)
        });
        stepped.map_err(|error| Fault::File(self.path.clone(), error))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // Steps are transactions: a panic in one leaves the file as it was.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of the file at a place, if there is one.
pub(crate) fn number(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().map(|found| found.ino())
}

/// Makes the tables, or adds what an older version of this program did not have.
fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    // What changes the file as a whole cannot be part of a step.
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
    let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: u32 = step.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match version {
        0 => step.execute_batch(SCHEMA)?,
        1 => step.execute_batch(SINCE_1)?,
        _ => {}
    }
    step.commit()
}

fn deliver(connection: &Connection, one: &Delivered) -> rusqlite::Result<()> {
    let Delivered { id, worker, destination, why, record, attributes, at, .. } = one;
    let attributes = attributes.as_ref().map(Value::to_string);
    connection.execute(
        "INSERT INTO delivered (id, worker, destination, why, record, attributes, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![id, worker, destination, why.as_str(), record.to_string(), attributes, Time(*at)],
    )?;
    let number = connection.last_insert_rowid();
    connection.execute("DELETE FROM delivered WHERE number <= ?1", [number - i64::from(KEPT)])?;
    Ok(())
}

fn handed(row: &Row<'_>) -> rusqlite::Result<Delivered> {
    let (why, record, attributes): (String, String, Option<String>) = (row.get(3)?, row.get(4)?, row.get(5)?);
    let Time(at) = row.get(6)?;
    Ok(Delivered {
        id: row.get(0)?,
        worker: row.get(1)?,
        destination: row.get(2)?,
        why: Why::parse(&why).unwrap_or(Why::OnFailure),
        record: serde_json::from_str(&record).unwrap_or_default(),
        attributes: attributes.and_then(|attributes| serde_json::from_str(&attributes).ok()),
        as_event: None,
        at,
    })
}

fn insert(connection: &Connection, event: &Event) -> rusqlite::Result<()> {
    // Rules are numbers and texts, which are always JSON.
    let rules = serde_json::to_string(&event.rules).unwrap_or_default();
    let mut insert = connection.prepare_cached(
        "INSERT OR IGNORE INTO events (id, worker, arn, payload, trace, rules, accepted, due)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
    )?;
    let accepted = Time(event.accepted);
    insert.execute(params![event.id, event.worker, event.arn, &*event.payload, event.trace, rules, accepted])?;
    Ok(())
}

fn listed(row: &Row<'_>) -> rusqlite::Result<Listed> {
    let (payload, rules): (Vec<u8>, String) = (row.get(3)?, row.get(5)?);
    let (Time(accepted), Time(due)) = (row.get(6)?, row.get(10)?);
    let (state, last): (String, Option<String>) = (row.get(9)?, row.get(11)?);
    let event = Event {
        id: row.get(0)?,
        worker: row.get(1)?,
        arn: row.get(2)?,
        payload: Bytes::from(payload),
        trace: row.get(4)?,
        // Of another version, with rules that this one does not know: Lambda's own.
        rules: serde_json::from_str(&rules).unwrap_or_else(|_| Rules::default()),
        accepted,
        attempts: row.get(7)?,
        refusals: row.get(8)?,
    };
    let state = match Condition::parse(&state) {
        Some(condition) => State::Dead(condition),
        None if state == "running" => State::Running,
        None => State::Waiting(due),
    };
    Ok(Listed { event, state, last: last.and_then(|last| serde_json::from_str(&last).ok()) })
}

/// Milliseconds since 1970.
struct Time(SystemTime);

impl ToSql for Time {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let since = self.0.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(i64::try_from(since.as_millis()).unwrap_or(i64::MAX).into())
    }
}

impl FromSql for Time {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let since = u64::try_from(value.as_i64()?).map_err(|_| FromSqlError::OutOfRange(0))?;
        Ok(Self(UNIX_EPOCH + Duration::from_millis(since)))
    }
}
