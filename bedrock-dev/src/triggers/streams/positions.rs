//! Where each shard was read to, in a file: a restart of the dev server continues there.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use bedrock_build::triggers::StartingPosition;
use rusqlite::{Connection, OptionalExtension as _, params};

/// How far a shard was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ShardPosition {
    /// Not at all.
    Start(StartingPosition),
    /// Up to the record before that with this sequence number.
    At(String),
    /// Up to the record with this sequence number.
    After(String),
    /// To its end: it was split or merged.
    Closed,
}

/// The positions of all event source mappings.
#[derive(Debug)]
pub(in super::super) struct StreamPositions(Mutex<Connection>);

/// The mark of a shard that was read to its end. Sequence numbers are digits.
const CLOSED: &str = "closed";
/// What is before the sequence number of a record that was read and not processed.
const AT: &str = "at ";

impl StreamPositions {
    /// Opens the file.
    pub(in super::super) fn open(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        let table = "CREATE TABLE IF NOT EXISTS positions \
                     (worker TEXT, stream TEXT, shard TEXT, sequence TEXT NOT NULL, PRIMARY KEY (worker, stream, shard))";
        connection.execute(table, [])?;
        Ok(Self(Mutex::new(connection)))
    }

    /// Returns `None` if the shard was not read.
    pub(super) fn get(&self, worker: &str, stream: &str, shard: &str) -> rusqlite::Result<Option<ShardPosition>> {
        let query = "SELECT sequence FROM positions WHERE worker = ?1 AND stream = ?2 AND shard = ?3";
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sequence: Option<String> =
            connection.query_row(query, params![worker, stream, shard], |row| row.get(0)).optional()?;
        Ok(sequence.map(position))
    }

    /// Returns the position of each shard of a stream that was read.
    pub(super) fn of_stream(&self, worker: &str, stream: &str) -> rusqlite::Result<HashMap<String, ShardPosition>> {
        let query = "SELECT shard, sequence FROM positions WHERE worker = ?1 AND stream = ?2";
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = connection.prepare(query)?;
        let rows = statement.query_map(params![worker, stream], |row| Ok((row.get(0)?, position(row.get(1)?))))?;
        rows.collect()
    }

    /// Stores that the shard was read up to `sequence`; `None` for its end.
    pub(super) fn set(&self, worker: &str, stream: &str, shard: &str, sequence: Option<&str>) -> rusqlite::Result<()> {
        let statement = "INSERT OR REPLACE INTO positions VALUES (?1, ?2, ?3, ?4)";
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        connection.execute(statement, params![worker, stream, shard, sequence.unwrap_or(CLOSED)])?;
        Ok(())
    }

    /// Stores the first record that was read of the shard, unless a position is stored.
    pub(super) fn set_first(&self, worker: &str, stream: &str, shard: &str, sequence: &str) -> rusqlite::Result<()> {
        let statement = "INSERT OR IGNORE INTO positions VALUES (?1, ?2, ?3, ?4)";
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        connection.execute(statement, params![worker, stream, shard, format!("{AT}{sequence}")])?;
        Ok(())
    }

    /// Deletes the position of the shard.
    pub(super) fn delete(&self, worker: &str, stream: &str, shard: &str) -> rusqlite::Result<()> {
        let statement = "DELETE FROM positions WHERE worker = ?1 AND stream = ?2 AND shard = ?3";
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        connection.execute(statement, params![worker, stream, shard])?;
        Ok(())
    }
}

/// Reads a stored position.
fn position(text: String) -> ShardPosition {
    if text == CLOSED {
        return ShardPosition::Closed;
    }
    match text.strip_prefix(AT) {
        Some(sequence) => ShardPosition::At(sequence.to_owned()),
        None => ShardPosition::After(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_survive_a_restart() {
        let dir = tempfile::tempdir().expect("a folder");
        let open = || StreamPositions::open(&dir.path().join("streams.sqlite")).expect("a file");
        let positions = open();
        assert_eq!(positions.get("a", "s", "1").expect("a position"), None);
        for sequence in ["5", "7"] {
            positions.set("a", "s", "1", Some(sequence)).expect("stored");
        }
        positions.set("a", "s", "2", None).expect("stored");
        for (shard, sequence) in [("2", "8"), ("3", "9"), ("3", "10"), ("4", "11")] {
            positions.set_first("a", "s", shard, sequence).expect("stored");
        }
        positions.delete("a", "s", "4").expect("deleted");
        drop(positions);
        let positions = open();
        assert_eq!(positions.get("a", "s", "1").expect("a position"), Some(ShardPosition::After("7".to_owned())));
        assert_eq!(positions.get("a", "s", "2").expect("a position"), Some(ShardPosition::Closed));
        assert_eq!(positions.get("a", "s", "3").expect("a position"), Some(ShardPosition::At("9".to_owned())));
        assert_eq!(positions.get("b", "s", "1").expect("a position"), None);
        let mut shards: Vec<String> = positions.of_stream("a", "s").expect("positions").into_keys().collect();
        shards.sort();
        assert_eq!(shards, ["1", "2", "3"]);
        assert!(positions.of_stream("a", "t").expect("positions").is_empty());
    }
}
