//! Where each shard was read to, in a file: a restart of the dev server continues there.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use bedrock_build::triggers::StartingPosition;
use rusqlite::{Connection, OptionalExtension as _, params};

/// How far a shard was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ShardPosition {
    /// Not at all.
    Start(StartingPosition),
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
        Ok(sequence.map(
            |sequence| {
                if sequence == CLOSED { ShardPosition::Closed } else { ShardPosition::After(sequence) }
            },
        ))
    }

    /// Stores that the shard was read up to `sequence`; `None` for its end.
    pub(super) fn set(&self, worker: &str, stream: &str, shard: &str, sequence: Option<&str>) -> rusqlite::Result<()> {
        let statement = "INSERT OR REPLACE INTO positions VALUES (?1, ?2, ?3, ?4)";
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        connection.execute(statement, params![worker, stream, shard, sequence.unwrap_or(CLOSED)])?;
        Ok(())
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
        drop(positions);
        let positions = open();
        assert_eq!(positions.get("a", "s", "1").expect("a position"), Some(ShardPosition::After("7".to_owned())));
        assert_eq!(positions.get("a", "s", "2").expect("a position"), Some(ShardPosition::Closed));
        assert_eq!(positions.get("b", "s", "1").expect("a position"), None);
    }
}
