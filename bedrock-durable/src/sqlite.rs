//! A store in a file: SQLite with a write-ahead log. A commit has been passed to the kernel when it returns, so it
//! survives any end of the program. A checkpoint writes only what it changes, and checkpoints that come at the same time are
//! one transaction.

use std::fs::{OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::arn::ExecutionArn;
use crate::execution::{Execution, ExecutionStatus};
use crate::store::{ActiveExecution, ExecutionFilter, ExecutionStore, ExecutionSummary, StoreError, retention_end};
use crate::time::Timestamp;

/// How long another process may lock the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Payloads may be confidential, so only the owner reads them.
const PRIVATE: u32 = 0o600;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS executions (
        arn TEXT PRIMARY KEY,
        worker TEXT NOT NULL,
        name TEXT NOT NULL,
        status TEXT NOT NULL,
        started INTEGER NOT NULL,
        ended INTEGER,
        retained_until INTEGER,
        state TEXT NOT NULL,
        parent TEXT,
        due INTEGER,
        is_running INTEGER NOT NULL DEFAULT 0,
        code TEXT
    ) STRICT;
    CREATE INDEX IF NOT EXISTS execution_name ON executions (worker, name, started);
    CREATE INDEX IF NOT EXISTS execution_start ON executions (started, arn);
    CREATE INDEX IF NOT EXISTS execution_active ON executions (arn) WHERE ended IS NULL;
    CREATE INDEX IF NOT EXISTS execution_retention ON executions (retained_until) WHERE ended IS NOT NULL;
    CREATE TABLE IF NOT EXISTS operations (
        arn TEXT NOT NULL,
        number INTEGER NOT NULL,
        state TEXT NOT NULL,
        PRIMARY KEY (arn, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS history (
        arn TEXT NOT NULL,
        number INTEGER NOT NULL,
        event TEXT NOT NULL,
        PRIMARY KEY (arn, number)
    ) STRICT, WITHOUT ROWID;
    PRAGMA user_version = 2;
";
/// The columns that version 2 of the schema adds to `executions`.
const COLUMNS_OF_VERSION_2: [(&str, &str); 4] =
    [("parent", "TEXT"), ("due", "INTEGER"), ("is_running", "INTEGER NOT NULL DEFAULT 0"), ("code", "TEXT")];

/// The state of a group of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    /// Each change is a transaction.
    None,
    /// Nothing has changed so far: reading locks no other program out.
    Empty,
    /// Its transaction is open.
    Begun,
    /// SQLite has rolled it back.
    Failed,
}

/// The executions of an app in a file.
#[derive(Debug)]
pub struct SqliteExecutionStore {
    connection: Mutex<Connection>,
    group: Mutex<Group>,
    path: PathBuf,
    /// The inode of the file, which differs from that of another file with the same path.
    inode: Option<u64>,
}

impl SqliteExecutionStore {
    /// Opens the file. Creates it if it does not exist.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        protect(path).map_err(|error| StoreError::Permissions(path.to_owned(), error))?;
        let opened = Connection::open(path).and_then(|mut connection| {
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.pragma_update(None, "journal_mode", "wal")?;
            connection.pragma_update(None, "synchronous", "normal")?;
            upgrade(&mut connection)?;
            connection.execute_batch(SCHEMA)?;
            Ok(connection)
        });
        let connection = opened.map_err(|error| StoreError::File(path.to_owned(), error.into()))?;
        Ok(Self {
            connection: Mutex::new(connection),
            group: Mutex::new(Group::None),
            path: path.to_owned(),
            inode: inode(path),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic in a transaction leaves the file unchanged.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn group(&self) -> MutexGuard<'_, Group> {
        self.group.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the file in a transaction: that of the group, or one of its own. A change that fails leaves the others of its
    /// group as they are, unless SQLite has rolled back all of them, as it may do when the disk is full.
    fn write(&self, run: impl FnOnce(&Connection) -> rusqlite::Result<()>) -> Result<(), StoreError> {
        let mut group = self.group();
        let mut connection = self.lock();
        let written = match *group {
            Group::None => connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .and_then(|transaction| run(&transaction).and_then(|()| transaction.commit())),
            Group::Failed => return Err(StoreError::Group(self.path.clone())),
            // If another program has the lock, the others of the group do not wait for it once more.
            Group::Empty => match connection.execute_batch("BEGIN IMMEDIATE") {
                Ok(()) => {
                    *group = Group::Begun;
                    write_in_group(&connection, run)
                }
                Err(error) => {
                    *group = Group::Failed;
                    Err(error)
                }
            },
            Group::Begun => write_in_group(&connection, run),
        };
        if *group == Group::Begun && connection.is_autocommit() {
            *group = Group::Failed;
        }
        written.map_err(|error| self.file_error(error))
    }

    fn file_error(&self, error: rusqlite::Error) -> StoreError {
        StoreError::File(self.path.clone(), error.into())
    }

    fn query<T>(&self, run: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        run(&self.lock()).map_err(|error| self.file_error(error))
    }

    fn parse<T: DeserializeOwned>(&self, arn: &str, text: &str) -> Result<T, StoreError> {
        serde_json::from_str(text).map_err(|error| StoreError::Content {
            path: self.path.clone(),
            arn: arn.to_owned(),
            error,
        })
    }

    /// Reads an execution with its operations and its history.
    fn read(&self, arn: &str, state: &str) -> Result<Execution, StoreError> {
        let (operations, events) = self.query(|connection| {
            let texts = |table: &str, column: &str| -> rusqlite::Result<Vec<String>> {
                let query = format!("SELECT {column} FROM {table} WHERE arn = ?1 ORDER BY number");
                connection.prepare_cached(&query)?.query_map([arn], |row| row.get(0))?.collect()
            };
            Ok((texts("operations", "state")?, texts("history", "event")?))
        })?;
        let operations = operations.iter().map(|text| self.parse(arn, text)).collect::<Result<_, _>>()?;
        let events = events.iter().map(|text| self.parse(arn, text)).collect::<Result<_, _>>()?;
        Ok(self.parse::<Execution>(arn, state)?.with_stored(operations, events))
    }
}

impl ExecutionStore for SqliteExecutionStore {
    fn active(&self) -> Result<Vec<ActiveExecution>, StoreError> {
        self.query(|connection| {
            let select = "SELECT arn, worker, parent, due, is_running, code FROM executions WHERE ended IS NULL";
            connection.prepare_cached(select)?.query_map([], read_active)?.collect()
        })
    }

    fn load(&self, arn: &ExecutionArn) -> Result<Option<Execution>, StoreError> {
        let state: Option<String> = self.query(|connection| {
            let mut query = connection.prepare_cached("SELECT state FROM executions WHERE arn = ?1")?;
            query.query_row([arn.as_str()], |row| row.get(0)).optional()
        })?;
        state.map(|state| self.read(arn.as_str(), &state)).transpose()
    }

    fn find(&self, worker: &str, name: &str) -> Result<Option<ExecutionArn>, StoreError> {
        self.query(|connection| {
            let select = "SELECT arn FROM executions WHERE worker = ?1 AND name = ?2 ORDER BY started DESC LIMIT 1";
            connection.prepare_cached(select)?.query_row([worker, name], |row| read_arn(row, 0)).optional()
        })
    }

    fn list(&self) -> Result<Vec<ExecutionSummary>, StoreError> {
        self.query(|connection| {
            let select =
                "SELECT arn, worker, status, started, ended, code FROM executions ORDER BY started DESC, arn DESC";
            connection.prepare_cached(select)?.query_map([], read_summary)?.collect()
        })
    }

    fn page(&self, filter: &ExecutionFilter, start: usize, count: usize) -> Result<Vec<ExecutionSummary>, StoreError> {
        let order = if filter.oldest_first { "ASC" } else { "DESC" };
        // In the order of an index, so that rows after the page are not read.
        let select = format!(
            "SELECT arn, worker, status, started, ended, code FROM executions
             WHERE (?1 IS NULL OR worker = ?1) AND (?2 IS NULL OR name = ?2) AND (?3 IS NULL OR status = ?3)
                 AND started > ?4 AND started < ?5
             ORDER BY started {order}, arn {order} LIMIT ?6 OFFSET ?7"
        );
        self.query(|connection| {
            let parameters = params![
                filter.worker,
                filter.name,
                filter.status.map(ExecutionStatus::as_str),
                filter.started_after.map_or(-1, integer),
                filter.started_before.map_or(i64::MAX, integer),
                i64::try_from(count).unwrap_or(i64::MAX),
                i64::try_from(start).unwrap_or(i64::MAX),
            ];
            connection.prepare_cached(&select)?.query_map(parameters, read_summary)?.collect()
        })
    }

    fn count(&self) -> Result<usize, StoreError> {
        let count: i64 = self.query(|connection| {
            connection.prepare_cached("SELECT count(*) FROM executions")?.query_row([], |row| row.get(0))
        })?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    fn find_id(&self, id: &str) -> Result<Option<ExecutionArn>, StoreError> {
        self.query(|connection| {
            // The index of the ARNs is enough. No pattern: the id comes from a URL.
            let select = "SELECT arn FROM executions WHERE substr(arn, -length(?1)) = ?1 LIMIT 1";
            connection.prepare_cached(select)?.query_row([format!("/{id}")], |row| read_arn(row, 0)).optional()
        })
    }

    fn begin(&self) {
        *self.group() = Group::Empty;
    }

    fn commit(&self) -> Result<(), StoreError> {
        let group = std::mem::replace(&mut *self.group(), Group::None);
        let connection = self.lock();
        match group {
            Group::None | Group::Empty => return Ok(()),
            Group::Failed => return Err(StoreError::Group(self.path.clone())),
            Group::Begun => {}
        }
        let committed = connection.execute_batch("COMMIT");
        // Some errors have rolled it back already.
        if committed.is_err() && !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK").map_err(|error| self.file_error(error))?;
        }
        committed.map_err(|error| self.file_error(error))
    }

    fn save(&self, executions: &[&Execution]) -> Result<(), StoreError> {
        if inode(&self.path) != self.inode {
            return Err(StoreError::Gone(self.path.clone()));
        }
        self.write(|connection| executions.iter().try_for_each(|execution| save_execution(connection, execution)))
    }

    fn delete(&self, arn: &ExecutionArn) -> Result<(), StoreError> {
        self.write(|connection| {
            for table in ["executions", "operations", "history"] {
                connection.execute(&format!("DELETE FROM {table} WHERE arn = ?1"), [arn.as_str()])?;
            }
            Ok(())
        })
    }

    fn expired(&self, now: Timestamp) -> Result<Vec<ExecutionArn>, StoreError> {
        self.query(|connection| {
            let select = "SELECT arn FROM executions WHERE ended IS NOT NULL AND retained_until <= ?1";
            let mut query = connection.prepare_cached(select)?;
            query.query_map([integer(now)], |row| read_arn(row, 0))?.collect()
        })
    }
}

fn write_in_group(
    connection: &Connection,
    run: impl FnOnce(&Connection) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let execute = |statement: &str| connection.prepare_cached(statement)?.execute([]).map(drop);
    execute("SAVEPOINT change")?;
    let written = run(connection).and_then(|()| execute("RELEASE change"));
    if written.is_err() && !connection.is_autocommit() {
        execute("ROLLBACK TO change")?;
        execute("RELEASE change")?;
    }
    written
}

fn save_execution(connection: &Connection, execution: &Execution) -> rusqlite::Result<()> {
    let arn = execution.arn.as_str();
    let active = ActiveExecution::from(execution);
    connection
        .prepare_cached(
            "INSERT INTO executions
                 (arn, worker, name, status, started, ended, retained_until, state, parent, due, is_running, code)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT (arn) DO UPDATE SET
                 status = ?4, ended = ?6, retained_until = ?7, state = ?8, due = ?10, is_running = ?11, code = ?12",
        )?
        .execute(params![
            arn,
            execution.worker,
            execution.arn.name(),
            execution.status.as_str(),
            integer(execution.started),
            execution.ended.map(integer),
            retention_end(execution).map(integer),
            json(execution),
            active.parent.as_ref().map(ExecutionArn::as_str),
            active.due.map(integer),
            active.is_running,
            execution.code,
        ])?;
    let mut put = connection.prepare_cached(
        "INSERT INTO operations (arn, number, state) VALUES (?1, ?2, ?3)
         ON CONFLICT (arn, number) DO UPDATE SET state = ?3",
    )?;
    for position in &execution.changes.operations {
        if let Some(record) = execution.operations.get(*position) {
            put.execute(params![arn, i64::try_from(*position).unwrap_or(i64::MAX), json(record)])?;
        }
    }
    let mut append = connection.prepare_cached("INSERT INTO history (arn, number, event) VALUES (?1, ?2, ?3)")?;
    for event in execution.events.iter().skip(execution.changes.stored_events) {
        append.execute(params![arn, i64::try_from(event.event_id).unwrap_or(i64::MAX), json(event)])?;
    }
    Ok(())
}

fn json(value: &impl Serialize) -> String {
    // Strings and numbers always serialize.
    serde_json::to_string(value).unwrap_or_default()
}

fn integer(time: Timestamp) -> i64 {
    i64::try_from(time.0).unwrap_or(i64::MAX)
}

fn read_arn(row: &Row<'_>, column: usize) -> rusqlite::Result<ExecutionArn> {
    let text: String = row.get(column)?;
    ExecutionArn::parse(&text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}

fn read_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let time: Option<i64> = row.get(column)?;
    Ok(time.map(|time| Timestamp(u64::try_from(time).unwrap_or_default())))
}

fn read_summary(row: &Row<'_>) -> rusqlite::Result<ExecutionSummary> {
    let status: String = row.get(2)?;
    let known = ExecutionStatus::ALL.into_iter().find(|known| known.as_str() == status);
    Ok(ExecutionSummary {
        arn: read_arn(row, 0)?,
        worker: row.get(1)?,
        status: known.ok_or_else(|| rusqlite::Error::InvalidColumnName(format!("status {status}")))?,
        started: read_time(row, 3)?.unwrap_or_default(),
        ended: read_time(row, 4)?,
        code: row.get(5)?,
    })
}

fn read_active(row: &Row<'_>) -> rusqlite::Result<ActiveExecution> {
    let has_parent = row.get::<_, Option<String>>(2)?.is_some();
    Ok(ActiveExecution {
        arn: read_arn(row, 0)?,
        worker: row.get(1)?,
        parent: if has_parent { Some(read_arn(row, 2)?) } else { None },
        due: read_time(row, 3)?,
        is_running: row.get(4)?,
        is_new: false,
        code: row.get(5)?,
    })
}

/// Adds what a file of version 1 does not have. Its executions are read as if they had been running, and stored again. An
/// older program sets the version back, and does not write the columns.
fn upgrade(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == 1 {
        for (column, definition) in COLUMNS_OF_VERSION_2 {
            let known = "SELECT count(*) FROM pragma_table_info('executions') WHERE name = ?1";
            if transaction.query_row(known, [column], |row| row.get::<_, i64>(0))? == 0 {
                transaction.execute_batch(&format!("ALTER TABLE executions ADD COLUMN {column} {definition}"))?;
            }
        }
        transaction
            .execute_batch("UPDATE executions SET is_running = 1 WHERE ended IS NULL; PRAGMA user_version = 2")?;
    }
    transaction.commit()
}

/// Creates a file that only its owner can read and write, or takes the rights of others away.
fn protect(path: &Path) -> io::Result<()> {
    // A pipe would never open.
    if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    OpenOptions::new().write(true).create(true).truncate(false).mode(PRIVATE).open(path)?;
    std::fs::set_permissions(path, Permissions::from_mode(PRIVATE))
}

fn inode(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().map(|metadata| metadata.ino())
}
