//! The event log in files.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use bedrock_dev::event_log::{EventLog, EventLogFile, Retention};
use serde_json::Value;

use super::log::{line, publish};
use super::schema::check;

fn ids(path: &Path) -> Vec<u64> {
    let text = std::fs::read_to_string(path).expect("a file");
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.map(|line| line["id"].as_u64().unwrap_or_else(|| panic!("{line}"))).collect()
}

#[tokio::test]
async fn every_event_is_one_line_readable_only_by_the_user() {
    let dir = tempfile::tempdir().expect("a folder");
    let log = EventLog::new(Retention::default());
    let file = EventLogFile::in_folder(dir.path());
    log.publish(line("before there was a file"));
    let writer = file.clone().write(&log).expect("a file");
    publish(&log, 500, "größer\nund mehr");
    writer.finish();
    assert_eq!(ids(&file.path), (log.last_id() - 500..=log.last_id()).collect::<Vec<_>>());
    let text = std::fs::read_to_string(&file.path).expect("a file");
    for line in text.lines().take(2) {
        check("DevEvent", &serde_json::from_str(line).expect("JSON"));
    }
    assert_eq!(file.path.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn full_file_becomes_the_previous_one_of_at_most_two() {
    let dir = tempfile::tempdir().expect("a folder");
    let log = EventLog::new(Retention::default());
    let file = EventLogFile { max_bytes: 10_000, ..EventLogFile::in_folder(dir.path()) };
    let writer = file.clone().write(&log).expect("a file");
    publish(&log, 1000, "a line of a worker");
    log.publish(line(&"x".repeat(20_000)));
    log.publish(line("the last"));
    writer.finish();
    let previous = ids(&file.previous());
    let current = ids(&file.path);
    assert_eq!(current.last(), Some(&log.last_id()));
    assert_eq!(previous.last().expect("some") + 1, current[0]);
    assert_eq!(std::fs::read_dir(dir.path()).expect("a folder").count(), 2);
    // A line larger than a file has a file of its own.
    assert_eq!((previous.len(), current.len()), (1, 1));
}

#[tokio::test]
async fn files_do_not_exceed_their_maximum_size() {
    let dir = tempfile::tempdir().expect("a folder");
    let log = EventLog::new(Retention::default());
    let file = EventLogFile { max_bytes: 10_000, ..EventLogFile::in_folder(dir.path()) };
    let writer = file.clone().write(&log).expect("a file");
    publish(&log, 1000, "a line of a worker");
    writer.finish();
    for path in [file.path.clone(), file.previous()] {
        assert!(path.metadata().expect("a file").len() <= 10_000, "{}", path.display());
    }
    assert_eq!(ids(&file.previous()).last().expect("some") + 1, ids(&file.path)[0]);
}

#[tokio::test]
async fn file_of_the_previous_run_is_kept() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = EventLogFile::in_folder(dir.path());
    for text in ["first", "second", "third"] {
        let log = EventLog::new(Retention::default());
        let writer = file.clone().write(&log).expect("a file");
        log.publish(line(text));
        writer.finish();
    }
    let read = |path: &Path| std::fs::read_to_string(path).expect("a file");
    assert!(read(&file.previous()).contains("second") && read(&file.path).contains("third"));
}

#[tokio::test]
async fn missing_folder_has_no_effect_on_the_log() {
    let dir = tempfile::tempdir().expect("a folder");
    let log = EventLog::new(Retention::default());
    let folder = dir.path().join("dev");
    std::fs::create_dir(&folder).expect("a folder");
    // Each line needs a new file, and therefore the folder.
    let file = EventLogFile { max_bytes: 1, ..EventLogFile::in_folder(&folder) };
    let writer = file.clone().write(&log).expect("a file");
    std::fs::remove_dir_all(&folder).expect("removed");
    publish(&log, 10, "x");
    writer.finish();
    assert_eq!(log.all().len(), 10);
    assert!(file.write(&EventLog::new(Retention::default())).is_err());
}
