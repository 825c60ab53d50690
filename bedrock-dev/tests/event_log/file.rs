//! The stream in files.

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
async fn everything_is_written_line_by_line_for_the_user_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let (stream, disk) = (EventLog::new(Retention::default()), EventLogFile::in_folder(dir.path()));
    stream.publish(line("before there was a disk"));
    let writer = disk.clone().write(&stream).expect("a file");
    publish(&stream, 500, "größer\nund mehr");
    writer.finish();
    assert_eq!(ids(&disk.path), (stream.last() - 500..=stream.last()).collect::<Vec<_>>());
    let text = std::fs::read_to_string(&disk.path).expect("a file");
    for line in text.lines().take(2) {
        check("Happening", &serde_json::from_str(line).expect("JSON"));
    }
    assert_eq!(disk.path.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_full_file_becomes_the_one_before_and_there_are_never_more_than_two() {
    let dir = tempfile::tempdir().expect("a folder");
    let stream = EventLog::new(Retention::default());
    let disk = EventLogFile { most: 10_000, ..EventLogFile::in_folder(dir.path()) };
    let writer = disk.clone().write(&stream).expect("a file");
    publish(&stream, 1000, "a line of a worker");
    stream.publish(line(&"x".repeat(20_000)));
    stream.publish(line("the last"));
    writer.finish();
    let (before, now) = (ids(&disk.before()), ids(&disk.path));
    assert_eq!(now.last(), Some(&stream.last()));
    assert_eq!(before.last().expect("some") + 1, now[0]);
    assert_eq!(std::fs::read_dir(dir.path()).expect("a folder").count(), 2);
    // One line that is larger than a file has one of its own.
    assert_eq!((before.len(), now.len()), (1, 1));
}

#[tokio::test]
async fn files_are_no_larger_than_they_may_be() {
    let dir = tempfile::tempdir().expect("a folder");
    let stream = EventLog::new(Retention::default());
    let disk = EventLogFile { most: 10_000, ..EventLogFile::in_folder(dir.path()) };
    let writer = disk.clone().write(&stream).expect("a file");
    publish(&stream, 1000, "a line of a worker");
    writer.finish();
    for path in [disk.path.clone(), disk.before()] {
        assert!(path.metadata().expect("a file").len() <= 10_000, "{}", path.display());
    }
    assert_eq!(ids(&disk.before()).last().expect("some") + 1, ids(&disk.path)[0]);
}

#[tokio::test]
async fn what_the_program_before_wrote_is_kept() {
    let dir = tempfile::tempdir().expect("a folder");
    let disk = EventLogFile::in_folder(dir.path());
    for text in ["first", "second", "third"] {
        let stream = EventLog::new(Retention::default());
        let writer = disk.clone().write(&stream).expect("a file");
        stream.publish(line(text));
        writer.finish();
    }
    let read = |path: &Path| std::fs::read_to_string(path).expect("a file");
    assert!(read(&disk.before()).contains("second") && read(&disk.path).contains("third"));
}

#[tokio::test]
async fn a_folder_that_is_gone_takes_nothing_down() {
    let dir = tempfile::tempdir().expect("a folder");
    let stream = EventLog::new(Retention::default());
    let folder = dir.path().join("dev");
    std::fs::create_dir(&folder).expect("a folder");
    // Each line is a file of its own, so that the folder is needed for each.
    let disk = EventLogFile { most: 1, ..EventLogFile::in_folder(&folder) };
    let writer = disk.clone().write(&stream).expect("a file");
    std::fs::remove_dir_all(&folder).expect("removed");
    publish(&stream, 10, "x");
    writer.finish();
    assert_eq!(stream.all().len(), 10);
    assert!(disk.write(&EventLog::new(Retention::default())).is_err());
}
