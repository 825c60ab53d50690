//! The file that stores events: SQLite with a write-ahead log. A commit has been passed to the kernel when it returns,
//! so it survives any end of the program. A crash of the machine may lose the last commits. Other processes may read
//! and change the file at the same time.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use serde_json::Value;

use bedrock_model::retry_policy::max_delay;
use bedrock_model::{
    AsyncEvent, Attempt, Claim, Condition, DestinationDelivery, DestinationKind, EventRecord, EventState, EventStore,
    FinishedEvent,
};

use super::page::{PageCursor, QueueCounts, QueuePage, milliseconds};
use crate::database_file::{corruption_help, inode, private_file};

/// Maximum size of the payloads of a page. The last one may exceed it.
const MAX_PAGE_BYTES: usize = 4 * 1024 * 1024;

/// How long another process may lock the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

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
        last TEXT,
        delivered INTEGER NOT NULL DEFAULT 1
    ) STRICT;
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
";

/// The indexes of all versions. A claim looks up the first due event of each function, however many events a function
/// has, and a list is read in order. `state` counts events without reading their payloads.
const INDEXES: &str = "
    DROP INDEX IF EXISTS due;
    CREATE INDEX IF NOT EXISTS claim ON events (worker, due, accepted, id) WHERE state = 'waiting';
    CREATE INDEX IF NOT EXISTS running ON events (worker) WHERE state = 'running';
    CREATE INDEX IF NOT EXISTS state ON events (state, accepted, id);
    CREATE INDEX IF NOT EXISTS accepted ON events (accepted, id);
    PRAGMA user_version = 4;
";

/// The functions that have waiting events, each with the time at which its first event is due and the number of its
/// running events. Each step of the recursion is one lookup in an index.
const FUNCTIONS_WITH_WAITING_EVENTS: &str = "
    WITH RECURSIVE functions (worker) AS (
        SELECT min(worker) FROM events WHERE state = 'waiting'
        UNION ALL
        SELECT (SELECT min(worker) FROM events WHERE state = 'waiting' AND worker > functions.worker)
        FROM functions WHERE functions.worker IS NOT NULL
    )
    SELECT worker,
        (SELECT min(due) FROM events WHERE state = 'waiting' AND events.worker = functions.worker),
        (SELECT count(*) FROM events WHERE state = 'running' AND events.worker = functions.worker)
    FROM functions WHERE worker IS NOT NULL
";

/// Upgrades a file of version 1.
const UPGRADE_FROM_1: &str = "
    ALTER TABLE delivered ADD COLUMN worker TEXT NOT NULL DEFAULT '';
    ALTER TABLE delivered ADD COLUMN why TEXT NOT NULL DEFAULT 'on_failure';
    ALTER TABLE delivered ADD COLUMN attributes TEXT;
    ALTER TABLE delivered ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
";

/// Upgrades a file of versions 1 to 3, whose running events all count as delivered to a process.
const UPGRADE_FROM_3: &str = "ALTER TABLE events ADD COLUMN delivered INTEGER NOT NULL DEFAULT 1;";

/// Maximum number of events of one function that run at the same time. The events of a function whose invocations hang
/// delay no event of another function, as on Lambda.
const MAX_RUNNING_PER_FUNCTION: i64 = 64;

/// Maximum number of deliveries to destinations outside of the app that are stored. Older ones are deleted.
const MAX_STORED_DELIVERIES: u32 = 1000;

const COLUMNS: &str = "id, worker, arn, payload, trace, rules, accepted, attempts, refusals, state, due, last";

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is not a queue, or cannot be read or written.
    #[error("failed to use the queue `{path}`: {error}", path = .0.display(), error = .1)]
    File(PathBuf, rusqlite::Error),
    /// The lock file cannot be locked, for a reason other than [`StoreError::Taken`].
    #[error("failed to lock the queue `{path}`: {error}", path = .0.display(), error = .1)]
    Lock(PathBuf, io::Error),
    /// The file cannot be created, or made unreadable for other users.
    #[error("failed to protect the queue `{path}`: {error}", path = .0.display(), error = .1)]
    Permissions(PathBuf, io::Error),
    /// The file was deleted while it was in use. Everything that is written to it now would be lost.
    #[error("the queue `{path}` was deleted (by `cargo clean`?); restart `cargo bedrock dev`", path = .0.display())]
    Gone(PathBuf),
    /// Another program runs the events of this file.
    #[error("another program runs the events of `{path}`", path = .0.display())]
    Taken(PathBuf),
}

impl StoreError {
    /// Returns what the user can do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::File(path, error) => corruption_help(path, error),
            Self::Taken(_) => Some("stop the other `cargo bedrock dev` of this app first".to_owned()),
            _ => None,
        }
    }
}

/// The stored events of an app.
#[derive(Debug)]
pub struct QueueStore {
    connection: Mutex<Connection>,
    path: PathBuf,
    /// The inode of the file, which differs from that of another file with the same path.
    inode: u64,
    /// Locked by the only program that runs events. The lock ends with the program.
    lock: Option<File>,
}

impl QueueStore {
    /// Opens the file to read and change events. Creates it if it does not exist.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        private_file(path).map_err(|error| StoreError::Permissions(path.to_owned(), error))?;
        let opened = Connection::open(path).and_then(|connection| {
            connection.busy_timeout(BUSY_TIMEOUT)?;
            let mut connection = connection;
            prepare(&mut connection)?;
            Ok(connection)
        });
        let connection = Mutex::new(opened.map_err(|error| StoreError::File(path.to_owned(), error))?);
        let inode = inode(path).unwrap_or_default();
        Ok(Self { connection, path: path.to_owned(), inode, lock: None })
    }

    /// Opens the file to run its events. Only one program at a time may do that.
    pub fn own(path: &Path) -> Result<Self, StoreError> {
        let failed = |error| StoreError::Lock(path.to_owned(), error);
        let lock = File::create(path.with_extension("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { lock: Some(lock), ..Self::open(path)? }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Taken(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Whether a program is the one that runs the events of the file at `path`.
    pub fn is_owned(path: &Path) -> bool {
        let lock = File::open(path.with_extension("lock"));
        lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// Whether this program is the one that runs the events.
    pub fn is_own(&self) -> bool {
        self.lock.is_some()
    }

    /// Adds an event that is due now. Adding the same id twice stores one event.
    pub fn add(&self, event: &AsyncEvent) -> Result<(), StoreError> {
        if inode(&self.path) != Some(self.inode) {
            return Err(StoreError::Gone(self.path.clone()));
        }
        self.transaction(|connection| insert(connection, event))
    }

    /// Takes an event that is due: of the functions that run fewer than `MAX_RUNNING_PER_FUNCTION` events, that of the
    /// function that runs fewest, and of several the one that has been due longest. Its number of attempts is already
    /// increased by one. [`Claim::next`] does not count functions that run as many events as they may.
    pub fn claim(&self, now: SystemTime) -> Result<Claim, StoreError> {
        self.transaction(|connection| {
            let before = claimable_functions(connection)?;
            let due = before.iter().filter(|function| function.due <= now);
            let first = due.min_by_key(|function| (function.running, function.due));
            let claimed = first.map(|function| claim_event(connection, &function.worker, now)).transpose()?.flatten();
            let functions = if claimed.is_some() { claimable_functions(connection)? } else { before };
            let mut exists = connection.prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM events)")?;
            Ok(Claim {
                event: claimed.map(|record| record.event),
                next: functions.into_iter().map(|function| function.due).min(),
                is_empty: exists.query_row([], |row| row.get(0))?,
            })
        })
    }

    /// Puts a claimed event back for another attempt at `due`.
    pub fn reschedule(&self, event: &AsyncEvent, due: SystemTime, last_error: &Value) -> Result<(), StoreError> {
        self.transaction(|connection| {
            connection.execute(
                "UPDATE events SET state = 'waiting', delivered = 1, due = ?2, attempts = ?3, refusals = ?4, last = ?5
                 WHERE id = ?1",
                params![event.id, Time(due), event.attempts, event.refusals, last_error.to_string()],
            )
        })?;
        Ok(())
    }

    /// Finishes a claimed event in one transaction: deletes it if it succeeded or keeps it as failed, adds the events
    /// for functions of this app, and stores the deliveries to destinations outside of the app.
    fn finish_event(&self, finished: &FinishedEvent<'_>) -> Result<(), StoreError> {
        let FinishedEvent { event, condition, last_attempt, deliveries, new_events } = *finished;
        let last_error = last_attempt.map(Attempt::error);
        self.transaction(|connection| {
            if condition == Condition::Success {
                connection.execute("DELETE FROM events WHERE id = ?1", [&event.id])?;
            } else {
                connection.execute(
                    "UPDATE events SET state = ?2, attempts = ?3, last = coalesce(?4, last) WHERE id = ?1",
                    params![event.id, condition.as_str(), event.attempts, last_error.as_ref().map(Value::to_string)],
                )?;
            }
            for event in new_events {
                insert(connection, event)?;
            }
            let outside = deliveries.iter().filter(|delivery| delivery.as_event.is_none());
            outside.into_iter().try_for_each(|delivery| insert_delivery(connection, delivery))
        })
    }

    /// Records that a process is about to get a claimed event: only from now on it may have been run.
    pub(super) fn mark_delivered(&self, id: &str) -> Result<(), StoreError> {
        self.transaction(|connection| {
            let mut update = connection.prepare_cached("UPDATE events SET delivered = 1 WHERE id = ?1")?;
            update.execute([id])
        })?;
        Ok(())
    }

    /// Puts events back that a program had claimed when it ended and that no process had got: the attempt does not count.
    /// They are marked as delivered, because earlier versions of this program claim events without a mark.
    pub(super) fn put_back_undelivered(&self) -> Result<(), StoreError> {
        let update = "UPDATE events SET state = 'waiting', delivered = 1, attempts = attempts - 1
                      WHERE state = 'running' AND delivered = 0";
        self.transaction(|connection| connection.execute(update, []))?;
        Ok(())
    }

    /// Returns the events that a program was running when it ended.
    pub fn interrupted(&self) -> Result<Vec<AsyncEvent>, StoreError> {
        let events = self.query("WHERE state = 'running' ORDER BY accepted, id", &[])?;
        Ok(events.into_iter().map(|record| record.event).collect())
    }

    /// Moves events from the future to `now`: the program that wrote them may have had a fast clock.
    pub fn rebase(&self, now: SystemTime) -> Result<(), StoreError> {
        let refused = Time(now + max_delay(1));
        let failed = Time(now + max_delay(0));
        self.transaction(|connection| {
            connection.execute(
                "UPDATE events SET accepted = min(accepted, ?1), due = min(due, iif(refusals > 0, ?2, ?3))
                 WHERE state = 'waiting' AND (accepted > ?1 OR due > ?3)",
                params![Time(now), refused, failed],
            )
        })?;
        Ok(())
    }

    /// Returns all events, the oldest first.
    pub fn list(&self) -> Result<Vec<EventRecord>, StoreError> {
        self.query("ORDER BY accepted, id", &[])
    }

    /// Returns a page of the events, the oldest first, with at most the first `prefix` bytes of each payload.
    pub(crate) fn page(
        &self,
        after: Option<&PageCursor>,
        limit: usize,
        prefix: usize,
    ) -> Result<QueuePage, StoreError> {
        let columns = COLUMNS.replace("payload", "substr(payload, 1, ?4)");
        let select = format!(
            "SELECT {columns}, length(payload) FROM events WHERE (accepted, id) > (?1, ?2) ORDER BY accepted, id LIMIT ?3"
        );
        let (accepted, id) = after.map_or((-1, ""), |cursor| (cursor.accepted_ms, cursor.id.as_str()));
        let limit_plus_one = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let prefix = i64::try_from(prefix).unwrap_or(i64::MAX);
        self.transaction(|connection| {
            let mut page = QueuePage { events: Vec::new(), next: None };
            let mut bytes = 0;
            let mut query = connection.prepare_cached(&select)?;
            let mut rows = query.query(params![accepted, id, limit_plus_one, prefix])?;
            while let Some(row) = rows.next()? {
                if page.events.len() == limit || bytes > MAX_PAGE_BYTES {
                    page.next = page.events.last().map(|(last, _)| PageCursor::of(last));
                    break;
                }
                let record = read_event(row)?;
                bytes += record.event.payload.len();
                page.events.push((record, usize::try_from(row.get::<_, i64>(12)?).unwrap_or_default()));
            }
            Ok(page)
        })
    }

    /// Counts the events by state.
    pub(crate) fn counts(&self) -> Result<QueueCounts, StoreError> {
        self.transaction(|connection| {
            let mut count = connection.prepare_cached("SELECT state, count(*) FROM events GROUP BY state")?;
            let mut rows = count.query([])?;
            let mut counts = QueueCounts::default();
            while let Some(row) = rows.next()? {
                let number: i64 = row.get(1)?;
                match row.get::<_, String>(0)?.as_str() {
                    "waiting" => counts.waiting += number,
                    "running" => counts.running += number,
                    _ => counts.failed += number,
                }
            }
            Ok(counts)
        })
    }

    /// Returns the events with ids that start with `id`.
    pub fn find(&self, id: &str) -> Result<Vec<EventRecord>, StoreError> {
        self.query("WHERE substr(id, 1, length(?1)) = ?1 ORDER BY accepted, id", &[&id])
    }

    /// Makes a waiting or failed event due now, as if it were new. Returns `false` if there is no such event.
    ///
    /// A caller that does not know the clock of the program that runs the events passes 1970. The event then counts as
    /// accepted when that program claims it.
    pub fn retry(&self, id: &str, now: SystemTime) -> Result<bool, StoreError> {
        let changed = self.transaction(|connection| {
            connection.execute(
                "UPDATE events SET state = 'waiting', attempts = 0, refusals = 0, due = ?2, accepted = ?2
                 WHERE id = ?1 AND state <> 'running'",
                params![id, Time(now)],
            )
        })?;
        Ok(changed > 0)
    }

    /// Makes all waiting events due now. Returns their number.
    pub fn hurry(&self) -> Result<usize, StoreError> {
        let update = "UPDATE events SET due = 0 WHERE state = 'waiting'";
        self.transaction(|connection| connection.execute(update, []))
    }

    /// Deletes an event that is not running. Returns `false` if there is no such event.
    pub fn forget(&self, id: &str) -> Result<bool, StoreError> {
        let delete = "DELETE FROM events WHERE id = ?1 AND state <> 'running'";
        Ok(self.transaction(|connection| connection.execute(delete, [id]))? > 0)
    }

    /// Deletes an event in any state. Only the program that runs the events may do this.
    pub(super) fn delete(&self, id: &str) -> Result<bool, StoreError> {
        Ok(self.transaction(|connection| connection.execute("DELETE FROM events WHERE id = ?1", [id]))? > 0)
    }

    /// Returns whether an event is running or due.
    pub(super) fn is_active(&self, now: SystemTime) -> Result<bool, StoreError> {
        let active = "SELECT EXISTS (SELECT 1 FROM events WHERE state = 'running')
                OR EXISTS (SELECT 1 FROM events WHERE state = 'waiting' AND due <= ?1)";
        self.transaction(|connection| connection.query_row(active, [Time(now)], |row| row.get(0)))
    }

    /// Returns the deliveries to destinations outside of the app, the oldest first.
    pub fn delivered(&self) -> Result<Vec<DestinationDelivery>, StoreError> {
        self.transaction(|connection| {
            let columns = "id, worker, destination, why, record, attributes, at";
            let mut all = connection.prepare_cached(&format!("SELECT {columns} FROM delivered ORDER BY number"))?;
            all.query_map([], read_delivery)?.collect()
        })
    }

    fn query(&self, clause: &str, parameters: &[&dyn ToSql]) -> Result<Vec<EventRecord>, StoreError> {
        self.transaction(|connection| {
            let mut query = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM events {clause}"))?;
            query.query_map(parameters, read_event)?.collect()
        })
    }

    /// Runs `run` in a transaction.
    fn transaction<T>(&self, run: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let mut connection = self.lock();
        let result = connection.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|transaction| {
            let value = run(&transaction)?;
            transaction.commit()?;
            Ok(value)
        });
        result.map_err(|error| StoreError::File(self.path.clone(), error))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic in a transaction leaves the file unchanged.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventStore for QueueStore {
    type Error = StoreError;

    fn add(&self, event: &AsyncEvent) -> Result<(), StoreError> {
        self.add(event)
    }

    fn claim(&self, now: SystemTime) -> Result<Claim, StoreError> {
        self.claim(now)
    }

    fn reschedule(&self, event: &AsyncEvent, due: SystemTime, last_error: &Value) -> Result<SystemTime, StoreError> {
        self.reschedule(event, due, last_error).map(|()| due)
    }

    fn finish(&self, finished: &FinishedEvent<'_>) -> Result<(), StoreError> {
        self.finish_event(finished)
    }
}

/// Creates the tables, or upgrades those of an older version of this program.
fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    // These settings of the whole file cannot be changed in a transaction.
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: u32 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match version {
        0 => transaction.execute_batch(SCHEMA)?,
        1 => transaction.execute_batch(UPGRADE_FROM_1)?,
        _ => {}
    }
    if (1..4).contains(&version) {
        transaction.execute_batch(UPGRADE_FROM_3)?;
    }
    if version < 4 {
        transaction.execute_batch(INDEXES)?;
    }
    transaction.commit()
}

/// A function that may run another event.
struct ClaimableFunction {
    worker: String,
    /// When its first waiting event is due.
    due: SystemTime,
    running: i64,
}

fn claimable_functions(connection: &Connection) -> rusqlite::Result<Vec<ClaimableFunction>> {
    let mut functions = connection.prepare_cached(FUNCTIONS_WITH_WAITING_EVENTS)?;
    let functions = functions.query_map([], |row| {
        let Time(due) = row.get(1)?;
        Ok(ClaimableFunction { worker: row.get(0)?, due, running: row.get(2)? })
    })?;
    let is_free = |function: &rusqlite::Result<ClaimableFunction>| {
        function.as_ref().map_or(true, |function| function.running < MAX_RUNNING_PER_FUNCTION)
    };
    functions.filter(is_free).collect()
}

fn claim_event(connection: &Connection, worker: &str, now: SystemTime) -> rusqlite::Result<Option<EventRecord>> {
    let mut claim = connection.prepare_cached(&format!(
        "UPDATE events SET state = 'running', delivered = 0, attempts = attempts + 1, accepted = iif(accepted, accepted, ?1)
         WHERE id = (
            SELECT id FROM events WHERE worker = ?2 AND state = 'waiting' AND due <= ?1
            ORDER BY due, accepted, id LIMIT 1
         ) RETURNING {COLUMNS}"
    ))?;
    claim.query_row(params![Time(now), worker], read_event).optional()
}

fn insert_delivery(connection: &Connection, delivery: &DestinationDelivery) -> rusqlite::Result<()> {
    let DestinationDelivery { id, worker, destination, why, record, attributes, at, .. } = delivery;
    let attributes = attributes.as_ref().map(Value::to_string);
    connection.execute(
        "INSERT INTO delivered (id, worker, destination, why, record, attributes, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![id, worker, destination, why.as_str(), record.to_string(), attributes, Time(*at)],
    )?;
    let number = connection.last_insert_rowid();
    connection.execute("DELETE FROM delivered WHERE number <= ?1", [number - i64::from(MAX_STORED_DELIVERIES)])?;
    Ok(())
}

fn read_delivery(row: &Row<'_>) -> rusqlite::Result<DestinationDelivery> {
    let kind: String = row.get(3)?;
    let record: String = row.get(4)?;
    let attributes: Option<String> = row.get(5)?;
    let Time(at) = row.get(6)?;
    Ok(DestinationDelivery {
        id: row.get(0)?,
        worker: row.get(1)?,
        destination: row.get(2)?,
        why: DestinationKind::parse(&kind).unwrap_or(DestinationKind::OnFailure),
        record: serde_json::from_str(&record).unwrap_or_default(),
        attributes: attributes.and_then(|attributes| serde_json::from_str(&attributes).ok()),
        as_event: None,
        at,
    })
}

fn insert(connection: &Connection, event: &AsyncEvent) -> rusqlite::Result<()> {
    // Numbers and strings can always be serialized.
    let rules = serde_json::to_string(&event.rules).unwrap_or_default();
    let mut insert = connection.prepare_cached(
        "INSERT OR IGNORE INTO events (id, worker, arn, payload, trace, rules, accepted, due)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
    )?;
    let accepted = Time(event.accepted);
    insert.execute(params![event.id, event.worker, event.arn, &*event.payload, event.trace, rules, accepted])?;
    Ok(())
}

fn read_event(row: &Row<'_>) -> rusqlite::Result<EventRecord> {
    let payload: Vec<u8> = row.get(3)?;
    let rules: String = row.get(5)?;
    let Time(accepted) = row.get(6)?;
    let Time(due) = row.get(10)?;
    let state: String = row.get(9)?;
    let last_error: Option<String> = row.get(11)?;
    let event = AsyncEvent {
        id: row.get(0)?,
        worker: row.get(1)?,
        arn: row.get(2)?,
        payload: Bytes::from(payload),
        trace: row.get(4)?,
        // Lambda's defaults, if another version has written rules that this version cannot read.
        rules: serde_json::from_str(&rules).unwrap_or_default(),
        accepted,
        attempts: row.get(7)?,
        refusals: row.get(8)?,
    };
    let state = match Condition::parse(&state) {
        Some(condition) => EventState::Dead(condition),
        None if state == "running" => EventState::Running,
        None => EventState::Waiting(due),
    };
    let last = last_error.and_then(|error| serde_json::from_str(&error).ok());
    Ok(EventRecord { event, state, last })
}

/// A time as milliseconds since 1970.
struct Time(SystemTime);

impl ToSql for Time {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(milliseconds(self.0).into())
    }
}

impl FromSql for Time {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let since = u64::try_from(value.as_i64()?).map_err(|_| FromSqlError::OutOfRange(0))?;
        Ok(Self(UNIX_EPOCH + Duration::from_millis(since)))
    }
}
